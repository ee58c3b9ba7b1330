//! What a city folder says of partners: where corridors are reported to, and how free text is kept
//! clean of personal data.

use serde::{Deserialize, Serialize};

use super::city::Datum;
use crate::units::Millis;

/// `partners.toml`; without the file nobody is told anything, and personal data is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partners {
    /// What becomes of personal data in free text.
    pub notes: NoteRule,
    /// Who is told of corridors.
    pub webhooks: Vec<Webhook>,
}

/// What becomes of a plate, a telephone number or a patient's name in free text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoteRule {
    /// The request is refused, and told which kind of data it was.
    #[default]
    Refuse,
    /// The text is kept with the data covered.
    Mask,
}

/// One registered target: `[[webhook]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Name in the file; `reply_to` of a request names it, or its URL.
    pub id: String,
    /// The agency whose corridors it is told of, and no other's.
    pub agency: String,
    /// Where to.
    pub url: WebhookUrl,
    /// File with the secret that signs; a relative path begins in the data folder.
    pub secret_file: String,
    /// Authorities that the target's certificate is held against, PEM; the system's if empty.
    pub ca_file: String,
    /// What it is told.
    pub events: Vec<WebhookEvent>,
    /// A message that could not be delivered is tried no longer than this.
    pub give_up: Millis,
}

/// Where a webhook goes, taken apart and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookUrl {
    /// True for `https`.
    pub tls: bool,
    /// Host name or address, without a port.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// The text as it was written.
    pub text: String,
}

/// What a target can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum WebhookEvent {
    /// Where a corridor stands: at every change, and once a second while its vehicle drives.
    Status,
    /// What a person should know of a corridor, once for each warning.
    Alarm,
}

impl WebhookEvent {
    /// The word in files and on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Status => "corridor.status",
            Self::Alarm => "corridor.alarm",
        }
    }
}

/// A place with its names: a row of `gazetteer.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedPlace {
    /// What people call it.
    pub name: String,
    /// What else they call it: short names, pinyin, English.
    pub aliases: Vec<String>,
    /// Degrees north.
    pub lat_deg: f64,
    /// Degrees east.
    pub lon_deg: f64,
    /// What the two refer to.
    pub datum: Datum,
}
