//! Walkers and riders: they come, press, wait, cross at their own speed.

use core::mem;

use serde::{Deserialize, Serialize};

use super::lane::DT;
use super::map::{StreetMap, WalkSpec};
use super::referee::{PeopleOnSite, Person};
use super::sensors::Press;
use super::street::SiteLamps;
use super::virtual_street::{VirtualStreet, lamp};
use crate::ids::SiteId;
use crate::signal::Indication;

/// Who walks slower than this knows it, and starts only early in a walk, metres per second.
const SLOW_MPS: f32 = 1.05;
/// Slow walkers start only this early in a walk, milliseconds.
const SLOW_START_MS: u64 = 2500;
/// How long a button is held by those in no need of more time, milliseconds.
const SHORT_PRESS_MS: u64 = 300;
/// Standing riders set off one after the other in this time, milliseconds.
const RIDER_HEADWAY_MS: u64 = 500;

/// Walkers of one pedestrian group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Walkers {
    waiting: Vec<Waiting>,
    pub(super) crossing: Vec<Crossing>,
    /// Walkers who are where turning traffic wants to go.
    pub(super) in_way: u32,
    /// When steady walk began, if it is shown.
    walk_since: Option<u64>,
    /// The first press (or, without a button, the first arrival) nobody has answered yet.
    pub(super) asked_at: Option<u64>,
    pub(super) wait_max_ms: u64,
    next_button: usize,
}

/// Riders of one approach.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Riders {
    pub(super) waiting: u16,
    pub(super) crossing: Vec<Crossing>,
    next_start: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    speed: f32,
    /// Time this person takes to notice the walk, milliseconds.
    notices: u64,
}

/// Somebody between the kerbs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Crossing {
    pub(super) person: u64,
    until: u64,
    /// The part of the way that turning traffic crosses.
    way_from: u64,
    way_to: u64,
}

impl VirtualStreet {
    /// Moves all walkers.
    pub(super) fn walk(&mut self, map: &StreetMap, demand: f32, lamps: &[SiteLamps]) {
        for (at, spec) in map.walks.iter().enumerate() {
            let mut group = mem::take(&mut self.walkers[at]);
            let shown = lamp(lamps, spec.site, spec.group);
            self.watch_lamp(&mut group, shown);
            if self
                .people_dice
                .chance(spec.walkers_h * demand * (DT / 3600.0))
            {
                self.arrive(&mut group, spec, shown);
            }
            self.set_off(&mut group, spec, shown);
            self.leave(&mut group);
            self.counts.people_delay_s += f64::from(count(group.waiting.len())) * f64::from(DT);
            self.walkers[at] = group;
        }
    }

    fn watch_lamp(&mut self, group: &mut Walkers, shown: Indication) {
        if shown != Indication::Green {
            group.walk_since = None;
        } else if group.walk_since.is_none() {
            group.walk_since = Some(self.clock);
            if let Some(asked) = group.asked_at.take() {
                group.wait_max_ms = group.wait_max_ms.max(self.clock - asked);
                self.counts.requests += 1;
            }
        }
    }

    fn arrive(&mut self, group: &mut Walkers, spec: &WalkSpec, shown: Indication) {
        let speed = self.people_dice.between(0.9, 1.5);
        let notices = 500 + self.people_dice.next() % 1000;
        let person = Waiting { speed, notices };
        group.waiting.push(person);
        let many = group.waiting.len() > 1 && self.people_dice.chance(0.6);
        if shown != Indication::Green && !many {
            self.ask(group, spec, speed < SLOW_MPS);
        }
    }

    /// Presses the button, or just waits where there is none.
    fn ask(&mut self, group: &mut Walkers, spec: &WalkSpec, long: bool) {
        group.asked_at.get_or_insert(self.clock);
        if spec.buttons.is_empty() {
            return;
        }
        group.next_button = (group.next_button + 1) % spec.buttons.len();
        let held = if long {
            u64::from(spec.long_press.as_ms()) + 300
        } else {
            SHORT_PRESS_MS
        };
        self.counts.presses += 1;
        self.buttons[spec.site.index()].press(Press {
            channel: spec.buttons[group.next_button],
            until: self.clock + held,
        });
    }

    /// Everybody who has noticed a steady walk sets off; nobody does on flashing.
    fn set_off(&mut self, group: &mut Walkers, spec: &WalkSpec, shown: Indication) {
        if group.waiting.is_empty() {
            return;
        }
        let Some(since) = group.walk_since else {
            if group.asked_at.is_none() && shown != Indication::Green {
                // Left behind by the last walk: ask for the next one.
                let long = group.waiting.iter().any(|person| person.speed < SLOW_MPS);
                self.ask(group, spec, long);
            }
            return;
        };
        let shown_for = self.clock - since;
        for at in (0..group.waiting.len()).rev() {
            let person = group.waiting[at];
            let late = person.speed < SLOW_MPS && shown_for > SLOW_START_MS;
            if shown_for >= person.notices && !late {
                group.waiting.swap_remove(at);
                let crossing = self.on_the_way(spec.crossing_m, person.speed);
                group.crossing.push(crossing);
            }
        }
    }

    /// Somebody who sets off now; turning traffic crosses either the first or the second half.
    fn on_the_way(&mut self, length_m: f32, speed: f32) -> Crossing {
        let takes = millis(length_m / speed);
        let half = takes / 2;
        let first = self.people_dice.chance(0.5);
        self.next_person += 1;
        Crossing {
            person: self.next_person,
            until: self.clock + takes,
            way_from: self.clock + if first { 0 } else { half },
            way_to: self.clock + if first { half } else { takes },
        }
    }

    fn leave(&mut self, group: &mut Walkers) {
        group.in_way = 0;
        for at in (0..group.crossing.len()).rev() {
            let person = group.crossing[at];
            if person.until <= self.clock {
                group.crossing.swap_remove(at);
                self.counts.walkers += 1;
            } else if person.way_from <= self.clock && self.clock < person.way_to {
                group.in_way += 1;
            }
        }
    }

    /// Moves all riders: they start on steady green only, and roll at 4-5 m/s.
    pub(super) fn ride(&mut self, map: &StreetMap, demand: f32, lamps: &[SiteLamps]) {
        for (at, spec) in map.riders.iter().enumerate() {
            let arrives = self
                .people_dice
                .chance(spec.riders_h * demand * (DT / 3600.0));
            let mut riders = mem::take(&mut self.riders[at]);
            riders.waiting = riders.waiting.saturating_add(u16::from(arrives));
            let green = lamp(lamps, spec.site, spec.group) == Indication::Green;
            if green && riders.waiting > 0 && riders.next_start <= self.clock {
                riders.waiting -= 1;
                riders.next_start = self.clock + RIDER_HEADWAY_MS;
                let speed = self.people_dice.between(4.0, 5.0);
                let crossing = self.on_the_way(spec.conflict_m, speed);
                riders.crossing.push(crossing);
            }
            for at in (0..riders.crossing.len()).rev() {
                if riders.crossing[at].until <= self.clock {
                    riders.crossing.swap_remove(at);
                    self.counts.riders += 1;
                }
            }
            let waited_s = f64::from(riders.waiting) * f64::from(DT);
            self.counts.people_delay_s += waited_s;
            self.counts.rider_delay_s += waited_s;
            self.riders[at] = riders;
        }
    }
}

impl PeopleOnSite for VirtualStreet {
    fn people_on(&self, site: SiteId, each: &mut dyn FnMut(Person)) {
        let walks = self.map.walks.iter().zip(&self.walkers);
        for (spec, walkers) in walks.filter(|(spec, _)| spec.site == site) {
            for person in &walkers.crossing {
                let (id, group) = (person.person, spec.group);
                each(Person {
                    id,
                    group,
                    rides: false,
                });
            }
        }
        let riders = self.map.riders.iter().zip(&self.riders);
        for (spec, riders) in riders.filter(|(spec, _)| spec.site == site) {
            for person in &riders.crossing {
                let (id, group) = (person.person, spec.group);
                each(Person {
                    id,
                    group,
                    rides: true,
                });
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a crossing takes seconds, never a negative time"
)]
fn millis(seconds: f32) -> u64 {
    (seconds * 1000.0).max(0.0) as u64
}

fn count(people: usize) -> u32 {
    u32::try_from(people).unwrap_or(u32::MAX)
}
