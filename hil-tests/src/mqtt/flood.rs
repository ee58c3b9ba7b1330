//! Many messages that must have no effect: forged, replayed, duplicated, late, of another epoch,
//! retained, unreadable; past the broker's access list and in front of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use greenwave::shell::dispatch::bus::{Broker, Exchange, Letter, Verb};
use serde::Serialize;
use serde_json::{Value, json};

use super::{AGENCY, Mosquitto, OTHER, Publisher, Site, moment};

/// Messages that are published before they are waited for; the controller's inbox takes more.
const BATCH: u64 = 200;
/// A batch that is not judged by then will not be.
const PATIENCE: Duration = Duration::from_mins(1);

/// What came of a flood.
#[derive(Debug, Serialize)]
pub struct Flood {
    /// Published, of whichever kind.
    pub messages: u64,
    /// Of these, by a cabinet that the broker's access list keeps off the topic.
    pub kept_off_by_the_broker: u64,
    /// Judged by the controller, by what became of them.
    pub judged: BTreeMap<&'static str, u64>,
    /// Dropped unseen because the inbox was full.
    pub inbox_lost: u64,
    /// Acts of the city beyond the one request and the one cancellation that were meant.
    pub effects: u64,
    /// How long it took; a figure, no promise.
    pub seconds: f64,
}

/// What the hostile messages are made from.
struct Mill<'a> {
    site: &'a Site,
    good: (String, String),
    corridor: u32,
}

impl Mill<'_> {
    /// The kind with this number: its topic and payload.
    fn make(&self, kind: u64) -> (String, String) {
        let site = self.site;
        let letter = site.letter(None, &site.request());
        let of = |verb: Verb, letter: &Letter| site.sealed(verb, letter);
        let change = |body: &Value| site.letter(Some(self.corridor), body);
        match kind % 12 {
            // What was taken, once more.
            0 => self.good.clone(),
            1 => {
                let topic = site.topics.ask(AGENCY, Verb::Request);
                let forged = letter.seal("somebody else's token", &topic);
                (topic, forged)
            }
            2 => of(Verb::Request, &an_hour_ago(letter)),
            3 => of(Verb::Cancel, &an_hour_ago(change(&Value::Null))),
            4 => {
                let body = json!({ "agency": OTHER });
                of(Verb::HandOver, &an_hour_ago(change(&body)))
            }
            5 => {
                let late = Letter {
                    issued_at: moment(-20),
                    expires_at: moment(-1),
                    ..letter
                };
                of(Verb::Request, &late)
            }
            6 => of(
                Verb::Cancel,
                &Letter {
                    epoch: 0,
                    ..change(&Value::Null)
                },
            ),
            7 => {
                let body = json!({ "expires_at": moment(3000) });
                let (_, payload) = of(Verb::Extend, &change(&body));
                // Signed for another topic.
                (site.topics.ask(AGENCY, Verb::Cancel), payload)
            }
            8 => (
                site.topics.ask("police", Verb::Request),
                self.good.1.clone(),
            ),
            9 => (site.topics.ask(AGENCY, Verb::Request), "{".repeat(3000)),
            10 => {
                let topic = site.topics.ask(AGENCY, Verb::Position);
                (topic, "[".repeat(4000))
            }
            _ => (site.topics.ask(OTHER, Verb::Request), self.good.1.clone()),
        }
    }
}

fn an_hour_ago(letter: Letter) -> Letter {
    Letter {
        issued_at: moment(-3600),
        expires_at: moment(-3570),
        ..letter
    }
}

/// Runs `messages` hostile messages against a site whose corridor is under way.
///
/// # Errors
/// Something does not start, or a meant act is not done.
pub fn flood(messages: u64) -> Result<Flood, String> {
    let broker = Mosquitto::start()?;
    let settings = broker.settings("ca.pem")?;
    let over = || Exchange::over(std::sync::Arc::new(Broker::start(&settings)));
    let site = Site::start(over)?;
    let answers = broker.listen(AGENCY, &site.topics.answers(AGENCY, "desk"))?;
    let letter = site.letter(None, &site.request());
    let good = site.sealed(Verb::Request, &letter);
    broker.publish(AGENCY, (&good.0, &good.1))?;
    let (status, body) = answers.answer(&letter.nonce)?;
    let corridor = body["corridor_id"]
        .as_u64()
        .and_then(|id| u32::try_from(id).ok());
    let corridor = corridor.ok_or_else(|| format!("not opened: {status} {body}"))?;
    let mill = Mill {
        site: &site,
        good,
        corridor,
    };
    let began = Instant::now();
    let (sent, kept_off) = run(&broker, &mill, messages)?;
    let seconds = began.elapsed().as_secs_f64();
    let judged = site.exchange.counts.all();
    // Still there, still the agency's, and still at its word.
    let cancel = site.letter(Some(corridor), &Value::Null);
    let (topic, payload) = site.sealed(Verb::Cancel, &cancel);
    broker.publish(AGENCY, (&topic, &payload))?;
    let (status, body) = answers.answer(&cancel.nonce)?;
    if status != 200 || body["state"] != "cancelled" {
        return Err(format!("the meant cancellation got {status} {body}"));
    }
    let done = site.count("done") + site.count("refused-by-route");
    let opened = u64::from(site.city.opened());
    Ok(Flood {
        messages: sent,
        kept_off_by_the_broker: kept_off,
        judged,
        inbox_lost: site.exchange.bus.health().inbox_lost,
        effects: done.saturating_sub(2) + opened.saturating_sub(1) + site.city.fixes(),
        seconds,
    })
}

/// Publishes in batches and waits for each to be judged; how many were sent, and kept off.
fn run(broker: &Mosquitto, mill: &Mill<'_>, messages: u64) -> Result<(u64, u64), String> {
    let mut publishers: BTreeMap<(&str, String), Publisher> = BTreeMap::new();
    let (mut sent, mut kept_off, mut retained) = (0, 0, 0);
    let already = mill.site.judged();
    while sent < messages {
        for number in sent..messages.min(sent + BATCH) {
            let (topic, payload) = mill.make(number);
            // One of five by a cabinet, whom the broker keeps off; one of fifty to be retained.
            let (who, flags): (&str, &[&str]) = match number {
                _ if number % 5 == 4 => ("cabinet", &[]),
                _ if number % 50 == 0 => ("insider retaining", &["-r"]),
                _ => ("insider", &[]),
            };
            kept_off += u64::from(who == "cabinet");
            retained += u64::from(!flags.is_empty());
            let name = who.split(' ').next().unwrap_or(who);
            let publisher = match publishers.entry((who, topic.clone())) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(new) => {
                    new.insert(broker.publisher(name, &topic, flags)?)
                }
            };
            publisher.line(&payload)?;
        }
        sent = messages.min(sent + BATCH);
        wait(mill.site, already + sent - kept_off)?;
    }
    for publisher in publishers.into_values() {
        publisher.end()?;
    }
    if mill.site.count("retained") != retained {
        return Err(format!(
            "{retained} retained messages were sent, others were counted"
        ));
    }
    Ok((sent, kept_off))
}

#[expect(
    clippy::disallowed_methods,
    reason = "another program is waited for in real time"
)]
fn wait(site: &Site, judged: u64) -> Result<(), String> {
    let began = Instant::now();
    loop {
        let seen = site.judged() + site.exchange.bus.health().inbox_lost;
        if seen >= judged {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{seen} messages were judged, {judged} published"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
