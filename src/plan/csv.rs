//! Comma-separated text with the place of every cell, so that a finding can point at it.
//!
//! RFC 4180: a cell in double quotes may hold commas, line ends and doubled quotes. Written here
//! because a reader that forgets where a cell stood cannot say which one is wrong.

use core::iter::Peekable;
use core::str::CharIndices;

use super::code::Code;
use super::finding::Sheet;
use super::names::nearest;
use super::tree::At;

/// Rows of one file at most; a city has hundreds of vehicles and thousands of places.
const ROWS_MAX: usize = 20_000;

/// The rows of a file, empty ones left out; what cannot be read is noted.
pub(super) fn read_rows(sheet: &Sheet<'_>) -> Vec<Vec<At<String>>> {
    let start = if sheet.text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let text = sheet.text.get(start..).unwrap_or_default();
    let mut letters = text.char_indices().peekable();
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    while letters.peek().is_some() {
        if rows.len() >= ROWS_MAX {
            let end = sheet.text.len();
            let message = format!("the file has more than {ROWS_MAX} rows");
            sheet.note(Code::F06, &(end..end), message, "is this the right file?");
            return rows;
        }
        let (cell, ended) = read_cell(sheet, &mut letters, (start, text.len()));
        row.push(cell);
        if ended {
            let whole = core::mem::take(&mut row);
            if whole.len() > 1 || whole.iter().any(|cell| !cell.value.is_empty()) {
                rows.push(whole);
            }
        }
    }
    if !row.is_empty() {
        rows.push(row);
    }
    rows
}

/// Notes columns that nobody knows, that stand twice or that are missing; false if one is missing.
pub(super) fn check_head(
    sheet: &Sheet<'_>,
    head: &[At<String>],
    (columns, needed): (&[&str], &[&str]),
) -> bool {
    let mut good = true;
    for (place, column) in head.iter().enumerate() {
        let name = column.value.as_str();
        if !columns.contains(&name) {
            let message = format!("the list has no column `{name}`");
            let help = nearest(name, columns.iter().copied()).map_or_else(
                || format!("known columns: {}", columns.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            sheet.note(Code::F01, &column.span, message, &help);
        } else if head.iter().take(place).any(|other| other.value == name) {
            let message = format!("the column `{name}` stands twice");
            sheet.note(Code::F04, &column.span, message, "leave one of them out");
        }
    }
    for name in needed {
        if !head.iter().any(|column| column.value == *name) {
            let message = format!("the list has no column `{name}`");
            sheet.note(
                Code::F07,
                &(0..0),
                message,
                &format!("add the column `{name}`"),
            );
            good = false;
        }
    }
    good
}

/// One cell, trimmed, and whether its row ends with it.
fn read_cell(
    sheet: &Sheet<'_>,
    letters: &mut Peekable<CharIndices<'_>>,
    (start, length): (usize, usize),
) -> (At<String>, bool) {
    let begin = letters.peek().map_or(length, |(at, _)| *at);
    let mut value = String::new();
    let mut quoted = false;
    if letters.next_if(|(_, letter)| *letter == '"').is_some() {
        quoted = true;
        loop {
            match letters.next() {
                None => {
                    let message = "a quoted cell does not end".to_owned();
                    let span = start + begin..start + length;
                    sheet.note(Code::F06, &span, message, "close it with a double quote");
                    break;
                }
                Some((_, '"')) if letters.next_if(|(_, next)| *next == '"').is_some() => {
                    value.push('"');
                }
                Some((_, '"')) => break,
                Some((_, letter)) => value.push(letter),
            }
        }
    }
    let mut end = letters.peek().map_or(length, |(at, _)| *at);
    let mut ended = letters.peek().is_none();
    for (at, letter) in letters.by_ref() {
        end = at;
        match letter {
            ',' => break,
            '\n' => {
                ended = true;
                break;
            }
            '\r' => {}
            other => {
                value.push(other);
                end = at + other.len_utf8();
            }
        }
    }
    ended = ended || letters.peek().is_none() && !sheet.text.ends_with(',');
    let value = if quoted {
        value
    } else {
        value.trim().to_owned()
    };
    (At::new(value, start + begin..start + end.max(begin)), ended)
}
