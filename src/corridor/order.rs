//! The order of vehicles that meet: an exact search over who goes first at each signal they share.
//!
//! Vehicles are given their arrivals; a pair of stops whose windows overlap is ordered one way and
//! the other, the earliest first, and the times of everybody behind it follow. An order is scored
//! by what all vehicles lose over all their signals. Orders by rank alone (each of the
//! permutations of up to [`PERMUTED_MAX`] vehicles) give the first bounds, then every branch that
//! can still be better is looked at, up to [`NODES_MAX`] of them: deterministic, and never worse
//! than the best permutation.

use super::promise::Promise;
use crate::ids::{CorridorId, SiteId};
use crate::units::{Millis, Mono};

/// So many vehicles are tried in every order.
const PERMUTED_MAX: usize = 4;
/// Most states that one search looks at.
pub(super) const NODES_MAX: u32 = 600;
/// A lateness of this length weighs twice as much a second as none: nobody is kept for ever.
const DOUBLE_AFTER_MS: u64 = 60_000;
/// A lock that is taken away has to be worth this much of its vehicle's time.
const SWITCH_MS: u64 = 15_000;

/// One vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Runner {
    pub(super) corridor: CorridorId,
    /// Rank of its class, then life risk: lower goes first.
    pub(super) rank: (u8, u8),
    /// It has right of way over those that do not: an escort has not.
    pub(super) preempts: bool,
    /// What it has waited for others so far.
    pub(super) waited: Millis,
}

/// One vehicle at one signal. The stops of a vehicle lie side by side, in the order of its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    /// Place of the vehicle among the runners.
    pub(super) runner: usize,
    /// Place of the crossing on its route.
    pub(super) crossing: usize,
    pub(super) site: SiteId,
    /// When it is at the stop line if nobody is in its way.
    pub(super) free: Mono,
    /// When it would be there if the signal were green and nobody stood before it.
    pub(super) unhindered: Mono,
    /// Its green has to begin this long before it is there.
    pub(super) lead: Millis,
    /// What of the lead the queue before it needs.
    pub(super) flush: Millis,
    /// From the stop line until it is through.
    pub(super) tail: Millis,
    /// From the expected to the late arrival.
    pub(super) err: Millis,
    /// What the signal needs to change.
    pub(super) change: Millis,
    /// It could no longer stop before its held green.
    pub(super) committed: bool,
    /// It holds a lock here.
    pub(super) holds: bool,
}

/// Two stops at one signal that cannot be green together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) stops: [usize; 2],
    /// From the end of the green of one to the green of the other, by who goes first.
    pub(super) clear: [Millis; 2],
    /// What was said of them before.
    pub(super) promise: Option<Promise>,
}

/// One stop is served before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Before {
    pair: usize,
    /// Which of the pair goes first.
    first: usize,
}

/// What the stops of one vehicle may lose.
pub(super) const fn weight((rank, priority): (u8, u8)) -> u64 {
    let class = if rank >= 6 { 0 } else { 6 - rank as u32 };
    let risk = if priority >= 5 {
        0
    } else {
        5 - priority as u64
    };
    3_u64.pow(class) * (5 + risk)
}

/// What a lateness costs: rising, so that who has waited long goes sooner.
pub(super) fn cost(rank: (u8, u8), late: Millis) -> u64 {
    let ms = u64::from(late.as_ms());
    weight(rank) * (ms + ms * ms / (2 * DOUBLE_AFTER_MS))
}

/// The search of one group of vehicles that meet, and its room.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    pub(super) runners: Vec<Runner>,
    pub(super) stops: Vec<Stop>,
    pub(super) pairs: Vec<Pair>,
    path: Vec<Before>,
    turned: Vec<Before>,
    best: Vec<Before>,
    best_cost: Option<(u64, u64)>,
    times: Vec<Mono>,
    nodes: u32,
}

impl Search {
    pub(super) fn clear(&mut self) {
        self.runners.clear();
        self.stops.clear();
        self.pairs.clear();
    }

    /// Finds the best order; the times of the stops in it are those of [`Search::times`].
    pub(super) fn solve(&mut self) {
        self.path.clear();
        self.best.clear();
        self.best_cost = None;
        self.nodes = 0;
        for (pair, [one, other]) in self.pairs.iter().map(|pair| pair.stops).enumerate() {
            let committed = |stop: usize| self.stops.get(stop).is_some_and(|s| s.committed);
            let first = match (committed(one), committed(other)) {
                (true, false) => 0,
                (false, true) => 1,
                (true, true) | (false, false) => continue,
            };
            self.path.push(Before { pair, first });
        }
        self.keep_turned();
        let forced = self.path.len();
        if self.runners.len() <= PERMUTED_MAX {
            let mut order: [usize; PERMUTED_MAX] = core::array::from_fn(|at| at);
            self.permute(&mut order, 0);
        }
        self.path.truncate(forced);
        self.branch();
        if self.best_cost.is_none() {
            self.path.truncate(forced);
            self.go_by_rank();
        }
        self.path.clear();
        self.path.extend_from_slice(&self.best);
        self.lay_times();
    }

    /// Orders that were turned round stay as they are, as far as that goes together with those that
    /// could no longer stop.
    fn keep_turned(&mut self) {
        for (pair, promise) in self.pairs.iter().map(|pair| pair.promise).enumerate() {
            let turned = promise.filter(|promise| promise.turned);
            let is_open = !self.path.iter().any(|before| before.pair == pair);
            if let (Some(Promise { first, .. }), true) = (turned, is_open) {
                self.turned.push(Before { pair, first });
            }
        }
        while let Some(before) = self.turned.pop() {
            self.path.push(before);
            if !self.lay_times() {
                self.path.pop();
            }
        }
    }

    /// The lateness of all, those with right of way and the others apart; `None` before a search.
    #[cfg(test)]
    pub(super) const fn found(&self) -> Option<(u64, u64)> {
        self.best_cost
    }

    /// When each stop's vehicle is at the stop line in the best order.
    pub(super) fn times(&self) -> &[Mono] {
        &self.times
    }

    /// True if the search found that `first` of the pair has to go before the other.
    pub(super) fn first_of(&self, pair: usize) -> Option<usize> {
        let found = self.best.iter().find(|before| before.pair == pair);
        found.map(|before| before.first)
    }

    /// Every order of the vehicles, each followed to its end.
    fn permute(&mut self, order: &mut [usize; PERMUTED_MAX], from: usize) {
        let count = self.runners.len();
        if from >= count {
            let forced = self.path.len();
            self.dive(&order[..count]);
            self.path.truncate(forced);
            return;
        }
        for at in from..count {
            // Rotated, not swapped: the first order tried is the one by number.
            order[from..=at].rotate_right(1);
            self.permute(order, from + 1);
            order[from..=at].rotate_left(1);
        }
    }

    /// Follows one order of the vehicles: whoever is earlier in it goes first where two meet.
    fn dive(&mut self, order: &[usize]) {
        loop {
            if !self.lay_times() {
                return;
            }
            let Some(pair) = self.conflict() else {
                return self.keep();
            };
            let place = |which: usize| {
                let runner = self.runner_of(pair, which);
                order.iter().position(|at| Some(*at) == runner)
            };
            let first = usize::from(place(1) < place(0));
            self.path.push(Before { pair, first });
        }
    }

    fn branch(&mut self) {
        self.nodes += 1;
        if self.nodes > NODES_MAX || !self.lay_times() {
            return;
        }
        let so_far = self.score();
        if self.best_cost.is_some_and(|best| so_far >= best) {
            return;
        }
        let Some(pair) = self.conflict() else {
            return self.keep();
        };
        let preferred = self.preferred(pair);
        for first in [preferred, 1 - preferred] {
            self.path.push(Before { pair, first });
            self.branch();
            self.path.pop();
        }
    }

    /// Where the search came to no end, whoever is preferred goes first, as far as that goes
    /// together; and nobody who could no longer stop is told to.
    fn go_by_rank(&mut self) {
        let forced = self.path.len();
        while self.lay_times() {
            let Some(pair) = self.conflict() else {
                break;
            };
            let first = self.preferred(pair);
            self.path.push(Before { pair, first });
        }
        if self.path.len() > forced && !self.lay_times() {
            self.path.pop();
        }
        self.best.clone_from(&self.path);
    }

    /// Keeps the path if it is the best so far.
    fn keep(&mut self) {
        let score = self.score();
        if self.best_cost.is_none_or(|best| score < best) {
            self.best_cost = Some(score);
            self.best.clear();
            self.best.extend_from_slice(&self.path);
        }
    }

    /// Who of a pair is tried first: by rank, arrival, and at last the number of the corridor.
    fn preferred(&self, pair: usize) -> usize {
        let key = |which: usize| {
            let stop = self.stop_of(pair, which)?;
            let runner = self.runners.get(stop.runner)?;
            Some((!runner.preempts, runner.rank, stop.free, runner.corridor))
        };
        usize::from(key(1) < key(0))
    }

    fn stop_of(&self, pair: usize, which: usize) -> Option<&Stop> {
        let stop = *self.pairs.get(pair)?.stops.get(which)?;
        self.stops.get(stop)
    }

    fn runner_of(&self, pair: usize, which: usize) -> Option<usize> {
        self.stop_of(pair, which).map(|stop| stop.runner)
    }

    /// Lays out when everybody is where, by the path; false if the path contradicts itself.
    fn lay_times(&mut self) -> bool {
        self.times.clear();
        self.times.extend(self.stops.iter().map(|stop| stop.free));
        for _ in 0..=self.stops.len() {
            let mut moved = false;
            for before in &self.path {
                let Some(pair) = self.pairs.get(before.pair) else {
                    continue;
                };
                let [a, b] = pair.stops;
                let (first, then) = if before.first == 0 { (a, b) } else { (b, a) };
                let clear = pair.clear.get(before.first).copied().unwrap_or_default();
                let (Some(one), Some(other), Some(at)) = (
                    self.stops.get(first),
                    self.stops.get(then),
                    self.times.get(first),
                ) else {
                    continue;
                };
                let earliest = *at + one.tail + clear + other.flush;
                if let Some(time) = self.times.get_mut(then).filter(|time| **time < earliest) {
                    *time = earliest;
                    moved = true;
                }
            }
            moved |= self.carry_on();
            if !moved {
                return true;
            }
        }
        false
    }

    /// What a vehicle loses at one signal it has lost at the next.
    fn carry_on(&mut self) -> bool {
        let mut moved = false;
        let mut before: Option<(usize, Millis)> = None;
        for (stop, time) in self.stops.iter().zip(&mut self.times) {
            let carried = before.filter(|(runner, _)| *runner == stop.runner);
            let earliest = stop.free + carried.map_or(Millis::ZERO, |(_, late)| late);
            if *time < earliest {
                *time = earliest;
                moved = true;
            }
            before = Some((stop.runner, time.since(stop.free)));
        }
        moved
    }

    /// The earliest pair whose windows overlap and that is not ordered yet.
    fn conflict(&self) -> Option<usize> {
        let mut earliest: Option<(Mono, usize)> = None;
        for (at, pair) in self.pairs.iter().enumerate() {
            if self.path.iter().any(|before| before.pair == at) {
                continue;
            }
            let [a, b] = pair.stops;
            let window = |stop: usize| {
                let (info, time) = (self.stops.get(stop)?, *self.times.get(stop)?);
                let from = time.as_ms().saturating_sub(u64::from(info.lead.as_ms()));
                Some((Mono::from_ms(from), time + info.tail))
            };
            let (Some(one), Some(other)) = (window(a), window(b)) else {
                continue;
            };
            let [clear_one, clear_other] = pair.clear;
            let overlaps = one.1 + clear_one > other.0 && other.1 + clear_other > one.0;
            let begins = one.0.min(other.0);
            if overlaps && earliest.is_none_or(|known| (begins, at) < known) {
                earliest = Some((begins, at));
            }
        }
        earliest.map(|(_, at)| at)
    }

    /// What everybody loses by the present times: those with right of way, then the others.
    fn score(&self) -> (u64, u64) {
        let mut score = (0_u64, 0_u64);
        for (at, runner) in self.runners.iter().enumerate() {
            let own = self.stops.iter().zip(&self.times);
            let last = own.rev().find(|(stop, _)| stop.runner == at);
            let late = last.map_or(Millis::ZERO, |(stop, time)| time.since(stop.free));
            let new = cost(runner.rank, runner.waited + late);
            let sum = if runner.preempts {
                &mut score.0
            } else {
                &mut score.1
            };
            *sum = sum.saturating_add(new);
        }
        for before in &self.path {
            let displaced = self.stop_of(before.pair, 1 - before.first.min(1));
            let Some(stop) = displaced.filter(|stop| stop.holds) else {
                continue;
            };
            let Some(runner) = self.runners.get(stop.runner) else {
                continue;
            };
            let sum = if runner.preempts {
                &mut score.0
            } else {
                &mut score.1
            };
            *sum = sum.saturating_add(weight(runner.rank) * SWITCH_MS);
        }
        score
    }
}
