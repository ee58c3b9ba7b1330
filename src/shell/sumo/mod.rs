//! The traffic simulator SUMO: networks of it, and cities for it.

pub mod export;
