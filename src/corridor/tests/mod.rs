//! The corridor engine in virtual time over a board of small, honest signals.

mod beyond;
mod bounds;
mod life;
mod meet;
mod nodes;
mod one;
mod orders;
mod planning;
mod positions;
mod several;

use alloc::sync::Arc;

use super::*;
use crate::ids::{ApproachId, CorridorId, GroupId, SiteId};
use crate::signal::GroupSet;
use crate::units::{Length, Millis, Mono, Speed, TICK};

const CHANGE: Millis = Millis::from_secs(12);
const MAIN: GroupSet = GroupSet::from_bits(0b0001);
const CROSS: GroupSet = GroupSet::from_bits(0b0010);
pub(super) const AMBULANCE: CorridorId = CorridorId::new(1);
const ENGINE: CorridorId = CorridorId::new(2);

/// One signal that turns green [`CHANGE`] after it is asked to.
#[derive(Clone, Debug, Default)]
struct Signal {
    queue: Queue,
    availability: Availability,
    others: OthersDemand,
    /// Asked for these since.
    asked: Option<(GroupSet, Mono)>,
    /// Green by its plan before it is asked; a lock stops it once, for so long, for a turn that yields.
    stops_once: Option<Millis>,
    /// Never turns green, whatever is asked.
    stuck: bool,
    out_of_step: bool,
}

#[derive(Clone, Debug)]
struct Board {
    now: Mono,
    signals: Vec<Signal>,
}

impl Board {
    fn new(count: usize) -> Self {
        let signals = vec![Signal::default(); count];
        Self {
            now: Mono::ZERO,
            signals,
        }
    }

    /// The signals follow the leases, as the sites would.
    fn follow(&mut self, now: Mono, corridors: &Corridors) {
        self.now = now;
        for (at, signal) in self.signals.iter_mut().enumerate() {
            let lease = corridors.lease(site(at)).filter(|lease| lease.is_live(now));
            let asked = lease.filter(|lease| lease.step == LeaseStep::Lock);
            signal.asked = match (asked, signal.asked) {
                (Some(lease), Some((groups, since)))
                    if groups.is_subset(lease.groups) || lease.groups.is_subset(groups) =>
                {
                    Some((lease.groups, since))
                }
                (Some(lease), _) => Some((lease.groups, now)),
                (None, _) => None,
            };
        }
    }

    fn at(&self, id: SiteId) -> &Signal {
        &self.signals[id.index()]
    }
}

impl SiteBoard for Board {
    fn entry_time(&self, id: SiteId, groups: GroupSet) -> Option<Millis> {
        Some(match self.at(id).asked {
            Some((asked, since)) if groups.is_subset(asked) => {
                let change = self.at(id).stops_once.unwrap_or(CHANGE);
                change.saturating_sub(self.now.since(since))
            }
            Some(_) => CHANGE,
            None => self.at(id).stops_once.unwrap_or(CHANGE),
        })
    }

    fn green_read_back(&self, id: SiteId, groups: GroupSet) -> bool {
        let signal = self.at(id);
        let change = signal.stops_once.unwrap_or(CHANGE);
        let by_plan = signal.asked.is_none() && signal.stops_once.is_some();
        !signal.stuck
            && (by_plan
                || signal.asked.is_some_and(|(asked, since)| {
                    groups.is_subset(asked) && self.now.since(since) >= change
                }))
    }

    fn queue(&self, id: SiteId, _: ApproachId) -> Queue {
        self.at(id).queue
    }

    fn availability(&self, id: SiteId) -> Availability {
        self.at(id).availability
    }

    fn others_demand(&self, id: SiteId, _: GroupSet) -> OthersDemand {
        self.at(id).others
    }

    fn hostile_to(&self, _: SiteId, groups: GroupSet) -> GroupSet {
        let hostile = |mine: GroupSet, other| {
            if groups.is_disjoint(mine) {
                GroupSet::EMPTY
            } else {
                other
            }
        };
        hostile(MAIN, CROSS).union(hostile(CROSS, MAIN))
    }

    fn clearance(&self, _: SiteId, _: GroupSet, _: GroupSet) -> Millis {
        CHANGE
    }

    fn rhythm(&self, _: SiteId, _: GroupSet) -> Option<Rhythm> {
        Some(Rhythm {
            cycle: Millis::from_secs(90),
            green: Millis::from_secs(30),
        })
    }

    fn in_step(&self, id: SiteId) -> bool {
        !self.at(id).out_of_step
    }
}

pub(super) fn site(at: usize) -> SiteId {
    SiteId::new(u16::try_from(at).unwrap())
}

pub(super) fn secs(s: u32) -> Mono {
    Mono::ZERO + Millis::from_secs(s)
}

/// A straight road of `count` signals, the first 600 m on and 400 m apart, driven at 20 m/s.
pub(super) fn plan(corridor: CorridorId, count: usize) -> CorridorPlan {
    let crossings: Vec<Crossing> = (0..count)
        .map(|at| {
            let stop = 600 + 400 * u32::try_from(at).unwrap();
            Crossing {
                site: site(at),
                node: format!("N{at}"),
                approach: ApproachId::new(0),
                groups: MAIN,
                beside: GroupSet::EMPTY,
                into_exit: GroupSet::EMPTY,
                stop_line_at: Length::from_metres(stop),
                passed_at: Length::from_metres(stop + 15),
                free_flow: Millis::new(stop * 50),
                storage: Length::from_metres(380),
                approach_speed: Speed::from_mm_per_s(20_000),
                decision_at: Length::from_metres(stop - 66),
                entry_road: format!("R{at}"),
                exit_road: Some(format!("R{}", at + 1)),
                hold_max: Millis::from_secs(120),
                wait_max: Millis::from_secs(120),
                red_max: Millis::from_secs(150),
                red_ever: Millis::from_secs(180),
                notice: Millis::ZERO,
            }
        })
        .collect();
    let length = 600 + 400 * u32::try_from(count).unwrap();
    let point = |m: u32| RoutePoint {
        x_m: f64::from(m),
        y_m: 0.0,
        at: Length::from_metres(m),
    };
    CorridorPlan {
        corridor,
        revision: 1,
        vehicle: format!("V{corridor}"),
        asked_by: AskedBy::default(),
        class: ServiceClass::Ambulance,
        preempts: true,
        priority: 1,
        crossings: crossings.into(),
        beyond: None,
        line: [point(0), point(length)].into(),
        links: Arc::default(),
        side_ways: Arc::default(),
        datum_shift_m: (0.0, 0.0),
        length: Length::from_metres(length),
        free_flow: Millis::new(length * 50),
        speed: Speed::from_mm_per_s(20_000),
        expires: secs(1_800),
        departs: None,
        pace_percent: 120,
        convoy: Length::from_metres(6),
    }
}

/// Corridors over a board, driven tick by tick.
#[derive(Clone, Debug)]
struct World {
    now: Mono,
    board: Board,
    corridors: Corridors,
    log: Vec<CorridorEvent>,
}

impl World {
    fn new(plans: Vec<CorridorPlan>) -> Self {
        let count = plans.iter().map(|plan| plan.crossings.len()).max();
        let mut corridors = Corridors::new(Settings::default());
        for plan in plans {
            corridors.open(plan, Mono::ZERO).unwrap();
        }
        Self {
            now: Mono::ZERO,
            board: Board::new(count.unwrap_or(0)),
            corridors,
            log: Vec::new(),
        }
    }

    fn tick(&mut self) {
        self.now = self.now + TICK;
        self.board.follow(self.now, &self.corridors);
        self.corridors.step(self.now, &self.board);
        self.log.extend_from_slice(self.corridors.events());
    }

    fn run(&mut self, seconds: u32) {
        for _ in 0..seconds * 10 {
            self.tick();
        }
    }

    fn fix(&mut self, vehicle: &str, x_m: f64, mm_per_s: u32) -> FixVerdict {
        let fix = Fix {
            at: self.now,
            x_m,
            y_m: 0.0,
            speed: Speed::from_mm_per_s(mm_per_s),
        };
        self.corridors.fix(vehicle, &fix)
    }

    /// Drives at 20 m/s from `from`, a position a second, for `seconds`; returns where it is.
    fn drive(&mut self, vehicle: &str, from: f64, seconds: u32) -> f64 {
        let mut x = from;
        for _ in 0..seconds {
            assert_eq!(self.fix(vehicle, x, 20_000), FixVerdict::Accepted);
            self.run(1);
            x += 20.0;
        }
        x
    }

    fn stand(&mut self, vehicle: &str, x: f64, seconds: u32) {
        for _ in 0..seconds {
            self.fix(vehicle, x, 0);
            self.run(1);
        }
    }

    fn mission(&self, corridor: CorridorId) -> &Mission {
        self.corridors.mission(corridor).unwrap()
    }

    fn state(&self, corridor: CorridorId, at: usize) -> CrossingState {
        self.view(corridor, at).state
    }

    fn view(&self, corridor: CorridorId, at: usize) -> CrossingView {
        self.mission(corridor).crossing_view(at, self.now).unwrap()
    }

    fn step_of(&self, at: usize) -> Option<LeaseStep> {
        self.corridors.lease(site(at)).map(|lease| lease.step)
    }

    fn ended(&self, at: usize) -> Vec<LeaseEnd> {
        let ended = |event: &CorridorEvent| match event.what {
            What::LeaseEnded(id, why) if id == site(at) => Some(why),
            _ => None,
        };
        self.log.iter().filter_map(ended).collect()
    }

    /// The first moment the site was asked for as a lock.
    fn locked_at(&self, at: usize) -> Mono {
        let locked = |event: &CorridorEvent| match event.what {
            What::Leased(id, _, LeaseStep::Lock) if id == site(at) => Some(event.at),
            _ => None,
        };
        self.log.iter().find_map(locked).unwrap()
    }
}
