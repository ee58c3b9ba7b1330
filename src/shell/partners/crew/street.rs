//! The running city as the vehicle feeds see it, with an ear for what terminals are told.

use alloc::sync::Arc;

use super::Receipt;
use crate::network::LatLon;
use crate::shell::dispatch::request::PositionFix;
use crate::shell::dispatch::world::Refusal;
use crate::shell::partners::Partners;
use crate::shell::vehicles::hub::{Escort, Street};

/// A street whose texts to terminals are entered with their corridors.
pub struct CrewStreet {
    /// The city.
    pub street: Arc<dyn Street>,
    /// Where texts are entered.
    pub partners: Arc<Partners>,
}

impl core::fmt::Debug for CrewStreet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CrewStreet").finish_non_exhaustive()
    }
}

impl Street for CrewStreet {
    fn fix(&self, fix: &PositionFix) -> Result<(), Refusal> {
        self.street.fix(fix)
    }

    fn away_m(&self, at: LatLon, heading_deg: Option<f64>) -> Option<f64> {
        self.street.away_m(at, heading_deg)
    }

    fn doubt(&self, vehicles: Vec<String>) {
        self.street.doubt(vehicles);
    }

    fn escorts(&self) -> Vec<Escort> {
        self.street.escorts()
    }

    fn text_sent(&self, corridor: u32, vehicle: &str, text: &str) -> u32 {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let crews = &self.partners.crews;
        crews.to_terminal((corridor, vehicle), text, now_ms)
    }

    fn text_answered(&self, number: u32, result: &'static str) {
        let receipt = match result {
            "done" => Receipt::Received,
            other => Receipt::Failed(other),
        };
        self.partners.crews.terminal_said(number, receipt);
    }
}
