//! An installation with the made-up city, and partners that behave well or badly.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "real sockets and files in real time; helpers of a test may fail it"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use greenwave::plan::{
    Datum, NamedPlace, NoteRule, Partners as File, Webhook, WebhookEvent, WebhookUrl,
};
use greenwave::shell::dispatch::tls::generated;
use greenwave::shell::dispatch::{Auth, Principal, Role};
use greenwave::shell::partners::Partners;
use greenwave::shell::partners::webhooks::sign::signature;
use greenwave::units::Millis;
use hil_tests::fake_city::FakeCity;
use hil_tests::served::Served;
use serde_json::{Value, json};
use ureq::http::{HeaderMap, Request};

/// What signs for every target.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// What a partner does with a request.
#[derive(Clone)]
pub(crate) enum Answers {
    /// These in turn, the last one for ever.
    Status(&'static [u16]),
    /// Nothing.
    Never,
    /// 302 to there.
    Redirect(String),
    /// 200 and a body without end.
    Flood,
    /// 201 with this `date`, as an installation with a clock of its own.
    Dated(&'static str),
}

/// One request that a partner got.
pub(crate) struct Told {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Told {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn check_signature(&self, secret: &str) {
        let signed = self.header("x-greenwave-signature");
        let (time, _) = signed.strip_prefix("t=").unwrap().split_once(',').unwrap();
        assert_eq!(signed, signature(secret, time.parse().unwrap(), &self.body));
        assert_ne!(
            signed,
            signature("another", time.parse().unwrap(), &self.body)
        );
    }
}

/// A partner's server.
pub(crate) struct Partner {
    port: u16,
    told: Receiver<Told>,
}

impl Partner {
    pub(crate) fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, told) = channel();
        std::thread::spawn(move || {
            let mut turn = 0;
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let Some(request) = read(&stream) else {
                    continue;
                };
                if sender.send(request).is_err() {
                    return;
                }
                let answers = answers.clone();
                let at = turn;
                turn += 1;
                std::thread::spawn(move || answer(&mut stream, &answers, at));
            }
        });
        Self { port, told }
    }

    /// A port that nobody listens on.
    pub(crate) fn nobody() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (_, told) = channel();
        Self { port, told }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/told", self.port)
    }

    pub(crate) fn next(&self, within: Duration) -> Told {
        self.told.recv_timeout(within).unwrap()
    }

    /// Everything up to the first request that fits.
    pub(crate) fn until(&self, within: Duration, fits: impl Fn(&Told) -> bool) -> Vec<Told> {
        let mut all = Vec::new();
        loop {
            let told = self.next(within);
            let done = fits(&told);
            all.push(told);
            if done {
                return all;
            }
        }
    }

    /// True if it was told nothing so far.
    pub(crate) fn silent(&self) -> bool {
        self.told.try_recv().is_err()
    }
}

fn read(stream: &TcpStream) -> Option<Told> {
    let mut reader = BufReader::new(stream);
    let (mut headers, mut line) = (Vec::new(), String::new());
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Told {
        path,
        headers,
        body,
    })
}

fn answer(stream: &mut TcpStream, answers: &Answers, turn: usize) {
    let head = |status: u16, more: &str| format!("HTTP/1.1 {status} X\r\n{more}\r\n");
    match answers {
        Answers::Status(all) => {
            let status = all.get(turn).or(all.last()).copied().unwrap();
            let _ = stream.write_all(head(status, "content-length: 0\r\n").as_bytes());
        }
        Answers::Never => {
            // Until the other side gives up.
            let _ = stream.read(&mut [0]);
        }
        Answers::Redirect(to) => {
            let more = format!("location: {to}\r\ncontent-length: 0\r\n");
            let _ = stream.write_all(head(302, &more).as_bytes());
        }
        Answers::Dated(date) => {
            let more = format!("date: {date}\r\ncontent-length: 2\r\n");
            let _ = stream.write_all(format!("{}{{}}", head(201, &more)).as_bytes());
        }
        Answers::Flood => {
            let _ = stream.write_all(head(200, "content-length: 99999999999\r\n").as_bytes());
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        }
    }
}

/// A target of `agency` at a partner's.
pub(crate) fn hook(id: &str, agency: &str, partner: &Partner) -> Webhook {
    Webhook {
        id: id.to_owned(),
        agency: agency.to_owned(),
        url: WebhookUrl::parse(&partner.url()).unwrap(),
        secret_file: "secret".to_owned(),
        ca_file: String::new(),
        events: vec![WebhookEvent::Status, WebhookEvent::Alarm],
        give_up: Millis::from_secs(60),
    }
}

/// The installation.
pub(crate) struct Rig {
    pub(crate) base: String,
    pub(crate) city: Arc<FakeCity>,
    auth: Arc<Auth>,
    agent: ureq::Agent,
    pub(crate) folder: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Rig {
    pub(crate) fn with(hooks: &[Webhook]) -> Self {
        Self::build(hooks, NoteRule::Refuse)
    }

    pub(crate) fn build(hooks: &[Webhook], notes: NoteRule) -> Self {
        Self::start(hooks, notes, false)
    }

    /// Behind TLS with a certificate of its own, which is `tls/certificate.pem` of the folder.
    pub(crate) fn secure() -> Self {
        Self::start(&[], NoteRule::Refuse, true)
    }

    fn start(hooks: &[Webhook], notes: NoteRule, tls: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, SECRET).unwrap();
        std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let file = File {
            notes,
            webhooks: hooks.to_vec(),
        };
        let places = [NamedPlace {
            name: "城东小学".to_owned(),
            aliases: vec!["chengdong xiaoxue".to_owned(), "cdxx".to_owned()],
            lat_deg: 32.69,
            lon_deg: 109.02,
            datum: Datum::Gcj02,
        }];
        let partners = Partners::start(runtime.handle(), (&file, &places), folder.path()).unwrap();
        let auth = Arc::new(Auth::new());
        let files = generated(&folder.path().join("tls"), &["127.0.0.1".to_owned()]).unwrap();
        let files = tls.then_some(&files);
        let served = Served::start(&runtime, Arc::clone(&auth), files, Some(partners));
        let Served { city, base } = served.unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .into();
        Self {
            base,
            city,
            auth,
            agent,
            folder,
            _runtime: runtime,
        }
    }

    /// The header of a machine of `agency`; of an admin if that is its name.
    pub(crate) fn bearer(&self, agency: &str) -> String {
        let role = if agency == "admin" {
            Role::Admin
        } else {
            Role::Integration
        };
        let somebody = Principal {
            name: format!("{agency}-machine"),
            agency: agency.to_owned(),
            source_system: "cad".to_owned(),
            roles: vec![role],
        };
        let token = self
            .auth
            .issue_bearer(somebody, Duration::from_mins(5))
            .unwrap();
        format!("Bearer {token}")
    }

    /// The bare token of a machine of `agency`.
    pub(crate) fn token(&self, agency: &str) -> String {
        self.bearer(agency).replace("Bearer ", "")
    }

    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> (u16, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = if body.is_null() {
            self.agent.run(request.body(()).unwrap())
        } else {
            let request = request.header("content-type", "application/json");
            self.agent.run(request.body(body.to_string()).unwrap())
        };
        let mut answer = answer.unwrap();
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        (
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or(Value::Null),
        )
    }

    pub(crate) fn get(&self, agency: &str, path: &str) -> (u16, Value) {
        self.call(
            "GET",
            path,
            &[("authorization", &self.bearer(agency))],
            &Value::Null,
        )
    }

    pub(crate) fn post(&self, agency: &str, path: &str, body: &Value) -> (u16, Value) {
        self.call(
            "POST",
            path,
            &[("authorization", &self.bearer(agency))],
            body,
        )
    }

    pub(crate) fn open(&self, agency: &str, body: &Value) -> u64 {
        let (status, answer) = self.post(agency, "/api/v1/corridors", body);
        assert_eq!(status, 201, "{answer}");
        answer["corridor_id"].as_u64().unwrap()
    }

    pub(crate) fn crew(&self, token: &str, method: &str, what: &str, body: &Value) -> (u16, Value) {
        let path = format!("/api/v1/crew/{what}");
        self.call(method, &path, &[("x-greenwave-crew", token)], body)
    }

    pub(crate) fn page(&self, path: &str) -> (u16, HeaderMap, String) {
        let uri = format!("{}{path}", self.base);
        let mut answer = self.agent.get(&uri).call().unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), answer.headers().clone(), text)
    }

    pub(crate) fn webhook(&self, id: &str) -> Value {
        let all = self.get("admin", "/api/v1/webhooks").1;
        let found = all.as_array().unwrap().iter().find(|one| one["id"] == id);
        found.unwrap().clone()
    }

    pub(crate) fn until_webhook(&self, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
        poll(|| Some(self.webhook(id)).filter(&fits))
    }

    pub(crate) fn until(&self, agency: &str, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        poll(|| Some(self.get(agency, path).1).filter(&fits))
    }

    pub(crate) fn until_crew(&self, token: &str, fits: impl Fn(&Value) -> bool) -> Value {
        poll(|| Some(self.crew(token, "GET", "mission", &Value::Null).1).filter(&fits))
    }
}

/// Asks until there is an answer; the limit only ends a test that has failed.
pub(crate) fn poll<T>(ask: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "it never came");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn utc(ahead_s: i64) -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second() + ahead_s)
        .unwrap()
        .to_string()
}

/// A good request of the ambulance desk.
pub(crate) fn request() -> Value {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    json!({
        "request_id": format!("0190b6a2-7d3e-7c11-8f00-{number:012x}"),
        "issued_at": utc(0),
        "nonce": format!("abcd{number:028x}"),
        "agency": "ems",
        "source_system": "cad",
        "operator_id": "op-1",
        "incident_id": "inc-1",
        "service": "ambulance",
        "stage": "to_hospital",
        "priority": 1,
        "lights_siren": true,
        "vehicle": { "id": "amb-1", "length_m": 6.0, "convoy_n": 1 },
        "origin": "live",
        "destination": { "facility_id": "H1" },
        "expires_at": utc(1200),
    })
}

/// The same with these fields.
pub(crate) fn with(mut body: Value, fields: &Value) -> Value {
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}
