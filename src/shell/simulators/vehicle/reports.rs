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

/// Makes the reports of one trip.
#[derive(Debug)]
pub struct Reporter {
    course: Course,
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
            habits,
            frozen: None,
            jumped: false,
        }
    }

    /// The vehicle's habits.
    #[must_use]
    pub const fn habits(&self) -> &Habits {
        &self.habits
    }

    /// How long the trip takes, seconds.
    #[must_use]
    pub fn lasts_s(&self) -> f64 {
        self.habits.stands_s + self.course.length_m() / self.habits.speed_mps.max(0.1)
    }

    /// True while this fault is ordered at `t_s` of the trip.
    #[must_use]
    pub fn does_wrong(&self, fault: Fault, t_s: f64) -> bool {
        let on =
            |(kind, from, to): &(Fault, f64, f64)| *kind == fault && (*from..*to).contains(&t_s);
        self.habits.faults.iter().any(on)
    }

    /// What is reported at `t_s` of the trip; nothing if it is lost.
    pub fn at(&mut self, t_s: f64) -> Option<Said> {
        if self.dice.share() < self.habits.loss || self.does_wrong(Fault::Silent, t_s) {
            return None;
        }
        let lasts_s = self.lasts_s();
        let drives = t_s > self.habits.stands_s && t_s < lasts_s;
        let along_m = (t_s - self.habits.stands_s).max(0.0) * self.habits.speed_mps;
        let (at, heading_deg) = self.course.at(along_m);
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
            speed_mps: if drives { self.habits.speed_mps } else { 0.0 },
            heading_deg,
            t_s: t_s - stale_s,
            valid: !self.does_wrong(Fault::NoFix, t_s),
        })
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
