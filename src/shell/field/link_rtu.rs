//! Cabinets on one serial bus: one task asks them in turn, five times a second each.
//!
//! A late answer on this wire looks like the answer to the next question. So after anything
//! doubtful the connection is dropped, the line is drained until it has been quiet for longer than
//! a cabinet may take, and the cabinet has to prove itself by a fresh look before it is driven on.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serialport::SerialPort;
use tokio::io::AsyncReadExt;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_modbus::client::{Context, rtu};
use tokio_serial::SerialStream;

use super::backoff::{Backoff, Trouble};
use super::session::{LinkError, Session};

/// Each cabinet is asked this often.
const PERIOD: Duration = Duration::from_millis(200);
/// A cabinet that does not answer is asked this often, so that it does not hold up the others.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// A cabinet that may not be driven is opened anew this often.
const RETRY_OPEN: Duration = Duration::from_secs(5);
/// The line must be quiet for this long after trouble.
const QUIET: Duration = Duration::from_millis(150);
/// A line that never gets quiet is used all the same after this long.
const DRAIN_MAX: Duration = Duration::from_secs(1);

/// One unit on the bus and when it is next asked.
#[derive(Debug)]
struct Seat {
    session: Session,
    due: Instant,
    opened: Option<Instant>,
    misses: u32,
}

/// A serial bus and its cabinets.
#[derive(Debug)]
pub(super) struct Bus {
    device: PathBuf,
    baud: u32,
    wake: Arc<Notify>,
    seats: Vec<Seat>,
}

impl Bus {
    pub(super) fn new(
        device: PathBuf,
        baud: u32,
        wake: Arc<Notify>,
        sessions: Vec<Session>,
    ) -> Self {
        let now = Instant::now();
        let seat = |session| Seat {
            session,
            due: now,
            opened: None,
            misses: 0,
        };
        Self {
            device,
            baud,
            wake,
            seats: sessions.into_iter().map(seat).collect(),
        }
    }

    /// Runs until told to stop.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut backoff = Backoff::new(&self.device.to_string_lossy());
        let mut trouble = Trouble::default();
        loop {
            // Also when told to stop: the cabinets behind a drained line are to be handed over.
            match self.connect().await {
                Ok(mut context) => {
                    backoff.reset();
                    if trouble.is_over() {
                        tracing::warn!(device = %self.device.display(), "serial bus opened again");
                    }
                    if self.serve(&mut context, &mut stop).await {
                        return;
                    }
                }
                Err(error) => {
                    self.cannot_open(&error, trouble.is_new(&error));
                    if *stop.borrow() {
                        return;
                    }
                    tokio::select! {
                        () = sleep(backoff.next()) => {}
                        _ = stop.changed() => {}
                    }
                }
            }
        }
    }

    fn cannot_open(&mut self, error: &io::Error, is_news: bool) {
        let device = self.device.display();
        if is_news {
            tracing::warn!(%device, %error, "serial bus cannot be opened; tried on and on");
        } else {
            tracing::debug!(%device, %error, "serial bus cannot be opened");
        }
        for seat in &mut self.seats {
            seat.session.lost();
            seat.opened = None;
        }
    }

    /// Opens the port and waits until nothing comes out of it any more.
    async fn connect(&self) -> io::Result<Context> {
        let path = self.device.to_string_lossy();
        let builder = tokio_serial::new(path, self.baud);
        let mut port = SerialStream::open(&builder)?;
        port.clear(serialport::ClearBuffer::All)?;
        let began = Instant::now();
        let mut bytes = [0_u8; 256];
        while began.elapsed() < DRAIN_MAX {
            match timeout(QUIET, port.read(&mut bytes)).await {
                Err(_quiet) => break,
                Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(error),
            }
        }
        Ok(rtu::attach(port))
    }

    /// Serves until the line has to be drained (`false`) or the links are told to stop (`true`).
    async fn serve(&mut self, context: &mut Context, stop: &mut watch::Receiver<bool>) -> bool {
        loop {
            if *stop.borrow() {
                return self.hand_over(context).await;
            }
            let Some(next) = self.next_seat() else {
                return true;
            };
            let Some(seat) = self.seats.get_mut(next) else {
                return true;
            };
            let now = Instant::now();
            if seat.due > now && !(seat.misses == 0 && seat.session.is_urgent()) {
                let due = seat.due;
                tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.wake.notified() => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
            match seat.turn(context).await {
                Ok(()) => {
                    seat.misses = 0;
                    seat.due = (seat.due + PERIOD).max(Instant::now());
                }
                Err(error) => {
                    tracing::debug!(site = seat.session.spec.site, %error, "bus drained");
                    seat.misses = seat.misses.saturating_add(1);
                    seat.opened = None;
                    seat.session.lost();
                    // The first two tries come at once: two lost answers are no dead cabinet.
                    let pause = if seat.misses > 2 {
                        PROBE_EVERY
                    } else {
                        Duration::ZERO
                    };
                    seat.due = Instant::now() + pause;
                    return false;
                }
            }
        }
    }

    /// A cabinet whose lamps shall change goes before its turn; else whose turn it is.
    fn next_seat(&self) -> Option<usize> {
        let urgent = self
            .seats
            .iter()
            .position(|seat| seat.misses == 0 && seat.session.is_urgent());
        let seats = self.seats.iter().enumerate();
        urgent.or_else(|| seats.min_by_key(|(_, seat)| seat.due).map(|(at, _)| at))
    }

    async fn hand_over(&mut self, context: &mut Context) -> bool {
        for seat in &mut self.seats {
            if seat.session.hand_over(context).await.is_err() {
                // The rest is told on a drained line; this one falls back by itself.
                seat.session.lost();
                return match self.connect().await {
                    Ok(mut context) => {
                        for seat in &mut self.seats {
                            let _fell_back_by_itself = seat.session.hand_over(&mut context).await;
                        }
                        true
                    }
                    Err(_) => true,
                };
            }
        }
        true
    }
}

impl Seat {
    async fn turn(&mut self, context: &mut Context) -> Result<(), LinkError> {
        let stale_open = |at: Instant| at.elapsed() >= RETRY_OPEN;
        let open = match self.opened {
            None => true,
            Some(at) => !self.session.is_driving() && stale_open(at),
        };
        if open {
            self.session.resume(context).await?;
            self.opened = Some(Instant::now());
            return Ok(());
        }
        match self.session.tick(context).await {
            Err(error) if error.is_answer() => {
                self.opened = None;
                Ok(())
            }
            other => other,
        }
    }
}
