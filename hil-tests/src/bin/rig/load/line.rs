//! One client's line to the product: HTTP/1.1 over TLS, kept open, from an address of its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// An answer that takes longer is none.
const WITHIN: Duration = Duration::from_secs(15);

/// Where the product is, and how it is known.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) at: SocketAddr,
    tls: TlsConnector,
}

impl Door {
    /// The door at `at`, whose certificate is in this file.
    pub(super) fn new(at: SocketAddr, certificate: &Path) -> Result<Self, String> {
        let read = CertificateDer::from_pem_file(certificate);
        let mut roots = RootCertStore::empty();
        roots
            .add(read.map_err(|why| format!("{}: {why}", certificate.display()))?)
            .map_err(|why| why.to_string())?;
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|why| why.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            at,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// A socket from this address; `small` makes its receive buffer as small as can be.
    pub(super) async fn plain(&self, from: Ipv4Addr, small: bool) -> Result<TcpStream, String> {
        let text = |why: std::io::Error| why.to_string();
        let socket = TcpSocket::new_v4().map_err(text)?;
        if small {
            socket.set_recv_buffer_size(2048).map_err(text)?;
        }
        socket
            .bind(SocketAddr::new(IpAddr::V4(from), 0))
            .map_err(text)?;
        socket.connect(self.at).await.map_err(text)
    }

    /// The same, with TLS on it.
    pub(super) async fn secret(
        &self,
        from: Ipv4Addr,
        small: bool,
    ) -> Result<TlsStream<TcpStream>, String> {
        let stream = self.plain(from, small).await?;
        let name = ServerName::try_from("localhost").map_err(|why| why.to_string())?;
        let made = self.tls.connect(name, stream).await;
        made.map_err(|why| why.to_string())
    }
}

/// A line that is opened when it is needed.
pub(super) struct Line {
    pub(super) door: Door,
    pub(super) from: Ipv4Addr,
    pub(super) token: String,
    open: Option<(SendRequest<Full<Bytes>>, JoinHandle<()>)>,
}

impl Line {
    pub(super) fn new(door: &Door, from: Ipv4Addr, token: &str) -> Self {
        Self {
            door: door.clone(),
            from,
            token: token.to_owned(),
            open: None,
        }
    }

    /// Asks, and reads the whole answer.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), String> {
        let asked = timeout(WITHIN, self.talk(method, path, body)).await;
        let answer = asked.unwrap_or_else(|_| Err("no answer within 15 s".to_owned()));
        if answer.is_err() {
            self.open = None;
        }
        answer
    }

    async fn talk(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), String> {
        let text = |why: hyper::Error| format!("line broke: {why}");
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.map(Value::to_string).unwrap_or_default()))
            .map_err(|why| why.to_string())?;
        let answer = self.sender().await?.send_request(request).await;
        let answer = answer.map_err(text)?;
        let status = answer.status().as_u16();
        let whole = answer.into_body().collect().await.map_err(text)?;
        let body = serde_json::from_slice(&whole.to_bytes()).unwrap_or(Value::Null);
        Ok((status, body))
    }

    /// The open line; the product closes one that has been quiet for ten seconds.
    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        let usable = match &mut self.open {
            Some((sender, _)) => sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let stream = self.door.secret(self.from, false).await?;
            let made = handshake(TokioIo::new(stream)).await;
            let (sender, wire) = made.map_err(|why| why.to_string())?;
            let wire = tokio::spawn(async move {
                // What breaks here shows in the answer too.
                let _ended = wire.await;
            });
            self.open = Some((sender, wire));
        }
        let (sender, _) = self.open.as_mut().ok_or("no line")?;
        Ok(sender)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some((_, wire)) = &self.open {
            wire.abort();
        }
    }
}

/// Loopback address number `host` of this kind of client: no address gets all the places.
pub(super) fn address(kind: u8, host: usize) -> Ipv4Addr {
    let host = u8::try_from(host % 250).unwrap_or_default();
    Ipv4Addr::new(127, 0, kind, host + 1)
}
