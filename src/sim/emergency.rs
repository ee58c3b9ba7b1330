//! Emergency vehicles: they obey red lamps, drive faster than others, pass where there is room to
//! move aside, and report where they are with the noise of a real receiver.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::virtual_street::VirtualStreet;
use crate::corridor::ServiceClass;
use crate::ids::{ApproachId, RoadId, SiteId};
use crate::units::{Length, Millis, Mono, Speed};

/// Length of an emergency vehicle, metres.
pub(super) const EV_M: f32 = 6.0;
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
    pub(super) route: Vec<RouteLeg>,
    pub(super) leg: usize,
    pub(super) lane: usize,
    pub(super) at_m: f32,
    pub(super) speed: f32,
    pub(super) most_mps: f32,
    pub(super) judged: bool,
    pub(super) stands: bool,
    next_fix: u64,
    fixes: VecDeque<StreetFix>,
}

impl Ev {
    pub(super) fn road(&self) -> RoadId {
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

    pub(super) fn next_road(&self) -> Option<RoadId> {
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

    /// Where a vehicle really is, as a receiver without noise would report it; nothing once it has
    /// arrived.
    #[must_use]
    pub fn seen_exactly(&self, vehicle: &str) -> Option<StreetFix> {
        let mut driving = self.evs.iter().filter(|ev| ev.active());
        let ev = driving.find(|ev| &*ev.report.vehicle == vehicle)?;
        let (x_m, y_m, heading_deg) = self.ev_point(ev);
        Some(StreetFix {
            vehicle: Arc::clone(&ev.report.vehicle),
            at: Mono::from_ms(self.clock),
            x_m,
            y_m,
            speed: speed_of(ev.speed),
            heading_deg,
        })
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

    fn ev_point(&self, ev: &Ev) -> (f64, f64, f64) {
        let road = &self.map.roads[ev.road().index()];
        road.point(f64::from(ev.at_m + road.box_m))
    }

    pub(super) fn report_fix(&mut self, ev: &mut Ev) {
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
