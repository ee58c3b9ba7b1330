//! A signal as it will stand in a site file.

use super::course::{Course, Tenths};
use super::heads::{Head, Heads};
use super::import::ImportProfile;
use super::net::{Edge, EdgeFunction, Lane, Programme, SumoNet};
use super::relations::Relations;
use super::timing::Timing;

/// Detector channels of a cabinet.
const CHANNELS: usize = 32;
/// Button channels of a cabinet.
const BUTTONS: usize = 16;
/// Advance detectors lie this far upstream, metres, where the lane is long enough.
const ADVANCE_M: f64 = 60.0;
/// They keep this far from the lane's beginning, metres.
const ADVANCE_MARGIN_M: f64 = 5.0;
/// Shorter lanes have none, metres.
const ADVANCE_LANE_M: f64 = 25.0;

/// A signal, understood.
pub(super) struct Site<'n> {
    /// Id of the site; given when all sites are known.
    pub(super) id: String,
    pub(super) tls: String,
    pub(super) name: String,
    pub(super) profile: ImportProfile,
    pub(super) net: &'n SumoNet,
    pub(super) programme: &'n Programme,
    /// The nodes it stands at, the first one gives the place its name.
    pub(super) nodes: Vec<&'n str>,
    pub(super) course: Course,
    pub(super) heads: Heads<'n>,
    pub(super) relations: Relations,
    pub(super) approaches: Vec<Approach<'n>>,
    pub(super) detectors: Vec<Detector>,
    /// Split of each stage in the plan that repeats the programme.
    pub(super) splits: Vec<Tenths>,
    /// No stage is longer in the plans on demand.
    pub(super) green_cap: Tenths,
}

/// A street that leads in.
pub(super) struct Approach<'n> {
    pub(super) name: String,
    pub(super) edge: &'n Edge,
    pub(super) lanes: Vec<SiteLane<'n>>,
    /// What an emergency vehicle may be given, the best first; the last is nothing.
    pub(super) choices: Vec<Choice>,
}

/// A lane with the links that leave it.
pub(super) struct SiteLane<'n> {
    pub(super) lane: &'n Lane,
    pub(super) heads: Vec<Head<'n>>,
}

/// What an emergency vehicle is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The groups of the approach.
    Groups,
    /// A stage.
    Stage(usize),
    /// The groups of the approach, which stop first where a left turn would be trapped.
    ClearFirst,
    /// Nothing.
    Nothing,
}

/// What a detector is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Use {
    /// At the stop line of a lane: approach, lane.
    Presence(usize, usize),
    /// Upstream of it by so many metres.
    Advance(usize, usize, f64),
    /// For walkers.
    Button,
}

/// A detector or button.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Detector {
    pub(super) name: String,
    pub(super) channel: usize,
    pub(super) usage: Use,
    pub(super) groups: Vec<usize>,
}

impl<'n> Site<'n> {
    pub(super) fn timing(&self) -> Timing<'_, 'n> {
        Timing {
            profile: self.profile,
            net: self.net,
            programme: self.programme,
            heads: &self.heads,
            relations: &self.relations,
        }
    }

    /// The groups whose call nothing detects.
    pub(super) fn deaf(&self) -> Vec<usize> {
        let heard = |group: &usize| self.detectors.iter().any(|d| d.groups.contains(group));
        (0..self.heads.groups.len())
            .filter(|group| !heard(group))
            .collect()
    }
}

impl Approach<'_> {
    /// The groups its vehicles obey.
    pub(super) fn groups(&self) -> Vec<usize> {
        let mut groups: Vec<usize> = self.lanes.iter().flat_map(SiteLane::groups).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

impl SiteLane<'_> {
    /// The groups that somebody in the lane may wait for.
    pub(super) fn groups(&self) -> Vec<usize> {
        let mut groups: Vec<usize> = self.heads.iter().map(|head| head.group).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

/// The streets that lead in, in the order of their first link.
pub(super) fn approaches<'n>(
    net: &'n SumoNet,
    heads: &Heads<'n>,
    relations: &Relations,
) -> Vec<Approach<'n>> {
    let mut made: Vec<Approach<'n>> = Vec::new();
    for head in &heads.list {
        let edge = net.edges.get(&head.link.from);
        let Some(edge) = edge.filter(|edge| edge.function == EdgeFunction::Normal) else {
            continue;
        };
        let lane = edge
            .lanes
            .iter()
            .find(|lane| lane.index == head.link.from_lane);
        let Some(lane) = lane else {
            continue;
        };
        let known = made.iter().position(|approach| approach.edge.id == edge.id);
        if known.is_none() {
            let name = free_name(&made, compass(lane));
            made.push(Approach {
                name,
                edge,
                lanes: Vec::new(),
                choices: Vec::new(),
            });
        }
        let at = known.unwrap_or(made.len() - 1);
        let Some(approach) = made.get_mut(at) else {
            continue;
        };
        match approach
            .lanes
            .iter_mut()
            .find(|known| known.lane.index == lane.index)
        {
            Some(known) => known.heads.push(*head),
            None => approach.lanes.push(SiteLane {
                lane,
                heads: vec![*head],
            }),
        }
    }
    for approach in &mut made {
        approach.lanes.sort_by_key(|lane| lane.lane.index);
        approach.choices = choices(heads, relations, &approach.groups());
    }
    made
}

/// The approach's groups; then every stage that holds them and makes none of them yield, for whose
/// changes the file can speak; then the groups after a stop of all; then the other stages.
fn choices(heads: &Heads<'_>, relations: &Relations, groups: &[usize]) -> Vec<Choice> {
    let stages = heads.groups.first().map_or(0, |group| group.column.len());
    let holds = |stage: &usize| {
        let shown = heads.of_stage(*stage);
        groups.iter().all(|group| shown.contains(group))
    };
    let is_free = |stage: &usize| {
        let shown = heads.of_stage(*stage);
        let others = || shown.iter().filter(|other| !groups.contains(other));
        let waits = |group: &usize| others().any(|o| relations.yields.contains(&(*group, *o)));
        !groups.iter().any(waits)
    };
    let (free, yielding): (Vec<usize>, Vec<usize>) = (0..stages).filter(holds).partition(is_free);
    let mut made = vec![Choice::Groups];
    made.extend(free.into_iter().map(Choice::Stage));
    made.push(Choice::ClearFirst);
    made.extend(yielding.into_iter().map(Choice::Stage));
    made.push(Choice::Nothing);
    made
}

/// Where the traffic of a lane comes from, as a letter or two.
fn compass(lane: &Lane) -> &'static str {
    let mut back = lane.shape.iter().rev();
    let (Some(end), Some(before)) = (back.next(), back.next()) else {
        return "X";
    };
    let (east, north) = (before.0 - end.0, before.1 - end.1);
    let eighths = (east.atan2(north).to_degrees() + 360.0 + 22.5) / 45.0;
    let names = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
    let mut round = names.iter().cycle();
    let mut at = eighths.floor();
    let mut name = "N";
    while at >= 0.0 {
        name = round.next().copied().unwrap_or("N");
        at -= 1.0;
    }
    name
}

fn free_name(made: &[Approach<'_>], base: &str) -> String {
    let taken = |name: &str| made.iter().any(|approach| approach.name == name);
    if !taken(base) {
        return base.to_owned();
    }
    (2..=made.len() + 2)
        .map(|number| format!("{base}{number}"))
        .find(|name| !taken(name))
        .unwrap_or_else(|| format!("{base}x"))
}

/// Detectors at every stop line, then upstream, then buttons, as far as the channels go; and how
/// many had no channel.
pub(super) fn detectors(
    heads: &Heads<'_>,
    approaches: &[Approach<'_>],
) -> (Vec<Detector>, [usize; 3]) {
    let lanes: Vec<(usize, usize, &SiteLane<'_>)> = approaches
        .iter()
        .enumerate()
        .flat_map(|(at, approach)| {
            let lanes = approach.lanes.iter().enumerate();
            lanes.map(move |(number, lane)| (at, number, lane))
        })
        .collect();
    let stop = lanes
        .iter()
        .map(|(at, number, lane)| (Use::Presence(*at, *number), lane.groups()));
    let long = lanes
        .iter()
        .filter(|(_, _, lane)| lane.lane.length_m > ADVANCE_LANE_M);
    let upstream = long.map(|(at, number, lane)| {
        let way = ADVANCE_M.min((lane.lane.length_m - ADVANCE_MARGIN_M).floor());
        (Use::Advance(*at, *number, way), lane.groups())
    });
    let walkers = heads
        .groups
        .iter()
        .enumerate()
        .filter(|(_, group)| group.walks);
    let buttons = walkers.map(|(group, _)| (Use::Button, vec![group]));
    let stop = numbered('D', 0, stop.collect(), CHANNELS);
    let used = stop.0.len();
    let upstream = numbered('A', used, upstream.collect(), CHANNELS);
    let buttons = numbered('B', 0, buttons.collect(), BUTTONS);
    let without = [stop.1, upstream.1, buttons.1];
    let made = [stop.0, upstream.0, buttons.0].concat();
    (made, without)
}

fn numbered(
    letter: char,
    first: usize,
    uses: Vec<(Use, Vec<usize>)>,
    channels: usize,
) -> (Vec<Detector>, usize) {
    let room = channels.saturating_sub(first);
    let without = uses.len().saturating_sub(room);
    let made = uses.into_iter().take(room).enumerate();
    let made = made.map(|(at, (usage, groups))| Detector {
        name: format!("{letter}{}", at + 1),
        channel: first + at,
        usage,
        groups,
    });
    (made.collect(), without)
}
