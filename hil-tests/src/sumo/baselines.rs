//! The controllers to be beaten.

use std::fmt::Write;

use greenwave::shell::sumo::SumoNet;

use super::error::SumoError;
use super::roads::Roads;
use super::rules::{Now, Rule, RuleKind};
use super::run::{Controller, StreetNow};
use super::signals::{Driver, Timing};

/// Longest green of SUMO's own actuated types, seconds.
const GREEN_MAX_S: u32 = 50;

/// One rule on every signal.
#[derive(Debug)]
pub struct Ruled {
    sites: Vec<(Driver, Rule)>,
    /// Seconds between two choices; rules of RESCO's grid choose on it, the others every second.
    grid_s: u32,
    begin: u32,
}

impl Ruled {
    /// This rule on every signal, from `begin` on.
    #[must_use]
    pub fn new(kind: RuleKind, roads: &Roads, timing: Timing, begin: u32) -> Self {
        let site = |signal| (Driver::new(signal, timing, begin), Rule::new(kind, signal));
        let grid_s = match kind {
            RuleKind::RateIndex => 1,
            RuleKind::MaxPressure | RuleKind::MaxWave => {
                timing.min_green_s + timing.yellow_s + timing.all_red_s
            }
        };
        Self {
            sites: roads.signals.iter().map(site).collect(),
            grid_s,
            begin,
        }
    }
}

impl Controller for Ruled {
    fn second(
        &mut self,
        street: &StreetNow<'_>,
        lights: &mut [Option<String>],
    ) -> Result<(), SumoError> {
        let now = street.now;
        let due = (now - self.begin).is_multiple_of(self.grid_s);
        let views = street.eyes.views();
        for (((driver, rule), view), light) in self.sites.iter_mut().zip(views).zip(lights) {
            rule.watch(now, view, driver.green());
            if due
                && driver.may_change(now)
                && let Some(current) = driver.green()
            {
                let stage = rule.choose(&Now {
                    now,
                    view,
                    driver,
                    current,
                });
                driver.change_to(stage, now);
            }
            *light = Some(driver.show(now));
        }
        Ok(())
    }
}

/// An additional file that gives every shipped programme to SUMO's own controller of this kind.
///
/// # Errors
/// A signal without a programme.
pub fn retyped(net: &SumoNet, kind: &str, timing: Timing) -> Result<String, SumoError> {
    let mut text = String::from("<additional>\n");
    for id in net.signals() {
        let none = || SumoError::Network(format!("signal `{id}` has no programme"));
        let programme = net.programme(id).ok_or_else(none)?;
        let mut steps = String::new();
        for step in &programme.steps {
            let state = &step.state;
            let line =
                |seconds: f64| format!("    <phase duration=\"{seconds}\" state=\"{state}\"/>\n");
            if state.contains('y') {
                steps.push_str(&line(f64::from(timing.yellow_s)));
                if timing.all_red_s > 0 {
                    let red = state.replace('y', "r");
                    let seconds = timing.all_red_s;
                    // Writing to a text cannot fail.
                    let _always =
                        writeln!(steps, "    <phase duration=\"{seconds}\" state=\"{red}\"/>");
                }
            } else if state.contains(['G', 'g']) {
                let (least, most) = (timing.min_green_s, GREEN_MAX_S);
                let _always = writeln!(
                    steps,
                    "    <phase duration=\"{}\" minDur=\"{least}\" maxDur=\"{most}\" state=\"{state}\"/>",
                    step.duration_s
                );
            } else {
                steps.push_str(&line(step.duration_s));
            }
        }
        let _always = writeln!(
            text,
            "  <tlLogic id=\"{id}\" type=\"{kind}\" programID=\"bench\" offset=\"0\">\n{steps}  </tlLogic>"
        );
    }
    text.push_str("</additional>\n");
    Ok(text)
}
