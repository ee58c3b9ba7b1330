//! One site run on for a few minutes in steps of a second, with and without a hold.
//!
//! Vehicles are counted in thousandths and wait in one queue a lane; the queue leaves at the
//! saturation headway once its signal has been green for the start loss. What this leaves out is
//! written down in `docs/decisions/0011-worth.md`.

use super::{Settings, SiteSketch};
use crate::signal::GroupSet;
use crate::units::Millis;

/// Lanes that are run on; no site of ours has more.
const LANES_MAX: usize = 32;
/// Over a lane that yields to a green stream this share of the saturation flow leaves, per mille.
const YIELDING: u32 = 400;
/// A vehicle that had to stop loses this on top of the standing: braking and getting up to speed.
const STOP_LOSS_S: u32 = 5;
/// Stages of a plan that are run on.
const STAGES_MAX: usize = 16;

/// How this run differs from the expected one, per mille of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Luck {
    /// Vehicles that arrive.
    pub(super) flow: u32,
    /// Vehicles that wait now.
    pub(super) queue: u32,
    /// How long stages last that end on demand, and where in an unknown round one stands.
    pub(super) moment: u32,
}

/// One lane while it is run on.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    queue_milli: u32,
    green_s: u32,
    waited_s: u32,
    longest_s: u32,
}

/// What the signal does.
#[derive(Clone, Copy, Debug)]
enum Show {
    /// A stage of the plan, for so many seconds so far.
    Stage(usize, u32),
    /// Changing to a stage, so many seconds left.
    To(usize, u32),
    /// Changing into the hold; its groups that are green already stay so.
    Clearing(u32),
    /// The vehicle's approach is green.
    Held,
}

/// One site in a branch of time.
#[derive(Clone, Debug)]
pub(super) struct Branch<'a> {
    sketch: &'a SiteSketch,
    luck: Luck,
    lanes: [Lane; LANES_MAX],
    show: Show,
    go: GroupSet,
    /// The plan's clock goes on under a hold.
    clock_s: u32,
    /// The held groups have to be green in so many seconds: nothing hostile that could not be over by
    /// then is begun.
    due_in_s: Option<u32>,
    /// Seconds run so far.
    pub(super) at_s: u32,
    /// Delay of others so far, thousandths of vehicle-seconds.
    pub(super) delay_milli: u64,
    headway_ms: u32,
    start_loss_s: u32,
    ahead_milli: Option<u32>,
    stood_s: u32,
}

impl<'a> Branch<'a> {
    pub(super) fn new(sketch: &'a SiteSketch, luck: Luck, settings: &Settings) -> Self {
        let mut lanes = [Lane::default(); LANES_MAX];
        for (lane, known) in lanes.iter_mut().zip(&sketch.lanes) {
            lane.queue_milli = u32::from(known.queue) * luck.queue;
            lane.waited_s = seconds(known.waited);
            lane.longest_s = if known.queue > 0 { lane.waited_s } else { 0 };
        }
        let mut branch = Self {
            sketch,
            luck,
            lanes,
            show: Show::Stage(0, 0),
            go: GroupSet::EMPTY,
            clock_s: 0,
            due_in_s: None,
            at_s: 0,
            delay_milli: 0,
            headway_ms: settings.headway.as_ms().max(1),
            start_loss_s: seconds(settings.start_loss),
            ahead_milli: None,
            stood_s: 0,
        };
        branch.begin();
        branch
    }

    /// Puts the signal where it stands, or somewhere in its round if nobody knows.
    fn begin(&mut self) {
        let round_s = self.round_s();
        if let Some((at, since)) = self.sketch.at {
            let since = seconds(since);
            let before: u32 = (0..at).map(|one| self.share_s(one)).sum();
            self.clock_s = (before + since) % round_s;
            self.show = Show::Stage(at.min(self.stages().saturating_sub(1)), since);
        } else {
            self.clock_s = self.luck.moment * round_s / 1000 % round_s;
            self.show = self.by_the_clock();
        }
        if let Show::Stage(at, _) = self.show {
            self.go = self.groups(at);
        }
        for (lane, known) in self.lanes.iter_mut().zip(&self.sketch.lanes) {
            if !known.groups.is_disjoint(self.go) {
                lane.green_s = self.start_loss_s;
            }
        }
    }

    fn stages(&self) -> usize {
        self.sketch.stages.len().min(STAGES_MAX)
    }

    fn groups(&self, stage: usize) -> GroupSet {
        let stage = self.sketch.stages.get(stage);
        stage.map_or(GroupSet::EMPTY, |stage| stage.groups)
    }

    /// Green and change of a stage by the plan.
    fn share_s(&self, stage: usize) -> u32 {
        let stage = self.sketch.stages.get(stage);
        stage.map_or(0, |stage| seconds(stage.green) + seconds(stage.change))
    }

    fn round_s(&self) -> u32 {
        let round: u32 = (0..self.stages()).map(|at| self.share_s(at)).sum();
        round.max(1)
    }

    /// Where the plan's clock stands.
    fn by_the_clock(&self) -> Show {
        let mut left = self.clock_s;
        for at in 0..self.stages() {
            let share = self.share_s(at);
            if left < share {
                let green = self.sketch.stages.get(at).map_or(0, |s| seconds(s.green));
                return if left < green {
                    Show::Stage(at, left)
                } else {
                    Show::To((at + 1) % self.stages(), share - left)
                };
            }
            left -= share;
        }
        Show::Stage(0, 0)
    }

    /// One second passes.
    pub(super) fn step(&mut self) {
        self.at_s += 1;
        self.clock_s = (self.clock_s + 1) % self.round_s();
        self.due_in_s = self.due_in_s.map(|due| due.saturating_sub(1));
        self.advance_signal();
        for at in 0..self.sketch.lanes.len().min(LANES_MAX) {
            self.advance_lane(at);
        }
        self.advance_vehicle();
    }

    fn advance_signal(&mut self) {
        self.show = match self.show {
            Show::Stage(at, since) => self.unless_near(at, self.next_of(at, since + 1)),
            Show::To(at, left) if left <= 1 => Show::Stage(at, 0),
            Show::To(at, left) => Show::To(at, left - 1),
            Show::Clearing(left) if left <= 1 => Show::Held,
            Show::Clearing(left) => Show::Clearing(left - 1),
            Show::Held => Show::Held,
        };
        self.go = match self.show {
            Show::Stage(at, _) => self.groups(at),
            Show::To(at, _) => self.go.intersection(self.groups(at)),
            Show::Clearing(_) => self.go.intersection(self.sketch.held),
            Show::Held => self.sketch.held,
        };
    }

    /// What comes next, or the hold at once if that could not be over by the time it is due.
    fn unless_near(&self, at: usize, next: Show) -> Show {
        let (Some(due), Show::To(to, change)) = (self.due_in_s, next) else {
            return next;
        };
        let (Some(stage), held) = (self.sketch.stages.get(to), self.sketch.held) else {
            return next;
        };
        let service = seconds(stage.green_min).max(seconds(stage.walked));
        let fits = change + service + seconds(stage.change) <= due;
        if fits || held.is_subset(stage.groups) {
            next
        } else if held.is_subset(self.groups(at)) {
            Show::Held
        } else {
            Show::Clearing(self.change_into_hold().max(1))
        }
    }

    /// The vehicle comes in so many seconds.
    pub(super) fn expect(&mut self, due_s: u32) {
        self.due_in_s = Some(due_s);
    }

    /// The stage goes on or ends.
    fn next_of(&self, at: usize, since: u32) -> Show {
        let Some(stage) = self.sketch.stages.get(at) else {
            return Show::Stage(at, since);
        };
        let change = seconds(stage.change).max(1);
        let green_min = seconds(stage.green_min);
        if self.sketch.clocked {
            if since < green_min {
                return Show::Stage(at, since);
            }
            if !stage.recall && !self.is_wanted(stage.groups, 700) {
                let next = self.wanted_after(at);
                return next.map_or(Show::Stage(at, since), |next| Show::To(next, change));
            }
            return match self.by_the_clock() {
                Show::Stage(due, _) if due != at && self.is_due(due, at) => Show::To(due, change),
                Show::To(due, left) if due != at && self.is_due(due, at) => Show::To(due, left),
                Show::Stage(..) | Show::To(..) | Show::Clearing(_) | Show::Held => {
                    Show::Stage(at, since)
                }
            };
        }
        let longest = (seconds(stage.green) * (600 + self.luck.moment * 8 / 10) / 1000).max(1);
        let over = since >= green_min && (since >= longest || !self.is_wanted(stage.groups, 700));
        let next = over.then(|| self.wanted_after(at)).flatten();
        match next {
            Some(next) => Show::To(next, change),
            None => Show::Stage(at, since),
        }
    }

    /// True if a stage comes in its turn: it always does, or somebody waits for it. Of those on foot
    /// nobody knows when they come; they do in every other draw.
    fn is_due(&self, due: usize, at: usize) -> bool {
        let Some(stage) = self.sketch.stages.get(due) else {
            return false;
        };
        let new = stage.groups.difference(self.groups(at));
        let on_foot = (self.sketch.lanes.iter()).all(|lane| lane.groups.is_disjoint(new));
        stage.recall || self.is_wanted(new, 1000) || (on_foot && self.luck.moment >= 500)
    }

    /// The next stage in the round that somebody waits for.
    fn wanted_after(&self, at: usize) -> Option<usize> {
        let count = self.stages().max(1);
        let others = (1..count).map(|step| (at + step) % count);
        let mut due = others.filter(|next| self.is_due(*next, at));
        due.next()
    }

    /// True if somebody waits in a lane of these groups, or the vehicle itself does.
    fn is_wanted(&self, groups: GroupSet, least_milli: u32) -> bool {
        let stands = self.ahead_milli.is_some();
        let lanes = self.lanes.iter().zip(&self.sketch.lanes);
        lanes
            .filter(|(_, known)| !known.groups.is_disjoint(groups))
            .any(|(lane, known)| lane.queue_milli >= least_milli || (stands && known.leads))
    }

    fn advance_lane(&mut self, at: usize) {
        let (Some(known), Some(lane)) = (self.sketch.lanes.get(at), self.lanes.get_mut(at)) else {
            return;
        };
        let came = u64::from(known.flow_per_h) * u64::from(self.luck.flow) / 3600;
        lane.queue_milli += u32::try_from(came).unwrap_or_default();
        let green = !known.groups.is_disjoint(self.go);
        if green {
            lane.green_s += 1;
            if lane.green_s > self.start_loss_s {
                let full = 1_000_000 / self.headway_ms;
                let yields = !known.yields.is_disjoint(self.go);
                let rate = if yields { full * YIELDING / 1000 } else { full };
                lane.queue_milli = lane.queue_milli.saturating_sub(rate);
            }
            lane.waited_s = 0;
        } else {
            lane.green_s = 0;
            if lane.queue_milli >= 500 {
                lane.waited_s += 1;
                lane.longest_s = lane.longest_s.max(lane.waited_s);
            }
        }
        self.delay_milli += u64::from(lane.queue_milli);
    }

    /// Seconds until the held groups are green, and until the fullest of the vehicle's lanes is empty
    /// after that.
    pub(super) fn change_and_flush(&self, storage: u32) -> (u32, u32) {
        let lanes = self.lanes.iter().zip(&self.sketch.lanes);
        let own = lanes.filter(|(_, known)| known.own);
        let fullest = own.map(|(lane, _)| lane.queue_milli).max().unwrap_or(0);
        let fullest = fullest.min(storage.saturating_mul(1000));
        let change = self.change_into_hold();
        let green = self.sketch.held.is_subset(self.go);
        let loss = if green { 0 } else { self.start_loss_s };
        let flush = if fullest < 1000 {
            0
        } else {
            loss + fullest / 1000 * self.headway_ms / 1000
        };
        (change, flush)
    }

    /// The vehicle joins the shortest queue it may use; true if somebody is before it there.
    pub(super) fn vehicle_arrives(&mut self) -> bool {
        let lanes = self.lanes.iter().zip(&self.sketch.lanes);
        let own = lanes.filter(|(_, known)| known.leads);
        let ahead = own.map(|(lane, _)| lane.queue_milli).min().unwrap_or(0);
        self.ahead_milli = Some(ahead);
        ahead >= 1000
    }

    /// Those before the vehicle leave.
    fn advance_vehicle(&mut self) {
        let Some(ahead) = self.ahead_milli else {
            return;
        };
        if self.is_free() {
            return;
        }
        self.stood_s += 1;
        let green_s = self.own_green();
        if green_s.is_some_and(|green| green > self.start_loss_s) {
            self.ahead_milli = Some(ahead.saturating_sub(1_000_000 / self.headway_ms));
        }
    }

    fn own_green(&self) -> Option<u32> {
        let lanes = self.lanes.iter().zip(&self.sketch.lanes);
        let own = lanes.filter(|(_, known)| known.leads && !known.groups.is_disjoint(self.go));
        own.map(|(lane, _)| lane.green_s).max()
    }

    /// True if the vehicle has arrived and nothing keeps it: green, and nobody before it.
    pub(super) fn is_free(&self) -> bool {
        let held = self.sketch.held;
        let unknown = !self.sketch.lanes.iter().any(|lane| lane.leads);
        let green =
            self.own_green().is_some() || (unknown && !held.is_empty() && held.is_subset(self.go));
        self.ahead_milli.is_some_and(|ahead| ahead < 500) && green
    }

    /// The vehicle is over; what a stop cost it on top of the standing: no more than was stood, for who
    /// need not wait long need not stop.
    pub(super) fn vehicle_leaves(&mut self) -> u32 {
        self.ahead_milli = None;
        self.stood_s.min(STOP_LOSS_S)
    }

    /// The vehicle's approach is asked for.
    pub(super) fn hold(&mut self) {
        let wait = self.change_into_hold();
        self.show = if wait == 0 {
            Show::Held
        } else {
            Show::Clearing(wait)
        };
    }

    fn change_into_hold(&self) -> u32 {
        match self.show {
            Show::Stage(at, _) if self.sketch.held.is_subset(self.groups(at)) => 0,
            Show::Stage(at, since) => {
                let stage = self.sketch.stages.get(at);
                let least = stage.map_or(0, |stage| seconds(stage.green_min));
                let change = stage.map_or(0, |stage| seconds(stage.change));
                let walked = stage.map_or(0, |stage| seconds(stage.walked));
                (least.saturating_sub(since) + change).max(walked.saturating_sub(since))
            }
            Show::To(_, left) => left + 1,
            Show::Clearing(left) => left,
            Show::Held => 0,
        }
    }

    /// The site is given back to its plan.
    pub(super) fn release(&mut self) {
        self.due_in_s = None;
        let change = self
            .sketch
            .stages
            .first()
            .map_or(1, |stage| seconds(stage.change).max(1));
        let due = if self.sketch.clocked {
            match self.by_the_clock() {
                Show::Stage(at, _) | Show::To(at, _) => at,
                Show::Clearing(_) | Show::Held => 0,
            }
        } else {
            self.longest_waiting()
        };
        self.show = if self.groups(due).is_subset(self.go) {
            Show::Stage(due, 0)
        } else {
            Show::To(due, change)
        };
    }

    fn longest_waiting(&self) -> usize {
        let waited = |stage: usize| {
            let groups = self.groups(stage);
            let lanes = self.lanes.iter().zip(&self.sketch.lanes);
            let of_stage = lanes.filter(|(_, known)| !known.groups.is_disjoint(groups));
            of_stage.map(|(lane, _)| lane.waited_s).max().unwrap_or(0)
        };
        (0..self.stages())
            .max_by_key(|at| (waited(*at), core::cmp::Reverse(*at)))
            .unwrap_or(0)
    }

    /// The longest waits are counted from here on, those of whoever waits now with what they have
    /// waited.
    pub(super) fn begin_waits(&mut self) {
        for lane in &mut self.lanes {
            lane.longest_s = lane.waited_s;
        }
    }

    /// The longest wait of anybody in a lane hostile to the hold.
    pub(super) fn longest_s(&self) -> u32 {
        let lanes = self.lanes.iter().zip(&self.sketch.lanes);
        let hostile = lanes.filter(|(_, known)| known.groups.is_disjoint(self.sketch.held));
        hostile.map(|(lane, _)| lane.longest_s).max().unwrap_or(0)
    }
}

/// Whole seconds, rounded.
pub(super) const fn seconds(time: Millis) -> u32 {
    time.as_ms().saturating_add(500) / 1000
}
