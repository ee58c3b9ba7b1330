//! The envelope that every message of a partner comes in.
//!
//! A topic proves only what the broker's access list proves, so each message is signed too: with
//! HMAC-SHA256 under the SHA-256 of a machine token, over the lines of [`Letter::signed_text`]. The
//! token itself never goes over the bus. `body` is the text of a route's body, kept as text so that
//! nobody has to agree on how JSON is written.

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::super::fields::{Fields, Findings};
use super::super::problem::Problem;
use super::topics::Verb;

/// The first signed line; another form of signing would begin otherwise.
const FORM: &str = "greenwave-bus-1";

/// The fields of an envelope.
pub(super) const FIELDS: &[&str] = &[
    "key",
    "agency",
    "epoch",
    "issued_at",
    "expires_at",
    "nonce",
    "corridor_id",
    "reply_to",
    "body",
    "signature",
];

/// A message before it is signed, or after its signature was taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// Id of the machine token that it is signed with.
    pub key: String,
    /// Whose it is; the same as in the topic.
    pub agency: String,
    /// Epoch of the controller, as its state and every status say.
    pub epoch: u32,
    /// RFC 3339, within 30 s of the controller's time.
    pub issued_at: String,
    /// RFC 3339; nothing is done after it, and it is at most 60 s after `issued_at`.
    pub expires_at: String,
    /// 32 hexadecimal digits, never used before.
    pub nonce: String,
    /// The corridor it speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corridor_id: Option<u32>,
    /// Topic of the answer, registered beforehand; no answer without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Body of the route, as JSON text.
    pub body: String,
}

/// What is known of a message after it was read.
pub(super) struct Opened {
    pub(super) letter: Letter,
    pub(super) issued_ms: i64,
    pub(super) expires_ms: i64,
    pub(super) signature: [u8; 32],
}

impl Letter {
    /// What the signature is over: these lines, with a line feed between each.
    #[must_use]
    pub fn signed_text(&self, topic: &str) -> String {
        let corridor = self.corridor_id.map(|id| id.to_string());
        [
            FORM,
            topic,
            &self.key,
            &self.agency,
            &self.epoch.to_string(),
            &self.issued_at,
            &self.expires_at,
            &self.nonce,
            &corridor.unwrap_or_default(),
            self.reply_to.as_deref().unwrap_or_default(),
            &self.body,
        ]
        .join("\n")
    }

    /// The payload to publish on `topic`, signed with the machine token `token`.
    #[must_use]
    pub fn seal(&self, token: &str, topic: &str) -> String {
        let key: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let signature = mac(&key, self.signed_text(topic).as_bytes());
        let mut made = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = made.as_object_mut() {
            fields.insert("signature".to_owned(), Value::String(hex(&signature)));
        }
        made.to_string()
    }
}

/// HMAC-SHA256.
pub(in crate::shell::dispatch) fn mac(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    // A key of 32 bytes is always taken; a mac of nothing fits no message.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// Reads an envelope; every mistake is told at once.
pub(super) fn read(map: &Map<String, Value>, verb: Verb) -> Result<Opened, Problem> {
    let findings = Findings::default();
    let made = read_fields(&Fields::new(map, "", FIELDS, &findings), map, verb);
    findings.finish(made)
}

fn read_fields(fields: &Fields<'_>, map: &Map<String, Value>, verb: Verb) -> Option<Opened> {
    let key = fields.text("key", 64);
    let agency = fields.text("agency", 64);
    let epoch = fields.whole("epoch", 0, u32::MAX);
    let issued = fields.text("issued_at", 64).zip(fields.time("issued_at"));
    let expires = fields.text("expires_at", 64).zip(fields.time("expires_at"));
    let nonce = digits(fields, "nonce", 32);
    let corridor_id = if verb.names_corridor() {
        fields.whole("corridor_id", 0, u32::MAX).map(Some)
    } else if fields.has("corridor_id") {
        fields.impossible("corridor_id", "not on this topic", "leave it out");
        None
    } else {
        Some(None)
    };
    let reply_to = fields.text_or_empty("reply_to", 256);
    let body = map.get("body").and_then(Value::as_str);
    if body.is_none() {
        let allowed = "the route's body as JSON text; the empty text if it has none";
        fields.unreadable("body", "missing, or not text", allowed);
    }
    let signature = digits(fields, "signature", 64);
    let (issued_at, issued_ms) = issued?;
    let (expires_at, expires_ms) = expires?;
    let letter = Letter {
        key: key?,
        agency: agency?,
        epoch: epoch?,
        issued_at,
        expires_at,
        nonce: nonce?,
        corridor_id: corridor_id?,
        reply_to: reply_to.map(|topic| (!topic.is_empty()).then_some(topic))?,
        body: body?.to_owned(),
    };
    Some(Opened {
        letter,
        issued_ms,
        expires_ms,
        signature: unhex(&signature?)?,
    })
}

fn digits(fields: &Fields<'_>, key: &str, count: usize) -> Option<String> {
    let text = fields.text(key, count)?;
    let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == count && text.bytes().all(plain) {
        return Some(text);
    }
    let allowed = format!("{count} hexadecimal digits, small letters");
    fields.impossible(key, "not of this form", &allowed);
    None
}

fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut made = [0; 32];
    for (at, byte) in made.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(made)
}
