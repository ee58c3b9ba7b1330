//! The last decision of a site on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::NamesDto;
use crate::shell::dispatch::view_decision::{ChoiceView, DecisionView, RungView, WishView};

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
