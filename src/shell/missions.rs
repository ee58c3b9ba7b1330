//! Prepared missions of a city, and the vehicles that drive them on the virtual street.

use serde::Deserialize;

use crate::corridor::ServiceClass;
use crate::network::{Position, RoadGraph};
use crate::units::Length;

/// A mission somebody prepared: `[[mission]]` of `city.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mission {
    /// Its id.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// What drives.
    pub class: ServiceClass,
    /// Where it starts.
    pub from: Position,
    /// Id of the place it goes to.
    pub place: String,
    /// Where that is.
    pub to: Position,
}

#[derive(Debug, Deserialize)]
struct RawCity {
    #[serde(default)]
    mission: Vec<RawMission>,
}

#[derive(Debug, Deserialize)]
struct RawMission {
    id: String,
    name_zh: Option<String>,
    name_en: Option<String>,
    class: String,
    from: RawStart,
    to: String,
}

#[derive(Debug, Deserialize)]
struct RawStart {
    road: String,
    #[serde(default)]
    at_m: f64,
}

/// Every emergency class, in the order of [`ServiceClass`].
pub const CLASSES: [ServiceClass; 5] = [
    ServiceClass::Ambulance,
    ServiceClass::Fire,
    ServiceClass::Rescue,
    ServiceClass::Police,
    ServiceClass::Escort,
];

/// The emergency class of a word in files and on the wire.
#[must_use]
pub fn class_of(word: &str) -> Option<ServiceClass> {
    CLASSES.into_iter().find(|class| class.word() == word)
}

/// Every mission of the city file that the road graph can serve.
#[must_use]
pub fn missions(city_toml: &str, graph: &RoadGraph) -> Vec<Mission> {
    let raw: RawCity = match toml::from_str(city_toml) {
        Ok(raw) => raw,
        Err(why) => {
            tracing::warn!(%why, "the missions of city.toml cannot be read");
            return Vec::new();
        }
    };
    raw.mission
        .into_iter()
        .filter_map(|mission| resolve(mission, graph))
        .collect()
}

fn resolve(raw: RawMission, graph: &RoadGraph) -> Option<Mission> {
    let from = Position::Road(graph.road_by_name(&raw.from.road)?, metres(raw.from.at_m));
    let to = Position::Place(graph.place_by_name(&raw.to)?);
    Some(Mission {
        class: class_of(&raw.class)?,
        name_zh: raw.name_zh.unwrap_or_else(|| raw.id.clone()),
        name_en: raw.name_en.unwrap_or_else(|| raw.id.clone()),
        id: raw.id,
        from,
        place: raw.to,
        to,
    })
}

/// A weight in tonnes from a file, to the kilogram.
#[must_use]
pub fn kilograms(t: f64) -> u32 {
    metres(t).as_mm()
}

/// A length in metres from a file, to the millimetre.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what fits before"
)]
pub fn metres(m: f64) -> Length {
    Length::from_mm((m * 1000.0).clamp(0.0, f64::from(u32::MAX)) as u32)
}
