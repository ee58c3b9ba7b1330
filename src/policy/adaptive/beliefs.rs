//! What adaptive control believes of each lane, for people who ask why.

use super::Adaptive;
use super::memory::Way;
use super::units::millis;
use crate::ids::{GroupId, StageId};
use crate::plan::CheckedSite;
use crate::units::{Millis, Mono};

/// One way out of a lane, as it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belief {
    /// The lane, counted over all approaches in file order.
    pub lane: usize,
    /// The group it obeys.
    pub group: GroupId,
    /// How likely the first vehicle of the lane takes it, percent.
    pub head_percent: u8,
    /// The road it leads into is taken to be full.
    pub is_full: bool,
    /// How long somebody has waited for it.
    pub red_for: Millis,
}

impl Adaptive {
    /// What is believed of every movement, in the order of `CheckedSite::movements`.
    pub fn beliefs(&self, site: &CheckedSite, now: Mono) -> impl Iterator<Item = Belief> {
        let lanes = site.approaches.iter().flat_map(|approach| &approach.lanes);
        let ways = lanes
            .enumerate()
            .flat_map(|(lane, ways)| ways.movements.iter().map(move |way| (lane, way.group)));
        let known = ways.zip(&self.memory.ways).enumerate();
        known.map(move |(number, ((lane, group), way))| Belief {
            lane,
            group,
            head_percent: percent(way),
            is_full: way.full_until > now,
            red_for: millis(self.memory.red_s(number, now)),
        })
    }

    /// True if `lane` is not counted on in `stage`, because nobody left it there on green.
    #[must_use]
    pub fn is_stuck(&self, stage: StageId, lane: usize, now: Mono) -> bool {
        self.memory.stuck_until(stage, lane) > now
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the share is clamped to a percentage first"
)]
fn percent(way: &Way) -> u8 {
    (way.head.clamp(0.0, 1.0) * 100.0).round() as u8
}
