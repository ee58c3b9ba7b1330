//! Which known name somebody meant.

/// Units that end the key of a number.
const UNITS: &[&str] = &[
    "s", "ms", "m", "km", "cm", "mm", "mps", "kmh", "min", "h", "hz", "per_min", "deg", "t", "mph",
    "sec", "secs", "seconds", "minutes", "metres", "meters",
];

/// The unit a key ends in, as `s` of `amber_s`.
pub(super) fn unit_of(key: &str) -> Option<&'static str> {
    let fits = |unit: &&&str| {
        key.strip_suffix(**unit)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('_'))
    };
    UNITS
        .iter()
        .filter(fits)
        .max_by_key(|unit| unit.len())
        .copied()
}

/// The key without its unit.
pub(super) fn stem(key: &str) -> &str {
    let Some(unit) = unit_of(key) else {
        return key;
    };
    let end = key.len().saturating_sub(unit.len() + 1);
    key.get(..end).unwrap_or(key)
}

/// The name of `names` that is closest to `typed`, if one is close enough to be meant.
pub(super) fn nearest<'n>(typed: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let allowed = (typed.chars().count() / 2).clamp(1, 4);
    names
        .map(|name| (distance(typed, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// Letters to insert, remove, replace or swap with their neighbour, to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (row, from) in a.chars().enumerate() {
        let mut now = vec![row + 1];
        for (column, to) in b.iter().enumerate() {
            let cost = usize::from(from != *to);
            let left = now.last().copied().unwrap_or(row) + 1;
            let above = last.get(column + 1).copied().unwrap_or(row) + 1;
            let diagonal = last.get(column).copied().unwrap_or(row) + cost;
            let mut best = left.min(above).min(diagonal);
            let swapped = column
                .checked_sub(1)
                .filter(|left| b.get(*left) == Some(&from) && previous == Some(*to));
            if let Some(two_ago) = swapped.and_then(|left| before_last.get(left)) {
                best = best.min(two_ago + 1);
            }
            now.push(best);
        }
        before_last = core::mem::replace(&mut last, now);
        previous = Some(from);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_its_name() {
        let known = ["amber_s", "min_green_s", "walk_s", "clear_s"];
        let near = |typed| nearest(typed, known.iter().copied());
        assert_eq!(near("abmer_s"), Some("amber_s"));
        assert_eq!(near("min_gren_s"), Some("min_green_s"));
        assert_eq!(near("colour"), None);
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn the_unit_is_the_end_of_a_key() {
        assert_eq!(unit_of("chatter_per_min"), Some("per_min"));
        assert_eq!(stem("walk_speed_mps"), "walk_speed");
        assert_eq!(stem("amber"), "amber");
        assert_eq!(unit_of("s"), None);
    }
}
