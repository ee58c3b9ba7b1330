//! Demonstration 1: a hospital's dispatch system asks once, a JT/T 808 terminal drives through 17
//! signals, and every green is one that was read back.
//!
//! Two installations run at once, from one seed: in one the dispatch system asks, in the other it
//! does not. The vehicle of each drives in the virtual street before its own emulated cabinets: it
//! stops at red, waits in queues, and its terminal reports where the street has it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::holds::{self, Told};
use super::installation::{Installation, Start};
use super::tables;
use super::tap::{self, Tap};
use super::watch::{Seen, watch};
use crate::tools::{Bench, Running, Verdict, number, path, say};

pub(super) const VEHICLE: &str = "A120";
const MISSION: &str = "long";
pub(super) const PLACE: &str = "H3";
/// The plans run this long with people in the street before anything is counted.
const SETTLE: Duration = Duration::from_secs(10);
/// The vehicle stands so long after its terminal has signed on; the request comes meanwhile.
const STANDS_S: &str = "10";
/// The dispatch system asks this long after the terminal was switched on.
const ASKS_AFTER: Duration = Duration::from_secs(4);
/// A vehicle that is not there by then has not arrived.
const DRIVES_AT_MOST: Duration = Duration::from_mins(10);

/// Everything that is judged and printed.
pub(super) struct Outcome {
    pub(super) seed: u64,
    pub(super) seen: Seen,
    pub(super) told: Told,
    /// What the street of each installation has counted.
    pub(super) with: Value,
    pub(super) without: Value,
    /// What the clock of each street showed when counting began, seconds.
    pub(super) began: [f64; 2],
    /// What the dispatch system and the terminals said at their end.
    pub(super) shift: Value,
    pub(super) trip: Value,
    /// Corridors of the installation where nobody asked.
    pub(super) uninvited: usize,
    /// What the product itself proves from its journal.
    pub(super) report: Value,
}

pub(super) fn judge(bench: &Bench, seed: u64) -> Result<(), String> {
    let folder = folder(bench);
    let _old = std::fs::remove_dir_all(&folder);
    let start = |name| {
        let how = Start {
            name,
            seed,
            folder: folder.join(name),
            preload: None,
            tokens: None,
        };
        Installation::start(bench, how)
    };
    // Both at the same moment: by the wall clock the wave stands at the same place.
    let up = |name| {
        let mut there: Installation = start(name)?;
        let driven = there.wait_until_it_moves()?;
        Ok::<_, String>((there, driven))
    };
    let (with, without) = std::thread::scope(|scope| {
        let other = scope.spawn(|| up("without"));
        let ours = up("with");
        let other = other.join();
        (
            ours,
            other.unwrap_or_else(|_| Err("a thread ended with a panic".to_owned())),
        )
    });
    let ((with, driven), (without, others)) = (with?, without?);
    say(&format!(
        "two installations: {driven} and {others} cabinets are driven, all there are; people move"
    ));
    std::thread::sleep(SETTLE);
    let result = drive(bench, seed, (with, without))?;
    tables::print(&result);
    let mut verdict = Verdict::default();
    super::verdict::hold(&mut verdict, &result);
    verdict.close()
}

/// Where the demonstrations keep what they need of each other.
pub(super) fn folder(bench: &Bench) -> PathBuf {
    bench.out.join("accept")
}

fn drive(
    bench: &Bench,
    seed: u64,
    (with, without): (Installation, Installation),
) -> Result<Outcome, String> {
    let folder = folder(bench);
    let far = with.base.trim_start_matches("http://").parse();
    let desk_wire = Tap::on(far.map_err(|_| format!("{} is no address", with.base))?)?;
    let terminal_wire = Tap::on(with.feed)?;
    let clock = |of: &Installation| Ok::<_, String>(number(&of.account()?, "street_s"));
    let began = [clock(&with)?, clock(&without)?];
    with.recount()?;
    without.recount()?;
    let mut driven = terminal(bench, "with", &with, &terminal_wire.at.to_string())?;
    let mut alone = terminal(bench, "without", &without, &without.feed.to_string())?;
    std::thread::sleep(ASKS_AFTER);
    let asked = Instant::now();
    let mut cad = cad(bench, &with, &format!("http://{}", desk_wire.at))?;
    let seen = watch(&with, &mut driven, DRIVES_AT_MOST)?;
    let shift = last_of(&mut cad, "shift")?;
    let trip = last_of(&mut driven, "trip")?;
    let left = DRIVES_AT_MOST.saturating_sub(asked.elapsed());
    let arrived = wait(&mut alone, left)?;
    if !arrived {
        say("the vehicle without the key has not arrived: its figures are lower bounds");
    }
    // Both streets are counted to the same moment.
    std::thread::sleep(Duration::from_millis(1_200));
    let (account, other) = (with.account()?, without.account()?);
    let uninvited = without.corridors()?.len();
    tap::keep(&desk_wire.said(), &folder.join("desk.hex"))?;
    tap::keep(&terminal_wire.said(), &folder.join("terminal.hex"))?;
    std::fs::write(
        folder.join("tokens.json"),
        json!({ "cad": with.tokens.cad, "watch": with.tokens.watch }).to_string(),
    )
    .map_err(|why| why.to_string())?;
    let data = with.folder.join("data");
    with.stop()?;
    without.stop()?;
    let files = holds::journals(&data)?;
    let told = holds::told(&files)?;
    let report = report(bench, &data)?;
    Ok(Outcome {
        seed,
        seen,
        told,
        with: account,
        without: other,
        began,
        shift,
        trip,
        uninvited,
        report,
    })
}

/// A JT/T 808 terminal in the street of `of` that reports to `to`.
fn terminal(bench: &Bench, name: &str, of: &Installation, to: &str) -> Result<Running, String> {
    let (site, street) = (path(&of.city), of.street.to_string());
    let arguments = [
        "simulate-vehicle",
        "--to",
        to,
        "--site",
        &site,
        "--mission",
        MISSION,
        "--vehicle",
        VEHICLE,
        "--street",
        &street,
        "--stands-s",
        STANDS_S,
        "--json",
    ];
    bench.start(&format!("accept-{name}-terminal"), &arguments)
}

/// The hospital's dispatch system: one request, watched to its end.
fn cad(bench: &Bench, desk: &Installation, api: &str) -> Result<Running, String> {
    let watch_s = DRIVES_AT_MOST.as_secs().to_string();
    let arguments = [
        "simulate-cad",
        "--api",
        api,
        "--persona",
        "hospital",
        "--vehicle",
        VEHICLE,
        "--to",
        PLACE,
        "--watch-s",
        &watch_s,
        "--json",
    ];
    let token = [("GREENWAVE_TOKEN", desk.tokens.cad.as_str())];
    bench.start_in("accept-cad", &arguments, &token)
}

/// Reads a program to its end; what it said last of `what`.
pub(super) fn last_of(program: &mut Running, what: &str) -> Result<Value, String> {
    let mut found = None;
    while let Some(line) = program.line() {
        let Ok(told) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        if told["what"] == what {
            found = Some(told["about"].clone());
        }
    }
    let status = program.child.wait().map_err(|why| why.to_string())?;
    match found {
        Some(about) if status.success() => Ok(about),
        _ => Err(format!(
            "no {what} was told, {status}; see the program's log"
        )),
    }
}

/// Waits for a program's end; false if it is not over by then.
fn wait(program: &mut Running, at_most: Duration) -> Result<bool, String> {
    let began = Instant::now();
    while began.elapsed() < at_most {
        if program
            .child
            .try_wait()
            .map_err(|why| why.to_string())?
            .is_some()
        {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(false)
}

/// The product's own account of the corridor, by running its journal again with and without it.
fn report(bench: &Bench, data: &std::path::Path) -> Result<Value, String> {
    let (journal, out) = (path(&data.join("journal")), folder(bench).join("report"));
    let arguments = [
        "corridor",
        "report",
        &journal,
        "--corridor",
        "1",
        "--out",
        &path(&out),
    ];
    let (code, text) = bench.run("accept-report", &arguments)?;
    if code != 0 {
        return Err(format!("corridor report ended with {code}: {text}"));
    }
    let read = std::fs::read_to_string(out.join("report.json"));
    let text = read.map_err(|why| why.to_string())?;
    serde_json::from_str(&text).map_err(|why| why.to_string())
}
