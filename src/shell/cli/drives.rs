//! The account of an emergency vehicle's drive on the virtual street.

use super::load::LoadedCity;
use crate::sim::{Dispatch, DriveReport, PEAK_SATURATION, StreetConfig, VirtualStreet, lay_city};
use crate::units::{Millis, Mono};

/// A drive measured against the same vehicle on the empty street with everything green.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    /// Time from setting off to arriving; `None` if it has not arrived.
    pub(super) travel: Option<Millis>,
    /// Travel time over the floor. Of a vehicle that has not arrived, its time so far over the
    /// floor: the ratio is at least that.
    pub(super) ratio: f64,
}

impl Measure {
    pub(super) fn new(drive: &DriveReport, floor: Millis, now: Mono) -> Self {
        let travel = drive.arrived.map(|arrived| arrived.since(drive.departed));
        let so_far = travel.unwrap_or_else(|| now.since(drive.departed));
        let ratio = f64::from(so_far.as_ms()) / f64::from(floor.as_ms().max(1));
        Self {
            travel,
            ratio: round(ratio, 3),
        }
    }
}

/// Time of the same drive on the empty street with every lamp green.
pub(super) fn floor(loaded: &LoadedCity, order: &Dispatch) -> Option<Millis> {
    let map = lay_city(&loaded.graph, &loaded.city.sites, PEAK_SATURATION);
    VirtualStreet::new(map, StreetConfig::default()).free_flow_travel(order)
}

/// Share of the signals passed that were green, with the queue gone, at the braking distance.
pub(super) fn green_share(drive: &DriveReport) -> f64 {
    let greens = drive
        .signals
        .iter()
        .filter(|signal| signal.green_at_arrival);
    let share = |n: usize| u32::try_from(n).map_or(0.0, f64::from);
    let (green, all) = (greens.count(), drive.signals.len());
    if all == 0 {
        0.0
    } else {
        round(share(green) / share(all), 3)
    }
}

pub(super) fn seconds(time: Millis) -> f64 {
    f64::from(time.as_ms()) / 1000.0
}

pub(super) fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
