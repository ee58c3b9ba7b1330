//! SUMO as a street of ours: what a cabinet and its area sensors would tell of it.

use greenwave::detect::{
    AreaReport, BUTTONS_MAX, DETECTORS_MAX, DetectorReading, FieldInputs, SIGHTINGS_MAX, Sighting,
};
use greenwave::ids::{GroupId, SiteId};
use greenwave::plan::{CheckedSite, DetectorUse};
use greenwave::shell::sumo::{LinkWiring, SiteWiring};
use greenwave::sim::{SiteLamps, Street};
use greenwave::units::{Length, Millis, Mono, Speed, TICK};

use super::error::SumoError;
use super::roads::{Roads, Signal};
use super::run::StreetNow;
use super::sensing::{LinkSeen, Seen, SignalView};
use super::ways::together;

/// Length of an advance loop, metres.
const LOOP_M: f64 = 2.0;
/// How old the picture of field sensors is when it is told.
const FIELD_AGE: Millis = Millis::from_secs(1);

/// One vehicle detector of a site.
#[derive(Clone, Copy, Debug)]
struct Loop {
    channel: usize,
    /// The stop lane, by its number in [`Signal::lanes`].
    lane: usize,
    /// How far before the stop line; none at the line itself.
    upstream_m: Option<f64>,
}

/// One site's place in the network.
#[derive(Clone, Debug)]
struct Place {
    /// Number of its signal.
    signal: usize,
    /// The site's lane of each stop lane.
    lanes: Vec<Option<u8>>,
    /// The links of each movement: a movement may lead two ways.
    movements: Vec<Vec<usize>>,
    loops: Vec<Loop>,
    /// The button channels at each crossing's link, and whose turn it is to be pressed.
    buttons: Vec<(usize, Vec<u8>, usize)>,
    presses: [u16; BUTTONS_MAX],
    /// What the cabinet tells now.
    occupied: u32,
    readings: [DetectorReading; DETECTORS_MAX],
    area: AreaReport,
}

/// SUMO's street as the sites see it.
#[derive(Clone, Debug)]
pub struct SumoStreet {
    places: Vec<Place>,
    /// The lamps that the street saw last.
    pub lamps: Vec<SiteLamps>,
}

impl SumoStreet {
    /// The street of these sites.
    ///
    /// # Errors
    /// A site whose signal or lanes are not in the network.
    pub fn new(roads: &Roads, sites: &[(&CheckedSite, &SiteWiring)]) -> Result<Self, SumoError> {
        let places: Result<Vec<Place>, SumoError> = sites
            .iter()
            .map(|(site, wiring)| place(roads, site, wiring))
            .collect();
        Ok(Self {
            places: places?,
            lamps: vec![SiteLamps::default(); sites.len()],
        })
    }

    /// The signal of a site.
    #[must_use]
    pub fn signal(&self, site: usize) -> usize {
        self.places
            .get(site)
            .map_or(usize::MAX, |place| place.signal)
    }

    /// Takes in the second that has just passed in SUMO; `exact` if sensors do not delay.
    pub fn take(&mut self, street: &StreetNow<'_>, exact: bool) {
        for place in &mut self.places {
            let signal = &street.roads.signals[place.signal];
            let view = &street.eyes.views()[place.signal];
            place.take_area(signal, view, exact);
            place.take_loops(street, signal, view);
            place.take_presses(&street.traffic.walkers.pressed[place.signal]);
        }
    }
}

impl Street for SumoStreet {
    fn step(&mut self, _now: Mono, lamps: &[SiteLamps]) {
        self.lamps.copy_from_slice(lamps);
        for place in &mut self.places {
            place.tick();
        }
    }

    fn sense(&self, site: SiteId, inputs: &mut FieldInputs) {
        if let Some(place) = self.places.get(site.index()) {
            inputs.occupied = place.occupied;
            inputs.detectors = place.readings;
            inputs.presses = place.presses;
            inputs.area.clone_from(&place.area);
        }
    }
}

impl Place {
    fn take_area(&mut self, signal: &Signal, view: &SignalView, exact: bool) {
        self.area.age = if exact { Millis::ZERO } else { FIELD_AGE };
        self.area.sightings.clear();
        let told = view.seen.iter().filter_map(|seen| {
            let lane = (*self.lanes.get(seen.lane)?)?;
            Some(sighting(lane, seen))
        });
        self.area.sightings.extend(told.take(SIGHTINGS_MAX));
        self.area.movements.clear();
        let told = self.movements.iter().map(|links| {
            let seen: Vec<&LinkSeen> = links.iter().filter_map(|at| view.links.get(*at)).collect();
            together(&seen)
        });
        self.area.movements.extend(told);
        debug_assert!(signal.links.len() == view.links.len());
    }

    /// Loops feel metal: they miss nobody and are not late, unless they are dead.
    fn take_loops(&mut self, street: &StreetNow<'_>, signal: &Signal, view: &SignalView) {
        self.occupied = 0;
        for at in &self.loops {
            let Some(reading) = self.readings.get_mut(at.channel) else {
                continue;
            };
            reading.faulty = view.dead == Some(at.lane);
            if reading.faulty {
                continue;
            }
            let felt = match at.upstream_m {
                None => at_line(street, signal, at.lane, self.signal),
                Some(upstream_m) => upstream(street, signal, at.lane, upstream_m),
            };
            reading.count = reading.count.wrapping_add(felt.passed);
            if let Some(pulse_ms) = felt.pulse_ms {
                reading.last_pulse_ms = pulse_ms;
            }
            self.occupied |= u32::from(felt.occupied) << at.channel;
        }
    }

    /// Each press goes to the next of the crossing's buttons: people come from both kerbs.
    fn take_presses(&mut self, pressed: &[bool]) {
        for (link, channels, turn) in &mut self.buttons {
            if pressed.get(*link) != Some(&true) || channels.is_empty() {
                continue;
            }
            *turn = (*turn + 1) % channels.len();
            let channel = channels.get(*turn).copied().map(usize::from);
            if let Some(count) = channel.and_then(|at| self.presses.get_mut(at)) {
                *count = count.wrapping_add(1);
            }
        }
    }

    fn tick(&mut self) {
        let tick = u16::try_from(TICK.as_ms()).unwrap_or(u16::MAX);
        for (channel, reading) in self.readings.iter_mut().enumerate() {
            if self.occupied & (1 << channel) != 0 {
                reading.occupied_ms = reading.occupied_ms.wrapping_add(tick);
            }
        }
        if let Some(age) = self.area.age.as_ms().checked_add(TICK.as_ms()) {
            self.area.age = Millis::new(age);
        }
    }
}

/// What a loop felt within a second.
#[derive(Clone, Copy, Debug, Default)]
struct Felt {
    occupied: bool,
    passed: u16,
    pulse_ms: Option<u16>,
}

fn at_line(street: &StreetNow<'_>, signal: &Signal, lane: usize, number: usize) -> Felt {
    let crossed = &street.traffic.crossed_now[number];
    let stop = &signal.lanes[lane];
    let passed: u32 = stop.links.iter().map(|link| crossed[*link]).sum();
    Felt {
        occupied: street.eyes.at_line(number, lane),
        passed: u16::try_from(passed).unwrap_or(u16::MAX),
        pulse_ms: (passed > 0).then_some(500),
    }
}

fn upstream(street: &StreetNow<'_>, signal: &Signal, lane: usize, upstream_m: f64) -> Felt {
    let mut felt = Felt::default();
    for feeder in &signal.lanes[lane].feeders {
        let length_m = street.roads.lanes[feeder.lane as usize].length_m;
        // Beyond this lane's far end nobody on it can have touched the loop within this second.
        if feeder.offset_m > upstream_m + 1.0 {
            continue;
        }
        for number in street.eyes.on_lane(feeder.lane) {
            let vehicle = &street.traffic.all[*number as usize];
            let front_m = feeder.offset_m + length_m - vehicle.pos_m;
            let (moved_m, rear_m) = (vehicle.speed_mps, front_m + vehicle.length_m);
            felt.occupied |= front_m <= upstream_m && rear_m >= upstream_m - LOOP_M;
            if front_m <= upstream_m && front_m + moved_m > upstream_m {
                felt.passed += 1;
                let over_s = (vehicle.length_m + LOOP_M) / vehicle.speed_mps.max(0.5);
                felt.pulse_ms = Some(whole(over_s * 1000.0));
            }
        }
    }
    felt
}

fn place(roads: &Roads, site: &CheckedSite, wiring: &SiteWiring) -> Result<Place, SumoError> {
    let none = |what: &str| SumoError::Network(format!("site {}: no {what}", wiring.site));
    let signal = roads
        .signals
        .iter()
        .position(|signal| signal.id == wiring.tls)
        .ok_or_else(|| none("signal"))?;
    let known = &roads.signals[signal];
    let mut lanes = vec![None; known.lanes.len()];
    // The lanes of the site in file order: a new one begins where approach or lane changes.
    let mut stop_of: Vec<Option<usize>> = Vec::new();
    let (mut movements, mut last) = (Vec::new(), None);
    for (number, (approach, lane, _)) in site.movements().enumerate() {
        let own = wiring.links.iter();
        let own = own.filter(|link| link.movement == Some(number));
        let found: Vec<usize> = own.filter_map(|link| link_of(roads, known, link)).collect();
        if last != Some((approach, lane)) {
            last = Some((approach, lane));
            stop_of.push(None);
        }
        if let (Some(found), Some(stop)) = (found.first(), stop_of.last_mut()) {
            *stop = Some(known.links[*found].lane);
        }
        movements.push(found);
    }
    for (number, stop) in (0_u8..).zip(&stop_of) {
        if let Some(stop) = stop {
            lanes[*stop] = Some(number);
        }
    }
    Ok(Place {
        signal,
        loops: loops(site, &stop_of),
        lanes,
        movements,
        buttons: buttons(roads, site, (known, wiring)),
        presses: [0; BUTTONS_MAX],
        occupied: 0,
        readings: [DetectorReading::default(); DETECTORS_MAX],
        area: AreaReport::default(),
    })
}

/// The link of the network that a wire speaks of.
fn link_of(roads: &Roads, signal: &Signal, wire: &LinkWiring) -> Option<usize> {
    let ends = (roads.lane(&wire.from_lane)?, roads.lane(&wire.to_lane)?);
    let same = |l: &super::roads::Link| l.index == wire.index && (l.from, l.to) == ends;
    signal.links.iter().position(same)
}

/// The crossings of a site, and the buttons that call their group.
fn buttons(
    roads: &Roads,
    site: &CheckedSite,
    (signal, wiring): (&Signal, &SiteWiring),
) -> Vec<(usize, Vec<u8>, usize)> {
    let walks = wiring.links.iter().filter(|link| link.is_walk);
    walks
        .filter_map(|wire| {
            let group = GroupId::new(wire.group);
            let own = site.detectors.iter().filter(|detector| {
                detector.usage == DetectorUse::Button && detector.groups.contains(group)
            });
            let channels = own.map(|detector| detector.channel).collect();
            Some((link_of(roads, signal, wire)?, channels, 0))
        })
        .collect()
}

fn loops(site: &CheckedSite, stop_of: &[Option<usize>]) -> Vec<Loop> {
    let mut first = Vec::new();
    let mut count = 0;
    for approach in &site.approaches {
        first.push(count);
        count += approach.lanes.len();
    }
    let of = |detector: &greenwave::plan::Detector| {
        let (approach, lane) = detector.lane?;
        let number = first.get(approach.index())? + usize::from(lane);
        let upstream_m = match detector.usage {
            DetectorUse::Presence => None,
            DetectorUse::Advance(upstream) => Some(f64::from(upstream.as_mm()) / 1000.0),
            DetectorUse::Button => return None,
        };
        Some(Loop {
            channel: usize::from(detector.channel),
            lane: (*stop_of.get(number)?)?,
            upstream_m,
        })
    };
    site.detectors.iter().filter_map(of).collect()
}

fn sighting(lane: u8, seen: &Seen) -> Sighting {
    Sighting {
        lane,
        distance: Length::from_mm(large(seen.distance_m * 1000.0)),
        speed: Speed::from_mm_per_s(large(seen.speed_mps * 1000.0)),
        share: whole(seen.share * 1000.0).min(1000),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is clamped before"
)]
fn large(number: f64) -> u32 {
    number.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

pub(super) fn whole(number: f64) -> u16 {
    u16::try_from(large(number)).unwrap_or(u16::MAX)
}
