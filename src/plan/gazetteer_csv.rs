//! `gazetteer.csv`: places of the city by name, for desks without a map and without the Internet.

use super::city::{Datum, Origin};
use super::code::Code;
use super::csv::{check_head, read_rows};
use super::finding::Sheet;
use super::partners::NamedPlace;
use super::tree::At;

/// The file; a city without it knows the places of its network alone.
pub(super) const GAZETTEER_FILE: &str = "gazetteer.csv";

const COLUMNS: [&str; 5] = ["name", "aliases", "lat", "lon", "datum"];
const NEEDED: [&str; 4] = ["name", "lat", "lon", "datum"];
const DATUMS: [(&str, Datum); 3] = [
    ("wgs84", Datum::Wgs84),
    ("cgcs2000", Datum::Cgcs2000),
    ("gcj02", Datum::Gcj02),
];
/// Letters of a name, and names of a place.
const NAME_MAX: usize = 64;
const ALIASES_MAX: usize = 8;
/// A place further from the city than this, in degrees, is a slip of the pen.
const FAR_DEG: f64 = 1.0;

/// Every place that can be read; what is wrong is noted where it stands.
pub(super) fn read_gazetteer(sheet: Option<&Sheet<'_>>, origin: Origin) -> Vec<NamedPlace> {
    let Some(sheet) = sheet else {
        return Vec::new();
    };
    let mut rows = read_rows(sheet).into_iter();
    let Some(head) = rows.next() else {
        let help = format!("begin with a row of columns: {}", COLUMNS.join(","));
        sheet.note(Code::F07, &(0..0), "the list is empty".to_owned(), &help);
        return Vec::new();
    };
    if !check_head(sheet, &head, (&COLUMNS, &NEEDED)) {
        return Vec::new();
    }
    let read = |cells: Vec<At<String>>| {
        Row {
            sheet,
            head: &head,
            cells: &cells,
        }
        .place(origin)
    };
    rows.filter_map(read).collect()
}

struct Row<'r, 't> {
    sheet: &'r Sheet<'t>,
    head: &'r [At<String>],
    cells: &'r [At<String>],
}

impl Row<'_, '_> {
    fn place(&self, origin: Origin) -> Option<NamedPlace> {
        let name = self.cell("name");
        let name = name.filter(|name| self.check_name(name));
        let lat = self.degrees("lat", 90.0);
        let lon = self.degrees("lon", 180.0);
        let datum = self.cell("datum").and_then(|cell| {
            let found = DATUMS.iter().find(|(word, _)| *word == cell.value);
            if found.is_none() {
                self.wrong("datum", cell, "wgs84, cgcs2000 or gcj02");
            }
            found.map(|(_, datum)| *datum)
        });
        let aliases = self.cell("aliases").map(|cell| cell.value.as_str());
        let aliases = aliases.unwrap_or_default().split(';').map(str::trim);
        let place = NamedPlace {
            name: name?.value.clone(),
            aliases: aliases
                .filter(|alias| !alias.is_empty() && alias.chars().count() <= NAME_MAX)
                .take(ALIASES_MAX)
                .map(str::to_owned)
                .collect(),
            lat_deg: lat?,
            lon_deg: lon?,
            datum: datum?,
        };
        let off = |a: f64, b: f64| (a - b).abs() > FAR_DEG;
        if off(place.lat_deg, origin.lat_deg) || off(place.lon_deg, origin.lon_deg) {
            let message = format!("{} lies far outside the city", place.name);
            let help = "degrees north come first, degrees east second; both decimal";
            let span = self.cell("lat").map_or(0..0, |cell| cell.span.clone());
            self.sheet.note(Code::V08, &span, message, help);
        }
        Some(place)
    }

    fn check_name(&self, name: &At<String>) -> bool {
        let long = name.value.chars().count() > NAME_MAX;
        let bad = name.value.is_empty() || long || name.value.chars().any(char::is_control);
        if bad {
            self.wrong("name", name, "a name of 1 to 64 letters");
        }
        !bad
    }

    fn cell(&self, column: &str) -> Option<&At<String>> {
        let at = self.head.iter().position(|name| name.value == column)?;
        let cell = self.cells.get(at);
        if cell.is_none() && column != "aliases" {
            let span = self.cells.last().map_or(0..0, |cell| cell.span.clone());
            let message = format!("the place has no `{column}`");
            self.sheet
                .note(Code::F07, &span, message, "fill in the cell");
        }
        cell
    }

    fn wrong(&self, column: &str, cell: &At<String>, wants: &str) {
        let message = format!("`{column}` is \"{}\", not {wants}", cell.value);
        self.sheet
            .note(Code::F08, &cell.span, message, &format!("write {wants}"));
    }

    fn degrees(&self, column: &str, most: f64) -> Option<f64> {
        let cell = self.cell(column)?;
        let number: Option<f64> = cell.value.parse().ok();
        let number = number.filter(|number| (-most..=most).contains(number));
        if number.is_none() {
            self.wrong(column, cell, &format!("degrees from -{most} to {most}"));
        }
        number
    }
}
