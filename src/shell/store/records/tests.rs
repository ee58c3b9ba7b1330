//! The store keeps what it is told over a restart, and refuses what it cannot read.

use super::*;

fn somebody(name: &str) -> StoredPrincipal {
    StoredPrincipal {
        name: name.to_owned(),
        agency: "ems".to_owned(),
        source_system: "console".to_owned(),
        roles: vec!["dispatcher".to_owned(), "viewer".to_owned()],
        disabled: false,
        is_set_up: false,
    }
}

fn seen(key: &str, nonce: &str) -> SeenRequest {
    SeenRequest {
        key: key.to_owned(),
        nonce: nonce.to_owned(),
        body: [7; 32],
        at_ms: 1000,
        answer: None,
    }
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    {
        let store = Records::open(&path).unwrap();
        assert!(store.add_principal(somebody("li"), [1; 32], 5000).unwrap());
        assert!(
            store.set_up_by([1; 32], 6000).unwrap().is_none(),
            "too late"
        );
        assert!(store.set_up_by([1; 32], 4000).unwrap().is_some());
        let secrets = ([2; 16], [3; 32]);
        assert!(store.finish_set_up([1; 32], secrets, None).unwrap());
        assert!(
            !store.finish_set_up([1; 32], secrets, None).unwrap(),
            "used up"
        );
        assert!(store.enter_request(seen("ems/1", "aa")).unwrap());
        assert!(
            !store.enter_request(seen("ems/2", "aa")).unwrap(),
            "the nonce was used"
        );
        store.answer_request("ems/1", "{}".to_owned()).unwrap();
    }
    let store = Records::open(&path).unwrap();
    let li = store.secrets("li").unwrap().unwrap();
    assert_eq!((li.salt.len(), li.password), (16, vec![3; 32]));
    let requests = store.requests_since(0).unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].answer.as_deref(), Some("{}"));
    assert!(store.requests_since(2000).unwrap().is_empty());
}

#[test]
fn a_step_of_the_second_factor_works_once() {
    let store = Records::in_memory().unwrap();
    store.add_principal(somebody("li"), [1; 32], 5000).unwrap();
    assert!(store.use_totp_step("li", 10).unwrap());
    assert!(!store.use_totp_step("li", 10).unwrap());
    assert!(!store.use_totp_step("li", 9).unwrap());
    assert!(store.use_totp_step("li", 11).unwrap());
}

#[test]
fn whoever_is_disabled_has_no_session_and_no_secrets() {
    let store = Records::in_memory().unwrap();
    store.add_principal(somebody("li"), [1; 32], 5000).unwrap();
    store
        .finish_set_up([1; 32], ([2; 16], [3; 32]), None)
        .unwrap();
    let principal = somebody("li");
    let session = StoredSession {
        token: [4; 32],
        csrf: [5; 32],
        made_ms: 1,
        seen_ms: 1,
        principal,
    };
    store.keep_session(session).unwrap();
    assert_eq!(store.sessions().unwrap().len(), 1);
    assert!(store.disable_principal("li").unwrap());
    assert!(store.sessions().unwrap().is_empty());
    assert!(store.secrets("li").unwrap().is_none());
}

#[test]
fn a_file_of_a_newer_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    let refused = Records::open(&path);
    assert!(matches!(
        refused,
        Err(RecordsError::Newer { found: 99, .. })
    ));
    let nonsense = folder.path().join("text");
    std::fs::write(
        &nonsense,
        "not a database, but long enough to look at".repeat(40),
    )
    .unwrap();
    assert!(matches!(
        Records::open(&nonsense),
        Err(RecordsError::Open { .. })
    ));
}
