//! One cabinet on Modbus TCP: one task, one connection, one question at a time.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_modbus::client::{Context, tcp};

use super::backoff::{Backoff, Trouble};
use super::session::{LinkError, Session};

const CONNECT_WITHIN: Duration = Duration::from_millis(500);
/// Without a new picture for this long the link only looks.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// How often a cabinet that may not be driven is asked again.
const RETRY_OPEN: Duration = Duration::from_secs(5);

/// Runs until told to stop.
pub(super) async fn run(address: String, mut session: Session, mut stop: watch::Receiver<bool>) {
    let mut backoff = Backoff::new(&address);
    let mut trouble = Trouble::default();
    while !*stop.borrow() {
        match connect(&address).await {
            Ok(mut context) => {
                if trouble.is_over() {
                    tracing::warn!(site = session.spec.site, address, "connected again");
                }
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
            Err(error) if trouble.is_new(&error) => {
                tracing::warn!(site = session.spec.site, address, %error, "cannot connect");
            }
            Err(error) => tracing::debug!(site = session.spec.site, %error, "cannot connect"),
        }
        session.lost();
        tokio::select! {
            () = sleep(backoff.next()) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn connect(address: &str) -> std::io::Result<Context> {
    let stream = timeout(CONNECT_WITHIN, TcpStream::connect(address)).await??;
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
    let mut refusal = Trouble::default();
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
            Ok(()) if opened.elapsed() < RETRY_OPEN => {}
            Ok(()) => {
                let _it_was_long_ago = refusal.is_over();
            }
            Err(error) if error.is_answer() => {
                if refusal.is_new(&error) {
                    tracing::warn!(site = session.spec.site, %error, "opening the cabinet anew");
                }
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
