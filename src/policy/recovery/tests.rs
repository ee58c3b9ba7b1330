//! The way back into step, on the small junction of detection's tests.

use super::super::testing::*;
use super::*;
use crate::corridor::{Lease, LeaseStep};
use crate::ids::{CorridorId, GroupId};
use crate::plan::{Approach, Emergency, Lane};

fn with_lanes() -> CheckedSite {
    let mut site = junction();
    site.approaches = [(0, 2), (1, 1), (2, 1)]
        .map(|(group, lanes)| Approach {
            name: format!("{group}"),
            road: format!("R{group}"),
            groups: set(&[group]),
            emergency: Emergency::Groups(set(&[group])),
            lanes: vec![Lane::of(g(group), Vec::new()); lanes],
            riders: None,
        })
        .into();
    site
}

/// Holds `groups` for so many seconds, as the corridor engine does.
fn hold(rig: &mut Rig, groups: &[u8], seconds: u32) {
    for _ in 0..seconds {
        rig.lease = Some(Lease {
            corridor: CorridorId::new(7),
            groups: set(groups),
            beside: GroupSet::EMPTY,
            into_exit: GroupSet::EMPTY,
            near: GroupSet::EMPTY,
            near_by: Mono::ZERO,
            expires: rig.now + secs(3),
            step: LeaseStep::Lock,
            green_by: rig.now,
            until: rig.now + secs(5),
        });
        rig.run(1);
    }
    rig.lease = None;
}

fn waiting_rig(second: u64) -> Rig {
    waiting_rig_on(COORDINATED, second)
}

fn waiting_rig_on(plan: PlanId, second: u64) -> Rig {
    let mut rig = Rig::with(with_lanes(), plan);
    rig.run_to_second(second);
    for channel in [0, 1, 2] {
        rig.occupy(channel, true);
    }
    rig.press(1);
    rig
}

#[test]
fn the_least_delay_wins_and_what_was_tried_is_kept() {
    for second in (0..100).step_by(10) {
        let mut rig = waiting_rig(second);
        hold(&mut rig, &[2], 40);
        let ended = rig.now;
        rig.run(1);
        let last = *rig.policies.recovery().last().unwrap();
        assert!(last.at.since(ended) <= secs(1), "{last:?}");
        let scores: Vec<ExitScore> = last.scores.into_iter().flatten().collect();
        assert_eq!(scores.len(), 6, "{scores:?}");
        let taken = scores.iter().find(|s| s.exit == last.exit).unwrap();
        for score in &scores {
            let is_better =
                !score.breaks_bound && score.delay_vehicle_s * 5 + 500 < taken.delay_vehicle_s * 4;
            assert!(!is_better, "{score:?} beats {taken:?}");
            assert!(
                taken.breaks_bound <= score.breaks_bound,
                "{score:?}, {taken:?}"
            );
        }
    }
}

/// What the exit that was taken saves, if it is not the plan's own; what it costs the plan's own;
/// what the best one would have saved.
fn saving(plan: PlanId, second: u64, hold_s: u32) -> (u32, u32, u32) {
    let mut rig = waiting_rig_on(plan, second);
    hold(&mut rig, &[2], hold_s);
    rig.run(1);
    let last = *rig.policies.recovery().last().unwrap();
    let kept = last
        .scores
        .into_iter()
        .flatten()
        .filter(|s| !s.breaks_bound);
    let scores: Vec<ExitScore> = kept.collect();
    let cost = |exit| {
        scores
            .iter()
            .find(|s| s.exit == exit)
            .map(|s| s.delay_vehicle_s)
    };
    let own = cost(Exit::Return).unwrap_or(0);
    let least = scores.iter().map(|s| s.delay_vehicle_s).min().unwrap_or(0);
    let taken = cost(last.exit).unwrap_or(own);
    (own.saturating_sub(taken), own, own.saturating_sub(least))
}

#[test]
fn a_coordinated_plan_is_left_for_more_than_a_fixed_one() {
    let mut between = 0;
    for (second, hold_s) in (0..100)
        .step_by(5)
        .flat_map(|s| [(s, 20), (s, 40), (s, 60)])
    {
        for (plan, bar) in [(COORDINATED, (100, 5)), (FIXED, (50, 10))] {
            let (gain, own, most) = saving(plan, second, hold_s);
            let bar = bar.0.max(own / bar.1);
            assert!(gain == 0 || gain >= bar, "{gain} of {own}");
            let is_near = own == 0 || most <= bar + 1;
            assert!(gain > 0 || is_near, "{most} of {own} left");
            between += u32::from(gain > 0 && gain < 100.max(own / 5));
        }
    }
    assert!(between > 0, "the bars differ somewhere");
}

#[test]
fn the_plan_has_the_site_again_and_is_in_step_when_the_exit_says_so() {
    for second in (0..100).step_by(10) {
        let mut rig = waiting_rig(second);
        hold(&mut rig, &[2], 40);
        rig.run(1);
        let last = *rig.policies.recovery().last().unwrap();
        while rig.now < last.in_step {
            rig.tick();
        }
        assert!(last.in_step.since(last.at) <= secs(450), "{last:?}");
        // The main road has its window of the next cycle.
        rig.run_to_second(20);
        rig.run(100);
        assert_eq!(rig.last.winner.source, PolicyKind::Coordinated);
        assert!(rig.kernel.go_set().contains(g(0)), "{last:?}");
    }
}

#[test]
fn nobody_waits_beyond_the_bound_on_the_way_back() {
    for second in (0..100).step_by(10) {
        let mut rig = waiting_rig(second);
        hold(&mut rig, &[1], 60);
        rig.run(300);
        for (group, walks) in [(0_u8, false), (1, false), (2, false), (4, true)] {
            let bound = if walks { secs(120) } else { secs(180) };
            let waited = rig.waits[usize::from(group)];
            assert!(
                waited <= bound,
                "group {group} waited {waited} after {second}"
            );
        }
    }
}

#[test]
fn control_without_a_cycle_finds_its_own_way() {
    for plan in [ACTUATED, ADAPTIVE] {
        let mut rig = Rig::with(with_lanes(), plan);
        rig.occupy(1, true);
        hold(&mut rig, &[2], 40);
        rig.run(1);
        let last = rig.policies.recovery().last().unwrap();
        assert_eq!(last.exit, Exit::Own);
        assert!(last.scores.iter().all(Option::is_none));
        assert_ne!(rig.last.winner.source, PolicyKind::Recovery);
    }
}

#[test]
fn a_lock_of_a_moment_and_a_new_one_need_no_recovery() {
    let mut rig = waiting_rig(0);
    hold(&mut rig, &[2], 3);
    rig.run(1);
    assert_eq!(rig.policies.recovery().last(), None);
    hold(&mut rig, &[2], 40);
    rig.run(2);
    hold(&mut rig, &[0], 30);
    assert_ne!(rig.last.winner.source, PolicyKind::Recovery);
}

#[test]
fn a_queue_leaves_at_saturation_and_grows_by_what_comes() {
    let lane = street::Lane {
        groups: set(&[0]),
        queue: 10 * street::VEHICLE,
        bound_s: 150,
        ..street::Lane::default()
    };
    let mut road = Street::default();
    road.lanes.push(lane);
    for _ in 0..22 {
        road.second(set(&[0]), (40, 100, true));
    }
    assert_eq!(road.queue(set(&[0])), 0);
    assert!(!road.wants(set(&[0])));
    // One vehicle in ten seconds.
    road.lanes[0].rate = 100_000;
    for _ in 0..160 {
        road.second(set(&[1]), (40, 100, true));
    }
    assert_eq!(road.queue(set(&[0])), 16 * street::VEHICLE);
    assert!(road.cost.breaks_bound || road.red_s(set(&[0])) <= 155);
    assert!(road.cost.delay > 0 && road.cost.spillback == 0);
    let walk = street::Walk {
        group: GroupId::new(4),
        waits: true,
        red_s: 0,
        bound_s: 90,
    };
    road.walks.push(walk);
    road.second(set(&[4]), (40, 100, true));
    assert!(!road.wants(set(&[4])));
}
