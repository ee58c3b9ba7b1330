//! The city's cabinets, emulated on real wires, with the virtual street before them.
//!
//! One thread moves the street every 100 ms: it sees what the cabinets' lamps really show, moves
//! people, and presses the cabinets' detectors and buttons. The referee watches the same lamps.

mod follow;
mod line;

pub use line::{StreetAccount, StreetLine, StreetOrder, Told};

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;

use follow::Followers;

use super::field::FieldClock;
use super::field::emulator::{CabinetHandle, CabinetSite, Fleet, RtuBus, StreetInputs};
use super::runtime::Pace;
use crate::detect::FieldInputs;
use crate::ids::SiteId;
use crate::plan::{CheckedCity, LinkKind};
use crate::sim::{Dispatch, Referee, SiteLamps, SiteRules, Street, StreetFix, VirtualStreet};
use crate::units::{Millis, Mono, TICK};

/// The referee forgives two scans of a cabinet and one step of the street. How late a step came it is
/// told with each look.
const REFEREE_SLACK: Millis = Millis::new(200);

/// The street answers at its next step.
const COPY_WITHIN: Duration = Duration::from_secs(2);

/// Where one cabinet can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CabinetAddress {
    /// Modbus TCP.
    Tcp(SocketAddr),
    /// Modbus RTU, by the device of the bus.
    Rtu(PathBuf),
}

/// Takes the positions that vehicles report.
pub type FixSink = Box<dyn FnMut(StreetFix) + Send>;

/// Emulated cabinets and the street before them; dropping it switches everything off.
#[derive(Debug)]
pub struct EmulatedCity {
    /// The cabinets' handles, indexed by [`SiteId`].
    pub cabinets: Vec<CabinetHandle>,
    /// Where each cabinet can be reached, indexed by [`SiteId`].
    pub addresses: Vec<CabinetAddress>,
    line: StreetLine,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _buses: Vec<RtuBus>,
    _fleet: Fleet,
}

/// A fleet, its handles and addresses by site, and its buses.
type SwitchedOn = (Fleet, Vec<CabinetHandle>, Vec<CabinetAddress>, Vec<RtuBus>);

/// Switches every cabinet of `city` on; ports as the links say, 0 for any free one.
///
/// # Errors
/// A site file the cabinet cannot read, a port or a pty that cannot be had.
fn switch_on(
    city: &CheckedCity,
    files: &[(String, String)],
    runtime: &Handle,
) -> io::Result<SwitchedOn> {
    let mut fleet = Fleet::new(runtime.clone());
    let mut reached: Vec<Option<(CabinetHandle, CabinetAddress)>> = vec![None; city.sites.len()];
    let mut buses = Vec::new();
    for (number, link) in city.links.iter().enumerate() {
        let on_link = city
            .cabinets
            .iter()
            .filter(|cabinet| cabinet.link == number);
        match link.kind {
            LinkKind::ModbusTcp => {
                for cabinet in on_link {
                    let port = match link.first_port {
                        0 => 0,
                        first => first.saturating_add(u16::from(cabinet.unit) - 1),
                    };
                    let site = cabinet_site(city, files, cabinet.site)?;
                    let at = SocketAddr::from(([127, 0, 0, 1], port));
                    let added = fleet.add_tcp(site, cabinet.unit, at);
                    let (handle, bound) = added.map_err(|why| cannot_listen(&link.id, at, &why))?;
                    if let Some(slot) = reached.get_mut(cabinet.site.index()) {
                        *slot = Some((handle, CabinetAddress::Tcp(bound)));
                    }
                }
            }
            LinkKind::ModbusRtu => {
                let cabinets: Vec<_> = on_link.collect();
                let sites = cabinets
                    .iter()
                    .map(|c| Ok((cabinet_site(city, files, c.site)?, c.unit)))
                    .collect::<io::Result<Vec<_>>>()?;
                let (handles, bus) = fleet.add_bus(sites, link.baud)?;
                for (cabinet, handle) in cabinets.iter().zip(handles) {
                    if let Some(slot) = reached.get_mut(cabinet.site.index()) {
                        *slot = Some((handle, CabinetAddress::Rtu(bus.path().to_path_buf())));
                    }
                }
                buses.push(bus);
            }
        }
    }
    let (handles, addresses) = reached.into_iter().flatten().unzip();
    Ok((fleet, handles, addresses, buses))
}

fn cannot_listen(link: &str, at: SocketAddr, why: &io::Error) -> io::Error {
    let text = format!(
        "an emulated cabinet cannot listen on {at}: {why}; end what listens there (another \
         `greenwave emulate`?) or change `first_port` of link {link} in cabinets/links.toml"
    );
    io::Error::new(why.kind(), text)
}

fn cabinet_site(
    city: &CheckedCity,
    files: &[(String, String)],
    site: SiteId,
) -> io::Result<CabinetSite> {
    let id = city
        .site(site)
        .map(|site| site.id.clone())
        .unwrap_or_default();
    let name = format!("sites/{id}.toml");
    let text = files
        .iter()
        .find(|(file, _)| *file == name)
        .map(|(_, text)| text.as_str());
    CabinetSite::parse(text.unwrap_or_default())
        .map_err(|why| io::Error::other(format!("the cabinet cannot read {name}: {why}")))
}

impl EmulatedCity {
    /// Switches the cabinets on and lets people walk and drive before them.
    ///
    /// # Errors
    /// As the cabinets' files, ports and ptys allow, or no thread is to be had.
    pub fn start(
        city: &CheckedCity,
        files: &[(String, String)],
        (walked, rules): (VirtualStreet, Arc<[SiteRules]>),
        (executor, clock): (Handle, FieldClock),
        fixes: FixSink,
    ) -> io::Result<Self> {
        let (fleet, cabinets, addresses, buses) = switch_on(city, files, &executor)?;
        let (orders, inbox) = channel();
        let account = Arc::new(Mutex::new(StreetAccount::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let mut walk = Walk {
            street: walked,
            referee: Referee::new(rules.to_vec(), REFEREE_SLACK),
            rules,
            cabinets: cabinets.clone(),
            lamps: Vec::new(),
            inputs: FieldInputs::default(),
            inbox,
            fixes,
            account: Arc::clone(&account),
            followers: Followers::default(),
            ahead: None,
            clock,
            looked: None,
        };
        let seen = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("street".to_owned())
            .spawn(move || walk.run(&seen))?;
        Ok(Self {
            cabinets,
            addresses,
            line: StreetLine::new(orders, account),
            stop,
            thread: Some(thread),
            _buses: buses,
            _fleet: fleet,
        })
    }

    /// Asks something of the street; false if it has ended.
    #[must_use]
    pub fn order(&self, order: StreetOrder) -> bool {
        self.line.order(order)
    }

    /// A line to the street for another thread.
    #[must_use]
    pub fn line(&self) -> StreetLine {
        self.line.clone()
    }

    /// A copy of the street as it stands; nothing if the street has ended.
    #[must_use]
    pub fn copy(&self) -> Option<VirtualStreet> {
        let (to, from) = channel();
        if !self.order(StreetOrder::Copy(to)) {
            return None;
        }
        from.recv_timeout(COPY_WITHIN).ok()
    }

    /// What was seen so far, refreshed once a second.
    #[must_use]
    pub fn account(&self) -> StreetAccount {
        self.line.account()
    }
}

impl Drop for EmulatedCity {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the street ended with a panic");
        }
    }
}

struct Walk {
    street: VirtualStreet,
    referee: Referee,
    rules: Arc<[SiteRules]>,
    cabinets: Vec<CabinetHandle>,
    lamps: Vec<SiteLamps>,
    inputs: FieldInputs,
    inbox: Receiver<StreetOrder>,
    fixes: FixSink,
    account: Arc<Mutex<StreetAccount>>,
    followers: Followers,
    /// The street's clock is this far ahead of the program's, for it was warmed up before; nothing
    /// while it stands still.
    ahead: Option<Millis>,
    clock: FieldClock,
    /// When the lamps were looked at last, on the street's clock.
    looked: Option<Mono>,
}

impl Walk {
    fn run(&mut self, stop: &AtomicBool) {
        let mut pace = Pace::new();
        let mut steps = 0_u32;
        while !stop.load(Ordering::Relaxed) {
            let _beat = pace.wait();
            self.obey();
            if let Some(ahead) = self.ahead {
                self.step(ahead);
            }
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(10) {
                self.tell();
            }
        }
        self.tell();
    }

    fn obey(&mut self) {
        while let Ok(order) = self.inbox.try_recv() {
            match order {
                StreetOrder::Dispatch(drive) => {
                    let _drives = self.dispatch(&drive);
                }
                StreetOrder::Withdraw(vehicle) => self.withdraw(&vehicle),
                StreetOrder::Drive(drive, to) => self.drive(drive, to),
                StreetOrder::Go => {
                    if self.ahead.is_none() {
                        let (street, program) = (self.street.now(), self.clock.now());
                        self.ahead = Some(street.since(program));
                        self.street.hand_over();
                    }
                }
                StreetOrder::Copy(to) => {
                    // Who asked may have given up waiting.
                    let _nobody_waits = to.send(self.street.clone());
                }
                StreetOrder::Recount => {
                    self.street.reset_counters();
                    self.referee = Referee::new(self.rules.to_vec(), REFEREE_SLACK);
                }
            }
        }
    }

    /// False if there is no such way.
    fn dispatch(&mut self, drive: &Dispatch) -> bool {
        let gone = self.street.dispatch(drive);
        if let Err(why) = &gone {
            tracing::error!(vehicle = drive.vehicle, %why, "cannot drive");
        }
        gone.is_ok()
    }

    fn withdraw(&mut self, vehicle: &str) {
        let _was_there = self.street.withdraw(vehicle);
        self.followers.give_up(vehicle);
    }

    fn drive(&mut self, drive: Dispatch, to: SyncSender<Told>) {
        self.withdraw(&drive.vehicle);
        if self.dispatch(&drive) {
            self.followers.add(drive.vehicle, to);
        }
    }

    fn step(&mut self, ahead: Millis) {
        let began = self.clock.now() + ahead;
        self.lamps.clear();
        self.lamps
            .extend(self.cabinets.iter().map(CabinetHandle::lamps));
        // On a loaded machine this thread comes late, or is stopped between the clock and the lamps.
        let now = self.clock.now() + ahead;
        let due = self.looked.replace(began).map_or(now, |last| last + TICK);
        self.referee
            .watch_late((due, now), &self.lamps, &self.street);
        self.street.step(now, &self.lamps);
        for (number, cabinet) in (0_u16..).zip(&self.cabinets) {
            self.street.sense(SiteId::new(number), &mut self.inputs);
            cabinet.set_inputs(StreetInputs::from(&self.inputs));
        }
        self.followers.tell(&self.street);
        let ahead = u64::from(ahead.as_ms());
        for mut fix in self.street.fixes(now) {
            fix.at = Mono::from_ms(fix.at.as_ms().saturating_sub(ahead));
            (self.fixes)(fix);
        }
    }

    fn tell(&self) {
        let account = StreetAccount {
            stats: self.street.stats(),
            drives: self.street.drives().cloned().collect(),
            referee: super::virtual_city::counts_json(&self.referee),
            sightings: self
                .referee
                .sightings()
                .iter()
                .map(|seen| format!("{seen:?}"))
                .collect(),
            present: self.street.present(),
            now: self.street.now(),
        };
        *self.account.lock().unwrap_or_else(PoisonError::into_inner) = account;
    }
}

#[cfg(test)]
mod tests;
