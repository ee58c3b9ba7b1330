//! Somebody at the desk who looks at one corridor until it is over, and notes when each green was
//! confirmed by read-back, as the console shows it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::installation::Installation;
use crate::tools::Running;

/// How often the desk looks.
const LOOK: Duration = Duration::from_millis(250);

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Signals of the corridor, in their order.
    pub(super) signals: Vec<String>,
    /// Which of them were shown as green, confirmed by read-back, before the vehicle was through.
    pub(super) confirmed: BTreeMap<String, Duration>,
    /// The last state.
    pub(super) state: String,
    /// States, one after the other.
    pub(super) states: Vec<String>,
    /// Signals that still were held when the corridor was over.
    pub(super) held_at_end: Vec<String>,
    /// What the crew's terminal took receipt of.
    pub(super) received: usize,
}

/// Waits for the first corridor and looks until it is over, while its vehicle's terminal lives.
pub(super) fn watch(
    desk: &Installation,
    terminal: &mut Running,
    at_most: Duration,
) -> Result<Seen, String> {
    let watcher = desk.watcher();
    let (began, mut seen) = (Instant::now(), Seen::default());
    let id = loop {
        let first = desk.corridors()?.into_iter().next();
        if let Some(id) = first.and_then(|one| one["corridor_id"].as_u64()) {
            break id;
        }
        if began.elapsed() > at_most {
            return Err("no corridor was opened".to_owned());
        }
        std::thread::sleep(LOOK);
    };
    let opened = Instant::now();
    while !seen.is_over() && began.elapsed() < at_most {
        let answer = watcher.get(&format!("/api/v1/corridors/{id}"))?;
        seen.look(&answer.body, opened.elapsed());
        let ended = terminal.child.try_wait().map_err(|why| why.to_string())?;
        if let Some(status) = ended.filter(|status| !status.success()) {
            return Err(format!("the terminal ended with {status}; see its log"));
        }
        std::thread::sleep(LOOK);
    }
    Ok(seen)
}

impl Seen {
    fn is_over(&self) -> bool {
        let over = ["completed", "cancelled", "expired", "failed"];
        over.contains(&self.state.as_str())
    }

    fn look(&mut self, corridor: &Value, at: Duration) {
        let state = corridor["state"].as_str().unwrap_or_default();
        if state != self.state {
            state.clone_into(&mut self.state);
            self.states.push(state.to_owned());
        }
        let signals = corridor["intersections"].as_array().into_iter().flatten();
        let id = |signal: &Value| signal["id"].as_str().unwrap_or_default().to_owned();
        let signals: Vec<&Value> = signals.collect();
        self.signals = signals.iter().map(|signal| id(signal)).collect();
        for signal in &signals {
            if signal["state"] == "green_held" && signal["confirmed_by"] == "lamp_readback" {
                self.confirmed.entry(id(signal)).or_insert(at);
            }
        }
        let held = ["requested", "clearing", "green_held"];
        let held = |signal: &&&Value| held.iter().any(|state| signal["state"] == *state);
        self.held_at_end = signals
            .iter()
            .filter(held)
            .map(|signal| id(signal))
            .collect();
        let lines = corridor["crew"].as_array().into_iter().flatten();
        let received =
            lines.filter(|line| line["reader"] == "terminal" && line["state"] == "received");
        self.received = received.count();
    }
}
