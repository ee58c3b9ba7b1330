//! Many cabinets in one runtime: the handles a virtual street and a test hold, and the timer.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::core::CabinetCore;
use super::rtu::RtuBus;
use super::site::CabinetSite;
use super::{StreetInputs, rtu, tcp};
use crate::signal::Indication;

/// Time between two device scans.
const SCAN: Duration = Duration::from_millis(50);

/// Faults of the wire: each `..._next` counts answers that are still to be spoiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Every answer comes this much later.
    pub delay: Duration,
    /// This many answers come `late_by` later, and then no more.
    pub late_next: u32,
    /// How late those come.
    pub late_by: Duration,
    /// Answers that never come.
    pub drop_next: u32,
    /// Answers that come twice.
    pub duplicate_next: u32,
    /// Answers with one word less than asked for, well framed.
    pub short_next: u32,
    /// Answers that are replaced by noise.
    pub noise_next: u32,
    /// Answers in another unit's name.
    pub wrong_unit_next: u32,
    /// Nothing is heard and nothing said, as with a cut cable.
    pub silent: bool,
    /// FC23 is refused as unknown.
    pub no_fc23: bool,
}

/// What a test or a street may want to know at one glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CabinetState {
    /// `ACTIVE_MODE` of the map.
    pub mode: u16,
    /// `MODE_REASON` of the map.
    pub reason: u16,
    /// `ACCEPTED_EPOCH`.
    pub epoch: u32,
    /// `ACCEPTED_SEQ`.
    pub accepted_seq: u16,
    /// `LAST_REJECT`.
    pub last_reject: u16,
    /// `REJECT_COUNT`.
    pub reject_count: u16,
    /// `BOOT_COUNT`.
    pub boot_count: u16,
    /// Times it lost its controller today.
    pub comms_faults: u16,
    /// Milliseconds of its own clock.
    pub now_ms: u64,
    /// Mode changes so far are kept here: the last one, on its own clock.
    pub mode_since_ms: u64,
    /// When it last accepted a command, on its own clock.
    pub commanded_ms: u64,
    /// How long that command lived.
    pub ttl_ms: u64,
}

/// One cabinet behind its lock. The lock is held for microseconds and never across an await.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) unit: u8,
    clock: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) core: CabinetCore,
    pub(super) faults: Faults,
    mode: u16,
    mode_since: u64,
}

impl Inner {
    /// Remembers when the mode changed.
    pub(super) fn note(&mut self) {
        let mode = self.core.active_mode();
        if mode != self.mode {
            self.mode = mode;
            self.mode_since = self.core.now;
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cabinet, and its own clock once it is held: whoever waits for it acts at the end of the
    /// wait. A moment from before it would begin an amber in the past, and cut it.
    pub(super) fn lock_now(&self) -> (MutexGuard<'_, Inner>, u64) {
        let inner = self.lock();
        let now = u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        (inner, now)
    }
}

/// A cabinet as the outside sees it; cheap to clone and to use from any thread.
#[derive(Clone, Debug)]
pub struct CabinetHandle {
    shared: Arc<Shared>,
}

impl CabinetHandle {
    /// What is lit now, as a person on the street sees it.
    #[must_use]
    pub fn lamps(&self) -> [Indication; 32] {
        self.shared.lock().core.observed()
    }

    /// Detectors, buttons and their counters, kept by the caller.
    pub fn set_inputs(&self, inputs: StreetInputs) {
        self.shared.lock().core.set_inputs(inputs);
    }

    /// Raw contacts; the cabinet counts edges itself.
    pub fn set_contacts(&self, occupied: u32, buttons: u16) {
        let (mut inner, now) = self.shared.lock_now();
        inner.core.set_contacts(now, occupied, buttons);
    }

    /// Mode, acceptance and rejects.
    #[must_use]
    pub fn state(&self) -> CabinetState {
        let inner = self.shared.lock();
        let core = &inner.core;
        CabinetState {
            mode: core.active_mode(),
            reason: core.reason,
            epoch: core.kept.epoch,
            accepted_seq: core.accepted_seq,
            last_reject: core.last_reject,
            reject_count: core.reject_count,
            boot_count: core.kept.boot_count,
            comms_faults: core.comms_faults,
            now_ms: core.now,
            mode_since_ms: inner.mode_since,
            commanded_ms: core.commanded.0,
            ttl_ms: core.commanded.1,
        }
    }

    /// Site id, as `J07`.
    #[must_use]
    pub fn site(&self) -> String {
        self.shared.lock().core.site().id().to_owned()
    }

    /// Unit id on its wire.
    #[must_use]
    pub fn unit(&self) -> u8 {
        self.shared.unit
    }

    /// Puts faults on the wire.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.lock().faults = faults;
    }

    /// The faults that are still to come.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared.lock().faults
    }

    /// Switches the cabinet off and on.
    pub fn restart(&self) {
        let (mut inner, now) = self.shared.lock_now();
        inner.core.restart(now);
    }

    /// Lets one group's lamps show something else than they are told; `None` mends it.
    pub fn stick_lamp(&self, stuck: Option<(u8, Indication)>) {
        self.shared.lock().core.ills.stuck = stuck;
    }

    /// Lights two hostile groups green, as a short circuit would.
    pub fn short_circuit(&self, on: bool) {
        self.shared.lock().core.ills.conflict = on;
    }

    /// A person takes over at the panel, or leaves it.
    pub fn work_panel(&self, on: bool) {
        self.shared.lock().core.ills.manual = on;
    }

    /// A person puts the monitor back.
    pub fn reset_monitor(&self) {
        let (mut inner, now) = self.shared.lock_now();
        inner.core.reset_monitor(now);
    }

    /// A copy of the cabinet as it stands, to be stepped by hand.
    #[must_use]
    pub fn snapshot(&self) -> CabinetCore {
        self.shared.lock().core.clone()
    }
}

/// Emulated cabinets that share one runtime and one timer; dropping the fleet switches them off.
#[derive(Debug)]
pub struct Fleet {
    handle: Handle,
    clock: Instant,
    cabinets: Arc<Mutex<Vec<Arc<Shared>>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Fleet {
    /// An empty fleet on `handle`, with its timer running.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        let clock = Instant::now();
        let cabinets: Arc<Mutex<Vec<Arc<Shared>>>> = Arc::default();
        let timer = handle.spawn(scan_all(cabinets.clone()));
        Self {
            handle,
            clock,
            cabinets,
            tasks: vec![timer],
        }
    }

    /// Switches a cabinet on and lets it listen at `at`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn add_tcp(
        &mut self,
        site: CabinetSite,
        unit: u8,
        at: SocketAddr,
    ) -> io::Result<(CabinetHandle, SocketAddr)> {
        let listener = std::net::TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        let bound = listener.local_addr()?;
        let entered = self.handle.enter();
        let listener = TcpListener::from_std(listener)?;
        drop(entered);
        let shared = self.switch_on(site, unit);
        let task = self.handle.spawn(tcp::serve(listener, shared.clone()));
        self.tasks.push(task);
        Ok((CabinetHandle { shared }, bound))
    }

    /// Switches cabinets on that share one paced RTU bus on a new pty.
    ///
    /// # Errors
    /// When no pty can be had.
    pub fn add_bus(
        &mut self,
        sites: Vec<(CabinetSite, u8)>,
        baud: u32,
    ) -> io::Result<(Vec<CabinetHandle>, RtuBus)> {
        let entered = self.handle.enter();
        let (port, bus) = rtu::open_pair()?;
        drop(entered);
        let shared: Vec<_> = sites
            .into_iter()
            .map(|(site, unit)| self.switch_on(site, unit))
            .collect();
        let task = self.handle.spawn(rtu::serve(port, shared.clone(), baud));
        self.tasks.push(task);
        let handles = shared.into_iter().map(|shared| CabinetHandle { shared });
        Ok((handles.collect(), bus))
    }

    fn switch_on(&self, site: CabinetSite, unit: u8) -> Arc<Shared> {
        let core = CabinetCore::new(Arc::new(site), 0);
        let mode = core.active_mode();
        let mut shared = Shared {
            unit,
            clock: self.clock,
            inner: Mutex::new(Inner {
                core,
                faults: Faults::default(),
                mode,
                mode_since: 0,
            }),
        };
        shared.clock = Instant::now();
        let shared = Arc::new(shared);
        let mut all = self.cabinets.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(shared.clone());
        shared
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn scan_all(cabinets: Arc<Mutex<Vec<Arc<Shared>>>>) {
    let mut timer = tokio::time::interval(SCAN);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let all = cabinets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for shared in all {
            let (mut inner, now) = shared.lock_now();
            inner.core.step(now);
            inner.note();
        }
    }
}

#[cfg(test)]
mod tests;
