//! Webhooks: agencies that registered a target are told where their corridors stand.
//!
//! ```text
//! corridors ─▶ watch ─▶ desk of each target of that agency ─▶ courier ─▶ the target
//!                       (bounded, newest status only)        (signed, retried, one at a time)
//! ```

pub mod courier;
pub mod queue;
pub mod sign;
pub mod target;
pub mod watch;
