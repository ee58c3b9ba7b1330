//! Whole small worlds: every conflict matrix, every sequence of requests, every reachable state.
//!
//! States are taken modulo a shift of time, and an elapsed time beyond every timer of the table
//! counts as that bound, so each world is finite and is walked to its end: there is no horizon
//! behind which something could hide.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a test may stop at an overflow"
)]

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::checker::Checker;
use super::notes::Silence;
use super::testing::*;
use super::*;
use crate::signal::GroupTiming;
use crate::units::TICK;

/// The moment of the next step in every normalised state.
const BASE: Mono = Mono::from_ms(1_000_000);

#[derive(Clone)]
struct Node {
    street: Street,
    checker: Checker,
}

struct World {
    table: Arc<SafetyTable>,
    /// No timer of the table is longer.
    cap: Millis,
    nodes: Vec<Node>,
    known: BTreeMap<Vec<u32>, usize>,
    /// One row per node, one entry per valid request: the node that follows.
    next: Vec<Vec<usize>>,
    requests: Vec<GroupSet>,
}

impl World {
    /// Walks everything that can be reached from all red.
    fn explore(table: Arc<SafetyTable>, cap: Millis) -> Self {
        let subsets = (0..1_u32 << table.group_count()).map(GroupSet::from_bits);
        let requests = subsets
            .filter(|set| table.conflicts().hostile_pair_in(*set).is_none())
            .collect();
        let start = Node {
            street: Street::at_rest(table.all_groups(), BASE.back(cap)),
            checker: Checker::new(Arc::clone(&table)),
        };
        let mut world = Self {
            table,
            cap,
            nodes: Vec::new(),
            known: BTreeMap::new(),
            next: Vec::new(),
            requests,
        };
        world.enter(start);
        let mut at = 0;
        while at < world.nodes.len() {
            let mut row = Vec::new();
            for request in world.requests.clone() {
                let node = world.follow(world.nodes[at].clone(), request);
                row.push(world.enter(node));
            }
            world.next.push(row);
            at += 1;
        }
        world
    }

    /// One step at [`BASE`], judged, and then everything one tick older.
    fn follow(&self, mut node: Node, request: GroupSet) -> Node {
        node.street.target = request;
        node.street.step(&self.table, BASE, &mut Silence);
        let groups = self.table.all_groups().iter();
        let lamps: Vec<_> = groups.map(|g| node.street.lamp(&self.table, g)).collect();
        node.checker.see(BASE, &lamps);
        node.checker.shift(TICK);
        for state in &mut node.street.groups {
            let age = |since: Mono| BASE.back((BASE.since(since) + TICK).min(self.cap));
            state.since = age(state.since);
            state.step_since = age(state.step_since);
            state.waiting = BASE;
        }
        node
    }

    fn enter(&mut self, node: Node) -> usize {
        let mut key = Vec::new();
        for group in self.table.all_groups() {
            let state = node.street.state(group);
            let interval = match node.street.interval(group) {
                Interval::Stop(_) => 0,
                Interval::Prepare(_) => 1,
                Interval::Go(_) => 2,
                Interval::Clear(_) => 3,
            };
            let ages = (BASE.since(state.since), BASE.since(state.step_since));
            key.extend([
                interval,
                u32::from(state.step),
                ages.0.as_ms(),
                ages.1.as_ms(),
            ]);
        }
        let fresh = self.nodes.len();
        let at = *self.known.entry(key).or_insert(fresh);
        if at == fresh {
            self.nodes.push(node);
        }
        at
    }

    /// From every node the nodes it follows.
    fn before(&self) -> Vec<Vec<usize>> {
        let mut before = vec![Vec::new(); self.nodes.len()];
        for (from, row) in self.next.iter().enumerate() {
            for to in row {
                before[*to].push(from);
            }
        }
        for row in &mut before {
            row.dedup();
        }
        before
    }

    /// The fewest ticks from every node to a node in which `set` has just got right of way.
    fn optimum(&self, before: &[Vec<usize>], set: GroupSet) -> Vec<Option<u32>> {
        let mut best = vec![None; self.nodes.len()];
        let mut wave: Vec<usize> = (0..self.nodes.len())
            .filter(|at| set.is_subset(self.nodes[*at].street.go))
            .collect();
        let mut ticks = 0;
        while !wave.is_empty() {
            let mut reached = Vec::new();
            for to in wave {
                for from in &before[to] {
                    if best[*from].is_none() {
                        best[*from] = Some(ticks);
                        reached.push(*from);
                    }
                }
            }
            wave = reached;
            ticks += 1;
        }
        best
    }

    /// The time the kernel tells is the fewest ticks that any sequence of requests needs.
    fn judge_entry_times(&self) {
        let before = self.before();
        for set in &self.requests {
            for (node, best) in self.nodes.iter().zip(self.optimum(&before, *set)) {
                let told = entry::entry_time(&node.street, &self.table, BASE, *set);
                let told = told.ok().map(|time| time.as_ms() / TICK.as_ms());
                assert_eq!(told, best, "{set:?} in {:?}", node.street);
            }
        }
    }
}

/// Every way to choose hostile pairs among `count` groups.
fn matrices(count: u8) -> Vec<Vec<(u8, u8)>> {
    let pairs: Vec<_> = (0..count)
        .flat_map(|b| (0..b).map(move |a| (a, b)))
        .collect();
    (0..1_u32 << pairs.len())
        .map(|bits| {
            let chosen = pairs
                .iter()
                .enumerate()
                .filter(|(n, _)| bits & (1 << n) != 0);
            chosen.map(|(_, pair)| *pair).collect()
        })
        .collect()
}

fn world(groups: &[GroupTiming], pairs: &[(u8, u8)], extra: (u32, u32), cap: u32) -> World {
    let hostile: Vec<_> = pairs
        .iter()
        .map(|(a, b)| {
            let (x, y) = (&groups[usize::from(*a)], &groups[usize::from(*b)]);
            let forward = (x.lose.total() + y.gain.total()).as_ms() + extra.0 * 100;
            let back = (y.lose.total() + x.gain.total()).as_ms() + extra.1 * 100;
            (*a, *b, forward, back)
        })
        .collect();
    World::explore(table(groups, &hostile), ms(cap * 100))
}

#[test]
fn every_matrix_of_three_groups() {
    let groups = [quick(0, 1, 2, 1), quick(1, 1, 1, 2), quick(0, 2, 1, 1)];
    let mut nodes = 0;
    for pairs in matrices(3) {
        for extra in [(0, 0), (1, 0), (0, 2)] {
            let world = world(&groups, &pairs, extra, 4);
            world.judge_entry_times();
            nodes += world.nodes.len();
        }
    }
    assert!(nodes > 1000, "only {nodes} states");
}

#[test]
fn every_matrix_of_four_groups() {
    let groups = [quick(0, 1, 1, 1); 4];
    let mut nodes = 0;
    for pairs in matrices(4) {
        for extra in [(0, 0), (1, 0)] {
            let world = world(&groups, &pairs, extra, 2);
            world.judge_entry_times();
            nodes += world.nodes.len();
        }
    }
    assert!(nodes > 10_000, "only {nodes} states");
}

#[test]
fn every_matrix_of_four_unlike_groups() {
    let groups = [
        quick(0, 1, 2, 1),
        quick(1, 1, 1, 1),
        quick(0, 1, 1, 1),
        quick(0, 1, 1, 1),
    ];
    let mut nodes = 0;
    for pairs in matrices(4) {
        let world = world(&groups, &pairs, (1, 0), 3);
        world.judge_entry_times();
        nodes += world.nodes.len();
    }
    assert!(nodes > 10_000, "only {nodes} states");
}
