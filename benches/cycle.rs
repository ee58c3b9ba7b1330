//! What one control cycle of a large city costs: `cargo bench --bench cycle`.
//!
//! The 76 checked sites of the demo city are repeated until there are 10,000, each with a copy of
//! its plan; at 08:00, when the demo city is coordinated, a third of them runs fixed time and a third
//! by demand instead. They run on one thread, once from 08:00 and once from 13:00 of a Monday, and begin
//! with their start-up sequence. 250 vehicles drive corridors over 16 sites each and report 160 positions a second in all. In each cycle
//! about 5 % of the sites see a detector change and 0.3 % a button. Every cabinet follows and reads
//! back in the next cycle what it was last told.
//!
//! Timed are the cycle itself and its journal record, frame and checksum included; the street and
//! the cabinets are not. Wall time is printed, never judged. What is printed is one JSON object:
//!
//! - `us_per_site_cycle`: wall time of one cycle over the number of sites, microseconds; median
//!   and 99th percentile over the timed cycles.
//! - `allocations_per_cycle`: allocations in a timed cycle, mean and most. Any is an error, and the
//!   exit status says so.
//! - `warm_up_allocations`: allocations in all cycles before those: corridors open, buffers grow.
//! - `in_corridors_percent`: sites under a corridor lease, mean over the timed cycles.
//! - `journal_bytes_per_site_hour`: bytes of cycle records for one site and hour at 10 Hz.
//! - `plans_percent`: sites on a plan of each kind at the end of a run.
//! - `site_state_bytes`: size of one site's state, what it keeps on the heap not counted.

#![expect(
    clippy::disallowed_types,
    reason = "a bench measures wall time; nothing is decided by it"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use greenwave::controller::{Answer, COMMANDS_MAX, City, Command, CycleInputs, SiteState};
use greenwave::corridor::{
    AskedBy, CorridorPlan, Crossing, Fix, RoutePoint, ServiceClass, Settings,
};
use greenwave::detect::FieldInputs;
use greenwave::ids::{ApproachId, CorridorId, SiteId};
use greenwave::journal::{RecordKind, Recorder, push_record};
use greenwave::kernel::{CabinetState, Mode};
use greenwave::plan::{CheckedSite, CityFiles, DetectorUse, Emergency, PlanMode, load_city};
use greenwave::shell::store::read_city_folder;
use greenwave::signal::{GroupSet, Observed};
use greenwave::units::{CivilTime, Date, Length, Millis, Mono, Speed, TICK};
use serde_json::{Value, json};

const SEED: u64 = 0x6772_6565_6e77;
/// Start-up is over by then, at every site.
const STARTED: u32 = 250;
/// Cycles after start-up that are not timed: corridors open and buffers grow.
const SETTLING: u32 = 350;
const CROSSINGS: u32 = 16;
const SPEED: Speed = Speed::from_mm_per_s(16_000);
const SPACING_MM: u32 = 250_000;
const PER_MILLE_DETECTOR: u64 = 50;
const PER_MILLE_BUTTON: u64 = 3;
const CYCLES_PER_HOUR: u64 = 36_000;

/// How large a run is.
#[derive(Clone, Copy)]
struct Size {
    sites: u16,
    vehicles: u16,
    cycles: u32,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    // Under `cargo test --benches` a short run shows that it still works.
    let size = if std::env::args().any(|arg| arg == "--bench") {
        Size {
            sites: 10_000,
            vehicles: 250,
            cycles: 1000,
        }
    } else {
        Size {
            sites: 76,
            vehicles: 2,
            cycles: 50,
        }
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("signal-plans/ankang-demo");
    let files: CityFiles = read_city_folder(&folder)?.into_iter().collect();
    let city = load_city(&files).map_err(|findings| format!("{} findings", findings.len()))?;
    let plans: Arc<[Arc<CheckedSite>]> = city
        .sites
        .iter()
        .cycle()
        .take(usize::from(size.sites))
        .enumerate()
        .map(|(number, site)| Arc::new(own_copy(number, site)))
        .collect();

    let morning = Run::new(&plans, size, 8).measure(size)?;
    let midday = Run::new(&plans, size, 13).measure(size)?;
    let allocations = morning.allocations + midday.allocations;
    let result = json!({
        "sites": size.sites,
        "cycles": size.cycles * 2,
        "vehicles": size.vehicles,
        "site_state_bytes": size_of::<SiteState>(),
        "runs": { "08:00": morning.shown, "13:00": midday.shown },
    });
    writeln!(std::io::stdout(), "{result:#}")?;
    Ok(if allocations > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// A copy that shares no memory: the sites of a real city are not alike. Of three copies of a site
/// with a cycle one runs it coordinated, one fixed, and one by demand alone.
fn own_copy(number: usize, site: &CheckedSite) -> CheckedSite {
    let mut copy = CheckedSite {
        safety: Arc::new((*site.safety).clone()),
        ..site.clone()
    };
    let kept = [PlanMode::Coordinated, PlanMode::Fixed, PlanMode::Actuated];
    for plan in &mut copy.plans {
        if plan.mode == PlanMode::Coordinated {
            plan.mode = kept[number % kept.len()];
        }
    }
    copy
}

/// What came of one run.
struct Measured {
    allocations: u64,
    shown: Value,
}

/// One city, its cabinets, and the vehicles in it.
struct Run {
    city: City,
    fields: Vec<FieldInputs>,
    recorder: Recorder,
    payload: Vec<u8>,
    record: Vec<u8>,
    commands: Vec<Command>,
    vehicles: Vec<Vehicle>,
    next_fix: usize,
    dice: Dice,
    now: Mono,
    start_s: u32,
}

impl Run {
    fn new(plans: &Arc<[Arc<CheckedSite>]>, size: Size, hour: u32) -> Self {
        let mut dice = Dice(SEED);
        let sites = usize::from(size.sites);
        let vehicles = (0..size.vehicles)
            .map(|number| Vehicle::new(number, size, plans, &mut dice))
            .collect();
        Self {
            city: City::new(Arc::clone(plans), Settings::default(), Mono::ZERO),
            fields: vec![FieldInputs::default(); sites],
            recorder: Recorder::new(sites),
            payload: Vec::new(),
            record: Vec::new(),
            commands: Vec::new(),
            vehicles,
            next_fix: 0,
            dice,
            now: Mono::ZERO,
            start_s: hour * 3600,
        }
    }

    /// Start-up, then every corridor opened; how often that allocated.
    fn warm_up(&mut self) -> Result<u64, Box<dyn Error>> {
        let mut allocations = 0;
        for _ in 0..STARTED {
            allocations += self.cycle().1;
        }
        for batch in 0..self.vehicles.len().div_ceil(COMMANDS_MAX) {
            let now = self.now;
            let vehicles = self.vehicles.iter_mut().skip(batch * COMMANDS_MAX);
            let opened = vehicles
                .take(COMMANDS_MAX)
                .map(|vehicle| vehicle.depart(now));
            self.commands.extend(opened);
            allocations += self.cycle().1;
            let refused = |answer: &&Answer| **answer != Answer::Done;
            if let Some(answer) = self.city.answers().iter().find(refused) {
                return Err(format!("a corridor was not opened: {answer:?}").into());
            }
        }
        for _ in 0..SETTLING {
            self.send_fixes();
            allocations += self.cycle().1;
        }
        Ok(allocations)
    }

    fn measure(mut self, size: Size) -> Result<Measured, Box<dyn Error>> {
        let warm_up = self.warm_up()?;
        let mut times: Vec<u64> = Vec::new();
        let (mut allocations, mut worst, mut leased, mut bytes) = (0_u64, 0_u64, 0_u64, 0_u64);
        for _ in 0..size.cycles {
            self.send_fixes();
            let (nanoseconds, count) = self.cycle();
            times.push(nanoseconds);
            allocations += count;
            worst = worst.max(count);
            leased += self.leased();
            bytes += u64::try_from(self.record.len())?;
        }
        times.sort_unstable();
        let at = |per_cent: usize| {
            times
                .get(times.len() * per_cent / 100)
                .copied()
                .unwrap_or(0)
        };
        let (sites, cycles) = (u64::from(size.sites), u64::from(size.cycles));
        let normal = self
            .city
            .sites()
            .iter()
            .filter(|s| s.kernel().mode() == Mode::Normal);
        let normal = u64::try_from(normal.count())?;
        let shown = json!({
            "us_per_site_cycle": {
                "median": ratio(at(50), sites * 1000)?, "p99": ratio(at(99), sites * 1000)?,
            },
            "allocations_per_cycle": { "mean": ratio(allocations, cycles)?, "most": worst },
            "warm_up_allocations": warm_up,
            "in_corridors_percent": ratio(leased * 100, sites * cycles)?,
            "journal_bytes_per_site_hour": bytes * CYCLES_PER_HOUR / cycles / sites,
            "plans_percent": self.plans(sites)?,
            "normal_mode_percent": ratio(normal * 100, sites)?,
        });
        Ok(Measured { allocations, shown })
    }

    /// One cycle with its record; how long it took in nanoseconds, and how often it allocated.
    fn cycle(&mut self) -> (u64, u64) {
        self.now = self.now + TICK;
        let second = u64::from(self.start_s) + self.now.as_ms() / 1000;
        let civil = CivilTime {
            date: Date {
                year: 2026,
                month: 11,
                day: 23,
            },
            second_of_day: u32::try_from(second % 86_400).unwrap_or_default(),
        };
        self.street();
        let inputs = CycleInputs {
            now: self.now,
            civil,
            fields: &self.fields,
            commands: &self.commands,
        };
        let (city, recorder) = (&mut self.city, &mut self.recorder);
        let (payload, record) = (&mut self.payload, &mut self.record);
        payload.clear();
        record.clear();
        let mut nanoseconds = 0;
        let counted = allocation_counter::measure(|| {
            let began = Instant::now();
            city.cycle(&inputs);
            recorder.push_cycle(payload, &inputs, city);
            push_record(record, RecordKind::Cycle, payload);
            nanoseconds = began.elapsed().as_nanos();
        });
        black_box(&self.record);
        self.commands.clear();
        (
            u64::try_from(nanoseconds).unwrap_or(u64::MAX),
            counted.count_total,
        )
    }

    /// Cabinets show what they were told; people and vehicles come and go.
    fn street(&mut self) {
        let sites = self.city.sites().iter().zip(self.city.plans().iter());
        for (field, (state, plan)) in self.fields.iter_mut().zip(sites) {
            field.readback.cabinet = CabinetState::Following;
            field.readback.age = Millis::ZERO;
            if let Some(last) = state.last() {
                let lamps = last.outputs.all_lamps();
                for (read, lamp) in field.readback.lamps.iter_mut().zip(lamps) {
                    *read = Observed::Lamps(lamp);
                }
            }
            if self.dice.below(1000) < PER_MILLE_DETECTOR {
                stir(field, plan, &mut self.dice, false);
            }
            if self.dice.below(1000) < PER_MILLE_BUTTON {
                stir(field, plan, &mut self.dice, true);
            }
        }
    }

    /// The next vehicles in turn say where they are.
    fn send_fixes(&mut self) {
        let count = self.vehicles.len();
        for step in 0..count.min(COMMANDS_MAX) {
            let vehicle = self.vehicles.get((self.next_fix + step) % count);
            self.commands
                .extend(vehicle.map(|vehicle| vehicle.fix(self.now)));
        }
        self.next_fix = (self.next_fix + COMMANDS_MAX) % count.max(1);
    }

    fn leased(&self) -> u64 {
        (0_u16..)
            .zip(self.city.sites())
            .map(|(site, _)| u64::from(self.city.corridors().lease(SiteId::new(site)).is_some()))
            .sum()
    }

    fn plans(&self, sites: u64) -> Result<Value, Box<dyn Error>> {
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for (state, site) in self.city.sites().iter().zip(self.city.plans().iter()) {
            let kind = match site.plans.get(state.plan().index()).map(|plan| plan.mode) {
                Some(PlanMode::Fixed) => "fixed",
                Some(PlanMode::Coordinated) => "coordinated",
                Some(PlanMode::Actuated) => "actuated",
                Some(PlanMode::Adaptive) => "adaptive",
                None => "none",
            };
            *kinds.entry(kind).or_default() += 1;
        }
        let mut shown = serde_json::Map::new();
        for (kind, count) in kinds {
            shown.insert(kind.to_owned(), json!(ratio(count * 100, sites)?));
        }
        Ok(Value::Object(shown))
    }
}

/// One channel changes: a vehicle comes or leaves, a button is pressed or let go.
fn stir(field: &mut FieldInputs, plan: &CheckedSite, dice: &mut Dice, button: bool) {
    let is_button = |usage: DetectorUse| usage == DetectorUse::Button;
    let channels = plan
        .detectors
        .iter()
        .filter(|d| is_button(d.usage) == button);
    let count = u64::try_from(channels.clone().count()).unwrap_or_default();
    let pick = usize::try_from(dice.below(count.max(1))).unwrap_or_default();
    let Some(channel) = channels.map(|d| d.channel).nth(pick) else {
        return;
    };
    let at = usize::from(channel);
    if button {
        field.buttons_held ^= 1_u16.checked_shl(u32::from(channel)).unwrap_or(0);
        if field
            .buttons_held
            .checked_shr(u32::from(channel))
            .unwrap_or(0)
            & 1
            == 1
            && let Some(presses) = field.presses.get_mut(at)
        {
            *presses = presses.wrapping_add(1);
        }
        return;
    }
    field.occupied ^= 1_u32.checked_shl(u32::from(channel)).unwrap_or(0);
    if field.occupied.checked_shr(u32::from(channel)).unwrap_or(0) & 1 == 0
        && let Some(reading) = field.detectors.get_mut(at)
    {
        let pulse = u16::try_from(300 + dice.below(1700)).unwrap_or(300);
        reading.count = reading.count.wrapping_add(1);
        reading.occupied_ms = reading.occupied_ms.wrapping_add(pulse);
        reading.last_pulse_ms = pulse;
    }
}

/// A vehicle that drives its corridor at one speed, whatever the lamps show.
struct Vehicle {
    plan: CorridorPlan,
    /// Where it is when it departs.
    offset_mm: u32,
    y_m: f64,
    departed: Mono,
}

impl Vehicle {
    fn new(number: u16, size: Size, plans: &[Arc<CheckedSite>], dice: &mut Dice) -> Self {
        let apart = size.sites / size.vehicles.max(1);
        let first = number * apart;
        let sites = (first..first.saturating_add(apart)).map(SiteId::new);
        let crossings: Arc<[Crossing]> = sites
            .filter_map(|id| crossing_of(id, plans.get(id.index())?))
            .take(usize::try_from(CROSSINGS).unwrap_or_default())
            .zip(1_u32..)
            .map(|(crossing, nth)| place(crossing, nth))
            .collect();
        let length = Length::from_mm(SPACING_MM * (CROSSINGS + 1));
        let y_m = f64::from(number) * 1000.0;
        let line = [
            RoutePoint {
                x_m: 0.0,
                y_m,
                at: Length::ZERO,
            },
            RoutePoint {
                x_m: f64::from(length.as_mm()) / 1000.0,
                y_m,
                at: length,
            },
        ];
        let plan = CorridorPlan {
            corridor: CorridorId::new(u32::from(number) + 1),
            revision: 1,
            vehicle: format!("bench-{number}"),
            asked_by: AskedBy::default(),
            class: ServiceClass::Ambulance,
            preempts: true,
            priority: 1,
            crossings,
            beyond: None,
            line: Arc::new(line),
            links: Arc::default(),
            side_ways: Arc::default(),
            datum_shift_m: (0.0, 0.0),
            pace_percent: 120,
            convoy: Length::from_metres(6),
            length,
            free_flow: length.time_at(SPEED),
            speed: SPEED,
            expires: Mono::from_ms(1_800_000),
            departs: Some(Mono::ZERO),
        };
        let offset_mm = u32::try_from(dice.below(u64::from(SPACING_MM))).unwrap_or_default();
        Self {
            plan,
            offset_mm,
            y_m,
            departed: Mono::ZERO,
        }
    }

    fn depart(&mut self, now: Mono) -> Command {
        self.departed = now;
        Command::OpenCorridor(Arc::new(self.plan.clone()))
    }

    fn fix(&self, now: Mono) -> Command {
        let metres_per_ms = f64::from(SPEED.as_mm_per_s()) / 1_000_000.0;
        let driven = f64::from(now.since(self.departed).as_ms()) * metres_per_ms;
        let x_m = f64::from(self.offset_mm) / 1000.0 + driven;
        let fix = Fix {
            at: now,
            x_m,
            y_m: self.y_m,
            speed: SPEED,
        };
        Command::Fix(self.plan.vehicle.clone(), fix)
    }
}

/// The crossing of a site by its first approach that has an emergency green.
fn crossing_of(site: SiteId, plan: &CheckedSite) -> Option<Crossing> {
    let (approach, groups) = (0_u8..)
        .zip(&plan.approaches)
        .find_map(|(number, approach)| match approach.emergency {
            Emergency::Groups(groups) => Some((ApproachId::new(number), groups)),
            Emergency::None(_) => None,
        })?;
    Some(Crossing {
        site,
        node: String::new(),
        approach,
        groups,
        beside: GroupSet::EMPTY,
        into_exit: GroupSet::EMPTY,
        stop_line_at: Length::ZERO,
        passed_at: Length::ZERO,
        free_flow: Millis::ZERO,
        storage: Length::from_mm(SPACING_MM / 2),
        approach_speed: Speed::from_mm_per_s(10_000),
        decision_at: Length::ZERO,
        entry_road: String::new(),
        exit_road: None,
        hold_max: plan.corridor_hold_max,
        wait_max: plan.corridor_wait_max,
        red_max: plan.corridor_red_max,
        red_ever: Millis::from_secs(180),
        notice: Millis::from_secs(60),
    })
}

/// Puts a crossing at its place of the route.
fn place(crossing: Crossing, nth: u32) -> Crossing {
    let at = SPACING_MM * nth;
    let stop_line_at = Length::from_mm(at);
    Crossing {
        stop_line_at,
        passed_at: Length::from_mm(at + 40_000),
        free_flow: stop_line_at.time_at(SPEED),
        decision_at: Length::from_mm(at - 50_000),
        ..crossing
    }
}

/// `SplitMix64`: the same demand on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 16) % bound
    }
}

/// `part` over `whole`, to three places.
fn ratio(part: u64, whole: u64) -> Result<f64, Box<dyn Error>> {
    let thousandths = u32::try_from(part.saturating_mul(1000) / whole.max(1))?;
    Ok(f64::from(thousandths) / 1000.0)
}
