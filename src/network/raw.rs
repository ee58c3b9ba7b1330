//! `network.geojson` as it is written.

use serde::Deserialize;
use serde_json::Value;

use super::graph::{length, to_wgs84, whole};
use super::{Limits, PlanarPoint};
use crate::ids::JunctionId;
use crate::plan::{Datum, TurnKind};
use crate::units::Speed;

#[derive(Deserialize)]
pub(super) struct Collection {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) features: Vec<Feature>,
}

#[derive(Deserialize)]
pub(super) struct Feature {
    pub(super) properties: Value,
    #[serde(default)]
    pub(super) geometry: Option<Value>,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum Geometry {
    Point { coordinates: (f64, f64) },
    LineString { coordinates: Vec<(f64, f64)> },
    Polygon { coordinates: Vec<Vec<(f64, f64)>> },
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Properties {
    Junction(Node),
    Crossing(Node),
    Road(Road),
    Turn(Turn),
    Place(Place),
    Water(Water),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    pub(super) id: String,
    #[serde(default)]
    pub(super) site: Option<String>,
    /// The site whose controller also runs the stop lines here, if it stands at another junction.
    #[serde(default, rename = "node_of")]
    pub(super) controller: Option<String>,
    pub(super) name_zh: String,
    pub(super) name_en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Road {
    pub(super) id: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) length_m: f64,
    pub(super) speed_kmh: f64,
    pub(super) lanes: u8,
    #[serde(default)]
    pub(super) height_max_m: Option<f64>,
    #[serde(default)]
    pub(super) weight_max_t: Option<f64>,
    #[serde(default)]
    pub(super) vehicle_length_max_m: Option<f64>,
    /// From the stop line to the end of the road; usual places if it is not given.
    #[serde(default)]
    pub(super) stop_m: Option<f64>,
    #[serde(default)]
    pub(super) bridge: bool,
    #[serde(default)]
    pub(super) tunnel: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Turn {
    pub(super) from: String,
    pub(super) to: String,
    #[serde(rename = "turn", with = "TurnWord")]
    pub(super) kind: TurnKind,
    #[serde(default)]
    pub(super) banned: bool,
    #[serde(default)]
    pub(super) cost_s: f64,
}

#[derive(Deserialize)]
#[serde(remote = "TurnKind", rename_all = "kebab-case")]
enum TurnWord {
    Left,
    Through,
    Right,
    UTurn,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: super::PlaceKind,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) road: String,
    pub(super) at_m: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Water {
    #[serde(rename = "id")]
    pub(super) _id: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
}

impl Road {
    /// The road between two nodes whose numbers are known by now.
    pub(super) fn joined(
        self,
        (from, to): (JunctionId, JunctionId),
        line: Vec<PlanarPoint>,
    ) -> super::Road {
        super::Road {
            id: self.id,
            from,
            to,
            name_zh: self.name_zh,
            name_en: self.name_en,
            length: length(self.length_m),
            speed: Speed::from_mm_per_s(whole(self.speed_kmh * 1000.0 / 3.6)),
            lanes: self.lanes,
            limits: Limits {
                height: self.height_max_m.map(length),
                weight_kg: self.weight_max_t.map(|tonnes| whole(tonnes * 1000.0)),
                length: self.vehicle_length_max_m.map(length),
            },
            stop: self.stop_m.map(length),
            bridge: self.bridge,
            tunnel: self.tunnel,
            line,
        }
    }
}

impl Geometry {
    /// Every position as WGS-84.
    pub(super) fn converted(self, datum: Datum) -> Self {
        let one = |(lon_deg, lat_deg): (f64, f64)| {
            let at = to_wgs84(datum, super::LatLon { lat_deg, lon_deg });
            (at.lon_deg, at.lat_deg)
        };
        match self {
            Self::Point { coordinates } => Self::Point {
                coordinates: one(coordinates),
            },
            Self::LineString { coordinates } => Self::LineString {
                coordinates: coordinates.into_iter().map(one).collect(),
            },
            Self::Polygon { coordinates } => Self::Polygon {
                coordinates: coordinates
                    .into_iter()
                    .map(|ring| ring.into_iter().map(one).collect())
                    .collect(),
            },
        }
    }
}
