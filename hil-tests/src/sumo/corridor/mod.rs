//! Emergency vehicles on SUMO's street: where they go, how they are helped, what it cost others.

pub mod dice;
pub mod drive;
pub mod fleet;
pub mod helped;
pub mod trips;
pub mod watch;
pub mod way;

pub use drive::{Drive, drive, floor_s};
pub use fleet::{Driving, fleet_file};
pub use helped::{Gps, Helped, Method};
pub use trips::{Errand, Errands, plan_for, shift_m};
pub use watch::Watch;
pub use way::Way;
