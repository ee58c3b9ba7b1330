//! Demonstration 3: the captured traffic of the hospital's corridor is sent again, byte for byte,
//! and nothing happens.
//!
//! At once: a fresh request and a fresh terminal are captured and sent again within the 30 s in
//! which a request's time is still good. An hour later: the program is stopped and started over the
//! same data with its wall clock an hour ahead, and everything captured is sent to it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::hospital::{PLACE, VEHICLE, folder, last_of};
use super::installation::{Installation, Start, Tokens};
use super::sent_again::{Sent, desk, terminal};
use super::tap::{self, Tap};
use super::{clock, holds};
use crate::tools::{Bench, Verdict, feed_counts, path, say};

pub(super) fn judge(bench: &Bench, waits: bool) -> Result<(), String> {
    let folder = folder(bench);
    let old = Capture {
        desk: tap::read(&folder.join("desk.hex"))?,
        terminal: tap::read(&folder.join("terminal.hex"))?,
    };
    let tokens = tokens(&folder)?;
    let mut verdict = Verdict::default();
    let fresh = at_once(bench, &tokens, &mut verdict)?;
    let library = if waits {
        say("waiting for an hour ...");
        std::thread::sleep(Duration::from_hours(1));
        None
    } else {
        Some(clock::ahead(&folder)?)
    };
    let later = (library.as_deref(), [&old, &fresh]);
    an_hour_later(bench, &tokens, later, &mut verdict)?;
    verdict.close()
}

/// What was said on both wires.
struct Capture {
    desk: Vec<Vec<u8>>,
    terminal: Vec<Vec<u8>>,
}

fn tokens(folder: &Path) -> Result<Tokens, String> {
    let text = fs::read_to_string(folder.join("tokens.json")).map_err(|why| why.to_string())?;
    let read: Value = serde_json::from_str(&text).map_err(|why| why.to_string())?;
    let of = |key: &str| read[key].as_str().unwrap_or_default().to_owned();
    Ok(Tokens {
        cad: of("cad"),
        watch: of("watch"),
    })
}

fn start(
    bench: &Bench,
    name: &str,
    tokens: &Tokens,
    preload: Option<&Path>,
) -> Result<Installation, String> {
    let how = Start {
        name,
        seed: 1,
        folder: folder(bench).join("with"),
        preload,
        tokens: Some(tokens.clone()),
    };
    Installation::start(bench, how)
}

fn at_once(bench: &Bench, tokens: &Tokens, verdict: &mut Verdict) -> Result<Capture, String> {
    let data = folder(bench).join("with/data");
    let before = holds::journals(&data)?;
    let mut at = start(bench, "replay-now", tokens, None)?;
    let _driven = at.wait_until_it_moves()?;
    let capture = capture(bench, &at)?;
    let known = at.corridors()?.len();
    let sent = desk(&at, &capture.desk)?;
    terminal(&at, &capture.terminal)?;
    let now_known = at.corridors()?.len();
    at.stop()?;
    say("at once, within the 30 s in which a request's time is good:");
    sent.print();
    let counts = feeds(bench, "replay-now")?;
    let mut files = holds::journals(&data)?;
    files.retain(|file| !before.contains(file));
    let told = holds::told(&files)?;
    say(&format!(
        "corridors {known} before and {now_known} after; in the journal {} opened in all, {} positions after the end",
        told.corridors, told.positions_after
    ));
    verdict.hold(
        known == now_known,
        "a corridor was opened by a replay at once",
    );
    verdict.hold(
        told.corridors == 1,
        format!("{} corridors opened", told.corridors),
    );
    verdict.hold(
        told.positions_after == 0,
        format!("{} replayed positions were taken", told.positions_after),
    );
    verdict.hold(
        counts["live"].as_u64() > Some(0) && counts["live"] == counts["refused"]["out-of-order"],
        format!("each position was good once and refused once: {counts}"),
    );
    sent.judge(verdict, (409, "nonce-reused"));
    Ok(capture)
}

/// A request and a terminal of their own, captured: the vehicle stands, the request is cancelled.
fn capture(bench: &Bench, at: &Installation) -> Result<Capture, String> {
    let far = at.base.trim_start_matches("http://").parse();
    let desk_wire = Tap::on(far.map_err(|_| format!("{} is no address", at.base))?)?;
    let terminal_wire = Tap::on(at.feed)?;
    let (to, site) = (terminal_wire.at.to_string(), path(&at.city));
    let vehicle = [
        "simulate-vehicle",
        "--to",
        &to,
        "--site",
        &site,
        "--mission",
        "long",
        "--vehicle",
        VEHICLE,
        "--stands-s",
        "60",
        "--seconds",
        "6",
        "--json",
    ];
    let mut vehicle = bench.start("accept-replay-terminal", &vehicle)?;
    std::thread::sleep(Duration::from_secs(3));
    let api = format!("http://{}", desk_wire.at);
    let cad = [
        "simulate-cad",
        "--api",
        &api,
        "--vehicle",
        VEHICLE,
        "--to",
        PLACE,
        "--watch-s",
        "6",
        "--json",
    ];
    let token = [("GREENWAVE_TOKEN", at.tokens.cad.as_str())];
    let mut cad = bench.start_in("accept-replay-cad", &cad, &token)?;
    let shift = last_of(&mut cad, "shift")?;
    let _trip = last_of(&mut vehicle, "trip")?;
    if shift["opened"] != 1 {
        return Err(format!("the request to be replayed was refused: {shift}"));
    }
    Ok(Capture {
        desk: desk_wire.said(),
        terminal: terminal_wire.said(),
    })
}

fn an_hour_later(
    bench: &Bench,
    tokens: &Tokens,
    (library, captures): (Option<&Path>, [&Capture; 2]),
    verdict: &mut Verdict,
) -> Result<(), String> {
    let data = folder(bench).join("with/data");
    let (journals, audited, noted) = (holds::journals(&data)?, audit(&data)?, diary(&data)?);
    let mut at = start(bench, "replay-hour", tokens, library)?;
    let _driven = at.wait_until_it_moves()?;
    let date = at.watcher().get("/api/v1/session")?.date;
    verdict.hold(
        library.is_none() || clock::is_ahead(&date),
        format!("the program's clock is not an hour ahead: {date}"),
    );
    let mut sent = Sent::default();
    for capture in captures {
        sent.add(desk(&at, &capture.desk)?);
        terminal(&at, &capture.terminal)?;
    }
    let known = at.corridors()?.len();
    at.stop()?;
    say(&format!("an hour later (the program's clock says {date}):"));
    sent.print();
    let counts = feeds(bench, "replay-hour")?;
    let mut files = holds::journals(&data)?;
    files.retain(|file| !journals.contains(file));
    let told = holds::told(&files)?;
    let (audited, noted) = (audit(&data)? - audited, diary(&data)? - noted);
    say(&format!(
        "{known} corridors at the desk; in the journal {} opened, {} positions taken, {} holds, {} leases left; \
         {audited} records more in the audit, {noted} lines more in the vehicles' diary",
        told.corridors,
        told.positions,
        told.holds.len(),
        told.left
    ));
    verdict.hold(
        known == 0 && told.corridors == 0,
        "a corridor was opened an hour later",
    );
    verdict.hold(
        told.positions == 0,
        format!("{} positions were taken", told.positions),
    );
    verdict.hold(told.holds.is_empty(), format!("{} holds", told.holds.len()));
    verdict.hold(
        audited >= sent.posts(),
        format!("{} posts, {audited} records", sent.posts()),
    );
    verdict.hold(noted > 0, "no refused position is in the diary");
    verdict.hold(
        counts["live"] == 0,
        format!("the feed took positions: {counts}"),
    );
    sent.judge(verdict, (422, "issued_at"));
    Ok(())
}

/// What the gateway counted, as it says at its end.
fn feeds(bench: &Bench, name: &str) -> Result<Value, String> {
    let counts = feed_counts(&bench.out.join(format!("accept-{name}-run.log")))?;
    let feed = counts["feeds"]["terminals"].clone();
    say(&format!("  terminals' gateway: {feed}"));
    Ok(feed)
}

/// Records of the audit.
fn audit(data: &Path) -> Result<usize, String> {
    let text = fs::read_to_string(data.join("audit/audit.jsonl")).map_err(|why| why.to_string())?;
    Ok(text.lines().count())
}

/// Lines of the vehicles' diary.
fn diary(data: &Path) -> Result<usize, String> {
    let entries = fs::read_dir(data.join("vehicles")).map_err(|why| why.to_string())?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    Ok(files
        .map(|path| fs::read_to_string(path).unwrap_or_default().lines().count())
        .sum())
}
