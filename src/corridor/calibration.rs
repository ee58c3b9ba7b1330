//! How far off what was said before the key has been in a city, and previews corrected by it.
//!
//! The errors of the last runs are kept as they are. One in ten of them lies beyond their own
//! ninth tenth, whatever the model leaves out; the next run is one of the same kind as long as the
//! city stays what it is. See `docs/decisions/0011-worth.md`.

use serde::{Deserialize, Serialize};

use super::Preview;
use crate::units::Millis;

/// Runs that are remembered, those that nobody has driven here included.
const KEPT: usize = 60;
/// What the first runs of a city are believed to be off by: tenths of the runs of other cities that
/// the model was made on, in thousandths of the stated travel time.
const ARRIVALS: [i32; 10] = [-20, 0, 10, 20, 40, 60, 90, 150, 300, 700];
/// The same of the price, in thousandths of half the model's own interval.
const PRICES: [i32; 10] = [-3000, -1500, -700, -300, 0, 200, 500, 1000, 2000, 4000];

/// The errors of the last runs of a city, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// Travel time with the key against what was said, per mille of what was said.
    arrivals: Vec<i32>,
    /// The price against what was said, per mille of half the interval that the model gave it.
    prices: Vec<i32>,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            arrivals: ARRIVALS.to_vec(),
            prices: PRICES.to_vec(),
        }
    }
}

impl Calibration {
    /// A run for which the model `said` this took so long from setting off to its end.
    pub fn learn_arrival(&mut self, said: &Preview, came: Millis) {
        let stated = i64::from(said.with_key.as_ms()).max(1);
        let off = i64::from(came.as_ms()) - stated;
        keep(&mut self.arrivals, off * 1000 / stated);
    }

    /// A run for which the model `said` this cost the others so many vehicle-seconds.
    pub fn learn_price(&mut self, said: &Preview, came_vehicle_s: i64) {
        let off = came_vehicle_s - said.price_vehicle_s;
        keep(&mut self.prices, off.saturating_mul(1000) / half(said));
    }

    /// What the model says, corrected by what came of what it said before. The vehicle's own pace
    /// is as much off without the key as with it.
    #[must_use]
    pub fn correct(&self, said: &Preview) -> Preview {
        let stated = i64::from(said.with_key.as_ms());
        let slower = |tenths: usize| stated * i64::from(quantile(&self.arrivals, tenths)) / 1000;
        let later = |time: Millis, by: i64| {
            let ms = (i64::from(time.as_ms()) + by).max(0);
            Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
        };
        let (middle, late) = (slower(10), slower(18));
        let price = said.price_vehicle_s;
        let end = |twentieths: usize| {
            price + half(said) * i64::from(quantile(&self.prices, twentieths)) / 1000
        };
        Preview {
            with_key: later(said.with_key, middle),
            with_key_p90: later(said.with_key, late.max(middle)),
            without_key: later(said.without_key, middle),
            without_key_p90: later(said.without_key_p90, middle),
            price_low_vehicle_s: end(1).min(price),
            price_high_vehicle_s: end(19).max(price),
            ..said.clone()
        }
    }
}

/// Half the interval that the model gives a price, vehicle-seconds.
fn half(said: &Preview) -> i64 {
    ((said.price_high_vehicle_s - said.price_low_vehicle_s) / 2).max(1)
}

fn keep(errors: &mut Vec<i32>, error: i64) {
    let error = i32::try_from(error).unwrap_or(if error < 0 { i32::MIN } else { i32::MAX });
    if errors.len() >= KEPT {
        errors.remove(0);
    }
    errors.push(error);
}

/// The error that so many twentieths of the runs do not exceed, the next run counted among them.
fn quantile(errors: &[i32], twentieths: usize) -> i32 {
    let mut sorted = errors.to_vec();
    sorted.sort_unstable();
    let count = sorted.len() + 1;
    // Below the middle the lower neighbour is taken, above it the higher one.
    let rank = if twentieths < 10 {
        count * twentieths / 20
    } else {
        (count * twentieths).div_ceil(20)
    };
    let at = rank.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or_default()
}
