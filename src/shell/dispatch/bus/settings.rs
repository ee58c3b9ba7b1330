//! `mqtt.toml`: which broker, and how we prove who we are. Secrets stand in files of their own.

use alloc::sync::Arc;
use std::fs;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use toml::{Table, Value};

/// Every key of the file.
const KEYS: &[&str] = &[
    "schema",
    "host",
    "port",
    "client_id",
    "keep_alive_s",
    "ca",
    "certificate",
    "key",
    "user",
    "password_file",
    "plain",
];
/// A key that is refused with a reason of its own.
const PASSWORD: &str = "password";
const PORT_TLS: u16 = 8883;
const PORT_PLAIN: u16 = 1883;
const KEEP_ALIVE_S: u16 = 10;

/// How a broker is reached.
#[derive(Clone)]
pub struct Settings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What we call ourselves; two programs of one name throw each other out.
    pub client_id: String,
    /// A connection on which nothing is heard for longer is given up, seconds.
    pub keep_alive_s: u16,
    /// User and password, if it asks for them.
    pub user: Option<(String, String)>,
    /// Authorities, and our certificate; nothing for a broker on this machine.
    pub tls: Option<Arc<ClientConfig>>,
}

impl core::fmt::Debug for Settings {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the file, all at once.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {}", .findings.join("\n  "))]
pub struct SettingsError {
    /// The file.
    pub file: String,
    /// Key, what is wrong, how to mend it.
    pub findings: Vec<String>,
}

impl Settings {
    /// Reads a file for the city with this id; the files it names lie beside it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(file: &Path, city: &str) -> Result<Self, SettingsError> {
        let failed = |findings| SettingsError {
            file: file.display().to_string(),
            findings,
        };
        let text = fs::read_to_string(file)
            .map_err(|why| failed(vec![format!("cannot be read: {why}")]))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        Self::of_text(&text, folder, city).map_err(failed)
    }

    /// The same of a text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn of_text(text: &str, folder: &Path, city: &str) -> Result<Self, Vec<String>> {
        let table: Table = text
            .parse()
            .map_err(|why: toml::de::Error| vec![format!("not TOML: {}", why.message())])?;
        let mut reader = Reader {
            table,
            folder: folder.to_owned(),
            findings: Vec::new(),
        };
        let made = reader.settings(city);
        match made {
            Some(made) if reader.findings.is_empty() => Ok(made),
            _ => Err(reader.findings),
        }
    }
}

struct Reader {
    table: Table,
    folder: PathBuf,
    findings: Vec<String>,
}

impl Reader {
    fn settings(&mut self, city: &str) -> Option<Settings> {
        self.keys();
        let host = self.text("host");
        if host.is_none() && !self.table.contains_key("host") {
            self.no("host", "is missing", "name the broker's machine");
        }
        let plain = self.plain(host.as_deref());
        let usual = if plain { PORT_PLAIN } else { PORT_TLS };
        let port = self.number("port", (1, u16::MAX), usual);
        let keep_alive_s = self.number("keep_alive_s", (5, 600), KEEP_ALIVE_S);
        let usual = format!("greenwave-{city}");
        let client_id = self.text("client_id").unwrap_or(usual);
        let user = self.user();
        let tls = if plain { None } else { self.tls() };
        Some(Settings {
            host: host?,
            port: port?,
            client_id,
            keep_alive_s: keep_alive_s?,
            user,
            tls,
        })
    }

    fn keys(&mut self) {
        let unknown = self
            .table
            .keys()
            .filter(|key| !KEYS.contains(&key.as_str()) && key.as_str() != PASSWORD);
        let unknown: Vec<String> = unknown.cloned().collect();
        for key in unknown {
            self.no(&key, "is not known", &format!("known: {}", KEYS.join(", ")));
        }
        if self.table.get("schema").and_then(Value::as_integer) != Some(1) {
            self.no("schema", "is not 1", "write `schema = 1`");
        }
    }

    /// True for a wire without TLS, which only this machine may have.
    fn plain(&mut self, host: Option<&str>) -> bool {
        let plain = match self.table.get("plain") {
            None => return false,
            Some(Value::Boolean(plain)) => *plain,
            Some(_) => {
                self.no("plain", "is not true or false", "leave it out for TLS");
                return false;
            }
        };
        let here = ["127.0.0.1", "::1", "localhost"];
        if plain && !host.is_some_and(|host| here.contains(&host)) {
            let mend = "without TLS everybody on the way reads and changes messages: only for a \
                        broker on this machine (127.0.0.1); leave it out and name `ca`";
            self.no("plain", "is true for another machine", mend);
        }
        let idle = ["ca", "certificate", "key"];
        for key in idle.iter().filter(|_| plain) {
            if self.table.contains_key(*key) {
                self.no(
                    key,
                    "has no use with `plain = true`",
                    "leave one of them out",
                );
            }
        }
        plain
    }

    fn user(&mut self) -> Option<(String, String)> {
        if self.table.contains_key(PASSWORD) {
            let mend = "write the password into a file and name it in `password_file`";
            self.no(PASSWORD, "stands in the file itself", mend);
        }
        let user = self.text("user");
        let password = self.file("password_file").and_then(|(path, bytes)| {
            let text = String::from_utf8(bytes).ok()?;
            let first = text.lines().next().unwrap_or_default().to_owned();
            if first.is_empty() {
                let what = format!("{} is empty", path.display());
                self.no("password_file", &what, "its first line is the password");
            }
            Some(first)
        });
        let named = |key: &str| self.table.contains_key(key);
        if named("user") != named("password_file") {
            let mend = "give both, or none and a certificate";
            self.no("user", "and `password_file` belong together", mend);
        }
        user.zip(password)
    }

    fn tls(&mut self) -> Option<Arc<ClientConfig>> {
        if !self.table.contains_key("ca") {
            let mend =
                "name the PEM file of the authority that has signed the broker's certificate";
            self.no("ca", "is missing", mend);
        }
        let mut roots = RootCertStore::empty();
        for one in self.certificates("ca") {
            if let Err(why) = roots.add(one) {
                self.no("ca", &why.to_string(), "give an authority's certificate");
            }
        }
        let own = self.certificates("certificate");
        let key = self.file("key").and_then(|(path, bytes)| {
            let key = PrivateKeyDer::from_pem_slice(&bytes);
            if let Err(why) = &key {
                let what = format!("{}: {why}", path.display());
                self.no("key", &what, "give a private key as PEM");
            }
            key.ok()
        });
        let named = |key: &str| self.table.contains_key(key);
        if named("certificate") != named("key") {
            let mend = "give both, or none and a user";
            self.no("certificate", "and `key` belong together", mend);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .ok()?
            .with_root_certificates(roots);
        let Some(key) = key.filter(|_| !own.is_empty()) else {
            return Some(Arc::new(builder.with_no_client_auth()));
        };
        match builder.with_client_auth_cert(own, key) {
            Ok(made) => Some(Arc::new(made)),
            Err(why) => {
                let mend = "they must be a pair";
                self.no("certificate", &format!("and `key`: {why}"), mend);
                None
            }
        }
    }

    fn certificates(&mut self, key: &str) -> Vec<CertificateDer<'static>> {
        let Some((path, bytes)) = self.file(key) else {
            return Vec::new();
        };
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        let what = match found {
            Ok(found) if !found.is_empty() => return found,
            Ok(_) => "has no certificate".to_owned(),
            Err(why) => why.to_string(),
        };
        let what = format!("{}: {what}", path.display());
        self.no(key, &what, "give certificates as PEM");
        Vec::new()
    }

    /// What stands in the file that `key` names.
    fn file(&mut self, key: &str) -> Option<(PathBuf, Vec<u8>)> {
        let name = self.text(key)?;
        let path = self.folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => Some((path, bytes)),
            Err(why) => {
                let what = format!("{} cannot be read: {why}", path.display());
                self.no(key, &what, "paths start at this file's folder");
                None
            }
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let value = self.table.get(key)?;
        let text = value
            .as_str()
            .filter(|text| is_word(text))
            .map(str::to_owned);
        if text.is_none() {
            self.no(
                key,
                "is not a text of 1 to 255 characters",
                "put it in quotes",
            );
        }
        text
    }

    fn number(&mut self, key: &str, (low, high): (u16, u16), usual: u16) -> Option<u16> {
        let Some(value) = self.table.get(key) else {
            return Some(usual);
        };
        let number = value
            .as_integer()
            .and_then(|number| u16::try_from(number).ok());
        let number = number.filter(|number| (low..=high).contains(number));
        if number.is_none() {
            let mend = format!("a whole number from {low} to {high}");
            self.no(key, "is out of range", &mend);
        }
        number
    }

    fn no(&mut self, key: &str, what: &str, mend: &str) {
        self.findings.push(format!("`{key}` {what}: {mend}"));
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && !text.chars().any(char::is_control)
}
