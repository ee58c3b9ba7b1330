//! One lane of an approach: what its detectors say together.

use serde::{Deserialize, Serialize};

use super::channel::{CHECK, Health};
use crate::ids::ApproachId;
use crate::plan::{CheckedSite, DetectorUse};
use crate::signal::GroupSet;
use crate::units::{Length, Millis, Mono, Speed};

/// No lane of ours holds more vehicles between its detectors and in the tail behind them.
const QUEUE_MAX: u16 = 60;
/// A stop line empty for this long during green has no queue behind it.
const GAPPED: Millis = Millis::from_secs(3);
/// A vehicle that was seen upstream has reached the stop line or is gone after its travel time
/// and this.
const ARRIVAL_SLACK: Millis = Millis::from_secs(8);
/// Discharge headway of a queue nobody counts at the stop line.
const DISCHARGE: Millis = Millis::from_secs(2);

/// An advance detector covered for so long has a standing queue on it.
const COVERED: Millis = Millis::from_secs(4);
/// Arrivals remembered one by one: what a lane lets in while one vehicle drives to the stop line.
const RECENT: usize = 8;

/// Speed assumed where the site file gives none.
const SPEED_DEFAULT: Speed = Speed::from_kmh(40);

/// What is known of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneObservation {
    /// Vehicles over the stop line since detection began.
    pub count: u32,
    /// Vehicles over the advance detector since detection began.
    pub arrivals: u32,
    /// Somebody stands or drives on the stop-line detector.
    pub present: bool,
    /// Time since the stop-line detector (or the advance one, if it is alone) was left; zero while
    /// occupied, [`Millis::MAX`] if nobody came yet.
    pub gap: Millis,
    /// Share of time the stop-line detector is occupied, per mille, over about half a minute.
    pub occupancy: u16,
    /// Smoothed speed estimated from pulse lengths, upstream where there is an advance detector.
    pub speed: Option<Speed>,
    /// Estimated vehicles between the advance detector and the stop line; without an advance
    /// detector 1 if the stop line is occupied.
    pub queue: u16,
    /// Vehicles that come an hour, smoothed over about two minutes; counted upstream, and at the
    /// stop line where there is nothing upstream.
    pub flow_per_h: u32,
    /// Age of the reading.
    pub age: Millis,
    /// Whether the lane's detectors can be believed; the worse of the two.
    pub health: Health,
}

impl Default for LaneObservation {
    fn default() -> Self {
        Self {
            count: 0,
            arrivals: 0,
            present: false,
            gap: Millis::MAX,
            occupancy: 0,
            speed: None,
            queue: 0,
            flow_per_h: 0,
            age: Millis::MAX,
            health: Health::Missing,
        }
    }
}

/// The memory of one lane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lane {
    /// Index of the stop-line detector.
    pub(super) stop: Option<u8>,
    /// Index of the advance detector and its distance from the stop line.
    pub(super) advance: Option<(u8, Length)>,
    /// The groups somebody in the lane may wait for.
    pub(super) groups: GroupSet,
    /// Speed assumed until one is measured.
    pub(super) free_speed: Speed,
    pub(super) count: u32,
    pub(super) arrivals: u32,
    pub(super) queue: u16,
    last_arrival: Mono,
    drained: Mono,
    /// Vehicles behind a queue that stands on the advance detector, as far as is believed.
    pub(super) unseen: u16,
    /// Arrivals an hour, smoothed over about two minutes.
    pub(super) flow_per_h: u32,
    arrivals_at_check: u32,
    /// The latest arrivals, newest first; [`Mono::ZERO`] where there was none yet.
    recent: [Mono; RECENT],
}

/// What a lane's stop line looks like this cycle.
#[derive(Clone, Copy, Debug)]
pub(super) struct StopLine {
    /// There is a detector there and it is believed.
    pub(super) believed: bool,
    /// Somebody is on it.
    pub(super) occupied: bool,
    /// Time since somebody was.
    pub(super) gap: Millis,
}

impl Lane {
    /// Vehicles that entered the lane.
    pub(super) fn arrive(&mut self, now: Mono, vehicles: u16) {
        self.arrivals = self.arrivals.wrapping_add(u32::from(vehicles));
        self.queue = self.queue.saturating_add(vehicles).min(QUEUE_MAX);
        self.last_arrival = now;
        for _ in 0..usize::from(vehicles).min(RECENT) {
            self.recent.rotate_right(1);
            if let Some(first) = self.recent.first_mut() {
                *first = now;
            }
        }
    }

    /// Follows the flow; called every [`CHECK`].
    pub(super) fn check(&mut self) {
        let counted = if self.advance.is_some() {
            self.arrivals
        } else {
            self.count
        };
        let came = counted.wrapping_sub(self.arrivals_at_check);
        self.arrivals_at_check = counted;
        let now_per_h = came.saturating_mul(3_600_000 / CHECK.as_ms());
        self.flow_per_h = (self.flow_per_h.saturating_mul(11).saturating_add(now_per_h)) / 12;
    }

    /// The same where an area sensor counts: `departed` are the vehicles over the stop line so far.
    pub(super) fn check_seen(&mut self, departed: u32) {
        self.count = departed;
        self.check();
    }

    /// Guesses who stands behind a queue that has covered the advance detector for so long: as many
    /// as came in such a time before.
    pub(super) fn guess_unseen(&mut self, covered: Option<Millis>) {
        let covered = covered.filter(|covered| *covered >= COVERED);
        self.unseen = covered.map_or(0, |covered| {
            let came = u64::from(self.flow_per_h) * u64::from(covered.as_ms()) / 3_600_000;
            u16::try_from(came).unwrap_or(u16::MAX).min(QUEUE_MAX)
        });
    }

    /// True if a detector says anything about the lane.
    pub(super) const fn tells(&self) -> bool {
        self.stop.is_some() || self.advance.is_some()
    }

    /// The vehicles that were seen upstream and cannot have reached the stop line yet: how far they
    /// still are and how fast they are believed to drive.
    pub(super) fn on_their_way(&self, now: Mono) -> impl Iterator<Item = (Length, Speed)> + Clone {
        let upstream = self.advance.map_or(0, |(_, upstream)| upstream.as_mm());
        let speed = self.free_speed;
        let seen = self.recent.into_iter().filter(|seen| *seen > Mono::ZERO);
        seen.filter_map(move |seen| {
            let driven = u64::from(speed.as_mm_per_s()) * u64::from(now.since(seen).as_ms()) / 1000;
            let left = upstream.checked_sub(u32::try_from(driven).ok()?)?;
            (left > 0).then_some((Length::from_mm(left), speed))
        })
    }

    /// Vehicles that crossed the stop line.
    pub(super) fn depart(&mut self, vehicles: u16) {
        self.count = self.count.wrapping_add(u32::from(vehicles));
        self.queue = self.queue.saturating_sub(vehicles);
    }

    /// Corrects the estimate by what cannot be true: counters drift when vehicles change lanes.
    pub(super) fn settle(&mut self, now: Mono, stop: StopLine, green_for: Option<Millis>) {
        if stop.believed {
            if stop.occupied {
                self.queue = self.queue.max(1);
                return;
            }
            let gapped = green_for.is_some_and(|green| green >= GAPPED) && stop.gap >= GAPPED;
            let overdue = now.since(self.last_arrival) > self.travel() + ARRIVAL_SLACK;
            if self.queue > 0 && (self.advance.is_none() || gapped || overdue) {
                self.queue = 0;
            }
        } else if green_for.is_some() {
            if now.since(self.drained) >= DISCHARGE {
                self.queue = self.queue.saturating_sub(1);
                self.drained = now;
            }
        } else {
            self.drained = now;
        }
    }

    fn travel(&self) -> Millis {
        self.advance.map_or(Millis::ZERO, |(_, upstream)| {
            upstream.time_at(self.free_speed)
        })
    }
}

/// The lanes of every approach, with their detectors, and where each approach begins.
pub(super) fn lanes_of(site: &CheckedSite) -> (Vec<Lane>, Vec<u16>) {
    let mut lanes = Vec::new();
    let mut starts = Vec::new();
    for (approach, number) in site.approaches.iter().zip(0_u8..) {
        starts.push(u16::try_from(lanes.len()).unwrap_or(u16::MAX));
        for (lane, kerb) in approach.lanes.iter().zip(0_u8..) {
            let speed = site.groups.get(lane.group().index()).map(|info| info.speed);
            let mut made = Lane {
                groups: lane.groups(),
                free_speed: speed.filter(|v| *v > Speed::ZERO).unwrap_or(SPEED_DEFAULT),
                ..Lane::default()
            };
            equip(&mut made, site, (ApproachId::new(number), kerb));
            lanes.push(made);
        }
    }
    starts.push(u16::try_from(lanes.len()).unwrap_or(u16::MAX));
    (lanes, starts)
}

fn equip(lane: &mut Lane, site: &CheckedSite, place: (ApproachId, u8)) {
    for (detector, index) in site.detectors.iter().zip(0_u8..) {
        if detector.lane != Some(place) {
            continue;
        }
        match detector.usage {
            DetectorUse::Presence => lane.stop = lane.stop.or(Some(index)),
            DetectorUse::Advance(upstream) => {
                let farthest = lane.advance.map_or(Length::ZERO, |(_, other)| other);
                if upstream >= farthest {
                    lane.advance = Some((index, upstream));
                }
            }
            DetectorUse::Button => {}
        }
    }
}
