//! Vehicles that leave their routes get new ones, within three seconds; and runs that are over are sent
//! to be accounted for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::{LiveWorld, lock};
use crate::controller::Command;
use crate::ids::CorridorId;
use crate::units::Mono;

/// How often wrong turns are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl LiveWorld {
    /// Looks for wrong turns in a thread of its own, as long as the world exists.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn keep_routes(world: &Arc<Self>) -> std::io::Result<()> {
        let world = Arc::downgrade(world);
        let look = move || {
            let (mut tried, mut told) = (BTreeMap::new(), BTreeSet::new());
            while let Some(world) = Weak::upgrade(&world) {
                world.mend_routes(&mut tried);
                world.account_finished(&mut told);
                drop(world);
                std::thread::sleep(LOOK_EVERY);
            }
        };
        let thread = std::thread::Builder::new().name("routes".to_owned());
        thread.spawn(look).map(|_runs_until_the_world_ends| ())
    }

    /// Plans anew for every vehicle that the newest picture shows off its route, once for each of
    /// its positions there.
    fn mend_routes(&self, tried: &mut BTreeMap<CorridorId, Mono>) {
        let Some(picture) = self.newest() else {
            return;
        };
        for mission in picture.city.corridors().missions() {
            let Some(stray) = mission.stray() else {
                continue;
            };
            let corridor = mission.plan().corridor;
            if tried.insert(corridor, stray.at) == Some(stray.at) {
                continue;
            }
            let opened = lock(&self.opened)
                .get(&corridor.number())
                .map(|one| one.size);
            let planner = &self.parts.planner;
            let size = opened.unwrap_or_else(|| planner.size_of_vehicle(mission.plan()));
            match planner.replan(mission.plan(), &stray, size) {
                Ok((plan, route)) => {
                    let command = Command::ReplaceCorridor(Arc::new(plan));
                    if let Err(why) = self.post(command, Instant::now()) {
                        tracing::warn!(%corridor, why = why.detail, "a new route was not taken");
                    } else if let Some(opened) = lock(&self.opened).get_mut(&corridor.number()) {
                        opened.route = route;
                    }
                }
                Err(why) => tracing::warn!(%corridor, %why, "no new route after a wrong turn"),
            }
        }
    }
}
