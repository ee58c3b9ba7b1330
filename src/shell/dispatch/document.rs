//! The OpenAPI document: what the handlers declare, completed from the one table of routes, so
//! that nobody has to repeat at each route what the door answers.

use serde_json::{Map, Value, json};

use super::partners::CREW_HEADER;
use super::routes::{Access, ROUTES, RouteRule};

/// The document with the door's answers, the ways to sign in and the right kind of problems.
pub(super) fn complete(mut doc: Value) -> Value {
    if let Some(components) = doc.get_mut("components").and_then(Value::as_object_mut) {
        components.insert(
            "securitySchemes".to_owned(),
            json!({
                "machine": { "type": "http", "scheme": "bearer",
                    "description": "a machine token, with its client certificate if it has one" },
                "session": { "type": "apiKey", "in": "cookie", "name": super::routes::COOKIE,
                    "description": "a session; acts also need the header x-greenwave-csrf" },
                "crew": { "type": "apiKey", "in": "header", "name": CREW_HEADER,
                    "description": "what stands after the # of a crew's link" },
            }),
        );
    }
    let paths = doc.get_mut("paths").and_then(Value::as_object_mut);
    for (path, methods) in paths.into_iter().flatten() {
        let operations = methods.as_object_mut().into_iter().flatten();
        for (method, operation) in operations {
            let mut rules = ROUTES.iter();
            let rule = rules.find(|rule| {
                rule.path == *path && rule.method.eq_ignore_ascii_case(method.as_str())
            });
            if let (Some(rule), Some(operation)) = (rule, operation.as_object_mut()) {
                complete_one(rule, operation);
            }
        }
    }
    doc
}

fn complete_one(rule: &RouteRule, operation: &mut Map<String, Value>) {
    let is_public = rule.access == Access::Public;
    if !is_public {
        let ways = if rule.access == Access::Crew {
            json!([{ "crew": [] }])
        } else {
            json!([{ "machine": [] }, { "session": [] }])
        };
        operation.insert("security".to_owned(), ways);
    }
    let has_body = operation.contains_key("requestBody");
    let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    let is_act = rule.method != "GET";
    let answers = [
        ("401", !is_public),
        ("403", is_act || matches!(rule.access, Access::Roles(_))),
        ("413", is_act),
        ("415", has_body),
        ("422", has_body),
        ("429", !is_public),
        ("503", true),
    ];
    for (status, _) in answers.into_iter().filter(|(_, given)| *given) {
        let entry = responses.entry(status);
        entry.or_insert_with(|| json!({ "description": "" }));
    }
    for (status, response) in responses {
        if status.starts_with(['4', '5']) {
            let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
            *response = json!({
                "description": "nothing was changed; the problem says why",
                "content": { "application/problem+json": problem },
            });
        }
    }
}
