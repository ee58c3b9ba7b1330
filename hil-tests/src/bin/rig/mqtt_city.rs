//! The whole product over a broker: `emulate` and `run --mqtt`, a partner who opens a corridor by a
//! message, hears of it, drives along it by messages, and ends it.
//!
//! Prints what was measured as one JSON object. Times are figures; only what must be so is judged.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use greenwave::shell::dispatch::Auth;
use greenwave::shell::dispatch::auth::Scope;
use greenwave::shell::dispatch::bus::{Letter, Topics, Verb};
use greenwave::shell::store::Records;
use hil_tests::mqtt::{Heard, Listener, Mosquitto, make_token, moment};
use serde_json::{Value, json};

use crate::tools::{Bench, Running, Verdict, say};

const CITY: &str = "signal-plans/ankang-demo";
const AGENCY: &str = "ankang-joint";
/// Where the drive begins.
const ROAD: &str = "R-J17-J08";
const SPEED_MPS: f64 = 11.0;
/// Positions that are sent, one a second.
const FIXES: u32 = 60;

/// The product at work, and the partner's side of the broker.
struct Scene {
    broker: Mosquitto,
    topics: Topics,
    token: String,
    epoch: u32,
    number: u32,
    base: String,
    _run: Running,
    _cabinets: Running,
}

pub(crate) fn judge(bench: &Bench) -> Result<(), String> {
    if let Some(why) = Mosquitto::missing() {
        return Err(format!("mosquitto: {why}"));
    }
    let mut scene = Scene::start(bench)?;
    let answers = scene.listen("out/answers/+")?;
    let status = scene.listen("out/status/#")?;
    let (body, began) = (scene.request()?, Instant::now());
    let letter = scene.letter(None, &body);
    let (code, answer) = scene.ask((Verb::Request, &letter), &answers)?;
    if code != 201 {
        return Err(format!("the request got {code} {answer}"));
    }
    let answered = began.elapsed();
    let id = answer["corridor_id"]
        .as_u64()
        .and_then(|id| u32::try_from(id).ok());
    let id = id.ok_or("the answer has no corridor")?;
    let told = status.until(|heard| {
        let ours = heard.payload["corridor_id"] == id;
        ours.then(|| heard.clone())
    })?;
    let mut log = Log::default();
    drive(&mut scene, &told, (&status, &answers), &mut log)?;
    let mut verdict = Verdict::default();
    let cancel = scene.letter(Some(id), &Value::Null);
    let (code, answer) = scene.ask((Verb::Cancel, &cancel), &answers)?;
    verdict.hold(code == 200, format!("the cancellation got {code} {answer}"));
    // The captured request, once more: too old. Its body in a new letter: the same answer.
    let (again, why) = scene.ask((Verb::Request, &letter), &answers)?;
    verdict.hold(
        again == 422 && why["title"] == "stale",
        format!("the captured message got {again} {why}"),
    );
    let anew = scene.letter(None, &body);
    let (again, same) = scene.ask((Verb::Request, &anew), &answers)?;
    verdict.hold(
        (again, &same["corridor_id"]) == (201, &json!(id)),
        format!("the same request got {again} {same}"),
    );
    let corridors = scene.get("/api/v1/corridors")?;
    let running = corridors.as_array().into_iter().flatten();
    let running = running.filter(|one| one["state"] != "cancelled").count();
    verdict.hold(
        running == 0,
        format!("{running} corridors run: {corridors}"),
    );
    log.judge(&mut verdict);
    say(&json!({
        "answered_ms": u64::try_from(answered.as_millis()).unwrap_or_default(),
        "statuses": log.times.len(),
        "gap_ms": log.gaps(),
        "signals_passed": log.nexts.len() - 1,
        "green_by_read_back": log.read_back,
        "signals": told.payload["intersections"].as_array().map(Vec::len),
    })
    .to_string());
    verdict.close()
}

impl Scene {
    fn start(bench: &Bench) -> Result<Self, String> {
        let folder = bench.out.join("mqtt-city");
        let _old = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        let topics = Topics::of("ankang-demo");
        let token = {
            let store = folder.join("store.sqlite");
            let records = Records::open(&store).map_err(|why| why.to_string())?;
            let auth = Auth::over(records).map_err(|why| why.to_string())?;
            let target = format!("mqtt:{}", topics.answers(AGENCY, "rig"));
            auth.register_reply(AGENCY, &target)
                .map_err(|why| why.to_string())?;
            make_token(&auth, "rig", AGENCY, &Scope::ALL)?
        };
        let broker = Mosquitto::start()?;
        let _checked = broker.settings("ca.pem")?;
        let (data, ports) = (path(&folder), path(&folder.join("ports.json")));
        let emulate = ["emulate", "--site", CITY, "--ports", &ports, "--json"];
        let mut cabinets = bench.start("mqtt-emulate", &emulate)?;
        cabinets.until(|line| line.contains("\"ready\"").then_some(()))?;
        let mqtt = path(&broker.file("mqtt.toml"));
        let listen = "127.0.0.1:0";
        let run = [
            "run", "--site", CITY, "--ports", &ports, "--listen", listen, "--data", &data,
            "--mqtt", &mqtt,
        ];
        let mut run = bench.start("mqtt-run", &run)?;
        let base = run.until(|line| {
            let at = line.find("http://")?;
            Some(line.get(at..)?.trim().to_owned())
        })?;
        let state = broker.listen(AGENCY, &topics.state())?;
        let epoch = state.until(|heard| heard.payload["epoch"].as_u64())?;
        Ok(Self {
            broker,
            topics,
            token,
            epoch: u32::try_from(epoch).map_err(|why| why.to_string())?,
            number: 0,
            base,
            _run: run,
            _cabinets: cabinets,
        })
    }

    fn listen(&self, tail: &str) -> Result<Listener, String> {
        let topic = format!("greenwave/v1/ankang-demo/{AGENCY}/{tail}");
        self.broker.listen(AGENCY, &topic)
    }

    fn letter(&mut self, corridor_id: Option<u32>, body: &Value) -> Letter {
        self.number += 1;
        Letter {
            key: "rig".to_owned(),
            agency: AGENCY.to_owned(),
            epoch: self.epoch,
            issued_at: moment(0),
            expires_at: moment(40),
            nonce: format!("{:032x}", self.number),
            corridor_id,
            reply_to: Some(self.topics.answers(AGENCY, "rig")),
            body: if body.is_null() {
                String::new()
            } else {
                body.to_string()
            },
        }
    }

    fn ask(
        &self,
        (verb, letter): (Verb, &Letter),
        answers: &Listener,
    ) -> Result<(u64, Value), String> {
        let topic = self.topics.ask(AGENCY, verb);
        let payload = letter.seal(&self.token, &topic);
        self.broker.publish(AGENCY, (&topic, &payload))?;
        answers.answer(&letter.nonce)
    }

    fn get(&self, what: &str) -> Result<Value, String> {
        ureq::get(format!("{}{what}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .call()
            .and_then(|mut answer| answer.body_mut().read_json())
            .map_err(|why| format!("GET {what}: {why}"))
    }

    fn request(&self) -> Result<Value, String> {
        let city = self.get("/api/v1/city")?;
        let roads = city["roads"].as_array().into_iter().flatten();
        let road = roads.into_iter().find(|road| road["id"] == ROAD);
        let start = road.map(|road| road["line"][0].clone());
        let start = start.ok_or_else(|| format!("no road {ROAD}"))?;
        Ok(json!({
            "request_id": "0190b6a2-7d3e-7c11-8f00-000000000001",
            "issued_at": moment(0),
            "nonce": "abcd0000000000000000000000000001",
            "agency": AGENCY, "source_system": "cad-system",
            "operator_id": "rig", "incident_id": "rig",
            "service": "ambulance", "stage": "to_hospital", "priority": 1, "lights_siren": true,
            "vehicle": { "id": "A120", "length_m": 6.0, "convoy_n": 1 },
            "origin": { "lon": start[0], "lat": start[1], "datum": "wgs84" },
            "destination": { "facility_id": "H1" },
            "expires_at": moment(900),
        }))
    }
}

fn path(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What was heard of the corridor.
#[derive(Debug, Default)]
struct Log {
    times: Vec<i64>,
    nexts: BTreeSet<String>,
    retained: u32,
    without_expiry: u32,
    read_back: bool,
}

impl Log {
    fn note(&mut self, heard: &Heard) {
        let time = heard.payload["t"].as_str().unwrap_or_default();
        let time = time.parse::<jiff::Timestamp>();
        self.times.extend(time.map(jiff::Timestamp::as_millisecond));
        let next = heard.payload["vehicle"]["next"].as_str();
        self.nexts.extend(next.map(str::to_owned));
        self.retained += u32::from(heard.retained);
        self.without_expiry += u32::from(heard.expiry_s.is_none_or(|left| left > 3));
        let signals = heard.payload["intersections"].as_array();
        self.read_back |= signals
            .into_iter()
            .flatten()
            .any(|one| one["state"] == "green_held" && one["confirmed_by"] == "lamp_readback");
    }

    fn judge(&self, verdict: &mut Verdict) {
        verdict.hold(self.retained == 0, "a status was retained");
        verdict.hold(
            self.without_expiry == 0,
            "a status had no expiry of 3 s or less",
        );
        verdict.hold(
            self.nexts.len() > 1,
            format!("the vehicle did not move: {:?}", self.nexts),
        );
        verdict.hold(self.read_back, "no green was confirmed by the lamps");
    }

    /// Between one status and the next: half of all, and the longest, milliseconds.
    fn gaps(&self) -> Value {
        let mut gaps: Vec<i64> = self.times.windows(2).map(|two| two[1] - two[0]).collect();
        gaps.sort_unstable();
        json!({ "p50": gaps.get(gaps.len() / 2), "longest": gaps.last() })
    }
}

/// Sends a position a second along the corridor's own line.
#[expect(clippy::disallowed_methods, reason = "a vehicle drives in real time")]
fn drive(
    scene: &mut Scene,
    told: &Heard,
    (status, answers): (&Listener, &Listener),
    log: &mut Log,
) -> Result<(), String> {
    let line = points(&told.payload["line"]);
    let began = Instant::now();
    for second in 0..FIXES {
        let (lon, lat, heading_deg) = at(&line, f64::from(second) * SPEED_MPS);
        let fix = json!({
            "vehicle_id": "A120", "t_fix": moment(0), "seq": second + 1, "lat": lat, "lon": lon,
            "datum": "wgs84", "speed_mps": SPEED_MPS, "heading_deg": heading_deg,
        });
        let letter = scene.letter(None, &fix);
        let (code, body) = scene.ask((Verb::Position, &letter), answers)?;
        if code != 204 {
            return Err(format!("position {second} got {code} {body}"));
        }
        let due = Duration::from_secs(u64::from(second) + 1);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
    }
    while let Some(heard) = status.waiting() {
        if heard.topic.contains("/status/") {
            log.note(&heard);
        }
    }
    Ok(())
}

fn points(line: &Value) -> Vec<(f64, f64)> {
    let points = line.as_array().into_iter().flatten();
    let points = points.filter_map(|point| Some((point[0].as_f64()?, point[1].as_f64()?)));
    points.collect()
}

/// The place so many metres along a line of longitudes and latitudes, and the heading there.
fn at(line: &[(f64, f64)], along_m: f64) -> (f64, f64, f64) {
    let mut left = along_m;
    let mut last = (0.0, 0.0, 0.0);
    for two in line.windows(2) {
        let (from, to) = (two[0], two[1]);
        let east = (to.0 - from.0) * 111_320.0 * from.1.to_radians().cos();
        let north = (to.1 - from.1) * 110_574.0;
        let length = east.hypot(north).max(0.01);
        let heading = east.atan2(north).to_degrees().rem_euclid(360.0);
        let part = (left / length).min(1.0);
        last = (
            (to.0 - from.0).mul_add(part, from.0),
            (to.1 - from.1).mul_add(part, from.1),
            heading,
        );
        if left <= length {
            return last;
        }
        left -= length;
    }
    last
}
