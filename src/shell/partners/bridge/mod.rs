//! `greenwave bridge`: a small agent beside an old dispatch system. It takes what that system can
//! give - a file in a folder, or a plain POST on this machine - and makes requests of it that the
//! installation accepts: fields by their names, ids that stay the same, times by the installation's
//! clock, one agency's token.
//!
//! ```text
//! file or POST ─▶ reading ─▶ mapping ─▶ outbox (disk) ─▶ installation ─▶ done / refused
//! ```
//!
//! It prints names of files, ids and codes; never what a request says.

pub mod clock;
pub mod config;
pub mod folder;
pub mod ids;
pub mod judge;
pub mod mapping;
pub mod outbox;
pub mod post;
pub mod reading;

use std::io;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Method;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use clock::Clock;
use config::Config;
use folder::{Folder, Whole};
use judge::{Verdict, code, judge};
use outbox::{End, Entry, Outbox};
use post::Posted;

use crate::shell::partners::client::{Answer, Ask, WireError};

/// A request that has no answer by then is refused: an ambulance is long on its way, milliseconds.
const AGE_MAX_MS: i64 = 120_000;
/// From one look at the folder to the next.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// From one removal of what is old to the next.
const CLEAR_EVERY: Duration = Duration::from_mins(10);
/// The first pause after a failure, and the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// An answer is not longer.
const ANSWER_MAX: usize = 64 * 1024;

/// A line about what happened.
pub type Tell<'t> = &'t mut (dyn FnMut(&str) + Send);

/// The bridge at work.
#[derive(Debug)]
pub struct Bridge {
    config: Config,
    outbox: Outbox,
    folder: Option<Folder>,
    clock: Clock,
    /// Nothing is sent before this.
    pause_until: Option<Instant>,
    failures: u32,
    refused: u32,
    cleared: Option<Instant>,
}

impl Bridge {
    /// A bridge of this configuration.
    ///
    /// # Errors
    /// Its folders cannot be made or read.
    pub fn open(config: Config) -> io::Result<Self> {
        Ok(Self {
            outbox: Outbox::open(&config.state)?,
            folder: config.folder.as_ref().map(Folder::open).transpose()?,
            config,
            clock: Clock::default(),
            pause_until: None,
            failures: 0,
            refused: 0,
            cleared: None,
        })
    }

    /// The clock as it is known.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// Requests that were refused so far.
    #[must_use]
    pub const fn refused(&self) -> u32 {
        self.refused
    }

    /// Asks the installation who the token is; its agency and system.
    ///
    /// # Errors
    /// No answer, or the token is not the configured agency's, in a sentence.
    pub async fn greet(&mut self) -> Result<(), String> {
        let answer = self.ask(Method::GET, "/api/v1/session", Bytes::new()).await;
        let answer = answer.map_err(|why| why.to_string())?;
        if answer.status != 200 {
            return Err(format!(
                "the token is not taken: answered {}",
                answer.status
            ));
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        for (field, own) in [
            ("agency", &self.config.agency),
            ("source_system", &self.config.source_system),
        ] {
            if body[field] != **own {
                return Err(format!(
                    "{field} is \"{own}\", but the token's is {}",
                    body[field]
                ));
            }
        }
        Ok(())
    }

    /// Works until it is dropped; `posts` gives what is posted.
    ///
    /// # Errors
    /// The disk refuses the outbox.
    pub async fn run(
        &mut self,
        mut posts: mpsc::Receiver<Posted>,
        tell: Tell<'_>,
    ) -> io::Result<()> {
        let mut every = interval(LOOK_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut open = true;
        loop {
            tokio::select! {
                posted = posts.recv(), if open => match posted {
                    Some(posted) => self.posted(posted, tell).await?,
                    None => open = false,
                },
                _ = every.tick() => {
                    self.take_files(false, tell)?;
                    self.send_all(tell).await?;
                    self.forget()?;
                }
            }
        }
    }

    /// Takes what lies in the folder and sends it; true if nothing is left waiting.
    ///
    /// # Errors
    /// The disk refuses the outbox.
    pub async fn once(&mut self, tell: Tell<'_>) -> io::Result<bool> {
        self.take_files(false, tell)?;
        let settle = self
            .config
            .folder
            .as_ref()
            .map_or(0, |folder| folder.settle_ms);
        let settle = Duration::from_millis(u64::try_from(settle).unwrap_or(0));
        tokio::time::sleep(settle + Duration::from_millis(100)).await;
        // Nobody looks again later: what is no request by now is refused.
        self.take_files(true, tell)?;
        self.send_all(tell).await?;
        Ok(self.outbox.waiting().count() == 0)
    }

    /// The fields that would be sent for `content`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn preview(
        config: &Config,
        content: &[u8],
        csv: bool,
    ) -> Result<Map<String, Value>, String> {
        let read = reading::read(content, csv)?;
        config.mapping.apply(&read).map_err(|why| why.join("\n"))
    }

    fn take_files(&mut self, last: bool, tell: Tell<'_>) -> io::Result<()> {
        let Some(folder) = &mut self.folder else {
            return Ok(());
        };
        for whole in folder.look(now_ms())? {
            self.take_file((&whole, last), tell)?;
        }
        Ok(())
    }

    fn take_file(&mut self, (whole, last): (&Whole, bool), tell: Tell<'_>) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let name = &whole.name;
        if whole.too_large {
            return self.refuse_file(whole, "the file is larger than 64 KiB", tell);
        }
        let content = match folder.read(name) {
            Ok(content) => content,
            // Taken away again by whoever put it there.
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(why) => return self.refuse_file(whole, &format!("it cannot be read: {why}"), tell),
        };
        let key = ids::key_of(name, &content);
        match self.outbox.find(&key) {
            // The same file again: the same answer.
            Some(entry) if entry.end.is_some() => {
                let entry = entry.clone();
                return self.file_away(&entry);
            }
            Some(_) => return Ok(()),
            None => {}
        }
        if self.outbox.is_full() {
            return Ok(());
        }
        match Self::preview(&self.config, &content, whole.is_csv()) {
            Ok(fields) => self.enter((key, name.clone()), fields, tell),
            // A slow writer may have paused; nothing is refused before it had its time.
            Err(_) if !last && !whole.had_time() => Ok(()),
            Err(why) => self.refuse_file(whole, &why, tell),
        }
    }

    fn refuse_file(&mut self, whole: &Whole, why: &str, tell: Tell<'_>) -> io::Result<()> {
        self.refused += 1;
        tell(&format!("refused {}: see its .reason file", whole.name));
        let suffix = now_ms().to_string();
        match &mut self.folder {
            Some(folder) => folder.file_away(&whole.name, ("refused", why), &suffix),
            None => Ok(()),
        }
    }

    fn enter(
        &mut self,
        (key, file): (String, String),
        fields: Map<String, Value>,
        tell: Tell<'_>,
    ) -> io::Result<()> {
        let first_ms = now_ms();
        let request_id = ids::request_id(first_ms, &key);
        tell(&format!("took {} as request {request_id}", source(&file)));
        self.outbox.keep(Entry {
            key,
            file,
            request_id,
            first_ms,
            fields,
            sent: None,
            end: None,
        })
    }

    async fn posted(&mut self, posted: Posted, tell: Tell<'_>) -> io::Result<()> {
        let key = ids::key_of("", &posted.content);
        if self.outbox.find(&key).is_none() {
            if self.outbox.is_full() {
                let why = json!({ "detail": "too many requests wait for the installation" });
                posted.answer(503, &why);
                return Ok(());
            }
            match Self::preview(&self.config, &posted.content, posted.csv) {
                Ok(fields) => self.enter((key.clone(), String::new()), fields, tell)?,
                Err(why) => {
                    self.refused += 1;
                    posted.answer(422, &json!({ "detail": why }));
                    return Ok(());
                }
            }
        }
        self.send(&key, tell).await?;
        let entry = self.outbox.find(&key);
        if let Some(end) = entry.and_then(|entry| entry.end.as_ref()) {
            posted.answer(if end.opened { 201 } else { 422 }, &end.answer);
        } else {
            let id = entry.map(|entry| entry.request_id.clone());
            let why = "not answered yet; it is tried on, and the same body asks for the answer";
            posted.answer(202, &json!({ "request_id": id, "detail": why }));
        }
        Ok(())
    }

    async fn send_all(&mut self, tell: Tell<'_>) -> io::Result<()> {
        let keys: Vec<String> = self.outbox.waiting().map(|one| one.key.clone()).collect();
        for key in keys {
            self.send(&key, tell).await?;
        }
        let ended = self.outbox.of_files().filter(|one| one.end.is_some());
        let ended: Vec<Entry> = ended.cloned().collect();
        for entry in ended {
            self.file_away(&entry)?;
        }
        Ok(())
    }

    /// Tries one request, unless everything waits for a pause to end.
    async fn send(&mut self, key: &str, tell: Tell<'_>) -> io::Result<()> {
        for _ in 0..3 {
            let Some(entry) = self.outbox.find(key).filter(|one| one.end.is_none()) else {
                return Ok(());
            };
            let entry = entry.clone();
            if now_ms().saturating_sub(entry.first_ms) > AGE_MAX_MS {
                let why = json!({ "detail": "no answer within two minutes; whether it was opened is \
                                             not known: look at the console, and ask anew if it was not" });
                return self.end(entry, (false, why), tell);
            }
            if self.pause_until.is_some_and(|until| Instant::now() < until) {
                return Ok(());
            }
            let Some(entry) = self.composed(entry, tell).await? else {
                return Ok(());
            };
            let body = entry
                .sent
                .as_ref()
                .map(|(body, _)| body.clone())
                .unwrap_or_default();
            let answer = self
                .ask(Method::POST, "/api/v1/corridors", body.into())
                .await;
            match judge(&answer) {
                Verdict::Opened(answer) => return self.end(entry, (true, answer), tell),
                Verdict::Refused(why) => return self.end(entry, (false, why), tell),
                Verdict::Stale => self.outbox.keep(Entry {
                    sent: None,
                    ..entry
                })?,
                Verdict::Later(why) => {
                    self.fail(&why, tell);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The request with its bytes; nothing if the clock cannot be asked for yet.
    async fn composed(&mut self, mut entry: Entry, tell: Tell<'_>) -> io::Result<Option<Entry>> {
        if entry.sent.is_some() {
            return Ok(Some(entry));
        }
        if self.clock.offset_ms().is_none() {
            // Its answer tells the time, whatever else it says.
            let asked = self.ask(Method::GET, "/api/v1/health", Bytes::new()).await;
            if let Err(why) = asked {
                self.fail(&why.to_string(), tell);
                return Ok(None);
            }
        }
        let now = now_ms();
        let Some(nonce) = ids::nonce() else {
            return Ok(None);
        };
        let expires_ms = self.clock.theirs(entry.first_ms) + self.config.expires_after_ms;
        let mut body = entry.fields.clone();
        for (field, value) in [
            ("request_id", entry.request_id.clone()),
            ("issued_at", utc(self.clock.theirs(now))),
            ("nonce", nonce),
            ("agency", self.config.agency.clone()),
            ("source_system", self.config.source_system.clone()),
            ("expires_at", utc(expires_ms)),
        ] {
            body.insert(field.to_owned(), Value::String(value));
        }
        entry.sent = Some((Value::Object(body).to_string(), now));
        // On the disk before it goes out: after a crash the same bytes go again.
        self.outbox.keep(entry.clone())?;
        Ok(Some(entry))
    }

    fn end(
        &mut self,
        mut entry: Entry,
        (opened, answer): (bool, Value),
        tell: Tell<'_>,
    ) -> io::Result<()> {
        self.failures = 0;
        let what = if opened {
            let corridor = &answer["corridor_id"];
            format!("request {} opened corridor {corridor}", entry.request_id)
        } else {
            self.refused += 1;
            let fields = answer["errors"].as_array().into_iter().flatten();
            let fields: Vec<&str> = fields.filter_map(|one| one["field"].as_str()).collect();
            let code = code(&answer).unwrap_or("no-answer");
            format!(
                "request {} refused: {code} {}",
                entry.request_id,
                fields.join(", ")
            )
        };
        tell(what.trim_end());
        entry.end = Some(End {
            opened,
            answer,
            at_ms: now_ms(),
        });
        self.outbox.keep(entry.clone())?;
        self.file_away(&entry)
    }

    /// Moves the file of an ended request away; one that is gone already is no failure.
    fn file_away(&mut self, entry: &Entry) -> io::Result<()> {
        let (Some(folder), Some(end)) = (&mut self.folder, &entry.end) else {
            return Ok(());
        };
        if entry.file.is_empty() {
            return Ok(());
        }
        let inner = if end.opened { "done" } else { "refused" };
        let suffix = entry.request_id.get(24..).unwrap_or_default();
        // Another file of the same name may have come since: it is not this one's.
        let content = folder.read(&entry.file).unwrap_or_default();
        if ids::key_of(&entry.file, &content) != entry.key {
            return Ok(());
        }
        folder.file_away(&entry.file, (inner, &format!("{:#}", end.answer)), suffix)
    }

    fn fail(&mut self, why: &str, tell: Tell<'_>) {
        if self.failures == 0 {
            tell(&format!(
                "the installation does not take requests now: {why}; trying on"
            ));
        }
        let pause = PAUSE_FIRST
            .saturating_mul(1 << self.failures.min(8))
            .min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        self.pause_until = Some(Instant::now() + pause);
    }

    async fn ask(&mut self, method: Method, path: &str, body: Bytes) -> Result<Answer, WireError> {
        let asked_ms = now_ms();
        let mut headers = vec![("authorization", format!("Bearer {}", self.config.token))];
        if !body.is_empty() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        let answer = self
            .config
            .client
            .ask(Ask {
                method,
                path: Some(path),
                headers,
                body,
                answer_max: ANSWER_MAX,
            })
            .await?;
        self.clock.learn(asked_ms, now_ms(), answer.date.as_deref());
        Ok(answer)
    }

    fn forget(&mut self) -> io::Result<()> {
        let lately = |at: Instant| at.elapsed() < CLEAR_EVERY;
        if self.cleared.is_some_and(lately) {
            return Ok(());
        }
        self.cleared = Some(Instant::now());
        let now = now_ms();
        self.outbox.forget(now);
        match &self.folder {
            Some(folder) => folder.forget(self.config.keep_ms, now),
            None => Ok(()),
        }
    }
}

fn source(file: &str) -> &str {
    if file.is_empty() { "a post" } else { file }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn utc(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.to_string())
        .unwrap_or_default()
}
