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
    rig.to_second(0);
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
    rig.to_second(0);
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
