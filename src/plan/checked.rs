//! A site as the cycle uses it: every finding has been dealt with, names resolved to ids.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ladder::AdaptiveRules;
use super::tuning::Tuning;
use crate::ids::{ApproachId, DetectorId, GroupId, PlanId, StageId};
use crate::signal::{GroupSet, SafetyTable, Stage};
use crate::units::{Date, Length, Millis, Speed};

/// What is built at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SiteKind {
    /// A signalled junction.
    Junction,
    /// A pedestrian-request crossing between junctions.
    Crossing,
}

/// One controlled site, checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckedSite {
    /// Stable id in files, as `J07` or `P12`.
    pub id: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Junction or crossing.
    pub kind: SiteKind,
    /// What the kernel runs on.
    pub safety: Arc<SafetyTable>,
    /// One per group, indexed by [`GroupId`].
    pub groups: Vec<GroupInfo>,
    /// One per stage, indexed by [`StageId`].
    pub stages: Vec<StageInfo>,
    /// One per approach, indexed by [`ApproachId`].
    pub approaches: Vec<Approach>,
    /// The groups that each group yields to while both are green, indexed by [`GroupId`].
    pub yields: Vec<GroupSet>,
    /// The oncoming groups that the left turns of each group wait for, indexed by [`GroupId`]:
    /// where such a group ends while one of them goes on, its drivers are caught in a yellow trap.
    pub left_yields: Vec<GroupSet>,
    /// One per detector or button, indexed by [`DetectorId`].
    pub detectors: Vec<Detector>,
    /// One per plan, indexed by [`PlanId`].
    pub plans: Vec<Plan>,
    /// Which plan runs when.
    pub schedule: Schedule,
    /// The numbers of adaptive control.
    pub tuning: Arc<Tuning>,
    /// Longest wait of walkers and riders while a corridor is held.
    pub corridor_wait_max: Millis,
    /// Longest wait of motor vehicles while a corridor is held.
    pub corridor_red_max: Millis,
    /// Longest single corridor hold.
    pub corridor_hold_max: Millis,
}

/// What files and people call a group, and what is served behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupInfo {
    /// Name on the drawing.
    pub name: String,
    /// Approach speed, for vehicle groups.
    pub speed: Speed,
    /// Only for pedestrian groups.
    pub walk: Option<Walk>,
}

/// What a pedestrian group serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// Kerb to kerb, or kerb to refuge.
    pub crossing: Length,
    /// Design walking speed.
    pub speed: Speed,
    /// Steady walk given per service (at least the group's minimum).
    pub walk: Millis,
    /// Added to the walk after a long press.
    pub extend_by: Millis,
    /// How long a button is held for a long press.
    pub long_press: Millis,
    /// Everyday bound on the wait after a press.
    pub wait_max: Millis,
}

/// A stage with its name and where it may lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageInfo {
    /// Name on the drawing.
    pub name: String,
    /// The groups, late starts and early ends.
    pub stage: Stage,
    /// Stages that may not follow directly; the value names the stage to go through, if any.
    pub moves: Vec<(StageId, Option<StageId>)>,
}

/// A road entering the site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approach {
    /// Name on the drawing, as `W`.
    pub name: String,
    /// Id of the entering road in `network.geojson`.
    pub road: String,
    /// Every vehicle group of the approach.
    pub groups: GroupSet,
    /// What an emergency vehicle on this approach is given.
    pub emergency: Emergency,
    /// Lanes from the kerb to the middle.
    pub lanes: Vec<Lane>,
    /// The group that cyclists of this approach obey, if any.
    pub riders: Option<GroupId>,
}

/// What an emergency vehicle on an approach is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Emergency {
    /// These groups green together: every lane of the approach moves, no yellow trap.
    Groups(GroupSet),
    /// Nothing, for this stated reason.
    None(String),
}

/// One lane of an approach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The ways out of the lane: the file's `group` and `turns` first, then what it lists as `also`.
    /// Never empty.
    pub movements: Vec<Movement>,
}

/// A way from a lane through the junction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// The group it obeys.
    pub group: GroupId,
    /// Where it leads.
    pub turns: Vec<TurnKind>,
}

impl Lane {
    /// A lane that leads `turns` under one group.
    #[must_use]
    pub fn of(group: GroupId, turns: Vec<TurnKind>) -> Self {
        Self {
            movements: vec![Movement { group, turns }],
        }
    }

    /// The group of the lane's main movement.
    #[must_use]
    pub fn group(&self) -> GroupId {
        self.movements
            .first()
            .map_or_else(GroupId::default, |first| first.group)
    }

    /// Every group that somebody in the lane may wait for.
    #[must_use]
    pub fn groups(&self) -> GroupSet {
        self.movements
            .iter()
            .map(|movement| movement.group)
            .collect()
    }

    /// Every direction the lane leads to.
    pub fn turns(&self) -> impl Iterator<Item = TurnKind> + '_ {
        self.movements
            .iter()
            .flat_map(|movement| movement.turns.iter().copied())
    }
}

/// A direction through a junction, seen from the approach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TurnKind {
    /// To the left.
    Left,
    /// Straight on.
    Through,
    /// To the right.
    Right,
    /// Back where one came from.
    UTurn,
}

/// What a detector is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DetectorUse {
    /// At the stop line: calls and extends.
    Presence,
    /// Upstream of the stop line by this length: extends and counts arrivals.
    Advance(Length),
    /// A push button of a crossing.
    Button,
}

/// What a broken detector does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnFault {
    /// Its groups are called every cycle for their minimum.
    RecallMin,
    /// Its groups are called every cycle for their maximum.
    RecallMax,
    /// Its walk is given every cycle.
    RecallEveryCycle,
}

/// A detector or push button.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    /// Name on the drawing.
    pub name: String,
    /// Channel of the cabinet: 0-31 for detectors, 0-15 for buttons.
    pub channel: u8,
    /// What it is for.
    pub usage: DetectorUse,
    /// Groups it calls.
    pub groups: GroupSet,
    /// The approach and lane (from the kerb) it lies in, for vehicle detectors.
    pub lane: Option<(ApproachId, u8)>,
    /// Longest gap that still extends a green.
    pub passage: Millis,
    /// Occupied this long without a break is a fault.
    pub stuck_on: Millis,
    /// Silent this long by day is a fault.
    pub stuck_off: Millis,
    /// More pulses per minute than this is a fault.
    pub chatter_per_min: u16,
    /// What happens while it is faulty.
    pub on_fault: OnFault,
}

/// How a plan drives its stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlanMode {
    /// Every stage its split, every cycle.
    Fixed,
    /// Demand, extension and maximum; stages nobody wants are skipped.
    Actuated,
    /// Fixed cycle and offset; stages yield to demand inside their splits.
    Coordinated,
    /// Adaptive control with this plan as its fallback.
    Adaptive,
}

/// What an actuated stage does with nobody waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recall {
    /// Only on demand.
    #[default]
    None,
    /// Its minimum every round.
    Min,
    /// Its maximum every round.
    Max,
}

/// One entry of a plan's stage sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStage {
    /// Which stage.
    pub stage: StageId,
    /// Green and its change interval; zero in a plan without a cycle.
    pub split: Millis,
    /// Longest green while somebody else waits, in an actuated plan.
    pub green_max: Millis,
    /// What happens with nobody waiting.
    pub recall: Recall,
}

/// A signal plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Name, as `am-peak`.
    pub name: String,
    /// How it drives its stages.
    pub mode: PlanMode,
    /// Cycle time; zero in a plan without one.
    pub cycle: Millis,
    /// Start of the coordinated stage's green in the city's cycle clock, whatever reference the
    /// file used.
    pub offset: Millis,
    /// The stage the offset speaks of.
    pub coordinated: Option<StageId>,
    /// The stages in order.
    pub sequence: Vec<PlanStage>,
    /// Where an actuated plan rests.
    pub rest: Option<StageId>,
    /// Largest change of a cycle while getting into step, per mille of the cycle.
    pub transition_per_mille: u16,
    /// How far adaptive control may go; means nothing in other modes.
    pub adaptive: AdaptiveRules,
}

/// Which plan runs when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Day plans: entries of (second of day, plan), first at 0, rising.
    pub days: Vec<Vec<(u32, PlanId)>>,
    /// Index into `days` for Monday to Sunday.
    pub weekdays: [u8; 7],
    /// From, to (inclusive), index into `days`; earlier entries win.
    pub exceptions: Vec<(Date, Date, u8)>,
}

impl CheckedSite {
    /// The longest time a service of `group` can be promised: a walk with its extension, or the
    /// shortest green.
    #[must_use]
    pub fn service_max(&self, group: GroupId) -> Millis {
        let walk = self.groups.get(group.index()).and_then(|info| info.walk);
        let walk = walk.map_or(Millis::ZERO, |walk| walk.walk + walk.extend_by);
        let timing = self.safety.timing(group);
        timing.map_or(walk, |timing| timing.green_min.max(walk))
    }

    /// The group with this name on the drawing.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<GroupId> {
        let at = self.groups.iter().position(|group| group.name == name)?;
        u8::try_from(at).ok().map(GroupId::new)
    }

    /// The approach that `road` enters by.
    #[must_use]
    pub fn approach_of_road(&self, road: &str) -> Option<ApproachId> {
        let at = self
            .approaches
            .iter()
            .position(|approach| approach.road == road)?;
        u8::try_from(at).ok().map(ApproachId::new)
    }

    /// Every way through the site: approach, lane in it, movement. The order is the numbering that
    /// area sensors and adaptive control count movements by.
    pub fn movements(&self) -> impl Iterator<Item = (ApproachId, u8, &Movement)> {
        (0_u8..).zip(&self.approaches).flat_map(|(approach, info)| {
            (0_u8..).zip(&info.lanes).flat_map(move |(lane, ways)| {
                let ways = ways.movements.iter();
                ways.map(move |way| (ApproachId::new(approach), lane, way))
            })
        })
    }

    /// The vehicle groups that a lane yields to while both are green. Who goes straight on yields to
    /// nobody, whatever those do who turn beside; walkers hold nobody up long enough to count.
    #[must_use]
    pub fn yields_of(&self, lane: &Lane) -> GroupSet {
        if lane.turns().any(|turn| turn == TurnKind::Through) {
            return GroupSet::EMPTY;
        }
        let yields = self.yields.get(lane.group().index());
        let vehicles = |group: &GroupId| {
            let info = self.groups.get(group.index());
            info.is_some_and(|info| info.walk.is_none())
        };
        let yields = yields.copied().unwrap_or_default();
        yields.iter().filter(vehicles).collect()
    }

    /// The detector with this name on the drawing.
    #[must_use]
    pub fn detector(&self, name: &str) -> Option<DetectorId> {
        let at = self
            .detectors
            .iter()
            .position(|detector| detector.name == name)?;
        u8::try_from(at).ok().map(DetectorId::new)
    }
}
