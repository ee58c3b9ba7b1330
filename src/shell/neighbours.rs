//! Which lanes of which sites feed which approaches: from the road graph, once.

use crate::controller::Feeder;
use crate::ids::{ApproachId, SiteId};
use crate::network::RoadGraph;
use crate::plan::{CheckedCity, TurnKind};

/// Every lane that leads over one road from site to site.
#[must_use]
pub fn feeders(city: &CheckedCity, graph: &RoadGraph) -> Vec<Feeder> {
    let mut found = Vec::new();
    for (number, site) in (0_u16..).zip(&city.sites) {
        let lanes = site.approaches.iter().flat_map(|approach| {
            let road = graph.road_by_name(&approach.road);
            approach.lanes.iter().map(move |lane| (road, lane))
        });
        for (lane_number, (road, lane)) in (0_u8..).zip(lanes) {
            let turns = road.map(|road| graph.turns(road)).unwrap_or_default();
            let leads = |kind: TurnKind| lane.turns().any(|turn| turn == kind);
            let open: Vec<_> = (turns.iter())
                .filter(|turn| !turn.banned && leads(turn.kind))
                .collect();
            let all: u32 = open.iter().map(|turn| usual(turn.kind)).sum();
            for turn in open {
                let Some((to, approach)) = end_of(city, graph, turn.to) else {
                    continue;
                };
                let Some(road) = graph.road(turn.to) else {
                    continue;
                };
                let share = usual(turn.kind) * 1000 / all.max(1);
                found.push(Feeder {
                    to,
                    approach,
                    from: SiteId::new(number),
                    lane: lane_number,
                    share: u16::try_from(share).unwrap_or(1000),
                    length: road.length,
                    speed: road.speed,
                });
            }
        }
    }
    found
}

/// How vehicles of a lane with several ways part, as long as nobody counts it.
const fn usual(kind: TurnKind) -> u32 {
    match kind {
        TurnKind::Through => 6,
        TurnKind::Left | TurnKind::Right => 2,
        TurnKind::UTurn => 0,
    }
}

/// The site and approach that a road leads to.
fn end_of(
    city: &CheckedCity,
    graph: &RoadGraph,
    road: crate::ids::RoadId,
) -> Option<(SiteId, ApproachId)> {
    let road = graph.road(road)?;
    let junction = graph.junction(road.to)?;
    let id = city.site_by_id(junction.site.as_deref()?)?;
    let approach = city.site(id)?.approach_of_road(&road.id)?;
    Some((id, approach))
}
