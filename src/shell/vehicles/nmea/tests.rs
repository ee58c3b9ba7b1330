//! Textbook sentences, midnight, old receivers, and every way a sentence can be broken.

use super::*;
use crate::shell::vehicles::fault::FaultKind;

/// A sentence with its right checksum.
fn with_sum(inner: &str) -> String {
    format!("${inner}*{:02X}", checksum(inner.as_bytes()))
}

fn ms(moment: &str) -> i64 {
    moment.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[test]
fn the_textbook_sentences_are_read() {
    let line = b"$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n";
    let Sentence::Rmc(rmc) = parse(line).unwrap() else {
        panic!()
    };
    assert_eq!(
        (rmc.talker.as_str(), rmc.valid, rmc.date),
        ("GP", true, Some((23, 3, 94)))
    );
    assert_eq!(rmc.time_ms, Some(((12 * 60 + 35) * 60 + 19) * 1000));
    let (lat, lon) = rmc.at.unwrap();
    assert!((lat - 48.1173).abs() < 1e-4 && (lon - 11.5167).abs() < 1e-4);
    assert!((rmc.course.speed_mps.unwrap() - 11.52).abs() < 0.01);
    assert_eq!(rmc.course.heading_deg, Some(84.4));

    let line = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47";
    let Sentence::Gga(gga) = parse(line).unwrap() else {
        panic!()
    };
    assert_eq!(
        (gga.quality, gga.satellites, gga.hdop),
        (1, Some(8), Some(0.9))
    );
    assert_eq!(gga.altitude_m, Some(545.4));

    let line = b"$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48";
    let Sentence::Vtg(course) = parse(line).unwrap() else {
        panic!()
    };
    assert_eq!(course.heading_deg, Some(54.7));
    assert!((course.speed_mps.unwrap() - 10.2 / 3.6).abs() < 1e-9);
}

#[test]
fn every_system_may_talk_and_others_are_let_pass() {
    for talker in ["GP", "BD", "GB", "GN", "GL", "GA"] {
        let line = with_sum(&format!(
            "{talker}RMC,000000.00,A,3241.5,N,10901.2,E,0.0,,271126,,,A"
        ));
        assert!(
            matches!(parse(line.as_bytes()), Ok(Sentence::Rmc(rmc)) if rmc.valid),
            "{talker}"
        );
    }
    assert_eq!(
        parse(with_sum("PUBX,00").as_bytes()),
        Ok(Sentence::Other("PUBX".to_owned()))
    );
    assert_eq!(
        parse(with_sum("GPGSV,1").as_bytes()),
        Ok(Sentence::Other("GPGSV".to_owned()))
    );
}

#[test]
fn a_receiver_that_does_not_stand_by_it_is_not_believed() {
    for (status, mode) in [("V", "A"), ("A", "N"), ("A", "E"), ("A", "M"), ("A", "S")] {
        let line = with_sum(&format!(
            "GNRMC,000000,{status},3241.5,N,10901.2,E,0.0,,271126,,,{mode}"
        ));
        let Ok(Sentence::Rmc(rmc)) = parse(line.as_bytes()) else {
            panic!("{line}")
        };
        assert!(!rmc.valid, "{line}");
    }
    let cold = with_sum("GNRMC,,V,,,,,,,,,,N");
    let Ok(Sentence::Rmc(rmc)) = parse(cold.as_bytes()) else {
        panic!()
    };
    assert_eq!((rmc.at, rmc.time_ms), (None, None));
}

#[test]
fn a_broken_sentence_is_told_where_and_what() {
    let told = |line: &str| {
        let fault = parse(line.as_bytes()).unwrap_err();
        (fault.kind, fault.at, fault.what)
    };
    assert_eq!(told(""), (FaultKind::Mark, 0, "mark"));
    assert_eq!(told("GPRMC*00"), (FaultKind::Mark, 0, "mark"));
    assert_eq!(told("$GPRMC,1"), (FaultKind::Checksum, 8, "checksum"));
    let good = with_sum("GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W");
    let flipped = good.replace("4807", "4808");
    assert_eq!(told(&flipped).0, FaultKind::Checksum);
    let fault = parse(flipped.as_bytes()).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "byte 66 (checksum): expected 65, found 6A"
    );
    let field = |inner: &str| told(&with_sum(inner));
    assert_eq!(field("GPRMC,123519,A"), (FaultKind::Length, 15, "sentence"));
    let base = |time: &str, status: &str, lat: &str, date: &str| {
        format!("GPRMC,{time},{status},{lat},N,01131.000,E,022.4,084.4,{date},,")
    };
    assert_eq!(
        field(&base("250000", "A", "4807.0", "230394")),
        (FaultKind::Field, 7, "time")
    );
    assert_eq!(
        field(&base("123519", "B", "4807.0", "230394")),
        (FaultKind::Field, 14, "status")
    );
    assert_eq!(
        field(&base("123519", "A", "4860.0", "230394")),
        (FaultKind::Field, 16, "latitude")
    );
    assert_eq!(
        field(&base("123519", "A", "9107.0", "230394")),
        (FaultKind::Field, 16, "latitude")
    );
    assert_eq!(
        field(&base("123519", "A", "+1e1.0", "230394")),
        (FaultKind::Field, 16, "latitude")
    );
    assert_eq!(
        field(&base("123519", "A", "4807.0", "310294")),
        (FaultKind::Field, 49, "date")
    );
    let long = with_sum(&"A".repeat(200));
    assert_eq!(told(&long).0, FaultKind::Length);
}

#[test]
fn midnight_passes_without_a_jump() {
    let mut track = Track::default();
    let mut at = |inner: &str, now: &str| {
        let sentence = parse(with_sum(inner).as_bytes()).unwrap();
        track.take(sentence, (0, ms(now))).report.unwrap().t_ms
    };
    let before = at(
        "GNRMC,235959.50,A,3241.5,N,10901.2,E,10.0,90.0,311226,,,A",
        "2027-01-01T00:00:00Z",
    );
    let after = at(
        "GNRMC,000000.50,A,3241.5,N,10901.2,E,10.0,90.0,010127,,,A",
        "2027-01-01T00:00:01Z",
    );
    assert_eq!(after - before, 1000);
    // Without a date, the nearest day is meant.
    let before = at(
        "GNRMC,235959.50,A,3241.5,N,10901.2,E,10.0,90.0,,,,A",
        "2027-01-01T00:00:00.2Z",
    );
    assert_eq!(before, ms("2026-12-31T23:59:59.5Z"));
    assert_eq!(
        of_day(500, ms("2026-12-31T23:59:59.9Z")),
        ms("2027-01-01T00:00:00.5Z")
    );
}

#[test]
fn an_old_receiver_whose_weeks_started_again_is_understood() {
    let mut track = Track::default();
    // 1,024 weeks before 27 November 2026.
    let line = with_sum("GPRMC,080000.00,A,3241.5,N,10901.2,E,10.0,90.0,130407,,,A");
    let sentence = parse(line.as_bytes()).unwrap();
    let taken = track.take(sentence.clone(), (0, ms("2026-11-27T08:00:01Z")));
    assert!(taken.rolled_over);
    assert_eq!(taken.report.unwrap().t_ms, ms("2026-11-27T08:00:00Z"));
    // Any other wrong date stays what it is: far too old.
    let taken = track.take(sentence, (0, ms("2026-11-20T08:00:01Z")));
    assert!(!taken.rolled_over);
    assert_eq!(taken.report.unwrap().t_ms, ms("2007-04-13T08:00:00Z"));
}

#[test]
fn a_receiver_that_speaks_no_rmc_is_heard_too() {
    let mut track = Track::default();
    let now = ms("2026-11-27T08:00:00Z");
    let mut take = |inner: &str, mono| {
        track
            .take(parse(with_sum(inner).as_bytes()).unwrap(), (mono, now))
            .report
    };
    assert_eq!(take("GPVTG,090.0,T,,M,,N,36.0,K,A", 0), None);
    let gga = "GPGGA,075959.00,3241.5,N,10901.2,E,1,09,0.8,250.0,M,,M,,";
    assert_eq!(take(gga, 0), None, "RMC may still come");
    let report = take(gga, 2000).unwrap();
    assert_eq!(report.t_ms, ms("2026-11-27T07:59:59Z"));
    assert_eq!(
        (report.speed_mps, report.heading_deg),
        (Some(10.0), Some(90.0))
    );
    assert!(report.valid);
    // Once RMC is there, GGA only adds to it.
    let rmc = "GPRMC,080000.00,A,3241.5,N,10901.2,E,19.4,90.0,271126,,,A";
    assert!(take(rmc, 2500).is_some());
    assert_eq!(
        take(
            "GPGGA,080001.00,3241.5,N,10901.2,E,0,00,9.9,250.0,M,,M,,",
            3000
        ),
        None
    );
    let doubted = take(&rmc.replace("080000", "080001"), 3100).unwrap();
    assert!(
        !doubted.valid,
        "the receiver says in GGA that it has no position"
    );
}
