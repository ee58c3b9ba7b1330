//! How far off what was said before the key has been in a city, and previews corrected by it.
//!
//! The errors of the last runs are kept as they are. One in ten of them lies beyond their own
//! ninth tenth, whatever the model leaves out; the next run is one of the same kind as long as the
//! city stays what it is. See `docs/decisions/0011-worth.md`.

use serde::{Deserialize, Serialize};

use super::{CrossingPreview, Preview};
use crate::units::{Millis, Mono};

/// Runs that are remembered, those that nobody has driven here included.
const KEPT: usize = Calibration::RUNS_KEPT as usize;
/// No run is believed to have taken more than eleven times what was said, per mille beyond it.
const LATE_MAX: i32 = 10_000;
/// What the first runs of a city are believed to be off by: tenths of the runs that the model was made
/// on, in thousandths of the stated travel time. They are of seeds 1 and 2 of the very networks that
/// the benchmarks are made on; how such a start does in an unknown city nobody has tried.
const ARRIVALS: [i32; 10] = [-75, -41, -22, 7, 24, 30, 64, 124, 143, 194];
/// The same of the price, in thousandths of half the model's own interval.
const PRICES: [i32; 10] = [-1000, -450, -360, -20, 140, 240, 350, 720, 900, 1150];

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
    /// So many of the last runs are counted with.
    pub const RUNS_KEPT: u32 = 60;

    /// Errors that were kept, oldest first: of travel times, per mille of what was said, and of prices,
    /// per mille of half their interval. `None` if there are none, more than are ever kept, or one
    /// that cannot be: nothing arrives before it sets off.
    #[must_use]
    pub fn of(arrivals: Vec<i32>, prices: Vec<i32>) -> Option<Self> {
        let kept = |errors: &[i32]| (1..=KEPT).contains(&errors.len());
        let can_be = arrivals
            .iter()
            .all(|error| (-1000..=LATE_MAX).contains(error));
        (kept(&arrivals) && kept(&prices) && can_be).then_some(Self { arrivals, prices })
    }

    /// The errors of travel times, oldest first, per mille of what was said.
    #[must_use]
    pub fn arrivals(&self) -> &[i32] {
        &self.arrivals
    }

    /// The errors of prices, oldest first, per mille of half the interval that the model gave them.
    #[must_use]
    pub fn prices(&self) -> &[i32] {
        &self.prices
    }

    /// The middle and the ninth tenth of the errors of travel times, per mille of what is said.
    #[must_use]
    pub fn late(&self) -> (i32, i32) {
        (quantile(&self.arrivals, 10), quantile(&self.arrivals, 18))
    }

    /// A run that came so much later than was said, per mille of what was said.
    pub fn learn_late(&mut self, per_mille: i32) {
        keep(&mut self.arrivals, i64::from(per_mille.min(LATE_MAX)));
    }

    /// A run of which only this is known: it came at least so much later than was said. It is learnt
    /// if it was late whatever came of it, beyond the ninth tenth; of another one nobody knows on which
    /// side of any value it belongs, and to take its bound for its arrival would make previews too
    /// early. True if it was learnt.
    pub fn learn_at_least(&mut self, per_mille: i32) -> bool {
        let is_late = per_mille > self.late().1;
        if is_late {
            self.learn_late(per_mille);
        }
        is_late
    }

    /// A run for which the model `said` this `came` so long after setting off. Of a vehicle that has
    /// not arrived this is how long it has been followed: it took at least that.
    pub fn learn_arrival(&mut self, said: &Preview, came: Millis) {
        let stated = i64::from(said.with_key.as_ms()).max(1);
        let off = i64::from(came.as_ms()) - stated;
        keep(&mut self.arrivals, off * 1000 / stated);
    }

    /// A run for which the model `said` this cost the others so many vehicle-seconds.
    pub fn learn_price(&mut self, said: &Preview, came_vehicle_s: i64) {
        let off = came_vehicle_s.saturating_sub(said.price_vehicle_s);
        keep(&mut self.prices, off.saturating_mul(1000) / half(said));
    }

    /// What the model says, corrected by what came of what it said before. The vehicle's own pace
    /// is as much off without the key as with it. The middle of the price stays what the model says.
    #[must_use]
    pub fn correct(&self, said: &Preview) -> Preview {
        let stated = i64::from(said.with_key.as_ms());
        let slower =
            |twentieths: usize| stated * i64::from(quantile(&self.arrivals, twentieths)) / 1000;
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
            // No vehicle is surer of its arrival with every signal red than with every one green.
            without_key_p90: later(said.without_key_p90, middle)
                .max(later(said.with_key, late.max(middle))),
            price_low_vehicle_s: end(1).min(price),
            price_high_vehicle_s: end(19).max(price),
            ..said.clone()
        }
    }

    /// The same, with the arrival at each signal of a vehicle that sets off at `departs`. When a lock
    /// starts stays what the model says: that is what the engine will do.
    #[must_use]
    pub fn correct_from(&self, said: &Preview, departs: Mono) -> Preview {
        let mut corrected = self.correct(said);
        for crossing in &mut corrected.crossings {
            self.correct_crossing(crossing, departs);
        }
        corrected
    }

    fn correct_crossing(&self, said: &mut CrossingPreview, departs: Mono) {
        let driven = i64::from(said.eta.since(departs).as_ms());
        let at = |twentieths: usize| {
            let off = driven * i64::from(quantile(&self.arrivals, twentieths)) / 1000;
            departs + Millis::new(u32::try_from((driven + off).max(0)).unwrap_or(u32::MAX))
        };
        said.eta = at(10);
        said.eta_p10 = at(2).min(said.eta);
        said.eta_p90 = at(18).max(said.eta);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corridor::Advice;

    fn said(with_s: u32) -> Preview {
        Preview {
            with_key: Millis::from_secs(with_s),
            with_key_p90: Millis::from_secs(with_s + 3),
            without_key: Millis::from_secs(with_s + 60),
            without_key_p90: Millis::from_secs(with_s + 90),
            saved: Millis::from_secs(60),
            price_vehicle_s: 100,
            price_low_vehicle_s: -900,
            price_high_vehicle_s: 1_100,
            longest_wait: None,
            crossings: Vec::new(),
            unavailable: Vec::new(),
            beyond: None,
            advice: Advice::WorthIt,
        }
    }

    #[test]
    fn one_run_in_ten_comes_later_than_the_corrected_ninth_tenth() {
        let mut known = Calibration::default();
        let mut later = 0;
        for run in 0..600_u32 {
            let raw = said(100);
            // 110 to 209 s, evenly and out of order.
            let came = Millis::from_secs(110 + run * 37 % 100);
            later += u32::from(run >= 100 && came > known.correct(&raw).with_key_p90);
            known.learn_arrival(&raw, came);
        }
        assert!((35..=65).contains(&later), "{later} of 500");
        let middle = known.correct(&said(100)).with_key;
        assert!((150_000..170_000).contains(&middle.as_ms()), "{middle:?}");
    }

    #[test]
    fn the_price_lies_in_its_corrected_interval_in_nine_runs_of_ten() {
        let mut known = Calibration::default();
        let (mut inside, mut width) = (0, 0);
        for run in 0..600_i64 {
            let raw = said(100);
            let came = -20_000 + run * 37 % 100 * 400;
            let stated = known.correct(&raw);
            let held = stated.price_low_vehicle_s..=stated.price_high_vehicle_s;
            if run >= 100 {
                inside += u32::from(held.contains(&came));
                width = held.end() - held.start();
            }
            known.learn_price(&raw, came);
        }
        assert!((435..=480).contains(&inside), "{inside} of 500");
        assert!((34_000..40_000).contains(&width), "{width}");
    }

    #[test]
    fn the_key_is_never_said_to_make_the_late_runs_later() {
        let mut known = Calibration::default();
        // Two runs of three come as said, the third 60 % later.
        (0..KEPT).for_each(|run| known.learn_late(if run % 3 == 0 { 600 } else { 0 }));
        let raw = said(300);
        let stated = known.correct(&raw);
        // Far beyond the 390 s that the model gives nine drives in ten without the key.
        assert_eq!(stated.with_key_p90, Millis::from_secs(480));
        assert!(stated.without_key_p90 >= stated.with_key_p90);
        // What it saves is said as before, and is the difference of what is shown beside it.
        assert_eq!(stated.saved, raw.saved);
        let saved = stated.without_key.saturating_sub(stated.with_key);
        assert_eq!(saved, raw.saved);
        assert_eq!(stated.advice, raw.advice);
    }

    #[test]
    fn a_run_cut_short_is_learnt_only_if_it_was_late_whatever_came() {
        let mut known = Calibration::default();
        let before = known.clone();
        let (_, late) = known.late();
        assert!(!known.learn_at_least(-900) && !known.learn_at_least(late));
        assert_eq!(known, before);
        assert!(known.learn_at_least(late + 1));
        assert_eq!(known.arrivals().last(), Some(&(late + 1)));
    }

    #[test]
    fn signals_are_reached_later_in_the_same_measure_as_the_end() {
        let mut known = Calibration::default();
        (0..KEPT).for_each(|_| known.learn_late(100));
        let at = |s: u64| Mono::from_ms(s * 1000);
        let mut raw = said(100);
        raw.crossings = vec![CrossingPreview {
            site: crate::ids::SiteId::new(0),
            available: true,
            eta: at(1_050),
            eta_p10: at(1_048),
            eta_p90: at(1_054),
            start: at(1_020),
            flush: Millis::ZERO,
            hold: Millis::ZERO,
            late_by: Millis::ZERO,
            delay_without: Millis::ZERO,
            price_vehicle_s: 0,
            longest_vehicle_wait: Millis::ZERO,
            vehicles: 0,
            walkers: 0,
        }];
        let stated = known.correct_from(&raw, at(1_000));
        assert_eq!(stated.with_key, Millis::from_secs(110));
        let crossing = stated.crossings.first().unwrap();
        assert_eq!((crossing.eta, crossing.start), (at(1_055), at(1_020)));
        assert!(crossing.eta_p10 <= crossing.eta && crossing.eta <= crossing.eta_p90);
    }

    #[test]
    fn errors_that_cannot_be_are_no_calibration() {
        assert!(Calibration::of(vec![-1000, 30], vec![0]).is_some());
        for (arrivals, prices) in [
            (vec![], vec![0]),
            (vec![0], vec![]),
            (vec![-1001], vec![0]),
            (vec![LATE_MAX + 1], vec![0]),
            (vec![0; KEPT + 1], vec![0]),
        ] {
            assert_eq!(Calibration::of(arrivals, prices), None);
        }
    }

    #[test]
    fn a_city_that_nobody_has_driven_in_is_believed_to_be_like_those_of_the_model() {
        let stated = Calibration::default().correct(&said(100));
        assert!(stated.with_key >= Millis::from_secs(100));
        assert!(stated.with_key_p90 > stated.with_key + Millis::from_secs(10));
        assert!(stated.price_low_vehicle_s <= -900 && stated.price_high_vehicle_s > 1_100);
        // No figure overflows, whatever came.
        let mut known = Calibration::default();
        known.learn_price(&said(0), i64::MAX);
        known.learn_arrival(&said(0), Millis::MAX);
        let _ = known.correct(&said(0));
    }
}
