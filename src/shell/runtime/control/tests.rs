//! How the control thread ends.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicU32;

use super::*;
use crate::corridor::Settings;
use crate::shell::runtime::mailbox;

/// In the child's environment: where it keeps its journal.
const CHILD: &str = "GREENWAVE_TEST_PANICS";
/// Cycles before the panic.
const CYCLES: u32 = 5;

struct NoCabinets;

impl Cabinets for NoCabinets {
    fn read(&mut self, _: usize, _: Mono, _: &mut FieldInputs) {}
    fn write(&mut self, _: usize, _: &Outputs) {}
    fn mark(&self, _: usize) -> u64 {
        0
    }
    fn accepted(&self, _: usize, _: u64) -> Option<Mono> {
        None
    }
    fn hand_over(&mut self) {}
}

/// A city without sites whose wall clock panics in a cycle.
fn panic_in_control(folder: &std::path::Path) {
    let (_post, inbox) = mailbox();
    let asked = AtomicU32::new(0);
    let _running = Control::start(ControlParts {
        city: City::new(Vec::new().into(), Settings::default(), Mono::ZERO),
        cabinets: Box::new(NoCabinets),
        inbox,
        journal: Some(JournalSink::start(folder)),
        wall: Box::new(move || {
            let before = asked.fetch_add(1, Ordering::Relaxed);
            assert!(before < CYCLES, "on purpose");
            CivilTime::default()
        }),
        pace: Pace::new(),
    });
    std::thread::sleep(Duration::from_secs(20));
}

/// The test runs itself again as the process that shall end.
#[test]
fn a_panic_in_the_control_thread_ends_the_process_with_its_journal_whole() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return panic_in_control(folder.as_ref());
    }
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            std::thread::current().name().unwrap(),
        ])
        .env(CHILD, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.signal(), Some(6), "aborted, not {status}");
    let file = folder.path().join("greenwave-000000.journal");
    let done = crate::journal::replay(&std::fs::read(file).unwrap(), |_| {}).unwrap();
    assert_eq!(done.cycles, u64::from(CYCLES));
}
