//! The way of an emergency vehicle in SUMO's own metres, and the stop lines on it.

use super::fleet::PACE;
use super::trips::Errand;
use crate::sumo::error::SumoError;
use crate::sumo::roads::{LaneNo, Roads};

/// The braking a driver starts at a red signal, m/s².
const BRAKE: f64 = 3.0;

/// A stop line on the way.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The edge that leads to it.
    pub road: String,
    /// Its place among the edges of the way.
    pub edge: usize,
    /// Where it is along the way, metres.
    pub stop_m: f64,
    /// Where a driver who sees red begins to brake, metres.
    pub brake_m: f64,
    /// The signal, and the letters that let the vehicle go.
    pub signal: usize,
    /// Places of those letters in the signal's state.
    pub letters: Vec<usize>,
    /// Lanes that lead on.
    pub lanes: Vec<LaneNo>,
}

/// The way.
#[derive(Clone, Debug)]
pub struct Way {
    /// Numbers of its edges.
    pub edges: Vec<u32>,
    /// Where each of them begins and ends, metres.
    pub spans: Vec<(f64, f64)>,
    /// Its stop lines in order.
    pub gates: Vec<Gate>,
}

impl Way {
    /// The way of an errand.
    ///
    /// # Errors
    /// An edge or a way between two edges is not in the network.
    pub fn of(roads: &Roads, errand: &Errand) -> Result<Self, SumoError> {
        let none = |edge: &String| SumoError::Network(format!("no way on at edge `{edge}`"));
        let number = |edge: &String| roads.edge(edge).ok_or_else(|| none(edge));
        let edges: Vec<u32> = errand.edges.iter().map(number).collect::<Result<_, _>>()?;
        let (mut spans, mut gates, mut at_m) = (Vec::new(), Vec::new(), 0.0);
        for (place, (edge, name)) in edges.iter().zip(&errand.edges).enumerate() {
            let lanes = || roads.lanes_of(*edge);
            let first = lanes().next().ok_or_else(|| none(name))?;
            let first = &roads.lanes[first as usize];
            let end_m = at_m + first.length_m;
            spans.push((at_m, end_m));
            at_m = end_m;
            let Some(next) = edges.get(place + 1) else {
                break;
            };
            let speed = lanes().map(|lane| roads.lanes[lane as usize].speed_mps);
            let speed_mps = speed.fold(0.0, f64::max) * PACE;
            let mut gate: Option<Gate> = None;
            let mut inner_m: Option<f64> = None;
            for lane in lanes() {
                for way in &roads.lanes[lane as usize].next {
                    let (after, length_m) = inside_of(roads, way.to);
                    if roads.lanes[after as usize].edge != *next {
                        continue;
                    }
                    inner_m.get_or_insert(length_m);
                    let Some((signal, link)) = way.link else {
                        continue;
                    };
                    let gate = gate.get_or_insert_with(|| Gate {
                        road: name.clone(),
                        edge: place,
                        stop_m: end_m,
                        brake_m: end_m - speed_mps * speed_mps / (2.0 * BRAKE),
                        signal,
                        letters: Vec::new(),
                        lanes: Vec::new(),
                    });
                    gate.letters.push(roads.signals[signal].links[link].index);
                    gate.lanes.push(lane);
                }
            }
            at_m += inner_m.ok_or_else(|| none(name))?;
            gates.extend(gate);
        }
        Ok(Self {
            edges,
            spans,
            gates,
        })
    }

    /// Its length, metres.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        self.spans.last().map_or(0.0, |span| span.1)
    }
}

/// The lane that the lanes within a node lead to, and how long they are.
fn inside_of(roads: &Roads, first: LaneNo) -> (LaneNo, f64) {
    let (mut lane, mut length_m) = (first, 0.0);
    for _ in 0..8 {
        let here = &roads.lanes[lane as usize];
        let (true, Some(on)) = (here.is_inside, here.next.first()) else {
            break;
        };
        length_m += here.length_m;
        lane = on.to;
    }
    (lane, length_m)
}
