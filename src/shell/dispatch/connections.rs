//! The accept loop: limits what a connection may cost before anybody is known.
//!
//! A client that sends its headers slowly, sends too many of them, or does not finish the TLS
//! handshake is dropped; so is one that takes nothing of its answer, and everybody beyond the most
//! connections at once, in all and from one address.

use alloc::sync::Arc;
use core::future::Future;
use core::time::Duration;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// Connections at once; a control room has a few consoles and a few machines.
const CONNECTIONS_MAX: u32 = 512;
/// And from one address, so that no single host keeps all the others out.
const CONNECTIONS_EACH: u32 = 128;
/// A client that takes nothing of an answer for so long is cut off.
const TAKES_WITHIN: Duration = Duration::from_secs(20);
/// From one connection's start, or last answer, to the end of the next request's headers. A live
/// stream is past its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Headers of one request.
const HEADERS_MAX: usize = 64;
/// Bytes of all headers of one request.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// TLS handshakes that take longer are given up.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// Answers that are under way at shut-down are waited for this long.
const FAREWELL: Duration = Duration::from_secs(2);

/// What is known of the other end of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Peer {
    /// SHA-256 of the client certificate, which an authority of ours has signed.
    pub(super) certificate: Option<[u8; 32]>,
}

/// Serves connections until `shutdown` completes.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let places = Places::default();
    let (closing, is_closing) = watch::channel(false);
    let mut shutdown = core::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut shutdown => break,
        };
        let Some((stream, place)) = accepted else {
            continue;
        };
        let (router, tls, is_closing) = (router.clone(), tls.clone(), is_closing.clone());
        tokio::spawn(async move {
            if let Err(why) = welcome(stream, router, tls, is_closing).await {
                tracing::debug!(%why, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    let _nobody_is_there = closing.send(true);
    // When every place is free again, every connection has ended.
    let _in_time = timeout(FAREWELL, places.all.acquire_many(CONNECTIONS_MAX)).await;
    Ok(())
}

/// Places for connections, in all and by address.
#[derive(Clone, Debug)]
struct Places {
    all: Arc<Semaphore>,
    by_address: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(CONNECTIONS_MAX as usize)),
            by_address: Arc::default(),
        }
    }
}

impl Places {
    fn take(&self, from: IpAddr) -> Option<Place> {
        let of_all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut by_address = lock(&self.by_address);
        let held = by_address.entry(from).or_default();
        if *held >= CONNECTIONS_EACH {
            return None;
        }
        *held += 1;
        Some(Place {
            _of_all: of_all,
            from,
            by_address: Arc::clone(&self.by_address),
        })
    }
}

/// The place of one connection; dropping it gives it back.
#[derive(Debug)]
struct Place {
    _of_all: OwnedSemaphorePermit,
    from: IpAddr,
    by_address: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_address = lock(&self.by_address);
        if let Some(held) = by_address.get_mut(&self.from) {
            *held -= 1;
            if *held == 0 {
                by_address.remove(&self.from);
            }
        }
    }
}

fn lock(by_address: &Mutex<HashMap<IpAddr, u32>>) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
    by_address.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next connection that there is a place for.
async fn accept(listener: &TcpListener, places: &Places) -> Option<(TcpStream, Place)> {
    match listener.accept().await {
        // Beyond the most, connections are closed at once: who waits unseen learns nothing.
        Ok((stream, from)) => Some((stream, places.take(from.ip())?)),
        Err(why) => {
            // As when no file descriptors are left: trying on at once would spin.
            tracing::warn!(%why, "a connection could not be accepted");
            sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

async fn welcome(
    stream: TcpStream,
    router: Router,
    tls: Option<TlsAcceptor>,
    is_closing: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        return Ok(talk(stream, router, Peer::default(), is_closing).await?);
    };
    let stream = timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await??;
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates().and_then(<[_]>::first);
    let peer = Peer {
        certificate: certificate.map(|one| Sha256::digest(one).into()),
    };
    Ok(talk(stream, router, peer, is_closing).await?)
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    peer: Peer,
    mut is_closing: watch::Receiver<bool>,
) -> hyper::Result<()> {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router
            .clone()
            .oneshot(Request::from(request.map(axum::body::Body::new)))
    });
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKES_WITHIN));
    let connection = server
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .with_upgrades();
    let mut connection = core::pin::pin!(connection);
    tokio::select! {
        ended = &mut connection => return ended,
        _ = is_closing.wait_for(|closing| *closing) => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_have_every_place() {
        let places = Places::default();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut held: Vec<_> = (0..CONNECTIONS_EACH).map(|_| places.take(one)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(places.take(one).is_none());
        assert!(places.take(other).is_some());
        held.pop();
        assert!(places.take(one).is_some());
        drop(held);
        assert!(lock(&places.by_address).is_empty());
        assert_eq!(places.all.available_permits(), CONNECTIONS_MAX as usize);
    }
}
