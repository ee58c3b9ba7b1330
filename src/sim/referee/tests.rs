use super::*;
use crate::signal::Indication::{self, Amber, FlashingAmber, FlashingGreen, Green, Red};

const SITE: &str = r#"
[site]
id = "J01"
[[group]]
id = "EW"
kind = "vehicle"
amber_s = 3.0
min_green_s = 10.0
[[group]]
id = "NS"
kind = "vehicle"
flashing_green_s = 3.0
amber_s = 3.0
min_green_s = 7.0
[[group]]
id = "PX"
kind = "pedestrian"
walk_s = 7.0
clear_s = 18.0
[intergreen_s]
EW = { NS = 5.0, PX = 5.0 }
NS = { EW = 5.0 }
PX = { EW = 3.0 }
[safety]
startup = [ { show = "flash-amber", for_s = 10 }, { show = "all-red", for_s = 5 } ]
"#;

/// What the three groups show, and for how many tenths of a second.
type Scene = Vec<([Indication; 3], u64)>;

/// Start-up, then one clean round and the start of the next one.
fn clean() -> Scene {
    vec![
        ([FlashingAmber, FlashingAmber, Indication::Dark], 100),
        ([Red, Red, Red], 50),
        ([Green, Red, Red], 100),
        ([Amber, Red, Red], 30),
        ([Red, Red, Red], 20),
        ([Red, Green, Green], 70),
        ([Red, Green, FlashingGreen], 150),
        ([Red, FlashingGreen, FlashingGreen], 30),
        ([Red, Amber, Red], 30),
        ([Red, Red, Red], 20),
        ([Green, Red, Red], 100),
    ]
}

struct Somebody(u8);

impl PeopleOnSite for Somebody {
    fn people_on(&self, _: SiteId, each: &mut dyn FnMut(Person)) {
        each(Person {
            id: 7,
            group: GroupId::new(self.0),
            rides: false,
        });
    }
}

fn judge_with(scene: &Scene, people: &dyn PeopleOnSite, slack: u32) -> Counts {
    let rules = SiteRules::parse(SITE).unwrap();
    let mut referee = Referee::new(vec![rules], Millis::new(slack));
    let mut now = 0;
    for (shown, tenths) in scene {
        let mut lamps = [Indication::Dark; 32];
        lamps[..3].copy_from_slice(shown);
        for _ in 0..*tenths {
            referee.watch(Mono::from_ms(now), &[lamps], people);
            now += 100;
        }
    }
    let words = u64::try_from(referee.sightings().len()).unwrap();
    assert_eq!(words, referee.counts().total());
    referee.counts()
}

fn judge(scene: &Scene) -> Counts {
    judge_with(scene, &(), 0)
}

/// The clean round with one scene changed, and the counters of one fault.
#[track_caller]
fn one_fault(at: usize, scene: ([Indication; 3], u64), expected: Counts) {
    let mut scenes = clean();
    scenes[at] = scene;
    assert_eq!(judge(&scenes), expected);
    assert_eq!(expected.total(), 1);
}

const NONE: Counts = Counts {
    conflicts: 0,
    short_clearances: 0,
    short_ambers: 0,
    short_greens: 0,
    cut_pedestrian: 0,
    caught: 0,
};

#[test]
fn a_clean_round_and_its_start_up_count_nothing() {
    assert_eq!(judge(&clean()), NONE);
}

#[test]
fn a_conflicting_green_is_counted_once() {
    let conflicts = Counts {
        conflicts: 1,
        ..NONE
    };
    let mut scenes = clean();
    scenes.truncate(3);
    scenes.push(([Green, Green, Red], 50));
    assert_eq!(judge(&scenes), conflicts);
    scenes[3].0 = [Green, Red, Green];
    assert_eq!(judge(&scenes), conflicts);
    scenes.truncate(2);
    scenes.push(([Green, Green, Red], 50));
    assert_eq!(judge(&scenes), conflicts, "both in the same moment");
}

#[test]
fn green_into_a_hostile_amber_is_a_conflict() {
    let mut scenes = clean();
    scenes.truncate(4);
    scenes.push(([Amber, Green, Red], 10));
    scenes[3].1 = 20;
    scenes.push(([Red, Green, Red], 100));
    assert_eq!(
        judge(&scenes),
        Counts {
            conflicts: 1,
            ..NONE
        }
    );
}

#[test]
fn a_clearance_one_tick_short_is_counted() {
    let expected = Counts {
        short_clearances: 1,
        ..NONE
    };
    one_fault(9, ([Red, Red, Red], 19), expected);
}

#[test]
fn a_clearance_after_the_walk_counts_from_its_last_flash() {
    let mut scenes = clean();
    scenes.truncate(5);
    scenes.push(([Red, Red, Green], 70));
    scenes.push(([Red, Red, FlashingGreen], 180));
    scenes.push(([Red, Red, Red], 30));
    scenes.push(([Green, Red, Red], 100));
    assert_eq!(judge(&scenes), NONE);
    scenes[7].1 = 29;
    assert_eq!(
        judge(&scenes),
        Counts {
            short_clearances: 1,
            ..NONE
        }
    );
}

#[test]
fn an_amber_cut_or_skipped_is_counted() {
    let expected = Counts {
        short_ambers: 1,
        ..NONE
    };
    let mut scenes = clean();
    (scenes[8].1, scenes[9].1) = (29, 21);
    assert_eq!(judge(&scenes), expected, "the red after it made whole");
    one_fault(8, ([Red, Red, Red], 30), expected);
    // A flashing green cut short, with the walkers' own end made whole beside it.
    let mut scenes = clean();
    scenes[6].1 = 151;
    scenes[7].1 = 29;
    assert_eq!(judge(&scenes), expected);
}

#[test]
fn amber_back_to_green_is_counted() {
    let mut scenes = clean();
    scenes.truncate(4);
    scenes.push(([Green, Red, Red], 100));
    assert_eq!(
        judge(&scenes),
        Counts {
            short_ambers: 1,
            ..NONE
        }
    );
}

#[test]
fn a_green_below_its_minimum_is_counted() {
    let expected = Counts {
        short_greens: 1,
        ..NONE
    };
    one_fault(2, ([Green, Red, Red], 99), expected);
}

#[test]
fn a_walk_or_its_end_cut_short_is_counted() {
    let expected = Counts {
        cut_pedestrian: 1,
        ..NONE
    };
    one_fault(5, ([Red, Green, Green], 69), expected);
    one_fault(6, ([Red, Green, FlashingGreen], 149), expected);
    let mut scenes = clean();
    scenes.truncate(6);
    scenes.push(([Red, Green, Red], 50));
    assert_eq!(judge(&scenes), expected, "walk straight to red");
}

#[test]
fn somebody_on_the_way_of_a_hostile_green_is_caught_once() {
    let caught = judge_with(&clean(), &Somebody(2), 0);
    assert_eq!(caught, Counts { caught: 2, ..NONE }, "EW gets green twice");
    let nobody = judge_with(&clean()[..9].to_vec(), &Somebody(1), 0);
    assert_eq!(
        nobody,
        Counts { caught: 1, ..NONE },
        "only EW is hostile to NS"
    );
}

#[test]
fn flash_may_come_at_any_moment_and_is_left_only_through_all_red() {
    let mut scenes = clean();
    scenes.truncate(3);
    scenes[2].1 = 20;
    scenes.push(([FlashingAmber, FlashingAmber, Indication::Dark], 30));
    scenes.push(([Red, Red, Red], 50));
    scenes.push(([Red, Green, Red], 50));
    assert_eq!(judge(&scenes), NONE);
    scenes[4].1 = 49;
    assert_eq!(
        judge(&scenes),
        Counts {
            short_clearances: 1,
            ..NONE
        }
    );
    scenes.remove(4);
    scenes[3].1 = 80;
    assert_eq!(
        judge(&scenes),
        Counts {
            short_clearances: 1,
            ..NONE
        }
    );
}

#[test]
fn slack_forgives_jitter_and_nothing_more() {
    let mut scenes = clean();
    scenes[9].1 = 18;
    assert_eq!(judge_with(&scenes, &(), 200), NONE);
    scenes[9].1 = 17;
    assert_eq!(judge_with(&scenes, &(), 200).short_clearances, 1);
}

/// Looks at these moments, each due 100 ms after the one before; it may know by how much it is late.
fn judge_looks(looks: &[(u64, [Indication; 3])], knows: bool) -> Counts {
    let mut referee = Referee::new(vec![SiteRules::parse(SITE).unwrap()], Millis::new(200));
    let mut before = None;
    for (now, shown) in looks {
        let mut lamps = [Indication::Dark; 32];
        lamps[..3].copy_from_slice(shown);
        let now = Mono::from_ms(*now);
        let before = before.replace(now).filter(|_| knows);
        let due = before.map_or(now, |before| before + Millis::new(100));
        referee.watch_late((due, now), &[lamps], &());
    }
    referee.counts()
}

/// An amber of 3 s from 10.1 s on, first looked at 0.9 s later.
#[test]
fn a_late_look_accuses_nobody() {
    let mut looks = vec![
        (0, [Red, Red, Red]),
        (100, [Green, Red, Red]),
        (10_100, [Green, Red, Red]),
        (11_000, [Amber, Red, Red]),
    ];
    looks.extend((112..132).map(|tenths| (tenths * 100, [Amber, Red, Red])));
    looks.push((13_200, [Red, Red, Red]));
    assert_eq!(judge_looks(&looks, true), NONE);
    assert_eq!(judge_looks(&looks, false).short_ambers, 1, "eyes open");

    // Cut by more than nobody saw of it.
    looks.truncate(12);
    looks.push((12_000, [Red, Red, Red]));
    assert_eq!(judge_looks(&looks, true).short_ambers, 1);
}

#[test]
fn what_fits_between_two_looks_may_have_been_shown() {
    let flash = [FlashingAmber, FlashingAmber, Indication::Dark];
    let mut looks = vec![
        (0, flash),
        (5_000, [Green, Red, Red]),
        (15_000, [Green, Red, Red]),
        (18_000, [Red, Red, Red]),
        (20_000, [Red, Red, Green]),
        (30_000, [Red, Red, Green]),
        (48_000, [Red, Red, Red]),
    ];
    assert_eq!(judge_looks(&looks, true), NONE);
    (looks[1].0, looks[3].0, looks[6].0) = (4_800, 17_800, 47_800);
    let counted = judge_looks(&looks, true);
    let expected = Counts {
        short_clearances: 1,
        short_ambers: 1,
        cut_pedestrian: 1,
        ..NONE
    };
    assert_eq!(counted, expected);
}

#[test]
fn a_late_look_forgives_no_conflict() {
    let conflicts = Counts {
        conflicts: 1,
        ..NONE
    };
    let mut looks = vec![(0, [Red, Red, Red]), (100, [Red, Red, Red])];
    looks.push((9_000, [Green, Green, Red]));
    assert_eq!(judge_looks(&looks, true), conflicts, "both in one gap");
    looks.insert(2, (200, [Green, Red, Red]));
    assert_eq!(judge_looks(&looks, true), conflicts, "one before the gap");
}

#[test]
fn a_file_the_referee_cannot_read_is_an_error() {
    assert!(matches!(
        SiteRules::parse("[site]"),
        Err(RulesError::Unreadable(_))
    ));
    let unknown = SITE.replace("PX = { EW = 3.0 }", "PY = { EW = 3.0 }");
    assert_eq!(
        SiteRules::parse(&unknown),
        Err(RulesError::UnknownGroup("PY".into()))
    );
}
