//! What waits for one target: bounded, and of each corridor only the newest status.

use std::collections::VecDeque;

use axum::body::Bytes;

use crate::plan::WebhookEvent;

/// Messages that wait for one target at most.
const WAITING_MAX: usize = 256;

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same for every try, so that the target can tell a repetition.
    pub id: String,
    /// What it tells.
    pub event: WebhookEvent,
    /// Of which corridor.
    pub corridor: u32,
    /// The JSON text.
    pub body: Bytes,
    /// It is worth nothing after this, milliseconds of the sender's clock.
    pub until_ms: u64,
}

/// What waits, oldest first.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Message>,
    /// Statuses that a newer one of the same corridor has replaced.
    pub replaced: u64,
    /// Messages that had no room, or became too old; alarms among them are counted on their own.
    pub lost: u64,
    /// Alarms among the lost.
    pub alarms_lost: u64,
}

impl Queue {
    /// Puts a message in line. A status takes the place of an older one of its corridor.
    pub fn push(&mut self, message: Message) {
        if message.event == WebhookEvent::Status {
            let mut waiting = self.waiting.iter_mut();
            let same = |one: &&mut Message| {
                one.event == WebhookEvent::Status && one.corridor == message.corridor
            };
            if let Some(older) = waiting.find(same) {
                *older = message;
                self.replaced += 1;
                return;
            }
        }
        if self.waiting.len() >= WAITING_MAX
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.count_lost(&oldest);
        }
        self.waiting.push_back(message);
    }

    /// The next message that is not too old yet.
    pub fn pop(&mut self, now_ms: u64) -> Option<Message> {
        while let Some(message) = self.waiting.pop_front() {
            if message.until_ms > now_ms {
                return Some(message);
            }
            self.count_lost(&message);
        }
        None
    }

    /// Puts a message that could not be delivered back to the front, unless it is too old by now
    /// or a newer one says more.
    pub fn give_back(&mut self, message: Message, now_ms: u64) {
        let newer = self
            .waiting
            .iter()
            .any(|one| (one.event, one.corridor) == (WebhookEvent::Status, message.corridor));
        if message.event == WebhookEvent::Status && newer {
            self.replaced += 1;
        } else if message.until_ms <= now_ms {
            self.count_lost(&message);
        } else {
            self.waiting.push_front(message);
        }
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// True if nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn count_lost(&mut self, message: &Message) {
        self.lost += 1;
        self.alarms_lost += u64::from(message.event == WebhookEvent::Alarm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(event: WebhookEvent, corridor: u32, text: &'static str) -> Message {
        Message {
            id: text.to_owned(),
            event,
            corridor,
            body: Bytes::from_static(text.as_bytes()),
            until_ms: 1_000,
        }
    }

    #[test]
    fn of_a_corridor_the_newest_status_waits_and_every_alarm() {
        let mut queue = Queue::default();
        for (event, corridor, text) in [
            (WebhookEvent::Status, 1, "a"),
            (WebhookEvent::Alarm, 1, "b"),
            (WebhookEvent::Status, 2, "c"),
            (WebhookEvent::Status, 1, "d"),
            (WebhookEvent::Alarm, 1, "e"),
        ] {
            queue.push(message(event, corridor, text));
        }
        let mut ids = Vec::new();
        while let Some(one) = queue.pop(0) {
            ids.push(one.id);
        }
        assert_eq!(ids, ["d", "b", "c", "e"]);
        assert_eq!((queue.replaced, queue.lost), (1, 0));
    }

    #[test]
    fn a_message_comes_back_only_while_it_says_something() {
        let mut queue = Queue::default();
        queue.push(message(WebhookEvent::Status, 1, "new"));
        queue.give_back(message(WebhookEvent::Status, 1, "old"), 0);
        queue.give_back(message(WebhookEvent::Alarm, 1, "late"), 1_000);
        queue.give_back(message(WebhookEvent::Alarm, 1, "first"), 0);
        assert_eq!(queue.pop(0).map(|one| one.id).as_deref(), Some("first"));
        assert_eq!(queue.pop(0).map(|one| one.id).as_deref(), Some("new"));
        assert_eq!((queue.replaced, queue.alarms_lost), (1, 1));
        queue.push(message(WebhookEvent::Status, 1, "stale"));
        assert_eq!(queue.pop(1_000), None);
        assert_eq!((queue.lost, queue.alarms_lost), (2, 1));
    }

    #[test]
    fn a_dead_partner_costs_a_bounded_room() {
        let mut queue = Queue::default();
        for _ in 0..1_000 {
            queue.push(message(WebhookEvent::Alarm, 1, "x"));
        }
        assert_eq!(queue.len(), WAITING_MAX);
        assert_eq!(queue.alarms_lost, 1_000 - WAITING_MAX as u64);
    }
}
