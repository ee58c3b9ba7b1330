//! The twin's last road: without the key the queue of the signal behind the destination may stand
//! where the vehicle is going.

use super::drive::{PATIENCE, STOP_LOSS, Wait, scaled};
use super::gather::STANDS;
use super::run::RunRecord;
use super::street::{JAM_MM, QueueStreet};
use crate::corridor::{ARRIVED, CorridorPlan};
use crate::ids::{ApproachId, SiteId};
use crate::units::{Millis, Mono};

/// The end of the way, before a signal that is not passed.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    place: (SiteId, ApproachId),
    /// From the last signal to the destination.
    moving: Millis,
    /// Vehicles that have room in a lane between the destination and the stop line behind it.
    room: u32,
    /// When it was over the last signal.
    over: Mono,
    waits: Option<Wait>,
}

impl Gate {
    /// Nothing if no signal stands behind the destination. The drive takes `share` per mille.
    pub(super) fn of(plan: &CorridorPlan, share: u32) -> Option<Self> {
        let beyond = plan.beyond.as_ref()?;
        let last = plan.crossings.last()?;
        Some(Self {
            place: (beyond.site, beyond.approach),
            moving: scaled(plan.free_flow.saturating_sub(last.free_flow), share),
            room: (beyond.stop_line_at - plan.length).as_mm() / JAM_MM,
            over: Mono::ZERO,
            waits: None,
        })
    }

    /// The vehicle is over its last signal.
    pub(super) const fn set_off(&mut self, over: Mono) {
        self.over = over;
    }

    /// When it was over its last signal, later by what it then stood before its destination; nothing
    /// until it is there. It takes the shortest lane.
    pub(super) fn passed(&mut self, now: Mono, street: &QueueStreet<'_>) -> Option<Mono> {
        if now < self.over + self.moving {
            return None;
        }
        let (site, approach) = self.place;
        let lane = |kerb| street.lane(site, approach, kerb);
        let wait = *self.waits.get_or_insert_with(|| {
            let lanes = (0..).map_while(|kerb| Some((lane(kerb)?.queue(), kerb)));
            let (queue, kerb) = lanes.min().unwrap_or_default();
            Wait {
                since: now,
                kerb,
                ahead: queue.saturating_sub(self.room),
                left: lane(kerb).map_or(0, super::street::LaneRun::left),
            }
        });
        let gone = lane(wait.kerb).map_or(u32::MAX, |lane| lane.left().wrapping_sub(wait.left));
        let stood = now.since(wait.since);
        if gone < wait.ahead && stood < PATIENCE {
            return None;
        }
        Some(self.over + with_loss(stood))
    }
}

/// What the vehicle itself lost between its last signal, passed at `over`, and its destination.
pub(super) fn lost(record: &RunRecord, over: Mono) -> Millis {
    if record.beyond.is_none() {
        return Millis::ZERO;
    }
    let pairs = record.track.iter().zip(record.track.iter().skip(1));
    let stood = pairs
        .filter(|(a, b)| a.at >= over && b.speed < STANDS)
        .filter(|(_, b)| b.along + ARRIVED < record.plan.length)
        .map(|(a, b)| b.at.since(a.at))
        .fold(Millis::ZERO, |all, one| all + one);
    with_loss(stood)
}

fn with_loss(stood: Millis) -> Millis {
    if stood > Millis::ZERO {
        stood + STOP_LOSS
    } else {
        Millis::ZERO
    }
}
