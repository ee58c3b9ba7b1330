//! Which arm each pedestrian group crosses.

use serde::Deserialize;

use super::town::Town;
use crate::ids::{GroupId, RoadId};
use crate::plan::{CheckedSite, SiteKind};

/// An arm that is walked over: the road that comes in by it and the one that leads out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arm {
    /// The entering road.
    pub enters: RoadId,
    /// The leaving road, if there is one.
    pub leaves: Option<RoadId>,
}

#[derive(Deserialize)]
struct RawSite {
    #[serde(default)]
    group: Vec<RawGroup>,
}

#[derive(Deserialize)]
struct RawGroup {
    id: String,
    #[serde(default)]
    crosses: Vec<String>,
}

/// The arms that the walkers of each pedestrian group of `site` cross, or what is wrong.
///
/// A crossing between junctions is one crossing, however many arms its file names.
pub(super) fn arms_walked_over(
    town: &Town<'_>,
    site: &CheckedSite,
) -> Result<Vec<(GroupId, Arm)>, Vec<String>> {
    let raw = raw_site(town, site).map_err(|why| vec![why])?;
    let (mut arms, mut wrong) = (Vec::new(), Vec::new());
    for (at, info) in (0_u8..).zip(&site.groups) {
        if info.walk.is_none() {
            continue;
        }
        let named = raw.group.iter().find(|group| group.id == info.name);
        let mut found: Vec<Arm> = named
            .iter()
            .flat_map(|group| &group.crosses)
            .filter_map(|arm| arm_of(town, site, arm))
            .collect();
        if site.kind == SiteKind::Crossing {
            found.truncate(1);
        }
        if found.is_empty() {
            wrong.push(format!(
                "{}: group {} crosses no arm that a road comes in by; name one in `crosses`",
                site.id, info.name
            ));
        }
        arms.extend(found.into_iter().map(|arm| (GroupId::new(at), arm)));
    }
    if wrong.is_empty() {
        Ok(arms)
    } else {
        Err(wrong)
    }
}

fn raw_site(town: &Town<'_>, site: &CheckedSite) -> Result<RawSite, String> {
    let name = format!("sites/{}.toml", site.id);
    let mut files = town.files.iter();
    let (_, text) = files
        .find(|(file, _)| *file == name)
        .ok_or_else(|| format!("{name} is missing"))?;
    toml::from_str(text).map_err(|why| format!("{name}: {}", why.message()))
}

fn arm_of(town: &Town<'_>, site: &CheckedSite, arm: &str) -> Option<Arm> {
    let mut approaches = site.approaches.iter();
    let approach = approaches.find(|approach| approach.name == arm)?;
    let enters = town.graph.road_by_name(&approach.road)?;
    Some(Arm {
        enters,
        leaves: town.opposite(enters),
    })
}
