//! What each stage does for each lane, as things stand now.

use super::memory::Memory;
use super::model::{Model, stages_of};
use super::units::secs;
use crate::ids::StageId;
use crate::plan::{CheckedSite, Plan, Tuning};
use crate::signal::GroupSet;
use crate::units::Mono;

/// What a stage does for a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Service {
    /// How likely the first vehicle of the lane may drive.
    pub(super) head: f32,
    /// How likely each of those behind it may.
    pub(super) rest: f32,
    /// Seconds between two departures.
    pub(super) headway_s: f32,
    /// Everybody in the lane yields to somebody who is green too.
    pub(super) yields: bool,
    /// Nobody can leave before so many seconds from now: the way out is full, or the lane is stuck.
    pub(super) from_s: f32,
}

/// The stages of the plan that is due, as the search sees them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Services {
    pub(super) stages: Vec<StageId>,
    pub(super) groups: Vec<GroupSet>,
    /// Row by stage, column by lane.
    table: Vec<Service>,
    /// For each stage its open lanes, those that yield last.
    order: Vec<Vec<usize>>,
    lanes: usize,
}

impl Services {
    /// With room for so many stages and lanes.
    pub(super) fn with_room(stages: usize, lanes: usize) -> Self {
        Self {
            stages: Vec::with_capacity(stages),
            groups: Vec::with_capacity(stages),
            table: Vec::with_capacity(stages * lanes),
            order: (0..stages).map(|_| Vec::with_capacity(lanes)).collect(),
            lanes,
        }
    }

    pub(super) fn get(&self, stage: usize, lane: usize) -> Service {
        let at = stage.saturating_mul(self.lanes).saturating_add(lane);
        self.table.get(at).copied().unwrap_or_default()
    }

    /// Takes a lane off what a stage serves.
    pub(super) fn close(&mut self, stage: usize, lane: usize) {
        let at = stage.saturating_mul(self.lanes).saturating_add(lane);
        if let Some(service) = self.table.get_mut(at) {
            service.head = 0.0;
        }
        self.sort_lanes(stage);
    }

    /// The lanes that a stage serves, those that yield last.
    pub(super) fn open_lanes(&self, stage: usize) -> &[usize] {
        self.order.get(stage).map_or(&[], Vec::as_slice)
    }

    pub(super) fn index_of(&self, stage: StageId) -> Option<usize> {
        self.stages.iter().position(|known| *known == stage)
    }

    /// Looks at every stage of `plan` anew.
    pub(super) fn fill(
        &mut self,
        (site, plan): (&CheckedSite, &Plan),
        (model, memory): (&Model, &Memory),
        now: Mono,
    ) {
        self.lanes = model.lanes.len();
        self.stages.clear();
        self.groups.clear();
        self.table.clear();
        for stage in stages_of(plan) {
            let info = site.stages.get(stage.index());
            let groups = info.map_or(GroupSet::EMPTY, |info| info.stage.groups);
            if self.order.len() <= self.stages.len() {
                self.order.push(Vec::with_capacity(self.lanes));
            }
            for lane in 0..self.lanes {
                let look = Look {
                    model,
                    memory,
                    stage,
                    groups,
                    now,
                };
                self.table.push(look.service(lane, &site.tuning));
            }
            self.sort_lanes(self.stages.len());
            self.stages.push(stage);
            self.groups.push(groups);
        }
    }

    fn sort_lanes(&mut self, stage: usize) {
        let first = stage.saturating_mul(self.lanes);
        let row = self.table.get(first..first.saturating_add(self.lanes));
        let row = row.unwrap_or_default();
        let Some(order) = self.order.get_mut(stage) else {
            return;
        };
        order.clear();
        for yields in [false, true] {
            let open = row
                .iter()
                .enumerate()
                .filter(|(_, s)| s.head > 0.0 && s.yields == yields);
            order.extend(open.map(|(lane, _)| lane));
        }
    }
}

/// One stage, looked at.
struct Look<'a> {
    model: &'a Model,
    memory: &'a Memory,
    stage: StageId,
    groups: GroupSet,
    now: Mono,
}

impl Look<'_> {
    fn service(&self, lane: usize, tuning: &Tuning) -> Service {
        let Some(info) = self.model.lanes.get(lane) else {
            return Service::default();
        };
        if info.is_walk {
            let is_open = info.groups.is_subset(self.groups);
            return Service {
                head: if is_open { 1.0 } else { 0.0 },
                ..Service::default()
            };
        }
        let mut service = Service::default();
        let (mut yielding, mut open, mut full) = (0.0_f32, 0.0_f32, 0.0_f32);
        let ways = self
            .memory
            .ways
            .get(info.movements.clone())
            .unwrap_or_default();
        for (way, known) in ways.iter().zip(self.model.ways(lane)) {
            if !self.groups.contains(known.group) {
                continue;
            }
            open += way.share;
            service.head += way.head;
            service.rest += way.share;
            if !known.yields.is_disjoint(self.groups) {
                yielding += way.share;
            }
            if way.full_until > self.now {
                full += way.share;
                service.from_s = service.from_s.max(secs(self.now.until(way.full_until)));
            }
        }
        if full * 2.0 < open {
            service.from_s = 0.0;
        }
        let stuck = self.memory.stuck_until(self.stage, lane);
        if stuck > self.now {
            service.from_s = service.from_s.max(secs(self.now.until(stuck)));
        }
        service.yields = open > 0.0 && yielding >= open * 0.999;
        service.headway_s = if service.yields {
            tuning.headway_yielding_s
        } else if yielding > 0.0 {
            tuning.headway_mixed_s
        } else {
            tuning.headway_s
        };
        service
    }
}

#[cfg(test)]
mod tests {
    use super::{Service, Services};

    #[test]
    fn closing_a_lane_leaves_a_stage_with_lanes_of_its_own_only() {
        let open = Service {
            head: 1.0,
            ..Service::default()
        };
        let mut services = Services::with_room(3, 2);
        services.table.extend([open; 6]);
        services.close(0, 1);
        assert_eq!(services.open_lanes(0), [0]);
        services.close(2, 0);
        assert_eq!(services.open_lanes(2), [1]);
    }
}
