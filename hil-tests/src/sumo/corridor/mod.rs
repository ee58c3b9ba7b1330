//! Emergency vehicles on SUMO's street: where they go, how they are helped, what it cost others.

pub mod audit;
pub mod dice;
pub mod drive;
pub mod fault;
pub mod fleet;
pub mod helped;
pub mod proven;
pub mod trips;
pub mod unit;
pub mod watch;
pub mod way;

pub use audit::Leases;
pub use drive::{Drive, UnitDrive, drive, floor_s};
pub use fault::Fault;
pub use fleet::{Driving, fleet_file};
pub use helped::{Helped, Method};
pub use proven::Proven;
pub use trips::{Asking, Errand, Errands, plan_for, shift_m};
pub use unit::{Gps, Unit};
pub use watch::{Stand, Watch};
pub use way::Way;
