//! Adaptive control: every second the stage that serves the known arrivals with the least delay.

use serde::{Deserialize, Serialize};

use super::budget::StepBudget;
use super::context::{Policy, PolicyContext};
use super::wish::{PolicyKind, Wish};
use crate::plan::CheckedSite;

/// Adaptive control of one site. Plain data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adaptive {}

impl Adaptive {
    /// Adaptive control of `site` before its first second.
    #[must_use]
    pub fn new(_site: &CheckedSite) -> Self {
        Self {}
    }
}

impl Policy for Adaptive {
    fn kind(&self) -> PolicyKind {
        PolicyKind::Adaptive
    }

    fn propose(&mut self, _ctx: &PolicyContext<'_>, _budget: &mut StepBudget) -> Option<Wish> {
        None
    }

    fn reset(&mut self) {}
}
