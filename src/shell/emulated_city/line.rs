//! What may be asked of the street, and what it answers.

use std::sync::mpsc::{Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use crate::sim::{Dispatch, DriveReport, StreetFix, StreetStats, VirtualStreet};
use crate::units::Mono;

/// What may be asked of the street while it runs.
#[derive(Debug)]
pub enum StreetOrder {
    /// Send an emergency vehicle on its way.
    Dispatch(Dispatch),
    /// Take a vehicle off the street.
    Withdraw(String),
    /// Begin counting anew.
    Recount,
    /// Send a copy of the street as it stands.
    Copy(Sender<VirtualStreet>),
    /// Let people move: until then the street stands still, as it was warmed up.
    Go,
    /// Send an emergency vehicle on its way, in place of the drive it may be on, and tell after
    /// every step where it really is until the drive is over. A full queue misses places, not the
    /// end: the street waits for nobody. A way it cannot drive is told nothing of.
    Drive(Dispatch, SyncSender<Told>),
}

/// What is told of a drive.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// Where the vehicle is.
    At(StreetFix),
    /// The drive is over.
    End {
        /// False if it was withdrawn, or sent on another drive.
        arrived: bool,
    },
}

/// A line to the street: what may be asked of it from any thread.
#[derive(Clone, Debug)]
pub struct StreetLine {
    orders: Sender<StreetOrder>,
    account: Arc<Mutex<StreetAccount>>,
}

impl StreetLine {
    pub(super) const fn new(
        orders: Sender<StreetOrder>,
        account: Arc<Mutex<StreetAccount>>,
    ) -> Self {
        Self { orders, account }
    }

    /// Asks something of the street; false if it has ended.
    #[must_use]
    pub fn order(&self, order: StreetOrder) -> bool {
        self.orders.send(order).is_ok()
    }

    /// What was seen so far, refreshed once a second.
    #[must_use]
    pub fn account(&self) -> StreetAccount {
        self.account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What the street and the referee have seen so far.
#[derive(Clone, Debug, Default)]
pub struct StreetAccount {
    /// The street's own account.
    pub stats: StreetStats,
    /// The drives so far.
    pub drives: Vec<DriveReport>,
    /// The referee's counters.
    pub referee: serde_json::Value,
    /// What the referee saw, in words, the first few.
    pub sightings: Vec<String>,
    /// Vehicles in the city now.
    pub present: u32,
    /// The street's own clock.
    pub now: Mono,
}
