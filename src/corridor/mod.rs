//! The green wave of one vehicle over many signals.
//!
//! A corridor is planned once into an immutable [`CorridorPlan`] and then executed: the engine
//! turns positions into expected arrivals, arrivals into start moments, and start moments into
//! leases. It only ever wishes; a lease ends by itself, and the kernel below decides.

mod acts;
mod asks;
mod beside;
mod beyond;
mod blocked;
mod board;
mod branch;
mod calibration;
mod claims;
mod departing;
mod drive;
mod engine;
mod event;
mod fixes;
mod forecast;
#[cfg(test)]
mod kernel_tests;
mod lease;
mod mission;
mod near;
mod order;
mod pace;
mod passage;
mod plan;
mod planner;
mod preview;
mod promise;
mod refusal;
mod response;
mod run;
mod settings;
mod several;
mod shown;
mod sketch;
mod state;
mod stray;
mod tenure;
#[cfg(test)]
mod tests;
mod track;
mod trial;
mod turn;
mod view;

pub use beyond::ARRIVED;
pub use board::{Availability, OthersDemand, Queue, Rhythm, SiteBoard};
pub use calibration::Calibration;
pub use engine::Corridors;
pub use event::{CancelReason, CorridorEvent, LeaseEnd, What};
pub use fixes::{FIX_AGE_MAX, FixCounts, FixRefusal, FixVerdict, OFF_ROUTE, SPEED_MAX};
use lease::Window;
pub use lease::{LEASE_TTL, Lease, LeaseStep};
pub use mission::Mission;
pub use pace::{LearnedPace, Pace, Paces};
pub use passage::Forecast;
pub use plan::*;
pub use planner::{Arm, PlanRefusal, PlanRequest, RouteLeg, RouteOutline, plan_corridor};
pub use preview::{
    Advice, Clash, CrossingPreview, LongestWait, Preview, Waiting, clashes, preview,
};
pub use refusal::{ActRefusal, CROSSINGS_MAX, MISSIONS_MAX, OpenRefusal};
pub use response::Response;
pub use settings::{JAM_SPACING_MM, Settings};
pub use sketch::{LaneSketch, SiteSketch, StageSketch};
pub use state::{CrossingState, MissionState};
pub use stray::Stray;
pub use track::Spot;
pub use view::{CrossingView, MissionView, PositionView};
