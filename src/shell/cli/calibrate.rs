//! `greenwave corridor calibrate`: what was said before the key against what the street did.
//!
//! At every press the street is branched: one branch with the key, one without it, everything else
//! alike. Both run on for the same time, so that the others' delay can be compared.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Failure;
use super::args::{Calibrate, Simulate};
use super::corridor::all_prepared;
use super::drives::{round, seconds};
use super::load::{LoadedCity, load_folder};
use super::out::say;
use super::simulate::{Run, WARM_UP};
use super::station::town;
use crate::corridor::{AskedBy, Paces, PlanRequest, Preview};
use crate::ids::CorridorId;
use crate::journal::worth::{Figure, Worth, worth};
use crate::shell::learned::{Kind, Learned, text};
use crate::shell::missions::Mission;
use crate::shell::planner::Planner;
use crate::shell::store::write_whole;
use crate::shell::twin::Branch;
use crate::sim::Dispatch;
use crate::units::{Millis, Mono};

/// Presses of one street, one after the other; then the next seed.
const RUNS_A_STREET: u32 = 10;
/// From one press to the next.
const EVERY: Millis = Millis::from_secs(97);
/// The vehicle leaves as the key is pressed.
const DEPARTS: Millis = Millis::new(100);
/// Both branches run on for so long: the drive, and until what was lost has come back.
const BRANCH: Millis = Millis::from_secs(600);
const VEHICLE: &str = "C1";
const CORRIDOR: CorridorId = CorridorId::new(1);

/// What was said and what came, seconds and vehicle-seconds.
struct Pair {
    mission: String,
    kind: Kind,
    /// What the model says by itself.
    raw: Preview,
    /// The same, corrected by what came of the runs before.
    said: Preview,
    proven: Worth,
    with_key: Millis,
    with_key_s: f64,
    without_key_s: f64,
    price_veh_s: f64,
}

pub(super) fn calibrate(options: &Calibrate) -> Result<(), Failure> {
    let loaded = load_folder(&options.site)?;
    let planner = Planner {
        city: loaded.city.clone().into(),
        graph: loaded.graph.clone().into(),
    };
    let missions = all_prepared(&loaded);
    if missions.is_empty() {
        let why = "city.toml has no prepared mission: add a [[mission]]";
        return Err(Failure::Usage(why.to_owned()));
    }
    let mut pairs = Vec::new();
    let mut known = Learned::default();
    let mut seed = options.seed;
    while pairs.len() < usize::try_from(options.runs).unwrap_or(usize::MAX) {
        let mut street = street(&loaded, options, seed)?;
        for _ in 0..RUNS_A_STREET.min(options.runs) {
            let Some(mission) = missions.get(pairs.len() % missions.len()) else {
                break;
            };
            let pair = pair(&street, &planner, mission, &known)?;
            learn(&mut known, &pair);
            // After every run, beside the file: one that cannot be written is told early, and a break
            // leaves what was there before.
            if let Some(path) = &options.out {
                hand_over(&beside(path), &known, &loaded)?;
            }
            if options.json {
                say(&line(&pair).to_string());
            }
            pairs.push(pair);
            street.go(EVERY);
        }
        seed += 1;
    }
    if let Some(path) = &options.out {
        let so_far = beside(path);
        std::fs::rename(&so_far, path)
            .map_err(|why| Failure::Runtime(format!("{}: {why}", path.display())))?;
    }
    let summary = summary(&pairs);
    if options.json {
        say(&summary.to_string());
    } else {
        say(&serde_json::to_string_pretty(&summary).unwrap_or_default());
    }
    Ok(())
}

/// Where a calibration is written until all its runs are driven.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Speeds are none of it: the branches that were driven are thrown away.
fn hand_over(path: &Path, known: &Learned, loaded: &LoadedCity) -> Result<(), Failure> {
    let text = text(known, &Paces::default(), town(loaded));
    let text = text.map_err(|why| Failure::runtime(&why))?;
    write_whole(path, text.as_bytes())
        .map_err(|why| Failure::Runtime(format!("{}: {why}", path.display())))
}

fn street(loaded: &LoadedCity, options: &Calibrate, seed: u64) -> Result<Run, Failure> {
    let quiet = Simulate {
        control: options.control,
        ..Simulate::quiet(options.site.clone(), seed, options.start_hour)
    };
    let mut street = Run::new(loaded, &quiet)?;
    street.go(WARM_UP);
    Ok(street)
}

/// Every later run is stated with what came of this one known. A vehicle that has not arrived took at
/// least as long as the branch: that is learnt of it.
fn learn(known: &mut Learned, pair: &Pair) {
    #[expect(clippy::cast_possible_truncation, reason = "far below 2^53")]
    let price = pair.price_veh_s.round() as i64;
    known.learn_branched(pair.kind, &pair.raw, (pair.with_key, price));
}

fn pair(
    street: &Run,
    planner: &Planner,
    mission: &Mission,
    known: &Learned,
) -> Result<Pair, Failure> {
    let size = planner.size_of(mission.class);
    let route = planner
        .route((mission.from, mission.to), size)
        .map_err(|why| Failure::runtime(&why))?;
    let plan = planner
        .corridor(&route, request(planner, mission, street.now()))
        .map_err(|why| Failure::runtime(&why))?;
    let raw = street.preview(&plan);
    let kind = Kind::of(&plan);
    let order = Dispatch::along(&planner.graph, &route, VEHICLE, mission.class);
    let without = street.branch().run(None, (&order, DEPARTS), BRANCH);
    let (with, journal) =
        street
            .branch()
            .run_recorded(Some(plan.into()), (&order, DEPARTS), BRANCH);
    let proven = worth(&[journal], CORRIDOR).map_err(|why| Failure::runtime(&why))?;
    let travel = |branch: &Branch| branch.travel.unwrap_or(BRANCH);
    Ok(Pair {
        mission: mission.id.clone(),
        kind,
        said: known.of(kind).known().correct(&raw),
        raw,
        proven,
        with_key: travel(&with),
        with_key_s: seconds(travel(&with)),
        without_key_s: seconds(travel(&without)),
        price_veh_s: with.others_delay_s - without.others_delay_s,
    })
}

fn request(planner: &Planner, mission: &Mission, now: Mono) -> PlanRequest {
    PlanRequest {
        corridor: CORRIDOR,
        revision: 1,
        vehicle: VEHICLE.to_owned(),
        asked_by: AskedBy::default(),
        class: mission.class,
        preempts: planner.preempts(mission.class),
        priority: 1,
        convoy: planner.size_of(mission.class).length,
        pace_percent: 120,
        expires: now + BRANCH,
        departs: None,
    }
}

fn line(pair: &Pair) -> Value {
    let said = &pair.said;
    json!({
        "mission": pair.mission,
        "signals": said.crossings.len(),
        "with_key_s": { "p50": seconds(said.with_key), "p90": seconds(said.with_key_p90),
                        "came": round(pair.with_key_s, 1) },
        "without_key_s": { "p50": seconds(said.without_key), "p90": seconds(said.without_key_p90),
                           "came": round(pair.without_key_s, 1) },
        "price_veh_s": { "p05": said.price_low_vehicle_s, "p50": said.price_vehicle_s,
                         "p95": said.price_high_vehicle_s, "came": round(pair.price_veh_s, 0) },
        "model": { "p50_s": seconds(pair.raw.with_key), "p90_s": seconds(pair.raw.with_key_p90),
                   "price_p05": pair.raw.price_low_vehicle_s,
                   "price_p95": pair.raw.price_high_vehicle_s },
        "proven": { "saved_s": pair.proven.saved_ms.map(|saved| figure(saved, 1000.0)),
                    "saved_came_s": round(pair.without_key_s - pair.with_key_s, 1),
                    "paid_veh_s": figure(pair.proven.paid_vehicle_s, 1.0) },
    })
}

fn summary(pairs: &[Pair]) -> Value {
    let share = |good: &dyn Fn(&Pair) -> bool| {
        let count = pairs.iter().filter(|pair| good(pair)).count();
        round(count_f64(count) / count_f64(pairs.len()).max(1.0), 3)
    };
    let mean = |value: &dyn Fn(&Pair) -> f64| {
        let sum: f64 = pairs.iter().map(value).sum();
        round(sum / count_f64(pairs.len()).max(1.0), 1)
    };
    let saved = |pair: &Pair| pair.without_key_s - pair.with_key_s;
    json!({
        "runs": pairs.len(),
        "beyond_p90_with": share(&|p| p.with_key_s > seconds(p.said.with_key_p90)),
        "beyond_p90_without": share(&|p| p.without_key_s > seconds(p.said.without_key_p90)),
        "beyond_p50_with": share(&|p| p.with_key_s > seconds(p.said.with_key)),
        "beyond_p50_without": share(&|p| p.without_key_s > seconds(p.said.without_key)),
        "price_inside": share(&|p| holds(&p.said, p.price_veh_s)),
        "price_width_veh_s": mean(&|p| width(&p.said)),
        "model": {
            "beyond_p90_with": share(&|p| p.with_key_s > seconds(p.raw.with_key_p90)),
            "price_inside": share(&|p| holds(&p.raw, p.price_veh_s)),
            "price_width_veh_s": mean(&|p| width(&p.raw)),
        },
        "saved_s": { "said": mean(&|p| seconds(p.said.saved)), "came": mean(&saved) },
        "with_key_s": { "said": mean(&|p| seconds(p.said.with_key)), "came": mean(&|p| p.with_key_s) },
        "without_key_s": { "said": mean(&|p| seconds(p.said.without_key)),
                           "came": mean(&|p| p.without_key_s) },
        "price_veh_s": { "said": mean(&|p| whole(p.said.price_vehicle_s)),
                         "proven": mean(&|p| whole(p.proven.paid_vehicle_s.value)),
                         "came": mean(&|p| p.price_veh_s) },
        "proven_saved_s": mean(&|p| p.proven.saved_ms.map_or(0.0, |saved| whole(saved.value) / 1000.0)),
        "proven_saved_width_s": mean(&|p| p.proven.saved_ms.map_or(0.0, |saved| {
            whole(saved.high - saved.low) / 1000.0
        })),
        "proven_saved_inside": share(&|p| p.proven.saved_ms.is_some_and(|figure| {
            let came = (p.without_key_s - p.with_key_s) * 1000.0;
            (whole(figure.low)..=whole(figure.high)).contains(&came)
        })),
        "proven_paid_inside": share(&|p| {
            let figure = p.proven.paid_vehicle_s;
            (whole(figure.low)..=whole(figure.high)).contains(&p.price_veh_s)
        }),
    })
}

/// True if what was said of the price has room for what came.
fn holds(said: &Preview, came_veh_s: f64) -> bool {
    (whole(said.price_low_vehicle_s)..=whole(said.price_high_vehicle_s)).contains(&came_veh_s)
}

fn width(said: &Preview) -> f64 {
    whole(said.price_high_vehicle_s - said.price_low_vehicle_s)
}

fn figure(figure: Figure, scale: f64) -> Value {
    let part = |value: i64| round(whole(value) / scale, 1);
    json!({ "low": part(figure.low), "value": part(figure.value), "high": part(figure.high) })
}

fn whole(vehicle_s: i64) -> f64 {
    i32::try_from(vehicle_s).map_or(f64::NAN, f64::from)
}

fn count_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::super::load::load_demo;
    use super::super::station::of_city;
    use super::*;
    use crate::journal::worth::Lesson;

    #[test]
    fn what_is_handed_over_is_what_a_station_begins_with() {
        let (site, loaded) = (tempfile::tempdir().unwrap(), load_demo().ok().unwrap());
        let mut known = Learned::default();
        for late in [120, -40, 600] {
            known.learn(Kind::Emergency, Lesson::Late(late));
        }
        let path = site.path().join("calibration.json");
        assert!(hand_over(&path, &known, &loaded).is_ok());
        let read = of_city(site.path(), &loaded);
        assert_eq!(read, Some((known.clone(), Paces::default())));
        let Err(Failure::Runtime(why)) = hand_over(site.path(), &known, &loaded) else {
            panic!("written over a folder");
        };
        assert!(why.contains(&*site.path().to_string_lossy()), "{why}");
    }
}
