//! Networks made into cities that load.

use super::super::{ImportProfile, load};
use super::{PROFILES, TWO, WALKS, imported, net, site_text};
use crate::ids::GroupId;
use crate::plan::{Emergency, PlanMode, TurnKind};
use crate::signal::GroupKind;

#[test]
fn every_profile_loads_and_the_wiring_is_that_of_the_loaded_city() {
    for text in [TWO, WALKS] {
        for profile in PROFILES {
            let net = net(text);
            let made = imported(&net, profile);
            let (city, graph) = load(&made.files).expect("a city");
            let sites: Vec<&str> = city.sites.iter().map(|site| site.id.as_str()).collect();
            let wired: Vec<&str> = made.wiring.sites.iter().map(|s| s.site.as_str()).collect();
            assert_eq!((sites, wired), (vec!["T01", "T02"], vec!["T01", "T02"]));
            for (site, wiring) in city.sites.iter().zip(&made.wiring.sites) {
                assert_eq!(wiring.links.len(), net.links_of(&wiring.tls).len());
                let movements: Vec<_> = site.movements().collect();
                let mut seen = vec![0; movements.len()];
                for link in &wiring.links {
                    let kind = site.safety.timing(GroupId::new(link.group)).map(|t| t.kind);
                    let walks = kind == Some(GroupKind::Pedestrian);
                    assert_eq!(walks, link.is_walk);
                    assert_eq!(link.movement.is_none(), link.is_walk);
                    let Some(at) = link.movement else { continue };
                    seen[at] += 1;
                    let (approach, _, movement) = movements[at];
                    assert_eq!(usize::from(link.group), movement.group.index());
                    assert_eq!(movement.turns.len(), 1);
                    let road = &site.approaches[approach.index()].road;
                    assert_eq!(link.from_lane.rsplit_once('_').map(|l| l.0), Some(&**road));
                }
                assert!(
                    seen.iter().all(|count| *count == 1),
                    "every movement is one link"
                );
                assert!(
                    site.approaches
                        .iter()
                        .all(|a| graph.road_by_name(&a.road).is_some())
                );
            }
        }
    }
}

#[test]
fn a_network_gives_the_same_bytes_every_time() {
    let net = net(WALKS);
    for profile in PROFILES {
        assert_eq!(imported(&net, profile), imported(&net, profile));
    }
}

#[test]
fn groups_stand_to_each_other_as_their_links_do() {
    let made = imported(&net(TWO), ImportProfile::Field);
    let (city, _) = load(&made.files).expect("a city");
    let site = &city.sites[0];
    let group = |from: &str, to: &str| {
        let links = &made.wiring.sites[0].links;
        let found = links
            .iter()
            .find(|link| link.from_lane.starts_with(from) && link.to_lane.starts_with(to));
        GroupId::new(found.expect("a link").group)
    };
    let conflicts = site.safety.conflicts();
    let (north, through, left) = (group("nc", "cs"), group("dc", "cw"), group("wc", "cn"));
    assert!(conflicts.hostile_to(north).contains(through));
    // 3 s of amber and 1 s of all red.
    assert_eq!(conflicts.clearance(north, through).as_ms(), 4000);
    assert_eq!(conflicts.clearance(through, north).as_ms(), 4000);
    assert!(conflicts.permissive_with(left).contains(through));
    assert!(site.yields[left.index()].contains(through));
    // North and south turn left against each other: both yield.
    let south = group("sc", "cn");
    assert!(site.yields[north.index()].contains(south));
    assert!(site.yields[south.index()].contains(north));
    // The left turn has a stage without the through traffic, so it has a group of its own.
    assert_ne!(left, group("wc", "cd"));
    let beside = group("wc", "cd");
    assert!(!conflicts.hostile_to(left).contains(beside));
    assert!(!conflicts.permissive_with(left).contains(beside));
}

#[test]
fn the_profile_sets_amber_and_all_red() {
    let ends = |profile| {
        let made = imported(&net(TWO), profile);
        let (city, _) = load(&made.files).expect("a city");
        let safety = &city.sites[0].safety;
        let count = u8::try_from(safety.group_count()).expect("few groups");
        let mut pairs = Vec::new();
        for a in (0..count).map(GroupId::new) {
            for b in (0..count).map(GroupId::new) {
                if safety.conflicts().hostile_to(a).contains(b) {
                    pairs.push(safety.conflicts().clearance(a, b).as_ms());
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    };
    assert_eq!(ends(ImportProfile::Resco), [3000]);
    assert_eq!(ends(ImportProfile::Field), [4000]);
    assert_eq!(ends(ImportProfile::Cn), [5000]);
}

#[test]
fn plans_are_the_programme_and_two_on_demand() {
    let made = imported(&net(TWO), ImportProfile::Resco);
    let (city, _) = load(&made.files).expect("a city");
    for site in &city.sites {
        let names: Vec<_> = site
            .plans
            .iter()
            .map(|p| (p.name.as_str(), p.mode))
            .collect();
        assert_eq!(names[0], ("shipped", PlanMode::Fixed));
        assert_eq!(names[1], ("actuated", PlanMode::Actuated));
        assert_eq!(names[2], ("adaptive", PlanMode::Adaptive));
        assert_eq!(site.plans[0].cycle.as_ms(), 90_000);
        let maxima = site.plans[1]
            .sequence
            .iter()
            .map(|entry| entry.green_max.as_ms());
        assert!(maxima.into_iter().all(|max| max == 50_000));
        assert!(
            site.schedule
                .days
                .iter()
                .flatten()
                .all(|(_, plan)| plan.index() == 2)
        );
    }
    // 38 + 3 s, then 6 + 3 s for the left turn alone, as shipped; 7 s of green and 3 s of amber of
    // it are there because it is green before, too.
    let splits: Vec<u32> = city.sites[0].plans[0]
        .sequence
        .iter()
        .map(|e| e.split.as_ms())
        .collect();
    assert_eq!(splits, [41_000, 9_000, 40_000]);
}

#[test]
fn walkers_get_seven_seconds_and_the_way_over_the_street() {
    let made = imported(&net(WALKS), ImportProfile::Field);
    let (city, _) = load(&made.files).expect("a city");
    let site = &city.sites[0];
    let walks: Vec<_> = site.groups.iter().filter_map(|group| group.walk).collect();
    assert_eq!(walks.len(), 4);
    for walk in &walks {
        assert_eq!((walk.walk.as_ms(), walk.speed.as_mm_per_s()), (7000, 1000));
        assert!(walk.crossing.as_mm() > 5000);
    }
    let buttons = site
        .detectors
        .iter()
        .filter(|d| d.name.starts_with('B'))
        .count();
    assert_eq!(buttons, 4);
    let text = site_text(&made, "T01");
    assert!(text.contains("crosses = [\"N\"]"), "{text}");
}

#[test]
fn detectors_lie_at_the_stop_line_and_upstream() {
    let made = imported(&net(TWO), ImportProfile::Field);
    let (city, _) = load(&made.files).expect("a city");
    let site = &city.sites[0];
    let lanes: usize = site.approaches.iter().map(|a| a.lanes.len()).sum();
    let stop = site
        .detectors
        .iter()
        .filter(|d| d.name.starts_with('D'))
        .count();
    let upstream: Vec<_> = site
        .detectors
        .iter()
        .filter(|d| d.name.starts_with('A'))
        .collect();
    assert_eq!((stop, upstream.len()), (lanes, lanes));
    for detector in upstream {
        assert!(
            format!("{:?}", detector.usage).contains("60000"),
            "{:?}",
            detector.usage
        );
    }
}

#[test]
fn an_emergency_green_is_the_approach_or_a_stated_reason() {
    let made = imported(&net(TWO), ImportProfile::Cn);
    let (city, _) = load(&made.files).expect("a city");
    let approaches: Vec<_> = city
        .sites
        .iter()
        .flat_map(|site| &site.approaches)
        .collect();
    assert!(
        approaches
            .iter()
            .any(|a| matches!(a.emergency, Emergency::Groups(_)))
    );
    for approach in approaches {
        let Emergency::None(reason) = &approach.emergency else {
            continue;
        };
        assert!(reason.contains("yellow trap"));
        let noted = made
            .notes
            .iter()
            .any(|note| note.what.contains(&approach.road));
        assert!(noted, "{}", approach.road);
    }
}

#[test]
fn turns_and_lengths_are_those_of_the_network() {
    let net = net(TWO);
    let made = imported(&net, ImportProfile::Field);
    let (city, graph) = load(&made.files).expect("a city");
    assert!(city.synthetic);
    let id = |road: &str| graph.road_by_name(road).expect("a road");
    let road = graph.road(id("wc")).expect("a road");
    assert_eq!(road.length.as_mm(), 112_800);
    let turn = |from, to| graph.turn(id(from), id(to)).map(|turn| turn.kind);
    assert_eq!(turn("wc", "cn"), Some(TurnKind::Left));
    assert_eq!(turn("wc", "cd"), Some(TurnKind::Through));
    assert_eq!(turn("wc", "cs"), Some(TurnKind::Right));
    assert_eq!(turn("wc", "dm"), None);
}
