//! What every group shows through one round of a plan.

use super::build::{Round, Run};
use super::checked::CheckedSite;
use crate::ids::{GroupId, PlanId, StageId};
use crate::signal::{GroupTiming, Indication};
use crate::units::Millis;

/// One round of a plan as lamps, beginning with the first stage of its sequence.
///
/// A plan without a cycle is shown with every stage at its longest. Groups end as late as their
/// own clearance allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundLamps {
    /// How long the round is.
    pub length: Millis,
    /// Time between two samples.
    pub every: Millis,
    /// When the stage the offset speaks of begins in the round; zero if there is none.
    pub coordinated_at: Millis,
    /// One row per group, indexed by [`GroupId`]; one sample each `every`.
    pub rows: Vec<Vec<Indication>>,
}

/// The lamps of one round of a plan; `None` if the site has no such plan or the plan no time.
#[must_use]
pub fn lamps_of_round(site: &CheckedSite, plan: PlanId, every: Millis) -> Option<RoundLamps> {
    let plan = site.plans.get(plan.index())?;
    let minimum = |stage: StageId| minimum_of(site, stage);
    let round = Round {
        stages: &site.stages,
        conflicts: site.safety.conflicts(),
        groups: &site.groups,
        minimum: &minimum,
        plan,
    };
    let length = round.start(round.len());
    if length == Millis::ZERO || every == Millis::ZERO {
        return None;
    }
    let coordinated = (0..round.len()).find(|at| plan.coordinated == Some(round.stage(*at)));
    let timings = (0_u8..).map(GroupId::new).zip(site.safety.timings());
    Some(RoundLamps {
        length,
        every,
        coordinated_at: coordinated.map_or(Millis::ZERO, |at| round.start(at)),
        rows: timings
            .map(|(group, timing)| row_of(&round, (group, timing), length, every))
            .collect(),
    })
}

/// The longest minimum green in `stage`.
pub(super) fn minimum_of(site: &CheckedSite, stage: StageId) -> Millis {
    let groups = site.stages.get(stage.index()).map(|info| info.stage.groups);
    let groups = groups.unwrap_or_default();
    let times = groups.iter().filter_map(|group| site.safety.timing(group));
    times
        .map(|timing| timing.green_min)
        .max()
        .unwrap_or_default()
}

/// What a group shows through the round, one sample each `every`.
pub(super) fn row_of(
    round: &Round<'_>,
    (group, timing): (GroupId, &GroupTiming),
    length: Millis,
    every: Millis,
) -> Vec<Indication> {
    let moments = moments(length, every);
    let Some(runs) = round.runs(group) else {
        return moments.map(|_| Indication::Green).collect();
    };
    let shown = |moment: Millis| {
        let found = runs.iter().find_map(|run| {
            let begin = round.start(run.first) + round.late(*run, group);
            aspect(round, *run, (group, timing), since(begin, moment, length))
        });
        found.unwrap_or(Indication::Red)
    };
    moments.map(shown).collect()
}

/// The moments of a round at which it is looked at.
fn moments(length: Millis, every: Millis) -> impl Iterator<Item = Millis> {
    let step = every.as_ms().max(1);
    (0..length.as_ms().div_ceil(step)).map(move |at| Millis::new(at * step))
}

/// Time from `begin` to `moment` in a round of `length`.
fn since(begin: Millis, moment: Millis, length: Millis) -> Millis {
    let begin = begin.as_ms().checked_rem(length.as_ms()).unwrap_or(0);
    if moment.as_ms() >= begin {
        moment.saturating_sub(Millis::new(begin))
    } else {
        (moment + length).saturating_sub(Millis::new(begin))
    }
}

/// What a group shows `elapsed` after a run of it began; nothing while it is red.
fn aspect(
    round: &Round<'_>,
    run: Run,
    (group, timing): (GroupId, &GroupTiming),
    elapsed: Millis,
) -> Option<Indication> {
    let (green, _) = round.green(run, group);
    if elapsed < green {
        return Some(Indication::Green);
    }
    let lost = timing.lose.at(elapsed.saturating_sub(green));
    let left = round.start(round.len()).saturating_sub(elapsed);
    let gain = timing.gain.total();
    lost.or_else(|| {
        let gained = gain.saturating_sub(left);
        (left <= gain && left > Millis::ZERO)
            .then(|| timing.gain.at(gained))
            .flatten()
    })
}
