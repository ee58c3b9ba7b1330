//! Emergency vehicles on SUMO's street: the same copy twice is the same drive, and the corridor
//! helps.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use hil_tests::rig::{folder, peer};
use hil_tests::sumo::corridor::fleet::id_of;
use hil_tests::sumo::corridor::{
    Asking, Drive, Driving, Errand, Errands, Fault, Gps, Helped, Method, Unit, Watch, Way, drive,
    fleet_file, floor_s, plan_for, shift_m,
};
use hil_tests::sumo::lockstep::{Base, Lockstep, OurCity};
use hil_tests::sumo::run::{Run, RunSpec, read_net};
use hil_tests::sumo::sensing::Sensors;
use hil_tests::sumo::signals::Rules;
use hil_tests::sumo::{Launch, SumoVersion};

/// The street is copied at this second.
const COPIED: u32 = 137;
/// The vehicle sets off so long after.
const NOTICE: u32 = 20;
const GPS: Gps = Gps {
    period_s: 1,
    lag_s: 0,
    noise_m: 0.0,
};

fn launch(work: &Path) -> Option<Launch> {
    let home = SumoVersion::V1_28_0.home(folder());
    let why = home.as_ref().err().map(ToString::to_string);
    assert!(peer("sumo 1.28.0", why.as_deref()));
    let mut text = String::from("<routes>\n");
    for second in (0..1500).step_by(4) {
        let way = if second % 12 == 0 {
            "nc cs"
        } else {
            "wc cd de"
        };
        writeln!(
            text,
            "<vehicle id=\"v{second}\" depart=\"{second}\"><route edges=\"{way}\"/></vehicle>"
        )
        .unwrap();
    }
    let file = work.join("r.rou.xml");
    fs::write(&file, text + "</routes>\n").unwrap();
    Some(Launch {
        version: SumoVersion::V1_28_0,
        home: home.ok()?,
        net: folder().join("../src/shell/sumo/tests/nets/two.net.xml"),
        routes: vec![file],
        additional: Vec::new(),
        begin: 0,
        seed: 1,
        scale: 1.0,
        work: work.to_owned(),
        more: vec!["--save-state.rng".to_owned(), "true".to_owned()],
    })
}

struct Street {
    run: Run,
    lockstep: Lockstep,
    ours: OurCity,
    launch: Launch,
    copy: PathBuf,
    errand: Errand,
    shift_m: (f64, f64),
}

impl Street {
    fn drive(&self, method: Method) -> Drive {
        let work = tempfile::tempdir().unwrap();
        let fleet = work.path().join("fleet.rou.xml");
        let depart = COPIED + NOTICE;
        let text = fleet_file(&[(&self.errand, depart)], Driving::Obeys);
        fs::write(&fleet, text).unwrap();
        let mut launch = self.launch.clone();
        launch.begin = COPIED;
        work.path().clone_into(&mut launch.work);
        launch.additional.push(fleet);
        let copy = self.copy.display().to_string();
        launch.more.extend(["--load-state".to_owned(), copy]);
        let planner = &self.ours.planner;
        let now = self.lockstep.now();
        let plan = plan_for(planner, &self.errand.route, now, Asking::default()).unwrap();
        let way = Way::of(&self.run.roads, &self.errand).unwrap();
        let watch = Watch::on(way, id_of(0));
        let unit = Unit::new(watch, plan, (GPS, Fault::None, 1));
        let with = (planner.clone(), self.shift_m);
        let mut helped = Helped::new(self.lockstep.clone(), vec![unit], method, with);
        drive(&self.run, &launch, &mut helped, &[depart]).unwrap()
    }
}

#[test]
fn a_copy_replays_exactly_and_a_corridor_helps() {
    let work = tempfile::tempdir().unwrap();
    let Some(launch) = launch(work.path()) else {
        return;
    };
    let spec = RunSpec {
        launch: launch.clone(),
        end: COPIED,
        sensors: Sensors::Resco,
        drain: false,
        stop_at_lockup: false,
        walk_bounds: Vec::new(),
    };
    let net = read_net(&launch).unwrap();
    let ours = OurCity::on(&net, Rules::Field, Base::Fixed).unwrap();
    let shift_m = shift_m(&ours.planner, &net).unwrap();
    let mut run = Run::start(&spec, &net).unwrap();
    run.count_losses();
    let mut lockstep = Lockstep::new(&net, &run.roads, &ours, true).unwrap();
    while run.now() < COPIED {
        run.second(&mut lockstep).unwrap();
    }
    let copy = work.path().join("copy.xml.gz");
    run.save(&copy).unwrap();
    let mut errands = Errands::over(&ours.planner, &net, 1);
    assert_eq!(errands.least, 2, "the street has two signals");
    let errand = errands.next_errand().unwrap();
    let floor_s = floor_s(&launch, &net, &errand).unwrap();
    let street = Street {
        run,
        lockstep,
        ours,
        launch,
        copy,
        errand,
        shift_m,
    };

    let none = street.drive(Method::None);
    let again = street.drive(Method::None);
    assert_eq!(none, again, "an identical replay differs by nothing at all");

    let helped = street.drive(Method::Ours);
    let (unit, alone) = (&helped.units[0], &none.units[0]);
    assert!(unit.arrived && unit.time_s >= floor_s, "{unit:?}");
    assert!(unit.time_s <= alone.time_s, "{} s alone", alone.time_s);
    assert_eq!(helped.referee, 0, "{:?}", helped.offences);
    let leases = &unit.leases;
    assert_eq!((leases.left_over, leases.wrong_approach), (0, 0));
    assert!(leases.after_passing_s <= 10, "{leases:?}");
}
