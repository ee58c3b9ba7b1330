//! What the sensors of every signal tell: exactly, or as a field device would.
//!
//! Every controller that is compared sees the street through this one picture.

use std::collections::VecDeque;

use super::roads::{EXIT_M, LaneNo, Link, RANGE_M, Roads, Signal};
use super::traffic::{STANDING_MPS, Traffic};

/// A field sensor follows vehicles this far, metres.
const FIELD_RANGE_M: f64 = 100.0;
/// It misses this many of a hundred vehicles in a report.
const FIELD_MISSED_PERCENT: u64 = 5;
/// Slower than this within the junction, a vehicle creeps, m/s.
const SLOW_MPS: f64 = 3.0;
/// Its first metres: somebody standing there blocks it.
const MOUTH_M: f64 = 15.0;
/// Shorter exits have no mouth of their own.
const MOUTH_LANE_M: f64 = 30.0;
/// Zone before a stop line that its presence loop watches, metres.
const PRESENCE_M: f64 = 6.0;
/// Less likely than this, a vehicle is not told at all.
const SHARE_MIN: f64 = 0.01;
/// Room between two standing vehicles, metres.
const GAP_M: f64 = 1.5;

/// How good the sensors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sensors {
    /// Every vehicle within 200 m, at once and without a fault.
    Resco,
    /// To 100 m, 5 of 100 missed in each report, the picture of the second before.
    Field,
    /// The same, and one lane of each signal is not seen at all.
    FieldDead,
}

impl Sensors {
    /// The sensors of this name.
    ///
    /// # Errors
    /// There are none, in a sentence.
    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "resco" => Ok(Self::Resco),
            "field" => Ok(Self::Field),
            "field-dead" => Ok(Self::FieldDead),
            other => Err(format!("no sensors `{other}`: resco, field or field-dead")),
        }
    }

    /// Their name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resco => "resco",
            Self::Field => "field",
            Self::FieldDead => "field-dead",
        }
    }
}

/// A vehicle on its way to a stop line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Its number.
    pub vehicle: u32,
    /// The stop lane, by its number in [`Signal::lanes`].
    pub lane: usize,
    /// From its front to the stop line, metres.
    pub distance_m: f64,
    /// Its speed, m/s.
    pub speed_mps: f64,
    /// How likely it comes to this stop line.
    pub share: f64,
}

/// What is seen of one link.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkSeen {
    /// Vehicles that left the stop line this way so far.
    pub departed: u32,
    /// Vehicles within the junction on it.
    pub inside: u32,
    /// Those of them that stand or creep.
    pub inside_slow: u32,
    /// Vehicles on the first stretch of the exit lane.
    pub exit: u32,
    /// Those of them that stand.
    pub exit_standing: u32,
    /// The part of that stretch that they take.
    pub exit_taken: f64,
    /// Somebody stands in its first metres.
    pub exit_blocked: bool,
}

impl LinkSeen {
    /// True if whoever enters now may have to stop within the junction.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.exit_blocked || (self.exit_standing >= 2 && self.exit_taken > 0.85)
    }
}

/// What the sensors of one signal tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignalView {
    /// Vehicles on their way, in any order.
    pub seen: Vec<Seen>,
    /// One per link, as in [`Signal::links`].
    pub links: Vec<LinkSeen>,
    /// Somebody stands on the presence loop; one per stop lane.
    pub presence: Vec<bool>,
    /// The stop lane whose sensors are dead.
    pub dead: Option<usize>,
}

/// All sensors of the city.
#[derive(Clone, Debug)]
pub struct Eyes {
    sensors: Sensors,
    seed: u64,
    /// Vehicles on each lane now, and the lanes with somebody on them.
    on_lane: Vec<Vec<u32>>,
    taken: Vec<LaneNo>,
    /// The newest picture last; the one that is told first.
    pictures: VecDeque<Vec<SignalView>>,
    /// Somebody stands on the presence loop now, by signal and stop lane.
    at_line: Vec<Vec<bool>>,
}

impl Eyes {
    /// Sensors of this quality; what they miss follows from `seed`.
    #[must_use]
    pub fn new(roads: &Roads, sensors: Sensors, seed: u32) -> Self {
        let blank: Vec<SignalView> = roads.signals.iter().map(blank).collect();
        Self {
            sensors,
            seed: u64::from(seed),
            on_lane: vec![Vec::new(); roads.lanes.len()],
            taken: Vec::new(),
            at_line: blank.iter().map(|view| view.presence.clone()).collect(),
            pictures: VecDeque::from([blank]),
        }
    }

    /// What is told now, one per signal.
    #[must_use]
    pub fn views(&self) -> &[SignalView] {
        self.pictures.front().map_or(&[], Vec::as_slice)
    }

    /// Vehicles whose front is on this lane.
    #[must_use]
    pub fn on_lane(&self, lane: LaneNo) -> &[u32] {
        &self.on_lane[lane as usize]
    }

    /// True if somebody stands on a presence loop now; loops are not late.
    #[must_use]
    pub fn at_line(&self, signal: usize, lane: usize) -> bool {
        let signal = self.at_line.get(signal);
        signal.and_then(|lanes| lanes.get(lane)) == Some(&true)
    }

    /// Looks at the street as it stands at second `now`.
    pub fn look(&mut self, roads: &Roads, traffic: &Traffic, now: u32) {
        for lane in self.taken.drain(..) {
            self.on_lane[lane as usize].clear();
        }
        for number in &traffic.live {
            let lane = traffic.all[*number as usize].lane;
            let on_it = &mut self.on_lane[lane as usize];
            if on_it.is_empty() {
                self.taken.push(lane);
            }
            on_it.push(*number);
        }
        let late = usize::from(self.sensors != Sensors::Resco);
        let mut picture = if self.pictures.len() > late {
            self.pictures.pop_front().unwrap_or_default()
        } else {
            roads.signals.iter().map(blank).collect()
        };
        let mut present = Vec::with_capacity(roads.signals.len());
        for (at, (signal, view)) in roads.signals.iter().zip(&mut picture).enumerate() {
            let look = Look {
                eyes: self,
                roads,
                traffic,
                now,
                at,
                signal,
            };
            look.fill(view, &traffic.crossed[at]);
            present.push(view.presence.clone());
            if self.sensors == Sensors::FieldDead {
                kill(view, signal, self.seed ^ (at as u64) << 8);
            }
        }
        self.at_line = present;
        self.pictures.push_back(picture);
    }

    fn misses(&self, vehicle: u32, now: u32) -> bool {
        self.sensors != Sensors::Resco
            && dice(self.seed << 40 ^ u64::from(vehicle) << 20 ^ u64::from(now)) % 100
                < FIELD_MISSED_PERCENT
    }
}

fn blank(signal: &Signal) -> SignalView {
    SignalView {
        seen: Vec::new(),
        links: vec![LinkSeen::default(); signal.links.len()],
        presence: vec![false; signal.lanes.len()],
        dead: None,
    }
}

/// A number that follows from another and looks like chance.
fn dice(from: u64) -> u64 {
    let mut z = from.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Takes one lane's sensors out: no objects, no counts, and its loop calls for ever, as the card of
/// a broken one does.
fn kill(view: &mut SignalView, signal: &Signal, seed: u64) {
    let lanes = signal.lanes.len() as u64;
    let drawn = dice(seed).checked_rem(lanes);
    let Some(dead) = drawn.and_then(|lane| usize::try_from(lane).ok()) else {
        return;
    };
    view.dead = Some(dead);
    view.seen.retain(|seen| seen.lane != dead);
    if let Some(presence) = view.presence.get_mut(dead) {
        *presence = true;
    }
    for (link, seen) in signal.links.iter().zip(&mut view.links) {
        if link.lane == dead {
            seen.departed = 0;
        }
    }
}

/// One look at one signal.
struct Look<'a> {
    eyes: &'a Eyes,
    roads: &'a Roads,
    traffic: &'a Traffic,
    now: u32,
    at: usize,
    signal: &'a Signal,
}

impl Look<'_> {
    fn fill(&self, view: &mut SignalView, crossed: &[u32]) {
        view.seen.clear();
        for (number, stop) in self.signal.lanes.iter().enumerate() {
            let presence = self.approach(number, &mut view.seen);
            view.presence[number] = presence || self.straddled(stop.lane);
        }
        for (at, link) in self.signal.links.iter().enumerate() {
            view.links[at] = LinkSeen {
                departed: crossed[at],
                ..self.exit(link)
            };
        }
        self.inside(view);
    }

    /// Adds those on their way to a stop lane; true if one is on its presence loop.
    fn approach(&self, number: usize, seen: &mut Vec<Seen>) -> bool {
        let range_m = match self.eyes.sensors {
            Sensors::Resco => RANGE_M,
            Sensors::Field | Sensors::FieldDead => FIELD_RANGE_M,
        };
        let mut presence = false;
        for feeder in &self.signal.lanes[number].feeders {
            let on_it = self.eyes.on_lane(feeder.lane);
            if on_it.is_empty() {
                continue;
            }
            let turns = feeder.turns.iter();
            let share: f64 = turns
                .map(|(lane, way)| self.traffic.share(*lane, *way))
                .product();
            let length_m = self.roads.lanes[feeder.lane as usize].length_m;
            for vehicle in on_it {
                let known = &self.traffic.all[*vehicle as usize];
                let distance_m = (feeder.offset_m + length_m - known.pos_m).max(0.0);
                presence |= distance_m <= PRESENCE_M && share > 0.5;
                let told = distance_m <= range_m
                    && share >= SHARE_MIN
                    && !self.eyes.misses(*vehicle, self.now);
                if told {
                    seen.push(Seen {
                        vehicle: *vehicle,
                        lane: number,
                        distance_m,
                        speed_mps: known.speed_mps,
                        share,
                    });
                }
            }
        }
        presence
    }

    /// True if somebody has its front over the stop line and its rear before it.
    fn straddled(&self, lane: LaneNo) -> bool {
        self.roads.lanes[lane as usize].next.iter().any(|way| {
            self.eyes.on_lane(way.to).iter().any(|vehicle| {
                let known = &self.traffic.all[*vehicle as usize];
                known.pos_m < known.length_m
            })
        })
    }

    fn inside(&self, view: &mut SignalView) {
        for (number, link) in self.signal.links.iter().enumerate() {
            let ways = self.roads.lanes[link.from as usize].next.iter();
            let own = ways.filter(|way| way.link == Some((self.at, number)));
            for way in own {
                self.through(way.to, &mut view.links[number]);
            }
        }
    }

    /// Counts those on the lanes within the junction, from its first one on.
    fn through(&self, first: LaneNo, seen: &mut LinkSeen) {
        let mut lane = first;
        // A way through a junction has at most a waiting point or two.
        for _ in 0..8 {
            let here = &self.roads.lanes[lane as usize];
            if !here.is_inside {
                return;
            }
            for vehicle in self.eyes.on_lane(lane) {
                if !self.eyes.misses(*vehicle, self.now) {
                    let slow = self.traffic.all[*vehicle as usize].speed_mps < SLOW_MPS;
                    seen.inside += 1;
                    seen.inside_slow += u32::from(slow);
                }
            }
            let Some(on) = here.next.first() else { return };
            lane = on.to;
        }
    }

    fn exit(&self, link: &Link) -> LinkSeen {
        let whole_m: f64 = (link.exit.iter())
            .map(|(lane, _)| self.roads.lanes[*lane as usize].length_m)
            .sum();
        let stretch_m = whole_m.min(EXIT_M);
        let (mut seen, mut taken_m) = (LinkSeen::default(), 0.0);
        for (lane, start_m) in &link.exit {
            for vehicle in self.eyes.on_lane(*lane) {
                let known = &self.traffic.all[*vehicle as usize];
                let rear_m = start_m + known.pos_m - known.length_m;
                if rear_m > stretch_m || self.eyes.misses(*vehicle, self.now) {
                    continue;
                }
                seen.exit += 1;
                if known.speed_mps < STANDING_MPS {
                    seen.exit_standing += 1;
                    taken_m += known.length_m + GAP_M;
                    seen.exit_blocked |= rear_m < MOUTH_M && whole_m >= MOUTH_LANE_M;
                }
            }
        }
        seen.exit_taken = (taken_m / stretch_m.max(1.0)).min(1.0);
        seen
    }
}
