//! `fleet.csv`: the allow-list as a table, as fleets keep it. The first row names the columns.

use core::ops::Range;

use super::code::Code;
use super::csv::{check_head, read_rows};
use super::finding::Sheet;
use super::raw::{HEIGHT_M, LENGTH_M, RawVehicle, WEIGHT_T};
use super::tree::At;
use super::values::to_u32;
use crate::units::{Date, Length};

/// The file; its vehicles stand beside those of `city.toml`.
pub(super) const FLEET_FILE: &str = "fleet.csv";

const COLUMNS: [&str; 12] = [
    "id",
    "plate",
    "call_sign",
    "call_sign_en",
    "terminal",
    "class",
    "agency",
    "registration",
    "registered_until",
    "height_m",
    "weight_t",
    "length_m",
];
/// Columns that a list cannot do without.
const NEEDED: [&str; 6] = ["id", "class", "agency", "height_m", "weight_t", "length_m"];

/// Every vehicle of the list that can be read; what is wrong is noted where it stands.
pub(super) fn read_fleet(sheet: &Sheet<'_>) -> Vec<RawVehicle> {
    let mut rows = read_rows(sheet).into_iter();
    let Some(head) = rows.next() else {
        let message = "the list is empty".to_owned();
        let help = format!("begin with a row of columns: {}", COLUMNS.join(","));
        sheet.note(Code::F07, &(0..0), message, &help);
        return Vec::new();
    };
    if !check_head(sheet, &head, (&COLUMNS, &NEEDED)) {
        return Vec::new();
    }
    let read = |row: Vec<At<String>>| {
        if row.len() != head.len() {
            let span = row.first().map_or(0..0, |cell| cell.span.clone());
            let message = format!(
                "the row has {} cells, the first row {}",
                row.len(),
                head.len()
            );
            sheet.note(
                Code::F08,
                &span,
                message,
                "a cell with a comma stands in double quotes",
            );
            return None;
        }
        Row {
            sheet,
            head: &head,
            cells: &row,
        }
        .vehicle()
    };
    rows.filter_map(read).collect()
}

struct Row<'r, 't> {
    sheet: &'r Sheet<'t>,
    head: &'r [At<String>],
    cells: &'r [At<String>],
}

impl Row<'_, '_> {
    fn vehicle(&self) -> Option<RawVehicle> {
        let id = self.needed("id");
        let (class, agency) = (self.needed("class"), self.needed("agency"));
        let height = self.thousandths("height_m", &HEIGHT_M);
        let weight_kg = self.thousandths("weight_t", &WEIGHT_T);
        let length = self.thousandths("length_m", &LENGTH_M);
        let call_sign = self.text("call_sign");
        Some(RawVehicle {
            id: id?,
            class,
            agency,
            name_en: self.text("call_sign_en").or_else(|| call_sign.clone()),
            name_zh: call_sign,
            plate: self.text("plate"),
            terminal_id: self.text("terminal"),
            registration: self.text("registration"),
            registered_until: self.date("registered_until"),
            height: height.map(Length::from_mm),
            weight_kg,
            length: length.map(Length::from_mm),
        })
    }

    fn cell(&self, column: &str) -> Option<&At<String>> {
        let at = self.head.iter().position(|name| name.value == column)?;
        self.cells.get(at)
    }

    /// A cell that is not empty.
    fn text(&self, column: &str) -> Option<At<String>> {
        self.cell(column)
            .filter(|cell| !cell.value.is_empty())
            .cloned()
    }

    fn needed(&self, column: &str) -> Option<At<String>> {
        let text = self.text(column);
        if text.is_none() {
            let span = self.cell(column).map_or(0..0, |cell| cell.span.clone());
            let message = format!("the vehicle has no `{column}`");
            self.sheet
                .note(Code::F07, &span, message, "fill in the cell");
        }
        text
    }

    fn wrong(&self, column: &str, cell: &At<String>, wants: &str) {
        let message = format!("`{column}` is \"{}\", not {wants}", cell.value);
        self.sheet
            .note(Code::F08, &cell.span, message, &format!("write {wants}"));
    }

    /// A needed number of metres or tonnes, in millimetres or kilograms.
    fn thousandths(&self, column: &str, range: &Range<f64>) -> Option<u32> {
        let cell = self.needed(column)?;
        let number: Option<f64> = cell.value.parse().ok();
        let number = number.filter(|number| (range.start..=range.end).contains(number));
        let made = number.and_then(|number| to_u32((number * 1000.0).round()));
        if made.is_none() {
            let wants = format!("a number from {} to {}", range.start, range.end);
            self.wrong(column, &cell, &wants);
        }
        made
    }

    fn date(&self, column: &str) -> Option<At<Date>> {
        let cell = self.text(column)?;
        let mut parts = cell.value.split('-');
        let mut next = || {
            parts
                .next()
                .filter(|part| part.bytes().all(|b| b.is_ascii_digit()))
        };
        let (year, month, day) = (next(), next(), next());
        let date = (|| {
            let date = Date {
                year: year?.parse().ok()?,
                month: month?.parse().ok()?,
                day: day?.parse().ok()?,
            };
            let real = (1..=12).contains(&date.month) && (1..=31).contains(&date.day);
            (real && cell.value.len() == 10).then_some(date)
        })();
        if date.is_none() {
            self.wrong(column, &cell, "a date as 2027-12-31");
        }
        date.map(|date| At::new(date, cell.span))
    }
}
