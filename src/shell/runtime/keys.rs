//! The time from a key press to a cabinet's acceptance.
//!
//! It runs from the arrival of the request to the moment the first commandable cabinet of the
//! corridor acknowledged (`ACCEPTED_SEQ`) a command that was decided with the corridor known.

use std::time::Duration;

use super::control::Cabinets;
use super::lateness::Histogram;
use super::mailbox::Posted;
use crate::controller::{Answer, Command};
use crate::units::{Millis, Mono};

/// A press that no cabinet acknowledged within this is given up.
const GIVE_UP: Millis = Millis::from_secs(5);
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
    /// When its request arrived.
    arrived: Mono,
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

    /// Begins to watch if what was posted was a key press that was carried out in the cycle of
    /// `now`. The outputs of that cycle have been handed over already: theirs is the mark.
    pub(super) fn pressed(
        &mut self,
        (posted, now): (&Posted, Mono),
        answer: &Answer,
        cabinets: &dyn Cabinets,
    ) {
        let (Command::OpenCorridor(plan), Answer::Done) = (&posted.command, answer) else {
            return;
        };
        let Some(first) = plan
            .crossings
            .iter()
            .find(|crossing| !crossing.groups.is_empty())
        else {
            return;
        };
        if self.under_way.len() < WATCHED_MAX {
            let ago = u64::try_from(posted.arrived.elapsed().as_millis()).unwrap_or(u64::MAX);
            let site = first.site.index();
            self.under_way.push(Press {
                arrived: Mono::from_ms(now.as_ms().saturating_sub(ago)),
                site,
                mark: cabinets.mark(site),
            });
        }
    }

    /// Takes the time of every press that has been acknowledged.
    pub(super) fn look(&mut self, now: Mono, cabinets: &dyn Cabinets) {
        let (times, last) = (&mut self.times, &mut self.last);
        self.under_way.retain(|press| {
            if let Some(accepted) = cabinets.accepted(press.site, press.mark) {
                let took = Duration::from_millis(u64::from(accepted.since(press.arrived).as_ms()));
                times.add(took);
                *last = Some(took);
                return false;
            }
            now.since(press.arrived) < GIVE_UP
        });
    }
}
