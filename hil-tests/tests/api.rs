//! The API over real sockets and the made-up city: roles, CSRF, idempotency, problems, the live
//! stream's shape, security headers, and the checked-in OpenAPI document.
#![cfg(feature = "shell")]
#![expect(
    clippy::disallowed_methods,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "real sockets in real time; helpers of a test may fail it; a table of cases is long"
)]

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use greenwave::shell::dispatch::auth::Limit;
use greenwave::shell::dispatch::routes::{CSRF_HEADER, ROUTES};
use greenwave::shell::dispatch::{Auth, Principal, Role, openapi_json, run};
use hil_tests::fake_city::{FakeCity, Town};
use serde_json::{Value, json};
use ureq::http::{Request, Response};

struct Rig {
    base: String,
    auth: Arc<Auth>,
    city: Arc<FakeCity>,
    agent: ureq::Agent,
    runtime: tokio::runtime::Runtime,
}

struct Got {
    status: u16,
    body: Value,
    response: Response<()>,
}

fn principal(role: Role) -> Principal {
    Principal {
        name: role.name().to_owned(),
        agency: "ems".to_owned(),
        source_system: "cad".to_owned(),
        roles: vec![role],
    }
}

impl Rig {
    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let auth = Arc::new(Auth::new());
        let city = FakeCity::start(Town::small(), 10, false);
        let bound = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(bound).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (world, door) = (Arc::clone(&city), Arc::clone(&auth));
        runtime.spawn(async move { run(listener, world, door, core::future::pending()).await });
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
            runtime,
        }
    }

    fn bearer(&self, role: Role) -> (String, String) {
        let life = Duration::from_mins(5);
        let token = self.auth.issue_bearer(principal(role), life).unwrap();
        ("authorization".to_owned(), format!("Bearer {token}"))
    }

    fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: Option<&str>,
    ) -> Got {
        let Some(body) = body else {
            return self.call_raw(method, path, headers, "");
        };
        let kind = ("content-type".to_owned(), "application/json".to_owned());
        let headers = [headers, &[kind]].concat();
        self.call_raw(method, path, &headers, body)
    }

    /// With no headers but these.
    fn call_raw(&self, method: &str, path: &str, headers: &[(String, String)], body: &str) -> Got {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = if body.is_empty() {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body.to_owned()).unwrap())
        };
        let mut answer = answer.unwrap();
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        let status = answer.status().as_u16();
        Got {
            status,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
            response: answer.map(|_| ()),
        }
    }

    fn post(&self, role: Role, path: &str, body: &Value) -> Got {
        self.call("POST", path, &[self.bearer(role)], Some(&body.to_string()))
    }
}

fn utc(ahead_s: i64) -> String {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let at = i64::try_from(since).unwrap() + ahead_s;
    let (days, second) = (at.div_euclid(86_400), at.rem_euclid(86_400));
    // Civil date of a day count (years from March, 400-year eras).
    let day = days + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let date = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{:02}Z",
        second % 60
    )
}

fn request() -> Value {
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

fn with(field: &str, value: Value) -> Value {
    let mut body = request();
    body[field] = value;
    body
}

fn vehicle(length_m: f64, convoy_n: u32) -> Value {
    json!({ "id": "amb-1", "length_m": length_m, "convoy_n": convoy_n })
}

/// Every route of the document is in the table and the other way round; what each role gets from
/// each route is in `roles.rs`.
#[test]
fn every_documented_route_is_in_the_table() {
    let doc: Value = serde_json::from_str(&openapi_json()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, methods) in doc["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    documented.insert(("GET".to_owned(), "/api/v1/openapi.json".to_owned()));
    let table: BTreeSet<_> = ROUTES
        .iter()
        .map(|rule| (rule.method.to_owned(), rule.path.to_owned()))
        .collect();
    assert_eq!(documented, table);
    assert_eq!(table.len(), ROUTES.len(), "no route is named twice");
}

#[test]
fn a_link_signs_in_once_and_acts_need_the_csrf_header() {
    let rig = Rig::new();
    let life = Duration::from_mins(5);
    let link = rig
        .auth
        .issue_link(principal(Role::Dispatcher), life)
        .unwrap();
    let token = json!({ "token": link }).to_string();
    let got = rig.call("POST", "/api/v1/session", &[], Some(&token));
    assert_eq!(got.status, 200);
    let cookie = got.response.headers()["set-cookie"].to_str().unwrap();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(!cookie.contains(link.as_str()));
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let again = rig.call("POST", "/api/v1/session", &[], Some(&token));
    assert_eq!(again.status, 401, "the link is used up");

    let session = ("cookie".to_owned(), cookie);
    let csrf = got.body["csrf"].as_str().unwrap().to_owned();
    let csrf = (CSRF_HEADER.to_owned(), csrf);
    let body = request().to_string();
    let path = "/api/v1/corridors";
    let bare = rig.call("POST", path, std::slice::from_ref(&session), Some(&body));
    assert_eq!(bare.status, 403);
    assert_eq!(bare.body["type"], "urn:greenwave:problem:csrf");
    let wrong = (CSRF_HEADER.to_owned(), "0".repeat(64));
    let wrong = rig.call("POST", path, &[session.clone(), wrong], Some(&body));
    assert_eq!(wrong.status, 403);
    assert_eq!(rig.city.opened(), 0);
    let fine = rig.call("POST", path, &[session.clone(), csrf.clone()], Some(&body));
    assert_eq!(fine.status, 201, "{}", fine.body);
    let out = rig.call("DELETE", "/api/v1/session", &[session.clone(), csrf], None);
    assert_eq!(out.status, 204);
    assert_eq!(
        rig.call("GET", "/api/v1/city", &[session], None).status,
        401
    );
}

/// A page of another server can send nothing, even with everything else in order.
#[test]
fn a_foreign_page_can_do_nothing() {
    let rig = Rig::new();
    let own = rig.base.clone();
    let sign_in = json!({ "token": "none" });
    for (path, body) in [
        ("/api/v1/corridors", request()),
        ("/api/v1/session", sign_in),
    ] {
        let body = body.to_string();
        let foreign = own.replace("127.0.0.1", "127.0.0.2");
        let shorter = own.rsplit_once(':').unwrap().0.to_owned();
        for origin in ["http://elsewhere.example", "null", &foreign, &shorter] {
            let origin = ("origin".to_owned(), origin.to_owned());
            let headers = [rig.bearer(Role::Integration), origin];
            let got = rig.call("POST", path, &headers, Some(&body));
            assert_eq!(got.status, 403, "{path} {headers:?}");
            assert_eq!(got.body["type"], "urn:greenwave:problem:foreign-origin");
        }
    }
    assert_eq!(rig.city.opened(), 0);
    let origin = ("origin".to_owned(), own);
    let headers = [rig.bearer(Role::Integration), origin];
    let body = request().to_string();
    let got = rig.call("POST", "/api/v1/corridors", &headers, Some(&body));
    assert_eq!(got.status, 201, "{}", got.body);
}

#[test]
fn a_second_press_changes_nothing() {
    let rig = Rig::new();
    let body = request();
    let first = rig.post(Role::Integration, "/api/v1/corridors", &body);
    assert_eq!(first.status, 201, "{}", first.body);
    let second = rig.post(Role::Integration, "/api/v1/corridors", &body);
    assert_eq!((second.status, &second.body), (201, &first.body));
    let mut loud = body.clone();
    for key in ["request_id", "nonce"] {
        loud[key] = json!(body[key].as_str().unwrap().to_uppercase());
    }
    let loud = rig.post(Role::Integration, "/api/v1/corridors", &loud);
    assert_eq!((loud.status, &loud.body), (201, &first.body));
    let mut other = body.clone();
    other["priority"] = json!(2);
    let other = rig.post(Role::Integration, "/api/v1/corridors", &other);
    assert_eq!(other.status, 409);
    assert_eq!(
        other.body["type"],
        "urn:greenwave:problem:request-id-reused"
    );
    let mut replay = request();
    replay["nonce"] = body["nonce"].clone();
    let replay = rig.post(Role::Integration, "/api/v1/corridors", &replay);
    assert_eq!(replay.body["type"], "urn:greenwave:problem:nonce-reused");
    assert_eq!(rig.city.opened(), 1);
}

#[test]
fn a_bad_request_says_which_field_and_what_is_allowed() {
    let rig = Rig::new();
    let far = json!({ "lat": 10.0, "lon": 10.0, "datum": "wgs84" });
    let cases = [
        (with("request_id", json!("1")), 422, "request_id"),
        (with("issued_at", json!(utc(-40))), 422, "issued_at"),
        (with("issued_at", json!(utc(40))), 422, "issued_at"),
        (with("issued_at", json!("yesterday")), 400, "issued_at"),
        (with("nonce", json!("ab")), 422, "nonce"),
        (with("agency", json!("fire")), 422, "agency"),
        (with("service", json!("taxi")), 422, "service"),
        (with("service", json!("fire")), 422, "service"),
        (with("stage", json!("returning")), 422, "stage"),
        (with("priority", json!(0)), 422, "priority"),
        (with("priority", json!("high")), 400, "priority"),
        (with("lights_siren", Value::Null), 400, "lights_siren"),
        (
            with("vehicle", json!({ "id": "amb-1" })),
            400,
            "vehicle.length_m",
        ),
        (with("vehicle", vehicle(31.0, 1)), 422, "vehicle.length_m"),
        (with("vehicle", vehicle(0.5, 1)), 422, "vehicle.length_m"),
        (with("vehicle", vehicle(6.0, 21)), 422, "vehicle.convoy_n"),
        (with("depart_after", json!(utc(1300))), 422, "depart_after"),
        (with("needed_by", json!(utc(-10))), 422, "needed_by"),
        (with("needed_by", json!(utc(1300))), 422, "needed_by"),
        (
            with("origin", json!({ "lat": 91, "lon": 0, "datum": "wgs84" })),
            422,
            "origin.lat",
        ),
        (
            with("origin", json!({ "lat": 1, "lon": 0 })),
            400,
            "origin.datum",
        ),
        (with("destination", far), 422, "destination"),
        (
            with("destination", json!({ "facility_id": "H9" })),
            404,
            "destination.facility_id",
        ),
        (with("expires_at", Value::Null), 400, "expires_at"),
        (with("expires_at", json!(utc(3700))), 422, "expires_at"),
        (with("note", json!("call 139 0000 0001")), 422, "note"),
        (with("note", json!("患者张某")), 422, "note"),
        (
            with("reply_to", json!("http://127.0.0.1/")),
            422,
            "reply_to",
        ),
        (with("colour", json!("red")), 400, "colour"),
        (
            with("route", json!([{ "intersection": "J01" }])),
            400,
            "route[0].approach",
        ),
    ];
    for (body, status, field) in cases {
        let got = rig.post(Role::Integration, "/api/v1/corridors", &body);
        assert_eq!(got.status, status, "{field}: {}", got.body);
        let kind = got.response.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind, "application/problem+json");
        let errors = got.body["errors"].as_array().unwrap();
        let named = errors.iter().find(|error| error["field"] == field);
        let named = named.unwrap_or_else(|| panic!("{field} is not blamed: {}", got.body));
        assert!(!named["allowed"].as_str().unwrap().is_empty(), "{named}");
    }
    let all = rig.post(Role::Integration, "/api/v1/corridors", &json!({}));
    assert!(
        all.body["errors"].as_array().unwrap().len() >= 14,
        "all at once"
    );
    assert_eq!(rig.city.opened(), 0);
}

#[test]
fn a_service_is_the_one_on_the_allow_list() {
    let rig = Rig::new();
    let fire = with("service", json!("fire"));
    let refused = rig.post(Role::Integration, "/api/v1/corridors", &fire);
    assert_eq!(refused.body["errors"][0]["allowed"], "ambulance");
    let mut fire = fire;
    fire["vehicle"]["id"] = json!("fire-1");
    fire["nonce"] = json!("f".repeat(32));
    let opened = rig.post(Role::Integration, "/api/v1/corridors", &fire);
    assert_eq!(opened.status, 201, "{}", opened.body);
}

#[test]
fn a_vehicle_is_the_agencys_own() {
    let rig = Rig::new();
    let mut other = request();
    other["vehicle"]["id"] = json!("amb-9");
    let refused = rig.post(Role::Integration, "/api/v1/corridors", &other);
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_eq!(refused.body["errors"][0]["field"], "vehicle.id");
    let allowed = &refused.body["errors"][0]["allowed"];
    assert_eq!(allowed, "amb-1, amb-2, fire-1, police-1");
    assert_eq!(rig.city.opened(), 0);
}

#[test]
fn times_within_the_corridors_life_are_taken() {
    let rig = Rig::new();
    let mut body = request();
    body["depart_after"] = json!(utc(-60));
    body["needed_by"] = json!(utc(600));
    let opened = rig.post(Role::Integration, "/api/v1/corridors", &body);
    assert_eq!(opened.status, 201, "{}", opened.body);
}

#[test]
fn bodies_that_are_not_requests_are_refused_in_order() {
    let rig = Rig::new();
    let sender = [rig.bearer(Role::Integration)];
    let post = |body: &str| rig.call("POST", "/api/v1/corridors", &sender, Some(body));
    assert_eq!(post("{").status, 400);
    let form = ("content-type".to_owned(), "text/plain".to_owned());
    let form = [rig.bearer(Role::Integration), form];
    let form = rig.call_raw("POST", "/api/v1/corridors", &form, "{}");
    assert_eq!(form.status, 415);
    assert_eq!(post("[]").status, 400);
    assert_eq!(post(&" ".repeat(70_000)).status, 413);
    assert_eq!(rig.call("GET", "/api/v1/nothing", &[], None).status, 404);
    assert_eq!(rig.call("PUT", "/api/v1/city", &sender, None).status, 405);
    let plain = rig.call("GET", "/api/v1/live", &sender, None);
    assert_eq!(plain.status, 400, "the stream speaks WebSocket only");
}

#[test]
fn a_corridor_is_seen_thinned_out_and_ended() {
    let rig = Rig::new();
    let opened = rig.post(Role::Integration, "/api/v1/corridors", &request());
    let id = opened.body["corridor_id"].as_u64().unwrap();
    let path = format!("/api/v1/corridors/{id}");
    std::thread::sleep(Duration::from_millis(300));
    let seen = rig.call("GET", &path, &[rig.bearer(Role::Viewer)], None);
    assert_eq!(seen.status, 200, "{}", seen.body);
    let site = seen.body["intersections"][1]["id"].clone();
    let body = json!({ "site": site });
    let out = rig.post(Role::Dispatcher, &format!("{path}/take-out"), &body);
    assert_eq!(out.body["intersections"][1]["state"], "local_control");
    let nowhere = json!({ "site": "J99" });
    let nowhere = rig.post(Role::Dispatcher, &format!("{path}/take-out"), &nowhere);
    assert_eq!(nowhere.status, 404);
    let operator = [rig.bearer(Role::Dispatcher)];
    for act in ["take-out", "passed"] {
        let silent = rig.call("POST", &format!("{path}/{act}"), &operator, None);
        assert_eq!(silent.status, 400, "{act} without a body: {}", silent.body);
        assert_eq!(silent.body["errors"][0]["field"], "site");
    }
    let cancelled = rig.call("POST", &format!("{path}/cancel"), &operator, None);
    assert_eq!(cancelled.body["state"], "cancelled", "needs no body");
    for act in ["", "/cancel"] {
        let method = if act.is_empty() { "GET" } else { "POST" };
        let path = format!("/api/v1/corridors/999{act}");
        let nobody = rig.call(method, &path, &operator, None);
        assert_eq!(nobody.status, 404);
        assert_eq!(
            nobody.body["type"],
            "urn:greenwave:problem:no-such-corridor"
        );
    }
    let again = rig.post(Role::Integration, &format!("{path}/cancel"), &json!({}));
    assert_eq!(again.status, 409);
    let late = json!({ "expires_at": utc(3700) });
    let late = rig.post(Role::Integration, &format!("{path}/extend"), &late);
    assert_eq!(late.status, 422);
}

/// Above its agency's ceiling a corridor runs at the ceiling until another person says yes.
#[test]
fn a_priority_above_the_ceiling_waits_for_another_person() {
    let rig = Rig::new();
    let limit = Limit {
        priority_ceiling: 2,
        corridors_max: 1,
    };
    rig.auth.set_limit("ems", limit).unwrap();
    let opened = rig.post(Role::Dispatcher, "/api/v1/corridors", &request());
    assert_eq!(opened.status, 201, "{}", opened.body);
    assert_eq!(opened.body["decision"], "needs_confirmation");
    assert_eq!(opened.body["reason_code"], "above-ceiling");
    assert_eq!(opened.body["effective_priority"], 2);
    let mut more = request();
    more["vehicle"]["id"] = json!("amb-2");
    let more = rig.post(Role::Dispatcher, "/api/v1/corridors", &more);
    assert_eq!(more.status, 429, "the quota: {}", more.body);
    let path = format!("/api/v1/corridors/{}/confirm", opened.body["corridor_id"]);
    let same = rig.post(Role::Dispatcher, &path, &json!({}));
    assert_eq!(same.body["type"], "urn:greenwave:problem:same-person");
    let of = |name: &str, agency: &str| {
        let somebody = Principal {
            name: name.to_owned(),
            agency: agency.to_owned(),
            ..principal(Role::Dispatcher)
        };
        let life = Duration::from_mins(5);
        let token = rig.auth.issue_bearer(somebody, life).unwrap();
        [("authorization".to_owned(), format!("Bearer {token}"))]
    };
    let colleague = rig.call("POST", &path, &of("wang", "ems"), Some("{}"));
    assert_eq!(
        colleague.status, 403,
        "the same ceiling: {}",
        colleague.body
    );
    let police = of("zhao", "police");
    let confirmed = rig.call("POST", &path, &police, Some("{}"));
    assert_eq!(confirmed.body["priority"], 1, "{}", confirmed.body);
    let again = rig.call("POST", &path, &police, Some("{}"));
    assert_eq!(
        again.body["type"],
        "urn:greenwave:problem:nothing-to-confirm"
    );
    // Another agency's dispatcher ends it in two steps only, and a partner does not even see it.
    let cancel = path.replace("confirm", "cancel");
    let foreign = rig.call("POST", &cancel, &police, Some("{}"));
    assert_eq!(
        foreign.body["type"],
        "urn:greenwave:problem:another-agencys"
    );
    let partner = Principal {
        agency: "red-cross".to_owned(),
        ..principal(Role::Integration)
    };
    let life = Duration::from_mins(5);
    let token = rig.auth.issue_bearer(partner, life).unwrap();
    let partner = [("authorization".to_owned(), format!("Bearer {token}"))];
    assert_eq!(rig.call("POST", &cancel, &partner, Some("{}")).status, 404);
    let list = rig.call("GET", "/api/v1/corridors", &partner, None);
    assert_eq!(list.body, json!([]));
    let picture = rig.call("GET", "/api/v1/snapshot", &partner, None);
    assert_eq!(picture.body["corridors"], json!([]));
    assert_eq!(
        rig.call("POST", &cancel, &of("li", "ems"), Some("{}"))
            .status,
        200
    );
}

#[test]
fn a_running_corridor_is_led_elsewhere_and_handed_over() {
    let rig = Rig::new();
    let opened = rig.post(Role::Integration, "/api/v1/corridors", &request());
    let path = format!("/api/v1/corridors/{}", opened.body["corridor_id"]);
    let way = json!({ "destination": { "facility_id": "H1" } });
    let led = rig.post(Role::Integration, &format!("{path}/route"), &way);
    assert_eq!(led.body["revision"], 2, "{}", led.body);
    let nowhere = json!({ "agency": "moon" });
    let nowhere = rig.post(Role::Integration, &format!("{path}/handover"), &nowhere);
    assert_eq!(nowhere.status, 422);
    let to = nowhere.body["errors"][0]["allowed"].as_str().unwrap();
    let to = to
        .split(", ")
        .find(|agency| *agency != "ems")
        .unwrap()
        .to_owned();
    let given = json!({ "agency": to });
    let given = rig.post(Role::Integration, &format!("{path}/handover"), &given);
    assert_eq!(given.status, 200, "{}", given.body);
    let lost = rig.post(Role::Integration, &format!("{path}/cancel"), &json!({}));
    assert_eq!(lost.status, 404, "it is another agency's now");
}

#[test]
fn answers_go_to_registered_targets_only() {
    let rig = Rig::new();
    let url = "https://cad.example/answers";
    let refused = rig.post(
        Role::Integration,
        "/api/v1/corridors",
        &with("reply_to", json!(url)),
    );
    assert_eq!(refused.status, 422);
    rig.auth.register_reply("ems", url).unwrap();
    let taken = rig.post(
        Role::Integration,
        "/api/v1/corridors",
        &with("reply_to", json!(url)),
    );
    assert_eq!(taken.status, 201, "{}", taken.body);
}

#[test]
fn the_live_stream_starts_with_everything_and_goes_on_with_changes() {
    use futures_util::StreamExt as _;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    let rig = Rig::new();
    let (name, value) = rig.bearer(Role::Viewer);
    let address = format!("{}/api/v1/live", rig.base.replace("http", "ws"));
    let mut request = address.into_client_request().unwrap();
    let name: ureq::http::HeaderName = name.parse().unwrap();
    request.headers_mut().insert(name, value.parse().unwrap());
    let mut foreign = request.clone();
    let origin = "http://elsewhere.example".parse().unwrap();
    foreign.headers_mut().insert("origin", origin);
    rig.runtime.block_on(async {
        let refused = tokio_tungstenite::connect_async(foreign).await;
        assert!(refused.is_err(), "a foreign page gets no stream");
        let (mut stream, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut last = 0;
        for number in 0..6 {
            let frame = stream.next().await.unwrap().unwrap();
            let frame: Value = serde_json::from_str(frame.to_text().unwrap()).unwrap();
            let seq = frame["seq"].as_u64().unwrap();
            if number == 0 {
                assert_eq!(frame["type"], "snapshot");
                assert_eq!(frame["sites"].as_array().unwrap().len(), 8);
            } else {
                assert_eq!(frame["type"], "delta");
                assert_eq!(frame["base"].as_u64().unwrap(), last);
            }
            assert_eq!(frame["ages_ms"].as_array().unwrap().len(), 8);
            assert!(seq > last);
            last = seq;
            // A client that dozes misses frames, and the next delta still fits what it has.
            if number == 3 {
                tokio::time::sleep(Duration::from_millis(700)).await;
            }
        }
    });
}

#[test]
fn every_answer_carries_the_security_headers() {
    let rig = Rig::new();
    for path in ["/", "/api/v1/health", "/docs/", "/nothing"] {
        let got = rig.call("GET", path, &[], None);
        let headers = got.response.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'self';"),
            "{path}: {policy}"
        );
        assert!(
            !policy.contains("unsafe") || path.starts_with("/docs"),
            "{path}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
    }
    let docs = rig.call("GET", "/docs/", &[], None);
    assert_eq!(docs.status, 200);
    assert!(
        !docs.body.as_str().unwrap_or_default().contains("https://"),
        "no page from elsewhere"
    );
}

/// `GREENWAVE_OVERWRITE=1 cargo test -p hil-tests --test api` writes the document anew.
#[test]
fn the_openapi_document_is_the_one_checked_in() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api/openapi.json");
    let made = openapi_json();
    if std::env::var_os("GREENWAVE_OVERWRITE").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        made == kept,
        "docs/api/openapi.json is out of date; see this test's comment"
    );
}
