//! One HTTP request to a partner: a connection of its own, no redirects, a bounded answer, all of
//! it within one time.

use alloc::sync::Arc;
use core::time::Duration;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::plan::WebhookUrl;

/// A partner that cannot be reached by then is not there.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// From the first byte out to the last byte in.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Where systems keep the authorities they trust; the first one that is there counts.
const SYSTEM_ROOTS: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// Why a request had no answer.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Nobody listens there, or the wire broke.
    #[error("{0}")]
    Wire(String),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
    /// A header or path that HTTP cannot carry.
    #[error("the request cannot be written: {0}")]
    Request(String),
    /// The answer is longer than it may be.
    #[error("the answer is longer than {0} bytes")]
    Flood(usize),
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A file that cannot be read, or does not hold what it should.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There are no authorities to hold a certificate against.
    #[error("no authorities are known: name a PEM file with `ca_file`")]
    NoRoots,
    /// Certificate and key do not go together, or the host's name is none.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// Files of the wire's protection; all optional.
#[derive(Clone, Debug, Default)]
pub struct ClientFiles {
    /// Authorities of the partner's certificate, PEM; the system's if absent.
    pub ca: Option<PathBuf>,
    /// Our own certificate chain and its key, PEM.
    pub own: Option<(PathBuf, PathBuf)>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// The header `date`, as it was sent.
    pub date: Option<String>,
    /// The body; empty if it was not asked for.
    pub body: Vec<u8>,
}

/// Speaks to one partner.
#[derive(Clone)]
pub struct Client {
    url: WebhookUrl,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl core::fmt::Debug for Client {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.url.text)
            .finish_non_exhaustive()
    }
}

/// What is asked.
#[derive(Debug)]
pub struct Ask<'a> {
    /// `GET` or `POST`.
    pub method: Method,
    /// Path and query; the URL's own if absent.
    pub path: Option<&'a str>,
    /// Headers beside host and length.
    pub headers: Vec<(&'a str, String)>,
    /// The body.
    pub body: Bytes,
    /// The answer's body is read up to so many bytes; zero: not at all.
    pub answer_max: usize,
}

impl Client {
    /// A client of `url`. It connects to no other host and port, whatever comes back.
    ///
    /// # Errors
    /// A file that cannot be read, or TLS that cannot be set up.
    pub fn new(url: WebhookUrl, files: &ClientFiles) -> Result<Self, ClientError> {
        let tls = if url.tls {
            let inside = url.host.trim_start_matches('[').trim_end_matches(']');
            let name = ServerName::try_from(inside.to_owned())
                .map_err(|why| ClientError::Setup(why.to_string()))?;
            Some((TlsConnector::from(Arc::new(config(files)?)), name))
        } else {
            None
        };
        Ok(Self { url, tls })
    }

    /// Asks, and gives the answer whatever its status; a redirect is an answer like others.
    ///
    /// # Errors
    /// No answer, or one that is too long.
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Answer, WireError> {
        match tokio::time::timeout(ANSWER_WITHIN, self.talk(ask)).await {
            Ok(answer) => answer,
            Err(_) => Err(WireError::Late(ANSWER_WITHIN)),
        }
    }

    async fn talk(&self, ask: Ask<'_>) -> Result<Answer, WireError> {
        let host = self.url.host.trim_start_matches('[').trim_end_matches(']');
        let connect = TcpStream::connect((host, self.url.port));
        let stream = tokio::time::timeout(CONNECT_WITHIN, connect)
            .await
            .map_err(|_| WireError::Late(CONNECT_WITHIN))?
            .map_err(|why| WireError::Wire(why.to_string()))?;
        match &self.tls {
            None => self.over(stream, ask).await,
            Some((connector, name)) => {
                let wire = connector.connect(name.clone(), stream).await;
                let wire = wire.map_err(|why| WireError::Wire(why.to_string()))?;
                self.over(wire, ask).await
            }
        }
    }

    async fn over<S>(&self, stream: S, ask: Ask<'_>) -> Result<Answer, WireError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let broken = |why: hyper::Error| WireError::Wire(why.to_string());
        let answer_max = ask.answer_max;
        let request = self.request(ask)?;
        let (mut sender, wire) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let mut wire = Guard(tokio::spawn(
            async move { wire.await.err().as_ref().map(whole) },
        ));
        let answer = match sender.send_request(request).await {
            Ok(answer) => answer,
            // Why is known to the wire: as a certificate that the other side does not take.
            Err(why) => {
                let told = (&mut wire.0).await.ok().flatten();
                let closed = || format!("closed before it answered ({})", whole(&why));
                return Err(WireError::Wire(told.unwrap_or_else(closed)));
            }
        };
        let date = answer.headers().get(header::DATE);
        let date = date.and_then(|date| date.to_str().ok().map(str::to_owned));
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        if answer_max > 0 && answer.status() != StatusCode::NO_CONTENT {
            let whole = axum::body::to_bytes(Body::new(answer.into_body()), answer_max).await;
            body = whole.map_err(|_| WireError::Flood(answer_max))?.to_vec();
        }
        Ok(Answer { status, date, body })
    }

    fn request(&self, ask: Ask<'_>) -> Result<Request<Body>, WireError> {
        let unwritten = |why: &dyn core::fmt::Display| WireError::Request(why.to_string());
        let mut made = Request::new(Body::from(ask.body));
        *made.method_mut() = ask.method;
        let path = ask.path.unwrap_or(&self.url.path);
        *made.uri_mut() = path.parse().map_err(|why| unwritten(&why))?;
        let usual = if self.url.tls { 443 } else { 80 };
        let host = if self.url.port == usual {
            self.url.host.clone()
        } else {
            format!("{}:{}", self.url.host, self.url.port)
        };
        let own = [
            ("host", host),
            ("connection", "close".to_owned()),
            (
                "user-agent",
                concat!("greenwave/", env!("CARGO_PKG_VERSION")).to_owned(),
            ),
        ];
        for (name, value) in own.into_iter().chain(ask.headers) {
            let name: HeaderName = name.parse().map_err(|why| unwritten(&why))?;
            let value = HeaderValue::from_str(&value).map_err(|why| unwritten(&why))?;
            made.headers_mut().insert(name, value);
        }
        Ok(made)
    }
}

/// An error with all that is behind it: why a wire was closed lies two or three deep.
fn whole(why: &hyper::Error) -> String {
    let mut said = why.to_string();
    let mut behind = core::error::Error::source(why);
    while let Some(cause) = behind {
        said.push_str(": ");
        said.push_str(&cause.to_string());
        behind = cause.source();
    }
    said
}

/// Ends the wire's task with the request.
struct Guard(JoinHandle<Option<String>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn config(files: &ClientFiles) -> Result<ClientConfig, ClientError> {
    let setup = |why: rustls::Error| ClientError::Setup(why.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .with_root_certificates(roots(files.ca.as_deref())?);
    match &files.own {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(file(key))?;
            builder.with_client_auth_cert(chain, key).map_err(setup)
        }
    }
}

/// The authorities of `own`, every one of which must be good, or those of the system.
fn roots(own: Option<&Path>) -> Result<RootCertStore, ClientError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = own {
        for one in certificates(path)? {
            roots.add(one).map_err(file(path))?;
        }
    } else {
        let found = SYSTEM_ROOTS
            .iter()
            .map(Path::new)
            .find(|path| path.exists());
        let path = found.ok_or(ClientError::NoRoots)?;
        roots.add_parsable_certificates(certificates(path)?);
    }
    if roots.is_empty() {
        return Err(ClientError::NoRoots);
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let found = CertificateDer::pem_file_iter(path).map_err(file(path))?;
    found.collect::<Result<_, _>>().map_err(file(path))
}

fn file<E: core::fmt::Display>(path: &Path) -> impl Fn(E) -> ClientError {
    let path = path.to_path_buf();
    move |why| ClientError::File {
        path: path.clone(),
        why: why.to_string(),
    }
}

/// Shortest secret or token: 128 bits in hexadecimal.
const SECRET_MIN: usize = 32;

/// A secret of one line from a file that nobody else can read.
///
/// # Errors
/// The file cannot be read, is open to others, or holds too little.
pub fn secret_of(path: &Path) -> Result<String, ClientError> {
    let said = file(path);
    let about = fs::metadata(path).map_err(|why: io::Error| said(why.to_string()))?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
        return Err(said("others can read it; chmod 600".to_owned()));
    }
    let text = if about.len() > 4096 {
        String::new()
    } else {
        fs::read_to_string(path).map_err(|why| said(why.to_string()))?
    };
    let secret = text.trim();
    if secret.len() < SECRET_MIN || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        let wants = format!("wants one line of at least {SECRET_MIN} characters without blanks");
        return Err(said(wants));
    }
    Ok(secret.to_owned())
}
