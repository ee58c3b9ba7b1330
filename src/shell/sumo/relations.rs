//! How the groups of a signal stand to each other.

use std::collections::BTreeSet;

use super::course::Course;
use super::heads::{Head, Heads};
use super::net::SumoNet;

/// Hostile pairs and who yields to whom; every other pair is compatible.
#[derive(Clone, Debug, Default)]
pub(super) struct Relations {
    /// Both orders of every hostile pair.
    pub(super) hostile: BTreeSet<(usize, usize)>,
    /// The first yields to the second while both are green.
    pub(super) yields: BTreeSet<(usize, usize)>,
    /// Links that meet, are both shown full green, and where neither yields.
    pub(super) clashes: Vec<(usize, usize)>,
    /// Such links that only join the same street side by side.
    pub(super) joins: Vec<(usize, usize)>,
}

impl Relations {
    pub(super) fn of(net: &SumoNet, course: &Course, heads: &Heads<'_>) -> Self {
        let mut made = Self::default();
        for (at, a) in heads.list.iter().enumerate() {
            for b in heads.list.iter().skip(at + 1) {
                if a.group != b.group && net.are_foes(a.link, b.link) {
                    made.meet(net, course, heads, (a, b));
                }
            }
        }
        made
    }

    fn meet(
        &mut self,
        net: &SumoNet,
        course: &Course,
        heads: &Heads<'_>,
        (a, b): (&Head<'_>, &Head<'_>),
    ) {
        let column = |head: &Head<'_>| heads.group(head.group).map(|group| &group.column);
        let (Some(one), Some(other)) = (column(a), column(b)) else {
            return;
        };
        let together: Vec<usize> = (0..course.stages.len())
            .filter(|at| one.get(*at) == Some(&true) && other.get(*at) == Some(&true))
            .collect();
        if together.is_empty() {
            self.hostile.insert((a.group, b.group));
            self.hostile.insert((b.group, a.group));
            return;
        }
        let minor = |head: &Head<'_>| {
            let stages = together.iter().filter_map(|at| course.stages.get(*at));
            stages
                .clone()
                .any(|stage| stage.minor.contains(&head.index))
        };
        let (a_minor, b_minor) = (minor(a), minor(b));
        let a_yields = net.must_yield(a.link, b.link) || (a_minor && !b_minor);
        let b_yields = net.must_yield(b.link, a.link) || (b_minor && !a_minor);
        if a_yields || !b_yields {
            self.yields.insert((a.group, b.group));
        }
        if b_yields || !a_yields {
            self.yields.insert((b.group, a.group));
        }
        if !a_yields && !b_yields && !a_minor {
            let sides = a.link.to == b.link.to || a.link.from == b.link.from;
            let list = if sides {
                &mut self.joins
            } else {
                &mut self.clashes
            };
            list.push((a.index, b.index));
        }
    }

    pub(super) fn are_hostile(&self, a: usize, b: usize) -> bool {
        self.hostile.contains(&(a, b))
    }
}
