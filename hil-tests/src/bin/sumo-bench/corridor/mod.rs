//! `sumo-bench corridor`: what emergency vehicles gain and others pay, by several ways to help.

mod calibration;
mod jobs;
mod line;
mod options;
mod report;
mod said;
mod sets;
mod stats;

pub(crate) use calibration::recount;
pub(crate) use jobs::compare;
pub(crate) use options::Corridor;
