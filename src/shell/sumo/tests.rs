//! Small networks made for these tests, and what becomes of them.

mod course;
mod import;
mod net;
mod odd;

use std::fmt::Write as _;

use super::{ImportOptions, ImportProfile, Imported, SumoNet};

/// A crossroads and a junction of three arms, 150 m apart.
const TWO: &str = include_str!("tests/nets/two.net.xml");
/// The same streets with pavements and pedestrian crossings.
const WALKS: &str = include_str!("tests/nets/walks.net.xml");

const PROFILES: [ImportProfile; 3] = [
    ImportProfile::Cn,
    ImportProfile::Field,
    ImportProfile::Resco,
];

fn net(text: &str) -> SumoNet {
    SumoNet::parse(text).expect("a network")
}

fn options(profile: ImportProfile) -> ImportOptions {
    ImportOptions {
        profile,
        name: "try".to_owned(),
    }
}

fn imported(net: &SumoNet, profile: ImportProfile) -> Imported {
    let made = super::import(net, &options(profile));
    made.unwrap_or_else(|findings| panic!("{findings:?}"))
}

fn site_text<'i>(made: &'i Imported, site: &str) -> &'i str {
    let path = format!("sites/{site}.toml");
    let file = made.files.iter().find(|(name, _)| *name == path);
    file.map(|(_, text)| text.as_str()).expect("a site file")
}

/// A node with `arms` streets in and one out, each street with a link of its own; `states` is the
/// programme, 20 s a step.
fn star(arms: usize, states: &[String]) -> String {
    let mut text = String::from(
        "<net>\n<edge id=\"out\" from=\"c\" to=\"o\"><lane id=\"out_0\" index=\"0\" speed=\"14\" length=\"100\" shape=\"0,0 100,0\"/></edge>\n",
    );
    let mut links = String::new();
    let mut incoming = String::new();
    let mut requests = String::new();
    let nobody = "0".repeat(arms);
    for arm in 0..arms {
        let _ = writeln!(
            text,
            "<edge id=\"in{arm}\" from=\"n{arm}\" to=\"c\"><lane id=\"in{arm}_0\" index=\"0\" speed=\"14\" length=\"100\" shape=\"-100,{arm} 0,0\"/></edge>\n<junction id=\"n{arm}\" type=\"dead_end\" x=\"-100\" y=\"{arm}\"/>"
        );
        let _ = writeln!(
            links,
            "<connection from=\"in{arm}\" to=\"out\" fromLane=\"0\" toLane=\"0\" tl=\"c\" linkIndex=\"{arm}\" dir=\"s\" state=\"O\"/>"
        );
        let _ = write!(incoming, "in{arm}_0 ");
        let _ = writeln!(
            requests,
            "<request index=\"{arm}\" response=\"{nobody}\" foes=\"{nobody}\" cont=\"0\"/>"
        );
    }
    text += "<tlLogic id=\"c\" type=\"static\" programID=\"0\" offset=\"0\">\n";
    for state in states {
        let _ = writeln!(text, "<phase duration=\"20\" state=\"{state}\"/>");
    }
    let _ = writeln!(
        text,
        "</tlLogic>\n<junction id=\"c\" type=\"traffic_light\" x=\"0\" y=\"0\" incLanes=\"{incoming}\" intLanes=\"\">\n{requests}</junction>\n<junction id=\"o\" type=\"dead_end\" x=\"100\" y=\"0\"/>\n{links}</net>"
    );
    text
}
