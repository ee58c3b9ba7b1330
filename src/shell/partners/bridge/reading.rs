//! What an old system wrote, as JSON: a JSON object, or a CSV file with one row under its header.

use serde_json::{Map, Value};

/// Longest file or body, bytes: that of the API.
pub const LONGEST: u64 = 64 * 1024;

/// Reads `content`, which is a CSV file if `csv` says so.
///
/// # Errors
/// What is wrong with it, in one sentence.
pub fn read(content: &[u8], csv: bool) -> Result<Value, String> {
    let text = decoded(content);
    let text = text.trim_start_matches('\u{feff}');
    if csv {
        return read_csv(text);
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(Value::Object(object)),
        Ok(_) => Err("the file is JSON but no object: write { ... }".to_owned()),
        // Where it stands, and not what stands there.
        Err(why) => Err(format!(
            "the file is no JSON: line {}, column {}",
            why.line(),
            why.column()
        )),
    }
}

/// Old Chinese systems write GB 18030; what is no UTF-8 is taken for that.
fn decoded(content: &[u8]) -> String {
    match core::str::from_utf8(content) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode(content).0.into_owned(),
    }
}

fn read_csv(text: &str) -> Result<Value, String> {
    let head = text.lines().next().unwrap_or_default();
    let marks = [',', ';', '\t'];
    let mark = marks
        .into_iter()
        .max_by_key(|mark| (head.matches(*mark).count(), *mark == ','));
    let mut rows = rows(text, mark.unwrap_or(','))?.into_iter();
    let (Some(head), Some(row)) = (rows.next(), rows.next()) else {
        return Err("the file needs a row of column names and a row of values".to_owned());
    };
    if rows.next().is_some() {
        return Err("the file has more than one row of values: write a file for each".to_owned());
    }
    if head.len() != row.len() {
        return Err(format!(
            "the file has {} columns and {} values",
            head.len(),
            row.len()
        ));
    }
    let mut made = Map::new();
    for (name, value) in head.into_iter().zip(row) {
        if made.insert(name.clone(), Value::String(value)).is_some() {
            return Err(format!("the column {name} stands twice"));
        }
    }
    Ok(Value::Object(made))
}

/// Rows of cells, as RFC 4180 has them; empty rows are left out.
fn rows(text: &str, mark: char) -> Result<Vec<Vec<String>>, String> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted || cell.trim().is_empty() => quoted = !quoted,
            other if quoted => cell.push(other),
            '\n' => {
                row.push(core::mem::take(&mut cell).trim().to_owned());
                rows.push(core::mem::take(&mut row));
            }
            '\r' => {}
            other if other == mark => row.push(core::mem::take(&mut cell).trim().to_owned()),
            other => cell.push(other),
        }
    }
    if quoted {
        return Err("a quoted cell does not end".to_owned());
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell.trim().to_owned());
        rows.push(row);
    }
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_of_both_kinds_and_encodings_are_read() {
        assert_eq!(
            read(b"\xef\xbb\xbf{\"a\": 1}", false),
            Ok(json!({ "a": 1 }))
        );
        let csv = "Unit;Remark\r\n\"A120\";\"north; \"\"gate\"\"\"\r\n\r\n";
        let made = json!({ "Unit": "A120", "Remark": "north; \"gate\"" });
        assert_eq!(read(csv.as_bytes(), true), Ok(made));
        // 急救 in GB 18030.
        let gbk = b"Unit,Name\nA120,\xbc\xb1\xbe\xc8\n";
        assert_eq!(
            read(gbk, true),
            Ok(json!({ "Unit": "A120", "Name": "急救" }))
        );
    }

    #[test]
    fn what_cannot_be_read_is_said_without_repeating_it() {
        let why = |text: &str, csv| read(text.as_bytes(), csv).unwrap_err();
        assert_eq!(
            why("{\"a\": \"139", false),
            "the file is no JSON: line 1, column 10"
        );
        assert!(why("[1]", false).contains("no object"));
        assert!(why("a,b\n1", true).contains("2 columns and 1"));
        assert!(why("a,b", true).contains("a row of values"));
        assert!(why("a\n1\n2", true).contains("more than one"));
        assert!(why("a,a\n1,2", true).contains("twice"));
        assert!(why("a\n\"1", true).contains("does not end"));
    }
}
