//! The folder's README.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::fleet;
use crate::layout::City;
use crate::site::Site;
use crate::tables::{COLUMNS, MISSIONS, PLACES, ROWS, SERIAL};

/// The text of the file.
pub(crate) fn write(city: &City, sites: &BTreeMap<String, Site>) -> String {
    let junctions = sites.values().filter(|site| site.junction).count();
    let mut text = format!(
        "# Ankang (demo)\n\n**This city is synthetic.** Streets, signals, hospitals and plans are made up; only the river and the\n\
         place on the globe (32.69 N 109.02 E) are borrowed. Do not run it on a street.\n\n\
         {junctions} signalled junctions (J), {} pedestrian-request crossings (P), {} directed roads, two banks, three bridges.\n\n\
         ```text\n{DRAWING}```\n",
        sites.len() - junctions,
        city.roads.len()
    );
    text.push_str(&streets());
    text.push_str(&places());
    text.push_str(&fleet::readme());
    text.push_str(&missions());
    let _ = write!(
        text,
        "\n## Signals\n\nJunctions on the avenues have left-turn arrows where a through lane stands beside; at J02, J05, J08, J11,\n\
         J14 and J17, at the ends of the bridges, all four. J05 and J14 have waiting areas for left turns, J02, J08 and\n\
         J11 lamps for bicycles and e-bikes. Elsewhere left turns give way on a round green. There an emergency\n\
         vehicle's green keeps the facing green lit: ended alone, it would be a yellow trap. A vehicle that itself turns left\n\
         at such a junction has to let the facing traffic pass.\n\n\
         `peak` is a wave at the speed limit, eastward on Binjiang Ave and westward on Jiangnan Ave, in a cycle of 94 s; quiet\n\
         streets run at 47 s, and single crossings of four lanes, which have no room in that, on demand.\n\
         `off-peak` is adaptive at junctions (by demand if its senses fail) and actuated at crossings; `night` is\n\
         actuated. Walkers wait at most 90 s at junctions and where a crossing has an island, 70 s elsewhere.\n\n\
         ## Cabinets\n\n72 speak Modbus TCP on 127.0.0.1 from port 15020 on; {} share one serial bus (115200 baud, 5 Hz).\n\n\
         ## Change it\n\nThe folder is written by a program from small tables:\n\n\
         ```sh\n$EDITOR hil-tests/src/bin/make-city/tables.rs\ncargo run -p hil-tests --bin make-city\ngreenwave check signal-plans/ankang-demo\n```\n\n\
         A test compares the folder with what the program writes.\n",
        SERIAL.join(", ")
    );
    text
}

const DRAWING: &str = "\
  col      1       2       3       4       5       6       7       8       9
                                           |
  Yucai         ---|------J26-P23-J27-P24-J28-P25-J29-P26-J30---
                           |       |       |       |       |       |
  Bashan        --J19-P17-J20-P18-J21-P19-J22-P20-J23-P21-J24-P22-J25--
            |      |       |       |       |       |       |       |       |
            |     P32     P33     P34     P35     P36     P37     P38      |
            |      |       |       |       |       |       |       |       |
  Binjiang-J01-P01-J02-P02-J03-P03-J04-P04-J05-P05-J06-P06-J07-P07-J08-P08-J09-
                   |                       |                       |
  ~ ~ ~ ~ ~ ~ ~ bridge 1 ~ ~ ~ ~ ~ ~ ~ ~ bridge 2 ~ ~ ~ ~ ~ ~ ~ bridge 3 ~ ~ Han ~
                   |                       |                       |
  Jiangnan-J10-P09-J11-P10-J12-P11-J13-P12-J14-P13-J15-P14-J16-P15-J17-P16-J18-
            |      |       |       |       |       |       |       |       |
            |      |       |      P39      |      P40      |       |       |
            |      |       |       |       |       |       |
  Nanhuan       --J31-P27-J32-P28-J33-P29-J34-P30-J35-P31-J36--
                                   |
";

fn streets() -> String {
    let mut text = String::from(
        "\n| Street | 街道 | Lanes a direction | km/h | Signals in a row |\n|---|---|---|---|---|\n",
    );
    for row in &ROWS {
        let blocks = row.columns.1 - row.columns.0;
        let pocket = if row.pocket {
            ", and one to turn left"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "| {} | {} | {}{pocket} | {} | {} |",
            row.en,
            row.zh,
            row.lanes,
            row.speed_kmh,
            blocks * 2 + 1
        );
    }
    for (at, column) in (1..).zip(&COLUMNS) {
        let bridge = column
            .bridge
            .map_or(String::new(), |(zh, en)| format!("; {en} ({zh})"));
        let _ = writeln!(
            text,
            "| {} (column {at}{bridge}) | {} | {} | 40 | |",
            column.en, column.zh, column.lanes
        );
    }
    text
}

fn places() -> String {
    let mut text = String::from("\n| Place | Name | 名称 | Reached by |\n|---|---|---|---|\n");
    for (id, _, zh, en, road, at_m) in PLACES {
        let _ = writeln!(text, "| {id} | {en} | {zh} | `{road}`, {at_m} m |");
    }
    text
}

fn missions() -> String {
    let mut text = String::from("\n## Missions\n\n");
    for (id, _, class, road, at_m, to) in MISSIONS {
        let what = match id {
            "demo" => {
                "over the Third Han Bridge and west along Binjiang Ave, against the peak wave: 8 signals, 1.8 km"
            }
            "long" => "the whole of Binjiang Ave from west to east: 17 signals, 3.5 km",
            _ => "another way to try",
        };
        let _ = writeln!(
            text,
            "- `{id}`: {class} from `{road}` at {at_m} m to {to}; {what}."
        );
    }
    text
}
