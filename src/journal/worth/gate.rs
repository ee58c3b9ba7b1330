//! The twin's last road: without the key the queue of the signal behind the destination may stand
//! where the vehicle is going.

use super::drive::{PATIENCE, Wait, scaled, with_stop};
use super::gather::STANDS;
use super::run::TrackPoint;
use super::street::{JAM_MM, QueueStreet};
use crate::corridor::{ARRIVED, CorridorPlan};
use crate::ids::{ApproachId, SiteId};
use crate::units::{Length, Millis, Mono};

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
        Some(self.over + with_stop(stood))
    }
}

/// What a vehicle lost by standing on its track behind its last signal, passed at `over`, before it
/// was at the end of its way.
pub(super) fn lost(track: &[TrackPoint], over: Mono, end: Length) -> Millis {
    let pairs = track.iter().zip(track.iter().skip(1));
    let stood = pairs
        .filter(|(a, b)| a.at >= over && b.speed < STANDS && b.along + ARRIVED < end)
        .map(|(a, b)| b.at.since(a.at))
        .fold(Millis::ZERO, |all, one| all + one);
    with_stop(stood)
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::super::tape::{SiteTape, Tape};
    use super::*;
    use crate::controller::{City, CycleInputs};
    use crate::corridor::Settings;
    use crate::detect::FieldInputs;
    use crate::detect::testing::junction;
    use crate::ids::GroupId;
    use crate::kernel::CabinetState;
    use crate::plan::{Approach, Emergency, Lane};
    use crate::signal::{GroupSet, Indication, Observed};
    use crate::units::{CivilTime, Speed, TICK};

    /// One junction whose first approach has two lanes, with so many waiting in each.
    fn recorded(waiting: [u16; 2]) -> (City, Tape) {
        let main = GroupId::new(0);
        let mut site = junction();
        let approach = Approach {
            name: "main".to_owned(),
            road: "R0".to_owned(),
            groups: GroupSet::only(main),
            emergency: Emergency::Groups(GroupSet::only(main)),
            lanes: vec![Lane::of(main, Vec::new()); 2],
            riders: None,
        };
        site.approaches = [approach].into();
        let city = City::new([Arc::new(site)].into(), Settings::default(), Mono::ZERO);
        let mut first = FieldInputs::default();
        first.readback.cabinet = CabinetState::Following;
        first.readback.lamps = [Observed::Lamps(Indication::Dark); 32];
        let state = &city.sites()[0];
        let mut tape = SiteTape::new(SiteId::new(0), &city.plans()[0], state, &first, Mono::ZERO);
        for (lane, waiting) in tape.lanes.iter_mut().zip(waiting) {
            lane.waiting = waiting;
        }
        (city, Tape::new(vec![tape]))
    }

    /// Over the last signal after a second, ten seconds before the destination.
    fn gate(room: u32) -> Gate {
        Gate {
            place: (SiteId::new(0), ApproachId::new(0)),
            moving: Millis::from_secs(10),
            room,
            over: Mono::from_ms(1_000),
            waits: None,
        }
    }

    #[test]
    fn a_queue_that_has_room_before_the_stop_line_keeps_nobody() {
        let (_, tape) = recorded([9, 5]);
        let street = QueueStreet::new(&tape, 1, None);
        let there = Mono::from_ms(11_000);
        let mut free = gate(5);
        assert_eq!(free.passed(Mono::from_ms(10_900), &street), None);
        assert_eq!(free.passed(there, &street), Some(free.over));
        let mut kept = gate(4);
        assert_eq!(kept.passed(there, &street), None, "in the shorter lane too");
        let long_after = there + PATIENCE;
        assert_eq!(
            kept.passed(long_after, &street),
            Some(kept.over + with_stop(PATIENCE))
        );
        let mut elsewhere = gate(0);
        elsewhere.place.1 = ApproachId::new(7);
        assert_eq!(elsewhere.passed(there, &street), Some(elsewhere.over));
    }

    #[test]
    fn who_stands_there_goes_on_when_enough_have_left() {
        let (mut city, tape) = recorded([9, 5]);
        let mut street = QueueStreet::new(&tape, 1, None);
        let mut kept = gate(2);
        let mut now = Mono::ZERO;
        let mut arrived = None;
        while arrived.is_none() && now < Mono::from_ms(300_000) {
            now = now + TICK;
            street.step(now, &city);
            city.cycle(&CycleInputs {
                now,
                civil: CivilTime::default(),
                fields: &street.fields,
                commands: &[],
            });
            arrived = kept.passed(now, &street);
        }
        let wait = kept.waits.unwrap();
        assert_eq!((wait.kerb, wait.ahead), (1, 3));
        let lane = street.lane(kept.place.0, kept.place.1, 1).unwrap();
        assert_eq!(lane.left(), 3);
        assert_eq!(arrived, Some(kept.over + with_stop(now.since(wait.since))));
    }

    #[test]
    fn what_the_vehicle_itself_stood_before_its_destination_is_counted_and_nothing_else() {
        let point = |at_s: u64, along_m: u32, mm_per_s: u32| TrackPoint {
            at: Mono::from_ms(at_s * 1000),
            along: Length::from_metres(along_m),
            speed: Speed::from_mm_per_s(mm_per_s),
        };
        let track = [
            // At a red before the last signal, then in the queue, and parked at the gate.
            point(10, 500, 0),
            point(20, 500, 0),
            point(30, 600, 10_000),
            point(40, 900, 10_000),
            point(41, 901, 0),
            point(48, 901, 0),
            point(50, 980, 5_000),
            point(60, 985, 0),
        ];
        let lost = |over_s: u64| {
            let end = Length::from_metres(1_000);
            lost(&track, Mono::from_ms(over_s * 1000), end)
        };
        assert_eq!(lost(30), with_stop(Millis::from_secs(8)));
        assert_eq!(lost(10), with_stop(Millis::from_secs(18)));
        assert_eq!(lost(48), Millis::ZERO, "it has parked");
    }
}
