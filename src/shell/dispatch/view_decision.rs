//! Why a signal does what it does, as people are told.

use super::view::Names;

/// The last decision of a site, and everything it rested on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecisionView {
    /// Name of the plan that is due.
    pub plan: String,
    /// What ran.
    pub ran: WishView,
    /// What the plan itself would have run, where something else ran.
    pub planned: Option<WishView>,
    /// What the search chose, where the plan lets it look.
    pub choice: Option<ChoiceView>,
    /// Where the plan stands on the ladder, if it stands on it.
    pub rung: Option<RungView>,
    /// How the site got back into step after its last corridor; nothing before the first one.
    pub recovery: Option<RecoveryView>,
    /// What it cost that something else ran than the search would have chosen: vehicle-seconds an
    /// hour. Nothing before a minute was measured.
    pub regret_vehicle_s_per_h: Option<u32>,
}

/// What one policy wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WishView {
    /// The policy, as a stable word.
    pub policy: String,
    /// Name of the stage, if it follows one.
    pub stage: Option<String>,
    /// Why, in one sentence.
    pub reason: Names,
}

/// What the search chose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChoiceView {
    /// Time since it chose, milliseconds.
    pub age_ms: u32,
    /// Name of the stage that ran.
    pub running: String,
    /// Name of the stage it changes to; nothing if the running one goes on.
    pub next: Option<String>,
    /// The bound that left no free choice, if one did.
    pub limit: Option<Names>,
    /// Who told about arrivals: `none`, `loops` or `area`.
    pub source: String,
    /// How old that news was, milliseconds.
    pub source_age_ms: u32,
    /// Vehicles known.
    pub vehicles: u16,
    /// The stages that were tried, with the vehicle-seconds of the best future that begins with
    /// each.
    pub scores: Vec<(String, f64)>,
}

/// The way back into step after a corridor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecoveryView {
    /// Time since the hold ended, milliseconds.
    pub age_ms: u32,
    /// The exit taken, as a stable word.
    pub exit: String,
    /// The same in a sentence.
    pub text: Names,
    /// Time from the end of the hold until the site is in step by it, milliseconds.
    pub in_step_ms: u32,
    /// What was tried.
    pub scores: Vec<ExitView>,
}

/// What one exit was expected to cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExitView {
    /// The exit, as a stable word.
    pub exit: String,
    /// Waiting of everybody, vehicle-seconds.
    pub delay_vehicle_s: u32,
    /// What of it is for queues that reach back too far, vehicle-seconds.
    pub spillback_vehicle_s: u32,
    /// The longest red, milliseconds.
    pub red_max_ms: u32,
    /// Somebody would wait beyond a bound.
    pub breaks_bound: bool,
}

/// Where a plan stands on the ladder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RungView {
    /// What runs, as in the site file: `free`, `trimmed`, `actuated` or `fixed`.
    pub level: String,
    /// What the site file asks for.
    pub planned: String,
    /// Why that is lower, if it is.
    pub dropped: Option<Names>,
}
