//! The first day of an installation, as its people live it: the one-time link sets the admin up, the
//! admin signs in with the second factor and makes a token for each machine.

use greenwave::shell::dispatch::auth::totp;
use greenwave::shell::dispatch::routes::CSRF_HEADER;
use jiff::Timestamp;
use serde_json::{Value, json};

const PASSWORD: &str = "a long rehearsal password";
/// A code is shown for so long, seconds.
const STEP_S: u64 = 30;

/// A client of the API that takes every status as an answer.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    agent: ureq::Agent,
    base: String,
    headers: Vec<(String, String)>,
}

/// Status, body, and the answer's `Date`.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) date: String,
    cookie: String,
}

impl Caller {
    pub(super) fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        Self {
            agent: config.build().into(),
            base: base.to_owned(),
            headers: Vec::new(),
        }
    }

    /// The same with a machine's token.
    pub(super) fn with_token(base: &str, token: &str) -> Self {
        let mut caller = Self::new(base);
        let header = ("authorization".to_owned(), format!("Bearer {token}"));
        caller.headers.push(header);
        caller
    }

    pub(super) fn get(&self, path: &str) -> Result<Answer, String> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        answer(request.call(), &format!("GET {path}"))
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        answer(request.send_json(body), &format!("POST {path}"))
    }

    fn must(&self, path: &str, body: &Value) -> Result<Answer, String> {
        let answer = self.post(path, body)?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(format!("POST {path}: {} {}", answer.status, answer.body))
    }
}

type Got = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

fn answer(got: Got, what: &str) -> Result<Answer, String> {
    let mut got = got.map_err(|why| format!("{what}: {why}"))?;
    let header = |name: &str| {
        let value = got.headers().get(name);
        let value = value.and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (date, cookie) = (header("date"), header("set-cookie"));
    Ok(Answer {
        status: got.status().as_u16(),
        body: got.body_mut().read_json().unwrap_or(Value::Null),
        date,
        cookie,
    })
}

/// Sets the admin up by the link of the first start, and makes a token for each of these machines.
pub(super) fn make_tokens(
    base: &str,
    secret: &str,
    agency: &str,
    machines: &[(&str, &[&str])],
) -> Result<Vec<String>, String> {
    let door = Caller::new(base);
    let mut set_up = json!({ "secret": secret, "password": PASSWORD });
    let made = door.must("/api/v1/session/set-up", &set_up)?;
    let second = made.body["totp_secret"].as_str().unwrap_or_default();
    let codes = Codes::of(second).filter(|codes| !codes.secret.is_empty());
    let mut codes = codes.ok_or_else(|| format!("{second:?} is no second factor"))?;
    // The second factor counts from the first code of it on.
    set_up["code"] = codes.next().into();
    let made = door.must("/api/v1/session/set-up", &set_up)?;
    let name = made.body["name"].clone();
    let sign_in = json!({ "name": name, "password": PASSWORD, "code": codes.next() });
    let signed_in = door.must("/api/v1/session/password", &sign_in)?;
    let mut admin = Caller::new(base);
    let cookie = signed_in.cookie.split(';').next().unwrap_or_default();
    let csrf = signed_in.body["csrf"].as_str().unwrap_or_default();
    admin.headers = vec![
        ("cookie".to_owned(), cookie.to_owned()),
        (CSRF_HEADER.to_owned(), csrf.to_owned()),
    ];
    let mut tokens = Vec::new();
    for (id, scopes) in machines {
        let act = json!({
            "act": "make-token", "id": id, "agency": agency, "source_system": id,
            "scopes": scopes, "days": 1,
        });
        let shown = admin.must("/api/v1/acts", &act)?;
        let challenge = shown.body["challenge"].as_str().unwrap_or_default();
        let proof = json!({ "password": PASSWORD, "code": codes.next() });
        let done = admin.must(&format!("/api/v1/acts/{challenge}"), &proof)?;
        let token = done.body["secret"].as_str().ok_or("no token was given")?;
        tokens.push(token.to_owned());
    }
    Ok(tokens)
}

/// Codes of the second factor; each works once, so each is of a later step than the one before.
struct Codes {
    secret: Vec<u8>,
    last: u64,
}

impl Codes {
    fn of(base32: &str) -> Option<Self> {
        let secret = totp::unbase32(base32)?;
        Some(Self { secret, last: 0 })
    }

    /// The next code that is taken now; the clocks of telephones may differ by a step.
    fn next(&mut self) -> String {
        let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default() / STEP_S;
        self.last = (self.last + 1).max(now - 1);
        if self.last > now + 1 {
            std::thread::sleep(std::time::Duration::from_secs(STEP_S));
        }
        totp::code_at(&self.secret, self.last * STEP_S)
    }
}
