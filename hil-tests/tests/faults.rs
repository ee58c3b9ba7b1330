//! What goes wrong between a controller and its cabinets, with real kernels on real wires.

#![expect(clippy::expect_used, reason = "helpers of tests may fail the test")]

use std::sync::Arc;
use std::time::Duration;

use greenwave::ids::GroupId;
use greenwave::kernel::CabinetState;
use greenwave::shell::field::emulator::Faults;
use greenwave::shell::field::{Count, LinkState, Wire};
use greenwave::signal::{GroupSet, Indication};
use hil_tests::rig::{Controller, SITE, link, rtu_cabinets, table, tcp_cabinet};
use tokio::time::sleep;

const LONG: Duration = Duration::from_secs(40);

fn green() -> GroupSet {
    GroupSet::EMPTY.with(GroupId::new(0))
}

fn tcp(at: std::net::SocketAddr, epoch: u32) -> Controller {
    let table = Arc::new(table().expect("a table"));
    Controller::start(vec![link(1, Wire::Tcp(at.to_string()), &table)], epoch)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_that_dies_leaves_a_cabinet_that_runs_its_own_plan_in_time() {
    let (_fleet, cabinet, at) = tcp_cabinet(SITE).unwrap();
    let mut first = tcp(at, 1);
    assert!(first.run_until(green(), LONG, |c| c.all_green(0)).await);
    // 1. The whole controller is gone between two cycles.
    drop(first);
    let gone = cabinet.state().now_ms;
    while cabinet.state().mode != 9 {
        sleep(Duration::from_millis(10)).await;
        assert!(cabinet.state().now_ms < gone + 3000, "no fallback");
    }
    let state = cabinet.state();
    assert!(
        state.mode_since_ms <= gone + 1000 + 100,
        "{state:?}, gone at {gone}"
    );
    assert_eq!((state.reason, state.comms_faults), (1, 1));
    // 2. The next one gets it back through its start-up, and only then sees it follow.
    let mut second = tcp(at, 2);
    let mut modes = Vec::new();
    let back = second
        .run_until(green(), LONG, |c| {
            let mode = cabinet.state().mode;
            if modes.last() != Some(&mode) {
                modes.push(mode);
            }
            c.all_green(0) && mode == 1
        })
        .await;
    assert!(back, "{modes:?} {:?}", second.ports[0].status());
    assert!(
        modes.starts_with(&[9, 8]) || modes.starts_with(&[8]),
        "{modes:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_controller_of_two_moves_no_lamp() {
    let (_fleet, cabinet, at) = tcp_cabinet(SITE).unwrap();
    let mut old = tcp(at, 1);
    assert!(old.run_until(green(), LONG, |c| c.all_green(0)).await);
    let mut new = tcp(at, 2);
    let taken = |c: &mut Controller| c.ports[0].status().state == LinkState::Driving;
    assert!(new.run_until(green(), LONG, taken).await);
    // The old one resumes after its pause and wants the crossing street.
    let other = GroupSet::EMPTY.with(GroupId::new(1));
    let accepted = old.ports[0].metrics().get(Count::Accepted);
    for _ in 0..30 {
        old.cycle(other);
        new.cycle(green());
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(old.ports[0].metrics().get(Count::Accepted), accepted);
    assert_eq!(old.ports[0].status().state, LinkState::Fenced { epoch: 2 });
    assert_eq!(cabinet.state().epoch, 2);
    assert_ne!(cabinet.lamps()[1], Indication::Green);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_is_noticed_by_its_boot_count() {
    let (_fleet, cabinet, at) = tcp_cabinet(SITE).unwrap();
    let mut controller = tcp(at, 1);
    assert!(
        controller
            .run_until(green(), LONG, |c| c.all_green(0))
            .await
    );
    cabinet.restart();
    let seen = controller
        .run_until(green(), LONG, |c| {
            c.ports[0].latest(c.clock.now()).readback.boot_count == 2
        })
        .await;
    assert!(seen);
    assert!(
        controller
            .run_until(green(), LONG, |c| c.all_green(0))
            .await
    );
    assert_eq!(controller.ports[0].metrics().get(Count::Restarts), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cabinet_with_other_clearances_is_not_driven() {
    let other = SITE.replace("PN = 6.0", "PN = 7.0");
    let (_fleet, cabinet, at) = tcp_cabinet(&other).unwrap();
    let mut controller = tcp(at, 1);
    let refused =
        |c: &mut Controller| matches!(c.ports[0].status().state, LinkState::ConfigMismatch { .. });
    assert!(controller.run_until(green(), LONG, refused).await);
    let state = cabinet.state();
    assert_eq!((state.epoch, state.accepted_seq), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_silent_cabinet_of_a_bus_does_not_hurt_the_others() {
    let (_fleet, cabinets, bus) = rtu_cabinets(SITE, 3).unwrap();
    let table = Arc::new(table().expect("a table"));
    let wire = Wire::Rtu {
        device: bus.path().to_path_buf(),
        baud: 115_200,
    };
    let links = (1..=3)
        .map(|unit| link(unit, wire.clone(), &table))
        .collect();
    let mut controller = Controller::start(links, 1);
    assert!(
        controller
            .run_until(green(), LONG, |c| c.all_green(0))
            .await
    );
    cabinets[1].set_faults(Faults {
        silent: true,
        ..Faults::default()
    });
    let faults = [0, 2].map(|at| cabinets[at].state().comms_faults);
    for _ in 0..80 {
        controller.cycle(green());
        sleep(Duration::from_millis(100)).await;
    }
    let now = controller.clock.now();
    let states: Vec<_> = controller
        .ports
        .iter_mut()
        .map(|port| port.latest(now).readback)
        .collect();
    assert_eq!(states[1].cabinet, CabinetState::Silent);
    assert!(!states[1].lamps[0].is_go(), "never shown as green");
    for at in [0, 2] {
        assert_eq!(
            states[at].cabinet,
            CabinetState::Following,
            "{:?}",
            states[at]
        );
    }
    assert_eq!([0, 2].map(|at| cabinets[at].state().comms_faults), faults);
}
