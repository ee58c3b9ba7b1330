//! Who waits for a cabinet.

use super::*;
use crate::shell::field::emulator::wire::react;
use crate::shell::field::test_support::SITE;

/// Long enough that the request is there before the cabinet is free.
const WAIT: Duration = Duration::from_millis(300);

#[test]
fn a_request_that_waited_for_the_cabinet_acts_after_the_wait() {
    let core = CabinetCore::new(Arc::new(CabinetSite::parse(SITE).unwrap()), 0);
    let mode = core.active_mode();
    let shared = Arc::new(Shared {
        unit: 1,
        clock: Instant::now(),
        inner: Mutex::new(Inner {
            core,
            faults: Faults::default(),
            mode,
            mode_since: 0,
        }),
    });
    let (held, began) = shared.lock_now();
    let cabinet = Arc::clone(&shared);
    let request = std::thread::spawn(move || react(&cabinet, &[4, 0, 0, 0, 1]).is_some());
    std::thread::sleep(WAIT);
    drop(held);
    assert!(request.join().unwrap());
    let acted = shared.lock().core.now;
    assert!(
        acted >= began + 300,
        "it acted at {acted}; the cabinet was held from {began} on"
    );
}
