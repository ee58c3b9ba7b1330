//! The operator's act on one signal.

use serde::{Deserialize, Serialize};

use super::budget::StepBudget;
use super::context::PolicyContext;
use super::moves::next_hop;
use super::wish::{PolicyKind, Reason, Wish};
use crate::ids::StageId;
use crate::kernel::ModeWish;
use crate::signal::GroupSet;
use crate::units::Mono;

/// What the operator wants of the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManualAct {
    /// Hold this stage, reached by allowed moves only.
    Stage(StageId),
    /// Hold these groups; a hostile pair is refused by the kernel.
    Groups(GroupSet),
    /// Everything red.
    AllRed,
    /// Flashing amber.
    Flash,
}

/// An operator's act. It beats every corridor and ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manual {
    /// What is wanted.
    pub act: ManualAct,
    /// From this moment on the act means nothing.
    pub until: Mono,
    /// Who did it: the number of the account in the audit log.
    pub by: u32,
}

impl Manual {
    /// True while the act still means something.
    #[must_use]
    pub fn is_live(&self, now: Mono) -> bool {
        now < self.until
    }

    pub(super) fn wish(&self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Wish {
        let mut wish = Wish {
            source: PolicyKind::Manual,
            reason: Reason::Manual,
            ..Wish::default()
        };
        match self.act {
            ManualAct::Stage(stage) => {
                let hop = (ctx.nearest_stage())
                    .and_then(|here| next_hop(ctx, here, stage, budget))
                    .unwrap_or(stage);
                wish.stage = Some(hop);
                wish.groups = ctx.groups_of(hop);
            }
            ManualAct::Groups(groups) => wish.groups = groups,
            ManualAct::AllRed => wish.mode = ModeWish::AllRed,
            ManualAct::Flash => wish.mode = ModeWish::Flash,
        }
        wish
    }
}
