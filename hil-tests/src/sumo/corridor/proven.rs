//! What the journal of a run proves afterwards: seconds saved and vehicle-seconds paid.

use greenwave::controller::Command;
use greenwave::corridor::{Preview, preview};
use greenwave::ids::CorridorId;
use greenwave::journal::worth::{Figure, worth};
use greenwave::journal::{MAGIC, Records, ReplayStep, push_record, replay};
use greenwave::units::Millis;
use serde::{Deserialize, Serialize};

/// After the last arrival the journal goes on for so long, seconds: until the others that the
/// account follows are done.
pub const FOLLOWED_S: u32 = 300;

/// A value with its likely range; how often the range holds is in `docs/benchmarks.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Not below this.
    pub lo: f64,
    /// The value.
    pub mid: f64,
    /// Not above this.
    pub hi: f64,
}

/// What was said before the key was pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stated {
    /// Seconds from the departure to the arrival: one run in two keeps them with the key ...
    pub with_p50_s: f64,
    /// ... nine in ten do.
    pub with_p90_s: f64,
    /// The same without the key.
    pub without_p50_s: f64,
    /// The same without the key.
    pub without_p90_s: f64,
    /// What others pay, vehicle-seconds.
    pub price_vehs: Spread,
}

impl Stated {
    /// The figures of a preview.
    #[must_use]
    pub fn of(preview: &Preview) -> Self {
        let seconds = |time: Millis| f64::from(time.as_ms()) / 1000.0;
        Self {
            with_p50_s: seconds(preview.with_key),
            with_p90_s: seconds(preview.with_key_p90),
            without_p50_s: seconds(preview.without_key),
            without_p90_s: seconds(preview.without_key_p90),
            price_vehs: Spread {
                lo: whole(preview.price_low_vehicle_s),
                mid: whole(preview.price_vehicle_s),
                hi: whole(preview.price_high_vehicle_s),
            },
        }
    }
}

/// What the journal proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Proven {
    /// Seconds the vehicle saved up to its last signal.
    pub saved_s: Option<Spread>,
    /// What others paid, vehicle-seconds.
    pub paid_vehs: Spread,
}

impl Proven {
    /// The account of a corridor by its journal.
    ///
    /// # Errors
    /// Why there is none, in a sentence.
    pub fn of(journal: &[u8], corridor: CorridorId) -> Result<Self, String> {
        let account = worth([journal], corridor).map_err(|why| why.to_string())?;
        let spread = |figure: Figure, scale: f64| Spread {
            lo: whole(figure.low) / scale,
            mid: whole(figure.value) / scale,
            hi: whole(figure.high) / scale,
        };
        Ok(Self {
            saved_s: account.saved_ms.map(|saved| spread(saved, 1000.0)),
            paid_vehs: spread(account.paid_vehicle_s, 1.0),
        })
    }
}

fn whole(figure: i64) -> f64 {
    i32::try_from(figure).map_or(f64::NAN, f64::from)
}

/// The corridor that the first cycle of a journal opens, and what would be said of it at the end of that
/// cycle: the city is seen when the corridor runs already.
///
/// # Errors
/// The journal does not replay, or its first cycle opens none.
pub fn stated_in(journal: &[u8]) -> Result<(CorridorId, Preview), String> {
    let mut start = MAGIC.to_vec();
    let records = Records::new(journal).map_err(|why| why.to_string())?;
    for record in records.take(2) {
        let (kind, payload) = record.map_err(|why| why.to_string())?;
        push_record(&mut start, kind, payload);
    }
    let mut found = None;
    let watch = |step: &ReplayStep<'_>| {
        let plan = step
            .inputs
            .commands
            .iter()
            .find_map(|command| match command {
                Command::OpenCorridor(plan) => Some(plan),
                _ => None,
            });
        let settings = step.city.corridors().settings();
        let board = step.city.board(step.inputs.now, step.inputs.fields);
        found = plan.map(|plan| {
            let said = preview(plan, settings, &board, step.inputs.now);
            (plan.corridor, said)
        });
    };
    replay(&start, watch).map_err(|why| why.to_string())?;
    found.ok_or_else(|| "its first cycle opens no corridor".to_owned())
}
