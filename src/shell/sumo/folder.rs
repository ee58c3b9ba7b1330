//! The files of a city folder that are not about one signal.

use std::fmt::Write as _;

use super::import::ImportOptions;
use super::site::Site;
use super::site_text::quoted;
use crate::network::LatLon;

/// Unit numbers of one Modbus link.
const UNITS: usize = 247;

pub(super) fn files(
    options: &ImportOptions,
    origin: LatLon,
    sites: &[Site<'_>],
) -> [(String, String); 3] {
    [
        ("city.toml".to_owned(), city(options, origin)),
        ("calendar.toml".to_owned(), CALENDAR.to_owned()),
        ("cabinets/links.toml".to_owned(), links(sites)),
    ]
}

/// Adaptive control day and night.
const CALENDAR: &str = "schema = 1\n\n[[day]]\nid = \"every\"\n\
at = [ { time = \"00:00\", run = \"adaptive\" } ]\n\n[calendar]\nmon-sun = \"every\"\n";

fn city(options: &ImportOptions, origin: LatLon) -> String {
    let name = quoted(&options.name);
    let mut text = format!(
        "# Imported from a SUMO network. Positions are where its projection puts them or, without \
         one, invented.\nschema = 1\n\n[city]\nid = {name}\nname_zh = {name}\nname_en = {name}\n\
         timezone = \"Asia/Shanghai\"\ndatum = \"wgs84\"\nsynthetic = true\n\
         origin = {{ lat_deg = {:.6}, lon_deg = {:.6} }}\n",
        origin.lat_deg, origin.lon_deg
    );
    let classes = [
        ("ambulance", 1, true),
        ("fire", 2, true),
        ("rescue", 3, true),
        ("police", 4, true),
        ("escort", 5, false),
    ];
    for (id, rank, preempts) in classes {
        let _ = write!(
            text,
            "\n[[class]]\nid = \"{id}\"\nrank = {rank}\npreempts = {preempts}\n"
        );
    }
    text.push_str(
        "\n[bounds]\ncorridor_hold_max_s = 120\ncorridor_wait_max_s = 120\n\
         corridor_red_max_s = 150\ncorridor_length_max_min = 60\n",
    );
    text
}

/// Cabinets on this machine, on any free port.
fn links(sites: &[Site<'_>]) -> String {
    let mut text = String::from(
        "# Cabinets on one machine, each on any free port: for `greenwave simulate`.\nschema = 1\n",
    );
    for link in 1..=sites.len().div_ceil(UNITS) {
        let _ = write!(
            text,
            "\n[[link]]\nid = \"tcp-{link}\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\n\
             first_port = 0\ntick_hz = 10\n"
        );
    }
    for (number, site) in sites.iter().enumerate() {
        let (link, unit) = (number / UNITS + 1, number % UNITS + 1);
        let _ = write!(
            text,
            "\n[[cabinet]]\nsite = \"{}\"\nlink = \"tcp-{link}\"\nunit = {unit}\n\
             profile = \"canonical\"\n",
            site.id
        );
    }
    text
}
