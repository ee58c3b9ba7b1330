use std::collections::VecDeque;

use axum::body::Bytes;

use super::*;
use crate::plan::{WebhookEvent, WebhookUrl};
use crate::units::Millis;

/// Gives these answers in turn, and the last one for ever; `None` never answers.
struct Script {
    answers: Mutex<VecDeque<Option<u16>>>,
    seen: Arc<Mutex<Vec<(String, u64)>>>,
    began: Instant,
}

impl Wire for Script {
    async fn post(&self, message: &Message) -> Result<u16, String> {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap();
        self.seen.lock().unwrap().push((message.id.clone(), at));
        let answer = {
            let mut answers = self.answers.lock().unwrap();
            if answers.len() > 1 {
                answers.pop_front()
            } else {
                answers.front().copied()
            }
        };
        if let Some(status) = answer.flatten() {
            return Ok(status);
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        Err("no answer within 10 s".to_owned())
    }
}

fn desk(id: &str) -> Arc<Desk> {
    Desk::new(Webhook {
        id: id.to_owned(),
        agency: "ems".to_owned(),
        url: WebhookUrl::parse("http://127.0.0.1:9/").unwrap(),
        secret_file: String::new(),
        ca_file: String::new(),
        events: vec![WebhookEvent::Status, WebhookEvent::Alarm],
        give_up: Millis::from_secs(60),
    })
}

fn message(id: &str, event: WebhookEvent) -> Message {
    Message {
        id: id.to_owned(),
        event,
        corridor: 1,
        body: Bytes::new(),
        until_ms: 0,
    }
}

type Tries = Arc<Mutex<Vec<(String, u64)>>>;

fn begin(desk: &Arc<Desk>, answers: &[Option<u16>]) -> Tries {
    let seen = Tries::default();
    let wire = Script {
        answers: Mutex::new(answers.iter().copied().collect()),
        seen: Arc::clone(&seen),
        began: Instant::now(),
    };
    tokio::spawn(deliver(Arc::clone(desk), wire));
    seen
}

async fn pass(s: u64) {
    tokio::time::sleep(Duration::from_secs(s)).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_message_goes_again_under_the_same_id_after_a_growing_pause() {
    let desk = desk("cad");
    let seen = begin(&desk, &[Some(500), Some(503), Some(500), Some(200)]);
    desk.push(message("a", WebhookEvent::Alarm));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!desk.account().0.is_failing());
    pass(9).await;
    let tries = seen.lock().unwrap().clone();
    assert!(tries.iter().all(|(id, _)| id == "a"), "{tries:?}");
    let pauses: Vec<u64> = tries.windows(2).map(|two| two[1].1 - two[0].1).collect();
    assert_eq!(pauses.len(), 3);
    for (pause, span) in pauses.iter().zip([500, 1_000, 2_000]) {
        assert!((span / 2..=span + 1).contains(pause), "{pauses:?}");
    }
    let (account, waiting, _) = desk.account();
    assert_eq!((account.delivered, account.failed, waiting), (1, 3, 0));
    assert_eq!((account.in_a_row, account.is_failing()), (0, false));
    assert_eq!(account.why, "answered 500");
}

#[tokio::test(start_paused = true)]
async fn who_never_answers_delays_nobody_else_and_is_given_up() {
    let (dead, alive) = (desk("dead"), desk("alive"));
    let (never, always) = (begin(&dead, &[None]), begin(&alive, &[Some(204)]));
    for id in ["a", "b", "c"] {
        dead.push(message(id, WebhookEvent::Alarm));
        alive.push(message(id, WebhookEvent::Alarm));
    }
    pass(1).await;
    assert_eq!(always.lock().unwrap().len(), 3);
    assert_eq!(never.lock().unwrap().len(), 1);
    pass(200).await;
    let (account, waiting, [_, lost, alarms]) = dead.account();
    assert!(account.is_failing() && account.delivered == 0);
    assert_eq!((waiting, lost, alarms), (0, 3, 3));
    let last = never.lock().unwrap().last().map(|(_, at)| *at).unwrap();
    assert!(last < 60_000, "tried at {last} ms, after it was given up");
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_refused_and_not_tried_again() {
    let desk = desk("cad");
    let seen = begin(&desk, &[Some(302), Some(200)]);
    desk.push(message("a", WebhookEvent::Alarm));
    desk.push(message("b", WebhookEvent::Alarm));
    pass(5).await;
    let tries: Vec<String> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|one| one.0.clone())
        .collect();
    assert_eq!(tries, ["a", "b"]);
    let (account, ..) = desk.account();
    assert_eq!((account.refused, account.delivered), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn while_a_partner_is_away_only_the_newest_status_is_kept() {
    let desk = desk("cad");
    let seen = begin(&desk, &[Some(500), Some(200)]);
    desk.push(message("old", WebhookEvent::Status));
    tokio::time::sleep(Duration::from_millis(100)).await;
    desk.push(message("new", WebhookEvent::Status));
    pass(5).await;
    let tries: Vec<String> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|one| one.0.clone())
        .collect();
    assert_eq!(tries, ["old", "new"]);
    assert_eq!(desk.account().2[0], 1);
}

#[test]
fn pauses_double_to_a_limit_and_never_shrink_below_half() {
    for (in_a_row, span) in [(1, 500), (2, 1_000), (7, 30_000), (60, 30_000)] {
        let ms = |jitter| pause(in_a_row, jitter).as_millis();
        assert_eq!((ms(0), ms(u32::MAX)), (span / 2, span));
    }
}
