//! The referee: sees lamps and people, knows its own copy of the site files, and counts what must
//! never happen.
//!
//! It shares no code with the safety kernel or the plan loader, so a mistake in them cannot hide
//! itself here; a test over the source text holds that. It judges what was *shown*, whoever
//! commanded it.
//!
//! It accuses nobody of what it did not see: after a look that came late it takes what is new to be
//! as old as it can be.
//!
//! A site that goes to flash breaks no rule by that. Its groups are judged again when it comes
//! back, and it must come back through the whole all-red of its file.

mod judge;
mod rules;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::judge::{Judge, Look};
pub use self::rules::{RulesError, SiteRules};
use super::street::SiteLamps;
use crate::ids::{GroupId, SiteId};
use crate::units::{Millis, Mono};

/// Offences kept in words; the counters go on.
const LOG_MAX: usize = 256;

/// Somebody on a crossing, or riding through a junction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Tells one person from another.
    pub id: u64,
    /// The group whose green let this person in.
    pub group: GroupId,
    /// True for a rider, false for a walker.
    pub rides: bool,
}

/// Who is between the kerbs. Without a street there is nobody: `()` says so.
pub trait PeopleOnSite {
    /// Calls `each` for everybody now on a crossing of `site`.
    fn people_on(&self, site: SiteId, each: &mut dyn FnMut(Person));
}

impl PeopleOnSite for () {
    fn people_on(&self, _: SiteId, _: &mut dyn FnMut(Person)) {}
}

/// Something that must never happen; groups by number within the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offence {
    /// The second group got right of way while the first one had it or was clearing.
    Conflict(usize, usize),
    /// The second group got right of way too soon after the first one.
    ShortClearance(usize, usize),
    /// The site left its flash without the whole all-red.
    LeftFlash,
    /// A group's amber (or the flashing green before it) was cut or skipped.
    ShortAmber(usize),
    /// A vehicle group's green was shorter than its minimum.
    ShortGreen(usize),
    /// A walk or its flashing end was shorter than the file says.
    CutPedestrian(usize),
    /// Somebody was still on the way when a hostile group got right of way.
    Caught(Person),
}

/// An offence, where and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// When it was seen.
    pub at: Mono,
    /// Where.
    pub site: SiteId,
    /// What.
    pub offence: Offence,
}

/// The referee's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Hostile groups with right of way (or still clearing) together.
    pub conflicts: u64,
    /// Clearances shorter than the file says, and flashes left without the whole all-red.
    pub short_clearances: u64,
    /// Ambers cut or skipped.
    pub short_ambers: u64,
    /// Greens shorter than their minimum.
    pub short_greens: u64,
    /// Walks or flashing ends shorter than the file says.
    pub cut_pedestrian: u64,
    /// Walkers and riders still on the way when a hostile group got right of way.
    pub caught: u64,
}

impl Counts {
    /// All counters together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.conflicts
            + self.short_clearances
            + self.short_ambers
            + self.short_greens
            + self.cut_pedestrian
            + self.caught
    }

    const fn add(&mut self, offence: Offence) {
        match offence {
            Offence::Conflict(..) => self.conflicts += 1,
            Offence::ShortClearance(..) | Offence::LeftFlash => self.short_clearances += 1,
            Offence::ShortAmber(_) => self.short_ambers += 1,
            Offence::ShortGreen(_) => self.short_greens += 1,
            Offence::CutPedestrian(_) => self.cut_pedestrian += 1,
            Offence::Caught(_) => self.caught += 1,
        }
    }
}

/// The referee of a city.
#[derive(Clone, Debug, Default)]
pub struct Referee {
    judges: Vec<Judge>,
    counts: Counts,
    sightings: Vec<Sighting>,
}

impl Referee {
    /// A referee with one set of rules per site, indexed by [`SiteId`].
    ///
    /// `slack` forgives the jitter of observation: zero in a simulation, two poll periods where
    /// lamps are read over a wire. It never forgives a conflict or a caught person.
    #[must_use]
    pub fn new(rules: Vec<SiteRules>, slack: Millis) -> Self {
        let slack_ms = u64::from(slack.as_ms());
        let judges = rules
            .into_iter()
            .map(|rules| Judge::new(rules, slack_ms))
            .collect();
        Self {
            judges,
            counts: Counts::default(),
            sightings: Vec::new(),
        }
    }

    /// Looks at every lamp of the city once. `lamps` is indexed by [`SiteId`].
    pub fn watch(&mut self, now: Mono, lamps: &[SiteLamps], people: &dyn PeopleOnSite) {
        self.watch_late((now, now), lamps, people);
    }

    /// As [`Referee::watch`], by somebody who may come late: the look was due at `due`.
    ///
    /// What is new may be as old as that, and what fits in between may have been shown. Right of
    /// way is judged as ever: what is seen together is together.
    pub fn watch_late(
        &mut self,
        (due, now): (Mono, Mono),
        lamps: &[SiteLamps],
        people: &dyn PeopleOnSite,
    ) {
        let judges = (0_u16..).zip(&mut self.judges);
        for ((site, judge), lamps) in judges.zip(lamps) {
            let site = SiteId::new(site);
            let look = Look {
                now: now.as_ms(),
                due: due.as_ms(),
                lamps,
                people,
                site,
            };
            let sightings = &mut self.sightings;
            judge.look(&look, &mut self.counts, &mut |offence| {
                if sightings.len() < LOG_MAX {
                    sightings.push(Sighting {
                        at: now,
                        site,
                        offence,
                    });
                }
            });
        }
    }

    /// What was counted so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The first offences, in order.
    #[must_use]
    pub fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }
}
