//! The corridor engine over real kernels: side roads with walkers who have just begun to cross.

use alloc::sync::Arc;

use super::tests::{AMBULANCE, plan, secs, site};
use super::*;
use crate::ids::{ApproachId, GroupId, SiteId};
use crate::kernel::{CabinetState, Interval, Kernel, Mode, Readback, Request};
use crate::signal::{
    AspectStep, AspectSteps, Conflicts, FallbackShow, GroupKind, GroupSet, GroupTiming, Indication,
    Observed, Relation, SafetyTable, StartUp,
};
use crate::units::{Millis, Mono, Speed, TICK};

const MAIN: GroupSet = GroupSet::from_bits(0b001);
/// The side road and the walkers over the main road.
const REST: GroupSet = GroupSet::from_bits(0b110);
const WALK: GroupId = GroupId::new(2);

fn table() -> Arc<SafetyTable> {
    let lose = |steps: &[(Indication, u32)]| {
        let steps: Vec<AspectStep> = steps
            .iter()
            .map(|(show, s)| AspectStep {
                show: *show,
                lasts: Millis::from_secs(*s),
            })
            .collect();
        AspectSteps::new(&steps).unwrap()
    };
    let vehicle = GroupTiming {
        kind: GroupKind::Vehicle,
        gain: AspectSteps::NONE,
        lose: lose(&[(Indication::FlashingGreen, 3), (Indication::Amber, 3)]),
        green_min: Millis::from_secs(10),
        green_max: Millis::from_secs(300),
        red_min: Millis::from_secs(1),
        wait_max: Millis::from_secs(600),
    };
    let walkers = GroupTiming {
        kind: GroupKind::Pedestrian,
        lose: lose(&[(Indication::FlashingGreen, 18)]),
        green_min: Millis::from_secs(7),
        ..vehicle
    };
    let mut conflicts = Conflicts::all_compatible(3);
    for (other, back) in [(1, 8), (2, 21)] {
        let relation = Relation::Hostile {
            forward: Millis::from_secs(8),
            back: Millis::from_secs(back),
        };
        conflicts.declare(GroupId::new(0), GroupId::new(other), relation);
    }
    let start_up = StartUp {
        flash: Millis::from_secs(10),
        all_red: Millis::from_secs(5),
    };
    let groups = [vehicle, vehicle, walkers];
    let readback = (Millis::new(300), Millis::new(800));
    let made = SafetyTable::new(
        &groups,
        conflicts,
        start_up,
        FallbackShow::FlashAmber,
        readback,
    );
    Arc::new(made.unwrap())
}

/// Kernels whose plan rests on the side road.
struct Street {
    now: Mono,
    kernels: Vec<Kernel>,
    seen: Vec<Readback>,
}

impl Street {
    fn new(count: usize) -> Self {
        let following = Readback {
            cabinet: CabinetState::Following,
            age: Millis::ZERO,
            ..Readback::default()
        };
        let kernel = Kernel::new(table(), Mono::ZERO);
        Self {
            now: Mono::ZERO,
            kernels: vec![kernel; count],
            seen: vec![following; count],
        }
    }

    fn tick(&mut self, corridors: &Corridors) {
        self.now = self.now + TICK;
        for (at, kernel) in self.kernels.iter_mut().enumerate() {
            let lease = corridors
                .lease(site(at))
                .filter(|lease| lease.is_live(self.now));
            let groups = match lease.map(|lease| lease.step) {
                Some(LeaseStep::Lock) => MAIN,
                Some(LeaseStep::Inhibit | LeaseStep::Prepare) | None => REST,
            };
            let request = Request {
                groups,
                ..Request::default()
            };
            let outputs = kernel.step(self.now, &request, &self.seen[at]);
            for (seen, lamp) in self.seen[at].lamps.iter_mut().zip(outputs.lamps()) {
                *seen = Observed::Lamps(*lamp);
            }
        }
    }
}

impl SiteBoard for Street {
    fn entry_time(&self, id: SiteId, groups: GroupSet) -> Option<Millis> {
        self.kernels[id.index()].entry_time(self.now, groups).ok()
    }

    fn green_read_back(&self, id: SiteId, groups: GroupSet) -> bool {
        let lamps = &self.seen[id.index()].lamps;
        groups
            .iter()
            .all(|group| lamps[group.index()] == Observed::Lamps(Indication::Green))
    }

    fn queue(&self, _: SiteId, _: ApproachId) -> Queue {
        Queue::default()
    }

    fn availability(&self, id: SiteId) -> Availability {
        if self.kernels[id.index()].mode() == Mode::Normal {
            Availability::Ready
        } else {
            Availability::Unavailable
        }
    }

    fn others_demand(&self, _: SiteId, _: GroupSet) -> OthersDemand {
        OthersDemand::default()
    }

    fn hostile_to(&self, _: SiteId, groups: GroupSet) -> GroupSet {
        table().conflicts().hostile_to_any(groups)
    }

    fn clearance(&self, _: SiteId, from: GroupSet, to: GroupSet) -> Millis {
        let table = table();
        let of = |one| {
            to.iter()
                .map(|other| table.conflicts().clearance(one, other))
                .max()
        };
        from.iter().filter_map(of).max().unwrap_or_default()
    }

    fn rhythm(&self, _: SiteId, _: GroupSet) -> Option<Rhythm> {
        None
    }

    fn in_step(&self, id: SiteId) -> bool {
        REST.is_subset(self.kernels[id.index()].go_set())
    }
}

#[test]
fn a_real_kernel_is_green_in_time_and_no_walker_is_cut() {
    let mut street = Street::new(4);
    let mut corridors = Corridors::new(Settings::default());
    for _ in 0..600 {
        street.tick(&corridors);
    }
    let begin = street.now;
    let mut way = plan(AMBULANCE, 4);
    way.expires = secs(600);
    corridors.open(way, begin).unwrap();
    let mut x = 0.0;
    let mut cut = false;
    while x < 1_860.0 {
        let fix = Fix {
            at: street.now,
            x_m: x,
            y_m: 0.0,
            speed: Speed::from_mm_per_s(20_000),
        };
        corridors.fix("V1", &fix);
        for _ in 0..10 {
            street.tick(&corridors);
            corridors.step(street.now, &street);
            cut |= street.kernels.iter().any(|kernel| {
                matches!(kernel.interval(WALK), Interval::Clear(since)
                    if kernel.interval(GroupId::new(0)) == Interval::Go(street.now)
                        && street.now.since(since) < Millis::from_secs(18))
            });
        }
        x += 20.0;
    }
    assert!(!cut);
    let view = corridors
        .mission(AMBULANCE)
        .unwrap()
        .view(street.now, &corridors);
    for crossing in &view.crossings {
        assert_eq!(crossing.green_at_decision, Some(true), "{crossing:?}");
        assert_eq!(crossing.late_by, Millis::ZERO);
        // Inhibit 15 s, walkers 21 s, margin and braking 7.3 s, over the junction 2 s.
        assert!(crossing.held < Millis::from_secs(48), "{}", crossing.held);
    }
}

#[test]
fn a_kernel_that_cannot_serve_is_never_leased() {
    let mut street = Street::new(1);
    let mut corridors = Corridors::new(Settings::default());
    let mut way = plan(AMBULANCE, 1);
    way.departs = Some(Mono::ZERO);
    corridors.open(way, Mono::ZERO).unwrap();
    // Still flashing: the start-up sequence runs for 15 s.
    for _ in 0..50 {
        street.tick(&corridors);
        corridors.step(street.now, &street);
        assert_eq!(corridors.lease(site(0)), None);
    }
    let view = corridors
        .mission(AMBULANCE)
        .unwrap()
        .view(street.now, &corridors);
    assert_eq!(view.crossings[0].state, CrossingState::Unavailable);
}
