//! The bus in virtual time: every message is judged at a moment that the test chooses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use serde_json::{Value, json};

use super::super::auth::{Auth, NewToken, Scope};
use super::super::world::{
    Confirmed, CorridorState, CorridorView, CrossingState, CrossingView, LongestWaits, Names,
    OwnerView,
};
use super::judge::{Judge, PAYLOAD_MAX, Verdict};
use super::memory::{Known, Memory};
use super::status::Pacer;
use super::trouble::Watch;
use super::{
    Health, InProcess, Incoming, Letter, MessageBus, NotSent, Outgoing, Settings, Topics, Verb,
    fits,
};
use crate::corridor::ServiceClass;
use crate::shell::store::Records;

const NOW_MS: i64 = 1_800_000_000_000;
const EPOCH: u32 = 7;

struct Scene {
    judge: Judge,
    auth: Arc<Auth>,
    topics: Topics,
    token: String,
    bound: String,
    others: String,
    _folder: tempfile::TempDir,
}

fn token(auth: &Auth, id: &str, agency: &str, certificate: Option<[u8; 32]>) -> String {
    auth.make_token(NewToken {
        id: id.to_owned(),
        agency: agency.to_owned(),
        source_system: "cad".to_owned(),
        scopes: Scope::ALL.to_vec(),
        certificate,
        days: 1,
    })
    .unwrap()
}

fn utc(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap().to_string()
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(&folder.path().join("store.sqlite")).unwrap();
        let auth = Arc::new(Auth::over(records).unwrap());
        let topics = Topics::of("town");
        let agencies: BTreeSet<String> = ["ems", "fire"].map(str::to_owned).into();
        let judge = Judge::new(topics.clone(), agencies, EPOCH, Arc::clone(&auth));
        Self {
            token: token(&auth, "cad-1", "ems", None),
            bound: token(&auth, "cad-bound", "ems", Some([1; 32])),
            others: token(&auth, "cad-2", "fire", None),
            judge,
            auth,
            topics,
            _folder: folder,
        }
    }

    fn letter(nonce: u8) -> Letter {
        Letter {
            key: "cad-1".to_owned(),
            agency: "ems".to_owned(),
            epoch: EPOCH,
            issued_at: utc(NOW_MS),
            expires_at: utc(NOW_MS + 20_000),
            nonce: format!("{nonce:032x}"),
            body: "{}".to_owned(),
            ..Letter::default()
        }
    }

    fn ask(&self) -> String {
        self.topics.ask("ems", Verb::Request)
    }

    fn judge(&self, letter: &Letter, now_ms: i64) -> String {
        let sealed = letter.seal(&self.token, &self.ask());
        self.judge_raw(&self.ask(), sealed, now_ms)
    }

    fn judge_raw(&self, topic: &str, payload: impl Into<Bytes>, now_ms: i64) -> String {
        let message = Incoming {
            topic: topic.to_owned(),
            payload: payload.into(),
            retained: false,
        };
        word(self.judge.judge(&message, now_ms))
    }
}

fn word(verdict: Verdict) -> String {
    match verdict {
        Verdict::Act(_) => "act".to_owned(),
        Verdict::Again(_, answer) => format!("again {}", String::from_utf8_lossy(&answer)),
        Verdict::Refused(refused) => refused.reason.to_owned(),
    }
}

#[test]
fn topics_say_whose_and_what() {
    let topics = Topics::of("town");
    for verb in Verb::ALL {
        let topic = topics.ask("ems", verb);
        assert_eq!(topics.read(&topic), Some(("ems", Some(verb))));
        assert!(fits(&topics.filter(), &topic), "{topic}");
    }
    assert_eq!(
        topics.read("greenwave/v1/town/ems/in/x"),
        Some(("ems", None))
    );
    assert_eq!(topics.read("greenwave/v1/townhall/ems/in/position"), None);
    // What we send, we do not hear.
    let ours = [
        topics.status("ems", 1),
        topics.state(),
        topics.answers("ems", "a"),
    ];
    assert!(ours.iter().all(|topic| !fits(&topics.filter(), topic)));
    assert_eq!(topics.answer_name("ems", &ours[2]), Some("a"));
    for bad in [
        "greenwave/v1/town/fire/out/answers/a",
        "greenwave/v1/town/ems/out/answers/",
        "x",
    ] {
        assert_eq!(topics.answer_name("ems", bad), None, "{bad}");
    }
    assert_eq!(topics.answer_name("ems", &topics.answers("ems", "#")), None);
    assert_eq!(
        topics.answer_name("ems", &topics.answers("ems", "a/b")),
        None
    );
}

#[test]
fn filters_match_level_by_level() {
    for (filter, topic, is) in [
        ("a/+/c", "a/b/c", true),
        ("a/+/c", "a/b/d", false),
        ("a/+", "a/b/c", false),
        ("a/#", "a/b/c", true),
        ("a/#", "a", true),
        ("a/b", "a/b", true),
        ("a/b", "a/b/c", false),
        ("a/b/c", "a/b", false),
    ] {
        assert_eq!(fits(filter, topic), is, "{filter} {topic}");
    }
}

/// The signature as another program made it: Python's hmac and hashlib.
#[test]
fn a_signature_is_what_other_programs_make_of_it() {
    let letter = Letter {
        corridor_id: Some(12),
        reply_to: Some("greenwave/v1/town/ems/out/answers/a".to_owned()),
        issued_at: "2027-01-15T08:00:00Z".to_owned(),
        expires_at: "2027-01-15T08:00:20Z".to_owned(),
        body: "{\"agency\":\"fire\"}".to_owned(),
        ..Scene::letter(255)
    };
    let sealed = letter.seal("secret", "greenwave/v1/town/ems/in/corridor/handover");
    let sealed: Value = serde_json::from_str(&sealed).unwrap();
    assert_eq!(
        sealed["signature"],
        "d51e1b15f6625c46831c3f8abd5cb25da38f6301a1b9e60a5a78e9882486e467"
    );
}

#[test]
fn a_good_message_is_done_once_and_answered_the_same_every_time() {
    let scene = Scene::new();
    let letter = Scene::letter(1);
    assert_eq!(scene.judge(&letter, NOW_MS), "act");
    assert_eq!(
        scene.judge(&letter, NOW_MS + 1),
        "duplicate",
        "not answered yet"
    );
    scene.judge.answered(&letter, Bytes::from_static(b"yes"));
    assert_eq!(scene.judge(&letter, NOW_MS + 2), "again yes");
    assert_eq!(scene.judge(&letter, NOW_MS + 19_999), "again yes");
    assert_eq!(scene.judge(&letter, NOW_MS + 20_000), "expired");
    let other = Letter {
        body: "{\"a\":1}".to_owned(),
        ..letter
    };
    assert_eq!(scene.judge(&other, NOW_MS), "nonce-reused");
}

#[test]
fn what_is_too_old_too_new_or_of_another_epoch_has_no_effect() {
    let scene = Scene::new();
    let issued = |ms: i64| Letter {
        issued_at: utc(NOW_MS + ms),
        expires_at: utc(NOW_MS + ms + 60_000),
        ..Scene::letter(2)
    };
    for (letter, at_ms, expected) in [
        (issued(-30_001), NOW_MS, "stale"),
        (issued(30_001), NOW_MS, "early"),
        (issued(0), NOW_MS + 3_600_000, "stale"),
        (
            Letter {
                epoch: EPOCH - 1,
                ..issued(0)
            },
            NOW_MS,
            "older-epoch",
        ),
        (
            Letter {
                epoch: EPOCH + 1,
                ..issued(0)
            },
            NOW_MS,
            "newer-epoch",
        ),
        (
            Letter {
                expires_at: utc(NOW_MS),
                ..issued(0)
            },
            NOW_MS,
            "expired",
        ),
        (
            Letter {
                expires_at: utc(NOW_MS + 60_001),
                ..issued(0)
            },
            NOW_MS,
            "expiry-too-far",
        ),
        (issued(-30_000), NOW_MS, "act"),
    ] {
        assert_eq!(scene.judge(&letter, at_ms), expected);
    }
}

#[test]
fn only_the_agencys_own_token_speaks_on_its_topic() {
    let scene = Scene::new();
    let letter = Scene::letter(3);
    let topic = scene.ask();
    // A signature is for one topic: an extension is no cancellation.
    let elsewhere = letter.seal(&scene.token, &scene.topics.ask("ems", Verb::Position));
    assert_eq!(scene.judge_raw(&topic, elsewhere, NOW_MS), "bad-signature");
    assert_eq!(
        scene.judge_raw(&topic, letter.seal(&scene.others, &topic), NOW_MS),
        "bad-signature"
    );
    let foreign = Letter {
        key: "cad-2".to_owned(),
        ..letter.clone()
    };
    assert_eq!(
        scene.judge_raw(&topic, foreign.seal(&scene.others, &topic), NOW_MS),
        "foreign-agency"
    );
    let named = Letter {
        agency: "fire".to_owned(),
        ..foreign
    };
    assert_eq!(
        scene.judge_raw(&topic, named.seal(&scene.others, &topic), NOW_MS),
        "foreign-agency"
    );
    let bound = Letter {
        key: "cad-bound".to_owned(),
        ..letter.clone()
    };
    assert_eq!(
        scene.judge_raw(&topic, bound.seal(&scene.bound, &topic), NOW_MS),
        "bound-token"
    );
    let unknown = Letter {
        key: "nobody".to_owned(),
        ..letter.clone()
    };
    assert_eq!(scene.judge(&unknown, NOW_MS), "bad-signature");
    let police = scene.topics.ask("police", Verb::Request);
    assert_eq!(
        scene.judge_raw(&police, letter.seal(&scene.token, &police), NOW_MS),
        "unknown-agency"
    );
    assert_eq!(scene.judge(&letter, NOW_MS), "act");
    scene.auth.revoke_token("cad-1").unwrap();
    assert_eq!(scene.judge(&Scene::letter(4), NOW_MS), "bad-signature");
}

#[test]
fn every_signed_field_is_held_by_the_signature() {
    let scene = Scene::new();
    let topic = scene.topics.ask("ems", Verb::Cancel);
    let letter = Letter {
        corridor_id: Some(4),
        ..Scene::letter(5)
    };
    let sealed: Value = serde_json::from_str(&letter.seal(&scene.token, &topic)).unwrap();
    for (key, value) in [
        ("key", json!("cad-bound")),
        ("epoch", json!(8)),
        ("issued_at", json!(utc(NOW_MS + 1))),
        ("expires_at", json!(utc(NOW_MS + 30_000))),
        ("nonce", json!("0".repeat(32))),
        ("corridor_id", json!(5)),
        ("reply_to", json!("greenwave/v1/town/ems/out/answers/b")),
        ("body", json!("")),
    ] {
        let mut changed = sealed.clone();
        changed[key] = value;
        assert_eq!(
            scene.judge_raw(&topic, changed.to_string(), NOW_MS),
            "bad-signature",
            "{key}"
        );
    }
    assert_eq!(scene.judge_raw(&topic, sealed.to_string(), NOW_MS), "act");
}

#[test]
fn what_cannot_be_read_is_refused_by_its_reason() {
    let scene = Scene::new();
    let topic = scene.ask();
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let sealed: Value = serde_json::from_str(&Scene::letter(6).seal(&scene.token, &topic)).unwrap();
    let without = |key: &str| {
        let mut sealed = sealed.clone();
        sealed.as_object_mut().unwrap().remove(key);
        sealed.to_string()
    };
    let mut with = sealed.clone();
    with["extra"] = json!(1);
    for (payload, expected) in [
        (String::new(), "not-json"),
        ("\u{0}".to_owned(), "not-json"),
        ("[]".to_owned(), "not-json"),
        (deep, "not-json"),
        ("x".repeat(PAYLOAD_MAX + 1), "oversized"),
        ("{}".to_owned(), "malformed"),
        (with.to_string(), "malformed"),
        (without("epoch"), "malformed"),
        (without("signature"), "malformed"),
        (without("body"), "malformed"),
    ] {
        let start: String = payload.chars().take(40).collect();
        assert_eq!(
            scene.judge_raw(&topic, payload, NOW_MS),
            expected,
            "{start}"
        );
    }
    assert_eq!(
        scene.judge_raw(&topic, vec![0xff, 0xfe], NOW_MS),
        "not-json"
    );
    assert_eq!(
        scene.judge_raw("greenwave/v1/town/ems/in/x", "{}", NOW_MS),
        "unknown-topic"
    );
    assert_eq!(scene.judge_raw("elsewhere", "{}", NOW_MS), "unknown-topic");
    let retained = Incoming {
        payload: sealed.to_string().into(),
        topic,
        retained: true,
    };
    assert_eq!(word(scene.judge.judge(&retained, NOW_MS)), "retained");
}

#[test]
fn answers_go_only_where_an_admin_said_before() {
    let scene = Scene::new();
    let topic = scene.topics.answers("ems", "desk");
    let letter = Letter {
        reply_to: Some(topic.clone()),
        ..Scene::letter(8)
    };
    assert_eq!(scene.judge(&letter, NOW_MS), "reply-not-registered");
    assert!(!scene.judge.may_answer(&letter));
    scene
        .auth
        .register_reply("ems", &format!("mqtt:{topic}"))
        .unwrap();
    assert!(scene.judge.may_answer(&letter));
    let over_http = scene.auth.reply_targets("ems");
    assert!(over_http.is_empty(), "a topic is no address of HTTP");
    assert_eq!(scene.judge(&letter, NOW_MS), "act");
    // Registered or not: never on another agency's topics, nor on those that we listen to.
    for astray in [scene.topics.answers("fire", "desk"), scene.ask()] {
        scene
            .auth
            .register_reply("ems", &format!("mqtt:{astray}"))
            .unwrap();
        let letter = Letter {
            reply_to: Some(astray),
            ..Scene::letter(9)
        };
        assert_eq!(scene.judge(&letter, NOW_MS), "reply-not-registered");
    }
}

#[test]
fn the_memory_forgets_when_nothing_can_come_again_and_never_before() {
    let mut memory = Memory::default();
    let sign = |n: u8| [n; 32];
    assert_eq!(memory.enter("ems", ("a", sign(1)), 0), Known::New);
    assert_eq!(memory.enter("ems", ("a", sign(1)), 61_000), Known::Pending);
    assert_eq!(
        memory.enter("fire", ("a", sign(1)), 0),
        Known::New,
        "each agency its own"
    );
    assert_eq!(memory.enter("ems", ("a", sign(1)), 61_001), Known::New);
    // Full: refused, not forgotten; and only for this agency.
    let mut at = 0_u32;
    while memory.enter("ems", (&at.to_string(), sign(2)), 61_001) == Known::New {
        at += 1;
    }
    assert_eq!(at, 8191);
    assert_eq!(memory.enter("ems", ("b", sign(2)), 61_001), Known::Full);
    assert_eq!(memory.enter("ems", ("0", sign(2)), 61_001), Known::Pending);
    assert_eq!(memory.enter("fire", ("b", sign(2)), 61_001), Known::New);
    assert_eq!(memory.enter("ems", ("b", sign(2)), 122_002), Known::New);
}

#[test]
fn kept_answers_are_bounded_in_bytes() {
    let mut memory = Memory::default();
    let answer = Bytes::from(vec![b'x'; 1024 * 1024]);
    for nonce in ["1", "2", "3", "4", "5"] {
        assert_eq!(memory.enter("ems", (nonce, [0; 32]), 0), Known::New);
        memory.answer("ems", nonce, answer.clone());
    }
    assert_eq!(
        memory.enter("ems", ("1", [0; 32]), 1),
        Known::Pending,
        "its answer made room"
    );
    assert_eq!(
        memory.enter("ems", ("5", [0; 32]), 1),
        Known::Answered(answer)
    );
}

fn corridor(id: u32, state: CorridorState) -> CorridorView {
    let crossing = CrossingView {
        site: "J07".to_owned(),
        state: CrossingState::Requested,
        ..CrossingView::default()
    };
    CorridorView {
        waits: LongestWaits::default(),
        owner: OwnerView::default(),
        id,
        state,
        crossings: vec![crossing],
        request_id: String::new(),
        revision: 1,
        control_authority: EPOCH,
        class: ServiceClass::Ambulance,
        priority: 1,
        vehicle_id: "A120".to_owned(),
        vehicle: None,
        destination: Names::default(),
        line: Vec::new(),
        est_saved_s: 0.0,
        others_wait_s: 0,
        others_bound_s: 0,
        expires_ms: NOW_MS,
        warnings: Vec::new(),
    }
}

#[test]
fn status_is_told_on_every_change_and_every_second_and_not_in_between() {
    let mut pacer = Pacer::default();
    let mut one = corridor(1, CorridorState::Active);
    let mut told = Vec::new();
    for at in (0..5000_u64).step_by(200) {
        if at == 2600 {
            one.crossings[0].state = CrossingState::GreenHeld;
        }
        if at == 2800 {
            one.crossings[0].confirmed_by = Some(Confirmed::LampReadback);
        }
        // What moves all the time is no change.
        one.crossings[0].eta_s = one.crossings[0].eta_s.map(|eta| eta + 0.2).or(Some(0.0));
        one.expires_ms += i64::from(at % 400 == 0);
        if !pacer.due(core::slice::from_ref(&one), at).is_empty() {
            told.push(at);
        }
    }
    assert_eq!(told, [0, 1000, 2000, 2600, 2800, 3800, 4800]);
    one.expires_ms += 60_000;
    assert_eq!(
        pacer.due(core::slice::from_ref(&one), 5000).len(),
        1,
        "extended"
    );
}

#[test]
fn the_end_of_a_corridor_is_told_once() {
    let mut pacer = Pacer::default();
    let mut both = [
        corridor(1, CorridorState::Active),
        corridor(2, CorridorState::Active),
    ];
    assert_eq!(pacer.due(&both, 0).len(), 2);
    both[0].state = CorridorState::Completed;
    let due = pacer.due(&both, 200);
    assert_eq!((due.len(), due[0].id), (1, 1));
    for at in (400..10_000).step_by(200) {
        assert!(pacer.due(&both, at).iter().all(|one| one.id == 2));
    }
}

#[test]
fn a_lost_broker_and_dropped_messages_are_alarms() {
    let mut watch = Watch::default();
    let mut health = Health {
        name: "broker:8883".to_owned(),
        away: Some("refused".to_owned()),
        ..Health::default()
    };
    let none = BTreeMap::new();
    let codes = |watch: &mut Watch, health: &Health, counts: &BTreeMap<&'static str, u64>| {
        let alarms = watch.look(health, counts);
        alarms.into_iter().map(|one| one.code).collect::<Vec<_>>()
    };
    for _ in 0..4 {
        assert!(
            codes(&mut watch, &health, &none).is_empty(),
            "it may only be starting"
        );
    }
    assert_eq!(codes(&mut watch, &health, &none), ["mqtt-broker-lost"]);
    // What could not go out meanwhile is no trouble of its own.
    health.away_lost = 50;
    assert_eq!(codes(&mut watch, &health, &none), ["mqtt-broker-lost"]);
    health.away = None;
    assert!(codes(&mut watch, &health, &none).is_empty());
    health.inbox_lost = 1;
    assert_eq!(codes(&mut watch, &health, &none), ["mqtt-queue-full"]);
    let counts = BTreeMap::from([("bad-signature", 55), ("stale", 6), ("done", 1000)]);
    let mut seen = Vec::new();
    for _ in 0..60 {
        seen = codes(&mut watch, &health, &counts);
    }
    assert_eq!(seen, ["mqtt-refused"]);
    for _ in 0..60 {
        seen = codes(&mut watch, &health, &counts);
    }
    assert!(seen.is_empty(), "they are over: {seen:?}");
}

#[test]
fn the_bus_inside_the_program_delivers_and_never_waits() {
    let bus = InProcess::default();
    let mut all = bus.listen("a/#");
    let mut one = bus.listen("a/b");
    let message = |topic: &str| Outgoing {
        topic: topic.to_owned(),
        payload: Bytes::from_static(b"x"),
        sure: true,
        expiry_s: 1,
    };
    bus.publish(message("a/b")).unwrap();
    bus.publish(message("a/c")).unwrap();
    bus.publish(message("b")).unwrap();
    assert_eq!(all.try_recv().unwrap().topic, "a/b");
    assert_eq!(all.try_recv().unwrap().topic, "a/c");
    assert!(all.try_recv().is_err());
    assert!(!one.try_recv().unwrap().retained);
    drop(one);
    for _ in 0..super::inboxes::INBOX_MAX {
        bus.publish(message("a/b")).unwrap();
    }
    assert_eq!(bus.publish(message("a/b")), Err(NotSent::Full));
    assert_eq!(bus.health().inbox_lost, 1);
    bus.close();
}

#[test]
fn an_inbox_apart_is_filled_by_nobody_else() {
    let bus = InProcess::default();
    let topics = Topics::of("town");
    let apart = [topics.filter_of("ems"), topics.filter_of("fire")];
    let (mut own, mut rest) = bus.listen_apart(&topics.filter(), &apart);
    let message = |agency: &str| Outgoing {
        topic: topics.ask(agency, Verb::Cancel),
        payload: Bytes::new(),
        sure: true,
        expiry_s: 1,
    };
    while bus.publish(message("ems")).is_ok() {}
    while bus.publish(message("nobody")).is_ok() {}
    bus.publish(message("fire")).unwrap();
    assert!(own[1].try_recv().unwrap().topic.contains("/fire/"));
    assert!(own[1].try_recv().is_err());
    assert!(own[0].try_recv().unwrap().topic.contains("/ems/"));
    assert!(rest.try_recv().unwrap().topic.contains("/nobody/"));
}

fn findings(text: &str) -> Vec<String> {
    Settings::of_text(text, Path::new("/nowhere"), "town").unwrap_err()
}

#[test]
fn every_bad_value_of_the_file_is_told_at_once_and_how_to_mend_it() {
    let made = Settings::of_text(
        "schema = 1\nhost = \"127.0.0.1\"\nplain = true\n",
        Path::new("."),
        "town",
    );
    let made = made.unwrap();
    assert_eq!(
        (made.port, made.client_id.as_str()),
        (1883, "greenwave-town")
    );
    let bad = "schema = 2\nhost = \"broker\"\nplain = true\nport = 0\nkeep_alive_s = 4\n\
               user = \"u\"\npassword = \"p\"\nclientid = \"x\"\nca = \"ca.pem\"\n";
    let all = findings(bad).join("\n");
    for part in [
        "`schema` is not 1",
        "`plain` is true for another machine",
        "`ca` has no use",
        "`port` is out of range",
        "`keep_alive_s` is out of range: a whole number from 5 to 600",
        "`password` stands in the file itself",
        "`user` and `password_file` belong together",
        "`clientid` is not known",
    ] {
        assert!(all.contains(part), "{part} in\n{all}");
    }
    let missing =
        findings("schema = 1\nca = \"ca.pem\"\nkey = \"k.pem\"\nport = \"x\"\n").join("\n");
    for part in [
        "`host` is missing",
        "`ca` /nowhere/ca.pem cannot be read",
        "`certificate` and `key`",
    ] {
        assert!(missing.contains(part), "{part} in\n{missing}");
    }
    assert!(
        findings("schema = 1\nhost = \"b\"\n")
            .join("")
            .contains("`ca` is missing")
    );
    assert!(findings("a b").join("").starts_with("not TOML"));
    assert!(findings("schema = 1\nhost = 5\nca = \"\"").len() >= 2);
}

#[test]
fn secrets_are_not_in_what_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "hush\n").unwrap();
    let text = "schema = 1\nhost = \"localhost\"\nplain = true\nuser = \"u\"\npassword_file = \"password\"\n";
    let made = Settings::of_text(text, folder.path(), "town").unwrap();
    assert_eq!(made.user, Some(("u".to_owned(), "hush".to_owned())));
    assert!(!format!("{made:?}").contains("hush"));
}
