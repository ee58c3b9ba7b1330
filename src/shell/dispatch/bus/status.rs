//! Tells the partners how their corridors are: on every change, and once a second while one runs.

use alloc::sync::Arc;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use serde::Serialize;
use tokio::time::{Duration, MissedTickBehavior, interval};
use utoipa::ToSchema;

use super::super::bodies::utc;
use super::super::dto::corridor::CorridorDto;
use super::super::world::CorridorView;
use super::Outgoing;
use super::desk::Desk;

/// From one status of a corridor to the next at most, milliseconds. A little less than a second,
/// because pictures come five times a second and the next one would be late.
const PERIOD_MS: u64 = 900;
/// The end of a corridor is reckoned anew for each picture; a smaller difference is none, milliseconds.
const EXPIRY_MOVED_MS: u64 = 500;
/// A status that is older is worth nothing, seconds.
pub(super) const EXPIRY_S: u32 = 3;
/// From one sign of life of the controller to the next.
const STATE_EVERY: Duration = Duration::from_secs(1);

/// How a corridor is. Green is what `confirmed_by` says: `lamp_readback` was measured on the lamps.
#[derive(Serialize, ToSchema)]
pub(super) struct StatusMessageDto {
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    t: String,
    /// RFC 3339, 3 s later: an older status is no news.
    #[schema(format = DateTime)]
    valid_until: String,
    /// Epoch of the controller.
    epoch: u32,
    #[serde(flatten)]
    corridor: CorridorDto,
}

/// That the controller is there.
#[derive(Serialize, ToSchema)]
pub(super) struct StateMessageDto {
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    t: String,
    /// RFC 3339, 3 s later: then the controller is not to be counted on.
    #[schema(format = DateTime)]
    valid_until: String,
    /// Epoch of the controller, which every message must carry.
    epoch: u32,
}

#[derive(Debug)]
struct Told {
    at_ms: u64,
    what: u64,
    expires_ms: i64,
    over: bool,
}

/// Knows what was told of each corridor, and what is due.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    told: BTreeMap<u32, Told>,
}

impl Pacer {
    /// Those of `corridors` that are to be told at `now_ms` of the program's own clock.
    pub(super) fn due<'a>(
        &mut self,
        corridors: &'a [CorridorView],
        now_ms: u64,
    ) -> Vec<&'a CorridorView> {
        let known = |id: &u32| corridors.iter().any(|one| one.id == *id);
        self.told.retain(|id, _| known(id));
        let due = corridors.iter().filter(|one| {
            let (what, over) = (outline(one), one.state.is_over());
            let is_due = self.told.get(&one.id).is_none_or(|told| {
                let late = now_ms.saturating_sub(told.at_ms) >= PERIOD_MS;
                let moved = told.expires_ms.abs_diff(one.expires_ms) > EXPIRY_MOVED_MS;
                told.what != what || moved || (late && !told.over)
            });
            if is_due {
                let told = Told {
                    at_ms: now_ms,
                    what,
                    expires_ms: one.expires_ms,
                    over,
                };
                self.told.insert(one.id, told);
            }
            is_due
        });
        due.collect()
    }
}

/// What makes a change, without what moves all the time: places, ages, times of arrival.
fn outline(one: &CorridorView) -> u64 {
    let crossings = one.crossings.iter();
    let crossings = crossings.map(|c| (&c.site, c.state, c.confirmed_by, c.late, &c.fault));
    let crossings: Vec<_> = crossings.collect();
    let next = one.vehicle.as_ref().map(|v| (&v.next, v.on_route));
    let kept = (one.revision, one.state, one.priority);
    let text = format!("{kept:?} {crossings:?} {next:?} {:?}", one.warnings);
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Tells for as long as there are pictures.
pub(super) async fn tell(desk: &Arc<Desk>) {
    let began = Instant::now();
    let mut pacer = Pacer::default();
    let mut frames = desk.api.frames.clone();
    let mut state = interval(STATE_EVERY);
    state.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            changed = frames.changed() => {
                if changed.is_err() {
                    return;
                }
                let view = Arc::clone(&frames.borrow_and_update().view);
                let now_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                let due = pacer.due(&view.corridors, now_ms);
                for corridor in due {
                    tell_one(desk, corridor);
                }
            }
            _ = state.tick() => {
                let (t, valid_until) = times(desk);
                let epoch = desk.epoch;
                let message = StateMessageDto { t, valid_until, epoch };
                send(desk, desk.topics.state(), &message);
            }
        }
    }
}

fn tell_one(desk: &Desk, corridor: &CorridorView) {
    // Nobody's yet for a moment after the key: the next picture tells.
    let Some(custody) = desk.api.custody.of(corridor.id) else {
        return;
    };
    let (t, valid_until) = times(desk);
    let message = StatusMessageDto {
        t,
        valid_until,
        epoch: desk.epoch,
        corridor: corridor.into(),
    };
    let topic = desk.topics.status(&custody.agency, corridor.id);
    send(desk, topic, &message);
}

fn times(desk: &Desk) -> (String, String) {
    let now_ms = desk.api.now_ms();
    let until_ms = now_ms.saturating_add(i64::from(EXPIRY_S) * 1000);
    (utc(now_ms), utc(until_ms))
}

fn send(desk: &Desk, topic: String, message: &impl Serialize) {
    let payload = serde_json::to_vec(message).unwrap_or_default().into();
    // The next second brings a newer one; what does not go out is counted by the bus.
    let _counted = desk.bus.publish(Outgoing {
        topic,
        payload,
        sure: false,
        expiry_s: EXPIRY_S,
    });
}
