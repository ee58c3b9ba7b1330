//! mosquitto with TLS and an access list, in a folder of its own.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use greenwave::shell::dispatch::bus::Settings;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::{is_there, program, text};

/// Who has a certificate: the controller, agencies, a cabinet that has no business here, and
/// somebody whom a slip in the access list lets onto an agency's topics.
const NAMES: [&str; 6] = [
    "greenwave",
    "ems",
    "ems-south",
    "ankang-joint",
    "cabinet",
    "insider",
];

/// The controller's password on the port for passwords.
pub const PASSWORD: &str = "correct horse";

const ACCESS: &str = "\
user greenwave
topic read greenwave/v1/+/+/in/#
topic write greenwave/v1/+/+/out/#
topic write greenwave/v1/+/state

user insider
topic write greenwave/v1/+/+/in/#

pattern write greenwave/v1/+/%u/in/#
pattern read greenwave/v1/+/%u/out/#
pattern read greenwave/v1/+/state
";

/// A broker on loopback; it ends when dropped.
#[derive(Debug)]
pub struct Mosquitto {
    folder: tempfile::TempDir,
    port: u16,
    password_port: u16,
    child: Option<Child>,
}

impl Mosquitto {
    /// Why there can be none.
    #[must_use]
    pub fn missing() -> Option<&'static str> {
        let needed = [
            "mosquitto",
            "mosquitto_passwd",
            "mosquitto_pub",
            "mosquitto_sub",
        ];
        let all = needed.iter().all(|one| is_there(one));
        (!all).then_some("not in PATH; hil-tests/setup.sh installs mosquitto and its clients")
    }

    /// Starts one with fresh certificates.
    ///
    /// # Errors
    /// No folder, no port, or it does not start.
    pub fn start() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(text)?;
        certificates(folder.path())?;
        let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(text);
        let at_once = [free()?, free()?];
        let [port, password_port] = at_once.map(|one| one.local_addr().map_or(0, |at| at.port()));
        passwords(folder.path())?;
        let at = folder.path().display();
        // `user root` keeps a root's broker able to read the folder; others ignore it.
        let config = format!(
            "user root\npersistence false\nper_listener_settings true\n\
             max_queued_messages 200000\nset_tcp_nodelay true\n\
             listener {port} 127.0.0.1\nallow_anonymous false\nacl_file {at}/acl\n\
             cafile {at}/ca.pem\ncertfile {at}/broker.pem\nkeyfile {at}/broker.key\n\
             require_certificate true\nuse_identity_as_username true\n\
             listener {password_port} 127.0.0.1\nallow_anonymous false\nacl_file {at}/acl\n\
             cafile {at}/ca.pem\ncertfile {at}/broker.pem\nkeyfile {at}/broker.key\n\
             password_file {at}/passwords\n"
        );
        fs::write(folder.path().join("mosquitto.conf"), config).map_err(text)?;
        fs::write(folder.path().join("acl"), ACCESS).map_err(text)?;
        let mut made = Self {
            folder,
            port,
            password_port,
            child: None,
        };
        made.start_again()?;
        Ok(made)
    }

    /// Starts it after [`Self::kill`]: it remembers nothing.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_again(&mut self) -> Result<(), String> {
        let log = fs::File::create(self.file("mosquitto.log")).map_err(text)?;
        let child = Command::new(program("mosquitto"))
            .arg("-c")
            .arg(self.file("mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(text)?;
        self.child = Some(child);
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if began.elapsed() > Duration::from_secs(20) {
                let log = fs::read_to_string(self.file("mosquitto.log")).unwrap_or_default();
                return Err(format!("mosquitto does not listen:\n{log}"));
            }
            pause();
        }
        Ok(())
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Already ended is as good.
            let _gone = child.kill();
            let _status = child.wait();
        }
    }

    /// A file of its folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// How the controller reaches it, read from a file as `--mqtt` reads it; `ca` is the authority
    /// that the controller trusts.
    ///
    /// # Errors
    /// The file is refused.
    pub fn settings(&self, ca: &str) -> Result<Settings, String> {
        let file = format!(
            "schema = 1\nhost = \"127.0.0.1\"\nport = {}\nca = \"{ca}\"\n\
             certificate = \"greenwave.pem\"\nkey = \"greenwave.key\"\n",
            self.port
        );
        let path = self.file("mqtt.toml");
        fs::write(&path, file).map_err(text)?;
        Settings::read(&path, "made-up").map_err(text)
    }

    /// The same by user and password, without a certificate of our own.
    ///
    /// # Errors
    /// The file is refused.
    pub fn settings_by_password(&self, password: &str) -> Result<Settings, String> {
        let file = format!(
            "schema = 1\nhost = \"127.0.0.1\"\nport = {}\nca = \"ca.pem\"\n\
             user = \"greenwave\"\npassword_file = \"password\"\n",
            self.password_port
        );
        fs::write(self.file("password"), format!("{password}\n")).map_err(text)?;
        let path = self.file("mqtt-password.toml");
        fs::write(&path, file).map_err(text)?;
        Settings::read(&path, "made-up").map_err(text)
    }

    /// What it has written down so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("mosquitto.log")).unwrap_or_default()
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program that starts is waited for in real time"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// The one who comes with a password.
fn passwords(folder: &Path) -> Result<(), String> {
    let made = Command::new(program("mosquitto_passwd"))
        .args(["-c", "-b"])
        .arg(folder.join("passwords"))
        .args(["greenwave", PASSWORD])
        .stderr(Stdio::null())
        .status()
        .map_err(text)?;
    made.success()
        .then_some(())
        .ok_or_else(|| "mosquitto_passwd refuses".to_owned())
}

fn certificates(folder: &Path) -> Result<(), String> {
    let write = |name: &str, pem: String| fs::write(folder.join(name), pem).map_err(text);
    let issuer = authority(&write, "ca.pem")?;
    authority(&write, "stranger.pem")?;
    let broker = ("broker", ExtendedKeyUsagePurpose::ServerAuth);
    let people = NAMES.map(|name| (name, ExtendedKeyUsagePurpose::ClientAuth));
    for (name, purpose) in people.into_iter().chain([broker]) {
        let hosts = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut wanted = CertificateParams::new(hosts).map_err(text)?;
        wanted.distinguished_name.push(DnType::CommonName, name);
        wanted.extended_key_usages.push(purpose);
        let key = KeyPair::generate().map_err(text)?;
        let made = wanted.signed_by(&key, &issuer).map_err(text)?;
        write(&format!("{name}.pem"), made.pem())?;
        write(&format!("{name}.key"), key.serialize_pem())?;
    }
    Ok(())
}

fn authority(
    write: &impl Fn(&str, String) -> Result<(), String>,
    name: &str,
) -> Result<Issuer<'static, KeyPair>, String> {
    let mut wanted = CertificateParams::new(Vec::new()).map_err(text)?;
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    wanted.key_usages.push(KeyUsagePurpose::KeyCertSign);
    wanted.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().map_err(text)?;
    write(name, wanted.self_signed(&key).map_err(text)?.pem())?;
    Ok(Issuer::new(wanted, key))
}
