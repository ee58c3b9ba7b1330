//! Orders, and what they do to a cabinet.

use tokio::runtime::Runtime;

use super::*;
use crate::shell::field::emulator::{CabinetSite, Fleet};
use crate::shell::store::demo_city_files;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn orders_are_read_with_their_times() {
    let order = Order::parse("J05=silent@20..40").unwrap();
    assert_eq!((order.site.as_str(), order.kind), ("J05", Kind::Silent));
    let on: Vec<bool> = [0, 19, 20, 39, 40].map(|s| order.is_on(at(s))).into();
    assert_eq!(on, [false, false, true, true, false]);
    assert!(Order::parse("J05=late").unwrap().is_on(at(0)));
    assert!(Order::parse("J05=late@7").unwrap().is_on(at(9999)));
}

#[test]
fn what_cannot_be_read_is_refused_with_what_can() {
    for wrong in ["J05", "J05=late@x", "J05=late@9..3", "J05=restart@1..2"] {
        assert!(Order::parse(wrong).is_err(), "{wrong}");
    }
    let why = Order::parse("J05=explode").unwrap_err();
    let help = help();
    for kind in Kind::value_variants() {
        assert!(why.contains(&kind.word()), "{why}");
        assert!(help.contains(&kind.word()), "{help}");
    }
}

/// Every kind shows at the cabinet while it is in force; afterwards the cabinet is whole again.
#[test]
fn faults_come_and_go() {
    let runtime = Runtime::new().unwrap();
    let files = demo_city_files();
    let text = files.iter().find(|(name, _)| name == "sites/J05.toml");
    let site = CabinetSite::parse(&text.unwrap().1).unwrap();
    let mut fleet = Fleet::new(runtime.handle().clone());
    let (cabinet, _) = fleet.add_tcp(site, 1, ([127, 0, 0, 1], 0).into()).unwrap();
    let cabinets = [cabinet];
    let whole = |cabinet: &CabinetHandle| {
        let state = cabinet.state();
        let lamps = cabinet.lamps();
        (cabinet.faults(), state.boot_count, state.mode, lamps)
    };
    for kind in Kind::value_variants() {
        let word = kind.word();
        let until = if *kind == Kind::Restart { "" } else { "..20" };
        let order = Order::parse(&format!("J05={word}@10{until}")).unwrap();
        let mut schedule = Schedule::new(&[order]);
        assert!(schedule.look(&cabinets, at(9)).is_empty());
        let before = whole(&cabinets[0]);
        let changes = schedule.look(&cabinets, at(10));
        assert_eq!(changes.len(), 1);
        assert!(changes[0].on && changes[0].fault == word);
        if *kind == Kind::Panel {
            // A person is seen at the next scan.
            while cabinets[0].state().mode != 10 {
                std::thread::yield_now();
            }
        }
        assert_ne!(whole(&cabinets[0]), before, "{word} does nothing");
        let over = schedule.look(&cabinets, at(20));
        assert_eq!(over.len(), usize::from(*kind != Kind::Restart));
        assert_eq!(cabinets[0].faults(), Faults::default());
    }
}
