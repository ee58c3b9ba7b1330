//! The `AsyncAPI` 3 document, from the one table of verbs and the schemas of the routes.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::desk::AnswerDto;
use super::letter::FIELDS;
use super::status::{EXPIRY_S, StateMessageDto, StatusMessageDto};
use super::topics::{Topics, Verb};

/// The document; `openapi` is the API's own, whose schemas the bodies have.
pub(in crate::shell::dispatch) fn document(openapi: &Value) -> Value {
    let topics = Topics::of("{city}");
    let (mut channels, mut operations) = (Map::new(), Map::new());
    let (mut messages, mut schemas) = (Map::new(), Map::new());
    for verb in Verb::ALL {
        let name = name_of(verb);
        let body = body_of(openapi, verb);
        schemas.insert(format!("{name}Letter"), letter(verb, body.as_deref()));
        messages.insert(
            name.clone(),
            message(&format!("{name}Letter"), &summary(verb)),
        );
        let address = topics.ask("{agency}", verb);
        channels.insert(name.clone(), channel(&address, &name, &["city", "agency"]));
        operations.insert(name.clone(), operation("receive", &name));
    }
    let (answer, status) = (
        topics.answers("{agency}", "{name}"),
        format!(
            "{}{{corridor_id}}",
            topics.status("{agency}", 0).trim_end_matches('0')
        ),
    );
    let outs: [(&str, &str, &str, &[&str]); 3] = [
        ("answer", &answer, "AnswerDto", &["city", "agency", "name"]),
        (
            "status",
            &status,
            "StatusMessageDto",
            &["city", "agency", "corridor_id"],
        ),
        ("state", &topics.state(), "StateMessageDto", &["city"]),
    ];
    for (name, address, schema, parameters) in outs {
        messages.insert(name.to_owned(), message(schema, summary_out(name)));
        channels.insert(name.to_owned(), channel(address, name, parameters));
        operations.insert(name.to_owned(), operation("send", name));
    }
    add::<AnswerDto>(&mut schemas);
    add::<StatusMessageDto>(&mut schemas);
    add::<StateMessageDto>(&mut schemas);
    with_bodies(openapi, &mut schemas);
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Greenwave over MQTT 5",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The routes of openapi.json as messages. See docs/api/README.md. \
                            Nothing is retained; whatever comes retained is refused.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas },
    })
}

/// `corridor/update_route` is `corridorUpdateRoute`.
fn name_of(verb: Verb) -> String {
    let mut name = String::new();
    for (at, part) in verb.tail().split(['/', '_']).enumerate() {
        let (first, rest) = part.split_at(1.min(part.len()));
        let first = if at == 0 {
            first.to_owned()
        } else {
            first.to_uppercase()
        };
        name.push_str(&first);
        name.push_str(rest);
    }
    name
}

fn summary(verb: Verb) -> String {
    format!("POST {} of openapi.json, with all its rules", verb.route())
}

fn summary_out(name: &str) -> &'static str {
    match name {
        "answer" => {
            "The answer to a message, on the topic that its `reply_to` names and an admin has \
             registered as `mqtt:TOPIC`. The same message again gets the same answer."
        }
        "status" => {
            "A corridor of this agency, on every change and once a second while it runs. Expires \
             after 3 s; a lamp is green only if `confirmed_by` says `lamp_readback`."
        }
        _ => "Once a second: the controller is there, and this is its epoch.",
    }
}

/// The schema of the route's body, by its name.
fn body_of(openapi: &Value, verb: Verb) -> Option<String> {
    let operation = openapi.get("paths")?.get(verb.route())?.get("post")?;
    let content = operation.get("requestBody")?.get("content")?;
    let schema = content.get("application/json")?.get("schema")?;
    let name = schema.get("$ref")?.as_str()?.rsplit('/').next()?;
    Some(name.to_owned())
}

fn letter(verb: Verb, body: Option<&str>) -> Value {
    let mut properties = Map::new();
    for field in FIELDS
        .iter()
        .filter(|f| verb.names_corridor() || **f != "corridor_id")
    {
        properties.insert((*field).to_owned(), field_schema(field, body));
    }
    let needed = properties.keys().filter(|key| *key != "reply_to");
    let needed: Vec<String> = needed.cloned().collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": false,
    })
}

fn field_schema(field: &str, body: Option<&str>) -> Value {
    let time = |text: &str| json!({ "type": "string", "format": "date-time", "description": text });
    let word = |text: &str| json!({ "type": "string", "minLength": 1, "maxLength": 64, "description": text });
    match field {
        "key" => word("Id of the machine token that has signed."),
        "agency" => word("The agency of the topic."),
        "epoch" => json!({ "type": "integer", "format": "int32", "minimum": 0,
            "description": "The controller's, as its state says." }),
        "issued_at" => time("Within 30 s of the controller's time."),
        "expires_at" => time("In the future, at most 60 s after issued_at."),
        "nonce" => json!({ "type": "string", "pattern": "^[0-9a-f]{32}$",
            "description": "Never used before." }),
        "corridor_id" => json!({ "type": "integer", "format": "int32", "minimum": 0 }),
        "reply_to" => json!({ "type": "string", "maxLength": 256,
            "description": "A registered topic; no answer without it." }),
        "signature" => json!({ "type": "string", "pattern": "^[0-9a-f]{64}$",
            "description": "HMAC-SHA256 as docs/api/README.md says." }),
        _ => {
            let mut schema = json!({ "type": "string", "contentMediaType": "application/json" });
            if let (Some(body), Some(fields)) = (body, schema.as_object_mut()) {
                let inner = json!({ "$ref": format!("#/components/schemas/{body}") });
                fields.insert("contentSchema".to_owned(), inner);
            }
            schema
        }
    }
}

fn message(schema: &str, summary: &str) -> Value {
    json!({
        "summary": summary,
        "payload": { "$ref": format!("#/components/schemas/{schema}") },
    })
}

fn channel(address: &str, name: &str, parameters: &[&str]) -> Value {
    let parameters = parameters.iter().map(|one| ((*one).to_owned(), json!({})));
    json!({
        "address": address,
        "parameters": parameters.collect::<Map<_, _>>(),
        "messages": { name: { "$ref": format!("#/components/messages/{name}") } },
    })
}

fn operation(action: &str, name: &str) -> Value {
    let (quality, expiry) = match name {
        "status" | "state" => (0, EXPIRY_S),
        _ => (1, 60),
    };
    json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{name}") },
        "bindings": { "mqtt": { "qos": quality, "retain": false, "messageExpiryInterval": expiry } },
    })
}

fn add<T: ToSchema + PartialSchema>(schemas: &mut Map<String, Value>) {
    let schema = serde_json::to_value(T::schema()).unwrap_or_default();
    schemas.insert(T::name().into_owned(), schema);
}

/// Every schema of the API that one of ours names, and those that these name.
fn with_bodies(openapi: &Value, schemas: &mut Map<String, Value>) {
    let known = openapi.get("components").and_then(|all| all.get("schemas"));
    loop {
        let mut wanted = BTreeSet::new();
        for schema in schemas.values() {
            references(schema, &mut wanted);
        }
        wanted.retain(|name| !schemas.contains_key(name));
        let found = wanted.into_iter().filter_map(|name| {
            let schema = known?.get(&name)?.clone();
            Some((name, schema))
        });
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            return;
        }
        schemas.extend(found);
    }
}

fn references(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                if let ("$ref", Some(target)) = (key.as_str(), inner.as_str()) {
                    names.extend(target.rsplit('/').next().map(str::to_owned));
                }
                references(inner, names);
            }
        }
        Value::Array(all) => all.iter().for_each(|inner| references(inner, names)),
        _ => {}
    }
}
