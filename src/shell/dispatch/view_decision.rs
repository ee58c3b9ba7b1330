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
