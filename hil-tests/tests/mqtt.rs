//! The native contract over MQTT: inside the program, and over Debian's mosquitto with TLS and an
//! access list.
#![cfg(feature = "shell")]
#![expect(
    clippy::disallowed_methods,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "real sockets in real time; helpers of a test may fail it; a life is told in order"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenwave::shell::dispatch::asyncapi_json;
use greenwave::shell::dispatch::auth::Scope;
use greenwave::shell::dispatch::bus::{
    Broker, Exchange, InProcess, Incoming, Letter, MessageBus, Topics, Verb,
};
use greenwave::shell::store::audit::records_file;
use hil_tests::mqtt::{
    AGENCY, Listener, Mosquitto, OTHER, PASSWORD, Site, flood, make_token, moment,
};
use hil_tests::rig::peer;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;

const PATIENCE: Duration = Duration::from_secs(30);

/// A site whose bus is inside the program, and somebody who listens to all that goes out.
struct Inside {
    site: Site,
    bus: Arc<InProcess>,
    heard: Receiver<Incoming>,
}

impl Inside {
    fn new() -> Self {
        let bus = Arc::new(InProcess::default());
        let heard = bus.listen("greenwave/v1/+/+/out/#");
        let mut state = bus.listen("greenwave/v1/+/state");
        let over = Arc::clone(&bus);
        let site = Site::start(|| Exchange::over(over)).unwrap();
        // From its sign of life on the controller listens.
        state.blocking_recv().unwrap();
        Self { site, bus, heard }
    }

    fn until<T>(&mut self, wanted: impl Fn(&Incoming) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            match self.heard.try_recv() {
                Ok(message) => {
                    if let Some(found) = wanted(&message) {
                        return found;
                    }
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
            assert!(began.elapsed() < PATIENCE, "it does not come");
        }
    }

    fn send(&self, (topic, payload): &(String, String)) {
        let message = Incoming {
            topic: topic.clone(),
            payload: payload.clone().into(),
            retained: false,
        };
        self.bus.deliver(&message).unwrap();
    }

    fn answer(&mut self, nonce: &str) -> (u64, Value) {
        self.until(|message| {
            let answer: Value = serde_json::from_slice(&message.payload).ok()?;
            let ours = message.topic.contains("/out/answers/") && answer["nonce"] == nonce;
            ours.then(|| (answer["status"].as_u64().unwrap(), answer["body"].clone()))
        })
    }

    fn ask(&mut self, verb: Verb, letter: &Letter) -> (u64, Value) {
        self.send(&self.site.sealed(verb, letter));
        self.answer(&letter.nonce)
    }

    fn open(&mut self) -> u32 {
        let letter = self.site.letter(None, &self.site.request());
        let (status, body) = self.ask(Verb::Request, &letter);
        assert_eq!(status, 201, "{body}");
        u32::try_from(body["corridor_id"].as_u64().unwrap()).unwrap()
    }
}

fn position() -> Value {
    json!({
        "vehicle_id": "amb-1", "t_fix": moment(0), "seq": 1, "lat": 32.7, "lon": 109.03,
        "datum": "wgs84", "speed_mps": 12.0, "heading_deg": 90.0,
    })
}

#[test]
fn every_verb_works_without_any_broker_and_by_the_rules_of_its_route() {
    let mut inside = Inside::new();
    let corridor = inside.open();
    let change = |inside: &Inside, body: &Value| inside.site.letter(Some(corridor), body);
    let body = json!({ "expires_at": moment(1800) });
    let letter = change(&inside, &body);
    assert_eq!(inside.ask(Verb::Extend, &letter).0, 200);
    let body = json!({ "destination": { "facility_id": "H2" } });
    let letter = change(&inside, &body);
    let (status, body) = inside.ask(Verb::UpdateRoute, &letter);
    assert!(matches!(status, 200 | 422), "{body}");
    // A machine is no second person, over whichever wire.
    let letter = change(&inside, &Value::Null);
    let (status, body) = inside.ask(Verb::Confirm, &letter);
    assert_eq!(
        (status, &body["type"]),
        (403, &json!("urn:greenwave:problem:role-missing"))
    );
    let letter = inside.site.letter(None, &position());
    assert_eq!(inside.ask(Verb::Position, &letter).0, 204);
    assert_eq!(inside.site.city.fixes(), 1);
    let letter = inside.site.letter(None, &json!({ "vehicle_id": 5 }));
    let (status, body) = inside.ask(Verb::Position, &letter);
    assert_eq!(status, 400);
    assert!(body["errors"].as_array().unwrap().len() > 3, "{body}");
    let letter = change(&inside, &json!({ "agency": OTHER }));
    assert_eq!(inside.ask(Verb::HandOver, &letter).0, 200);
    // From now on it is none of ours.
    let letter = change(&inside, &Value::Null);
    assert_eq!(inside.ask(Verb::Cancel, &letter).0, 404);
    let topic = inside.site.topics.status(OTHER, corridor);
    inside.until(|message| (message.topic == topic).then_some(()));
    assert_eq!(inside.site.city.opened(), 1);
}

/// By hand, as in `roles.rs`: what each topic answers to a token of one scope with an empty object
/// about a corridor that is not there. 400: let in, and told what is missing.
const EXPECTED: [(Verb, [u64; 3]); 7] = [
    (Verb::Request, [400, 403, 403]),
    (Verb::Confirm, [403, 403, 403]),
    (Verb::UpdateRoute, [400, 403, 403]),
    (Verb::Extend, [400, 403, 403]),
    (Verb::Cancel, [404, 403, 403]),
    (Verb::HandOver, [400, 403, 403]),
    (Verb::Position, [403, 400, 403]),
];

#[test]
fn every_topic_with_every_scope_answers_exactly_so() {
    let mut inside = Inside::new();
    assert_eq!(EXPECTED.map(|(verb, _)| verb), Verb::ALL);
    let scopes = [
        Scope::CorridorRequest,
        Scope::PositionWrite,
        Scope::StatusRead,
    ];
    for (at, scope) in scopes.into_iter().enumerate() {
        let token = make_token(&inside.site.auth, "one-scope", AGENCY, &[scope]).unwrap();
        for (verb, expected) in EXPECTED {
            let about = verb.names_corridor().then_some(999);
            let letter = Letter {
                key: "one-scope".to_owned(),
                ..inside.site.letter(about, &json!({}))
            };
            let topic = inside.site.topics.ask(AGENCY, verb);
            inside.send(&(topic.clone(), letter.seal(&token, &topic)));
            let (status, body) = inside.answer(&letter.nonce);
            assert_eq!(
                status,
                expected[at],
                "{topic} with {}: {body}",
                scope.name()
            );
        }
    }
    assert_eq!(
        (inside.site.city.opened(), inside.site.city.fixes()),
        (0, 0)
    );
}

#[test]
fn a_message_that_comes_twice_is_done_once_and_its_body_is_known_over_http_too() {
    let mut inside = Inside::new();
    let body = inside.site.request();
    let letter = inside.site.letter(None, &body);
    let first = inside.ask(Verb::Request, &letter);
    for _ in 0..3 {
        assert_eq!(inside.ask(Verb::Request, &letter), first, "the same answer");
    }
    assert_eq!(inside.site.count("again"), 3);
    // A new letter about the same request: the route's own memory answers.
    let anew = inside.site.letter(None, &body);
    assert_eq!(inside.ask(Verb::Request, &anew), first);
    // And the same request over HTTP.
    let url = format!("{}/api/v1/corridors", inside.site.base);
    let bearer = format!("Bearer {}", inside.site.token);
    let request = ureq::post(url).header("authorization", bearer);
    let answer: Value = request
        .send_json(&body)
        .unwrap()
        .body_mut()
        .read_json()
        .unwrap();
    assert_eq!(answer, first.1);
    assert_eq!(inside.site.city.opened(), 1);
}

#[test]
fn refusals_have_no_effect_and_stand_in_the_audit_by_their_reason() {
    let mut inside = Inside::new();
    let corridor = inside.open();
    let good = inside.site.letter(Some(corridor), &Value::Null);
    for (letter, reason) in [
        (
            Letter {
                epoch: 0,
                ..good.clone()
            },
            "older-epoch",
        ),
        (
            Letter {
                issued_at: moment(-3600),
                ..good.clone()
            },
            "stale",
        ),
        (
            Letter {
                expires_at: moment(-1),
                ..good.clone()
            },
            "expired",
        ),
    ] {
        let (status, body) = inside.ask(Verb::Cancel, &letter);
        assert!(status >= 400);
        assert_eq!(body["type"], format!("urn:greenwave:problem:{reason}"));
        assert_eq!(inside.site.count(reason), 1);
    }
    // Nobody is answered who is not known.
    let (topic, _) = inside.site.sealed(Verb::Cancel, &good);
    inside.send(&(topic.clone(), good.seal("another token", &topic)));
    // A token without the scope.
    let watcher = make_token(&inside.site.auth, "watch", AGENCY, &[Scope::StatusRead]).unwrap();
    let letter = Letter {
        key: "watch".to_owned(),
        ..good.clone()
    };
    inside.send(&(topic.clone(), letter.seal(&watcher, &topic)));
    let (status, body) = inside.answer(&letter.nonce);
    assert_eq!(
        (status, &body["type"]),
        (403, &json!("urn:greenwave:problem:scope-missing"))
    );
    assert_eq!(inside.site.count("bad-signature"), 1);
    let fresh = inside.site.letter(Some(corridor), &Value::Null);
    assert_eq!(
        inside.ask(Verb::Cancel, &fresh).0,
        200,
        "nothing has touched it before"
    );
    let folder = inside.site.audit();
    let text = std::fs::read_to_string(records_file(&folder)).unwrap();
    for part in [
        "MQTT POST /api/v1/corridors\"",
        "/cancel",
        "older-epoch",
        "stale",
        "bad-signature",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(!text.contains(&inside.site.token));
}

#[test]
fn a_reply_target_that_nobody_registered_makes_a_message_worthless() {
    let inside = Inside::new();
    let topic = inside.site.topics.answers(AGENCY, "elsewhere");
    let letter = Letter {
        reply_to: Some(topic),
        ..inside.site.letter(None, &inside.site.request())
    };
    inside.send(&inside.site.sealed(Verb::Request, &letter));
    let began = Instant::now();
    while inside.site.count("reply-not-registered") == 0 {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(inside.site.city.opened(), 0);
}

#[test]
fn what_is_too_much_is_refused_and_does_nothing() {
    let mut inside = Inside::new();
    for _ in 0..300 {
        let letter = Letter {
            reply_to: None,
            ..inside.site.letter(None, &position())
        };
        let (topic, payload) = inside.site.sealed(Verb::Position, &letter);
        // Some may not even find room in the inbox.
        let _counted = inside.bus.deliver(&Incoming {
            topic,
            payload: payload.into(),
            retained: false,
        });
    }
    // Another agency is not kept waiting by it.
    let token = make_token(&inside.site.auth, "other", OTHER, &Scope::ALL).unwrap();
    let topic = inside.site.topics.ask(OTHER, Verb::Cancel);
    let target = inside.site.topics.answers(OTHER, "desk");
    let registered = format!("mqtt:{target}");
    inside.site.auth.register_reply(OTHER, &registered).unwrap();
    let letter = Letter {
        key: "other".to_owned(),
        agency: OTHER.to_owned(),
        reply_to: Some(target),
        ..inside.site.letter(Some(999), &Value::Null)
    };
    inside.send(&(topic.clone(), letter.seal(&token, &topic)));
    assert_eq!(inside.answer(&letter.nonce).0, 404);
    let began = Instant::now();
    let lost = inside.site.exchange.bus.health().inbox_lost;
    while inside.site.judged() + lost < 301 {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    let (done, over) = (
        inside.site.count("done"),
        inside.site.count("refused-by-route"),
    );
    assert_eq!(done + over + inside.site.count("busy") + lost, 301);
    assert!(done < 300, "nothing was too much");
    assert_eq!(inside.site.city.fixes(), done);
}

/// The broker, or nothing with the reason told.
fn broker() -> Option<Mosquitto> {
    let missing = Mosquitto::missing();
    assert!(peer("mosquitto", missing));
    missing.is_none().then(|| Mosquitto::start().unwrap())
}

fn site_over(broker: &Mosquitto, ca: &str) -> Site {
    let settings = broker.settings(ca).unwrap();
    Site::start(|| Exchange::over(Arc::new(Broker::start(&settings)))).unwrap()
}

fn ask(
    broker: &Mosquitto,
    site: &Site,
    (verb, letter): (Verb, &Letter),
    answers: &Listener,
) -> (u64, Value) {
    let (topic, payload) = site.sealed(verb, letter);
    broker.publish(AGENCY, (&topic, &payload)).unwrap();
    answers.answer(&letter.nonce).unwrap()
}

/// Opens a corridor; its number.
fn open(broker: &Mosquitto, site: &Site, answers: &Listener) -> u32 {
    let letter = site.letter(None, &site.request());
    let (status, body) = ask(broker, site, (Verb::Request, &letter), answers);
    assert_eq!(status, 201, "{body}");
    u32::try_from(body["corridor_id"].as_u64().unwrap()).unwrap()
}

#[test]
fn a_corridor_from_request_to_cancellation_over_mosquitto() {
    let Some(broker) = broker() else { return };
    let site = site_over(&broker, "ca.pem");
    let answers = broker
        .listen(AGENCY, &site.topics.answers(AGENCY, "+"))
        .unwrap();
    let status = broker
        .listen(AGENCY, "greenwave/v1/+/ems/out/status/#")
        .unwrap();
    let stranger = broker.listen(OTHER, "greenwave/v1/#").unwrap();
    let corridor = open(&broker, &site, &answers);
    let topic = site.topics.status(AGENCY, corridor);
    // Status comes without being asked for, is not retained, and expires.
    let heard = |heard: &hil_tests::mqtt::Heard| (heard.topic == topic).then(|| heard.clone());
    let mut last = String::new();
    for _ in 0..4 {
        let one = status.until(heard).unwrap();
        assert!(!one.retained);
        assert!(one.expiry_s.is_some_and(|left| left <= 3), "{one:?}");
        let t = one.payload["t"].as_str().unwrap().to_owned();
        assert!(t > last, "{t} after {last}");
        last = t;
        assert_eq!(one.payload["epoch"], 1);
        assert!(one.payload["intersections"].as_array().unwrap().len() > 1);
    }
    // Green is what was read back from the lamps.
    let green = status.until(|heard| {
        let signals = heard.payload["intersections"].as_array()?;
        let held = signals.iter().find(|one| one["state"] == "green_held")?;
        Some(held["confirmed_by"].clone())
    });
    assert_eq!(green.unwrap(), "lamp_readback");
    // A position moves the vehicle: to the end of its way.
    let line = status.until(|heard| heard.payload.get("line").cloned());
    let line = line.unwrap();
    let near_end = &line.as_array().unwrap()[line.as_array().unwrap().len() - 2];
    let mut fix = position();
    (fix["lon"], fix["lat"]) = (near_end[0].clone(), near_end[1].clone());
    let letter = site.letter(None, &fix);
    assert_eq!(
        ask(&broker, &site, (Verb::Position, &letter), &answers).0,
        204
    );
    let moved = status.until(|heard| {
        let eta = heard.payload["vehicle"]["eta_s"].as_f64()?;
        (eta < 30.0).then_some(eta)
    });
    assert!(moved.is_ok());
    let letter = site.letter(Some(corridor), &Value::Null);
    let (code, body) = ask(&broker, &site, (Verb::Cancel, &letter), &answers);
    assert_eq!((code, &body["state"]), (200, &json!("cancelled")));
    let over = status.until(|heard| (heard.payload["state"] == "cancelled").then_some(()));
    over.unwrap();
    // Another agency has heard nothing but the sign of life all the while.
    let began = stranger.until(|heard| {
        assert!(heard.topic.ends_with("/state"), "{heard:?}");
        (heard.payload["t"].as_str()? > last.as_str()).then_some(())
    });
    began.unwrap();
}

#[test]
fn thousands_of_hostile_messages_have_no_effect() {
    if Mosquitto::missing().is_some() {
        return;
    }
    let flood = flood(3000).unwrap();
    assert_eq!((flood.messages, flood.effects), (3000, 0), "{flood:?}");
    assert_eq!(flood.kept_off_by_the_broker, 600, "{flood:?}");
    for reason in [
        "again",
        "bad-signature",
        "stale",
        "expired",
        "older-epoch",
        "unknown-agency",
        "foreign-agency",
        "not-json",
        "retained",
    ] {
        assert!(
            flood.judged.get(reason).is_some_and(|n| *n > 0),
            "{reason}: {flood:?}"
        );
    }
}

#[test]
fn a_broker_that_was_killed_is_an_alarm_and_messages_go_on_when_it_is_back() {
    let Some(mut broker) = broker() else { return };
    let site = site_over(&broker, "ca.pem");
    let answers = broker
        .listen(AGENCY, &site.topics.answers(AGENCY, "+"))
        .unwrap();
    let corridor = open(&broker, &site, &answers);
    drop(answers);
    broker.kill();
    let began = Instant::now();
    while !site.city.alarms().contains(&"mqtt-broker-lost".to_owned()) {
        assert!(began.elapsed() < PATIENCE, "no alarm");
        std::thread::sleep(Duration::from_millis(50));
    }
    // The other door is open.
    let url = format!("{}/api/v1/corridors/{corridor}", site.base);
    let bearer = format!("Bearer {}", site.token);
    let answer = ureq::get(url)
        .header("authorization", bearer)
        .call()
        .unwrap();
    assert_eq!(answer.status(), 200);
    broker.start_again().unwrap();
    let answers = broker.listen(AGENCY, "greenwave/v1/+/ems/out/#").unwrap();
    answers
        .until(|heard| heard.topic.contains("/status/").then_some(()))
        .unwrap();
    let letter = site.letter(Some(corridor), &Value::Null);
    let (status, _) = ask(&broker, &site, (Verb::Cancel, &letter), &answers);
    assert_eq!(status, 200, "the subscriptions were made anew");
    let began = Instant::now();
    while !site.city.alarms().is_empty() {
        assert!(
            began.elapsed() < PATIENCE,
            "the alarm stays: {:?}",
            site.city.alarms()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_password_from_a_file_opens_the_broker_and_we_leave_it_politely() {
    let Some(broker) = broker() else { return };
    let settings = broker.settings_by_password("wrong").unwrap();
    let site = Site::start(|| Exchange::over(Arc::new(Broker::start(&settings)))).unwrap();
    let began = Instant::now();
    let refused = |site: &Site| {
        let away = site.exchange.bus.health().away;
        away.is_some_and(|why| why.contains("refused"))
    };
    while !refused(&site) {
        let health = site.exchange.bus.health();
        assert!(began.elapsed() < PATIENCE, "{health:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(site);
    let settings = broker.settings_by_password(PASSWORD).unwrap();
    let site = Site::start(|| Exchange::over(Arc::new(Broker::start(&settings)))).unwrap();
    let answers = broker
        .listen(AGENCY, &site.topics.answers(AGENCY, "+"))
        .unwrap();
    open(&broker, &site, &answers);
    site.exchange.bus.close();
    let began = Instant::now();
    while !broker
        .log()
        .contains("Client greenwave-made-up disconnected.")
    {
        assert!(began.elapsed() < PATIENCE, "{}", broker.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_broker_of_another_authority_is_not_spoken_to() {
    let Some(broker) = broker() else { return };
    let site = site_over(&broker, "stranger.pem");
    let began = Instant::now();
    let why = loop {
        let health = site.exchange.bus.health();
        if let Some(why) = health.away.filter(|why| why.contains("certificate")) {
            break why;
        }
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(why.contains("UnknownIssuer"), "{why}");
    assert!(site.exchange.bus.health().away_lost > 0 || site.judged() == 0);
}

/// `GREENWAVE_OVERWRITE=1 cargo test -p hil-tests --test mqtt` writes the document anew.
#[test]
fn the_asyncapi_document_is_the_one_checked_in() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api/asyncapi.json");
    let made = asyncapi_json();
    if std::env::var_os("GREENWAVE_OVERWRITE").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        made == kept,
        "docs/api/asyncapi.json is out of date; see this test's comment"
    );
}

/// Topics as the code uses them, against the document's addresses, and letters and answers as they
/// really are against its schemas' fields.
#[test]
fn the_asyncapi_document_says_what_the_code_does() {
    let document: Value = serde_json::from_str(&asyncapi_json()).unwrap();
    let topics = Topics::of("{city}");
    let mut expected: Vec<String> = Verb::ALL.map(|verb| topics.ask("{agency}", verb)).into();
    expected.push(topics.answers("{agency}", "{name}"));
    expected.push(topics.status("{agency}", 0).replace("/0", "/{corridor_id}"));
    expected.push(topics.state());
    let channels = document["channels"].as_object().unwrap();
    let mut addresses: Vec<String> = channels
        .values()
        .map(|one| one["address"].as_str().unwrap().to_owned())
        .collect();
    addresses.sort();
    expected.sort();
    assert_eq!(addresses, expected);
    let schemas = &document["components"]["schemas"];
    let fields = |name: &str| -> BTreeSet<String> {
        let schema = &schemas[name];
        let parts = schema["allOf"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![schema.clone()]);
        let keys = parts.iter().flat_map(|part| {
            let named = part["$ref"].as_str().and_then(|to| to.rsplit('/').next());
            let part = named.map_or(part, |name| &schemas[name]);
            part["properties"].as_object().unwrap().keys().cloned()
        });
        keys.collect()
    };
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let mut inside = Inside::new();
    let corridor = inside.open();
    let letter = inside.site.letter(Some(corridor), &Value::Null);
    let sealed: Value = serde_json::from_str(&letter.seal("t", "t")).unwrap();
    assert_eq!(keys(&sealed), fields("corridorCancelLetter"));
    let letter = inside.site.letter(None, &Value::Null);
    let sealed: Value = serde_json::from_str(&letter.seal("t", "t")).unwrap();
    assert_eq!(keys(&sealed), fields("positionLetter"));
    let bus = Arc::clone(&inside.bus);
    let mut all = bus.listen("#");
    inside.ask(Verb::Position, &letter);
    let mut missing = vec!["/state", "/out/answers/", "/out/status/"];
    let began = Instant::now();
    while !missing.is_empty() {
        assert!(began.elapsed() < PATIENCE, "{missing:?} does not come");
        let Ok(message) = all.try_recv() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        let schema = match &message.topic {
            topic if topic.ends_with("/state") => "StateMessageDto",
            topic if topic.contains("/out/answers/") => "AnswerDto",
            topic if topic.contains("/out/status/") => "StatusMessageDto",
            _ => continue,
        };
        missing.retain(|part| !message.topic.contains(part));
        let payload: Value = serde_json::from_slice(&message.payload).unwrap();
        let (told, said) = (keys(&payload), fields(schema));
        assert!(told.is_subset(&said), "{}: {told:?}", message.topic);
        // Only where one corridor is asked for.
        let left_out = ["crew", "crew_page_seen_ms"].map(str::to_owned);
        let missing: Vec<_> = said.difference(&told).collect();
        assert!(
            missing.iter().all(|field| left_out.contains(field)),
            "{missing:?}"
        );
    }
}
