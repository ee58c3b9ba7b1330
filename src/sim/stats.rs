//! What the street has seen since counting began.

use serde::{Deserialize, Serialize};

use super::lane::STANDING_MPS;
use super::map::RoadEnd;
use super::virtual_street::{Counts, VirtualStreet};
use crate::ids::{ApproachId, GroupId, RoadId, SiteId};
use crate::units::Millis;

/// The street's account since [`VirtualStreet::reset_counters`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StreetStats {
    /// Vehicles that left the city.
    pub vehicles: u64,
    /// Vehicles in the city now.
    pub present: u32,
    /// Vehicles that wait outside because a road into the city is full.
    pub outside: u32,
    /// Walkers who have crossed.
    pub walkers: u64,
    /// Riders who have crossed.
    pub riders: u64,
    /// Times a button was pressed.
    pub presses: u64,
    /// Waiting groups of walkers that got their walk.
    pub requests: u64,
    /// Time lost by everybody in vehicles but emergency vehicles, seconds.
    pub vehicle_delay_s: f64,
    /// Time walkers and riders stood, seconds.
    pub people_delay_s: f64,
    /// The part of it that riders stood, seconds.
    pub rider_delay_s: f64,
    /// Longest wait from the first press to walk, open waits included.
    pub pedestrian_wait_max: Millis,
    /// Longest red of a vehicle lane with somebody waiting, open reds included.
    pub red_max: Millis,
    /// The pedestrian waits by group.
    pub waits: Vec<GroupWait>,
    /// The reds by vehicle group.
    pub reds: Vec<GroupWait>,
}

/// The longest wait at one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupWait {
    /// The site.
    pub site: SiteId,
    /// The group.
    pub group: GroupId,
    /// Walkers: longest wait from the first press to walk. Vehicles: longest time without green
    /// while somebody stood there. What still lasts is included.
    pub longest: Millis,
}

impl VirtualStreet {
    /// Begins counting anew; the street itself goes on. Call it once the street is warm: a wait that
    /// is open keeps its beginning.
    pub fn reset_counters(&mut self) {
        self.counts = Counts::default();
        for walkers in &mut self.walkers {
            walkers.wait_max_ms = 0;
        }
        for lane in &mut self.lanes {
            lane.red_max_ms = 0;
        }
        self.evs.retain(super::emergency::Ev::active);
    }

    /// Other cabinets take over, which have just started up: their all-red has let everybody off
    /// the crossings, and who waits presses anew and waits from now on.
    pub fn hand_over(&mut self) {
        let now = self.clock;
        for walkers in &mut self.walkers {
            self.counts.walkers += u64::try_from(walkers.crossing.len()).unwrap_or(0);
            walkers.crossing.clear();
            walkers.asked_at = None;
        }
        for riders in &mut self.riders {
            self.counts.riders += u64::try_from(riders.crossing.len()).unwrap_or(0);
            riders.crossing.clear();
        }
        for lane in &mut self.lanes {
            lane.waiting_since = lane.waiting_since.map(|_| now);
        }
    }

    /// The account so far.
    #[must_use]
    pub fn stats(&self) -> StreetStats {
        let waits = self.pedestrian_waits();
        let reds = self.vehicle_reds();
        StreetStats {
            vehicles: self.counts.vehicles,
            present: self.present(),
            outside: self
                .sources
                .iter()
                .map(|source| u32::from(source.outside))
                .sum(),
            walkers: self.counts.walkers,
            riders: self.counts.riders,
            presses: self.counts.presses,
            requests: self.counts.requests,
            vehicle_delay_s: self.counts.vehicle_delay_s,
            people_delay_s: self.counts.people_delay_s,
            rider_delay_s: self.counts.rider_delay_s,
            pedestrian_wait_max: longest(waits.iter().map(|wait| wait.longest)),
            red_max: longest(reds.iter().map(|red| red.longest)),
            waits,
            reds,
        }
    }

    /// Vehicles in the city now.
    #[must_use]
    pub fn present(&self) -> u32 {
        let cars: usize = self.lanes.iter().map(|lane| lane.cars.len()).sum();
        u32::try_from(cars).unwrap_or(u32::MAX)
    }

    /// Standing vehicles in the longest lane of the road into `site` by `approach`, and standing
    /// riders beside it.
    #[must_use]
    pub fn queue(&self, site: SiteId, approach: ApproachId) -> (u32, u32) {
        let end = RoadEnd::Signal(site, approach);
        let vehicles = (0_u32..)
            .zip(&self.map.roads)
            .filter(|(_, road)| road.end == end)
            .flat_map(|(at, road)| {
                let first = self.first_lane[RoadId::new(at).index()];
                self.lanes[first..first + road.lanes.len()].iter()
            })
            .map(super::lane::Lane::standing)
            .max();
        let riders = self
            .map
            .riders
            .iter()
            .zip(&self.riders)
            .filter(|(spec, _)| spec.site == site && spec.approach == approach)
            .map(|(_, riders)| u32::from(riders.waiting))
            .sum();
        let vehicles = vehicles.and_then(|count| u32::try_from(count).ok());
        (vehicles.unwrap_or(0), riders)
    }

    /// Standing vehicles of one road, all lanes together.
    #[must_use]
    pub fn standing_on(&self, road: RoadId) -> u32 {
        let Some(first) = self.first_lane.get(road.index()) else {
            return 0;
        };
        let lanes = self.map.roads[road.index()].lanes.len();
        let cars = self.lanes[*first..first + lanes]
            .iter()
            .flat_map(|lane| &lane.cars);
        let standing = cars.filter(|car| car.speed < STANDING_MPS).count();
        u32::try_from(standing).unwrap_or(u32::MAX)
    }

    fn pedestrian_waits(&self) -> Vec<GroupWait> {
        self.map
            .walks
            .iter()
            .zip(&self.walkers)
            .map(|(spec, walkers)| {
                let open = walkers.asked_at.map_or(0, |asked| self.clock - asked);
                GroupWait {
                    site: spec.site,
                    group: spec.group,
                    longest: millis(walkers.wait_max_ms.max(open)),
                }
            })
            .collect()
    }

    fn vehicle_reds(&self) -> Vec<GroupWait> {
        let mut reds: Vec<GroupWait> = Vec::new();
        let mut lanes = self.lanes.iter();
        for road in &self.map.roads {
            for (rule, lane) in road.lanes.iter().zip(lanes.by_ref()) {
                let (RoadEnd::Signal(site, _), Some(group)) = (road.end, rule.group) else {
                    continue;
                };
                let longest = millis(lane.red_max(self.clock));
                let known = reds
                    .iter_mut()
                    .rev()
                    .find(|red| red.site == site && red.group == group);
                match known {
                    Some(red) => red.longest = red.longest.max(longest),
                    None => reds.push(GroupWait {
                        site,
                        group,
                        longest,
                    }),
                }
            }
        }
        reds.sort_by_key(|red| (red.site, red.group));
        reds
    }
}

fn longest(times: impl Iterator<Item = Millis>) -> Millis {
    times.max().unwrap_or(Millis::ZERO)
}

fn millis(ms: u64) -> Millis {
    Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
}
