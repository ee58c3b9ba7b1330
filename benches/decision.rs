//! What one decision of adaptive control costs: `cargo bench --bench decision`.
//!
//! Every junction of the demo city that has plans with a cycle runs them in adaptive mode, from 08:00
//! of a Monday, alone in a city of its own, so that its cycle can be timed; all of them take turns,
//! on one thread. About 60 vehicles, 40 to 80, drive towards the stop lines of each: they queue at
//! red, leave every two seconds at green, and others come from a seeded dice; somebody presses a
//! button twice a minute. Area sensors tell of them once a second. The cabinet follows and reads back
//! in the next cycle what it was last told.
//!
//! Wall time is printed, never judged. On a machine that others use too, a cycle takes as long as
//! somebody else has the core. Everything here comes from seeded dice, so the same city is run again
//! and again, `passes` times; a cycle counts with the least time that it took in any pass. What is
//! printed is one JSON object:
//!
//! - `us_per_decision`: wall time of a cycle in which adaptive control decided, less the mean of that
//!   junction's cycles without a new picture, microseconds: the picture, what is remembered of it, and
//!   the search. Median, 99th and 99.9th percentile, worst and mean.
//! - `us_per_decision_as_met`: the same from the first pass alone, with whatever interrupted it.
//! - `us_per_cycle_without`: the mean that was taken off, over all junctions.
//! - `decisions_per_junction_second`: less than one, since nothing is decided during a change and
//!   before minimum green.
//! - `core_percent_of_1000_junctions`: what 1,000 junctions that decide every second take of one core.
//! - `allocations`: allocations in all timed cycles, with or without a decision. Any is an error, and
//!   the exit status says so.
//! - `warm_up_allocations`: allocations in all cycles before those.
//! - `choices_crc32`: checksum of all decisions with their scores. Two builds that print the same one
//!   decide the same; two passes that differ are an error.

#![expect(
    clippy::disallowed_types,
    reason = "a bench measures wall time; nothing is decided by it"
)]

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use greenwave::controller::{City, CycleInputs};
use greenwave::corridor::Settings;
use greenwave::detect::{FieldInputs, MovementReport, Sighting};
use greenwave::ids::GroupId;
use greenwave::kernel::CabinetState;
use greenwave::plan::{CheckedSite, CityFiles, DetectorUse, PlanMode, load_city};
use greenwave::shell::store::read_city_folder;
use greenwave::signal::Observed;
use greenwave::units::{CivilTime, Date, Length, Millis, Mono, Speed, TICK};
use serde_json::json;

const SEED: u64 = 0x6772_6565_6e77;
/// Start-up is over and queues stand by then, at every junction.
const WARM_UP_S: u32 = 180;
/// A run ends after so long even if too little was decided; that is an error.
const SECONDS_MAX: u32 = 3600;
const CYCLES_PER_S: u64 = 10;
/// Vehicles at a junction: so many at least are wanted, and up to so many more.
const VEHICLES_MIN: u64 = 40;
const VEHICLES_MORE: u64 = 41;
/// The wanted number changes so often, seconds.
const WANTED_FOR_S: u64 = 30;
/// Most vehicles that come in one second.
const COMING_MAX: usize = 3;
const RANGE_MM: u32 = 200_000;
/// Drive of one second.
const STEP_MM: u32 = 13_000;
/// From the front of a standing vehicle to the next.
const SPACING_MM: u32 = 7_000;
/// Who is so near at green leaves.
const LEAVES_MM: u32 = 15_000;
/// In one second of so many somebody presses a button.
const PRESS_EVERY_S: u64 = 30;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    // Under `cargo test --benches` a short run shows that it still works.
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let (count, wanted, passes) = if is_bench {
        (usize::MAX, 30_000, 5)
    } else {
        (4, 40, 2)
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("signal-plans/ankang-demo");
    let files: CityFiles = read_city_folder(&folder)?.into_iter().collect();
    let city = load_city(&files).map_err(|findings| format!("{} findings", findings.len()))?;
    let adaptive: Vec<CheckedSite> = (city.sites.iter())
        .filter_map(|site| in_adaptive_mode(site))
        .take(count)
        .collect();

    let mut run = Run::over(&adaptive, wanted)?;
    let as_met = run.times.clone();
    for _ in 1..passes {
        let again = Run::over(&adaptive, wanted)?;
        if again.choices != run.choices {
            return Err("two passes decided differently".into());
        }
        run.allocations += again.allocations;
        for (times, again) in run.times.iter_mut().zip(&again.times) {
            times.keep_least(again);
        }
    }
    run.print(&as_met, passes)?;
    Ok(if run.allocations > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The junction with its plans in adaptive mode, if it has one with a cycle.
fn in_adaptive_mode(site: &CheckedSite) -> Option<CheckedSite> {
    let mut copy = CheckedSite {
        safety: Arc::new((*site.safety).clone()),
        ..site.clone()
    };
    let timed = copy.plans.iter_mut();
    let timed = timed.filter(|plan| plan.mode != PlanMode::Actuated);
    let changed = timed.map(|plan| plan.mode = PlanMode::Adaptive).count();
    (changed > 0).then_some(copy)
}

/// What was counted so far.
#[derive(Default)]
struct Run {
    second: u32,
    decisions: usize,
    /// Vehicles that were known in all decisions together.
    vehicles: u64,
    allocations: u64,
    warm_up_allocations: u64,
    /// Timed seconds.
    seconds: u32,
    /// Checksum of all decisions.
    choices: u32,
    /// For each junction.
    times: Vec<Times>,
}

/// How long the timed cycles of one junction took, nanoseconds, in the order they ran.
#[derive(Clone, Default)]
struct Times {
    /// Cycles with a decision.
    deciding_ns: Vec<u64>,
    /// Cycles without a new picture.
    others_ns: Vec<u64>,
}

impl Times {
    /// Of each cycle the shorter of the times it took in two passes.
    fn keep_least(&mut self, again: &Self) {
        let deciding = self.deciding_ns.iter_mut().zip(&again.deciding_ns);
        let others = self.others_ns.iter_mut().zip(&again.others_ns);
        for (kept, other) in deciding.chain(others) {
            *kept = (*kept).min(*other);
        }
    }

    /// What each decision took beyond a cycle without one.
    fn costs_ns(&self) -> impl Iterator<Item = u64> {
        let count = u64::try_from(self.others_ns.len()).unwrap_or(u64::MAX);
        let mean = self.others_ns.iter().sum::<u64>() / count.max(1);
        let own = self.deciding_ns.iter();
        own.map(move |nanoseconds| nanoseconds.saturating_sub(mean))
    }
}

impl Run {
    /// A whole pass: warm-up, then so many decisions at least.
    fn over(adaptive: &[CheckedSite], wanted: usize) -> Result<Self, Box<dyn Error>> {
        let plans = adaptive.iter().cloned().zip(SEED..);
        let mut junctions: Vec<Junction> = plans
            .map(|(plan, seed)| Junction::new(plan, seed))
            .collect();
        let mut run = Self {
            times: vec![Times::default(); junctions.len()],
            ..Self::default()
        };
        for _ in 0..WARM_UP_S {
            run.second(&mut junctions, false);
        }
        run.warm_up_allocations = std::mem::take(&mut run.allocations);
        while run.decisions < wanted {
            if run.seconds == SECONDS_MAX {
                let (decisions, seconds) = (run.decisions, run.seconds);
                return Err(format!("only {decisions} decisions in {seconds} s").into());
            }
            run.second(&mut junctions, true);
            run.seconds += 1;
        }
        Ok(run)
    }

    /// One second of every junction; timed or not.
    fn second(&mut self, junctions: &mut [Junction], is_timed: bool) {
        for junction in junctions.iter_mut() {
            junction.street(u64::from(self.second));
        }
        for tick in 1..=CYCLES_PER_S {
            let now = Mono::from_ms(u64::from(self.second) * 1000 + tick * u64::from(TICK.as_ms()));
            for (junction, times) in junctions.iter_mut().zip(&mut self.times) {
                let (nanoseconds, allocations) = junction.cycle(now);
                self.allocations += allocations;
                if !is_timed {
                    continue;
                }
                let Some(state) = junction.city.sites().first() else {
                    continue;
                };
                let choice = state.policies().adaptive().choice();
                if let Some(choice) = choice.filter(|choice| choice.at == now) {
                    self.decisions += 1;
                    self.vehicles += u64::from(choice.vehicles);
                    let told = format!("{}{choice:?}", self.choices);
                    self.choices = crc32fast::hash(told.as_bytes());
                    times.deciding_ns.push(nanoseconds);
                } else if state.detection().picture().taken() != now {
                    times.others_ns.push(nanoseconds);
                }
            }
        }
        self.second += 1;
    }

    fn print(&self, as_met: &[Times], passes: u32) -> Result<(), Box<dyn Error>> {
        let decisions = u64::try_from(self.decisions)?;
        let junctions = u64::try_from(self.times.len())?;
        let others = || self.times.iter().flat_map(|times| &times.others_ns);
        let all_ns: u64 = self.times.iter().flat_map(Times::costs_ns).sum();
        let result = json!({
            "passes": passes,
            "junctions": junctions,
            "decisions": decisions,
            "vehicles_per_decision": ratio(self.vehicles, decisions)?,
            "decisions_per_junction_second":
                ratio(decisions, junctions * u64::from(self.seconds))?,
            "us_per_decision": spread_us(&self.times)?,
            "us_per_decision_as_met": spread_us(as_met)?,
            "us_per_cycle_without":
                ratio(others().sum(), u64::try_from(others().count())? * 1000)?,
            // 1,000 decisions of a microsecond are a thousandth of a second: 0.1 %.
            "core_percent_of_1000_junctions": ratio(all_ns, decisions * 10_000)?,
            "allocations": self.allocations,
            "warm_up_allocations": self.warm_up_allocations,
            "choices_crc32": format!("{:08x}", self.choices),
        });
        writeln!(std::io::stdout(), "{result:#}")?;
        Ok(())
    }
}

/// How the costs of all decisions spread, microseconds.
fn spread_us(times: &[Times]) -> Result<serde_json::Value, Box<dyn Error>> {
    let mut costs_ns: Vec<u64> = times.iter().flat_map(Times::costs_ns).collect();
    costs_ns.sort_unstable();
    let at = |per_mille: usize| {
        let place = (costs_ns.len() * per_mille / 1000).min(costs_ns.len().saturating_sub(1));
        costs_ns.get(place).copied().unwrap_or(0)
    };
    let count = u64::try_from(costs_ns.len())?;
    Ok(json!({
        "median": ratio(at(500), 1000)?,
        "p99": ratio(at(990), 1000)?,
        "p999": ratio(at(999), 1000)?,
        "max": ratio(at(1000), 1000)?,
        "mean": ratio(costs_ns.iter().sum(), count * 1000)?,
    }))
}

/// One junction as a city of its own, its cabinet and its street.
struct Junction {
    city: City,
    fields: Vec<FieldInputs>,
    lanes: Vec<Lane>,
    buttons: Vec<usize>,
    wanted: u64,
    dice: Dice,
}

impl Junction {
    fn new(plan: CheckedSite, seed: u64) -> Self {
        let mut first = 0;
        let mut lanes = Vec::new();
        for lane in plan.approaches.iter().flat_map(|approach| &approach.lanes) {
            lanes.push(Lane {
                group: lane.group(),
                movement: first,
                cars: Vec::new(),
            });
            first += lane.movements.len();
        }
        let mut field = FieldInputs::default();
        field.area.movements = vec![MovementReport::default(); first];
        let buttons = plan.detectors.iter();
        let buttons = buttons
            .filter(|detector| detector.usage == DetectorUse::Button)
            .map(|detector| usize::from(detector.channel))
            .collect();
        Self {
            city: City::new(Arc::from([Arc::new(plan)]), Settings::default(), Mono::ZERO),
            fields: vec![field],
            lanes,
            buttons,
            wanted: 0,
            dice: Dice(seed),
        }
    }

    /// Everybody drives on for a second, and the area sensors tell of it.
    fn street(&mut self, second: u64) {
        let go = self.city.sites().first().map(|site| site.kernel().go_set());
        let go = go.unwrap_or_default();
        let Some(field) = self.fields.first_mut() else {
            return;
        };
        if second.is_multiple_of(WANTED_FOR_S) {
            self.wanted = VEHICLES_MIN + self.dice.below(VEHICLES_MORE);
        }
        for lane in &mut self.lanes {
            let leaves = go.contains(lane.group) && second.is_multiple_of(2);
            if lane.drive(leaves)
                && let Some(way) = field.area.movements.get_mut(lane.movement)
            {
                way.departed = way.departed.wrapping_add(1);
            }
        }
        for _ in 0..COMING_MAX {
            let known: usize = self.lanes.iter().map(|lane| lane.cars.len()).sum();
            let pick = self.dice.pick(self.lanes.len());
            if u64::try_from(known).is_ok_and(|known| known < self.wanted)
                && let Some(lane) = self.lanes.get_mut(pick)
            {
                lane.come();
            }
        }
        if self.dice.below(PRESS_EVERY_S) == 0
            && let Some(channel) = self.buttons.get(self.dice.pick(self.buttons.len()))
            && let Some(presses) = field.presses.get_mut(*channel)
        {
            *presses = presses.wrapping_add(1);
        }
        field.area.age = Millis::ZERO;
        field.area.sightings.clear();
        for (lane, number) in self.lanes.iter().zip(0_u8..) {
            let seen = lane.cars.iter().map(|car| Sighting {
                lane: number,
                distance: Length::from_mm(car.distance_mm),
                speed: Speed::from_mm_per_s(car.mm_per_s),
                share: 1000,
            });
            field.area.sightings.extend(seen);
        }
    }

    /// One cycle; how long it took in nanoseconds, and how often it allocated.
    fn cycle(&mut self, now: Mono) -> (u64, u64) {
        let second = 8 * 3600 + now.as_ms() / 1000;
        let civil = CivilTime {
            date: Date {
                year: 2026,
                month: 11,
                day: 23,
            },
            second_of_day: u32::try_from(second % 86_400).unwrap_or_default(),
        };
        let last = self.city.sites().first().and_then(|site| site.last());
        if let (Some(field), Some(last)) = (self.fields.first_mut(), last) {
            let lamps = last.outputs.all_lamps();
            for (read, lamp) in field.readback.lamps.iter_mut().zip(lamps) {
                *read = Observed::Lamps(lamp);
            }
        }
        for field in &mut self.fields {
            field.readback.cabinet = CabinetState::Following;
            field.readback.age = Millis::ZERO;
        }
        let inputs = CycleInputs {
            now,
            civil,
            fields: &self.fields,
            commands: &[],
        };
        let city = &mut self.city;
        let mut nanoseconds = 0;
        let counted = allocation_counter::measure(|| {
            let began = Instant::now();
            city.cycle(&inputs);
            nanoseconds = began.elapsed().as_nanos();
        });
        for field in &mut self.fields {
            let age = field.area.age + TICK;
            field.area.age = age;
        }
        (
            u64::try_from(nanoseconds).unwrap_or(u64::MAX),
            counted.count_total,
        )
    }
}

/// The last 200 m of one lane, the nearest vehicle first.
struct Lane {
    group: GroupId,
    /// Its first movement, counted over the junction.
    movement: usize,
    cars: Vec<Car>,
}

#[derive(Clone, Copy)]
struct Car {
    distance_mm: u32,
    mm_per_s: u32,
}

impl Lane {
    /// One second; true if the first vehicle left, which needs `leaves`.
    fn drive(&mut self, leaves: bool) -> bool {
        let first = self.cars.first();
        let left = leaves && first.is_some_and(|car| car.distance_mm <= LEAVES_MM);
        if left {
            self.cars.remove(0);
        }
        let mut nearest_mm = 0;
        for car in &mut self.cars {
            let to_mm = car.distance_mm.saturating_sub(STEP_MM).max(nearest_mm);
            let to_mm = to_mm.min(car.distance_mm);
            car.mm_per_s = car.distance_mm - to_mm;
            car.distance_mm = to_mm;
            nearest_mm = to_mm + SPACING_MM;
        }
        left
    }

    /// A vehicle comes into sight, if there is room.
    fn come(&mut self) {
        let last = self.cars.last();
        if last.is_none_or(|car| car.distance_mm + SPACING_MM <= RANGE_MM) {
            self.cars.push(Car {
                distance_mm: RANGE_MM,
                mm_per_s: STEP_MM,
            });
        }
    }
}

/// `SplitMix64`: the same street on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 16) % bound
    }

    /// One of so many places.
    fn pick(&mut self, places: usize) -> usize {
        let bound = u64::try_from(places).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.below(bound)).unwrap_or_default()
    }
}

/// `part` over `whole`, to three places.
fn ratio(part: u64, whole: u64) -> Result<f64, Box<dyn Error>> {
    let thousandths = u32::try_from(part.saturating_mul(1000) / whole.max(1))?;
    Ok(f64::from(thousandths) / 1000.0)
}
