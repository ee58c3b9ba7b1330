//! `bridge.toml`: where the old system leaves its requests, where they go, and what its words mean.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::mapping::{FIELDS, Mapping};
use crate::plan::WebhookUrl;
use crate::shell::partners::client::{Client, ClientFiles, secret_of};

/// What cannot be used about a configuration: every mistake, in sentences.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", .path.display(), .problems.join("\n  "))]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, and how to mend it.
    pub problems: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: u32,
    server: String,
    token_file: PathBuf,
    ca_file: Option<PathBuf>,
    client_cert_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
    #[serde(default)]
    plain_http: bool,
    agency: String,
    source_system: String,
    state_folder: PathBuf,
    #[serde(default = "thirty")]
    expires_after_min: u32,
    #[serde(default = "thirty")]
    keep_days: u32,
    folder: Option<RawFolder>,
    post: Option<RawPost>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    defaults: BTreeMap<String, toml::Value>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFolder {
    drop: PathBuf,
    #[serde(default = "two")]
    settle_s: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPost {
    listen: SocketAddr,
}

const fn thirty() -> u32 {
    30
}

const fn two() -> u32 {
    2
}

/// A folder that is watched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Where the old system leaves its files; `done` and `refused` lie in it.
    pub drop: PathBuf,
    /// A file that has not changed for so long is whole, milliseconds.
    pub settle_ms: i64,
}

/// A bridge, ready to work.
#[derive(Debug)]
pub struct Config {
    /// Speaks to the installation.
    pub client: Client,
    /// The bearer token.
    pub token: String,
    /// Who asks; the token's.
    pub agency: String,
    /// Which of its systems; the token's.
    pub source_system: String,
    /// Outbox, and what was answered lately.
    pub state: PathBuf,
    /// A corridor ends so long after its request at the latest, milliseconds.
    pub expires_after_ms: i64,
    /// Files of `done` and `refused` are kept for so long, milliseconds.
    pub keep_ms: i64,
    /// The watched folder, if any.
    pub folder: Option<Watched>,
    /// Where plain POST is taken, if anywhere; loopback.
    pub listen: Option<SocketAddr>,
    /// What the old system's words mean.
    pub mapping: Mapping,
}

impl Config {
    /// Reads and checks a configuration; relative paths begin beside it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let said = |problems: Vec<String>| ConfigError {
            path: path.to_path_buf(),
            problems,
        };
        let text = fs::read_to_string(path).map_err(|why| said(vec![why.to_string()]))?;
        let raw: Raw = toml::from_str(&text).map_err(|why| said(vec![why.to_string()]))?;
        let beside = path.parent().unwrap_or(Path::new("."));
        let mut problems = Vec::new();
        let made = check(raw, beside, &mut problems);
        match made {
            Some(made) if problems.is_empty() => Ok(made),
            _ => Err(said(problems)),
        }
    }
}

fn check(raw: Raw, beside: &Path, problems: &mut Vec<String>) -> Option<Config> {
    check_numbers(&raw, problems);
    let url = server(&raw, problems);
    let own = match (&raw.client_cert_file, &raw.client_key_file) {
        (Some(certificate), Some(key)) => Some((beside.join(certificate), beside.join(key))),
        (None, None) => None,
        _ => {
            problems.push("client_cert_file and client_key_file go together".to_owned());
            None
        }
    };
    let files = ClientFiles {
        ca: raw.ca_file.as_ref().map(|file| beside.join(file)),
        own,
    };
    let mut note = |made: Result<Client, _>| match made {
        Ok(made) => Some(made),
        Err(why) => {
            problems.push(format!("{why}"));
            None
        }
    };
    let client = url.and_then(|url| note(Client::new(url, &files)));
    let token = match secret_of(&beside.join(&raw.token_file)) {
        Ok(token) => Some(token),
        Err(why) => {
            problems.push(format!("token_file: {why}"));
            None
        }
    };
    let mapping = Mapping {
        fields: raw.fields,
        defaults: defaults(&raw.defaults, problems),
        values: raw.values,
    };
    problems.extend(mapping.problems());
    Some(Config {
        client: client?,
        token: token?,
        agency: raw.agency,
        source_system: raw.source_system,
        state: beside.join(raw.state_folder),
        expires_after_ms: i64::from(raw.expires_after_min) * 60_000,
        keep_ms: i64::from(raw.keep_days) * 24 * 3_600_000,
        folder: raw.folder.map(|folder| Watched {
            drop: beside.join(folder.drop),
            settle_ms: i64::from(folder.settle_s) * 1000,
        }),
        listen: raw.post.map(|post| post.listen),
        mapping,
    })
}

fn check_numbers(raw: &Raw, problems: &mut Vec<String>) {
    let mut range = |key: &str, value: u32, low: u32, high: u32| {
        if !(low..=high).contains(&value) {
            problems.push(format!("{key} is {value}: write {low} to {high}"));
        }
    };
    range("schema", raw.schema, 1, 1);
    range("expires_after_min", raw.expires_after_min, 1, 60);
    range("keep_days", raw.keep_days, 1, 366);
    if let Some(folder) = &raw.folder {
        range("folder.settle_s", folder.settle_s, 1, 60);
    }
    if raw.folder.is_none() && raw.post.is_none() {
        problems.push("add [folder] with `drop`, or [post] with `listen`".to_owned());
    }
    let open = raw
        .post
        .as_ref()
        .filter(|post| !post.listen.ip().is_loopback());
    if let Some(post) = open {
        problems.push(format!(
            "post.listen is {}: whoever reaches it opens corridors; write 127.0.0.1:PORT",
            post.listen
        ));
    }
}

fn server(raw: &Raw, problems: &mut Vec<String>) -> Option<WebhookUrl> {
    let Some(url) = WebhookUrl::parse(&raw.server).filter(|url| url.path == "/") else {
        let wants = "write https://HOST or https://HOST:PORT";
        problems.push(format!("server is \"{}\": {wants}", raw.server));
        return None;
    };
    if !url.tls && !url.is_loopback() && !raw.plain_http {
        problems.push(
            "server is not https: the token would go over the network in the open; write https://, \
             or `plain_http = true` if the network itself is closed"
                .to_owned(),
        );
        return None;
    }
    Some(url)
}

/// Defaults as text; what is no word, number or flag is noted.
fn defaults(
    raw: &BTreeMap<String, toml::Value>,
    problems: &mut Vec<String>,
) -> BTreeMap<String, String> {
    let mut made = BTreeMap::new();
    for (field, value) in raw {
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            _ => {
                let known = FIELDS.map(|(name, _)| name).join(", ");
                problems.push(format!(
                    "defaults.{field} is no text, number or flag; a field of a group is written \
                     in quotes, as \"vehicle.length_m\" = 6; fields: {known}"
                ));
                continue;
            }
        };
        made.insert(field.clone(), text);
    }
    made
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        fs::write(&token, "a".repeat(64)).unwrap();
        fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).unwrap();
        let path = folder.path().join("bridge.toml");
        fs::write(&path, text).unwrap();
        Config::read(&path)
    }

    const GOOD: &str = r#"
schema = 1
server = "http://127.0.0.1:8080"
token_file = "token"
agency = "ems"
source_system = "cad"
state_folder = "state"
[folder]
drop = "drop"
[fields]
incident_id = "CaseNo"
"vehicle.id" = "Unit"
[defaults]
"vehicle.length_m" = 6.5
lights_siren = true
[values."vehicle.id"]
"1" = "A120"
"#;

    #[test]
    fn a_good_configuration_is_read() {
        let config = read(GOOD).unwrap();
        assert_eq!(config.folder.unwrap().settle_ms, 2_000);
        assert_eq!(config.mapping.defaults["vehicle.length_m"], "6.5");
    }

    #[test]
    fn every_mistake_is_told_with_its_mend() {
        let bad = GOOD
            .replace("http://127.0.0.1:8080", "http://city.example.org")
            .replace(
                "schema = 1",
                "schema = 1\nexpires_after_min = 90\nclient_cert_file = \"c\"",
            )
            .replace(
                "[folder]\ndrop = \"drop\"",
                "[post]\nlisten = \"0.0.0.0:9000\"",
            )
            .replace("incident_id =", "incidentid =")
            .replace("[values.\"vehicle.id\"]", "[values.vehicles]");
        let why = read(&bad).unwrap_err();
        let told = why.problems.join("\n");
        for word in [
            "plain_http",
            "write 1 to 60",
            "go together",
            "127.0.0.1:PORT",
            "incidentid",
            "vehicles",
        ] {
            assert!(told.contains(word), "{word} in:\n{told}");
        }
        assert!(read("schema = 1\nserver = 3").is_err());
        let lost = GOOD.replace("token_file = \"token\"", "token_file = \"nowhere\"");
        assert!(read(&lost).unwrap_err().problems[0].starts_with("token_file"));
    }
}
