//! Walkers before and on the crossings of signals: who waits, who presses, and for how long.

use std::collections::HashMap;

use super::roads::Roads;

/// Slower than this, a walker stands, m/s.
const STANDING_MPS: f64 = 0.1;

/// A wait at the kerb that is over, or that the end of the run has cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The signal.
    pub signal: usize,
    /// The crossing, by its number in `Signal::links`.
    pub link: usize,
    /// From the first second of standing before red to the first second of the green that they set
    /// off in.
    pub seconds: u32,
    /// The longest part of it from a press to the next green: what a plan bounds. It is shorter
    /// than the whole if others in their way made them miss a green.
    pub longest_call_s: u32,
}

/// The waits of a run, weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kerb {
    /// The wait that 95 of 100 do not exceed, seconds; nothing if nobody walks.
    pub p95_s: Option<u32>,
    /// The longest, seconds.
    pub worst_s: Option<u32>,
    /// The least that a press left of the bound of its crossing, seconds.
    pub bound_left_s: Option<i64>,
}

impl Kerb {
    /// Weighs `waits`; `bounds` by signal and link, seconds.
    #[must_use]
    pub fn of(waits: &[Wait], bounds: &[Vec<Option<u32>>]) -> Self {
        let mut sorted: Vec<u32> = waits.iter().map(|wait| wait.seconds).collect();
        sorted.sort_unstable();
        let p95 = (sorted.len() * 95).div_ceil(100).checked_sub(1);
        let left = |wait: &Wait| {
            let bound = (*bounds.get(wait.signal)?.get(wait.link)?)?;
            Some(i64::from(bound) - i64::from(wait.longest_call_s))
        };
        Self {
            p95_s: p95.and_then(|at| sorted.get(at)).copied(),
            worst_s: sorted.last().copied(),
            bound_left_s: waits.iter().filter_map(left).min(),
        }
    }
}

/// What SUMO tells of a walker.
#[derive(Clone, Copy, Debug, Default)]
struct Walker {
    /// The edge they are on, and the one after it.
    edge: Option<u32>,
    next: Option<u32>,
    speed_mps: f64,
    seen: u32,
    /// The crossing they stand before, since when, and when they pressed.
    waits: Option<(usize, usize, u32)>,
    pressed: Option<u32>,
    longest_call_s: u32,
    /// The crossing they are on.
    crosses: Option<(usize, usize)>,
}

impl Walker {
    /// The press so far, if there was one, had its green at `green`.
    fn answer(&mut self, green: u32) {
        let call_s = self.pressed.and_then(|pressed| green.checked_sub(pressed));
        self.longest_call_s = self.longest_call_s.max(call_s.unwrap_or(0));
    }
}

/// All walkers near signals.
#[derive(Clone, Debug, Default)]
pub struct Walkers {
    known: HashMap<String, Walker>,
    /// The signal and link of each crossing, by its edge.
    crossings: HashMap<u32, (usize, usize)>,
    /// When each link was last green, by signal, and since when it was.
    green_at: Vec<Vec<Option<u32>>>,
    green_since: Vec<Vec<u32>>,
    /// Somebody pressed for this link within the second that ended, by signal.
    pub pressed: Vec<Vec<bool>>,
    /// Walkers who stand before each link now, by signal.
    pub standing: Vec<Vec<u32>>,
    /// Waits that are over.
    pub waits: Vec<Wait>,
}

impl Walkers {
    /// Nobody yet, on the crossings of these roads.
    #[must_use]
    pub fn on(roads: &Roads) -> Self {
        let mut walkers = Self::default();
        for (at, signal) in roads.signals.iter().enumerate() {
            for (number, link) in signal.links.iter().enumerate() {
                let edge = roads.lanes[link.to as usize].edge;
                if roads.lanes[link.to as usize].is_inside {
                    walkers.crossings.insert(edge, (at, number));
                }
            }
            walkers.green_at.push(vec![None; signal.links.len()]);
            walkers.green_since.push(vec![0; signal.links.len()]);
            walkers.pressed.push(vec![false; signal.links.len()]);
            walkers.standing.push(vec![0; signal.links.len()]);
        }
        walkers
    }

    /// True if the network has a signalled crossing.
    #[must_use]
    pub fn have_crossings(&self) -> bool {
        !self.crossings.is_empty()
    }

    fn of(&mut self, id: &str, second: u32) -> &mut Walker {
        let walker = self.known.entry(id.to_owned()).or_default();
        walker.seen = second;
        walker
    }

    /// Hears on which edge a walker is.
    pub fn hear_edge(&mut self, id: &str, edge: Option<u32>, second: u32) {
        self.of(id, second).edge = edge;
    }

    /// Hears which edge a walker comes to next.
    pub fn hear_next(&mut self, id: &str, next: Option<u32>, second: u32) {
        self.of(id, second).next = next;
    }

    /// Hears how fast a walker is.
    pub fn hear_speed(&mut self, id: &str, speed_mps: f64, second: u32) {
        self.of(id, second).speed_mps = speed_mps;
    }

    /// Takes in the second that has ended; `lights` is what every signal showed in it.
    pub fn settle(&mut self, roads: &Roads, lights: &[String], second: u32) {
        self.known.retain(|_, walker| walker.seen == second);
        for (at, signal) in roads.signals.iter().enumerate() {
            let shown = lights.get(at).map_or(&[][..], String::as_bytes);
            for (number, link) in signal.links.iter().enumerate() {
                if matches!(shown.get(link.index), Some(b'G' | b'g')) {
                    if self.green_at[at][number].is_none_or(|last| last + 1 < second) {
                        self.green_since[at][number] = second;
                    }
                    self.green_at[at][number] = Some(second);
                }
                self.pressed[at][number] = false;
                self.standing[at][number] = 0;
            }
        }
        let mut known = core::mem::take(&mut self.known);
        for walker in known.values_mut() {
            let at = |edge: Option<u32>| edge.and_then(|edge| self.crossings.get(&edge)).copied();
            let (on, before) = (at(walker.edge), at(walker.next));
            match (on, before) {
                (Some(crossing), _) => self.cross(walker, crossing, second),
                (None, Some(crossing)) => self.wait(walker, crossing, second),
                (None, None) => (walker.crosses, walker.waits) = (None, None),
            }
        }
        self.known = known;
    }

    /// A walker is on a crossing.
    fn cross(&mut self, walker: &mut Walker, (signal, link): (usize, usize), second: u32) {
        if walker.crosses == Some((signal, link)) {
            return;
        }
        let green = self.green_since[signal][link];
        let waited = walker.waits.filter(|(s, l, _)| (*s, *l) == (signal, link));
        let seconds = waited.map_or(0, |(_, _, since)| {
            let served = if green > since { green } else { second };
            served - since
        });
        walker.answer(green);
        self.waits.push(Wait {
            signal,
            link,
            seconds,
            longest_call_s: walker.longest_call_s,
        });
        (walker.crosses, walker.waits) = (Some((signal, link)), None);
        (walker.pressed, walker.longest_call_s) = (None, 0);
    }

    /// A walker comes to a crossing or stands before it.
    fn wait(&mut self, walker: &mut Walker, (signal, link): (usize, usize), second: u32) {
        walker.crosses = None;
        let green_at = self.green_at[signal][link];
        let is_green = green_at == Some(second);
        if walker.waits.is_none() && walker.speed_mps < STANDING_MPS && !is_green {
            walker.waits = Some((signal, link, second));
        }
        if walker.waits.is_none() {
            return;
        }
        self.standing[signal][link] += 1;
        // Whoever was left behind by a green presses once more.
        let asked = walker.pressed.is_some_and(|at| Some(at) > green_at);
        if !is_green && !asked {
            walker.answer(self.green_since[signal][link]);
            walker.pressed = Some(second);
            self.pressed[signal][link] = true;
        }
    }

    /// Every wait so far, those that are not over counted until now.
    #[must_use]
    pub fn all_waits(&self, second: u32) -> Vec<Wait> {
        let open = self.known.values().filter_map(|walker| {
            let (signal, link, since) = walker.waits?;
            let green = self.green_since.get(signal)?.get(link).copied()?;
            let call_s = walker.pressed.map_or(0, |pressed| {
                let answered = if green > pressed { green } else { second };
                answered.saturating_sub(pressed)
            });
            Some(Wait {
                signal,
                link,
                seconds: second.saturating_sub(since),
                longest_call_s: walker.longest_call_s.max(call_s),
            })
        });
        self.waits.iter().copied().chain(open).collect()
    }
}

#[cfg(test)]
#[path = "walkers_tests.rs"]
mod tests;
