//! Tells the city's status page what is wrong with the bus. Nothing else depends on it.

use alloc::sync::Arc;
use std::collections::BTreeMap;

use tokio::time::{Duration, MissedTickBehavior, interval};

use super::super::world::{Alarm, AlarmDesk, Names};
use super::Health;
use super::desk::Desk;

/// From one look to the next.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks in a row without a broker before a person is bothered: it may only be starting.
const AWAY_LOOKS: u32 = 5;
/// Looks that a loss of messages stays on the page.
const LOSS_LOOKS: u32 = 60;
/// Looks that refusals are summed up over, and how many of them are worth a person's time.
const REFUSED_LOOKS: u32 = 60;
const REFUSED_MANY: u64 = 60;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    away_for: u32,
    lost: u64,
    lost_for: u32,
    refused: BTreeMap<&'static str, u64>,
    looks: u32,
    many: Option<(&'static str, u64)>,
}

impl Watch {
    /// One look, a second after the last one: what a person should know now.
    pub(super) fn look(
        &mut self,
        health: &Health,
        counts: &BTreeMap<&'static str, u64>,
    ) -> Vec<Alarm> {
        self.away_for = match health.away {
            Some(_) => self.away_for.saturating_add(1),
            None => 0,
        };
        let lost = health.inbox_lost.saturating_add(health.outbox_lost);
        if lost > self.lost {
            self.lost_for = LOSS_LOOKS;
        }
        self.lost = lost;
        self.lost_for = self.lost_for.saturating_sub(1);
        self.sum_up(counts);
        let away = health.away.as_ref().filter(|_| self.away_for >= AWAY_LOOKS);
        let away = away.map(|why| lost_broker(&health.name, why));
        let full = (self.lost_for > 0).then(|| full(&health.name));
        let many = self.many.map(|(reason, count)| refused(reason, count));
        away.into_iter().chain(full).chain(many).collect()
    }

    fn sum_up(&mut self, counts: &BTreeMap<&'static str, u64>) {
        self.looks = self.looks.saturating_add(1);
        if self.looks < REFUSED_LOOKS {
            return;
        }
        self.looks = 0;
        let harmless = ["done", "again", "refused-by-route"];
        let refused = counts.iter().filter(|(what, _)| !harmless.contains(what));
        let newly = refused.map(|(what, count)| {
            let before = self.refused.get(what).copied().unwrap_or(0);
            (*what, count.saturating_sub(before))
        });
        let newly: Vec<_> = newly.collect();
        let sum: u64 = newly.iter().map(|(_, count)| count).sum();
        let most = newly.iter().max_by_key(|(_, count)| *count);
        self.many = most
            .filter(|_| sum >= REFUSED_MANY)
            .map(|(what, _)| (*what, sum));
        if self.refused != *counts {
            tracing::info!(?counts, "messages so far");
        }
        self.refused.clone_from(counts);
    }
}

/// Looks for as long as the bus runs.
pub(super) async fn watch(desk: &Arc<Desk>) {
    let mut watch = Watch::default();
    let mut clock = interval(LOOK_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let alarms = watch.look(&desk.bus.health(), &desk.counts.all());
        desk.api.world.bus_alarms(alarms);
    }
}

fn alarm(code: &str, zh: String, en: String) -> Alarm {
    Alarm {
        code: code.to_owned(),
        serious: false,
        text: Names::new(zh, en),
        site: None,
        desk: AlarmDesk::default(),
    }
}

fn lost_broker(name: &str, why: &str) -> Alarm {
    alarm(
        "mqtt-broker-lost",
        format!("MQTT 代理 {name} 无法连接（{why}）；HTTP 接口和信号控制照常"),
        format!(
            "the MQTT broker {name} is not reached ({why}); HTTP and the signals go on: look at the \
             broker, the network and the certificates"
        ),
    )
}

fn full(name: &str) -> Alarm {
    alarm(
        "mqtt-queue-full",
        format!("与 MQTT 代理 {name} 之间有消息被丢弃；信号控制照常"),
        format!(
            "messages to or from the MQTT broker {name} were dropped because too many waited; \
             the signals go on"
        ),
    )
}

fn refused(reason: &str, count: u64) -> Alarm {
    alarm(
        "mqtt-refused",
        format!("一分钟内拒绝了 {count} 条 MQTT 消息，多数原因：{reason}"),
        format!("{count} MQTT messages were refused within a minute, most of them: {reason}"),
    )
}
