//! A made-up running city behind the API's [`World`], for tests of the API and of the console.
//!
//! It keeps no safety rule and knows no kernel: lamps follow a clock, corridors pull them green,
//! a vehicle drives along. Nothing here says anything about the controller.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "made-up numbers, all small"
)]

mod acts;
mod drive;
mod picture;
mod town;
mod way;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use greenwave::shell::dispatch::auth::Principal;
use greenwave::shell::dispatch::request::Destination;
use greenwave::shell::dispatch::world::{
    Alarm, CityStatic, CityView, CorridorChange, CorridorRequest, CorridorState, CorridorView,
    Decision, ManualAct, ManualView, Names, OpenAnswer, PositionFix, PreviewRequest, PreviewView,
    Refusal, RefusalClass, WaveView, World,
};

use drive::Drive;
pub use town::Town;

/// The wave that is prepared in it.
const WAVE: &str = "arterial";

/// The made-up city.
#[derive(Debug)]
pub struct FakeCity {
    city: Arc<CityStatic>,
    drive: Mutex<Drive>,
    fixes: AtomicU64,
    alarms: Mutex<Vec<Alarm>>,
    wave_runs: AtomicBool,
}

impl FakeCity {
    /// A running town; `speed` control cycles pass every 100 ms. It stops when dropped.
    #[must_use]
    pub fn start(town: Town, speed: u32, with_faults: bool) -> Arc<Self> {
        let city = Arc::new(town.city.clone());
        let drive = Mutex::new(Drive::new(town, with_faults));
        let made = Arc::new(Self {
            city,
            drive,
            fixes: AtomicU64::new(0),
            alarms: Mutex::default(),
            wave_runs: AtomicBool::new(false),
        });
        let weak: Weak<Self> = Arc::downgrade(&made);
        std::thread::spawn(move || {
            while let Some(city) = weak.upgrade() {
                {
                    let mut drive = city.drive();
                    for _ in 0..speed {
                        drive.step();
                    }
                }
                drop(city);
                pause();
            }
        });
        made
    }

    fn set_wave(&self, id: &str, runs: bool) -> Result<(), Refusal> {
        if id != WAVE {
            let why = format!("no wave {id}; prepared: {WAVE}");
            return Err(Refusal::new(RefusalClass::NotFound, "no-such-wave", why));
        }
        self.wave_runs.store(runs, Ordering::Relaxed);
        Ok(())
    }

    fn drive(&self) -> MutexGuard<'_, Drive> {
        self.drive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Positions that were ever taken.
    #[must_use]
    pub fn fixes(&self) -> u64 {
        self.fixes.load(Ordering::Relaxed)
    }

    /// Codes of what is wrong with the message bus.
    #[must_use]
    pub fn alarms(&self) -> Vec<String> {
        let alarms = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        alarms.iter().map(|one| one.code.clone()).collect()
    }

    /// Corridors that were ever opened.
    #[must_use]
    pub fn opened(&self) -> u32 {
        self.drive().opened()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the made-up city runs in real time on its own thread"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

impl World for FakeCity {
    fn city(&self) -> Arc<CityStatic> {
        Arc::clone(&self.city)
    }

    fn bus_alarms(&self, alarms: Vec<Alarm>) {
        *self.alarms.lock().unwrap_or_else(PoisonError::into_inner) = alarms;
    }

    fn snapshot(&self) -> Arc<CityView> {
        Arc::new(self.drive().view())
    }

    fn preview(&self, request: &PreviewRequest) -> Result<PreviewView, Refusal> {
        self.drive().preview(&request.vehicle, &request.destination)
    }

    fn open(&self, request: &CorridorRequest, _: &Principal) -> Result<OpenAnswer, Refusal> {
        let mut drive = self.drive();
        let corridor = drive.open(request)?;
        Ok(OpenAnswer {
            corridor,
            decision: Decision::Accepted,
            reason: "ok".to_owned(),
            effective_priority: request.priority,
            valid_until_ms: request.expires_at_ms,
            revision: 1,
        })
    }

    fn corridor(&self, corridor: u32) -> Result<CorridorView, Refusal> {
        self.drive().corridor(corridor).cloned()
    }

    fn confirm(&self, corridor: u32, _: &Principal) -> Result<CorridorView, Refusal> {
        self.drive().corridor(corridor)?;
        Err(Refusal::new(
            RefusalClass::Conflict,
            "nothing-to-confirm",
            "this corridor needs no confirmation",
        ))
    }

    fn cancel(&self, corridor: u32, _: &Principal) -> Result<CorridorView, Refusal> {
        let mut drive = self.drive();
        drive.end(corridor, CorridorState::Cancelled)
    }

    fn extend(&self, corridor: u32, until_ms: i64, _: &Principal) -> Result<CorridorView, Refusal> {
        let mut drive = self.drive();
        drive.corridor(corridor)?.expires_ms = until_ms;
        drive.corridor(corridor).cloned()
    }

    fn change(
        &self,
        corridor: u32,
        change: &CorridorChange,
        _: &Principal,
    ) -> Result<CorridorView, Refusal> {
        self.drive().change(corridor, change)
    }

    fn take_out(&self, corridor: u32, site: &str, _: &Principal) -> Result<CorridorView, Refusal> {
        self.drive().take_out(corridor, site)
    }

    fn passed(&self, corridor: u32, site: &str, _: &Principal) -> Result<CorridorView, Refusal> {
        self.drive().passed(corridor, site)
    }

    fn manual(
        &self,
        site: &str,
        act: &ManualAct,
        lease_ms: u32,
        by: &Principal,
    ) -> Result<ManualView, Refusal> {
        self.drive().manual(site, act, lease_ms, &by.name)
    }

    fn release_manual(&self, site: &str, _: &Principal) -> Result<(), Refusal> {
        self.drive().release(site)
    }

    fn waves(&self) -> Result<Vec<WaveView>, Refusal> {
        let sites = self.city.sites.iter().take(3);
        Ok(vec![WaveView {
            id: WAVE.to_owned(),
            names: Names::new("干线绿波", "Arterial wave"),
            sites: sites.map(|site| site.id.clone()).collect(),
            lasts_s: 3_600,
            left_s: self.wave_runs.load(Ordering::Relaxed).then_some(3_600),
        }])
    }

    fn start_wave(&self, id: &str, _: &Principal) -> Result<(), Refusal> {
        self.set_wave(id, true)
    }

    fn end_wave(&self, id: &str, _: &Principal) -> Result<(), Refusal> {
        self.set_wave(id, false)
    }

    fn fix(&self, fix: &PositionFix, _: &Principal) -> Result<(), Refusal> {
        if self.city.vehicles.iter().any(|one| one.id == fix.vehicle) {
            self.fixes.fetch_add(1, Ordering::Relaxed);
            self.drive().place(&fix.vehicle, fix.at.at);
            Ok(())
        } else {
            Err(no_vehicle(&fix.vehicle))
        }
    }
}

fn no_vehicle(id: &str) -> Refusal {
    Refusal::new(
        RefusalClass::NotFound,
        "no-such-vehicle",
        format!("{id} is not on the allow-list"),
    )
    .blaming("vehicle.id", "a vehicle of GET /api/v1/vehicles")
}

fn no_place(destination: &Destination) -> Refusal {
    Refusal::new(
        RefusalClass::Unprocessable,
        "destination-unreachable",
        format!("no road leads to {destination:?}"),
    )
    .blaming(
        "destination",
        "a place, or a position at most 60 m from a road",
    )
}
