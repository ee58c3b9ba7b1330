//! Links against emulated cabinets, on real sockets and a real pty.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::emulator::{CabinetHandle, CabinetSite, Faults, Fleet, RtuBus, StreetInputs};
use super::test_support::{SITE, table};
use super::*;
use crate::kernel::CabinetState;
use crate::signal::{Indication, Observed};

/// A short start-up, so that a test need not wait fifteen seconds.
fn quick() -> String {
    SITE.replace("for_s = 10 }", "for_s = 1.5 }")
        .replace("for_s = 5 }", "for_s = 0.2 }")
}

struct Rig {
    _fleet: Fleet,
    cabinets: Vec<CabinetHandle>,
    _bus: Option<RtuBus>,
    links: Vec<LinkSpec>,
    clock: FieldClock,
}

fn link(unit: u8, wire: Wire) -> LinkSpec {
    LinkSpec {
        site: format!("J{unit:02}"),
        unit,
        wire,
        safety: Arc::new(table()),
        detectors: 32,
        fallback: Fallback::LocalPlan,
    }
}

fn tcp_rig(site: &str) -> Rig {
    let mut fleet = Fleet::new(Handle::current());
    let site = CabinetSite::parse(site).unwrap();
    let (cabinet, at) = fleet.add_tcp(site, 1, ([127, 0, 0, 1], 0).into()).unwrap();
    Rig {
        _fleet: fleet,
        cabinets: vec![cabinet],
        _bus: None,
        links: vec![link(1, Wire::Tcp(at.to_string()))],
        clock: FieldClock::start(),
    }
}

fn rtu_rig(units: u8) -> Rig {
    let mut fleet = Fleet::new(Handle::current());
    let site = CabinetSite::parse(&quick()).unwrap();
    let sites = (1..=units).map(|unit| (site.clone(), unit)).collect();
    let (cabinets, bus) = fleet.add_bus(sites, 115_200).unwrap();
    let wire = Wire::Rtu {
        device: bus.path().to_path_buf(),
        baud: 115_200,
    };
    Rig {
        _fleet: fleet,
        cabinets,
        links: (1..=units).map(|unit| link(unit, wire.clone())).collect(),
        _bus: Some(bus),
        clock: FieldClock::start(),
    }
}

impl Rig {
    fn start(&self, epoch: u32) -> (FieldSet, Vec<CabinetPort>) {
        let options = FieldOptions {
            epoch,
            controller_id: 1,
            clock: self.clock,
            zone_quarters: 32,
        };
        FieldSet::start(&Handle::current(), self.links.clone(), options)
    }

    /// Publishes `show` for group 0 (others red) every 100 ms until `done`, or fails.
    async fn run(
        &self,
        ports: &mut [CabinetPort],
        show: Indication,
        mut done: impl FnMut(&mut [CabinetPort]) -> bool,
    ) {
        let began = Instant::now();
        loop {
            for port in &mut *ports {
                let mut lamps = [Indication::Dark; 32];
                lamps[..3].copy_from_slice(&[show, Indication::Red, Indication::Red]);
                port.put(self.clock.now(), lamps, 3);
            }
            sleep(Duration::from_millis(100)).await;
            for port in &mut *ports {
                port.latest(self.clock.now());
            }
            if done(ports) {
                return;
            }
            let status: Vec<_> = ports.iter().map(CabinetPort::status).collect();
            assert!(began.elapsed() < Duration::from_secs(40), "{status:?}");
        }
    }

    fn sees(&self, port: &mut CabinetPort, show: Indication) -> bool {
        let inputs = port.latest(self.clock.now());
        inputs.readback.cabinet == CabinetState::Following
            && inputs.readback.lamps[0] == Observed::Lamps(show)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tcp_drives_reads_back_counts_and_hands_over() {
    let rig = tcp_rig(&quick());
    let (set, mut ports) = rig.start(1);
    rig.run(&mut ports, Indication::Green, |ports| {
        rig.sees(&mut ports[0], Indication::Green)
    })
    .await;
    let mut inputs = StreetInputs {
        occupied: 0b101,
        buttons: 1,
        ..StreetInputs::default()
    };
    inputs.detectors[2].count = 9;
    inputs.detectors[31].count = 8;
    inputs.presses[0] = 4;
    rig.cabinets[0].set_inputs(inputs);
    rig.run(&mut ports, Indication::Green, |ports| {
        let seen = ports[0].latest(rig.clock.now());
        seen.occupied == 0b101
            && seen.detectors[2].count == 9
            && seen.detectors[31].count == 8
            && seen.presses[0] == 4
    })
    .await;
    let status = ports[0].status();
    assert_eq!(status.state, LinkState::Driving);
    assert!(status.accepted.number + 2 >= ports[0].published());
    assert!(ports[0].metrics().get(Count::Accepted) > 3);
    assert!(ports[0].metrics().round_trip(500).is_some());
    let told = set.hand_over(Duration::from_secs(2)).await;
    assert_eq!((told.taken, told.of), (1, 1));
    assert_eq!(rig.cabinets[0].state().mode, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cabinet_without_fc23_is_driven_by_two_questions() {
    let rig = tcp_rig(&quick());
    rig.cabinets[0].set_faults(Faults {
        no_fc23: true,
        ..Faults::default()
    });
    let (_set, mut ports) = rig.start(1);
    rig.run(&mut ports, Indication::Green, |ports| {
        rig.sees(&mut ports[0], Indication::Green)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_cabinets_share_a_bus() {
    let rig = rtu_rig(4);
    let (set, mut ports) = rig.start(1);
    rig.run(&mut ports, Indication::Green, |ports| {
        ports
            .iter_mut()
            .all(|port| rig.sees(port, Indication::Green))
    })
    .await;
    let told = set.hand_over(Duration::from_secs(3)).await;
    assert_eq!((told.taken, told.of), (4, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wire_fault_is_survived_on_tcp_and_on_rtu() {
    for rig in [tcp_rig(&quick()), rtu_rig(2)] {
        let (_set, mut ports) = rig.start(1);
        let green = |ports: &mut [CabinetPort]| rig.sees(&mut ports[0], Indication::Green);
        rig.run(&mut ports, Indication::Green, green).await;
        let late_by = Duration::from_millis(400);
        let none = Faults::default();
        let faults = [
            Faults {
                late_next: 1,
                late_by,
                ..none
            },
            Faults {
                drop_next: 2,
                ..none
            },
            Faults {
                duplicate_next: 2,
                ..none
            },
            Faults {
                short_next: 2,
                ..none
            },
            Faults {
                noise_next: 1,
                ..none
            },
            Faults {
                wrong_unit_next: 1,
                ..none
            },
        ];
        for fault in faults {
            rig.cabinets[0].set_faults(fault);
            let spent = |ports: &mut [CabinetPort]| {
                let left = rig.cabinets[0].faults();
                let all = left.late_next
                    + left.drop_next
                    + left.duplicate_next
                    + left.short_next
                    + left.noise_next
                    + left.wrong_unit_next;
                all == 0 && ports[0].status().state == LinkState::Driving
            };
            rig.run(&mut ports, Indication::Green, spent).await;
            let before = ports[0].metrics().get(Count::Accepted);
            rig.run(&mut ports, Indication::Green, |ports| {
                ports[0].metrics().get(Count::Accepted) > before + 2
                    && rig.sees(&mut ports[0], Indication::Green)
            })
            .await;
        }
        let metrics = ports[0].metrics();
        assert!(metrics.get(Count::Timeouts) >= 2 && metrics.get(Count::Reconnects) >= 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_rtu_answer_never_reaches_the_inputs() {
    let rig = rtu_rig(1);
    let (_set, mut ports) = rig.start(1);
    rig.run(&mut ports, Indication::Green, |ports| {
        rig.sees(&mut ports[0], Indication::Green)
    })
    .await;
    let mut count = 0_u16;
    for late_ms in [180, 260, 320, 450, 700] {
        rig.cabinets[0].set_faults(Faults {
            late_next: 1,
            late_by: Duration::from_millis(late_ms),
            ..Faults::default()
        });
        // The street moves on while the old answer is still on its way.
        for _ in 0..15 {
            count += 1;
            let shown = StreetInputs {
                occupied: u32::from(count),
                ..StreetInputs::default()
            };
            let before = rig.clock.now();
            rig.cabinets[0].set_inputs(shown);
            rig.run(&mut ports, Indication::Green, |_| true).await;
            let seen = ports[0].latest(rig.clock.now()).occupied;
            let heard = ports[0].status().heard.unwrap();
            // A reading heard well after the change must show the change.
            if heard.since(before).as_ms() > 60 {
                assert_eq!(seen, u32::from(count), "late by {late_ms}");
            }
        }
    }
    assert!(ports[0].metrics().get(Count::Timeouts) >= 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_is_seen_and_the_cabinet_taken_over_again() {
    let rig = tcp_rig(&quick());
    let (_set, mut ports) = rig.start(1);
    rig.run(&mut ports, Indication::Green, |ports| {
        rig.sees(&mut ports[0], Indication::Green)
    })
    .await;
    rig.cabinets[0].restart();
    rig.run(&mut ports, Indication::Red, |ports| {
        ports[0].latest(rig.clock.now()).readback.boot_count == 2
            && rig.sees(&mut ports[0], Indication::Red)
    })
    .await;
    assert_eq!(ports[0].metrics().get(Count::Restarts), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_shows_no_lamp_and_the_cabinet_falls_back_in_time() {
    let rig = tcp_rig(&quick());
    let (set, mut ports) = rig.start(1);
    rig.run(&mut ports, Indication::Green, |ports| {
        rig.sees(&mut ports[0], Indication::Green)
    })
    .await;
    // The control thread stops: links look on, but no command prolongs anything.
    let stopped = rig.cabinets[0].state().now_ms;
    while rig.cabinets[0].state().mode != 9 {
        sleep(Duration::from_millis(20)).await;
        assert!(rig.cabinets[0].state().now_ms < stopped + 3000);
    }
    assert!(rig.cabinets[0].state().mode_since_ms <= stopped + 1100);
    sleep(Duration::from_millis(400)).await;
    assert_eq!(
        ports[0].latest(rig.clock.now()).readback.cabinet,
        CabinetState::Fallback
    );
    rig.cabinets[0].set_faults(Faults {
        silent: true,
        ..Faults::default()
    });
    sleep(Duration::from_millis(1300)).await;
    let inputs = ports[0].latest(rig.clock.now());
    assert_eq!(inputs.readback.cabinet, CabinetState::Silent);
    assert_eq!(inputs.readback.lamps[0], Observed::NoSensor);
    drop(set);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_controller_is_fenced_out() {
    let rig = tcp_rig(&quick());
    let (_old, mut olds) = rig.start(1);
    rig.run(&mut olds, Indication::Red, |ports| {
        rig.sees(&mut ports[0], Indication::Red)
    })
    .await;
    let (_new, mut news) = rig.start(2);
    rig.run(&mut news, Indication::Red, |ports| {
        rig.sees(&mut ports[0], Indication::Red)
    })
    .await;
    // The old one wakes up again and wants green.
    rig.run(&mut olds, Indication::Green, |ports| {
        ports[0].status().state == LinkState::Fenced { epoch: 2 }
    })
    .await;
    assert_eq!(rig.cabinets[0].state().epoch, 2);
    assert_ne!(rig.cabinets[0].lamps()[0], Indication::Green);
    assert_eq!(rig.cabinets[0].state().last_reject, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_configuration_is_not_driven() {
    let rig = tcp_rig(&quick().replace("NT = 5.0", "NT = 6.0"));
    let (_set, mut ports) = rig.start(1);
    rig.run(&mut ports, Indication::Green, |ports| {
        matches!(ports[0].status().state, LinkState::ConfigMismatch { .. })
    })
    .await;
    assert_eq!(rig.cabinets[0].state().epoch, 0);
    assert_eq!(ports[0].metrics().get(Count::Accepted), 0);
}

/// Lines of the log, as a reader of it counts them.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self, level: &str) -> usize {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(level)).count()
    }

    /// Runs the links of `wire` for a second, on a thread of their own because a link that never
    /// waits would never give it back.
    fn of(wire: Wire) -> Self {
        let log = Self::default();
        let written = log.clone();
        std::thread::spawn(move || {
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::DEBUG)
                .with_ansi(false)
                .with_writer(move || written.clone())
                .finish();
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            let options = FieldOptions {
                epoch: 1,
                controller_id: 1,
                clock: FieldClock::start(),
                zone_quarters: 32,
            };
            tracing::subscriber::with_default(subscriber, || {
                let links = vec![link(1, wire)];
                let running = FieldSet::start(runtime.handle(), links, options);
                runtime.block_on(async { sleep(Duration::from_secs(2)).await });
                drop(running);
            });
        });
        std::thread::sleep(Duration::from_secs(1));
        log
    }
}

/// The device is there but is no serial port: tried with pauses, told once.
#[test]
fn a_bus_that_cannot_be_opened_is_tried_with_pauses_and_told_once() {
    let device = tempfile::NamedTempFile::new().unwrap();
    let log = Log::of(Wire::Rtu {
        device: device.path().to_path_buf(),
        baud: 115_200,
    });
    let (told, tried) = (log.lines(" WARN "), log.lines("cannot be opened"));
    assert_eq!(told, 1);
    assert!((2..=8).contains(&tried), "{tried} tries in a second");
}

/// Nobody listens there: the same.
#[test]
fn a_cabinet_that_refuses_connections_is_tried_with_pauses_and_told_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let log = Log::of(Wire::Tcp(address));
    let (told, tried) = (log.lines(" WARN "), log.lines("cannot connect"));
    assert_eq!(told, 1);
    assert!((2..=8).contains(&tried), "{tried} tries in a second");
}
