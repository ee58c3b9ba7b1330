//! Where vehicles are: JT/T 808 and NMEA 0183 to positions, and what we tell the crews.
//!
//! ```text
//! bytes ─▶ jt808, nmea ─▶ session, receiver ─▶ gate ─▶ hub ─▶ the city
//!          (codecs)        (who speaks)      (judged)   └─▶ diary (history, everything refused)
//! ```
//!
//! A feed names the datum it speaks and the vehicles it speaks for. A position moves nothing by
//! itself: it only tells a corridor, which somebody else has opened, where its vehicle is.
#![expect(
    clippy::disallowed_types,
    reason = "silence and rates are measured on the machine's own clock"
)]

pub mod book;
pub mod bucket;
mod callers;
pub mod counts;
pub mod crew;
pub mod diary;
pub mod fault;
pub mod gate;
pub mod gateway;
pub mod hub;
pub mod jt808;
pub mod nmea;
pub mod nmea_feed;
mod on_world;
pub mod report;
pub mod session;
pub mod start;

pub use start::{BoundFeeds, FeedError, Feeds};
