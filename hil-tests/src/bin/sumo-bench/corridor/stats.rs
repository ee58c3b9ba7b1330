//! Figures of a set of runs.

use hil_tests::sumo::corridor::dice::Dice;

/// Draws of a bootstrap.
const DRAWS: usize = 2000;

pub(super) fn mean(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / count(of.len().max(1))
}

pub(super) fn max(of: &[f64]) -> f64 {
    of.iter().copied().fold(f64::NAN, f64::max)
}

#[expect(clippy::cast_precision_loss, reason = "no comparison has 2^52 runs")]
pub(super) const fn count(of: usize) -> f64 {
    of as f64
}

/// The value that this share of the runs does not exceed, between neighbours in proportion.
pub(super) fn quantile(of: &[f64], share: f64) -> f64 {
    let mut sorted = of.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = share * count(last);
    let below = (0..=last).rev().find(|i| count(*i) <= at).unwrap_or(0);
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    a + (b - a) * (at - count(below))
}

/// The 95 % interval of the mean, by drawing pairs again and again.
pub(super) fn interval(of: &[f64]) -> (f64, f64) {
    if of.is_empty() {
        return (f64::NAN, f64::NAN);
    }
    let mut dice = Dice::new(1, 7);
    let draw = |dice: &mut Dice| {
        let drawn = (0..of.len()).map(|_| of[dice.below(of.len())]);
        drawn.sum::<f64>() / count(of.len())
    };
    let means: Vec<f64> = (0..DRAWS).map(|_| draw(&mut dice)).collect();
    (quantile(&means, 0.025), quantile(&means, 0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let of = [4.0, 1.0, 3.0, 2.0];
        assert!((quantile(&of, 0.5) - 2.5).abs() < 1e-9);
        assert!((quantile(&of, 1.0) - 4.0).abs() < 1e-9);
        assert!((quantile(&of, 0.9) - 3.7).abs() < 1e-9);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn an_interval_holds_the_mean_and_is_the_same_twice() {
        let of = [1.0, 2.0, 9.0, 4.0, 4.0];
        let (low, high) = interval(&of);
        assert!(low < mean(&of) && mean(&of) < high);
        assert_eq!(interval(&of), (low, high));
        assert_eq!(interval(&[3.0; 5]), (3.0, 3.0));
    }
}
