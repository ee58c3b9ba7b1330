//! Who sent a message, whether it is still worth something, and whether it came before.
//!
//! Nothing here has an effect on the city. A message that gets through becomes an [`Act`], which the
//! routes judge by all their own rules.

use alloc::sync::Arc;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::Value;

use super::super::auth::{Auth, Principal, Scope, Unsigned};
use super::super::bodies::{FRESH_MS, utc};
use super::super::problem::Problem;
use super::Incoming;
use super::letter::{self, Letter, Opened};
use super::memory::{Known, Memory};
use super::topics::{Topics, Verb};

/// A body of a route at its longest, its quotes escaped, and the envelope.
pub(super) const PAYLOAD_MAX: usize = 96 * 1024;
/// From issue to expiry of a message at most, milliseconds.
const LIFE_MAX_MS: i64 = 60_000;

/// How a registered answer topic is written among the reply targets of an agency.
pub(in crate::shell::dispatch) const SCHEME: &str = "mqtt:";

/// A message that may go to the routes.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) verb: Verb,
    pub(super) by: Principal,
    pub(super) scopes: Vec<Scope>,
    pub(super) letter: Letter,
}

/// A message that goes nowhere.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) reason: &'static str,
    pub(super) problem: Problem,
    /// What its sender is told, and where, once it is known who that is.
    pub(super) to: Option<Letter>,
}

/// What becomes of a message.
#[derive(Debug)]
pub(super) enum Verdict {
    Act(Act),
    /// It came before: the same answer once more, and nothing else.
    Again(Letter, Bytes),
    Refused(Box<Refused>),
}

/// Judges messages; the time comes from outside.
#[derive(Debug)]
pub(super) struct Judge {
    topics: Topics,
    agencies: BTreeSet<String>,
    epoch: u32,
    auth: Arc<Auth>,
    memory: Mutex<Memory>,
}

type Judged<T> = Result<T, Box<Refused>>;

fn no<T>(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Judged<T> {
    Err(Box::new(Refused {
        reason,
        problem: Problem::new(status, reason, detail),
        to: None,
    }))
}

impl Judge {
    pub(super) fn new(
        topics: Topics,
        agencies: BTreeSet<String>,
        epoch: u32,
        auth: Arc<Auth>,
    ) -> Self {
        Self {
            topics,
            agencies,
            epoch,
            auth,
            memory: Mutex::default(),
        }
    }

    /// Judges a message that came at `now_ms`, Unix time.
    pub(super) fn judge(&self, message: &Incoming, now_ms: i64) -> Verdict {
        let judged = self.known(message).and_then(|(verb, opened, who)| {
            let letter = opened.letter.clone();
            let judged = self.timely(verb, opened, who, now_ms);
            judged.map_err(|mut refused| {
                // The first of two gets the answer.
                refused.to = (refused.reason != "duplicate").then_some(letter);
                refused
            })
        });
        judged.unwrap_or_else(Verdict::Refused)
    }

    /// Keeps the answer for the case that the same message comes again.
    pub(super) fn answered(&self, letter: &Letter, answer: Bytes) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.answer(&letter.agency, &letter.nonce, answer);
    }

    /// What it says and who says so. Up to here nobody is answered: a stranger could make us speak.
    fn known(&self, message: &Incoming) -> Judged<(Verb, Opened, (Principal, Vec<Scope>))> {
        if message.retained {
            let why = "a retained message would act whenever somebody connects";
            return no(StatusCode::BAD_REQUEST, "retained", why);
        }
        if message.payload.len() > PAYLOAD_MAX {
            let why = format!("a message may have at most {PAYLOAD_MAX} bytes");
            return no(StatusCode::PAYLOAD_TOO_LARGE, "oversized", why);
        }
        let Some((agency, verb)) = self.topics.read(&message.topic) else {
            return no(
                StatusCode::NOT_FOUND,
                "unknown-topic",
                "not a topic of this city",
            );
        };
        if !self.agencies.contains(agency) {
            let why = format!("{agency} is not an agency of this city");
            return no(StatusCode::FORBIDDEN, "unknown-agency", why);
        }
        let Some(verb) = verb else {
            return no(
                StatusCode::NOT_FOUND,
                "unknown-topic",
                "see docs/api/asyncapi.json",
            );
        };
        let map = match serde_json::from_slice(&message.payload) {
            Ok(Value::Object(map)) => map,
            Ok(_) => return no(StatusCode::BAD_REQUEST, "not-json", "not one JSON object"),
            Err(why) => return no(StatusCode::BAD_REQUEST, "not-json", why.to_string()),
        };
        let opened = letter::read(&map, verb).map_err(|problem| {
            Box::new(Refused {
                reason: "malformed",
                problem,
                to: None,
            })
        })?;
        if opened.letter.agency != agency {
            let why = "the agency in the message is not the one in the topic";
            return no(StatusCode::FORBIDDEN, "foreign-agency", why);
        }
        let text = opened.letter.signed_text(&message.topic);
        let signed = (text.as_bytes(), &opened.signature);
        match self.auth.by_signature(&opened.letter.key, signed) {
            Ok(who) if who.0.agency == agency => Ok((verb, opened, who)),
            Ok(_) => {
                let why = "the key is another agency's";
                no(StatusCode::FORBIDDEN, "foreign-agency", why)
            }
            Err(Unsigned::Wrong) => {
                let why = "no token of this id has signed this message";
                no(StatusCode::UNAUTHORIZED, "bad-signature", why)
            }
            Err(Unsigned::Bound) => {
                let why = "this token is bound to a client certificate, which nobody sees behind a \
                           broker; make one without";
                no(StatusCode::UNAUTHORIZED, "bound-token", why)
            }
        }
    }

    /// Whether it counts now, and for the first time.
    fn timely(
        &self,
        verb: Verb,
        opened: Opened,
        (by, scopes): (Principal, Vec<Scope>),
        now_ms: i64,
    ) -> Judged<Verdict> {
        let letter = &opened.letter;
        self.registered(letter)?;
        self.of_now(&opened, now_ms)?;
        let known = {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.enter(&letter.agency, (&letter.nonce, opened.signature), now_ms)
        };
        match known {
            Known::New => Ok(Verdict::Act(Act {
                verb,
                by,
                scopes,
                letter: opened.letter,
            })),
            Known::Answered(answer) => Ok(Verdict::Again(opened.letter, answer)),
            Known::Pending => no(
                StatusCode::CONFLICT,
                "duplicate",
                "the same message came before; it is done once",
            ),
            Known::Other => no(
                StatusCode::CONFLICT,
                "nonce-reused",
                "this nonce was used by another message; nothing was changed",
            ),
            Known::Full => no(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-requests",
                "too many messages of this agency within a minute",
            ),
        }
    }

    /// Answers go only where an admin said beforehand, and within the agency's own topics.
    fn registered(&self, letter: &Letter) -> Judged<()> {
        let Some(topic) = &letter.reply_to else {
            return Ok(());
        };
        let own = self.topics.answer_name(&letter.agency, topic).is_some();
        if own && self.auth.may_answer_on(&letter.agency, topic) {
            return Ok(());
        }
        let why =
            format!("{topic} is not registered; an admin does that by the act register-reply");
        no(
            StatusCode::UNPROCESSABLE_ENTITY,
            "reply-not-registered",
            why,
        )
    }

    fn of_now(&self, opened: &Opened, now_ms: i64) -> Judged<()> {
        let (epoch, ours) = (opened.letter.epoch, self.epoch);
        let conflict = StatusCode::CONFLICT;
        if epoch < ours {
            let why = format!("epoch {epoch} is over; it is {ours} now");
            return no(conflict, "older-epoch", why);
        }
        if epoch > ours {
            let why = format!("this is the controller of epoch {ours}, not of {epoch}");
            return no(conflict, "newer-epoch", why);
        }
        let impossible = StatusCode::UNPROCESSABLE_ENTITY;
        let (issued, expires) = (opened.issued_ms, opened.expires_ms);
        let clock = utc(now_ms);
        if issued < now_ms.saturating_sub(FRESH_MS) {
            let why = format!("issued more than 30 s ago; it is {clock}");
            return no(impossible, "stale", why);
        }
        if issued > now_ms.saturating_add(FRESH_MS) {
            let why = format!("issued more than 30 s ahead; it is {clock}");
            return no(impossible, "early", why);
        }
        if expires <= now_ms {
            return no(impossible, "expired", format!("it is {clock}"));
        }
        if expires > issued.saturating_add(LIFE_MAX_MS) {
            let why = "a message expires at most 60 s after it was issued";
            return no(impossible, "expiry-too-far", why);
        }
        Ok(())
    }

    /// True if answers of this message may be sent where it says.
    pub(super) fn may_answer(&self, letter: &Letter) -> bool {
        letter.reply_to.is_some() && self.registered(letter).is_ok()
    }
}
