//! The message bus as partners meet it: Debian's mosquitto with TLS and an access list, its own
//! command-line clients as the partners, and the made-up city behind the product's API.

mod broker;
mod clients;
mod flood;

pub use broker::{Mosquitto, PASSWORD};
pub use clients::{Heard, Listener, Publisher};
pub use flood::{Flood, flood};

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use greenwave::shell::dispatch::auth::{NewToken, Scope};
use greenwave::shell::dispatch::bus::{Exchange, Letter, Topics, Verb};
use greenwave::shell::dispatch::{Auth, Service, serve};
use greenwave::shell::store::Records;
use greenwave::shell::store::audit::AuditLog;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::fake_city::{FakeCity, Town};

/// The agency of the partner under test.
pub const AGENCY: &str = "ems";
/// Another agency of the same city.
pub const OTHER: &str = "ems-south";

/// The product's API with a bus, over the made-up city.
pub struct Site {
    /// The city behind it.
    pub city: Arc<FakeCity>,
    /// Who may come in.
    pub auth: Arc<Auth>,
    /// The bus and its counts.
    pub exchange: Exchange,
    /// The topics of the city.
    pub topics: Topics,
    /// The partner's machine token, id `cad`.
    pub token: String,
    /// Where HTTP listens.
    pub base: String,
    folder: tempfile::TempDir,
    numbers: AtomicU64,
    runtime: Option<Runtime>,
}

impl core::fmt::Debug for Site {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

fn text(why: impl core::fmt::Display) -> String {
    why.to_string()
}

impl Site {
    /// A site whose bus `exchange` makes, on the site's own runtime.
    ///
    /// # Errors
    /// A folder, a socket or the store.
    pub fn start(exchange: impl FnOnce() -> Exchange) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(text)?;
        let runtime = Runtime::new().map_err(text)?;
        let records = Records::open(&folder.path().join("store.sqlite")).map_err(text)?;
        let auth = Arc::new(Auth::over(records.clone()).map_err(text)?);
        let audit = AuditLog::open(&folder.path().join("audit"), Some(records.clone()));
        let city = FakeCity::start(Town::small(), 1, false);
        let exchange = {
            let _context = runtime.enter();
            exchange()
        };
        let bound = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(bound).map_err(text)?;
        let base = format!("http://{}", listener.local_addr().map_err(text)?);
        let token = make_token(&auth, "cad", AGENCY, &Scope::ALL)?;
        let topics = Topics::of(&greenwave::shell::dispatch::World::city(&*city).id);
        let target = format!("mqtt:{}", topics.answers(AGENCY, "desk"));
        auth.register_reply(AGENCY, &target).map_err(text)?;
        let service = Service {
            world: Arc::clone(&city) as Arc<_>,
            auth: Arc::clone(&auth),
            audit: Some(Arc::new(audit.map_err(text)?)),
            records: Some(records),
            tls: None,
            partners: None,
            bus: exchange.clone(),
        };
        runtime.spawn(serve(listener, service, core::future::pending()));
        Ok(Self {
            city,
            auth,
            exchange,
            topics,
            token,
            base,
            folder,
            numbers: AtomicU64::new(1),
            runtime: Some(runtime),
        })
    }

    /// Where the audit lies.
    #[must_use]
    pub fn audit(&self) -> std::path::PathBuf {
        self.folder.path().join("audit")
    }

    /// How often something became of a message, as `done` or `stale`.
    #[must_use]
    pub fn count(&self, what: &str) -> u64 {
        self.exchange.counts.all().get(what).copied().unwrap_or(0)
    }

    /// Messages that were judged.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.exchange.counts.all().values().sum()
    }

    /// A letter of the partner that is good now.
    #[must_use]
    pub fn letter(&self, corridor_id: Option<u32>, body: &Value) -> Letter {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Letter {
            key: "cad".to_owned(),
            agency: AGENCY.to_owned(),
            epoch: 1,
            issued_at: moment(0),
            expires_at: moment(30),
            nonce: format!("{number:032x}"),
            corridor_id,
            reply_to: Some(self.topics.answers(AGENCY, "desk")),
            body: if body.is_null() {
                String::new()
            } else {
                body.to_string()
            },
        }
    }

    /// The topic and the payload of a letter.
    #[must_use]
    pub fn sealed(&self, verb: Verb, letter: &Letter) -> (String, String) {
        let topic = self.topics.ask(AGENCY, verb);
        let payload = letter.seal(&self.token, &topic);
        (topic, payload)
    }

    /// A request that opens a corridor.
    #[must_use]
    pub fn request(&self) -> Value {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        json!({
            "request_id": format!("0190b6a2-7d3e-7c11-8f00-{number:012x}"),
            "issued_at": moment(0),
            "nonce": format!("abcd{number:028x}"),
            "agency": AGENCY,
            "source_system": "cad-system",
            "operator_id": "op-1",
            "incident_id": "inc-1",
            "service": "ambulance",
            "stage": "to_hospital",
            "priority": 1,
            "lights_siren": true,
            "vehicle": { "id": "amb-1", "length_m": 6.0, "convoy_n": 1 },
            "origin": "live",
            "destination": { "facility_id": "H1" },
            "expires_at": moment(1200),
        })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.exchange.bus.close();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A machine token.
///
/// # Errors
/// The store refuses it.
pub fn make_token(auth: &Auth, id: &str, agency: &str, scopes: &[Scope]) -> Result<String, String> {
    auth.make_token(NewToken {
        id: id.to_owned(),
        agency: agency.to_owned(),
        source_system: "cad-system".to_owned(),
        scopes: scopes.to_vec(),
        certificate: None,
        days: 1,
    })
    .map_err(text)
}

/// RFC 3339, so many seconds ahead.
#[must_use]
pub fn moment(ahead_s: i64) -> String {
    let now = Timestamp::now();
    let at = now.checked_add(SignedDuration::from_secs(ahead_s));
    at.unwrap_or(now).to_string()
}

/// True if this program can be started.
fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    folders.iter().any(|folder| folder.join(program).exists())
}

/// The program's file: brokers lie where only root's path leads.
fn program(name: &str) -> std::path::PathBuf {
    let system = Path::new("/usr/sbin").join(name);
    if system.exists() { system } else { name.into() }
}
