//! Rules to be beaten, over one picture and one change: pressure, wave and rate.

use super::roads::{LaneNo, Signal};
use super::sensing::{LinkSeen, SignalView};
use super::signals::Driver;

/// Two vehicles leave a stop line this far apart, seconds.
const HEADWAY_S: f64 = 1.9;
/// The same where all have to give way.
const YIELDING_HEADWAY_S: f64 = 3.0;
/// The first one needs this much longer, seconds.
const START_S: f64 = 1.5;
/// How far the wave rule looks, metres.
const WAVE_M: f64 = 50.0;
/// Somebody who waits at red longer than this is served next, seconds.
const RED_MAX_S: u32 = 90;

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

    fn opened(&self, opens: &Opens, lane: usize, view: &SignalView) -> f64 {
        if knobs()[5] < 0.5 {
            return 1.0;
        }
        let (mut open, mut all) = (0.0, 0.0);
        for (link, _) in self
            .lane_of
            .iter()
            .enumerate()
            .filter(|(_, of)| **of == lane)
        {
            let passed = f64::from(view.links[link].departed) + 1.0;
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
        let knobs = knobs();
        let (lost_s, least_s) = if stage == now.current {
            (0.0, knobs[4])
        } else {
            let change_s = f64::from(now.driver.change_s(stage));
            (change_s + knobs[0], change_s + knobs[1])
        };
        let mut served: Vec<(f64, f64)> = Vec::new();
        for (lane, yields) in &opens.lanes {
            let own = |link: &&usize| self.lane_of.get(**link) == Some(lane);
            let mut links = opens.links.iter().filter(own);
            if links.all(|link| now.view.links.get(*link).is_some_and(LinkSeen::is_full)) {
                continue;
            }
            let headway_s = if *yields { knobs[3] } else { knobs[2] };
            let mut queue: Vec<(f64, f64)> = now
                .view
                .seen
                .iter()
                .filter(|seen| seen.lane == *lane)
                .map(|seen| (arrival_s(seen), seen.share))
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

fn knobs() -> &'static [f64; 6] {
    static K: std::sync::OnceLock<[f64; 6]> = std::sync::OnceLock::new();
    K.get_or_init(|| {
        let mut k = [1.5, 7.0, 1.9, 3.0, 1.0, 0.0];
        if let Ok(t) = std::env::var("GW_RI") {
            for (a, b) in k.iter_mut().zip(t.split(',')) {
                *a = b.parse().unwrap_or(*a);
            }
        }
        k
    })
}

/// When a vehicle can be at the stop line, driving as it does or setting off now, seconds.
fn arrival_s(seen: &super::sensing::Seen) -> f64 {
    let v = seen.speed_mps.max(1.0);
    let limit = 13.9_f64;
    let a = 2.6;
    let d = seen.distance_m;
    let d_a = ((limit * limit - v * v) / (2.0 * a)).max(0.0);
    if d <= d_a {
        ((v * v + 2.0 * a * d).sqrt() - v) / a
    } else {
        ((limit - v) / a).max(0.0) + (d - d_a) / limit.max(v)
    }
}

fn count(view: &SignalView, lane: usize, within_m: f64) -> f64 {
    let near = |seen: &&super::sensing::Seen| seen.lane == lane && seen.distance_m <= within_m;
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
