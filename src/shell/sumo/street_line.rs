//! The line of a road: it joins two nodes, and is as long as the road says.

/// A position in metres.
pub(super) type Point = (f64, f64);

/// A line may begin and end this far from its nodes, metres; the loader allows 30.
const GAP_M: f64 = 28.0;

fn away(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

fn length(line: &[Point]) -> f64 {
    let ends = line.iter().zip(line.iter().skip(1));
    ends.map(|(a, b)| away(*a, *b)).sum()
}

/// The loader allows 5 % of the line and 5 m; this keeps a little inside.
fn fits(line: &[Point], said: f64) -> bool {
    let drawn = length(line);
    (drawn - said).abs() <= drawn.mul_add(0.045, 4.5)
}

/// A line between two nodes for a road of `said` metres, and the length it must be given: another
/// one only if the nodes are too far apart for it.
pub(super) fn street_line(
    (from, to): (Point, Point),
    shape: &[Point],
    said: f64,
) -> (Vec<Point>, f64) {
    let near = match (shape.first(), shape.last()) {
        (Some(first), Some(last)) => away(*first, from) <= GAP_M && away(*last, to) <= GAP_M,
        _ => false,
    };
    let inner = shape.iter().skip(1).take(shape.len().saturating_sub(2));
    let mut joined = vec![from];
    joined.extend(inner);
    joined.push(to);
    if shape.len() > 1 && near && fits(&joined, said) {
        return (joined, said);
    }
    if shape.len() > 1 && near && fits(shape, said) {
        return (shape.to_vec(), said);
    }
    let straight = away(from, to);
    if straight <= said {
        // A detour to the side makes up the length.
        let middle = (from.0.midpoint(to.0), from.1.midpoint(to.1));
        let aside = ((said / 2.0).powi(2) - (straight / 2.0).powi(2))
            .max(0.0)
            .sqrt();
        let (east, north) = if straight > 0.1 {
            ((to.1 - from.1) / straight, (from.0 - to.0) / straight)
        } else {
            (1.0, 0.0)
        };
        let corner = (
            east.mul_add(aside, middle.0),
            north.mul_add(aside, middle.1),
        );
        return (vec![from, corner, to], said);
    }
    let cut = ((straight - said) / 2.0).min(GAP_M);
    let (east, north) = ((to.0 - from.0) / straight, (to.1 - from.1) / straight);
    let begin = (east.mul_add(cut, from.0), north.mul_add(cut, from.1));
    let end = (east.mul_add(-cut, to.0), north.mul_add(-cut, to.1));
    (vec![begin, end], said.max(2.0_f64.mul_add(-cut, straight)))
}

/// How far before the end of a road of `said` metres on this line the place nearest to `at` lies,
/// metres.
pub(super) fn from_end(line: &[Point], at: Point, said: f64) -> f64 {
    let drawn = length(line);
    let mut best = (f64::MAX, 0.0);
    let mut before = 0.0;
    for (a, b) in line.iter().zip(line.iter().skip(1)) {
        let piece = away(*a, *b);
        let along = (at.0 - a.0) * (b.0 - a.0) + (at.1 - a.1) * (b.1 - a.1);
        let part = if piece > 0.0 {
            (along / (piece * piece)).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let foot = (part.mul_add(b.0 - a.0, a.0), part.mul_add(b.1 - a.1, a.1));
        let off = away(foot, at);
        if off < best.0 {
            best = (off, part.mul_add(piece, before));
        }
        before += piece;
    }
    if drawn > 0.0 {
        (drawn - best.1) / drawn * said
    } else {
        0.0
    }
}
