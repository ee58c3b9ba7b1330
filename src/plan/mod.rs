//! City, site and plan files: from text to a checked city, or to every finding at once.
//!
//! The format is `docs/operating/city-folder.md`, the findings are `docs/operating/findings.md`.
//! Nothing here reads a disk: the loader is given paths and texts. A file is read value by value,
//! so that one mistake does not hide the next; names become ids, times become whole control
//! cycles, and the clearances of the file become those the kernel counts with.

mod build;
mod calendar_build;
mod checked;
mod city;
mod city_build;
mod code;
mod console_build;
mod csv;
mod draw;
mod feeds_file;
mod finding;
mod fleet_build;
mod fleet_csv;
mod gazetteer_csv;
mod host;
mod keys;
mod ladder;
mod lamps;
mod link_build;
mod load;
mod names;
mod numbers;
mod partners;
mod partners_file;
mod profile;
mod raw;
mod roads;
mod schedule;
#[cfg(test)]
mod tests;
mod tree;
mod tuning;
mod tuning_file;
mod values;
mod wave_build;

pub use checked::*;
pub use city::{
    Agency, Bounds, Cabinet, Calendar, CheckedCity, ControlKind, Datum, Day, EmergencyClass, Feed,
    FeedKind, FeedSource, Link, LinkKind, Mission, Origin, PreparedWave, Vehicle,
};
pub use code::{Code, Severity};
pub use console_build::{BaseMap, ConsoleLinks};
pub use draw::draw;

pub use finding::{Finding, Span, line_column};
pub use ladder::{AdaptiveRules, Level};
pub use lamps::{RoundLamps, lamps_of_round};
pub use load::{Checked, CityFiles, check_city, check_site, city_ground, load_city, load_site};
pub use partners::{NamedPlace, NoteRule, Partners, Webhook, WebhookEvent, WebhookUrl};
pub use profile::{CN, FIELD, PROFILES, Profile, RESCO};
pub use schedule::weekday;
pub use tuning::Tuning;
