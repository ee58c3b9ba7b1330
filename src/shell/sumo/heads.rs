//! Signal groups: links that are shown the same by the same street.

use std::collections::BTreeMap;

use super::course::Course;
use super::net::{Connection, EdgeFunction, SumoNet};
use crate::signal::GROUPS_MAX;

/// A link and the group it obeys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'n> {
    /// Place in the signal's states.
    pub(super) index: usize,
    pub(super) link: &'n Connection,
    /// Number of its group.
    pub(super) group: usize,
}

/// A signal group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) walks: bool,
    /// By stage: green in it.
    pub(super) column: Vec<bool>,
}

/// Every link that is ever shown green, and the groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Heads<'n> {
    pub(super) list: Vec<Head<'n>>,
    pub(super) groups: Vec<Group>,
    /// Links that are never shown green.
    pub(super) dark: Vec<&'n Connection>,
    /// True if groups of several streets were put together.
    pub(super) merged: bool,
}

/// What makes two links one group.
type Key = (bool, Vec<bool>, String);

impl<'n> Heads<'n> {
    /// Puts links into groups; `None` if there are more groups than a cabinet has.
    pub(super) fn of(net: &SumoNet, links: &[&'n Connection], course: &Course) -> Option<Self> {
        let fits = |heads: &Self| heads.groups.len() <= GROUPS_MAX;
        let apart = Self::grouped(net, links, course, false);
        if fits(&apart) {
            return Some(apart);
        }
        Some(Self::grouped(net, links, course, true)).filter(fits)
    }

    fn grouped(net: &SumoNet, links: &[&'n Connection], course: &Course, merged: bool) -> Self {
        let mut made = Self {
            merged,
            ..Self::default()
        };
        let mut keys: BTreeMap<Key, usize> = BTreeMap::new();
        let mut by_index: BTreeMap<usize, usize> = BTreeMap::new();
        for &link in links {
            let Some(index) = link.link_index else {
                continue;
            };
            let column = course.column(index);
            if !column.contains(&true) {
                made.dark.push(link);
                continue;
            }
            let crossing = crossing_of(net, link);
            let street = crossing.unwrap_or(&link.from).to_owned();
            let street = if merged { String::new() } else { street };
            let key = (crossing.is_some(), column, street);
            // Links that share a place in the states share the lamp.
            let known = by_index.get(&index).or_else(|| keys.get(&key)).copied();
            let group = known.unwrap_or_else(|| made.open(&key));
            keys.entry(key).or_insert(group);
            by_index.insert(index, group);
            made.list.push(Head { index, link, group });
        }
        made
    }

    fn open(&mut self, (walks, column, _): &Key) -> usize {
        let letter = if *walks { 'P' } else { 'G' };
        let alike = self.groups.iter().filter(|group| group.walks == *walks);
        self.groups.push(Group {
            name: format!("{letter}{}", alike.count() + 1),
            walks: *walks,
            column: column.clone(),
        });
        self.groups.len() - 1
    }

    pub(super) fn group(&self, at: usize) -> Option<&Group> {
        self.groups.get(at)
    }

    pub(super) fn name(&self, group: usize) -> &str {
        self.groups.get(group).map_or("?", |group| &group.name)
    }

    /// The links of a group.
    pub(super) fn links_of(&self, group: usize) -> impl Iterator<Item = &Head<'n>> {
        self.list.iter().filter(move |head| head.group == group)
    }

    /// The groups green in a stage.
    pub(super) fn of_stage(&self, stage: usize) -> Vec<usize> {
        let shown = |group: &Group| group.column.get(stage) == Some(&true);
        let groups = self.groups.iter().enumerate();
        groups.filter(|(_, g)| shown(g)).map(|(at, _)| at).collect()
    }
}

/// The crossing a link is for, if it is for walkers; either end of it may be written.
pub(super) fn crossing_of<'n>(net: &SumoNet, link: &'n Connection) -> Option<&'n str> {
    let crosses = |edge: &str| {
        let edge = net.edges.get(edge);
        edge.is_some_and(|edge| edge.function == EdgeFunction::Crossing)
    };
    [&link.to, &link.from]
        .into_iter()
        .find(|edge| crosses(edge))
        .map(String::as_str)
}
