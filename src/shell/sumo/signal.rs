//! From the links and the programme of a signal to a site, or to the reason why not.

use std::collections::BTreeSet;

use super::course::{Course, Tenths};
use super::heads::{Heads, crossing_of};
use super::import::{ImportFinding, ImportProfile, Notes};
use super::net::{Connection, EdgeFunction, Programme, SumoNet};
use super::relations::Relations;
use super::site::{Approach, Site, approaches, detectors};
use super::timing::Timing;

/// Most stages of a site.
const STAGES_MAX: usize = 32;
/// The longest green of a stage on demand, unless the programme says another.
pub(super) const GREEN_USUAL: Tenths = 500;

/// Why a signal is not imported.
pub(super) enum LeftOut {
    /// It keeps running its own programme.
    Because(String),
    /// The whole import is refused.
    Refused(Vec<ImportFinding>),
}

/// Reads one signal of the network.
pub(super) fn understand<'n>(
    net: &'n SumoNet,
    tls: &'n str,
    profile: ImportProfile,
    notes: &mut Notes,
) -> Result<Site<'n>, LeftOut> {
    let because = |why: &str| LeftOut::Because(why.to_owned());
    let links = net.links_of(tls);
    let programme = net
        .programme(tls)
        .ok_or_else(|| because("no file gives it a programme"))?;
    check_kind(net, programme, &links)?;
    tell_programme(tls, programme, &links, notes);
    let places = |walks: bool| -> BTreeSet<usize> {
        let own = links
            .iter()
            .filter(|l| crossing_of(net, l).is_some() || !walks);
        own.filter_map(|link| link.link_index).collect()
    };
    let course = Course::of(programme, &places(false), &places(true))
        .ok_or_else(|| because("its programme never shows green"))?;
    if course.stages.len() > STAGES_MAX {
        let count = course.stages.len();
        let why = format!("its programme has {count} stages, and a site at most {STAGES_MAX}");
        return Err(LeftOut::Because(why));
    }
    let heads = Heads::of(net, &links, &course)
        .ok_or_else(|| because("it needs more than 32 signal groups, even with streets merged"))?;
    let relations = Relations::of(net, &course, &heads);
    refuse_clashes(net, tls, &heads, &relations)?;
    let approaches = approaches(net, &heads, &relations);
    if approaches.is_empty() {
        return Err(because("no street leads to it"));
    }
    tell_links(tls, &heads, &relations, notes);
    let (detectors, without) = detectors(&heads, &approaches);
    tell_detectors(tls, without, notes);
    let timing = Timing {
        profile,
        net,
        programme,
        heads: &heads,
        relations: &relations,
    };
    let splits = timing.fitted(&course);
    tell_splits(tls, &course, &splits, notes);
    Ok(Site {
        id: "T".to_owned(),
        tls: tls.to_owned(),
        name: name_of(tls, &approaches),
        profile,
        net,
        programme,
        nodes: nodes_of(net, &heads),
        splits,
        course,
        heads,
        relations,
        approaches,
        detectors,
        green_cap: 3000,
    })
}

fn check_kind(net: &SumoNet, programme: &Programme, links: &[&Connection]) -> Result<(), LeftOut> {
    if programme.id == "off" || programme.kind == "off" {
        return Err(LeftOut::Because("its programme switches it off".to_owned()));
    }
    if programme.kind.starts_with("rail") {
        return Err(LeftOut::Because("it is a railway signal".to_owned()));
    }
    // The way off a crossing is no link of the node; the way onto it is.
    let numbered = |link: &&&Connection| {
        let from = net.edges.get(&link.from);
        from.is_none_or(|edge| edge.function != EdgeFunction::Crossing)
    };
    let unclear = links
        .iter()
        .filter(numbered)
        .find(|link| !net.knows_right_of_way(link));
    if let Some(link) = unclear {
        let why = format!(
            "the node's right of way cannot be matched to the way from {} to {}",
            link.from, link.to
        );
        return Err(LeftOut::Because(why));
    }
    Ok(())
}

fn tell_programme(tls: &str, programme: &Programme, links: &[&Connection], notes: &mut Notes) {
    if programme.kind != "static" {
        let what = format!(
            "its programme is of type {}; its steps are taken as a ring in file order",
            programme.kind
        );
        notes.add(tls, what);
    }
    let steps = programme.steps.iter();
    if steps.clone().any(|step| !step.next.is_empty()) {
        let what = "its programme names steps that follow; the order of the file is taken";
        notes.add(tls, what.to_owned());
    }
    let shortest = steps.map(|step| step.state.chars().count()).min();
    let beyond = links
        .iter()
        .filter(|link| link.link_index >= shortest)
        .count();
    if beyond > 0 {
        let what = format!("{beyond} links have no letter in every step of the programme");
        notes.add(tls, what);
    }
}

/// A programme that shows full green to two streams that meet, with nobody yielding, is none.
fn refuse_clashes(
    net: &SumoNet,
    tls: &str,
    heads: &Heads<'_>,
    relations: &Relations,
) -> Result<(), LeftOut> {
    let way = |index: usize| {
        let head = heads.list.iter().find(|head| head.index == index);
        head.map_or_else(String::new, |head| {
            let node = net.node_of(head.link).map_or("?", |(node, _)| node);
            format!("{} to {} at {node}", head.link.from, head.link.to)
        })
    };
    let found: Vec<ImportFinding> = relations
        .clashes
        .iter()
        .map(|(a, b)| ImportFinding {
            place: tls.to_owned(),
            what: format!(
                "its programme shows full green to links {a} ({}) and {b} ({}) at once; they \
                 meet and neither yields",
                way(*a),
                way(*b)
            ),
            mend: "show one of them `g`, or give them green one after the other".to_owned(),
        })
        .collect();
    if found.is_empty() {
        Ok(())
    } else {
        Err(LeftOut::Refused(found))
    }
}

fn tell_links(tls: &str, heads: &Heads<'_>, relations: &Relations, notes: &mut Notes) {
    for link in &heads.dark {
        let what = format!(
            "link {} from {} to {} is never shown green; it is left red",
            link.link_index.unwrap_or_default(),
            link.from,
            link.to
        );
        notes.add(tls, what);
    }
    if heads.merged {
        let what = "more than 32 groups; streets that are green together share a group";
        notes.add(tls, what.to_owned());
    }
    if !relations.joins.is_empty() {
        let pairs: Vec<String> = relations
            .joins
            .iter()
            .map(|(a, b)| format!("{a} and {b}"))
            .collect();
        let what = format!(
            "links that join one street are shown full green together, each yields to the other: \
             {}",
            pairs.join(", ")
        );
        notes.add(tls, what);
    }
}

fn tell_detectors(tls: &str, without: [usize; 3], notes: &mut Notes) {
    let kinds = ["stop-line detectors", "advance detectors", "push buttons"];
    for (count, kind) in without.into_iter().zip(kinds) {
        if count > 0 {
            notes.add(
                tls,
                format!("{count} {kind} left out: the cabinet has no channel"),
            );
        }
    }
}

fn tell_splits(tls: &str, course: &Course, splits: &[Tenths], notes: &mut Notes) {
    use super::course::secs;
    let turns = course.turns.iter();
    let now: Tenths = turns
        .clone()
        .filter_map(|turn| splits.get(turn.stage))
        .sum();
    let shipped: Tenths = turns.clone().map(|turn| turn.split).sum();
    let changed = turns.filter(|turn| splits.get(turn.stage) != Some(&turn.split));
    let changed: Vec<String> = changed
        .map(|turn| {
            let split = splits.get(turn.stage).copied().unwrap_or_default();
            format!(
                "S{} {} to {} s",
                turn.stage + 1,
                secs(turn.split),
                secs(split)
            )
        })
        .collect();
    if !changed.is_empty() {
        let cycle = if now == shipped {
            "the cycle stays".to_owned()
        } else {
            format!("the cycle goes from {} to {} s", secs(shipped), secs(now))
        };
        let what = format!(
            "splits of the programme were fitted to shortest greens and clearances: {}; {cycle}",
            changed.join(", ")
        );
        notes.add(tls, what);
    }
    if course.stages.len() == 1 {
        notes.add(
            tls,
            "its programme has one stage: there is nothing to decide".to_owned(),
        );
    }
}

fn name_of(tls: &str, approaches: &[Approach<'_>]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for approach in approaches {
        let name = approach.edge.name.trim();
        if !name.is_empty() && !names.contains(&name) && names.len() < 2 {
            names.push(name);
        }
    }
    if names.is_empty() {
        tls.to_owned()
    } else {
        format!("{} ({tls})", names.join(" / "))
    }
}

/// The nodes of its links, the one with most links first.
fn nodes_of<'n>(net: &'n SumoNet, heads: &Heads<'n>) -> Vec<&'n str> {
    let mut counted: Vec<(usize, &'n str)> = Vec::new();
    for head in &heads.list {
        let to = net.edges.get(&head.link.from).map(|edge| edge.to.as_str());
        let node = to.filter(|node| !node.is_empty());
        let Some(node) = node.or_else(|| net.node_of(head.link).map(|(node, _)| node)) else {
            continue;
        };
        match counted.iter_mut().find(|(_, known)| *known == node) {
            Some((count, _)) => *count += 1,
            None => counted.push((1, node)),
        }
    }
    counted.sort_by_key(|(count, node)| (core::cmp::Reverse(*count), *node));
    counted.into_iter().map(|(_, node)| node).collect()
}
