//! The judge of one site: what its lamps did, held against the site's own rules.

use super::rules::SiteRules;
use super::{Counts, Offence, PeopleOnSite};
use crate::ids::SiteId;
use crate::signal::Indication;

/// What the judge remembers of one group; moments in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    shown: Indication,
    /// When this aspect began, if the judge saw it begin.
    since: Option<u64>,
    /// When right of way began, if the judge saw it begin.
    go_since: Option<u64>,
    /// When the last go aspect ended, if it ever was seen.
    go_until: Option<u64>,
}

/// How the site as a whole stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Footing {
    /// First look: nothing before it can be judged.
    #[default]
    Unknown,
    /// Lamps are dark or flash amber: start-up, fallback, or a latched fault.
    Flash,
    /// Out of flash; everything red since then.
    AllRed(u64),
    /// Groups are served.
    Service,
}

/// The judge of one site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Judge {
    rules: SiteRules,
    seen: Vec<Seen>,
    footing: Footing,
    slack_ms: u64,
}

/// What the judge sees in one moment.
pub(super) struct Look<'a> {
    pub(super) now: u64,
    /// When it was due; later than that it shows what may have begun unseen.
    pub(super) due: u64,
    pub(super) lamps: &'a [Indication],
    pub(super) people: &'a dyn PeopleOnSite,
    pub(super) site: SiteId,
}

/// What is new in a look changed in here.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// Taken as the beginning of what began.
    from: u64,
    /// Taken as the end of what ended.
    now: u64,
}

impl Judge {
    pub(super) fn new(rules: SiteRules, slack_ms: u64) -> Self {
        Self {
            seen: vec![Seen::default(); rules.groups.len()],
            rules,
            footing: Footing::Unknown,
            slack_ms,
        }
    }

    /// Holds one moment against the rules.
    pub(super) fn look(
        &mut self,
        look: &Look<'_>,
        counts: &mut Counts,
        out: &mut dyn FnMut(Offence),
    ) {
        let groups = self.seen.len().min(look.lamps.len());
        let lamps = &look.lamps[..groups];
        let flashing = in_flash(lamps);
        let first = self.footing == Footing::Unknown;
        let changed = (0..groups).any(|at| lamps[at] != self.seen[at].shown);
        if !changed && !first && !matches!(self.footing, Footing::AllRed(_)) {
            return;
        }
        let mut report = |offence: Offence| {
            counts.add(offence);
            out(offence);
        };
        let span = Span {
            from: look.due.min(look.now),
            now: look.now,
        };
        self.step_footing(span, lamps, flashing, &mut report);
        if !changed && !first {
            return;
        }
        let mut had_go = 0_u32;
        for (at, shown) in lamps.iter().enumerate() {
            had_go |= u32::from(self.seen[at].shown.is_go()) << at;
            if first {
                self.seen[at].shown = *shown;
            } else if *shown != self.seen[at].shown {
                if !flashing {
                    // Going to flash is the fault response itself: it may come at any moment.
                    self.ended(at, *shown, span, &mut report);
                }
                self.note(at, *shown, span.from);
            }
        }
        for (at, shown) in lamps.iter().enumerate() {
            if shown.is_go() && had_go & (1 << at) == 0 {
                self.started((at, had_go), lamps, look, &mut report);
            }
        }
    }

    /// True if nobody looked for so long that what lasts this long may have been shown unseen.
    const fn hides(&self, span: Span, lasts: u64) -> bool {
        span.from < span.now && span.now - span.from + self.slack_ms >= lasts
    }

    fn note(&mut self, at: usize, shown: Indication, from: u64) {
        let seen = &mut self.seen[at];
        if seen.shown.is_go() && !shown.is_go() {
            seen.go_until = Some(from);
            seen.go_since = None;
        } else if shown.is_go() && !seen.shown.is_go() {
            seen.go_since = Some(from);
        }
        seen.shown = shown;
        seen.since = Some(from);
    }

    /// Follows the site out of flash: all red for its whole time comes before any go.
    fn step_footing(
        &mut self,
        span: Span,
        lamps: &[Indication],
        flashing: bool,
        report: &mut dyn FnMut(Offence),
    ) {
        let all_red = lamps.iter().all(|shown| *shown == Indication::Red);
        let any_go = lamps.iter().any(|shown| shown.is_go());
        self.footing = match self.footing {
            _ if flashing => Footing::Flash,
            Footing::Unknown => Footing::Service,
            Footing::Flash if all_red => Footing::AllRed(span.from),
            Footing::Flash if any_go => {
                if !self.hides(span, self.rules.all_red_ms) {
                    report(Offence::LeftFlash);
                }
                Footing::Service
            }
            Footing::AllRed(since) if any_go => {
                if span.now + self.slack_ms < since + self.rules.all_red_ms {
                    report(Offence::LeftFlash);
                }
                Footing::Service
            }
            same => same,
        };
    }

    /// An aspect ended: was it long enough, and may this one follow?
    fn ended(&self, at: usize, next: Indication, span: Span, report: &mut dyn FnMut(Offence)) {
        let (seen, rules) = (&self.seen[at], &self.rules.groups[at]);
        if is_flash(next) || is_flash(seen.shown) {
            return;
        }
        let short = |since: Option<u64>, owed: u64| {
            since.is_some_and(|since| span.now.saturating_sub(since) + self.slack_ms < owed)
        };
        match seen.shown {
            Indication::Green if rules.walkers => {
                let skipped = next != Indication::FlashingGreen
                    && rules.flashing_ms > 0
                    && !self.hides(span, rules.flashing_ms);
                if short(seen.since, rules.green_ms) || skipped {
                    report(Offence::CutPedestrian(at));
                }
            }
            Indication::FlashingGreen if rules.walkers => {
                if short(seen.since, rules.flashing_ms) && next != Indication::Green {
                    report(Offence::CutPedestrian(at));
                }
            }
            Indication::Green | Indication::FlashingGreen => {
                if !next.is_go() && short(seen.go_since, rules.green_ms) {
                    report(Offence::ShortGreen(at));
                }
                let flashed = seen.shown == Indication::FlashingGreen;
                let cut = flashed && short(seen.since, rules.flashing_ms);
                let skipped = next == Indication::Red
                    && rules.amber_ms > 0
                    && !self.hides(span, rules.amber_ms);
                if skipped || (cut && !next.is_go()) {
                    report(Offence::ShortAmber(at));
                }
            }
            Indication::Amber => {
                // A red between that nobody saw is no shorter than the amber before it.
                let skipped = next != Indication::Red && !self.hides(span, rules.amber_ms);
                if skipped || short(seen.since, rules.amber_ms) {
                    report(Offence::ShortAmber(at));
                }
            }
            Indication::Dark
            | Indication::Red
            | Indication::RedAmber
            | Indication::FlashingAmber
            | Indication::FlashingRed => {}
        }
    }

    /// Right of way began: against whom, how soon after them, and is somebody still in the way?
    fn started(
        &self,
        (at, had_go): (usize, u32),
        lamps: &[Indication],
        look: &Look<'_>,
        report: &mut dyn FnMut(Offence),
    ) {
        let hostile = self.rules.groups[at].hostile;
        for other in (0..lamps.len()).filter(|other| hostile & (1 << other) != 0) {
            // Two that begin in the same moment are one conflict, told by the first of them.
            let both_began = lamps[other].is_go() && had_go & (1 << other) == 0;
            let busy = lamps[other].is_go() || lamps[other] == Indication::Amber;
            if busy && !(both_began && other < at) {
                report(Offence::Conflict(other, at));
            } else if !busy && let Some(until) = self.seen[other].go_until {
                let owed = self
                    .rules
                    .clearance_ms
                    .get(&(other, at))
                    .copied()
                    .unwrap_or(0);
                if look.now.saturating_sub(until) + self.slack_ms < owed {
                    report(Offence::ShortClearance(other, at));
                }
            }
        }
        look.people.people_on(look.site, &mut |person| {
            if hostile & (1 << person.group.index()) != 0 {
                report(Offence::Caught(person));
            }
        });
    }
}

/// True if the site as a whole shows no right of way but flash, or nothing at all.
fn in_flash(lamps: &[Indication]) -> bool {
    let dark = !lamps.is_empty() && lamps.iter().all(|shown| *shown == Indication::Dark);
    dark || lamps
        .iter()
        .any(|shown| is_flash(*shown) && *shown != Indication::Dark)
}

const fn is_flash(shown: Indication) -> bool {
    matches!(
        shown,
        Indication::Dark | Indication::FlashingAmber | Indication::FlashingRed
    )
}
