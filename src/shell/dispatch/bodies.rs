//! Reads request bodies into what the city is asked.

mod secrets;

pub(super) use secrets::{new_code, new_password, password, proof, set_up};

use serde_json::{Map, Value};

use super::auth::Principal;
use super::fields::{Fields, Findings};
use super::problem::Problem;
use super::request::{
    CorridorChange, CorridorRequest, Destination, ManualAct, MissionStage, Origin, PositionFix,
    PreviewRequest, RequestVehicle, Stretch,
};
use crate::corridor::ServiceClass;
use crate::plan::NoteRule;
use crate::shell::partners::privacy::screened;

/// Requests older or newer than this are refused, milliseconds.
pub(super) const FRESH_MS: i64 = 30_000;
/// A corridor's expiry lies at most this far ahead, milliseconds.
pub(super) const EXPIRY_MAX_MS: i64 = 60 * 60_000;
/// No vehicle of a corridor is longer, metres: a longer one turns at no ordinary junction.
const LENGTH_MAX_M: f64 = 30.0;
/// Vehicles of one convoy at most.
const CONVOY_MAX: u32 = 20;
/// Longest hold by hand, seconds.
pub(super) const MANUAL_MAX_S: u32 = 120;

/// Every field of a corridor request, in the order of the contract.
pub(super) const CORRIDOR_FIELDS: &[&str] = &[
    "request_id",
    "issued_at",
    "nonce",
    "agency",
    "source_system",
    "operator_id",
    "incident_id",
    "service",
    "stage",
    "priority",
    "lights_siren",
    "vehicle",
    "origin",
    "destination",
    "route",
    "depart_after",
    "needed_by",
    "expires_at",
    "note",
    "reply_to",
];

/// Services as requests write them.
pub(super) const SERVICES: &[(&str, ServiceClass)] = &[
    ("ambulance", ServiceClass::Ambulance),
    ("fire", ServiceClass::Fire),
    ("rescue", ServiceClass::Rescue),
    ("police", ServiceClass::Police),
    ("police_escort", ServiceClass::Escort),
];

const STAGES: &[(&str, MissionStage)] = &[
    ("to_scene", MissionStage::ToScene),
    ("to_hospital", MissionStage::ToHospital),
    ("transfer", MissionStage::Transfer),
];

/// Who asks, and what holds for it.
pub(super) struct Caller<'c> {
    /// Who asks.
    pub(super) by: &'c Principal,
    /// Its reply targets.
    pub(super) replies: &'c [String],
    /// What becomes of personal data.
    pub(super) notes: NoteRule,
}

/// A corridor request and its nonce.
pub(super) fn corridor(
    body: &Map<String, Value>,
    from: &Caller<'_>,
    now_ms: i64,
) -> Result<(CorridorRequest, String), Problem> {
    let findings = Findings::default();
    let made = read_corridor(
        &Fields::new(body, "", CORRIDOR_FIELDS, &findings),
        from,
        now_ms,
    );
    findings.finish(made)
}

fn read_corridor(
    fields: &Fields<'_>,
    from: &Caller<'_>,
    now_ms: i64,
) -> Option<(CorridorRequest, String)> {
    let by = from.by;
    // Read everything before the first `?`, so that every mistake is told.
    let request_id = uuid_v7(fields);
    let nonce = nonce(fields);
    let issued = issued_at(fields, now_ms);
    let agency = same_as(fields, "agency", &by.agency);
    let source_system = same_as(fields, "source_system", &by.source_system);
    let operator_id = fields.text("operator_id", 64);
    let incident_id = fields.text("incident_id", 64);
    let service = fields.word("service", SERVICES);
    let stage = mission_stage(fields);
    let priority = fields.whole("priority", 1, 5);
    let lights_siren = fields.flag("lights_siren");
    let vehicle = vehicle(fields);
    let origin = origin(fields);
    let destination = destination(fields);
    let route = route(fields);
    let expires_at_ms = expires_at(fields, now_ms);
    let depart_after_ms = time_before(fields, "depart_after", (None, expires_at_ms));
    let needed_by_ms = time_before(fields, "needed_by", (Some(now_ms), expires_at_ms));
    let note = note(fields, from.notes);
    let reply_to = reply_to(fields, from.replies);
    issued?;
    let request = CorridorRequest {
        request_id: request_id?,
        agency: agency?,
        source_system: source_system?,
        operator_id: operator_id?,
        incident_id: incident_id?,
        service: service?,
        stage: stage?,
        priority: u8::try_from(priority?).ok()?,
        lights_siren: lights_siren?,
        vehicle: vehicle?,
        origin: origin?,
        destination: destination?,
        route: route?,
        depart_after_ms: depart_after_ms?,
        needed_by_ms: needed_by_ms?,
        expires_at_ms: expires_at_ms?,
        note: note?,
        reply_to: reply_to?,
    };
    Some((request, nonce?))
}

/// Only what an admin registered beforehand: a caller cannot make the server talk to somebody else.
#[expect(
    clippy::option_option,
    reason = "outside: is it good; inside: was it there"
)]
fn reply_to(fields: &Fields<'_>, registered: &[String]) -> Option<Option<String>> {
    if !fields.has("reply_to") {
        return Some(None);
    }
    let wanted = fields.text("reply_to", 256)?;
    if registered.contains(&wanted) {
        return Some(Some(wanted));
    }
    let allowed = if registered.is_empty() {
        "no reply target is registered for this agency; leave it out".to_owned()
    } else {
        registered.join(", ")
    };
    fields.impossible("reply_to", "not registered", &allowed);
    None
}

/// The same body with its hexadecimal fields in lower case: a request sent again in upper case is
/// the same request.
pub(super) fn in_lower_case(mut body: Map<String, Value>) -> Map<String, Value> {
    for key in ["request_id", "nonce"] {
        if let Some(Value::String(text)) = body.get_mut(key) {
            text.make_ascii_lowercase();
        }
    }
    body
}

/// The request id alone, for the look into the ledger that comes before everything else.
pub(super) fn request_id(body: &Map<String, Value>) -> Option<String> {
    let text = body.get("request_id")?.as_str()?;
    is_uuid_v7(text).then(|| text.to_ascii_lowercase())
}

fn uuid_v7(fields: &Fields<'_>) -> Option<String> {
    let text = fields.text("request_id", 36)?;
    if is_uuid_v7(&text) {
        return Some(text.to_ascii_lowercase());
    }
    fields.impossible(
        "request_id",
        "not a UUID of version 7",
        "a UUID of version 7, as 0190b6a2-7d3e-7c11-8f00-5b1d2a3c4e5f",
    );
    None
}

fn is_uuid_v7(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| {
            if dashes.contains(&at) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
        && text.as_bytes().get(14) == Some(&b'7')
        && matches!(
            text.as_bytes().get(19),
            Some(b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
        )
}

fn nonce(fields: &Fields<'_>) -> Option<String> {
    let text = fields.text("nonce", 32)?;
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(text.to_ascii_lowercase());
    }
    fields.impossible("nonce", "not 128 bits", "32 hexadecimal digits");
    None
}

fn issued_at(fields: &Fields<'_>, now_ms: i64) -> Option<i64> {
    let at = fields.time("issued_at")?;
    if now_ms.abs_diff(at) <= FRESH_MS.unsigned_abs() {
        return Some(at);
    }
    fields.impossible(
        "issued_at",
        "too old or too new",
        &format!("within 30 s of server time, which is {}", utc(now_ms)),
    );
    None
}

fn expires_at(fields: &Fields<'_>, now_ms: i64) -> Option<i64> {
    let at = fields.time("expires_at")?;
    if at > now_ms && at <= now_ms.saturating_add(EXPIRY_MAX_MS) {
        return Some(at);
    }
    fields.impossible(
        "expires_at",
        "in the past or too far ahead",
        &format!("after {} and at most 60 minutes later", utc(now_ms)),
    );
    None
}

/// A moment that may be missing, not before `low` and not after the corridor's end (which is
/// judged on its own).
#[expect(
    clippy::option_option,
    reason = "outside: is it good; inside: was it there"
)]
fn time_before(
    fields: &Fields<'_>,
    key: &str,
    (low, end): (Option<i64>, Option<i64>),
) -> Option<Option<i64>> {
    let at = fields.time_or_none(key)?;
    let Some(moment) = at else {
        return Some(None);
    };
    if let Some(low) = low.filter(|low| moment < *low) {
        let allowed = format!("from {} to expires_at", utc(low));
        fields.impossible(key, "in the past", &allowed);
        return None;
    }
    if let Some(end) = end.filter(|end| moment > *end) {
        let allowed = format!("at the latest expires_at, which is {}", utc(end));
        fields.impossible(key, "after the corridor has ended", &allowed);
        return None;
    }
    Some(at)
}

/// A moment as RFC 3339.
pub(super) fn utc(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.to_string())
        .unwrap_or_default()
}

fn same_as(fields: &Fields<'_>, key: &str, own: &str) -> Option<String> {
    let text = fields.text(key, 64)?;
    if text == own {
        return Some(text);
    }
    fields.impossible(key, "not the signed-in principal's", own);
    None
}

fn mission_stage(fields: &Fields<'_>) -> Option<MissionStage> {
    if fields.is_text("stage", "returning") {
        fields.impossible(
            "stage",
            "a vehicle on its way back gets no corridor",
            "to_scene, to_hospital, transfer",
        );
        return None;
    }
    fields.word("stage", STAGES)
}

fn vehicle(fields: &Fields<'_>) -> Option<RequestVehicle> {
    let inner = fields.object(
        "vehicle",
        &[
            "id",
            "plate",
            "call_sign",
            "terminal_id",
            "length_m",
            "convoy_n",
        ],
    )?;
    let id = inner.text("id", 64);
    let plate = inner.text_or_empty("plate", 16);
    let call_sign = inner.text_or_empty("call_sign", 32);
    let terminal_id = inner.text_or_empty("terminal_id", 20);
    let length_m = inner.number("length_m", 1.0, LENGTH_MAX_M);
    let convoy_n = inner.whole("convoy_n", 1, CONVOY_MAX);
    Some(RequestVehicle {
        id: id?,
        plate: plate?,
        call_sign: call_sign?,
        terminal_id: terminal_id?,
        length_m: length_m?,
        convoy_n: u8::try_from(convoy_n?).ok()?,
    })
}

fn origin(fields: &Fields<'_>) -> Option<Origin> {
    if fields.is_text("origin", "live") {
        return Some(Origin::Live);
    }
    let inner = fields.object("origin", &["lat", "lon", "datum", "prepared"])?;
    if inner.has("prepared") {
        return inner.text("prepared", 64).map(Origin::Prepared);
    }
    inner.point().map(Origin::At)
}

fn destination(fields: &Fields<'_>) -> Option<Destination> {
    let keys = ["lat", "lon", "datum", "name", "facility_id", "prepared"];
    let inner = fields.object("destination", &keys)?;
    if inner.has("facility_id") {
        return inner.text("facility_id", 64).map(Destination::Place);
    }
    if inner.has("prepared") {
        return inner.text("prepared", 64).map(Destination::Prepared);
    }
    let point = inner.point();
    let name = inner.text_or_empty("name", 64);
    Some(Destination::At(point?, name?))
}

fn route(fields: &Fields<'_>) -> Option<Vec<Stretch>> {
    let turns = [
        ("left", "left"),
        ("through", "through"),
        ("right", "right"),
        ("u-turn", "u-turn"),
    ];
    let steps = fields.objects("route", 200, &["intersection", "approach", "movement"])?;
    steps
        .iter()
        .map(|step| {
            let site = step.text("intersection", 32);
            let approach = step.text("approach", 32);
            let movement = step.word("movement", &turns);
            Some(Stretch {
                site: site?,
                approach: approach?,
                movement: movement?.to_owned(),
            })
        })
        .collect()
}

fn note(fields: &Fields<'_>, rule: NoteRule) -> Option<String> {
    let text = fields.text_or_empty("note", 256)?;
    match screened(&text, rule) {
        Ok(text) => Some(text),
        Err(kinds) => {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
            fields.impossible(
                "note",
                &format!("looks like personal data: {}", kinds.join(", ")),
                "no plate, no patient name, no diagnosis, no telephone or identity number",
            );
            None
        }
    }
}

/// A preview request.
pub(super) fn preview(body: &Map<String, Value>) -> Result<PreviewRequest, Problem> {
    let findings = Findings::default();
    let known = ["vehicle_id", "origin", "destination", "lights_siren"];
    let fields = Fields::new(body, "", &known, &findings);
    let vehicle = fields.text("vehicle_id", 64);
    let origin = origin(&fields);
    let destination = destination(&fields);
    let lights_siren = if fields.has("lights_siren") {
        fields.flag("lights_siren")
    } else {
        Some(true)
    };
    let made = (|| {
        Some(PreviewRequest {
            vehicle: vehicle?,
            origin: origin?,
            destination: destination?,
            lights_siren: lights_siren?,
        })
    })();
    findings.finish(made)
}

/// The new expiry of an extended corridor, Unix milliseconds.
pub(super) fn extend(body: &Map<String, Value>, now_ms: i64) -> Result<i64, Problem> {
    let findings = Findings::default();
    let made = expires_at(&Fields::new(body, "", &["expires_at"], &findings), now_ms);
    findings.finish(made)
}

/// Another way or destination.
pub(super) fn reroute(body: &Map<String, Value>) -> Result<CorridorChange, Problem> {
    let findings = Findings::default();
    let fields = Fields::new(body, "", &["destination", "route"], &findings);
    let destination = destination(&fields);
    let route = route(&fields);
    let made = destination.zip(route);
    findings.finish(made.map(|(destination, route)| CorridorChange::Way { destination, route }))
}

/// The agency that a corridor is handed to.
pub(super) fn handover(body: &Map<String, Value>, agencies: &[String]) -> Result<String, Problem> {
    let findings = Findings::default();
    let fields = Fields::new(body, "", &["agency"], &findings);
    let agency = fields.text("agency", 64).filter(|agency| {
        let known = agencies.contains(agency);
        if !known {
            fields.impossible("agency", "not an agency of this city", &agencies.join(", "));
        }
        known
    });
    findings.finish(agency)
}

/// The site that `take-out` and `passed` speak of.
pub(super) fn site(body: &Map<String, Value>) -> Result<String, Problem> {
    let findings = Findings::default();
    let made = Fields::new(body, "", &["site"], &findings).text("site", 32);
    findings.finish(made)
}

/// Code and site of an alarm.
pub(super) fn alarm(body: &Map<String, Value>) -> Result<(String, Option<String>), Problem> {
    let findings = Findings::default();
    let fields = Fields::new(body, "", &["code", "site"], &findings);
    let (code, site) = (fields.text("code", 64), fields.text_or_empty("site", 32));
    let made = code.zip(site);
    findings.finish(made.map(|(code, site)| (code, Some(site).filter(|site| !site.is_empty()))))
}

/// A manual act and its lease, milliseconds.
pub(super) fn manual(body: &Map<String, Value>) -> Result<(ManualAct, u32), Problem> {
    let findings = Findings::default();
    let fields = Fields::new(body, "", &["act", "stage", "lease_s"], &findings);
    let act = fields.word("act", &[("stage", 0), ("all-red", 1), ("flash", 2)]);
    let lease = fields.whole("lease_s", 1, MANUAL_MAX_S);
    let act = match act {
        Some(0) => fields.text("stage", 32).map(ManualAct::Stage),
        Some(1) => Some(ManualAct::AllRed),
        Some(_) => Some(ManualAct::Flash),
        None => None,
    };
    if fields.has("stage") && !matches!(act, Some(ManualAct::Stage(_)) | None) {
        fields.impossible("stage", "belongs to the act `stage` only", "nothing");
    }
    findings.finish(act.zip(lease.map(|lease| lease.saturating_mul(1000))))
}

/// A position fix.
pub(super) fn position(body: &Map<String, Value>, now_ms: i64) -> Result<PositionFix, Problem> {
    let findings = Findings::default();
    let known = [
        "vehicle_id",
        "t_fix",
        "seq",
        "lat",
        "lon",
        "datum",
        "speed_mps",
        "heading_deg",
    ];
    let fields = Fields::new(body, "", &known, &findings);
    let vehicle = fields.text("vehicle_id", 64);
    let t_fix_ms = fields.time("t_fix");
    if t_fix_ms.is_some_and(|at| at > now_ms.saturating_add(1000)) {
        fields.impossible("t_fix", "in the future", "at most 1 s ahead of server time");
    }
    let seq = fields.whole("seq", 0, u32::MAX);
    let at = fields.point();
    let speed_mps = fields.number("speed_mps", 0.0, 70.0);
    let heading_deg = fields.number("heading_deg", 0.0, 360.0);
    let made = (|| {
        Some(PositionFix {
            vehicle: vehicle?,
            t_fix_ms: t_fix_ms?,
            seq: seq?,
            at: at?,
            speed_mps: speed_mps?,
            heading_deg: heading_deg?,
        })
    })();
    findings.finish(made)
}

/// The token of a one-time sign-in link.
pub(super) fn sign_in(body: &Map<String, Value>) -> Result<String, Problem> {
    let findings = Findings::default();
    let made = Fields::new(body, "", &["token"], &findings).text("token", 128);
    findings.finish(made)
}
