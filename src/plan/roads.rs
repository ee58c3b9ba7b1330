//! What site files and the network must agree on: which roads end at which site.
//!
//! The road graph itself is built elsewhere; here only ids are read.

use alloc::collections::BTreeMap;

use serde_json::Value;

use super::code::Code;
use super::finding::Sheet;
use super::values::to_u32;
use crate::units::Length;

/// The ids of a network.
#[derive(Debug, Default)]
pub(super) struct Roads {
    /// Road to the junction it ends at.
    pub(super) ends: BTreeMap<String, String>,
    /// Road to its length, where the file gives one that can be used.
    pub(super) lengths: BTreeMap<String, Length>,
    /// Junction or crossing to its site, if it has one.
    pub(super) sites: BTreeMap<String, Option<String>>,
    /// Further nodes of a controller to its site.
    nodes: BTreeMap<String, String>,
    /// Places one can drive to.
    pub(super) places: Vec<String>,
}

impl Roads {
    /// Every site the network names, with a file or without.
    pub(super) fn named_sites(&self) -> impl Iterator<Item = &str> {
        self.sites.values().filter_map(Option::as_deref)
    }

    /// Reads `network.geojson`; what is no feature with ids is left to the road graph's own checks.
    pub(super) fn read(sheet: &Sheet<'_>) -> Option<Self> {
        let value: Value = match serde_json::from_str(sheet.text) {
            Ok(value) => value,
            Err(error) => {
                let at = byte_of(sheet.text, error.line(), error.column());
                let help = "the network must be GeoJSON";
                sheet.note(Code::F06, &(at..at), error.to_string(), help);
                return None;
            }
        };
        let Some(features) = value.get("features").and_then(Value::as_array) else {
            let message = "the network has no list `features`".to_owned();
            sheet.note(Code::F06, &(0..0), message, "write a FeatureCollection");
            return None;
        };
        let mut roads = Self::default();
        for feature in features {
            let text = |key: &str| {
                let value = feature.get("properties")?.get(key)?.as_str()?;
                Some(value.to_owned())
            };
            let Some(id) = text("id") else {
                continue;
            };
            match text("kind").as_deref() {
                Some("road") => {
                    let length_m = feature
                        .get("properties")
                        .and_then(|road| road.get("length_m"));
                    let length_mm = length_m
                        .and_then(Value::as_f64)
                        .and_then(|metres| to_u32(metres * 1000.0));
                    if let Some(mm) = length_mm {
                        roads.lengths.insert(id.clone(), Length::from_mm(mm));
                    }
                    roads.ends.insert(id, text("to").unwrap_or_default());
                }
                Some("junction" | "crossing") => {
                    if let Some(site) = text("node_of") {
                        roads.nodes.insert(id.clone(), site);
                    }
                    roads.sites.insert(id, text("site"));
                }
                Some("place") => roads.places.push(id),
                _ => {}
            }
        }
        Some(roads)
    }

    /// The roads that end at `site`.
    pub(super) fn ending_at<'r>(&'r self, site: &'r str) -> impl Iterator<Item = &'r str> {
        let at_site = move |junction: &str| {
            let found = self.sites.get(junction).and_then(Option::as_deref);
            let node = self.nodes.get(junction).map(String::as_str);
            found == Some(site) || node == Some(site)
        };
        self.ends
            .iter()
            .filter(move |(_, junction)| at_site(junction))
            .map(|(road, _)| road.as_str())
    }

    /// Where `id` is written in the text of the network.
    pub(super) fn span_of(text: &str, id: &str) -> core::ops::Range<usize> {
        let quoted = format!("\"{id}\"");
        text.find(&quoted).map_or(0..0, |at| at..at + quoted.len())
    }
}

/// Byte of a line and column, both from 1.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let before: usize = lines.map(str::len).sum();
    before + column.saturating_sub(1)
}
