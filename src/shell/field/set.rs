//! All links of a process: started together, handed over together.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::port::{CabinetPort, Cells, FieldClock, PortMonitor};
use super::session::Session;
use super::{link_rtu, link_tcp};
use crate::signal::SafetyTable;
use crate::units::Millis;

/// What a cabinet hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Modbus TCP at `host:port`.
    Tcp(String),
    /// A serial bus shared by all cabinets that name the same device.
    Rtu {
        /// The device, as `/dev/ttyS1`.
        device: PathBuf,
        /// Bits per second.
        baud: u32,
    },
}

/// What the cabinet does when it loses us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// Its local plan.
    #[default]
    LocalPlan,
    /// Flashing amber.
    Flash,
    /// Five seconds all red, then flashing amber.
    RedThenFlash,
}

impl Fallback {
    pub(super) const fn word(self) -> u16 {
        match self {
            Self::LocalPlan => 1,
            Self::Flash => 2,
            Self::RedThenFlash => 3,
        }
    }
}

/// One cabinet and the wire it hangs on.
#[derive(Clone, Debug)]
pub struct LinkSpec {
    /// The site's id, for messages.
    pub site: String,
    /// Unit id on the wire.
    pub unit: u8,
    /// The wire.
    pub wire: Wire,
    /// What the kernel runs on, for `CONFIG_HASH`.
    pub safety: Arc<SafetyTable>,
    /// Detector channels in use: the highest number and one.
    pub detectors: u8,
    /// What the cabinet does when it loses us.
    pub fallback: Fallback,
}

/// What all links of a process share.
#[derive(Clone, Copy, Debug)]
pub struct FieldOptions {
    /// Fencing token: larger than that of any controller before.
    pub epoch: u32,
    /// Who we are, for the cabinet's log.
    pub controller_id: u16,
    /// The program's clock.
    pub clock: FieldClock,
    /// Local time less UTC, in quarter hours, for the cabinet's clock.
    pub zone_quarters: i16,
}

/// How a hand-over went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// Cabinets that took the command to run their local plan.
    pub taken: usize,
    /// Cabinets there are.
    pub of: usize,
}

/// The running links.
#[derive(Debug)]
pub struct FieldSet {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    monitors: Vec<PortMonitor>,
}

impl FieldSet {
    /// Starts one task per TCP cabinet and one per serial bus on `handle`. The ports come in the
    /// order of `links`.
    #[must_use]
    pub fn start(
        handle: &Handle,
        links: Vec<LinkSpec>,
        options: FieldOptions,
    ) -> (Self, Vec<CabinetPort>) {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut ports = Vec::with_capacity(links.len());
        let mut buses: BTreeMap<PathBuf, (u32, Arc<Notify>, Vec<Session>)> = BTreeMap::new();
        for spec in links {
            match spec.wire.clone() {
                Wire::Tcp(address) => {
                    let wake = Arc::new(Notify::new());
                    let cells = Arc::new(Cells::new(wake, Millis::new(1000)));
                    ports.push(CabinetPort::new(cells.clone()));
                    let session = Session::new(spec, cells, options);
                    tasks.spawn_on(link_tcp::run(address, session, stopped.clone()), handle);
                }
                Wire::Rtu { device, baud } => {
                    let bus = buses.entry(device);
                    let (_, wake, sessions) =
                        bus.or_insert_with(|| (baud, Arc::default(), Vec::new()));
                    let cells = Arc::new(Cells::new(wake.clone(), Millis::new(2000)));
                    ports.push(CabinetPort::new(cells.clone()));
                    sessions.push(Session::new(spec, cells, options));
                }
            }
        }
        for (device, (baud, wake, sessions)) in buses {
            let bus = link_rtu::Bus::new(device, baud, wake, sessions);
            tasks.spawn_on(bus.run(stopped.clone()), handle);
        }
        let monitors = ports.iter().map(CabinetPort::monitor).collect();
        let set = Self {
            tasks,
            stop,
            monitors,
        };
        (set, ports)
    }

    /// Views of all links, in the order of the ports.
    #[must_use]
    pub fn monitors(&self) -> &[PortMonitor] {
        &self.monitors
    }

    /// Tells every cabinet to run its local plan and waits for the links to end, no longer than
    /// `wait`; links that have not ended by then are cut.
    pub async fn hand_over(mut self, wait: Duration) -> HandOver {
        // Nobody listening means that all links have ended already.
        let _sent = self.stop.send(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _in_time = timeout(wait, all).await;
        self.tasks.abort_all();
        let taken = self
            .monitors
            .iter()
            .filter(|monitor| monitor.status().state == super::port::LinkState::HandedOver);
        HandOver {
            taken: taken.count(),
            of: self.monitors.len(),
        }
    }
}
