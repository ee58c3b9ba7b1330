//! A broker by MQTT 5: the only file that names the client library.
//!
//! The wanted subscriptions are kept here and made anew whenever the broker has no session of ours;
//! we ask for none, so that nothing of yesterday waits for us. While there is no connection nothing
//! is put by: a status would be stale, and an answer is given again to whoever asks again.

use alloc::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rumqttc::mqttbytes::v5::{Packet, PublishProperties, RetainForwardRule, SubscribeReasonCode};
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, PublishOptions, QoS, SessionMode,
    SubscribeFilterInput, TlsConfiguration, Transport,
};
use tokio::time::sleep;

use super::inboxes::{Inboxes, Receivers};
use super::{Health, Incoming, MessageBus, NotSent, Outgoing, Settings};

/// Messages that wait to go out.
const OUTBOX_MAX: usize = 1024;
/// Larger packets are not sent to us by the broker: what we refuse ourselves is smaller.
const PACKET_MAX: u32 = 128 * 1024;
/// Waits after failed connections: the first, and the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_LONGEST: Duration = Duration::from_secs(15);

#[derive(Debug, Default)]
struct Shared {
    listeners: Mutex<Vec<Inboxes>>,
    away: Mutex<Option<String>>,
    is_here: AtomicBool,
    is_over: AtomicBool,
    inbox_lost: AtomicU64,
    outbox_lost: AtomicU64,
    away_lost: AtomicU64,
}

/// The connection to a broker; it is made, and made again, on a task of its own.
#[derive(Debug)]
pub struct Broker {
    client: AsyncClient,
    shared: Arc<Shared>,
    name: String,
}

impl Broker {
    /// Begins to connect, on the runtime this is called from.
    #[must_use]
    pub fn start(settings: &Settings) -> Self {
        let mut options = MqttOptions::new(
            settings.client_id.clone(),
            (settings.host.clone(), settings.port),
        );
        options
            .set_keep_alive(settings.keep_alive_s)
            .set_session_mode(SessionMode::Clean)
            .set_max_packet_size(Some(PACKET_MAX));
        if let Some((user, password)) = &settings.user {
            options.set_credentials(user.clone(), password.clone());
        }
        if let Some(tls) = &settings.tls {
            let tls = TlsConfiguration::Rustls(Arc::clone(tls));
            options.set_transport(Transport::tls_with_config(tls));
        }
        let (client, events) = AsyncClient::builder(options).capacity(OUTBOX_MAX).build();
        let shared = Arc::new(Shared {
            away: Mutex::new(Some("not connected yet".to_owned())),
            ..Shared::default()
        });
        tokio::spawn(keep(events, client.clone(), Arc::clone(&shared)));
        Self {
            client,
            shared,
            name: format!("{}:{}", settings.host, settings.port),
        }
    }
}

impl MessageBus for Broker {
    fn publish(&self, message: Outgoing) -> Result<(), NotSent> {
        let properties = PublishProperties {
            message_expiry_interval: Some(message.expiry_s),
            content_type: Some("application/json".to_owned()),
            ..PublishProperties::default()
        };
        let quality = if message.sure {
            QoS::AtLeastOnce
        } else {
            QoS::AtMostOnce
        };
        let options = PublishOptions::new(quality).properties(properties);
        let (sent, lost) = if self.shared.is_here.load(Ordering::Acquire) {
            let sent = self
                .client
                .try_publish(message.topic, message.payload, options);
            (sent.map_err(|_| NotSent::Full), &self.shared.outbox_lost)
        } else {
            (Err(NotSent::Away), &self.shared.away_lost)
        };
        if sent.is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }

    fn listen_apart(&self, filter: &str, apart: &[String]) -> Receivers {
        let (inboxes, messages) = Inboxes::new(filter, apart);
        lock(&self.shared.listeners).push(inboxes);
        if self.shared.is_here.load(Ordering::Acquire) {
            let made = self.client.try_subscribe_many([subscription(filter)]);
            if let Err(why) = made {
                tracing::warn!(%why, filter, "a subscription waits for the next connection");
            }
        }
        messages
    }

    fn health(&self) -> Health {
        Health {
            name: self.name.clone(),
            away: lock(&self.shared.away).clone(),
            inbox_lost: self.shared.inbox_lost.load(Ordering::Relaxed),
            outbox_lost: self.shared.outbox_lost.load(Ordering::Relaxed),
            away_lost: self.shared.away_lost.load(Ordering::Relaxed),
        }
    }

    fn close(&self) {
        self.shared.is_over.store(true, Ordering::Release);
        let _already_ended = self.client.try_disconnect_now();
    }
}

/// Retained messages are not sent to us, and a message that is to be retained says so.
fn subscription(filter: &str) -> SubscribeFilterInput {
    SubscribeFilterInput::new(filter, QoS::AtLeastOnce)
        .no_local(true)
        .preserve_retain(true)
        .retain_forward_rule(RetainForwardRule::Never)
}

/// Keeps the connection until the bus is closed.
async fn keep(mut events: EventLoop, client: AsyncClient, shared: Arc<Shared>) {
    let mut pause = PAUSE_FIRST;
    while !shared.is_over.load(Ordering::Acquire) {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(hello))) => {
                pause = PAUSE_FIRST;
                if !hello.session_present {
                    subscribe_anew(&client, &shared);
                }
                *lock(&shared.away) = None;
                shared.is_here.store(true, Ordering::Release);
                tracing::info!("the MQTT broker is reached");
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let topic = String::from_utf8_lossy(&publish.topic).into_owned();
                shared.deliver(&Incoming {
                    topic,
                    payload: publish.payload,
                    retained: publish.retain,
                });
            }
            Ok(Event::Incoming(Packet::SubAck(answer))) => {
                let taken = |code: &_| matches!(code, SubscribeReasonCode::Success(_));
                if !answer.return_codes.iter().all(taken) {
                    let why = "the broker does not let us listen: look at its access list";
                    *lock(&shared.away) = Some(why.to_owned());
                }
            }
            Ok(_) => {}
            Err(why) => {
                let was_here = shared.is_here.swap(false, Ordering::AcqRel);
                *lock(&shared.away) = Some(why.to_string());
                if was_here {
                    tracing::warn!(%why, "the MQTT broker is lost");
                }
                if !shared.is_over.load(Ordering::Acquire) {
                    sleep(pause).await;
                    pause = pause.saturating_mul(2).min(PAUSE_LONGEST);
                }
            }
        }
    }
    lock(&shared.listeners).clear();
}

fn subscribe_anew(client: &AsyncClient, shared: &Shared) {
    let listeners = lock(&shared.listeners);
    let filters: Vec<_> = listeners
        .iter()
        .map(|one| subscription(&one.filter))
        .collect();
    if filters.is_empty() {
        return;
    }
    let client = client.clone();
    // On its own: it may have to wait for room, which only this connection's task makes.
    tokio::spawn(async move {
        if let Err(why) = client.subscribe_many(filters).await {
            tracing::error!(%why, "the subscriptions could not be made");
        }
    });
}

impl Shared {
    fn deliver(&self, message: &Incoming) {
        for one in lock(&self.listeners).iter() {
            if one.deliver(message).is_err() {
                self.inbox_lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
