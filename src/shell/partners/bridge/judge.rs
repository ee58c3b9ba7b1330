//! What an answer of the installation means for a request.

use serde_json::{Value, json};

use crate::shell::partners::client::{Answer, WireError};

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The corridor is open; the answer.
    Opened(Value),
    /// It will never be; the reason.
    Refused(Value),
    /// The times were too old or too new: compose the request anew, with the clock as it is known
    /// by now.
    Stale,
    /// Try the same bytes again later; why, in words.
    Later(String),
}

/// Judges an answer, or that there was none.
#[must_use]
pub fn judge(answer: &Result<Answer, WireError>) -> Verdict {
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => return Verdict::Later(why.to_string()),
    };
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    match answer.status {
        200..300 => Verdict::Opened(body),
        // An earlier try went in and its answer was lost; this one had other times.
        409 if is_code(&body, "request-id-reused") => Verdict::Opened(json!({
            "decision": "opened-earlier",
            "note": "an earlier try of this request was taken; see the console for its corridor",
        })),
        422 if only_times(&body) => Verdict::Stale,
        // A token can be renewed while requests wait.
        401 | 403 | 408 | 425 | 429 | 500.. => Verdict::Later(format!(
            "answered {}{}",
            answer.status,
            code(&body)
                .map(|code| format!(" {code}"))
                .unwrap_or_default()
        )),
        status => Verdict::Refused(if body.is_null() {
            json!({ "status": status, "detail": "no answer of this API; is `server` right?" })
        } else {
            body
        }),
    }
}

/// The code of a problem, as `no-route`.
#[must_use]
pub fn code(body: &Value) -> Option<&str> {
    body["type"].as_str()?.rsplit(':').next()
}

fn is_code(body: &Value, wanted: &str) -> bool {
    code(body) == Some(wanted)
}

/// True if nothing but the times is wrong.
fn only_times(body: &Value) -> bool {
    let errors = body["errors"].as_array();
    errors.is_some_and(|errors| {
        let times = ["issued_at", "expires_at"];
        !errors.is_empty()
            && errors
                .iter()
                .all(|error| times.iter().any(|time| error["field"] == *time))
            && errors.iter().any(|error| error["field"] == "issued_at")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &Value) -> Verdict {
        judge(&Ok(Answer {
            status,
            date: None,
            body: body.to_string().into_bytes(),
        }))
    }

    #[test]
    fn answers_are_told_apart() {
        let opened = json!({ "corridor_id": 7 });
        assert_eq!(of(201, &opened), Verdict::Opened(opened));
        let stale = json!({ "errors": [{ "field": "issued_at" }] });
        assert_eq!(of(422, &stale), Verdict::Stale);
        let wrong = json!({ "errors": [{ "field": "issued_at" }, { "field": "note" }] });
        assert_eq!(of(422, &wrong), Verdict::Refused(wrong));
        let reused = json!({ "type": "urn:greenwave:problem:request-id-reused" });
        assert!(matches!(of(409, &reused), Verdict::Opened(_)));
        let busy = json!({ "type": "urn:greenwave:problem:vehicle-busy" });
        assert!(matches!(of(409, &busy), Verdict::Refused(_)));
        assert!(matches!(of(302, &Value::Null), Verdict::Refused(_)));
        for status in [401, 403, 429, 500, 503] {
            assert!(
                matches!(of(status, &Value::Null), Verdict::Later(_)),
                "{status}"
            );
        }
        assert!(matches!(
            judge(&Err(WireError::Flood(1))),
            Verdict::Later(_)
        ));
    }
}
