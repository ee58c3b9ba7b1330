//! What adaptive control decided, and why: what a person is shown.

use serde::{Deserialize, Serialize};

use super::super::context::PolicyContext;
use crate::detect::PictureSource;
use crate::ids::{GroupId, StageId};
use crate::units::{Millis, Mono};

/// Most stages whose scores are kept.
pub const SCORES_MAX: usize = 8;

/// What left no free choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Nothing: the least delay won.
    #[default]
    None,
    /// Somebody will soon have waited for this group as long as anybody may: it comes next.
    RedNear(GroupId),
    /// Somebody has waited for this group as long as anybody may: it comes now.
    RedMax(GroupId),
    /// The stage has had the longest green of the plan file while somebody waits elsewhere.
    GreenMax(StageId),
}

/// One decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// When it was made.
    pub at: Mono,
    /// The stage that ran.
    pub running: StageId,
    /// The stage that was chosen instead; `None` if the running one goes on.
    pub next: Option<StageId>,
    /// What left no free choice.
    pub limit: Limit,
    /// Who told about the arrivals, and how old the news was.
    pub source: PictureSource,
    /// Age of the picture.
    pub age: Millis,
    /// Vehicles known.
    pub vehicles: u16,
    /// For each stage the least delay of all sequences that begin with it; for the running one, of
    /// all that hold it. Vehicle-seconds as milliseconds. `None` behind the last.
    pub scores: [Option<(StageId, Millis)>; SCORES_MAX],
}

/// Vehicles known; one that may come by several lanes counts once.
fn vehicles(ctx: &PolicyContext<'_>) -> u16 {
    let shares = ctx
        .picture
        .sightings()
        .iter()
        .map(|seen| u32::from(seen.share));
    let sum: u32 = shares.sum();
    u16::try_from((sum + 500) / 1000).unwrap_or(u16::MAX)
}

impl Choice {
    pub(super) fn of(
        ctx: &PolicyContext<'_>,
        (running, next): (StageId, Option<StageId>),
        limit: Limit,
        stages: &[StageId],
        costs_s: &[f32],
    ) -> Self {
        let mut scores = [None; SCORES_MAX];
        let told = stages
            .iter()
            .zip(costs_s)
            .filter(|(_, cost)| cost.is_finite());
        for (slot, (stage, cost)) in scores.iter_mut().zip(told) {
            *slot = Some((*stage, super::units::millis(*cost)));
        }
        Self {
            at: ctx.now,
            running,
            next,
            limit,
            source: ctx.picture.source(),
            age: ctx.picture.age(),
            vehicles: vehicles(ctx),
            scores,
        }
    }
}
