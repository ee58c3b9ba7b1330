//! What a site file says, before it is text.

/// Who moves on a group's green.
#[derive(Clone, PartialEq)]
pub(crate) enum Stream {
    /// From one arm into others.
    Vehicles { from: char, into: Vec<char> },
    /// Bicycles and e-bikes, straight on.
    Riders { from: char, into: char },
    /// Over an arm.
    Walkers { over: char },
    /// From an arm to a waiting place inside the junction.
    Waiting { from: char },
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Vehicle,
    Arrow,
    NonMotor,
    Pedestrian,
    WaitingArea,
}

impl Kind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Vehicle => "vehicle",
            Self::Arrow => "arrow",
            Self::NonMotor => "non-motor",
            Self::Pedestrian => "pedestrian",
            Self::WaitingArea => "waiting-area",
        }
    }
}

#[derive(Clone)]
pub(crate) struct Group {
    pub id: String,
    pub kind: Kind,
    pub streams: Vec<Stream>,
    pub min_green_s: u32,
    pub max_green_s: u32,
    pub speed_kmh: u32,
    /// Way from the stop line to the far side of the junction, metres.
    pub path_m: u32,
    /// Riders obey it too.
    pub riders: bool,
    pub walk: Option<Walk>,
}

#[derive(Clone)]
pub(crate) struct Walk {
    /// The approaches walked over, as in `crosses`.
    pub crosses: Vec<char>,
    pub crossing_m: u32,
    pub steady_s: u32,
    pub clear_s: u32,
    /// Added after a long press; zero where the cycle has no room.
    pub extend_s: u32,
    pub max_wait_s: u32,
}

impl Walk {
    /// Walk, extension, flashing and buffer.
    pub(crate) const fn need_s(&self) -> u32 {
        self.steady_s + self.extend_s + self.clear_s + BUFFER_S
    }
}

/// From the end of flashing green to the start of any hostile green.
pub(crate) const BUFFER_S: u32 = 3;

pub(crate) struct Approach {
    pub arm: char,
    pub road: String,
    pub groups: Vec<String>,
    /// What an emergency vehicle on the approach is given.
    pub emergency: Vec<String>,
    pub riders: Option<String>,
    pub lanes: Vec<Lane>,
}

#[derive(Clone, PartialEq)]
pub(crate) struct Lane {
    pub group: String,
    pub turns: Vec<&'static str>,
}

pub(crate) struct Stage {
    pub id: char,
    pub green: Vec<String>,
}

pub(crate) struct Plan {
    pub id: &'static str,
    pub timing: Timing,
    /// Stages served at their minimum even with nobody there.
    pub recall: Vec<char>,
}

pub(crate) enum Timing {
    Coordinated {
        cycle_s: u32,
        offset_s: u32,
        split_s: Vec<u32>,
    },
    Actuated {
        /// Adaptive control, with this as the level below.
        adaptive: bool,
        max_green_s: Vec<u32>,
    },
}

pub(crate) struct Site {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub junction: bool,
    pub groups: Vec<Group>,
    pub approaches: Vec<Approach>,
    pub stages: Vec<Stage>,
    pub plans: Vec<Plan>,
    /// Push-button posts per pedestrian group.
    pub posts: u32,
}

impl Site {
    pub(crate) fn group(&self, id: &str) -> &Group {
        self.groups
            .iter()
            .find(|group| group.id == id)
            .unwrap_or_else(|| unreachable!("{}: no group {id}", self.id))
    }

    /// The longest change from a green of `stage` to any hostile group, whole seconds.
    pub(crate) fn change_s(&self, stage: &Stage) -> u32 {
        let ending = stage.green.iter().map(|id| self.group(id));
        let changes = ending.flat_map(|from| {
            let others = self.groups.iter();
            others.filter_map(move |to| crate::conflicts::intergreen_ds(from, to))
        });
        changes.max().unwrap_or(0).div_ceil(10)
    }

    /// The shortest split a stage may have: every group's minimum and its change.
    pub(crate) fn need_s(&self, stage: &Stage) -> u32 {
        let change = self.change_s(stage);
        let needs = stage.green.iter().map(|id| {
            let group = self.group(id);
            group
                .walk
                .as_ref()
                .map_or(group.min_green_s + change, Walk::need_s)
        });
        needs.max().unwrap_or(0)
    }
}
