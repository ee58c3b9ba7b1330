//! The city as small tables. Change a line, run the program again, and the folder follows.

/// A street that runs west to east.
pub(crate) struct Row {
    pub zh: &'static str,
    pub en: &'static str,
    /// North of the origin at column 5, metres.
    pub y_m: f64,
    /// First and last column with a signalled junction.
    pub columns: (usize, usize),
    /// Number of the first junction: 10 is J10.
    pub first_junction: usize,
    /// Number of the pedestrian-request crossing in the first block: 9 is P09.
    pub first_crossing: usize,
    pub lanes: usize,
    /// One more lane towards each junction.
    pub pocket: bool,
    pub speed_kmh: u32,
    /// Walkers have an island in the middle: they may wait 90 s instead of 70 s.
    pub refuge: bool,
    /// Vehicles that keep 50 km/h get the peak wave in this direction.
    pub wave: Wave,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wave {
    East,
    West,
}

pub(crate) const ROWS: [Row; 5] = [
    Row {
        zh: "滨江大道",
        en: "Binjiang Ave",
        y_m: 240.0,
        columns: (1, 9),
        first_junction: 1,
        first_crossing: 1,
        lanes: 3,
        pocket: true,
        speed_kmh: 50,
        refuge: true,
        wave: Wave::East,
    },
    Row {
        zh: "江南大道",
        en: "Jiangnan Ave",
        y_m: -200.0,
        columns: (1, 9),
        first_junction: 10,
        first_crossing: 9,
        lanes: 2,
        pocket: true,
        speed_kmh: 50,
        refuge: true,
        wave: Wave::West,
    },
    Row {
        zh: "巴山路",
        en: "Bashan Rd",
        y_m: 640.0,
        columns: (2, 8),
        first_junction: 19,
        first_crossing: 17,
        lanes: 2,
        pocket: false,
        speed_kmh: 40,
        refuge: false,
        wave: Wave::East,
    },
    Row {
        zh: "育才路",
        en: "Yucai Rd",
        y_m: 1010.0,
        columns: (3, 7),
        first_junction: 26,
        first_crossing: 23,
        lanes: 1,
        pocket: false,
        speed_kmh: 40,
        refuge: false,
        wave: Wave::East,
    },
    Row {
        zh: "南环路",
        en: "Nanhuan Rd",
        y_m: -580.0,
        columns: (2, 7),
        first_junction: 31,
        first_crossing: 27,
        lanes: 1,
        pocket: false,
        speed_kmh: 40,
        refuge: false,
        wave: Wave::West,
    },
];

/// Indices into [`ROWS`].
pub(crate) const BINJIANG: usize = 0;
pub(crate) const JIANGNAN: usize = 1;
pub(crate) const BASHAN: usize = 2;
pub(crate) const YUCAI: usize = 3;
pub(crate) const NANHUAN: usize = 4;

/// A street that runs north to south, columns 1 to 9.
pub(crate) struct Column {
    pub zh: &'static str,
    pub en: &'static str,
    /// East of the origin, metres.
    pub x_m: f64,
    /// How far the river bends the streets beside it northward here, metres.
    pub bend_m: f64,
    pub lanes: usize,
    /// The bridge that carries the street over the river.
    pub bridge: Option<(&'static str, &'static str)>,
}

const fn column(
    names: (&'static str, &'static str),
    at: (f64, f64),
    lanes: usize,
    bridge: Option<(&'static str, &'static str)>,
) -> Column {
    let (zh, en) = names;
    let (x_m, bend_m) = at;
    Column {
        zh,
        en,
        x_m,
        bend_m,
        lanes,
        bridge,
    }
}

pub(crate) const COLUMNS: [Column; 9] = [
    column(("金州路", "Jinzhou Rd"), (-1600.0, -20.0), 1, None),
    column(
        ("大桥路", "Daqiao Rd"),
        (-1220.0, -5.0),
        2,
        Some(("汉江一桥", "First Han Bridge")),
    ),
    column(("解放路", "Jiefang Rd"), (-800.0, 15.0), 1, None),
    column(("文昌路", "Wenchang Rd"), (-400.0, 20.0), 1, None),
    column(
        ("香溪路", "Xiangxi Rd"),
        (0.0, 10.0),
        2,
        Some(("汉江二桥", "Second Han Bridge")),
    ),
    column(("静宁路", "Jingning Rd"), (390.0, -5.0), 1, None),
    column(("兴安路", "Xing'an Rd"), (800.0, -20.0), 1, None),
    column(
        ("安澜路", "Anlan Rd"),
        (1200.0, -30.0),
        2,
        Some(("汉江三桥", "Third Han Bridge")),
    ),
    column(("东坝路", "Dongba Rd"), (1590.0, -25.0), 1, None),
];

/// What a bridge carries, tonnes. The first one is old.
pub(crate) fn bridge_weight_max_t(en: &str) -> u32 {
    if en == "First Han Bridge" { 20 } else { 40 }
}

/// Lanes per direction on a bridge.
pub(crate) const BRIDGE_LANES: usize = 3;

/// The rows a column joins, from north to south: consecutive ones that both have a junction there.
pub(crate) const NORTH_TO_SOUTH: [usize; 5] = [YUCAI, BASHAN, BINJIANG, JIANGNAN, NANHUAN];

/// Pedestrian-request crossings in blocks of columns: number, column, row north, row south.
pub(crate) const COLUMN_CROSSINGS: [(usize, usize, usize, usize); 9] = [
    (32, 2, BASHAN, BINJIANG),
    (33, 3, BASHAN, BINJIANG),
    (34, 4, BASHAN, BINJIANG),
    (35, 5, BASHAN, BINJIANG),
    (36, 6, BASHAN, BINJIANG),
    (37, 7, BASHAN, BINJIANG),
    (38, 8, BASHAN, BINJIANG),
    (39, 4, JIANGNAN, NANHUAN),
    (40, 6, JIANGNAN, NANHUAN),
];

/// Roads out of town: boundary node, junction, arm of the junction, length in metres.
pub(crate) const GATES: [(&str, usize, char, f64); 18] = [
    ("B01", 1, 'W', 220.0),
    ("B02", 9, 'E', 220.0),
    ("B03", 1, 'N', 220.0),
    ("B04", 9, 'N', 220.0),
    ("B05", 10, 'W', 220.0),
    ("B06", 18, 'E', 220.0),
    ("B07", 10, 'S', 200.0),
    ("B08", 18, 'S', 200.0),
    ("B09", 17, 'S', 220.0),
    ("B10", 19, 'W', 220.0),
    ("B11", 25, 'E', 220.0),
    ("B12", 25, 'N', 220.0),
    ("B13", 26, 'W', 200.0),
    ("B14", 30, 'E', 200.0),
    ("B15", 28, 'N', 200.0),
    ("B16", 31, 'W', 200.0),
    ("B17", 36, 'E', 200.0),
    ("B18", 33, 'S', 200.0),
];

/// Which left turns of a four-leg junction have an arrow of their own.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Lefts {
    /// All four.
    Protected,
    /// Those of the street that runs west to east.
    Main,
    /// None: they give way to the traffic they meet.
    Permissive,
}

/// Junctions with arrows. All others turn left permissively.
pub(crate) const ARROWS: [(usize, Lefts); 19] = [
    (1, Lefts::Main),
    (2, Lefts::Protected),
    (3, Lefts::Main),
    (4, Lefts::Main),
    (5, Lefts::Protected),
    (6, Lefts::Main),
    (7, Lefts::Main),
    (8, Lefts::Protected),
    (9, Lefts::Main),
    (10, Lefts::Main),
    (11, Lefts::Protected),
    (12, Lefts::Main),
    (13, Lefts::Main),
    (14, Lefts::Protected),
    (15, Lefts::Main),
    (16, Lefts::Main),
    (17, Lefts::Protected),
    (18, Lefts::Main),
    (22, Lefts::Main),
];

/// Junctions where left turns of the west-east street wait inside the junction.
pub(crate) const WAITING_AREAS: [usize; 2] = [5, 14];

/// Junctions where bicycles and e-bikes have lamps of their own.
pub(crate) const NON_MOTOR: [usize; 3] = [2, 8, 11];

/// Crossings whose cabinets hang on the serial bus; all other cabinets speak TCP.
pub(crate) const SERIAL: [&str; 4] = ["P23", "P24", "P25", "P26"];

/// Hospitals and fire stations: id, type, names, the road they are reached by, metres along it.
pub(crate) const PLACES: [(&str, &str, &str, &str, &str, f64); 5] = [
    (
        "H1",
        "hospital",
        "江北中心医院（演示）",
        "Jiangbei Central Hospital (demo)",
        "R-P04-J04",
        70.0,
    ),
    (
        "H2",
        "hospital",
        "江南医院（演示）",
        "Jiangnan Hospital (demo)",
        "R-J13-P12",
        60.0,
    ),
    (
        "H3",
        "hospital",
        "东坝医院（演示）",
        "Dongba Hospital (demo)",
        "R-J09-B02",
        120.0,
    ),
    (
        "F1",
        "fire-station",
        "巴山路消防站（演示）",
        "Bashan Rd Fire Station (demo)",
        "R-J21-P19",
        60.0,
    ),
    (
        "F2",
        "fire-station",
        "南环路消防站（演示）",
        "Nanhuan Rd Fire Station (demo)",
        "R-J34-P30",
        60.0,
    ),
];

/// A prepared route: id, names, class, start road, metres along it, destination.
type Mission = (
    &'static str,
    (&'static str, &'static str),
    &'static str,
    &'static str,
    f64,
    &'static str,
);

/// The prepared routes.
pub(crate) const MISSIONS: [Mission; 2] = [
    (
        "demo",
        ("三桥至一院", "Third Bridge to First Hospital"),
        "ambulance",
        "R-J17-J08",
        5.0,
        "H1",
    ),
    (
        "long",
        ("滨江大道全程", "The whole of Binjiang Ave"),
        "ambulance",
        "R-B01-J01",
        60.0,
        "H3",
    ),
];
