//! Which groups meet, and how long one must have gone before the other may come.
//!
//! Every arm has a way in and a way out on a circle around the junction; two movements cross if
//! their chords do, and merge if they leave by the same arm.

use crate::layout::{ARMS, opposite};
use crate::site::{BUFFER_S, Group, Kind, Stream};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Relation {
    Compatible,
    Permissive,
    Hostile,
}

/// How two groups of one site stand to each other.
pub(crate) fn relation(a: &Group, b: &Group) -> Relation {
    let pairs = a
        .streams
        .iter()
        .flat_map(|x| b.streams.iter().map(move |y| (x, y)));
    let worst = pairs.map(|(x, y)| meeting(x, y)).max();
    let worst = worst.unwrap_or(Relation::Compatible);
    let arrow = a.kind == Kind::Arrow || b.kind == Kind::Arrow;
    if arrow && worst == Relation::Permissive {
        Relation::Hostile
    } else {
        worst
    }
}

/// Time from the end of green of `from` to the start of green of `to`, tenths of a second; `None`
/// if they are not hostile.
///
/// Walkers: the buffer. Others: 3 s of amber, the way through the junction and over it with the
/// vehicle's own length of 6 m (riders 2 m) at a moderate speed, less 1 s that the other side needs to
/// come; rounded up to half a second, and never under 5 s. Riders who obey a vehicle group may set
/// off in its last moment of green, at 4 m/s: their way begins 4 m behind the stop line and ends
/// with their own length.
pub(crate) fn intergreen_ds(from: &Group, to: &Group) -> Option<u32> {
    if relation(from, to) != Relation::Hostile {
        return None;
    }
    let (length_m, speed_dm_s, most) = match from.kind {
        Kind::Pedestrian => return Some(BUFFER_S * 10),
        Kind::WaitingArea => return Some(50),
        Kind::Vehicle => (6, from.speed_kmh * 100 / 36, 70),
        Kind::Arrow => (6, 80, 70),
        Kind::NonMotor => (2, 50, 80),
    };
    let clear_ds = ((from.path_m + length_m) * 100).div_ceil(speed_dm_s / 10 * 10);
    let riding_ds = if from.riders {
        (from.path_m - 2) * 100 / 40
    } else {
        0
    };
    let total = (30 + clear_ds).max(riding_ds) - 10;
    Some((total.div_ceil(5) * 5).clamp(50, most))
}

fn meeting(a: &Stream, b: &Stream) -> Relation {
    match (a, b) {
        (Stream::Walkers { .. }, Stream::Walkers { .. }) => Relation::Compatible,
        (Stream::Walkers { over }, other) | (other, Stream::Walkers { over }) => {
            over_arm(*over, other)
        }
        (Stream::Waiting { from }, other) | (other, Stream::Waiting { from }) => {
            into_waiting(*from, other)
        }
        _ => driving(a, b),
    }
}

/// Walkers over `arm` against whoever enters or leaves by it.
fn over_arm(arm: char, other: &Stream) -> Relation {
    match other {
        Stream::Waiting { from } | Stream::Vehicles { from, .. } if *from == arm => {
            Relation::Hostile
        }
        Stream::Riders { from, into } if arm == *from || arm == *into => Relation::Hostile,
        Stream::Vehicles { from, into } if into.contains(&arm) => {
            if arm == opposite(*from) {
                Relation::Hostile
            } else {
                Relation::Permissive
            }
        }
        Stream::Walkers { .. }
        | Stream::Waiting { .. }
        | Stream::Riders { .. }
        | Stream::Vehicles { .. } => Relation::Compatible,
    }
}

/// Vehicles that wait inside the junction are in the way of the crossing street only.
fn into_waiting(from: char, other: &Stream) -> Relation {
    match other {
        Stream::Vehicles { from: other, .. } | Stream::Riders { from: other, .. }
            if *other != from && *other != opposite(from) =>
        {
            Relation::Hostile
        }
        _ => Relation::Compatible,
    }
}

fn driving(a: &Stream, b: &Stream) -> Relation {
    let (from_a, from_b) = (origin(a), origin(b));
    if from_a == from_b {
        return same_arm(a, b);
    }
    let mut worst = Relation::Compatible;
    for into_a in targets(a) {
        for into_b in targets(b) {
            let crosses = chords_cross((from_a, into_a), (from_b, into_b));
            if !crosses && into_a != into_b {
                continue;
            }
            // A turn gives way to those who come from the other side; nothing else is left to courtesy.
            let turning = into_a != opposite(from_a) || into_b != opposite(from_b);
            let facing = from_b == opposite(from_a);
            let found = if facing && turning {
                Relation::Permissive
            } else {
                Relation::Hostile
            };
            worst = worst.max(found);
        }
    }
    worst
}

/// Riders go straight on beside vehicles that may turn right across them.
fn same_arm(a: &Stream, b: &Stream) -> Relation {
    let (vehicles, riders) = match (a, b) {
        (Stream::Vehicles { from, into }, Stream::Riders { .. })
        | (Stream::Riders { .. }, Stream::Vehicles { from, into }) => (into, *from),
        _ => return Relation::Compatible,
    };
    if vehicles.contains(&crate::layout::right_of(riders)) {
        Relation::Permissive
    } else {
        Relation::Compatible
    }
}

fn origin(stream: &Stream) -> char {
    match stream {
        Stream::Vehicles { from, .. } | Stream::Riders { from, .. } | Stream::Waiting { from } => {
            *from
        }
        Stream::Walkers { over } => *over,
    }
}

fn targets(stream: &Stream) -> Vec<char> {
    match stream {
        Stream::Vehicles { into, .. } => into.clone(),
        Stream::Riders { into, .. } => vec![*into],
        Stream::Walkers { .. } | Stream::Waiting { .. } => Vec::new(),
    }
}

/// Traffic keeps to the right: clockwise, each arm's way in comes before its way out.
fn chords_cross(a: (char, char), b: (char, char)) -> bool {
    let place = |arm: char| {
        ARMS.iter()
            .position(|other| *other == arm)
            .unwrap_or_default()
            * 2
    };
    let (start, end) = (place(a.0), place(a.1) + 1);
    let inside = |point: usize| {
        let turned = |at: usize| (at + 8 - start) % 8;
        turned(point) < turned(end) && turned(point) > 0
    };
    inside(place(b.0)) != inside(place(b.1) + 1)
}
