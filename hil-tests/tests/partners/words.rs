//! Places by name, and personal data in free text.

use greenwave::plan::NoteRule;
use serde_json::json;

use super::rig::{Rig, request, with};

#[test]
fn places_are_found_by_name_alias_and_pinyin_without_the_internet() {
    let rig = Rig::with(&[]);
    let found = |q: &str| rig.get("ems", &format!("/api/v1/places?q={q}")).1;
    let school = found("CHENGDONG");
    assert_eq!(
        (&school[0]["kind"], &school[0]["id"]),
        (&json!("gazetteer"), &json!(""))
    );
    assert_eq!(school[0]["names"]["zh"], "城东小学");
    assert_eq!(school[0]["aliases"], json!(["chengdong xiaoxue", "cdxx"]));
    let hospital = found("h1");
    assert_eq!(hospital[0]["id"], "H1");
    assert_eq!(found("nowhere"), json!([]));
    assert_eq!(found(""), json!([]));
    assert_eq!(found("%20%C2%B7"), json!([]));
    assert_eq!(
        rig.get("ems", &format!("/api/v1/places?q={}", "x".repeat(65)))
            .0,
        422
    );
    let all = rig.get("ems", "/api/v1/places").1;
    assert!(
        all.as_array()
            .unwrap()
            .iter()
            .all(|place| place["kind"] != "gazetteer")
    );
    // What was found is a destination.
    let at = &school[0]["at"];
    let to = json!({ "lon": at[0], "lat": at[1], "datum": "wgs84", "name": "城东小学" });
    let (status, answer) = rig.post(
        "ems",
        "/api/v1/corridors",
        &with(request(), &json!({ "destination": to })),
    );
    assert!([201, 422].contains(&status), "{answer}");
}

#[test]
fn personal_data_is_refused_or_covered_as_configured() {
    let note = |text: &str| with(request(), &json!({ "note": text }));
    let refusing = Rig::with(&[]);
    for text in ["陕A12345 追尾", "call 139 1234 5678", "患者张三"] {
        let (status, problem) = refusing.post("ems", "/api/v1/corridors", &note(text));
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!("note")),
            "{text}"
        );
        let told = problem.to_string();
        assert!(!told.contains("12345") && !told.contains("5678") && !told.contains("张三"));
    }
    assert_eq!(
        refusing
            .post("ems", "/api/v1/corridors", &note("north gate, 3rd floor"))
            .0,
        201
    );
    let covering = Rig::build(&[], NoteRule::Mask);
    assert_eq!(
        covering
            .post("ems", "/api/v1/corridors", &note("陕A12345 追尾"))
            .0,
        201
    );
}
