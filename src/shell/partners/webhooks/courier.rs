//! Delivers what waits for one target, one message at a time. Each target has a courier of its own,
//! so a dead partner delays nobody else.

use alloc::sync::Arc;
use core::future::Future;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::queue::{Message, Queue};
use crate::plan::Webhook;

/// The first pause after a failure, and the longest; between the two it doubles.
const PAUSE_FIRST_MS: u64 = 500;
const PAUSE_MAX_MS: u64 = 30_000;
/// So many failures in a row, and people are told.
const FAILING_AFTER: u32 = 3;

/// Carries a message to its target; a test carries it nowhere.
pub trait Wire: Send + Sync + 'static {
    /// The status of the target's answer, or why there was none.
    fn post(&self, message: &Message) -> impl Future<Output = Result<u16, String>> + Send;
}

/// How it has gone so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Answered with 2xx.
    pub delivered: u64,
    /// Tries without such an answer.
    pub failed: u64,
    /// Messages that the target refused for good, with 3xx or 4xx.
    pub refused: u64,
    /// Failures since the last delivery.
    pub in_a_row: u32,
    /// The last failure in words.
    pub why: String,
    /// The last delivery, Unix milliseconds.
    pub delivered_at_ms: Option<i64>,
    /// The first of the failures in a row, Unix milliseconds.
    pub failing_since_ms: Option<i64>,
}

impl Account {
    /// True once people are told of it.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.in_a_row >= FAILING_AFTER
    }
}

/// What a courier and those who hand it messages share.
#[derive(Debug)]
pub struct Desk {
    /// The target as registered.
    pub hook: Webhook,
    inner: Mutex<(Queue, Account)>,
    news: Notify,
    began: Instant,
}

impl Desk {
    /// A desk of a target. Its clock begins now.
    #[must_use]
    pub fn new(hook: Webhook) -> Arc<Self> {
        Arc::new(Self {
            hook,
            inner: Mutex::default(),
            news: Notify::new(),
            began: Instant::now(),
        })
    }

    /// The clock that messages age by, milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Hands a message over; never waits.
    pub fn push(&self, mut message: Message) {
        message.until_ms = self.now_ms() + u64::from(self.hook.give_up.as_ms());
        self.lock().0.push(message);
        self.news.notify_one();
    }

    /// How it has gone, and what waits: the account, waiting, replaced, lost, alarms among the lost.
    #[must_use]
    pub fn account(&self) -> (Account, usize, [u64; 3]) {
        let inner = self.lock();
        let (queue, account) = &*inner;
        let counts = [queue.replaced, queue.lost, queue.alarms_lost];
        (account.clone(), queue.len(), counts)
    }

    fn lock(&self) -> MutexGuard<'_, (Queue, Account)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(&self) -> Message {
        loop {
            let news = self.news.notified();
            let message = self.lock().0.pop(self.now_ms());
            if let Some(message) = message {
                return message;
            }
            news.await;
        }
    }

    /// Enters how a try went; what comes back is how long to wait before the next one.
    fn settle(&self, message: Message, answer: Result<u16, String>, jitter: u32) -> Duration {
        let (now_ms, unix_ms) = (self.now_ms(), jiff::Timestamp::now().as_millisecond());
        let mut inner = self.lock();
        let (queue, account) = &mut *inner;
        let verdict = Verdict::of(&answer);
        if verdict == Verdict::Delivered {
            account.delivered += 1;
            account.delivered_at_ms = Some(unix_ms);
            (account.in_a_row, account.failing_since_ms) = (0, None);
            return Duration::ZERO;
        }
        account.failed += 1;
        account.in_a_row = account.in_a_row.saturating_add(1);
        account.failing_since_ms.get_or_insert(unix_ms);
        account.why = match answer {
            Ok(status) => format!("answered {status}"),
            Err(why) => why.chars().take(200).collect(),
        };
        if verdict == Verdict::Refused {
            account.refused += 1;
        } else {
            queue.give_back(message, now_ms);
        }
        pause(account.in_a_row, jitter)
    }
}

/// What an answer means for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Delivered,
    /// Worth another try.
    Failed,
    /// Would be refused again: a redirect, which is never followed, or a mistake of ours.
    Refused,
}

impl Verdict {
    const fn of(answer: &Result<u16, String>) -> Self {
        match answer {
            Ok(200..300) => Self::Delivered,
            Ok(408 | 425 | 429) | Err(_) => Self::Failed,
            Ok(300..500) => Self::Refused,
            Ok(_) => Self::Failed,
        }
    }
}

/// Half to all of a span that doubles with every failure: partners that fell over together do not
/// all get their messages at the same moment. `jitter` is random.
fn pause(in_a_row: u32, jitter: u32) -> Duration {
    let doublings = in_a_row.saturating_sub(1).min(16);
    let span = (PAUSE_FIRST_MS << doublings).min(PAUSE_MAX_MS);
    let half = span / 2;
    Duration::from_millis(half + half * u64::from(jitter) / u64::from(u32::MAX))
}

/// Delivers until it is dropped.
pub async fn deliver(desk: Arc<Desk>, wire: impl Wire) {
    loop {
        let message = desk.next().await;
        let answer = wire.post(&message).await;
        let failed = Verdict::of(&answer) != Verdict::Delivered;
        let wait = desk.settle(message, answer, random());
        if failed {
            tracing::debug!(hook = desk.hook.id, ?wait, "a webhook was not delivered");
        }
        // While the pause lasts newer statuses replace older ones in the queue.
        tokio::time::sleep(wait).await;
    }
}

/// A random number; half of its range where the system has none.
fn random() -> u32 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from_ne_bytes(bytes),
        Err(_) => u32::MAX / 2,
    }
}

#[cfg(test)]
mod tests;
