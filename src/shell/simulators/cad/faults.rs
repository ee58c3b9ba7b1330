//! What a bad or broken partner does, and what it must be told. Each is one request more, and none
//! may have an effect.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::desk::{Desk, code_of};

/// A partner's mistake or misdeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Misdeed {
    /// The same request again at once, as an impatient desk does.
    Duplicate,
    /// The same bytes again 31 seconds later, as somebody who has listened does.
    Replay,
    /// The same request id with another body.
    OtherBody,
    /// Another request with a nonce that was used.
    NonceReused,
    /// A request issued an hour ago.
    Stale,
    /// A request in another agency's name.
    ForeignAgency,
    /// A request that ends in two hours.
    TooLong,
    /// A request without an end.
    Endless,
    /// A vehicle that is not on the list.
    UnknownVehicle,
    /// A telephone number in the note.
    PersonalData,
    /// A vehicle on its way back.
    Returning,
}

impl Misdeed {
    /// Every one of them.
    pub const ALL: [Self; 11] = [
        Self::Duplicate,
        Self::Replay,
        Self::OtherBody,
        Self::NonceReused,
        Self::Stale,
        Self::ForeignAgency,
        Self::TooLong,
        Self::Endless,
        Self::UnknownVehicle,
        Self::PersonalData,
        Self::Returning,
    ];

    /// The answer that is right: the status, and the code of the problem or the field to blame.
    const fn expected(self) -> (u16, &'static str) {
        match self {
            Self::Duplicate | Self::Replay => (201, "the same corridor"),
            Self::OtherBody => (409, "request-id-reused"),
            Self::NonceReused => (409, "nonce-reused"),
            Self::Stale => (422, "issued_at"),
            Self::ForeignAgency => (422, "agency"),
            Self::TooLong => (422, "expires_at"),
            Self::Endless => (400, "expires_at"),
            Self::UnknownVehicle => (422, "vehicle.id"),
            Self::PersonalData => (422, "note"),
            Self::Returning => (422, "stage"),
        }
    }
}

/// Does it, after `opened` was answered with `corridor`; what was expected and what came, and
/// whether they agree.
pub(super) fn commit(
    desk: &mut Desk,
    misdeed: Misdeed,
    (opened, corridor): (&Value, u64),
) -> Result<(bool, Value), String> {
    let before = corridors(desk)?;
    let body = changed(desk, misdeed, opened);
    if misdeed == Misdeed::Replay {
        std::thread::sleep(std::time::Duration::from_secs(31));
    }
    let answer = desk.post("/api/v1/corridors", &body)?;
    let (status, word) = misdeed.expected();
    let field = answer.body["errors"][0]["field"]
        .as_str()
        .unwrap_or_default();
    let same = answer.body["corridor_id"].as_u64() == Some(corridor);
    let fits = match status {
        201 => same,
        _ => code_of(&answer) == word || field == word,
    };
    // Old corridors leave the list after a while; a new one would be more.
    let none_new = corridors(desk)? <= before;
    let told = json!({
        "expected": format!("{status} {word}"),
        "status": answer.status,
        "code": code_of(&answer),
        "field": field,
        "new_corridors": u8::from(!none_new),
    });
    Ok((answer.status == status && fits && none_new, told))
}

fn corridors(desk: &Desk) -> Result<usize, String> {
    let list = desk.get("/api/v1/corridors")?;
    Ok(list.as_array().map_or(0, Vec::len))
}

fn changed(desk: &mut Desk, misdeed: Misdeed, opened: &Value) -> Value {
    let now = Timestamp::now();
    let at = |seconds: i64| json!((now + SignedDuration::from_secs(seconds)).to_string());
    let mut body = opened.clone();
    if matches!(misdeed, Misdeed::Duplicate | Misdeed::Replay) {
        return body;
    }
    if misdeed == Misdeed::OtherBody {
        body["priority"] = json!(5);
        return body;
    }
    body["request_id"] = json!(desk.uuid(now.as_millisecond()));
    body["issued_at"] = at(0);
    if misdeed != Misdeed::NonceReused {
        body["nonce"] = json!(desk.nonce());
    }
    match misdeed {
        Misdeed::Stale => body["issued_at"] = at(-3600),
        Misdeed::ForeignAgency => body["agency"] = json!("somebody-else"),
        Misdeed::TooLong => body["expires_at"] = at(7200),
        Misdeed::Endless => {
            if let Some(fields) = body.as_object_mut() {
                fields.remove("expires_at");
            }
        }
        Misdeed::UnknownVehicle => body["vehicle"]["id"] = json!("NOBODY"),
        Misdeed::PersonalData => body["note"] = json!("call 13900001111"),
        Misdeed::Returning => body["stage"] = json!("returning"),
        Misdeed::Duplicate | Misdeed::Replay | Misdeed::OtherBody | Misdeed::NonceReused => {}
    }
    body
}
