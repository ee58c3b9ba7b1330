//! The keys of a site file, section by section.

use super::super::code::Code;
use super::super::keys::Keys;

pub(super) const TOP: Keys = Keys::only(&[
    "schema",
    "site",
    "group",
    "intergreen_s",
    "clearing_m",
    "permissive",
    "compatible",
    "approach",
    "detector",
    "stage",
    "move",
    "plan",
    "safety",
]);
pub(super) const SITE: Keys = Keys::only(&[
    "id",
    "name_zh",
    "name_en",
    "kind",
    "profile",
    "corridor_wait_max_s",
    "corridor_red_max_s",
    "corridor_hold_max_s",
]);
pub(super) const GROUP: Keys = Keys::only(&[
    "id",
    "kind",
    "red_amber_s",
    "flashing_green_s",
    "amber_s",
    "min_green_s",
    "max_green_s",
    "min_red_s",
    "speed_kmh",
    "crosses",
    "crossing_m",
    "walk_speed_mps",
    "walk_s",
    "clear_s",
    "extend_by_s",
    "long_press_s",
    "max_wait_s",
    "max_wait_reason",
]);
pub(super) const APPROACH: Keys = Keys::only(&[
    "id",
    "road",
    "groups",
    "emergency_groups",
    "emergency_stage",
    "emergency",
    "emergency_reason",
    "emergency_entry",
    "riders",
    "lane",
]);
pub(super) const LANE: Keys = Keys::only(&["group", "turns", "also"]);
pub(super) const ALSO: Keys = Keys::only(&["group", "turns"]);
pub(super) const DETECTOR: Keys = Keys::only(&[
    "id",
    "channel",
    "use",
    "groups",
    "approach",
    "lane",
    "upstream_m",
    "passage_s",
    "stuck_on_min",
    "stuck_off_min",
    "chatter_per_min",
    "on_fault",
]);
pub(super) const STAGE: Keys = Keys::only(&["id", "green", "late_start_s", "early_end_s"]);
pub(super) const MOVE: Keys = Keys::only(&["from", "to", "via", "forbidden"]);
pub(super) const PLAN: Keys = Keys {
    known: &[
        "id",
        "mode",
        "adaptive",
        "cycle_s",
        "offset_s",
        "offset_ref",
        "coordinated",
        "sequence",
        "split_s",
        "recall",
        "max_green_s",
        "rest",
        "force_off",
        "transition",
        "overrun",
    ],
    forbidden: Some((
        Code::S15,
        &[
            "red_amber_s",
            "flashing_green_s",
            "amber_s",
            "min_green_s",
            "min_red_s",
            "walk_s",
            "clear_s",
            "intergreen_s",
            "permissive",
            "compatible",
            "startup",
            "fallback",
            "readback_ms",
        ],
        "safety data stands in [[group]], [intergreen_s] and [safety], once for all plans",
    )),
};
pub(super) const ADAPTIVE: Keys = Keys::only(&[
    "level",
    "shadow",
    "green_max_s",
    "red_max_s",
    "split_change_max",
    "offset_change_max_s",
]);
pub(super) const TRANSITION: Keys = Keys::only(&["method", "max_change"]);
pub(super) const SAFETY: Keys =
    Keys::only(&["startup", "fallback", "readback_ms", "red_lamp_lost"]);
pub(super) const STARTUP: Keys = Keys::only(&["show", "for_s"]);
