//! The bridge between an old dispatch system and an installation: nothing lost, nothing twice.

#![expect(clippy::disallowed_methods, reason = "real files in real time")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use greenwave::shell::partners::bridge::config::Config;
use greenwave::shell::partners::bridge::{Bridge, post};
use serde_json::{Value, json};

use super::rig::{Answers, Partner, Rig, poll};

/// The beginning of an answer's clock that nobody's machine has.
const ELSEWHEN: &str = "Mon, 04 May 2026 08:15:30 GMT";

/// An old system beside an installation at `server`.
pub(crate) struct Old {
    place: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    said: Arc<Mutex<Vec<String>>>,
}

impl Old {
    pub(crate) fn new(server: &str, token: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("drop")).unwrap();
        let old = Self {
            place,
            runtime: tokio::runtime::Runtime::new().unwrap(),
            said: Arc::default(),
        };
        let file = old.place.path().join("token");
        fs::write(&file, token).unwrap();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        old.point_to(server);
        old
    }

    fn point_to(&self, server: &str) {
        let text = format!(
            r#"
schema = 1
server = "{server}"
token_file = "token"
agency = "ems"
source_system = "cad"
state_folder = "state"
[folder]
drop = "drop"
settle_s = 1
[post]
listen = "127.0.0.1:9120"
[fields]
incident_id = "CaseNo"
operator_id = "Seat"
"vehicle.id" = "Unit"
"destination.facility_id" = "Hospital"
note = "Remark"
[defaults]
service = "ambulance"
stage = "to_hospital"
priority = 1
lights_siren = true
origin = "live"
"vehicle.length_m" = 6.0
"vehicle.convoy_n" = 1
[values."vehicle.id"]
"01" = "amb-1"
"02" = "amb-2"
"#
        );
        fs::write(self.place.path().join("bridge.toml"), text).unwrap();
    }

    /// The configuration with its first `from` replaced.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let config = self.place.path().join("bridge.toml");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, text.replacen(from, to, 1)).unwrap();
    }

    pub(crate) fn bridge(&self) -> Bridge {
        let config = Config::read(&self.place.path().join("bridge.toml")).unwrap();
        Bridge::open(config).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.place.path().join("drop").join(name), text).unwrap();
    }

    fn has(&self, path: &str) -> bool {
        self.place.path().join("drop").join(path).exists()
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.place.path().join("drop").join(path)).unwrap()
    }

    fn outbox(&self) -> Value {
        let folder = fs::read_dir(self.place.path().join("state")).unwrap();
        let first = folder
            .map(|one| one.unwrap().path())
            .find(|one| is_json(one));
        serde_json::from_slice(&fs::read(first.unwrap()).unwrap()).unwrap()
    }

    pub(crate) fn once(&self) -> bool {
        let said = Arc::clone(&self.said);
        let mut tell = move |line: &str| said.lock().unwrap().push(line.to_owned());
        self.runtime
            .block_on(self.bridge().once(&mut tell))
            .unwrap()
    }

    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json")
}

pub(crate) fn case(unit: &str) -> String {
    json!({ "CaseNo": "C-1", "Seat": "3", "Unit": unit, "Hospital": "H1", "Remark": "陕西门 north" })
        .to_string()
}

#[test]
fn files_become_corridors_or_are_refused_with_the_reason() {
    let rig = Rig::with(&[]);
    let old = Old::new(&rig.base, &rig.token("ems"));
    old.write("one.json", &case("01"));
    old.write(
        "two.csv",
        "CaseNo;Seat;Unit;Hospital;Remark\nC-2;3;02;H1;\"gate; 3\"\n",
    );
    old.write("three.json", &case("99"));
    old.write("four.json", "{\"CaseNo\": ");
    old.write("five.json.tmp", "{}");
    old.write("six.txt", "hello");
    assert!(old.once());
    assert_eq!(rig.city.opened(), 2, "{}", old.said());
    let answer: Value = serde_json::from_str(&old.text("done/one.json.answer")).unwrap();
    assert_eq!(answer["decision"], "accepted");
    assert!(old.has("done/two.csv") && !old.has("one.json"));
    assert!(old.text("refused/three.json.reason").contains("allow-list"));
    assert_eq!(
        old.text("refused/four.json.reason"),
        "the file is no JSON: line 1, column 11\n"
    );
    assert!(old.has("five.json.tmp") && old.has("six.txt"), "not ours");
    let said = old.said();
    assert!(!said.contains("north") && !said.contains("gate"), "{said}");
    // The same file again has the same answer and opens nothing.
    old.write("one.json", &case("01"));
    assert!(old.once());
    assert_eq!(rig.city.opened(), 2);
    assert!(!old.has("one.json"));
}

#[test]
fn a_request_outlives_the_bridge_and_the_way_to_the_installation() {
    let rig = Rig::with(&[]);
    let nobody = Partner::nobody();
    let dead = nobody.url().replace("/told", "");
    let old = Old::new(&dead, &rig.token("ems"));
    old.write("one.json", &case("01"));
    assert!(!old.once(), "{}", old.said());
    let before = old.outbox();
    assert!(before["end"].is_null() && old.has("one.json"));
    assert!(old.said().contains("trying on"));
    old.point_to(&rig.base);
    assert!(old.once(), "{}", old.said());
    assert_eq!(rig.city.opened(), 1);
    assert_eq!(old.outbox()["request_id"], before["request_id"]);
    assert_eq!(old.outbox()["end"]["opened"], true);
}

#[test]
fn an_answer_that_was_lost_opens_nothing_twice() {
    let rig = Rig::with(&[]);
    let cut = Cut::before(rig.base.strip_prefix("http://").unwrap());
    let old = Old::new(&cut, &rig.token("ems"));
    old.write("one.json", &case("01"));
    // The first try goes in and its answer is lost; the same bytes go again.
    assert!(!old.once(), "{}", old.said());
    assert_eq!(rig.city.opened(), 1);
    let first = old.outbox()["sent"].clone();
    assert!(old.once(), "{}", old.said());
    assert_eq!(rig.city.opened(), 1);
    assert_eq!(old.outbox()["sent"], first);
    let answer: Value = serde_json::from_str(&old.text("done/one.json.answer")).unwrap();
    assert_eq!(answer["corridor_id"], 1);
}

#[test]
fn the_way_to_the_installation_is_held_against_its_authority() {
    let rig = Rig::secure();
    let old = Old::new(&rig.base, &rig.token("ems"));
    let config = old.place.path().join("bridge.toml");
    let text = fs::read_to_string(&config).unwrap();
    let with_ca = |ca: &Path| {
        let ca = format!("ca_file = {:?}\nagency", ca.to_str().unwrap());
        fs::write(&config, text.replacen("agency", &ca, 1)).unwrap();
    };
    let tls = rig.folder.path().join("tls");
    with_ca(&tls.join("certificate.pem"));
    old.write("one.json", &case("01"));
    assert!(old.once(), "{}", old.said());
    assert_eq!(rig.city.opened(), 1);
    let mut bridge = old.bridge();
    old.runtime.block_on(bridge.greet()).unwrap();
    assert!(bridge.clock().offset_ms().unwrap().abs() < 2_000);
    // Somebody else's certificate at the same address.
    let other = Rig::secure();
    with_ca(&other.folder.path().join("tls/certificate.pem"));
    let why = old.runtime.block_on(old.bridge().greet()).unwrap_err();
    assert!(why.contains("certificate"), "{why}");
    with_ca(&tls.join("key.pem"));
    assert!(Config::read(&config).is_err(), "a key is no authority");
}

#[test]
fn times_are_those_of_the_installation() {
    let elsewhen = Partner::start(Answers::Dated(ELSEWHEN));
    let old = Old::new(&elsewhen.url().replace("/told", ""), &"t".repeat(64));
    old.write("one.json", &case("01"));
    assert!(old.once());
    let within = Duration::from_secs(30);
    let asked = elsewhen.until(within, |told| told.path == "/api/v1/corridors");
    let body = asked.last().unwrap().json();
    let issued: jiff::Timestamp = body["issued_at"].as_str().unwrap().parse().unwrap();
    let theirs: jiff::Timestamp = "2026-05-04T08:15:30Z".parse().unwrap();
    let off = issued.duration_since(theirs).as_millis().abs();
    assert!(off < 10_000, "off by {off} ms");
}

#[test]
fn a_plain_post_is_answered_and_the_same_again_alike() {
    let rig = Rig::with(&[]);
    let old = Old::new(&rig.base, &rig.token("ems"));
    let mut bridge = old.bridge();
    let bound = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = old.runtime.block_on(bound).unwrap();
    let at = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, posts) = post::channel();
    old.runtime.spawn(post::serve(listener, sender));
    old.runtime
        .spawn(async move { bridge.run(posts, &mut |_| {}).await });
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into();
    let post = |kind: &str, more: (&str, &str), body: &str| -> (u16, Value) {
        let request = agent.post(&at).header("content-type", kind);
        let mut answer = request.header(more.0, more.1).send(body).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or(Value::Null),
        )
    };
    let plain = ("x-plain", "1");
    let first = post("application/json", plain, &case("01"));
    assert_eq!(
        (first.0, &first.1["corridor_id"]),
        (201, &json!(1)),
        "{}",
        first.1
    );
    assert_eq!(post("application/json", plain, &case("01")), first);
    assert_eq!(rig.city.opened(), 1);
    assert_eq!(
        post(
            "application/json",
            ("origin", "http://evil.example"),
            &case("02")
        )
        .0,
        403
    );
    assert_eq!(post("text/plain", plain, &case("02")).0, 415);
    assert_eq!(post("application/json", plain, "{").0, 422);
    assert_eq!(post("application/json", plain, &"x".repeat(70_000)).0, 413);
    let csv = "CaseNo,Seat,Unit,Hospital\nC-9,3,02,H1\n";
    assert_eq!(post("text/csv; charset=utf-8", plain, csv).0, 201);
    poll(|| (rig.city.opened() == 2).then_some(()));
}

/// A way to the installation that loses the first answer to a request.
struct Cut;

impl Cut {
    fn before(server: &str) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        let server = server.to_owned();
        std::thread::spawn(move || {
            let mut lost = false;
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let cut = relay(stream, &server, !lost);
                lost |= cut;
            }
        });
        at
    }
}

/// Passes one request on; true if its answer was lost on purpose.
fn relay(mut from: TcpStream, server: &str, may_lose: bool) -> bool {
    let mut to = TcpStream::connect(server).unwrap();
    let (mut there, mut back) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut all, mut some) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = there.read(&mut some) {
            all.extend_from_slice(&some[..count]);
            if back.write_all(&some[..count]).is_err() {
                break;
            }
        }
        all
    });
    let mut answer = Vec::new();
    to.read_to_end(&mut answer).unwrap();
    let lose = may_lose && answer.starts_with(b"HTTP/1.1 201");
    if !lose {
        let _ = from.write_all(&answer);
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = asked.join();
    lose
}
