//! `adaptive.toml`: the numbers of adaptive control, one set for every site of a city.

use super::finding::Sheet;
use super::keys::Keys;
use super::tree::{Section, read_file};
use super::tuning::Tuning;

/// The file; a city without it runs on the numbers of the program.
pub(super) const TUNING_FILE: &str = "adaptive.toml";

macro_rules! numbers {
    ($($key:ident $from:literal $to:literal)*) => {
        const KEYS: Keys = Keys::only(&["schema", "completion", $(stringify!($key),)*]);

        fn read_numbers(top: &Section<'_>, tuning: &mut Tuning) {
            $(
                if let Some(number) = top.signed(stringify!($key), &($from..$to)) {
                    tuning.$key = narrow(number.value);
                }
            )*
        }
    };
}

// What a street can be, with room on both sides; beyond it the number is a slip of the pen.
numbers! {
    headway_s 1.0 5.0
    headway_mixed_s 1.0 8.0
    headway_yielding_s 1.0 12.0
    start_loss_s 0.0 6.0
    amber_used_s 0.0 4.0
    cruise 0.5 1.0
    amber_queue_s 0.0 4.0
    gap_s 1.0 15.0
    gap_longer_s 1.0 60.0
    green_max_s 10.0 180.0
    stop_threshold_s 0.0 10.0
    stop_weight 0.0 10.0
    acceleration_mps2 0.5 5.0
    reaction_s 0.0 3.0
    red_max_s 30.0 300.0
    stuck_s 4.0 60.0
    stuck_block_s 0.0 120.0
    exit_block_s 0.0 60.0
    box_hold_s 0.0 60.0
    walk_weight 0.0 50.0
    head_evidence 0.0 1.0
}

/// Reads the file; what is wrong with it is noted on `sheet`, and the program's own number stays.
pub(super) fn read_tuning(sheet: &Sheet<'_>) -> Tuning {
    read_file(sheet, &KEYS, |top| {
        let mut tuning = Tuning::default();
        read_numbers(top, &mut tuning);
        let completion = top.whole("completion", 0..21);
        if let Some(stages) = completion.and_then(|stages| u8::try_from(stages.value).ok()) {
            tuning.completion = stages;
        }
        tuning
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the range was checked, and a forecast needs no more than seven digits"
)]
const fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use core::fmt::Write;

    use super::*;

    #[test]
    fn every_number_can_be_written_and_is_inside_its_own_range() {
        let own = serde_json::to_value(Tuning::default()).unwrap();
        let mut text = "schema = 1\n".to_owned();
        for (key, value) in own.as_object().unwrap() {
            assert!(KEYS.known.contains(&key.as_str()), "{key}");
            let _cannot_fail = writeln!(text, "{key} = {value}");
        }
        assert_eq!(own.as_object().unwrap().len() + 1, KEYS.known.len());
        let sheet = Sheet::new(TUNING_FILE, &text);
        assert_eq!(read_tuning(&sheet), Tuning::default());
        assert_eq!(sheet.into_findings(), []);
    }

    #[test]
    fn a_number_of_the_file_is_in_force() {
        let sheet = Sheet::new(TUNING_FILE, "schema = 1\nheadway_s = 2.1\ncompletion = 4\n");
        let tuning = read_tuning(&sheet);
        assert_eq!((tuning.headway_s, tuning.completion), (2.1, 4));
        assert_eq!(sheet.into_findings(), []);
    }
}
