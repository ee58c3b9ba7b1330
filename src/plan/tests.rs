use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::ids::{GroupId, PlanId, StageId};
use crate::units::{CivilTime, Date, Millis};

fn good_site() -> String {
    let file = "hil-tests/fixtures/plans/good-city/sites/X1.toml";
    #[expect(clippy::disallowed_methods, reason = "a test may read its fixture")]
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn site(text: &str) -> CheckedSite {
    load_site("site.toml", text).unwrap_or_else(|found| panic!("{}", found[0]))
}

#[test]
fn names_become_ids_and_the_kernel_gets_its_clearances() {
    let site = site(&good_site());
    let (wt, px) = (site.group("WT").unwrap(), site.group("PX").unwrap());
    let conflicts = site.safety.conflicts();
    assert_eq!(conflicts.clearance(wt, px), Millis::from_secs(5));
    // The file counts 3 s from the end of flashing green, the kernel from its beginning.
    assert_eq!(conflicts.clearance(px, wt), Millis::from_secs(21));
    let timing = site.safety.timing(px).unwrap();
    assert_eq!(timing.green_min, Millis::from_secs(7));
    assert_eq!(timing.lose.go_part(), Millis::from_secs(18));
    assert_eq!(timing.wait_max, site.corridor_wait_max);
    assert_eq!(site.approaches.len(), 3);
    assert!(matches!(site.approaches[2].emergency, Emergency::None(_)));
    assert_eq!(site.plans[0].coordinated, Some(StageId::new(0)));
    assert_eq!(site.plans[1].rest, Some(StageId::new(0)));
    assert_eq!(site.plans[1].sequence[0].recall, Recall::Min);
}

#[test]
fn flashing_green_is_part_of_the_clearance_once() {
    let text = good_site().replacen("amber_s = 3.0", "flashing_green_s = 3.0\namber_s = 3.0", 1);
    let site = site(&text);
    let (wt, ns) = (GroupId::new(0), GroupId::new(2));
    assert_eq!(
        site.safety.conflicts().clearance(wt, ns),
        Millis::from_secs(8)
    );
}

#[test]
fn the_longer_of_matrix_and_steps_governs() {
    let text = good_site()
        .replacen("WT = { NS = 5.0", "WT = { NS = 4.0", 1)
        .replacen(
            "min_green_s = 7.0",
            "min_green_s = 7.0\nred_amber_s = 1.0",
            1,
        );
    let site = site(&text);
    let clearance = site
        .safety
        .conflicts()
        .clearance(GroupId::new(0), GroupId::new(2));
    assert_eq!(clearance, Millis::from_secs(4));
}

#[test]
fn an_offset_is_kept_as_start_of_green() {
    let offset = |reference: &str| {
        let text = good_site().replacen("start-of-green", reference, 1);
        site(&text).plans[0].offset
    };
    assert_eq!(offset("start-of-green"), Millis::from_secs(24));
    // A is green for 45 - 5 = 40 s; its green ends 24 s into the cycle, so it began at 76 - 16.
    assert_eq!(offset("end-of-green"), Millis::from_secs(60));
    assert_eq!(offset("start-of-amber"), Millis::from_secs(60));
}

#[test]
fn all_findings_come_at_once() {
    let text = good_site()
        .replacen("amber_s = 3.0", "amber_s = 2.0", 1)
        .replacen("clear_s = 18.0", "clear_s = 9.0", 1)
        .replacen("max_wait_s", "max_wiat_s", 1)
        .replacen("cycle_s = 76", "cycle_s = 77", 1);
    let found = load_site("sites/X1.toml", &text).unwrap_err();
    let codes: Vec<Code> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::S04, Code::S08, Code::F01, Code::P01]);
    let typo = &found[2];
    assert_eq!(&text[typo.span.clone()], "max_wiat_s");
    assert_eq!(typo.help, "did you mean `max_wait_s`?");
    assert_eq!(
        line_column(&text, typo.span.start),
        (typo.line, typo.column)
    );
}

#[test]
fn a_number_out_of_range_is_told_its_range() {
    let help = |from: &str, to: &str| {
        let text = good_site();
        assert!(text.contains(from), "{from}");
        let found = load_site("sites/X1.toml", &text.replacen(from, to, 1)).unwrap_err();
        found[0].help.clone()
    };
    let seconds = "write a number from 0 to 86400 (seconds)";
    for slip in ["99999999999", "-4", "\"four\"", "1e300"] {
        assert_eq!(help("cycle_s = 76", &format!("cycle_s = {slip}")), seconds);
    }
    let channel = "write a whole number from 0 to 31";
    assert_eq!(help("channel = 0", "channel = 99999999999"), channel);
}

/// A flood of tables has one finding about its size and is not read to its end.
#[test]
fn a_site_far_too_large_is_refused_at_once() {
    use core::fmt::Write as _;
    let mut text = good_site();
    for stage in 0..20_000 {
        writeln!(text, "[[stage]]\nid = \"Z{stage}\"\ngrene = [\"WT\"]").unwrap();
    }
    let found = load_site("sites/X1.toml", &text).unwrap_err();
    let sizes = found.iter().filter(|finding| finding.code == Code::F10);
    assert_eq!(sizes.count(), 1);
    assert!(found.len() < 300, "{} findings", found.len());
}

#[test]
fn the_plan_of_the_hour_follows_weekday_and_exception() {
    let (night, peak) = (PlanId::new(0), PlanId::new(1));
    let schedule = Schedule {
        days: vec![vec![(0, night), (25_200, peak)], vec![(0, night)]],
        weekdays: [0, 0, 0, 0, 0, 1, 1],
        exceptions: vec![(date(10, 1), date(10, 7), 1)],
    };
    let at = |date, second_of_day| {
        schedule.plan_at(CivilTime {
            date,
            second_of_day,
        })
    };
    assert_eq!(at(date(9, 28), 25_199), night);
    assert_eq!(at(date(9, 28), 25_200), peak);
    assert_eq!(at(date(9, 27), 30_000), night, "a Sunday");
    assert_eq!(at(date(10, 1), 30_000), night, "a Thursday of the holiday");
    assert_eq!(at(date(10, 8), 30_000), peak);
}

fn date(month: u8, day: u8) -> Date {
    Date {
        year: 2026,
        month,
        day,
    }
}

#[test]
fn weekdays_are_those_of_the_calendar() {
    let of = |year, month, day| weekday(Date { year, month, day });
    assert_eq!(of(2026, 9, 28), 0);
    assert_eq!(of(2000, 2, 29), 1);
    assert_eq!(of(1900, 3, 1), 3);
    assert_eq!(of(2024, 12, 31), 1);
    assert_eq!(of(2023, 1, 1), 6);
}

/// One round as an engineer draws it: the walk ends first, for its clearance is the longest.
const DRAWING: &str = "\
X1 Binjiang Ave / Xing'an Rd, plan peak (coordinated), cycle 76 s
A begins 24 s into the city's cycle
      0         10        20        30        40        50        60        70
stage A--------------------------------------------B------------------------------
WT    GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGAAA.................................
ET    GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGAAA.................................
NS    .............................................GGGGGGGGGGGGGGGGGGGGGGGGGGAAA..
PX    .............................................WWWWWWWWWWffffffffffffffffff...
      G green  F flashing green  A amber  U red and amber  W walk  f flashing man  . red
change A -> B: 5 s
change B -> A: 5 s
";

#[test]
fn a_plan_is_drawn_as_bars() {
    assert_eq!(draw(&site(&good_site()), PlanId::new(0)), DRAWING);
    assert_eq!(draw(&site(&good_site()), PlanId::new(9)), "");
    let night = draw(&site(&good_site()), PlanId::new(1));
    assert!(night.contains("with every stage at its longest"), "{night}");
}

#[derive(Clone, Debug)]
enum Slip {
    Cut(usize),
    Insert(usize, u8),
    DropLine(usize),
    RepeatLine(usize),
    SwapLines(usize, usize),
    Number(usize, i32),
}

fn slip() -> impl Strategy<Value = Slip> {
    prop_oneof![
        any::<usize>().prop_map(Slip::Cut),
        (any::<usize>(), 32_u8..127).prop_map(|(at, byte)| Slip::Insert(at, byte)),
        any::<usize>().prop_map(Slip::DropLine),
        any::<usize>().prop_map(Slip::RepeatLine),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Slip::SwapLines(a, b)),
        (any::<usize>(), -5_i32..2000).prop_map(|(at, number)| Slip::Number(at, number)),
    ]
}

fn apply(text: &str, slip: &Slip) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len().max(1);
    match slip {
        Slip::Cut(at) if !chars.is_empty() => {
            chars.remove(at % chars.len());
            return chars.into_iter().collect();
        }
        Slip::Insert(at, byte) => {
            chars.insert(at % (chars.len() + 1), char::from(*byte));
            return chars.into_iter().collect();
        }
        Slip::DropLine(at) if !lines.is_empty() => {
            lines.remove(at % count);
        }
        Slip::RepeatLine(at) if !lines.is_empty() => {
            let line = lines[at % count].clone();
            lines.insert(at % count, line);
        }
        Slip::SwapLines(a, b) if !lines.is_empty() => lines.swap(a % count, b % count),
        Slip::Number(at, number) if !lines.is_empty() => {
            let line = &mut lines[at % count];
            if let Some((key, _)) = line.split_once(" = ") {
                *line = format!("{key} = {number}");
            }
        }
        _ => {}
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever is typed, the loader answers: a site, or findings that point into the file.
    #[test]
    fn a_slip_of_the_pen_never_panics(slips in proptest::collection::vec(slip(), 1..6)) {
        let text = slips.iter().fold(good_site(), |text, slip| apply(&text, slip));
        let checked = check_site("site.toml", &text);
        let errors = checked.findings.iter().filter(|f| f.severity == Severity::Error).count();
        prop_assert_eq!(checked.value.is_none(), errors > 0);
        for finding in &checked.findings {
            prop_assert!(text.get(finding.span.clone()).is_some());
            prop_assert!(finding.line >= 1 && finding.column >= 1);
            prop_assert!(!finding.message.is_empty() && !finding.help.is_empty());
        }
        if let Some(site) = &checked.value {
            for plan in 0..site.plans.len() {
                let drawing = draw(site, PlanId::new(u8::try_from(plan).unwrap()));
                prop_assert!(drawing.starts_with(&site.id));
            }
        }
    }
}
