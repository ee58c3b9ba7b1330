//! A start that is refused, and what a station takes from its city.

use super::super::args::TlsOf;
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
            site: None,
            wires: vec![wire; loaded.city.sites.len()],
            wall: staged_clock(clock, 0),
            clock,
            pace: Pace::new(),
            agency: agency_of(&loaded.city, None).unwrap(),
            virtual_street: false,
            tls: None,
            mqtt: None,
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

#[test]
fn a_cabinets_clock_is_set_to_the_citys_zone() {
    let quarters = |zone| zone_quarters(zone).ok();
    assert_eq!(quarters("Asia/Shanghai"), Some(32));
    assert_eq!(quarters("Asia/Urumqi"), Some(24));
    assert_eq!(quarters("Nowhere/At_All"), None);
}

#[test]
fn a_link_speaks_for_an_agency_of_the_city() {
    let mut city = load_demo().ok().unwrap().city;
    let of = |city: &CheckedCity, wanted| agency_of(city, wanted).ok();
    assert_eq!(of(&city, None).as_deref(), Some("ankang-joint"));
    assert_eq!(of(&city, Some("ankang-joint")), of(&city, None));
    assert_eq!(of(&city, Some("another")), None);
    city.agencies.clear();
    assert_eq!(of(&city, None).as_deref(), Some("ankang-demo"));
}

#[test]
fn authorities_of_client_certificates_are_not_passed_over_without_tls() {
    let mut options = TlsOf {
        tls: false,
        tls_cert: None,
        tls_key: None,
        client_ca: Some("agencies.pem".into()),
    };
    let data = tempfile::tempdir().unwrap();
    let made = |options: &TlsOf| tls_files(options, data.path(), "127.0.0.1");
    let Err(Failure::Usage(why)) = made(&options) else {
        panic!("taken");
    };
    assert!(
        why.contains("--client-ca agencies.pem") && why.contains("--tls"),
        "{why}"
    );
    options.client_ca = None;
    assert!(made(&options).unwrap().is_none());
    options.client_ca = Some("agencies.pem".into());
    options.tls = true;
    assert!(made(&options).unwrap().unwrap().client_ca.is_some());
}
