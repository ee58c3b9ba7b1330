//! Detectors and push buttons, and who can ask for green.

use super::super::checked::{Approach, Detector, DetectorUse, OnFault, Plan};
use super::super::code::Code;
use super::super::raw::{RawDetector, RawSite, RawUse};
use super::waits::worst_wait;
use super::{Draft, check_unique, secs};
use crate::ids::{ApproachId, GroupId};
use crate::signal::{GroupKind, GroupSet};
use crate::units::{Length, Millis};

/// Channels of one cabinet unit for buttons; detectors have 32.
const BUTTONS: u32 = 16;

/// Who can ask for green, and who is heard.
pub(super) struct Demand {
    /// Groups that people wait for.
    pub(super) wanted: GroupSet,
    /// Groups with a detector or button.
    pub(super) called: GroupSet,
    /// Groups that turn left and the oncoming groups they yield to.
    pub(super) left_yields: Vec<(GroupId, GroupId)>,
}

impl Demand {
    pub(super) fn of(draft: &Draft<'_>, approaches: &[Approach], detectors: &[Detector]) -> Self {
        let lanes = approaches.iter().flat_map(|approach| &approach.lanes);
        let lanes = lanes.fold(GroupSet::EMPTY, |all, lane| all.union(lane.groups()));
        let riders: GroupSet = approaches.iter().filter_map(|a| a.riders).collect();
        let called = detectors
            .iter()
            .fold(GroupSet::EMPTY, |all, detector| all.union(detector.groups));
        let walkers: GroupSet = (0_u8..)
            .zip(&draft.timings)
            .filter(|(_, timing)| timing.kind == GroupKind::Pedestrian)
            .map(|(group, _)| GroupId::new(group))
            .collect();
        Self {
            wanted: lanes.union(riders).union(called).union(walkers),
            called,
            left_yields: super::emergency::left_yields(&draft.conflicts, approaches),
        }
    }
}

pub(super) fn build(draft: &Draft<'_>, raw: &RawSite) -> Vec<Detector> {
    let ids = raw.detectors.iter().map(|detector| &detector.id);
    check_unique(draft.sheet, "detector", ids);
    check_channels(draft, raw);
    raw.detectors
        .iter()
        .map(|detector| build_detector(draft, raw, detector))
        .collect()
}

fn check_channels(draft: &Draft<'_>, raw: &RawSite) {
    let mut used: Vec<(bool, u32)> = Vec::new();
    for detector in &raw.detectors {
        let Some(channel) = &detector.channel else {
            continue;
        };
        let button = detector.usage == Some(RawUse::Button);
        let message = if button && channel.value >= BUTTONS {
            format!("buttons have channels 0 to {}", BUTTONS - 1)
        } else if used.contains(&(button, channel.value)) {
            format!("channel {} is taken", channel.value)
        } else {
            used.push((button, channel.value));
            continue;
        };
        let help = "give it a free channel; detectors and buttons count apart";
        draft.sheet.note(Code::D05, &channel.span, message, help);
    }
}

fn build_detector(draft: &Draft<'_>, site: &RawSite, raw: &RawDetector) -> Detector {
    let button = raw.usage == Some(RawUse::Button);
    if raw.on_fault.is_none() {
        let message = format!(
            "\"{}\" does not say what happens while it is faulty",
            raw.id.value
        );
        let help = "add `on_fault = \"recall-min\"`, for a button \"recall-every-cycle\"";
        draft.sheet.note(Code::D03, &raw.head, message, help);
    }
    let upstream = raw.upstream.as_ref().map_or(Length::ZERO, |way| way.value);
    let usage = match raw.usage {
        Some(RawUse::Button) => DetectorUse::Button,
        Some(RawUse::Advance) => {
            if upstream == Length::ZERO {
                let message = format!("\"{}\" does not say how far upstream it lies", raw.id.value);
                let help = "add `upstream_m = ...`";
                draft.sheet.note(Code::F07, &raw.head, message, help);
            }
            DetectorUse::Advance(upstream)
        }
        Some(RawUse::Presence) | None => DetectorUse::Presence,
    };
    let or = |given: Option<Millis>, usual: Millis| given.unwrap_or(usual);
    let minutes = |count: u32| Millis::from_secs(count * 60);
    let stuck_on_usual = minutes(if button { 5 } else { 10 });
    let chatter = raw.chatter_per_min.as_ref().map_or(60, |rate| rate.value);
    Detector {
        name: raw.id.value.clone(),
        channel: channel_of(raw),
        usage,
        groups: draft.group_set(Code::D01, &raw.groups),
        lane: lane_of(draft, site, raw),
        passage: or(raw.passage.as_ref().map(|t| t.value), Millis::from_secs(3)),
        stuck_on: or(raw.stuck_on.as_ref().map(|t| t.value), stuck_on_usual),
        stuck_off: or(raw.stuck_off.as_ref().map(|t| t.value), minutes(240)),
        chatter_per_min: u16::try_from(chatter).unwrap_or(u16::MAX),
        on_fault: raw
            .on_fault
            .as_ref()
            .map_or(OnFault::RecallMin, |f| f.value),
    }
}

fn channel_of(raw: &RawDetector) -> u8 {
    let channel = raw.channel.as_ref().map_or(0, |channel| channel.value);
    u8::try_from(channel).unwrap_or(u8::MAX)
}

fn lane_of(draft: &Draft<'_>, site: &RawSite, raw: &RawDetector) -> Option<(ApproachId, u8)> {
    let sheet = draft.sheet;
    if raw.usage == Some(RawUse::Button) {
        if let Some(approach) = &raw.approach {
            let message = format!("button \"{}\" lies in no lane", raw.id.value);
            let help = "remove `approach` and `lane`";
            sheet.note(Code::F01, &approach.span, message, help);
        }
        return None;
    }
    let (Some(approach), Some(lane)) = (&raw.approach, &raw.lane) else {
        let message = format!("detector \"{}\" does not say where it lies", raw.id.value);
        let help = "add `approach = \"...\"` and `lane = ...`, counted from 0 at the kerb";
        sheet.note(Code::F07, &raw.head, message, help);
        return None;
    };
    let names: Vec<&str> = site
        .approaches
        .iter()
        .map(|a| a.id.value.as_str())
        .collect();
    let at = super::resolve(sheet, Code::F11, "approach", &names, approach)?;
    let lanes = site
        .approaches
        .get(usize::from(at))
        .map_or(0, |a| a.lanes.len());
    let number = u8::try_from(lane.value).unwrap_or(u8::MAX);
    if usize::from(number) >= lanes {
        let message = format!("approach \"{}\" has {lanes} lanes", approach.value);
        let help = "lanes count from 0 at the kerb";
        sheet.note(Code::F11, &lane.span, message, help);
        return None;
    }
    Some((ApproachId::new(at), number))
}

/// A vehicle standing through the longest red is no fault (D04).
pub(super) fn check_stuck_on(
    draft: &Draft<'_>,
    raw: &RawSite,
    detectors: &[Detector],
    plans: &[Plan],
) {
    for (detector, written) in detectors.iter().zip(&raw.detectors) {
        if detector.usage == DetectorUse::Button {
            continue;
        }
        let reds = plans.iter().flat_map(|plan| {
            let groups = detector.groups.iter();
            groups.filter_map(move |group| worst_wait(draft, plan, group))
        });
        let longest = reds.max().unwrap_or(Millis::ZERO);
        if detector.stuck_on > longest {
            continue;
        }
        let message = format!(
            "\"{}\" is called stuck after {} s, but its red can last {} s",
            detector.name,
            secs(detector.stuck_on),
            secs(longest)
        );
        let span = written
            .stuck_on
            .as_ref()
            .map_or(&written.head, |time| &time.span);
        let help = "raise `stuck_on_min`; 10 is usual";
        draft.sheet.note(Code::D04, span, message, help);
    }
}
