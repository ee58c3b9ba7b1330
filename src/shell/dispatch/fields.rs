//! Reads a JSON body field by field and collects everything that is wrong with it, so that a
//! caller learns of all mistakes at once, by name and with what is allowed.

mod lists;

use core::cell::RefCell;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde_json::{Map, Value};

use super::problem::{FieldProblem, Problem};
use super::request::{Datum, GeoPoint};
use super::view::LatLon;

/// Longest body of a request.
pub(super) const BODY_MAX: usize = 64 * 1024;

/// A JSON object from a request body.
pub(super) struct JsonBody(pub(super) Map<String, Value>);

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_json = kind.starts_with("application/json");
        read(request.into_body(), is_json).await.map(Self)
    }
}

/// No body at all is an object without fields: the caller learns which fields are needed.
async fn read(body: Body, is_json: bool) -> Result<Map<String, Value>, Problem> {
    let bytes = axum::body::to_bytes(body, BODY_MAX).await.map_err(|_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            format!("a body may have at most {BODY_MAX} bytes"),
        )
    })?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    if !is_json {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-json",
            "the body must have the content type application/json",
        ));
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed-request",
            "the body must be one JSON object",
        )),
        Err(error) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed-request",
            format!("the body is not JSON: {error}"),
        )),
    }
}

/// Collects what is wrong.
#[derive(Default)]
pub(super) struct Findings(RefCell<Vec<FieldProblem>>);

impl Findings {
    fn add(&self, field: String, problem: &str, allowed: &str, unreadable: bool) {
        self.0.borrow_mut().push(FieldProblem {
            field,
            problem: problem.to_owned(),
            allowed: allowed.to_owned(),
            unreadable,
        });
    }

    /// Gives `made` back if nothing was wrong.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, Problem> {
        let problems = self.0.into_inner();
        match made {
            Some(made) if problems.is_empty() => Ok(made),
            _ => Err(Problem::fields(problems)),
        }
    }
}

/// One JSON object while it is read. A reader returns `None` once it has noted a problem.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
    findings: &'a Findings,
}

impl<'a> Fields<'a> {
    /// Reads `map`, whose keys must all be in `known`.
    pub(super) fn new(
        map: &'a Map<String, Value>,
        path: &str,
        known: &[&str],
        findings: &'a Findings,
    ) -> Self {
        let fields = Self {
            map,
            path: path.to_owned(),
            findings,
        };
        for key in map.keys() {
            if !known.contains(&key.as_str()) {
                fields.unreadable(key, "there is no such field", &known.join(", "));
            }
        }
        fields
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(super) fn unreadable(&self, key: &str, problem: &str, allowed: &str) {
        self.findings.add(self.name(key), problem, allowed, true);
    }

    pub(super) fn impossible(&self, key: &str, problem: &str, allowed: &str) {
        self.findings.add(self.name(key), problem, allowed, false);
    }

    /// True if the field is there and not null.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    fn take(&self, key: &str, allowed: &str) -> Option<&'a Value> {
        match self.map.get(key) {
            None | Some(Value::Null) => {
                self.unreadable(key, "missing", allowed);
                None
            }
            Some(value) => Some(value),
        }
    }

    /// Text of 1 to `max` characters.
    pub(super) fn text(&self, key: &str, max: usize) -> Option<String> {
        let allowed = format!("text of 1 to {max} characters");
        let value = self.take(key, &allowed)?;
        let Some(text) = value.as_str() else {
            self.unreadable(key, "not text", &allowed);
            return None;
        };
        if text.is_empty() || text.chars().count() > max || text.chars().any(char::is_control) {
            self.impossible(key, "empty, too long, or with control characters", &allowed);
            return None;
        }
        Some(text.to_owned())
    }

    /// Text that may be missing; then it is empty.
    pub(super) fn text_or_empty(&self, key: &str, max: usize) -> Option<String> {
        if self.has(key) {
            self.text(key, max)
        } else {
            Some(String::new())
        }
    }

    /// One of a list of words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let allowed = names.join(", ");
        let value = self.take(key, &allowed)?;
        let Some(text) = value.as_str() else {
            self.unreadable(key, "not text", &allowed);
            return None;
        };
        let found = words.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            self.impossible(key, "not one of the known words", &allowed);
        }
        found.map(|(_, made)| *made)
    }

    /// True or false.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let made = self.take(key, "true or false")?.as_bool();
        if made.is_none() {
            self.unreadable(key, "not true or false", "true or false");
        }
        made
    }

    /// A number from `low` to `high`.
    pub(super) fn number(&self, key: &str, low: f64, high: f64) -> Option<f64> {
        let allowed = format!("a number from {low} to {high}");
        let Some(number) = self.take(key, &allowed)?.as_f64() else {
            self.unreadable(key, "not a number", &allowed);
            return None;
        };
        if !(low..=high).contains(&number) {
            self.impossible(key, "out of range", &allowed);
            return None;
        }
        Some(number)
    }

    /// A whole number from `low` to `high`.
    pub(super) fn whole(&self, key: &str, low: u32, high: u32) -> Option<u32> {
        let allowed = format!("a whole number from {low} to {high}");
        let Some(number) = self.take(key, &allowed)?.as_u64() else {
            self.unreadable(key, "not a whole number", &allowed);
            return None;
        };
        let made = u32::try_from(number)
            .ok()
            .filter(|number| (low..=high).contains(number));
        if made.is_none() {
            self.impossible(key, "out of range", &allowed);
        }
        made
    }

    /// A moment as RFC 3339 text, in Unix milliseconds.
    pub(super) fn time(&self, key: &str) -> Option<i64> {
        let allowed = "an RFC 3339 time with offset, as 2026-05-04T08:15:30+08:00";
        let value = self.take(key, allowed)?;
        let made = value
            .as_str()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
            .map(jiff::Timestamp::as_millisecond);
        if made.is_none() {
            self.unreadable(key, "not a time", allowed);
        }
        made
    }

    /// A moment that may be missing.
    #[expect(
        clippy::option_option,
        reason = "outside: could it be read; inside: was it there"
    )]
    pub(super) fn time_or_none(&self, key: &str) -> Option<Option<i64>> {
        if self.has(key) {
            self.time(key).map(Some)
        } else {
            Some(None)
        }
    }

    /// A nested object with these keys.
    pub(super) fn object(&self, key: &str, known: &[&str]) -> Option<Fields<'a>> {
        let allowed = format!("an object with {}", known.join(", "));
        let Some(map) = self.take(key, &allowed)?.as_object() else {
            self.unreadable(key, "not an object", &allowed);
            return None;
        };
        Some(Fields::new(map, &self.name(key), known, self.findings))
    }

    /// A list of at most `max` objects with these keys; a missing list is empty.
    pub(super) fn objects(&self, key: &str, max: usize, known: &[&str]) -> Option<Vec<Fields<'a>>> {
        if !self.has(key) {
            return Some(Vec::new());
        }
        let allowed = format!("a list of at most {max} objects with {}", known.join(", "));
        let list = self.take(key, &allowed)?.as_array();
        let Some(list) = list.filter(|list| list.len() <= max) else {
            self.unreadable(key, "not a list, or too long", &allowed);
            return None;
        };
        let mut made = Vec::new();
        for (at, value) in list.iter().enumerate() {
            let name = format!("{}[{at}]", self.name(key));
            let Some(map) = value.as_object() else {
                self.findings.add(name, "not an object", &allowed, true);
                return None;
            };
            made.push(Fields::new(map, &name, known, self.findings));
        }
        Some(made)
    }

    /// The position in this object's `lat`, `lon` and `datum`.
    pub(super) fn point(&self) -> Option<GeoPoint> {
        let lat = self.number("lat", -90.0, 90.0);
        let lon = self.number("lon", -180.0, 180.0);
        let datum = self.word(
            "datum",
            &[
                ("wgs84", Datum::Wgs84),
                ("cgcs2000", Datum::Cgcs2000),
                ("gcj02", Datum::Gcj02),
            ],
        );
        Some(GeoPoint {
            at: LatLon {
                lat: lat?,
                lon: lon?,
            },
            datum: datum?,
        })
    }

    /// True if the field holds exactly this text.
    pub(super) fn is_text(&self, key: &str, text: &str) -> bool {
        self.map.get(key).and_then(Value::as_str) == Some(text)
    }
}
