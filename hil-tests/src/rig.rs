//! The rig: a small site, emulated cabinets on real wires, and kernels that drive them through the
//! links as the control thread does.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use greenwave::ids::GroupId;
use greenwave::kernel::{Kernel, Request};
use greenwave::shell::field::emulator::{CabinetHandle, CabinetSite, Fleet, RtuBus};
use greenwave::shell::field::{
    CabinetPort, Fallback, FieldClock, FieldOptions, FieldSet, LinkSpec, Wire,
};
use greenwave::signal::{
    AspectStep, AspectSteps, Conflicts, FallbackShow, GroupKind, GroupSet, GroupTiming, Indication,
    Relation, SafetyTable, StartUp,
};
use greenwave::units::Millis;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

/// A crossroads with one crossing, as its cabinet reads it. The start-up is short, so that a test
/// need not wait fifteen seconds.
pub const SITE: &str = r#"
schema = 1
[site]
id = "RIG"
kind = "junction"
[[group]]
id = "WT"
kind = "vehicle"
flashing_green_s = 3.0
amber_s = 3.0
min_green_s = 5.0
[[group]]
id = "NT"
kind = "vehicle"
amber_s = 3.0
min_green_s = 5.0
[[group]]
id = "PN"
kind = "pedestrian"
walk_s = 5.0
clear_s = 6.0
[intergreen_s]
WT = { NT = 5.0, PN = 6.0 }
NT = { WT = 5.0 }
PN = { WT = 3.0 }
[compatible]
rest = true
[[stage]]
id = "A"
green = ["WT"]
[[stage]]
id = "B"
green = ["NT", "PN"]
[[plan]]
id = "night"
mode = "fixed"
sequence = ["A", "B"]
split_s = { A = 20, B = 20 }
[safety]
startup = [ { show = "flash-amber", for_s = 1.5 }, { show = "all-red", for_s = 1 } ]
"#;

/// The same site as the kernel knows it; `None` if this file contradicts itself.
#[must_use]
pub fn table() -> Option<SafetyTable> {
    use Indication::{Amber, FlashingGreen};
    let steps = |list: &[(Indication, u32)]| {
        let list: Vec<_> = list
            .iter()
            .map(|(show, s)| AspectStep {
                show: *show,
                lasts: Millis::from_secs(*s),
            })
            .collect();
        AspectSteps::new(&list)
    };
    let group = |kind, lose: &[(Indication, u32)]| {
        Some(GroupTiming {
            kind,
            gain: AspectSteps::NONE,
            lose: steps(lose)?,
            green_min: Millis::from_secs(5),
            green_max: Millis::from_secs(60),
            red_min: Millis::ZERO,
            wait_max: Millis::from_secs(120),
        })
    };
    let groups = [
        group(GroupKind::Vehicle, &[(FlashingGreen, 3), (Amber, 3)])?,
        group(GroupKind::Vehicle, &[(Amber, 3)])?,
        group(GroupKind::Pedestrian, &[(FlashingGreen, 6)])?,
    ];
    let id = GroupId::new;
    let mut conflicts = Conflicts::all_compatible(3);
    let hostile = |forward, back| Relation::Hostile {
        forward: Millis::from_secs(forward),
        back: Millis::from_secs(back),
    };
    conflicts.declare(id(0), id(1), hostile(8, 5));
    conflicts.declare(id(0), id(2), hostile(9, 9));
    let start = StartUp {
        flash: Millis::new(1500),
        all_red: Millis::from_secs(1),
    };
    let readback = (Millis::new(1000), Millis::new(1000));
    SafetyTable::new(
        &groups,
        conflicts,
        start,
        FallbackShow::FlashAmber,
        readback,
    )
    .ok()
}

/// The address of the cabinet's description of itself, as the links want it.
#[must_use]
pub fn link(unit: u8, wire: Wire, table: &Arc<SafetyTable>) -> LinkSpec {
    LinkSpec {
        site: format!("RIG{unit}"),
        unit,
        wire,
        safety: table.clone(),
        detectors: 8,
        fallback: Fallback::LocalPlan,
    }
}

/// One emulated cabinet on Modbus TCP on a free port.
///
/// # Errors
/// When there is no free port.
pub fn tcp_cabinet(text: &str) -> std::io::Result<(Fleet, CabinetHandle, SocketAddr)> {
    let site = CabinetSite::parse(text).map_err(std::io::Error::other)?;
    let mut fleet = Fleet::new(Handle::current());
    let (cabinet, at) = fleet.add_tcp(site, 1, ([127, 0, 0, 1], 0).into())?;
    Ok((fleet, cabinet, at))
}

/// Emulated cabinets with units from 1 on a pty bus at 115,200 bit/s.
///
/// # Errors
/// When there is no pty.
pub fn rtu_cabinets(text: &str, count: u8) -> std::io::Result<(Fleet, Vec<CabinetHandle>, RtuBus)> {
    let site = CabinetSite::parse(text).map_err(std::io::Error::other)?;
    let mut fleet = Fleet::new(Handle::current());
    let sites = (1..=count).map(|unit| (site.clone(), unit)).collect();
    let (cabinets, bus) = fleet.add_bus(sites, 115_200)?;
    Ok((fleet, cabinets, bus))
}

/// A controller: one kernel per cabinet, its links, its clock.
#[derive(Debug)]
pub struct Controller {
    /// The running links.
    pub set: FieldSet,
    /// One per cabinet.
    pub ports: Vec<CabinetPort>,
    /// One per cabinet.
    pub kernels: Vec<Kernel>,
    /// The program's clock.
    pub clock: FieldClock,
}

impl Controller {
    /// Starts links to these cabinets in the name of `epoch`.
    #[must_use]
    pub fn start(links: Vec<LinkSpec>, epoch: u32) -> Self {
        let clock = FieldClock::start();
        let tables: Vec<_> = links.iter().map(|link| link.safety.clone()).collect();
        let options = FieldOptions {
            epoch,
            controller_id: 7,
            clock,
            zone_quarters: 32,
        };
        let (set, ports) = FieldSet::start(&Handle::current(), links, options);
        let kernels = tables.into_iter().map(|table| {
            let mut kernel = Kernel::new(table, clock.now());
            kernel.set_latency(Millis::new(600));
            kernel
        });
        Self {
            kernels: kernels.collect(),
            set,
            ports,
            clock,
        }
    }

    /// One cycle of every kernel, with this set of groups wanted everywhere.
    pub fn cycle(&mut self, wanted: GroupSet) {
        let request = Request {
            groups: wanted,
            ..Request::default()
        };
        for (port, kernel) in self.ports.iter_mut().zip(&mut self.kernels) {
            let now = self.clock.now();
            let outputs = kernel.step(now, &request, &port.latest(now).readback);
            port.publish(&outputs);
        }
    }

    /// Cycles every 100 ms until `done` or for `limit`; true if done.
    pub async fn run_until(
        &mut self,
        wanted: GroupSet,
        limit: Duration,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        let began = Instant::now();
        while began.elapsed() < limit {
            self.cycle(wanted);
            sleep(Duration::from_millis(100)).await;
            if done(self) {
                return true;
            }
        }
        false
    }

    /// True if group `group` of every cabinet was read back green.
    #[must_use]
    pub fn all_green(&mut self, group: usize) -> bool {
        let now = self.clock.now();
        self.ports.iter_mut().all(|port| {
            let lamps = &port.latest(now).readback.lamps;
            lamps.get(group).is_some_and(|lamp| lamp.is_go())
        })
    }
}

/// The folder of this workspace member.
#[must_use]
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Python with pymodbus, as `setup.sh` makes it, if it is there.
#[must_use]
pub fn pymodbus() -> Option<PathBuf> {
    let python = folder().join(".venv-pymodbus/bin/python");
    python.exists().then_some(python)
}

/// Notes how a peer fared, for the table at the end of `run.sh`. A missing peer is reported and
/// passes, unless `GREENWAVE_REQUIRE_PEERS=1` asks for a failure; then this is false.
#[must_use]
#[expect(
    clippy::print_stdout,
    reason = "the reader of a test wants to see what was skipped"
)]
pub fn peer(name: &str, missing: Option<&str>) -> bool {
    let folder = folder().join("artefacts");
    let verdict = missing.map_or_else(|| "tested".to_owned(), |why| format!("skipped: {why}"));
    // A full disk must not fail a test about something else.
    let _noted = std::fs::create_dir_all(&folder).and_then(|()| {
        let file = format!("peers-{}.txt", name.replace(' ', "-"));
        std::fs::write(folder.join(file), format!("{name:<24} {verdict}\n"))
    });
    if let Some(why) = missing {
        println!("SKIPPED peer {name}: {why}");
    }
    missing.is_none() || std::env::var_os("GREENWAVE_REQUIRE_PEERS").is_none_or(|v| v != "1")
}
