//! What travels over the wire. Converted by hand from the views, so that neither side's change
//! reaches the other by accident.

pub(super) mod acts;
pub(super) mod city;
pub(super) mod corridor;
pub(super) mod decision;
pub(super) mod live;
pub(super) mod requests;

use serde::Serialize;
use utoipa::ToSchema;

use super::view::{Advice, LatLon, Names};

/// One name or sentence in both languages.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct NamesDto {
    zh: String,
    en: String,
}

impl From<&Names> for NamesDto {
    fn from(names: &Names) -> Self {
        Self {
            zh: names.zh.clone(),
            en: names.en.clone(),
        }
    }
}

/// A sentence for the operator with a stable code.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct AdviceDto {
    code: String,
    text: NamesDto,
    /// Site it concerns, if one.
    site: Option<String>,
}

impl From<&Advice> for AdviceDto {
    fn from(advice: &Advice) -> Self {
        Self {
            code: advice.code.clone(),
            text: (&advice.text).into(),
            site: advice.site.clone(),
        }
    }
}

/// A position as `[lon, lat]`, the order of GeoJSON, WGS-84 degrees, seven decimals.
pub(super) type Position = [f64; 2];

pub(super) fn position(at: LatLon) -> Position {
    [round(at.lon, 1e7), round(at.lat, 1e7)]
}

pub(super) fn line(line: &[LatLon]) -> Vec<Position> {
    line.iter().map(|at| position(*at)).collect()
}

pub(super) fn many<'a, T: 'a, D: From<&'a T>>(all: &'a [T]) -> Vec<D> {
    all.iter().map(D::from).collect()
}

/// A moment as RFC 3339.
pub(super) fn utc(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.to_string())
        .unwrap_or_default()
}

/// Rounds to steps of `1 / steps`, so that noise does not fill the wire.
pub(super) fn round(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}
