//! The HTTP and WebSocket API, and the server that also gives out the console.
//!
//! Every act goes through [`World`], every route through the one access table
//! ([`routes::ROUTES`]), every refusal comes back as problem+json. Live state is a WebSocket;
//! nothing is ever commanded over it.
#![expect(
    clippy::disallowed_types,
    reason = "sessions and rate limits run on the machine's own clock"
)]

mod allow_list;
pub mod auth;
mod bodies;
mod corridors;
mod dto;
mod fields;
mod handlers;
mod ledger;
mod limits;
mod live;
mod origin;
mod problem;
mod reports;
pub mod request;
pub mod routes;
mod server;
pub mod view;
pub mod view_decision;
pub mod world;

pub use auth::{Auth, Principal, Role};
pub use server::{openapi_json, run};
pub use world::World;

use alloc::sync::Arc;

use tokio::sync::watch;

/// What every handler shares.
pub(crate) struct Api {
    world: Arc<dyn World>,
    auth: Arc<Auth>,
    ledger: ledger::Ledger,
    limits: limits::Limits,
    frames: watch::Receiver<live::Frame>,
}

impl Api {
    /// Wall-clock time, Unix milliseconds. It only judges the times that callers write down.
    #[expect(
        clippy::unused_self,
        reason = "a handler's clock belongs to what handlers share"
    )]
    fn now_ms(&self) -> i64 {
        jiff::Timestamp::now().as_millisecond()
    }
}
