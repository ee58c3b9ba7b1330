//! The JT/T 808 gateway: terminals call over TCP.
//!
//! One small task a connection, and nothing in it can grow: one frame is held while it comes in,
//! sixteen orders wait at most, and a terminal that does not take what it is sent is dropped.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};

use super::book::Book;
use super::callers::{Call, Callers};
use super::crew::Crew;
use super::hub::{FeedState, Hub};
use super::session::{Effect, Now, Order, Session};

/// A terminal that takes nothing for so long is dropped.
const WRITE_WITHIN: Duration = Duration::from_secs(5);
/// Orders that may wait for one terminal.
const ORDERS: usize = 16;
/// Bytes read at once.
const READ: usize = 4_096;
/// A newer call of the same address has taken the place of one that says nothing.
const TOO_MANY: &str = "too-many-of-one-address";
/// Refusals of one connection that are kept with their bytes each second; all are counted.
const KEPT_PER_S: u32 = 10;

/// Who speaks for each vehicle now.
#[derive(Debug, Default)]
pub struct Terminals {
    by_vehicle: Mutex<BTreeMap<String, (u64, mpsc::Sender<Order>)>>,
    connections: AtomicU64,
}

impl Terminals {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, (u64, mpsc::Sender<Order>)>> {
        self.by_vehicle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the connection that speaks for a vehicle.
    #[must_use]
    pub fn connection(&self, vehicle: &str) -> Option<u64> {
        self.lock().get(vehicle).map(|(number, _)| *number)
    }

    /// Vehicles whose terminal is signed on.
    #[must_use]
    pub fn vehicles(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// Gives a terminal an order; false if it is not there or has too many already.
    pub fn order(&self, vehicle: &str, order: Order) -> bool {
        let orders = self.lock().get(vehicle).map(|(_, orders)| orders.clone());
        orders.is_some_and(|orders| orders.try_send(order).is_ok())
    }

    fn enter(&self, vehicle: &str, number: u64, orders: mpsc::Sender<Order>) {
        let before = self.lock().insert(vehicle.to_owned(), (number, orders));
        // The newer connection is the terminal's; the older one hangs in a dead network.
        if let Some((other, orders)) = before.filter(|(other, _)| *other != number) {
            let told = orders.try_send(Order::Leave).is_ok();
            tracing::debug!(vehicle, other, told, "a terminal came back");
        }
    }

    fn leave(&self, vehicle: &str, number: u64) {
        let mut by_vehicle = self.lock();
        if by_vehicle
            .get(vehicle)
            .is_some_and(|(own, _)| *own == number)
        {
            by_vehicle.remove(vehicle);
        }
    }
}

/// What every connection shares.
#[derive(Debug)]
pub struct Gateway {
    /// Where positions go.
    pub hub: Arc<Hub>,
    /// Who may sign on.
    pub book: Arc<Book>,
    /// Who has.
    pub terminals: Arc<Terminals>,
    /// When the clock of the sessions began.
    pub began: Instant,
}

impl Gateway {
    fn now(&self) -> Now {
        Now {
            mono_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            unix_ms: jiff::Timestamp::now().as_millisecond(),
        }
    }

    /// Takes terminals in until the task is stopped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, feed: Arc<FeedState>) {
        let room = Arc::new(Semaphore::new(usize::from(feed.feed.connections_max)));
        let callers = Callers::default();
        loop {
            let (stream, from) = match listener.accept().await {
                Ok(one) => one,
                Err(why) => {
                    // Out of files, as a rule: others have to leave first.
                    tracing::warn!(%why, feed = feed.feed.id, "a terminal could not be taken in");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                self.hub
                    .refused(&feed, &from.to_string(), "too-many-connections");
                continue;
            };
            let (call, is_full) = callers.take(from.ip());
            if is_full {
                // Counted only: whoever calls so often would fill a file too.
                feed.counts.refused(TOO_MANY);
            }
            let (gateway, feed) = (Arc::clone(&self), Arc::clone(&feed));
            tokio::spawn(async move {
                gateway.talk(stream, (from, call), &feed).await;
                drop(place);
            });
        }
    }

    /// Tells crews what becomes of their corridors, once a second.
    pub async fn tell_crews(self: Arc<Self>, feed: Arc<FeedState>) {
        let mut crew = Crew::default();
        let mut every = seconds();
        loop {
            every.tick().await;
            let escorts = self.hub.street().escorts();
            let terminals = &self.terminals;
            let orders = crew.look(&escorts, |vehicle| terminals.connection(vehicle));
            for (of, mut order) in orders {
                let mut sent = None;
                if let Order::Text { text, number, .. } = &mut order {
                    let street = self.hub.street();
                    *number = street.text_sent(of.corridor, &of.vehicle, text);
                    sent = Some(*number);
                }
                if !terminals.order(&of.vehicle, order) {
                    self.hub.refused(&feed, &of.vehicle, "order-not-taken");
                    if let Some(number) = sent {
                        self.hub.street().text_answered(number, "not-taken");
                    }
                }
            }
        }
    }

    async fn talk(
        &self,
        mut stream: TcpStream,
        (from, call): (SocketAddr, Call),
        feed: &FeedState,
    ) {
        let number = self.terminals.connections.fetch_add(1, Ordering::Relaxed);
        let idle_ms = u64::from(feed.feed.idle.as_ms());
        let give_way = Arc::clone(&call.give_way);
        let session = Session::new(Arc::clone(&self.book), idle_ms, self.now());
        let (sender, mut orders) = mpsc::channel(ORDERS);
        let mut talk = Talk {
            gateway: self,
            feed,
            from: from.to_string(),
            call: Some(call),
            number,
            orders: sender,
            session,
            effects: Vec::new(),
            kept: (0, 0),
        };
        let mut every = seconds();
        let mut read = vec![0; READ];
        let why = loop {
            let now = tokio::select! {
                got = stream.read(&mut read) => {
                    let now = self.now();
                    match got {
                        Ok(0) => break "hung-up",
                        Ok(count) => {
                            let bytes = read.get(..count).unwrap_or_default();
                            talk.session.bytes(bytes, now, &mut talk.effects);
                        }
                        Err(_) => break "lost",
                    }
                    now
                }
                order = orders.recv() => {
                    let now = self.now();
                    if let Some(order) = order {
                        talk.session.order(&order, now, &mut talk.effects);
                    }
                    now
                }
                () = give_way.notified(), if talk.call.is_some() => break TOO_MANY,
                _ = every.tick() => {
                    let now = self.now();
                    talk.session.tick(now, &mut talk.effects);
                    now
                }
            };
            let (send, ended) = talk.carry_out(now);
            if !send.is_empty() {
                let written = timeout(WRITE_WITHIN, stream.write_all(&send)).await;
                if !matches!(written, Ok(Ok(()))) {
                    break "slow";
                }
            }
            if let Some(why) = ended {
                break why;
            }
        };
        talk.end(why);
    }
}

/// One connection at work.
struct Talk<'g> {
    gateway: &'g Gateway,
    feed: &'g FeedState,
    from: String,
    /// Counts against its address until it signs on.
    call: Option<Call>,
    number: u64,
    orders: mpsc::Sender<Order>,
    session: Session,
    effects: Vec<Effect>,
    /// The second, and how many refusals were kept in it.
    kept: (u64, u32),
}

impl Talk<'_> {
    /// Does what the session wants; what is to be sent, and why it is over if it is.
    fn carry_out(&mut self, now: Now) -> (Vec<u8>, Option<&'static str>) {
        let (hub, feed) = (&self.gateway.hub, self.feed);
        let (mut send, mut ended) = (Vec::new(), None);
        for effect in core::mem::take(&mut self.effects) {
            match effect {
                Effect::Send(raw) => send.extend(raw),
                Effect::Frame => feed.counts.frame(),
                Effect::SignedOn(vehicle) => {
                    self.call = None;
                    self.gateway
                        .terminals
                        .enter(&vehicle, self.number, self.orders.clone());
                    let about = json!({ "vehicle": vehicle, "from": self.from });
                    hub.note(feed, "signed-on", &about);
                }
                Effect::Report(report) => {
                    if let Some(vehicle) = self.session.vehicle() {
                        hub.report(feed, vehicle, &report, now.unix_ms);
                    }
                }
                Effect::History(reports) => {
                    if let Some(vehicle) = self.session.vehicle() {
                        hub.history(feed, vehicle, &reports);
                    }
                }
                Effect::Broken(raw, fault) => {
                    if keeps(&mut self.kept, now) {
                        hub.broken(feed, &self.from, &raw, &fault);
                    } else {
                        feed.counts.refused(fault.kind.word());
                    }
                }
                Effect::Refused(reason) => {
                    if keeps(&mut self.kept, now) {
                        hub.refused(feed, &self.from, reason);
                    } else {
                        feed.counts.refused(reason);
                    }
                }
                Effect::Receipt { of, result, number } => {
                    if number > 0 {
                        hub.street().text_answered(number, result);
                    }
                    let vehicle = self.session.vehicle();
                    let about = json!({ "vehicle": vehicle, "of": of, "result": result });
                    hub.note(feed, "receipt", &about);
                }
                Effect::Close(why) => ended = Some(why),
            }
        }
        (send, ended)
    }

    fn end(&self, why: &str) {
        for number in self.session.unanswered() {
            self.gateway.hub.street().text_answered(number, "lost");
        }
        let vehicle = self.session.vehicle();
        if let Some(vehicle) = vehicle {
            self.gateway.terminals.leave(vehicle, self.number);
        }
        if why == TOO_MANY {
            // Counted already, and no more: whoever calls so often would fill a file too.
            return;
        }
        let about = json!({ "vehicle": vehicle, "from": self.from, "why": why });
        self.gateway.hub.note(self.feed, "left", &about);
    }
}

fn seconds() -> Interval {
    let mut every = interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}

/// True for the first few refusals of a second.
fn keeps(kept: &mut (u64, u32), now: Now) -> bool {
    let second = now.mono_ms / 1000;
    if kept.0 != second {
        *kept = (second, 0);
    }
    kept.1 = kept.1.saturating_add(1);
    kept.1 <= KEPT_PER_S
}
