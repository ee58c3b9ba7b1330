//! The sites as the corridor engine sees them: last cycle's kernels, this cycle's readings.

use alloc::sync::Arc;

use super::site::SiteState;
use super::sketch::sketch;
use crate::corridor::{Availability, OthersDemand, Queue, Rhythm, SiteBoard, SiteSketch};
use crate::detect::{FieldInputs, Picture, PictureSource, Sighting};
use crate::ids::{ApproachId, GroupId, SiteId};
use crate::kernel::{CabinetState, Kernel, Mode};
use crate::plan::{CheckedSite, TurnKind};
use crate::signal::{GroupSet, GroupTiming, Indication, Observed};
use crate::units::{Length, Millis, Mono, Speed};

/// A reading older than this says nothing about the lamps any more.
const READBACK_AGE_MAX: Millis = Millis::new(1500);

/// Vehicles further from a stop line belong to no queue yet.
const QUEUE_MAX: Length = Length::from_metres(300);
/// Slower than this, a vehicle still belongs to a queue.
const SLOW: Speed = Speed::from_mm_per_s(5_000);
/// Slower than this, it stands.
const STANDING: Speed = Speed::from_mm_per_s(1_000);

/// The state of the sites at the start of a cycle.
#[derive(Clone, Copy, Debug)]
pub struct Board<'a> {
    pub(super) now: Mono,
    pub(super) plans: &'a [Arc<CheckedSite>],
    pub(super) sites: &'a [SiteState],
    pub(super) fields: &'a [FieldInputs],
}

impl Board<'_> {
    fn site(&self, id: SiteId) -> Option<(&CheckedSite, &SiteState)> {
        Some((self.plans.get(id.index())?, self.sites.get(id.index())?))
    }
}

impl SiteBoard for Board<'_> {
    fn entry_time(&self, site: SiteId, groups: GroupSet) -> Option<Millis> {
        let (plan, state) = self.site(site)?;
        let entry = state.kernel().entry_time(self.now, groups).ok()?;
        Some(entry.max(time_of_trap(plan, state.kernel(), (self.now, groups))))
    }

    fn green_read_back(&self, site: SiteId, groups: GroupSet) -> bool {
        let Some(field) = self.fields.get(site.index()) else {
            return false;
        };
        let green = |lamp: &Observed| *lamp == Observed::Lamps(Indication::Green);
        field.readback.age <= READBACK_AGE_MAX
            && !groups.is_empty()
            && groups
                .iter()
                .all(|g| field.readback.lamps.get(g.index()).is_some_and(green))
    }

    fn queue(&self, site: SiteId, approach: ApproachId) -> Queue {
        self.queue_before(site, approach, QUEUE_MAX)
    }

    fn queue_before(&self, site: SiteId, approach: ApproachId, within: Length) -> Queue {
        let Some((plan, state)) = self.site(site) else {
            return Queue::default();
        };
        let picture = state.detection().picture();
        if picture.source() == PictureSource::Area {
            return seen(plan, picture, (approach, within.min(QUEUE_MAX)));
        }
        let Some(lanes) = plan.approaches.get(approach.index()) else {
            return Queue::default();
        };
        let mut queue = Queue::default();
        for lane in (0_u8..).zip(&lanes.lanes).map(|(lane, _)| lane) {
            let seen = state.detection().lane(approach, lane);
            queue.vehicles_worst_lane = queue.vehicles_worst_lane.max(seen.queue);
            queue.vehicles_total = queue.vehicles_total.saturating_add(seen.queue);
            if seen.queue > 0 && seen.present {
                queue.standing = true;
                queue.slow_worst_lane = queue.slow_worst_lane.max(seen.queue);
            }
        }
        queue
    }

    fn availability(&self, site: SiteId) -> Availability {
        let Some((_, state)) = self.site(site) else {
            return Availability::Unavailable;
        };
        let cabinet = self
            .fields
            .get(site.index())
            .map(|field| field.readback.cabinet);
        if cabinet == Some(CabinetState::LocalManual) {
            Availability::LocalControl
        } else if state.manual().is_some() {
            Availability::TakenOut
        } else if cabinet == Some(CabinetState::Following) && state.kernel().mode() == Mode::Normal
        {
            Availability::Ready
        } else {
            Availability::Unavailable
        }
    }

    fn others_demand(&self, site: SiteId, groups: GroupSet) -> OthersDemand {
        let Some((plan, state)) = self.site(site) else {
            return OthersDemand::default();
        };
        let hostile = plan.safety.conflicts().hostile_to_any(groups);
        let mut others = OthersDemand::default();
        for group in hostile {
            let Some(info) = plan.groups.get(group.index()) else {
                continue;
            };
            let waited = state
                .kernel()
                .waiting_since(group)
                .map_or(Millis::ZERO, |since| self.now - since);
            if info.walk.is_some() {
                others.walkers += u16::from(waited > Millis::ZERO);
                others.walker_wait_max = others.walker_wait_max.max(waited);
            } else {
                others.vehicle_wait_max = others.vehicle_wait_max.max(waited);
            }
        }
        for (approach, info) in (0_u8..).zip(&plan.approaches) {
            for (lane, wants) in (0_u8..).zip(&info.lanes) {
                if hostile.contains(wants.group()) {
                    let seen = state.detection().lane(ApproachId::new(approach), lane);
                    others.vehicles = others.vehicles.saturating_add(seen.queue);
                    others.vehicles_per_hour =
                        others.vehicles_per_hour.saturating_add(seen.flow_per_h);
                }
            }
        }
        others
    }

    fn hostile_to(&self, site: SiteId, groups: GroupSet) -> GroupSet {
        self.site(site).map_or(GroupSet::EMPTY, |(plan, _)| {
            plan.safety.conflicts().hostile_to_any(groups)
        })
    }

    fn clearance(&self, site: SiteId, from: GroupSet, to: GroupSet) -> Millis {
        let Some((plan, _)) = self.site(site) else {
            return Millis::ZERO;
        };
        let conflicts = plan.safety.conflicts();
        let of = |one| to.iter().map(move |other| conflicts.clearance(one, other));
        from.iter().flat_map(of).max().unwrap_or_default()
    }

    fn rhythm(&self, site: SiteId, groups: GroupSet) -> Option<Rhythm> {
        let (plan, state) = self.site(site)?;
        let due = plan.plans.get(state.plan().index())?;
        let served: Millis = due
            .sequence
            .iter()
            .filter(|entry| {
                let stage = plan.stages.get(entry.stage.index());
                stage.is_some_and(|info| groups.is_subset(info.stage.groups))
            })
            .fold(Millis::ZERO, |sum, entry| {
                sum + entry.split.max(entry.green_max)
            });
        let round = due.sequence.iter().fold(Millis::ZERO, |sum, entry| {
            sum + entry.split.max(entry.green_max)
        });
        let cycle = if due.cycle > Millis::ZERO {
            due.cycle
        } else {
            round
        };
        (cycle > Millis::ZERO).then_some(Rhythm {
            cycle,
            green: served.min(cycle),
        })
    }

    fn sketch(
        &self,
        site: SiteId,
        way: (ApproachId, Option<TurnKind>),
        groups: GroupSet,
    ) -> Option<SiteSketch> {
        let (plan, state) = self.site(site)?;
        sketch(plan, state, (way, groups), self.now)
    }

    fn in_step(&self, site: SiteId) -> bool {
        self.site(site)
            .is_none_or(|(_, state)| state.follows_plan())
    }
}

/// The queue of an approach as an area sensor sees it.
fn seen(plan: &CheckedSite, picture: &Picture, (approach, within): (ApproachId, Length)) -> Queue {
    let before = plan.approaches.iter().take(approach.index());
    let first = before.map(|approach| approach.lanes.len()).sum::<usize>();
    let lanes = plan.approaches.get(approach.index());
    let count = lanes.map_or(0, |approach| approach.lanes.len());
    let mut queue = Queue::default();
    for lane in first..first + count {
        // Those that may turn off before count by how likely they do not.
        let (mut all, mut slow) = (0_u32, 0_u32);
        let on_lane = |seen: &&Sighting| usize::from(seen.lane) == lane && seen.distance < within;
        for seen in picture.sightings().iter().filter(on_lane) {
            all += u32::from(seen.share);
            if seen.speed < SLOW {
                slow += u32::from(seen.share);
            }
            queue.standing |= seen.speed < STANDING;
        }
        let whole = |share: u32| u16::try_from((share + 500) / 1000).unwrap_or(u16::MAX);
        queue.vehicles_worst_lane = queue.vehicles_worst_lane.max(whole(all));
        queue.slow_worst_lane = queue.slow_worst_lane.max(whole(slow));
        queue.vehicles_total = queue.vehicles_total.saturating_add(whole(all));
    }
    queue
}

/// Time until all of `groups` are green again where one of them has to stop first with the left
/// turns of a group that ends; zero if none has to.
fn time_of_trap(plan: &CheckedSite, kernel: &Kernel, (now, groups): (Mono, GroupSet)) -> Millis {
    let go = kernel.go_set();
    let ending = go.difference(groups).iter();
    let time = |left: GroupId| {
        let waits_for = plan.left_yields.get(left.index())?;
        let stops = waits_for.intersection(groups).intersection(go);
        let (ends, begins) = (plan.safety.timing(left)?, |g| plan.safety.timing(g));
        let green = kernel.green_for(left, now).unwrap_or_default();
        let away = ends.green_min.saturating_sub(green) + ends.lose.total();
        let again = |t: &GroupTiming| (t.lose.total() + t.red_min).max(away) + t.gain.total();
        stops.iter().filter_map(begins).map(again).max()
    };
    ending.filter_map(time).max().unwrap_or_default()
}
