//! Which rung of the ladder a plan in adaptive mode stands on, and why not higher.
//!
//! Each rung goes on working when the one above it fails: the free schedule needs detectors that
//! can be believed and a fresh picture, the trimmed plan needs a cycle, the plan by demand needs
//! what every plan needs, and the fixed plan needs a clock.

use serde::{Deserialize, Serialize};

use super::context::PolicyContext;
use crate::detect::PictureSource;
use crate::plan::{Level, PlanMode};
use crate::units::{Millis, Mono};

/// A picture older than this says nothing about who comes.
const PICTURE_AGE_MAX: Millis = Millis::from_secs(3);
/// A rung that failed is not climbed again before everything was well for so long.
const WELL_FOR: Millis = Millis::from_secs(60);
/// More than one detector in so many that cannot be believed, and the free schedule is blind.
const FAULTY_SHARE: u16 = 3;

/// Why a plan runs on a lower rung than its file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dropped {
    /// Too many detectors cannot be believed: so many of so many.
    Detectors(u16, u16),
    /// Nobody tells who comes, or the news is too old.
    Picture,
    /// The policy of the higher rung lost its turn, or had nothing to say.
    Policy,
    /// The file asks that it decides without acting.
    Shadow,
}

/// Where a plan in adaptive mode stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// What runs.
    pub level: Level,
    /// What the file says.
    pub planned: Level,
    /// Why that is lower than the file says.
    pub dropped: Option<Dropped>,
}

/// The memory of the ladder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ladder {
    /// What keeps the free schedule down, and until when at least.
    down: Option<(Dropped, Mono)>,
    /// It was well before: a site that starts is not made to wait for the first picture.
    was_well: bool,
}

impl Ladder {
    /// Looks at the site's senses; the rung that may act and why it is not the planned one.
    pub(super) fn look(&mut self, ctx: &PolicyContext<'_>) -> (Level, Option<Dropped>) {
        if let Some(why) = fault(ctx) {
            let back = if self.was_well {
                ctx.now + WELL_FOR
            } else {
                ctx.now
            };
            self.down = Some((why, back));
        } else {
            self.was_well = true;
            self.down = self.down.filter(|(_, back)| ctx.now < *back);
        }
        let rules = &ctx.plan.adaptive;
        if rules.shadow && rules.level > Level::Actuated {
            return (Level::Actuated, Some(Dropped::Shadow));
        }
        match self.down {
            Some((why, _)) if rules.level == Level::Free => (below_free(ctx), Some(why)),
            Some(_) | None => (rules.level, None),
        }
    }
}

fn below_free(ctx: &PolicyContext<'_>) -> Level {
    if ctx.plan.cycle > Millis::ZERO {
        Level::Trimmed
    } else {
        Level::Actuated
    }
}

/// What is wrong with what the site sees. Loops that cannot be believed do not matter to a picture
/// that an area sensor makes.
fn fault(ctx: &PolicyContext<'_>) -> Option<Dropped> {
    let picture = ctx.picture;
    if picture.source() == PictureSource::None || picture.age() > PICTURE_AGE_MAX {
        return Some(Dropped::Picture);
    }
    let doubts = ctx.doubts;
    let is_blind = doubts.faulty.saturating_mul(FAULTY_SHARE) > doubts.all;
    (picture.source() == PictureSource::Loops && is_blind)
        .then_some(Dropped::Detectors(doubts.faulty, doubts.all))
}

/// True if the plan of `ctx` stands on the ladder at all.
pub(super) fn climbs(ctx: &PolicyContext<'_>) -> bool {
    ctx.plan.mode == PlanMode::Adaptive
}
