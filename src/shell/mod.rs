//! Everything that touches clock, disk, network and threads.

pub mod checked_files;
pub mod cli;
pub mod console;
pub mod detour;
pub mod dispatch;
pub mod emulated_city;
pub mod field;
pub mod learned;
pub mod missions;
pub mod neighbours;
pub mod partners;
pub mod planner;
pub mod replan;
pub mod report;
pub mod runtime;
pub mod simulators;
pub mod store;
pub mod sumo;
pub mod twin;
pub mod vehicles;
pub mod virtual_city;
pub mod world;
