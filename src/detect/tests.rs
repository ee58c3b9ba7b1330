use super::testing::{detector, g, junction, secs, set};
use super::*;
use crate::ids::{ApproachId, DetectorId, GroupId};
use crate::plan::{Approach, CheckedSite, DetectorUse, Emergency, Lane, OnFault};
use crate::signal::GroupSet;
use crate::units::{Length, Millis, Mono};

/// A site's detection with its field inputs in the tester's hands. Times are tenths of a second.
struct Bench {
    site: CheckedSite,
    detection: Detection,
    inputs: FieldInputs,
    go: GroupSet,
    now: Mono,
}

impl Bench {
    fn new() -> Self {
        Self::with(junction())
    }

    fn with(site: CheckedSite) -> Self {
        let mut bench = Self {
            detection: Detection::new(&site),
            site,
            inputs: FieldInputs::default(),
            go: GroupSet::EMPTY,
            now: Mono::ZERO,
        };
        bench.inputs.readback.age = Millis::new(100);
        bench.run(1);
        bench
    }

    /// One lane with a stop-line detector (0) and, 60 m upstream, an advance detector (1).
    fn with_lane() -> Self {
        let mut site = junction();
        site.approaches.push(Approach {
            name: "W".into(),
            road: "R".into(),
            groups: set(&[0]),
            emergency: Emergency::Groups(set(&[0])),
            lanes: vec![Lane::of(g(0), Vec::new())],
            riders: None,
        });
        let upstream = DetectorUse::Advance(Length::from_metres(60));
        site.detectors[1] = detector(upstream, 1, 0);
        site.detectors.push(detector(DetectorUse::Presence, 3, 1));
        for detector in &mut site.detectors[..2] {
            detector.lane = Some((ApproachId::new(0), 0));
        }
        Self::with(site)
    }

    fn run(&mut self, tenths: u32) {
        for _ in 0..tenths {
            self.now = self.now + Millis::new(100);
            self.detection
                .step(self.now, &self.inputs, &self.site, self.go);
        }
    }

    fn occupy(&mut self, channel: u8, occupied: bool) {
        let bit = 1 << channel;
        self.inputs.occupied = self.inputs.occupied & !bit | if occupied { bit } else { 0 };
    }

    /// A vehicle passes over `channel` between two scans.
    fn pass(&mut self, channel: usize, pulse_ms: u16) {
        let reading = &mut self.inputs.detectors[channel];
        reading.count = reading.count.wrapping_add(1);
        reading.occupied_ms = reading.occupied_ms.wrapping_add(pulse_ms);
        reading.last_pulse_ms = pulse_ms;
        self.run(1);
    }

    fn press(&mut self, channel: usize) {
        self.inputs.presses[channel] = self.inputs.presses[channel].wrapping_add(1);
        self.run(1);
    }

    fn vehicles(&self) -> GroupSet {
        self.detection.demands().vehicles
    }

    fn walkers(&self) -> GroupSet {
        self.detection.demands().walkers
    }

    fn lane(&self) -> LaneObservation {
        self.detection.lane(ApproachId::new(0), 0)
    }

    fn health(&self, detector: u8) -> Health {
        self.detection.health(DetectorId::new(detector))
    }
}

#[test]
fn a_waiting_vehicle_is_demanded_until_served_and_keeps_its_age() {
    let mut bench = Bench::new();
    bench.occupy(2, true);
    bench.run(1);
    let since = bench.now;
    bench.run(100);
    assert_eq!(bench.vehicles(), set(&[2]));
    let demands = bench.detection.demands();
    assert_eq!(demands.oldest(g(2)), Some(since));
    assert_eq!(demands.waited(g(2), bench.now), secs(10));
    bench.go = set(&[2]);
    bench.run(1);
    assert_eq!(bench.vehicles(), GroupSet::EMPTY);
    // Still standing there when the green is over: a new demand with a new age.
    bench.go = GroupSet::EMPTY;
    bench.run(1);
    assert_eq!(bench.detection.demands().oldest(g(2)), Some(bench.now));
}

#[test]
fn a_vehicle_that_turned_on_red_leaves_no_demand() {
    let mut bench = Bench::new();
    bench.occupy(2, true);
    bench.run(20);
    bench.occupy(2, false);
    bench.run(29);
    assert_eq!(
        bench.vehicles(),
        set(&[2]),
        "it may only have rolled forward"
    );
    bench.run(5);
    assert_eq!(bench.vehicles(), GroupSet::EMPTY);
}

#[test]
fn the_passage_timer_runs_from_the_end_of_occupancy() {
    let mut bench = Bench::new();
    bench.go = set(&[0]);
    bench.occupy(0, true);
    bench.run(50);
    assert_eq!(bench.detection.demands().extending, set(&[0]));
    bench.occupy(0, false);
    bench.run(24);
    assert_eq!(bench.detection.demands().extending, set(&[0]));
    bench.run(1);
    assert_eq!(bench.detection.demands().extending, GroupSet::EMPTY);
    // A vehicle that fits between two scans counts all the same.
    bench.pass(0, 90);
    assert_eq!(bench.detection.demands().extending, set(&[0]));
}

#[test]
fn counters_that_wrap_restart_or_jump_invent_nobody() {
    let mut bench = Bench::with_lane();
    bench.inputs.detectors[0].count = u16::MAX;
    bench.inputs.readback.boot_count = 1;
    bench.run(1);
    assert_eq!(bench.lane().count, 0, "the first reading is a beginning");
    bench.run(5);
    bench.pass(0, 300);
    assert_eq!(bench.inputs.detectors[0].count, 0);
    assert_eq!(bench.lane().count, 1, "wrapped");

    bench.inputs.detectors[0].count = 40;
    bench.inputs.readback.boot_count = 2;
    bench.run(1);
    assert_eq!(bench.lane().count, 1, "the cabinet restarted");
    bench.pass(0, 300);
    assert_eq!(bench.lane().count, 2);

    bench.inputs.detectors[0].count = 9000;
    bench.run(1);
    assert_eq!(bench.lane().count, 2, "no street is that full");
}

#[test]
fn a_press_latches_by_what_the_walk_is_doing() {
    let mut bench = Bench::new();
    // In red.
    bench.press(1);
    let since = bench.now;
    assert_eq!(bench.walkers(), set(&[4]));
    // While latched a press changes nothing.
    bench.run(50);
    bench.press(1);
    assert_eq!(bench.detection.demands().oldest(g(4)), Some(since));
    // Only the start of walk clears it.
    bench.run(1000);
    assert_eq!(bench.walkers(), set(&[4]));
    bench.go = set(&[4]);
    bench.run(1);
    assert_eq!(bench.walkers(), GroupSet::EMPTY);
    // In walk it does not latch.
    bench.press(1);
    bench.run(20);
    assert_eq!(bench.walkers(), GroupSet::EMPTY);
    // In clear it does.
    bench.go = GroupSet::EMPTY;
    bench.run(1);
    assert_eq!(bench.walkers(), GroupSet::EMPTY);
    bench.press(1);
    assert_eq!(bench.walkers(), set(&[4]));
}

#[test]
fn a_long_press_lasts_for_one_service() {
    let mut bench = Bench::new();
    let long = |bench: &Bench| bench.detection.demands().long_press;
    bench.inputs.buttons_held = 1;
    bench.run(10);
    assert_eq!(bench.walkers(), set(&[3]), "held is pressed");
    assert_eq!(long(&bench), GroupSet::EMPTY);
    bench.run(12);
    assert_eq!(long(&bench), set(&[3]));
    bench.inputs.buttons_held = 0;
    bench.run(50);
    bench.go = set(&[3]);
    bench.run(50);
    assert_eq!(long(&bench), set(&[3]));
    bench.go = GroupSet::EMPTY;
    bench.run(1);
    assert_eq!(long(&bench), GroupSet::EMPTY);
}

#[test]
fn start_up_calls_everybody_once() {
    let mut bench = Bench::new();
    bench.detection.insert_demands(&bench.site);
    bench.run(100);
    assert_eq!(bench.detection.demands().all(), set(&[0, 1, 2, 3, 4]));
    bench.go = set(&[0, 3]);
    bench.run(1);
    assert_eq!(bench.detection.demands().all(), set(&[1, 2, 4]));
    bench.go = GroupSet::EMPTY;
    bench.run(1);
    assert_eq!(bench.detection.demands().all(), set(&[1, 2, 4]));
}

#[test]
fn groups_that_nothing_can_call_are_recalled() {
    let mut site = junction();
    site.detectors.truncate(2);
    let bench = Bench::with(site);
    assert_eq!(bench.detection.demands().all(), set(&[2, 3, 4]));
    assert_eq!(bench.detection.demands().recall_min, set(&[2, 3, 4]));
}

/// Drives detector 2 (or button 3, channel 0) into a fault and out of it.
#[track_caller]
fn check_fault(cause: impl Fn(&mut Bench, u32), tenths: u32, fault: Health, detector: u8) {
    let mut bench = Bench::new();
    bench.site.detectors[2].on_fault = OnFault::RecallMax;
    for tick in 0..tenths {
        cause(&mut bench, tick);
        bench.run(1);
    }
    assert_eq!(bench.health(detector), fault);
    // 1. Forced, not ignored.
    bench.occupy(2, false);
    bench.inputs.buttons_held = 0;
    bench.inputs.detectors[2].faulty = false;
    bench.inputs.readback.age = Millis::new(100);
    bench.run(50);
    let demands = *bench.detection.demands();
    let group = if detector == 3 { g(3) } else { g(2) };
    assert!(demands.all().contains(group));
    assert_eq!(demands.extending.contains(group), detector == 2);
    // 2. Believed again after five good checks and not before.
    bench.run(350);
    assert_eq!(bench.health(detector), fault);
    bench.occupy(2, true);
    bench.run(5);
    bench.occupy(2, false);
    bench.run(700);
    assert_eq!(bench.health(detector), Health::Good);
    bench.go = GroupSet::only(group);
    bench.run(1);
    bench.go = GroupSet::EMPTY;
    bench.run(1);
    assert!(!bench.detection.demands().all().contains(group));
}

#[test]
fn i16_faulted_detectors_are_forced_until_they_are_good_again() {
    check_fault(|bench, _| bench.occupy(2, true), 6110, Health::StuckOn, 2);
    check_fault(
        |bench, _| bench.inputs.buttons_held = 1,
        3110,
        Health::StuckOn,
        3,
    );
    check_fault(
        |bench, tick| {
            if tick % 5 == 0 {
                bench.pass(2, 60);
            }
        },
        700,
        Health::Chatter,
        2,
    );
    check_fault(
        |bench, _| bench.inputs.detectors[2].faulty = true,
        1,
        Health::Reported,
        2,
    );
    check_fault(
        |bench, _| bench.inputs.readback.age = secs(4),
        1,
        Health::Silent,
        2,
    );
}

#[test]
fn a_detector_that_sees_nobody_by_day_is_broken_and_at_night_is_not() {
    for day in [true, false] {
        let mut bench = Bench::new();
        bench.site.detectors[2].stuck_off = secs(600);
        bench.detection.set_day(day);
        bench.run(6200);
        let expected = if day { Health::StuckOff } else { Health::Good };
        assert_eq!(bench.health(2), expected);
        assert_eq!(bench.health(3), Health::Good, "a button may rest");
    }
}

#[test]
fn the_queue_estimate_counts_corrects_and_never_drifts() {
    let mut bench = Bench::with_lane();
    for _ in 0..4 {
        bench.pass(1, 450);
        bench.run(20);
    }
    bench.occupy(0, true);
    bench.run(10);
    assert_eq!(bench.lane().queue, 4);
    assert!(bench.lane().present);
    assert_eq!(bench.lane().arrivals, 4);
    // One of them was counted in another lane: green, three leave, then the stop line is empty.
    bench.go = set(&[0]);
    bench.occupy(0, false);
    for _ in 0..3 {
        bench.pass(0, 900);
        bench.run(10);
    }
    assert_eq!(bench.lane().queue, 1);
    bench.run(30);
    assert_eq!(bench.lane().queue, 0);
    assert_eq!(bench.lane().count, 3);
    // 6.5 m in 0.45 s.
    let speed = bench.lane().speed.unwrap().as_mm_per_s();
    assert!((14_000..15_000).contains(&speed), "{speed}");
    // Upstream only: the call waits for its vehicle, then is dropped because nobody is there.
    bench.go = GroupSet::EMPTY;
    bench.pass(1, 450);
    bench.run(50);
    assert_eq!(bench.vehicles(), set(&[0]));
    bench.run(100);
    assert_eq!((bench.vehicles(), bench.lane().queue), (GroupSet::EMPTY, 0));
}

#[test]
fn occupancy_is_the_share_of_time() {
    let mut bench = Bench::with_lane();
    for _ in 0..120 {
        let reading = &mut bench.inputs.detectors[0];
        reading.occupied_ms = reading.occupied_ms.wrapping_add(500);
        bench.occupy(0, true);
        bench.run(5);
        bench.occupy(0, false);
        bench.run(5);
    }
    let share = bench.lane().occupancy;
    assert!((150..=550).contains(&share), "{share}");
}

/// A lane without loops that an area sensor counts: a vehicle every 5 s, from a counter that the
/// cabinet has kept since long before.
#[test]
fn an_area_sensor_tells_the_flow_of_a_lane_without_loops_through_gaps_and_fades_when_silent() {
    let mut bench = Bench::with_lane();
    bench.site.detectors.truncate(0);
    let mut bench = Bench::with(bench.site);
    let mut counter = 65_000_u16;
    let seen = |bench: &mut Bench, counter: &mut u16, age: Millis| {
        for _ in 0..120 {
            *counter = counter.wrapping_add(1);
            bench.inputs.area = AreaReport {
                age,
                sightings: Vec::new(),
                movements: vec![MovementReport {
                    departed: *counter,
                    ..MovementReport::default()
                }],
            };
            bench.run(50);
            let flow = bench.lane().flow_per_h;
            assert!(flow <= 760, "{flow} vehicles an hour");
        }
        bench.lane().flow_per_h
    };
    let flow = seen(&mut bench, &mut counter, Millis::ZERO);
    assert!((680..=760).contains(&flow), "{flow} of 720");
    let silent = seen(&mut bench, &mut counter, Millis::MAX);
    assert!(silent < 50, "{silent} from a sensor that is silent");
    let again = seen(&mut bench, &mut counter, Millis::ZERO);
    assert!((680..=760).contains(&again), "{again} of 720");
}

#[test]
fn a_lane_that_is_not_equipped_says_so() {
    let bench = Bench::with_lane();
    for (approach, lane) in [(0, 1), (1, 0), (200, 200)] {
        let seen = bench.detection.lane(ApproachId::new(approach), lane);
        assert_eq!(seen.health, Health::Missing);
    }
    assert_eq!(bench.lane().health, Health::Good);
    assert_eq!(bench.lane().gap, Millis::MAX, "nobody came yet");
    assert_eq!(bench.detection.demands().oldest(GroupId::new(0)), None);
}
