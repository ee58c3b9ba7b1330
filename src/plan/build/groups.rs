//! Signal groups: times, floors and the walkers behind them.

use super::super::checked::{GroupInfo, SiteKind, Walk};
use super::super::code::Code;
use super::super::finding::Sheet;
use super::super::names::stem;
use super::super::profile::Profile;
use super::super::raw::{RawGroup, RawSite};
use super::super::tree::At;
use super::{check_unique, secs};
use crate::signal::{AspectStep, AspectSteps, GroupKind, GroupTiming, Indication};
use crate::units::{Length, Millis, Speed, TICK};

/// Groups as the kernel and as people know them, one per `[[group]]`.
pub(super) struct Groups {
    pub(super) timings: Vec<GroupTiming>,
    pub(super) infos: Vec<GroupInfo>,
    /// The group's own longest green in an actuated plan.
    pub(super) longest: Vec<Millis>,
}

pub(super) fn build(
    sheet: &Sheet<'_>,
    raw: &RawSite,
    profile: &Profile,
    site: SiteKind,
    corridor_wait: Millis,
) -> Groups {
    check_unique(sheet, "group", raw.groups.iter().map(|group| &group.id));
    let mut groups = Groups {
        timings: Vec::new(),
        infos: Vec::new(),
        longest: Vec::new(),
    };
    for group in &raw.groups {
        let kind = group.kind.unwrap_or(GroupKind::Vehicle);
        let floors = Floors {
            sheet,
            profile,
            site,
        };
        let (mut timing, longest, walk) = if kind == GroupKind::Pedestrian {
            floors.walkers(group)
        } else {
            floors.driving(group, kind)
        };
        if kind == GroupKind::Pedestrian {
            timing.wait_max = corridor_wait;
        }
        groups.timings.push(timing);
        groups.longest.push(longest);
        groups.infos.push(GroupInfo {
            name: group.id.value.clone(),
            speed: speed_of(group, kind),
            walk,
        });
    }
    groups
}

fn speed_of(group: &RawGroup, kind: GroupKind) -> Speed {
    let usual = match kind {
        GroupKind::NonMotor => Speed::from_kmh(15),
        GroupKind::WaitingArea => Speed::from_kmh(20),
        GroupKind::Vehicle | GroupKind::Arrow | GroupKind::Pedestrian => Speed::ZERO,
    };
    group.speed.as_ref().map_or(usual, |speed| speed.value)
}

fn value(time: Option<&At<Millis>>) -> Millis {
    time.map_or(Millis::ZERO, |time| time.value)
}

/// The amber that lets a driver at `speed` stop in time or pass: one second to react, then half the
/// time of braking at 3.05 m/s2; level road; rounded up to a tick.
pub(super) fn amber_for(speed: Speed) -> Millis {
    const REACTION: Millis = Millis::from_secs(1);
    const BRAKE_MM_PER_S2: u32 = 3050;
    let half_ms = (speed.as_mm_per_s().saturating_mul(1000)).div_ceil(2 * BRAKE_MM_PER_S2);
    (REACTION + Millis::new(half_ms)).ceil_to_tick()
}

/// Steps of zero length are no steps.
fn steps(steps: &[(Indication, Millis)]) -> AspectSteps {
    let real: Vec<AspectStep> = steps
        .iter()
        .filter(|(_, lasts)| *lasts > Millis::ZERO)
        .map(|(show, lasts)| AspectStep {
            show: *show,
            lasts: *lasts,
        })
        .collect();
    AspectSteps::new(&real).unwrap_or(AspectSteps::NONE)
}

struct Floors<'c> {
    sheet: &'c Sheet<'c>,
    profile: &'c Profile,
    site: SiteKind,
}

impl Floors<'_> {
    fn driving(&self, group: &RawGroup, kind: GroupKind) -> (GroupTiming, Millis, Option<Walk>) {
        self.check_amber(group);
        self.only_for(group, kind);
        let floor = self.profile.green_floor;
        let green_min = value(group.min_green.as_ref());
        match &group.min_green {
            None => self.missing(group, "min_green_s"),
            Some(min) if min.value < floor => {
                self.below(Code::S07, group, ("min_green_s", min), floor);
            }
            Some(_) => {}
        }
        match &group.max_green {
            None => self.missing(group, "max_green_s"),
            Some(max) if max.value < green_min => {
                self.below(Code::P09, group, ("max_green_s", max), green_min);
            }
            Some(_) => {}
        }
        let red_floor = match self.site {
            SiteKind::Crossing => self.profile.red_floor_at_crossing,
            SiteKind::Junction => self.profile.red_floor,
        };
        if group.speed.is_none() && matches!(kind, GroupKind::Vehicle | GroupKind::Arrow) {
            self.missing(group, "speed_kmh");
        }
        let timing = GroupTiming {
            kind,
            gain: steps(&[(Indication::RedAmber, value(group.red_amber.as_ref()))]),
            lose: steps(&[
                (
                    Indication::FlashingGreen,
                    value(group.flashing_green.as_ref()),
                ),
                (Indication::Amber, value(group.amber.as_ref())),
            ]),
            green_min,
            green_max: self.profile.green_watchdog,
            red_min: self.min_red(group, red_floor),
            wait_max: self.profile.vehicle_wait_max,
        };
        let longest = value(group.max_green.as_ref()).max(green_min);
        (timing, longest, None)
    }

    fn walkers(&self, group: &RawGroup) -> (GroupTiming, Millis, Option<Walk>) {
        self.only_for(group, GroupKind::Pedestrian);
        let profile = self.profile;
        let walk = group
            .walk
            .as_ref()
            .map_or(profile.walk_default, |walk| walk.value);
        if let Some(given) = group.walk.as_ref().filter(|g| g.value < profile.walk_floor) {
            self.below(Code::S09, group, ("walk_s", given), profile.walk_floor);
        }
        let speed = group
            .walk_speed
            .as_ref()
            .map_or(profile.walk_speed_default, |speed| speed.value);
        let crossing = group
            .crossing
            .as_ref()
            .map_or(Length::ZERO, |way| way.value);
        for (key, absent) in [
            ("crossing_m", group.crossing.is_none()),
            ("clear_s", group.clear.is_none()),
        ] {
            if absent {
                self.missing(group, key);
            }
        }
        self.check_clear(group, crossing, speed);
        let walk_info = Walk {
            crossing,
            speed,
            walk,
            extend_by: value(group.extend_by.as_ref()),
            long_press: group
                .long_press
                .as_ref()
                .map_or(Millis::from_secs(2), |press| press.value),
            wait_max: self.walker_wait(group),
        };
        let timing = GroupTiming {
            kind: GroupKind::Pedestrian,
            gain: AspectSteps::NONE,
            lose: steps(&[(Indication::FlashingGreen, value(group.clear.as_ref()))]),
            green_min: walk.max(profile.walk_floor),
            green_max: profile.green_watchdog,
            red_min: self.min_red(group, profile.red_floor),
            wait_max: profile.corridor_wait_default,
        };
        (timing, walk + walk_info.extend_by, Some(walk_info))
    }

    fn check_amber(&self, group: &RawGroup) {
        let floor = self.profile.amber_floor;
        match &group.amber {
            Some(amber) if amber.value >= floor => self.check_amber_speed(group, amber),
            Some(amber) if amber.value > Millis::ZERO => {
                self.below(Code::S04, group, ("amber_s", amber), floor);
            }
            Some(_) | None if value(group.flashing_green.as_ref()) > Millis::ZERO => {
                let message = format!("\"{}\" goes from flashing green to red", group.id.value);
                let help = format!("add `amber_s = {}`", secs(floor));
                let span = group
                    .amber
                    .as_ref()
                    .map_or(&group.head, |amber| &amber.span);
                self.sheet.note(Code::S16, span, message, &help);
            }
            Some(amber) => self.below(Code::S04, group, ("amber_s", amber), floor),
            None => self.missing(group, "amber_s"),
        }
    }

    /// I3: above the speed that the floor is meant for, amber follows the formula.
    fn check_amber_speed(&self, group: &RawGroup, amber: &At<Millis>) {
        let speed = group
            .speed
            .as_ref()
            .map_or(Speed::ZERO, |speed| speed.value);
        let needed = amber_for(speed);
        if speed <= self.profile.amber_floor_up_to || amber.value + TICK >= needed {
            return;
        }
        let message = format!(
            "\"{}\" has {} s of amber, but drivers at {} km/h need {} s to stop or pass",
            group.id.value,
            secs(amber.value),
            (f64::from(speed.as_mm_per_s()) * 3.6 / 1000.0).round(),
            secs(needed)
        );
        let help = format!(
            "write `amber_s = {}`, or slow the approach down",
            secs(needed)
        );
        self.sheet.note(Code::S19, &amber.span, message, &help);
    }

    fn check_clear(&self, group: &RawGroup, crossing: Length, speed: Speed) {
        let fastest = self.profile.walk_speed_max;
        if let Some(speed) = group.walk_speed.as_ref().filter(|s| s.value > fastest) {
            let message = format!("\"{}\" is designed for running walkers", group.id.value);
            let limit = f64::from(fastest.as_mm_per_s()) / 1000.0;
            let help = format!("design for at most {limit} m/s; 1.0 m/s is usual");
            self.sheet.note(Code::S08, &speed.span, message, &help);
        }
        let needed = crossing.time_at(speed).ceil_to_tick();
        let Some(clear) = group.clear.as_ref().filter(|clear| clear.value < needed) else {
            return;
        };
        let message = format!(
            "\"{}\" flashes {} s, but {} m at {} m/s take {} s",
            group.id.value,
            secs(clear.value),
            f64::from(crossing.as_mm()) / 1000.0,
            f64::from(speed.as_mm_per_s()) / 1000.0,
            secs(needed)
        );
        let help = format!("write `clear_s = {}`, or build a refuge", secs(needed));
        self.sheet.note(Code::S08, &clear.span, message, &help);
    }

    fn walker_wait(&self, group: &RawGroup) -> Millis {
        let profile = self.profile;
        let Some(bound) = &group.max_wait else {
            return profile.walker_wait_default;
        };
        if bound.value > profile.walker_wait_ceiling && group.max_wait_reason.is_none() {
            let message = format!(
                "\"{}\" lets walkers wait {} s without a stated reason",
                group.id.value,
                secs(bound.value)
            );
            let help = format!(
                "at most {} s, or add `max_wait_reason = \"...\"`",
                secs(profile.walker_wait_ceiling)
            );
            self.sheet.note(Code::P10, &bound.span, message, &help);
        }
        bound.value
    }

    fn min_red(&self, group: &RawGroup, floor: Millis) -> Millis {
        let Some(red) = &group.min_red else {
            return floor;
        };
        if red.value < floor {
            self.below(Code::S07, group, ("min_red_s", red), floor);
        }
        red.value
    }

    /// Keys that a group of this kind cannot have.
    fn only_for(&self, group: &RawGroup, kind: GroupKind) {
        let walks = kind == GroupKind::Pedestrian;
        let driving_keys = [
            ("red_amber_s", &group.red_amber),
            ("flashing_green_s", &group.flashing_green),
            ("amber_s", &group.amber),
            ("min_green_s", &group.min_green),
            ("max_green_s", &group.max_green),
        ];
        let walking_keys = [
            ("walk_s", &group.walk),
            ("clear_s", &group.clear),
            ("extend_by_s", &group.extend_by),
            ("long_press_s", &group.long_press),
            ("max_wait_s", &group.max_wait),
        ];
        let (foreign, whose) = if walks {
            (driving_keys, "groups that drive")
        } else {
            (walking_keys, "pedestrian groups")
        };
        for (key, given) in foreign {
            if let Some(given) = given {
                let message = format!("\"{}\" has `{key}`", group.id.value);
                let help = format!("`{key}` is for {whose}; remove it");
                self.sheet.note(Code::F01, &given.span, message, &help);
            }
        }
    }

    fn missing(&self, group: &RawGroup, key: &str) {
        let tried = group.says.iter().any(|said| stem(&said.value) == stem(key));
        if group.kind.is_none() || tried {
            return;
        }
        let message = format!("group \"{}\" has no `{key}`", group.id.value);
        let help = format!("add `{key} = ...`");
        self.sheet.note(Code::F07, &group.head, message, &help);
    }

    fn below(
        &self,
        code: Code,
        group: &RawGroup,
        (key, given): (&str, &At<Millis>),
        floor: Millis,
    ) {
        let message = format!(
            "`{key}` of \"{}\" is {} s; at least {} s is needed",
            group.id.value,
            secs(given.value),
            secs(floor)
        );
        let help = format!("write `{key} = {}` or more", secs(floor));
        self.sheet.note(code, &given.span, message, &help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of the trade reference, rounded up to a tick.
    #[test]
    fn i03_amber_follows_the_speed() {
        let tenths = |kmh| amber_for(Speed::from_kmh(kmh)).as_ms() / 100;
        assert_eq!([40, 50, 60, 70, 80].map(tenths), [29, 33, 38, 42, 47]);
    }
}
