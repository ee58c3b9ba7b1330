//! From what an old system writes to the fields of a corridor request.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text as it is.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
}

/// The fields that can be mapped. What identifies request and sender the bridge sets itself.
pub const FIELDS: [(&str, Kind); 25] = [
    ("operator_id", Kind::Text),
    ("incident_id", Kind::Text),
    ("service", Kind::Text),
    ("stage", Kind::Text),
    ("priority", Kind::Number),
    ("lights_siren", Kind::Flag),
    ("vehicle.id", Kind::Text),
    ("vehicle.plate", Kind::Text),
    ("vehicle.call_sign", Kind::Text),
    ("vehicle.terminal_id", Kind::Text),
    ("vehicle.length_m", Kind::Number),
    ("vehicle.convoy_n", Kind::Number),
    ("origin", Kind::Text),
    ("origin.lat", Kind::Number),
    ("origin.lon", Kind::Number),
    ("origin.datum", Kind::Text),
    ("destination.lat", Kind::Number),
    ("destination.lon", Kind::Number),
    ("destination.datum", Kind::Text),
    ("destination.name", Kind::Text),
    ("destination.facility_id", Kind::Text),
    ("depart_after", Kind::Text),
    ("needed_by", Kind::Text),
    ("note", Kind::Text),
    ("reply_to", Kind::Text),
];

/// What an old system's words mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Field of the request: where its value stands, as a column or a path with full stops.
    pub fields: BTreeMap<String, String>,
    /// Field of the request: its value where the old system says nothing.
    pub defaults: BTreeMap<String, String>,
    /// Field of the request: what the old system writes, and what it means.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}

impl Mapping {
    /// Names that are no field of a request.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let sections = [
            ("fields", self.fields.keys().collect::<Vec<_>>()),
            ("defaults", self.defaults.keys().collect()),
            ("values", self.values.keys().collect()),
        ];
        let known = |name: &str| FIELDS.iter().any(|(field, _)| *field == name);
        let mut problems = Vec::new();
        for (section, names) in sections {
            for name in names.into_iter().filter(|name| !known(name)) {
                let fields = FIELDS.map(|(field, _)| field).join(", ");
                problems.push(format!("{section}.{name} is no field; fields: {fields}"));
            }
        }
        problems
    }

    /// The fields of a request, from what the old system wrote.
    ///
    /// # Errors
    /// Every value that cannot be what its field holds, without the value itself.
    pub fn apply(&self, from: &Value) -> Result<Map<String, Value>, Vec<String>> {
        let (mut made, mut problems) = (Map::new(), Vec::new());
        for (field, kind) in FIELDS {
            let place = self.fields.get(field);
            let found = place.and_then(|place| look(from, place));
            let found = found.filter(|text| !text.trim().is_empty());
            let meant = found.map(|text| {
                let words = self.values.get(field);
                words
                    .and_then(|words| words.get(text.trim()))
                    .cloned()
                    .unwrap_or(text)
            });
            let Some(text) = meant.or_else(|| self.defaults.get(field).cloned()) else {
                continue;
            };
            match typed(text.trim(), kind) {
                Some(value) => put(&mut made, field, value),
                None => problems.push(format!(
                    "{field} (from {}) is not {}",
                    place.map_or("defaults", String::as_str),
                    match kind {
                        Kind::Number => "a number",
                        Kind::Flag => "true or false",
                        Kind::Text => "text",
                    }
                )),
            }
        }
        if problems.is_empty() {
            Ok(made)
        } else {
            Err(problems)
        }
    }
}

/// The value at a path of names with full stops between them, as text. A name that holds a full
/// stop itself is found too.
fn look(from: &Value, place: &str) -> Option<String> {
    let value = from.get(place).or_else(|| {
        place.split('.').try_fold(from, |value, name| match value {
            Value::Array(list) => list.get(name.parse::<usize>().ok()?),
            other => other.get(name),
        })
    })?;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn typed(text: &str, kind: Kind) -> Option<Value> {
    match kind {
        Kind::Text => Some(Value::String(text.to_owned())),
        Kind::Number => {
            let whole: Option<i64> = text.parse().ok();
            let number = whole.map(Number::from);
            // Old systems write a decimal comma too.
            let float = || Number::from_f64(text.replace(',', ".").parse().ok()?);
            number.or_else(float).map(Value::Number)
        }
        Kind::Flag => match text.to_lowercase().as_str() {
            "true" | "1" | "yes" | "y" | "是" => Some(Value::Bool(true)),
            "false" | "0" | "no" | "n" | "否" => Some(Value::Bool(false)),
            _ => None,
        },
    }
}

/// Sets `group.field` or `field`. A word at `origin` gives way to its coordinates.
fn put(made: &mut Map<String, Value>, field: &str, value: Value) {
    let Some((group, name)) = field.split_once('.') else {
        made.insert(field.to_owned(), value);
        return;
    };
    let inner = made
        .entry(group)
        .or_insert_with(|| Value::Object(Map::new()));
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    if let Value::Object(inner) = inner {
        inner.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
        pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into()
    }

    #[test]
    fn words_of_an_old_system_become_fields_of_a_request() {
        let mapping = Mapping {
            fields: words([
                ("incident_id", "CaseNo"),
                ("vehicle.id", "unit.code"),
                ("stage", "Type"),
                ("destination.lat", "Y"),
                ("destination.lon", "X"),
                ("priority", "Prio"),
                ("note", "Remark"),
            ]),
            defaults: words([
                ("origin", "live"),
                ("lights_siren", "true"),
                ("priority", "2"),
            ]),
            values: [("stage".to_owned(), words([("1", "to_scene")]))].into(),
        };
        assert!(mapping.problems().is_empty());
        let from = json!({
            "CaseNo": 4711, "unit": { "code": "A120" }, "Type": "1", "Y": "32,6951", "X": 109.02,
            "Prio": " ", "Remark": null,
        });
        let made = mapping.apply(&from).unwrap();
        assert_eq!(
            Value::Object(made),
            json!({
                "incident_id": "4711", "vehicle": { "id": "A120" }, "stage": "to_scene",
                "destination": { "lat": 32.6951, "lon": 109.02 }, "priority": 2,
                "origin": "live", "lights_siren": true,
            })
        );
    }

    #[test]
    fn what_cannot_be_read_is_named_without_its_value() {
        let mapping = Mapping {
            fields: words([("priority", "Prio"), ("lights_siren", "Blue")]),
            ..Mapping::default()
        };
        let why = mapping.apply(&json!({ "Prio": "陕A12345", "Blue": "maybe" }));
        let why = why.unwrap_err().join("\n");
        assert!(why.contains("priority (from Prio)") && why.contains("lights_siren"));
        assert!(!why.contains("12345"));
    }
}
