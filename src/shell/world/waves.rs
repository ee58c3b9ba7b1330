//! The prepared waves of arterials: which run, and the key that starts and ends them.

use std::sync::Arc;
use std::time::Instant;

use super::LiveWorld;
use crate::controller::{Command, Wave};
use crate::plan::PreparedWave;
use crate::shell::dispatch::view::Names;
use crate::shell::dispatch::world::{Refusal, RefusalClass, WaveView};

impl LiveWorld {
    pub(super) fn wave_views(&self) -> Result<Vec<WaveView>, Refusal> {
        let picture = self.picture()?;
        let city = &self.parts.planner.city;
        let view = |wave: &PreparedWave| {
            let running = picture.city.waves().iter().find(|one| one.id == wave.id);
            let left = running.map(|one| picture.now.until(one.until));
            let name = |(site, _): &(_, _)| city.site(*site).map(|site| site.id.clone());
            WaveView {
                id: wave.id.clone(),
                names: Names::new(&wave.name_zh, &wave.name_en),
                sites: wave.sites.iter().filter_map(name).collect(),
                lasts_s: wave.lasts.as_ms() / 1000,
                left_s: left.map(|left| left.as_ms().div_ceil(1000)),
            }
        };
        Ok(city.waves.iter().map(view).collect())
    }

    pub(super) fn begin_wave(&self, id: &str) -> Result<(), Refusal> {
        let wave = self.prepared_wave(id)?;
        let wave = Wave {
            id: wave.id.clone(),
            sites: wave.sites.clone(),
            until: self.picture()?.now + wave.lasts,
        };
        self.post(Command::Wave(Arc::new(wave)), Instant::now())
    }

    pub(super) fn stop_wave(&self, id: &str) -> Result<(), Refusal> {
        let wave = self.prepared_wave(id)?;
        self.post(Command::EndWave(wave.id.clone()), Instant::now())
    }

    fn prepared_wave(&self, id: &str) -> Result<&PreparedWave, Refusal> {
        let waves = &self.parts.planner.city.waves;
        waves.iter().find(|wave| wave.id == id).ok_or_else(|| {
            let known: Vec<&str> = waves.iter().map(|wave| wave.id.as_str()).collect();
            let known = match known.as_slice() {
                [] => "none is prepared".to_owned(),
                known => format!("prepared: {}", known.join(", ")),
            };
            let why = format!("no wave {id}; {known}");
            Refusal::new(RefusalClass::NotFound, "no-such-wave", why)
        })
    }
}
