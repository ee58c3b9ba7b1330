//! What is on its way between sites: whoever left one stop line comes to the next.
//!
//! A site's own loops see a few seconds ahead. The stop lines of its neighbours see everybody who
//! turns into the roads between, so each departure there is kept as a traveller, driven on at the
//! road's speed, and told to the site downstream until its own loop takes over. Which lane somebody
//! will take is not known: each counts in every lane with the share that was counted there so far.
//!
//! Pure and bounded: it is made with room for everybody and allocates nothing afterwards.

use serde::{Deserialize, Serialize};

use super::site::SiteState;
use crate::detect::{Detection, SIGHTINGS_MAX, Sighting};
use crate::ids::{ApproachId, SiteId};
use crate::plan::CheckedSite;
use crate::units::{Length, Millis, Mono, Speed};

/// Counts are compared this often.
const LOOK: Millis = Millis::new(500);
/// Travellers remembered on one road; more do not fit on it anyway.
const TRAVELLERS_MAX: usize = 64;
/// Lost while getting up to speed behind the stop line.
const START_LOSS: Millis = Millis::new(1500);
/// Nobody is told of who is further off: it changes no decision.
const FAR: Length = Length::from_metres(400);
/// A share below this, per mille, is noise and only makes the search longer.
const SHARE_MIN: u32 = 60;

/// A lane whose departures drive to an approach of another site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Feeder {
    /// The site they drive to.
    pub to: SiteId,
    /// The approach they drive to.
    pub approach: ApproachId,
    /// The site they leave.
    pub from: SiteId,
    /// The lane they leave, counted over all approaches in file order.
    pub lane: u8,
    /// How many of the lane's vehicles take this way, per mille.
    pub share: u16,
    /// From stop line to stop line.
    pub length: Length,
    /// How fast the road is driven.
    pub speed: Speed,
}

/// One vehicle between two sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Traveller {
    left: Mono,
    share: u16,
}

/// The road before one approach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Road {
    to: SiteId,
    approach: ApproachId,
    /// The first of the approach's lanes, counted over all approaches, and how many there are.
    first: u8,
    lanes: u8,
    length: Length,
    speed: Speed,
    /// Who is on it, the first to leave first.
    travellers: Vec<Traveller>,
}

/// The travellers between the sites of a city.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outlook {
    feeders: Vec<Feeder>,
    /// For each feeder its road, and the lane's count as last read.
    feeds: Vec<(usize, Option<u32>)>,
    /// Sorted by the site they lead to.
    roads: Vec<Road>,
    looked: Mono,
    told: Vec<Sighting>,
}

impl Outlook {
    /// The roads that `feeders` lead into; those that name no such site or lane lead nowhere.
    pub(super) fn new(mut feeders: Vec<Feeder>, plans: &[alloc::sync::Arc<CheckedSite>]) -> Self {
        feeders.sort_unstable();
        let mut outlook = Self {
            told: Vec::with_capacity(SIGHTINGS_MAX),
            ..Self::default()
        };
        for feeder in feeders {
            let site = plans.get(feeder.to.index());
            let Some((first, lanes)) = site.and_then(|site| lanes_of(site, feeder.approach)) else {
                continue;
            };
            let is_new = (outlook.roads.last())
                .is_none_or(|road| (road.to, road.approach) != (feeder.to, feeder.approach));
            if is_new {
                outlook.roads.push(Road {
                    to: feeder.to,
                    approach: feeder.approach,
                    first,
                    lanes,
                    length: feeder.length,
                    speed: feeder.speed,
                    travellers: Vec::with_capacity(TRAVELLERS_MAX),
                });
            }
            outlook.feeders.push(feeder);
            outlook.feeds.push((outlook.roads.len() - 1, None));
        }
        outlook
    }

    /// Takes the departures since the last look, from the board of the last cycle.
    pub(super) fn look(&mut self, now: Mono, sites: &[SiteState]) {
        if self.roads.is_empty() || now.since(self.looked) < LOOK {
            return;
        }
        self.looked = now;
        for road in &mut self.roads {
            let lasts = road.length.time_at(road.speed) + START_LOSS;
            road.travellers.retain(|one| now.since(one.left) < lasts);
        }
        for (feeder, (road, counted)) in self.feeders.iter().zip(&mut self.feeds) {
            let site = sites.get(feeder.from.index());
            let Some(count) = site.and_then(|site| site.detection().passed(feeder.lane)) else {
                continue;
            };
            let before = counted.replace(count).unwrap_or(count);
            let Some(road) = self.roads.get_mut(*road) else {
                continue;
            };
            // A counter that runs backwards or leaps is no traffic.
            let left = usize::try_from(count.wrapping_sub(before)).unwrap_or(usize::MAX);
            let room = TRAVELLERS_MAX - road.travellers.len().min(TRAVELLERS_MAX);
            for _ in 0..if left > TRAVELLERS_MAX {
                0
            } else {
                left.min(room)
            } {
                road.travellers.push(Traveller {
                    left: now,
                    share: feeder.share,
                });
            }
        }
    }

    /// Everybody who drives to `site` and is not yet seen by its own detectors.
    pub(super) fn ahead_of(
        &mut self,
        site: SiteId,
        detection: &Detection,
        now: Mono,
    ) -> &[Sighting] {
        self.told.clear();
        let start = self.roads.partition_point(|road| road.to < site);
        let roads = self
            .roads
            .iter()
            .skip(start)
            .take_while(|road| road.to == site);
        for road in roads {
            let counts = |lane: u8| {
                let passed = detection.passed(road.first.saturating_add(lane));
                u64::from(passed.unwrap_or_default()) + 1
            };
            let all: u64 = (0..road.lanes).map(counts).sum();
            for lane in 0..road.lanes {
                let share = u32::try_from(counts(lane) * 1000 / all.max(1)).unwrap_or_default();
                let number = road.first.saturating_add(lane);
                let near = detection.sees_from(number);
                for one in &road.travellers {
                    let driven = now.since(one.left).saturating_sub(START_LOSS);
                    let gone = u64::from(road.speed.as_mm_per_s()) * u64::from(driven.as_ms());
                    let gone = u32::try_from(gone / 1000).unwrap_or(u32::MAX);
                    let left = Length::from_mm(road.length.as_mm().saturating_sub(gone));
                    let share = share * u32::from(one.share) / 1000;
                    let is_told = left > near && left <= FAR && share >= SHARE_MIN;
                    if is_told && self.told.len() < SIGHTINGS_MAX {
                        self.told.push(Sighting {
                            lane: number,
                            distance: left,
                            speed: road.speed,
                            share: u16::try_from(share).unwrap_or(1000),
                        });
                    }
                }
            }
        }
        &self.told
    }
}

/// The first lane of an approach, counted over all approaches, and how many it has.
fn lanes_of(site: &CheckedSite, approach: ApproachId) -> Option<(u8, u8)> {
    let before = site.approaches.iter().take(approach.index());
    let first: usize = before.map(|approach| approach.lanes.len()).sum();
    let lanes = site.approaches.get(approach.index())?.lanes.len();
    Some((u8::try_from(first).ok()?, u8::try_from(lanes).ok()?))
}
