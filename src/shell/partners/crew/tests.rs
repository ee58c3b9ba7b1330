use super::*;
use crate::corridor::ServiceClass;
use crate::shell::dispatch::view::{LongestWaits, OwnerView};

fn corridor(id: u32, state: MissionState) -> CorridorView {
    CorridorView {
        waits: LongestWaits::default(),
        owner: OwnerView::default(),
        id,
        request_id: String::new(),
        revision: 1,
        state,
        control_authority: 1,
        class: ServiceClass::Ambulance,
        priority: 1,
        vehicle_id: "A120".to_owned(),
        vehicle: None,
        destination: Names::default(),
        line: Vec::new(),
        crossings: Vec::new(),
        est_saved_s: 0.0,
        others_wait_s: 0,
        others_bound_s: 0,
        expires_ms: 600_000,
        warnings: Vec::new(),
    }
}

fn look(crews: &Crews, views: &[CorridorView], now_ms: i64) {
    let seen: Vec<Seen<'_>> = views
        .iter()
        .map(|view| Seen {
            view,
            agency: "ems",
        })
        .collect();
    crews.look(&seen, now_ms);
}

fn token_of(link: &Link) -> &str {
    link.path.strip_prefix("/crew/#").unwrap()
}

#[test]
fn a_link_opens_its_own_mission_and_ends_with_it() {
    let crews = Crews::new().unwrap();
    let (one, two) = (
        corridor(1, MissionState::Active),
        corridor(2, MissionState::Active),
    );
    look(&crews, &[one.clone(), two.clone()], 0);
    let link = crews.link(&one, 0).unwrap();
    assert_eq!(crews.link(&one, 5), Some(link.clone()));
    let token = token_of(&link);
    assert_eq!(crews.admit(token, 10), Some(1));
    let (_, secret) = token.split_once('.').unwrap();
    for wrong in [
        format!("2.{secret}"),
        format!("1.{secret}0"),
        "1.".to_owned(),
        "1".to_owned(),
        format!("01x.{secret}"),
        String::new(),
    ] {
        assert_eq!(crews.admit(&wrong, 10), None, "{wrong}");
    }
    let over = corridor(1, MissionState::Completed);
    look(&crews, &[over.clone(), two.clone()], 1_000);
    assert_eq!(crews.admit(token, 1_000 + AFTER_END_MS), Some(1));
    assert_eq!(crews.admit(token, 1_001 + AFTER_END_MS), None);
    assert_eq!(crews.link(&over, 2_000), None);
    look(&crews, &[two], 1_001 + AFTER_END_MS);
    assert_eq!(crews.messages(1), []);
}

#[test]
fn a_revoked_link_is_worthless_and_the_next_one_another() {
    let crews = Crews::new().unwrap();
    let one = corridor(1, MissionState::Active);
    let old = crews.link(&one, 0).unwrap();
    assert!(crews.revoke(1) && !crews.revoke(2));
    assert_eq!(crews.admit(token_of(&old), 1), None);
    let new = crews.link(&one, 2).unwrap();
    assert_ne!(old, new);
    assert_eq!(crews.admit(token_of(&new), 3), Some(1));
    assert_eq!(crews.admit(token_of(&old), 3), None);
    // Another run of the program has another key.
    let other = Crews::new().unwrap();
    assert!(other.link(&one, 0).is_some());
    assert_eq!(other.admit(token_of(&new), 3), None);
}

#[test]
fn crews_are_told_what_changes_and_receipts_are_kept() {
    let crews = Crews::new().unwrap();
    let mut now = 0;
    for state in [
        MissionState::Active,
        MissionState::Active,
        MissionState::Degraded,
        MissionState::Active,
        MissionState::Cancelled,
        MissionState::Cancelled,
    ] {
        now += 1;
        look(&crews, &[corridor(1, state)], now);
    }
    let page = crews.messages(1);
    let texts: Vec<&str> = page.iter().map(|one| one.text.en.as_str()).collect();
    assert_eq!(
        texts,
        [
            "green wave on: obey the lamps you see",
            "green not assured: expect red, slow down",
            "green wave back: obey the lamps you see",
            "green wave over",
        ]
    );
    assert!(crews.received(1, page[1].number));
    assert!(!crews.received(2, page[1].number) && !crews.received(1, 99));
    let text = crews.to_terminal((1, "A120"), "绿波已开启", now);
    // Another vehicle's text is not entered here.
    crews.to_terminal((1, "F119"), "绿波已开启", now);
    assert!(
        !crews.received(1, text),
        "a terminal's text is not the page's"
    );
    crews.terminal_said(text, Receipt::Failed("no-answer"));
    let told: Vec<(Reader, Receipt)> = crews
        .messages(1)
        .iter()
        .map(|one| (one.reader, one.receipt))
        .collect();
    assert_eq!(told.len(), 5);
    assert_eq!(told[1], (Reader::Page, Receipt::Received));
    assert_eq!(told[4], (Reader::Terminal, Receipt::Failed("no-answer")));
}
