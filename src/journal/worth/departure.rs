//! When a vehicle set off, by the track of its positions.

use super::gather::STANDS;
use super::run::TrackPoint;
use crate::units::{Length, Mono};

/// So far from its first place it has set off, whatever speed it reports.
const AWAY: Length = Length::from_metres(60);

/// What the track has shown so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Departure {
    start: Option<Length>,
    /// The last place it stood at, if it has been moving since.
    stood_at: Option<Mono>,
}

impl Departure {
    /// The moment it set off, once the track shows it: it is faster than standing twice in a row, and
    /// left where it was before that. Places alone show nothing near the start, for those of a
    /// standing vehicle scatter by metres.
    pub(super) fn look(&mut self, before: TrackPoint, point: TrackPoint) -> Option<Mono> {
        let start = *self.start.get_or_insert(before.along);
        let moves = point.speed > STANDS;
        let left = self.stood_at.filter(|_| moves);
        self.stood_at = moves.then_some(before.at);
        left.or((point.along > start + AWAY).then_some(before.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Speed;

    fn departure(track: &[(u64, u32, u32)]) -> Option<u64> {
        let point = |(second, along_m, speed): (u64, u32, u32)| TrackPoint {
            at: Mono::from_ms(second * 1000),
            along: Length::from_metres(along_m),
            speed: Speed::from_mm_per_s(speed),
        };
        let mut departure = Departure::default();
        let mut pairs = track.windows(2);
        let at = pairs.find_map(|two| departure.look(point(two[0]), point(two[1])));
        at.map(|at| at.as_ms() / 1000)
    }

    #[test]
    fn the_places_of_a_standing_vehicle_scatter_and_it_has_not_set_off() {
        let places = [20, 26, 22, 29, 21].into_iter().cycle();
        let mut track: Vec<_> = (0..60).zip(places).map(|(at, m)| (at, m, 400)).collect();
        // One wrong speed is none.
        track[30].2 = 3_000;
        track.extend(
            (60..65)
                .zip([25, 34, 43, 52, 61])
                .map(|(at, m)| (at, m, 9_000)),
        );
        assert_eq!(departure(&track[..60]), None);
        assert_eq!(departure(&track), Some(59));
    }

    #[test]
    fn a_receiver_without_a_speed_is_seen_to_be_away() {
        let track: Vec<_> = (0..10)
            .zip((0..).step_by(12))
            .map(|(at, m)| (at, m, 0))
            .collect();
        assert_eq!(departure(&track), Some(5));
        // One that reports every ten seconds sets off before the first of two that move.
        assert_eq!(
            departure(&[(0, 0, 0), (10, 2, 0), (20, 40, 9_000), (30, 55, 9_000)]),
            Some(10)
        );
    }
}
