//! The last decision of a site on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::NamesDto;
use crate::shell::dispatch::view_decision::{
    ChoiceView, DecisionView, RecoveryView, RungView, WishView,
};

/// Why a site does what it does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionDto {
    plan: String,
    /// What ran.
    ran: WishDto,
    /// What the plan itself would have run, where something else ran.
    planned: Option<WishDto>,
    /// What the search of adaptive control chose, where the plan lets it look.
    choice: Option<ChoiceDto>,
    /// Where the plan stands on the ladder of adaptive control.
    rung: Option<RungDto>,
    /// How the site got back into step after its last corridor.
    recovery: Option<RecoveryDto>,
    /// What it cost that something else ran than the search would have chosen.
    regret_vehicle_s_per_h: Option<u32>,
}

/// What one policy wanted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WishDto {
    policy: String,
    stage: Option<String>,
    reason: NamesDto,
}

/// What the search chose.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChoiceDto {
    /// Time since it chose, milliseconds.
    age_ms: u32,
    /// Stage that ran.
    running: String,
    /// Stage it changes to; null if the running one goes on.
    next: Option<String>,
    /// The bound that left no free choice.
    limit: Option<NamesDto>,
    /// Who told about arrivals: `none`, `loops` or `area`.
    source: String,
    source_age_ms: u32,
    /// Vehicles known.
    vehicles: u16,
    scores: Vec<ScoreDto>,
}

/// The best future that begins with one stage.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScoreDto {
    stage: String,
    vehicle_s: f64,
}

/// The way back into step after a corridor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecoveryDto {
    /// Time since the hold ended, milliseconds.
    age_ms: u32,
    /// `return`, `starved-first`, `shortway`, `smooth`, `dwell`, `free` or `own`.
    exit: String,
    text: NamesDto,
    /// Time from the end of the hold until the site is in step by it, milliseconds.
    in_step_ms: u32,
    scores: Vec<ExitDto>,
}

/// What one exit was expected to cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExitDto {
    exit: String,
    delay_vehicle_s: u32,
    spillback_vehicle_s: u32,
    /// The longest red, milliseconds.
    red_max_ms: u32,
    /// Somebody would wait beyond a bound.
    breaks_bound: bool,
}

/// Where a plan stands on the ladder.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RungDto {
    /// `free`, `trimmed`, `actuated` or `fixed`.
    level: String,
    /// What the site file asks for.
    planned: String,
    /// Why that is lower, if it is.
    dropped: Option<NamesDto>,
}

impl From<&DecisionView> for DecisionDto {
    fn from(decision: &DecisionView) -> Self {
        Self {
            plan: decision.plan.clone(),
            ran: (&decision.ran).into(),
            planned: decision.planned.as_ref().map(WishDto::from),
            choice: decision.choice.as_ref().map(ChoiceDto::from),
            rung: decision.rung.as_ref().map(RungDto::from),
            recovery: decision.recovery.as_ref().map(RecoveryDto::from),
            regret_vehicle_s_per_h: decision.regret_vehicle_s_per_h,
        }
    }
}

impl From<&WishView> for WishDto {
    fn from(wish: &WishView) -> Self {
        Self {
            policy: wish.policy.clone(),
            stage: wish.stage.clone(),
            reason: (&wish.reason).into(),
        }
    }
}

impl From<&ChoiceView> for ChoiceDto {
    fn from(choice: &ChoiceView) -> Self {
        let score = |(stage, vehicle_s): &(String, f64)| ScoreDto {
            stage: stage.clone(),
            vehicle_s: *vehicle_s,
        };
        Self {
            age_ms: choice.age_ms,
            running: choice.running.clone(),
            next: choice.next.clone(),
            limit: choice.limit.as_ref().map(NamesDto::from),
            source: choice.source.clone(),
            source_age_ms: choice.source_age_ms,
            vehicles: choice.vehicles,
            scores: choice.scores.iter().map(score).collect(),
        }
    }
}

impl From<&RungView> for RungDto {
    fn from(rung: &RungView) -> Self {
        Self {
            level: rung.level.clone(),
            planned: rung.planned.clone(),
            dropped: rung.dropped.as_ref().map(NamesDto::from),
        }
    }
}

impl From<&RecoveryView> for RecoveryDto {
    fn from(recovery: &RecoveryView) -> Self {
        let scores = recovery.scores.iter().map(|score| ExitDto {
            exit: score.exit.clone(),
            delay_vehicle_s: score.delay_vehicle_s,
            spillback_vehicle_s: score.spillback_vehicle_s,
            red_max_ms: score.red_max_ms,
            breaks_bound: score.breaks_bound,
        });
        Self {
            age_ms: recovery.age_ms,
            exit: recovery.exit.clone(),
            text: (&recovery.text).into(),
            in_step_ms: recovery.in_step_ms,
            scores: scores.collect(),
        }
    }
}
