//! The immutable, numbered plan of one corridor. Planned once, then executed; a change is a new
//! revision.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ApproachId, CorridorId, RoadId, SiteId};
use crate::signal::GroupSet;
use crate::units::{Length, Millis, Mono, Speed};

/// What a vehicle is, in the order of the default city policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ServiceClass {
    /// Ambulance on an urgent task.
    Ambulance,
    /// Fire engine on an urgent task.
    Fire,
    /// Registered engineering-rescue vehicle on an urgent task.
    Rescue,
    /// Police on an urgent call.
    Police,
    /// Approved escort: priority, never preemption.
    Escort,
}

impl ServiceClass {
    /// The word used on the wire and in `city.toml`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ambulance => "ambulance",
            Self::Fire => "fire",
            Self::Rescue => "rescue",
            Self::Police => "police",
            Self::Escort => "escort",
        }
    }
}

/// One stop line on the way: a controller that runs several nodes is crossed once at each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    /// The site, which is the controller.
    pub site: SiteId,
    /// The node of the road network where the stop line lies; a hold is for this node alone.
    pub node: String,
    /// The approach the vehicle comes in by.
    pub approach: ApproachId,
    /// The approach's checked emergency green; empty where the site states "none".
    pub groups: GroupSet,
    /// Groups of the node that may be green with it: some stage shows each of them beside every
    /// green of the approach that yields to nobody, and none leads to where the vehicle goes.
    pub beside: GroupSet,
    /// Groups of the node from other approaches that lead to where the vehicle goes.
    pub into_exit: GroupSet,
    /// Where the stop line is, along the route.
    pub stop_line_at: Length,
    /// Where the last vehicle of the convoy has left the junction, along the route.
    pub passed_at: Length,
    /// Free-flow time from the start of the route to the stop line.
    pub free_flow: Millis,
    /// Longest queue the approach can hold in one lane.
    pub storage: Length,
    /// How fast the vehicle comes to the stop line if nothing is in its way.
    pub approach_speed: Speed,
    /// Where the driver decides to brake for a red, along the route: a green later than this is
    /// too late.
    pub decision_at: Length,
    /// The road the vehicle comes in by, as `network.geojson` names it.
    pub entry_road: String,
    /// The road it leaves by; `None` if the route ends here.
    pub exit_road: Option<String>,
    /// Longest single hold of the site.
    pub hold_max: Millis,
    /// Longest wait of walkers and riders at the site while a corridor is held.
    pub wait_max: Millis,
    /// Longest wait of motor vehicles at the site while a corridor is held.
    pub red_max: Millis,
    /// Longest wait of motor vehicles at the site whatever is held: what the kernel keeps.
    pub red_ever: Millis,
    /// The longest time from the start of a hostile service until the groups can be green again:
    /// the site is told of the lock this long before it, so that none is begun in vain.
    pub notice: Millis,
}

impl Crossing {
    /// True if the site states an emergency green for this approach.
    #[must_use]
    pub const fn can_be_held(&self) -> bool {
        !self.groups.is_empty()
    }
}

/// A point of the route on the city's local metre grid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoutePoint {
    /// East of the origin, metres.
    pub x_m: f64,
    /// North of the origin, metres.
    pub y_m: f64,
    /// Along the route.
    pub at: Length,
}

/// A road of the route, or the part of it that is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The road.
    pub road: RoadId,
    /// Where it ends, along the route.
    pub ends_at: Length,
    /// Free-flow time of the vehicle from the start of the route to there.
    pub free_flow: Millis,
    /// No position is expected on it, as in a tunnel.
    pub shadow: bool,
}

/// A way that leaves the route at one of its nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideWay {
    /// Where it leaves, along the route.
    pub at: Length,
    /// Its first stretch on the ground, from the node on: east and north of the origin, metres.
    pub line: Vec<(f64, f64)>,
}

/// Who asked for a corridor and why, in the words of the dispatch system. Kept for the journal;
/// nothing is decided by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedBy {
    /// The agency that the one who pressed speaks for.
    pub agency: String,
    /// Who pressed.
    pub operator: String,
    /// The agency's own id of the incident.
    pub incident: String,
}

/// A corridor as it shall be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorridorPlan {
    /// Which corridor.
    pub corridor: CorridorId,
    /// Counts up with each new plan of the corridor.
    pub revision: u32,
    /// The vehicle's id as the dispatch system gives it.
    pub vehicle: String,
    /// Who asked for it.
    pub asked_by: AskedBy,
    /// What the vehicle is.
    pub class: ServiceClass,
    /// True if the signals are locked for it; otherwise nothing hostile is begun before it, which
    /// is priority.
    pub preempts: bool,
    /// 1 (highest) to 5.
    pub priority: u8,
    /// The signals in order.
    pub crossings: Arc<[Crossing]>,
    /// The signal behind the destination, on the same road and not passed: opened only if its queue
    /// reaches back to where the vehicle is going.
    pub beyond: Option<Crossing>,
    /// The way on the ground, rising along the route.
    pub line: Arc<[RoutePoint]>,
    /// The roads in order.
    pub links: Arc<[Link]>,
    /// The ways off the route, rising along it.
    pub side_ways: Arc<[SideWay]>,
    /// How far GCJ-02 lies from the city's datum here, east and north, metres; zero if unknown.
    pub datum_shift_m: (f64, f64),
    /// Length of the route.
    pub length: Length,
    /// Free-flow time of the whole route.
    pub free_flow: Millis,
    /// Speed the vehicle is expected to drive where nothing hinders it.
    pub speed: Speed,
    /// How much faster than ordinary vehicles it is planned, percent.
    pub pace_percent: u32,
    /// From the front of the first vehicle to the back of the last one.
    pub convoy: Length,
    /// The corridor ends here at the latest.
    pub expires: Mono,
    /// When the vehicle is said to set off: its first signals are made ready for that moment, and
    /// let go again if it does not. `None` waits until it is seen to move.
    pub departs: Option<Mono>,
}

impl CorridorPlan {
    /// All that may be held for the vehicle: the signals in order, and the one behind its destination.
    pub fn places(&self) -> impl Iterator<Item = &Crossing> {
        self.crossings.iter().chain(&self.beyond)
    }

    /// Free-flow time from the start of the route to `at`, between the crossings in proportion.
    #[must_use]
    pub fn clock_at(&self, at: Length) -> Millis {
        let mut before = (Length::ZERO, Millis::ZERO);
        let knots = self.crossings.iter().map(|c| (c.stop_line_at, c.free_flow));
        for knot in knots.chain([(self.length, self.free_flow)]) {
            if at < knot.0 {
                let span = u64::from((knot.0 - before.0).as_mm());
                let part = u64::from((at - before.0).as_mm());
                let time = u64::from(knot.1.saturating_sub(before.1).as_ms());
                let add = (time * part).checked_div(span).unwrap_or(0);
                return before.1 + Millis::new(u32::try_from(add).unwrap_or(u32::MAX));
            }
            before = knot;
        }
        self.free_flow
    }
}

/// A position of a vehicle, already in the city's datum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// When the position was true, on our monotonic clock.
    pub at: Mono,
    /// East of the origin, metres.
    pub x_m: f64,
    /// North of the origin, metres.
    pub y_m: f64,
    /// Speed over ground.
    pub speed: Speed,
}
