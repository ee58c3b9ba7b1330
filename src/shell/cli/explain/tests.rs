//! A journal explains the decisions that were made, and says clearly what it cannot explain.

use super::*;
use crate::shell::cli::args::{Control, Simulate};
use crate::shell::cli::load::load_demo;
use crate::shell::cli::simulate::Run;
use crate::units::Millis;

/// A journal of the demo city under adaptive control, the city as it was at its end, and the clock.
fn recorded() -> (Vec<u8>, Reached) {
    let loaded = load_demo().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut options = Simulate::quiet("demo".into(), 1, 13);
    options.control = Some(Control::Adaptive);
    options.journal = Some(folder.path().to_path_buf());
    let mut run = Run::new(&loaded, &options).unwrap();
    run.go(Millis::from_secs(90));
    let reached = run.end();
    let file = std::fs::read_dir(folder.path()).unwrap().next();
    let bytes = std::fs::read(file.unwrap().unwrap().path()).unwrap();
    (bytes, reached)
}

#[test]
fn a_journal_explains_what_the_live_state_had_decided() {
    let (bytes, live) = recorded();
    let again = replay_to(&bytes, Moment::At(live.now)).unwrap();
    assert_eq!((again.now, again.civil), (live.now, live.civil));
    let mut choices = 0;
    for (number, site) in live.city.plans().iter().enumerate() {
        let of = |reached: &Reached| account(site, &reached.city.sites()[number], reached.now);
        let told = of(&live).unwrap();
        assert_eq!(of(&again).unwrap(), told, "{}", site.id);
        assert_eq!(told.rung.as_ref().unwrap().level, "free", "{}", site.id);
        choices += usize::from(told.choice.is_some_and(|choice| !choice.scores.is_empty()));
        assert!(sentence(&of(&again).unwrap()).contains("level free"));
        let full = table::draw(
            site,
            &again.city.sites()[number],
            &of(&again).unwrap(),
            again.now,
        );
        assert!(full.contains("vehicle-seconds"), "{full}");
    }
    assert!(choices > 30, "{choices} sites had chosen");
    // By the wall clock: 13:01:29 is the second that began 89 s after the start.
    let by_clock = replay_to(&bytes, Moment::Clock(13 * 3600 + 89)).unwrap();
    assert_eq!(by_clock.now, Mono::from_ms(89_900));
}

#[test]
fn what_cannot_be_explained_is_said() {
    let (mut bytes, live) = recorded();
    let outside = replay_to(&bytes, Moment::At(live.now + Millis::from_secs(60)));
    let why = outside.map(|_| ()).unwrap_err();
    assert!(matches!(why, SeekError::Outside { .. }));
    assert!(why.to_string().contains("13:00:00 to 13:01:30"), "{why}");
    let before = replay_to(&bytes, Moment::Clock(3600))
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(before, SeekError::Outside { .. }));
    let reached = replay_to(&bytes, Moment::At(live.now)).unwrap();
    assert!(matches!(find(&reached, "J99"), Err(Failure::Usage(_))));
    let late = bytes.len() - bytes.len() / 50;
    bytes[late] ^= 0x40;
    let damaged = replay_to(&bytes, Moment::At(live.now));
    assert!(matches!(damaged, Err(SeekError::Replay(_))));
    // What lies before the damage can still be explained.
    assert!(replay_to(&bytes, Moment::At(Mono::from_ms(1000))).is_ok());
}

#[test]
fn moments_are_read_as_people_write_them() {
    assert_eq!(parse_moment("12.34"), Ok(Moment::At(Mono::from_ms(12_300))));
    assert_eq!(parse_moment("12"), Ok(Moment::At(Mono::from_ms(12_000))));
    assert_eq!(parse_moment("13:05:20"), Ok(Moment::Clock(47_120)));
    for wrong in [
        "", "noon", "25:00:00", "13:60:00", "13:05", "-3", "1.x", "1e3",
    ] {
        assert!(parse_moment(wrong).is_err(), "{wrong}");
    }
}
