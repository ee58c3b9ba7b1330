//! The desk's line to the installation: who it is, and requests as the contract wants them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::dice::Dice;
use super::super::http::{Answer, Client};

/// A corridor of the simulator ends after this at the latest, seconds.
const EXPIRES_S: i64 = 1_200;

/// How the desk shows who it is.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// The one-time link that `greenwave run` and `demo` print.
    Link(String),
    /// Address of the installation and a bearer token.
    Token(String, String),
}

/// A dispatch centre that is signed in.
#[derive(Debug)]
pub struct Desk {
    client: Client,
    agency: String,
    source_system: String,
    pub(super) dice: Dice,
}

/// A signed-in desk says what it wants.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) service: String,
    pub(super) stage: &'static str,
    pub(super) vehicle: Value,
    pub(super) origin: Value,
    pub(super) destination: Value,
    pub(super) incident: String,
    pub(super) priority: u8,
}

impl Desk {
    /// Signs in; `seed` is that of everything random.
    ///
    /// # Errors
    /// Nobody answers, or the sign-in is refused.
    pub fn sign_in(how: &SignIn, seed: u64) -> Result<Self, String> {
        let (client, answer) = match how {
            SignIn::Link(link) => {
                let (base, token) = link
                    .split_once("/#sign-in=")
                    .ok_or("the link is not one that `greenwave run` or `demo` prints")?;
                let mut client = Client::new(base)?;
                let answer = client.post("/api/v1/session", &json!({ "token": token }))?;
                let cookie = answer.cookie.clone().unwrap_or_default();
                let csrf = answer.body["csrf"].as_str().unwrap_or_default().to_owned();
                client.carry("Cookie", cookie);
                client.carry(crate::shell::dispatch::routes::CSRF_HEADER, csrf);
                (client, answer)
            }
            SignIn::Token(base, token) => {
                let mut client = Client::new(base)?;
                client.carry("Authorization", format!("Bearer {token}"));
                let answer = client.get("/api/v1/session")?;
                (client, answer)
            }
        };
        if answer.status != 200 {
            return Err(format!("the sign-in was refused: {}", told(&answer)));
        }
        let text = |key: &str| answer.body[key].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            client,
            agency: text("agency"),
            source_system: text("source_system"),
            dice: Dice::new(seed),
        })
    }

    /// The agency that the desk speaks for.
    #[must_use]
    pub fn agency(&self) -> &str {
        &self.agency
    }

    pub(super) fn get(&self, path: &str) -> Result<Value, String> {
        let answer = self.client.get(path)?;
        if answer.status == 200 {
            Ok(answer.body)
        } else {
            Err(format!("GET {path}: {}", told(&answer)))
        }
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.client.post(path, body)
    }

    /// A request with an id and a nonce of its own.
    pub(super) fn request(&mut self, wish: &Wish) -> Value {
        let now = Timestamp::now();
        let at = |seconds: i64| (now + SignedDuration::from_secs(seconds)).to_string();
        let request_id = self.uuid(now.as_millisecond());
        let nonce = self.nonce();
        json!({
            "request_id": request_id,
            "issued_at": at(0),
            "nonce": nonce,
            "agency": self.agency,
            "source_system": self.source_system,
            "operator_id": "simulated-desk",
            "incident_id": wish.incident,
            "service": wish.service,
            "stage": wish.stage,
            "priority": wish.priority,
            "lights_siren": true,
            "vehicle": wish.vehicle,
            "origin": wish.origin,
            "destination": wish.destination,
            "expires_at": at(EXPIRES_S),
        })
    }

    /// A UUID of version 7: the moment, then chance that no run repeats.
    pub(super) fn uuid(&mut self, unix_ms: i64) -> String {
        let chance = self.chance();
        let text = format!(
            "{:012x}7{:03x}8{:015x}",
            unix_ms & 0xffff_ffff_ffff,
            chance >> 116,
            chance & 0x0fff_ffff_ffff_ffff
        );
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        format!(
            "{}-{}-{}-{}-{}",
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32)
        )
    }

    pub(super) fn nonce(&mut self) -> String {
        format!("{:032x}", self.chance())
    }

    /// 128 bits, from the system where it gives any: two runs with one seed must not share a nonce.
    fn chance(&mut self) -> u128 {
        let mut bytes = [0; 16];
        if getrandom::fill(&mut bytes).is_ok() {
            return u128::from_be_bytes(bytes);
        }
        u128::from(self.dice.next()) << 64 | u128::from(self.dice.next())
    }
}

/// Status and code of an answer that is no success, and the first field to blame.
pub(super) fn told(answer: &Answer) -> String {
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    let field = answer.body["errors"][0]["field"].as_str();
    let field = field.map(|field| format!(" ({field})")).unwrap_or_default();
    format!("{} {}{field}: {detail}", answer.status, code_of(answer))
}

/// The code of a problem, as `nonce-reused`.
pub(super) fn code_of(answer: &Answer) -> &str {
    let kind = answer.body["type"].as_str().unwrap_or_default();
    kind.rsplit(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_7_and_differ() {
        let mut desk = Desk {
            client: Client::new("http://127.0.0.1:1").unwrap(),
            agency: String::new(),
            source_system: String::new(),
            dice: Dice::new(1),
        };
        let (one, two) = (desk.uuid(1_795_680_000_000), desk.uuid(1_795_680_000_000));
        assert_ne!(one, two);
        let groups: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!((one.as_bytes()[14], one.as_bytes()[19]), (b'7', b'8'));
        assert_eq!(desk.nonce().len(), 32);
    }
}
