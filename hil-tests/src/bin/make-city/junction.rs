//! Signalled junctions: groups, lanes, stages.

use crate::layout::{City, Node, Road, left_of, lefts, opposite, right_of};
use crate::site::{Approach, Group, Kind, Lane, Site, Stage, Stream, Walk};
use crate::tables::{Lefts, NON_MOTOR, ROWS, WAITING_AREAS};

/// Width of a lane, metres.
const LANE_M: usize = 3;

/// The site of a junction, without plans.
pub(crate) fn site(city: &City, node: &Node) -> Site {
    let roads = city.entering(&node.id);
    let maker = Maker { city, node, roads };
    let mut groups = Vec::new();
    for arm in ['W', 'E', 'N', 'S'] {
        groups.extend(maker.vehicle_groups(arm));
    }
    groups.extend(maker.waiting_areas());
    groups.extend(maker.riders());
    groups.extend(maker.walkers());
    let mut site = Site {
        id: node.id.clone(),
        zh: node.zh.clone(),
        en: node.en.clone(),
        junction: true,
        groups,
        approaches: Vec::new(),
        stages: Vec::new(),
        plans: Vec::new(),
        posts: 1,
    };
    site.approaches = maker
        .roads
        .iter()
        .map(|road| maker.approach(&site, road))
        .collect();
    site.stages = Maker::stages(&site);
    site
}

struct Maker<'a> {
    city: &'a City,
    node: &'a Node,
    roads: Vec<&'a Road>,
}

impl Maker<'_> {
    fn road(&self, arm: char) -> Option<&Road> {
        self.roads.iter().find(|road| road.enters == arm).copied()
    }

    fn arrow(&self, arm: char) -> bool {
        let wanted = match lefts(self.node) {
            Lefts::Protected => true,
            Lefts::Main => main(arm),
            Lefts::Permissive => false,
        };
        wanted && self.road(left_of(arm)).is_some() && self.road(opposite(arm)).is_some()
    }

    fn marked(&self, junctions: &[usize]) -> bool {
        junctions
            .iter()
            .any(|number| self.node.id == format!("J{number:02}"))
    }

    fn vehicle_groups(&self, arm: char) -> Vec<Group> {
        let Some(road) = self.road(arm) else {
            return Vec::new();
        };
        let mut into = vec![right_of(arm), opposite(arm), left_of(arm)];
        into.retain(|out| self.road(*out).is_some());
        if self.arrow(arm) {
            into.retain(|out| *out != left_of(arm));
        }
        let through = Group {
            id: format!("{arm}T"),
            kind: Kind::Vehicle,
            streams: vec![Stream::Vehicles { from: arm, into }],
            min_green_s: if main(arm) && self.arterial() { 10 } else { 7 },
            max_green_s: if main(arm) { 60 } else { 40 },
            speed_kmh: road.speed_kmh,
            path_m: self.path_m(arm),
            riders: !self.marked(&NON_MOTOR),
            walk: None,
        };
        if !self.arrow(arm) {
            return vec![through];
        }
        let left = Group {
            id: format!("{arm}L"),
            kind: Kind::Arrow,
            streams: vec![Stream::Vehicles {
                from: arm,
                into: vec![left_of(arm)],
            }],
            min_green_s: 5,
            max_green_s: 25,
            riders: false,
            ..through.clone()
        };
        vec![through, left]
    }

    fn waiting_areas(&self) -> Vec<Group> {
        if !self.marked(&WAITING_AREAS) {
            return Vec::new();
        }
        let made = ['W', 'E'].map(|arm| Group {
            id: format!("{arm}W"),
            kind: Kind::WaitingArea,
            streams: vec![Stream::Waiting { from: arm }],
            min_green_s: 5,
            max_green_s: 60,
            speed_kmh: 30,
            path_m: 10,
            riders: false,
            walk: None,
        });
        made.into()
    }

    fn riders(&self) -> Vec<Group> {
        if !self.marked(&NON_MOTOR) {
            return Vec::new();
        }
        let made = ['W', 'E', 'N', 'S'].map(|arm| Group {
            id: format!("{arm}B"),
            kind: Kind::NonMotor,
            streams: vec![Stream::Riders {
                from: arm,
                into: opposite(arm),
            }],
            min_green_s: 7,
            max_green_s: if main(arm) { 60 } else { 40 },
            speed_kmh: 18,
            path_m: self.path_m(arm),
            riders: false,
            walk: None,
        });
        made.into()
    }

    fn walkers(&self) -> Vec<Group> {
        let made = ['N', 'E', 'S', 'W']
            .into_iter()
            .filter(|arm| self.road(*arm).is_some());
        let made = made.map(|arm| {
            let crossing_m = self.width_m(arm);
            Group {
                id: format!("P{arm}"),
                kind: Kind::Pedestrian,
                streams: vec![Stream::Walkers { over: arm }],
                min_green_s: 7,
                max_green_s: 40,
                speed_kmh: 0,
                path_m: crossing_m,
                riders: false,
                walk: Some(Walk {
                    crosses: vec![arm],
                    crossing_m,
                    steady_s: 7,
                    clear_s: crossing_m,
                    extend_s: 0,
                    max_wait_s: 90,
                }),
            }
        });
        made.collect()
    }

    fn approach(&self, site: &Site, road: &Road) -> Approach {
        let arm = road.enters;
        let groups = ["T", "L", "W"].map(|suffix| format!("{arm}{suffix}"));
        let known = |id: &String| site.groups.iter().any(|group| group.id == *id);
        let riders = format!("{arm}B");
        let groups: Vec<_> = groups.into_iter().filter(known).collect();
        let mut emergency = groups.clone();
        let facing = opposite(arm);
        let turns_left = self.road(facing).is_some() && self.road(left_of(facing)).is_some();
        if turns_left && !self.arrow(facing) {
            // Left turns that face the vehicle yield on a round green: were their green to end
            // alone, a driver waiting in the middle would take the amber for everybody's.
            emergency.push(format!("{facing}T"));
        }
        Approach {
            arm,
            road: road.id.clone(),
            riders: Some(if known(&riders) {
                riders
            } else {
                format!("{arm}T")
            }),
            groups,
            emergency,
            lanes: self.lanes(arm, road.lanes),
        }
    }

    /// Lanes from the kerb to the middle.
    fn lanes(&self, arm: char, count: usize) -> Vec<Lane> {
        let has = |out: char| self.road(out).is_some();
        let (right, through, left) = (has(right_of(arm)), has(opposite(arm)), has(left_of(arm)));
        let own_left = self.arrow(arm) || (left && (!through || count >= 3));
        let lane = |at: usize| {
            let (kerb, middle) = (at == 0, at + 1 == count);
            let mut turns = Vec::new();
            if right && kerb {
                turns.push("right");
            }
            if through && !(own_left && middle && count > 1) {
                turns.push("through");
            }
            if left && middle {
                turns.push("left");
            }
            let arrow = self.arrow(arm) && turns == ["left"];
            Lane {
                group: format!("{arm}{}", if arrow { "L" } else { "T" }),
                turns,
            }
        };
        (0..count).map(lane).collect()
    }

    fn stages(site: &Site) -> Vec<Stage> {
        let wanted = |ids: &[String]| -> Vec<String> {
            let known = |id: &&String| site.groups.iter().any(|group| group.id == **id);
            ids.iter().filter(known).cloned().collect()
        };
        let of = |arms: [char; 2], suffixes: &[&str]| -> Vec<String> {
            let both = |suffix: &&str| arms.map(|arm| format!("{arm}{suffix}"));
            suffixes.iter().flat_map(both).collect()
        };
        let mut greens = Vec::new();
        let mut main = of(['W', 'E'], &["T", "W", "B"]);
        main.extend(["PN".to_owned(), "PS".to_owned()]);
        greens.push(wanted(&main));
        let mut arrows = wanted(&of(['W', 'E'], &["L"]));
        if let [only] = arrows.as_slice() {
            // At a junction of three legs the traffic beside the arrow goes on.
            arrows.push(only.replace('L', "T"));
        }
        greens.push(arrows);
        let mut cross = of(['N', 'S'], &["T", "B"]);
        cross.extend(["PE".to_owned(), "PW".to_owned()]);
        greens.push(wanted(&cross));
        greens.push(wanted(&of(['N', 'S'], &["L"])));
        greens.retain(|green| !green.is_empty());
        let named = ['A', 'B', 'C', 'D'].into_iter().zip(greens);
        named.map(|(id, green)| Stage { id, green }).collect()
    }

    fn arterial(&self) -> bool {
        self.node.row.is_some_and(|row| ROWS[row].pocket)
    }

    /// Both carriageways of an arm.
    fn width_m(&self, arm: char) -> u32 {
        let entering = self.road(arm).map_or(0, |road| road.lanes);
        let leaving = self
            .city
            .leaving(&self.node.id, arm)
            .map_or(0, |road| road.lanes);
        u32::try_from((entering + leaving) * LANE_M).unwrap_or_default()
    }

    /// The way through: the wider of the arms to the side, and a crosswalk before and behind.
    fn path_m(&self, arm: char) -> u32 {
        self.width_m(left_of(arm)).max(self.width_m(right_of(arm))) + 8
    }
}

fn main(arm: char) -> bool {
    arm == 'W' || arm == 'E'
}
