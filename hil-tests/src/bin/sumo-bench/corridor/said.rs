//! What a run's line tells of what was said before it and proven after it.

use hil_tests::sumo::corridor::Proven;
use hil_tests::sumo::corridor::proven::{Spread, Stated};
use serde::{Deserialize, Serialize};

/// What was said and proven: seconds and vehicle-seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// Travel time with the key: one run in two keeps it, nine in ten keep it.
    pub(super) stated_p50_s: Option<f64>,
    pub(super) stated_p90_s: Option<f64>,
    /// The same without it.
    pub(super) stated_without_p50_s: Option<f64>,
    pub(super) stated_without_p90_s: Option<f64>,
    /// What others pay.
    pub(super) stated_price_lo: Option<f64>,
    pub(super) stated_price_mid: Option<f64>,
    pub(super) stated_price_hi: Option<f64>,
    /// What the journal proves that the vehicle saved ...
    pub(super) twin_saved_lo: Option<f64>,
    pub(super) twin_saved_mid: Option<f64>,
    pub(super) twin_saved_hi: Option<f64>,
    /// ... and that the others paid.
    pub(super) twin_paid_lo: Option<f64>,
    pub(super) twin_paid_mid: Option<f64>,
    pub(super) twin_paid_hi: Option<f64>,
}

impl Said {
    /// What was stated, and what was proven, of one vehicle.
    pub(super) fn of(stated: Option<Stated>, proven: Option<Proven>) -> Self {
        let price = stated.map(|stated| stated.price_vehs);
        let saved = proven.and_then(|proven| proven.saved_s);
        let paid = proven.map(|proven| proven.paid_vehs);
        let lo = |spread: Option<Spread>| spread.map(|spread| spread.lo);
        let mid = |spread: Option<Spread>| spread.map(|spread| spread.mid);
        let hi = |spread: Option<Spread>| spread.map(|spread| spread.hi);
        Self {
            stated_p50_s: stated.map(|stated| stated.with_p50_s),
            stated_p90_s: stated.map(|stated| stated.with_p90_s),
            stated_without_p50_s: stated.map(|stated| stated.without_p50_s),
            stated_without_p90_s: stated.map(|stated| stated.without_p90_s),
            stated_price_lo: lo(price),
            stated_price_mid: mid(price),
            stated_price_hi: hi(price),
            twin_saved_lo: lo(saved),
            twin_saved_mid: mid(saved),
            twin_saved_hi: hi(saved),
            twin_paid_lo: lo(paid),
            twin_paid_mid: mid(paid),
            twin_paid_hi: hi(paid),
        }
    }
}
