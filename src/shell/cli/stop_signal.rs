//! Being told to stop: by Ctrl-C at a terminal, or by the service manager's SIGTERM.

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;

/// Listens for SIGINT and SIGTERM. Made before anything runs that has to be stopped cleanly:
/// without it either signal ends the process on the spot.
pub(super) struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    /// Takes the signals over, for as long as the process lives.
    pub(super) fn listen(runtime: &Runtime) -> Result<Self, Failure> {
        let _inside = runtime.enter();
        let listen = |kind| signal(kind).map_err(|why| Failure::runtime(&why));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits until the process is told to stop; may be given up and asked again.
    pub(super) async fn told(&mut self) {
        tokio::select! {
            _interrupt = self.interrupt.recv() => {}
            _terminate = self.terminate.recv() => {}
        }
    }

    /// Waits until the process is told to stop or `seconds` are over, for ever if none are given.
    pub(super) async fn told_or_over(&mut self, seconds: Option<u32>) {
        let over = async {
            match seconds {
                Some(s) => tokio::time::sleep(Duration::from_secs(u64::from(s))).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.told() => {}
            () = over => {}
        }
    }
}
