//! Delay by heads: everybody in vehicles, on bicycles and on foot counts the same.

use super::demand::Demand;
use super::tripinfo::Trip;

/// On board of a car, driver included: what surveys of city traffic find.
const IN_A_CAR: f64 = 1.3;
/// On board of a bus or tram.
const IN_A_BUS: f64 = 20.0;
/// The class of types that name none.
const CLASS_DEFAULT: &str = "passenger";

/// The delay of all travellers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct People {
    /// Mean delay of all of them, seconds.
    pub delay_s: f64,
    /// How many they are.
    pub travellers: f64,
    /// Mean delay of those on bicycles, seconds; none if there are none.
    pub bicycle_delay_s: Option<f64>,
    /// Mean delay of those on foot, seconds; none if there are none.
    pub walk_delay_s: Option<f64>,
}

/// How many ride in which type of vehicle.
#[derive(Clone, Debug)]
pub struct Loads<'a> {
    demand: &'a Demand,
}

impl<'a> Loads<'a> {
    /// By the classes that the demand's files give their types.
    #[must_use]
    pub const fn of(demand: &'a Demand) -> Self {
        Self { demand }
    }

    fn class(&self, kind: &str) -> &str {
        let class = self.demand.classes.get(kind);
        class.map_or(CLASS_DEFAULT, String::as_str)
    }

    fn persons(&self, kind: &str) -> f64 {
        match self.class(kind) {
            "bus" | "coach" | "tram" => IN_A_BUS,
            "bicycle" | "motorcycle" | "moped" | "truck" | "trailer" | "delivery" => 1.0,
            _ => IN_A_CAR,
        }
    }
}

/// Weighs everybody who was due. What holds up a vehicle holds up all on board; a walker's delay
/// is what the way took longer than walking alone at their own speed.
#[must_use]
pub fn people(vehicles: &[Trip], walkers: &[Trip], loads: &Loads<'_>) -> People {
    let mut all = Sum::default();
    let (mut bicycles, mut walks) = (Sum::default(), Sum::default());
    for trip in vehicles {
        let persons = loads.persons(&trip.kind);
        all.add(persons, trip);
        if loads.class(&trip.kind) == "bicycle" {
            bicycles.add(persons, trip);
        }
    }
    for trip in walkers {
        all.add(1.0, trip);
        walks.add(1.0, trip);
    }
    People {
        delay_s: all.mean().unwrap_or(0.0),
        travellers: all.persons,
        bicycle_delay_s: bicycles.mean(),
        walk_delay_s: walks.mean(),
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    persons: f64,
    delay_s: f64,
}

impl Sum {
    fn add(&mut self, persons: f64, trip: &Trip) {
        self.persons += persons;
        self.delay_s += persons * trip.delay_s();
    }

    fn mean(&self) -> Option<f64> {
        (self.persons > 0.0).then(|| self.delay_s / self.persons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trip(kind: &str, delay_s: f64) -> Trip {
        Trip {
            id: String::new(),
            kind: kind.to_owned(),
            time_loss_s: delay_s,
            depart_delay_s: 0.0,
            departed: true,
            arrived: true,
        }
    }

    #[test]
    fn a_bus_weighs_more_than_a_car_and_a_walker_as_much_as_a_rider() {
        let mut demand = Demand::default();
        for (kind, class) in [("b", "bus"), ("bike", "bicycle")] {
            demand.classes.insert(kind.to_owned(), class.to_owned());
        }
        let vehicles = [trip("", 100.0), trip("b", 10.0), trip("bike", 40.0)];
        let walkers = [trip("", 20.0)];
        let found = people(&vehicles, &walkers, &Loads::of(&demand));
        let sum = 130.0 + 200.0 + 40.0 + 20.0;
        assert!((found.travellers - 23.3).abs() < 1e-9);
        assert!((found.delay_s - sum / 23.3).abs() < 1e-9);
        assert_eq!(found.bicycle_delay_s, Some(40.0));
        assert_eq!(found.walk_delay_s, Some(20.0));
        assert_eq!(people(&[], &[], &Loads::of(&demand)), People::default());
    }
}
