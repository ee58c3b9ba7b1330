//! Positions that must not go on, each for its own reason.

use super::*;
use crate::shell::vehicles::report::Source;

const NOW: i64 = 1_795_680_000_000;
/// On the only road there is: it runs east along this latitude.
const LAT: f64 = 32.69;

fn report(t_ms: i64, east_m: f64) -> Report {
    Report {
        t_ms,
        lat_deg: LAT,
        lon_deg: 109.02 + east_m / 111_320.0 / LAT.to_radians().cos(),
        speed_mps: Some(15.0),
        heading_deg: Some(90.0),
        valid: true,
        satellites: None,
        source: Source::Jt808,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the city may have no road at all")]
fn road(at: LatLon, _: Option<f64>) -> Option<f64> {
    Some((at.lat_deg - LAT).abs() * 111_320.0)
}

fn judge(gate: &mut Gate, report: &Report) -> Verdict {
    gate.judge(report, Datum::Wgs84, NOW + 60_000, &road)
}

#[test]
fn a_vehicle_that_drives_is_let_through_once_a_second() {
    let mut gate = Gate::default();
    for second in 0..60_i32 {
        let report = report(
            NOW + i64::from(second) * 1000 + 40_000,
            f64::from(second) * 15.0,
        );
        let now = report.t_ms + 300;
        assert_eq!(gate.judge(&report, Datum::Wgs84, now, &road), Verdict::Live);
    }
    assert_eq!(gate.seq(), 60);
    assert!(!gate.suspected());
}

#[test]
fn each_reason_is_told() {
    let mut gate = Gate::default();
    let at = NOW + 60_000;
    assert_eq!(judge(&mut gate, &report(NOW, 0.0)), Verdict::History);
    assert_eq!(judge(&mut gate, &report(at, 0.0)), Verdict::Live);
    let refused = |gate: &mut Gate, report: &Report| match judge(gate, report) {
        Verdict::Refused(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&mut gate, &report(at, 0.0)), Refused::OutOfOrder);
    assert_eq!(refused(&mut gate, &report(at + 1001, 0.0)), Refused::Future);
    let mut bad = report(at + 10, 0.0);
    bad.valid = false;
    assert_eq!(refused(&mut gate, &bad), Refused::NoFix);
    bad.valid = true;
    bad.speed_mps = Some(90.0);
    assert_eq!(refused(&mut gate, &bad), Refused::Impossible);
    bad.speed_mps = Some(f64::NAN);
    assert_eq!(refused(&mut gate, &bad), Refused::Impossible);
    assert_eq!(refused(&mut gate, &report(at + 20, 2.0)), Refused::Thinned);
    assert_eq!(refused(&mut gate, &report(at + 900, 500.0)), Refused::Jump);
}

#[test]
fn a_jump_is_believed_only_when_others_confirm_it() {
    let mut gate = Gate::default();
    let mut at = |second: i64, east_m: f64| {
        let report = report(NOW + second * 1000, east_m);
        gate.judge(&report, Datum::Wgs84, report.t_ms, &road)
    };
    assert_eq!(at(0, 0.0), Verdict::Live);
    assert_eq!(at(1, 500.0), Verdict::Refused(Refused::Jump));
    assert_eq!(
        at(2, 30.0),
        Verdict::Live,
        "one wrong position changes nothing"
    );
    assert_eq!(at(3, 2000.0), Verdict::Refused(Refused::Jump));
    assert_eq!(at(4, 2015.0), Verdict::Refused(Refused::Jump));
    assert_eq!(at(5, 2030.0), Verdict::Live, "the vehicle really is there");
    assert_eq!(at(6, 2045.0), Verdict::Live);
}

#[test]
fn a_receiver_that_hangs_is_found() {
    let mut gate = Gate::default();
    let mut verdicts = Vec::new();
    for second in 0..6 {
        let report = report(NOW + second * 1000, 100.0);
        verdicts.push(gate.judge(&report, Datum::Wgs84, report.t_ms, &road));
    }
    assert_eq!(verdicts[..3], [Verdict::Live; 3]);
    assert_eq!(verdicts[3..], [Verdict::Refused(Refused::Frozen); 3]);
}

#[test]
fn the_wrong_datum_is_suspected_both_ways_and_cleared_again() {
    let drive = |declared: Datum, real: Datum, gate: &mut Gate, from: i32| {
        let mut last = Verdict::Live;
        for second in from..from + 12 {
            let mut report = report(NOW + i64::from(second) * 1000, f64::from(second) * 15.0);
            if real == Datum::Gcj02 {
                let at = LatLon {
                    lat_deg: report.lat_deg,
                    lon_deg: report.lon_deg,
                };
                let shifted = gcj02::from_wgs84(at);
                (report.lat_deg, report.lon_deg) = (shifted.lat_deg, shifted.lon_deg);
            }
            last = gate.judge(&report, declared, report.t_ms, &road);
        }
        last
    };
    for (declared, real) in [(Datum::Wgs84, Datum::Gcj02), (Datum::Gcj02, Datum::Wgs84)] {
        let mut gate = Gate::default();
        assert_eq!(
            drive(declared, declared, &mut gate, 0),
            Verdict::Live,
            "{declared:?}"
        );
        let wrong = drive(declared, real, &mut gate, 20);
        assert_eq!(wrong, Verdict::Refused(Refused::Datum), "{declared:?}");
        assert!(gate.suspected());
        assert_eq!(
            drive(declared, declared, &mut gate, 40),
            Verdict::Live,
            "{declared:?}"
        );
    }
}

#[test]
fn a_yard_beside_the_road_is_no_wrong_datum() {
    let mut gate = Gate::default();
    for second in 0..30_i32 {
        let mut report = report(NOW + i64::from(second) * 1000, f64::from(second));
        report.lat_deg += 0.001;
        report.speed_mps = Some(4.0);
        assert_eq!(
            gate.judge(&report, Datum::Wgs84, report.t_ms, &road),
            Verdict::Live
        );
    }
    assert!(!gate.suspected());
}
