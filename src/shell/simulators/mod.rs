//! The other side, for trials without a customer: a vehicle that reports, and a dispatch centre that
//! asks. They speak what partners speak, over real sockets, and share no state with a controller.

pub mod cad;
mod dice;
mod http;
pub mod vehicle;
