//! The arrival picture: every vehicle that is known or believed to drive towards a stop line.

use serde::{Deserialize, Serialize};

use super::area::{AreaReport, MovementReport, SIGHTINGS_MAX, Sighting};
use super::lane::Lane;
use crate::plan::CheckedSite;
use crate::units::{Length, Millis, Mono, Speed};

/// A picture is made anew this often; drivers do not change their minds faster.
pub const PICTURE_PERIOD: Millis = Millis::from_secs(1);
/// A report older than this is no picture any more.
const AREA_AGE_MAX: Millis = Millis::from_secs(3);
/// Front to front of two vehicles that stand in a queue.
const SPACING: Length = Length::from_mm(7_500);

/// Slower than this, a vehicle still belongs to a queue.
pub const CREEPING: Speed = Speed::from_mm_per_s(5_000);

/// Where a picture comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PictureSource {
    /// Nobody tells.
    #[default]
    None,
    /// Estimated from loops: counts upstream, presence at the stop line.
    Loops,
    /// Told by an area sensor.
    Area,
}

/// What is known of the vehicles before a site's stop lines. Made once a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    source: PictureSource,
    taken: Mono,
    age: Millis,
    sightings: Vec<Sighting>,
    movements: Vec<MovementReport>,
    /// Vehicles over the stop line of each lane since detection began; wraps.
    departed: Vec<u32>,
    /// The sensor's own counters are those of `movements`. They are not after a start or a gap: what
    /// it has counted until then says nothing of the last seconds.
    is_counted: bool,
    /// The lane of each movement.
    lane_of: Vec<u8>,
    /// Vehicles on their way here that others have told of.
    ahead: Vec<Sighting>,
}

impl Picture {
    /// An empty picture of a site with room for everybody.
    pub(super) fn of(site: &CheckedSite) -> Self {
        let mut lane_of = Vec::new();
        let lanes = site.approaches.iter().flat_map(|approach| &approach.lanes);
        let mut count = 0;
        for (lane, number) in lanes.zip(0_u8..) {
            lane_of.extend(lane.movements.iter().map(|_| number));
            count += 1;
        }
        Self {
            sightings: Vec::with_capacity(SIGHTINGS_MAX),
            ahead: Vec::with_capacity(SIGHTINGS_MAX),
            movements: vec![MovementReport::default(); lane_of.len()],
            departed: vec![0; count],
            lane_of,
            ..Self::default()
        }
    }

    /// Who told.
    #[must_use]
    pub const fn source(&self) -> PictureSource {
        self.source
    }

    /// When it was made.
    #[must_use]
    pub const fn taken(&self) -> Mono {
        self.taken
    }

    /// How old the news was when it was made.
    #[must_use]
    pub const fn age(&self) -> Millis {
        self.age
    }

    /// Every vehicle, by lane and then by distance.
    #[must_use]
    pub fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }

    /// What is seen inside the junction and behind it.
    ///
    /// **Shape:** one per movement, in the order of `CheckedSite::movements`; all zero where no area
    /// sensor tells.
    #[must_use]
    pub fn movements(&self) -> &[MovementReport] {
        &self.movements
    }

    /// Vehicles over the stop line of each lane so far; wraps.
    ///
    /// **Shape:** one per lane, counted as in [`Sighting::lane`].
    #[must_use]
    pub fn departed(&self) -> &[u32] {
        &self.departed
    }

    /// Vehicles that stand or creep in the queue of a lane, counted as in [`Sighting::lane`].
    #[must_use]
    pub fn standing(&self, lane: u8) -> u16 {
        let own = self.sightings.iter().filter(|seen| seen.lane == lane);
        let slow = own.filter(|seen| seen.speed < CREEPING);
        let share: u32 = slow.map(|seen| u32::from(seen.share)).sum();
        u16::try_from((share + 500) / 1000).unwrap_or(u16::MAX)
    }

    /// True once a second, when it is time for a new one.
    pub(super) fn is_due(&self, now: Mono) -> bool {
        self.source == PictureSource::None || now.since(self.taken) >= PICTURE_PERIOD
    }

    /// Takes what an area sensor tells; false if it tells nothing new enough.
    pub(super) fn take(&mut self, now: Mono, report: &AreaReport) -> bool {
        if !report.is_fresh(AREA_AGE_MAX) {
            return false;
        }
        self.begin(now, PictureSource::Area, report.age);
        let room = self.sightings.capacity().max(SIGHTINGS_MAX);
        self.sightings.extend(report.sightings.iter().take(room));
        let ways = self.movements.iter_mut().zip(&self.lane_of);
        for ((own, lane), told) in ways.zip(&report.movements) {
            let more = if self.is_counted {
                u32::from(told.departed.wrapping_sub(own.departed))
            } else {
                0
            };
            if let Some(departed) = self.departed.get_mut(usize::from(*lane)) {
                *departed = departed.wrapping_add(more);
            }
            *own = *told;
        }
        self.is_counted = true;
        self.sightings.sort_unstable();
        true
    }

    /// Hears of vehicles on their way here.
    pub(super) fn expect(&mut self, ahead: &[Sighting]) {
        self.ahead.clear();
        self.ahead.extend(ahead.iter().take(SIGHTINGS_MAX));
    }

    /// Estimates the vehicles between the advance loops and the stop lines, and adds those that
    /// others have told of.
    pub(super) fn estimate(&mut self, now: Mono, age: Millis, lanes: &[Lane]) {
        let tells = lanes.iter().any(Lane::tells);
        let source = if tells {
            PictureSource::Loops
        } else {
            PictureSource::None
        };
        self.begin(now, source, age);
        self.movements.fill(MovementReport::default());
        self.is_counted = false;
        let told = self.departed.iter_mut().zip(lanes);
        for (departed, lane) in told.filter(|(_, lane)| lane.tells()) {
            *departed = lane.count;
        }
        for (lane, number) in lanes.iter().zip(0_u8..) {
            let moving = lane.on_their_way(now);
            let moving_count = u16::try_from(moving.clone().count()).unwrap_or(u16::MAX);
            let standing = lane.queue.saturating_sub(moving_count);
            let mut tail = Length::ZERO;
            for _ in 0..standing.saturating_add(lane.unseen) {
                self.push(Sighting {
                    lane: number,
                    distance: tail,
                    speed: Speed::ZERO,
                    share: 1000,
                });
                tail = tail + SPACING;
            }
            for (distance, speed) in moving {
                self.push(Sighting {
                    lane: number,
                    distance: distance.max(tail),
                    speed,
                    share: 1000,
                });
            }
        }
        if tells {
            let room = SIGHTINGS_MAX.saturating_sub(self.sightings.len());
            self.sightings.extend(self.ahead.iter().take(room));
        }
        self.sightings.sort_unstable();
    }

    fn begin(&mut self, now: Mono, source: PictureSource, age: Millis) {
        self.source = source;
        self.taken = now;
        self.age = age;
        self.sightings.clear();
    }

    fn push(&mut self, seen: Sighting) {
        if self.sightings.len() < SIGHTINGS_MAX {
            self.sightings.push(seen);
        }
    }
}
