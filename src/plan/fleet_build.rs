//! The allow-list: agencies and their vehicles, with what files must agree on.

use alloc::collections::BTreeMap;

use super::build::check_unique;
use super::city::{Agency, Vehicle};
use super::code::Code;
use super::finding::Sheet;
use super::fleet_csv::read_fleet;
use super::names::nearest;
use super::raw::{RawCity, RawVehicle};
use super::tree::At;
use crate::units::Date;

/// Digits of the longest terminal number.
const TERMINAL_DIGITS_MAX: usize = 20;

/// Every vehicle and agency that can be read, those of the city file first; what is wrong with the
/// others is noted on the sheet they stand on.
pub(super) fn build_fleet(
    sheet: &Sheet<'_>,
    raw: &RawCity,
    list: Option<&Sheet<'_>>,
    today: Option<Date>,
) -> (Vec<Agency>, Vec<Vehicle>) {
    check_unique(sheet, "agency", raw.agencies.iter().map(|one| &one.id));
    let agencies = raw.agencies.iter().filter_map(|agency| {
        Some(Agency {
            id: agency.id.value.clone(),
            name_zh: agency.name_zh.as_ref()?.value.clone(),
            name_en: agency.name_en.as_ref()?.value.clone(),
        })
    });
    let words = Words {
        classes: raw
            .classes
            .iter()
            .filter_map(|class| Some(class.id.as_ref()?.value))
            .collect(),
        agencies: raw
            .agencies
            .iter()
            .map(|one| one.id.value.as_str())
            .collect(),
        today,
    };
    let listed = list.map(read_fleet).unwrap_or_default();
    let own = raw.vehicles.iter().map(|vehicle| (sheet, vehicle));
    let listed = list
        .into_iter()
        .flat_map(|sheet| listed.iter().map(move |one| (sheet, one)));
    let all: Vec<(&Sheet<'_>, &RawVehicle)> = own.chain(listed).collect();
    let mut known = Known::default();
    for (sheet, vehicle) in &all {
        check_vehicle(sheet, vehicle, &words);
        known.check(sheet, vehicle);
    }
    let vehicles = all.into_iter().filter_map(|(_, raw)| vehicle(raw));
    (agencies.collect(), vehicles.collect())
}

/// What a vehicle may name, and the day its registration is looked at.
struct Words<'r> {
    classes: Vec<&'r str>,
    agencies: Vec<&'r str>,
    today: Option<Date>,
}

fn check_vehicle(sheet: &Sheet<'_>, vehicle: &RawVehicle, words: &Words<'_>) {
    check_name(sheet, ("class", vehicle.class.as_ref()), &words.classes);
    check_name(sheet, ("agency", vehicle.agency.as_ref()), &words.agencies);
    let id = &vehicle.id.value;
    if let Some(terminal) = &vehicle.terminal_id {
        let digits = terminal.value.bytes().all(|byte| byte.is_ascii_digit());
        let zero = terminal.value.bytes().all(|byte| byte == b'0');
        if !digits || zero || terminal.value.len() > TERMINAL_DIGITS_MAX {
            let message = format!("the terminal \"{}\" of {id} is no number", terminal.value);
            let help = "write the terminal's phone number: 1 to 20 digits, 12 as a rule";
            sheet.note(Code::V03, &terminal.span, message, help);
        }
    }
    let rescue = vehicle
        .class
        .as_ref()
        .is_some_and(|class| class.value == "rescue");
    if rescue && vehicle.registration.is_none() {
        let message = format!("{id} is a rescue vehicle without a registration");
        let help = "add `registration`: only registered engineering-rescue vehicles are served";
        sheet.note(Code::V04, &vehicle.id.span, message, help);
    }
    if let (Some(until), Some(today)) = (&vehicle.registered_until, words.today) {
        let day = |date: Date| (date.year, date.month, date.day);
        if day(until.value) < day(today) {
            let message = format!("the registration of {id} is over");
            let help = "renew it, or take the vehicle off the list";
            sheet.note(Code::V05, &until.span, message, help);
        }
    }
}

/// What one vehicle has taken already, over both files.
#[derive(Default)]
struct Known<'r> {
    ids: BTreeMap<&'r str, &'r str>,
    terminals: BTreeMap<&'r str, &'r str>,
    plates: BTreeMap<&'r str, &'r str>,
}

impl<'r> Known<'r> {
    fn check(&mut self, sheet: &Sheet<'_>, vehicle: &'r RawVehicle) {
        let id = vehicle.id.value.as_str();
        if !id.is_empty() && self.ids.insert(id, id).is_some() {
            let message = format!("vehicle \"{id}\" exists already");
            sheet.note(
                Code::F04,
                &vehicle.id.span,
                message,
                "give it an id of its own",
            );
        }
        if let Some(terminal) = &vehicle.terminal_id {
            // Leading zeros fill up the field of the header and are no part of the number.
            let number = terminal.value.trim_start_matches('0');
            if let Some(other) = self
                .terminals
                .insert(number, id)
                .filter(|_| !number.is_empty())
            {
                let message = format!("the terminal {} is that of {other} already", terminal.value);
                let help = "a terminal speaks for one vehicle; look at both";
                sheet.note(Code::V01, &terminal.span, message, help);
            }
        }
        if let Some(plate) = &vehicle.plate
            && let Some(other) = self.plates.insert(plate.value.as_str(), id)
        {
            let message = format!("the plate {} is that of {other} already", plate.value);
            sheet.note(Code::V02, &plate.span, message, "look at both vehicles");
        }
    }
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
        registration: or(&raw.registration, ""),
        height: raw.height?,
        weight_kg: raw.weight_kg?,
        length: raw.length?,
    })
}
