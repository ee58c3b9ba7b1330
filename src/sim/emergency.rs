//! Emergency vehicles: they obey red lamps, drive faster than others, pass where there is room to
//! move aside, and report where they are with the noise of a real receiver.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::lane::{Aspect, DT, JAM_GAP_M, LINE_GAP_M, Lead, STANDING_MPS, can_stop, follow};
use super::map::{Exit, Road, RoadEnd, StreetMap};
use super::street::SiteLamps;
use super::virtual_street::VirtualStreet;
use crate::corridor::ServiceClass;
use crate::ids::{ApproachId, RoadId, SiteId};
use crate::units::{Length, Millis, Mono, Speed};

/// Length of an emergency vehicle, metres.
const EV_M: f32 = 6.0;
/// It drives this much faster than the limit where it can.
const OVER_LIMIT: f32 = 1.2;
/// Vehicles this far ahead hear it and move aside, metres.
const HEARD_M: f32 = 60.0;
/// Moving vehicles slow to this share of their speed while it passes.
const ASIDE: f32 = 0.7;
/// It passes nobody faster than this, metres per second of difference.
const PASSING_MPS: f32 = 9.0;
/// A vehicle slower than this cannot clear the lane for it, metres per second.
const BLOCKING_MPS: f32 = 3.0;
/// What counts as its braking distance: this deceleration, and this time to react.
const BRAKE_MPS2: f32 = 3.0;
const REACTION_S: f32 = 0.5;

/// A stretch of one road on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteLeg {
    /// The road.
    pub road: RoadId,
    /// Where the vehicle joins it, from the junction before it.
    pub from: Length,
    /// Where the vehicle leaves it; the end of the road but on the last leg.
    pub to: Length,
}

/// An order to drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    /// The vehicle's id as the dispatch system gives it.
    pub vehicle: String,
    /// What it is.
    pub class: ServiceClass,
    /// The way, road by road.
    pub route: Vec<RouteLeg>,
    /// Speed it drives at most; zero for "whatever the road allows".
    pub speed: Speed,
}

/// Why a vehicle cannot drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// There is no leg at all.
    #[error("the route is empty")]
    EmptyRoute,
    /// The street has no such road.
    #[error("road {0} does not exist")]
    UnknownRoad(RoadId),
    /// One cannot turn from the first road into the second.
    #[error("no turn leads from road {0} to road {1}")]
    NoTurn(RoadId, RoadId),
}

/// What happened at one signal of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalRecord {
    /// The site.
    pub site: SiteId,
    /// The approach it came in by.
    pub approach: ApproachId,
    /// The lamp of its lane was green, and nobody stood before it, when it came within its
    /// braking distance of the stop line.
    pub green_at_arrival: bool,
    /// Somebody stood before it then.
    pub queue_at_arrival: bool,
    /// How often it stood on this approach.
    pub stops: u32,
    /// How long it stood on this approach.
    pub stopped: Millis,
    /// When it crossed the stop line.
    pub passed_at: Option<Mono>,
}

/// The record of one drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriveReport {
    /// The vehicle's id.
    pub vehicle: Arc<str>,
    /// What it is.
    pub class: ServiceClass,
    /// When it set off.
    pub departed: Mono,
    /// When it reached the end of its way.
    pub arrived: Option<Mono>,
    /// How often it stood.
    pub stops: u32,
    /// How long it stood.
    pub stopped: Millis,
    /// The signals it has come near, in order.
    pub signals: Vec<SignalRecord>,
}

/// A position as a receiver in the vehicle reports it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreetFix {
    /// Which vehicle.
    pub vehicle: Arc<str>,
    /// When the position was true.
    pub at: Mono,
    /// East of the origin, metres.
    pub x_m: f64,
    /// North of the origin, metres.
    pub y_m: f64,
    /// Speed over ground.
    pub speed: Speed,
    /// Degrees clockwise from north.
    pub heading_deg: f64,
}

/// An emergency vehicle under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ev {
    pub(super) report: DriveReport,
    route: Vec<RouteLeg>,
    leg: usize,
    lane: usize,
    at_m: f32,
    speed: f32,
    most_mps: f32,
    judged: bool,
    stands: bool,
    next_fix: u64,
    fixes: VecDeque<StreetFix>,
}

impl Ev {
    fn road(&self) -> RoadId {
        self.route[self.leg].road
    }

    pub(super) const fn active(&self) -> bool {
        self.report.arrived.is_none()
    }

    pub(super) fn is_at(&self, road: RoadId, lane: usize) -> bool {
        self.active() && self.lane == lane && self.road() == road
    }

    pub(super) const fn pos(&self) -> f32 {
        self.at_m
    }

    pub(super) fn tail(&self) -> f32 {
        self.at_m - EV_M
    }

    fn next_road(&self) -> Option<RoadId> {
        self.route.get(self.leg + 1).map(|leg| leg.road)
    }
}

impl VirtualStreet {
    /// Sends an emergency vehicle on its way.
    ///
    /// # Errors
    /// A route that is empty, names an unknown road, or turns where one cannot.
    pub fn dispatch(&mut self, order: &Dispatch) -> Result<(), DispatchError> {
        let first = order.route.first().ok_or(DispatchError::EmptyRoute)?;
        let map = Arc::clone(&self.map);
        for leg in &order.route {
            if leg.road.index() >= map.roads.len() {
                return Err(DispatchError::UnknownRoad(leg.road));
            }
        }
        for pair in order.route.windows(2) {
            if map.roads[pair[0].road.index()]
                .exit_to(pair[1].road)
                .is_none()
            {
                return Err(DispatchError::NoTurn(pair[0].road, pair[1].road));
            }
        }
        let asked = metres(order.speed.as_mm_per_s());
        let mut ev = Ev {
            report: DriveReport {
                vehicle: order.vehicle.as_str().into(),
                class: order.class,
                departed: Mono::from_ms(self.clock),
                arrived: None,
                stops: 0,
                stopped: Millis::ZERO,
                signals: Vec::with_capacity(order.route.len()),
            },
            route: order.route.clone(),
            leg: 0,
            lane: 0,
            at_m: metres(first.from.as_mm()) - map.roads[first.road.index()].box_m,
            speed: 0.0,
            most_mps: if asked > 0.0 { asked } else { f32::MAX },
            judged: false,
            stands: true,
            next_fix: self.clock,
            fixes: VecDeque::new(),
        };
        ev.lane = self.ev_lane(&map, &ev, None);
        self.evs_on[first.road.index()] += 1;
        self.evs.push(ev);
        Ok(())
    }

    /// Takes a vehicle off the street, wherever it is; `false` if there is none of this name.
    pub fn withdraw(&mut self, vehicle: &str) -> bool {
        let found = self
            .evs
            .iter()
            .position(|ev| ev.active() && &*ev.report.vehicle == vehicle);
        let Some(at) = found else {
            return false;
        };
        let ev = self.evs.remove(at);
        self.evs_on[ev.road().index()] -= 1;
        true
    }

    /// The drives so far, finished ones included, in order of dispatch.
    pub fn drives(&self) -> impl Iterator<Item = &DriveReport> {
        self.evs.iter().map(|ev| &ev.report)
    }

    /// The positions that have arrived by `now` and were not taken before.
    pub fn fixes(&mut self, now: Mono) -> impl Iterator<Item = StreetFix> + '_ {
        let lag = Millis::new(self.config.fix_lag_ms);
        self.evs.iter_mut().flat_map(move |ev| {
            core::iter::from_fn(move || ev.fixes.pop_front_if(|fix| fix.at + lag <= now))
        })
    }

    /// Where a vehicle really is, without noise: east, north (metres) and speed.
    #[must_use]
    pub fn true_position(&self, vehicle: &str) -> Option<(f64, f64, Speed)> {
        let ev = self
            .evs
            .iter()
            .find(|ev| ev.active() && &*ev.report.vehicle == vehicle)?;
        let (x_m, y_m, _) = self.ev_point(ev);
        Some((x_m, y_m, speed_of(ev.speed)))
    }

    /// Time the same drive takes on the empty street with every lamp green.
    #[must_use]
    pub fn free_flow_travel(&self, order: &Dispatch) -> Option<Millis> {
        use super::street::Street;
        let mut config = self.config.clone();
        config.demand = 0.0;
        let mut empty = Self::on_map(Arc::clone(&self.map), config);
        let lamps = vec![[crate::signal::Indication::Green; 32]; self.map.sites];
        empty.step(Mono::ZERO, &lamps);
        empty.dispatch(order).ok()?;
        (1..72_000).find_map(|step| {
            empty.step(Mono::from_ms(step * 100), &lamps);
            empty.evs[0].report.arrived.map(|at| at.since(Mono::ZERO))
        })
    }

    /// What traffic at `pos` makes of emergency vehicles on its road: the speed it wants, and who
    /// is ahead of it.
    pub(super) fn mind_evs(
        &self,
        (road, lane): (RoadId, usize),
        pos: f32,
        want: f32,
        lead: Lead,
    ) -> (f32, Lead) {
        let lanes = self.map.roads[road.index()].lanes.len();
        let (mut want, mut lead) = (want, lead);
        for ev in self
            .evs
            .iter()
            .filter(|ev| ev.active() && ev.road() == road)
        {
            let behind = pos - ev.at_m;
            if behind < 0.0 && ev.lane == lane {
                let tail = ev.tail();
                lead = lead.nearer(Lead {
                    tail,
                    speed: ev.speed,
                });
            } else if (0.0..HEARD_M).contains(&behind) && lanes > 1 {
                want = want.min(self.map.roads[road.index()].speed_mps * ASIDE);
            }
        }
        (want, lead)
    }

    pub(super) fn drive_ev(
        &mut self,
        map: &StreetMap,
        evs: &mut [Ev],
        at: usize,
        lamps: &[SiteLamps],
    ) {
        if !evs[at].active() {
            return;
        }
        if self.clock.is_multiple_of(500) && evs[at].at_m > 0.0 {
            let lane = self.ev_lane(map, &evs[at], Some(evs[at].lane));
            evs[at].lane = lane;
        }
        let others = others_ahead(evs, at);
        let ev = &mut evs[at];
        let id = ev.road();
        let road = &map.roads[id.index()];
        let aspect = self.aspect(id, ev.lane, lamps);
        self.judge(road, ev, aspect);
        let (lead, pass) = self.ev_lead(map, ev, aspect);
        let mut want = (road.speed_mps * OVER_LIMIT).min(ev.most_mps).min(pass);
        if aspect == Aspect::Careful && road.length_m - ev.at_m < 30.0 {
            want = want.min(6.0);
        }
        ev.speed = follow(ev.at_m, ev.speed, want, lead.nearer(others));
        ev.at_m += ev.speed * DT;
        self.note_stop(ev);
        self.ev_onward(map, road, ev);
        self.report_fix(ev);
    }

    /// What is ahead of the vehicle, and how fast it may pass those who move aside.
    fn ev_lead(&self, map: &StreetMap, ev: &Ev, aspect: Aspect) -> (Lead, f32) {
        let road = &map.roads[ev.road().index()];
        let lane = self.lane_at(ev.road(), ev.lane);
        let (mut lead, mut pass) = self.in_lane(lane, ev.at_m, road.lanes.len());
        let dist = road.length_m - ev.at_m;
        let exit = ev.next_road().and_then(|next| road.exit_to(next));
        let Some(exit) = exit.map(|exit| &road.exits[exit]) else {
            return (lead, pass);
        };
        let wall = Lead::wall(road.length_m);
        let stops = match aspect {
            Aspect::Stop => true,
            Aspect::Amber => can_stop(ev.speed, dist - LINE_GAP_M),
            Aspect::Go | Aspect::Careful => dist < 40.0 && self.must_yield_ev(exit, dist, ev.speed),
        };
        if stops {
            return (lead.nearer(wall), pass);
        }
        if dist < 100.0 && lead.tail > road.length_m {
            let (next, after) = self.ev_next_lane(map, ev, exit);
            let shift = road.length_m + after.box_m;
            let (ahead, slow) = self.in_lane(next, -after.box_m, after.lanes.len());
            if ahead.speed < BLOCKING_MPS && ahead.tail < EV_M + JAM_GAP_M {
                lead = lead.nearer(wall);
            } else if ahead.tail < f32::MAX {
                let tail = ahead.tail + shift;
                lead = lead.nearer(Lead {
                    tail,
                    speed: ahead.speed,
                });
            }
            pass = pass.min(slow);
        }
        (lead, pass)
    }

    /// Walkers on their way have priority even over a siren.
    fn must_yield_ev(&self, exit: &Exit, dist: f32, speed: f32) -> bool {
        self.walkers_in_way(exit) && (dist > 0.0 && can_stop(speed, dist - LINE_GAP_M + 2.0))
    }

    /// The lane of the next road that the vehicle is going to use.
    fn ev_next_lane<'map>(
        &self,
        map: &'map StreetMap,
        ev: &Ev,
        exit: &Exit,
    ) -> (usize, &'map Road) {
        let after = &map.roads[exit.road.index()];
        let next = ev
            .route
            .get(ev.leg + 2)
            .and_then(|leg| after.exit_to(leg.road));
        let next = u8::try_from(next.unwrap_or(0)).unwrap_or(0);
        (self.best_lane(after, exit.road, next), after)
    }

    /// The nearest vehicle ahead in a lane that cannot move aside, and how fast one may pass.
    fn in_lane(&self, lane: usize, from: f32, lanes: usize) -> (Lead, f32) {
        let mut pass = f32::MAX;
        for car in self.lanes[lane].cars.iter().rev() {
            if car.pos <= from {
                continue;
            }
            if lanes == 1 || car.speed < BLOCKING_MPS {
                let tail = car.pos - super::lane::CAR_M;
                return (
                    Lead {
                        tail,
                        speed: car.speed,
                    },
                    pass,
                );
            }
            if car.pos - from < 25.0 {
                pass = pass.min(car.speed + PASSING_MPS);
            }
        }
        (Lead::NONE, pass)
    }

    /// The lane it uses: of those that lead where it goes, the one with the most free way.
    fn ev_lane(&self, map: &StreetMap, ev: &Ev, now_in: Option<usize>) -> usize {
        let road = &map.roads[ev.road().index()];
        let exit = ev.next_road().and_then(|next| road.exit_to(next));
        let mut best = (now_in.unwrap_or(0), f32::MIN);
        for (lane, rule) in road.lanes.iter().enumerate() {
            if exit.is_some_and(|exit| rule.exits & (1 << exit) == 0) {
                continue;
            }
            let at = self.lane_at(ev.road(), lane);
            let stays = now_in == Some(lane);
            if !stays && self.lanes[at].covers(ev.tail() - 2.0, ev.at_m + 2.0) {
                continue;
            }
            let ahead = self.in_lane(at, ev.at_m, road.lanes.len()).0;
            let crowd = self.lanes[at]
                .cars
                .iter()
                .take_while(|car| car.pos > ev.at_m)
                .count();
            let crowd = f32::from(u16::try_from(crowd).unwrap_or(u16::MAX));
            let free = ahead.tail.min(road.length_m) - 2.0 * crowd + if stays { 10.0 } else { 0.0 };
            if free > best.1 {
                best = (lane, free);
            }
        }
        best.0
    }

    /// Notes how the signal stood when the vehicle came within its braking distance.
    fn judge(&self, road: &Road, ev: &mut Ev, aspect: Aspect) {
        let RoadEnd::Signal(site, approach) = road.end else {
            return;
        };
        let dist = road.length_m - ev.at_m;
        let brake = ev.speed * ev.speed / (2.0 * BRAKE_MPS2) + ev.speed * REACTION_S;
        let early_stop = ev.stands && self.clock > ev.report.departed.as_ms() + 3000;
        if ev.judged || ev.next_road().is_none() || (dist > brake + 2.0 && !early_stop) {
            return;
        }
        ev.judged = true;
        let lane = &self.lanes[self.lane_at(ev.road(), ev.lane)];
        let queue = lane
            .cars
            .iter()
            .any(|car| car.pos > ev.at_m && car.speed < STANDING_MPS);
        ev.report.signals.push(SignalRecord {
            site,
            approach,
            green_at_arrival: aspect == Aspect::Go && !queue && !early_stop,
            queue_at_arrival: queue,
            stops: u32::from(early_stop),
            stopped: if early_stop {
                crate::units::TICK
            } else {
                Millis::ZERO
            },
            passed_at: None,
        });
    }

    fn note_stop(&self, ev: &mut Ev) {
        let stands = ev.speed < 0.5;
        let setting_off = self.clock <= ev.report.departed.as_ms() + 3000;
        if stands && !setting_off {
            let new = u32::from(!ev.stands);
            ev.report.stops += new;
            ev.report.stopped += crate::units::TICK;
            if let (true, Some(signal)) = (ev.judged, ev.report.signals.last_mut()) {
                signal.stops += new;
                signal.stopped += crate::units::TICK;
            }
        }
        ev.stands = stands;
    }

    /// On to the next road at the stop line, or home at the end of the way.
    fn ev_onward(&mut self, map: &StreetMap, road: &Road, ev: &mut Ev) {
        let now = Mono::from_ms(self.clock);
        let leg = ev.route[ev.leg];
        let Some(next) = ev.next_road() else {
            if ev.at_m >= (metres(leg.to.as_mm()) - road.box_m).min(road.length_m) {
                ev.report.arrived = Some(now);
                self.evs_on[leg.road.index()] -= 1;
            }
            return;
        };
        if ev.at_m < road.length_m {
            return;
        }
        if let (true, Some(signal)) = (ev.judged, ev.report.signals.last_mut()) {
            signal.passed_at = Some(now);
        }
        let lane = self.lane_at(leg.road, ev.lane);
        self.lanes[lane].passed = self.lanes[lane].passed.wrapping_add(1);
        self.evs_on[leg.road.index()] -= 1;
        self.evs_on[next.index()] += 1;
        ev.at_m -= road.length_m + map.roads[next.index()].box_m;
        ev.leg += 1;
        ev.judged = false;
        ev.lane = self.ev_lane(map, ev, None);
    }

    fn ev_point(&self, ev: &Ev) -> (f64, f64, f64) {
        let road = &self.map.roads[ev.road().index()];
        road.point(f64::from(ev.at_m + road.box_m))
    }

    fn report_fix(&mut self, ev: &mut Ev) {
        if self.clock < ev.next_fix {
            return;
        }
        ev.next_fix = self.clock + u64::from(self.config.fix_every_ms.max(100));
        let (x_m, y_m, heading_deg) = self.ev_point(ev);
        let sigma = self.config.fix_sigma_m;
        let fix = StreetFix {
            vehicle: Arc::clone(&ev.report.vehicle),
            at: Mono::from_ms(self.clock),
            x_m: x_m + f64::from(sigma * self.noise.normal()),
            y_m: y_m + f64::from(sigma * self.noise.normal()),
            speed: speed_of((ev.speed + 0.2 * self.noise.normal()).max(0.0)),
            heading_deg,
        };
        ev.fixes.push_back(fix);
    }
}

/// Another emergency vehicle ahead in the same lane.
fn others_ahead(evs: &[Ev], at: usize) -> Lead {
    let this = &evs[at];
    evs.iter()
        .filter(|ev| ev.is_at(this.road(), this.lane) && ev.at_m > this.at_m)
        .fold(Lead::NONE, |lead, ev| {
            lead.nearer(Lead {
                tail: ev.tail(),
                speed: ev.speed,
            })
        })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "city lengths and speeds in millimetres stay below 16 km"
)]
pub(super) fn metres(mm: u32) -> f32 {
    mm as f32 / 1000.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a vehicle's speed in millimetres per second is small and not negative"
)]
fn speed_of(mps: f32) -> Speed {
    Speed::from_mm_per_s((mps * 1000.0) as u32)
}
