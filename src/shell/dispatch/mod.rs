//! The HTTP and WebSocket API, and the server that also gives out the console.
//!
//! Every act goes through [`World`], every route through the one access table
//! ([`routes::ROUTES`]), every refusal comes back as problem+json. Live state is a WebSocket;
//! nothing is ever commanded over it.
#![expect(
    clippy::disallowed_types,
    reason = "sessions and rate limits run on the machine's own clock"
)]

mod accounts;
mod allow_list;
mod audit_routes;
mod audited;
pub mod auth;
mod bodies;
pub mod bus;
mod connections;
mod corridors;
mod custody;
mod desk;
mod document;
mod dto;
mod fields;
mod handlers;
mod ledger;
mod limits;
mod live;
mod origin;
mod own_account;
mod partners;
mod problem;
mod reports;
pub mod request;
pub mod routes;
mod server;
pub mod tls;
mod two_step;
pub mod view;
pub mod view_decision;
pub mod view_desk;
pub mod view_preview;
mod waves;
pub mod world;

pub use auth::{Auth, Principal, Role};
pub(crate) use ledger::last_corridor;
pub use server::{Service, asyncapi_json, openapi_json, run, serve};
pub use world::World;

use alloc::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use connections::Peer;
use tokio::sync::{Semaphore, watch};

use crate::shell::partners::Partners;
use crate::shell::store::audit::AuditLog;

/// Refused strangers that the audit notes in a minute; more would be a way to fill the disk.
const STRANGERS_NOTED: u32 = 60;

/// What every handler shares.
pub(crate) struct Api {
    world: Arc<dyn World>,
    auth: Arc<Auth>,
    audit: Option<Arc<AuditLog>>,
    ledger: ledger::Ledger,
    custody: Arc<custody::Custodies>,
    desk: Arc<desk::Desk>,
    challenges: two_step::Challenges,
    limits: limits::Limits,
    reads: limits::Limits,
    /// Turns at what costs much time.
    slow: Semaphore,
    strangers: Mutex<(Instant, u32)>,
    is_tls: bool,
    frames: watch::Receiver<live::Frame>,
    partners: Arc<Partners>,
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

    /// What a cookie says of its wire: under TLS it never goes over a plain one.
    const fn secure(&self) -> &'static str {
        if self.is_tls { "; Secure" } else { "" }
    }

    /// The picture as far as `by` may see it: partners see their own missions and vehicles.
    fn seen_by(&self, view: &Arc<world::CityView>, by: &Principal) -> Arc<world::CityView> {
        if !self.custody.hides(view, by) {
            return Arc::clone(view);
        }
        let own: Vec<String> = self.vehicles_of(by).into_iter().map(|one| one.id).collect();
        Arc::new(self.custody.narrowed(view, by, &own))
    }

    /// Signals that a hand keeps at all red or flashing.
    fn darkened(&self) -> Vec<String> {
        let frame = self.frames.borrow();
        let by_hand = |one: &world::SiteView| {
            let act = one.manual.as_ref().map(|manual| manual.act.as_str());
            matches!(act, Some("all-red" | "flash"))
        };
        let city = self.world.city();
        let sites = city.sites.iter().zip(&frame.view.sites);
        let dark = sites.filter(|(_, one)| by_hand(one));
        dark.map(|(site, _)| site.id.clone()).collect()
    }

    /// The vehicles that `by` may know of: partners know their own.
    fn vehicles_of(&self, by: &Principal) -> Vec<world::VehicleStatic> {
        let city = self.world.city();
        let all = city.vehicles.iter();
        let known = all.filter(|one| !custody::is_partner(by) || one.agency == by.agency);
        known.cloned().collect()
    }

    /// True if `by` may speak of this vehicle; of those nobody knows, the world says so itself.
    fn may_name(&self, vehicle: &str, by: &Principal) -> bool {
        let city = self.world.city();
        let listed = city.vehicles.iter().find(|one| one.id == vehicle);
        !custody::is_partner(by) || listed.is_none_or(|one| one.agency == by.agency)
    }

    /// True while the audit may take one more refused stranger this minute.
    fn strangers_noted(&self) -> bool {
        let mut strangers = self
            .strangers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if strangers.0.elapsed() >= Duration::from_mins(1) {
            *strangers = (Instant::now(), 0);
        }
        strangers.1 = strangers.1.saturating_add(1);
        strangers.1 <= STRANGERS_NOTED
    }
}
