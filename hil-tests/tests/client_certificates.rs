//! Machines with client certificates: what the right one opens, and how every other one is refused.
#![cfg(feature = "shell")]
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use greenwave::plan::WebhookUrl;
use greenwave::shell::dispatch::Auth;
use greenwave::shell::dispatch::auth::{NewToken, Scope};
use greenwave::shell::dispatch::tls::{TlsFiles, generated};
use greenwave::shell::partners::client::{Ask, Client, ClientFiles, WireError};
use greenwave::shell::store::Records;
use hil_tests::served::Served;
use hyper::Method;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The product's API with TLS, and an authority of client certificates that it was told of.
struct Rig {
    folder: tempfile::TempDir,
    auth: Arc<Auth>,
    authority: Issuer<'static, KeyPair>,
    served: Served,
    runtime: tokio::runtime::Runtime,
}

fn authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (authority, pem) = authority("agencies");
        let client_ca = folder.path().join("agencies.pem");
        fs::write(&client_ca, pem).unwrap();
        let files = generated(&folder.path().join("tls"), &["127.0.0.1".to_owned()]).unwrap();
        let files = TlsFiles {
            client_ca: Some(client_ca),
            ..files
        };
        let records = Records::open(&folder.path().join("store.sqlite")).unwrap();
        let auth = Arc::new(Auth::over(records).unwrap());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let served = Served::start(&runtime, Arc::clone(&auth), Some(&files), None).unwrap();
        Self {
            folder,
            auth,
            authority,
            served,
            runtime,
        }
    }

    /// A certificate and its key as files, and the certificate's SHA-256.
    fn certificate(
        &self,
        name: &str,
        by: &Issuer<'static, KeyPair>,
        until_year: i32,
    ) -> (Own, [u8; 32]) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let client = ExtendedKeyUsagePurpose::ClientAuth;
        params.extended_key_usages.push(client);
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, by).unwrap();
        let path = |ending: &str| self.folder.path().join(format!("{name}.{ending}"));
        fs::write(path("pem"), made.pem()).unwrap();
        fs::write(path("key"), key.serialize_pem()).unwrap();
        fs::set_permissions(path("key"), PermissionsExt::from_mode(0o600)).unwrap();
        let hash = Sha256::digest(made.der()).into();
        (Some((path("pem"), path("key"))), hash)
    }

    fn token(&self, id: &str, agency: &str, scopes: &[Scope], bound: Option<[u8; 32]>) -> String {
        let token = self.auth.make_token(NewToken {
            id: id.to_owned(),
            agency: agency.to_owned(),
            source_system: "cad".to_owned(),
            scopes: scopes.to_vec(),
            certificate: bound,
            days: 1,
        });
        token.unwrap()
    }

    /// The status and the kind of the problem; an error if the wire itself was refused.
    fn ask(
        &self,
        own: &Own,
        token: &str,
        (method, path): (Method, &str),
    ) -> Result<(u16, String), WireError> {
        let files = ClientFiles {
            ca: Some(self.folder.path().join("tls/certificate.pem")),
            own: own.clone(),
        };
        let client = Client::new(WebhookUrl::parse(&self.served.base).unwrap(), &files).unwrap();
        let post = method == Method::POST;
        let asked = client.ask(Ask {
            method,
            path: Some(path),
            headers: vec![
                ("authorization", format!("Bearer {token}")),
                ("content-type", "application/json".to_owned()),
            ],
            body: if post { "{}".into() } else { "".into() },
            answer_max: 1 << 20,
        });
        let answer = self.runtime.block_on(asked)?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let kind = body["type"].as_str().unwrap_or_default();
        let kind = kind.trim_start_matches("urn:greenwave:problem:");
        Ok((answer.status, kind.to_owned()))
    }
}

/// Certificate and key.
type Own = Option<(PathBuf, PathBuf)>;

const READ: (Method, &str) = (Method::GET, "/api/v1/city");
const OPEN: (Method, &str) = (Method::POST, "/api/v1/corridors");
const REPORT: (Method, &str) = (Method::POST, "/api/v1/positions");

#[test]
fn the_agencys_own_certificate_opens_its_scopes_and_nothing_else() {
    let rig = Rig::new();
    let (ems, hash) = rig.certificate("ems", &rig.authority, 2090);
    let both = [Scope::StatusRead, Scope::PositionWrite];
    let token = rig.token("ems-cad", "ems", &both, Some(hash));
    assert_eq!(rig.ask(&ems, &token, READ).unwrap().0, 200);
    // Let in, and told that fields are missing.
    assert_eq!(rig.ask(&ems, &token, REPORT).unwrap().0, 400);
    let refused = (403, "scope-missing".to_owned());
    assert_eq!(rig.ask(&ems, &token, OPEN).unwrap(), refused);
    // A certificate is no credential by itself.
    let nobody = (401, "not-signed-in".to_owned());
    assert_eq!(rig.ask(&ems, "guessed", READ).unwrap(), nobody);
}

#[test]
fn without_its_certificate_or_with_another_agencys_a_token_is_worth_nothing() {
    let rig = Rig::new();
    let (_, ems) = rig.certificate("ems", &rig.authority, 2090);
    let (south, hash) = rig.certificate("ems-south", &rig.authority, 2090);
    let token = rig.token("ems-cad", "ems", &Scope::ALL, Some(ems));
    let other = rig.token("south-cad", "ems-south", &Scope::ALL, Some(hash));
    let nobody = (401, "not-signed-in".to_owned());
    for what in [READ, OPEN, REPORT] {
        assert_eq!(rig.ask(&None, &token, what.clone()).unwrap(), nobody);
        assert_eq!(rig.ask(&south, &token, what.clone()).unwrap(), nobody);
        assert_ne!(rig.ask(&south, &other, what).unwrap().0, 401);
    }
    // People come without a certificate, and so may a machine whose token is bound to none.
    let free = rig.token("free", "ems", &Scope::ALL, None);
    assert_eq!(rig.ask(&None, &free, READ).unwrap().0, 200);
    assert_eq!(rig.served.city.opened(), 0);
}

#[test]
fn strange_and_expired_certificates_are_refused_before_anything_is_asked() {
    let rig = Rig::new();
    let (stranger, _) = authority("agencies");
    let (strange, strange_hash) = rig.certificate("strange", &stranger, 2090);
    let (expired, expired_hash) = rig.certificate("expired", &rig.authority, 2021);
    for (own, hash, alert) in [
        (strange, strange_hash, ["UnknownCA", "DecryptError"]),
        (expired, expired_hash, ["CertificateExpired", "Expired"]),
    ] {
        // Even for the token that is bound to exactly this certificate.
        let token = rig.token("cad", "ems", &Scope::ALL, Some(hash));
        // Refused each time, and the alert is told wherever it was met.
        let ask = || rig.ask(&own, &token, READ).unwrap_err().to_string();
        let told: Vec<String> = core::iter::repeat_with(ask).take(20).collect();
        let named = |why: &String| alert.iter().any(|alert| why.contains(alert));
        let times = told.iter().filter(|why| named(why)).count();
        assert!(times >= 18, "{times}: {told:?}");
    }
}
