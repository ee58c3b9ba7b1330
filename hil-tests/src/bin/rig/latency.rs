//! From the POST of the key to the first cabinet's acceptance, over many presses.
//!
//! Each press is a real HTTP request to a running demo with real Modbus frames below it; between
//! presses the corridor is cancelled. The program itself takes the time, from the arrival of the
//! request to the reading of an `ACCEPTED_SEQ` that was decided with the corridor known.

use std::time::Duration;

use greenwave::shell::dispatch::routes::CSRF_HEADER;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::tools::{Bench, Verdict, number, say};

pub(crate) fn judge(bench: &Bench, presses: u32) -> Result<(), String> {
    let mut demo = bench.start("latency-demo", &["demo", "--listen", "127.0.0.1:0"])?;
    let link = demo.until(|line| {
        line.split_whitespace()
            .find(|word| word.contains("/#sign-in="))
            .map(str::to_owned)
    })?;
    let base = link
        .split("/#sign-in")
        .next()
        .unwrap_or_default()
        .to_owned();
    let desk = Desk::sign_in(&base, &link)?;
    // Past the cabinets' start-up sequence.
    std::thread::sleep(Duration::from_secs(25));
    for press in 0..presses {
        let corridor = desk.press(press)?;
        std::thread::sleep(Duration::from_millis(400 + u64::from(press % 7) * 13));
        desk.post(&format!("/api/v1/corridors/{corridor}/cancel"), &json!({}))?;
        std::thread::sleep(Duration::from_millis(60));
    }
    let status = desk.get("/api/v1/status")?;
    let figure = status
        .get("key_to_accept_ms")
        .cloned()
        .unwrap_or(Value::Null);
    say(&format!(
        "key_to_accept_ms over {presses} presses: {figure}"
    ));
    let mut verdict = Verdict::default();
    let counted = number(&figure, "count");
    verdict.hold(
        counted >= f64::from(presses),
        format!("{counted} of {presses} presses were timed"),
    );
    let p99 = number(&figure, "p99");
    verdict.hold(p99 <= 250.0, format!("p99 {p99} ms at most 250 ms"));
    verdict.close()
}

struct Desk {
    agent: ureq::Agent,
    base: String,
    cookie: String,
    csrf: String,
    principal: Value,
}

impl Desk {
    fn sign_in(base: &str, link: &str) -> Result<Self, String> {
        let token = link
            .split("sign-in=")
            .nth(1)
            .ok_or("the link has no token")?;
        let agent = ureq::Agent::new_with_defaults();
        let mut answer = agent
            .post(&format!("{base}/api/v1/session"))
            .send_json(json!({ "token": token }))
            .map_err(|why| format!("sign-in: {why}"))?;
        let cookie = answer
            .headers()
            .get("set-cookie")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .ok_or("sign-in set no cookie")?
            .to_owned();
        let body: Value = answer
            .body_mut()
            .read_json()
            .map_err(|why| why.to_string())?;
        let csrf = body["csrf"]
            .as_str()
            .ok_or("sign-in gave no CSRF token")?
            .to_owned();
        Ok(Self {
            agent,
            base: base.to_owned(),
            cookie,
            csrf,
            principal: body,
        })
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        self.agent
            .get(&format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .call()
            .map_err(|why| format!("GET {path}: {why}"))?
            .body_mut()
            .read_json()
            .map_err(|why| format!("GET {path}: {why}"))
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.agent
            .post(&format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .header(CSRF_HEADER, &self.csrf)
            .send_json(body)
            .map_err(|why| format!("POST {path}: {why}"))?
            .body_mut()
            .read_json()
            .map_err(|why| format!("POST {path}: {why}"))
    }

    /// A corridor request as a dispatch system would send it, each with an id of its own.
    fn request(&self, press: u32) -> Value {
        let now = Timestamp::now();
        let at = |seconds: i64| (now + SignedDuration::from_secs(seconds)).to_string();
        let ms = now.as_millisecond();
        json!({
            "request_id": format!("{:08x}-{:04x}-7000-8000-{press:012x}", ms >> 16, ms & 0xffff),
            "issued_at": at(0),
            "nonce": format!("{ms:020x}{press:012x}"),
            "agency": self.principal["agency"],
            "source_system": self.principal["source_system"],
            "operator_id": "rig",
            "incident_id": "latency",
            "service": "ambulance",
            "stage": "to_hospital",
            "priority": 1,
            "lights_siren": true,
            "vehicle": { "id": "A120", "length_m": 6.0, "convoy_n": 1 },
            "origin": "live",
            "destination": { "facility_id": "H1" },
            "expires_at": at(1200),
        })
    }

    fn press(&self, press: u32) -> Result<u64, String> {
        let body = self.request(press);
        let answer = self.post("/api/v1/corridors", &body)?;
        answer["corridor_id"]
            .as_u64()
            .ok_or_else(|| format!("press {press}: {answer}"))
    }
}
