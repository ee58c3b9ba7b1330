//! Where all feeds meet: positions are judged, counted, kept, and handed to the city.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use super::counts::Counts;
use super::diary::Diary;
use super::fault::Fault;
use super::gate::{Gate, Verdict};
use super::report::Report;
use crate::network::LatLon;
use crate::plan::{Datum, Feed};
use crate::shell::dispatch::request::{self, GeoPoint, PositionFix};
use crate::shell::dispatch::view::LatLon as MapPoint;
use crate::shell::dispatch::world::Refusal;

/// What the feeds need of the running city.
pub trait Street: Send + Sync {
    /// Takes a position: it tells a corridor where its vehicle is, and opens none.
    ///
    /// # Errors
    /// Unknown vehicle, or the city cannot answer at the moment.
    fn fix(&self, fix: &PositionFix) -> Result<(), Refusal>;

    /// How far a place in WGS-84 is from the nearest road that runs that way, metres.
    fn away_m(&self, at: LatLon, heading_deg: Option<f64>) -> Option<f64>;

    /// Is told which vehicles' positions look as if they were in another datum.
    fn doubt(&self, _vehicles: Vec<String>) {}

    /// The corridors that are not over.
    fn escorts(&self) -> Vec<Escort>;

    /// Is told of a text that goes to a vehicle's terminal; the number it is answered under.
    fn text_sent(&self, _corridor: u32, _vehicle: &str, _text: &str) -> u32 {
        0
    }

    /// Is told what became of a text: `done`, or why not.
    fn text_answered(&self, _number: u32, _result: &'static str) {}
}

/// A corridor as its crew is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escort {
    /// Number of the corridor.
    pub corridor: u32,
    /// Id of the vehicle.
    pub vehicle: String,
    /// It ends after this many seconds at the latest.
    pub for_s: u32,
    /// False once the vehicle is lost or off its way.
    pub assured: bool,
}

/// One feed at run time.
#[derive(Debug)]
pub struct FeedState {
    /// As it is written down.
    pub feed: Feed,
    /// What came in.
    pub counts: Counts,
}

/// Where all feeds meet.
pub struct Hub {
    street: Arc<dyn Street>,
    feeds: Vec<Arc<FeedState>>,
    gates: Mutex<BTreeMap<String, Gate>>,
    diary: Diary,
}

impl core::fmt::Debug for Hub {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Hub")
            .field("feeds", &self.feeds)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// A hub for these feeds.
    #[must_use]
    pub fn new(street: Arc<dyn Street>, feeds: &[Feed], diary: Diary) -> Self {
        let feeds = feeds.iter().map(|feed| {
            Arc::new(FeedState {
                feed: feed.clone(),
                counts: Counts::default(),
            })
        });
        Self {
            street,
            feeds: feeds.collect(),
            gates: Mutex::default(),
            diary,
        }
    }

    /// The feeds, in the order of the file.
    #[must_use]
    pub fn feeds(&self) -> &[Arc<FeedState>] {
        &self.feeds
    }

    /// The city.
    #[must_use]
    pub fn street(&self) -> &dyn Street {
        &*self.street
    }

    /// Vehicles whose positions look as if they were in another datum than their feed says.
    #[must_use]
    pub fn suspected(&self) -> Vec<String> {
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let suspected = gates.iter().filter(|(_, gate)| gate.suspected());
        suspected.map(|(vehicle, _)| vehicle.clone()).collect()
    }

    /// Takes a position of a vehicle that came at `now_ms`, Unix time.
    pub fn report(&self, feed: &FeedState, vehicle: &str, report: &Report, now_ms: i64) {
        let away = |at: LatLon, heading: Option<f64>| self.street.away_m(at, heading);
        let (verdict, seq, newly) = {
            let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            if !gates.contains_key(vehicle) {
                gates.insert(vehicle.to_owned(), Gate::default());
            }
            let Some(gate) = gates.get_mut(vehicle) else {
                return;
            };
            let before = gate.suspected();
            let verdict = gate.judge(report, feed.feed.datum, now_ms, &away);
            (verdict, gate.seq(), gate.suspected() && !before)
        };
        if newly {
            tracing::warn!(
                vehicle,
                feed = feed.feed.id,
                "positions look like another datum"
            );
            self.note(feed, "datum-suspected", &json!({ "vehicle": vehicle }));
        }
        match verdict {
            Verdict::Live => self.live(feed, vehicle, report, seq),
            Verdict::History => self.history(feed, vehicle, core::slice::from_ref(report)),
            Verdict::Refused(why) => {
                let word = refused_word(why);
                feed.counts.refused(word);
                if word != "thinned" {
                    self.note(
                        feed,
                        "position-refused",
                        &json!({
                            "vehicle": vehicle, "reason": word, "position": report,
                        }),
                    );
                }
            }
        }
    }

    fn live(&self, feed: &FeedState, vehicle: &str, report: &Report, seq: u32) {
        feed.counts.live();
        if feed.feed.test {
            self.note(
                feed,
                "test-position",
                &json!({ "vehicle": vehicle, "position": report }),
            );
            return;
        }
        let fix = PositionFix {
            vehicle: vehicle.to_owned(),
            t_fix_ms: report.t_ms,
            seq,
            at: GeoPoint {
                at: MapPoint {
                    lat: report.lat_deg,
                    lon: report.lon_deg,
                },
                datum: match feed.feed.datum {
                    Datum::Wgs84 => request::Datum::Wgs84,
                    Datum::Cgcs2000 => request::Datum::Cgcs2000,
                    Datum::Gcj02 => request::Datum::Gcj02,
                },
            },
            speed_mps: report.speed_mps.unwrap_or(0.0),
            heading_deg: report.heading_deg.unwrap_or(0.0),
        };
        if let Err(why) = self.street.fix(&fix) {
            feed.counts.refused(why.code);
        }
    }

    /// Keeps positions of earlier; they have no other effect.
    pub fn history(&self, feed: &FeedState, vehicle: &str, positions: &[Report]) {
        feed.counts.history(positions.len());
        self.note(
            feed,
            "history",
            &json!({ "vehicle": vehicle, "positions": positions }),
        );
    }

    /// Counts and keeps a frame that could not be taken.
    pub fn broken(&self, feed: &FeedState, from: &str, raw: &[u8], fault: &Fault) {
        feed.counts.refused(fault.kind.word());
        self.note(
            feed,
            "broken",
            &json!({
                "from": from,
                "fault": fault.to_string(),
                "raw": super::jt808::hex(raw.get(..256).unwrap_or(raw)),
            }),
        );
    }

    /// Counts and keeps something else that was refused.
    pub fn refused(&self, feed: &FeedState, from: &str, reason: &'static str) {
        feed.counts.refused(reason);
        self.note(feed, "refused", &json!({ "from": from, "reason": reason }));
    }

    /// Keeps something that happened on a feed.
    pub fn note(&self, feed: &FeedState, what: &str, about: &serde_json::Value) {
        self.diary.line(&json!({
            "at": jiff::Timestamp::now().to_string(),
            "feed": feed.feed.id,
            "what": what,
            "about": about,
        }));
    }

    /// Lines of the diary that could not be kept.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.diary.lost()
    }
}

const fn refused_word(why: super::gate::Refused) -> &'static str {
    use super::gate::Refused;
    match why {
        Refused::NoFix => "no-fix",
        Refused::Future => "future",
        Refused::OutOfOrder => "out-of-order",
        Refused::Impossible => "impossible",
        Refused::Jump => "jump",
        Refused::Frozen => "frozen",
        Refused::Thinned => "thinned",
        Refused::Datum => "datum",
    }
}
