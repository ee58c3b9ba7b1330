//! Accounts: nothing by default, secrets work once, codes work once, failures cost time.

use super::*;

const PASSWORD: &str = "correct horse battery";

fn door() -> Auth {
    Auth::over(Records::in_memory().unwrap()).unwrap()
}

fn person(name: &str, role: Role) -> NewPerson {
    NewPerson {
        name: name.to_owned(),
        agency: "ems".to_owned(),
        roles: vec![role],
    }
}

fn code_of(base32: &str) -> String {
    let now = u64::try_from(now_ms() / 1000).unwrap();
    totp::code_at(&totp::unbase32(base32).unwrap(), now)
}

/// Sets somebody with a second factor up.
fn set_up(door: &Auth, secret: &str) -> SetUp {
    let begun = door.set_up(secret, PASSWORD, None).unwrap();
    let code = code_of(&begun.totp_secret.unwrap());
    door.set_up(secret, PASSWORD, Some(&code)).unwrap()
}

#[test]
fn a_fresh_door_has_no_credential_that_anybody_could_guess() {
    let door = door();
    assert!(door.people().unwrap().is_empty());
    for name in ["admin", "root", "greenwave", "operator", ""] {
        for password in ["", "admin", "password", "greenwave"] {
            let tried = door.prove(name, password, None);
            assert!(tried.is_err(), "{name} {password}");
        }
    }
}

#[test]
fn the_first_run_secret_sets_one_admin_up_and_never_again() {
    let door = door();
    let old = door.first_run_secret("ems").unwrap().unwrap();
    let secret = door.first_run_secret("ems").unwrap().unwrap();
    let refused = door.set_up(&old, PASSWORD, None);
    assert!(
        matches!(refused, Err(PeopleError::BadSecret)),
        "a newer one was given out"
    );
    let short = door.set_up(&secret, "short", None);
    assert!(matches!(short, Err(PeopleError::BadPassword)));
    let made = door.set_up(&secret, PASSWORD, None).unwrap();
    assert!(made.totp_secret.is_some(), "an admin has a second factor");
    assert!(!made.is_done && door.sign_in("admin", PASSWORD, None).is_err());
    let wrong = door.set_up(&secret, PASSWORD, Some("abcdef"));
    assert!(matches!(wrong, Err(PeopleError::BadCode)));
    let done = set_up(&door, &secret);
    assert!(done.is_done && done.totp_secret.is_none());
    assert!(door.set_up(&secret, PASSWORD, None).is_err(), "used up");
    assert_eq!(door.first_run_secret("ems").unwrap(), None);
}

#[test]
fn the_second_factor_is_asked_for_and_a_code_works_once() {
    let door = door();
    let secret = door.enter(person("wang", Role::Engineer)).unwrap();
    set_up(&door, &secret);
    let asked = door.sign_in("wang", PASSWORD, None);
    assert!(matches!(asked, Err(SignInError::CodeNeeded)));
    let stored = door.store().unwrap().secrets("wang").unwrap().unwrap();
    let now = u64::try_from(now_ms() / 1000).unwrap();
    let code = totp::code_at(&stored.totp_secret.unwrap(), now);
    let signed_in = door.sign_in("wang", PASSWORD, Some(&code)).unwrap();
    assert_eq!(signed_in.principal.roles, [Role::Engineer]);
    let again = door.sign_in("wang", PASSWORD, Some(&code));
    assert!(
        matches!(again, Err(SignInError::BadPassword)),
        "the code was seen"
    );
}

#[test]
fn a_dispatcher_signs_in_and_is_known_after_a_restart() {
    let records = Records::in_memory().unwrap();
    let door = Auth::over(records.clone()).unwrap();
    let secret = door.enter(person("li", Role::Dispatcher)).unwrap();
    assert_eq!(
        door.set_up(&secret, PASSWORD, None).unwrap().totp_secret,
        None
    );
    let signed_in = door.sign_in("li", PASSWORD, None).unwrap();
    let again = Auth::over(records.clone()).unwrap();
    assert_eq!(again.session(&signed_in.session).unwrap().name, "li");
    assert!(again.csrf_fits(&signed_in.session, &signed_in.csrf));
    again.sign_out(&signed_in.session);
    assert!(again.session(&signed_in.session).is_none());
    assert!(
        Auth::over(records)
            .unwrap()
            .session(&signed_in.session)
            .is_none()
    );
}

#[test]
fn failures_in_a_row_make_a_name_wait_even_with_the_right_password() {
    let door = door();
    let secret = door.enter(person("li", Role::Dispatcher)).unwrap();
    door.set_up(&secret, PASSWORD, None).unwrap();
    for _ in 0..5 {
        let failed = door.sign_in("li", "wrong wrong wrong", None);
        assert!(matches!(failed, Err(SignInError::BadPassword)));
    }
    let shut = door.sign_in("li", PASSWORD, None);
    assert!(matches!(shut, Err(SignInError::TooMany)));
}

#[test]
fn sessions_end_by_age_and_by_idleness() {
    let somebody = Principal {
        name: "li".to_owned(),
        agency: "ems".to_owned(),
        source_system: "console".to_owned(),
        roles: vec![Role::Dispatcher],
    };
    let (mut session, _) = Session::begin(somebody, 0).unwrap();
    let minute = 60_000;
    assert!(!session.is_over(29 * minute));
    assert!(session.is_over(30 * minute), "idle");
    for at in 0..72 {
        session.touch(at * 10 * minute);
    }
    assert!(!session.is_over(719 * minute), "used all the time");
    assert!(session.is_over(720 * minute), "twelve hours");
    assert!(session.is_over(-2 * minute), "the clock went back");
}

#[test]
fn a_machine_token_is_worth_its_scopes_its_certificate_and_its_time() {
    let door = door();
    let wanted = NewToken {
        id: "cad".to_owned(),
        agency: "ems".to_owned(),
        source_system: "cad".to_owned(),
        scopes: vec![Scope::StatusRead],
        certificate: Some([9; 32]),
        days: 30,
    };
    let token = door.make_token(wanted.clone()).unwrap();
    assert!(
        door.bearer(&token, None).is_none(),
        "without its certificate"
    );
    assert!(
        door.bearer(&token, Some(&[8; 32])).is_none(),
        "with another"
    );
    let (who, scopes) = door.bearer(&token, Some(&[9; 32])).unwrap();
    assert_eq!(
        (who.agency.as_str(), scopes),
        ("ems", vec![Scope::StatusRead])
    );
    let newer = door.make_token(wanted.clone()).unwrap();
    assert!(door.bearer(&token, Some(&[9; 32])).is_none(), "replaced");
    assert!(door.revoke_token("cad").unwrap());
    assert!(door.bearer(&newer, Some(&[9; 32])).is_none());
    let over = door.make_token(NewToken { days: 0, ..wanted }).unwrap();
    assert!(door.bearer(&over, Some(&[9; 32])).is_none());
}

#[test]
fn nobody_is_admin_and_has_power_over_signals() {
    let both = NewPerson {
        roles: vec![Role::Dispatcher, Role::Admin],
        ..person("li", Role::Admin)
    };
    let refused = door().enter(both);
    assert!(matches!(
        refused,
        Err(PeopleError::RolesClash(Role::Dispatcher))
    ));
}

#[test]
fn a_new_second_factor_counts_once_a_code_of_it_was_shown() {
    let door = door();
    let secret = door.enter(person("li", Role::Dispatcher)).unwrap();
    door.set_up(&secret, PASSWORD, None).unwrap();
    let first = door.new_second_factor("li").unwrap();
    assert!(door.sign_in("li", PASSWORD, None).is_ok(), "none yet");
    let wrong = door.confirm_second_factor("li", "12345");
    assert!(matches!(wrong, Err(PeopleError::BadCode)));
    door.confirm_second_factor("li", &code_of(&first)).unwrap();
    let asked = door.sign_in("li", PASSWORD, None);
    assert!(matches!(asked, Err(SignInError::CodeNeeded)));
    let _second = door.new_second_factor("li").unwrap();
    let code = code_of(&first);
    assert!(
        door.sign_in("li", PASSWORD, Some(&code)).is_ok(),
        "the old one goes on"
    );
}
