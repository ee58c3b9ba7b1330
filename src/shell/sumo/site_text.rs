//! The text of a site file.

use std::fmt::Write as _;

use super::course::{Tenths, secs};
use super::import::ImportProfile;
use super::signal::GREEN_USUAL;
use super::site::{Approach, Choice, Detector, Site, SiteLane, Use};
use super::timing::GREEN_MIN;

/// A text as TOML has it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(names: impl Iterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.map(|name| quoted(name.as_ref())).collect();
    format!("[{}]", names.join(", "))
}

/// Writes the site as its file will stand in the folder.
pub(super) fn write_site(site: &Site<'_>) -> String {
    let mut text = String::from("schema = 1\n\n[site]\n");
    let name = quoted(&site.name);
    let profile = quoted(site.profile.word());
    line(&mut text, &format!("id = {}", quoted(&site.id)));
    line(&mut text, &format!("name_zh = {name}\nname_en = {name}"));
    line(
        &mut text,
        &format!("kind = \"junction\"\nprofile = {profile}"),
    );
    groups(&mut text, site);
    matrix(&mut text, site);
    for approach in &site.approaches {
        write_approach(&mut text, site, approach);
    }
    for detector in &site.detectors {
        write_detector(&mut text, site, detector);
    }
    stages_and_plans(&mut text, site);
    let (flash, red) = match site.profile {
        ImportProfile::Cn => (10, 5),
        ImportProfile::Field | ImportProfile::Resco => (0, 0),
    };
    line(
        &mut text,
        &format!(
            "\n[safety]\nstartup = [ {{ show = \"flash-amber\", for_s = {flash} }}, \
             {{ show = \"all-red\", for_s = {red} }} ]\nfallback = \"flash-amber\"\n\
             readback_ms = 300\nred_lamp_lost = \"flash-amber\""
        ),
    );
    text
}

fn line(text: &mut String, more: &str) {
    text.push_str(more);
    text.push('\n');
}

fn groups(text: &mut String, site: &Site<'_>) {
    let timing = site.timing();
    for (number, group) in site.heads.groups.iter().enumerate() {
        line(text, &format!("\n[[group]]\nid = {}", quoted(&group.name)));
        if !group.walks {
            let speeds = site.heads.links_of(number).filter_map(|head| {
                let edge = site.net.edges.get(&head.link.from)?;
                edge.lanes
                    .get(head.link.from_lane)
                    .map(|lane| lane.speed_mps)
            });
            let speed = speeds.fold(0.0, f64::max).mul_add(3.6, 0.0).round();
            let speed = if speed > 0.0 {
                speed.clamp(5.0, 130.0)
            } else {
                50.0
            };
            line(
                text,
                &format!(
                    "kind = \"vehicle\"\namber_s = {}\nmin_green_s = {}\nmax_green_s = 300.0\n\
                     min_red_s = 1.0\nspeed_kmh = {speed}",
                    secs(timing.amber(number)),
                    secs(GREEN_MIN)
                ),
            );
            continue;
        }
        let crossed = site.heads.links_of(number).filter_map(|head| {
            super::heads::crossing_of(site.net, head.link).and_then(|id| site.net.edges.get(id))
        });
        let crossed: Vec<&String> = crossed.flat_map(|edge| &edge.crossing_edges).collect();
        let arms = site
            .approaches
            .iter()
            .filter(|a| crossed.contains(&&a.edge.id));
        line(
            text,
            &format!(
                "kind = \"pedestrian\"\ncrosses = {}\ncrossing_m = {:.1}\nwalk_speed_mps = 1.0\n\
                 walk_s = {}\nclear_s = {}\nmax_wait_s = 180.0\n\
                 max_wait_reason = \"as the imported programme serves them\"",
                list(arms.map(|arm| &arm.name)),
                timing.crossing_m(number),
                secs(GREEN_MIN),
                secs(timing.clear(number)),
            ),
        );
    }
}

fn matrix(text: &mut String, site: &Site<'_>) {
    let timing = site.timing();
    let name = |group: &usize| site.heads.name(*group);
    line(text, "\n[intergreen_s]");
    for group in 0..site.heads.groups.len() {
        let hostile = site
            .relations
            .hostile
            .iter()
            .filter(|(from, _)| *from == group);
        let cells: Vec<String> = hostile
            .map(|(from, to)| format!("{} = {}", name(to), secs(timing.intergreen(*from, *to))))
            .collect();
        if !cells.is_empty() {
            line(
                text,
                &format!("{} = {{ {} }}", name(&group), cells.join(", ")),
            );
        }
    }
    line(text, "\n[permissive]");
    for group in 0..site.heads.groups.len() {
        let over = site
            .relations
            .yields
            .iter()
            .filter(|(from, _)| *from == group);
        let over: Vec<&str> = over.map(|(_, to)| name(to)).collect();
        if !over.is_empty() {
            line(text, &format!("{} = {}", name(&group), list(over.iter())));
        }
    }
    line(text, "\n[compatible]\nrest = true");
}

fn write_approach(text: &mut String, site: &Site<'_>, approach: &Approach<'_>) {
    let groups = approach.groups();
    let names = list(groups.iter().map(|group| site.heads.name(*group)));
    line(
        text,
        &format!(
            "\n[[approach]]\nid = {}\nroad = {}\ngroups = {names}",
            quoted(&approach.name),
            quoted(&approach.edge.id)
        ),
    );
    match approach.choices.first() {
        Some(Choice::Groups) => line(text, &format!("emergency_groups = {names}")),
        Some(Choice::ClearFirst) => line(
            text,
            &format!("emergency_groups = {names}\nemergency_entry = \"clear-first\""),
        ),
        Some(Choice::Stage(at)) => line(text, &format!("emergency_stage = \"S{}\"", at + 1)),
        Some(Choice::Nothing) | None => line(
            text,
            "emergency = \"none\"\nemergency_reason = \"no green of this programme moves every \
             lane and is entered and left without a yellow trap\"",
        ),
    }
    for lane in &approach.lanes {
        write_lane(text, site, lane);
    }
}

fn write_lane(text: &mut String, site: &Site<'_>, lane: &SiteLane<'_>) {
    let ways: Vec<(&str, &str)> = lane
        .heads
        .iter()
        .map(|head| (site.heads.name(head.group), turn_word(head.link.dir)))
        .collect();
    let Some(((group, turn), more)) = ways.split_first() else {
        return;
    };
    line(
        text,
        &format!("\n  [[approach.lane]]\n  group = \"{group}\"\n  turns = [\"{turn}\"]"),
    );
    if !more.is_empty() {
        let also: Vec<String> = more
            .iter()
            .map(|(group, turn)| format!("{{ group = \"{group}\", turns = [\"{turn}\"] }}"))
            .collect();
        line(text, &format!("  also = [{}]", also.join(", ")));
    }
}

/// The word for a direction letter of the network.
pub(super) fn turn_word(dir: char) -> &'static str {
    match dir {
        'l' | 'L' => "left",
        'r' | 'R' => "right",
        't' => "u-turn",
        _ => "through",
    }
}

fn write_detector(text: &mut String, site: &Site<'_>, detector: &Detector) {
    let names = list(detector.groups.iter().map(|group| site.heads.name(*group)));
    let (word, fault, lane) = match detector.usage {
        Use::Presence(at, lane) => ("presence", "recall-min", Some((at, lane))),
        Use::Advance(at, lane, _) => ("advance", "recall-min", Some((at, lane))),
        Use::Button => ("button", "recall-every-cycle", None),
    };
    let (id, channel) = (&detector.name, detector.channel);
    line(
        text,
        &format!(
            "\n[[detector]]\nid = \"{id}\"\nchannel = {channel}\nuse = \"{word}\"\n\
             groups = {names}\non_fault = \"{fault}\"\nstuck_off_min = 1440"
        ),
    );
    if let Some((at, lane)) = lane {
        let approach = site
            .approaches
            .get(at)
            .map_or("?", |approach| &approach.name);
        line(
            text,
            &format!(
                "approach = \"{approach}\"\nlane = {lane}\nstuck_on_min = 10\n\
                 chatter_per_min = 120"
            ),
        );
    }
    if let Use::Advance(_, _, way) = detector.usage {
        line(text, &format!("upstream_m = {way:.1}"));
    }
}

fn stages_and_plans(text: &mut String, site: &Site<'_>) {
    for stage in 0..site.course.stages.len() {
        let groups = site.heads.of_stage(stage);
        let names = list(groups.iter().map(|group| site.heads.name(*group)));
        line(
            text,
            &format!("\n[[stage]]\nid = \"S{}\"\ngreen = {names}", stage + 1),
        );
    }
    let all: Vec<usize> = (0..site.course.stages.len()).collect();
    let on_demand = site.course.on_demand();
    let split = |stage: usize| site.splits.get(stage).copied().unwrap_or_default();
    let turns = site.course.turns.iter();
    let cycle: Tenths = turns.clone().map(|turn| split(turn.stage)).sum();
    let ring = list(turns.map(|turn| format!("S{}", turn.stage + 1)));
    line(
        text,
        &format!(
            "\n[[plan]]\nid = \"shipped\"\nmode = \"fixed\"\ncycle_s = {}\nsequence = {ring}\n\
             split_s = {}",
            secs(cycle),
            per_stage(&all, split)
        ),
    );
    let once = list(on_demand.iter().map(|stage| format!("S{}", stage + 1)));
    let longest = per_stage(&on_demand, |stage| site.longest(stage));
    let recalls = recalls(site, &on_demand);
    for (id, mode) in [("actuated", "actuated"), ("adaptive", "adaptive")] {
        line(
            text,
            &format!(
                "\n[[plan]]\nid = \"{id}\"\nmode = \"{mode}\"\nsequence = {once}\n\
                 max_green_s = {longest}{recalls}"
            ),
        );
    }
}

fn per_stage(stages: &[usize], time: impl Fn(usize) -> Tenths) -> String {
    let entries: Vec<String> = stages
        .iter()
        .map(|stage| format!("S{} = {}", stage + 1, secs(time(*stage))))
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

/// Groups that nothing detects are served every round.
fn recalls(site: &Site<'_>, on_demand: &[usize]) -> String {
    let mut called: Vec<usize> = Vec::new();
    for group in site.deaf() {
        let column = site.heads.group(group).map(|group| &group.column);
        let shown = |stage: &usize| column.and_then(|c| c.get(*stage)) == Some(&true);
        let mut stages = on_demand.iter().copied().filter(shown);
        if let Some(stage) = stages.next()
            && !called.contains(&stage)
        {
            called.push(stage);
        }
    }
    called.sort_unstable();
    let mut text = String::new();
    for (number, stage) in called.iter().enumerate() {
        let before = if number == 0 { "\nrecall = { " } else { ", " };
        let _ = write!(text, "{before}S{} = \"min\"", stage + 1);
    }
    if !text.is_empty() {
        text.push_str(" }");
    }
    text
}

impl Site<'_> {
    /// The longest green of a stage in the plans on demand.
    pub(super) fn longest(&self, stage: usize) -> Tenths {
        let stage = self.course.stages.get(stage);
        let said = stage.and_then(|stage| stage.longest).unwrap_or(GREEN_USUAL);
        said.min(self.green_cap).max(GREEN_MIN)
    }
}
