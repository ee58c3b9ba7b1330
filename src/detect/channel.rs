//! One detector or button: debounce, gap, faults.

use serde::{Deserialize, Serialize};

use super::inputs::DetectorReading;
use crate::plan::{Detector, DetectorUse};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono, Speed, TICK};

/// Time between two checks of a channel's health.
pub(super) const CHECK: Millis = Millis::from_secs(10);
/// Good checks in a row that end a fault.
const GOOD_CHECKS: u8 = 5;
/// Health checks in the minute that chatter is counted over.
const CHECKS_PER_MINUTE: usize = 6;
/// A break in occupancy shorter than this is the gap between two axles.
const DEBOUNCE: Millis = Millis::new(200);
/// A pulse shorter than this is electrical noise.
const PULSE_MIN_MS: u16 = 40;
/// More vehicles than one in this time is a counter that jumped, not traffic.
const HEADWAY_MIN_MS: u32 = 200;
/// A stop-line call ends this long after the detector was left: the vehicle turned on red.
const LEFT_ON_RED: Millis = Millis::from_secs(3);
/// A button held this long is stuck, whatever its file says.
const BUTTON_STUCK: Millis = Millis::from_secs(300);
/// Length of a vehicle and the detector field together, millimetres.
const PULSE_LENGTH_MM: u32 = 6_500;
/// No vehicle of ours is faster (108 km/h).
const SPEED_MAX_MM_PER_S: u32 = 30_000;

/// Whether a detector can be believed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Believed.
    #[default]
    Good,
    /// There is no detector.
    Missing,
    /// Occupied, or held down, for too long.
    StuckOn,
    /// Nothing seen for too long by day.
    StuckOff,
    /// More pulses than traffic can make.
    Chatter,
    /// The reading is too old.
    Silent,
    /// The cabinet itself reports a fault.
    Reported,
}

/// What one channel said this cycle, after wraps, restarts and noise are dealt with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pulse {
    /// Occupied, or held down, at the last scan.
    pub(super) occupied: bool,
    /// Vehicles or presses since the last cycle.
    pub(super) count: u16,
    /// Time occupied since the last cycle.
    pub(super) occupied_for: Millis,
    /// Length of the last pulse, milliseconds; 0 if not known.
    pub(super) length_ms: u16,
}

/// The memory of one detector or button.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Channel {
    /// Rolling counters at the last fresh reading; `None` until there is one.
    base: Option<(u16, u16)>,
    /// Occupied, axle gaps bridged.
    pub(super) on: bool,
    /// Start of the present occupancy.
    pub(super) on_since: Mono,
    /// Last moment something was on the detector; `None` if never yet.
    pub(super) left: Option<Mono>,
    /// Groups called and not yet served.
    pub(super) latched: GroupSet,
    /// Why it is not believed.
    pub(super) health: Health,
    /// Smoothed speed from pulse lengths.
    pub(super) speed: Option<Speed>,
    /// Share of time occupied, per mille, smoothed over about half a minute.
    pub(super) occupancy: u16,
    occupied_in_check: Millis,
    active_in_check: bool,
    reported: bool,
    quiet: Millis,
    pulses: [u16; CHECKS_PER_MINUTE],
    good: u8,
}

impl Channel {
    /// Forgets the counters: the cabinet restarted, the next reading is a new beginning.
    pub(super) fn rebase(&mut self) {
        self.base = None;
    }

    /// Turns a detector's rolling counters into what happened in the `elapsed` since the last
    /// fresh reading.
    pub(super) fn read(
        &mut self,
        occupied: bool,
        reading: DetectorReading,
        elapsed: Millis,
    ) -> Pulse {
        self.reported = reading.faulty;
        let mut pulse = self.delta(occupied, (reading.count, reading.occupied_ms), elapsed);
        pulse.length_ms = reading.last_pulse_ms;
        if pulse.length_ms > 0 && pulse.length_ms < PULSE_MIN_MS {
            let kept = u16::from(occupied);
            pulse.count = pulse.count.min(kept);
        }
        pulse
    }

    /// Turns a button's rolling press counter into presses since the last fresh reading.
    pub(super) fn read_button(&mut self, held: bool, presses: u16, elapsed: Millis) -> Pulse {
        let mut pulse = self.delta(held, (presses, 0), elapsed);
        if held && !self.on && pulse.count == 0 {
            pulse.count = 1;
        }
        pulse
    }

    fn delta(&mut self, occupied: bool, now: (u16, u16), elapsed: Millis) -> Pulse {
        let before = self.base.replace(now).unwrap_or(now);
        let count = now.0.wrapping_sub(before.0);
        let possible = elapsed.as_ms() / HEADWAY_MIN_MS + 2;
        let occupied_ms = u32::from(now.1.wrapping_sub(before.1));
        Pulse {
            occupied,
            count: if u32::from(count) > possible {
                0
            } else {
                count
            },
            occupied_for: Millis::new(occupied_ms).min(elapsed + TICK),
            length_ms: 0,
        }
    }

    /// Takes one cycle's pulse: occupancy, gap, speed and the counts behind the health checks.
    pub(super) fn take(&mut self, now: Mono, pulse: &Pulse) {
        let seen = pulse.occupied || pulse.count > 0;
        if seen {
            if !self.on || pulse.count > 0 {
                self.on_since = now;
            }
            self.left = Some(now);
            self.on = pulse.occupied;
            self.active_in_check = true;
        } else if self.on && self.gap(now) >= DEBOUNCE {
            self.on = false;
        }
        if pulse.count > 0 {
            if let Some(latest) = self.pulses.first_mut() {
                *latest = latest.saturating_add(pulse.count);
            }
            self.take_speed(pulse.length_ms);
        }
        self.occupied_in_check += pulse.occupied_for;
    }

    fn take_speed(&mut self, pulse_ms: u16) {
        let Some(speed) = (PULSE_LENGTH_MM.saturating_mul(1000)).checked_div(u32::from(pulse_ms))
        else {
            return;
        };
        let speed = speed.min(SPEED_MAX_MM_PER_S);
        let smooth = self
            .speed
            .map_or(speed, |old| (old.as_mm_per_s() * 3 + speed) / 4);
        self.speed = Some(Speed::from_mm_per_s(smooth));
    }

    /// Time since the detector was left; zero while it is occupied.
    pub(super) fn gap(&self, now: Mono) -> Millis {
        self.left.map_or(Millis::MAX, |left| now.since(left))
    }

    /// Remembers calls for the groups without right of way. A stop-line call ends when the
    /// vehicle turned on red; an advance call stays until its group is served or its lane is seen
    /// to be empty.
    pub(super) fn call(&mut self, now: Mono, go: GroupSet, detector: &Detector) {
        match detector.usage {
            DetectorUse::Presence => {
                if self.on {
                    self.latched = self.latched.union(detector.groups);
                } else if self.gap(now) > LEFT_ON_RED {
                    self.latched = GroupSet::EMPTY;
                }
            }
            DetectorUse::Advance(_) => {
                if self.left == Some(now) {
                    self.latched = self.latched.union(detector.groups);
                }
            }
            DetectorUse::Button => {}
        }
        self.latched = self.latched.difference(go);
    }

    /// True while the last vehicle still extends the green.
    pub(super) fn extends(&self, now: Mono, passage: Millis) -> bool {
        self.on || self.gap(now) < passage
    }

    /// One health check, every [`CHECK`]. `fresh` is false while the reading is too old.
    pub(super) fn check(&mut self, now: Mono, detector: &Detector, fresh: bool, day: bool) {
        let window = u64::from(CHECK.as_ms());
        let share = u64::from(self.occupied_in_check.as_ms()).min(window) * 1000 / window;
        let share = u64::from(self.occupancy).midpoint(share);
        self.occupancy = u16::try_from(share).unwrap_or(1000);
        if self.active_in_check || self.on {
            self.quiet = Millis::ZERO;
        } else if day {
            self.quiet += CHECK;
        }
        let found = self.find_fault(now, detector, fresh);
        self.pulses.rotate_right(1);
        if let Some(latest) = self.pulses.first_mut() {
            *latest = 0;
        }
        self.occupied_in_check = Millis::ZERO;
        self.active_in_check = false;
        if found == Health::Good {
            self.good = self.good.saturating_add(1);
            if self.good >= GOOD_CHECKS {
                self.health = Health::Good;
            }
        } else {
            self.fail(found);
        }
    }

    /// Faults that do not wait for a health check: an old reading, a report of the cabinet.
    pub(super) fn check_now(&mut self, fresh: bool) {
        if !fresh {
            self.fail(Health::Silent);
        } else if self.reported {
            self.fail(Health::Reported);
        }
    }

    fn fail(&mut self, fault: Health) {
        self.health = fault;
        self.good = 0;
    }

    fn find_fault(&self, now: Mono, detector: &Detector, fresh: bool) -> Health {
        let button = detector.usage == DetectorUse::Button;
        let stuck_on = if button {
            detector.stuck_on.min(BUTTON_STUCK)
        } else {
            detector.stuck_on
        };
        let pulses = self.pulses.iter().copied().fold(0, u16::saturating_add);
        if !fresh {
            Health::Silent
        } else if self.reported {
            Health::Reported
        } else if stuck_on > Millis::ZERO && self.on && now.since(self.on_since) >= stuck_on {
            Health::StuckOn
        } else if detector.chatter_per_min > 0 && pulses > detector.chatter_per_min {
            Health::Chatter
        } else if !button && detector.stuck_off > Millis::ZERO && self.quiet >= detector.stuck_off {
            Health::StuckOff
        } else {
            Health::Good
        }
    }
}
