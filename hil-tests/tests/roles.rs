//! Every route with every role and method gives exactly the expected answer.
//!
//! The expectation is a table of its own, written down here by hand: it is not derived from the
//! program's, so that a slip in one of them shows.
#![cfg(feature = "shell")]
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use greenwave::shell::dispatch::auth::{NewPerson, NewToken, Scope};
use greenwave::shell::dispatch::bus::Exchange;
use greenwave::shell::dispatch::routes::ROUTES;
use greenwave::shell::dispatch::{Auth, Principal, Role, Service, serve};
use greenwave::shell::store::Records;
use greenwave::shell::store::audit::{AuditLog, heads_file, records_file, verify};
use hil_tests::fake_city::{FakeCity, Town};
use serde_json::{Value, json};
use ureq::http::Request;

/// Columns: viewer, dispatcher, engineer, integration, admin, auditor.
const WHO: [Role; 6] = Role::ALL;

/// Method, path, and the status that each role gets with an empty JSON object as the body; the
/// last column is a stranger's. 400: let in, and told that fields are missing. 404: let in, and
/// nothing is of that name.
const EXPECTED: &[(&str, &str, [u16; 6], u16)] = &[
    ("GET", "/api/v1/health", [200; 6], 200),
    ("GET", "/api/v1/openapi.json", [200; 6], 200),
    ("POST", "/api/v1/session", [400; 6], 400),
    ("POST", "/api/v1/session/password", [400; 6], 400),
    ("POST", "/api/v1/session/set-up", [400; 6], 400),
    ("GET", "/api/v1/session", [200; 6], 401),
    ("DELETE", "/api/v1/session", [204; 6], 401),
    ("POST", "/api/v1/session/new-password", [400; 6], 401),
    ("POST", "/api/v1/session/second-factor", [400; 6], 401),
    ("GET", "/api/v1/status", [200; 6], 401),
    ("GET", "/api/v1/city", [200, 200, 200, 200, 403, 200], 401),
    ("GET", "/api/v1/places", [200, 200, 200, 200, 403, 200], 401),
    (
        "GET",
        "/api/v1/vehicles",
        [200, 200, 200, 200, 403, 200],
        401,
    ),
    (
        "GET",
        "/api/v1/snapshot",
        [200, 200, 200, 200, 403, 200],
        401,
    ),
    ("GET", "/api/v1/live", [400, 400, 400, 400, 403, 400], 401),
    (
        "GET",
        "/api/v1/sites/{id}",
        [404, 404, 404, 404, 403, 404],
        401,
    ),
    (
        "POST",
        "/api/v1/sites/{id}/manual",
        [403, 400, 403, 403, 403, 403],
        401,
    ),
    (
        "DELETE",
        "/api/v1/sites/{id}/manual",
        [403, 404, 403, 403, 403, 403],
        401,
    ),
    ("GET", "/api/v1/waves", [200, 200, 200, 200, 403, 200], 401),
    (
        "POST",
        "/api/v1/waves/{id}",
        [403, 404, 404, 403, 403, 403],
        401,
    ),
    (
        "DELETE",
        "/api/v1/waves/{id}",
        [403, 404, 404, 403, 403, 403],
        401,
    ),
    (
        "POST",
        "/api/v1/previews",
        [403, 400, 403, 400, 403, 403],
        401,
    ),
    (
        "GET",
        "/api/v1/corridors",
        [200, 200, 200, 200, 403, 200],
        401,
    ),
    (
        "POST",
        "/api/v1/corridors",
        [403, 400, 403, 400, 403, 403],
        401,
    ),
    (
        "GET",
        "/api/v1/corridors/{id}",
        [404, 404, 404, 404, 403, 404],
        401,
    ),
    (
        "GET",
        "/api/v1/corridors/{id}/report",
        [404, 404, 404, 404, 403, 404],
        401,
    ),
    (
        "GET",
        "/api/v1/corridors/{id}/report/data",
        [404, 404, 404, 404, 403, 404],
        401,
    ),
    (
        "GET",
        "/api/v1/corridors/{id}/report/exemptions",
        [404, 404, 404, 404, 403, 404],
        401,
    ),
    (
        "POST",
        "/api/v1/corridors/{id}/cancel",
        [403, 404, 403, 404, 403, 403],
        401,
    ),
    (
        "POST",
        "/api/v1/corridors/{id}/extend",
        [403, 400, 403, 400, 403, 403],
        401,
    ),
    (
        "POST",
        "/api/v1/corridors/{id}/route",
        [403, 400, 403, 400, 403, 403],
        401,
    ),
    (
        "POST",
        "/api/v1/corridors/{id}/handover",
        [403, 400, 403, 400, 403, 403],
        401,
    ),
    (
        "POST",
        "/api/v1/corridors/{id}/confirm",
        [403, 404, 403, 403, 403, 403],
        401,
    ),
    (
        "POST",
        "/api/v1/corridors/{id}/refuse",
        [403, 404, 403, 403, 403, 403],
        401,
    ),
    (
        "POST",
        "/api/v1/corridors/{id}/take-out",
        [403, 400, 403, 403, 403, 403],
        401,
    ),
    (
        "POST",
        "/api/v1/corridors/{id}/passed",
        [403, 400, 403, 400, 403, 403],
        401,
    ),
    (
        "POST",
        "/api/v1/positions",
        [403, 403, 403, 400, 403, 403],
        401,
    ),
    (
        "POST",
        "/api/v1/corridors/{id}/crew-link",
        [403, 404, 403, 404, 403, 403],
        401,
    ),
    (
        "DELETE",
        "/api/v1/corridors/{id}/crew-link",
        [403, 404, 403, 404, 403, 403],
        401,
    ),
    // A crew has a link and no role; who has a role has no link.
    ("GET", "/api/v1/crew/mission", [401; 6], 401),
    ("POST", "/api/v1/crew/receipts", [401; 6], 401),
    (
        "GET",
        "/api/v1/webhooks",
        [403, 403, 403, 403, 200, 200],
        401,
    ),
    (
        "POST",
        "/api/v1/alarms/acknowledge",
        [403, 400, 400, 403, 403, 403],
        401,
    ),
    ("GET", "/api/v1/acts", [403, 200, 403, 403, 200, 403], 401),
    ("POST", "/api/v1/acts", [403, 400, 403, 403, 400, 403], 401),
    (
        "POST",
        "/api/v1/acts/{id}",
        [403, 400, 403, 403, 400, 403],
        401,
    ),
    ("GET", "/api/v1/people", [403, 403, 403, 403, 200, 403], 401),
    ("GET", "/api/v1/tokens", [403, 403, 403, 403, 200, 403], 401),
    ("GET", "/api/v1/audit", [403, 403, 403, 403, 403, 200], 401),
    (
        "GET",
        "/api/v1/audit/verify",
        [403, 403, 403, 403, 403, 200],
        401,
    ),
    (
        "GET",
        "/api/v1/audit/export",
        [403, 403, 403, 403, 403, 200],
        401,
    ),
    (
        "GET",
        "/api/v1/audit/export/heads",
        [403, 403, 403, 403, 403, 200],
        401,
    ),
];

const PASSWORD: &str = "correct horse battery";

struct Rig {
    base: String,
    auth: Arc<Auth>,
    city: Arc<FakeCity>,
    agent: ureq::Agent,
    folder: tempfile::TempDir,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Rig {
    fn new() -> Self {
        Self::over(tempfile::tempdir().unwrap())
    }

    fn over(folder: tempfile::TempDir) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let records = Records::open(&folder.path().join("store.sqlite")).unwrap();
        let auth = Arc::new(Auth::over(records.clone()).unwrap());
        let audit = AuditLog::open(&folder.path().join("audit"), Some(records.clone())).unwrap();
        let city = FakeCity::start(Town::small(), 10, false);
        let bound = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(bound).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let service = Service {
            world: Arc::clone(&city) as Arc<_>,
            auth: Arc::clone(&auth),
            audit: Some(Arc::new(audit)),
            records: Some(records),
            tls: None,
            bus: Exchange::in_process(),
            partners: None,
        };
        runtime.spawn(serve(listener, service, core::future::pending()));
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .into();
        Self {
            base,
            auth,
            city,
            agent,
            folder,
            runtime: Some(runtime),
        }
    }

    fn bearer_of(&self, name: &str, agency: &str, role: Role) -> String {
        let somebody = Principal {
            name: name.to_owned(),
            agency: agency.to_owned(),
            source_system: "cad".to_owned(),
            roles: vec![role],
        };
        let life = Duration::from_mins(5);
        self.auth.issue_bearer(somebody, life).unwrap()
    }

    fn bearer(&self, role: Role) -> String {
        self.bearer_of(role.name(), "ems", role)
    }

    /// Enters somebody with a password, so that second steps can be proven.
    fn person(&self, name: &str, role: Role) -> String {
        let person = NewPerson {
            name: name.to_owned(),
            agency: "ems".to_owned(),
            roles: vec![role],
        };
        let secret = self.auth.enter(person).unwrap();
        self.auth.set_up(&secret, PASSWORD, None).unwrap();
        self.bearer_of(name, "ems", role)
    }

    fn call(&self, method: &str, path: &str, bearer: Option<&str>, body: &Value) -> (u16, Value) {
        let uri = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let bare = ["GET", "HEAD", "DELETE", "OPTIONS"].contains(&method);
        let answer = if bare {
            self.agent.run(request.body(()).unwrap())
        } else {
            let request = request.header("content-type", "application/json");
            self.agent.run(request.body(body.to_string()).unwrap())
        };
        let mut answer = answer.unwrap();
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        (answer.status().as_u16(), body)
    }

    fn post(&self, bearer: &str, path: &str, body: &Value) -> (u16, Value) {
        self.call("POST", path, Some(bearer), body)
    }
}

#[test]
fn every_route_with_every_role_and_method_answers_exactly_so() {
    let rig = Rig::new();
    let table: BTreeSet<_> = ROUTES.iter().map(|rule| (rule.method, rule.path)).collect();
    let expected: BTreeSet<_> = EXPECTED
        .iter()
        .map(|(method, path, ..)| (*method, *path))
        .collect();
    assert_eq!(
        table, expected,
        "a route without an expectation, or the other way round"
    );
    let bearers = WHO.map(|role| rig.bearer(role));
    let paths: BTreeSet<_> = EXPECTED.iter().map(|(_, path, ..)| *path).collect();
    for path in paths {
        let real = path.replace("{id}", "999");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let row = EXPECTED.iter().find(|row| (row.0, row.1) == (method, path));
            // A path answers to no other method, whoever asks.
            let (roles, stranger) = row.map_or(([405; 6], 405), |row| (row.2, row.3));
            let got = rig.call(method, &real, None, &json!({})).0;
            assert_eq!(got, stranger, "{method} {path} by a stranger");
            for ((role, bearer), status) in WHO.iter().zip(&bearers).zip(roles) {
                let got = rig.call(method, &real, Some(bearer), &json!({}));
                assert_eq!(
                    got.0,
                    status,
                    "{method} {path} as {}: {}",
                    role.name(),
                    got.1
                );
            }
        }
    }
    assert_eq!(rig.city.opened(), 0, "none of this opened a corridor");
}

#[test]
fn a_fresh_install_has_no_usable_credential() {
    let rig = Rig::new();
    assert!(rig.auth.people().unwrap().is_empty());
    assert!(rig.auth.tokens().unwrap().is_empty());
    for name in ["admin", "root", "operator", "greenwave"] {
        let body = json!({ "name": name, "password": name });
        let got = rig.call("POST", "/api/v1/session/password", None, &body);
        assert!(matches!(got.0, 401 | 429), "{name}: {}", got.1);
    }
    for token in ["admin", "", "0", &"0".repeat(64)] {
        assert_eq!(
            rig.call("GET", "/api/v1/city", Some(token), &json!({})).0,
            401
        );
    }
    // The first-run secret sets an account up and is no credential itself.
    let secret = rig.auth.first_run_secret("ems").unwrap().unwrap();
    assert_eq!(
        rig.call("GET", "/api/v1/status", Some(&secret), &json!({}))
            .0,
        401
    );
    let link = json!({ "token": secret });
    let got = rig.call("POST", "/api/v1/session", None, &link);
    assert!(matches!(got.0, 401 | 429), "{}", got.1);
}

/// A token's scope narrows its role, route by route.
#[test]
fn a_machine_token_reaches_its_scopes_only() {
    let rig = Rig::new();
    for scope in Scope::ALL {
        let wanted = NewToken {
            id: format!("only-{}", scope.name().replace(':', "-")),
            agency: "ems".to_owned(),
            source_system: "cad".to_owned(),
            scopes: vec![scope],
            certificate: None,
            days: 1,
        };
        let token = rig.auth.make_token(wanted).unwrap();
        for (method, path, needed) in [
            ("GET", "/api/v1/city", Scope::StatusRead),
            ("GET", "/api/v1/corridors", Scope::StatusRead),
            ("POST", "/api/v1/corridors", Scope::CorridorRequest),
            (
                "POST",
                "/api/v1/corridors/999/cancel",
                Scope::CorridorRequest,
            ),
            ("POST", "/api/v1/previews", Scope::CorridorRequest),
            ("POST", "/api/v1/positions", Scope::PositionWrite),
        ] {
            let got = rig.call(method, path, Some(&token), &json!({}));
            assert_eq!(
                got.0 == 403,
                scope != needed,
                "{method} {path} with {}",
                scope.name()
            );
        }
    }
}

/// Both steps, by the right person and by wrong ones; every one of them is in the audit.
#[test]
fn keys_are_made_in_two_steps_and_everything_is_audited() {
    let rig = Rig::new();
    let li = rig.person("li", Role::Dispatcher);
    let wang = rig.person("wang", Role::Dispatcher);
    let sites: Vec<Value> = (1..=2).map(|n| rig.site(n)).collect();
    let flash = json!({ "act": "flash", "sites": sites, "lease_s": 5 });
    let (status, shown) = rig.post(&li, "/api/v1/acts", &flash);
    assert_eq!(status, 200, "{shown}");
    assert_eq!(shown["needs_second_person"], false);
    assert_eq!(shown["consequences"].as_array().unwrap().len(), 1);
    let path = format!("/api/v1/acts/{}", shown["challenge"].as_str().unwrap());
    let right = json!({ "password": PASSWORD });
    assert_eq!(rig.post(&wang, &path, &right).0, 403, "whoever began it");
    let wrong = json!({ "password": "wrong wrong wrong" });
    assert_eq!(rig.post(&li, &path, &wrong).0, 401);
    let done = rig.post(&li, &path, &right);
    assert_eq!(done.0, 200, "{}", done.1);
    assert_eq!(rig.post(&li, &path, &right).0, 404, "once");
    let key = json!({ "act": "revoke-token", "id": "cad" });
    assert_eq!(
        rig.post(&li, "/api/v1/acts", &key).0,
        403,
        "a dispatcher has no keys"
    );

    let auditor = rig.bearer(Role::Auditor);
    let (_, page) = rig.call("GET", "/api/v1/audit", Some(&auditor), &json!({}));
    let records = page["records"].as_array().unwrap();
    let statuses: Vec<u64> = records
        .iter()
        .map(|one| one["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 403, 401, 200, 404, 403]);
    let text = page.to_string();
    assert!(text.contains("step 2") && !text.contains(PASSWORD));
    rig.verified(6);
}

/// The captured bytes of a request, sent again after a restart: the same answer, no effect.
#[test]
fn a_replay_after_a_restart_has_no_effect() {
    let rig = Rig::new();
    let now = jiff::Timestamp::now();
    let later = now + jiff::SignedDuration::from_mins(20);
    let mut body = json!({
        "request_id": "0190b6a2-7d3e-7c11-8f00-000000000001",
        "issued_at": now.to_string(), "expires_at": later.to_string(),
        "nonce": "0123456789abcdef0123456789abcdef",
        "agency": "ems", "source_system": "cad", "operator_id": "op", "incident_id": "inc",
        "service": "ambulance", "stage": "to_hospital", "priority": 1, "lights_siren": true,
        "vehicle": { "id": "amb-1", "length_m": 6.0, "convoy_n": 1 },
        "origin": "live", "destination": { "facility_id": "H1" },
    });
    let machine = rig.bearer(Role::Integration);
    let first = rig.post(&machine, "/api/v1/corridors", &body);
    assert_eq!(first.0, 201, "{}", first.1);
    let rig = rig.restarted();
    let machine = rig.bearer(Role::Integration);
    assert_eq!(rig.post(&machine, "/api/v1/corridors", &body), first);
    body["priority"] = json!(2);
    assert_eq!(
        rig.post(&machine, "/api/v1/corridors", &body).0,
        409,
        "another body"
    );
    body["request_id"] = json!("0190b6a2-7d3e-7c11-8f00-000000000002");
    assert_eq!(
        rig.post(&machine, "/api/v1/corridors", &body).0,
        409,
        "the nonce"
    );
    assert_eq!(
        rig.city.opened(),
        0,
        "the city that was started anew has no corridor"
    );
}

impl Rig {
    /// Ends the server and starts another one over the same folder and a new city.
    fn restarted(mut self) -> Self {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
        Self::over(self.folder)
    }

    fn site(&self, number: usize) -> Value {
        let (_, city) = self.call(
            "GET",
            "/api/v1/city",
            Some(&self.bearer(Role::Viewer)),
            &json!({}),
        );
        city["sites"][number]["id"].clone()
    }

    /// Ends the server and verifies what it left.
    fn verified(mut self, records: u64) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
        let file = records_file(&self.folder.path().join("audit"));
        let found = verify(&file, &heads_file(&file), None).unwrap().unwrap();
        assert_eq!((found.records, found.signed), (records, records));
    }
}
