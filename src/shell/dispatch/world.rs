//! What the API needs of a running city, as one object-safe trait.
//!
//! The API knows nothing of threads, cabinets or policies. It reads a [`CityView`] and passes on
//! acts; whoever implements [`World`] answers each act with accepted or refused-because.

use alloc::sync::Arc;

use super::auth::Principal;
pub use super::request::{
    CorridorChange, CorridorRequest, GeoPoint, ManualAct, Origin, PositionFix, PreviewRequest,
    RequestVehicle, Stretch,
};
pub use super::view::{
    Advice, Alarm, AlarmDesk, ApproachStatic, ArrivalView, BaseMapStatic, CityStatic, CityView,
    ClashView, ClassStatic, Confirmed, CorridorState, CorridorVehicle, CorridorView, CrossingState,
    CrossingView, FindingStatic, GroupStatic, JunctionStatic, KeyTimesView, LatLon, LateView,
    LatenessView, LearnedView, LinkView, LongestWaits, ManualView, MissionStatic, Mode, Names,
    OwnerView, PlaceStatic, PreviewCrossing, PreviewView, PriceView, QueueView, RoadStatic,
    SiteStatic, SiteView, StatusView, VehicleStatic, VehicleView, WaitView,
};
pub use super::view_decision::DecisionView;
pub use super::view_desk::WaveView;
use crate::shell::report::ReportData;

/// A running city, seen from the API.
///
/// Every method may be called from any thread. The acts may block for a few control cycles; the
/// API calls them away from its own executor.
///
/// **Errors:** an act that is not carried out answers with a [`Refusal`] and has changed nothing.
pub trait World: Send + Sync {
    /// What does not change while the program runs.
    fn city(&self) -> Arc<CityStatic>;

    /// Fencing token of the controller; rises at every start.
    fn epoch(&self) -> u32 {
        1
    }

    /// Is told what is wrong with the message bus; the status shows it.
    fn bus_alarms(&self, _alarms: Vec<Alarm>) {}

    /// The newest complete picture; must not block.
    fn snapshot(&self) -> Arc<CityView>;

    /// Corridors that are not over, and those that ended a moment ago: every one that
    /// [`World::open`] has accepted is among them; may block for a few control cycles.
    ///
    /// # Errors
    /// The controller does not run yet.
    fn corridors(&self) -> Result<Vec<CorridorView>, Refusal> {
        Ok(self.snapshot().corridors.clone())
    }

    /// Why a site does what it does, as of its last cycle; nothing if nobody knows.
    fn decision(&self, _site: &str) -> Option<DecisionView> {
        None
    }

    /// What a corridor would do and cost, without doing it.
    ///
    /// # Errors
    /// No route, unknown vehicle or place, position off the road.
    fn preview(&self, request: &PreviewRequest) -> Result<PreviewView, Refusal>;

    /// Opens a corridor.
    ///
    /// # Errors
    /// As [`World::preview`], and whatever policy forbids.
    fn open(&self, request: &CorridorRequest, by: &Principal) -> Result<OpenAnswer, Refusal>;

    /// One corridor. It is known from the moment [`World::open`] has accepted it; may block for a
    /// few control cycles.
    ///
    /// # Errors
    /// No such corridor.
    fn corridor(&self, corridor: u32) -> Result<CorridorView, Refusal>;

    /// What a corridor's run came to, by the journal. The first call begins to reckon it; until that
    /// is done it is refused with `report-in-work`.
    ///
    /// # Errors
    /// No such corridor, it still runs, there is no journal, or the report is not ready.
    fn report(&self, corridor: u32) -> Result<Arc<ReportData>, Refusal> {
        let why = format!("nobody keeps a journal of corridor {corridor}");
        Err(Refusal::new(RefusalClass::NotFound, "no-report", why))
    }

    /// Confirms a corridor that waits for a second person.
    ///
    /// # Errors
    /// No such corridor, or nothing to confirm.
    fn confirm(&self, corridor: u32, by: &Principal) -> Result<CorridorView, Refusal>;

    /// Ends a corridor; every signal returns to its plan.
    ///
    /// # Errors
    /// No such corridor.
    fn cancel(&self, corridor: u32, by: &Principal) -> Result<CorridorView, Refusal>;

    /// Moves the corridor's expiry to `until_ms` (Unix time).
    ///
    /// # Errors
    /// No such corridor, over already, or later than the agency's maximum.
    fn extend(&self, corridor: u32, until_ms: i64, by: &Principal)
    -> Result<CorridorView, Refusal>;

    /// Changes priority or way of a running corridor; the signals that are no longer on its way
    /// return to their plans.
    ///
    /// # Errors
    /// No such corridor, over already, or no way.
    fn change(
        &self,
        corridor: u32,
        change: &CorridorChange,
        by: &Principal,
    ) -> Result<CorridorView, Refusal>;

    /// Takes one signal out of a corridor; it returns to its plan at once.
    ///
    /// # Errors
    /// No such corridor, or the signal is not in it.
    fn take_out(&self, corridor: u32, site: &str, by: &Principal) -> Result<CorridorView, Refusal>;

    /// The crew says it has passed a signal.
    ///
    /// # Errors
    /// No such corridor, or the signal is not in it.
    fn passed(&self, corridor: u32, site: &str, by: &Principal) -> Result<CorridorView, Refusal>;

    /// Puts one site under the operator's hand for `lease_ms`; the act ends by itself.
    ///
    /// # Errors
    /// No such site, unknown stage, lease too long, or the site cannot be commanded.
    fn manual(
        &self,
        site: &str,
        act: &ManualAct,
        lease_ms: u32,
        by: &Principal,
    ) -> Result<ManualView, Refusal>;

    /// Gives a site back to its plan.
    ///
    /// # Errors
    /// No such site.
    fn release_manual(&self, site: &str, by: &Principal) -> Result<(), Refusal>;

    /// The prepared waves of arterials, and which of them run.
    ///
    /// # Errors
    /// The controller does not run yet.
    fn waves(&self) -> Result<Vec<WaveView>, Refusal>;

    /// Starts a prepared wave: plain coordination for a bounded time. One that runs begins its time
    /// anew.
    ///
    /// # Errors
    /// No such wave, or too many run.
    fn start_wave(&self, id: &str, by: &Principal) -> Result<(), Refusal>;

    /// Ends a wave before its time.
    ///
    /// # Errors
    /// No such wave, or it does not run.
    fn end_wave(&self, id: &str, by: &Principal) -> Result<(), Refusal>;

    /// Takes a vehicle's position.
    ///
    /// # Errors
    /// Unknown vehicle, stale, or off the road.
    fn fix(&self, fix: &PositionFix, by: &Principal) -> Result<(), Refusal>;
}

/// What became of a corridor request that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It runs, or is armed until the vehicle moves.
    Accepted,
    /// A second person must confirm it.
    NeedsConfirmation,
    /// It waits for another corridor.
    Queued,
}

/// The answer to a corridor request.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAnswer {
    /// Number of the corridor.
    pub corridor: u32,
    /// What became of the request.
    pub decision: Decision,
    /// Why, as a code: `ok`, `above-ceiling`, `waits-for-corridor`.
    pub reason: String,
    /// 1 (highest) to 5, after the agency's ceiling.
    pub effective_priority: u8,
    /// The corridor ends here at the latest, Unix milliseconds.
    pub valid_until_ms: i64,
    /// Revision of the corridor's plan.
    pub revision: u32,
}

/// Whose fault a refusal is; decides the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalClass {
    /// The request could not be read: 400.
    Malformed,
    /// Not for this caller: 403.
    Forbidden,
    /// Nothing of that name: 404.
    NotFound,
    /// It contradicts what is already so: 409.
    Conflict,
    /// Understood, but impossible here: 422.
    Unprocessable,
    /// Too often: 429.
    TooMany,
    /// The city cannot answer at the moment: 503.
    Unavailable,
}

/// Why an act was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code, as `no-route`; the console has a sentence for it in each language.
    pub code: &'static str,
    /// Whose fault it is.
    pub class: RefusalClass,
    /// One sentence for a person.
    pub detail: String,
    /// The field of the request that is to blame.
    pub field: Option<String>,
    /// What the field may hold.
    pub allowed: Option<String>,
}

impl Refusal {
    /// A refusal that blames no field.
    #[must_use]
    pub fn new(class: RefusalClass, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            class,
            detail: detail.into(),
            field: None,
            allowed: None,
        }
    }

    /// The same refusal, blaming `field`, which may hold `allowed`.
    #[must_use]
    pub fn blaming(mut self, field: impl Into<String>, allowed: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self.allowed = Some(allowed.into());
        self
    }
}
