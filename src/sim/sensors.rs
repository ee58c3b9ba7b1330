//! Detector loops and push buttons as a cabinet reads them.

use serde::{Deserialize, Serialize};

use super::map::{DetectorSpec, StreetMap};
use super::virtual_street::VirtualStreet;
use crate::detect::{BUTTONS_MAX, FieldInputs};
use crate::ids::SiteId;
use crate::units::TICK;

/// Length of the presence zone before the stop line, metres.
const PRESENCE_M: f32 = 6.0;
/// Length of an advance loop, metres.
const LOOP_M: f32 = 2.0;

/// One vehicle detector and its rolling readings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sensor {
    spec: DetectorSpec,
    /// Index into the street's lanes.
    lane: usize,
    /// Stretch that is watched, metres from the start of the road.
    from: f32,
    to: f32,
    at_line: bool,
    occupied: bool,
    count: u16,
    occupied_ms: u16,
    pulse_ms: u16,
    last_pulse_ms: u16,
}

/// The push buttons of one site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Buttons {
    presses: [u16; BUTTONS_MAX],
    held_until: [u64; BUTTONS_MAX],
}

/// A hand on a button.
#[derive(Clone, Copy, Debug)]
pub(super) struct Press {
    pub(super) channel: u8,
    pub(super) until: u64,
}

impl Buttons {
    pub(super) fn press(&mut self, press: Press) {
        let at = usize::from(press.channel);
        if let (Some(count), Some(held)) = (self.presses.get_mut(at), self.held_until.get_mut(at)) {
            *count = count.wrapping_add(1);
            *held = (*held).max(press.until);
        }
    }
}

impl Sensor {
    /// The sensors of the map in order of their sites, and where each site's begin.
    pub(super) fn lay(map: &StreetMap) -> (Vec<Self>, Vec<usize>) {
        let mut first_lane = vec![0];
        for road in &map.roads {
            first_lane.push(first_lane[first_lane.len() - 1] + road.lanes.len().max(1));
        }
        let mut specs: Vec<&DetectorSpec> = map.detectors.iter().collect();
        specs.sort_by_key(|spec| spec.site);
        let sensors: Vec<Self> = specs
            .into_iter()
            .filter(|spec| spec.lane < map.roads[spec.road.index()].lanes.len())
            .map(|spec| {
                let length = map.roads[spec.road.index()].length_m;
                let to = (length - spec.upstream_m.unwrap_or(0.0)).max(LOOP_M);
                let long = if spec.upstream_m.is_some() {
                    LOOP_M
                } else {
                    PRESENCE_M
                };
                Self {
                    spec: *spec,
                    lane: first_lane[spec.road.index()] + spec.lane,
                    from: to - long,
                    to,
                    at_line: spec.upstream_m.is_none(),
                    occupied: false,
                    count: 0,
                    occupied_ms: 0,
                    pulse_ms: 0,
                    last_pulse_ms: 0,
                }
            })
            .collect();
        let of = |site: usize| sensors.partition_point(|sensor| sensor.spec.site.index() < site);
        let first = (0..=map.sites).map(of).collect();
        (sensors, first)
    }
}

impl VirtualStreet {
    /// Brings every sensor up to what stands on it now.
    pub(super) fn read_sensors(&mut self) {
        let tick = u16::try_from(TICK.as_ms()).unwrap_or(u16::MAX);
        for at in 0..self.sensors.len() {
            let mut sensor = self.sensors[at];
            let lane = &self.lanes[sensor.lane];
            let on_it = lane.covers(sensor.from, sensor.to) || self.ev_on(&sensor);
            if on_it {
                sensor.occupied_ms = sensor.occupied_ms.wrapping_add(tick);
                sensor.pulse_ms = sensor.pulse_ms.saturating_add(tick);
            } else if sensor.occupied {
                sensor.last_pulse_ms = sensor.pulse_ms;
                sensor.pulse_ms = 0;
            }
            sensor.occupied = on_it;
            if sensor.at_line {
                sensor.count = lane.passed;
            } else if !lane.asleep {
                let crossed = u16::try_from(lane.crossed(sensor.to)).unwrap_or(0);
                sensor.count = sensor.count.wrapping_add(crossed);
            }
            self.sensors[at] = sensor;
        }
    }

    fn ev_on(&self, sensor: &Sensor) -> bool {
        self.evs_on[sensor.spec.road.index()] > 0
            && self.evs.iter().any(|ev| {
                ev.is_at(sensor.spec.road, sensor.spec.lane)
                    && ev.pos() >= sensor.from
                    && ev.tail() <= sensor.to
            })
    }

    pub(super) fn sense_site(&self, site: SiteId, inputs: &mut FieldInputs) {
        let (Some(first), Some(end)) = (
            self.first_sensor.get(site.index()),
            self.first_sensor.get(site.index() + 1),
        ) else {
            return;
        };
        inputs.occupied = 0;
        for sensor in &self.sensors[*first..*end] {
            let channel = usize::from(sensor.spec.channel);
            let Some(reading) = inputs.detectors.get_mut(channel) else {
                continue;
            };
            reading.count = sensor.count;
            reading.occupied_ms = sensor.occupied_ms;
            reading.last_pulse_ms = sensor.last_pulse_ms;
            inputs.occupied |= u32::from(sensor.occupied) << channel;
        }
        let buttons = &self.buttons[site.index()];
        inputs.presses = buttons.presses;
        inputs.buttons_held = (0..BUTTONS_MAX)
            .filter(|channel| buttons.held_until[*channel] > self.clock)
            .fold(0, |held, channel| held | (1 << channel));
    }
}
