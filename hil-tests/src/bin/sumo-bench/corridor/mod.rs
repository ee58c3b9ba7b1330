//! `sumo-bench corridor`: what emergency vehicles gain and others pay, by several ways to help.

mod jobs;
mod line;
mod options;
mod report;
mod sets;
mod stats;

pub(crate) use jobs::compare;
pub(crate) use options::Corridor;
