//! Rules to be beaten, over one picture and one change: pressure, wave and rate.

use super::roads::{LaneNo, Signal};
use super::sensing::{LinkSeen, Seen, SignalView};
use super::signals::Driver;

/// Two vehicles leave a stop line this far apart, seconds.
pub(super) const HEADWAY_S: f64 = 1.9;
/// The same where all of the lane that is opened has to give way.
pub(super) const YIELDING_HEADWAY_S: f64 = 6.0;
/// The first one needs this much longer, seconds.
pub(super) const START_S: f64 = 1.5;
/// A stage that is changed to is weighed over at least this much green, seconds.
pub(super) const CHANGED_MIN_S: f64 = 4.0;
/// The stage that is green is weighed over at least this much, seconds.
pub(super) const RUNNING_MIN_S: f64 = 1.0;
/// Speed that everybody reaches, m/s.
const LIMIT_MPS: f64 = 13.9;
/// How fast they reach it, m/s².
const PICK_UP: f64 = 2.6;
/// How far the wave rule looks, metres.
const WAVE_M: f64 = 50.0;
/// Somebody who waits at red longer than this is served next, seconds.
pub(super) const RED_MAX_S: u32 = 90;

/// What a rule knows when it chooses.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// The second.
    pub now: u32,
    /// The signal's picture.
    pub view: &'a SignalView,
    /// Its lamps.
    pub driver: &'a Driver,
    /// The stage that is green.
    pub current: usize,
}

/// Which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// Vehicles before minus vehicles behind.
    MaxPressure,
    /// Most vehicles near the stop line.
    MaxWave,
    /// Most vehicles served per second.
    RateIndex,
}

/// What a stage opens.
#[derive(Clone, Debug)]
struct Opens {
    /// Stop lanes, and whether all of the lane that is opened has to yield.
    lanes: Vec<(usize, bool)>,
    /// Links.
    links: Vec<usize>,
    /// Exit lanes, and a link that leads to each.
    exits: Vec<(LaneNo, usize)>,
}

/// One signal's rule.
#[derive(Clone, Debug)]
pub struct Rule {
    kind: RuleKind,
    stages: Vec<Opens>,
    /// The stop lane of each link.
    lane_of: Vec<usize>,
    /// Since when somebody waits at red before each link.
    red_since: Vec<Option<u32>>,
}

impl Rule {
    /// A rule for this signal.
    #[must_use]
    pub fn new(kind: RuleKind, signal: &Signal) -> Self {
        Self {
            kind,
            stages: signal.stages.iter().map(|s| opens(signal, s)).collect(),
            lane_of: signal.links.iter().map(|link| link.lane).collect(),
            red_since: vec![None; signal.links.len()],
        }
    }

    /// Notes who waits at red; to be told every second.
    pub fn watch(&mut self, now: u32, view: &SignalView, green: Option<usize>) {
        let open = green.and_then(|stage| self.stages.get(stage));
        for (link, since) in self.red_since.iter_mut().enumerate() {
            let waits = self
                .lane_of
                .get(link)
                .and_then(|lane| view.presence.get(*lane));
            let served = open.is_some_and(|open| open.links.contains(&link));
            if served || waits != Some(&true) {
                *since = None;
            } else if since.is_none() {
                *since = Some(now);
            }
        }
    }

    /// The stage to show next.
    #[must_use]
    pub fn choose(&self, now: &Now<'_>) -> usize {
        if self.kind == RuleKind::RateIndex
            && let Some(overdue) = self.overdue(now.now)
        {
            return overdue;
        }
        let mut best = (now.current, self.worth(now.current, now));
        for stage in (0..self.stages.len()).filter(|stage| *stage != now.current) {
            let worth = self.worth(stage, now);
            if worth > best.1 {
                best = (stage, worth);
            }
        }
        best.0
    }

    /// The stage that serves whoever waited too long.
    fn overdue(&self, now: u32) -> Option<usize> {
        let waited = |since: &Option<u32>| since.map_or(0, |since| now - since);
        let (link, since) = (0..)
            .zip(&self.red_since)
            .max_by_key(|(_, since)| waited(since))?;
        if waited(since) < RED_MAX_S {
            return None;
        }
        self.stages
            .iter()
            .position(|stage| stage.links.contains(&link))
    }

    fn worth(&self, stage: usize, now: &Now<'_>) -> f64 {
        let Some(opens) = self.stages.get(stage) else {
            return f64::NEG_INFINITY;
        };
        let view = now.view;
        match self.kind {
            RuleKind::MaxWave => opens
                .lanes
                .iter()
                .map(|(lane, _)| count(view, *lane, WAVE_M) * self.opened(opens, *lane, view))
                .sum(),
            RuleKind::MaxPressure => {
                let before: f64 = opens
                    .lanes
                    .iter()
                    .map(|(lane, _)| {
                        count(view, *lane, f64::INFINITY) * self.opened(opens, *lane, view)
                    })
                    .sum();
                let behind = opens
                    .exits
                    .iter()
                    .filter_map(|(_, link)| view.links.get(*link));
                before - behind.map(|seen| f64::from(seen.exit)).sum::<f64>()
            }
            RuleKind::RateIndex => self.rate(stage, opens, now),
        }
    }

    /// The part of a lane's vehicles that a stage lets go, from what was counted so far: where it
    /// opens only some of the links of a shared lane, the others stay.
    fn opened(&self, opens: &Opens, lane: usize, view: &SignalView) -> f64 {
        let (mut open, mut all) = (0.0, 0.0);
        for (link, _) in self
            .lane_of
            .iter()
            .enumerate()
            .filter(|(_, of)| **of == lane)
        {
            let passed = f64::from(view.links.get(link).map_or(0, |seen| seen.departed)) + 1.0;
            all += passed;
            if opens.links.contains(&link) {
                open += passed;
            }
        }
        open / all
    }

    /// Most vehicles served per second of lost time and clearing: as many of the nearest as make the
    /// best of it.
    fn rate(&self, stage: usize, opens: &Opens, now: &Now<'_>) -> f64 {
        let (lost_s, least_s) = if stage == now.current {
            (0.0, RUNNING_MIN_S)
        } else {
            let change_s = f64::from(now.driver.change_s(stage));
            (change_s + START_S, change_s + CHANGED_MIN_S)
        };
        let mut served: Vec<(f64, f64)> = Vec::new();
        for (lane, yields) in &opens.lanes {
            let own = |link: &&usize| self.lane_of.get(**link) == Some(lane);
            let mut links = opens.links.iter().filter(own);
            if links.all(|link| now.view.links.get(*link).is_some_and(LinkSeen::is_full)) {
                continue;
            }
            let headway_s = if *yields {
                YIELDING_HEADWAY_S
            } else {
                HEADWAY_S
            };
            let mut queue: Vec<(f64, f64)> = now
                .view
                .seen
                .iter()
                .filter(|seen| seen.lane == *lane)
                .map(|seen| (arrival_s(seen.distance_m, seen.speed_mps), seen.share))
                .collect();
            queue.sort_by(|a, b| a.0.total_cmp(&b.0));
            let weight = self.opened(opens, *lane, now.view);
            let mut last_s = lost_s;
            for (arrival_s, share) in queue {
                last_s = last_s.max(arrival_s) + headway_s * share;
                served.push((last_s, share * weight));
            }
        }
        served.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut sum, mut best) = (0.0, 0.0_f64);
        for (gone_s, share) in served {
            sum += share;
            best = best.max(sum / gone_s.max(least_s));
        }
        best
    }
}

/// When a vehicle can be at the stop line, driving as it does or setting off now, seconds.
pub(super) fn arrival_s(distance_m: f64, speed_mps: f64) -> f64 {
    let (v, d) = (speed_mps.max(1.0), distance_m);
    let speeding_m = ((LIMIT_MPS * LIMIT_MPS - v * v) / (2.0 * PICK_UP)).max(0.0);
    if d <= speeding_m {
        ((v * v + 2.0 * PICK_UP * d).sqrt() - v) / PICK_UP
    } else {
        ((LIMIT_MPS - v) / PICK_UP).max(0.0) + (d - speeding_m) / LIMIT_MPS.max(v)
    }
}

fn count(view: &SignalView, lane: usize, within_m: f64) -> f64 {
    let near = |seen: &&Seen| seen.lane == lane && seen.distance_m <= within_m;
    view.seen.iter().filter(near).map(|seen| seen.share).sum()
}

fn opens(signal: &Signal, stage: &str) -> Opens {
    let letters = stage.as_bytes();
    let letter = |link: usize| letters.get(signal.links[link].index).copied();
    let links: Vec<usize> = (0..signal.links.len())
        .filter(|link| matches!(letter(*link), Some(b'G' | b'g')))
        .collect();
    let mut lanes = Vec::new();
    for (number, stop) in signal.lanes.iter().enumerate() {
        let own = || stop.links.iter().filter(|link| links.contains(link));
        if own().next().is_some() {
            let yields = own().all(|link| letter(*link) == Some(b'g'));
            lanes.push((number, yields));
        }
    }
    let mut exits: Vec<(LaneNo, usize)> = Vec::new();
    for link in &links {
        let to = signal.links[*link].to;
        if !exits.iter().any(|(known, _)| *known == to) {
            exits.push((to, *link));
        }
    }
    Opens {
        lanes,
        links,
        exits,
    }
}
