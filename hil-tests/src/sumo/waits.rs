//! The bench's own eyes: who waits at red for how long, and which junction passes nobody.

use super::roads::Roads;
use super::sensing::Eyes;
use super::traffic::{STANDING_MPS, Traffic};

/// A vehicle this near to the stop line is at it, metres.
const AT_LINE_M: f64 = 8.0;
/// Standing this near, it waits for the junction, metres.
const WAITING_M: f64 = 50.0;
/// A junction that passes nobody for so long while somebody waits is locked, seconds.
pub const LOCKED_S: u32 = 120;

/// A junction that has locked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockUp {
    /// Which signal.
    pub signal: usize,
    /// When it was noticed.
    pub at: u32,
}

/// The clocks of all signals.
#[derive(Clone, Debug)]
pub struct Clocks {
    /// Seconds that somebody has waited at the line for each link, by signal.
    red_s: Vec<Vec<u32>>,
    /// Seconds since each signal passed somebody, while somebody waits.
    idle_s: Vec<u32>,
    crossed: Vec<u32>,
    /// The longest red so far, seconds.
    pub longest_red_s: u32,
    /// The first junction that locked up.
    pub first_lock: Option<LockUp>,
}

impl Clocks {
    /// Clocks at zero.
    #[must_use]
    pub fn on(roads: &Roads) -> Self {
        Self {
            red_s: roads
                .signals
                .iter()
                .map(|s| vec![0; s.links.len()])
                .collect(),
            idle_s: vec![0; roads.signals.len()],
            crossed: vec![0; roads.signals.len()],
            longest_red_s: 0,
            first_lock: None,
        }
    }

    /// Looks at the second that ended at `now`.
    pub fn watch(&mut self, roads: &Roads, traffic: &Traffic, eyes: &Eyes, now: u32) {
        for at in 0..roads.signals.len() {
            let waiting = self.watch_links(roads, traffic, eyes, at);
            let crossed: u32 = traffic.crossed[at].iter().sum();
            if waiting && crossed == self.crossed[at] {
                self.idle_s[at] += 1;
            } else {
                self.idle_s[at] = 0;
            }
            self.crossed[at] = crossed;
            if self.idle_s[at] >= LOCKED_S && self.first_lock.is_none() {
                self.first_lock = Some(LockUp {
                    signal: at,
                    at: now,
                });
            }
        }
    }

    /// Moves the red clocks of one signal on; true if somebody stands before it.
    fn watch_links(&mut self, roads: &Roads, traffic: &Traffic, eyes: &Eyes, at: usize) -> bool {
        let signal = &roads.signals[at];
        let shown = traffic.lights[at].as_bytes();
        let mut wanted = vec![false; signal.links.len()];
        let mut waiting = false;
        for stop in &signal.lanes {
            for feeder in &stop.feeders {
                let length_m = roads.lanes[feeder.lane as usize].length_m;
                for number in eyes.on_lane(feeder.lane) {
                    let vehicle = &traffic.all[*number as usize];
                    let distance_m = feeder.offset_m + length_m - vehicle.pos_m;
                    waiting |= distance_m < WAITING_M && vehicle.speed_mps < STANDING_MPS;
                    if distance_m > AT_LINE_M || feeder.lane != stop.lane {
                        continue;
                    }
                    let next = traffic.next_edge(*number);
                    for link in &stop.links {
                        let to = roads.lanes[signal.links[*link].to as usize].edge;
                        wanted[*link] |= next == Some(to);
                    }
                }
            }
        }
        for (link, (clock, wanted)) in self.red_s[at].iter_mut().zip(wanted).enumerate() {
            let letter = shown.get(signal.links[link].index);
            // Lamps that are off hold nobody.
            if wanted && !matches!(letter, Some(b'G' | b'g' | b'o' | b'O')) {
                *clock += 1;
                self.longest_red_s = self.longest_red_s.max(*clock);
            } else {
                *clock = 0;
            }
        }
        waiting
    }
}
