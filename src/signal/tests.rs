use super::*;
use crate::ids::GroupId;
use crate::units::Millis;

#[test]
fn conflicts_are_symmetric_and_irreflexive() {
    let (a, b) = (GroupId::new(0), GroupId::new(1));
    let mut conflicts = Conflicts::all_compatible(2);
    let hostile = Relation::Hostile {
        forward: Millis::from_secs(5),
        back: Millis::from_secs(6),
    };
    conflicts.declare(a, b, hostile);
    conflicts.declare(a, a, hostile);
    assert_eq!(conflicts.hostile_to(a), GroupSet::only(b));
    assert_eq!(conflicts.hostile_to(b), GroupSet::only(a));
    assert_eq!(conflicts.clearance(a, b), Millis::from_secs(5));
    assert_eq!(conflicts.clearance(b, a), Millis::from_secs(6));
    assert_eq!(conflicts.hostile_pair_in(GroupSet::first(2)), Some((a, b)));
}

#[test]
fn steps_tell_what_is_shown_when() {
    let flash = AspectStep {
        show: Indication::FlashingGreen,
        lasts: Millis::from_secs(3),
    };
    let amber = AspectStep {
        show: Indication::Amber,
        lasts: Millis::from_secs(3),
    };
    let steps = AspectSteps::new(&[flash, amber]).unwrap();
    assert_eq!(steps.total(), Millis::from_secs(6));
    assert_eq!(steps.go_part(), Millis::from_secs(3));
    assert_eq!(steps.at(Millis::new(2900)), Some(Indication::FlashingGreen));
    assert_eq!(steps.at(Millis::new(3000)), Some(Indication::Amber));
    assert_eq!(steps.at(Millis::new(6000)), None);
    assert_eq!(AspectSteps::new(&[amber; 4]), None);
}
