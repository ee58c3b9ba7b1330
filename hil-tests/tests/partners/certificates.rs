//! A token that is bound to a client certificate is worth nothing without it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use greenwave::shell::dispatch::Auth;
use greenwave::shell::dispatch::auth::{NewToken, Scope};
use greenwave::shell::dispatch::tls::{TlsFiles, generated};
use greenwave::shell::partners::client::{Client, ClientFiles};
use greenwave::shell::store::Records;
use hil_tests::served::Served;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use sha2::{Digest, Sha256};

use super::bridge::{Old, case};

/// An authority and a certificate of its own; the SHA-256 of the latter.
fn certificates(folder: &Path) -> [u8; 32] {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let own = authority.self_signed(&key).unwrap();
    fs::write(folder.join("authority.pem"), own.pem()).unwrap();
    let issuer = Issuer::new(authority, key);
    let mut client = CertificateParams::new(vec!["bridge".to_owned()]).unwrap();
    client
        .extended_key_usages
        .push(ExtendedKeyUsagePurpose::ClientAuth);
    let key = KeyPair::generate().unwrap();
    let client = client.signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("client.pem"), client.pem()).unwrap();
    fs::write(folder.join("client.key"), key.serialize_pem()).unwrap();
    fs::set_permissions(folder.join("client.key"), PermissionsExt::from_mode(0o600)).unwrap();
    Sha256::digest(client.der()).into()
}

#[test]
fn a_bridge_shows_its_certificate_or_is_not_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let hash = certificates(folder.path());
    let files = generated(&folder.path().join("tls"), &["127.0.0.1".to_owned()]).unwrap();
    let files = TlsFiles {
        client_ca: Some(folder.path().join("authority.pem")),
        ..files
    };
    let records = Records::open(&folder.path().join("store.sqlite")).unwrap();
    let auth = Arc::new(Auth::over(records).unwrap());
    let token = auth.make_token(NewToken {
        id: "bridge".to_owned(),
        agency: "ems".to_owned(),
        source_system: "cad".to_owned(),
        scopes: Scope::ALL.to_vec(),
        certificate: Some(hash),
        days: 1,
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Served { city, base } = Served::start(&runtime, auth, Some(&files), None).unwrap();

    let old = Old::new(&base, &token.unwrap());
    let path = |name: &str| format!("{:?}", folder.path().join(name).to_str().unwrap());
    let ca = format!("ca_file = {}\nagency", path("tls/certificate.pem"));
    old.change("agency", &ca);
    let why = runtime.block_on(old.bridge().greet()).unwrap_err();
    assert_eq!(why, "the token is not taken: answered 401");
    let own = format!(
        "client_cert_file = {}\nclient_key_file = {}\nagency",
        path("client.pem"),
        path("client.key")
    );
    old.change("agency", &own);
    runtime.block_on(old.bridge().greet()).unwrap();
    old.write("one.json", &case("01"));
    assert!(old.once(), "{}", old.said());
    assert_eq!(city.opened(), 1);
    // Certificate and key of two different pairs are refused before anything is sent.
    let url = greenwave::plan::WebhookUrl::parse(&base).unwrap();
    let mixed = ClientFiles {
        ca: None,
        own: Some((
            folder.path().join("client.pem"),
            folder.path().join("tls/key.pem"),
        )),
    };
    assert!(Client::new(url, &mixed).is_err());
}
