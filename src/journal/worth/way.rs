//! The way that was driven, of a corridor that was given another one while it ran.

use alloc::sync::Arc;

use crate::corridor::{CorridorPlan, Crossing, Link, RoutePoint, SideWay};
use crate::units::{Length, Millis};

/// True if both lead over the same stop lines at the same places: what else a plan says may have
/// changed.
pub(super) fn is_same_way(a: &CorridorPlan, b: &CorridorPlan) -> bool {
    let place = |one: &Crossing| (one.site, one.approach, one.stop_line_at);
    let places = |plan: &CorridorPlan| plan.crossings.iter().map(place).collect::<Vec<_>>();
    a.length == b.length && places(a) == places(b)
}

/// Where a new way begins on the driven one: signals before it, its place, the free-flow time to it.
pub(super) type Joint = (usize, Length, Millis);

/// The first `kept` signals of `old` and its way up to `at`, and from there on all of `new`, which
/// begins when `clock` has gone by.
pub(super) fn joined(
    old: &CorridorPlan,
    (kept, at, clock): Joint,
    new: &CorridorPlan,
) -> CorridorPlan {
    let further_on = |one: &Crossing| Crossing {
        stop_line_at: at + one.stop_line_at,
        passed_at: at + one.passed_at,
        decision_at: at + one.decision_at,
        free_flow: clock + one.free_flow,
        ..one.clone()
    };
    let crossings = new.crossings.iter().map(further_on);
    let links = new.links.iter().map(|one| Link {
        ends_at: at + one.ends_at,
        free_flow: clock + one.free_flow,
        ..*one
    });
    let line = new.line.iter().map(|one| RoutePoint {
        at: at + one.at,
        ..*one
    });
    let side_ways = new.side_ways.iter().map(|one| SideWay {
        at: at + one.at,
        ..one.clone()
    });
    CorridorPlan {
        crossings: before(&old.crossings, kept, crossings),
        beyond: new.beyond.as_ref().map(further_on),
        links: before(
            &old.links,
            old.links.partition_point(|one| one.ends_at < at),
            links,
        ),
        line: before(&old.line, old.line.partition_point(|one| one.at < at), line),
        side_ways: before(
            &old.side_ways,
            old.side_ways.partition_point(|one| one.at < at),
            side_ways,
        ),
        length: at + new.length,
        free_flow: Millis::new(clock.as_ms().saturating_add(new.free_flow.as_ms())),
        ..new.clone()
    }
}

/// The first `kept` of `old`, and all of `new`.
fn before<T: Clone>(old: &[T], kept: usize, new: impl Iterator<Item = T>) -> Arc<[T]> {
    old.iter().take(kept).cloned().chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corridor::ServiceClass;
    use crate::ids::{CorridorId, RoadId, SiteId};
    use crate::units::{Mono, Speed};

    /// A way over these sites, 100 m and 10 s apart, whose line runs north from `y_m`.
    fn plan(revision: u32, sites: &[u16], y_m: f64) -> CorridorPlan {
        let stretches = || (1_u32..).zip(sites);
        let crossings = stretches().map(|(at, site)| Crossing {
            site: SiteId::new(*site),
            stop_line_at: Length::from_metres(100 * at),
            passed_at: Length::from_metres(100 * at + 20),
            decision_at: Length::from_metres(100 * at - 20),
            free_flow: Millis::from_secs(10 * at),
            ..blank()
        });
        let links = stretches().map(|(at, site)| Link {
            road: RoadId::new(u32::from(*site)),
            ends_at: Length::from_metres(100 * at),
            free_flow: Millis::from_secs(10 * at),
            shadow: false,
        });
        let long = 100 * u32::try_from(sites.len()).unwrap();
        let ends = [0, long].map(|at| RoutePoint {
            x_m: 0.0,
            y_m: y_m + f64::from(at),
            at: Length::from_metres(at),
        });
        CorridorPlan {
            corridor: CorridorId::new(1),
            revision,
            vehicle: "A1".to_owned(),
            asked_by: crate::corridor::AskedBy::default(),
            class: ServiceClass::Ambulance,
            preempts: true,
            priority: 1,
            crossings: crossings.collect(),
            beyond: None,
            line: Arc::new(ends),
            links: links.collect(),
            side_ways: Arc::new([]),
            datum_shift_m: (0.0, 0.0),
            length: Length::from_metres(long),
            free_flow: Millis::from_secs(long / 10),
            speed: Speed::from_kmh(36),
            pace_percent: 120,
            convoy: Length::ZERO,
            expires: Mono::ZERO,
            departs: None,
        }
    }

    fn blank() -> Crossing {
        Crossing {
            site: SiteId::default(),
            node: String::new(),
            approach: crate::ids::ApproachId::new(0),
            groups: crate::signal::GroupSet::EMPTY,
            beside: crate::signal::GroupSet::EMPTY,
            into_exit: crate::signal::GroupSet::EMPTY,
            stop_line_at: Length::ZERO,
            passed_at: Length::ZERO,
            free_flow: Millis::ZERO,
            storage: Length::ZERO,
            approach_speed: Speed::from_mm_per_s(10_000),
            decision_at: Length::ZERO,
            entry_road: String::new(),
            exit_road: None,
            hold_max: Millis::ZERO,
            wait_max: Millis::ZERO,
            red_max: Millis::ZERO,
            red_ever: Millis::ZERO,
            notice: Millis::ZERO,
        }
    }

    #[test]
    fn the_driven_way_is_the_old_one_to_the_joint_and_the_new_one_behind_it() {
        let (old, mut new) = (plan(1, &[1, 2, 3, 4], 0.0), plan(2, &[7, 4], 150.0));
        new.beyond = Some(Crossing {
            site: SiteId::new(9),
            stop_line_at: Length::from_metres(260),
            ..blank()
        });
        let at = Length::from_metres(150);
        let joint = (1, at, old.clock_at(at));
        let driven = joined(&old, joint, &new);
        // A plan of the same way that comes later changes nothing.
        assert_eq!(joined(&driven, joint, &new), driven);
        let places: Vec<(u16, u32)> = (driven.crossings.iter())
            .map(|one| (one.site.number(), one.stop_line_at.as_mm() / 1000))
            .collect();
        assert_eq!(places, [(1, 100), (7, 250), (4, 350)]);
        let beyond = driven.beyond.as_ref().unwrap();
        assert_eq!(beyond.stop_line_at, Length::from_metres(410));
        let clocks: Vec<u32> = (driven.crossings.iter())
            .map(|one| one.free_flow.as_ms() / 1000)
            .collect();
        assert_eq!(clocks, [10, 25, 35]);
        assert_eq!(driven.length, Length::from_metres(350));
        assert_eq!(driven.revision, 2);
        let ends: Vec<u32> = driven
            .links
            .iter()
            .map(|one| one.ends_at.as_mm() / 1000)
            .collect();
        assert_eq!(ends, [100, 250, 350]);
        assert!(driven.line.windows(2).all(|two| two[0].at <= two[1].at));
    }

    #[test]
    fn a_plan_that_only_lasts_longer_leads_the_same_way() {
        let old = plan(1, &[1, 2], 0.0);
        let longer = CorridorPlan {
            revision: 2,
            expires: Mono::from_ms(9_000),
            ..old.clone()
        };
        assert!(is_same_way(&old, &longer));
        assert!(!is_same_way(&old, &plan(2, &[1, 3], 0.0)));
        let begin = (0, Length::ZERO, Millis::ZERO);
        assert_eq!(joined(&old, begin, &longer), longer);
    }
}
