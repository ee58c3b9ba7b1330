//! What the desk adds: alarms that somebody has seen, a second person's no, guard duty released by
//! two, a person's own account, the auditor's look.
#![cfg(feature = "shell")]
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use greenwave::shell::dispatch::auth::{NewPerson, totp};
use greenwave::shell::dispatch::{Auth, Principal, Role, Service, serve};
use greenwave::shell::store::Records;
use greenwave::shell::store::audit::AuditLog;
use hil_tests::fake_city::{FakeCity, Town};
use serde_json::{Value, json};
use ureq::http::Request;

const PASSWORD: &str = "correct horse battery";

struct Rig {
    base: String,
    auth: Arc<Auth>,
    agent: ureq::Agent,
    _folder: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let records = Records::open(&folder.path().join("store.sqlite")).unwrap();
        let auth = Arc::new(Auth::over(records.clone()).unwrap());
        let audit = AuditLog::open(&folder.path().join("audit"), Some(records.clone())).unwrap();
        let bound = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(bound).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let service = Service {
            world: FakeCity::start(Town::large(), 1, true),
            auth: Arc::clone(&auth),
            audit: Some(Arc::new(audit)),
            records: Some(records),
            tls: None,
            bus: greenwave::shell::dispatch::bus::Exchange::in_process(),
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
            agent,
            _folder: folder,
            _runtime: runtime,
        }
    }

    /// Enters somebody with a password; a token that acts as them.
    fn person(&self, name: &str, agency: &str, role: Role) -> String {
        let person = NewPerson {
            name: name.to_owned(),
            agency: agency.to_owned(),
            roles: vec![role],
        };
        let secret = self.auth.enter(person).unwrap();
        self.auth.set_up(&secret, PASSWORD, None).unwrap();
        let somebody = Principal {
            name: name.to_owned(),
            agency: agency.to_owned(),
            source_system: "console".to_owned(),
            roles: vec![role],
        };
        let life = Duration::from_mins(5);
        self.auth.issue_bearer(somebody, life).unwrap()
    }

    fn call(&self, method: &str, path: &str, bearer: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/api/v1{path}", self.base))
            .header("authorization", format!("Bearer {bearer}"))
            .header("content-type", "application/json");
        let mut answer = if method == "GET" {
            self.agent.run(request.body(()).unwrap()).unwrap()
        } else {
            let request = request.body(body.to_string()).unwrap();
            self.agent.run(request).unwrap()
        };
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (answer.status().as_u16(), value)
    }

    fn get(&self, path: &str, bearer: &str) -> Value {
        self.call("GET", path, bearer, &Value::Null).1
    }

    fn post(&self, path: &str, bearer: &str, body: &Value) -> (u16, Value) {
        self.call("POST", path, bearer, body)
    }
}

#[test]
fn an_alarm_is_seen_by_a_person_and_goes_on() {
    let rig = Rig::new();
    let zhou = rig.person("zhou", "ems", Role::Dispatcher);
    let standing = rig.get("/status", &zhou);
    let alarm = &standing["alarms"][0];
    assert_eq!(alarm["acknowledged"], Value::Null);
    let body = json!({ "code": alarm["code"], "site": alarm["site"] });
    let seen = rig.post("/alarms/acknowledge", &zhou, &body);
    assert_eq!(seen.0, 204, "{}", seen.1);
    let after = rig.get("/status", &zhou);
    assert_eq!(after["alarms"][0]["acknowledged"]["by"], "zhou");
    let other = json!({ "code": "no-such", "site": null });
    assert_eq!(rig.post("/alarms/acknowledge", &zhou, &other).0, 404);
    let auditor = rig.person("sun", "ems", Role::Auditor);
    let found = rig.get("/audit?text=alarm&newest=true", &auditor);
    assert_eq!(found["records"][0]["about"], "alarm cabinet-silent P07");
}

#[test]
fn guard_duty_is_released_by_two_and_seen_by_their_agency_only() {
    let rig = Rig::new();
    let zhou = rig.person("zhou", "ems", Role::Dispatcher);
    let wang = rig.person("wang", "ems", Role::Dispatcher);
    let south = rig.person("south", "ems-south", Role::Dispatcher);
    let viewer = rig.person("viewer", "ems", Role::Viewer);
    let duty = json!({ "act": "guard-duty", "vehicle": "police-1", "place": "H1", "minutes": 30 });
    let ambulance =
        json!({ "act": "guard-duty", "vehicle": "amb-1", "place": "H1", "minutes": 30 });
    assert_eq!(rig.post("/acts", &zhou, &ambulance).0, 422);
    assert_eq!(
        rig.post("/acts", &south, &duty).0,
        409,
        "has no such vehicle"
    );
    let (status, shown) = rig.post("/acts", &zhou, &duty);
    assert_eq!(status, 200, "{shown}");
    assert_eq!(shown["needs_second_person"], true);
    assert!(
        shown["consequences"].as_array().unwrap().len() >= 3,
        "{shown}"
    );
    let path = format!("/acts/{}", shown["challenge"].as_str().unwrap());
    let proof = json!({ "password": PASSWORD });
    assert_eq!(rig.post(&path, &zhou, &proof).0, 403, "not alone");
    assert_eq!(rig.post(&path, &south, &proof).0, 404, "not another agency");
    assert_eq!(rig.get("/acts", &zhou), json!([]));
    assert_eq!(rig.get("/acts", &south), json!([]));
    assert_eq!(rig.get("/acts", &wang)[0]["begun_by"], "zhou");
    let (status, done) = rig.post(&path, &wang, &proof);
    assert_eq!(status, 200, "{done}");
    let number = done["corridor"].clone();
    let corridors = |bearer: &str| rig.get("/corridors", bearer).as_array().unwrap().len();
    assert_eq!(corridors(&zhou), 1);
    assert_eq!((corridors(&south), corridors(&viewer)), (0, 0));
    let own = rig.get(&format!("/corridors/{number}"), &wang);
    assert_eq!(
        (&own["confidential"], &own["opened_by"]),
        (&json!(true), &json!("zhou + wang"))
    );
    assert_eq!(
        rig.call("GET", &format!("/corridors/{number}"), &south, &Value::Null)
            .0,
        404
    );
    let cancel = format!("/corridors/{number}/cancel");
    assert_eq!(rig.post(&cancel, &south, &json!({})).0, 404);
    assert_eq!(rig.post(&cancel, &zhou, &json!({})).0, 200);
}

#[test]
fn a_person_changes_password_and_second_factor() {
    let rig = Rig::new();
    let zhou = rig.person("zhou", "ems", Role::Dispatcher);
    let next = "another long password";
    let change = |old: &str, new: &str| {
        let body = json!({ "password": old, "new_password": new });
        rig.post("/session/new-password", &zhou, &body).0
    };
    assert_eq!(change("wrong password!", next), 401);
    assert_eq!(change(PASSWORD, "short"), 422);
    assert_eq!(change(PASSWORD, next), 204);
    assert!(rig.auth.sign_in("zhou", PASSWORD, None).is_err());
    assert!(rig.auth.sign_in("zhou", next, None).is_ok());
    let proof = json!({ "password": next });
    let (status, made) = rig.post("/session/second-factor", &zhou, &proof);
    assert_eq!(status, 200, "{made}");
    let factor = made["totp_secret"].as_str().unwrap();
    assert!(factor.len() >= 32 && made["is_done"] == false);
    assert!(rig.auth.sign_in("zhou", next, None).is_ok(), "not yet");
    let wrong = json!({ "new_code": "abcdef" });
    assert_eq!(rig.post("/session/second-factor", &zhou, &wrong).0, 422);
    let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap();
    let code = totp::code_at(&totp::unbase32(factor).unwrap(), now);
    let right = json!({ "new_code": code });
    let (status, done) = rig.post("/session/second-factor", &zhou, &right);
    assert_eq!((status, &done["is_done"]), (200, &json!(true)), "{done}");
    assert_eq!(
        rig.post("/session/second-factor", &zhou, &right).0,
        409,
        "nothing waits"
    );
    assert!(
        rig.auth.sign_in("zhou", next, None).is_err(),
        "wants a code"
    );
}

#[test]
fn an_auditor_verifies_and_takes_a_copy() {
    let rig = Rig::new();
    let sun = rig.person("sun", "ems", Role::Auditor);
    let zhou = rig.person("zhou", "ems", Role::Dispatcher);
    for _ in 0..3 {
        rig.post("/corridors/99/cancel", &zhou, &json!({}));
    }
    let check = rig.get("/audit/verify", &sun);
    assert_eq!(
        (&check["is_good"], &check["records"]),
        (&json!(true), &json!(3))
    );
    assert_eq!(check["signed"], 3, "what is handed out is signed");
    let copy = rig.get("/audit/export", &sun);
    assert_eq!(copy.as_str().unwrap().lines().count(), 3);
    let heads = rig.call("GET", "/audit/export/heads", &sun, &Value::Null);
    assert_eq!(heads.0, 200);
    let newest = rig.get("/audit?newest=true&who=zhou", &sun);
    assert_eq!(newest["records"].as_array().unwrap().len(), 3);
    assert_eq!(
        rig.get("/audit?who=nobody-else", &sun)["records"],
        json!([])
    );
}
