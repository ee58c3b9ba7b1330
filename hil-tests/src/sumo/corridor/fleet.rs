//! Emergency vehicles as SUMO is told of them.

use std::fmt::Write;

use super::trips::Errand;
use crate::sumo::traffic::FLEET;

/// Length of a vehicle, metres.
pub const LENGTH_M: f64 = 6.5;
/// How much faster than the limit it drives.
pub const PACE: f64 = 1.2;

/// How the vehicle treats signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driving {
    /// It stops at red, as everybody does.
    Obeys,
    /// SUMO's blue light: it runs reds. Nobody builds a lane for it, because the street has no
    /// lanes within lanes.
    BlueLight,
}

/// The id of a vehicle.
#[must_use]
pub fn id_of(number: usize) -> String {
    format!("{FLEET}{number}")
}

/// A route file with one vehicle for each errand and second of departure.
#[must_use]
pub fn fleet_file(errands: &[(&Errand, u32)], driving: Driving) -> String {
    let mut text = String::from("<routes>\n");
    let blue = match driving {
        Driving::Obeys => "",
        Driving::BlueLight => "<param key=\"has.bluelight.device\" value=\"true\"/>",
    };
    // Writing to a text cannot fail.
    let _always = writeln!(
        text,
        "<vType id=\"{FLEET}\" vClass=\"emergency\" length=\"{LENGTH_M}\" speedFactor=\"{PACE}\" \
         speedDev=\"0\" sigma=\"0\">{blue}</vType>"
    );
    for (number, (errand, depart)) in errands.iter().enumerate() {
        let edges = errand.edges.join(" ");
        let stop = errand.parks_on.and_then(|at| errand.edges.get(at));
        let stop = stop.map_or_else(String::new, |edge| {
            format!(
                "<stop edge=\"{edge}\" duration=\"{}\" parking=\"true\"/>",
                super::fault::PARKED_S
            )
        });
        let _always = writeln!(
            text,
            "<vehicle id=\"{}\" type=\"{FLEET}\" depart=\"{depart}\" departLane=\"best\" \
             departSpeed=\"max\"><route edges=\"{edges}\"/>{stop}</vehicle>",
            id_of(number)
        );
    }
    text.push_str("</routes>\n");
    text
}
