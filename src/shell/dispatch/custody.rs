//! Whose each corridor is: who asked, for which agency, and what still waits for a second person.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use super::auth::{Principal, Role};
use super::problem::Problem;
use super::world::CityView;

/// Corridors remembered; the oldest is forgotten first, and is over by then.
const CORRIDORS_MAX: usize = 4096;

/// One corridor's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Custody {
    /// The agency that may act on it.
    pub(super) agency: String,
    /// Who opened it.
    pub(super) by: String,
    /// Higher than the agency's ceiling: waits for somebody else's yes.
    pub(super) asked_priority: Option<u8>,
    /// Guard duty: only its own agency's people see it.
    pub(super) confidential: bool,
}

#[derive(Default)]
struct Inner {
    corridors: BTreeMap<u32, Custody>,
    /// Requests of each agency that are just being opened.
    opening: BTreeMap<String, u32>,
}

/// Whose each corridor is.
#[derive(Default)]
pub(super) struct Custodies {
    inner: Mutex<Inner>,
}

impl Custodies {
    /// Makes room for one more corridor of `agency`, of which `running` are not over.
    pub(super) fn reserve(
        &self,
        agency: &str,
        most: u32,
        running: impl Iterator<Item = u32>,
    ) -> Result<(), Problem> {
        let mut inner = self.inner();
        let own = running.filter(|id| inner.is_of(*id, agency)).count();
        let opening = inner.opening.get(agency).copied().unwrap_or(0);
        if u32::try_from(own)
            .unwrap_or(u32::MAX)
            .saturating_add(opening)
            >= most
        {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "quota",
                format!("{agency} may have {most} corridors at once; end one, or ask an admin"),
            ));
        }
        *inner.opening.entry(agency.to_owned()).or_default() += 1;
        Ok(())
    }

    /// Ends a reservation: by a corridor that was opened, or by none.
    pub(super) fn settle(&self, agency: &str, opened: Option<(u32, Custody)>) {
        let mut inner = self.inner();
        if let Some(opening) = inner.opening.get_mut(agency) {
            *opening = opening.saturating_sub(1);
        }
        if let Some((corridor, custody)) = opened {
            if inner.corridors.len() >= CORRIDORS_MAX {
                inner.corridors.pop_first();
            }
            inner.corridors.insert(corridor, custody);
        }
    }

    /// What is known of a corridor.
    pub(super) fn of(&self, corridor: u32) -> Option<Custody> {
        self.inner().corridors.get(&corridor).cloned()
    }

    /// Refuses an act on another agency's corridor.
    pub(super) fn check(&self, corridor: u32, by: &Principal) -> Result<(), Problem> {
        if !self.may_see(corridor, by) {
            return Err(no_such(corridor));
        }
        let owner = self.of(corridor).map(|custody| custody.agency);
        match owner {
            Some(agency) if agency != by.agency && is_partner(by) => Err(no_such(corridor)),
            // Nobody's yet, as for a moment after the key: not a partner's either.
            None if is_partner(by) => Err(no_such(corridor)),
            Some(agency) if agency != by.agency => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "another-agencys",
                format!(
                    "corridor {corridor} is {agency}'s; to end it nevertheless, POST \
                     /api/v1/acts with act cancel-corridor"
                ),
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// True if `by` may know of this corridor: machines know their own agency's, people all but
    /// another agency's guard duty.
    pub(super) fn may_see(&self, corridor: u32, by: &Principal) -> bool {
        let custody = self.of(corridor);
        if !is_partner(by) {
            return custody.is_none_or(|one| !one.confidential || one.is_known_to(by));
        }
        custody.is_some_and(|one| one.agency == by.agency && !one.confidential)
    }

    /// True if a corridor of the picture is none of `by`'s business.
    pub(super) fn hides(&self, view: &CityView, by: &Principal) -> bool {
        is_partner(by) || view.corridors.iter().any(|one| !self.may_see(one.id, by))
    }

    /// Gives a corridor to another agency.
    pub(super) fn hand_over(&self, corridor: u32, agency: &str) {
        let mut inner = self.inner();
        agency.clone_into(&mut inner.corridors.entry(corridor).or_default().agency);
    }

    /// Notes that the second person has answered, whatever the answer.
    pub(super) fn confirmed(&self, corridor: u32) {
        if let Some(custody) = self.inner().corridors.get_mut(&corridor) {
            custody.asked_priority = None;
        }
    }

    /// The picture without what a partner may not know: other agencies' corridors and vehicles.
    pub(super) fn narrowed(&self, view: &CityView, by: &Principal, own: &[String]) -> CityView {
        let mut view = view.clone();
        let hidden = |id: u32| !self.may_see(id, by);
        let unseen = |id: Option<u32>| id.is_some_and(hidden);
        view.corridors.retain(|one| !hidden(one.id));
        view.vehicles
            .retain(|one| own.contains(&one.id) && (is_partner(by) || !unseen(one.corridor)));
        for site in &mut view.sites {
            site.corridor = site.corridor.filter(|id| is_partner(by) || !hidden(*id));
        }
        view
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Custody {
    /// The dispatchers of its own agency know a confidential mission.
    fn is_known_to(&self, by: &Principal) -> bool {
        self.agency == by.agency && by.holds_any(&[Role::Dispatcher])
    }
}

impl Inner {
    fn is_of(&self, corridor: u32, agency: &str) -> bool {
        let custody = self.corridors.get(&corridor);
        custody.is_some_and(|custody| custody.agency == agency)
    }
}

/// A machine of an agency and nothing more: sees and touches its own missions only.
pub(super) fn is_partner(by: &Principal) -> bool {
    by.roles.iter().all(|role| *role == Role::Integration)
}

/// There is no such corridor, or it is none of the caller's business.
pub(super) fn no_such(id: impl core::fmt::Display) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-corridor",
        format!("there is no corridor {id}"),
    )
}
