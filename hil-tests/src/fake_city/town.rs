//! A made-up town: a bent grid of streets on two banks of a river.

use greenwave::corridor::ServiceClass;
use greenwave::shell::dispatch::world::{
    ApproachStatic, CityStatic, ClassStatic, GroupStatic, LatLon, MissionStatic, Names,
    PlaceStatic, RoadStatic, SiteStatic, VehicleStatic,
};
use greenwave::signal::GroupKind;

const ORIGIN: LatLon = LatLon {
    lat: 32.69,
    lon: 109.02,
};
const EAST_M: f64 = 430.0;
const NORTH_M: f64 = 380.0;
const RIVER_M: f64 = 620.0;

/// The four arms of a junction: name, step east, step north, bearing.
pub(super) const ARMS: [(&str, i32, i32, f64); 4] = [
    ("N", 0, 1, 0.0),
    ("E", 1, 0, 90.0),
    ("S", 0, -1, 180.0),
    ("W", -1, 0, 270.0),
];

const AVENUES: [(&str, &str); 4] = [
    ("南环路", "Nanhuan Rd"),
    ("滨江大道", "Binjiang Ave"),
    ("江北大道", "Jiangbei Ave"),
    ("北环路", "Beihuan Rd"),
];
const STREETS: [(&str, &str); 9] = [
    ("西城路", "Xicheng Rd"),
    ("文昌街", "Wenchang St"),
    ("汉江一桥路", "Bridge 1 Rd"),
    ("兴安路", "Xing'an Rd"),
    ("解放路", "Jiefang Rd"),
    ("汉江二桥路", "Bridge 2 Rd"),
    ("金州路", "Jinzhou Rd"),
    ("汉江三桥路", "Bridge 3 Rd"),
    ("东坝路", "Dongba Rd"),
];

/// The town and what the drive needs to know of it.
#[derive(Clone, Debug)]
pub struct Town {
    pub(super) city: CityStatic,
    pub(super) columns: i32,
    pub(super) rows: i32,
}

impl Town {
    /// 36 junctions and 40 crossings.
    #[must_use]
    pub fn large() -> Self {
        Self::new(9, 4, 40)
    }

    /// Six junctions and two crossings.
    #[must_use]
    pub fn small() -> Self {
        Self::new(3, 2, 2)
    }

    /// 300 junctions in a net of 30,000 roads, most of them side streets without a signal.
    #[must_use]
    pub fn big() -> Self {
        let mut town = Self::new(20, 15, 0);
        town.side_streets(30_000);
        town
    }

    /// Short streets between the avenues, until the town has `roads` roads.
    fn side_streets(&mut self, roads: usize) {
        const STEPS: i32 = 5;
        let step = 1.0 / f64::from(STEPS);
        let (columns, rows) = (self.columns * STEPS, self.rows * STEPS);
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        for (column, row) in cells {
            let at = |east: i32, north: i32| {
                let (column, row) = (column + east, row + north);
                point(
                    (f64::from(column) * step) * EAST_M,
                    (f64::from(row) * step) * NORTH_M,
                )
            };
            for (east, north) in [(1, 0), (0, 1)] {
                let ends = [at(0, 0), at(east, north)];
                for (way, line) in [("a", [ends[0], ends[1]]), ("b", [ends[1], ends[0]])] {
                    if self.city.roads.len() >= roads {
                        return;
                    }
                    self.city.roads.push(RoadStatic {
                        id: format!("S{column}-{row}-{east}{way}"),
                        names: Names::default(),
                        lanes: 1,
                        speed_kmh: 30,
                        bridge: false,
                        line: line.to_vec(),
                    });
                }
            }
        }
    }

    fn new(columns: i32, rows: i32, crossings: usize) -> Self {
        let mut town = Self {
            city: CityStatic {
                id: "made-up".to_owned(),
                names: Names::new("演示城", "Made-up town"),
                synthetic: true,
                timezone: "Asia/Shanghai".to_owned(),
                classes: vec![ClassStatic {
                    class: ServiceClass::Ambulance,
                    rank: 1,
                    preempts: true,
                }],
                ..CityStatic::default()
            },
            columns,
            rows,
        };
        for row in 0..rows {
            for column in 0..columns {
                let site = town.junction(column, row);
                town.city.sites.push(site);
            }
        }
        town.roads();
        town.crossings(crossings);
        town.river();
        town.people();
        town
    }

    /// True if the two neighbours are joined; over the river only where a bridge is.
    pub(super) fn joined(&self, column: i32, row: i32, east: i32, north: i32) -> bool {
        let (to_column, to_row) = (column + east, row + north);
        let inside = (0..self.columns).contains(&to_column) && (0..self.rows).contains(&to_row);
        let over_river = north != 0 && row.min(to_row) == 1;
        inside && (!over_river || [2, 5, 7].contains(&column) || self.columns < 4)
    }

    pub(super) fn at(column: i32, row: i32) -> LatLon {
        let (column, row) = (f64::from(column), f64::from(row));
        let bend = (column * 0.55).sin() * 130.0;
        let river = if row > 1.5 { RIVER_M - NORTH_M } else { 0.0 };
        let lean = (row * 1.3).sin() * 35.0;
        point(column * EAST_M + lean, row * NORTH_M + river + bend)
    }

    pub(super) fn index(&self, column: i32, row: i32) -> usize {
        usize::try_from(row * self.columns + column).unwrap_or_default()
    }

    fn junction(&self, column: i32, row: i32) -> SiteStatic {
        let number = self.index(column, row) + 1;
        let name = |of: fn(&(&'static str, &'static str)) -> &'static str| {
            let avenue = AVENUES.get(usize::try_from(row).unwrap_or_default());
            let street = STREETS.get(usize::try_from(column).unwrap_or_default());
            let both = [avenue.map(of), street.map(of)];
            both.into_iter().flatten().collect::<Vec<_>>().join(" / ")
        };
        let mut groups = Vec::new();
        let mut approaches = Vec::new();
        for (arm, east, north, bearing_deg) in ARMS {
            if !self.joined(column, row, east, north) {
                continue;
            }
            let first = u8::try_from(groups.len()).unwrap_or_default();
            for (suffix, kind) in [
                ("T", GroupKind::Vehicle),
                ("L", GroupKind::Arrow),
                ("P", GroupKind::Pedestrian),
            ] {
                groups.push(GroupStatic {
                    name: format!("{arm}{suffix}"),
                    kind,
                });
            }
            let lane = |group: u8, turn: &str| (group, vec![turn.to_owned()]);
            approaches.push(ApproachStatic {
                name: arm.to_owned(),
                road: format!("R{number}{arm}"),
                bearing_deg,
                groups: vec![first, first + 1],
                walks: vec![first + 2],
                lanes: vec![
                    lane(first, "right"),
                    lane(first, "through"),
                    lane(first + 1, "left"),
                ],
            });
        }
        SiteStatic {
            id: format!("J{number:02}"),
            names: Names::new(name(|pair| pair.0), name(|pair| pair.1)),
            crossing: false,
            at: Self::at(column, row),
            groups,
            approaches,
            stages: ["A", "B", "C", "D"].map(str::to_owned).to_vec(),
            link: "tcp-local".to_owned(),
            camera_url: None,
        }
    }

    fn roads(&mut self) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                for (arm, east, north, _) in ARMS {
                    if !self.joined(column, row, east, north) {
                        continue;
                    }
                    let names = if north == 0 {
                        AVENUES.get(usize::try_from(row).unwrap_or_default())
                    } else {
                        STREETS.get(usize::try_from(column).unwrap_or_default())
                    };
                    let (zh, en) = names.copied().unwrap_or_default();
                    self.city.roads.push(RoadStatic {
                        id: format!("R{}{arm}", self.index(column, row) + 1),
                        names: Names::new(zh, en),
                        lanes: if north == 0 { 3 } else { 2 },
                        speed_kmh: 50,
                        bridge: north != 0 && row.min(row + north) == 1,
                        line: vec![Self::at(column + east, row + north), Self::at(column, row)],
                    });
                }
            }
        }
    }

    fn crossings(&mut self, wanted: usize) {
        let eastward: Vec<RoadStatic> = self
            .city
            .roads
            .iter()
            .filter(|road| road.id.ends_with('E') || road.id.ends_with('N') && !road.bridge)
            .take(wanted)
            .cloned()
            .collect();
        for (number, road) in eastward.iter().enumerate() {
            let [from, to] = [road.line[0], road.line[1]];
            let vertical = road.id.ends_with('N');
            let group = |name: &str, kind| GroupStatic {
                name: name.to_owned(),
                kind,
            };
            let arm = |name: &str, bearing_deg, walks: &[u8]| ApproachStatic {
                name: name.to_owned(),
                road: road.id.clone(),
                bearing_deg,
                groups: vec![0],
                walks: walks.to_vec(),
                lanes: vec![(0, vec!["through".to_owned()])],
            };
            let turned = if vertical { 0.0 } else { 90.0 };
            self.city.sites.push(SiteStatic {
                id: format!("P{:02}", number + 1),
                names: Names::new(
                    format!("{}过街", road.names.zh),
                    format!("{} crossing", road.names.en),
                ),
                crossing: true,
                at: between(from, to, 0.5),
                groups: vec![
                    group("V", GroupKind::Vehicle),
                    group("P", GroupKind::Pedestrian),
                ],
                approaches: vec![arm("A", turned, &[1]), arm("B", turned + 180.0, &[])],
                stages: vec!["A".to_owned(), "B".to_owned()],
                link: if number < 4 { "rtu-1" } else { "tcp-local" }.to_owned(),
                camera_url: None,
            });
        }
    }

    fn river(&mut self) {
        if self.rows < 3 {
            return;
        }
        let bank = |share: f64| {
            (-6..=(self.columns * 4 + 4)).map(move |quarter| {
                let column = f64::from(quarter) / 4.0;
                let bend = (column * 0.55).sin() * 130.0;
                point(column * EAST_M, NORTH_M + bend + RIVER_M * share)
            })
        };
        let mut outline: Vec<LatLon> = bank(0.22).collect();
        let north: Vec<LatLon> = bank(0.78).collect();
        outline.extend(north.into_iter().rev());
        self.city.water.push(outline);
    }

    #[expect(clippy::too_many_lines, reason = "a table")]
    fn people(&mut self) {
        let (east, north) = (self.columns - 1, self.rows - 1);
        let place = |id: &str, kind: &str, (zh, en), column, row| PlaceStatic {
            id: id.to_owned(),
            kind: kind.to_owned(),
            names: Names::new(zh, en),
            at: Self::at(column, row),
        };
        self.city.places = vec![
            place(
                "H1",
                "hospital",
                ("市中心医院", "Central Hospital"),
                east,
                north,
            ),
            place(
                "H2",
                "hospital",
                ("江南医院", "South Bank Hospital"),
                east / 2,
                0,
            ),
            place(
                "F1",
                "fire-station",
                ("一号消防站", "Fire Station 1"),
                0,
                north,
            ),
        ];
        let vehicle = |id: &str, (zh, en), plate: &str, class| VehicleStatic {
            id: id.to_owned(),
            call_sign: Names::new(zh, en),
            plate: plate.to_owned(),
            terminal_id: "013900000001".to_owned(),
            class,
            agency: "ems".to_owned(),
            height_m: 2.8,
            weight_t: 4.5,
            length_m: 6.0,
        };
        self.city.vehicles = vec![
            vehicle(
                "amb-1",
                ("急救一号", "Ambulance 1"),
                "陕G·A0120",
                ServiceClass::Ambulance,
            ),
            vehicle(
                "amb-2",
                ("急救二号", "Ambulance 2"),
                "陕G·A0121",
                ServiceClass::Ambulance,
            ),
            vehicle(
                "fire-1",
                ("消防一号", "Engine 1"),
                "陕G·X1190",
                ServiceClass::Fire,
            ),
            vehicle(
                "police-1",
                ("警车一号", "Police 1"),
                "陕G·J1100",
                ServiceClass::Police,
            ),
            VehicleStatic {
                agency: "ems-south".to_owned(),
                ..vehicle(
                    "amb-9",
                    ("南区急救", "Ambulance South"),
                    "陕G·A0129",
                    ServiceClass::Ambulance,
                )
            },
        ];
        self.city.missions = vec![MissionStatic {
            id: "m1".to_owned(),
            names: Names::new("急救一号送中心医院", "Ambulance 1 to Central Hospital"),
            vehicle: "amb-1".to_owned(),
            destination: "H1".to_owned(),
        }];
    }
}

fn point(east_m: f64, north_m: f64) -> LatLon {
    LatLon {
        lat: ORIGIN.lat + north_m / 111_200.0,
        lon: ORIGIN.lon + east_m / (111_320.0 * ORIGIN.lat.to_radians().cos()),
    }
}

pub(super) fn between(from: LatLon, to: LatLon, share: f64) -> LatLon {
    LatLon {
        lat: from.lat + (to.lat - from.lat) * share,
        lon: from.lon + (to.lon - from.lon) * share,
    }
}

pub(super) fn distance_m(from: LatLon, to: LatLon) -> f64 {
    let north = (to.lat - from.lat) * 111_200.0;
    let east = (to.lon - from.lon) * 111_320.0 * ORIGIN.lat.to_radians().cos();
    north.hypot(east)
}

pub(super) fn bearing_deg(from: LatLon, to: LatLon) -> f64 {
    let north = (to.lat - from.lat) * 111_200.0;
    let east = (to.lon - from.lon) * 111_320.0 * ORIGIN.lat.to_radians().cos();
    east.atan2(north).to_degrees().rem_euclid(360.0)
}
