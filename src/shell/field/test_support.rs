//! A small site, told twice: as a file and as the kernel's table.

use crate::ids::GroupId;
use crate::signal::{
    AspectStep, AspectSteps, Conflicts, FallbackShow, GroupKind, GroupTiming, Indication, Relation,
    SafetyTable, StartUp,
};
use crate::units::Millis;

pub(super) const SITE: &str = r#"
schema = 1
[site]
id = "J01"
kind = "junction"
[[group]]
id = "WT"
kind = "vehicle"
flashing_green_s = 3.0
amber_s = 3.0
min_green_s = 10.0
[[group]]
id = "NT"
kind = "vehicle"
amber_s = 3.0
min_green_s = 8.0
[[group]]
id = "PN"
kind = "pedestrian"
walk_s = 7.0
clear_s = 9.0
[intergreen_s]
WT = { NT = 5.0, PN = 6.0 }
NT = { WT = 5.0 }
PN = { WT = 3.0 }
[compatible]
rest = true
[[stage]]
id = "A"
green = ["WT"]
[[stage]]
id = "B"
green = ["NT", "PN"]
[[plan]]
id = "night"
mode = "fixed"
sequence = ["A", "B"]
split_s = { A = 25, B = 30 }
[safety]
startup = [ { show = "flash-amber", for_s = 10 }, { show = "all-red", for_s = 5 } ]
"#;

fn steps(list: &[(Indication, u32)]) -> AspectSteps {
    let list: Vec<_> = list
        .iter()
        .map(|(show, s)| AspectStep {
            show: *show,
            lasts: Millis::from_secs(*s),
        })
        .collect();
    AspectSteps::new(&list).unwrap()
}

/// The table a loader would make of [`SITE`].
pub(super) fn table() -> SafetyTable {
    use Indication::{Amber, FlashingGreen};
    let group = |kind, green, lose: &[(Indication, u32)]| GroupTiming {
        kind,
        gain: AspectSteps::NONE,
        lose: steps(lose),
        green_min: Millis::from_secs(green),
        green_max: Millis::from_secs(60),
        red_min: Millis::ZERO,
        wait_max: Millis::from_secs(120),
    };
    let groups = [
        group(GroupKind::Vehicle, 10, &[(FlashingGreen, 3), (Amber, 3)]),
        group(GroupKind::Vehicle, 8, &[(Amber, 3)]),
        group(GroupKind::Pedestrian, 7, &[(FlashingGreen, 9)]),
    ];
    let id = GroupId::new;
    let mut conflicts = Conflicts::all_compatible(3);
    let hostile = |forward, back| Relation::Hostile {
        forward: Millis::from_secs(forward),
        back: Millis::from_secs(back),
    };
    conflicts.declare(id(0), id(1), hostile(8, 5));
    conflicts.declare(id(0), id(2), hostile(9, 12));
    let start = StartUp {
        flash: Millis::from_secs(10),
        all_red: Millis::from_secs(5),
    };
    let readback = (Millis::new(300), Millis::new(300));
    SafetyTable::new(
        &groups,
        conflicts,
        start,
        FallbackShow::FlashAmber,
        readback,
    )
    .unwrap()
}
