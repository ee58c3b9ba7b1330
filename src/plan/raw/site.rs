//! One site file.

use super::super::checked::{OnFault, PlanMode, Recall, SiteKind, TurnKind};
use super::super::finding::Sheet;
use super::super::keys::Keys;
use super::super::ladder::Level;
use super::super::tree::{At, Section, read_file};
use super::keys::{
    ADAPTIVE, ALSO, APPROACH, DETECTOR, GROUP, LANE, MOVE, PLAN, SAFETY, SITE, STAGE, STARTUP, TOP,
    TRANSITION,
};
use super::types::{
    OffsetRef, RawAdaptive, RawApproach, RawDetector, RawGroup, RawLane, RawMatrix, RawMove,
    RawPlan, RawSafety, RawShow, RawSite, RawStage, RawUse,
};
use crate::signal::{FallbackShow, GROUPS_MAX, GroupKind};

/// Reads a site file; what cannot be read is noted on `sheet`.
pub(in super::super) fn read_site(sheet: &Sheet<'_>) -> RawSite {
    read_file(sheet, &TOP, |top| {
        let site = top.table("site", "[site]", &SITE);
        if !top.has("site") {
            top.missing(
                "site",
                "add a section [site] with id, names, kind and profile",
            );
        }
        for (key, help) in [
            ("group", "add at least one [[group]]"),
            ("stage", "add at least one [[stage]]"),
            ("plan", "add at least one [[plan]]"),
        ] {
            if !top.has(key) {
                top.missing(key, help);
            }
        }
        let site = site.as_ref();
        RawSite {
            head: site.map_or(0..0, |site| site.span.clone()),
            id: site.and_then(|site| site.text_needed("id")),
            name_zh: site.and_then(|site| site.text_needed("name_zh")),
            name_en: site.and_then(|site| site.text_needed("name_en")),
            kind: site.and_then(|site| {
                let words = [
                    ("junction", SiteKind::Junction),
                    ("crossing", SiteKind::Crossing),
                ];
                site.word_needed("kind", &words).map(|kind| kind.value)
            }),
            profile: site.and_then(|site| site.text_needed("profile")),
            corridor_wait: site.and_then(|site| site.secs_above_zero("corridor_wait_max_s")),
            corridor_red: site.and_then(|site| site.secs_above_zero("corridor_red_max_s")),
            corridor_hold: site.and_then(|site| site.secs_above_zero("corridor_hold_max_s")),
            groups: each(top, "group", "[[group]]", &GROUP, read_group),
            matrix: read_matrix(top),
            approaches: each(top, "approach", "[[approach]]", &APPROACH, read_approach),
            detectors: each(top, "detector", "[[detector]]", &DETECTOR, read_detector),
            stages: each(top, "stage", "[[stage]]", &STAGE, read_stage),
            moves: each(top, "move", "[[move]]", &MOVE, read_move),
            plans: each(top, "plan", "[[plan]]", &PLAN, read_plan),
            safety: read_safety(top),
        }
    })
}

/// Most tables of a kind in one site file.
pub(in super::super) fn most_of(key: &str) -> usize {
    match key {
        "group" => GROUPS_MAX,
        "stage" => STAGES_MAX,
        "move" => STAGES_MAX * STAGES_MAX,
        // Their ids are one byte.
        _ => 250,
    }
}

/// Most stages of one site.
const STAGES_MAX: usize = 32;

fn each<T>(
    top: &Section<'_>,
    key: &str,
    what: &'static str,
    keys: &Keys,
    read: fn(&Section<'_>) -> T,
) -> Vec<T> {
    // One slip too many is read on, so that names do not go missing; a flood is not. The build then
    // says that the site is too large (F10).
    let read_max = most_of(key).saturating_mul(2);
    let sections = top.tables(key, what, keys, read_max);
    sections.iter().map(read).collect()
}

/// The id of a section; a section without one is reported and keeps an empty name.
fn id_of(section: &Section<'_>) -> At<String> {
    section
        .text_needed("id")
        .unwrap_or_else(|| At::new(String::new(), section.span.clone()))
}

fn read_group(group: &Section<'_>) -> RawGroup {
    let kinds = [
        ("vehicle", GroupKind::Vehicle),
        ("arrow", GroupKind::Arrow),
        ("non-motor", GroupKind::NonMotor),
        ("pedestrian", GroupKind::Pedestrian),
        ("waiting-area", GroupKind::WaitingArea),
    ];
    RawGroup {
        head: group.span.clone(),
        says: group.names(),
        id: id_of(group),
        kind: group.word_needed("kind", &kinds).map(|kind| kind.value),
        red_amber: group.secs("red_amber_s"),
        flashing_green: group.secs("flashing_green_s"),
        amber: group.secs("amber_s"),
        min_green: group.secs("min_green_s"),
        max_green: group.secs("max_green_s"),
        min_red: group.secs("min_red_s"),
        speed: group.speed("speed_kmh", 1_000_000.0 / 3600.0),
        crosses: group.texts("crosses").unwrap_or_default(),
        crossing: group.metres("crossing_m"),
        walk_speed: group.speed("walk_speed_mps", 1000.0),
        walk: group.secs("walk_s"),
        clear: group.secs("clear_s"),
        extend_by: group.secs("extend_by_s"),
        long_press: group.secs("long_press_s"),
        max_wait: group.secs("max_wait_s"),
        max_wait_reason: group.text("max_wait_reason"),
    }
}

fn read_matrix(top: &Section<'_>) -> RawMatrix {
    let mut matrix = RawMatrix {
        head: top.key_span("intergreen_s"),
        intergreens: Vec::new(),
        clearing: Vec::new(),
        permissive: Vec::new(),
        compatible: Vec::new(),
        rest: false,
    };
    if let Some(rows) = top.free_table("intergreen_s", "[intergreen_s]") {
        for from in rows.names() {
            let row = rows.secs_by_name(&from.value);
            let cells = row.into_iter().map(|(to, time)| (from.clone(), to, time));
            matrix.intergreens.extend(cells);
        }
    }
    if let Some(rows) = top.free_table("clearing_m", "[clearing_m]") {
        for from in rows.names() {
            let row = rows.metres_by_name(&from.value);
            let cells = row.into_iter().map(|(to, way)| (from.clone(), to, way));
            matrix.clearing.extend(cells);
        }
    }
    if let Some(rows) = top.free_table("permissive", "[permissive]") {
        matrix.permissive = pairs_of(&rows, &[]);
    }
    if let Some(rows) = top.free_table("compatible", "[compatible]") {
        matrix.rest = rows.flag("rest").unwrap_or(false);
        matrix.compatible = pairs_of(&rows, &["rest"]);
    }
    matrix
}

fn pairs_of(rows: &Section<'_>, skip: &[&str]) -> Vec<(At<String>, At<String>)> {
    let mut pairs = Vec::new();
    for from in rows.names() {
        if skip.contains(&from.value.as_str()) {
            continue;
        }
        let partners = rows.texts(&from.value).unwrap_or_default();
        pairs.extend(partners.into_iter().map(|to| (from.clone(), to)));
    }
    pairs
}

fn read_approach(approach: &Section<'_>) -> RawApproach {
    RawApproach {
        head: approach.span.clone(),
        id: id_of(approach),
        road: approach.text_needed("road"),
        groups: approach.texts_needed("groups"),
        emergency_groups: approach.texts("emergency_groups"),
        emergency_stage: approach.text("emergency_stage"),
        emergency_none: approach.word("emergency", &[("none", ())]),
        emergency_reason: approach.text("emergency_reason"),
        emergency_entry: approach.word("emergency_entry", &[("clear-first", ())]),
        riders: approach.text("riders"),
        lanes: each(approach, "lane", "[[approach.lane]]", &LANE, read_lane),
    }
}

fn read_lane(lane: &Section<'_>) -> RawLane {
    RawLane {
        also: each(lane, "also", "a movement of `also`", &ALSO, read_movement),
        ..read_movement(lane)
    }
}

fn read_movement(lane: &Section<'_>) -> RawLane {
    let turns = [
        ("left", TurnKind::Left),
        ("through", TurnKind::Through),
        ("right", TurnKind::Right),
        ("u-turn", TurnKind::UTurn),
    ];
    if !lane.has("turns") {
        lane.missing("turns", "add `turns = [\"through\"]`");
    }
    RawLane {
        group: lane
            .text_needed("group")
            .unwrap_or_else(|| At::new(String::new(), lane.span.clone())),
        turns: lane.words("turns", &turns),
        also: Vec::new(),
    }
}

fn read_detector(detector: &Section<'_>) -> RawDetector {
    let uses = [
        ("presence", RawUse::Presence),
        ("advance", RawUse::Advance),
        ("button", RawUse::Button),
    ];
    let faults = [
        ("recall-min", OnFault::RecallMin),
        ("recall-max", OnFault::RecallMax),
        ("recall-every-cycle", OnFault::RecallEveryCycle),
    ];
    if !detector.has("channel") {
        detector.missing("channel", "add `channel = ...`: 0-31, for buttons 0-15");
    }
    RawDetector {
        head: detector.span.clone(),
        id: id_of(detector),
        channel: detector.whole("channel", 0..32),
        usage: detector.word_needed("use", &uses).map(|usage| usage.value),
        groups: detector.texts_needed("groups"),
        approach: detector.text("approach"),
        lane: detector.whole("lane", 0..16),
        upstream: detector.metres("upstream_m"),
        passage: detector.secs("passage_s"),
        stuck_on: detector.minutes("stuck_on_min"),
        stuck_off: detector.minutes("stuck_off_min"),
        chatter_per_min: detector.whole("chatter_per_min", 1..10_000),
        on_fault: detector.word("on_fault", &faults),
    }
}

fn read_stage(stage: &Section<'_>) -> RawStage {
    RawStage {
        id: id_of(stage),
        green: stage.texts_needed("green"),
        green_span: stage.key_span("green"),
        late_start: stage.secs_by_name("late_start_s"),
        early_end: stage.secs_by_name("early_end_s"),
    }
}

fn read_move(row: &Section<'_>) -> RawMove {
    let forbidden = row.flag("forbidden").unwrap_or(false);
    if forbidden == row.has("via") {
        row.missing("via", "write either `via = \"...\"` or `forbidden = true`");
    }
    RawMove {
        head: row.span.clone(),
        from: row.text_needed("from"),
        to: row.text_needed("to"),
        via: row.text("via").filter(|_| !forbidden),
    }
}

fn read_plan(plan: &Section<'_>) -> RawPlan {
    let modes = [
        ("fixed", PlanMode::Fixed),
        ("actuated", PlanMode::Actuated),
        ("coordinated", PlanMode::Coordinated),
        ("adaptive", PlanMode::Adaptive),
    ];
    let offset_refs = [
        ("start-of-green", OffsetRef::StartOfGreen),
        ("end-of-green", OffsetRef::EndOfGreen),
        ("start-of-amber", OffsetRef::StartOfAmber),
    ];
    let recalls = [
        ("none", Recall::None),
        ("min", Recall::Min),
        ("max", Recall::Max),
    ];
    plan.word("force_off", &[("fixed", ()), ("floating", ())]);
    let transition = plan.table("transition", "transition", &TRANSITION);
    if let Some(transition) = &transition {
        let methods = [("dwell", ()), ("shortway", ()), ("add-only", ())];
        transition.word("method", &methods);
    }
    RawPlan {
        head: plan.span.clone(),
        id: id_of(plan),
        mode: plan.word_needed("mode", &modes).map(|mode| mode.value),
        cycle: plan.secs("cycle_s"),
        offset: plan.secs("offset_s"),
        offset_ref: plan.word("offset_ref", &offset_refs),
        says: plan.names(),
        coordinated: plan.text("coordinated"),
        sequence: plan.texts_needed("sequence"),
        sequence_span: plan.key_span("sequence"),
        splits: plan.secs_by_name("split_s"),
        split_span: plan.key_span("split_s"),
        recalls: plan.words_by_name("recall", &recalls),
        max_greens: plan.secs_by_name("max_green_s"),
        rest: plan.text("rest"),
        overrun: plan.word("overrun", &[("resync", ())]).is_some(),
        max_change: transition.and_then(|transition| transition.ratio("max_change")),
        adaptive: plan
            .table("adaptive", "adaptive", &ADAPTIVE)
            .map(|rules| read_rules(&rules)),
    }
}

fn read_rules(rules: &Section<'_>) -> RawAdaptive {
    RawAdaptive {
        head: rules.span.clone(),
        level: rules.word("level", &Level::ALL.map(|level| (level.word(), level))),
        shadow: rules.flag("shadow").unwrap_or(false),
        green_max: rules.secs("green_max_s"),
        red_max: rules.secs("red_max_s"),
        split_change: rules.signed("split_change_max", &(0.0..0.5)),
        offset_change: rules.secs("offset_change_max_s"),
    }
}

fn read_safety(top: &Section<'_>) -> RawSafety {
    let shows = [
        ("flash-amber", RawShow::FlashAmber),
        ("all-red", RawShow::AllRed),
    ];
    let falls = [
        ("flash-amber", FallbackShow::FlashAmber),
        ("dark", FallbackShow::Dark),
    ];
    let Some(safety) = top.table("safety", "[safety]", &SAFETY) else {
        if !top.has("safety") {
            top.missing(
                "safety",
                "add [safety] with startup, fallback and readback_ms",
            );
        }
        return RawSafety {
            head: 0..0,
            startup: Vec::new(),
            startup_span: 0..0,
            fallback: None,
            readback: None,
        };
    };
    safety.word("red_lamp_lost", &falls);
    let steps = safety.tables("startup", "a step of the start-up", &STARTUP, usize::MAX);
    let read = |step: &Section<'_>| {
        let show = step.word_needed("show", &shows)?;
        Some((show.value, step.secs_needed("for_s")?))
    };
    RawSafety {
        head: safety.span.clone(),
        startup: steps.iter().filter_map(read).collect(),
        startup_span: safety.key_span("startup"),
        fallback: safety
            .word_needed("fallback", &falls)
            .map(|fall| fall.value),
        readback: safety.millis("readback_ms"),
    }
}
