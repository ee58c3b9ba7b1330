//! A corridor that is changed while it runs.

use super::planning::Ask;
use super::{LiveWorld, lock};
use crate::controller::Command;
use crate::corridor::CorridorPlan;
use crate::ids::CorridorId;
use crate::shell::dispatch::world::{CorridorChange, CorridorView, Origin, Refusal, RefusalClass};
use std::sync::Arc;

impl LiveWorld {
    pub(super) fn change_plan(
        &self,
        corridor: u32,
        change: &CorridorChange,
    ) -> Result<CorridorView, Refusal> {
        let id = CorridorId::new(corridor);
        let picture = self.picture_with(corridor)?;
        let mission = picture.city.corridors().mission(id);
        let Some(mission) = mission.filter(|mission| !mission.state().is_over()) else {
            let why = "the corridor is over already";
            return Err(Refusal::new(RefusalClass::Conflict, "corridor-over", why));
        };
        let running = mission.plan();
        match change {
            CorridorChange::Priority(priority) => {
                let mut plan = CorridorPlan::clone(running);
                plan.revision += 1;
                plan.priority = *priority;
                self.act_on(corridor, Command::ReplaceCorridor(Arc::new(plan)))
            }
            CorridorChange::Way { destination, route } => {
                let opened = lock(&self.opened).get(&corridor).cloned();
                let Some(opened) = opened else {
                    let why = "this corridor was not opened by a request";
                    return Err(Refusal::new(RefusalClass::Conflict, "refused", why));
                };
                let ask = Ask {
                    vehicle: &running.vehicle,
                    field: "vehicle.id",
                    asked_by: running.asked_by.clone(),
                    class: running.class,
                    preempts: running.preempts,
                    priority: running.priority,
                    origin: &Origin::Live,
                    destination,
                    via: route,
                    size: opened.size,
                    convoy: opened.convoy,
                    expires: running.expires,
                    departs: running.departs,
                };
                let mut planned = self.plan(&ask, id)?;
                planned.plan.revision = running.revision + 1;
                let command = Command::ReplaceCorridor(Arc::new(planned.plan));
                let seen = self.act_on(corridor, command)?;
                if let Some(opened) = lock(&self.opened).get_mut(&corridor) {
                    opened.destination = planned.destination;
                    opened.route = planned.route;
                }
                Ok(seen)
            }
        }
    }
}
