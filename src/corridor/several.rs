//! Several vehicles: who meets whom where, who goes first, and what the others are told.
//!
//! Once a second the crossings ahead of all vehicles are laid beside each other. Those that lie at
//! one signal and cannot be green together make a pair; vehicles that meet, directly or through a
//! third, are ordered together by the exact search in `order.rs`.

use serde::{Deserialize, Serialize};

use super::event::{Log, What};
use super::order::{Pair, Runner, Search, Stop};
use super::passage::Hold;
use super::promise::promise;
use super::{Availability, CorridorEvent, Mission, Settings, SiteBoard};
use crate::ids::{CorridorId, SiteId};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// Time between two searches.
const ORDER_EVERY: Millis = Millis::from_secs(1);
/// Vehicles further apart than this at a signal do not meet there.
const APART: Millis = Millis::from_secs(300);
/// A crew is told of a red so long before its arrival; earlier it may still come otherwise.
const TELL_AHEAD: Millis = Millis::from_secs(120);
/// A shorter wait is no red worth telling.
const WAIT_MIN: Millis = Millis::from_secs(1);
/// It is told again when the wait has changed by so much.
const TELL_AGAIN: Millis = Millis::from_secs(5);

/// One vehicle and one crossing of its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct At {
    pub(super) corridor: CorridorId,
    pub(super) crossing: usize,
}

impl At {
    const fn key(self) -> (CorridorId, usize) {
        (self.corridor, self.crossing)
    }
}

/// What was found for two vehicles that cannot be green together at a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Precedence {
    pub(super) site: SiteId,
    pub(super) first: At,
    pub(super) then: At,
    /// Their windows overlap: the second is not served before the first is through.
    pub(super) binds: bool,
    /// What the second waits at this signal for all who go before it.
    pub(super) wait: Millis,
    /// The first is through by then at the latest, by what was expected when the order was found.
    pub(super) promised: Mono,
    /// The order was turned round because a promise was not kept.
    pub(super) turned: bool,
    /// Places of the two among the missions when it was found.
    missions: [usize; 2],
}

/// The orders in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Orders {
    found: Vec<Precedence>,
    next: Mono,
}

/// The room of a search. It holds nothing between steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    stops: Vec<Seen>,
    /// Places of the stops, by signal.
    by_site: Vec<usize>,
    pairs: Vec<(usize, usize)>,
    is_paired: Vec<bool>,
    busy: Vec<usize>,
    runners: Vec<usize>,
    group_of: Vec<usize>,
    places: Vec<usize>,
    /// What was found the last time.
    before: Vec<Precedence>,
    search: Search,
}

/// A stop with what it asks of the signal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) mission: usize,
    groups: GroupSet,
    pub(super) stop: Stop,
}

impl Orders {
    /// Forgets what was found of `corridor`, whose plan is another now.
    pub(super) fn forget(&mut self, corridor: CorridorId) {
        let is_of = |at: At| at.corridor == corridor;
        self.found
            .retain(|found| !is_of(found.first) && !is_of(found.then));
        self.next = Mono::ZERO;
    }

    /// Who has to be through before `corridor` may be served at its crossing.
    pub(super) fn waits_for(&self, corridor: CorridorId, crossing: usize) -> Option<&Precedence> {
        let own = |found: &Precedence| found.then.key();
        let from = self
            .found
            .partition_point(|found| own(found) < (corridor, crossing));
        let mut same = self.found.iter().skip(from);
        let own = same
            .next()
            .filter(|found| own(found) == (corridor, crossing));
        // Those that bind come first.
        own.filter(|found| found.binds)
    }

    /// True if `one` is through before the green of `other` has to begin, though they cannot be
    /// green together.
    pub(super) fn is_through_before(&self, one: At, other: At) -> bool {
        let then = |found: &Precedence| found.then.key();
        let from = (self.found).partition_point(|found| then(found) < other.key());
        let own = self.found.iter().skip(from);
        own.take_while(|found| found.then == other)
            .any(|found| !found.binds && found.first == one)
    }

    /// True if the two were looked at together.
    pub(super) fn know(&self, one: At, other: At) -> bool {
        let mut pairs = self.found.iter().map(|found| (found.first, found.then));
        pairs.any(|pair| pair == (one, other) || pair == (other, one))
    }

    /// Looks again if it is time, or if somebody who was to go first no longer is.
    pub(super) fn look<B: SiteBoard>(
        &mut self,
        (missions, now): (&mut [Mission], Mono),
        (settings, board): (&Settings, &B),
        desk: &mut Desk,
        events: &mut Vec<CorridorEvent>,
    ) {
        let stale = |found: &Precedence| {
            let waits = |(at, mission): (At, usize)| {
                missions.get(mission).is_some_and(|mission| {
                    mission.plan.corridor == at.corridor && mission.is_ahead(at.crossing, now)
                })
            };
            let [first, then] = found.missions;
            !waits((found.first, first)) || !waits((found.then, then))
        };
        if now < self.next && !self.found.iter().any(stale) {
            return;
        }
        self.next = now + ORDER_EVERY;
        core::mem::swap(&mut self.found, &mut desk.before);
        self.found.clear();
        if missions.len() >= 2 {
            desk.collect((missions, now), settings, board);
            desk.order(missions, now, board, &mut self.found);
            let key = |found: &Precedence| (found.then.key(), !found.binds, found.first.key());
            self.found.sort_unstable_by_key(key);
        }
        for mission in missions {
            self.tell(mission, now, events);
        }
    }

    /// Tells a vehicle what it will have to wait for, once and when it has changed.
    fn tell(&self, mission: &mut Mission, now: Mono, events: &mut Vec<CorridorEvent>) {
        let corridor = mission.plan.corridor;
        let plan = alloc::sync::Arc::clone(&mission.plan);
        for (at, (crossing, passage)) in
            (plan.crossings.iter().zip(&mut mission.passages)).enumerate()
        {
            let near = now + TELL_AHEAD >= passage.forecast.eta;
            let found = self.waits_for(corridor, at);
            let found = found.filter(|found| near && found.wait >= WAIT_MIN);
            let Some(found) = found else {
                if passage.wait > Millis::ZERO {
                    passage.wait = Millis::ZERO;
                    passage.refused_by = None;
                    passage.told = None;
                }
                continue;
            };
            let free_at = passage.forecast.eta + found.wait;
            let is_new = passage.told.is_none_or(|(by, told)| {
                by != found.first.corridor
                    || told.since(free_at).max(free_at.since(told)) >= TELL_AGAIN
            });
            if is_new {
                passage.told = Some((found.first.corridor, free_at));
                let what = What::ExpectRed(crossing.site, found.first.corridor, found.wait);
                Log { corridor, events }.add(now, what);
            }
            passage.wait = found.wait;
            passage.refused_by = Some(found.first.corridor);
        }
    }
}

impl Desk {
    /// The crossings ahead of every vehicle that drives or is about to, and which of them cannot be green together.
    fn collect<B: SiteBoard>(
        &mut self,
        (missions, now): (&[Mission], Mono),
        settings: &Settings,
        board: &B,
    ) {
        self.stops.clear();
        self.pairs.clear();
        for (at, mission) in missions.iter().enumerate() {
            if !mission.is_under_way(now) {
                continue;
            }
            for (crossing, (place, passage)) in
                (mission.plan.crossings.iter().zip(&mission.passages)).enumerate()
            {
                let is_asked = mission.is_ahead(crossing, now)
                    && place.can_be_held()
                    && board.availability(place.site) == Availability::Ready;
                if !is_asked {
                    continue;
                }
                let window = passage.window(place);
                let braking = settings.braking_time(place.approach_speed);
                let forecast = &passage.forecast;
                let carried = forecast.carried;
                self.stops.push(Seen {
                    mission: at,
                    groups: place.groups,
                    stop: Stop {
                        runner: at,
                        crossing,
                        site: place.site,
                        free: forecast.eta.back(carried).max(now),
                        unhindered: forecast.unhindered,
                        lead: forecast.flush + settings.margin + braking,
                        flush: forecast.flush,
                        tail: window.until.since(forecast.eta),
                        err: forecast.eta_err,
                        change: forecast.change,
                        committed: mission.is_committed(crossing, now, settings),
                        holds: matches!(
                            passage.hold,
                            Hold::Leased {
                                locked: Some(_),
                                ..
                            }
                        ),
                    },
                });
            }
        }
        self.pair(board);
    }

    /// The stops at one signal that are not far apart and cannot be green together.
    fn pair<B: SiteBoard>(&mut self, board: &B) {
        let stops = &self.stops;
        let site = |at: usize| stops.get(at).map(|seen| seen.stop.site);
        self.by_site.clear();
        self.by_site.extend(0..stops.len());
        self.by_site.sort_unstable_by_key(|at| (site(*at), *at));
        self.is_paired.clear();
        self.is_paired.resize(stops.len(), false);
        for (place, at) in self.by_site.iter().enumerate() {
            let others = self.by_site.iter().skip(place + 1);
            for beside in others.take_while(|beside| site(**beside) == site(*at)) {
                let (Some(one), Some(other)) = (stops.get(*at), stops.get(*beside)) else {
                    continue;
                };
                let apart = one.stop.free.since(other.stop.free);
                let apart = apart.max(other.stop.free.since(one.stop.free));
                let meet = one.mission != other.mission
                    && apart <= APART
                    && !(board.hostile_to(one.stop.site, one.groups)).is_disjoint(other.groups);
                if meet {
                    self.pairs.push((*at, *beside));
                    for paired in [*at, *beside] {
                        if let Some(flag) = self.is_paired.get_mut(paired) {
                            *flag = true;
                        }
                    }
                }
            }
        }
    }

    /// Orders each set of vehicles that meet.
    fn order<B: SiteBoard>(
        &mut self,
        missions: &[Mission],
        now: Mono,
        board: &B,
        found: &mut Vec<Precedence>,
    ) {
        self.group(missions.len());
        for at in 0..self.busy.len() {
            let group = self.busy.get(at).copied().unwrap_or_default();
            self.lay_out(missions, (group, now), board);
            self.search.solve();
            for pair in 0..self.search.pairs.len() {
                found.extend(self.precedence(pair, now));
            }
        }
    }

    /// Vehicles that meet, directly or through others, are in the group of the first of them.
    fn group(&mut self, count: usize) {
        self.group_of.clear();
        self.group_of.extend(0..count);
        for (a, b) in &self.pairs {
            let mission = |at: usize| self.stops.get(at).map(|seen| seen.mission);
            let (Some(a), Some(b)) = (mission(*a), mission(*b)) else {
                continue;
            };
            let of = |at: usize| self.group_of.get(at).copied().unwrap_or(at);
            let (low, high) = (of(a).min(of(b)), of(a).max(of(b)));
            for group in self.group_of.iter_mut().filter(|group| **group == high) {
                *group = low;
            }
        }
        let (stops, group_of) = (&self.stops, &self.group_of);
        let group = |at: usize| stops.get(at).and_then(|seen| group_of.get(seen.mission));
        self.busy.clear();
        self.busy
            .extend(self.pairs.iter().filter_map(|(a, _)| group(*a)));
        self.busy.sort_unstable();
        self.busy.dedup();
    }

    /// Fills the search with one group: its vehicles, their stops that matter, and the pairs.
    fn lay_out<B: SiteBoard>(
        &mut self,
        missions: &[Mission],
        (group, now): (usize, Mono),
        board: &B,
    ) {
        let Self {
            search, runners, ..
        } = self;
        search.clear();
        runners.clear();
        self.places.clear();
        self.places.resize(self.stops.len(), usize::MAX);
        let mut runner_of = usize::MAX;
        for (at, seen) in self.stops.iter().enumerate() {
            let is_paired = self.is_paired.get(at) == Some(&true);
            if !is_paired || self.group_of.get(seen.mission) != Some(&group) {
                continue;
            }
            let Some(mission) = missions.get(seen.mission) else {
                continue;
            };
            if runner_of != seen.mission {
                runner_of = seen.mission;
                runners.push(seen.mission);
                search.runners.push(Runner {
                    corridor: mission.plan.corridor,
                    rank: (mission.rank, mission.plan.priority),
                    preempts: mission.plan.preempts,
                    waited: mission.waited(),
                });
            }
            if let Some(place) = self.places.get_mut(at) {
                *place = search.stops.len();
            }
            search.stops.push(Stop {
                runner: search.runners.len() - 1,
                ..seen.stop
            });
        }
        for (a, b) in &self.pairs {
            let place = |at: usize| self.places.get(at).copied().filter(|at| *at != usize::MAX);
            let (Some(one), Some(other)) = (place(*a), place(*b)) else {
                continue;
            };
            let (Some(first), Some(second)) = (self.stops.get(*a), self.stops.get(*b)) else {
                continue;
            };
            let site = first.stop.site;
            search.pairs.push(Pair {
                stops: [one, other],
                promise: promise([first, second], missions, now, &self.before),
                clear: [
                    board.clearance(site, first.groups, second.groups),
                    board.clearance(site, second.groups, first.groups),
                ],
            });
        }
    }

    fn precedence(&self, pair: usize, now: Mono) -> Option<Precedence> {
        let search = &self.search;
        let [a, b] = search.pairs.get(pair)?.stops;
        let time = |stop: usize| search.times().get(stop).copied();
        let bound = search.first_of(pair);
        let a_first = match bound {
            Some(first) => first == 0,
            None => time(a)? <= time(b)?,
        };
        let (first, then) = if a_first { (a, b) } else { (b, a) };
        let at = |stop: &Stop| {
            let runner = search.runners.get(stop.runner)?;
            Some(At {
                corridor: runner.corridor,
                crossing: stop.crossing,
            })
        };
        let (one, other) = (search.stops.get(first)?, search.stops.get(then)?);
        // What it has lost before is not waited for here.
        let before = then.checked_sub(1).and_then(|at| search.stops.get(at));
        let before = before.filter(|stop| stop.runner == other.runner);
        let carried = before.map_or(Millis::ZERO, |stop| {
            time(then - 1).unwrap_or_default().since(stop.free)
        });
        let place = usize::from(!a_first);
        let promise = search.pairs.get(pair)?.promise;
        let promise = promise.filter(|promise| bound.is_some() && promise.first == place);
        Some(Precedence {
            site: one.site,
            first: at(one)?,
            then: at(other)?,
            binds: bound.is_some(),
            wait: time(then)?.since(other.free + carried),
            promised: match promise {
                Some(promise) => promise.until,
                None => one.promised(time(first)?, now),
            },
            turned: promise.is_some_and(|promise| promise.turned),
            missions: [
                *self.runners.get(one.runner)?,
                *self.runners.get(other.runner)?,
            ],
        })
    }
}
