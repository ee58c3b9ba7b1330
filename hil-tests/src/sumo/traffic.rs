//! Who is where: every vehicle as SUMO tells of it, and the ways they took.

use std::collections::{HashMap, VecDeque};

use super::codec::{Told, Value};
use super::error::{CodecError, SumoError};
use super::process::SumoProcess;
use super::roads::{LaneNo, Roads};
use super::traci::{Subject, variable};
use super::walkers::Walkers;

/// No lane: before the first sighting.
pub const NO_LANE: LaneNo = u32::MAX;
/// Ids of emergency vehicles of the bench begin so.
pub const FLEET: &str = "corridor-ev";
/// Slower than this, a vehicle stands, m/s.
pub const STANDING_MPS: f64 = 0.1;
/// Lanes that a vehicle can cross within one second at most.
const HOPS_MAX: u8 = 10;

/// One vehicle.
#[derive(Clone, Debug)]
pub struct Vehicle {
    /// Its id.
    pub id: String,
    /// The lane its front is on.
    pub lane: LaneNo,
    /// How far along, metres.
    pub pos_m: f64,
    /// Its speed, m/s.
    pub speed_mps: f64,
    /// Its length, metres.
    pub length_m: f64,
    /// Seconds lost so far, where losses are counted.
    pub loss_s: f64,
    /// Where it is on the plane, for a vehicle that tells it.
    pub at_m: Option<(f64, f64)>,
    /// The edges it drives, as far as the network knows them.
    pub route: Vec<u32>,
    /// Where on its route it was last seen.
    place: usize,
    /// The lane of the second before.
    before: LaneNo,
    /// The second in which it was last told of.
    seen: u32,
}

/// Everybody on the street.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// Everybody who ever drove.
    pub all: Vec<Vehicle>,
    /// Those on the street now.
    pub live: Vec<u32>,
    /// Vehicles still on the street or due.
    pub expected: i32,
    /// What every signal showed in the second that ended, as SUMO tells it.
    pub lights: Vec<String>,
    /// Everybody on foot near a signal.
    pub walkers: Walkers,
    /// Losses are counted, of everybody but those whose ids begin with [`FLEET`].
    pub counts_losses: bool,
    /// Seconds that all others have lost so far, on the street and waiting to come in.
    pub loss_s: f64,
    ids: HashMap<String, u32>,
    departed: Vec<String>,
    set_off: Vec<String>,
    /// Passages by lane and way.
    passages: Vec<Vec<u32>>,
    /// Vehicles that left each stop line, by signal and link.
    pub crossed: Vec<Vec<u32>>,
    /// The same, within the second that ended.
    pub crossed_now: Vec<Vec<u32>>,
    second: u32,
}

impl Traffic {
    /// An empty street.
    #[must_use]
    pub fn on(roads: &Roads) -> Self {
        let ways = |lane: &super::roads::RoadLane| vec![0; lane.next.len()];
        let blank = |signal: &super::roads::Signal| vec![0; signal.links.len()];
        let links: Vec<Vec<u32>> = roads.signals.iter().map(blank).collect();
        Self {
            lights: vec![String::new(); roads.signals.len()],
            passages: roads.lanes.iter().map(ways).collect(),
            crossed: links.clone(),
            crossed_now: links,
            walkers: Walkers::on(roads),
            ..Self::default()
        }
    }

    /// Follows nobody on foot who has set off and is not followed yet: a copy of the street may not
    /// know them.
    pub(super) fn leave_walkers(&mut self) {
        self.set_off.clear();
    }

    /// One second passes in SUMO; everybody is looked at again.
    ///
    /// # Errors
    /// SUMO died, or sent nonsense.
    pub fn step(&mut self, sumo: &mut SumoProcess, roads: &Roads) -> Result<(), SumoError> {
        for id in core::mem::take(&mut self.departed) {
            self.follow(sumo, &id);
            sumo.traci.ask_route(&id);
        }
        for id in self.set_off.drain(..) {
            sumo.traci.follow_walker(&id);
        }
        self.second += 1;
        self.live.clear();
        let stepped = sumo
            .traci
            .step(&mut |subject, told| self.hear(roads, subject, &told));
        if let Err(why) = stepped {
            return Err(sumo.explain(why));
        }
        self.settle(roads);
        self.walkers.settle(roads, &self.lights, self.second);
        Ok(())
    }

    /// Seconds since the street was empty.
    #[must_use]
    pub const fn second(&self) -> u32 {
        self.second
    }

    fn follow(&self, sumo: &mut SumoProcess, id: &str) {
        if id.starts_with(FLEET) {
            sumo.traci.follow_vehicle_place(id);
        } else if self.counts_losses {
            sumo.traci.follow_vehicle_loss(id);
        } else {
            sumo.traci.follow_vehicle(id);
        }
    }

    /// Lets a SUMO that was started from a copy tell of everybody who is on the street.
    pub(super) fn follow_again(&self, sumo: &mut SumoProcess) {
        for number in &self.live {
            self.follow(sumo, &self.all[*number as usize].id);
        }
    }

    fn hear(&mut self, roads: &Roads, subject: Subject, told: &Told<'_>) -> Result<(), CodecError> {
        match subject {
            Subject::Vehicle => self.hear_vehicle(roads, told),
            Subject::Walker => self.hear_walker(roads, told),
            Subject::Simulation => {
                match (told.variable, &told.value) {
                    (variable::DEPARTED, Value::Texts(ids)) => {
                        self.departed.extend(ids.iter().map(|id| (*id).to_owned()));
                    }
                    (variable::DEPARTED_PERSONS, Value::Texts(ids)) => {
                        self.set_off.extend(ids.iter().map(|id| (*id).to_owned()));
                    }
                    (variable::PENDING, Value::Texts(ids)) => {
                        let outside = ids.iter().filter(|id| !id.starts_with(FLEET));
                        self.loss_s += f64::from(u32::try_from(outside.count()).unwrap_or(0));
                    }
                    (variable::EXPECTED, value) => self.expected = value.as_int()?,
                    _ => {}
                }
                Ok(())
            }
            Subject::Light => {
                let known = roads.signals.iter().position(|s| s.id == told.object);
                if let Some(shown) = known.and_then(|at| self.lights.get_mut(at)) {
                    told.value.as_text()?.clone_into(shown);
                }
                Ok(())
            }
            Subject::Other => Ok(()),
        }
    }

    fn number(&mut self, id: &str) -> u32 {
        if let Some(known) = self.ids.get(id) {
            return *known;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.ids.insert(id.to_owned(), number);
        self.all.push(Vehicle {
            id: id.to_owned(),
            lane: NO_LANE,
            pos_m: 0.0,
            speed_mps: 0.0,
            length_m: 5.0,
            loss_s: 0.0,
            at_m: None,
            route: Vec::new(),
            place: 0,
            before: NO_LANE,
            seen: 0,
        });
        number
    }

    fn hear_vehicle(&mut self, roads: &Roads, told: &Told<'_>) -> Result<(), CodecError> {
        let number = self.number(told.object);
        let second = self.second;
        let Some(vehicle) = self.all.get_mut(number as usize) else {
            return Ok(());
        };
        if let (variable::ROUTE, Value::Texts(edges)) = (told.variable, &told.value) {
            vehicle.route = edges.iter().filter_map(|edge| roads.edge(edge)).collect();
            return Ok(());
        }
        if vehicle.seen != second {
            vehicle.seen = second;
            vehicle.before = vehicle.lane;
            self.live.push(number);
        }
        match told.variable {
            variable::LANE => vehicle.lane = roads.lane(told.value.as_text()?).unwrap_or(NO_LANE),
            variable::POSITION => vehicle.pos_m = told.value.as_double()?,
            variable::SPEED => vehicle.speed_mps = told.value.as_double()?,
            variable::LENGTH => vehicle.length_m = told.value.as_double()?,
            variable::TIME_LOSS => {
                let lost_s = told.value.as_double()?;
                self.loss_s += lost_s - vehicle.loss_s;
                vehicle.loss_s = lost_s;
            }
            variable::PLACE => {
                if let Value::Place(x, y) = told.value {
                    vehicle.at_m = Some((x, y));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn hear_walker(&mut self, roads: &Roads, told: &Told<'_>) -> Result<(), CodecError> {
        let (walkers, second) = (&mut self.walkers, self.second);
        match told.variable {
            variable::EDGE => {
                walkers.hear_edge(told.object, roads.edge(told.value.as_text()?), second);
            }
            variable::NEXT_EDGE => {
                walkers.hear_next(told.object, roads.edge(told.value.as_text()?), second);
            }
            variable::SPEED => walkers.hear_speed(told.object, told.value.as_double()?, second),
            _ => {}
        }
        Ok(())
    }

    /// Takes note of the ways that everybody took within this second.
    fn settle(&mut self, roads: &Roads) {
        self.live
            .retain(|number| self.all[*number as usize].lane != NO_LANE);
        for signal in &mut self.crossed_now {
            signal.fill(0);
        }
        for number in &self.live {
            let vehicle = &mut self.all[*number as usize];
            let (from, to) = (vehicle.before, vehicle.lane);
            if from == to || from == NO_LANE {
                continue;
            }
            let edge = roads.lanes[to as usize].edge;
            let onward = vehicle.route.get(vehicle.place..).unwrap_or_default();
            if let Some(at) = onward.iter().position(|passed| *passed == edge) {
                vehicle.place += at;
            }
            for (lane, way) in way_between(roads, from, to) {
                self.passages[lane as usize][way] += 1;
                if let Some((signal, link)) = roads.lanes[lane as usize].next[way].link {
                    self.crossed[signal][link] += 1;
                    self.crossed_now[signal][link] += 1;
                }
            }
        }
    }

    /// The share of the traffic of `lane` that takes this way, from what was counted so far.
    #[must_use]
    pub fn share(&self, lane: LaneNo, way: usize) -> f64 {
        let counts = &self.passages[lane as usize];
        let all: u32 = counts.iter().sum();
        let ways = u32::try_from(counts.len()).unwrap_or(u32::MAX);
        f64::from(counts[way] + 1) / f64::from(all + ways)
    }

    /// True if SUMO told of this vehicle in the second that ended, on a lane or beside it.
    #[must_use]
    pub fn is_told(&self, number: usize) -> bool {
        let vehicle = self.all.get(number);
        vehicle.is_some_and(|vehicle| vehicle.seen == self.second && self.second > 0)
    }

    /// The edge that this vehicle drives after the one it is on; none at its destination.
    #[must_use]
    pub fn next_edge(&self, number: u32) -> Option<u32> {
        let vehicle = &self.all[number as usize];
        vehicle.route.get(vehicle.place + 1).copied()
    }
}

/// The ways a vehicle took from a lane to a lane within one second: the shortest that there is,
/// a change of lane counting like a lane.
fn way_between(roads: &Roads, from: LaneNo, to: LaneNo) -> Vec<(LaneNo, usize)> {
    // Where each lane was reached from, by which way (none for a change of lane), and how far.
    let mut reached: Vec<(LaneNo, usize, Option<usize>, u8)> = vec![(from, 0, None, 0)];
    let mut queue = VecDeque::from([0_usize]);
    while let Some(at) = queue.pop_front() {
        let (lane, _, _, hops) = reached[at];
        if lane == to {
            return unwind(&reached, at);
        }
        if hops >= HOPS_MAX {
            continue;
        }
        let ahead = roads.lanes[lane as usize].next.iter().enumerate();
        let ahead = ahead.map(|(way, step)| (step.to, Some(way)));
        let beside = roads.beside(lane).map(|lane| (lane, None));
        for (next, way) in ahead.chain(beside) {
            if !reached.iter().any(|known| known.0 == next) {
                queue.push_back(reached.len());
                reached.push((next, at, way, hops + 1));
            }
        }
    }
    Vec::new()
}

fn unwind(reached: &[(LaneNo, usize, Option<usize>, u8)], end: usize) -> Vec<(LaneNo, usize)> {
    let mut ways = Vec::new();
    let mut at = end;
    while at != 0 {
        let (_, before, way, _) = reached[at];
        if let Some(way) = way {
            ways.push((reached[before].0, way));
        }
        at = before;
    }
    ways
}
