//! A start that is refused.

use super::super::load::load_demo;
use super::*;

fn refusal(listen: &str, data: &Path) -> String {
    let loaded = load_demo().unwrap();
    let clock = FieldClock::start();
    // Nobody listens behind these wires.
    let wire = Wire::Tcp("127.0.0.1:9".to_owned());
    let started = Station::start(
        &loaded,
        StationOptions {
            listen: listen.parse().unwrap(),
            data: data.to_path_buf(),
            wires: vec![wire; loaded.city.sites.len()],
            wall: staged_clock(clock, 0),
            clock,
            pace: Pace::new(),
        },
    );
    match started.map(drop) {
        Err(Failure::Runtime(why)) => why,
        other => panic!("started: {other:?}"),
    }
}

/// Nothing has been driven yet: no epoch was taken and no journal begun.
#[test]
fn an_address_that_cannot_be_had_is_refused_before_anything_starts() {
    let data = tempfile::tempdir().unwrap();
    // Kept for documentation: no machine has it.
    let why = refusal("192.0.2.1:80", data.path());
    assert!(why.contains("192.0.2.1:80"), "{why}");
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}

#[test]
fn a_data_folder_that_cannot_be_written_is_refused_with_its_reason() {
    let data = tempfile::NamedTempFile::new().unwrap();
    let why = refusal("127.0.0.1:0", &data.path().join("below-a-file"));
    assert!(why.contains("epoch") && why.contains("--data"), "{why}");
}
