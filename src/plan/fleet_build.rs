//! The allow-list: agencies and their vehicles, with what files must agree on.

use super::build::check_unique;
use super::city::{Agency, Vehicle};
use super::code::Code;
use super::finding::Sheet;
use super::names::nearest;
use super::raw::{RawCity, RawVehicle};
use super::tree::At;

/// Every vehicle and agency that can be read; what is wrong with the others is noted.
pub(super) fn build_fleet(sheet: &Sheet<'_>, raw: &RawCity) -> (Vec<Agency>, Vec<Vehicle>) {
    check_unique(sheet, "agency", raw.agencies.iter().map(|one| &one.id));
    check_unique(sheet, "vehicle", raw.vehicles.iter().map(|one| &one.id));
    let agencies = raw.agencies.iter().filter_map(|agency| {
        Some(Agency {
            id: agency.id.value.clone(),
            name_zh: agency.name_zh.as_ref()?.value.clone(),
            name_en: agency.name_en.as_ref()?.value.clone(),
        })
    });
    let classes: Vec<&str> = raw
        .classes
        .iter()
        .filter_map(|class| Some(class.id.as_ref()?.value))
        .collect();
    let known: Vec<&str> = raw
        .agencies
        .iter()
        .map(|one| one.id.value.as_str())
        .collect();
    for vehicle in &raw.vehicles {
        check_name(sheet, ("class", vehicle.class.as_ref()), &classes);
        check_name(sheet, ("agency", vehicle.agency.as_ref()), &known);
    }
    let vehicles = raw.vehicles.iter().filter_map(vehicle);
    (agencies.collect(), vehicles.collect())
}

fn check_name(sheet: &Sheet<'_>, (what, name): (&str, Option<&At<String>>), known: &[&str]) {
    let Some(name) = name.filter(|name| !known.contains(&name.value.as_str())) else {
        return;
    };
    let message = format!("the city has no {what} \"{}\"", name.value);
    let help = match nearest(&name.value, known.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("add [[{what}]], or one of: {}", known.join(", ")),
    };
    sheet.note(Code::F11, &name.span, message, &help);
}

fn vehicle(raw: &RawVehicle) -> Option<Vehicle> {
    let id = &raw.id.value;
    let or = |text: &Option<At<String>>, other: &str| {
        let given = text.as_ref().map(|text| text.value.clone());
        given.unwrap_or_else(|| other.to_owned())
    };
    Some(Vehicle {
        id: id.clone(),
        class: raw.class.as_ref()?.value.clone(),
        agency: raw.agency.as_ref()?.value.clone(),
        name_zh: or(&raw.name_zh, id),
        name_en: or(&raw.name_en, id),
        plate: or(&raw.plate, ""),
        terminal_id: or(&raw.terminal_id, ""),
        height: raw.height?,
        weight_kg: raw.weight_kg?,
        length: raw.length?,
    })
}
