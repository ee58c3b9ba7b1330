//! What a preview shows.

use super::view::{Advice, LatLon, Names};

/// What a corridor would do and cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PreviewView {
    /// The route on the ground.
    pub line: Vec<LatLon>,
    /// Where it ends.
    pub destination: Names,
    /// Its length, metres.
    pub length_m: f64,
    /// Time of an empty street with everything green, seconds.
    pub free_flow_s: f64,
    /// Time with the key that one run in two keeps, seconds.
    pub with_key_s: f64,
    /// Time without it that one run in two keeps, seconds.
    pub without_key_s: f64,
    /// What the key saves: more in one run of two, seconds.
    pub saved_s: f64,
    /// The times that nine runs in ten keep.
    pub arrival: ArrivalView,
    /// Runs of this kind here that the times are corrected by.
    pub runs: u32,
    /// The signals in order.
    pub crossings: Vec<PreviewCrossing>,
    /// What others pay.
    pub price: PriceView,
    /// Other corridors that want the same signals at the same time.
    pub clashes: Vec<ClashView>,
    /// What a person should know before pressing.
    pub advice: Vec<Advice>,
    /// Other ways to the same place; theirs are empty.
    pub alternatives: Vec<PreviewView>,
}

/// Times that nine runs in ten keep.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ArrivalView {
    /// With the key, seconds.
    pub with_key_p90_s: f64,
    /// Without it, seconds.
    pub without_key_p90_s: f64,
}

/// Another corridor wants a signal of the way at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClashView {
    /// Site id.
    pub site: String,
    /// Number of the other corridor.
    pub corridor: u32,
    /// The other one goes first.
    pub other_first: bool,
}

/// What others pay for a corridor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriceView {
    /// Extra vehicle-seconds of waiting: more in one run of two; below zero if others gain.
    pub delay_veh_s: f64,
    /// Nine runs in ten cost no less than this ...
    pub delay_low_veh_s: f64,
    /// ... and no more than this.
    pub delay_high_veh_s: f64,
    /// Vehicles that wait longer than they would have.
    pub vehicles: u32,
    /// Walkers that wait longer than they would have.
    pub walkers: u32,
    /// Longest wait anyone is expected to have, seconds.
    pub wait_max_s: f64,
    /// Where, by site id.
    pub wait_max_site: String,
    /// Bound that no wait may break, seconds.
    pub bound_s: u32,
}

/// One signal of a preview.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PreviewCrossing {
    /// Site id.
    pub site: String,
    /// Name of the approach.
    pub approach: String,
    /// `left`, `through`, `right` or `u-turn`; empty if unknown.
    pub movement: String,
    /// Time from now to the stop line, seconds.
    pub eta_s: f64,
    /// Time to the stop line that nine runs in ten keep, seconds.
    pub eta_p90_s: f64,
    /// Latest safe start of the change to green, seconds from now.
    pub latest_start_s: f64,
    /// Time the queue needs to clear, seconds.
    pub flush_s: f64,
    /// Vehicles standing on the approach.
    pub queue: u16,
    /// Expected length of the hold, seconds.
    pub hold_s: f64,
    /// Added delay of others at this signal, vehicle-seconds.
    pub price_veh_s: f64,
    /// Why the signal cannot be had, if so.
    pub unavailable: Option<Names>,
}
