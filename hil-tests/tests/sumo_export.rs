//! SUMO runs the demo city that `greenwave export sumo` writes: netconvert makes the network we
//! numbered, nobody is lost on it, and vehicles, riders and walkers get to where they go.

#![cfg(feature = "shell")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests may fail the test"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use greenwave::shell::store::demo_city_files;
use greenwave::shell::sumo::export::folder::Draft;
use greenwave::shell::sumo::export::{ExportSettings, NET_FILE, Town, export};
use greenwave::shell::sumo::{SumoNet, Wiring, load};
use hil_tests::rig::peer;

const SECONDS: u32 = 300;
const EIGHT: u32 = 8 * 3600;

/// Where `hil-tests/setup.sh` puts SUMO: the folder that its programs and data are in.
fn sumo_home() -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv-sumo/lib");
    let pythons = std::fs::read_dir(venv).ok()?;
    let mut homes = pythons
        .flatten()
        .map(|python| python.path().join("site-packages/sumo"));
    homes.find(|home| home.join("bin/netconvert").exists())
}

/// A number in SUMO's statistics: the attribute `key` of the element `name`.
fn figure(statistics: &str, name: &str, key: &str) -> f64 {
    let element = statistics.split_once(&format!("<{name} ")).expect(name).1;
    let value = element.split_once(&format!("{key}=\"")).expect(key).1;
    value.split('"').next().unwrap().parse().unwrap()
}

/// Runs the folder's city and returns SUMO's statistics and warnings.
fn run(home: &Path, folder: &Path) -> (String, String) {
    let done = Command::new(home.join("bin/sumo"))
        .args(["-c", "city.sumocfg", "--statistic-output", "statistics.xml"])
        .current_dir(folder)
        .env("SUMO_HOME", home)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    let statistics = std::fs::read_to_string(folder.join("statistics.xml")).unwrap();
    (statistics, said)
}

#[test]
fn the_demo_city_runs_in_sumo() {
    let Some(home) = sumo_home() else {
        let why = "no netconvert in hil-tests/.venv-sumo; hil-tests/setup.sh installs it";
        assert!(peer("SUMO export", Some(why)));
        return;
    };
    let files = demo_city_files();
    let (city, graph) = load(&files).unwrap();
    let settings = ExportSettings {
        seconds: SECONDS,
        start_s: EIGHT,
        seed: 1,
    };
    let town = Town::new(&city, &graph, &files, settings);
    let exported = export(&town).unwrap();
    let place = tempfile::tempdir().unwrap();
    let draft = Draft::beside(&place.path().join("city")).unwrap();
    for (name, text) in &exported.files {
        draft.write(name, text).unwrap();
    }
    draft.netconvert(&home.join("bin/netconvert")).unwrap();

    let net = SumoNet::parse(&draft.read(NET_FILE).unwrap()).unwrap();
    let wiring = Wiring::of_export(&net, &town).expect("the network is the city");
    let links: usize = wiring.sites.iter().map(|site| site.links.len()).sum();
    assert_eq!((wiring.sites.len(), links), (76, exported.figures.links));

    let (statistics, said) = run(&home, draft.path());
    assert!(!said.contains("Error"), "{said}");
    assert!(!said.contains("no valid route"), "{said}");
    let is = |name, key| figure(&statistics, name, key);
    let figures = exported.figures;
    let due = u32::try_from(figures.vehicles + figures.bicycles).unwrap();
    // Whoever sets off in the last second may still be at the kerb.
    assert!(is("vehicles", "inserted") > f64::from(due) - 20.0, "{due}");
    assert!(is("teleports", "total") < 0.5, "{statistics}");
    assert!(is("safety", "collisions") < 0.5, "{statistics}");
    assert!(is("vehicleTripStatistics", "count") > 50.0, "{statistics}");
    assert!(is("bikeTripStatistics", "count") > 10.0, "{statistics}");
    let walkers = f64::from(u32::try_from(figures.walkers).unwrap());
    let across = is("pedestrianStatistics", "number");
    assert!(across > 0.7 * walkers, "{across} of {walkers} got across");
    assert!(peer("SUMO export", None));
}
