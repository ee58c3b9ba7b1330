//! Who may ask for a corridor, and for which vehicles: `[[agency]]` and `[[vehicle]]`.

use core::ops::Range;

use super::super::finding::Span;
use super::super::keys::Keys;
use super::super::tree::{At, Section};
use super::super::values::to_u32;
use crate::units::{Date, Length};

pub(super) const AGENCY: Keys = Keys::only(&["id", "name_zh", "name_en"]);
pub(super) const VEHICLE: Keys = Keys::only(&[
    "id",
    "class",
    "agency",
    "name_zh",
    "name_en",
    "plate",
    "terminal_id",
    "registration",
    "registered_until",
    "height_m",
    "weight_t",
    "length_m",
]);

/// What a road may forbid: 5.5 m is above every clearance, 100 t above every bridge.
pub(in super::super) const HEIGHT_M: Range<f64> = 1.0..5.5;
pub(in super::super) const WEIGHT_T: Range<f64> = 0.2..100.0;
pub(in super::super) const LENGTH_M: Range<f64> = 1.0..30.0;

/// One `[[agency]]`.
#[derive(Debug)]
pub(in super::super) struct RawAgency {
    pub(in super::super) id: At<String>,
    pub(in super::super) name_zh: Option<At<String>>,
    pub(in super::super) name_en: Option<At<String>>,
}

/// One `[[vehicle]]`.
#[derive(Debug)]
pub(in super::super) struct RawVehicle {
    pub(in super::super) id: At<String>,
    pub(in super::super) class: Option<At<String>>,
    pub(in super::super) agency: Option<At<String>>,
    pub(in super::super) name_zh: Option<At<String>>,
    pub(in super::super) name_en: Option<At<String>>,
    pub(in super::super) plate: Option<At<String>>,
    pub(in super::super) terminal_id: Option<At<String>>,
    pub(in super::super) registration: Option<At<String>>,
    pub(in super::super) registered_until: Option<At<Date>>,
    pub(in super::super) height: Option<Length>,
    pub(in super::super) weight_kg: Option<u32>,
    pub(in super::super) length: Option<Length>,
}

pub(super) fn read_agency(agency: &Section<'_>) -> RawAgency {
    RawAgency {
        id: id_of(agency),
        name_zh: agency.text_needed("name_zh"),
        name_en: agency.text_needed("name_en"),
    }
}

pub(super) fn read_vehicle(vehicle: &Section<'_>) -> RawVehicle {
    let mm = |key, range| thousandths(vehicle, key, range);
    RawVehicle {
        id: id_of(vehicle),
        class: vehicle.text_needed("class"),
        agency: vehicle.text_needed("agency"),
        name_zh: vehicle.text("name_zh"),
        name_en: vehicle.text("name_en"),
        plate: vehicle.text("plate"),
        terminal_id: vehicle.text("terminal_id"),
        registration: vehicle.text("registration"),
        registered_until: vehicle.date("registered_until"),
        height: mm("height_m", HEIGHT_M).map(Length::from_mm),
        weight_kg: mm("weight_t", WEIGHT_T),
        length: mm("length_m", LENGTH_M).map(Length::from_mm),
    }
}

/// A needed number of metres or tonnes, in millimetres or kilograms.
fn thousandths(vehicle: &Section<'_>, key: &str, range: Range<f64>) -> Option<u32> {
    if !vehicle.has(key) {
        let help = format!("add `{key} = ...`, for roads that do not carry every vehicle");
        vehicle.missing(key, &help);
    }
    to_u32((vehicle.signed(key, &range)?.value * 1000.0).round())
}

fn id_of(section: &Section<'_>) -> At<String> {
    let nothing = || At::new(String::new(), Span::clone(&section.span));
    section.text_needed("id").unwrap_or_else(nothing)
}
