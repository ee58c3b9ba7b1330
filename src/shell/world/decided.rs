//! The account of a site's last decision: the console and `greenwave explain` tell the same.

use super::words;
use crate::controller::SiteState;
use crate::ids::StageId;
use crate::plan::CheckedSite;
use crate::policy::{Choice, PolicyKind, Recovered, Wish};
use crate::shell::dispatch::view_decision::{
    ChoiceView, DecisionView, ExitView, RecoveryView, RungView, WishView,
};
use crate::shell::dispatch::world::Names;
use crate::units::Mono;

/// Why `site` does what it does, as of its last cycle; nothing before the first one.
#[must_use]
pub fn account(site: &CheckedSite, state: &SiteState, now: Mono) -> Option<DecisionView> {
    let decision = &state.last()?.decision;
    let plan = site.plans.get(state.plan().index());
    let losers = decision.losers.iter().flatten();
    let of_plan = |wish: &&Wish| wish.source < PolicyKind::Trimmed;
    let planned = if of_plan(&&decision.winner) {
        None
    } else {
        losers.clone().find(of_plan)
    };
    let choice = decision.rung.and(state.policies().adaptive().choice());
    Some(DecisionView {
        plan: plan.map(|plan| plan.name.clone()).unwrap_or_default(),
        ran: wish_view(site, &decision.winner),
        planned: planned.map(|wish| wish_view(site, wish)),
        choice: choice.map(|choice| choice_view(site, choice, now)),
        rung: decision.rung.map(|rung| RungView {
            level: rung.level.word().to_owned(),
            planned: rung.planned.word().to_owned(),
            dropped: rung.dropped.map(words::dropped),
        }),
        recovery: (state.policies().recovery().last()).map(|last| recovery_view(last, now)),
        regret_vehicle_s_per_h: decision.rung.and(state.policies().regret().per_hour()),
    })
}

fn wish_view(site: &CheckedSite, wish: &Wish) -> WishView {
    WishView {
        policy: words::winner(wish.source).to_owned(),
        stage: wish.stage.map(|stage| stage_name(site, stage)),
        reason: words::reason(site, wish.reason),
    }
}

fn choice_view(site: &CheckedSite, choice: &Choice, now: Mono) -> ChoiceView {
    let scores = choice.scores.iter().flatten();
    ChoiceView {
        age_ms: now.since(choice.at).as_ms(),
        running: stage_name(site, choice.running),
        next: choice.next.map(|stage| stage_name(site, stage)),
        limit: words::limit(site, choice.limit),
        source: words::source(choice.source).to_owned(),
        source_age_ms: choice.age.as_ms(),
        vehicles: choice.vehicles,
        scores: scores
            .map(|(stage, cost)| (stage_name(site, *stage), f64::from(cost.as_ms()) / 1000.0))
            .collect(),
    }
}

fn recovery_view(last: &Recovered, now: Mono) -> RecoveryView {
    let (zh, en) = words::exit_words(last.exit);
    let scores = last.scores.iter().flatten();
    RecoveryView {
        age_ms: now.since(last.at).as_ms(),
        exit: last.exit.word().to_owned(),
        text: Names::new(zh, en),
        in_step_ms: last.in_step.since(last.at).as_ms(),
        scores: scores
            .map(|score| ExitView {
                exit: score.exit.word().to_owned(),
                delay_vehicle_s: score.delay_vehicle_s,
                spillback_vehicle_s: score.spillback_vehicle_s,
                red_max_ms: score.red_max.as_ms(),
                breaks_bound: score.breaks_bound,
            })
            .collect(),
    }
}

/// The name of a stage on the drawing.
fn stage_name(site: &CheckedSite, stage: StageId) -> String {
    let info = site.stages.get(stage.index());
    info.map_or_else(|| stage.to_string(), |info| info.name.clone())
}
