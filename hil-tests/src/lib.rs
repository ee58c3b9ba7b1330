//! What the tests on real wires share.

pub mod rig;
