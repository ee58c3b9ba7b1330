//! The street as built: roads with lanes, what each lane obeys, and who crosses where.
//!
//! Everything is resolved to indexes once, so that a step looks nothing up by name.

use serde::{Deserialize, Serialize};

use crate::ids::{ApproachId, GroupId, RoadId, SiteId};
use crate::plan::TurnKind;
use crate::units::Millis;

/// Roads, crossings and detectors of a city, or of a hand-made corner of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StreetMap {
    /// One per directed road, indexed by [`RoadId`].
    pub roads: Vec<Road>,
    /// Number of sites; sites are numbered from 0.
    pub sites: usize,
    /// Places where walkers cross under a signal.
    pub walks: Vec<WalkSpec>,
    /// Places where riders wait for a signal.
    pub riders: Vec<RiderSpec>,
    /// Vehicle detectors.
    pub detectors: Vec<DetectorSpec>,
}

/// One directed road.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Road {
    /// Name in files.
    pub id: String,
    /// Metres from where it leaves the junction before it to its stop line.
    pub length_m: f32,
    /// Speed limit, metres per second.
    pub speed_mps: f32,
    /// Lanes from the kerb to the middle; at least one.
    pub lanes: Vec<LaneRule>,
    /// What stands at its end.
    pub end: RoadEnd,
    /// Where one can go at its end; at most 32.
    pub exits: Vec<Exit>,
    /// Its line on the ground from the junction before it to its stop line; at least two points.
    pub line: Vec<[f64; 2]>,
    /// Metres of that line that lie inside the junction, from the stop lines before it.
    pub box_m: f32,
    /// Vehicles per hour that enter the city here in the peak; 0 inside the city.
    pub inflow_veh_h: f32,
}

/// What stands at the end of a road.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoadEnd {
    /// Traffic leaves the city.
    #[default]
    Sink,
    /// A junction without a signal.
    Free,
    /// A signal.
    Signal(SiteId, ApproachId),
}

/// What the drivers of one lane obey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneRule {
    /// The signal group, if the road ends at a signal.
    pub group: Option<GroupId>,
    /// Exits that may be taken from here, one bit per exit.
    pub exits: u32,
}

/// A way on from the end of a road.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exit {
    /// Direction.
    pub turn: TurnKind,
    /// The road it leads to.
    pub road: RoadId,
    /// Share of the traffic that takes it; the shares of a road add up to 1.
    pub share: f32,
    /// Walks (indexes into [`StreetMap::walks`]) whose walkers have priority over this turn.
    pub walks: Vec<usize>,
    /// Lanes (road, lane from the kerb) whose oncoming traffic has priority over this turn.
    pub opposing: Vec<(RoadId, usize)>,
}

/// Walkers of one pedestrian group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WalkSpec {
    /// The site.
    pub site: SiteId,
    /// The pedestrian group.
    pub group: GroupId,
    /// Kerb to kerb, metres.
    pub crossing_m: f32,
    /// Walkers per hour in the peak.
    pub walkers_h: f32,
    /// How long a button is held by those who need more time.
    pub long_press: Millis,
    /// Button channels at this crossing; empty where no button is.
    pub buttons: Vec<u8>,
}

/// Riders of bicycles and e-bikes on one approach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiderSpec {
    /// The site.
    pub site: SiteId,
    /// The approach they come in by.
    pub approach: ApproachId,
    /// The group they obey.
    pub group: GroupId,
    /// Metres from their stop line to where they have left the paths of others.
    pub conflict_m: f32,
    /// Riders per hour in the peak.
    pub riders_h: f32,
}

/// A vehicle detector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectorSpec {
    /// The site whose cabinet reads it.
    pub site: SiteId,
    /// Channel of the cabinet, 0-31.
    pub channel: u8,
    /// The road it lies in.
    pub road: RoadId,
    /// The lane, from the kerb.
    pub lane: usize,
    /// Metres before the stop line; `None` for the presence zone at the line.
    pub upstream_m: Option<f32>,
}

impl Road {
    /// The exit that leads to `road`.
    #[must_use]
    pub fn exit_to(&self, road: RoadId) -> Option<usize> {
        self.exits.iter().position(|exit| exit.road == road)
    }

    /// The exit that a number from 0 to 1 stands for.
    pub(super) fn pick_exit(&self, dice: f32) -> u8 {
        let mut left = dice;
        for (at, exit) in (0_u8..).zip(&self.exits) {
            left -= exit.share;
            if left < 0.0 {
                return at;
            }
        }
        let last = self.exits.len().saturating_sub(1);
        u8::try_from(last).unwrap_or(0)
    }

    /// Position on the ground, `at_m` along the line, and the heading in degrees from north.
    #[must_use]
    pub fn point(&self, at_m: f64) -> (f64, f64, f64) {
        let total: f64 = self.line.windows(2).map(segment_m).sum();
        let mut left = at_m * total / f64::from(self.length_m + self.box_m).max(1.0);
        let segments = self.line.len().saturating_sub(1);
        for (at, pair) in self.line.windows(2).enumerate() {
            let long = segment_m(pair);
            if left <= long || at + 1 == segments {
                let part = if long > 0.0 { left / long } else { 0.0 };
                let (dx, dy) = (pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
                let heading = dx.atan2(dy).to_degrees().rem_euclid(360.0);
                return (pair[0][0] + dx * part, pair[0][1] + dy * part, heading);
            }
            left -= long;
        }
        (0.0, 0.0, 0.0)
    }
}

fn segment_m(pair: &[[f64; 2]]) -> f64 {
    let (dx, dy) = (pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
    (dx * dx + dy * dy).sqrt()
}

impl StreetMap {
    /// Makes shares add up to 1 and gives every exit at least one lane (the kerb lane for a right
    /// turn, else the one nearest the middle), so that nobody is caught in a lane that leads
    /// nowhere.
    pub fn settle(&mut self) {
        for road in &mut self.roads {
            if road.lanes.is_empty() {
                road.lanes.push(LaneRule::default());
            }
            let sum: f32 = road.exits.iter().map(|exit| exit.share).sum();
            for exit in &mut road.exits {
                exit.share = if sum > 0.0 { exit.share / sum } else { 0.0 };
            }
            let covered = road.lanes.iter().fold(0, |all, lane| all | lane.exits);
            let innermost = road.lanes.len() - 1;
            for (at, exit) in road.exits.iter().enumerate() {
                if covered & (1 << at) == 0 {
                    let right = exit.turn == TurnKind::Right;
                    road.lanes[if right { 0 } else { innermost }].exits |= 1 << at;
                }
            }
        }
    }
}
