//! Cycle, splits, offsets and greens of every site.

use std::collections::BTreeMap;

use crate::layout::{City, Node, NodeKind};
use crate::site::{Plan, Site, Timing};
use crate::tables::{ROWS, WAITING_AREAS, Wave};

/// The peak cycle; quiet sites run at half of it.
const CYCLE_S: u32 = 94;

/// Gives every site its plans.
pub(crate) fn add(city: &City, sites: &mut BTreeMap<String, Site>) {
    // Junctions first: crossings between rows lean on the junction north of them.
    let (mut ids, crossings): (Vec<_>, Vec<_>) =
        sites.keys().cloned().partition(|id| sites[id].junction);
    ids.extend(crossings);
    for id in &ids {
        let plans = plans(city, sites, id);
        if let Some(site) = sites.get_mut(id) {
            site.plans = plans;
        }
    }
}

fn plans(city: &City, sites: &BTreeMap<String, Site>, id: &str) -> Vec<Plan> {
    let (site, node) = (&sites[id], &city.nodes[id]);
    let recall = recalls(site);
    let max = |night, adaptive| Timing::Actuated {
        adaptive,
        max_green_s: max_greens(site, night),
    };
    let peak = match cycle_s(site, node) {
        Some(cycle_s) => Timing::Coordinated {
            cycle_s,
            offset_s: offset_s(city, sites, node) % cycle_s,
            split_s: splits(site, cycle_s),
        },
        None => max(false, false),
    };
    let plan = |id, timing, recall: &[char]| Plan {
        id,
        timing,
        recall: recall.to_vec(),
    };
    vec![
        plan("peak", peak, &recall),
        plan("off-peak", max(false, site.junction), &recall),
        plan("night", max(true, false), &recall),
    ]
}

/// The rest stage; the cross street, whose riders no loop may see; and, where
/// vehicles wait inside the junction, their arrow, so that nobody is left standing there.
fn recalls(site: &Site) -> Vec<char> {
    let mut found = vec!['A'];
    if waits_inside(site) {
        found.push('B');
    }
    if site.junction {
        let cross = site
            .stages
            .iter()
            .find(|stage| stage.green.iter().any(|id| id == "PE"));
        found.extend(cross.map(|stage| stage.id));
    }
    found
}

fn waits_inside(site: &Site) -> bool {
    WAITING_AREAS
        .iter()
        .any(|number| site.id == format!("J{number:02}"))
}

/// `None`: the crossing has no room in half a cycle and runs on demand.
fn cycle_s(site: &Site, node: &Node) -> Option<u32> {
    let arterial = node.row.is_some_and(|row| ROWS[row].pocket);
    let half = CYCLE_S / 2;
    let need: u32 = site.stages.iter().map(|stage| site.need_s(stage)).sum();
    if arterial || (site.junction && (site.stages.len() > 2 || need > half)) {
        Some(CYCLE_S)
    } else {
        (need <= half).then_some(half)
    }
}

/// Arrows get a little, the cross street what its walkers need and at least three tenths, the
/// coordinated stage the rest.
fn splits(site: &Site, cycle_s: u32) -> Vec<u32> {
    let mut split_s: Vec<_> = site.stages.iter().map(|stage| site.need_s(stage)).collect();
    for (stage, split) in site.stages.iter().zip(&mut split_s) {
        if stage.green.iter().any(|id| id == "PE") {
            *split = (*split).max(cycle_s * 3 / 10);
        } else if stage.id != 'A' && site.junction {
            *split = (*split).max(14);
        }
    }
    let others: u32 = split_s.iter().skip(1).sum();
    if let Some(first) = split_s.first_mut() {
        assert!(cycle_s - others >= *first, "{}: splits do not fit", site.id);
        *first = cycle_s - others;
    }
    split_s
}

/// Longest greens of an actuated plan, so that a walker's worst wait stays inside the bound.
fn max_greens(site: &Site, night: bool) -> Vec<u32> {
    let greens = site.stages.iter().map(|stage| {
        let need = site.need_s(stage) - site.change_s(stage).min(crate::site::BUFFER_S);
        match (stage.id, site.junction, night) {
            ('A', true, false) => need.max(26),
            ('A', true, true) => need.max(20),
            ('A', false, false) => 30,
            ('A', false, true) => 20,
            (_, _, false) => need.max(8),
            (_, _, true) => need,
        }
    });
    greens.collect()
}

/// The wave: when the coordinated green starts, after the head of the row it began at.
fn offset_s(city: &City, sites: &BTreeMap<String, Site>, node: &Node) -> u32 {
    if let Some(row) = node.row {
        let speed = f64::from(ROWS[row].speed_kmh) / 3.6;
        let on_row = |other: &&Node| other.row == Some(row) && other.kind == NodeKind::Junction;
        let xs = city.nodes.values().filter(on_row).map(|other| other.at.x_m);
        let head_m = match ROWS[row].wave {
            Wave::East => node.at.x_m - xs.fold(f64::MAX, f64::min),
            Wave::West => xs.fold(f64::MIN, f64::max) - node.at.x_m,
        };
        return seconds(head_m / speed);
    }
    // Between rows: behind the cross street's green of the junction to the north.
    let north = city
        .entering(&node.id)
        .into_iter()
        .find(|road| road.enters == 'N');
    let Some(north) = north else { return 0 };
    let Some(Plan { timing, .. }) = sites[&north.from].plans.first() else {
        return 0;
    };
    match timing {
        Timing::Coordinated {
            offset_s, split_s, ..
        } => {
            let before: u32 = split_s.iter().take(split_s.len().max(2) - 1).sum();
            offset_s + before + seconds(north.length_m / 11.1)
        }
        Timing::Actuated { .. } => 0,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a city's travel times are small and not negative"
)]
fn seconds(time_s: f64) -> u32 {
    time_s.round() as u32
}
