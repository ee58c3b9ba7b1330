//! What a crew's link opens, and what it does not.

use serde_json::{Value, json};

use super::rig::{Rig, request};

#[test]
fn a_crews_link_shows_its_mission_and_nothing_else() {
    let rig = Rig::with(&[]);
    let number = rig.open("ems", &request());
    let path = format!("/api/v1/corridors/{number}/crew-link");
    assert_eq!(
        rig.post("ems-south", &path, &json!({})).0,
        404,
        "another agency's"
    );
    let (status, link) = rig.post("ems", &path, &json!({}));
    assert_eq!(status, 200, "{link}");
    let (page, token) = link["path"].as_str().unwrap().split_once('#').unwrap();
    assert_eq!(page, "/crew/");
    let (status, mission) = rig.crew(token, "GET", "mission", &Value::Null);
    assert_eq!(
        (status, &mission["corridor_id"]),
        (200, &json!(number)),
        "{mission}"
    );
    for signal in mission["signals"].as_array().unwrap() {
        let sign = signal["sign"].as_str().unwrap();
        assert!(["green", "clearing", "waiting", "expect_red"].contains(&sign));
    }
    for wrong in [
        "",
        "1.00",
        &format!("{token}0"),
        &token.replacen(&number.to_string(), "99", 1),
    ] {
        assert_eq!(
            rig.crew(wrong, "GET", "mission", &Value::Null).0,
            401,
            "{wrong}"
        );
    }
    // The link is no key to anything else.
    for path in ["/api/v1/corridors", "/api/v1/snapshot", "/api/v1/status"] {
        let got = rig.call("GET", path, &[("x-greenwave-crew", token)], &Value::Null);
        assert_eq!(got.0, 401, "{path}");
    }
}

#[test]
fn a_crew_acknowledges_and_a_revoked_link_is_worthless() {
    let rig = Rig::with(&[]);
    let number = rig.open("ems", &request());
    let path = format!("/api/v1/corridors/{number}/crew-link");
    let link = rig.post("ems", &path, &json!({})).1;
    let token = link["path"].as_str().unwrap().split_once('#').unwrap().1;
    let mission = rig.crew(token, "GET", "mission", &Value::Null).1;
    let message = mission["messages"][0]["number"].as_u64().unwrap();
    assert_eq!(
        rig.crew(token, "POST", "receipts", &json!({ "message": message }))
            .0,
        204
    );
    assert_eq!(
        rig.crew(token, "POST", "receipts", &json!({ "message": 99_999 }))
            .0,
        404
    );
    assert_eq!(rig.crew(token, "POST", "receipts", &json!({})).0, 400);
    let detail = rig.get("ems", &format!("/api/v1/corridors/{number}")).1;
    let told = detail["crew"].as_array().unwrap();
    assert_eq!(
        (&told[0]["reader"], &told[0]["state"]),
        (&json!("page"), &json!("received"))
    );
    assert!(detail["crew_page_seen_ms"].is_i64());
    let list = rig.get("ems", "/api/v1/corridors").1;
    assert!(list[0].get("crew").is_none());
    let revoked = rig.call(
        "DELETE",
        &path,
        &[("authorization", &rig.bearer("ems"))],
        &Value::Null,
    );
    assert_eq!(revoked.0, 204);
    assert_eq!(rig.crew(token, "GET", "mission", &Value::Null).0, 401);
}

#[test]
fn a_crew_sees_the_end_of_its_mission() {
    let rig = Rig::with(&[]);
    let number = rig.open("ems", &request());
    let link = rig
        .post(
            "ems",
            &format!("/api/v1/corridors/{number}/crew-link"),
            &json!({}),
        )
        .1;
    let token = link["path"]
        .as_str()
        .unwrap()
        .split_once('#')
        .unwrap()
        .1
        .to_owned();
    rig.post(
        "ems",
        &format!("/api/v1/corridors/{number}/cancel"),
        &json!({}),
    );
    let mission = rig.until_crew(&token, |mission| mission["over"] == true);
    assert_eq!(mission["signals"], json!([]));
    let again = rig.post(
        "ems",
        &format!("/api/v1/corridors/{number}/crew-link"),
        &json!({}),
    );
    assert_eq!(
        (again.0, &again.1["type"]),
        (409, &json!("urn:greenwave:problem:corridor-over"))
    );
}

#[test]
fn the_crews_page_runs_nothing_that_is_not_its_own() {
    let rig = Rig::with(&[]);
    for (path, kind) in [
        ("/crew/", "text/html; charset=utf-8"),
        ("/crew/crew.js", "text/javascript; charset=utf-8"),
        ("/crew/crew.css", "text/css; charset=utf-8"),
    ] {
        let (status, headers, text) = rig.page(path);
        assert_eq!(status, 200, "{path}");
        let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), kind);
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(header("referrer-policy"), "no-referrer");
        for never in [
            "<script>",
            "onclick",
            "style=",
            "javascript:",
            "innerHTML",
            "eval(",
            "http://",
        ] {
            assert!(!text.contains(never), "{path} has {never}");
        }
    }
    assert_eq!(rig.page("/crew/elsewhere").0, 404);
}
