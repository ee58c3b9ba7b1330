//! The product under ten times its normal load, with slow clients and an agency that floods.
//!
//! `emulate` and `run --tls` with the demo city on real wires. Normal load: 10 vehicles report to
//! the JT/T 808 gateway at 1 Hz, 5 consoles follow the live stream, one dispatch system polls and
//! reports a position every second and opens a corridor every ten. Measured, for as long each: the
//! control thread's lateness under normal load, and under ten times that with slow clients of five
//! kinds, one address that wants every place, and an agency that sends ten times its quota.
//!
//! Judged is what must be so: refusals have their documented answer, slow clients are dropped, no
//! message of the good ones is lost, memory is bounded. Times are figures, compared within the run;
//! `--targets` makes them count.

mod bad;
mod good;
mod line;
mod scene;
mod tally;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use self::bad::Slow;
use self::line::{Line, address};
use self::scene::{Scene, Sign};
use self::tally::{Lateness, Tally};
use crate::tools::{Bench, Verdict, say};

/// Normal load.
const VEHICLES: usize = 10;
const CONSOLES: usize = 5;
const CADS: usize = 1;
/// Lateness counts as unchanged up to this ratio of the two p99: one and a half of its buckets.
const RATIO_MAX: f64 = 1.25;
/// Other agencies' answers, p99, milliseconds.
const ANSWER_MAX_MS: f64 = 1000.0;
/// Memory may grow by this from the end of the normal load to the end of the other, KiB.
const GROWS_KIB: u64 = 96 * 1024;

/// What one window came to.
struct Window {
    /// So many times the normal load.
    times: usize,
    late: Lateness,
    vehicles: Tally,
    consoles: Tally,
    cads: Tally,
}

pub(crate) fn judge(bench: &Bench, seconds: u64, targets: bool) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|why| why.to_string())?;
    runtime.block_on(load(bench, Duration::from_secs(seconds), targets))
}

async fn load(bench: &Bench, length: Duration, targets: bool) -> Result<(), String> {
    let (scene, sign) = Scene::start(bench).await?;
    let sign = Arc::new(sign);
    let mut verdict = Verdict::default();
    say(&format!(
        "normal load for {} s: {VEHICLES} vehicles, {CONSOLES} consoles, {CADS} dispatch system",
        length.as_secs()
    ));
    let normal = window(&sign, 1, length).await?;
    tell("normal", &normal, &mut verdict);
    let (before, _) = scene.memory_kib()?;
    say(&format!(
        "ten times that for {} s, slow clients, a flood",
        length.as_secs()
    ));
    let slow = slow_clients(&sign);
    let until = Instant::now() + length;
    let flood = tokio::spawn(bad::flood(Arc::clone(&sign), until));
    let crowd = tokio::spawn(bad::crowd(Arc::clone(&sign)));
    let loaded = window(&sign, 10, length).await?;
    tell("tenfold", &loaded, &mut verdict);
    let (_, most) = scene.memory_kib()?;
    let flood = flood.await.map_err(|why| why.to_string())?;
    judge_flood(&flood, &mut verdict);
    judge_crowd(&crowd.await.map_err(|why| why.to_string())?, &mut verdict);
    judge_slow(slow, &mut verdict).await;
    let (after, _) = scene.memory_kib()?;
    say(&json!({ "memory_kib": { "before": before, "most": most, "after": after } }).to_string());
    verdict.hold(
        most <= before + GROWS_KIB,
        format!("memory grew from {before} to {most} KiB, more than {GROWS_KIB}"),
    );
    judge_feeds(
        &scene.stop()?,
        normal.vehicles.sent + loaded.vehicles.sent,
        &mut verdict,
    );
    compare(&normal, &loaded, targets.then_some(&mut verdict));
    verdict.close()
}

/// The good clients, so many times as many as normal.
async fn window(sign: &Arc<Sign>, times: usize, length: Duration) -> Result<Window, String> {
    let before = lateness(sign).await?;
    let until = Instant::now() + length;
    let (mut vehicles, mut consoles, mut cads) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    for number in 0..VEHICLES * times {
        vehicles.spawn(good::vehicle(Arc::clone(sign), number, until));
    }
    for number in 0..CONSOLES * times {
        consoles.spawn(good::console(Arc::clone(sign), number, until));
    }
    for number in 0..CADS * times {
        cads.spawn(good::cad(Arc::clone(sign), number, until));
    }
    let (vehicles, consoles, cads) =
        tokio::join!(bad::sum(vehicles), bad::sum(consoles), bad::sum(cads));
    Ok(Window {
        times,
        late: lateness(sign).await?.since(&before),
        vehicles,
        consoles,
        cads,
    })
}

async fn lateness(sign: &Sign) -> Result<Lateness, String> {
    let mut line = Line::new(&sign.door, address(1, 0), &sign.console);
    let (status, body) = line.ask("GET", "/api/v1/status", None).await?;
    Lateness::read(&body).ok_or_else(|| format!("no lateness in the status: {status}"))
}

fn tell(name: &str, window: &Window, verdict: &mut Verdict) {
    say(&json!({ name: {
        "tick_lateness_us": window.late.json(), "positions_808": window.vehicles.json(),
        "live_frames": window.consoles.json(), "dispatch_answers": window.cads.json(),
    }})
    .to_string());
    let good = [
        ("vehicles", &window.vehicles, VEHICLES),
        ("consoles", &window.consoles, CONSOLES),
        ("dispatch systems", &window.cads, CADS),
    ];
    for (who, tally, normal) in good {
        // At the very least one of each client.
        let least = u64::try_from(normal * window.times).unwrap_or(u64::MAX);
        verdict.hold(
            tally.sent >= least && tally.done == tally.sent && tally.other.is_empty(),
            format!(
                "{name}: {who}: {} of {} done, {:?}",
                tally.done, tally.sent, tally.other
            ),
        );
    }
    verdict.hold(
        window.late.count() > 0,
        format!("{name}: no cycle was counted"),
    );
}

fn slow_clients(sign: &Arc<Sign>) -> Vec<(Slow, tokio::task::JoinHandle<Tally>)> {
    let start = |kind| (kind, tokio::spawn(bad::slow(Arc::clone(sign), kind)));
    Slow::ALL.into_iter().map(start).collect()
}

async fn judge_slow(slow: Vec<(Slow, tokio::task::JoinHandle<Tally>)>, verdict: &mut Verdict) {
    for (kind, borne) in slow {
        let tally = match borne.await {
            Ok(tally) => tally,
            Err(why) => {
                verdict.hold(false, format!("{}: {why}", kind.name()));
                continue;
            }
        };
        say(&format!("slow: {}: {}", kind.name(), tally.json()));
        verdict.hold(
            tally.sent == bad::EACH && tally.done == tally.sent && tally.other.is_empty(),
            format!(
                "{}: {} of {} came, {} dropped, {:?}",
                kind.name(),
                tally.sent,
                bad::EACH,
                tally.done,
                tally.other
            ),
        );
    }
}

fn judge_flood(flood: &Tally, verdict: &mut Verdict) {
    say(&format!("flood: {}", flood.json()));
    let documented = "429 too-many-requests";
    let refused = flood.other.get(documented).copied();
    let refused = refused.unwrap_or_default();
    verdict.hold(refused > 0, "nothing of the flood was refused");
    verdict.hold(
        flood.done + refused == flood.sent && flood.other.keys().all(|what| what == documented),
        format!(
            "the flood got other answers than documented: {:?}",
            flood.other
        ),
    );
}

fn judge_crowd((api, gateway): &(Tally, Tally), verdict: &mut Verdict) {
    let crowds = [
        ("API", api, (bad::CROWD, bad::CROWD_MAX)),
        ("gateway", gateway, (bad::CALLS, bad::CALLS_MAX)),
    ];
    for (what, tally, (wanted, most)) in crowds {
        let refused = tally.other.get(bad::REFUSED).copied().unwrap_or_default();
        say(&format!(
            "one address wants {} places of the {what}: {} given, {refused} refused",
            tally.sent, tally.done
        ));
        verdict.hold(
            tally.sent == wanted && tally.done + refused == wanted,
            format!("{what}: {wanted} calls from one address: {}", tally.json()),
        );
        verdict.hold(
            tally.done <= most,
            format!(
                "one address got {} places of the {what}, more than {most}",
                tally.done
            ),
        );
    }
}

/// The product's own counts: every position was taken as live.
fn judge_feeds(counts: &Value, sent: u64, verdict: &mut Verdict) {
    let feed = &counts["feeds"]["load"];
    say(&json!({ "gateway": feed, "diary_lost": counts["diary_lost"] }).to_string());
    verdict.hold(
        feed["live"].as_u64() == Some(sent),
        format!("{} of {sent} positions went to the city", feed["live"]),
    );
}

/// Times as figures, and whether the targets were reached.
fn compare(normal: &Window, loaded: &Window, mut targets: Option<&mut Verdict>) {
    let ratio = loaded.late.at_most_us(990) / normal.late.at_most_us(990);
    let slowest = loaded
        .cads
        .at_most_ms(990)
        .max(loaded.vehicles.at_most_ms(990));
    let goals = [
        ("tick lateness p99, tenfold to normal", ratio, RATIO_MAX),
        ("other agencies' answers p99, ms", slowest, ANSWER_MAX_MS),
    ];
    for (what, got, most) in goals {
        let word = if got <= most { "reached" } else { "missed" };
        say(&format!("{what}: {got:.2} (at most {most}): {word}"));
        if let Some(verdict) = &mut targets {
            verdict.hold(got <= most, format!("{what}: {got:.2}, at most {most}"));
        }
    }
}
