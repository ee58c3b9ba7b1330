//! What a run was worth: the delay of everybody who was scheduled, arrived or not.

use std::collections::HashMap;
use std::path::Path;

use super::demand::Demand;
use super::error::SumoError;
use super::xml::each_element;

/// What became of one vehicle or walker.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// Its id.
    pub id: String,
    /// Its type, as the route files name it.
    pub kind: String,
    /// Seconds lost on the way, against driving alone at its own speed.
    pub time_loss_s: f64,
    /// Seconds it waited outside for room; for one that never came in, until the end.
    pub depart_delay_s: f64,
    /// It came in.
    pub departed: bool,
    /// It reached its destination.
    pub arrived: bool,
}

impl Trip {
    /// All of its delay, seconds.
    #[must_use]
    pub fn delay_s(&self) -> f64 {
        self.time_loss_s.max(0.0) + self.depart_delay_s.max(0.0)
    }
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

/// What became of everybody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trips {
    /// Vehicles, bicycles too.
    pub vehicles: Vec<Trip>,
    /// Walkers.
    pub walkers: Vec<Trip>,
}

impl Trips {
    /// Reads a tripinfo file.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read(path: &Path) -> Result<Self, SumoError> {
        let mut trips = Self::default();
        each_element(path, &mut |element| {
            let number = |key: &str| {
                let told = element.number(key);
                let name = element.name();
                told.ok_or_else(|| format!("a {name} without a number `{key}`"))
            };
            match element.name().as_str() {
                "tripinfo" => trips.vehicles.push(Trip {
                    id: element.text("id").unwrap_or_default(),
                    kind: element.text("vType").unwrap_or_default(),
                    time_loss_s: number("timeLoss")?,
                    depart_delay_s: number("departDelay")?,
                    departed: number("depart")? >= 0.0,
                    arrived: number("arrival")? >= 0.0,
                }),
                "personinfo" => trips.walkers.push(Trip {
                    id: element.text("id").unwrap_or_default(),
                    kind: element.text("type").unwrap_or_default(),
                    time_loss_s: 0.0,
                    depart_delay_s: 0.0,
                    departed: true,
                    arrived: false,
                }),
                "walk" => {
                    if let Some(walker) = trips.walkers.last_mut() {
                        walker.time_loss_s += element.number("timeLoss").unwrap_or(0.0).max(0.0);
                        walker.arrived = element.number("arrival").is_some_and(|at| at >= 0.0);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(trips)
    }

    /// Every vehicle that was due in a run that ended at `end`.
    ///
    /// Due is who the files say is; with dice in the files, or with scaled demand, who SUMO tells
    /// of, and that includes those still outside. (Somebody outside without any delay is due at the
    /// very end, so not in the window.)
    #[must_use]
    pub fn of_vehicles(&self, demand: &Demand, scaled: bool, end: f64) -> Vec<Trip> {
        if scaled || demand.is_drawn {
            let due = |trip: &&Trip| trip.departed || trip.depart_delay_s > 0.0;
            return self.vehicles.iter().filter(due).cloned().collect();
        }
        let kind = |id: &str| demand.types.get(id).cloned().unwrap_or_default();
        all_of(&self.vehicles, &demand.departures, &kind, end)
    }

    /// Every walker that was due in a run that ended at `end`.
    #[must_use]
    pub fn of_walkers(&self, demand: &Demand, end: f64) -> Vec<Trip> {
        all_of(&self.walkers, &demand.walkers, &|_| String::new(), end)
    }
}

/// What became of everybody who was due; who never came in waits until the end.
fn all_of(
    trips: &[Trip],
    due: &[(String, f64)],
    kind: &dyn Fn(&str) -> String,
    end: f64,
) -> Vec<Trip> {
    let by_id: HashMap<&str, &Trip> = trips.iter().map(|t| (t.id.as_str(), t)).collect();
    let one = |(id, depart): &(String, f64)| match by_id.get(id.as_str()) {
        Some(trip) if trip.departed => Trip::clone(trip),
        _ => Trip {
            id: id.clone(),
            kind: kind(id),
            time_loss_s: 0.0,
            depart_delay_s: end - depart,
            departed: false,
            arrived: false,
        },
    };
    due.iter().map(one).collect()
}

/// Weighs the vehicles that were due.
#[must_use]
pub fn outcome(vehicles: &[Trip]) -> Outcome {
    let mut outcome = Outcome {
        scheduled: vehicles.len(),
        finished: vehicles.iter().filter(|trip| trip.arrived).count(),
        never_inserted: vehicles.iter().filter(|trip| !trip.departed).count(),
        ..Outcome::default()
    };
    outcome.weigh(vehicles.iter().map(Trip::delay_s).collect());
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
        let trips = Trips::read(&file).unwrap();
        let due = |id: &str, depart| (id.to_owned(), depart);
        let demand = Demand {
            departures: vec![due("a", 0.0), due("b", 5.0), due("c", 40.0), due("e", 90.0)],
            ..Demand::default()
        };
        let files = outcome(&trips.of_vehicles(&demand, false, 100.0));
        assert_eq!(
            (files.scheduled, files.finished, files.never_inserted),
            (4, 1, 2)
        );
        assert!((files.delay_s - (10.0 + 20.0 + 60.0 + 10.0) / 4.0).abs() < 1e-9);
        assert!((files.worst_s - 60.0).abs() < 1e-9);
        let told = outcome(&trips.of_vehicles(&demand, true, 100.0));
        assert_eq!((told.scheduled, told.never_inserted), (3, 1));
        assert!((told.delay_s - 30.0).abs() < 1e-9);
    }
}
