//! The times of groups under a profile, and splits that hold them.

use super::course::{Course, Tenths, tenths};
use super::heads::Heads;
use super::import::ImportProfile;
use super::net::{Programme, SumoNet};
use super::relations::Relations;

/// Shortest green of driving groups, and the steady walk.
pub(super) const GREEN_MIN: Tenths = 70;
/// From the end of flashing green to the start of who was held.
const WALK_BUFFER: Tenths = 30;
/// Longest intergreen taken over from a programme.
const SHIPPED_MAX: Tenths = 120;
/// Longest all red between two stages, in which others may stay green.
const ALL_RED_MAX: Tenths = 30;

/// What the times of a site come from.
pub(super) struct Timing<'t, 'n> {
    pub(super) profile: ImportProfile,
    pub(super) net: &'t SumoNet,
    pub(super) programme: &'t Programme,
    pub(super) heads: &'t Heads<'n>,
    pub(super) relations: &'t Relations,
}

impl Timing<'_, '_> {
    /// Amber of a driving group.
    pub(super) fn amber(&self, group: usize) -> Tenths {
        if self.profile != ImportProfile::Cn {
            return 30;
        }
        let yellows = self
            .heads
            .links_of(group)
            .map(|head| self.yellow(head.index));
        yellows.max().unwrap_or_default().clamp(30, 60)
    }

    /// The longest amber the programme shows at a place.
    fn yellow(&self, place: usize) -> Tenths {
        let mut longest = 0;
        let mut run = 0;
        for step in &self.programme.steps {
            match step.state.chars().nth(place) {
                Some('y' | 'Y') => run += tenths(step.duration_s),
                _ => run = 0,
            }
            longest = longest.max(run);
        }
        longest
    }

    /// How long walkers may take: kerb to kerb at 1 m/s.
    pub(super) fn clear(&self, group: usize) -> Tenths {
        let length = self.crossing_m(group);
        tenths((length * 10.0).ceil() / 10.0)
    }

    /// The longest way over the street of a pedestrian group, metres.
    pub(super) fn crossing_m(&self, group: usize) -> f64 {
        let ways = self.heads.links_of(group).filter_map(|head| {
            let crossing = super::heads::crossing_of(self.net, head.link)?;
            let lane = self.net.edges.get(crossing)?.lanes.first()?;
            Some(lane.length_m)
        });
        let longest = ways.fold(1.0, f64::max);
        (longest * 10.0).round().clamp(10.0, 3000.0) / 10.0
    }

    /// From the end of the last go aspect of `from` to the start of `to`.
    pub(super) fn intergreen(&self, from: usize, to: usize) -> Tenths {
        let walks = self.heads.group(from).is_some_and(|group| group.walks);
        if walks {
            return WALK_BUFFER;
        }
        let amber = self.amber(from);
        match self.profile {
            ImportProfile::Resco => amber,
            ImportProfile::Field => amber + 10,
            ImportProfile::Cn => (amber + 20).max(self.shipped(from, to)),
        }
    }

    /// What the programme leaves between two groups where one follows the other directly.
    fn shipped(&self, from: usize, to: usize) -> Tenths {
        let place = |group: usize| self.heads.links_of(group).next().map(|head| head.index);
        let (Some(from), Some(to)) = (place(from), place(to)) else {
            return 0;
        };
        let steps = &self.programme.steps;
        let green = |at: usize, place: usize| {
            let step = steps.get(at % steps.len().max(1));
            step.is_some_and(|s| matches!(s.state.chars().nth(place), Some('g' | 'G')))
        };
        let mut longest = 0;
        for at in 0..steps.len() {
            if !green(at, from) || green(at + 1, from) {
                continue;
            }
            let mut gap = 0;
            for after in at + 1..at + steps.len() {
                if green(after, to) {
                    longest = longest.max(gap);
                    break;
                }
                let Some(step) = steps.get(after % steps.len().max(1)) else {
                    break;
                };
                let lasts = tenths(step.duration_s);
                gap += lasts;
                // A longer step with greens and no amber is a stage between.
                let shows = |letters: &[char]| step.state.contains(letters);
                if lasts > ALL_RED_MAX && shows(&['g', 'G']) && !shows(&['y', 'Y', 'u']) {
                    break;
                }
                if gap > SHIPPED_MAX || green(after, from) {
                    break;
                }
            }
        }
        longest
    }

    /// What lies between the end of steady green of `group` and the stage after `stage`.
    fn clearing(&self, group: usize, stage: usize, next: usize) -> Tenths {
        let before = self.heads.of_stage(stage);
        let after = self.heads.of_stage(next);
        if after.contains(&group) {
            return 0;
        }
        let walks = self.heads.group(group).is_some_and(|group| group.walks);
        let flashes = if walks { self.clear(group) } else { 0 };
        let gaining = after.iter().filter(|gainer| !before.contains(gainer));
        let held = gaining.filter(|gainer| self.relations.are_hostile(group, **gainer));
        let times = held.map(|gainer| self.intergreen(group, *gainer) + flashes);
        times.max().unwrap_or_default()
    }

    /// Every stretch of turns that holds `group`, with what its greens need in it.
    fn stretches(&self, course: &Course) -> Vec<(Vec<usize>, Tenths)> {
        let count = course.turns.len();
        let stage = |turn: usize| {
            let turn = course.turns.get(turn.checked_rem(count).unwrap_or(0));
            turn.map_or(0, |turn| turn.stage)
        };
        let mut made = Vec::new();
        for (number, group) in self.heads.groups.iter().enumerate() {
            let holds = |turn: usize| group.column.get(stage(turn)) == Some(&true);
            for first in (0..count).filter(|at| holds(*at) && !holds(at + count - 1)) {
                let last = (first..first + count).take_while(|at| holds(*at)).last();
                let last = last.unwrap_or(first);
                let change = self.clearing(number, stage(last), stage(last + 1));
                made.push(((first..=last).map(stage).collect(), GREEN_MIN + change));
            }
        }
        made
    }

    /// The splits of the programme, as little changed as minimum greens and clearances ask for; the
    /// cycle stays if other stages can spare the time.
    pub(super) fn fitted(&self, course: &Course) -> Vec<Tenths> {
        let mut splits = course.splits();
        if course.turns.len() < 2 {
            for split in &mut splits {
                *split = (*split).max(GREEN_MIN);
            }
            return splits;
        }
        let stretches = self.stretches(course);
        let cycle = |splits: &[Tenths]| -> Tenths {
            let turns = course.turns.iter();
            turns.filter_map(|turn| splits.get(turn.stage)).sum()
        };
        let shipped = course.turns.iter().map(|turn| turn.split).sum::<Tenths>();
        for (stages, needed) in &stretches {
            let short = needed.saturating_sub(total(&splits, stages));
            if let Some(split) = stages.last().and_then(|last| splits.get_mut(*last)) {
                *split += short;
            }
        }
        let mut surplus = cycle(&splits).saturating_sub(shipped);
        let mut longest_first: Vec<usize> = (0..splits.len()).collect();
        longest_first.sort_by_key(|stage| core::cmp::Reverse(splits.get(*stage).copied()));
        for stage in longest_first {
            let once = course
                .turns
                .iter()
                .filter(|turn| turn.stage == stage)
                .count()
                == 1;
            let own = stretches
                .iter()
                .filter(|(stages, _)| stages.contains(&stage));
            let spare = own.map(|(stages, need)| total(&splits, stages).saturating_sub(*need));
            let spare = spare.min().unwrap_or_default().min(surplus);
            if let Some(split) = splits
                .get_mut(stage)
                .filter(|split| once && **split > spare)
            {
                *split -= spare;
                surplus -= spare;
            }
        }
        splits
    }
}

fn total(splits: &[Tenths], stages: &[usize]) -> Tenths {
    stages.iter().filter_map(|stage| splits.get(*stage)).sum()
}
