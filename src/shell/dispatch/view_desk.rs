//! What the desk knows beside the city itself: whose a corridor is, who has seen an alarm, what a
//! page shows beside the street.

use super::view::Names;

/// Whose a corridor is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerView {
    /// The agency that may act on it; empty while nobody's.
    pub agency: String,
    /// Who opened it.
    pub by: String,
    /// A priority above the agency's ceiling that waits for a second person's yes.
    pub asked_priority: Option<u8>,
    /// Guard duty: shown to its own agency's people only.
    pub confidential: bool,
    /// When the desk first saw it, Unix milliseconds.
    pub opened_ms: Option<i64>,
}

/// The longest waits along a corridor at present, with their bounds, seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LongestWaits {
    /// Of walkers and riders.
    pub walkers_s: u32,
    /// Bound on that.
    pub walkers_bound_s: u32,
    /// Of motor vehicles.
    pub vehicles_s: u32,
    /// Bound on that.
    pub vehicles_bound_s: u32,
}

/// What the desk knows of an alarm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmDesk {
    /// First seen, Unix milliseconds.
    pub since_ms: i64,
    /// Who has said that they have seen it.
    pub seen: Option<SeenBy>,
}

/// Somebody has seen an alarm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenBy {
    /// Who.
    pub by: String,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}

/// A base map from elsewhere, drawn below our own network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseMapStatic {
    /// Address of a tile with its numbers in braces: `{z}`, `{x}`, `{y}`, or those of WMTS.
    pub url: String,
    /// Scheme, host and port of that address: the only place that pages may load pictures from.
    pub origin: String,
    /// Whom the map is from.
    pub attribution: String,
}

/// Something the check of the city folder had to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingStatic {
    /// Site whose file it is, if one.
    pub site: Option<String>,
    /// The rule, as `S19`.
    pub code: String,
    /// File and line.
    pub place: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// A prepared wave of an arterial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaveView {
    /// Name in the city's file.
    pub id: String,
    /// What people call it.
    pub names: Names,
    /// Ids of the signals along it.
    pub sites: Vec<String>,
    /// How long it lasts, seconds.
    pub lasts_s: u32,
    /// Seconds until it ends by itself; `None` while it does not run.
    pub left_s: Option<u32>,
}
