//! Runs that are over are accounted for without being asked, and teach the previews after them.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::{LiveWorld, WorldParts};
use crate::ids::CorridorId;
use crate::journal::worth::Worth;
use crate::network::RoadGraph;
use crate::shell::dispatch::world::{LateView, LearnedView};
use crate::shell::learned::{Errors, Kind, Lessons};
use crate::shell::runtime::Picture;
use crate::units::Millis;

/// So long after its end the others have settled, and the journal that tells it is on the disk.
const SETTLED: Millis = Millis::from_secs(250);

/// What the reports' thread does with an account beside the report.
#[derive(Clone, Debug)]
pub(super) struct Teacher {
    pub(super) lessons: Arc<Lessons>,
    pub(super) graph: Arc<RoadGraph>,
    pub(super) pictures: Arc<ArcSwapOption<Picture>>,
}

impl Teacher {
    pub(super) fn of(parts: &WorldParts) -> Self {
        Self {
            lessons: Arc::clone(&parts.lessons),
            graph: Arc::clone(&parts.planner.graph),
            pictures: Arc::clone(&parts.pictures),
        }
    }

    /// A run was accounted for.
    pub(super) fn take(&self, worth: &Worth) {
        self.lessons.take(worth);
    }

    /// Keeps what was learned, with the speeds that the engine knows now.
    pub(super) fn write(&self) {
        if let Some(picture) = self.pictures.load_full() {
            let paces = picture.city.corridors().paces();
            self.lessons.write(paces, &self.graph);
        }
    }
}

impl LiveWorld {
    /// Keeps what was learned; at the end of the program.
    pub fn keep_learned(&self) {
        Teacher::of(&self.parts).write();
    }

    /// Has every run accounted for that ended a while ago, each once.
    pub(super) fn account_finished(&self, told: &mut BTreeSet<CorridorId>) {
        let Some(picture) = self.newest() else {
            return;
        };
        let corridors = picture.city.corridors();
        told.retain(|corridor| corridors.mission(*corridor).is_some());
        let settled = corridors.missions().filter(|mission| {
            mission.state().is_over() && picture.now.since(mission.since()) >= SETTLED
        });
        for mission in settled {
            let corridor = mission.plan().corridor;
            if !told.contains(&corridor) && self.is_accounted(corridor.number()) {
                told.insert(corridor);
            }
        }
    }

    pub(super) fn learned_view(&self, picture: &Picture) -> LearnedView {
        let learned = self.parts.lessons.learned();
        let late = |errors: &Errors| {
            let (p50, p90) = errors.known().late();
            LateView {
                runs: errors.runs(),
                p50_per_mille: p50,
                p90_per_mille: p90,
            }
        };
        let roads = picture.city.corridors().paces().roads();
        LearnedView {
            emergency: late(learned.of(Kind::Emergency)),
            other: late(learned.of(Kind::Other)),
            roads: u32::try_from(roads).unwrap_or(u32::MAX),
        }
    }
}
