//! What crews know: a link that shows one mission on a phone, and what they were told.
//!
//! The token of a link is the keyed hash of corridor and issue, under a key that lives and dies with
//! the program: nothing is stored that could be stolen, and a link is gone with its corridor.

pub mod mission;
pub mod page;
pub mod street;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::webhooks::watch::Seen;
use crate::corridor::MissionState;
use crate::shell::dispatch::view::{CorridorView, Names};

/// A link is good for so long after its corridor has ended: the crew sees that it did.
const AFTER_END_MS: i64 = 3 * 60_000;
/// Missions remembered; the oldest are over by then.
const MISSIONS_MAX: usize = 1024;
/// Messages of a mission; the oldest make room.
const MESSAGES_MAX: usize = 32;
/// Bytes of the hash that make a token: 128 bits.
const TOKEN_BYTES: usize = 16;

/// Who reads a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The crew's page.
    Page,
    /// The vehicle's own terminal, by JT/T 808.
    Terminal,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Sent; nobody has answered yet.
    Sent,
    /// The crew pressed "received", or the terminal answered that it took the text.
    Received,
    /// The terminal refused it, gave no answer, or was not there.
    Failed(&'static str),
}

/// A line for the crew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number; unique while the program runs.
    pub number: u32,
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// Who reads it.
    pub reader: Reader,
    /// The line.
    pub text: Names,
    /// What became of it.
    pub receipt: Receipt,
}

/// A link as it is given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Path and fragment; the token stands after the `#`, so that no server ever sees it in a path.
    pub path: String,
    /// The corridor ends by then at the latest, and the link a little later, Unix milliseconds.
    pub until_ms: i64,
}

#[derive(Debug)]
struct Mission {
    vehicle: String,
    /// Counts up with every revocation.
    issue: u32,
    revoked: bool,
    until_ms: i64,
    ended_ms: Option<i64>,
    assured: bool,
    seen_ms: Option<i64>,
    messages: Vec<Message>,
}

#[derive(Debug, Default)]
struct Inner {
    missions: BTreeMap<u32, Mission>,
    numbers: u32,
}

/// Every crew on its way.
pub struct Crews {
    key: [u8; 32],
    inner: Mutex<Inner>,
}

impl core::fmt::Debug for Crews {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Crews").finish_non_exhaustive()
    }
}

impl Crews {
    /// Nobody is on the way. Nothing if the system gave no random numbers.
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).ok()?;
        Some(Self {
            key,
            inner: Mutex::default(),
        })
    }

    /// Looks at the corridors of this moment: begins missions, ends them, and writes lines for the
    /// page. `now_ms` is Unix time.
    pub fn look(&self, seen: &[Seen<'_>], now_ms: i64) {
        let mut inner = self.lock();
        for one in seen {
            inner.see(one.view, now_ms);
        }
        for (id, mission) in &mut inner.missions {
            let gone = !seen.iter().any(|one| one.view.id == *id);
            if gone {
                mission.ended_ms.get_or_insert(now_ms);
            }
        }
        let kept = |ended: i64| now_ms.saturating_sub(ended) <= AFTER_END_MS;
        inner
            .missions
            .retain(|_, mission| mission.ended_ms.is_none_or(kept));
    }

    /// The link of a corridor, made now if there is none; nothing once the corridor is over.
    #[must_use]
    pub fn link(&self, corridor: &CorridorView, now_ms: i64) -> Option<Link> {
        let mut inner = self.lock();
        inner.see(corridor, now_ms);
        let mission = inner.missions.get_mut(&corridor.id)?;
        if mission.ended_ms.is_some() {
            return None;
        }
        mission.revoked = false;
        let token = self.token(corridor.id, mission.issue)?;
        Some(Link {
            path: format!("/crew/#{}.{token}", corridor.id),
            until_ms: mission.until_ms.saturating_add(AFTER_END_MS),
        })
    }

    /// Makes every link of a corridor worthless; the next one is another. False if there is no
    /// such mission.
    pub fn revoke(&self, corridor: u32) -> bool {
        let mut inner = self.lock();
        let Some(mission) = inner.missions.get_mut(&corridor) else {
            return false;
        };
        mission.issue = mission.issue.wrapping_add(1);
        mission.revoked = true;
        true
    }

    /// The corridor that a token opens now; `text` is `CORRIDOR.TOKEN`.
    #[must_use]
    pub fn admit(&self, text: &str, now_ms: i64) -> Option<u32> {
        let (corridor, token) = text.split_once('.')?;
        let corridor: u32 = corridor.parse().ok()?;
        let mut inner = self.lock();
        let mission = inner.missions.get_mut(&corridor)?;
        let over = mission
            .ended_ms
            .is_some_and(|ended| now_ms.saturating_sub(ended) > AFTER_END_MS);
        if mission.revoked || over {
            return None;
        }
        let own = self.token(corridor, mission.issue)?;
        if !bool::from(own.as_bytes().ct_eq(token.as_bytes())) {
            return None;
        }
        mission.seen_ms = Some(now_ms);
        Some(corridor)
    }

    /// When the page of a corridor was looked at last, Unix milliseconds.
    #[must_use]
    pub fn page_seen_ms(&self, corridor: u32) -> Option<i64> {
        self.lock().missions.get(&corridor)?.seen_ms
    }

    /// What a corridor's crew was told, oldest first.
    #[must_use]
    pub fn messages(&self, corridor: u32) -> Vec<Message> {
        let inner = self.lock();
        let mission = inner.missions.get(&corridor);
        mission.map(|one| one.messages.clone()).unwrap_or_default()
    }

    /// The crew has pressed "received". False if its page shows no such message.
    pub fn received(&self, corridor: u32, number: u32) -> bool {
        let mut inner = self.lock();
        let mission = inner.missions.get_mut(&corridor);
        let mut messages = mission.into_iter().flat_map(|one| &mut one.messages);
        let known = messages.find(|one| (one.number, one.reader) == (number, Reader::Page));
        known.map(|one| one.receipt = Receipt::Received).is_some()
    }

    /// Enters a text that goes to the vehicle's terminal; its number.
    pub fn to_terminal(&self, (corridor, vehicle): (u32, &str), text: &str, now_ms: i64) -> u32 {
        let mut inner = self.lock();
        let number = inner.number();
        if let Some(mission) = inner.missions.get_mut(&corridor)
            && mission.vehicle == vehicle
        {
            mission.tell(Message {
                number,
                at_ms: now_ms,
                reader: Reader::Terminal,
                text: Names::new(text, text),
                receipt: Receipt::Sent,
            });
        }
        number
    }

    /// What the terminal answered to a text.
    pub fn terminal_said(&self, number: u32, receipt: Receipt) {
        let mut inner = self.lock();
        let mut messages = inner
            .missions
            .values_mut()
            .flat_map(|one| &mut one.messages);
        if let Some(message) = messages.find(|one| one.number == number) {
            message.receipt = receipt;
        }
    }

    fn token(&self, corridor: u32, issue: u32) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(b"crew");
        mac.update(&corridor.to_be_bytes());
        mac.update(&issue.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        Some(crate::shell::vehicles::jt808::hex(hash.get(..TOKEN_BYTES)?))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn number(&mut self) -> u32 {
        self.numbers = self.numbers.wrapping_add(1);
        self.numbers
    }

    fn see(&mut self, view: &CorridorView, now_ms: i64) {
        let over = view.state.is_over();
        let assured = view.state != MissionState::Degraded;
        if !self.missions.contains_key(&view.id) {
            if over {
                return;
            }
            if self.missions.len() >= MISSIONS_MAX {
                self.missions.pop_first();
            }
            let mission = Mission {
                vehicle: view.vehicle_id.clone(),
                issue: 0,
                revoked: false,
                until_ms: view.expires_ms,
                ended_ms: None,
                assured: true,
                seen_ms: None,
                messages: Vec::new(),
            };
            self.missions.insert(view.id, mission);
            self.page(
                view.id,
                now_ms,
                (
                    "绿波已开启，请按实际灯色行驶",
                    "green wave on: obey the lamps you see",
                ),
            );
        }
        let Some(mission) = self.missions.get_mut(&view.id) else {
            return;
        };
        mission.until_ms = view.expires_ms;
        let changed = core::mem::replace(&mut mission.assured, assured) != assured;
        let ends = over && mission.ended_ms.is_none();
        if ends {
            mission.ended_ms = Some(now_ms);
            self.page(view.id, now_ms, ("绿波已结束", "green wave over"));
        } else if changed && assured && !over {
            self.page(
                view.id,
                now_ms,
                (
                    "绿波已恢复，请按实际灯色行驶",
                    "green wave back: obey the lamps you see",
                ),
            );
        } else if changed && !over {
            self.page(
                view.id,
                now_ms,
                (
                    "绿波无保证，前方可能红灯，请减速观察",
                    "green not assured: expect red, slow down",
                ),
            );
        }
    }

    fn page(&mut self, corridor: u32, now_ms: i64, (zh, en): (&str, &str)) {
        let number = self.number();
        if let Some(mission) = self.missions.get_mut(&corridor) {
            mission.tell(Message {
                number,
                at_ms: now_ms,
                reader: Reader::Page,
                text: Names::new(zh, en),
                receipt: Receipt::Sent,
            });
        }
    }
}

impl Mission {
    fn tell(&mut self, message: Message) {
        if self.messages.len() >= MESSAGES_MAX {
            self.messages.remove(0);
        }
        self.messages.push(message);
    }
}

#[cfg(test)]
mod tests;
