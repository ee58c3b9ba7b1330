//! The API over the made-up city, on a free port of this machine.

use std::net::Ipv4Addr;
use std::sync::Arc;

use greenwave::shell::dispatch::bus::Exchange;
use greenwave::shell::dispatch::tls::{TlsFiles, acceptor};
use greenwave::shell::dispatch::{Auth, Service, serve};
use greenwave::shell::partners::Partners;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::fake_city::{FakeCity, Town};

/// A small made-up town whose API is served, without audit or store.
#[derive(Debug)]
pub struct Served {
    /// The town.
    pub city: Arc<FakeCity>,
    /// The URL of the API.
    pub base: String,
}

impl Served {
    /// Serves on `runtime` until that ends; with TLS if there are files for it.
    ///
    /// # Errors
    /// A socket or the TLS files.
    pub fn start(
        runtime: &Runtime,
        auth: Arc<Auth>,
        tls: Option<&TlsFiles>,
        partners: Option<Partners>,
    ) -> Result<Self, String> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(bound).map_err(|why| why.to_string())?;
        let address = listener.local_addr().map_err(|why| why.to_string())?;
        let wire = if tls.is_some() { "https" } else { "http" };
        let tls = tls.map(acceptor).transpose();
        let city = FakeCity::start(Town::small(), 2, false);
        let service = Service {
            world: Arc::clone(&city) as Arc<_>,
            auth,
            audit: None,
            records: None,
            tls: tls.map_err(|why| why.to_string())?,
            bus: Exchange::in_process(),
            partners: partners.map(Arc::new),
        };
        runtime.spawn(serve(listener, service, core::future::pending()));
        let base = format!("{wire}://{address}");
        Ok(Self { city, base })
    }
}
