//! The files of the folder beside the sites and the network.

use std::fmt::Write as _;

use crate::fleet;
use crate::layout::{City, NodeKind, ORIGIN};
use crate::tables::{MISSIONS, SERIAL};

/// The text of `city.toml`.
pub(crate) fn city() -> String {
    let mut text = format!(
        "# Synthetic: no street, signal or hospital here is a real one. Written by make-city.\nschema = 1\n\n[city]\nid = \"ankang-demo\"\n\
         name_zh = \"安康（演示）\"\nname_en = \"Ankang (demo)\"\ntimezone = \"Asia/Shanghai\"\n\
         datum = \"wgs84\"\nsynthetic = true\norigin = {{ lat_deg = {:.2}, lon_deg = {:.2} }}\n",
        ORIGIN.lat_deg, ORIGIN.lon_deg
    );
    let classes = [
        ("ambulance", true),
        ("fire", true),
        ("rescue", true),
        ("police", true),
        ("escort", false),
    ];
    for (rank, (id, preempts)) in (1..).zip(classes) {
        let _ = write!(
            text,
            "\n[[class]]\nid = \"{id}\"\nrank = {rank}\npreempts = {preempts}\n"
        );
    }
    text.push_str(&fleet::write());
    text.push_str(
        "\n[bounds]\ncorridor_hold_max_s = 120\ncorridor_wait_max_s = 120\ncorridor_red_max_s = 150\ncorridor_length_max_min = 60\n",
    );
    for (id, (zh, en), class, road, at_m, to) in MISSIONS {
        let _ = write!(
            text,
            "\n[[mission]]\nid = \"{id}\"\nname_zh = \"{zh}\"\nname_en = \"{en}\"\nclass = \"{class}\"\n\
             from = {{ road = \"{road}\", at_m = {at_m} }}\nto = \"{to}\"\n"
        );
    }
    text.push_str(
        "\n[[wave]]\nid = \"binjiang\"\nname_zh = \"滨江大道绿波\"\nname_en = \"Binjiang Ave wave\"\n\
         sites = [\"J01\", \"J02\", \"J03\", \"J04\", \"J05\", \"J06\", \"J07\", \"J08\", \"J09\"]\n\
         plan = \"peak\"\nlasts_min = 60\n",
    );
    text
}

/// The text of `calendar.toml`.
pub(crate) fn calendar() -> String {
    let days = [
        (
            "workday",
            &[
                ("00:00", "night"),
                ("06:00", "off-peak"),
                ("07:00", "peak"),
                ("09:30", "off-peak"),
                ("16:30", "peak"),
                ("19:30", "off-peak"),
                ("22:30", "night"),
            ][..],
        ),
        (
            "weekend",
            &[
                ("00:00", "night"),
                ("07:00", "off-peak"),
                ("22:30", "night"),
            ][..],
        ),
    ];
    let mut text = String::from("schema = 1\n");
    for (id, entries) in days {
        let _ = write!(text, "\n[[day]]\nid = \"{id}\"\nat = [\n");
        for (time, run) in entries {
            let _ = writeln!(text, "  {{ time = \"{time}\", run = \"{run}\" }},");
        }
        text.push_str("]\n");
    }
    text + "\n[calendar]\nmon-fri = \"workday\"\nsat-sun = \"weekend\"\n\
            \n[[calendar.exception]]\nfrom = 2027-02-05\nto = 2027-02-12\nday = \"weekend\"\n\
            \n[[calendar.exception]]\nfrom = 2027-10-01\nto = 2027-10-07\nday = \"weekend\"\n"
}

/// The text of `cabinets/links.toml`.
pub(crate) fn links(city: &City) -> String {
    let mut text = String::from(
        "# Unit n of the TCP link listens on first_port + n - 1. With first_port = 0 every cabinet takes\n\
         # any free port, which only works where cabinets and controller are one process.\nschema = 1\n\
         \n[[link]]\nid = \"tcp-local\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\nfirst_port = 15020\ntick_hz = 10\n\
         \n[[link]]\nid = \"rtu-1\"\nkind = \"modbus-rtu\"\ndevice = \"/dev/ttyS1\"\nbaud = 115200\ntick_hz = 5\n",
    );
    let sites = city
        .nodes
        .values()
        .filter(|node| node.kind != NodeKind::Gate);
    let (serial, tcp): (Vec<_>, Vec<_>) =
        sites.partition(|node| SERIAL.contains(&node.id.as_str()));
    for (link, nodes) in [("tcp-local", tcp), ("rtu-1", serial)] {
        for (unit, node) in (1..).zip(nodes) {
            let _ = write!(
                text,
                "\n[[cabinet]]\nsite = \"{}\"\nlink = \"{link}\"\nunit = {unit}\nprofile = \"canonical\"\n",
                node.id
            );
        }
    }
    text
}
