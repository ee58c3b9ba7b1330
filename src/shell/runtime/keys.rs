//! The time from a key press to a cabinet's acceptance.
//!
//! It runs from the arrival of the request to the moment the first commandable cabinet of the
//! corridor acknowledged (ACCEPTED_SEQ) a command that was decided with the corridor known.

use std::time::{Duration, Instant};

use super::control::Cabinets;
use super::lateness::Histogram;
use super::mailbox::Posted;
use crate::controller::{Answer, City, Command};
use crate::corridor::Availability;
use crate::corridor::SiteBoard;

/// A press that no cabinet acknowledged within this is given up.
const GIVE_UP: Duration = Duration::from_secs(5);
/// Presses watched at once; more are not timed.
const WATCHED_MAX: usize = 16;

/// Presses under way and the times of those acknowledged.
#[derive(Clone, Debug, Default)]
pub struct KeyTimes {
    under_way: Vec<Press>,
    times: Histogram,
    last: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    arrived: Instant,
    site: usize,
    mark: u64,
}

impl KeyTimes {
    /// The times so far.
    #[must_use]
    pub const fn times(&self) -> &Histogram {
        &self.times
    }

    /// The newest time.
    #[must_use]
    pub const fn last(&self) -> Option<Duration> {
        self.last
    }

    /// Begins to watch if `posted` was a key press that was carried out.
    pub(super) fn pressed(
        &mut self,
        posted: &Posted,
        answer: &Answer,
        city: &City,
        cabinets: &dyn Cabinets,
    ) {
        let (Command::OpenCorridor(plan), Answer::Done) = (&posted.command, answer) else { return };
        let board = city.board(crate::units::Mono::ZERO, &[]);
        let first = plan.crossings.iter().find(|crossing| {
            !crossing.groups.is_empty()
                && board.availability(crossing.site) != Availability::TakenOut
        });
        let Some(first) = first else { return };
        if self.under_way.len() < WATCHED_MAX {
            let site = first.site.index();
            self.under_way.push(Press {
                arrived: posted.arrived,
                site,
                mark: cabinets.mark(site),
            });
        }
    }

    /// Takes the time of every press that has been acknowledged.
    pub(super) fn look(&mut self, cabinets: &dyn Cabinets) {
        let (times, last) = (&mut self.times, &mut self.last);
        self.under_way.retain(|press| {
            if let Some(accepted) = cabinets.accepted(press.site, press.mark) {
                let took = accepted.saturating_duration_since(press.arrived);
                times.add(took);
                *last = Some(took);
                return false;
            }
            press.arrived.elapsed() < GIVE_UP
        });
    }
}
