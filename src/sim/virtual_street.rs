//! The street that stands in for a city: one state, moved in steps of 100 ms.

use alloc::sync::Arc;
use core::mem;

use serde::{Deserialize, Serialize};

use super::demand::{StreetConfig, share_of_peak};
use super::emergency::Ev;
use super::lane::{Aspect, Lane};
use super::map::{RoadEnd, StreetMap};
use super::people::{Riders, Walkers};
use super::rng::Rng;
use super::sensors::Sensor;
use super::street::{SiteLamps, Street};
use crate::detect::FieldInputs;
use crate::ids::{GroupId, RoadId, SiteId};
use crate::signal::Indication;
use crate::units::{Mono, TICK};

/// Steps that one call may catch up at most: a second. What is older is skipped.
const CATCH_UP: u64 = 10;

/// A city street with traffic, riders and walkers. See `docs/decisions/0004-virtual-street.md`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VirtualStreet {
    pub(super) map: Arc<StreetMap>,
    pub(super) config: StreetConfig,
    /// The street's clock, milliseconds; whole steps.
    pub(super) clock: u64,
    pub(super) started: bool,
    /// All lanes of all roads; a road's lanes start at `first_lane[road]`.
    pub(super) lanes: Vec<Lane>,
    pub(super) first_lane: Vec<usize>,
    /// Emergency vehicles on each road.
    pub(super) evs_on: Vec<u8>,
    pub(super) sources: Vec<Source>,
    pub(super) walkers: Vec<Walkers>,
    pub(super) riders: Vec<Riders>,
    pub(super) sensors: Vec<Sensor>,
    /// First sensor of each site, and one more entry for the end.
    pub(super) first_sensor: Vec<usize>,
    /// Push-button press counters and held buttons of each site.
    pub(super) buttons: Vec<super::sensors::Buttons>,
    pub(super) evs: Vec<Ev>,
    /// When a vehicle last crept into each site under dark or flashing lamps, and from which lane.
    pub(super) crept: Vec<(u64, usize)>,
    pub(super) arrivals: Rng,
    pub(super) people_dice: Rng,
    pub(super) noise: Rng,
    pub(super) next_person: u64,
    pub(super) counts: Counts,
}

/// Where traffic enters the city.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) road: RoadId,
    /// Vehicles that wait outside because the road is full.
    pub(super) outside: u16,
}

/// What the street counts besides what lanes and crossings hold themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) vehicles: u64,
    pub(super) walkers: u64,
    pub(super) riders: u64,
    pub(super) presses: u64,
    pub(super) requests: u64,
    pub(super) vehicle_delay_s: f64,
    pub(super) people_delay_s: f64,
    pub(super) rider_delay_s: f64,
}

impl VirtualStreet {
    /// An empty street at moment zero.
    #[must_use]
    pub fn new(mut map: StreetMap, config: StreetConfig) -> Self {
        map.settle();
        Self::on_map(Arc::new(map), config)
    }

    pub(super) fn on_map(map: Arc<StreetMap>, config: StreetConfig) -> Self {
        let mut first_lane = Vec::with_capacity(map.roads.len());
        let mut lanes = 0;
        for road in &map.roads {
            first_lane.push(lanes);
            lanes += road.lanes.len();
        }
        let sources = (0_u32..)
            .zip(&map.roads)
            .filter(|(_, road)| road.inflow_veh_h > 0.0)
            .map(|(at, _)| Source {
                road: RoadId::new(at),
                outside: 0,
            })
            .collect();
        let (sensors, first_sensor) = Sensor::lay(&map);
        Self {
            lanes: vec![Lane::default(); lanes],
            first_lane,
            evs_on: vec![0; map.roads.len()],
            sources,
            walkers: vec![Walkers::default(); map.walks.len()],
            riders: vec![Riders::default(); map.riders.len()],
            sensors,
            first_sensor,
            buttons: vec![super::sensors::Buttons::default(); map.sites],
            evs: Vec::new(),
            crept: vec![(0, usize::MAX); map.sites],
            arrivals: Rng::new(config.seed, 1),
            people_dice: Rng::new(config.seed, 2),
            noise: Rng::new(config.seed, 3),
            next_person: 0,
            counts: Counts::default(),
            clock: 0,
            started: false,
            map,
            config,
        }
    }

    /// The street as built.
    #[must_use]
    pub fn map(&self) -> &StreetMap {
        &self.map
    }

    /// The street's clock.
    #[must_use]
    pub const fn now(&self) -> Mono {
        Mono::from_ms(self.clock)
    }

    /// Local time of day, seconds since midnight.
    #[must_use]
    pub fn second_of_day(&self) -> u32 {
        let seconds = u64::from(self.config.second_of_day) + self.clock / 1000;
        u32::try_from(seconds % 86_400).unwrap_or(0)
    }

    /// The demand at this moment as a share of the peak of the map.
    pub(super) fn demand_now(&self) -> f32 {
        self.config.demand * share_of_peak(self.second_of_day())
    }

    pub(super) fn lane_at(&self, road: RoadId, lane: usize) -> usize {
        self.first_lane[road.index()] + lane
    }

    /// What the drivers of this lane see.
    pub(super) fn aspect(&self, road: RoadId, lane: usize, lamps: &[SiteLamps]) -> Aspect {
        let road = &self.map.roads[road.index()];
        match (road.end, road.lanes[lane].group) {
            (RoadEnd::Signal(site, _), Some(group)) => Aspect::of(lamp(lamps, site, group)),
            _ => Aspect::Go,
        }
    }

    fn tick(&mut self, lamps: &[SiteLamps]) {
        self.clock += u64::from(TICK.as_ms());
        let map = Arc::clone(&self.map);
        let demand = self.demand_now();
        self.inflow(&map, demand);
        self.walk(&map, demand, lamps);
        self.ride(&map, demand, lamps);
        self.drive(&map, lamps);
        if !self.evs.is_empty() {
            let mut evs = mem::take(&mut self.evs);
            for at in 0..evs.len() {
                self.drive_ev(&map, &mut evs, at, lamps);
            }
            self.evs = evs;
        }
        self.read_sensors();
    }
}

/// What one lamp shows; dark if nobody tells.
pub(super) fn lamp(lamps: &[SiteLamps], site: SiteId, group: GroupId) -> Indication {
    lamps
        .get(site.index())
        .and_then(|site| site.get(group.index()))
        .copied()
        .unwrap_or_default()
}

impl Street for VirtualStreet {
    fn step(&mut self, now: Mono, lamps: &[SiteLamps]) {
        let tick = u64::from(TICK.as_ms());
        if !self.started {
            self.started = true;
            self.clock = now.as_ms() / tick * tick;
            return;
        }
        let behind = now.as_ms().saturating_sub(self.clock) / tick;
        if behind > CATCH_UP {
            self.clock += (behind - CATCH_UP) * tick;
        }
        for _ in 0..behind.min(CATCH_UP) {
            self.tick(lamps);
        }
    }

    fn sense(&self, site: SiteId, inputs: &mut FieldInputs) {
        self.sense_site(site, inputs);
    }
}
