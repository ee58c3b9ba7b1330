//! Policies want; the kernel decides.
//!
//! A *wish* is a set of groups that should have right of way, with the policy it comes from and
//! the reason. The plan of the day makes one (fixed, coordinated or actuated), the max-wait guard
//! may replace it, a corridor's lease may replace that inside its own bounds, and an operator's
//! manual act replaces them all. [`SitePolicies`] asks every policy in every cycle, picks one wish
//! and keeps the losers.
//!
//! The invariant it keeps: no policy can take the turn of the others with it. One that panics or
//! spends more than its step budget loses its turn to the plan, and the decision says so. What it
//! does not do: no policy makes lamp outputs, knows amber or counts a clearance on its own; what
//! really runs is read from the kernel in every cycle, so a hold by somebody else confuses nobody.

#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

mod actuated;
mod adaptive;
mod arbiter;
mod bench;
mod budget;
mod context;
mod coordinated;
mod fit;
mod fixed;
mod guard;
mod ladder;
#[cfg(test)]
mod ladder_tests;
#[cfg(test)]
mod lock_tests;
mod manual;
mod moves;
mod priority;
mod programme;
mod recovery;
mod shadow;
mod show;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trimmed;
mod wish;

pub use adaptive::{Adaptive, Belief, Choice, Limit, SCORES_MAX};
pub use arbiter::{DecideContext, Decision, LOSERS_MAX, SitePolicies};
pub use budget::{STEPS_MAX, StepBudget, Why};
pub use context::{Policy, PolicyContext};
pub use ladder::{Dropped, Rung};
pub use manual::{Manual, ManualAct};
pub use recovery::{Exit, ExitScore, Recovered, Recovery};
pub use shadow::Regret;
pub use wish::{PolicyKind, Reason, Wish};
