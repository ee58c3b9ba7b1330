//! Everything that touches clock, disk, network and threads.
pub mod console;
pub mod dispatch;
pub mod field;
pub mod runtime;
pub mod store;
