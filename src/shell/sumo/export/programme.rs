//! The plan that is due, as a fixed programme with one letter per link.

use core::fmt::Display;

use super::links::{Link, SiteLinks, Way};
use super::town::Town;
use super::xml::Xml;
use crate::ids::RoadId;
use crate::plan::{CheckedSite, RoundLamps, lamps_of_round};
use crate::signal::Indication;
use crate::units::{Millis, TICK};

/// One step of a programme: how long, and what each link sees.
type Step = (Millis, String);

/// `city.tll.xml`: programmes, and which way has which number.
pub(super) fn signals(town: &Town<'_>, sites: &[SiteLinks]) -> String {
    let mut xml = Xml::new("tlLogics");
    for site in sites {
        if let Some(checked) = town.city.site(site.site) {
            programme(&mut xml, town, checked, site);
        }
    }
    let name = |road: RoadId| town.graph.road(road).map_or("", |road| road.id.as_str());
    for site in sites {
        for (index, link) in site.links.iter().enumerate() {
            if let Way::Drive { from, to } = link.way {
                let attributes: [(&str, &dyn Display); 6] = [
                    ("from", &name(from.0)),
                    ("to", &name(to.0)),
                    ("fromLane", &from.1),
                    ("toLane", &to.1),
                    ("tl", &site.id),
                    ("linkIndex", &index),
                ];
                xml.leaf("connection", &attributes);
            }
        }
    }
    xml.finish()
}

fn programme(xml: &mut Xml, town: &Town<'_>, site: &CheckedSite, links: &SiteLinks) {
    let due = town.plan_due(site);
    let (Some(plan), Some(lamps)) = (site.plans.get(due.index()), lamps_of_round(site, due, TICK))
    else {
        return;
    };
    let offset = offset_s(plan.offset, &lamps);
    xml.begin(
        "tlLogic",
        &[
            ("id", &links.id),
            ("type", &"static"),
            ("programID", &plan.name),
            ("offset", &offset),
        ],
    );
    for (lasts, state) in steps(&lamps, &links.links) {
        xml.leaf("phase", &[("duration", &seconds(lasts)), ("state", &state)]);
    }
    xml.end();
}

/// When in the city's cycle the round begins. SUMO counts offsets from its own zero, and the
/// written traffic begins at its second of the day, so both clocks are one.
fn offset_s(coordinated_at: Millis, lamps: &RoundLamps) -> String {
    let length = lamps.length.as_ms().max(1);
    let late = coordinated_at.as_ms() % length + length - lamps.coordinated_at.as_ms() % length;
    seconds(Millis::new(late % length))
}

/// The round as steps in which nothing changes.
fn steps(lamps: &RoundLamps, links: &[Link]) -> Vec<Step> {
    let samples = lamps.rows.first().map_or(0, Vec::len);
    let mut steps: Vec<Step> = Vec::new();
    for at in 0..samples {
        let state: String = links.iter().map(|link| letter(lamps, link, at)).collect();
        match steps.last_mut() {
            Some((lasts, last)) if *last == state => *lasts += lamps.every,
            _ => steps.push((lamps.every, state)),
        }
    }
    steps
}

fn letter(lamps: &RoundLamps, link: &Link, at: usize) -> char {
    let row = lamps.rows.get(link.group.index());
    let shown = row.and_then(|row| row.get(at)).copied();
    let walks = matches!(link.way, Way::Walk(_));
    match shown.unwrap_or_default() {
        // Nobody sets off on the flashing man; who is on the way walks on in SUMO too.
        Indication::FlashingGreen if walks => 'r',
        Indication::Green | Indication::FlashingGreen if link.yields => 'g',
        Indication::Green | Indication::FlashingGreen => 'G',
        Indication::Amber if !walks => 'y',
        Indication::RedAmber => 'u',
        Indication::FlashingAmber => 'o',
        Indication::Dark => 'O',
        Indication::Amber | Indication::Red | Indication::FlashingRed => 'r',
    }
}

fn seconds(time: Millis) -> String {
    format!("{:.1}", f64::from(time.as_ms()) / 1000.0)
}
