//! Site files as text.

use std::fmt::Write as _;

use crate::conflicts::{Relation, intergreen_ds, relation};
use crate::site::{Approach, Group, Kind, Plan, Site, Timing};

/// The text of `sites/ID.toml`.
pub(crate) fn site(site: &Site) -> String {
    let mut text = String::from(
        "# Written by make-city (see ../README.md): change the tables there, or take this file over by hand.\n",
    );
    let parts = [
        head(site),
        site.groups.iter().map(group).collect(),
        relations(site),
        site.approaches.iter().map(approach).collect(),
        detectors(site),
        stages(site),
        site.plans.iter().map(|one| plan(site, one)).collect(),
        SAFETY.to_owned(),
    ];
    for part in parts {
        text.push_str(&part);
    }
    text
}

const SAFETY: &str = "
[safety]
startup = [{ show = \"flash-amber\", for_s = 10 }, { show = \"all-red\", for_s = 5 }]
fallback = \"flash-amber\"
readback_ms = 300
red_lamp_lost = \"flash-amber\"
";

fn head(site: &Site) -> String {
    let kind = if site.junction {
        "junction"
    } else {
        "crossing"
    };
    format!(
        "schema = 1\n\n[site]\nid = \"{}\"\nname_zh = \"{}\"\nname_en = \"{}\"\nkind = \"{kind}\"\n\
         profile = \"cn\"\ncorridor_wait_max_s = 120\ncorridor_red_max_s = 150\ncorridor_hold_max_s = 120\n",
        site.id, site.zh, site.en
    )
}

fn group(group: &Group) -> String {
    let head = format!(
        "\n[[group]]\nid = \"{}\"\nkind = \"{}\"\n",
        group.id,
        group.kind.word()
    );
    let Some(walk) = &group.walk else {
        return head
            + &format!(
                "amber_s = 3.0\nmin_green_s = {}.0\nmax_green_s = {}.0\nspeed_kmh = {}\n",
                group.min_green_s, group.max_green_s, group.speed_kmh
            );
    };
    let crosses: Vec<_> = walk.crosses.iter().map(char::to_string).collect();
    let extend = if walk.extend_s == 0 {
        String::new()
    } else {
        format!("extend_by_s = {}.0\nlong_press_s = 2.0\n", walk.extend_s)
    };
    head + &format!(
        "crosses = {}\ncrossing_m = {}.0\nwalk_speed_mps = 1.0\nwalk_s = {}.0\nclear_s = {}.0\n{extend}max_wait_s = {}.0\n",
        list(&crosses),
        walk.crossing_m,
        walk.steady_s,
        walk.clear_s,
        walk.max_wait_s
    )
}

fn relations(site: &Site) -> String {
    let mut text = String::from("\n[intergreen_s]\n");
    for from in &site.groups {
        let hostile = site.groups.iter().filter_map(|to| {
            let ds = intergreen_ds(from, to)?;
            Some(format!("{} = {}.{}", to.id, ds / 10, ds % 10))
        });
        let cells: Vec<_> = hostile.collect();
        if !cells.is_empty() {
            let _ = writeln!(text, "{} = {{ {} }}", from.id, cells.join(", "));
        }
    }
    text.push_str("\n[permissive]\n");
    for (at, from) in site.groups.iter().enumerate() {
        let later = site.groups.iter().skip(at + 1);
        let partners = later.filter(|to| relation(from, to) == Relation::Permissive);
        let partners: Vec<_> = partners.map(|to| to.id.clone()).collect();
        if !partners.is_empty() {
            let _ = writeln!(text, "{} = {}", from.id, list(&partners));
        }
    }
    text + "\n[compatible]\nrest = true\n"
}

fn approach(approach: &Approach) -> String {
    let mut text = format!(
        "\n[[approach]]\nid = \"{}\"\nroad = \"{}\"\ngroups = {}\nemergency_groups = {}\n",
        approach.arm,
        approach.road,
        list(&approach.groups),
        list(&approach.emergency)
    );
    if let Some(riders) = &approach.riders {
        let _ = writeln!(text, "riders = \"{riders}\"");
    }
    for lane in &approach.lanes {
        let turns: Vec<_> = lane.turns.iter().map(|turn| (*turn).to_owned()).collect();
        let _ = write!(
            text,
            "\n  [[approach.lane]]\n  group = \"{}\"\n  turns = {}\n",
            lane.group,
            list(&turns)
        );
    }
    text
}

fn detectors(site: &Site) -> String {
    let mut text = String::new();
    let mut channel = 0;
    for approach in &site.approaches {
        for (lane, lane_of) in approach.lanes.iter().enumerate() {
            let mut called = vec![lane_of.group.clone()];
            if lane == 0 {
                called.extend(approach.riders.clone());
            }
            if lane_of.turns == ["left"] {
                let waiting = approach
                    .groups
                    .iter()
                    .find(|id| **id == format!("{}W", approach.arm));
                called.extend(waiting.cloned());
            }
            called.dedup();
            for (usage, letter, passage) in [("presence", 'D', "2.0"), ("advance", 'U', "3.0")] {
                let place = if usage == "advance" {
                    "upstream_m = 60\n"
                } else {
                    ""
                };
                let _ = write!(
                    text,
                    "\n[[detector]]\nid = \"{letter}{}{lane}\"\nchannel = {channel}\nuse = \"{usage}\"\n\
                     groups = {}\napproach = \"{}\"\nlane = {lane}\n{place}passage_s = {passage}\n\
                     stuck_on_min = 10\nstuck_off_min = 240\nchatter_per_min = 60\non_fault = \"recall-min\"\n",
                    approach.arm,
                    list(if usage == "advance" {
                        &called[..1]
                    } else {
                        &called
                    }),
                    approach.arm,
                );
                channel += 1;
            }
        }
    }
    assert!(channel <= 32, "{}: {channel} detectors", site.id);
    text + &buttons(site)
}

fn buttons(site: &Site) -> String {
    let mut text = String::new();
    let mut channel = 0;
    for group in site
        .groups
        .iter()
        .filter(|group| group.kind == Kind::Pedestrian)
    {
        for post in 1..=site.posts {
            let number = if site.posts > 1 {
                post.to_string()
            } else {
                String::new()
            };
            let _ = write!(
                text,
                "\n[[detector]]\nid = \"B{}{number}\"\nchannel = {channel}\nuse = \"button\"\ngroups = [\"{}\"]\n\
                 stuck_on_min = 5\nstuck_off_min = 1440\nchatter_per_min = 60\non_fault = \"recall-every-cycle\"\n",
                group.id, group.id
            );
            channel += 1;
        }
    }
    text
}

fn stages(site: &Site) -> String {
    let made = site.stages.iter().map(|stage| {
        format!(
            "\n[[stage]]\nid = \"{}\"\ngreen = {}\n",
            stage.id,
            list(&stage.green)
        )
    });
    made.collect()
}

fn plan(site: &Site, plan: &Plan) -> String {
    let ids: Vec<_> = site
        .stages
        .iter()
        .map(|stage| stage.id.to_string())
        .collect();
    let recall: Vec<_> = plan
        .recall
        .iter()
        .map(|id| format!("{id} = \"min\""))
        .collect();
    let recall = format!("recall = {{ {} }}\n", recall.join(", "));
    let table = |values: &[u32]| {
        let cells: Vec<_> = ids
            .iter()
            .zip(values)
            .map(|(id, value)| format!("{id} = {value}"))
            .collect();
        format!("{{ {} }}", cells.join(", "))
    };
    let head = format!("\n[[plan]]\nid = \"{}\"\n", plan.id);
    match &plan.timing {
        Timing::Coordinated {
            cycle_s,
            offset_s,
            split_s,
        } => format!(
            "{head}mode = \"coordinated\"\ncycle_s = {cycle_s}\noffset_s = {offset_s}\n\
             offset_ref = \"start-of-green\"\ncoordinated = \"A\"\nsequence = {}\nsplit_s = {}\n{recall}\
             force_off = \"fixed\"\ntransition = {{ method = \"shortway\", max_change = 0.20 }}\n",
            list(&ids),
            table(split_s)
        ),
        Timing::Actuated {
            adaptive,
            max_green_s,
        } => {
            let mode = if *adaptive {
                "mode = \"adaptive\"\nadaptive = { level = \"free\" }"
            } else {
                "mode = \"actuated\""
            };
            format!(
                "{head}{mode}\nsequence = {}\n{recall}max_green_s = {}\nrest = \"A\"\n",
                list(&ids),
                table(max_green_s)
            )
        }
    }
}

fn list(items: &[String]) -> String {
    let quoted: Vec<_> = items.iter().map(|item| format!("\"{item}\"")).collect();
    format!("[{}]", quoted.join(", "))
}
