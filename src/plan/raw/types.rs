//! The sections of a site file.

use super::super::checked::{OnFault, PlanMode, Recall, SiteKind, TurnKind};
use super::super::finding::Span;
use super::super::ladder::Level;
use super::super::tree::At;
use crate::signal::{FallbackShow, GroupKind};
use crate::units::{Length, Millis, Speed};

/// A site file, read.
#[derive(Debug)]
pub(in super::super) struct RawSite {
    pub(in super::super) head: Span,
    pub(in super::super) id: Option<At<String>>,
    pub(in super::super) name_zh: Option<At<String>>,
    pub(in super::super) name_en: Option<At<String>>,
    pub(in super::super) kind: Option<SiteKind>,
    pub(in super::super) profile: Option<At<String>>,
    pub(in super::super) corridor_wait: Option<At<Millis>>,
    pub(in super::super) corridor_red: Option<At<Millis>>,
    pub(in super::super) corridor_hold: Option<At<Millis>>,
    pub(in super::super) groups: Vec<RawGroup>,
    pub(in super::super) matrix: RawMatrix,
    pub(in super::super) approaches: Vec<RawApproach>,
    pub(in super::super) detectors: Vec<RawDetector>,
    pub(in super::super) stages: Vec<RawStage>,
    pub(in super::super) moves: Vec<RawMove>,
    pub(in super::super) plans: Vec<RawPlan>,
    pub(in super::super) safety: RawSafety,
}

/// One `[[group]]`.
#[derive(Debug)]
pub(in super::super) struct RawGroup {
    pub(in super::super) head: Span,
    /// The keys of the section, unknown and unreadable ones included.
    pub(in super::super) says: Vec<At<String>>,
    pub(in super::super) id: At<String>,
    pub(in super::super) kind: Option<GroupKind>,
    pub(in super::super) red_amber: Option<At<Millis>>,
    pub(in super::super) flashing_green: Option<At<Millis>>,
    pub(in super::super) amber: Option<At<Millis>>,
    pub(in super::super) min_green: Option<At<Millis>>,
    pub(in super::super) max_green: Option<At<Millis>>,
    pub(in super::super) min_red: Option<At<Millis>>,
    pub(in super::super) speed: Option<At<Speed>>,
    pub(in super::super) crosses: Vec<At<String>>,
    pub(in super::super) crossing: Option<At<Length>>,
    pub(in super::super) walk_speed: Option<At<Speed>>,
    pub(in super::super) walk: Option<At<Millis>>,
    pub(in super::super) clear: Option<At<Millis>>,
    pub(in super::super) extend_by: Option<At<Millis>>,
    pub(in super::super) long_press: Option<At<Millis>>,
    pub(in super::super) max_wait: Option<At<Millis>>,
    pub(in super::super) max_wait_reason: Option<At<String>>,
}

/// The tables that say how groups stand to each other.
#[derive(Debug)]
pub(in super::super) struct RawMatrix {
    pub(in super::super) head: Span,
    pub(in super::super) intergreens: Vec<(At<String>, At<String>, At<Millis>)>,
    pub(in super::super) clearing: Vec<(At<String>, At<String>, At<Length>)>,
    pub(in super::super) permissive: Vec<(At<String>, At<String>)>,
    pub(in super::super) compatible: Vec<(At<String>, At<String>)>,
    pub(in super::super) rest: bool,
}

/// One `[[approach]]`.
#[derive(Debug)]
pub(in super::super) struct RawApproach {
    pub(in super::super) head: Span,
    pub(in super::super) id: At<String>,
    pub(in super::super) road: Option<At<String>>,
    pub(in super::super) groups: Vec<At<String>>,
    pub(in super::super) emergency_groups: Option<Vec<At<String>>>,
    pub(in super::super) emergency_stage: Option<At<String>>,
    pub(in super::super) emergency_none: Option<At<()>>,
    pub(in super::super) emergency_reason: Option<At<String>>,
    pub(in super::super) emergency_entry: Option<At<()>>,
    pub(in super::super) riders: Option<At<String>>,
    pub(in super::super) lanes: Vec<RawLane>,
}

/// One `[[approach.lane]]`.
#[derive(Debug)]
pub(in super::super) struct RawLane {
    pub(in super::super) group: At<String>,
    pub(in super::super) turns: Vec<TurnKind>,
    /// Movements of other groups that share the lane.
    pub(in super::super) also: Vec<RawLane>,
}

/// What a detector is for, without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum RawUse {
    Presence,
    Advance,
    Button,
}

/// One `[[detector]]`.
#[derive(Debug)]
pub(in super::super) struct RawDetector {
    pub(in super::super) head: Span,
    pub(in super::super) id: At<String>,
    pub(in super::super) channel: Option<At<u32>>,
    pub(in super::super) usage: Option<RawUse>,
    pub(in super::super) groups: Vec<At<String>>,
    pub(in super::super) approach: Option<At<String>>,
    pub(in super::super) lane: Option<At<u32>>,
    pub(in super::super) upstream: Option<At<Length>>,
    pub(in super::super) passage: Option<At<Millis>>,
    pub(in super::super) stuck_on: Option<At<Millis>>,
    pub(in super::super) stuck_off: Option<At<Millis>>,
    pub(in super::super) chatter_per_min: Option<At<u32>>,
    pub(in super::super) on_fault: Option<At<OnFault>>,
}

/// One `[[stage]]`.
#[derive(Debug)]
pub(in super::super) struct RawStage {
    pub(in super::super) id: At<String>,
    pub(in super::super) green: Vec<At<String>>,
    pub(in super::super) green_span: Span,
    pub(in super::super) late_start: Vec<(At<String>, At<Millis>)>,
    pub(in super::super) early_end: Vec<(At<String>, At<Millis>)>,
}

/// One `[[move]]`.
#[derive(Debug)]
pub(in super::super) struct RawMove {
    pub(in super::super) head: Span,
    pub(in super::super) from: Option<At<String>>,
    pub(in super::super) to: Option<At<String>>,
    pub(in super::super) via: Option<At<String>>,
}

/// What an offset in a file speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum OffsetRef {
    StartOfGreen,
    EndOfGreen,
    StartOfAmber,
}

/// One `[[plan]]`.
#[derive(Debug)]
pub(in super::super) struct RawPlan {
    pub(in super::super) head: Span,
    pub(in super::super) id: At<String>,
    pub(in super::super) mode: Option<PlanMode>,
    pub(in super::super) cycle: Option<At<Millis>>,
    pub(in super::super) offset: Option<At<Millis>>,
    pub(in super::super) offset_ref: Option<At<OffsetRef>>,
    /// The keys of the section, unreadable ones included.
    pub(in super::super) says: Vec<At<String>>,
    pub(in super::super) coordinated: Option<At<String>>,
    pub(in super::super) sequence: Vec<At<String>>,
    pub(in super::super) sequence_span: Span,
    pub(in super::super) splits: Vec<(At<String>, At<Millis>)>,
    pub(in super::super) split_span: Span,
    pub(in super::super) recalls: Vec<(At<String>, At<Recall>)>,
    pub(in super::super) max_greens: Vec<(At<String>, At<Millis>)>,
    pub(in super::super) rest: Option<At<String>>,
    pub(in super::super) overrun: bool,
    pub(in super::super) max_change: Option<At<f64>>,
    pub(in super::super) adaptive: Option<RawAdaptive>,
}

/// `adaptive` of a plan.
#[derive(Debug)]
pub(in super::super) struct RawAdaptive {
    pub(in super::super) head: Span,
    pub(in super::super) level: Option<At<Level>>,
    pub(in super::super) shadow: bool,
    pub(in super::super) green_max: Option<At<Millis>>,
    pub(in super::super) red_max: Option<At<Millis>>,
    pub(in super::super) split_change: Option<At<f64>>,
    pub(in super::super) offset_change: Option<At<Millis>>,
}

/// `[safety]`.
#[derive(Debug)]
pub(in super::super) struct RawSafety {
    pub(in super::super) head: Span,
    pub(in super::super) startup: Vec<(RawShow, At<Millis>)>,
    pub(in super::super) startup_span: Span,
    pub(in super::super) fallback: Option<FallbackShow>,
    pub(in super::super) readback: Option<At<Millis>>,
}

/// What a step of the start-up shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum RawShow {
    FlashAmber,
    AllRed,
}

impl RawPlan {
    /// True if the section has `key`, readable or not.
    pub(in super::super) fn says(&self, key: &str) -> bool {
        self.says.iter().any(|said| said.value == key)
    }
}
