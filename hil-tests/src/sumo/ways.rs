//! One movement that leads two ways: what a site is told of both.

use greenwave::detect::MovementReport;

use super::sensing::LinkSeen;
use super::street::whole;

/// What is seen of the ways of one movement: who is on them together, and the exit that most of
/// its traffic takes; it is full if the exits that most of the traffic takes are.
pub(super) fn together(ways: &[&LinkSeen]) -> MovementReport {
    report(&seen_together(ways))
}

fn seen_together(ways: &[&LinkSeen]) -> LinkSeen {
    let (mut sum, mut full, mut most) = (LinkSeen::default(), 0, 0);
    for way in ways {
        sum.departed += way.departed;
        sum.inside += way.inside;
        sum.inside_slow += way.inside_slow;
        full += if way.is_full() { way.departed + 1 } else { 0 };
    }
    let ways_count = u32::try_from(ways.len()).unwrap_or(u32::MAX);
    let is_full = full * 2 > sum.departed + ways_count;
    for way in ways.iter().filter(|way| way.is_full() == is_full) {
        if way.departed + 1 > most {
            most = way.departed + 1;
            sum.exit = way.exit;
            sum.exit_standing = way.exit_standing;
            sum.exit_taken = way.exit_taken;
            sum.exit_blocked = way.exit_blocked;
        }
    }
    sum
}

fn report(seen: &LinkSeen) -> MovementReport {
    let small = |count: u32| u8::try_from(count).unwrap_or(u8::MAX);
    MovementReport {
        departed: u16::try_from(seen.departed & 0xffff).unwrap_or(0),
        inside: small(seen.inside),
        inside_slow: small(seen.inside_slow),
        exit_standing: small(seen.exit_standing),
        exit_taken: whole(seen.exit_taken * 1000.0),
        exit_blocked: seen.exit_blocked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_movement_of_two_ways_is_full_when_the_way_that_most_take_is() {
        let free = LinkSeen {
            departed: 30,
            inside: 1,
            exit_standing: 1,
            ..LinkSeen::default()
        };
        let full = LinkSeen {
            departed: 3,
            inside: 2,
            exit_standing: 9,
            exit_taken: 0.9,
            exit_blocked: true,
            ..LinkSeen::default()
        };
        let mostly_free = seen_together(&[&free, &full]);
        assert!(!mostly_free.is_full() && mostly_free.exit_standing == 1);
        assert_eq!((mostly_free.departed, mostly_free.inside), (33, 3));
        let few = LinkSeen {
            departed: 2,
            ..free
        };
        let many = LinkSeen {
            departed: 40,
            ..full
        };
        assert!(seen_together(&[&few, &many]).is_full());
        assert_eq!(seen_together(&[&full]), full);
        assert_eq!(seen_together(&[]), LinkSeen::default());
    }
}
