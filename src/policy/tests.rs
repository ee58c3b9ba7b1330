use super::lock_tests::lease;
use super::testing::*;
use super::*;
use crate::corridor::LeaseStep;
use crate::ids::PlanId;
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// Compares a drawing with its rows; both are printed one above the other if they differ.
#[track_caller]
pub(super) fn expect(drawn: &str, rows: &[&str]) {
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
