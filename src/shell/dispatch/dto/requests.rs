//! Request bodies as the OpenAPI document shows them. The bodies are read field by field (see
//! `fields.rs`); a test holds these types and the readers together.

#![expect(dead_code, reason = "only their schemas are used")]

use utoipa::ToSchema;

use super::corridor::ServiceDto;

/// Opens a corridor. The same `request_id` with the same body gives the same answer.
#[derive(ToSchema)]
pub(crate) struct CorridorRequestDto {
    /// UUID of version 7.
    #[schema(pattern = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
    request_id: String,
    /// RFC 3339; within 30 s of server time.
    #[schema(format = DateTime)]
    issued_at: String,
    /// 32 hexadecimal digits, never used before.
    #[schema(pattern = "^[0-9a-fA-F]{32}$")]
    nonce: String,
    /// Must be the signed-in principal's.
    agency: String,
    /// Must be the signed-in principal's.
    source_system: String,
    /// Who pressed; for the journal only.
    #[schema(max_length = 64)]
    operator_id: String,
    /// The agency's own id.
    #[schema(max_length = 64)]
    incident_id: String,
    /// Must be the vehicle's class on the allow-list.
    service: ServiceDto,
    stage: MissionStageDto,
    /// 1 (highest) to 5.
    #[schema(minimum = 1, maximum = 5)]
    priority: u8,
    /// False asks for priority only, never preemption.
    lights_siren: bool,
    vehicle: RequestVehicleDto,
    origin: OriginDto,
    destination: DestinationDto,
    /// Signals in order; without it the city routes.
    #[schema(max_items = 200)]
    route: Option<Vec<StretchDto>>,
    /// Not after `expires_at`. Information only: a corridor is armed at once and holds nothing
    /// until the vehicle moves.
    #[schema(format = DateTime)]
    depart_after: Option<String>,
    /// Not in the past and not after `expires_at`. Information only: it makes no signal earlier.
    #[schema(format = DateTime)]
    needed_by: Option<String>,
    /// At most 60 minutes ahead.
    #[schema(format = DateTime)]
    expires_at: String,
    /// No patient name, no diagnosis, no telephone number.
    #[schema(max_length = 256)]
    note: Option<String>,
    /// Only a registered target.
    reply_to: Option<String>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum MissionStageDto {
    ToScene,
    ToHospital,
    Transfer,
}

/// The vehicle; `id` must be on the allow-list.
#[derive(ToSchema)]
pub(crate) struct RequestVehicleDto {
    #[schema(max_length = 64)]
    id: String,
    plate: Option<String>,
    call_sign: Option<String>,
    terminal_id: Option<String>,
    /// Over all, metres. Signals are held for the length on the allow-list if that is more.
    #[schema(minimum = 1, maximum = 30)]
    length_m: f64,
    #[schema(minimum = 1, maximum = 20)]
    convoy_n: u8,
}

/// Wherever the vehicle is, a position, or the start of a prepared route.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum OriginDto {
    /// The word `live`.
    Live(LiveDto),
    /// A position.
    At(PointDto),
    /// The start of a prepared route of the city folder.
    Prepared(PreparedDto),
}

#[derive(serde::Serialize, ToSchema)]
pub(crate) struct PreparedDto {
    /// Its id.
    prepared: String,
}

#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LiveDto {
    Live,
}

#[derive(serde::Serialize, ToSchema)]
pub(crate) struct PointDto {
    #[schema(minimum = -90, maximum = 90)]
    lat: f64,
    #[schema(minimum = -180, maximum = 180)]
    lon: f64,
    datum: DatumDto,
}

#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DatumDto {
    Wgs84,
    Cgcs2000,
    Gcj02,
}

/// A place by `facility_id`, a position, or the end of a prepared route.
#[derive(ToSchema)]
pub(crate) struct DestinationDto {
    lat: Option<f64>,
    lon: Option<f64>,
    datum: Option<DatumDto>,
    name: Option<String>,
    facility_id: Option<String>,
    /// Id of a prepared route of the city folder.
    prepared: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct StretchDto {
    intersection: String,
    approach: String,
    /// `left`, `through`, `right` or `u-turn`.
    movement: String,
}

/// Asks what a corridor would do and cost.
#[derive(ToSchema)]
pub(crate) struct PreviewRequestDto {
    vehicle_id: String,
    origin: OriginDto,
    destination: DestinationDto,
    /// Default true.
    lights_siren: Option<bool>,
}

/// A new expiry.
#[derive(ToSchema)]
pub(crate) struct ExtendDto {
    /// At most 60 minutes ahead.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Another way for a running corridor, from where its vehicle is.
#[derive(ToSchema)]
pub(crate) struct RerouteDto {
    destination: DestinationDto,
    /// Signals in order; without it the city routes.
    #[schema(max_items = 200)]
    route: Option<Vec<StretchDto>>,
}

/// The agency that takes a corridor over.
#[derive(ToSchema)]
pub(crate) struct HandoverDto {
    /// An agency with vehicles in this city.
    #[schema(max_length = 64)]
    agency: String,
}

/// One signal of a corridor.
#[derive(ToSchema)]
pub(crate) struct SiteRefDto {
    site: String,
}

/// An operator's act; it ends by itself.
#[derive(ToSchema)]
pub(crate) struct ManualRequestDto {
    act: ManualActDto,
    /// Which stage, for the act `stage`.
    stage: Option<String>,
    #[schema(minimum = 1, maximum = 120)]
    lease_s: u32,
}

#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(crate) enum ManualActDto {
    Stage,
    AllRed,
    Flash,
}

/// A vehicle's position.
#[derive(ToSchema)]
pub(crate) struct PositionDto {
    vehicle_id: String,
    #[schema(format = DateTime)]
    t_fix: String,
    /// Counts up per vehicle.
    seq: u32,
    lat: f64,
    lon: f64,
    datum: DatumDto,
    #[schema(minimum = 0, maximum = 70)]
    speed_mps: f64,
    #[schema(minimum = 0, maximum = 360)]
    heading_deg: f64,
}

/// The token of a one-time sign-in link.
#[derive(ToSchema)]
pub(crate) struct SignInDto {
    token: String,
}
