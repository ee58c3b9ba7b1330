//! `greenwave explain`: why a signal did what it did, run again from the journal.

mod table;
#[cfg(test)]
mod tests;

use core::fmt::Write;

use serde_json::{Value, json};

use super::Failure;
use super::args::Explain;
use super::out::say;
use crate::controller::SiteState;
use crate::journal::{Moment, Reached, SeekError, replay_to};
use crate::plan::CheckedSite;
use crate::shell::dispatch::view_decision::{ChoiceView, DecisionView, RecoveryView, WishView};
use crate::shell::world::account;
use crate::units::Mono;

pub(super) fn explain(options: &Explain) -> Result<(), Failure> {
    let bytes = std::fs::read(&options.file)
        .map_err(|why| Failure::Runtime(format!("{}: {why}", options.file.display())))?;
    let reached = replay_to(&bytes, options.at).map_err(|why| refused(options, &why))?;
    let (site, state) = find(&reached, &options.signal)?;
    let Some(decision) = account(site, state, reached.now) else {
        return Err(Failure::Usage(format!(
            "{} had not decided anything by then",
            options.signal
        )));
    };
    if options.json {
        let mut value = decision_json(&decision);
        if let Value::Object(fields) = &mut value {
            fields.insert("signal".to_owned(), json!(site.id));
            fields.insert("at_s".to_owned(), json!(seconds(reached.now)));
            fields.insert("civil".to_owned(), json!(clock(&reached)));
            if options.full {
                fields.insert(
                    "lanes".to_owned(),
                    table::lanes_json(site, state, reached.now),
                );
            }
        }
        say(&value.to_string());
        return Ok(());
    }
    let head = format!(
        "{} {} ({:.1} s)",
        site.id,
        clock(&reached),
        seconds(reached.now)
    );
    say(&format!("{head}: {}", sentence(&decision)));
    if options.full {
        say(&table::draw(site, state, &decision, reached.now));
    }
    Ok(())
}

/// A moment as people write it: seconds of the journal's clock, or local time.
pub(super) fn parse_moment(text: &str) -> Result<Moment, String> {
    let wrong = || {
        "write seconds of the journal's clock, as 29720.5, or local time, as 13:05:20".to_owned()
    };
    if text.contains(':') {
        let parts: Result<Vec<u32>, _> = text.split(':').map(str::parse).collect();
        return match parts.map_err(|_| wrong())?.as_slice() {
            [hour @ 0..24, minute @ 0..60, second @ 0..60] => {
                Ok(Moment::Clock(hour * 3600 + minute * 60 + second))
            }
            _ => Err(wrong()),
        };
    }
    let (whole, tenths) = text.split_once('.').unwrap_or((text, "0"));
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let tenth = tenths.chars().next().and_then(|digit| digit.to_digit(10));
    let is_number = tenths.chars().all(|digit| digit.is_ascii_digit());
    match (tenth, whole.checked_mul(1000)) {
        (Some(tenth), Some(ms)) if is_number => Ok(Moment::At(Mono::from_ms(
            ms.saturating_add(u64::from(tenth) * 100),
        ))),
        _ => Err(wrong()),
    }
}

/// A wrong moment is a slip of the caller; anything else is a finding of the file.
fn refused(options: &Explain, why: &SeekError) -> Failure {
    match why {
        SeekError::Outside { .. } => Failure::Usage(format!("--at: {why}")),
        SeekError::Replay(_) | SeekError::Empty => {
            let text = format!("{}: {why}", options.file.display());
            if options.json {
                say(&json!({ "finding": why.to_string() }).to_string());
            } else {
                say(&text);
            }
            Failure::Findings
        }
    }
}

fn find<'r>(
    reached: &'r Reached,
    signal: &str,
) -> Result<(&'r CheckedSite, &'r SiteState), Failure> {
    let plans = reached.city.plans();
    let at = plans.iter().position(|plan| plan.id == signal);
    let found = at.and_then(|at| Some((plans.get(at)?.as_ref(), reached.city.sites().get(at)?)));
    found.ok_or_else(|| {
        Failure::Usage(format!(
            "the journal has no signal {signal}; signals are named as in the site files, as J06"
        ))
    })
}

/// The whole decision in one line.
fn sentence(decision: &DecisionView) -> String {
    let ran = &decision.ran;
    let mut line = format!("ran {}", wish(ran));
    if let Some(planned) = &decision.planned {
        let _cannot_fail = write!(
            line,
            "; plan {} would have run {}",
            decision.plan,
            wish(planned)
        );
    } else {
        let _cannot_fail = write!(line, "; that is plan {}", decision.plan);
    }
    if let Some(choice) = &decision.choice {
        line.push_str(&chosen(choice, ran));
    }
    if let Some(rung) = &decision.rung {
        let _cannot_fail = write!(line, "; level {}", rung.level);
        if let Some(why) = &rung.dropped {
            let _cannot_fail = write!(line, " instead of {}: {}", rung.planned, why.en);
        }
    }
    if let Some(recovery) = &decision.recovery {
        line.push_str(&recovered(recovery));
    }
    if let Some(regret) = decision.regret_vehicle_s_per_h {
        let _cannot_fail = write!(line, "; regret {regret} vehicle-seconds/h");
    }
    line
}

/// The way back into step after the last corridor, and what else was tried.
fn recovered(recovery: &RecoveryView) -> String {
    let ago = recovery.age_ms / 1000;
    let mut line = format!(
        "; after the corridor {ago} s ago: {} ({} s to be in step",
        recovery.text.en,
        recovery.in_step_ms / 1000
    );
    for score in &recovery.scores {
        let bound = if score.breaks_bound {
            ", breaks a bound"
        } else {
            ""
        };
        let (exit, delay) = (&score.exit, score.delay_vehicle_s);
        let _cannot_fail = write!(line, "; {exit} {delay} vehicle-seconds{bound}");
    }
    line.push(')');
    line
}

fn wish(wish: &WishView) -> String {
    let stage = wish.stage.as_deref().unwrap_or("no stage");
    format!("{stage} ({}: {})", wish.policy, wish.reason.en)
}

fn chosen(choice: &ChoiceView, ran: &WishView) -> String {
    let next = match &choice.next {
        Some(next) => format!("change from {} to {next}", choice.running),
        None => format!("go on with {}", choice.running),
    };
    let whose = if ran.policy == "adaptive" {
        "chose to"
    } else {
        "adaptive control would"
    };
    let limit = match &choice.limit {
        Some(limit) => limit.en.clone(),
        None => "no bound".to_owned(),
    };
    format!(
        "; {:.1} s before it {whose} {next} ({limit}) knowing {} vehicles from {}, {:.1} s old",
        f64::from(choice.age_ms) / 1000.0,
        choice.vehicles,
        choice.source,
        f64::from(choice.source_age_ms) / 1000.0,
    )
}

fn decision_json(decision: &DecisionView) -> Value {
    let wish = |wish: &WishView| {
        json!({ "policy": wish.policy, "stage": wish.stage,
            "reason": { "zh": wish.reason.zh, "en": wish.reason.en } })
    };
    json!({
        "plan": decision.plan,
        "ran": wish(&decision.ran),
        "planned": decision.planned.as_ref().map(wish),
        "choice": decision.choice.as_ref().map(|choice| json!({
            "age_ms": choice.age_ms,
            "running": choice.running,
            "next": choice.next,
            "limit": choice.limit.as_ref().map(|limit| json!({ "zh": limit.zh, "en": limit.en })),
            "source": choice.source,
            "source_age_ms": choice.source_age_ms,
            "vehicles": choice.vehicles,
            "scores": choice.scores.iter()
                .map(|(stage, cost)| json!({ "stage": stage, "vehicle_s": cost }))
                .collect::<Vec<_>>(),
        })),
        "rung": decision.rung.as_ref().map(|rung| json!({
            "level": rung.level,
            "planned": rung.planned,
            "dropped": rung.dropped.as_ref().map(|why| json!({ "zh": why.zh, "en": why.en })),
        })),
        "recovery": decision.recovery.as_ref().map(|recovery| json!({
            "age_ms": recovery.age_ms,
            "exit": recovery.exit,
            "text": { "zh": recovery.text.zh, "en": recovery.text.en },
            "in_step_ms": recovery.in_step_ms,
            "scores": recovery.scores.iter()
                .map(|score| json!({ "exit": score.exit, "delay_vehicle_s": score.delay_vehicle_s,
                    "spillback_vehicle_s": score.spillback_vehicle_s,
                    "red_max_ms": score.red_max_ms, "breaks_bound": score.breaks_bound }))
                .collect::<Vec<_>>(),
        })),
        "regret_vehicle_s_per_h": decision.regret_vehicle_s_per_h,
    })
}

fn clock(reached: &Reached) -> String {
    let second = reached.civil.second_of_day;
    format!(
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a journal is no longer than a few years"
)]
fn seconds(at: Mono) -> f64 {
    at.as_ms() as f64 / 1000.0
}
