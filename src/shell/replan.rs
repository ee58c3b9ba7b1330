//! New plans for vehicles that have left their routes.

use crate::corridor::{CorridorPlan, PlanRequest, Stray};
use crate::network::{PlanarPoint, Position, Route, VehicleSize};
use crate::shell::planner::{PlanError, Planner};
use crate::units::Length;

impl Planner {
    /// The next revision of `plan` for its vehicle of this size, which is where `stray` says and still wants to
    /// where the plan leads; and the way it takes.
    ///
    /// # Errors
    /// There is no way, or none that makes a corridor.
    pub fn replan(
        &self,
        plan: &CorridorPlan,
        stray: &Stray,
        size: VehicleSize,
    ) -> Result<(CorridorPlan, Route), PlanError> {
        let at = PlanarPoint {
            x_m: stray.x_m,
            y_m: stray.y_m,
        };
        let from = Position::Point(at, stray.heading_deg);
        let route = self.route((from, goal(plan)), size)?;
        let request = PlanRequest {
            corridor: plan.corridor,
            revision: plan.revision + 1,
            vehicle: plan.vehicle.clone(),
            asked_by: plan.asked_by.clone(),
            class: plan.class,
            preempts: plan.preempts,
            priority: plan.priority,
            convoy: plan.convoy,
            pace_percent: plan.pace_percent,
            expires: plan.expires,
            departs: plan.departs,
        };
        Ok((self.corridor(&route, request)?, route))
    }
}

/// Where a plan ends: its last road, as far as it is driven.
fn goal(plan: &CorridorPlan) -> Position {
    let mut back = plan.links.iter().rev();
    let (last, before) = (back.next(), back.next());
    let driven = plan.length - before.map_or(Length::ZERO, |link| link.ends_at);
    match (last, before, plan.line.last()) {
        (Some(last), Some(_), _) => Position::Road(last.road, driven),
        // A route on one road may begin in the middle of it.
        (_, _, Some(end)) => {
            let at = PlanarPoint {
                x_m: end.x_m,
                y_m: end.y_m,
            };
            Position::Point(at, None)
        }
        (last, _, None) => Position::Road(last.map(|link| link.road).unwrap_or_default(), driven),
    }
}
