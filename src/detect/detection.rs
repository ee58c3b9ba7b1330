//! Detection of one site: all its channels, lanes and demands.

use serde::{Deserialize, Serialize};

use super::area::Sighting;
use super::channel::{CHECK, Channel, Health, Pulse};
use super::demands::{Demands, Doubts};
use super::inputs::FieldInputs;
use super::lane::{Lane, LaneObservation, StopLine, lanes_of};
use super::picture::Picture;
use crate::ids::{ApproachId, DetectorId, GroupId};
use crate::plan::{CheckedSite, Detector, DetectorUse, OnFault};
use crate::signal::{GROUPS_MAX, GroupSet};
use crate::units::{Length, Millis, Mono};

/// A reading older than this says nothing about the street any more.
const READING_MAX_AGE: Millis = Millis::from_secs(3);

/// The detection of one site. Allocates when it is made and never again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detection {
    channels: Box<[Channel]>,
    lanes: Box<[Lane]>,
    /// Index of the first lane of each approach, and one past the last.
    lane_start: Box<[u16]>,
    demands: Demands,
    /// Groups that no detector or button can call.
    uncallable: GroupSet,
    pedestrian: GroupSet,
    /// Calls made at start-up and by presses, waiting for the start of go.
    latched: GroupSet,
    go: GroupSet,
    go_since: [Mono; GROUPS_MAX],
    boot_count: Option<u16>,
    read_at: Option<Mono>,
    age: Millis,
    next_check: Mono,
    day: bool,
    picture: Picture,
}

/// What the channels of one cycle add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    called: GroupSet,
    extending: GroupSet,
    recall_min: GroupSet,
    recall_max: GroupSet,
    long_press: GroupSet,
}

/// What every channel needs to know of the cycle.
#[derive(Clone, Copy, Debug)]
struct Moment {
    now: Mono,
    go: GroupSet,
    elapsed: Millis,
    fresh: bool,
    check: bool,
    day: bool,
}

impl Detection {
    /// Detection of `site` that has seen nothing yet.
    #[must_use]
    pub fn new(site: &CheckedSite) -> Self {
        let callable = (site.detectors.iter())
            .fold(GroupSet::EMPTY, |all, detector| all.union(detector.groups));
        let pedestrian = (site.groups.iter().zip(0_u8..))
            .filter(|(info, _)| info.walk.is_some())
            .map(|(_, number)| GroupId::new(number))
            .collect();
        let (lanes, lane_start) = lanes_of(site);
        Self {
            channels: vec![Channel::default(); site.detectors.len()].into(),
            lanes: lanes.into(),
            lane_start: lane_start.into(),
            demands: Demands::default(),
            uncallable: site.safety.all_groups().difference(callable),
            pedestrian,
            latched: GroupSet::EMPTY,
            go: GroupSet::EMPTY,
            go_since: [Mono::ZERO; GROUPS_MAX],
            boot_count: None,
            read_at: None,
            age: Millis::MAX,
            next_check: Mono::ZERO + CHECK,
            day: true,
            picture: Picture::of(site),
        }
    }

    /// Calls every group that has no right of way, once: for start-up and after flash (I11).
    pub fn insert_demands(&mut self, site: &CheckedSite) {
        self.latched = site.safety.all_groups().difference(self.go);
    }

    /// Tells whether it is day; at night a quiet detector is not a broken one.
    pub fn set_day(&mut self, day: bool) {
        self.day = day;
    }

    /// Takes one cycle's readings. `go` is the kernel's go set: only it ends a latched call.
    pub fn step(&mut self, now: Mono, inputs: &FieldInputs, site: &CheckedSite, go: GroupSet) {
        let moment = self.begin(now, inputs, go);
        let mut sum = Sum::default();
        for (index, (channel, detector)) in
            self.channels.iter_mut().zip(&site.detectors).enumerate()
        {
            let pulse = match detector.usage {
                DetectorUse::Button => {
                    step_button(channel, detector, inputs, &moment, (site, &mut sum))
                }
                DetectorUse::Presence | DetectorUse::Advance(_) => {
                    step_vehicle(channel, detector, inputs, &moment, &mut sum)
                }
            };
            if pulse.count > 0 {
                count_vehicles(&mut self.lanes, index, detector.usage, (now, pulse.count));
            }
        }
        self.settle_lanes(&moment);
        if self.picture.is_due(now) && !self.picture.take(now, &inputs.area) {
            self.picture.estimate(now, self.age, &self.lanes);
        }
        if moment.check {
            self.check_unled();
        }
        self.conclude(&moment, sum);
    }

    /// True if the next step takes a new picture.
    #[must_use]
    pub fn looks_anew(&self, now: Mono) -> bool {
        self.picture.is_due(now)
    }

    /// Hears of vehicles beyond the site's own detectors, for the next picture made from loops.
    pub fn expect(&mut self, ahead: &[Sighting]) {
        self.picture.expect(ahead);
    }

    /// Vehicles over the stop line of a lane, counted over all approaches, since detection began;
    /// nothing if no detector counts there. Wraps.
    #[must_use]
    pub fn passed(&self, lane: u8) -> Option<u32> {
        let lane = self.lanes.get(usize::from(lane))?;
        lane.stop.map(|_| lane.count)
    }

    /// From where on a lane's own detectors know of a vehicle.
    #[must_use]
    pub fn sees_from(&self, lane: u8) -> Length {
        let lane = self.lanes.get(usize::from(lane));
        let advance = lane.and_then(|lane| lane.advance);
        advance.map_or(Length::ZERO, |(_, upstream)| upstream)
    }

    /// The demands as of the last step.
    #[must_use]
    pub const fn demands(&self) -> &Demands {
        &self.demands
    }

    /// Who drives towards the stop lines, as of the last look.
    #[must_use]
    pub const fn picture(&self) -> &Picture {
        &self.picture
    }

    /// What is known of a lane, counted from the kerb; a lane without detectors is `Missing`.
    #[must_use]
    pub fn lane(&self, approach: ApproachId, lane: u8) -> LaneObservation {
        let bounds = |at: usize| self.lane_start.get(at).copied().map(usize::from);
        let first = bounds(approach.index());
        let end = bounds(approach.index().saturating_add(1));
        let (Some(first), Some(end)) = (first, end) else {
            return LaneObservation::default();
        };
        let at = first.saturating_add(usize::from(lane));
        match self.lanes.get(at).filter(|_| at < end) {
            Some(lane) => self.observe(lane),
            None => LaneObservation::default(),
        }
    }

    /// Whether `detector` can be believed.
    #[must_use]
    pub fn health(&self, detector: DetectorId) -> Health {
        (self.channels.get(detector.index())).map_or(Health::Missing, |channel| channel.health)
    }

    /// Detectors and buttons that are not believed now.
    #[must_use]
    pub fn faulty(&self) -> usize {
        let broken = |channel: &&Channel| channel.health != Health::Good;
        self.channels.iter().filter(broken).count()
    }

    /// The same with whom they should speak for.
    #[must_use]
    pub fn doubts(&self, site: &CheckedSite) -> Doubts {
        let count = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let broken = |(channel, _): &(&Channel, &Detector)| channel.health != Health::Good;
        let both = self.channels.iter().zip(&site.detectors);
        Doubts {
            faulty: count(self.faulty()),
            all: count(self.channels.len()),
            groups: (both.filter(broken)).fold(GroupSet::EMPTY, |all, (_, detector)| {
                all.union(detector.groups)
            }),
        }
    }

    fn begin(&mut self, now: Mono, inputs: &FieldInputs, go: GroupSet) -> Moment {
        for group in go.difference(self.go) {
            if let Some(since) = self.go_since.get_mut(group.index()) {
                *since = now;
            }
        }
        let served = self.go.difference(go);
        self.demands.long_press = self.demands.long_press.difference(served);
        self.go = go;
        self.age = inputs.readback.age;
        let fresh = self.age <= READING_MAX_AGE;
        if fresh && self.boot_count != Some(inputs.readback.boot_count) {
            self.boot_count = Some(inputs.readback.boot_count);
            for channel in &mut self.channels {
                channel.rebase();
            }
        }
        let age = u64::from(self.age.as_ms());
        let read_at = Mono::from_ms(now.as_ms().saturating_sub(age));
        let elapsed = self
            .read_at
            .map_or(Millis::ZERO, |last| read_at.since(last));
        if fresh {
            self.read_at = self.read_at.max(Some(read_at));
        }
        let check = now >= self.next_check;
        if check {
            self.next_check = now + CHECK;
        }
        Moment {
            now,
            go,
            elapsed,
            fresh,
            check,
            day: self.day,
        }
    }

    fn settle_lanes(&mut self, moment: &Moment) {
        let now = moment.now;
        for lane in &mut self.lanes {
            if !lane.tells() {
                continue;
            }
            let stop = channel_at(&self.channels, lane.stop);
            let line = StopLine {
                believed: stop.is_some_and(|stop| stop.health == Health::Good),
                occupied: stop.is_some_and(|stop| stop.on),
                gap: stop.map_or(Millis::ZERO, |stop| stop.gap(now)),
            };
            let green_for = (lane.groups.intersection(moment.go).iter())
                .map(|group| {
                    let since = self.go_since.get(group.index()).copied();
                    now.since(since.unwrap_or(now))
                })
                .max();
            lane.settle(now, line, green_for);
            let advance = lane.advance.map(|(index, _)| index);
            let advance =
                channel_at(&self.channels, advance).filter(|seen| seen.health == Health::Good);
            lane.guess_unseen(
                advance
                    .filter(|seen| seen.on)
                    .map(|seen| now.since(seen.on_since)),
            );
            if moment.check {
                lane.check();
            }
            if line.believed && lane.queue == 0 {
                let advance = lane.advance.map(|(index, _)| usize::from(index));
                if let Some(advance) = advance.and_then(|at| self.channels.get_mut(at)) {
                    advance.latched = GroupSet::EMPTY;
                }
            }
        }
    }

    /// Follows the flow of lanes without loops by what the area sensor counts. While it is silent
    /// nobody is counted, and what was known fades.
    fn check_unled(&mut self) {
        let departed = self.picture.departed();
        for (lane, departed) in self.lanes.iter_mut().zip(departed) {
            if !lane.tells() {
                lane.check_seen(*departed);
            }
        }
    }

    fn conclude(&mut self, moment: &Moment, mut sum: Sum) {
        for channel in &self.channels {
            if channel.health == Health::Good {
                sum.called = sum.called.union(channel.latched);
            }
        }
        let pressed = sum.called.intersection(self.pedestrian);
        self.latched = self.latched.union(pressed).difference(moment.go);
        let recalled = sum.recall_min.union(sum.recall_max).union(self.uncallable);
        let called = (sum.called.union(recalled).union(self.latched)).difference(moment.go);
        self.demands.renew(
            moment.now,
            called.difference(self.pedestrian),
            called.intersection(self.pedestrian),
        );
        self.demands.extending = sum.extending.union(sum.recall_max);
        self.demands.recall_min = sum.recall_min.union(self.uncallable);
        self.demands.recall_max = sum.recall_max;
        self.demands.long_press = self.demands.long_press.union(sum.long_press);
    }

    fn observe(&self, lane: &Lane) -> LaneObservation {
        let stop = channel_at(&self.channels, lane.stop);
        let advance = channel_at(&self.channels, lane.advance.map(|(index, _)| index));
        let Some(nearest) = stop.or(advance) else {
            // An area sensor may follow its flow.
            return LaneObservation {
                flow_per_h: lane.flow_per_h,
                ..LaneObservation::default()
            };
        };
        let now = self.read_at.unwrap_or_default() + self.age;
        LaneObservation {
            count: lane.count,
            arrivals: lane.arrivals,
            present: stop.is_some_and(|stop| stop.on),
            gap: if nearest.on {
                Millis::ZERO
            } else {
                nearest.gap(now)
            },
            occupancy: nearest.occupancy,
            speed: advance.and_then(|seen| seen.speed).or(nearest.speed),
            queue: lane.queue,
            flow_per_h: lane.flow_per_h,
            age: self.age,
            health: advance.map_or(nearest.health, |seen| seen.health.max(nearest.health)),
        }
    }
}

fn step_vehicle(
    channel: &mut Channel,
    detector: &Detector,
    inputs: &FieldInputs,
    moment: &Moment,
    sum: &mut Sum,
) -> Pulse {
    let at = usize::from(detector.channel);
    let occupied = inputs.occupied >> (at & 31) & 1 == 1;
    let mut pulse = Pulse::default();
    if moment.fresh
        && let Some(reading) = inputs.detectors.get(at)
    {
        pulse = channel.read(occupied, *reading, moment.elapsed);
        channel.take(moment.now, &pulse);
    }
    channel.check_now(moment.fresh);
    if moment.check {
        channel.check(moment.now, detector, moment.fresh, moment.day);
    }
    channel.call(moment.now, moment.go, detector);
    if channel.health == Health::Good {
        if channel.extends(moment.now, detector.passage) {
            sum.extending = sum.extending.union(detector.groups);
        }
    } else {
        force(detector, sum);
    }
    pulse
}

fn step_button(
    channel: &mut Channel,
    detector: &Detector,
    inputs: &FieldInputs,
    moment: &Moment,
    (site, sum): (&CheckedSite, &mut Sum),
) -> Pulse {
    let at = usize::from(detector.channel);
    let held = inputs.buttons_held >> (at & 15) & 1 == 1;
    if moment.fresh
        && let Some(presses) = inputs.presses.get(at)
    {
        let pulse = channel.read_button(held, *presses, moment.elapsed);
        channel.take(moment.now, &pulse);
        if pulse.count > 0 {
            sum.called = sum.called.union(detector.groups.difference(moment.go));
        }
        if channel.on && held {
            let held_for = moment.now.since(channel.on_since);
            let long = |group: &GroupId| {
                let walk = site.groups.get(group.index()).and_then(|info| info.walk);
                walk.is_some_and(|walk| {
                    walk.long_press > Millis::ZERO && held_for >= walk.long_press
                })
            };
            sum.long_press =
                (detector.groups.iter().filter(long)).fold(sum.long_press, GroupSet::with);
        }
    }
    channel.check_now(moment.fresh);
    if moment.check {
        channel.check(moment.now, detector, moment.fresh, moment.day);
    }
    if channel.health != Health::Good {
        force(detector, sum);
    }
    Pulse::default()
}

/// A detector that is not believed is forced, never ignored (I16).
fn force(detector: &Detector, sum: &mut Sum) {
    match detector.on_fault {
        OnFault::RecallMin | OnFault::RecallEveryCycle => {
            sum.recall_min = sum.recall_min.union(detector.groups);
        }
        OnFault::RecallMax => sum.recall_max = sum.recall_max.union(detector.groups),
    }
}

fn count_vehicles(lanes: &mut [Lane], index: usize, usage: DetectorUse, seen: (Mono, u16)) {
    let (now, vehicles) = seen;
    let is = |at: Option<u8>| at.map(usize::from) == Some(index);
    for lane in lanes {
        match usage {
            DetectorUse::Presence if is(lane.stop) => lane.depart(vehicles),
            DetectorUse::Advance(_) if is(lane.advance.map(|(at, _)| at)) => {
                lane.arrive(now, vehicles);
            }
            DetectorUse::Presence | DetectorUse::Advance(_) | DetectorUse::Button => {}
        }
    }
}

fn channel_at(channels: &[Channel], index: Option<u8>) -> Option<&Channel> {
    index.and_then(|index| channels.get(usize::from(index)))
}
