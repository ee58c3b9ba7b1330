//! With the key the vehicle meets green lamps; without it, it waits. Nobody is hurt by either.

use serde_json::Value;

use crate::tools::{Bench, Verdict, number, say};

/// With the key and without it.
const KEYS: [&str; 2] = ["--press-key", "--no-key"];

pub(crate) fn judge(
    bench: &Bench,
    seeds: &str,
    (seconds, tries): (u32, u32),
) -> Result<(), String> {
    let (first, last) = seeds.split_once('-').unwrap_or((seeds, seeds));
    let parse = |text: &str| {
        text.parse::<u64>()
            .map_err(|why| format!("--seeds {text}: {why}"))
    };
    let mut verdict = Verdict::default();
    say(
        "seed key  signals travel_s floor_s ratio stops green hold_max others_vehs ped_max red_max accept_ms",
    );
    for seed in parse(first)?..=parse(last)? {
        let mut reached = Verdict::default();
        for _ in 0..tries.max(1) {
            reached = one_seed(bench, (seed, seconds), &mut verdict)?;
            if reached.holds() {
                break;
            }
            say(&format!("seed {seed}: targets not reached in this run"));
        }
        verdict.add(reached);
    }
    verdict.close()
}

/// One seed with the key and without it; what of the corridor's targets was not reached. What has
/// to hold in every run goes into `verdict`.
fn one_seed(
    bench: &Bench,
    (seed, seconds): (u64, u32),
    verdict: &mut Verdict,
) -> Result<Verdict, String> {
    let mut reached = Verdict::default();
    // Both in real time, side by side.
    let results = std::thread::scope(|scope| {
        let started = KEYS.map(|key| scope.spawn(move || drive(bench, key, seed, seconds)));
        started.map(|run| run.join().unwrap_or_else(|_| Err("panicked".to_owned())))
    });
    for (key, result) in KEYS.into_iter().zip(results) {
        let result = result?;
        print_row(seed, key, &result);
        let (run, with_key) = (format!("seed {seed} {key}"), key == "--press-key");
        check(verdict, &run, &result);
        check_corridor(&mut reached, &run, with_key, &result);
    }
    Ok(reached)
}

/// One headless demo.
fn drive(bench: &Bench, key: &str, seed: u64, seconds: u32) -> Result<Value, String> {
    let name = format!("demo-{seed}{key}");
    let (seed, seconds) = (seed.to_string(), seconds.to_string());
    let arguments = [
        "demo",
        "--headless",
        "--json",
        key,
        "--seed",
        &seed,
        "--seconds",
        &seconds,
    ];
    bench.last_object(&name, &arguments)
}

fn print_row(seed: u64, key: &str, result: &Value) {
    let n = |path: &str| number(result, path);
    say(&format!(
        "{seed:4} {:4} {:7} {:8.1} {:7.1} {:5.3} {:5} {:5.2} {:8.1} {:11.0} {:7.1} {:7.1} {:9.0}",
        if key == "--press-key" { "yes" } else { "no" },
        n("corridor.signals"),
        n("corridor.travel_s"),
        n("corridor.free_flow_s"),
        n("corridor.ratio"),
        n("corridor.stops"),
        n("corridor.green_at_arrival"),
        n("corridor.hold_max_s"),
        n("corridor.others_vehs"),
        n("waits.pedestrian_max_s"),
        n("waits.red_max_s"),
        n("key_to_accept_ms"),
    ));
}

fn check(verdict: &mut Verdict, run: &str, result: &Value) {
    let n = |path: &str| number(result, path);
    let mut hold = |holds: bool, what: String| verdict.hold(holds, format!("{run}: {what}"));
    hold(
        result["cabinets"]["modbus_tcp"] == 72,
        "72 cabinets on Modbus TCP".to_owned(),
    );
    hold(
        result["cabinets"]["modbus_rtu"] == 4,
        "4 cabinets on Modbus RTU".to_owned(),
    );
    hold(
        n("corridor.signals") >= 6.0,
        "at least 6 signals".to_owned(),
    );
    let (waited, bound) = (n("waits.pedestrian_max_s"), n("waits.pedestrian_bound_s"));
    hold(
        waited <= bound,
        format!("longest walker's wait {waited:.1} s within {bound:.1} s"),
    );
    for counter in ["conflicts", "short_clearances", "cut_pedestrian", "caught"] {
        let count = n(&format!("referee.{counter}"));
        hold(count.abs() < 0.5, format!("referee.{counter} is {count}"));
    }
    for served in ["vehicles", "walkers", "riders", "requests"] {
        let count = n(&format!("served.{served}"));
        hold(count > 0.0, format!("served.{served} is {count}"));
    }
    for figure in [
        "tick_late_ms.p50",
        "tick_late_ms.p99",
        "tick_late_ms.max",
        "waits.red_max_s",
    ] {
        hold(n(figure).is_finite(), format!("{figure} is missing"));
    }
}

fn check_corridor(verdict: &mut Verdict, run: &str, with_key: bool, result: &Value) {
    let n = |path: &str| number(result, path);
    let mut hold = |holds: bool, what: String| verdict.hold(holds, format!("{run}: {what}"));
    let ratio = n("corridor.ratio");
    if with_key {
        hold(ratio <= 1.12, format!("ratio {ratio:.3} at most 1.12"));
        let green = n("corridor.green_at_arrival");
        hold(green >= 1.0, format!("green at arrival {green:.2} is 1.0"));
    } else {
        hold(ratio >= 1.4, format!("ratio {ratio:.3} at least 1.4"));
    }
}
