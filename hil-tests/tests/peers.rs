//! Programs that others wrote read our emulated cabinet and are driven by our link.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests may fail the test"
)]

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use greenwave::shell::field::emulator::CabinetSite;
use greenwave::shell::field::{Count, LinkState, Wire};
use greenwave::signal::GroupSet;
use hil_tests::rig::{self, Controller, SITE, link, peer, rtu_cabinets, table, tcp_cabinet};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(20);

async fn output(command: &mut Command) -> String {
    let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, run)
        .await
        .expect("in time")
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{text}\n{errors}");
    text
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

/// The words of `[1]: 21571` lines.
fn mbpoll_values(text: &str) -> Vec<u32> {
    let lines = text.lines().filter(|line| line.starts_with('['));
    let values = lines.filter_map(|line| line.split(':').nth(1)?.split_whitespace().next());
    values.filter_map(|value| value.parse().ok()).collect()
}

async fn mbpoll(place: &[&str], kind: &str, at: u16, count: u16) -> Vec<u32> {
    let (at, count) = (at.to_string(), count.to_string());
    let mut command = Command::new("mbpoll");
    command.args(["-0", "-1", "-a", "1", "-t", kind, "-r", &at, "-c", &count]);
    let values = mbpoll_values(&output(command.args(place)).await);
    assert_eq!(values.len().to_string(), count);
    values
}

async fn mbpoll_reads(place: &[&str]) {
    let block = mbpoll(place, "3", 0, 48).await;
    assert_eq!(
        block[..3],
        [0x5443, 0x0100, 1],
        "magic, version, boot count"
    );
    let mirror = mbpoll(place, "4", 0x0100, 48).await;
    assert_eq!(mirror[..3], block[..3]);
    // Start-up: vehicles flash amber, walkers are dark, or all is red already.
    let coils = mbpoll(place, "0", 0, 9).await;
    assert!(
        [[0, 1, 0], [1, 0, 0]].contains(&[coils[0], coils[1], coils[2]]),
        "{coils:?}"
    );
    let discrete = mbpoll(place, "1", 0, 48).await;
    assert_eq!((discrete[3], discrete[33]), (1, 1), "detector 3, button 1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mbpoll_reads_the_cabinet_over_tcp_and_rtu() {
    if !in_path("mbpoll") {
        assert!(peer(
            "mbpoll",
            Some("not in PATH; hil-tests/setup.sh installs it")
        ));
        return;
    }
    let (_fleet, cabinet, at) = tcp_cabinet(SITE).unwrap();
    cabinet.set_contacts(1 << 3, 1 << 1);
    let port = at.port().to_string();
    mbpoll_reads(&["-m", "tcp", "-p", &port, "127.0.0.1"]).await;
    let (_fleet, cabinets, bus) = rtu_cabinets(SITE, 2).unwrap();
    cabinets[0].set_contacts(1 << 3, 1 << 1);
    let device = bus.path().to_string_lossy().into_owned();
    mbpoll_reads(&["-m", "rtu", "-b", "115200", "-P", "none", &device]).await;
    assert!(peer("mbpoll", None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pymodbus_reads_the_cabinet_over_tcp_and_rtu() {
    let Some(python) = rig::pymodbus() else {
        assert!(peer(
            "pymodbus client",
            Some("no hil-tests/.venv-pymodbus; run hil-tests/setup.sh")
        ));
        return;
    };
    let (_fleet, tcp, at) = tcp_cabinet(SITE).unwrap();
    let (_bus_fleet, rtu, bus) = rtu_cabinets(SITE, 2).unwrap();
    let (port, device) = (
        at.port().to_string(),
        bus.path().to_string_lossy().into_owned(),
    );
    for (cabinet, place) in [
        (&tcp, vec!["tcp", "127.0.0.1", port.as_str(), "1"]),
        (&rtu[1], vec!["rtu", device.as_str(), "2"]),
    ] {
        cabinet.set_contacts(1 << 3, 1 << 1);
        let script = rig::folder().join("peers/read_cabinet.py");
        let text = output(Command::new(&python).arg(script).args(place)).await;
        let seen: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(seen["inputs"][0], 0x5443);
        assert_eq!(seen["inputs"][0x25], 1 << 3, "detectors");
        assert_eq!(seen["inputs"][0x26], 1 << 1, "buttons");
        assert_eq!(seen["mirror"][0], 0x5443);
        assert_eq!(seen["both"][0], 0x5443, "FC23");
        assert_eq!(seen["flash"][0], 12, "written by FC23");
        assert_eq!(seen["discrete"][33], true);
        assert_eq!((&seen["hole"], &seen["part"]), (&2.into(), &2.into()));
    }
    assert!(peer("pymodbus client", None));
}

/// Starts the pymodbus cabinet and waits until it says it is ready.
async fn serve(python: &Path, transport: &str, place: &str, hash: u32) -> (Child, Lines) {
    let script = rig::folder().join("peers/cabinet_server.py");
    let mut child = Command::new(python)
        .arg(script)
        .args([transport, place, "1", &hash.to_string()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("python starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let ready = timeout(PATIENCE, lines.next_line())
        .await
        .expect("in time")
        .expect("a line");
    assert!(ready.is_some_and(|line| line.contains("ready")));
    (child, lines)
}

type Lines = tokio::io::Lines<BufReader<tokio::process::ChildStdout>>;

/// Our link and a kernel drive it; the peer says what it was told.
async fn drive(wire: Wire, mut lines: Lines) {
    let table = Arc::new(table().expect("a table"));
    let mut controller = Controller::start(vec![link(1, wire, &table)], 5);
    let wanted = GroupSet::EMPTY.with(greenwave::ids::GroupId::new(0));
    let green = controller
        .run_until(wanted, PATIENCE, |c| c.all_green(0))
        .await;
    let status = controller.ports[0].status();
    assert!(green, "{status:?} {:?}", controller.kernels[0].faults());
    assert_eq!(status.state, LinkState::Driving);
    assert!(controller.ports[0].metrics().get(Count::Accepted) > 10);
    assert_eq!(controller.ports[0].metrics().get(Count::Rejects), 0);
    let mut last = serde_json::Value::Null;
    while let Ok(Ok(Some(line))) = timeout(Duration::from_millis(300), lines.next_line()).await {
        last = serde_json::from_str(&line).unwrap();
    }
    assert_eq!(last["mode"], 1);
    assert_eq!(last["lamps"][0], 0x3110, "group 0 green, 1 and 2 red");
    let told = controller.set.hand_over(Duration::from_secs(3)).await;
    assert_eq!((told.taken, told.of), (1, 1));
    let line = timeout(PATIENCE, lines.next_line())
        .await
        .expect("in time")
        .expect("a line");
    let last: serde_json::Value = serde_json::from_str(&line.expect("a line")).unwrap();
    assert_eq!(last["mode"], 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_link_drives_a_pymodbus_server_over_tcp() {
    let Some(python) = rig::pymodbus() else {
        assert!(peer(
            "pymodbus server tcp",
            Some("no hil-tests/.venv-pymodbus; run hil-tests/setup.sh")
        ));
        return;
    };
    let hash = CabinetSite::parse(SITE).unwrap().config_hash();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let (_child, lines) = serve(&python, "tcp", &port, hash).await;
    drive(Wire::Tcp(format!("127.0.0.1:{port}")), lines).await;
    assert!(peer("pymodbus server tcp", None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_link_drives_a_pymodbus_server_over_rtu() {
    let missing = match (rig::pymodbus(), in_path("socat")) {
        (None, _) => Some("no hil-tests/.venv-pymodbus; run hil-tests/setup.sh"),
        (_, false) => Some("no socat in PATH; hil-tests/setup.sh installs it"),
        (Some(_), true) => None,
    };
    let Some(python) = rig::pymodbus().filter(|_| missing.is_none()) else {
        assert!(peer("pymodbus server rtu", missing));
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let ends = ["ours", "theirs"].map(|name| folder.path().join(name));
    let pty = |end: &Path| format!("pty,raw,echo=0,link={}", end.display());
    let _socat = Command::new("socat")
        .args([pty(&ends[0]), pty(&ends[1])])
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    while !ends.iter().all(|end| end.exists()) {
        sleep(Duration::from_millis(20)).await;
    }
    let hash = CabinetSite::parse(SITE).unwrap().config_hash();
    let (_child, lines) = serve(&python, "rtu", &ends[1].to_string_lossy(), hash).await;
    let device = ends[0].clone();
    drive(
        Wire::Rtu {
            device,
            baud: 115_200,
        },
        lines,
    )
    .await;
    assert!(peer("pymodbus server rtu", None));
}
