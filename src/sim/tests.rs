use super::*;
use crate::corridor::ServiceClass;
use crate::detect::FieldInputs;
use crate::ids::{ApproachId, GroupId, RoadId, SiteId};
use crate::plan::TurnKind;
use crate::signal::Indication;
use crate::units::{Length, Millis, Mono, Speed};

const MAIN: GroupId = GroupId::new(0);
const SIDE: GroupId = GroupId::new(1);
const WALK: GroupId = GroupId::new(2);

/// A road of two lanes through a signal, a side road into it, and a crossing over the main road.
///
/// ```text
///   0 main ---[S0]--- 1 out (two lanes)
///   2 side ---/ turns right into 1
/// ```
fn corner(inflow_veh_h: f32) -> StreetMap {
    let exit = |turn, road| Exit {
        turn,
        road: RoadId::new(road),
        share: 1.0,
        walks: vec![],
        opposing: vec![],
    };
    let rule = |group| LaneRule {
        group: Some(group),
        exits: 1,
    };
    let main = Road {
        id: "main".into(),
        length_m: 400.0,
        speed_mps: 13.9,
        lanes: vec![rule(MAIN), rule(MAIN)],
        end: RoadEnd::Signal(SiteId::new(0), ApproachId::new(0)),
        exits: vec![exit(TurnKind::Through, 1)],
        line: vec![[0.0, 0.0], [400.0, 0.0]],
        box_m: 0.0,
        inflow_veh_h,
    };
    let out = Road {
        id: "out".into(),
        length_m: 300.0,
        lanes: vec![LaneRule::default(); 2],
        end: RoadEnd::Sink,
        exits: vec![],
        line: vec![[400.0, 0.0], [720.0, 0.0]],
        box_m: 20.0,
        inflow_veh_h: 0.0,
        ..main.clone()
    };
    let mut side = Road {
        id: "side".into(),
        length_m: 200.0,
        lanes: vec![rule(SIDE)],
        exits: vec![exit(TurnKind::Right, 1)],
        end: RoadEnd::Signal(SiteId::new(0), ApproachId::new(1)),
        line: vec![[410.0, -210.0], [410.0, -10.0]],
        inflow_veh_h: 0.0,
        ..main.clone()
    };
    side.exits[0].walks = vec![0];
    people_and_loops(vec![main, out, side])
}

/// The corner's crossing, riders and loops around these roads.
fn people_and_loops(roads: Vec<Road>) -> StreetMap {
    StreetMap {
        roads,
        sites: 1,
        walks: vec![WalkSpec {
            site: SiteId::new(0),
            group: WALK,
            crossing_m: 18.0,
            walkers_h: 200.0,
            long_press: Millis::from_secs(2),
            buttons: vec![0, 1],
        }],
        riders: vec![RiderSpec {
            site: SiteId::new(0),
            approach: ApproachId::new(0),
            group: MAIN,
            conflict_m: 18.0,
            riders_h: 200.0,
        }],
        detectors: vec![
            detector(0, 0, 0, None),
            detector(1, 0, 0, Some(60.0)),
            detector(2, 2, 0, None),
        ],
    }
}

fn detector(channel: u8, road: u32, lane: usize, upstream_m: Option<f32>) -> DetectorSpec {
    DetectorSpec {
        site: SiteId::new(0),
        channel,
        road: RoadId::new(road),
        lane,
        upstream_m,
    }
}

fn lamps(main: Indication, side: Indication, walk: Indication) -> Vec<SiteLamps> {
    let mut shown = [Indication::Dark; 32];
    shown[..3].copy_from_slice(&[main, side, walk]);
    vec![shown]
}

/// A plain cycle of 90 s: main, side, walk.
fn cycle(second: u64) -> Vec<SiteLamps> {
    use Indication::{Amber, FlashingGreen, Green, Red};
    match second % 90 {
        0..40 => lamps(Green, Red, Red),
        40..43 => lamps(Amber, Red, Red),
        45..55 => lamps(Red, Green, Red),
        55..58 => lamps(Red, Amber, Red),
        60..67 => lamps(Red, Red, Green),
        67..85 => lamps(Red, Red, FlashingGreen),
        _ => lamps(Red, Red, Red),
    }
}

struct Run {
    street: VirtualStreet,
    ms: u64,
}

impl Run {
    fn new(map: StreetMap, demand: f32) -> Self {
        let config = StreetConfig {
            demand,
            ..StreetConfig::default()
        };
        let mut street = VirtualStreet::new(map, config);
        street.step(Mono::ZERO, &[]);
        Self { street, ms: 0 }
    }

    fn on(&mut self, seconds: u64, shown: impl Fn(u64) -> Vec<SiteLamps>) {
        for _ in 0..seconds * 10 {
            self.ms += 100;
            let shown = shown(self.ms / 1000);
            self.street.step(Mono::from_ms(self.ms), &shown);
        }
    }
}

fn all_green(_: u64) -> Vec<SiteLamps> {
    lamps(Indication::Green, Indication::Green, Indication::Green)
}

fn all_red(_: u64) -> Vec<SiteLamps> {
    lamps(Indication::Red, Indication::Red, Indication::Red)
}

fn order(to_m: u32) -> Dispatch {
    let leg = |road, to| RouteLeg {
        road: RoadId::new(road),
        from: Length::ZERO,
        to: Length::from_metres(to),
    };
    Dispatch {
        vehicle: "120-1".into(),
        class: ServiceClass::Ambulance,
        route: vec![leg(0, 400), leg(1, to_m)],
        speed: Speed::ZERO,
    }
}

#[test]
fn nobody_passes_a_red_and_the_queue_is_as_long_as_seven_metres_each() {
    let mut run = Run::new(corner(900.0), 1.0);
    run.on(120, all_red);
    assert_eq!(run.street.stats().vehicles, 0);
    let standing = run.street.standing_on(RoadId::new(0));
    assert!((20..35).contains(&standing), "{standing}");
    let lane = &run.street.lanes[0];
    let (first, last) = (lane.cars[0], lane.cars[9]);
    assert!(first.pos <= 399.1, "{first:?}");
    let spacing = (first.pos - last.pos) / 9.0;
    assert!((6.5..8.6).contains(&spacing), "{spacing}");
}

#[test]
fn a_queue_leaves_at_1800_vehicles_an_hour_after_two_seconds_of_start_loss() {
    let mut run = Run::new(corner(2000.0), 1.0);
    run.on(240, all_red);
    let before = run.street.lanes[0].passed;
    let mut headways = vec![];
    let (start, mut seen) = (run.ms, before);
    for _ in 0..500 {
        run.ms += 100;
        run.street.step(Mono::from_ms(run.ms), &all_green(0));
        let passed = run.street.lanes[0].passed;
        if passed != seen {
            headways.push(run.ms - start);
        }
        seen = passed;
    }
    assert!((1000..3500).contains(&headways[0]), "{headways:?}");
    let saturation = (headways[15] - headways[4]) / 11;
    assert!(
        (1850..2250).contains(&saturation),
        "{saturation} {headways:?}"
    );
}

#[test]
fn traffic_walkers_and_riders_are_served_and_counted() {
    let mut run = Run::new(corner(700.0), 1.0);
    run.on(900, cycle);
    run.street.reset_counters();
    run.on(1800, cycle);
    let stats = run.street.stats();
    assert!((300..400).contains(&stats.vehicles), "{stats:?}");
    assert!((60..140).contains(&stats.walkers), "{stats:?}");
    assert!((60..140).contains(&stats.riders), "{stats:?}");
    assert!(stats.requests > 10 && stats.presses >= stats.requests);
    assert!(
        stats.pedestrian_wait_max >= Millis::from_secs(60),
        "{stats:?}"
    );
    assert!(
        stats.pedestrian_wait_max <= Millis::from_secs(90),
        "{stats:?}"
    );
    assert_eq!(stats.reds.len(), 2);
    assert!(stats.red_max <= Millis::from_secs(51), "{stats:?}");
    assert!(stats.red_max >= Millis::from_secs(40), "{stats:?}");
}

#[test]
fn the_same_seed_gives_the_same_street_and_another_seed_another_one() {
    let mut runs = [Run::new(corner(700.0), 1.0), Run::new(corner(700.0), 1.0)];
    for run in &mut runs {
        run.on(600, cycle);
    }
    assert_eq!(runs[0].street.lanes, runs[1].street.lanes);
    assert_eq!(runs[0].street.stats(), runs[1].street.stats());
    let config = StreetConfig {
        seed: 2,
        ..StreetConfig::default()
    };
    let street = VirtualStreet::new(corner(700.0), config);
    let mut other = Run { street, ms: 0 };
    other.on(600, cycle);
    assert_ne!(runs[0].street.lanes, other.street.lanes);
}

#[test]
fn detectors_and_buttons_say_what_is_there() {
    let mut run = Run::new(corner(900.0), 1.0);
    let mut inputs = FieldInputs::default();
    run.on(90, all_red);
    run.street.sense(SiteId::new(0), &mut inputs);
    assert_eq!(
        inputs.occupied & 0b111,
        0b011,
        "main queue over both loops, side empty"
    );
    assert_eq!(
        inputs.detectors[0].count, 0,
        "nobody left over the stop line"
    );
    let advance = inputs.detectors[1].count;
    assert!((8..30).contains(&advance), "{advance}");
    assert!(inputs.detectors[0].occupied_ms > 0);
    assert!(inputs.presses[0] + inputs.presses[1] > 0);
    run.on(40, all_green);
    run.street.sense(SiteId::new(0), &mut inputs);
    assert!(inputs.detectors[0].count > 8);
    assert!(inputs.detectors[0].last_pulse_ms > 0);
}

#[test]
fn walkers_wait_for_the_walk_and_nobody_starts_on_flashing() {
    let mut run = Run::new(corner(0.0), 4.0);
    run.on(60, all_red);
    assert_eq!(run.street.next_person, 0);
    run.on(20, |_| {
        lamps(Indication::Red, Indication::Red, Indication::FlashingGreen)
    });
    assert_eq!(run.street.next_person, 0);
    run.on(7, |_| {
        lamps(Indication::Red, Indication::Red, Indication::Green)
    });
    assert!(run.street.next_person > 0);
    run.on(21, all_red);
    assert!(
        run.street.walkers[0].crossing.is_empty(),
        "all off within clear and buffer"
    );
}

#[test]
fn walkers_hold_the_turn_that_crosses_their_way() {
    let mut map = corner(0.0);
    map.roads[2].inflow_veh_h = 1200.0;
    map.walks[0].walkers_h = 20_000.0;
    let mut run = Run::new(map.clone(), 1.0);
    run.on(120, all_green);
    let held = run.street.lanes[3 + 1].passed;
    map.walks[0].walkers_h = 0.0;
    let mut run = Run::new(map, 1.0);
    run.on(120, all_green);
    let free = run.street.lanes[3 + 1].passed;
    assert!(held * 3 < free, "{held} of {free}");
}

#[test]
fn a_full_road_takes_nobody_in() {
    let mut map = corner(1800.0);
    map.roads[1].end = RoadEnd::Signal(SiteId::new(0), ApproachId::new(2));
    map.roads[1].exits = map.roads[0].exits.clone();
    map.roads[1].exits[0].road = RoadId::new(2);
    for lane in &mut map.roads[1].lanes {
        (lane.group, lane.exits) = (Some(SIDE), 1);
    }
    let mut run = Run::new(map, 1.0);
    run.on(400, |_| {
        lamps(Indication::Green, Indication::Red, Indication::Red)
    });
    for lane in &run.street.lanes[2..4] {
        let last = lane.cars.back().unwrap();
        assert!(last.pos - 4.5 > -1.0, "the junction stays clear: {last:?}");
        assert!(lane.cars.len() > 30);
    }
    assert!(run.street.standing_on(RoadId::new(0)) > 50);
}

#[test]
fn dark_lamps_let_traffic_creep_through_one_by_one() {
    let mut run = Run::new(corner(1200.0), 1.0);
    run.on(300, |_| {
        lamps(
            Indication::FlashingAmber,
            Indication::Dark,
            Indication::Dark,
        )
    });
    run.street.reset_counters();
    run.on(300, |_| {
        lamps(
            Indication::FlashingAmber,
            Indication::Dark,
            Indication::Dark,
        )
    });
    let stats = run.street.stats();
    assert!((40..=120).contains(&stats.vehicles), "{stats:?}");
}

#[test]
fn an_ambulance_on_the_empty_street_needs_what_its_speed_says() {
    let street = VirtualStreet::new(corner(900.0), StreetConfig::default());
    let time = street.free_flow_travel(&order(320)).unwrap();
    // 720 m at 1.2 x 13.9 m/s, and some seconds to get there from standing.
    assert!((43_000..50_000).contains(&time.as_ms()), "{time}");
}

#[test]
fn an_ambulance_stands_at_red_behind_the_queue_and_says_so() {
    let mut run = Run::new(corner(900.0), 1.0);
    run.on(60, all_red);
    run.street.dispatch(&order(320)).unwrap();
    run.on(60, all_red);
    let vehicle = order(320).vehicle;
    let seen = run.street.seen_exactly(&vehicle).unwrap();
    assert!(
        seen.speed.as_mm_per_s() < 500 && seen.x_m < 400.0,
        "{seen:?}"
    );
    run.on(60, all_green);
    assert_eq!(run.street.seen_exactly(&vehicle), None, "it has arrived");
    let drive = run.street.drives().next().unwrap().clone();
    assert!(drive.arrived.is_some());
    assert_eq!(drive.stops, 1, "{drive:?}");
    assert!(drive.stopped >= Millis::from_secs(25), "{drive:?}");
    let signal = drive.signals[0];
    assert!(
        !signal.green_at_arrival && signal.queue_at_arrival,
        "{signal:?}"
    );
    assert_eq!(signal.stops, 1);
    assert!(signal.passed_at.is_some());
}

#[test]
fn an_ambulance_with_green_passes_moving_traffic_without_a_stop() {
    let mut run = Run::new(corner(1200.0), 1.0);
    run.on(120, all_green);
    run.street.dispatch(&order(320)).unwrap();
    let free = run.street.free_flow_travel(&order(320)).unwrap();
    run.on(80, all_green);
    let drive = run.street.drives().next().unwrap();
    let travel = drive.arrived.unwrap().since(drive.departed);
    assert_eq!(drive.stops, 0);
    assert!(drive.signals[0].green_at_arrival);
    assert!(
        travel.as_ms() * 100 < free.as_ms() * 106,
        "{travel} against {free}"
    );
}

#[test]
fn fixes_are_late_noisy_and_once_a_second() {
    let mut run = Run::new(corner(0.0), 0.0);
    run.street.dispatch(&order(320)).unwrap();
    let mut fixes = vec![];
    for _ in 0..300 {
        run.on(0, all_green);
        run.ms += 100;
        let now = Mono::from_ms(run.ms);
        run.street.step(now, &all_green(0));
        fixes.extend(run.street.fixes(now).map(|fix| (now, fix)));
    }
    assert_eq!(fixes.len(), 30);
    assert!(
        fixes
            .iter()
            .all(|(now, fix)| now.since(fix.at) == Millis::new(300))
    );
    let off: f64 = fixes.iter().map(|(_, fix)| fix.y_m.powi(2)).sum::<f64>() / 30.0;
    assert!((1.5..5.0).contains(&off.sqrt()), "{off}");
    assert!(
        fixes
            .windows(2)
            .all(|pair| pair[1].1.x_m > pair[0].1.x_m - 6.0)
    );
}

#[test]
fn a_route_that_cannot_be_driven_is_refused() {
    let mut street = VirtualStreet::new(corner(0.0), StreetConfig::default());
    let mut wrong = order(320);
    wrong.route.reverse();
    let refused = DispatchError::NoTurn(RoadId::new(1), RoadId::new(0));
    assert_eq!(street.dispatch(&wrong), Err(refused));
    wrong.route.clear();
    assert_eq!(street.dispatch(&wrong), Err(DispatchError::EmptyRoute));
}

#[test]
fn demand_follows_the_day() {
    assert!(share_of_peak(3 * 3600) < 0.2);
    assert!((share_of_peak(8 * 3600) - 1.0).abs() < 1e-6);
    assert!(share_of_peak(86_399) < 0.2);
}

#[test]
fn a_stored_street_goes_on_as_if_nothing_had_happened() {
    let mut run = Run::new(corner(900.0), 1.0);
    run.on(100, cycle);
    run.street.dispatch(&order(320)).unwrap();
    run.on(5, cycle);
    let stored = postcard::to_stdvec(&run.street).unwrap();
    let street: VirtualStreet = postcard::from_bytes(&stored).unwrap();
    let mut again = Run { street, ms: run.ms };
    for run in [&mut run, &mut again] {
        run.on(60, cycle);
    }
    assert_eq!(run.street.lanes, again.street.lanes);
    assert_eq!(run.street.stats(), again.street.stats());
    assert!(run.street.drives().eq(again.street.drives()));
}
