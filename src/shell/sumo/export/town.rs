//! What everything that is written out is derived from.

use crate::ids::{PlanId, RoadId, SiteId};
use crate::network::{self, RoadGraph};
use crate::plan::{CheckedCity, CheckedSite};
use crate::sim::{PEAK_SATURATION, Road, RoadEnd, StreetMap, lay_city};
use crate::units::{CivilTime, Date};

/// How much is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportSettings {
    /// How long traffic sets off, seconds.
    pub seconds: u32,
    /// When it begins, seconds after midnight.
    pub start_s: u32,
    /// What everything random follows from.
    pub seed: u64,
}

/// A city and the street that the program's own simulation makes of it.
#[derive(Debug)]
pub struct Town<'a> {
    /// Sites and plans.
    pub city: &'a CheckedCity,
    /// Roads and junctions.
    pub graph: &'a RoadGraph,
    /// The files, for what a checked site does not keep: which arms walkers cross.
    pub files: &'a [(String, String)],
    /// Lanes, turning shares, inflows, people: the virtual street's.
    pub map: StreetMap,
    /// How much is written out.
    pub settings: ExportSettings,
}

impl<'a> Town<'a> {
    /// Lays out the street of a city.
    #[must_use]
    pub fn new(
        city: &'a CheckedCity,
        graph: &'a RoadGraph,
        files: &'a [(String, String)],
        settings: ExportSettings,
    ) -> Self {
        Self {
            city,
            graph,
            files,
            map: lay_city(graph, &city.sites, PEAK_SATURATION),
            settings,
        }
    }

    /// A road of the graph together with what the street makes of it.
    pub(super) fn road(&self, road: RoadId) -> Option<(&network::Road, &Road)> {
        Some((self.graph.road(road)?, self.map.roads.get(road.index())?))
    }

    /// Every road, by rising number.
    pub(super) fn roads(&self) -> impl Iterator<Item = (RoadId, &network::Road, &Road)> {
        let all = self.graph.roads();
        all.filter_map(|(id, road)| Some((id, road, self.map.roads.get(id.index())?)))
    }

    /// The site a road ends at.
    pub(super) fn site_at_end(&self, road: RoadId) -> Option<SiteId> {
        match self.map.roads.get(road.index())?.end {
            RoadEnd::Signal(site, _) => Some(site),
            RoadEnd::Free | RoadEnd::Sink => None,
        }
    }

    /// Every site, by rising number.
    pub(super) fn sites(&self) -> impl Iterator<Item = (SiteId, &CheckedSite)> {
        let numbers = (0_u16..).map(SiteId::new);
        numbers.zip(self.city.sites.iter().map(AsRef::as_ref))
    }

    /// The road that leads back where `road` comes from.
    pub(super) fn opposite(&self, road: RoadId) -> Option<RoadId> {
        let ends = self.graph.road(road).map(|road| (road.to, road.from))?;
        let mut all = self.graph.roads();
        all.find(|(_, other)| (other.from, other.to) == ends)
            .map(|(id, _)| id)
    }

    /// Seconds of the local day at `second` of the run.
    pub(super) const fn second_of_day(&self, second: u32) -> u32 {
        (self.settings.start_s + second) % 86_400
    }

    /// The plan that a site runs when the traffic begins, on a working day.
    pub(super) fn plan_due(&self, site: &CheckedSite) -> PlanId {
        site.schedule.plan_at(CivilTime {
            // The same Monday that `simulate` uses.
            date: Date {
                year: 2026,
                month: 11,
                day: 23,
            },
            second_of_day: self.settings.start_s % 86_400,
        })
    }
}
