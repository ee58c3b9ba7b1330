//! Everything that touches clock, disk, network and threads.
pub mod dispatch;
pub mod field;
