//! Serves the API and the console over the made-up city, to work on the console without a
//! controller: `cargo run -p hil-tests --bin console-fixture -- --port 8090`.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use greenwave::shell::dispatch::auth::{NewPerson, totp};
use greenwave::shell::dispatch::bus::Exchange;
use greenwave::shell::dispatch::{Auth, Principal, Role, Service, serve};
use greenwave::shell::store::Records;
use greenwave::shell::store::audit::AuditLog;
use hil_tests::fake_city::{FakeCity, Town};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Args {
    /// Port on 127.0.0.1.
    #[arg(long, default_value_t = 8090)]
    port: u16,
    /// Print a bearer token that has every role, for tools that try every route.
    #[arg(long)]
    token: bool,
    /// Enter people of every role and print their names, passwords and second factors.
    #[arg(long)]
    people: bool,
    /// 300 junctions in a net of 30,000 roads instead of 76 sites.
    #[arg(long)]
    big: bool,
    /// Control cycles per 100 ms.
    #[arg(long, default_value_t = 1)]
    speed: u32,
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the link is for the person at the terminal"
)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let folder = tempfile::tempdir()?;
    let records = Records::open(&folder.path().join("store.sqlite"))?;
    let audit = AuditLog::open(&folder.path().join("audit"), Some(records.clone()))?;
    let auth = Arc::new(Auth::over(records.clone())?);
    let somebody = Principal {
        name: "fixture".to_owned(),
        agency: "ems".to_owned(),
        source_system: "console".to_owned(),
        roles: vec![Role::Viewer, Role::Dispatcher],
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await?;
    let port = listener.local_addr()?.port();
    for _ in 0..5 {
        let token = auth.issue_link(somebody.clone(), Duration::from_hours(12))?;
        println!("http://127.0.0.1:{port}/#sign-in={token}");
    }
    if args.token {
        let everybody = Principal {
            roles: Role::ALL.to_vec(),
            ..somebody
        };
        let token = auth.issue_bearer(everybody, Duration::from_hours(12))?;
        println!("token {token}");
    }
    if args.people {
        enter_people(&auth)?;
    }
    let town = if args.big { Town::big() } else { Town::large() };
    let world = FakeCity::start(town, args.speed, true);
    let service = Service {
        world,
        auth,
        audit: Some(Arc::new(audit)),
        records: Some(records),
        tls: None,
        bus: Exchange::in_process(),
        partners: None,
    };
    serve(listener, service, core::future::pending()).await?;
    Ok(())
}

/// Two dispatchers, an auditor, an admin and an engineer of one agency.
#[expect(
    clippy::print_stdout,
    reason = "passwords of a fixture are for the tests that drive it"
)]
fn enter_people(auth: &Auth) -> Result<(), Box<dyn std::error::Error>> {
    const PASSWORD: &str = "correct horse battery";
    for (name, role) in [
        ("zhou", Role::Dispatcher),
        ("wang", Role::Dispatcher),
        ("sun", Role::Auditor),
        ("li", Role::Admin),
        ("qian", Role::Engineer),
    ] {
        let secret = auth.enter(NewPerson {
            name: name.to_owned(),
            agency: "ems".to_owned(),
            roles: vec![role],
        })?;
        let begun = auth.set_up(&secret, PASSWORD, None)?;
        let second = begun.totp_secret.unwrap_or_default();
        if !begun.is_done {
            let now = u64::try_from(jiff::Timestamp::now().as_second())?;
            let code = totp::code_at(&totp::unbase32(&second).unwrap_or_default(), now);
            auth.set_up(&secret, PASSWORD, Some(&code))?;
        }
        println!("person {name} {} {second}", role.name());
    }
    println!("password {PASSWORD}");
    Ok(())
}
