//! Who walks: the virtual street's walkers of each crossing, from kerb to kerb.

use super::demand::arrivals;
use super::dice::Dice;
use super::links::SiteLinks;
use super::town::Town;
use crate::ids::RoadId;

/// Somebody who crosses one arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    /// Half seconds since the beginning.
    pub(super) at: u32,
    /// The entering and the leaving road of the arm.
    pub(super) arm: (RoadId, RoadId),
    /// True if they come along the entering road, on its pavement.
    pub(super) from_entering: bool,
}

/// Streams of the dice.
const WALKERS: u64 = 2 << 32;

/// Every walker, by the time of setting off.
pub(super) fn walks(town: &Town<'_>, sites: &[SiteLinks]) -> Vec<Walk> {
    let mut walks = Vec::new();
    let crossings = sites
        .iter()
        .flat_map(|site| site.walks().map(move |(_, link, arm)| (site, link, arm)));
    for (stream, (site, link, arm)) in (0_u64..).zip(crossings) {
        let Some(leaves) = arm.leaves else { continue };
        let mut specs = town.map.walks.iter();
        let spec = specs.find(|spec| spec.site == site.site && spec.group == link.group);
        let same = site
            .walks()
            .filter(|(_, other, _)| other.group == link.group);
        let share = f32::from(u8::try_from(same.count()).unwrap_or(u8::MAX)).max(1.0);
        let walkers_h = spec.map_or(0.0, |spec| spec.walkers_h) / share;
        let dice = Dice::new(town.settings.seed, WALKERS + stream);
        for (at, mut own) in arrivals(town, walkers_h, dice) {
            walks.push(Walk {
                at,
                arm: (arm.enters, leaves),
                from_entering: own.chance(0.5),
            });
        }
    }
    walks.sort_by_key(|walk| walk.at);
    walks
}
