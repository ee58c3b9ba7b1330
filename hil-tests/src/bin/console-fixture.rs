//! Serves the API and the console over the made-up city, to work on the console without a
//! controller: `cargo run -p hil-tests --bin console-fixture -- --port 8090`.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use greenwave::shell::dispatch::{Auth, Principal, Role, run};
use hil_tests::fake_city::{FakeCity, Town};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Args {
    /// Port on 127.0.0.1.
    #[arg(long, default_value_t = 8090)]
    port: u16,
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
    let auth = Arc::new(Auth::new());
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
    let world = FakeCity::start(Town::large(), args.speed, true);
    run(listener, world, auth, core::future::pending()).await?;
    Ok(())
}
