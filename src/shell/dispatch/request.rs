//! What callers ask of the city, already checked for form.

use super::view::LatLon;
use crate::corridor::ServiceClass;

/// The datum a position was declared in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datum {
    /// WGS-84.
    Wgs84,
    /// China Geodetic Coordinate System 2000; for our purpose the same as WGS-84.
    Cgcs2000,
    /// The shifted datum of Chinese web maps.
    Gcj02,
}

/// A position with its declared datum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeoPoint {
    /// The coordinates as given.
    pub at: LatLon,
    /// What they are measured in.
    pub datum: Datum,
}

/// Where a corridor starts.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// Wherever the vehicle is.
    Live,
    /// A stated position.
    At(GeoPoint),
    /// The start of a prepared route of the city folder, by id.
    Prepared(String),
}

/// Where a corridor ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Destination {
    /// A place of the city folder, by id.
    Place(String),
    /// A stated position, with a name for people.
    At(GeoPoint, String),
    /// The end of a prepared route of the city folder, by id.
    Prepared(String),
}

/// What the vehicle is on its way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissionStage {
    /// To the scene.
    ToScene,
    /// From the scene to a hospital.
    ToHospital,
    /// Between hospitals.
    Transfer,
}

/// The vehicle of a corridor request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestVehicle {
    /// Id in the allow-list.
    pub id: String,
    /// Number plate.
    pub plate: String,
    /// Radio name.
    pub call_sign: String,
    /// JT/T 808 phone number of the terminal.
    pub terminal_id: String,
    /// Length over all as the caller says, metres; the allow-list's counts if that is more.
    pub length_m: f64,
    /// Vehicles that drive together, 1-20.
    pub convoy_n: u8,
}

/// One signal of a route that the caller prescribes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Site id.
    pub site: String,
    /// Approach, as on the drawing.
    pub approach: String,
    /// `left`, `through`, `right` or `u-turn`.
    pub movement: String,
}

/// A corridor request, checked for form, times and ranges.
#[derive(Clone, Debug, PartialEq)]
pub struct CorridorRequest {
    /// `UUIDv7` of the request, in lower case.
    pub request_id: String,
    /// Who asks.
    pub agency: String,
    /// Which of its systems.
    pub source_system: String,
    /// Who pressed.
    pub operator_id: String,
    /// The agency's own id of the incident.
    pub incident_id: String,
    /// What the vehicle is.
    pub service: ServiceClass,
    /// What it is on its way to.
    pub stage: MissionStage,
    /// 1 (highest) to 5.
    pub priority: u8,
    /// False asks for priority only, never preemption.
    pub lights_siren: bool,
    /// The vehicle.
    pub vehicle: RequestVehicle,
    /// From where.
    pub origin: Origin,
    /// To where.
    pub destination: Destination,
    /// Signals the caller prescribes; empty: the city routes.
    pub route: Vec<Stretch>,
    /// When the vehicle means to set off, Unix milliseconds. Information only: nothing is
    /// held until it moves.
    pub depart_after_ms: Option<i64>,
    /// Wanted at the destination, Unix milliseconds. Information only.
    pub needed_by_ms: Option<i64>,
    /// Ends here at the latest, Unix milliseconds.
    pub expires_at_ms: i64,
    /// At most 256 characters, screened for personal data.
    pub note: String,
    /// The registered target that alone is told of this corridor.
    pub reply_to: Option<String>,
}

/// What is changed about a running corridor.
#[derive(Clone, Debug, PartialEq)]
pub enum CorridorChange {
    /// Its priority, 1 (highest) to 5.
    Priority(u8),
    /// Its way, from where the vehicle is.
    Way {
        /// To where.
        destination: Destination,
        /// Signals the caller prescribes; empty: the city routes.
        route: Vec<Stretch>,
    },
}

/// What a preview is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewRequest {
    /// Vehicle of the allow-list.
    pub vehicle: String,
    /// From where.
    pub origin: Origin,
    /// To where.
    pub destination: Destination,
    /// False asks for priority only, never preemption.
    pub lights_siren: bool,
}

/// What an operator does to one site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManualAct {
    /// Hold a stage, by name.
    Stage(String),
    /// Everything red.
    AllRed,
    /// Flashing amber.
    Flash,
}

/// A vehicle's position.
#[derive(Clone, Debug, PartialEq)]
pub struct PositionFix {
    /// Vehicle of the allow-list.
    pub vehicle: String,
    /// When it was true, Unix milliseconds.
    pub t_fix_ms: i64,
    /// Counts up per vehicle.
    pub seq: u32,
    /// Where.
    pub at: GeoPoint,
    /// Speed over ground, metres per second.
    pub speed_mps: f64,
    /// Clockwise from north, degrees.
    pub heading_deg: f64,
}

impl ManualAct {
    /// True for acts that leave nobody a green.
    #[must_use]
    pub const fn darkens(&self) -> bool {
        matches!(self, Self::AllRed | Self::Flash)
    }
}
