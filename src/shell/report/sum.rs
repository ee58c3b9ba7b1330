//! What many corridors were worth together: by route, by agency or operator.

use std::collections::BTreeMap;

use serde::Serialize;

use super::data::{FigureData, ReportData};
use crate::controller::Command;
use crate::ids::CorridorId;
use crate::journal::{ReplayError, commands_of};

/// A sum over corridors.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sum {
    /// What they have in common.
    pub name: String,
    /// How many.
    pub runs: u32,
    /// Seconds saved by all.
    pub saved_s: FigureData,
    /// Vehicle-seconds paid by others.
    pub paid_vehicle_s: FigureData,
    /// Vehicle-seconds paid for one second saved; nothing if nothing was saved.
    pub paid_per_saved: Option<f64>,
}

/// Every corridor that a journal's files open, in their order.
///
/// # Errors
/// A file that is damaged.
pub fn corridors_in(files: &[Vec<u8>]) -> Result<Vec<CorridorId>, ReplayError> {
    let mut found = Vec::new();
    for bytes in files {
        commands_of(bytes, |command| {
            if let Command::OpenCorridor(plan) = command
                && !found.contains(&plan.corridor)
            {
                found.push(plan.corridor);
            }
        })?;
    }
    Ok(found)
}

/// The sums by what `key` says, in its order. Errors of single runs are independent, so they add up
/// as squares.
#[must_use]
pub fn sums(reports: &[ReportData], key: impl Fn(&ReportData) -> String) -> Vec<Sum> {
    let mut all: BTreeMap<String, Vec<&ReportData>> = BTreeMap::new();
    for report in reports {
        all.entry(key(report)).or_default().push(report);
    }
    let sum = |(name, runs): (String, Vec<&ReportData>)| {
        let saved_s = added(runs.iter().filter_map(|run| run.saved_s));
        let paid_vehicle_s = added(runs.iter().map(|run| run.paid_vehicle_s));
        Sum {
            name,
            runs: u32::try_from(runs.len()).unwrap_or(u32::MAX),
            saved_s,
            paid_vehicle_s,
            paid_per_saved: (saved_s.value > 0.0)
                .then(|| (paid_vehicle_s.value / saved_s.value * 10.0).round() / 10.0),
        }
    };
    all.into_iter().map(sum).collect()
}

fn added(figures: impl Iterator<Item = FigureData>) -> FigureData {
    let (mut value, mut below, mut above) = (0.0, 0.0_f64, 0.0_f64);
    for figure in figures {
        value += figure.value;
        below += (figure.value - figure.low).powi(2);
        above += (figure.high - figure.value).powi(2);
    }
    let round = |value: f64| (value * 10.0).round() / 10.0;
    FigureData {
        value: round(value),
        low: round(value - below.sqrt()),
        high: round(value + above.sqrt()),
    }
}
