//! Partners as they are: told of their corridors by webhooks, their crews by a page and by texts,
//! their old dispatch systems by a bridge; and the words they may use.
//!
//! A partner learns of its own agency's missions and of nothing else.

pub mod bridge;
pub mod client;
pub mod crew;
pub mod gazetteer;
pub mod privacy;
pub mod webhooks;

use alloc::sync::Arc;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::plan::{NamedPlace, NoteRule, Partners as PartnersFile, WebhookEvent};
use crate::shell::dispatch::view::{Alarm, AlarmDesk, CorridorView, Names};
use client::ClientError;
use crew::Crews;
use gazetteer::Gazetteer;
use webhooks::courier::{Desk, deliver};
use webhooks::queue::Message;
use webhooks::target::{Ready, Target};
use webhooks::watch::{News, Seen, Watch, What};

/// Partners cannot be served as their file says.
#[derive(Debug, thiserror::Error)]
pub enum PartnersError {
    /// A target's files.
    #[error("webhook {hook} of partners.toml: {why}")]
    Webhook {
        /// Id of the target.
        hook: String,
        /// Why.
        why: ClientError,
    },
    /// The system has no random numbers.
    #[error("the system gave no random numbers")]
    NoEntropy,
}

/// Everything the API knows of partners.
#[derive(Debug)]
pub struct Partners {
    /// What becomes of personal data in free text.
    pub notes: NoteRule,
    /// Places by name.
    pub gazetteer: Gazetteer,
    /// Links of crews, and what crews were told.
    pub crews: Crews,
    desks: Vec<Arc<Desk>>,
    /// Tells this run of the program from others in the ids of events.
    run: String,
    watch: Mutex<Watch>,
    /// The target that a corridor's request named; others of its agency are not told.
    replies: Mutex<BTreeMap<u32, String>>,
}

/// Corridors whose reply target is remembered; the oldest are over by then.
const REPLIES_MAX: usize = 4096;

impl Partners {
    /// Partners who are told nothing.
    ///
    /// # Errors
    /// No random numbers.
    pub fn none() -> Result<Self, PartnersError> {
        Self::with(NoteRule::default(), Vec::new(), &[])
    }

    fn with(
        notes: NoteRule,
        desks: Vec<Arc<Desk>>,
        places: &[NamedPlace],
    ) -> Result<Self, PartnersError> {
        let mut run = [0; 4];
        getrandom::fill(&mut run).map_err(|_| PartnersError::NoEntropy)?;
        Ok(Self {
            notes,
            gazetteer: Gazetteer::new(places),
            crews: Crews::new().ok_or(PartnersError::NoEntropy)?,
            desks,
            run: format!("{:08x}", u32::from_be_bytes(run)),
            watch: Mutex::default(),
            replies: Mutex::default(),
        })
    }

    /// Partners as the city folder has them; secrets and certificates come from `data`. Couriers
    /// set off on `handle`.
    ///
    /// # Errors
    /// A file of a target that cannot be used.
    pub fn start(
        handle: &Handle,
        (file, places): (&PartnersFile, &[NamedPlace]),
        data: &Path,
    ) -> Result<Self, PartnersError> {
        let ready = file.webhooks.iter().map(|hook| {
            let target = Target::open(hook, data).map_err(|why| PartnersError::Webhook {
                hook: hook.id.clone(),
                why,
            })?;
            let desk = Desk::new(hook.clone());
            Ok(Ready { desk, target })
        });
        let ready = ready.collect::<Result<Vec<_>, PartnersError>>()?;
        let desks = ready.iter().map(|one| Arc::clone(&one.desk)).collect();
        let made = Self::with(file.notes, desks, places)?;
        for one in ready {
            handle.spawn(deliver(one.desk, one.target));
        }
        Ok(made)
    }

    /// The reply targets of an agency: ids and URLs.
    #[must_use]
    pub fn reply_targets(&self, agency: &str) -> Vec<String> {
        let own = self.desks.iter().filter(|desk| desk.hook.agency == agency);
        own.flat_map(|desk| [desk.hook.id.clone(), desk.hook.url.text.clone()])
            .collect()
    }

    /// Remembers which target a corridor's request named.
    pub fn reply_to(&self, corridor: u32, target: &str) {
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        if replies.len() >= REPLIES_MAX {
            replies.pop_first();
        }
        replies.insert(corridor, target.to_owned());
    }

    /// Looks at the corridors of this moment and hands what is new to the desks of their agencies;
    /// `written` writes a corridor as the API shows it. Never waits.
    pub fn look(&self, seen: &[Seen<'_>], now_ms: i64, written: impl Fn(&CorridorView) -> Value) {
        self.crews.look(seen, now_ms);
        if self.desks.is_empty() {
            return;
        }
        let news = {
            let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
            watch.look(seen, now_ms)
        };
        for one in &news {
            let mut body = None;
            for desk in self.desks.iter().filter(|desk| self.wants(desk, one)) {
                let body = body.get_or_insert_with(|| self.message(one, now_ms, &written));
                desk.push(body.clone());
            }
        }
    }

    /// True if a target is told a piece of news: its agency's, an event it subscribed to, and not
    /// one that the request sends elsewhere.
    fn wants(&self, desk: &Desk, news: &News<'_>) -> bool {
        let hook = &desk.hook;
        if hook.agency != news.agency || !hook.events.contains(&news.what.event()) {
            return false;
        }
        let replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(named) = replies.get(&news.view.id) else {
            return true;
        };
        // A target of an agency that the corridor was taken over from is none of this one's.
        let own = self
            .desks
            .iter()
            .filter(|one| one.hook.agency == news.agency);
        let mut known = own.map(|one| &one.hook);
        let is_own = known.any(|hook| [&hook.id, &hook.url.text].contains(&named));
        !is_own || [&hook.id, &hook.url.text].contains(&named)
    }

    fn message(
        &self,
        news: &News<'_>,
        now_ms: i64,
        written: impl Fn(&CorridorView) -> Value,
    ) -> Message {
        let corridor = news.view.id;
        let event = news.what.event();
        let id = format!("{}-{corridor}-{}", self.run, news.seq);
        let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
        let data = match &news.what {
            What::Status => written(news.view),
            What::Alarm(advice) => json!({
                "corridor_id": corridor,
                "request_id": news.view.request_id,
                "code": advice.code,
                "text": { "zh": advice.text.zh, "en": advice.text.en },
                "site": advice.site,
            }),
        };
        let body = json!({
            "specversion": "1.0",
            "id": id,
            "source": "greenwave",
            "type": event.word(),
            "time": time.to_string(),
            "subject": format!("corridors/{corridor}"),
            "seq": news.seq,
            "agency": news.agency,
            "data": data,
        });
        Message {
            id,
            event,
            corridor,
            body: body.to_string().into(),
            until_ms: 0,
        }
    }

    /// What needs a person: targets that have not been reached for a while.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        let failing = self.desks.iter().filter_map(|desk| {
            let (account, ..) = desk.account();
            account.is_failing().then(|| {
                let (id, why, count) = (&desk.hook.id, &account.why, account.in_a_row);
                Alarm {
                    code: "webhook-failing".to_owned(),
                    serious: false,
                    text: Names::new(
                        format!("无法通知合作方 {id}（连续 {count} 次）：{why}"),
                        format!("partner {id} is not reached, {count} times in a row: {why}"),
                    ),
                    site: None,
                    desk: AlarmDesk::default(),
                }
            })
        });
        failing.collect()
    }

    /// The targets and how it has gone with each.
    #[must_use]
    pub fn desks(&self) -> &[Arc<Desk>] {
        &self.desks
    }
}

/// The events that a target is told, as words.
#[must_use]
pub fn event_words(events: &[WebhookEvent]) -> Vec<&'static str> {
    events.iter().map(|event| event.word()).collect()
}
