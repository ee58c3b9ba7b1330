//! On which of its plans a city of its own runs, all day.

use std::sync::Arc;

use greenwave::ids::PlanId;
use greenwave::plan::{CheckedSite, Plan, PlanMode, Schedule};
use greenwave::units::Millis;

/// What every site of a city runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CityLevel {
    /// The plan in adaptive mode; a site without one its plan by demand.
    Adaptive,
    /// The same, with adaptive control also at sites whose plan by demand it is not.
    AdaptiveEverywhere,
    /// The plan with a cycle, by the clock alone.
    Fixed,
    /// The plan with a cycle, as its file says: by demand inside the cycle.
    Coordinated,
    /// The plan in adaptive mode without what makes it adaptive, or the plan by demand.
    Actuated,
}

impl CityLevel {
    /// The site with this level's plan in force all day. A site that has no such plan runs the one
    /// by demand, and the first one if it has none of those either.
    #[must_use]
    pub fn put_on(self, site: &CheckedSite) -> Arc<CheckedSite> {
        let place = |of: &dyn Fn(&Plan) -> bool| site.plans.iter().position(of);
        let by_demand = || place(&|plan| plan.mode == PlanMode::Actuated);
        let adaptive = || place(&|plan| plan.mode == PlanMode::Adaptive);
        let with_cycle = || place(&|plan| plan.cycle > Millis::ZERO);
        let (found, mode) = match self {
            Self::Adaptive => (adaptive(), None),
            Self::AdaptiveEverywhere => (adaptive().or_else(by_demand), Some(PlanMode::Adaptive)),
            Self::Fixed => (with_cycle(), Some(PlanMode::Fixed)),
            Self::Coordinated => (with_cycle(), None),
            Self::Actuated => (adaptive(), Some(PlanMode::Actuated)),
        };
        let mut site = site.clone();
        let at = found.or_else(by_demand).unwrap_or(0);
        if let (Some(_), Some(mode), Some(plan)) = (found, mode, site.plans.get_mut(at)) {
            plan.mode = mode;
        }
        let number = u8::try_from(at).unwrap_or(0);
        site.schedule = Schedule::always(PlanId::new(number));
        Arc::new(site)
    }
}

#[cfg(test)]
mod tests {
    use greenwave::shell::store::demo_city_files;
    use greenwave::shell::sumo::load;

    use super::*;

    #[test]
    fn every_level_finds_its_plan_in_the_demo_city() {
        let (city, _) = load(&demo_city_files()).unwrap();
        let site = city.sites.iter().find(|site| site.id == "J01").unwrap();
        let plan = |level: CityLevel| {
            let put = level.put_on(site);
            let time = greenwave::units::CivilTime {
                date: greenwave::units::Date {
                    year: 2026,
                    month: 3,
                    day: 2,
                },
                second_of_day: 100,
            };
            put.plans[put.schedule.plan_at(time).index()].clone()
        };
        assert_eq!(plan(CityLevel::Adaptive).mode, PlanMode::Adaptive);
        assert_eq!(plan(CityLevel::Actuated).mode, PlanMode::Actuated);
        assert_eq!(plan(CityLevel::Actuated).name, "off-peak");
        assert_eq!(plan(CityLevel::Coordinated).mode, PlanMode::Coordinated);
        let fixed = plan(CityLevel::Fixed);
        assert_eq!(fixed.mode, PlanMode::Fixed);
        assert!(fixed.cycle > Millis::ZERO);
    }
}
