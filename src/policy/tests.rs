use super::testing::*;
use super::*;
use crate::corridor::{Lease, LeaseStep};
use crate::ids::{CorridorId, PlanId};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// Compares a drawing with its rows; both are printed one above the other if they differ.
#[track_caller]
fn expect(drawn: &str, rows: &[&str]) {
    let expected = rows.join("\n");
    assert!(drawn == expected, "drawn\n{drawn}\nexpected\n{expected}");
}

#[test]
fn fixed_time_gives_every_stage_its_split() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(0);
    expect(
        &rig.draw(105),
        &[
            "GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGaaa.........................................................GGGGG",
            ".............................................GGGGGGGGGGGGaaa.............................................",
            "..............................................................GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGaaa.......",
            "GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGffffffffffff..........................................................GGGGG",
            "..............................................................GGGGGGGGGGGGGGGGGffffffffffffffffff........",
        ],
    );
}

#[test]
fn an_actuated_stage_comes_for_a_press_and_goes_back_to_rest() {
    let mut rig = Rig::new(ACTUATED);
    rig.run(100);
    rig.press(1);
    expect(
        &rig.draw(40),
        &[
            "Gaaa...............................GGGGG",
            "........................................",
            "......GGGGGGGGGGGGGGGGGGGGGGGGaaa.......",
            "........................................",
            "......GGGGGGGGffffffffffffffffff........",
        ],
    );
    assert_eq!(rig.last.winner.reason, Reason::StageMin(A));
}

#[test]
fn a_coordinated_stage_yields_at_its_window_and_gets_unused_time_back() {
    let mut rig = Rig::new(COORDINATED);
    rig.run_to_second(0);
    rig.run(100);
    rig.press(1);
    expect(
        &rig.draw(80),
        &[
            "GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGaaa...............................GGGGGG",
            "................................................................................",
            ".............................................GGGGGGGGGGGGGGGGGGGGGGGGaaa........",
            "GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGffffffffffff......................................",
            ".............................................GGGGGGGGffffffffffffffffff.........",
        ],
    );
}

fn lease(rig: &Rig, groups: &[u8], step: LeaseStep) -> Lease {
    Lease {
        corridor: CorridorId::new(7),
        groups: set(groups),
        beside: set(&[]),
        into_exit: set(&[]),
        near: set(&[]),
        near_by: rig.now,
        expires: rig.now + secs(3),
        step,
        green_by: rig.now,
        until: rig.now + secs(10),
    }
}

/// Runs with a lease renewed every second, as the corridor engine does.
fn hold(rig: &mut Rig, groups: &[u8], step: LeaseStep, seconds: u32) {
    for _ in 0..seconds {
        rig.lease = Some(lease(rig, groups, step));
        rig.run(1);
    }
}

#[test]
fn a_long_press_makes_one_walk_longer() {
    let mut rig = Rig::new(ACTUATED);
    rig.run(100);
    for held in [true, false] {
        rig.press(1);
        rig.inputs.buttons_held = if held { 2 } else { 0 };
        rig.run(3);
        rig.inputs.buttons_held = 0;
        let drawn = rig.draw(60);
        let walk = drawn.lines().last().unwrap().matches('G').count();
        assert_eq!(walk, if held { 11 } else { 8 }, "{drawn}");
        rig.run(40);
    }
}

#[test]
fn a_lock_holds_the_approach_and_the_programme_clock_goes_on_underneath() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(70);
    hold(&mut rig, &[1], LeaseStep::Lock, 50);
    assert_eq!(rig.kernel.go_set(), set(&[1]));
    assert_eq!(rig.last.winner.reason, Reason::Corridor(CorridorId::new(7)));
    assert!(rig.last.losers[0].is_some_and(|wish| wish.source == PolicyKind::Fixed));
    // The lease runs out by itself at second 22 of the cycle: the main road has what is left of
    // its split, the walkers beside it would no longer be across in time.
    expect(
        &rig.draw(30),
        &[
            ".......GGGGGGGGGGGGGaaa.......",
            "GGaaa....................GGGGG",
            "..............................",
            "..............................",
            "..............................",
        ],
    );
}

#[test]
fn a_lock_adds_what_cannot_hurt_and_nothing_that_yields() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(5);
    hold(&mut rig, &[0], LeaseStep::Lock, 5);
    assert_eq!(rig.kernel.go_set(), set(&[0, 3]));

    let mut site = junction();
    let mut conflicts = site.safety.conflicts().clone();
    conflicts.declare(g(0), g(3), crate::signal::Relation::Permissive);
    let table = crate::signal::SafetyTable::new(
        site.safety.timings(),
        conflicts,
        site.safety.start_up(),
        site.safety.fallback(),
        (Millis::new(300), Millis::new(800)),
    );
    site.safety = std::sync::Arc::new(table.unwrap());
    let mut rig = Rig::with(site, FIXED);
    rig.run_to_second(5);
    hold(&mut rig, &[0], LeaseStep::Lock, 20);
    assert_eq!(rig.kernel.go_set(), set(&[0]));
}

#[test]
fn a_lock_shows_what_may_be_beside_it_and_nothing_that_fills_its_exit() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(70);
    for _ in 0..30 {
        rig.lease = Some(Lease {
            beside: set(&[3]),
            ..lease(&rig, &[0], LeaseStep::Lock)
        });
        rig.run(1);
    }
    assert_eq!(rig.kernel.go_set(), set(&[0, 3]));
    for _ in 0..40 {
        rig.lease = Some(Lease {
            into_exit: set(&[3]),
            ..lease(&rig, &[0], LeaseStep::Lock)
        });
        rig.run(1);
    }
    assert_eq!(rig.kernel.go_set(), set(&[0]));
}

#[test]
fn an_oncoming_stream_stops_with_the_left_turns_that_wait_for_it() {
    let mut site = junction();
    // The left turns of group 3 wait for group 0.
    let mut conflicts = site.safety.conflicts().clone();
    conflicts.declare(g(0), g(3), crate::signal::Relation::Permissive);
    let table = crate::signal::SafetyTable::new(
        site.safety.timings(),
        conflicts,
        site.safety.start_up(),
        site.safety.fallback(),
        (Millis::new(300), Millis::new(800)),
    );
    site.safety = std::sync::Arc::new(table.unwrap());
    site.left_yields[3] = set(&[0]);
    let mut rig = Rig::with(site, FIXED);
    rig.run_to_second(20);
    assert_eq!(rig.kernel.go_set(), set(&[0, 3]));
    let mut was_trapped = false;
    let mut stopped = false;
    for _ in 0..40 {
        rig.lease = Some(lease(&rig, &[0], LeaseStep::Lock));
        rig.run(1);
        let left_ends = rig.kernel.shown(g(3)) == crate::signal::Indication::FlashingGreen;
        was_trapped |= left_ends && rig.kernel.go_set().contains(g(0));
        stopped |= !rig.kernel.go_set().contains(g(0));
    }
    assert!(stopped && !was_trapped);
    assert_eq!(rig.kernel.go_set(), set(&[0]));
}

#[test]
fn an_inhibit_cuts_nothing_and_begins_nothing_hostile() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(50);
    // The left turns run until second 57. The side road must not follow; the main road does.
    hold(&mut rig, &[0], LeaseStep::Inhibit, 0);
    let mut shown = Vec::new();
    for _ in 0..30 {
        rig.lease = Some(lease(&rig, &[0], LeaseStep::Inhibit));
        rig.run(1);
        shown.push(rig.kernel.go_set());
    }
    assert_eq!(shown[5], set(&[1]));
    assert!(
        shown
            .iter()
            .all(|go| !go.contains(g(2)) && !go.contains(g(4)))
    );
    assert!(shown[29].contains(g(0)));
}

/// Runs with a corridor that comes near: its approach has to be green in `green_in` seconds.
fn approach(rig: &mut Rig, groups: &[u8], green_in: u32, seconds: u32) {
    let (green_by, until) = (rig.now + secs(green_in), rig.now + secs(green_in + 10));
    for _ in 0..seconds {
        rig.lease = Some(Lease {
            green_by,
            until,
            ..lease(rig, groups, LeaseStep::Inhibit)
        });
        rig.run(1);
    }
}

#[test]
fn an_inhibit_lets_begin_what_can_be_over_in_time() {
    for (green_in, served) in [(90, true), (20, false)] {
        let mut rig = Rig::new(FIXED);
        rig.run_to_second(50);
        // The side road is due at second 57: it needs 8 s of green and its clearance.
        approach(&mut rig, &[0], green_in, 15);
        assert_eq!(rig.kernel.go_set().contains(g(2)), served, "{green_in} s");
    }
}

#[test]
fn who_would_wait_too_long_is_served_before_the_lock() {
    let mut rig = Rig::new(ACTUATED);
    rig.run_to_second(30);
    rig.press(1);
    // Pressed at once, and the vehicle is through 130 s later: the bound of 120 s would be broken.
    let shown = |rig: &mut Rig, seconds| {
        approach(rig, &[0], 120, seconds);
        rig.kernel.go_set()
    };
    let mut walked = false;
    for _ in 0..60 {
        walked |= shown(&mut rig, 1).contains(g(4));
    }
    assert!(walked, "{:?}", rig.waits);
    assert!(rig.waits[4] < secs(60), "{:?}", rig.waits);
}

#[test]
fn the_everyday_bound_begins_no_walk_that_would_stop_the_vehicle() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(5);
    rig.press(1);
    // The walk's everyday bound runs out while the vehicle comes near; its corridor bound does not.
    hold(&mut rig, &[0], LeaseStep::Lock, 50);
    for _ in 0..45 {
        approach(&mut rig, &[0], 5, 1);
        assert!(!rig.kernel.go_set().contains(g(4)), "{:?}", rig.last);
    }
}

#[test]
fn an_armed_corridor_keeps_nothing_from_starting() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(50);
    hold(&mut rig, &[0], LeaseStep::Prepare, 15);
    assert!(rig.kernel.go_set().contains(g(2)));
    assert_eq!(rig.last.winner.source, PolicyKind::Fixed);
}

#[test]
fn a_corridor_gives_everybody_else_their_bound() {
    let mut rig = Rig::new(FIXED);
    rig.site.corridor_hold_max = secs(1000);
    rig.run_to_second(10);
    rig.press(1);
    rig.occupy(2, true);
    hold(&mut rig, &[0], LeaseStep::Lock, 400);
    assert!(
        rig.waits[4] > secs(100),
        "the lock did hold: {:?}",
        rig.waits
    );
    assert!(
        rig.waits[4] <= secs(120) && rig.waits[2] <= secs(150),
        "{:?}",
        rig.waits
    );
}

#[test]
fn whom_a_lock_made_wait_is_served_in_time_after_it_too() {
    for seconds in (10..=140).step_by(10) {
        let mut rig = Rig::new(FIXED);
        rig.run_to_second(72);
        rig.occupy(2, true);
        hold(&mut rig, &[0], LeaseStep::Lock, seconds);
        rig.lease = None;
        rig.run(150);
        assert!(
            rig.waits[2] <= secs(150),
            "locked {seconds} s: {:?}",
            rig.waits
        );
    }
}

#[test]
fn a_vehicle_that_is_about_to_pass_for_long_stands_and_makes_nobody_wait_longer() {
    let mut rig = Rig::new(FIXED);
    rig.site.corridor_hold_max = secs(1000);
    rig.run_to_second(10);
    rig.occupy(2, true);
    for tick in 0..2_000 {
        let mut lease = lease(&rig, &[0], LeaseStep::Lock);
        // The arrival is forecast anew every second, now nearer, now further.
        lease.until = rig.now + secs(if tick % 20 < 10 { 7 } else { 9 });
        rig.lease = Some(lease);
        rig.tick();
    }
    assert!(rig.waits[2] > secs(100), "the lock did hold");
    assert!(rig.waits[2] <= secs(150), "{:?}", rig.waits);
}

#[test]
fn who_comes_to_the_bound_as_the_vehicle_passes_waits_a_moment_longer_and_no_more() {
    let mut rig = Rig::new(FIXED);
    rig.site.corridor_hold_max = secs(1000);
    rig.run_to_second(10);
    rig.occupy(2, true);
    hold(&mut rig, &[0], LeaseStep::Lock, 125);
    for _ in 0..600 {
        let mut lease = lease(&rig, &[0], LeaseStep::Lock);
        lease.until = rig.now + secs(5);
        rig.lease = Some(lease);
        rig.tick();
    }
    assert!(rig.waits[2] <= secs(172), "{:?}", rig.waits);
}

#[test]
fn a_hold_that_reaches_its_cap_is_given_back() {
    let mut rig = Rig::new(FIXED);
    rig.site.corridor_hold_max = secs(30);
    rig.run_to_second(50);
    hold(&mut rig, &[0], LeaseStep::Lock, 29);
    assert_eq!(rig.last.winner.source, PolicyKind::Corridor);
    hold(&mut rig, &[0], LeaseStep::Lock, 2);
    assert_eq!(rig.last.winner.source, PolicyKind::Fixed);
    hold(&mut rig, &[0], LeaseStep::Lock, 30);
    assert_eq!(rig.last.winner.source, PolicyKind::Corridor);
}

#[test]
fn a_manual_act_beats_a_corridor_and_ends_by_itself() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(5);
    rig.manual = Some(Manual {
        act: ManualAct::Stage(C),
        until: rig.now + secs(60),
        by: 3,
    });
    hold(&mut rig, &[0], LeaseStep::Lock, 40);
    assert_eq!(rig.kernel.go_set(), set(&[2, 4]));
    assert_eq!(rig.last.winner.source, PolicyKind::Manual);
    assert!(rig.last.losers[0].is_some_and(|wish| wish.source == PolicyKind::Corridor));
    hold(&mut rig, &[0], LeaseStep::Lock, 60);
    assert_eq!(rig.last.winner.source, PolicyKind::Corridor);

    let act = |act, rig: &mut Rig| {
        rig.manual = Some(Manual {
            act,
            until: rig.now + secs(60),
            by: 3,
        });
        rig.run(50);
        rig.kernel.mode()
    };
    rig.lease = None;
    let all_red = act(ManualAct::AllRed, &mut rig);
    assert_eq!(all_red, crate::kernel::Mode::AllRed);
    assert!(rig.kernel.go_set().is_empty());
    let flash = act(ManualAct::Flash, &mut rig);
    assert!(matches!(flash, crate::kernel::Mode::Flashing(_)));
}

#[test]
fn moves_are_obeyed_by_every_policy_that_changes_stages() {
    let mut site = junction();
    site.stages[0].moves = vec![(C, Some(B))];
    site.stages[2].moves = vec![(A, None)];
    site.plans[usize::from(ACTUATED.number())].rest = Some(A);
    let mut rig = Rig::with(site, ACTUATED);
    rig.run(200);
    rig.shown.clear();
    rig.press(1);
    rig.run(120);
    let order: Vec<GroupSet> = stages_of(&rig.shown);
    assert_eq!(order, [set(&[1]), set(&[2]), set(&[1]), set(&[0])]);

    rig.manual = Some(Manual {
        act: ManualAct::Stage(C),
        until: rig.now + secs(90),
        by: 3,
    });
    rig.shown.clear();
    rig.run(80);
    assert_eq!(stages_of(&rig.shown), [set(&[1]), set(&[2])]);
}

/// The vehicle groups that had right of way, one after the other.
fn stages_of(shown: &[GroupSet]) -> Vec<GroupSet> {
    let vehicles = shown.iter().map(|go| go.intersection(set(&[0, 1, 2])));
    let mut order: Vec<GroupSet> = vehicles.filter(|go| !go.is_empty()).collect();
    order.dedup();
    order
}

#[test]
fn extension_ends_by_gap_or_by_maximum() {
    for (stays, wanted) in [(10, 125), (300, 300)] {
        let mut rig = Rig::new(ACTUATED);
        rig.run(100);
        rig.occupy(2, true);
        while !rig.kernel.go_set().contains(g(2)) {
            rig.tick();
        }
        // Somebody waits on the main road all the time.
        rig.occupy(0, true);
        let mut green = 0;
        while rig.kernel.go_set().contains(g(2)) {
            if green == stays * 10 {
                rig.occupy(2, false);
            }
            green += 1;
            rig.tick();
        }
        assert!(
            (wanted - 2..=wanted + 2).contains(&green),
            "{green} for {stays}"
        );
    }
}

#[test]
fn a_plan_change_gets_into_step_the_short_way_round() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(0);
    for (ahead, most_cycles) in [(30_000, 2), (70_000, 2), (50_000, 3)] {
        rig.clock_ahead = ahead;
        rig.run(most_cycles * 100 + 10);
        rig.run_to_second(20);
        assert_eq!(
            rig.kernel.go_set(),
            set(&[0, 3]),
            "in step again after {ahead}"
        );
        rig.run(50);
        assert_eq!(rig.kernel.go_set(), set(&[2, 4]));
    }
}

#[test]
fn a_clock_step_never_jumps_the_plan() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(10);
    rig.clock_ahead = 40_000;
    rig.run(5);
    assert_eq!(
        rig.kernel.go_set(),
        set(&[0, 3]),
        "still the main road's green"
    );
}

#[test]
fn an_adaptive_plan_runs_actuated_until_there_is_more() {
    let mut rig = Rig::new(ADAPTIVE);
    rig.run(60);
    assert_eq!(rig.last.winner.source, PolicyKind::Actuated);
}

/// An adaptive policy that wants the left turns until it goes wrong.
#[derive(Clone, Debug)]
struct Broken {
    at: Mono,
    how: Why,
}

impl Policy for Broken {
    fn kind(&self) -> PolicyKind {
        PolicyKind::Adaptive
    }

    fn propose(&mut self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Option<Wish> {
        if ctx.now >= self.at {
            match self.how {
                Why::Panicked => std::panic::panic_any("on purpose"),
                Why::Overspent => while budget.spend(1) {},
            }
        }
        Some(Wish {
            groups: set(&[1]),
            source: PolicyKind::Adaptive,
            ..Wish::default()
        })
    }

    fn reset(&mut self) {}
}

#[test]
fn a_policy_that_goes_wrong_loses_its_turn_to_the_plan() {
    std::panic::set_hook(Box::new(|_| {}));
    for how in [Why::Panicked, Why::Overspent] {
        let site = junction();
        let broken = Broken {
            at: Mono::from_ms(60_000),
            how,
        };
        let policies = SitePolicies::with_adaptive(&site, Mono::ZERO, broken);
        let mut rig = Rig::of(site, ADAPTIVE, policies);
        rig.run(30);
        assert_eq!(rig.kernel.go_set(), set(&[1]));
        while rig.last.benched.is_none() {
            rig.tick();
        }
        assert_eq!(rig.last.benched, Some((PolicyKind::Adaptive, how)));
        assert_eq!(rig.last.winner.source, PolicyKind::Actuated);
        let sitting: Vec<_> = rig.policies.benched(rig.now).collect();
        assert_eq!(sitting, [PolicyKind::Adaptive]);
        assert!(rig.policies.has_fallen_back(rig.now));
        let later = rig.now + Millis::from_secs(60);
        assert!(!rig.policies.has_fallen_back(later));
        rig.tick();
        assert_eq!(rig.last.benched, None, "it sits on the bench now");
        rig.run(58);
        assert_eq!(rig.last.winner.source, PolicyKind::Actuated);
        assert!(!rig.kernel.go_set().is_empty());
    }
    let _ = std::panic::take_hook();
}

#[test]
fn a_panel_at_the_cabinet_is_followed() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(20);
    let demands = *rig.detection.demands();
    let mut kernel = rig.kernel.clone();
    let mut readback = rig.inputs.readback;
    readback.cabinet = crate::kernel::CabinetState::LocalManual;
    let _ = kernel.step(rig.now + Millis::new(100), &rig.last.request, &readback);
    let decision = rig.policies.decide(&DecideContext {
        now: rig.now + Millis::new(200),
        clock_ms: 0,
        plan: PlanId::new(0),
        site: &rig.site,
        demands: &demands,
        picture: rig.detection.picture(),
        doubts: rig.detection.doubts(&rig.site),
        kernel: &kernel,
        lease: None,
        manual: None,
    });
    assert_eq!(decision.winner.source, PolicyKind::LocalPanel);
    assert_eq!(decision.request.groups, kernel.go_set());
}

#[test]
fn a_snapshot_goes_on_where_it_was() {
    let mut rig = Rig::new(COORDINATED);
    rig.occupy(2, true);
    rig.run(77);
    let bytes = postcard::to_allocvec(&(&rig.policies, &rig.detection)).unwrap();
    let (policies, detection) = postcard::from_bytes(&bytes).unwrap();
    let before = rig.draw_after(|rig| {
        rig.policies = policies;
        rig.detection = detection;
    });
    assert_eq!(before.0, before.1);
}

/// A street that does anything: who comes, who presses, which corridor, which act.
#[derive(Clone, Copy, Debug)]
struct Whim {
    occupied: u32,
    presses: u8,
    lease: u8,
    manual: u8,
    plan: u8,
    lasts_s: u8,
}

fn whims() -> impl proptest::strategy::Strategy<Value = Vec<Whim>> {
    use proptest::prelude::*;
    let whim = (0_u32..8, 0_u8..4, 0_u8..12, 0_u8..40, 0_u8..8, 1_u8..40).prop_map(|whim| {
        let (occupied, presses, lease, manual, plan, lasts_s) = whim;
        Whim {
            occupied,
            presses,
            lease,
            manual,
            plan,
            lasts_s,
        }
    });
    proptest::collection::vec(whim, 5..40)
}

/// Runs `rig` through one whim, renewing its lease every second.
fn live(rig: &mut Rig, whim: Whim, with_manual: bool) {
    let approaches: [&[u8]; 4] = [&[0], &[0, 3], &[1], &[2]];
    rig.inputs.occupied = whim.occupied;
    for button in 0..2 {
        if whim.presses >> button & 1 == 1 {
            rig.press(button);
        }
    }
    if whim.plan < 3 {
        rig.plan = PlanId::new(whim.plan);
    }
    let act = match whim.manual {
        0 => Some(ManualAct::Stage(A)),
        1 => Some(ManualAct::Stage(C)),
        2 => Some(ManualAct::Groups(set(&[0, 2]))),
        _ => None,
    };
    rig.manual = act.filter(|_| with_manual).map(|act| Manual {
        act,
        until: rig.now + secs(u32::from(whim.lasts_s)),
        by: 1,
    });
    for _ in 0..whim.lasts_s {
        rig.lease = approaches.get(usize::from(whim.lease)).map(|groups| {
            let step = if whim.lasts_s > 10 {
                LeaseStep::Lock
            } else {
                LeaseStep::Inhibit
            };
            lease(rig, groups, step)
        });
        rig.run(1);
    }
}

/// Each case is many minutes of street.
const CASES: u32 = 24;

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(CASES))]

    /// Everybody's bound holds under every plan, every street and every corridor: walkers never
    /// wait longer than the corridor's bound, vehicles never longer than their own.
    #[test]
    fn nobody_waits_beyond_the_bound(whims in whims()) {
        let mut rig = Rig::new(FIXED);
        rig.run(30);
        for whim in whims {
            live(&mut rig, whim, false);
            proptest::prop_assert!(
                rig.waits[..3].iter().all(|wait| *wait <= secs(180))
                    && rig.waits[3..].iter().all(|wait| *wait <= secs(120)),
                "{:?} at {}", rig.waits, rig.now
            );
            proptest::prop_assert_eq!(rig.last.benched, None);
        }
    }

    /// Without a corridor walkers have their everyday bound, in every plan.
    #[test]
    fn walkers_have_their_everyday_bound(mut whims in whims()) {
        let mut rig = Rig::new(FIXED);
        rig.run(30);
        for whim in &mut whims {
            whim.lease = u8::MAX;
            live(&mut rig, *whim, false);
            proptest::prop_assert!(
                rig.waits[3].max(rig.waits[4]) <= secs(90), "{:?} at {}", rig.waits, rig.now
            );
        }
    }

    /// No policy asks for a hostile pair, and only the operator's own is refused.
    #[test]
    fn no_wish_holds_a_hostile_pair(whims in whims()) {
        let mut rig = Rig::new(ACTUATED);
        for whim in whims {
            live(&mut rig, whim, true);
            if rig.last.winner.source != PolicyKind::Manual {
                let groups = rig.last.request.groups;
                let pair = rig.site.safety.conflicts().hostile_pair_in(groups);
                proptest::prop_assert_eq!(pair, None, "{:?}", rig.last.winner);
            }
        }
    }
}

/// Sites of the demo city on a busy street: every plan keeps every bound by itself, without the
/// kernel's fence, and no policy loses its turn.
#[test]
fn real_sites_keep_their_bounds_in_every_plan() {
    let files = [
        include_str!("../../signal-plans/ankang-demo/sites/J02.toml"),
        include_str!("../../signal-plans/ankang-demo/sites/J08.toml"),
        include_str!("../../signal-plans/ankang-demo/sites/P03.toml"),
    ];
    let mut dice = 1_u64;
    let mut roll = || {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice.to_le_bytes()
    };
    for text in files {
        let site = crate::plan::load_site("site", text).unwrap();
        for plan in (0..).map(PlanId::new).take(site.plans.len()) {
            let mut rig = Rig::with(site.clone(), plan);
            for tick in 0..12_000 {
                if tick % 50 == 0 {
                    let [a, b, c, d, ..] = roll();
                    rig.inputs.occupied = u32::from_le_bytes([a & b, b & c, c & d, d & a]);
                }
                if tick % 300 == 0 {
                    (0..16)
                        .filter(|_| roll()[0] % 3 == 0)
                        .for_each(|b| rig.press(b));
                }
                rig.tick();
                assert_eq!(rig.last.benched, None);
                assert_eq!(rig.kernel.forced(), None, "{} {plan}", site.id);
            }
            for (info, wait) in site.groups.iter().zip(rig.waits) {
                let bound = info.walk.map_or(secs(180), |walk| walk.wait_max);
                assert!(wait <= bound, "{} {} {plan}: {wait}", site.id, info.name);
            }
        }
    }
}
