//! A control thread that panics takes the process with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::shell::store::JournalHealth;

/// The journal's last records are waited for this long: less than the shortest time to live.
const JOURNAL_WITHIN: Duration = Duration::from_millis(300);

/// Ends the process when the thread it lives on unwinds. It is declared before what the thread
/// works with, so that links and journal are closed already: nobody commands any more, and the
/// cabinets' own time to live puts their local plans in force.
#[derive(Debug)]
pub(super) struct EndOnPanic {
    /// The journal that the last records go to.
    pub(super) journal: Option<Arc<JournalHealth>>,
}

impl Drop for EndOnPanic {
    #[expect(clippy::disallowed_methods, reason = "bounded, at the very end")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let began = Instant::now();
        while self.journal.as_ref().is_some_and(|one| !one.closed())
            && began.elapsed() < JOURNAL_WITHIN
        {
            std::thread::sleep(Duration::from_millis(5));
        }
        tracing::error!(
            "the control thread panicked: the process ends, the cabinets fall back by themselves"
        );
        std::process::abort();
    }
}
