//! Which acts need whom.

use serde_json::json;

use super::*;
use crate::shell::dispatch::auth::Role;
use crate::shell::dispatch::world::CityStatic;

fn somebody(name: &str, role: Role) -> Principal {
    Principal {
        name: name.to_owned(),
        agency: "ems".to_owned(),
        source_system: "console".to_owned(),
        roles: vec![role],
    }
}

fn flash(signals: usize) -> TwoStep {
    TwoStep::ManySignals {
        flash: true,
        sites: (0..signals).map(|number| format!("J{number}")).collect(),
        lease_s: 30,
    }
}

#[test]
fn grave_acts_want_another_person_and_the_others_the_same_one() {
    let (li, wang) = (
        somebody("li", Role::Dispatcher),
        somebody("wang", Role::Dispatcher),
    );
    for (act, by, fits) in [
        (flash(10), &li, true),
        (flash(10), &wang, false),
        (flash(11), &li, false),
        (flash(11), &wang, true),
    ] {
        let challenges = Challenges::default();
        let needs_two = act.needs_second_person(&[]);
        let id = challenges.open(act, (needs_two, &[]), &li).unwrap();
        assert_eq!(challenges.of(&id, by).is_ok(), fits, "{}", by.name);
        assert!(challenges.take(&id));
        assert!(!challenges.take(&id), "once");
        assert!(challenges.of(&id, by).is_err());
    }
}

#[test]
fn signals_that_are_dark_already_count_for_the_second_person() {
    let dark = |count: u8| (0..count).map(|n| format!("X{n}")).collect::<Vec<_>>();
    assert!(!flash(4).needs_second_person(&dark(6)));
    assert!(flash(4).needs_second_person(&dark(7)));
}

#[test]
fn nobody_fills_the_list_of_acts_alone() {
    let li = somebody("li", Role::Dispatcher);
    let challenges = Challenges::default();
    for _ in 0..CHALLENGES_EACH {
        challenges.open(flash(2), (false, &[]), &li).unwrap();
    }
    assert!(challenges.open(flash(2), (false, &[]), &li).is_err());
    let wang = somebody("wang", Role::Dispatcher);
    assert!(challenges.open(flash(2), (false, &[]), &wang).is_ok());
}

#[test]
fn an_admin_has_no_power_over_signals_and_a_dispatcher_none_over_keys() {
    let city = CityStatic::default();
    let key = json!({ "act": "add-person", "name": "li", "agency": "ems", "roles": ["viewer"] });
    let key = read(key.as_object().unwrap(), &city).unwrap();
    let (admin, dispatcher) = (somebody("a", Role::Admin), somebody("d", Role::Dispatcher));
    assert!(key.check_role(&admin).is_ok() && key.check_role(&dispatcher).is_err());
    for act in [flash(2), TwoStep::CancelCorridor(1)] {
        assert!(act.check_role(&admin).is_err() && act.check_role(&dispatcher).is_ok());
    }
}

#[test]
fn an_act_that_cannot_be_read_says_what_is_wrong() {
    let city = CityStatic::default();
    for body in [
        json!({}),
        json!({ "act": "open-the-gates" }),
        json!({ "act": "add-person", "name": "li wang", "agency": "ems", "roles": ["viewer"] }),
        json!({ "act": "add-person", "name": "li", "agency": "ems", "roles": ["king"] }),
        json!({ "act": "add-person", "name": "li", "agency": "ems", "roles": [] }),
        json!({ "act": "flash", "sites": ["J99"], "lease_s": 10 }),
        json!({ "act": "register-reply", "agency": "ems", "url": "http://elsewhere/" }),
        json!({ "act": "cancel-corridor", "corridor": 1, "name": "li" }),
        json!({ "act": "make-token", "id": "cad", "agency": "ems", "source_system": "cad",
            "scopes": ["status:read"], "certificate_sha256": "ab", "days": 10 }),
    ] {
        let refused = read(body.as_object().unwrap(), &city).unwrap_err();
        assert!(!refused.errors.is_empty(), "{body}");
    }
}

#[test]
fn answers_may_go_to_an_agencys_own_answer_topics_and_to_no_other() {
    let city = CityStatic {
        id: "town".to_owned(),
        ..CityStatic::default()
    };
    for (url, fits) in [
        ("mqtt:greenwave/v1/town/ems/out/answers/desk", true),
        ("mqtt:greenwave/v1/town/fire/out/answers/desk", false),
        ("mqtt:greenwave/v1/town/ems/out/answers/+", false),
        ("mqtt:greenwave/v1/town/ems/in/corridor/cancel", false),
        ("mqtt:greenwave/v1/city/ems/out/answers/desk", false),
        ("greenwave/v1/town/ems/out/answers/desk", false),
        ("https://desk.example/answers", true),
    ] {
        let body = json!({ "act": "register-reply", "agency": "ems", "url": url });
        let read = read(body.as_object().unwrap(), &city);
        assert_eq!(read.is_ok(), fits, "{url}");
    }
}

#[test]
fn an_account_is_of_an_agency_of_the_city_and_no_admin_has_signal_power() {
    let city = CityStatic {
        agencies: vec!["ems".to_owned(), "fire".to_owned()],
        ..CityStatic::default()
    };
    let person = |agency: &str, roles: &[&str]| {
        let body = json!({ "act": "add-person", "name": "li", "agency": agency, "roles": roles });
        read(body.as_object().unwrap(), &city)
    };
    assert!(person("ems", &["viewer", "dispatcher"]).is_ok());
    assert!(person("fire", &["admin", "viewer", "auditor"]).is_ok());
    for power in ["dispatcher", "engineer", "integration"] {
        let refused = person("ems", &[power, "admin"]).unwrap_err();
        let blamed = &refused.errors[0];
        assert!(
            blamed.field == "roles" && blamed.problem.contains(power),
            "{blamed:?}"
        );
    }
    for body in [
        json!({ "act": "add-person", "name": "li", "agency": "ens", "roles": ["viewer"] }),
        json!({ "act": "make-token", "id": "cad", "agency": "ens", "source_system": "cad",
            "scopes": ["status:read"], "days": 10 }),
        json!({ "act": "set-limits", "agency": "ens", "priority_ceiling": 1, "corridors_max": 1 }),
        json!({ "act": "register-reply", "agency": "ens", "url": "https://desk.example/" }),
    ] {
        let refused = read(body.as_object().unwrap(), &city).unwrap_err();
        let blamed = &refused.errors[0];
        assert_eq!(
            (&*blamed.field, &*blamed.allowed),
            ("agency", "ems, fire"),
            "{body}"
        );
    }
}
