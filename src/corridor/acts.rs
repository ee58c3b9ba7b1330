//! What a person does to a running corridor.

use alloc::sync::Arc;

use super::event::{LeaseEnd, Log, What};
use super::passage::{Hold, Passage};
use super::{CorridorPlan, Crossing, Mission};
use crate::ids::SiteId;
use crate::units::{Length, Millis, Mono};

impl Mission {
    /// The dispatcher says the vehicle is past `site`: it and all before it are done.
    pub(super) fn passed(&mut self, site: SiteId, now: Mono, log: &mut Log<'_>) -> bool {
        let open = |(crossing, passage): (&Crossing, &Passage)| {
            crossing.site == site && !passage.is_done()
        };
        let plan = Arc::clone(&self.plan);
        let Some(at) = plan.crossings.iter().zip(&self.passages).position(open) else {
            return false;
        };
        let upto = plan.crossings.iter().zip(&mut self.passages).take(at + 1);
        for (crossing, passage) in upto.filter(|(_, p)| !p.is_done()) {
            pass(crossing, passage, now, log);
        }
        if let Some(crossing) = plan.crossings.get(at) {
            // Seen at the stop line, by whomever: as good as a position there.
            self.track.seen_at(crossing.stop_line_at, &plan, now);
            self.next_forecast = now;
        }
        true
    }

    /// Takes `site` out of this corridor; false if it is not, or no longer, ahead.
    pub(super) fn take_out(&mut self, site: SiteId, now: Mono, log: &mut Log<'_>) -> bool {
        let plan = Arc::clone(&self.plan);
        let mut any = false;
        for (crossing, passage) in plan.places().zip(&mut self.passages) {
            if crossing.site != site || passage.is_done() {
                continue;
            }
            any = true;
            passage.taken_out = true;
            if matches!(passage.hold, Hold::Leased { .. }) {
                passage.end(now, Hold::Idle);
                log.add(now, What::LeaseEnded(site, LeaseEnd::TakenOut));
            }
        }
        if any {
            self.tenures.take_out(site);
            log.add(now, What::TakenOut(site));
        }
        any
    }

    /// Runs `plan` from now on. Holds of crossings that both plans pass the same way go on.
    pub(super) fn replace(&mut self, plan: Arc<CorridorPlan>, now: Mono, log: &mut Log<'_>) {
        let track = self.track.on_new_route(&plan);
        let along = track.spot().map_or(Length::ZERO, |spot| spot.along);
        let mut old: Vec<(Crossing, Passage)> = self
            .plan
            .places()
            .cloned()
            .zip(self.passages.iter().copied())
            .filter(|(_, passage)| !passage.is_done())
            .collect();
        let is_beyond = |plan: &CorridorPlan, own: &Crossing| plan.beyond.as_ref() == Some(own);
        let before = Arc::clone(&self.plan);
        self.passages.clear();
        for crossing in plan.places() {
            let same = |(c, _): &(Crossing, Passage)| {
                c.site == crossing.site
                    && c.approach == crossing.approach
                    && c.groups == crossing.groups
            };
            let kept = old.iter().position(same).map(|at| old.remove(at));
            let mut passage = match kept {
                // What was said of a signal that is not passed is not so of one that is.
                Some((own, kept)) if is_beyond(&before, &own) != is_beyond(&plan, crossing) => {
                    kept.held_only()
                }
                Some((_, kept)) => kept,
                None => Passage::default(),
            };
            passage.taken_out |= self.tenures.is_taken_out(crossing.site);
            if track.is_sure() && along >= crossing.passed_at && !passage.is_done() {
                pass(crossing, &mut passage, now, log);
            }
            self.passages.push(passage);
        }
        for (crossing, passage) in &old {
            if matches!(passage.hold, Hold::Leased { .. }) {
                log.add(now, What::LeaseEnded(crossing.site, LeaseEnd::Over));
            }
        }
        log.add(now, What::Replaced(plan.revision));
        self.tenures.open(plan.places().map(|c| c.site));
        self.track = track;
        self.strayed = None;
        self.plan = plan;
        self.next_forecast = now;
    }
}

/// The vehicle is through.
pub(super) fn pass(crossing: &Crossing, passage: &mut Passage, now: Mono, log: &mut Log<'_>) {
    if matches!(passage.hold, Hold::Leased { .. }) {
        log.add(now, What::LeaseEnded(crossing.site, LeaseEnd::Passed));
    }
    let next = Hold::Done {
        at: now,
        through: true,
        in_step: false,
    };
    passage.end(now, next);
    passage.refused_by = None;
    passage.wait = Millis::ZERO;
    let green = passage.green_at_decision.unwrap_or(false);
    log.add(now, What::Passed(crossing.site, green, passage.held));
}
