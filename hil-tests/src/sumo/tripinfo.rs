//! What a run was worth: the delay of everybody who was scheduled, arrived or not.

use std::collections::HashMap;
use std::path::Path;

use super::demand::Demand;
use super::error::SumoError;
use super::xml::each_element;

/// What became of one vehicle.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// Its id.
    pub id: String,
    /// Seconds lost on the way, against driving alone at its own speed.
    pub time_loss_s: f64,
    /// Seconds it waited outside for room; for one that never came in, until the end.
    pub depart_delay_s: f64,
    /// It came in.
    pub departed: bool,
    /// It reached its destination.
    pub arrived: bool,
}

/// A run in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Vehicles due in the window.
    pub scheduled: usize,
    /// Those that arrived.
    pub finished: usize,
    /// Those that never came in.
    pub never_inserted: usize,
    /// Mean delay of all scheduled vehicles.
    pub delay_s: f64,
    /// The delay that 95 of 100 do not exceed.
    pub p95_s: f64,
    /// The worst.
    pub worst_s: f64,
}

/// Reads a tripinfo file.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read_trips(path: &Path) -> Result<Vec<Trip>, SumoError> {
    let mut trips = Vec::new();
    each_element(path, &mut |element| {
        if element.name() != "tripinfo" {
            return Ok(());
        }
        let number = |key: &str| {
            let told = element.number(key);
            told.ok_or_else(|| format!("a tripinfo without a number `{key}`"))
        };
        trips.push(Trip {
            id: element.text("id").unwrap_or_default(),
            time_loss_s: number("timeLoss")?,
            depart_delay_s: number("departDelay")?,
            departed: number("depart")? >= 0.0,
            arrived: number("arrival")? >= 0.0,
        });
        Ok(())
    })?;
    Ok(trips)
}

/// Weighs a run that ended at `end`.
///
/// Scheduled is who the files say is due; with dice in the files, or with scaled demand, who SUMO
/// tells of, and that includes those still outside. (Somebody outside without any delay is due at
/// the very end, so not in the window.)
#[must_use]
pub fn outcome(trips: &[Trip], demand: &Demand, scaled: bool, end: f64) -> Outcome {
    let mut delays = Vec::with_capacity(trips.len());
    let mut outcome = Outcome::default();
    let mut add = |trip: &Trip| {
        outcome.finished += usize::from(trip.arrived);
        outcome.never_inserted += usize::from(!trip.departed);
        delays.push(trip.time_loss_s.max(0.0) + trip.depart_delay_s.max(0.0));
    };
    if scaled || demand.is_drawn {
        let due = |trip: &&Trip| trip.departed || trip.depart_delay_s > 0.0;
        trips.iter().filter(due).for_each(&mut add);
    } else {
        let by_id: HashMap<&str, &Trip> = trips.iter().map(|t| (t.id.as_str(), t)).collect();
        for (id, depart) in &demand.departures {
            match by_id.get(id.as_str()) {
                Some(trip) if trip.departed => add(trip),
                _ => add(&Trip {
                    id: id.clone(),
                    time_loss_s: 0.0,
                    depart_delay_s: end - depart,
                    departed: false,
                    arrived: false,
                }),
            }
        }
    }
    outcome.scheduled = delays.len();
    outcome.weigh(delays);
    outcome
}

impl Outcome {
    fn weigh(&mut self, mut delays: Vec<f64>) {
        let count = delays.len();
        if count == 0 {
            return;
        }
        delays.sort_by(f64::total_cmp);
        #[expect(clippy::cast_precision_loss, reason = "no city has 2^52 vehicles")]
        let mean = delays.iter().sum::<f64>() / count as f64;
        self.delay_s = mean;
        self.p95_s = delays[(count * 95).div_ceil(100) - 1];
        self.worst_s = delays[count - 1];
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const TRIPS: &str = r#"<tripinfos>
        <tripinfo id="a" depart="1.00" departDelay="2.00" arrival="50.00" timeLoss="8.00"/>
        <tripinfo id="b" depart="5.00" departDelay="0.00" arrival="-1.00" timeLoss="20.00"/>
        <tripinfo id="c" depart="-1" departDelay="60.00" arrival="-1.00" timeLoss="0.00"/>
        <tripinfo id="d" depart="-1" departDelay="0.00" arrival="-1.00" timeLoss="0.00"/>
    </tripinfos>"#;

    #[test]
    fn everybody_who_was_due_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.xml");
        fs::write(&file, TRIPS).unwrap();
        let trips = read_trips(&file).unwrap();
        let due = |id: &str, depart| (id.to_owned(), depart);
        let demand = Demand {
            departures: vec![due("a", 0.0), due("b", 5.0), due("c", 40.0), due("e", 90.0)],
            ..Demand::default()
        };
        let files = outcome(&trips, &demand, false, 100.0);
        assert_eq!(
            (files.scheduled, files.finished, files.never_inserted),
            (4, 1, 2)
        );
        assert!((files.delay_s - (10.0 + 20.0 + 60.0 + 10.0) / 4.0).abs() < 1e-9);
        assert!((files.worst_s - 60.0).abs() < 1e-9);
        let told = outcome(&trips, &demand, true, 100.0);
        assert_eq!((told.scheduled, told.never_inserted), (3, 1));
        assert!((told.delay_s - 30.0).abs() < 1e-9);
    }
}
