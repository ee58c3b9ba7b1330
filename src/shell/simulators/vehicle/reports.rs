//! What the vehicle reports, moment by moment: without sockets and without a clock of its own.

use super::super::dice::Dice;
use super::Course;
use crate::network::{LatLon, gcj02};
use crate::plan::Datum;

/// What a terminal can do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// One position 500 m away.
    Jump,
    /// The same position again and again.
    Freeze,
    /// Positions in the other datum than the feed says.
    Datum,
    /// Positions without a valid fix.
    NoFix,
    /// Nothing is sent.
    Silent,
    /// Nothing is sent, and later everything at once as history.
    Backlog,
    /// Frames with a wrong checksum.
    Checksum,
    /// Noise between the frames.
    Noise,
    /// Every frame twice.
    Duplicate,
    /// Positions five minutes old, as if they were new.
    Stale,
}

/// How well the terminal reports.
#[derive(Clone, Debug)]
pub struct Habits {
    /// Metres a second.
    pub speed_mps: f64,
    /// It stands this long before it sets off, seconds.
    pub stands_s: f64,
    /// Time between reports, seconds.
    pub period_s: f64,
    /// Spread of its positions, metres.
    pub noise_m: f64,
    /// It sends this late, seconds.
    pub lag_s: f64,
    /// Share of reports that are lost, 0 to 1.
    pub loss: f64,
    /// The datum it reports in.
    pub datum: Datum,
    /// What it does wrong, from when to when, seconds of the trip.
    pub faults: Vec<(Fault, f64, f64)>,
    /// The seed of everything random.
    pub seed: u64,
}

/// One report before it is put on a wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// Where, in the datum it reports in.
    pub at: LatLon,
    /// Metres a second.
    pub speed_mps: f64,
    /// Clockwise from north, degrees.
    pub heading_deg: f64,
    /// Seconds of the trip at which it was true.
    pub t_s: f64,
    /// True if the receiver stands by it.
    pub valid: bool,
}

/// What is seen of a vehicle that somebody else moves.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// It has not set off.
    Stands,
    /// It drives.
    Drives {
        /// Where it was, WGS-84.
        at: LatLon,
        /// Metres a second.
        speed_mps: f64,
        /// Clockwise from north, degrees.
        heading_deg: f64,
        /// That long ago, seconds.
        age_s: f64,
    },
    /// It is there.
    Arrived,
    /// Nobody knows any more, and why.
    Lost(String),
}

/// Somebody who moves the vehicle: a street with lamps and queues.
pub trait Driver: core::fmt::Debug + Send {
    /// Sends it on its way; asked once.
    fn set_off(&mut self);
    /// Where it is now.
    fn look(&self) -> Look;
}

/// It stands at the end of its way this long before the terminal is switched off, seconds.
const STANDS_THERE_S: f64 = 8.0;

/// Who moves the vehicle.
#[derive(Debug)]
enum Moves {
    /// Itself, at one speed, and it stops for nothing.
    Steadily,
    /// A driver; when it set off and when it arrived, seconds of the trip.
    Driven(Box<dyn Driver>, Option<f64>, Option<f64>),
}

/// Makes the reports of one trip.
#[derive(Debug)]
pub struct Reporter {
    course: Course,
    moves: Moves,
    habits: Habits,
    dice: Dice,
    frozen: Option<LatLon>,
    jumped: bool,
}

impl Reporter {
    /// A trip along this way.
    #[must_use]
    pub fn new(course: Course, habits: Habits) -> Self {
        Self {
            dice: Dice::new(habits.seed),
            course,
            moves: Moves::Steadily,
            habits,
            frozen: None,
            jumped: false,
        }
    }

    /// The same trip, moved by `driver` instead of at one speed.
    #[must_use]
    pub fn driven_by(self, driver: Box<dyn Driver>) -> Self {
        Self {
            moves: Moves::Driven(driver, None, None),
            ..self
        }
    }

    /// The vehicle's habits.
    #[must_use]
    pub const fn habits(&self) -> &Habits {
        &self.habits
    }

    /// How long the trip takes, seconds; nothing if that is not known before.
    #[must_use]
    pub fn lasts_s(&self) -> Option<f64> {
        let drives_s = self.course.length_m() / self.habits.speed_mps.max(0.1);
        matches!(self.moves, Moves::Steadily).then_some(self.habits.stands_s + drives_s)
    }

    /// True if nothing is left to report at `t_s` of the trip.
    #[must_use]
    pub fn is_over(&self, t_s: f64) -> bool {
        match &self.moves {
            Moves::Steadily => self.lasts_s().is_none_or(|lasts_s| t_s > lasts_s),
            Moves::Driven(driver, _, arrived) => {
                let is_there = arrived.is_some_and(|at_s| t_s > at_s + STANDS_THERE_S);
                is_there || matches!(driver.look(), Look::Lost(_))
            }
        }
    }

    /// Why the trip broke off, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        match &self.moves {
            Moves::Driven(driver, ..) => match driver.look() {
                Look::Lost(why) => Some(why),
                _ => None,
            },
            Moves::Steadily => None,
        }
    }

    /// True while this fault is ordered at `t_s` of the trip.
    #[must_use]
    pub fn does_wrong(&self, fault: Fault, t_s: f64) -> bool {
        let on =
            |(kind, from, to): &(Fault, f64, f64)| *kind == fault && (*from..*to).contains(&t_s);
        self.habits.faults.iter().any(on)
    }

    /// What is reported at `t_s` of the trip; nothing if it is lost, or nobody knows where it is.
    /// The vehicle goes on whether it is heard or not.
    pub fn at(&mut self, t_s: f64) -> Option<Said> {
        let place = self.place_at(t_s);
        if self.dice.share() < self.habits.loss || self.does_wrong(Fault::Silent, t_s) {
            return None;
        }
        let (at, speed_mps, heading_deg, t_s) = place?;
        let noise = (self.dice.normal(), self.dice.normal());
        let mut at = self.moved(at, noise);
        if self.does_wrong(Fault::Freeze, t_s) {
            at = *self.frozen.get_or_insert(at);
        } else {
            self.frozen = None;
        }
        if self.does_wrong(Fault::Jump, t_s) && !self.jumped {
            self.jumped = true;
            at.lat_deg += 500.0 / 111_320.0;
        }
        let shifted =
            matches!(self.habits.datum, Datum::Gcj02) != self.does_wrong(Fault::Datum, t_s);
        let stale_s = if self.does_wrong(Fault::Stale, t_s) {
            300.0
        } else {
            0.0
        };
        Some(Said {
            at: if shifted { gcj02::from_wgs84(at) } else { at },
            speed_mps,
            heading_deg,
            t_s: t_s - stale_s,
            valid: !self.does_wrong(Fault::NoFix, t_s),
        })
    }

    /// Place, speed, heading, and when that was, at `t_s` of the trip; nothing if nobody knows.
    fn place_at(&mut self, t_s: f64) -> Option<(LatLon, f64, f64, f64)> {
        let (course, stands_s) = (&self.course, self.habits.stands_s);
        let standing = |along_m: f64| {
            let (at, heading_deg) = course.at(along_m);
            Some((at, 0.0, heading_deg, t_s))
        };
        let Moves::Driven(driver, set_off, arrived) = &mut self.moves else {
            let drives = t_s > stands_s && self.lasts_s().is_some_and(|lasts_s| t_s < lasts_s);
            let along_m = (t_s - stands_s).max(0.0) * self.habits.speed_mps;
            let (at, heading_deg) = self.course.at(along_m);
            let speed_mps = if drives { self.habits.speed_mps } else { 0.0 };
            return Some((at, speed_mps, heading_deg, t_s));
        };
        if t_s > stands_s && set_off.is_none() {
            *set_off = Some(t_s);
            driver.set_off();
        }
        match driver.look() {
            Look::Drives {
                at,
                speed_mps,
                heading_deg,
                age_s,
            } => Some((at, speed_mps, heading_deg, t_s - age_s)),
            Look::Arrived => {
                let _since = arrived.get_or_insert(t_s);
                standing(course.length_m())
            }
            Look::Stands => standing(0.0),
            Look::Lost(_) => None,
        }
    }

    fn moved(&self, at: LatLon, (north, east): (f64, f64)) -> LatLon {
        let degree_m = 111_320.0;
        LatLon {
            lat_deg: at.lat_deg + north * self.habits.noise_m / degree_m,
            lon_deg: at.lon_deg
                + east * self.habits.noise_m / degree_m / at.lat_deg.to_radians().cos(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fake(Look);

    impl Driver for Fake {
        fn set_off(&mut self) {
            self.0 = Look::Drives {
                at: LatLon {
                    lat_deg: 32.7,
                    lon_deg: 109.1,
                },
                speed_mps: 4.0,
                heading_deg: 90.0,
                age_s: 0.1,
            };
        }

        fn look(&self) -> Look {
            self.0.clone()
        }
    }

    fn reporter(first: Look) -> Reporter {
        let habits = Habits {
            speed_mps: 12.0,
            stands_s: 5.0,
            period_s: 1.0,
            noise_m: 0.0,
            lag_s: 0.0,
            loss: 0.0,
            datum: Datum::Wgs84,
            faults: Vec::new(),
            seed: 1,
        };
        Reporter::new(Course::nowhere(), habits).driven_by(Box::new(Fake(first)))
    }

    #[test]
    fn a_driven_vehicle_is_where_its_driver_says() {
        let mut reporter = reporter(Look::Stands);
        assert_eq!(reporter.lasts_s(), None);
        assert_eq!(reporter.at(5.0).map(|said| said.speed_mps), Some(0.0));
        let said = reporter.at(6.0).unwrap();
        assert_eq!((said.speed_mps, said.at.lat_deg), (4.0, 32.7));
        assert!((said.t_s - 5.9).abs() < 1e-9, "it was there 0.1 s ago");
        assert!(!reporter.is_over(600.0));
    }

    #[test]
    fn a_vehicle_that_is_silent_drives_all_the_same() {
        let mut reporter = reporter(Look::Stands);
        reporter.habits.faults = vec![(Fault::Silent, 0.0, 8.0)];
        assert_eq!(reporter.at(6.0), None);
        assert_eq!(reporter.at(8.0).map(|said| said.speed_mps), Some(4.0));
        assert!(matches!(reporter.moves, Moves::Driven(_, Some(at_s), _) if at_s < 6.5));
    }

    #[test]
    fn a_trip_ends_after_the_arrival_or_with_the_driver() {
        let mut arrived = reporter(Look::Arrived);
        assert!(!arrived.is_over(100.0), "nobody has looked yet");
        assert_eq!(arrived.at(3.0).map(|said| said.speed_mps), Some(0.0));
        assert!(!arrived.is_over(10.0));
        assert!(arrived.is_over(11.5));
        let mut lost = reporter(Look::Lost("the street is gone".to_owned()));
        assert_eq!(lost.at(3.0), None, "it is not where it set off");
        assert!(lost.is_over(0.0));
        assert_eq!(lost.failure().as_deref(), Some("the street is gone"));
    }
}
