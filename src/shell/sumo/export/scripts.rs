//! The trips as SUMO reads them, its configuration, and the line that makes the network.

use core::fmt::Display;

use super::NET_FILE;
use super::demand::{THROWS_PER_S, Trip};
use super::people::Walk;
use super::town::{ExportSettings, Town};
use super::xml::Xml;
use crate::ids::RoadId;

/// Options of `netconvert` that make the network, shared by `build.sh` and `--netconvert`.
pub(super) const NETCONVERT: [&str; 14] = [
    "--node-files",
    "city.nod.xml",
    "--edge-files",
    "city.edg.xml",
    "--connection-files",
    "city.con.xml",
    "--tllogic-files",
    "city.tll.xml",
    "--no-turnarounds",
    "true",
    // The network keeps the city's metre grid.
    "--offset.disable-normalization",
    "true",
    "--output-file",
    NET_FILE,
];

/// `build.sh`.
pub(super) const BUILD: &str = "\
#!/bin/sh
# Makes city.net.xml of the plain files. Needs SUMO's netconvert: NETCONVERT=/path/to/netconvert ./build.sh
set -eu
cd \"$(dirname \"$0\")\"
\"${NETCONVERT:-netconvert}\" \\
    --node-files city.nod.xml --edge-files city.edg.xml \\
    --connection-files city.con.xml --tllogic-files city.tll.xml \\
    --no-turnarounds true --offset.disable-normalization true --output-file city.net.xml
";

/// Metres from the junction at which walkers appear and end.
const WALK_M: f32 = 8.0;
/// Vehicles that do not get on for this long are put elsewhere, seconds; SUMO's own default.
const TELEPORT_S: u32 = 300;

/// `city.rou.xml`.
pub(super) fn routes(town: &Town<'_>, trips: &[Trip], walks: &[Walk]) -> String {
    let mut xml = Xml::new("routes");
    vehicle_types(&mut xml);
    let mut walks = walks.iter().enumerate().peekable();
    for (number, trip) in trips.iter().enumerate() {
        while let Some((number, walk)) = walks.next_if(|(_, walk)| walk.at <= trip.at) {
            person(&mut xml, town, number, walk);
        }
        vehicle(&mut xml, town, number, trip);
    }
    for (number, walk) in walks {
        person(&mut xml, town, number, walk);
    }
    xml.finish()
}

/// Drivers, riders and walkers with the numbers of the virtual street where SUMO has the same ones.
fn vehicle_types(xml: &mut Xml) {
    let car: [(&str, &dyn Display); 10] = [
        ("id", &"car"),
        ("vClass", &"passenger"),
        ("length", &5),
        ("minGap", &2),
        ("accel", &2.4),
        ("decel", &3),
        ("emergencyDecel", &6),
        ("tau", &1.2),
        ("sigma", &0.4),
        ("speedFactor", &"normc(1,0.05,0.85,1.15)"),
    ];
    xml.leaf("vType", &car);
    let bicycle: [(&str, &dyn Display); 4] = [
        ("id", &"bicycle"),
        ("vClass", &"bicycle"),
        ("desiredMaxSpeed", &4.5),
        ("speedFactor", &"normc(1,0.06,0.89,1.11)"),
    ];
    xml.leaf("vType", &bicycle);
    let walker: [(&str, &dyn Display); 4] = [
        ("id", &"walker"),
        ("vClass", &"pedestrian"),
        ("desiredMaxSpeed", &1.2),
        ("speedFactor", &"normc(1,0.1,0.84,1.25)"),
    ];
    xml.leaf("vType", &walker);
}

fn vehicle(xml: &mut Xml, town: &Town<'_>, number: usize, trip: &Trip) {
    let (id, kind, speed) = if trip.rides {
        (format!("b{number}"), "bicycle", "0")
    } else {
        (format!("v{number}"), "car", "max")
    };
    let depart = depart(town, trip.at);
    let attributes: [(&str, &dyn Display); 5] = [
        ("id", &id),
        ("type", &kind),
        ("depart", &depart),
        ("departLane", &"best"),
        ("departSpeed", &speed),
    ];
    xml.begin("vehicle", &attributes);
    let roads: Vec<&str> = trip.roads.iter().map(|road| name(town, *road)).collect();
    xml.leaf("route", &[("edges", &roads.join(" "))]);
    xml.end();
}

fn person(xml: &mut Xml, town: &Town<'_>, number: usize, walk: &Walk) {
    let (enters, leaves) = walk.arm;
    let (before, behind) = (-WALK_M, WALK_M);
    let ((from, from_m), (to, to_m)) = if walk.from_entering {
        ((enters, before), (leaves, behind))
    } else {
        ((leaves, behind), (enters, before))
    };
    let (id, depart) = (format!("p{number}"), depart(town, walk.at));
    let attributes: [(&str, &dyn Display); 4] = [
        ("id", &id),
        ("type", &"walker"),
        ("depart", &depart),
        ("departPos", &from_m),
    ];
    xml.begin("person", &attributes);
    let way: [(&str, &dyn Display); 3] = [
        ("from", &name(town, from)),
        ("to", &name(town, to)),
        ("arrivalPos", &to_m),
    ];
    xml.leaf("walk", &way);
    xml.end();
}

fn depart(town: &Town<'_>, throw: u32) -> String {
    let start = f64::from(town.settings.start_s);
    format!("{:.1}", start + f64::from(throw) / f64::from(THROWS_PER_S))
}

fn name<'t>(town: &'t Town<'_>, road: RoadId) -> &'t str {
    town.graph.road(road).map_or("", |road| road.id.as_str())
}

/// `city.sumocfg`.
pub(super) fn config(settings: &ExportSettings) -> String {
    let mut xml = Xml::new("configuration");
    xml.begin("input", &[]);
    xml.leaf("net-file", &[("value", &NET_FILE)]);
    xml.leaf("route-files", &[("value", &"city.rou.xml")]);
    xml.end();
    xml.begin("time", &[]);
    let end = settings.start_s + settings.seconds;
    xml.leaf("begin", &[("value", &settings.start_s)]);
    xml.leaf("end", &[("value", &end)]);
    xml.leaf("step-length", &[("value", &0.5)]);
    xml.end();
    xml.begin("processing", &[]);
    xml.leaf("time-to-teleport", &[("value", &TELEPORT_S)]);
    xml.leaf("collision.action", &[("value", &"warn")]);
    xml.end();
    xml.begin("random_number", &[]);
    xml.leaf("seed", &[("value", &(settings.seed % 2_147_483_647))]);
    xml.end();
    xml.begin("report", &[]);
    xml.leaf("no-step-log", &[("value", &"true")]);
    xml.leaf("duration-log.statistics", &[("value", &"true")]);
    xml.end();
    xml.finish()
}
