//! What the rig's tests and programs share.

#[cfg(feature = "shell")]
pub mod fake_city;
#[cfg(feature = "shell")]
pub mod mqtt;
#[cfg(feature = "shell")]
pub mod rig;
#[cfg(feature = "shell")]
pub mod served;
#[cfg(feature = "shell")]
pub mod sumo;
