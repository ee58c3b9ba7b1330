//! An emergency vehicle on its way: where it is, where it stands, what it meets.

use serde::{Deserialize, Serialize};

use super::way::{Gate, Way};
use crate::sumo::roads::Roads;
use crate::sumo::traffic::{NO_LANE, STANDING_MPS, Traffic};

/// Somebody slower than this still belongs to a queue, m/s.
const QUEUED_MPS: f64 = 2.0;

/// What a vehicle met where it would have begun to brake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// The lamps let it go.
    pub green: bool,
    /// Nobody stood before it.
    pub clear: bool,
}

/// One stand of the vehicle, for whoever asks why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stand {
    /// The second in which it began.
    pub second: u32,
    /// How long it lasted, seconds.
    pub lasted_s: u32,
    /// Where, along the way, metres.
    pub along_m: f64,
    /// To the next stop line, metres; none behind the last one.
    pub to_stop_m: Option<f64>,
    /// The lane on which it stood.
    pub lane: String,
    /// What the lamps of its links showed in each second.
    pub shown: String,
    /// Vehicles before it on its own lane at the beginning.
    pub ahead: usize,
}

/// The watch over one vehicle.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Its way.
    pub way: Way,
    id: String,
    number: Option<usize>,
    /// When it came in.
    pub departed: Option<u32>,
    /// When it was gone.
    pub arrived: Option<u32>,
    /// Where it is along its way, metres.
    pub along_m: f64,
    edge: usize,
    looked: Option<u32>,
    /// The first of its edges that the dispatcher does not expect, if it turns off.
    pub off_from: Option<usize>,
    /// Its speed, m/s.
    pub speed_mps: f64,
    /// Where it is on the plane, metres.
    pub at_m: Option<(f64, f64)>,
    /// How often it had to stop.
    pub stops: u32,
    /// Seconds it stood.
    pub stopped_s: u32,
    stand_s: u32,
    /// Its longest stand, seconds.
    pub longest_stand_s: u32,
    /// Every stand.
    pub stands: Vec<Stand>,
    /// By stop line.
    pub met: Vec<Option<Met>>,
}

impl Watch {
    /// A watch that waits for the vehicle to come in.
    #[must_use]
    pub fn on(way: Way, id: String) -> Self {
        let met = vec![None; way.gates.len()];
        Self {
            way,
            id,
            number: None,
            departed: None,
            arrived: None,
            along_m: 0.0,
            edge: 0,
            looked: None,
            off_from: None,
            speed_mps: 0.0,
            at_m: None,
            stops: 0,
            stopped_s: 0,
            stand_s: 0,
            longest_stand_s: 0,
            stands: Vec::new(),
            met,
        }
    }

    /// True while the vehicle is on the street.
    #[must_use]
    pub const fn drives(&self) -> bool {
        self.departed.is_some() && self.arrived.is_none()
    }

    /// True if it is on a road that the dispatcher did not expect.
    #[must_use]
    pub fn is_off_the_plan(&self) -> bool {
        self.drives() && self.off_from.is_some_and(|from| self.edge >= from)
    }

    /// True if the front is behind this stop line.
    #[must_use]
    pub fn is_past(&self, gate: &Gate) -> bool {
        self.arrived.is_some() || self.along_m > gate.stop_m + 0.1
    }

    /// Looks at the second that ended at `now`, once.
    pub fn look(&mut self, roads: &Roads, traffic: &Traffic, now: u32) {
        if self.arrived.is_some() || self.looked == Some(now) {
            return;
        }
        self.looked = Some(now);
        if self.number.is_none() {
            self.number = traffic.all.iter().position(|v| v.id == self.id);
        }
        let Some(number) = self.number else { return };
        let vehicle = &traffic.all[number];
        let there = traffic.live.iter().any(|live| *live as usize == number);
        if !there && traffic.is_told(number) {
            // It parks beside the street.
            self.speed_mps = 0.0;
            return;
        }
        if !there || vehicle.lane == NO_LANE {
            if self.departed.is_some() {
                self.arrived = Some(now);
            }
            return;
        }
        self.departed.get_or_insert(now);
        self.speed_mps = vehicle.speed_mps;
        self.at_m = vehicle.at_m;
        self.place(roads, vehicle.lane, vehicle.pos_m);
        if vehicle.speed_mps < STANDING_MPS {
            self.stops += u32::from(self.stand_s == 0);
            self.stand_s += 1;
            self.stopped_s += 1;
            self.longest_stand_s = self.longest_stand_s.max(self.stand_s);
            self.note_stand(roads, traffic, now);
        } else {
            self.stand_s = 0;
        }
        for at in 0..self.way.gates.len() {
            if self.met[at].is_none() && self.along_m >= self.way.gates[at].brake_m {
                self.met[at] = Some(self.meet(roads, traffic, at));
            }
        }
    }

    /// Notes another second of standing.
    fn note_stand(&mut self, roads: &Roads, traffic: &Traffic, now: u32) {
        let gate = self.way.gates.iter().find(|gate| !self.is_past(gate));
        let lamp = gate.map_or('-', |gate| {
            let shown = traffic.lights[gate.signal].as_bytes();
            let letters = gate.letters.iter().filter_map(|at| shown.get(*at));
            let best = letters.min_by_key(|letter| b"GgyYr".iter().position(|l| l == *letter));
            best.map_or('-', |letter| char::from(*letter))
        });
        let to_stop_m = gate.map(|gate| gate.stop_m - self.along_m);
        if self.stand_s == 1
            && let Some(vehicle) = self.number.map(|number| &traffic.all[number])
        {
            let before = traffic.live.iter().filter(|number| {
                let other = &traffic.all[**number as usize];
                other.lane == vehicle.lane && other.pos_m > vehicle.pos_m
            });
            self.stands.push(Stand {
                second: now,
                lasted_s: 0,
                along_m: self.along_m,
                to_stop_m,
                lane: roads.lanes[vehicle.lane as usize].id.clone(),
                shown: String::new(),
                ahead: before.count(),
            });
        }
        if let Some(stand) = self.stands.last_mut() {
            stand.lasted_s = self.stand_s;
            stand.shown.push(lamp);
        }
    }

    fn place(&mut self, roads: &Roads, lane: u32, pos_m: f64) {
        let here = &roads.lanes[lane as usize];
        if here.is_inside {
            let end_m = self.way.spans.get(self.edge).map_or(0.0, |span| span.1);
            self.along_m = (self.along_m + self.speed_mps).max(end_m + 0.2);
            return;
        }
        let onward = self.way.edges.iter().enumerate().skip(self.edge);
        if let Some((at, _)) = onward.into_iter().find(|(_, edge)| **edge == here.edge) {
            self.edge = at;
            let (start_m, end_m) = self.way.spans[at];
            self.along_m = (end_m - (here.length_m - pos_m)).max(start_m);
        }
    }

    fn meet(&self, roads: &Roads, traffic: &Traffic, at: usize) -> Met {
        let gate = &self.way.gates[at];
        let shown = traffic.lights[gate.signal].as_bytes();
        let goes = |letter: &usize| matches!(shown.get(*letter), Some(b'G' | b'g'));
        let ahead = traffic.live.iter().any(|number| {
            let other = &traffic.all[*number as usize];
            let lane = &roads.lanes[other.lane as usize];
            let along_m = gate.stop_m - (lane.length_m - other.pos_m);
            Some(*number as usize) != self.number
                && gate.lanes.contains(&other.lane)
                && along_m > self.along_m
                && other.speed_mps < QUEUED_MPS
        });
        Met {
            green: gate.letters.iter().any(goes),
            clear: !ahead,
        }
    }
}
