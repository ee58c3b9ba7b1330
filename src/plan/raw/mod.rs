//! The files as they are written: every value with its place, names not yet resolved.
//!
//! What cannot be read is reported while reading and absent afterwards, so that the checks go on
//! with the rest of the file.

mod city;
mod console;
mod fleet;
mod keys;
mod site;
mod types;

pub(super) use city::{
    RawCabinet, RawCalendar, RawCity, RawDay, RawException, RawLink, RawMission, RawWave,
    read_calendar, read_city, read_links,
};
pub(super) use console::{RawBaseMap, RawCamera, RawConsole};
pub(super) use fleet::{HEIGHT_M, LENGTH_M, RawVehicle, WEIGHT_T};
pub(super) use site::{most_of, read_site};
pub(super) use types::{
    OffsetRef, RawApproach, RawDetector, RawGroup, RawPlan, RawShow, RawSite, RawStage, RawUse,
};
