//! SUMO as a peer: a small street, the baselines and the product in lockstep with it.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use greenwave::shell::sumo::SumoNet;
use hil_tests::rig::{folder, peer};
use hil_tests::sumo::baselines::Ruled;
use hil_tests::sumo::lockstep::{Lockstep, OurCity};
use hil_tests::sumo::roads::Roads;
use hil_tests::sumo::rules::RuleKind;
use hil_tests::sumo::run::{Controller, RunResult, RunSpec, Untouched, make_run, read_net};
use hil_tests::sumo::sensing::Sensors;
use hil_tests::sumo::signals::Rules;
use hil_tests::sumo::{Demand, Launch, SumoError, SumoVersion, departures};

const END: u32 = 600;

/// Vehicles of the street: three in ten seconds from the west, one from the north.
fn routes(edges: &str) -> String {
    let mut text = String::from("<routes>\n");
    for second in 0..END - 60 {
        let way = match second % 10 {
            0 | 3 | 6 => "wc cd de",
            8 => "nc cs",
            _ => continue,
        };
        let way = if edges.is_empty() { way } else { edges };
        writeln!(
            text,
            "<vehicle id=\"v{second}\" depart=\"{second}\"><route edges=\"{way}\"/></vehicle>"
        )
        .unwrap();
    }
    text + "</routes>\n"
}

fn net_file() -> PathBuf {
    folder().join("../src/shell/sumo/tests/nets/two.net.xml")
}

/// A run of ten minutes in `work`; none if SUMO is not there.
fn spec(work: &Path, routes: &str) -> Option<RunSpec> {
    let home = SumoVersion::V1_28_0.home(folder());
    let why = home.as_ref().err().map(ToString::to_string);
    assert!(peer("sumo 1.28.0", why.as_deref()));
    let file = work.join("r.rou.xml");
    fs::write(&file, routes).unwrap();
    Some(RunSpec {
        launch: Launch {
            version: SumoVersion::V1_28_0,
            home: home.ok()?,
            net: net_file(),
            routes: vec![file],
            additional: Vec::new(),
            begin: 0,
            seed: 1,
            scale: 1.0,
            work: work.to_owned(),
            more: Vec::new(),
        },
        end: END,
        sensors: Sensors::Resco,
        drain: false,
        stop_at_lockup: false,
        walk_bounds: Vec::new(),
    })
}

fn run(spec: &RunSpec, net: &SumoNet, controller: &mut dyn Controller) -> RunResult {
    let demand = departures(&spec.launch.routes, (0, END)).unwrap();
    make_run(spec, &demand, (net, controller), &mut |_| {}).unwrap()
}

#[test]
fn the_product_drives_a_street_and_the_referee_sees_nothing() {
    let work = tempfile::tempdir().unwrap();
    let Some(spec) = spec(work.path(), &routes("")) else {
        return;
    };
    let net = read_net(&spec.launch).unwrap();
    let roads = Roads::of(&net).unwrap();
    let fixed = run(&spec, &net, &mut Untouched);
    assert_eq!(fixed.scheduled, 216);
    assert!(fixed.finished > 180 && fixed.delay_s > 5.0, "{fixed:?}");

    let ours = OurCity::of(&net, Rules::Resco).unwrap();
    let mut lockstep = Lockstep::new(&net, &roads, &ours, true).unwrap();
    let product = run(&spec, &net, &mut lockstep);
    assert_eq!(product.referee, 0, "{:?}", lockstep.offences());
    assert!(product.finished > 180, "{product:?}");
    assert!(product.delay_s < fixed.delay_s, "{product:?}");

    let mut again = Lockstep::new(&net, &roads, &ours, true).unwrap();
    let twin = run(&spec, &net, &mut again);
    assert!(
        (twin.delay_s - product.delay_s).abs() < 1e-9,
        "not the same twice"
    );
}

#[test]
fn a_rule_on_every_signal_beats_the_shipped_programme() {
    let work = tempfile::tempdir().unwrap();
    let Some(spec) = spec(work.path(), &routes("")) else {
        return;
    };
    let net = read_net(&spec.launch).unwrap();
    let roads = Roads::of(&net).unwrap();
    let fixed = run(&spec, &net, &mut Untouched);
    for kind in [
        RuleKind::MaxWave,
        RuleKind::MaxPressure,
        RuleKind::RateIndex,
    ] {
        let mut ruled = Ruled::new(kind, &roads, Rules::Resco.timing(), 0);
        let result = run(&spec, &net, &mut ruled);
        assert!(result.delay_s < fixed.delay_s, "{kind:?}: {result:?}");
    }
}

#[test]
fn the_demand_of_another_network_is_told_in_sumos_own_words() {
    let work = tempfile::tempdir().unwrap();
    let Some(spec) = spec(work.path(), &routes("elsewhere nowhere")) else {
        return;
    };
    let net = read_net(&spec.launch).unwrap();
    let demand = departures(&spec.launch.routes, (0, END)).unwrap();
    let result = make_run(&spec, &demand, (&net, &mut Untouched), &mut |_| {});
    let why = result.unwrap_err().to_string();
    assert!(why.contains("elsewhere"), "{why}");
}

#[test]
fn a_missing_file_is_named() {
    let work = tempfile::tempdir().unwrap();
    let Some(mut spec) = spec(work.path(), &routes("")) else {
        return;
    };
    let net = read_net(&spec.launch).unwrap();
    spec.launch.routes = vec![work.path().join("none.rou.xml")];
    let result = make_run(
        &spec,
        &Demand::default(),
        (&net, &mut Untouched),
        &mut |_| {},
    );
    assert!(matches!(result, Err(SumoError::MissingFile(_))));
}
