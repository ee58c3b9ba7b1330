//! The sites as the corridor engine sees them: last cycle's kernels, this cycle's readings.

use alloc::sync::Arc;

use super::site::SiteState;
use super::sketch::sketch;
use crate::corridor::{Availability, OthersDemand, Queue, Rhythm, SiteBoard, SiteSketch};
use crate::detect::FieldInputs;
use crate::ids::{ApproachId, SiteId};
use crate::kernel::{CabinetState, Mode};
use crate::plan::{CheckedSite, TurnKind};
use crate::signal::{GroupSet, Indication, Observed};
use crate::units::{Millis, Mono};

/// A reading older than this says nothing about the lamps any more.
const READBACK_AGE_MAX: Millis = Millis::new(1500);

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
        let (_, state) = self.site(site)?;
        state.kernel().entry_time(self.now, groups).ok()
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
        let Some((plan, state)) = self.site(site) else {
            return Queue::default();
        };
        let Some(lanes) = plan.approaches.get(approach.index()) else {
            return Queue::default();
        };
        let mut queue = Queue::default();
        for lane in (0_u8..).zip(&lanes.lanes).map(|(lane, _)| lane) {
            let seen = state.detection().lane(approach, lane);
            queue.vehicles_worst_lane = queue.vehicles_worst_lane.max(seen.queue);
            queue.vehicles_total = queue.vehicles_total.saturating_add(seen.queue);
            queue.standing |= seen.queue > 0 && seen.present;
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
                    others.vehicles_per_hour += seen.flow_per_h;
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
