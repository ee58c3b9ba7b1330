//! From the tables to nodes, directed roads and arms.

use std::collections::BTreeMap;

use greenwave::network::{LatLon, LocalGrid, PlanarPoint};

use crate::tables::{
    ARROWS, BRIDGE_LANES, COLUMN_CROSSINGS, COLUMNS, GATES, Lefts, NORTH_TO_SOUTH, ROWS,
};

/// The origin of the city's metre grid.
pub(crate) const ORIGIN: LatLon = LatLon {
    lat_deg: 32.69,
    lon_deg: 109.02,
};

/// The arms of a node, clockwise from north.
pub(crate) const ARMS: [char; 4] = ['N', 'E', 'S', 'W'];

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum NodeKind {
    Junction,
    Crossing,
    /// Where traffic enters and leaves the city; no signal.
    Gate,
}

#[derive(Clone)]
pub(crate) struct Node {
    pub id: String,
    pub kind: NodeKind,
    pub zh: String,
    pub en: String,
    pub at: PlanarPoint,
    /// The row of a junction, or of a crossing in a row.
    pub row: Option<usize>,
    pub column: Option<usize>,
    pub refuge: bool,
}

/// A directed road.
#[derive(Clone)]
pub(crate) struct Road {
    pub id: String,
    pub from: String,
    pub to: String,
    pub zh: &'static str,
    pub en: &'static str,
    /// The arm of `to` that the road enters by, and of `from` that it leaves by.
    pub enters: char,
    pub leaves: char,
    pub lanes: usize,
    pub speed_kmh: u32,
    pub bridge: bool,
    pub length_m: f64,
}

pub(crate) struct City {
    pub grid: LocalGrid,
    pub nodes: BTreeMap<String, Node>,
    pub roads: BTreeMap<String, Road>,
}

/// How a stretch of street is built.
#[derive(Clone, Copy)]
struct Build {
    names: (&'static str, &'static str),
    lanes: usize,
    pocket: bool,
    speed_kmh: u32,
    bridge: bool,
}

impl City {
    pub(crate) fn build() -> Self {
        let mut city = Self {
            grid: LocalGrid::new(ORIGIN),
            nodes: BTreeMap::new(),
            roads: BTreeMap::new(),
        };
        city.add_junctions();
        city.add_rows();
        city.add_columns();
        city.add_gates();
        city.drop_useless_pockets();
        city
    }

    /// The roads that enter `node`, clockwise from north.
    pub(crate) fn entering(&self, node: &str) -> Vec<&Road> {
        let mut found: Vec<_> = self.roads.values().filter(|road| road.to == node).collect();
        found.sort_by_key(|road| ARMS.iter().position(|arm| *arm == road.enters));
        found
    }

    /// The road that leaves `node` by `arm`.
    pub(crate) fn leaving(&self, node: &str, arm: char) -> Option<&Road> {
        self.roads
            .values()
            .find(|road| road.from == node && road.leaves == arm)
    }

    /// A pocket where nobody can turn left is not built.
    fn drop_useless_pockets(&mut self) {
        let useless: Vec<_> = self
            .roads
            .values()
            .filter(|road| {
                let row = self.nodes[&road.to].row.filter(|row| ROWS[*row].pocket);
                row.is_some_and(|row| road.lanes > ROWS[row].lanes)
                    && matches!(road.enters, 'W' | 'E')
                    && self.nodes[&road.to].kind == NodeKind::Junction
                    && self.leaving(&road.to, left_of(road.enters)).is_none()
            })
            .map(|road| road.id.clone())
            .collect();
        for id in useless {
            if let Some(road) = self.roads.get_mut(&id) {
                road.lanes -= 1;
            }
        }
    }

    fn add_junctions(&mut self) {
        for (index, row) in ROWS.iter().enumerate() {
            for column in row.columns.0..=row.columns.1 {
                let street = &COLUMNS[column - 1];
                let id = junction_id(index, column);
                self.nodes.insert(
                    id.clone(),
                    Node {
                        id,
                        kind: NodeKind::Junction,
                        zh: format!("{} / {}", row.zh, street.zh),
                        en: format!("{} / {}", row.en, street.en),
                        at: PlanarPoint {
                            x_m: street.x_m,
                            y_m: row.y_m + street.bend_m,
                        },
                        row: Some(index),
                        column: Some(column),
                        refuge: false,
                    },
                );
            }
        }
    }

    fn add_rows(&mut self) {
        for (index, row) in ROWS.iter().enumerate() {
            let build = Build {
                names: (row.zh, row.en),
                lanes: row.lanes,
                pocket: row.pocket,
                speed_kmh: row.speed_kmh,
                bridge: false,
            };
            for column in row.columns.0..row.columns.1 {
                let number = row.first_crossing + column - row.columns.0;
                let (west, east) = (junction_id(index, column), junction_id(index, column + 1));
                let streets = (&COLUMNS[column - 1], &COLUMNS[column]);
                let crossing = Node {
                    id: format!("P{number:02}"),
                    kind: NodeKind::Crossing,
                    zh: format!("{}人行过街（{}—{}）", row.zh, streets.0.zh, streets.1.zh),
                    en: format!("{} crossing, {} to {}", row.en, streets.0.en, streets.1.en),
                    at: self.nodes[&west].at.towards(self.nodes[&east].at, 0.5),
                    row: Some(index),
                    column: None,
                    refuge: row.refuge,
                };
                self.join_by_crossing((&west, &east), 'E', build, crossing);
            }
        }
    }

    fn add_columns(&mut self) {
        for (at, street) in COLUMNS.iter().enumerate() {
            let column = at + 1;
            for pair in NORTH_TO_SOUTH.windows(2) {
                let (north, south) = (pair[0], pair[1]);
                let over_river = ROWS[north].y_m > 0.0 && ROWS[south].y_m < 0.0;
                let joined = [north, south].iter().all(|row| has(*row, column));
                if !joined || (over_river && street.bridge.is_none()) {
                    continue;
                }
                let bridge = street.bridge.filter(|_| over_river);
                let build = Build {
                    names: bridge.unwrap_or((street.zh, street.en)),
                    lanes: if over_river {
                        BRIDGE_LANES
                    } else {
                        street.lanes
                    },
                    pocket: false,
                    speed_kmh: if over_river { 50 } else { 40 },
                    bridge: over_river,
                };
                let ends = (junction_id(north, column), junction_id(south, column));
                match column_crossing(column, north, south) {
                    Some(number) => {
                        let crossing = self.column_crossing(number, column, &ends);
                        self.join_by_crossing((&ends.0, &ends.1), 'S', build, crossing);
                    }
                    None => self.join(&ends.0, &ends.1, 'S', build),
                }
            }
        }
    }

    fn column_crossing(&self, number: usize, column: usize, ends: &(String, String)) -> Node {
        let street = &COLUMNS[column - 1];
        let rows = [&ends.0, &ends.1].map(|id| &ROWS[self.nodes[id].row.unwrap_or_default()]);
        Node {
            id: format!("P{number:02}"),
            kind: NodeKind::Crossing,
            zh: format!("{}人行过街（{}—{}）", street.zh, rows[0].zh, rows[1].zh),
            en: format!("{} crossing, {} to {}", street.en, rows[0].en, rows[1].en),
            at: self.nodes[&ends.0].at.towards(self.nodes[&ends.1].at, 0.5),
            row: None,
            column: Some(column),
            refuge: false,
        }
    }

    fn add_gates(&mut self) {
        for (id, number, arm, length_m) in GATES {
            let junction = self.nodes[&format!("J{number:02}")].clone();
            let (dx, dy) = direction(arm);
            let at = PlanarPoint {
                x_m: junction.at.x_m + dx * length_m,
                y_m: junction.at.y_m + dy * length_m,
            };
            let (row, street) = (
                &ROWS[junction.row.unwrap_or_default()],
                &COLUMNS[junction.column.unwrap_or(1) - 1],
            );
            let along_row = arm == 'W' || arm == 'E';
            let build = Build {
                names: if along_row {
                    (row.zh, row.en)
                } else {
                    (street.zh, street.en)
                },
                lanes: if along_row { row.lanes } else { street.lanes },
                pocket: along_row && row.pocket,
                speed_kmh: if along_row { row.speed_kmh } else { 40 },
                bridge: false,
            };
            self.nodes.insert(
                id.to_owned(),
                Node {
                    id: id.to_owned(),
                    kind: NodeKind::Gate,
                    zh: format!("{}（城外）", build.names.0),
                    en: format!("{} (out of town)", build.names.1),
                    at,
                    row: None,
                    column: None,
                    refuge: false,
                },
            );
            self.join(&junction.id, id, arm, build);
        }
    }

    fn join_by_crossing(&mut self, (a, b): (&str, &str), leaves: char, build: Build, mid: Node) {
        let id = mid.id.clone();
        self.nodes.insert(id.clone(), mid);
        self.join(a, &id, leaves, build);
        self.join(&id, b, leaves, build);
    }

    /// Builds both directions between two nodes; `leaves` is the arm of `a` that leads to `b`.
    fn join(&mut self, a: &str, b: &str, leaves: char, build: Build) {
        let opposite = opposite(leaves);
        self.one_way(a, b, (leaves, opposite), build);
        self.one_way(b, a, (opposite, leaves), build);
    }

    fn one_way(&mut self, from: &str, to: &str, arms: (char, char), build: Build) {
        let pocket = build.pocket && self.nodes[to].kind == NodeKind::Junction;
        let length_m = self.nodes[from].at.distance_m(self.nodes[to].at);
        let id = format!("R-{from}-{to}");
        self.roads.insert(
            id.clone(),
            Road {
                id,
                from: from.to_owned(),
                to: to.to_owned(),
                zh: build.names.0,
                en: build.names.1,
                leaves: arms.0,
                enters: arms.1,
                lanes: build.lanes + usize::from(pocket),
                speed_kmh: build.speed_kmh,
                bridge: build.bridge,
                length_m: (length_m * 10.0).round() / 10.0,
            },
        );
    }
}

/// Which left turns of a junction have arrows.
pub(crate) fn lefts(node: &Node) -> Lefts {
    ARROWS
        .iter()
        .find(|(number, _)| node.id == format!("J{number:02}"))
        .map_or(Lefts::Permissive, |(_, lefts)| *lefts)
}

/// The arm across.
pub(crate) fn opposite(arm: char) -> char {
    turned(arm, 2)
}

/// The arm that a vehicle entering by `arm` leaves by when it turns left.
pub(crate) fn left_of(arm: char) -> char {
    turned(arm, 1)
}

/// The arm that a vehicle entering by `arm` leaves by when it turns right.
pub(crate) fn right_of(arm: char) -> char {
    turned(arm, 3)
}

fn turned(arm: char, quarters: usize) -> char {
    let at = ARMS
        .iter()
        .position(|other| *other == arm)
        .unwrap_or_default();
    ARMS[(at + quarters) % 4]
}

fn direction(arm: char) -> (f64, f64) {
    match arm {
        'N' => (0.0, 1.0),
        'E' => (1.0, 0.0),
        'S' => (0.0, -1.0),
        _ => (-1.0, 0.0),
    }
}

fn has(row: usize, column: usize) -> bool {
    (ROWS[row].columns.0..=ROWS[row].columns.1).contains(&column)
}

fn junction_id(row: usize, column: usize) -> String {
    format!(
        "J{:02}",
        ROWS[row].first_junction + column - ROWS[row].columns.0
    )
}

fn column_crossing(column: usize, north: usize, south: usize) -> Option<usize> {
    COLUMN_CROSSINGS
        .iter()
        .find(|at| (at.1, at.2, at.3) == (column, north, south))
        .map(|at| at.0)
}
