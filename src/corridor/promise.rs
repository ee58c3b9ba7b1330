//! What a vehicle that goes first owes the one that waits: to be through by its time.

use super::Mission;
use super::order::Stop;
use super::several::{At, Precedence, Seen};
use crate::units::{Millis, Mono};

/// A green that is worth its change lasts this long.
const USABLE: Millis = Millis::from_secs(15);
/// Of two that are there so close to each other none is the sooner one.
const AS_SOON: Millis = Millis::from_secs(5);

/// What was said before of the order of two stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Promise {
    /// Which of the two goes first.
    pub(super) first: usize,
    /// It is through by then.
    pub(super) until: Mono,
    /// It goes first because the other was not through by its time: the search is not asked.
    pub(super) turned: bool,
}

impl Stop {
    /// By when the vehicle is to be through if it is at the stop line at `time`; no sooner than a
    /// green of some use can be given and is over.
    pub(super) fn promised(&self, time: Mono, now: Mono) -> Mono {
        let usable = now + self.change + self.flush + USABLE;
        (time + self.err + self.tail).max(usable)
    }
}

/// What was said the last time of two stops, if it is to go on or has to be turned round.
///
/// Who was to go first has a time to be through by. If it is not, as it stands behind others or turns
/// out slower, and the other can be there sooner, the other goes first now: a vehicle that gets no
/// nearer keeps nobody, whatever its rank; nor does one that stands at its own green. The other has
/// a time of its own for that.
pub(super) fn promise(
    stops: [&Seen; 2],
    missions: &[Mission],
    now: Mono,
    before: &[Precedence],
) -> Option<Promise> {
    let [one, other] = stops.map(|seen| {
        let mission = missions.get(seen.mission)?;
        Some(At {
            corridor: mission.plan.corridor,
            crossing: seen.stop.crossing,
        })
    });
    let (one, other) = (one?, other?);
    let mut bound = before.iter().filter(|found| found.binds);
    let found = bound.find(|found| {
        (found.first, found.then) == (one, other) || (found.first, found.then) == (other, one)
    })?;
    let first = usize::from(found.first == other);
    if now <= found.promised {
        return Some(Promise {
            first,
            until: found.promised,
            turned: found.turned,
        });
    }
    let [one, other] = stops.map(|seen| &seen.stop);
    let (late, waits) = if first == 0 {
        (one, other)
    } else {
        (other, one)
    };
    (waits.unhindered < late.unhindered + AS_SOON).then(|| Promise {
        first: 1 - first,
        until: waits.promised(waits.free, now),
        turned: true,
    })
}
