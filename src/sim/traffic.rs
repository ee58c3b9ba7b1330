//! Everyday traffic: into the city, along the lanes, over the stop lines and out again.

use core::mem;

use super::lane::{Aspect, CAR_M, DT, JAM_GAP_M, Lead, STANDING_MPS, can_stop, follow};
use super::lane::{Car, LINE_GAP_M};
use super::map::{Exit, Road, RoadEnd, StreetMap};
use super::rng::own_dice;
use super::street::SiteLamps;
use super::virtual_street::VirtualStreet;
use crate::ids::RoadId;
use crate::plan::TurnKind;

/// Drivers decide about a stop line from here on, metres.
const LOOK_AHEAD_M: f32 = 80.0;
/// After a change to green the first driver starts this late.
const START_LOSS_MS: u64 = 1000;
/// Oncoming traffic nearer than this many seconds holds a yielding turn.
const GAP_S: f32 = 4.0;
/// Under dark or flashing lamps one vehicle enters a site in this time.
const CREEP_MS: u64 = 2500;
/// A vehicle enters a road whose last vehicle stands only if this much is free behind it, metres.
const ROOM_M: f32 = CAR_M + JAM_GAP_M;

impl VirtualStreet {
    /// New vehicles at the edge of the city.
    pub(super) fn inflow(&mut self, map: &StreetMap, demand: f32) {
        for at in 0..self.sources.len() {
            let source = self.sources[at];
            let road = &map.roads[source.road.index()];
            let arrives = self
                .arrivals
                .chance(road.inflow_veh_h * demand * (DT / 3600.0));
            let dice = self.arrivals.next();
            let waiting = source.outside.saturating_add(u16::from(arrives));
            self.sources[at].outside = waiting;
            if waiting > 0 {
                self.counts.vehicle_delay_s += f64::from(waiting) * f64::from(DT);
                if self.admit(road, source.road, dice) {
                    self.sources[at].outside = waiting - 1;
                }
            }
        }
    }

    /// Lets one vehicle onto `road` if there is room.
    fn admit(&mut self, road: &Road, id: RoadId, dice: u64) -> bool {
        let mut car = Car {
            dice: u32::try_from(dice & 0xffff_ffff).unwrap_or(0),
            ..Car::default()
        };
        car.zeal = 0.88 + 0.2 * own_dice(&mut car.dice);
        car.exit = road.pick_exit(own_dice(&mut car.dice));
        let lane = self.best_lane(road, id, car.exit);
        let back = self.lanes[lane].back();
        if back.tail < ROOM_M {
            return false;
        }
        car.next = next_exit(&self.map, road, car.exit, &mut car.dice);
        let want = road.speed_mps * car.zeal;
        car.speed = if back.tail > 60.0 {
            want
        } else {
            want.min(back.speed)
        };
        self.lanes[lane].enter(car);
        true
    }

    /// The lane for `exit` with the most room.
    pub(super) fn best_lane(&self, road: &Road, id: RoadId, exit: u8) -> usize {
        let first = self.first_lane[id.index()];
        let mut best = (first, f32::MIN);
        for (at, rule) in road.lanes.iter().enumerate() {
            if road.exits.is_empty() || rule.exits & (1 << exit) != 0 {
                let lane = &self.lanes[first + at];
                let crowd = u16::try_from(lane.cars.len()).unwrap_or(u16::MAX);
                let room = lane.back().tail.min(road.length_m) - 7.0 * f32::from(crowd);
                if room > best.1 {
                    best = (first + at, room);
                }
            }
        }
        best.0
    }

    /// Moves all lanes, then lets vehicles over the stop lines.
    pub(super) fn drive(&mut self, map: &StreetMap, lamps: &[SiteLamps]) {
        for (at, road) in (0_u32..).zip(&map.roads) {
            let id = RoadId::new(at);
            for lane in 0..road.lanes.len() {
                self.drive_lane(map, (id, road), lane, lamps);
            }
        }
        for (at, road) in (0_u32..).zip(&map.roads) {
            let first = self.first_lane[RoadId::new(at).index()];
            for lane in first..first + road.lanes.len() {
                self.over_the_line(map, road, lane);
            }
        }
    }

    fn drive_lane(
        &mut self,
        map: &StreetMap,
        (id, road): (RoadId, &Road),
        lane: usize,
        lamps: &[SiteLamps],
    ) {
        let aspect = self.aspect(id, lane, lamps);
        let at = self.lane_at(id, lane);
        let clock = self.clock;
        let this = &mut self.lanes[at];
        this.see(aspect, clock);
        if this.cars.is_empty() {
            return;
        }
        let evs = self.evs_on[id.index()] > 0;
        if this.asleep && !evs {
            this.waiting_since.get_or_insert(clock);
            self.counts.vehicle_delay_s += count_f64(this.cars.len()) * f64::from(DT);
            return;
        }
        let mut cars = mem::take(&mut this.cars);
        let mut lead = self.front_lead(map, road, at, &cars[0]);
        let (mut moving, mut lost) = (false, 0.0_f32);
        for car in &mut cars {
            let mut want = road.speed_mps * car.zeal;
            if evs {
                (want, lead) = self.mind_evs((id, lane), car.pos, want, lead);
            }
            let speed = follow(car.pos, car.speed, want, lead);
            moving |= speed > 0.0;
            car.speed = speed;
            car.pos += speed * DT;
            lost += (1.0 - speed / (road.speed_mps * car.zeal)).max(0.0);
            lead = Lead {
                tail: car.pos - CAR_M,
                speed,
            };
        }
        self.counts.vehicle_delay_s += f64::from(lost * DT);
        let this = &mut self.lanes[at];
        if aspect != Aspect::Go && cars[0].speed < STANDING_MPS {
            this.waiting_since.get_or_insert(clock);
        }
        this.asleep = !moving && aspect == Aspect::Stop;
        this.cars = cars;
    }

    /// What the first vehicle of a lane has ahead: the stop line, or whoever is beyond it.
    fn front_lead(&mut self, map: &StreetMap, road: &Road, at: usize, car: &Car) -> Lead {
        let dist = road.length_m - car.pos;
        if road.exits.is_empty() || dist > LOOK_AHEAD_M {
            return Lead::NONE;
        }
        let exit = &road.exits[usize::from(car.exit)];
        let wall = Lead::wall(road.length_m);
        let (aspect, since) = (self.lanes[at].aspect, self.lanes[at].since);
        let waits = car.speed < 2.0;
        match aspect {
            Aspect::Stop => return wall,
            Aspect::Amber if waits && dist < 6.0 && !exit.opposing.is_empty() => {
                // A turn that found no gap clears the junction at the end of its green.
                if self.lanes[at].since + 1500 < self.clock || self.walkers_in_way(exit) {
                    return wall;
                }
            }
            Aspect::Amber if can_stop(car.speed, dist - LINE_GAP_M) => return wall,
            Aspect::Careful if !self.may_creep(road, at, dist) => return wall,
            Aspect::Go if waits && self.clock < since + START_LOSS_MS => return wall,
            Aspect::Go if self.must_yield(map, exit, dist, car.speed) => return wall,
            Aspect::Go | Aspect::Amber | Aspect::Careful => {}
        }
        self.beyond(map, road, exit, car.next)
    }

    /// The last vehicle of the lane a vehicle is about to turn into, seen from its own road; the
    /// stop line if there is no room for one more.
    fn beyond(&self, map: &StreetMap, road: &Road, exit: &Exit, next: u8) -> Lead {
        let target = &map.roads[exit.road.index()];
        let lane = self.best_lane(target, exit.road, next);
        let back = self.lanes[lane].back();
        let full = self.lanes[lane].is_full(target.length_m);
        if full || (back.speed < 3.0 && back.tail < ROOM_M) {
            return Lead::wall(road.length_m);
        }
        Lead {
            tail: back.tail + road.length_m + target.box_m,
            speed: back.speed,
        }
    }

    /// True if this lane's first driver is the one who may now creep into a junction without a
    /// signal.
    fn may_creep(&mut self, road: &Road, lane: usize, dist: f32) -> bool {
        let RoadEnd::Signal(site, _) = road.end else {
            return true;
        };
        let (since, by) = &mut self.crept[site.index()];
        if dist <= 4.0 && *since + CREEP_MS <= self.clock {
            (*since, *by) = (self.clock, lane);
        }
        // The one who was let in has a moment to cross the line.
        *by == lane && *since + CREEP_MS / 2 > self.clock
    }

    /// True if walkers or oncoming traffic have priority over this turn just now.
    pub(super) fn must_yield(&self, map: &StreetMap, exit: &Exit, dist: f32, speed: f32) -> bool {
        if exit.walks.is_empty() && exit.opposing.is_empty() {
            return false;
        }
        if dist > 30.0 && can_stop(speed, dist - 5.0) {
            return false;
        }
        self.walkers_in_way(exit) || self.oncoming(map, exit)
    }

    pub(super) fn walkers_in_way(&self, exit: &Exit) -> bool {
        exit.walks.iter().any(|walk| self.walkers[*walk].in_way > 0)
    }

    fn oncoming(&self, map: &StreetMap, exit: &Exit) -> bool {
        exit.opposing.iter().any(|(id, lane)| {
            let road = &map.roads[id.index()];
            let lane = &self.lanes[self.first_lane[id.index()] + lane];
            let Some(car) = lane.cars.front() else {
                return false;
            };
            if lane.aspect == Aspect::Stop || road.exits.is_empty() {
                return false;
            }
            let turn = road.exits[usize::from(car.exit)].turn;
            let away = (road.length_m - car.pos) / car.speed.max(3.0);
            matches!(turn, TurnKind::Through | TurnKind::Right) && away < GAP_S
        })
    }

    /// Vehicles whose front is over the line go on to the next road or leave the city.
    fn over_the_line(&mut self, map: &StreetMap, road: &Road, lane: usize) {
        while let Some(mut car) = self.lanes[lane].cars.front().copied() {
            if car.pos < road.length_m {
                return;
            }
            self.lanes[lane].cars.pop_front();
            self.lanes[lane].passed = self.lanes[lane].passed.wrapping_add(1);
            let Some(exit) = road.exits.get(usize::from(car.exit)) else {
                self.counts.vehicles += 1;
                continue;
            };
            let target = &map.roads[exit.road.index()];
            car.pos -= road.length_m + target.box_m;
            car.exit = car.next;
            car.next = next_exit(map, target, car.exit, &mut car.dice);
            let to = self.best_lane(target, exit.road, car.exit);
            self.lanes[to].enter(car);
        }
    }
}

/// Draws the exit after the next one.
fn next_exit(map: &StreetMap, road: &Road, exit: u8, dice: &mut u32) -> u8 {
    let drawn = own_dice(dice);
    road.exits
        .get(usize::from(exit))
        .map_or(0, |exit| map.roads[exit.road.index()].pick_exit(drawn))
}

fn count_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
