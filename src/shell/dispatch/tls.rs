//! TLS of the console and the API: one's own certificate, or one made for the machine.

use alloc::sync::Arc;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

/// Where certificate, key and the authority of client certificates are.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// Certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Authorities whose client certificates are taken, PEM.
    pub client_ca: Option<PathBuf>,
}

/// Why TLS cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file that does not hold what it should.
    #[error("{path}: {why}; it should be PEM text, as `openssl` writes it")]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Certificate and key do not go together, or no certificate could be made.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// TLS 1.2 and 1.3 with these files.
///
/// # Errors
/// See [`TlsError`].
pub fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let setup = |why: &dyn std::error::Error| TlsError::Setup(why.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| setup(&why))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for one in certificates(path)? {
                roots.add(one).map_err(|why| pem(path)(&why))?;
            }
            // People come without a certificate; machines' tokens are bound to theirs.
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|why| setup(&why))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|why| pem(&files.key)(&why))?;
    let mut config = builder
        .with_single_cert(certificates(&files.certificate)?, key)
        .map_err(|why| setup(&why))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Certificate and key in `folder`, made for these names if they are not there yet.
///
/// # Errors
/// See [`TlsError`].
pub fn generated(folder: &Path, names: &[String]) -> Result<TlsFiles, TlsError> {
    let files = TlsFiles {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
        client_ca: None,
    };
    if files.certificate.exists() && files.key.exists() {
        return Ok(files);
    }
    fs::create_dir_all(folder).map_err(file(folder))?;
    let made = rcgen::generate_simple_self_signed(names)
        .map_err(|why| TlsError::Setup(why.to_string()))?;
    write(&files.key, &made.signing_key.serialize_pem())?;
    write(&files.certificate, &made.cert.pem())?;
    Ok(files)
}

/// SHA-256 of the first certificate of a file, hexadecimal, as browsers show it.
///
/// # Errors
/// See [`TlsError`].
pub fn fingerprint(path: &Path) -> Result<String, TlsError> {
    let first = certificates(path)?.into_iter().next();
    let first = first.ok_or_else(|| TlsError::Setup("the file has no certificate".to_owned()))?;
    let hash = Sha256::digest(&first);
    let pairs: Vec<String> = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(pairs.join(":"))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path).map_err(|why| pem(path)(&why))?;
    let found: Result<Vec<_>, _> = found.collect();
    found.map_err(|why| pem(path)(&why))
}

fn pem(path: &Path) -> impl Fn(&dyn std::error::Error) -> TlsError {
    let path = path.to_path_buf();
    move |why| TlsError::Pem {
        path: path.clone(),
        why: why.to_string(),
    }
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> TlsError {
    let path = path.to_path_buf();
    move |why| TlsError::File { path, why }
}

/// A new file that only the program's own account can read.
fn write(path: &Path, text: &str) -> Result<(), TlsError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(path).and_then(|mut one| {
        one.write_all(text.as_bytes())?;
        one.sync_all()
    });
    written.map_err(file(path))
}
