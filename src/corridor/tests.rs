//! The corridor engine in virtual time over a board of small, honest signals.

use alloc::sync::Arc;

use proptest::prelude::*;

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
                (Some(lease), Some((groups, since))) if groups == lease.groups => {
                    Some((groups, since))
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
                CHANGE.saturating_sub(self.now.since(since))
            }
            Some(_) | None => CHANGE,
        })
    }

    fn green_read_back(&self, id: SiteId, groups: GroupSet) -> bool {
        let signal = self.at(id);
        !signal.stuck
            && signal.asked.is_some_and(|(asked, since)| {
                groups.is_subset(asked) && self.now.since(since) >= CHANGE
            })
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
                approach: ApproachId::new(0),
                groups: MAIN,
                stop_line_at: Length::from_metres(stop),
                passed_at: Length::from_metres(stop + 15),
                free_flow: Millis::new(stop * 50),
                storage: Length::from_metres(380),
                decision_at: Length::from_metres(stop - 66),
                entry_road: format!("R{at}"),
                exit_road: Some(format!("R{}", at + 1)),
                hold_max: Millis::from_secs(120),
                wait_max: Millis::from_secs(120),
                red_max: Millis::from_secs(150),
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
        class: ServiceClass::Ambulance,
        priority: 1,
        crossings: crossings.into(),
        line: [point(0), point(length)].into(),
        length: Length::from_metres(length),
        free_flow: Millis::new(length * 50),
        speed: Speed::from_mm_per_s(20_000),
        expires: secs(1_800),
        depart: false,
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

#[test]
fn armed_holds_nothing_until_the_vehicle_moves() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    world.stand("V1", 0.0, 120);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Staging);
    assert!((0..3).all(|at| world.step_of(at) <= Some(LeaseStep::Prepare)));
    assert_eq!(world.fix("V1", 3.0, 5_000), FixVerdict::Accepted);
    world.run(1);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Staging);
    assert_eq!(world.fix("V1", 10.0, 8_000), FixVerdict::Accepted);
    world.run(1);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    assert!(world.step_of(0).is_some());
}

#[test]
fn depart_does_not_wait_for_movement() {
    let mut now = plan(AMBULANCE, 2);
    now.depart = true;
    let mut world = World::new(vec![now]);
    world.run(1);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    assert!(world.step_of(0).is_some());
}

#[test]
fn lock_starts_at_eta_less_flush_change_margin_and_braking() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    world.drive("V1", 0.0, 60);
    let braking = Settings::default().braking_time(Speed::from_mm_per_s(20_000));
    // Signal 3 is 1800 m on: 90 s at 20 m/s, no queue before it.
    let lead = CHANGE + Millis::from_secs(4) + braking;
    let start = Millis::from_secs(90).saturating_sub(lead);
    world.drive("V1", 1200.0, 15);
    let off = i64::from(world.locked_at(3).since(Mono::ZERO).as_ms()) - i64::from(start.as_ms());
    assert!(off.abs() <= 1_100, "{off} ms away from {start}");
}

#[test]
fn nothing_hostile_starts_in_the_last_seconds_before_the_lock() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    let mut x = 0.0;
    let mut inhibited = Millis::ZERO;
    while world.step_of(3) != Some(LeaseStep::Lock) {
        x = world.drive("V1", x, 1);
        if world.step_of(3) == Some(LeaseStep::Inhibit) {
            assert_eq!(world.state(AMBULANCE, 3), CrossingState::Requested);
            inhibited += Millis::from_secs(1);
        }
    }
    assert!(inhibited >= Millis::from_secs(13) && inhibited <= Millis::from_secs(17));
}

#[test]
fn a_queue_is_flushed_before_the_vehicle_comes() {
    let mut short = World::new(vec![plan(AMBULANCE, 4)]);
    let mut long = short.clone();
    long.board.signals[3].queue = Queue {
        vehicles_worst_lane: 8,
        vehicles_total: 14,
        standing: true,
    };
    for world in [&mut short, &mut long] {
        world.drive("V1", 0.0, 85);
    }
    let earlier = long.locked_at(3).until(short.locked_at(3));
    // 2 s start loss and 2 s for each of eight vehicles.
    assert!(
        (17_000..=19_000).contains(&earlier.as_ms()),
        "{earlier} earlier"
    );
}

#[test]
fn a_full_exit_opens_the_next_signal_with_this_one() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    for at in [2, 3] {
        world.board.signals[at].queue = Queue {
            vehicles_worst_lane: 30,
            vehicles_total: 50,
            standing: true,
        };
    }
    world.drive("V1", 0.0, 50);
    assert!(world.locked_at(3) <= world.locked_at(2) + Millis::from_secs(1));
}

#[test]
fn green_is_shown_only_when_read_back() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    world.board.signals[0].stuck = true;
    world.drive("V1", 0.0, 30);
    assert_eq!(world.step_of(0), Some(LeaseStep::Lock));
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Clearing);
    assert_eq!(world.view(AMBULANCE, 0).green_at_decision, Some(false));
    assert_eq!(world.view(AMBULANCE, 0).green_at, None);
}

#[test]
fn a_free_run_is_green_everywhere_and_released_behind_the_vehicle() {
    let mut world = World::new(vec![plan(AMBULANCE, 6)]);
    let mut x = 0.0;
    while x < 2_640.0 {
        x = world.drive("V1", x, 1);
        for at in 0..6 {
            let passed_at = 615.0 + 400.0 * f64::from(u32::try_from(at).unwrap());
            if x > passed_at + 20.0 {
                assert_eq!(world.step_of(at), None, "signal {at} still held at {x} m");
            }
        }
    }
    for at in 0..6 {
        assert_eq!(world.view(AMBULANCE, at).green_at_decision, Some(true));
        assert_eq!(world.ended(at), [LeaseEnd::Passed]);
        assert!(world.view(AMBULANCE, at).held < Millis::from_secs(45));
    }
    world.run(5);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Completed);
}

#[test]
fn recovery_waits_for_the_plan_and_not_for_ever() {
    let mut world = World::new(vec![plan(AMBULANCE, 1)]);
    world.board.signals[0].out_of_step = true;
    world.drive("V1", 0.0, 40);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Recovering);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Recovering);
    world.run(65);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Passed);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Completed);
}

#[test]
fn cancel_ends_every_lease_at_once() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    world.drive("V1", 0.0, 20);
    assert!(world.step_of(0).is_some());
    let why = CancelReason::Operator;
    assert_eq!(world.corridors.cancel(AMBULANCE, why), Ok(()));
    assert!((0..3).all(|at| world.step_of(at).is_none()));
    world.run(30);
    assert!((0..3).all(|at| world.step_of(at).is_none()));
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Cancelled);
    assert_eq!(
        world.corridors.cancel(AMBULANCE, why),
        Err(ActRefusal::Over)
    );
    assert_eq!(
        world.corridors.cancel(ENGINE, why),
        Err(ActRefusal::Unknown)
    );
}

#[test]
fn silence_holds_for_a_while_then_lets_go_and_finds_again() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let x = world.drive("V1", 0.0, 22);
    world.run(6);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Holding);
    assert!(world.step_of(0).is_some());
    world.run(5);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Degraded);
    assert!((0..3).all(|at| world.step_of(at).is_none()));
    assert_eq!(world.ended(0), [LeaseEnd::Lost]);
    world.drive("V1", x + 60.0, 3);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    assert!(world.step_of(0).is_some());
}

#[test]
fn a_lease_lapses_by_itself_when_the_engine_stops() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    world.drive("V1", 0.0, 20);
    let lease = *world.corridors.lease(site(0)).unwrap();
    assert!(lease.is_live(world.now));
    assert!(!lease.is_live(world.now + LEASE_TTL));
}

#[test]
fn a_hold_ends_at_its_cap_and_comes_back_a_minute_later() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    // Stands, creeping just fast enough not to count as standing.
    world.drive("V1", 0.0, 10);
    for _ in 0..150 {
        world.fix("V1", 200.0, 1_600);
        world.run(1);
    }
    assert_eq!(world.ended(0)[0], LeaseEnd::Capped);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::RefusedByGuard);
    assert_eq!(world.step_of(0), None);
    for _ in 0..60 {
        world.fix("V1", 200.0, 1_600);
        world.run(1);
    }
    assert!(world.step_of(0).is_some());
}

#[test]
fn a_standing_vehicle_gives_the_crossing_back() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let x = world.drive("V1", 0.0, 28);
    world.stand("V1", x, 70);
    assert_eq!(world.ended(0), [LeaseEnd::GivenBack]);
    let ended = world.log.iter().find(
        |event| matches!(event.what, What::LeaseEnded(id, LeaseEnd::GivenBack) if id == site(0)),
    );
    let green_for = ended.unwrap().at.since(world.locked_at(0) + CHANGE);
    assert!(green_for >= Millis::from_secs(60) && green_for < Millis::from_secs(62));
    world.stand("V1", x, 32);
    assert!(world.step_of(0).is_some());
}

#[test]
fn standing_at_its_own_green_opens_what_lies_ahead() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    world.board.signals[0].queue.vehicles_worst_lane = 2;
    let x = world.drive("V1", 0.0, 29);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::GreenHeld);
    assert_ne!(world.step_of(2), Some(LeaseStep::Lock));
    world.stand("V1", x, 8);
    assert_eq!(world.step_of(1), Some(LeaseStep::Lock));
    assert_eq!(world.step_of(2), Some(LeaseStep::Lock));
    assert_ne!(world.step_of(3), Some(LeaseStep::Lock));
}

#[test]
fn a_signal_taken_out_is_let_go_at_once_and_stays_out() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let x = world.drive("V1", 0.0, 22);
    assert_eq!(world.corridors.take_out(AMBULANCE, site(0)), Ok(()));
    assert_eq!(world.step_of(0), None);
    world.drive("V1", x, 4);
    assert_eq!(world.step_of(0), None);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::LocalControl);
    assert!(world.step_of(1).is_some());
    assert_eq!(
        world.corridors.take_out(AMBULANCE, site(9)),
        Err(ActRefusal::NotAhead)
    );
}

#[test]
fn a_signal_that_fails_is_let_go_and_shown_unavailable() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    let x = world.drive("V1", 0.0, 22);
    world.board.signals[0].availability = Availability::Unavailable;
    world.drive("V1", x, 1);
    assert_eq!(world.step_of(0), None);
    assert_eq!(world.ended(0), [LeaseEnd::Unavailable]);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Unavailable);
}

#[test]
fn the_dispatchers_key_passes_a_signal_and_all_before_it() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    world.drive("V1", 0.0, 20);
    assert_eq!(world.corridors.passed(AMBULANCE, site(1)), Ok(()));
    world.run(1);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Passed);
    assert_eq!(world.step_of(0), None);
    assert_eq!(
        world.corridors.passed(AMBULANCE, site(0)),
        Err(ActRefusal::NotAhead)
    );
}

#[test]
fn unbelievable_positions_are_refused_with_a_reason_and_counted() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    let x = world.drive("V1", 0.0, 15);
    let refused = FixVerdict::Refused;
    assert_eq!(
        world.fix("V1", x + 700.0, 20_000),
        refused(FixRefusal::Jump)
    );
    assert_eq!(
        world.fix("V1", x - 200.0, 20_000),
        refused(FixRefusal::Backwards)
    );
    assert_eq!(
        world.fix("V1", f64::NAN, 20_000),
        refused(FixRefusal::Impossible)
    );
    assert_eq!(world.fix("V1", x, 90_000), refused(FixRefusal::Impossible));
    let mut fix = Fix {
        at: Mono::from_ms(world.now.as_ms() - 3_100),
        x_m: x,
        y_m: 0.0,
        speed: Speed::from_mm_per_s(20_000),
    };
    assert_eq!(world.corridors.fix("V1", &fix), refused(FixRefusal::Stale));
    fix.at = world.now + Millis::from_secs(5);
    assert_eq!(world.corridors.fix("V1", &fix), refused(FixRefusal::Future));
    fix.at = Mono::from_ms(world.now.as_ms() - 1_000);
    assert_eq!(
        world.corridors.fix("V1", &fix),
        refused(FixRefusal::OutOfOrder)
    );
    fix.at = world.now;
    fix.y_m = 60.0;
    assert_eq!(
        world.corridors.fix("V1", &fix),
        refused(FixRefusal::OffRoute)
    );
    assert_eq!(world.corridors.fix("V7", &fix), FixVerdict::NoMission);
    let counts = world.mission(AMBULANCE).fixes();
    let expected = FixCounts {
        accepted: 15,
        stale: 1,
        future: 1,
        out_of_order: 1,
        impossible: 2,
        off_route: 1,
        jump: 1,
        backwards: 1,
    };
    assert_eq!(counts, expected);
    world.run(1);
    let held = world.mission(AMBULANCE).view(world.now, &world.corridors);
    assert!(held.position.unwrap().along <= Length::from_metres(330));
}

#[test]
fn a_wrong_turn_is_known_after_three_positions_and_lets_go() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let x = world.drive("V1", 0.0, 22);
    assert!(world.step_of(0).is_some());
    for turn in 1..=3_u8 {
        let fix = Fix {
            at: world.now,
            x_m: x,
            y_m: 30.0 + 20.0 * f64::from(turn),
            speed: Speed::from_mm_per_s(15_000),
        };
        world.corridors.fix("V1", &fix);
        world.run(1);
        let lost = world.mission(AMBULANCE).state() == MissionState::Degraded;
        assert_eq!(lost, turn == 3);
    }
    assert!((0..3).all(|at| world.step_of(at).is_none()));
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Released);
}

/// A fire engine on the cross road, which meets the ambulance at signal 0.
fn crossing_engine(priority: u8) -> CorridorPlan {
    let mut engine = plan(ENGINE, 1);
    engine.class = ServiceClass::Fire;
    engine.priority = priority;
    let crossings: Vec<Crossing> = engine.crossings.iter().cloned().collect();
    engine.crossings = crossings
        .into_iter()
        .map(|crossing| Crossing {
            groups: CROSS,
            ..crossing
        })
        .collect();
    engine
}

#[test]
fn of_two_that_meet_the_higher_class_goes_first_and_the_other_is_told_red() {
    let mut world = World::new(vec![crossing_engine(1), plan(AMBULANCE, 2)]);
    let mut x = 0.0;
    while x < 560.0 {
        world.fix("V2", x, 20_000);
        x = world.drive("V1", x, 1);
        let lease = world.corridors.lease(site(0));
        if let Some(lease) = lease.filter(|lease| lease.step > LeaseStep::Prepare) {
            assert_eq!(lease.corridor, AMBULANCE);
            assert_eq!(lease.groups, MAIN);
            assert_eq!(world.state(ENGINE, 0), CrossingState::RefusedByGuard);
            assert_eq!(world.view(ENGINE, 0).refused_by, Some(AMBULANCE));
        }
    }
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::GreenHeld);
    // The engine waits at its red until the ambulance is through; then it is served.
    for _ in 0..8 {
        world.fix("V2", 540.0, 0);
        x = world.drive("V1", x, 1);
    }
    let lease = *world.corridors.lease(site(0)).unwrap();
    assert_eq!((lease.corridor, lease.groups), (ENGINE, CROSS));
}

#[test]
fn a_vehicle_inside_its_stopping_distance_keeps_its_green() {
    let mut world = World::new(vec![crossing_engine(1), plan(AMBULANCE, 1)]);
    let mut x = 0.0;
    while x < 560.0 {
        x = world.drive("V2", x, 1);
    }
    assert_eq!(world.state(ENGINE, 0), CrossingState::GreenHeld);
    // The ambulance appears late and already due: it waits for the committed engine.
    world.fix("V1", 380.0, 15_000);
    world.tick();
    world.fix("V1", 381.5, 15_000);
    world.fix("V2", x, 20_000);
    world.tick();
    let lease = world.corridors.lease(site(0)).unwrap();
    assert_eq!(lease.corridor, ENGINE);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::RefusedByGuard);
}

#[test]
fn compatible_corridors_share_a_signal() {
    let mut other = crossing_engine(1);
    other.crossings = other
        .crossings
        .iter()
        .cloned()
        .map(|crossing| Crossing {
            groups: GroupSet::only(GroupId::new(3)),
            ..crossing
        })
        .collect();
    let mut world = World::new(vec![other, plan(AMBULANCE, 1)]);
    let mut x = 0.0;
    while x < 500.0 {
        world.fix("V2", x, 20_000);
        x = world.drive("V1", x, 1);
    }
    let lease = world.corridors.lease(site(0)).unwrap();
    assert_eq!(lease.groups, MAIN.with(GroupId::new(3)));
    assert_eq!(world.state(ENGINE, 0), CrossingState::GreenHeld);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::GreenHeld);
}

#[test]
fn an_escort_never_locks() {
    let mut escort = plan(AMBULANCE, 2);
    escort.class = ServiceClass::Escort;
    let mut world = World::new(vec![escort]);
    let mut x = 0.0;
    while x < 900.0 {
        x = world.drive("V1", x, 1);
        assert!((0..2).all(|at| world.step_of(at) != Some(LeaseStep::Lock)));
    }
    assert!(world.log.iter().any(|e| matches!(e.what, What::Leased(..))));
}

#[test]
fn a_late_start_is_said_and_not_hidden() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    world.fix("V1", 500.0, 15_000);
    world.run(1);
    world.fix("V1", 515.0, 15_000);
    world.run(1);
    // 85 m are 4 s; change, margin and braking need 19 s.
    let late = world.view(AMBULANCE, 0).late_by.as_ms();
    assert!((14_000..16_500).contains(&late), "late by {late} ms");
    assert_eq!(world.view(AMBULANCE, 1).late_by, Millis::ZERO);
}

#[test]
fn a_new_revision_keeps_shared_holds_and_drops_the_rest() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let x = world.drive("V1", 0.0, 24);
    let held = world.view(AMBULANCE, 0).held;
    assert!(world.step_of(0).is_some() && world.step_of(1).is_some());
    let mut next = plan(AMBULANCE, 1);
    assert_eq!(
        world.corridors.replace(next.clone(), world.now),
        Err(ActRefusal::NotNewer)
    );
    next.revision = 2;
    assert_eq!(world.corridors.replace(next, world.now), Ok(()));
    world.drive("V1", x, 1);
    assert!(world.step_of(0).is_some());
    assert_eq!(world.step_of(1), None);
    assert!(world.view(AMBULANCE, 0).held > held);
    assert_eq!(world.mission(AMBULANCE).plan().revision, 2);
}

#[test]
fn the_corridor_ends_at_its_deadline() {
    let mut short = plan(AMBULANCE, 3);
    short.expires = secs(24);
    let mut world = World::new(vec![short]);
    world.drive("V1", 0.0, 23);
    assert!(world.step_of(0).is_some());
    world.run(2);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Expired);
    assert!((0..3).all(|at| world.step_of(at).is_none()));
}

#[test]
fn a_plan_that_cannot_run_is_refused() {
    let mut corridors = Corridors::default();
    let now = secs(10);
    let mut late = plan(AMBULANCE, 1);
    late.expires = secs(10);
    assert_eq!(corridors.open(late, now), Err(OpenRefusal::AlreadyExpired));
    let mut long = plan(AMBULANCE, 1);
    long.expires = secs(4_000);
    let too_long = OpenRefusal::TooLong(Millis::from_secs(3_600));
    assert_eq!(corridors.open(long, now), Err(too_long));
    assert_eq!(
        corridors.open(plan(AMBULANCE, 0), now),
        Err(OpenRefusal::NoSignals)
    );
    assert_eq!(corridors.open(plan(AMBULANCE, 1), now), Ok(()));
    assert_eq!(
        corridors.open(plan(AMBULANCE, 1), now),
        Err(OpenRefusal::AlreadyOpen(AMBULANCE))
    );
    let mut same = plan(ENGINE, 1);
    same.vehicle = "V1".into();
    assert_eq!(
        corridors.open(same, now),
        Err(OpenRefusal::VehicleBusy(AMBULANCE))
    );
}

#[test]
fn a_twin_runs_the_same_and_survives_the_journal() {
    let mut world = World::new(vec![crossing_engine(2), plan(AMBULANCE, 4)]);
    let x = world.drive("V1", 0.0, 22);
    let bytes = postcard::to_stdvec(&world.corridors).unwrap();
    let mut twin = world.clone();
    twin.corridors = postcard::from_bytes(&bytes).unwrap();
    for world in [&mut world, &mut twin] {
        world.fix("V2", 100.0, 9_000);
        world.drive("V1", x, 40);
    }
    assert_eq!(world.corridors, twin.corridors);
    assert_eq!(world.log, twin.log);
}

#[test]
fn the_preview_states_what_is_saved_and_what_it_costs() {
    let way = plan(AMBULANCE, 5);
    let mut board = Board::new(5);
    let settings = Settings::default();
    for signal in &mut board.signals {
        signal.others = OthersDemand {
            vehicles: 6,
            vehicles_per_hour: 600,
            walkers: 1,
            vehicle_wait_max: Millis::from_secs(20),
            walker_wait_max: Millis::from_secs(40),
        };
    }
    let quiet = preview(&way, &settings, &board, Mono::ZERO);
    // 60 of 90 s red: 20 s at each of five signals.
    assert_eq!(quiet.without_key, way.free_flow + Millis::from_secs(100));
    assert_eq!(quiet.saved, Millis::from_secs(100));
    assert_eq!(quiet.with_key, way.free_flow);
    assert_eq!(quiet.advice, Advice::WorthIt);
    assert!((300..2_500).contains(&quiet.price_vehicle_s));
    assert_eq!(quiet.longest_wait.unwrap().who, Waiting::Walkers);
    let mut busy = board.clone();
    for signal in &mut busy.signals {
        signal.others.vehicles_per_hour = 1_800;
        signal.queue.vehicles_worst_lane = 5;
    }
    busy.signals[2].availability = Availability::Unavailable;
    let dear = preview(&way, &settings, &busy, Mono::ZERO);
    assert!(dear.price_vehicle_s > 2 * quiet.price_vehicle_s);
    assert_eq!(dear.unavailable, [site(2)]);
    assert!(dear.crossings[0].hold > quiet.crossings[0].hold);
    let mut near = way.clone();
    near.crossings = near
        .crossings
        .iter()
        .cloned()
        .map(|crossing| Crossing {
            free_flow: crossing.free_flow.saturating_sub(Millis::from_secs(25)),
            ..crossing
        })
        .collect();
    let late = preview(&near, &settings, &board, Mono::ZERO);
    assert!(matches!(late.advice, Advice::LateBy(by) if by > Millis::from_secs(10)));
}

#[test]
fn the_clock_of_the_route_runs_between_the_crossings() {
    let way = plan(AMBULANCE, 2);
    assert_eq!(way.clock_at(Length::ZERO), Millis::ZERO);
    assert_eq!(
        way.clock_at(Length::from_metres(300)),
        Millis::from_secs(15)
    );
    assert_eq!(
        way.clock_at(Length::from_metres(800)),
        Millis::from_secs(40)
    );
    assert_eq!(way.clock_at(Length::from_metres(9_000)), way.free_flow);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever positions arrive and whatever the signals do, no lease lives longer than three
    /// seconds from its last renewal, than the hold cap, or than the corridor.
    #[test]
    fn no_lease_outlives_its_bounds(
        noise in proptest::collection::vec(
            (0_u32..30, -50.0_f64..2_600.0, -60.0_f64..60.0, 0_u32..60_000, 0_u8..8), 200..400),
        expires in 60_u32..240,
    ) {
        let mut way = plan(AMBULANCE, 4);
        way.expires = secs(expires);
        way.depart = true;
        let mut world = World::new(vec![way]);
        let mut since: [Option<Mono>; 4] = [None; 4];
        for (age, x_m, y_m, speed, knob) in noise {
            let at = Mono::from_ms(world.now.as_ms().saturating_sub(u64::from(age) * 150));
            // Half of the positions are honest, so that the corridor stays alive.
            let honest = f64::from(u32::try_from(world.now.as_ms() / 100).unwrap());
            let (at, x_m, y_m) = if knob < 5 { (world.now, honest, 0.0) } else { (at, x_m, y_m) };
            let fix = Fix { at, x_m, y_m, speed: Speed::from_mm_per_s(speed) };
            world.corridors.fix("V1", &fix);
            world.board.signals[usize::from(knob % 4)].stuck = knob == 7;
            for _ in 0..7 {
                world.tick();
                for (at, since) in since.iter_mut().enumerate() {
                    let lease = world.corridors.lease(site(at));
                    *since = lease.map(|_| since.unwrap_or(world.now));
                    if let (Some(lease), Some(since)) = (lease, *since) {
                        prop_assert!(lease.is_live(world.now));
                        prop_assert!(lease.expires <= world.now + LEASE_TTL);
                        prop_assert!(lease.expires <= secs(expires));
                        prop_assert!(lease.expires <= since + Millis::from_secs(120));
                        prop_assert!(!lease.groups.is_empty());
                    }
                }
            }
        }
    }
}

mod planning {
    use super::*;
    use crate::plan::{Approach, CheckedSite, Emergency, Schedule, SiteKind};
    use crate::signal::{
        AspectStep, AspectSteps, Conflicts, FallbackShow, GroupKind, GroupTiming, Indication,
        SafetyTable, StartUp,
    };

    fn checked(emergency: Emergency) -> Arc<CheckedSite> {
        let amber = AspectStep {
            show: Indication::Amber,
            lasts: Millis::from_secs(3),
        };
        let timing = GroupTiming {
            kind: GroupKind::Vehicle,
            gain: AspectSteps::NONE,
            lose: AspectSteps::new(&[amber]).unwrap(),
            green_min: Millis::from_secs(10),
            green_max: Millis::from_secs(60),
            red_min: Millis::from_secs(1),
            wait_max: Millis::from_secs(120),
        };
        let start_up = StartUp {
            flash: Millis::from_secs(10),
            all_red: Millis::from_secs(5),
        };
        let readback = (Millis::new(300), Millis::new(800));
        let conflicts = Conflicts::all_compatible(1);
        let fallback = FallbackShow::FlashAmber;
        let safety = SafetyTable::new(&[timing], conflicts, start_up, fallback, readback).unwrap();
        Arc::new(CheckedSite {
            id: "J01".into(),
            name_zh: "甲".into(),
            name_en: "A".into(),
            kind: SiteKind::Junction,
            safety: Arc::new(safety),
            groups: Vec::new(),
            stages: Vec::new(),
            approaches: vec![Approach {
                name: "W".into(),
                road: "R1".into(),
                groups: MAIN,
                emergency,
                lanes: Vec::new(),
                riders: None,
            }],
            detectors: Vec::new(),
            plans: Vec::new(),
            schedule: Schedule::default(),
            corridor_wait_max: Millis::from_secs(110),
            corridor_red_max: Millis::from_secs(150),
            corridor_hold_max: Millis::from_secs(100),
        })
    }

    fn outline() -> RouteOutline {
        let leg = |road: &str, at: u32, site: Option<u16>| RouteLeg {
            road: road.into(),
            ends_at: Length::from_metres(at),
            free_flow: Millis::new(at * 60),
            road_length: Length::from_metres(500),
            site: site.map(SiteId::new),
        };
        let point = |m: u32| RoutePoint {
            x_m: f64::from(m),
            y_m: 0.0,
            at: Length::from_metres(m),
        };
        RouteOutline {
            legs: vec![
                leg("R1", 500, Some(0)),
                leg("R1", 1_000, Some(1)),
                leg("R9", 1_500, Some(0)),
                leg("R2", 2_000, None),
            ],
            line: vec![point(0), point(2_000)],
            length: Length::from_metres(2_000),
            free_flow: Millis::from_secs(120),
        }
    }

    fn request() -> PlanRequest {
        PlanRequest {
            corridor: AMBULANCE,
            revision: 1,
            vehicle: "V1".into(),
            class: ServiceClass::Ambulance,
            priority: 1,
            convoy: Length::from_metres(7),
            pace_percent: 120,
            expires: secs(600),
            depart: false,
        }
    }

    #[test]
    fn every_signal_on_the_way_becomes_a_crossing() {
        let sites = [
            checked(Emergency::Groups(MAIN)),
            checked(Emergency::None("tram".into())),
        ];
        let made = plan_corridor(&outline(), &sites, request()).unwrap();
        let held: Vec<bool> = made.crossings.iter().map(Crossing::can_be_held).collect();
        // The second states none; the third comes in by a road its site does not know.
        assert_eq!(held, [true, false, false]);
        let first = &made.crossings[0];
        assert_eq!(first.stop_line_at, Length::from_metres(485));
        assert_eq!(first.passed_at, Length::from_metres(507));
        assert_eq!(first.hold_max, Millis::from_secs(100));
        assert_eq!(first.exit_road.as_deref(), Some("R1"));
        assert!(first.decision_at < first.stop_line_at);
        assert_eq!(made.free_flow, Millis::from_secs(100));
        assert_eq!(made.speed, Speed::from_mm_per_s(20_000));
        assert_eq!(first.free_flow, Millis::new(24_250));
    }

    #[test]
    fn a_route_without_signals_or_length_is_refused() {
        let mut bare = outline();
        bare.legs.retain(|leg| leg.site.is_none());
        let refused = plan_corridor(&bare, &[], request());
        assert_eq!(refused.unwrap_err(), PlanRefusal::NoSignals);
        let mut empty = outline();
        empty.length = Length::ZERO;
        let refused = plan_corridor(&empty, &[], request());
        assert_eq!(refused.unwrap_err(), PlanRefusal::NoLength);
    }

    #[test]
    fn a_crossing_that_states_none_is_never_held() {
        let sites = [
            checked(Emergency::Groups(MAIN)),
            checked(Emergency::None("tram".into())),
        ];
        let made = plan_corridor(&outline(), &sites, request()).unwrap();
        let mut world = World::new(vec![made]);
        world.drive("V1", 0.0, 40);
        assert_eq!(world.step_of(1), None);
        assert_eq!(world.state(AMBULANCE, 1), CrossingState::Unavailable);
        assert_eq!(world.view(AMBULANCE, 0).green_at_decision, Some(true));
    }
}
