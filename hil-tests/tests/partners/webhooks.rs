//! Who is told of which corridor, and what becomes of partners that fail.

use std::time::Duration;

use super::rig::{Answers, Partner, Rig, SECRET, hook, request, with};
use serde_json::json;

/// Longer than any test needs on a busy machine.
const WITHIN: Duration = Duration::from_secs(30);

#[test]
fn an_agency_is_told_of_its_own_corridors_and_of_no_others() {
    let (ems, south) = (
        Partner::start(Answers::Status(&[200])),
        Partner::start(Answers::Status(&[200])),
    );
    let rig = Rig::with(&[hook("cad", "ems", &ems), hook("south", "ems-south", &south)]);
    let number = rig.open("ems", &request());
    let first = ems.next(WITHIN);
    assert_eq!(first.header("content-type"), "application/json");
    assert_eq!(first.header("x-greenwave-event"), "corridor.status");
    first.check_signature(SECRET);
    let body = first.json();
    assert_eq!(body["id"], first.header("x-greenwave-event-id"));
    assert_eq!(body["subject"], format!("corridors/{number}"));
    assert_eq!(
        (&body["agency"], &body["data"]["corridor_id"]),
        (&json!("ems"), &json!(number))
    );
    assert!(body["data"]["crew"].is_null() && body["data"]["intersections"].is_array());
    let path = format!("/api/v1/corridors/{number}/cancel");
    assert_eq!(rig.post("ems", &path, &json!({})).0, 200);
    let states = ems.until(WITHIN, |told| told.json()["data"]["state"] == "cancelled");
    let ids: std::collections::BTreeSet<_> = states
        .iter()
        .map(|one| one.json()["id"].to_string())
        .collect();
    assert_eq!(ids.len(), states.len(), "every event has an id of its own");
    // The other agency's own corridor is the first it hears of.
    let body = json!({ "agency": "ems-south", "vehicle": { "id": "amb-9", "length_m": 6.0, "convoy_n": 1 } });
    let other = rig.open("ems-south", &with(request(), &body));
    let told = south.next(WITHIN).json();
    assert_eq!(told["data"]["corridor_id"], other);
    assert_eq!(told["agency"], "ems-south");
}

#[test]
fn a_partner_that_fails_is_told_again_under_the_same_id() {
    let partner = Partner::start(Answers::Status(&[500, 200]));
    let rig = Rig::with(&[hook("cad", "ems", &partner)]);
    rig.open("ems", &request());
    let first = partner.next(WITHIN).json();
    // A newer status may have taken its place meanwhile; an alarm may not.
    let second = partner.next(WITHIN).json();
    assert!(second["id"] == first["id"] || second["seq"].as_u64() > first["seq"].as_u64());
    let deliveries = rig.until_webhook("cad", |one| one["delivered"].as_u64() > Some(0));
    assert_eq!(
        (&deliveries["failed"], &deliveries["failing"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(deliveries["last_failure"], "answered 500");
}

#[test]
fn a_partner_that_never_answers_or_floods_delays_nobody_else() {
    let (dead, flood) = (
        Partner::start(Answers::Never),
        Partner::start(Answers::Flood),
    );
    let alive = Partner::start(Answers::Status(&[204]));
    let rig = Rig::with(&[
        hook("dead", "ems", &dead),
        hook("flood", "ems", &flood),
        hook("alive", "ems", &alive),
    ]);
    let number = rig.open("ems", &request());
    dead.next(WITHIN);
    rig.post(
        "ems",
        &format!("/api/v1/corridors/{number}/cancel"),
        &json!({}),
    );
    alive.until(WITHIN, |told| told.json()["data"]["state"] == "cancelled");
    // The flood's status counts, its body is not read.
    rig.until_webhook("flood", |one| one["delivered"].as_u64() > Some(0));
    assert_eq!(rig.webhook("dead")["delivered"], 0);
}

#[test]
fn a_redirect_is_not_followed_and_a_missing_partner_is_an_alarm() {
    let bait = Partner::start(Answers::Status(&[200]));
    let redirect = Partner::start(Answers::Redirect(bait.url()));
    let gone = Partner::nobody();
    let rig = Rig::with(&[hook("moved", "ems", &redirect), hook("gone", "ems", &gone)]);
    rig.open("ems", &request());
    redirect.next(WITHIN);
    let moved = rig.until_webhook("moved", |one| one["refused"].as_u64() > Some(0));
    assert_eq!(moved["last_failure"], "answered 302");
    rig.until_webhook("gone", |one| one["failing"] == true);
    rig.until("admin", "/api/v1/status", |status| {
        let alarms = status["alarms"].as_array().unwrap();
        let told = alarms.iter().filter(|one| one["code"] == "webhook-failing");
        told.filter(|one| one["text"]["en"].as_str().unwrap().contains("gone"))
            .count()
            == 1
    });
    assert!(bait.silent(), "the redirect was followed");
}

#[test]
fn answers_go_where_the_request_says_if_that_is_registered() {
    let (first, second) = (
        Partner::start(Answers::Status(&[200])),
        Partner::start(Answers::Status(&[200])),
    );
    let south = Partner::start(Answers::Status(&[200]));
    let rig = Rig::with(&[
        hook("first", "ems", &first),
        hook("second", "ems", &second),
        hook("south", "ems-south", &south),
    ]);
    for elsewhere in ["http://169.254.169.254/latest", "south", &south.url()] {
        let body = with(request(), &json!({ "reply_to": elsewhere }));
        let (status, problem) = rig.post("ems", "/api/v1/corridors", &body);
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!("reply_to"))
        );
    }
    let body = with(request(), &json!({ "reply_to": "second" }));
    let number = rig.open("ems", &body);
    rig.post(
        "ems",
        &format!("/api/v1/corridors/{number}/cancel"),
        &json!({}),
    );
    second.until(WITHIN, |told| told.json()["data"]["state"] == "cancelled");
    assert!(first.silent() && south.silent());
}
