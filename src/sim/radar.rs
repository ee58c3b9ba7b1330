//! Area sensors of the virtual street: every vehicle before a stop line, without noise.

use super::map::RoadEnd;
use super::virtual_street::VirtualStreet;
use crate::detect::{AreaReport, MovementReport, Sighting};
use crate::ids::SiteId;
use crate::units::{Length, Millis, Speed};

/// How far an area sensor sees, metres.
const RANGE_M: f32 = 200.0;

impl VirtualStreet {
    /// What area sensors of `site` would tell now. Lanes that hold several movements count all
    /// departures for the first of them.
    pub fn sense_area(&self, site: SiteId, report: &mut AreaReport) {
        report.age = Millis::ZERO;
        report.sightings.clear();
        report.movements.clear();
        let mut roads: Vec<_> = (self.map.roads.iter().zip(&self.first_lane))
            .filter_map(|(road, first)| match road.end {
                RoadEnd::Signal(of, approach) if of == site => Some((approach, road, *first)),
                RoadEnd::Signal(..) | RoadEnd::Free | RoadEnd::Sink => None,
            })
            .collect();
        roads.sort_by_key(|(approach, _, _)| *approach);
        let mut number = 0_u8;
        for (_, road, first) in roads {
            for lane in self.lanes.iter().skip(first).take(road.lanes.len()) {
                let near = lane
                    .cars
                    .iter()
                    .map(|car| (road.length_m - car.pos, car.speed));
                for (distance, speed) in near.filter(|(distance, _)| *distance <= RANGE_M) {
                    report.sightings.push(Sighting {
                        lane: number,
                        distance: Length::from_mm(thousandths(distance)),
                        speed: Speed::from_mm_per_s(thousandths(speed)),
                        share: 1000,
                    });
                }
                report.movements.push(MovementReport {
                    departed: lane.passed,
                    ..MovementReport::default()
                });
                number = number.saturating_add(1);
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what a street can hold"
)]
fn thousandths(value: f32) -> u32 {
    (value.clamp(0.0, 100_000.0) * 1000.0) as u32
}
