//! What a corridor has had of each controller, whichever of its stop lines it was for.
//!
//! The cap on a hold is the controller's: further stop lines, a new plan, another approach or a
//! vehicle that was lost and found again do not start it anew. It starts anew when the controller
//! has been without a lock of this corridor for as long as it rests after a capped hold.

use serde::{Deserialize, Serialize};

use crate::ids::SiteId;
use crate::units::{Millis, Mono};

/// One corridor's account with one controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tenure {
    site: SiteId,
    /// Time locked before the running lock.
    used: Millis,
    locked: Option<Mono>,
    /// The last lock ended.
    ended: Mono,
    /// Nothing is asked of it before.
    rests_until: Mono,
    /// A person has taken it out of the corridor.
    taken_out: bool,
}

/// One corridor's accounts with all controllers on its way, past plans' included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tenures {
    accounts: Vec<Tenure>,
}

impl Tenures {
    /// With an account for every controller of a way.
    pub(super) fn open(&mut self, sites: impl Iterator<Item = SiteId>) {
        for site in sites {
            if self.of(site).is_none() {
                self.accounts.push(Tenure {
                    site,
                    used: Millis::ZERO,
                    locked: None,
                    ended: Mono::ZERO,
                    rests_until: Mono::ZERO,
                    taken_out: false,
                });
            }
        }
    }

    /// Takes since when each controller is locked now; once a cycle, before anything changes.
    pub(super) fn look(
        &mut self,
        locked_since: impl Fn(SiteId) -> Option<Mono>,
        now: Mono,
        reservice: Millis,
    ) {
        for account in &mut self.accounts {
            match (locked_since(account.site), account.locked) {
                (Some(since), None) => account.locked = Some(since),
                (None, Some(since)) => {
                    account.used += now.since(since);
                    account.locked = None;
                    account.ended = now;
                }
                (None, None) if now.since(account.ended) >= reservice => {
                    account.used = Millis::ZERO;
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
    }

    /// The moment from which on no lock of `site` may live.
    pub(super) fn cap(&self, site: SiteId, hold_max: Millis, now: Mono) -> Mono {
        let Some(account) = self.of(site) else {
            return now + hold_max;
        };
        account.locked.unwrap_or(now) + hold_max.saturating_sub(account.used)
    }

    /// The cap was met: the controller belongs to the others until then, and the next lock of it is
    /// a new one.
    pub(super) fn rest(&mut self, site: SiteId, until: Mono) {
        if let Some(account) = self.accounts.iter_mut().find(|one| one.site == site) {
            (account.locked, account.used) = (None, Millis::ZERO);
            account.rests_until = until;
        }
    }

    /// True while nothing may be asked of `site`.
    pub(super) fn rests(&self, site: SiteId, now: Mono) -> bool {
        self.of(site).is_some_and(|one| now < one.rests_until)
    }

    /// A person takes `site` out for good, whatever plans come.
    pub(super) fn take_out(&mut self, site: SiteId) {
        if let Some(account) = self.accounts.iter_mut().find(|one| one.site == site) {
            account.taken_out = true;
        }
    }

    pub(super) fn is_taken_out(&self, site: SiteId) -> bool {
        self.of(site).is_some_and(|one| one.taken_out)
    }

    fn of(&self, site: SiteId) -> Option<&Tenure> {
        self.accounts.iter().find(|one| one.site == site)
    }
}
