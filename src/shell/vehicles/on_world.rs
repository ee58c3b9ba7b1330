//! The running city as the feeds need it.

use super::hub::{Escort, Street};
use crate::corridor::MissionState;
use crate::network::LatLon;
use crate::shell::dispatch::auth::{Principal, Role};
use crate::shell::dispatch::request::PositionFix;
use crate::shell::dispatch::world::{Refusal, World};
use crate::shell::world::LiveWorld;

impl Street for LiveWorld {
    fn fix(&self, fix: &PositionFix) -> Result<(), Refusal> {
        World::fix(self, fix, &feed_principal())
    }

    fn away_m(&self, at: LatLon, heading_deg: Option<f64>) -> Option<f64> {
        let graph = &self.planner().graph;
        let found = graph.nearest_road(graph.grid().to_planar(at), heading_deg);
        found.map(|found| found.away_m)
    }

    fn doubt(&self, vehicles: Vec<String>) {
        Self::doubt(self, vehicles);
    }

    fn escorts(&self) -> Vec<Escort> {
        let Some(picture) = self.newest() else {
            return Vec::new();
        };
        let missions = picture.city.corridors().missions();
        let running = missions.filter(|mission| !mission.state().is_over());
        let escorts = running.map(|mission| Escort {
            corridor: mission.plan().corridor.number(),
            vehicle: mission.plan().vehicle.clone(),
            for_s: picture.now.until(mission.plan().expires).as_ms() / 1000,
            assured: mission.state() != MissionState::Degraded,
        });
        escorts.collect()
    }
}

/// Who hands in what terminals say.
fn feed_principal() -> Principal {
    Principal {
        name: "vehicle-feeds".to_owned(),
        agency: String::new(),
        source_system: "feeds".to_owned(),
        roles: vec![Role::Integration],
    }
}
