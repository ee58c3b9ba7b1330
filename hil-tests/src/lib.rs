//! What the rig's tests and programs share.

#[cfg(feature = "shell")]
pub mod fake_city;
pub mod rig;
