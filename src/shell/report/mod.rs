//! The report of a corridor's run: for people as one page, for programs as one object.
//!
//! The page is one file without scripts. It needs nothing from elsewhere and prints as it shows.

mod data;
mod diagram;
mod exemptions;
mod html;
mod sum;

pub use data::{AbandonedData, FigureData, FirstPlan, ReportData, SignalData, SpanData};
pub use exemptions::{Exemption, csv, exemptions};
pub use html::{page, policy};
pub use sum::{Sum, corridors_in, sums};
