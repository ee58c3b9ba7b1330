//! The search: short sequences of stages, and the first step of the one with the least delay.

use super::arrivals::Arrivals;
use super::drive::{Future, GONE, Green, LaneDrive, stop_cost};
use super::service::Services;
use crate::plan::Tuning;

/// How much longer the present green is tried to last, seconds.
const EXTENSIONS_S: [f32; 14] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 13.0, 16.0, 20.0, 25.0, 32.0, 40.0,
];
/// Most departures that one search may reckon, so that its time is bounded.
const DEPARTURES_MAX: u32 = 60_000;

/// What the search is given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) arrivals: &'a Arrivals,
    pub(super) services: &'a Services,
    pub(super) tuning: &'a Tuning,
    /// Place of the present stage in `services`.
    pub(super) present: usize,
    /// Seconds from letting the present stage go to the start of each stage, by place.
    pub(super) change_now_s: &'a [f32],
    /// Seconds that the present stage's vehicles still drive while its walkers clear, by next stage.
    pub(super) tail_s: &'a [f32],
    /// Seconds from the end of one stage to the start of another: row from, column to.
    pub(super) change_s: &'a [f32],
    /// Shortest green of each stage, by place.
    pub(super) green_min_s: &'a [f32],
    /// Stages that may come next, by place.
    pub(super) allowed: &'a [bool],
    /// The present stage may not go on.
    pub(super) must_change: bool,
}

/// What the search found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// Change now, to the stage in this place; `None` holds the present one.
    pub(super) next: Option<usize>,
    /// Seconds of delay of the best sequence.
    pub(super) cost_s: f32,
    /// Departures that were reckoned.
    pub(super) departures: u32,
}

/// Room for the futures under search; kept so that a decision allocates nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Search {
    root: Future,
    extended: Future,
    left: Future,
    tried: Future,
    departures: u32,
}

impl Search {
    /// With room for so many vehicles and walks in so many lanes.
    pub(super) fn with_room(vehicles: usize, lanes: usize) -> Self {
        let future = || Future::with_room(vehicles, lanes);
        Self {
            root: future(),
            extended: future(),
            left: future(),
            tried: future(),
            departures: 0,
        }
    }

    /// The best first step, and the least delay of any sequence that begins with each stage.
    pub(super) fn answer(&mut self, ask: &Question<'_>, scores: &mut Vec<f32>) -> Answer {
        self.departures = 0;
        self.begin(ask);
        scores.clear();
        scores.resize(ask.services.stages.len(), f32::INFINITY);
        let mut best = Answer {
            next: None,
            cost_s: f32::INFINITY,
            departures: 0,
        };
        let extensions = if ask.must_change {
            1
        } else {
            EXTENSIONS_S.len()
        };
        for extension in EXTENSIONS_S.iter().take(extensions).copied() {
            let mut extended = core::mem::take(&mut self.extended);
            extended.copy_from(&self.root);
            if extension > 0.0 {
                let green = Green {
                    stage: ask.present,
                    from_s: 0.0,
                    to_s: extension,
                };
                self.serve(ask, &mut extended, green);
            }
            if extended.cost_s <= best.cost_s {
                self.try_next(ask, &extended, extension, (&mut best, scores));
            }
            self.extended = extended;
            if self.departures > DEPARTURES_MAX {
                break;
            }
        }
        best.departures = self.departures;
        best
    }

    fn begin(&mut self, ask: &Question<'_>) {
        let lanes = ask.arrivals.starts.len().saturating_sub(1);
        self.root.lanes.clear();
        self.root
            .lanes
            .extend((0..lanes).map(|lane| (ask.arrivals.range(lane).0, 0.0)));
        self.root.mass.clear();
        self.root
            .mass
            .extend(ask.arrivals.list.iter().map(|arrival| arrival.mass));
        self.root.stage = ask.present;
        self.root.at_s = 0.0;
        self.root.cost_s = 0.0;
    }

    /// Every stage that may come next, with its short, middle and long green.
    fn try_next(
        &mut self,
        ask: &Question<'_>,
        extended: &Future,
        extension: f32,
        (best, scores): (&mut Answer, &mut Vec<f32>),
    ) {
        for next in 0..ask.services.stages.len() {
            if next == ask.present || !ask.allowed.get(next).copied().unwrap_or(false) {
                continue;
            }
            let from_s = extension + ask.change_now_s.get(next).copied().unwrap_or(0.0);
            let tail_s = ask.tail_s.get(next).copied().unwrap_or(0.0);
            let mut left = core::mem::take(&mut self.left);
            left.copy_from(extended);
            if tail_s > 0.0 {
                let green = Green {
                    stage: ask.present,
                    from_s: extension,
                    to_s: extension + tail_s,
                };
                self.serve(ask, &mut left, green);
            }
            let least = ask.green_min_s.get(next).copied().unwrap_or(5.0);
            let gap_s = ask.tuning.gap_s;
            let gaps_s = (gap_s, ask.tuning.gap_longer_s.max(gap_s));
            let (clear, longer, _) = self.look(ask, &left, (next, from_s), gaps_s);
            let (clear, longer) = (clear.max(least), longer.max(least));
            let middle = f32::midpoint(least, clear);
            let mut tried_before = f32::NAN;
            for green in [longer, clear, middle, least] {
                if (green - tried_before).abs() < 0.5 {
                    continue;
                }
                tried_before = green;
                let mut tried = core::mem::take(&mut self.tried);
                tried.copy_from(&left);
                let green = Green {
                    stage: next,
                    from_s,
                    to_s: from_s + green,
                };
                self.serve(ask, &mut tried, green);
                let score = scores.get_mut(if extension > 0.0 { ask.present } else { next });
                let worst_s = score.as_deref().copied().unwrap_or(f32::INFINITY);
                let cost_s = self.complete(ask, &mut tried, (best.cost_s, worst_s));
                self.tried = tried;
                if let Some(score) = score {
                    *score = score.min(cost_s);
                }
                if cost_s < best.cost_s - 0.01
                    || (extension > 0.0 && best.next.is_some() && cost_s <= best.cost_s)
                {
                    best.cost_s = cost_s;
                    best.next = (extension <= 0.0).then_some(next);
                }
            }
            self.left = left;
        }
    }

    /// The greedy rest: the stage that serves most a second, again and again; what is still left
    /// is served one change later. A future that costs more than the best one and than its own
    /// stage's best so far is of no interest any more.
    fn complete(
        &mut self,
        ask: &Question<'_>,
        future: &mut Future,
        (limit_s, score_s): (f32, f32),
    ) -> f32 {
        for _ in 0..ask.tuning.completion {
            if future.cost_s > limit_s && future.cost_s > score_s {
                return f32::INFINITY;
            }
            if future.cost_s > limit_s || self.departures > DEPARTURES_MAX {
                return future.cost_s + self.left_over(ask, future);
            }
            let Some(green) = self.best_rate(ask, future) else {
                break;
            };
            self.serve(ask, future, green);
        }
        future.cost_s + self.left_over(ask, future)
    }

    fn best_rate(&mut self, ask: &Question<'_>, future: &Future) -> Option<Green> {
        let mut best: Option<(f32, Green)> = None;
        let count = ask.services.stages.len();
        for stage in 0..count {
            if stage == future.stage {
                continue;
            }
            let change = ask
                .change_s
                .get(future.stage * count + stage)
                .copied()
                .unwrap_or(5.0);
            let from_s = future.at_s + change;
            let least = ask.green_min_s.get(stage).copied().unwrap_or(5.0);
            let gap_s = ask.tuning.gap_s;
            let (clear, _, served) = self.look(ask, future, (stage, from_s), (gap_s, gap_s));
            if served <= GONE {
                continue;
            }
            let green_s = clear.max(least);
            let rate = served / (change + green_s);
            if best.is_none_or(|(most, _)| rate > most) {
                let green = Green {
                    stage,
                    from_s,
                    to_s: from_s + green_s,
                };
                best = Some((rate, green));
            }
        }
        best.map(|(_, green)| green)
    }

    fn left_over(&mut self, ask: &Question<'_>, future: &Future) -> f32 {
        let later = future.at_s + 5.0 + ask.tuning.start_loss_s;
        let mut cost = 0.0;
        for (lane, (first, _)) in future.lanes.iter().enumerate() {
            let (_, end) = ask.arrivals.range(lane);
            let arrivals = ask.arrivals.list.get(*first..end).unwrap_or_default();
            let masses = future.mass.get(*first..end).unwrap_or_default();
            for (arrival, mass) in arrivals.iter().zip(masses) {
                self.departures += 1;
                let delay = later - arrival.at_s;
                if delay > 0.0 {
                    cost += mass * (delay + stop_cost(delay, arrival.stop_s, ask.tuning));
                }
            }
        }
        cost
    }

    /// How long the green has to be for the first platoon to pass, for those after it up to a
    /// longer gap, and how many are then served. Lanes that yield to nobody are looked at once for
    /// both; how the others go depends on where those before them end.
    fn look(
        &mut self,
        ask: &Question<'_>,
        future: &Future,
        (stage, from_s): (usize, f32),
        (gap_s, longer_s): (f32, f32),
    ) -> (f32, f32, f32) {
        let green = Green {
            stage,
            from_s,
            to_s: from_s + ask.tuning.green_max_s,
        };
        let (mut end, mut longer_end, mut served) = (from_s, from_s, 0.0);
        for lane in ask.services.open_lanes(stage) {
            let drive = LaneDrive::new(ask, future, *lane, &green, end);
            let mut seen = drive.dry(ask, future, (gap_s, longer_s));
            self.departures += seen.looked;
            end = end.max(seen.ends_s);
            if drive.service.yields && longer_s > gap_s {
                let drive = LaneDrive::new(ask, future, *lane, &green, longer_end);
                seen = drive.dry(ask, future, (longer_s, longer_s));
                self.departures += seen.looked;
            }
            longer_end = longer_end.max(seen.longer_ends_s);
            served += seen.served;
        }
        (end - from_s, longer_end - from_s, served)
    }

    /// Lets a green serve its lanes.
    fn serve(&mut self, ask: &Question<'_>, future: &mut Future, green: Green) {
        let mut platoon_end = green.from_s;
        for lane in ask.services.open_lanes(green.stage) {
            let drive = LaneDrive::new(ask, future, *lane, &green, platoon_end);
            let (end, looked) = drive.wet(ask, future);
            if !drive.service.yields {
                platoon_end = platoon_end.max(end);
            }
            self.departures += looked;
        }
        future.stage = green.stage;
        future.at_s = green.to_s;
    }
}
