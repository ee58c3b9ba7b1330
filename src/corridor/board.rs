//! What the corridor engine must know of the sites, and nothing more.

use serde::{Deserialize, Serialize};

use super::sketch::{LaneSketch, SiteSketch, StageSketch};
use crate::ids::{ApproachId, SiteId};
use crate::plan::TurnKind;
use crate::signal::GroupSet;
use crate::units::{Length, Millis};

/// Vehicles on an approach, as far as anybody can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Vehicles in the fullest lane, standing or not.
    pub vehicles_worst_lane: u16,
    /// Vehicles in the lane with most that stand or hardly move, only those.
    pub slow_worst_lane: u16,
    /// Vehicles in all lanes.
    pub vehicles_total: u16,
    /// At least one of them stands.
    pub standing: bool,
}

/// Whether a site can serve a corridor now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// It follows us.
    #[default]
    Ready,
    /// A person works the panel at the cabinet.
    LocalControl,
    /// It is faulty, flashing, silent, starting up or on its local plan.
    Unavailable,
    /// The operator took it out.
    TakenOut,
}

/// Who waits at a site because others have right of way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OthersDemand {
    /// Vehicles waiting, all lanes.
    pub vehicles: u16,
    /// Vehicles that arrive and will have to wait, per hour, all lanes.
    pub vehicles_per_hour: u32,
    /// Walkers waiting, at least one per latched button.
    pub walkers: u16,
    /// The longest any vehicle has waited.
    pub vehicle_wait_max: Millis,
    /// The longest any walker has waited.
    pub walker_wait_max: Millis,
}

/// How the plan that runs now serves a set of groups, on the average.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rhythm {
    /// Time from one service to the next.
    pub cycle: Millis,
    /// Green of the whole set in one cycle.
    pub green: Millis,
}

/// The state of the sites at the start of the cycle. A site nobody knows is
/// [`Availability::Unavailable`].
pub trait SiteBoard {
    /// The kernel's exact time from now until every group of `groups` could be green; zero if they
    /// are. `None` if the site's kernel cannot say.
    fn entry_time(&self, site: SiteId, groups: GroupSet) -> Option<Millis>;

    /// True if every lamp of `groups` was freshly read back green. Never an intention.
    fn green_read_back(&self, site: SiteId, groups: GroupSet) -> bool;

    /// Vehicles between the upstream junction and the stop line of `approach`.
    fn queue(&self, site: SiteId, approach: ApproachId) -> Queue;

    /// The same without those further from the stop line than the length given: who is behind the vehicle
    /// does not hinder it. A board that does not know where each of them is counts all.
    fn queue_before(&self, site: SiteId, approach: ApproachId, _within: Length) -> Queue {
        self.queue(site, approach)
    }

    /// Whether the site can serve a corridor now.
    fn availability(&self, site: SiteId) -> Availability;

    /// Who waits or will wait at groups hostile to `groups`.
    fn others_demand(&self, site: SiteId, groups: GroupSet) -> OthersDemand;

    /// Every group of the site that is hostile to a group of `groups`.
    fn hostile_to(&self, site: SiteId, groups: GroupSet) -> GroupSet;

    /// The time from the end of the green of `from` until all of `to` may be green.
    fn clearance(&self, site: SiteId, from: GroupSet, to: GroupSet) -> Millis;

    /// How the running plan serves `groups`; `None` if the plan does not know.
    fn rhythm(&self, site: SiteId, groups: GroupSet) -> Option<Rhythm>;

    /// The site as a preview runs it on, for a vehicle that comes in and goes on by `way` and
    /// is given `groups`; `None` if nobody knows how it is run.
    fn sketch(
        &self,
        site: SiteId,
        way: (ApproachId, Option<TurnKind>),
        groups: GroupSet,
    ) -> Option<SiteSketch> {
        let rhythm = self.rhythm(site, groups)?;
        Some(from_rhythm(
            rhythm,
            (groups, self.hostile_to(site, groups)),
            self.queue(site, way.0),
            self.others_demand(site, groups),
        ))
    }

    /// True if the site follows its plan again, with nothing left to catch up.
    fn in_step(&self, site: SiteId) -> bool;
}

/// Two stages, ours and theirs, and a lane for each: all that a rhythm tells.
fn from_rhythm(
    rhythm: Rhythm,
    (ours, theirs): (GroupSet, GroupSet),
    queue: Queue,
    others: OthersDemand,
) -> SiteSketch {
    let change = Millis::from_secs(5);
    let stage = |groups: GroupSet, lasts: Millis| StageSketch {
        groups,
        green_min: Millis::from_secs(7),
        green: lasts.saturating_sub(change),
        change,
        walked: Millis::ZERO,
        recall: true,
    };
    SiteSketch {
        lanes: vec![
            LaneSketch {
                groups: ours,
                own: true,
                leads: true,
                queue: queue.vehicles_worst_lane,
                ..LaneSketch::default()
            },
            LaneSketch {
                groups: theirs,
                queue: others.vehicles,
                flow_per_h: others.vehicles_per_hour,
                waited: others.vehicle_wait_max,
                ..LaneSketch::default()
            },
        ],
        stages: vec![
            stage(ours, rhythm.green),
            stage(theirs, rhythm.cycle.saturating_sub(rhythm.green)),
        ],
        clocked: true,
        at: None,
        held: ours,
    }
}
