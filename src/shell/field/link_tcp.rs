//! One cabinet on Modbus TCP: one task, one connection, one question at a time.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_modbus::client::{Context, tcp};

use super::session::{LinkError, Session};

const CONNECT_WITHIN: Duration = Duration::from_millis(500);
/// Without a new picture for this long the link only looks.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// How often a cabinet that may not be driven is asked again.
const RETRY_OPEN: Duration = Duration::from_secs(5);

/// Runs until told to stop.
pub(super) async fn run(address: String, mut session: Session, mut stop: watch::Receiver<bool>) {
    let mut backoff = Backoff::new(&address);
    while !*stop.borrow() {
        let connected = timeout(CONNECT_WITHIN, connect(&address)).await;
        if let Ok(Ok(mut context)) = connected {
            match serve(&mut context, &mut session, &mut stop).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::debug!(site = session.spec.site, %error, "link lost");
                    if session.has_driven() {
                        backoff.reset();
                    }
                }
            }
        }
        session.lost();
        tokio::select! {
            () = sleep(backoff.next()) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn connect(address: &str) -> std::io::Result<Context> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(tcp::attach(stream))
}

/// Serves one connection; `Ok` means told to stop.
async fn serve(
    context: &mut Context,
    session: &mut Session,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), LinkError> {
    session.open(context).await?;
    let wake = session.cells.wake.clone();
    let mut opened = tokio::time::Instant::now();
    loop {
        if *stop.borrow() {
            session.hand_over(context).await?;
            return Ok(());
        }
        tokio::select! {
            () = wake.notified() => {}
            () = sleep(LOOK_EVERY) => {}
            _ = stop.changed() => continue,
        }
        match session.tick(context).await {
            Ok(()) => {}
            Err(error) if error.is_answer() => {
                tracing::warn!(site = session.spec.site, %error, "opening the cabinet anew");
                session.open(context).await?;
                opened = tokio::time::Instant::now();
            }
            Err(error) => return Err(error),
        }
        if !session.is_driving() && opened.elapsed() >= RETRY_OPEN {
            session.open(context).await?;
            opened = tokio::time::Instant::now();
        }
    }
}

/// Growing pauses with jitter, so that a city does not reconnect in step.
#[derive(Debug)]
pub(super) struct Backoff {
    state: u64,
    tries: u32,
}

impl Backoff {
    pub(super) fn new(seed: &str) -> Self {
        let state = seed.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self { state, tries: 0 }
    }

    fn reset(&mut self) {
        self.tries = 0;
    }

    /// 50 to 100 ms at first, up to 1 to 2 s after five tries.
    fn next(&mut self) -> Duration {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let full = 100_u64 << self.tries.min(5);
        let full = full.min(2000);
        self.tries = self.tries.saturating_add(1);
        Duration::from_millis(full / 2 + (self.state >> 33) % (full / 2))
    }
}
