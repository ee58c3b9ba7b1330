//! The report as an object: the JSON file, and what the page is drawn from.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use serde::Serialize;

use super::exemptions::{Exemption, exemptions};
use crate::corridor::CorridorPlan;
use crate::journal::worth::{Figure, GreenSpan, Worth};
use crate::units::{CivilTime, Length, Millis, Mono};

/// A figure with its likely range; how often the range holds is in `docs/benchmarks.md` under *worth*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FigureData {
    /// The figure.
    pub value: f64,
    /// Not below this.
    pub low: f64,
    /// Not above this.
    pub high: f64,
}

/// Something that lasted, seconds after the opening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SpanData {
    /// From.
    pub from_s: f64,
    /// To.
    pub to_s: f64,
}

/// One signal of a report. Moments are seconds after the opening.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SignalData {
    /// Site id.
    pub site: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// The approach the vehicle came in by.
    pub approach: String,
    /// The road it came in by.
    pub entry_road: String,
    /// Free-flow time from the signal before it, as planned, seconds.
    pub planned_s: f64,
    /// Moving time from the signal before it, seconds.
    pub drove_s: Option<f64>,
    /// Its stop line, along the route.
    pub stop_line_m: f64,
    /// When the vehicle was over the stop line.
    pub passed_s: Option<f64>,
    /// When it would have been without the key.
    pub passed_without_s: Option<f64>,
    /// When it would have been at the queue before it.
    pub arrived_without_s: Option<f64>,
    /// Read back green when the driver had to decide.
    pub green_in_time: Option<bool>,
    /// How much too late the lock was from the outset, seconds.
    pub late_by_s: f64,
    /// The vehicle stood on this approach for so long, seconds.
    pub stood_s: f64,
    /// The approach was held for so long in all, seconds.
    pub held_s: f64,
    /// The longest queue in its fullest lane, vehicles.
    pub queue_max: u16,
    /// Another corridor went first.
    pub refused_by: Option<u32>,
    /// Green by read-back.
    pub greens: Vec<SpanData>,
    /// Held for the corridor.
    pub holds: Vec<SpanData>,
    /// The fullest lane: seconds after the opening and vehicles.
    pub queues: Vec<(f64, u16)>,
}

/// A way that was planned and not driven to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FirstPlan {
    /// The road it began on, and the one behind its last signal.
    pub route: String,
    /// Its length, metres.
    pub length_m: f64,
    /// Its free-flow time, seconds.
    pub free_flow_s: f64,
    /// Its signals in order: site ids.
    pub signals: Vec<String>,
}

/// A signal that was held and then given up for another way.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AbandonedData {
    /// Site id.
    pub site: String,
    /// The approach that was held for so long in all, seconds.
    pub held_s: f64,
}

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReportData {
    /// Number of the corridor.
    pub corridor: u32,
    /// The plan that ran.
    pub revision: u32,
    /// Whose it was.
    pub vehicle: String,
    /// What it was.
    pub service: &'static str,
    /// The agency it was for.
    pub agency: String,
    /// The road it began on, and the one behind its last signal.
    pub route: String,
    /// Who pressed.
    pub operator: String,
    /// The agency's own id of the incident.
    pub incident: String,
    /// Local time of the opening, as 2026-11-23 08:00:12.
    pub opened: String,
    /// How it ended.
    pub state: &'static str,
    /// Length of the way, metres.
    pub length_m: f64,
    /// Signals passed and all.
    pub passed: usize,
    /// From setting off to the last signal passed, seconds.
    pub travel_s: Option<f64>,
    /// What the key saved up to there, seconds.
    pub saved_s: Option<FigureData>,
    /// What the others paid together, vehicle-seconds; below zero if they gained.
    pub paid_vehicle_s: FigureData,
    /// The journal ended before the others were done.
    pub is_cut: bool,
    /// When the vehicle was given another way, seconds after the opening. Everything else here is of
    /// the way that it drove.
    pub rerouted_s: Vec<f64>,
    /// The way that was planned first, if it is not the one that was driven.
    pub first_plan: Option<FirstPlan>,
    /// The signals in order.
    pub signals: Vec<SignalData>,
    /// Signals that were held, but were not on the way that was driven.
    pub abandoned: Vec<AbandonedData>,
    /// The vehicle: seconds after the opening, metres along the route, metres a second.
    pub track: Vec<(f64, f64, f64)>,
    /// Where and when others were made to yield.
    pub exemptions: Vec<Exemption>,
}

impl ReportData {
    /// The report of a run.
    #[must_use]
    pub fn new(worth: &Worth) -> Self {
        let (record, plan, sites) = (&worth.record, &worth.record.plan, &worth.sites);
        let since = |at: Mono| seconds(at.since(record.opened));
        let track = record.track.iter().map(|point| {
            let speed = f64::from(point.speed.as_mm_per_s()) / 1000.0;
            (since(point.at), metres(point.along), speed)
        });
        Self {
            corridor: plan.corridor.number(),
            revision: plan.revision,
            vehicle: plan.vehicle.clone(),
            service: plan.class.word(),
            agency: plan.asked_by.agency.clone(),
            route: route(plan),
            operator: plan.asked_by.operator.clone(),
            incident: plan.asked_by.incident.clone(),
            opened: local_time(record.opened_civil, Millis::ZERO),
            state: record.state.word(),
            length_m: metres(plan.length),
            passed: record
                .signals
                .iter()
                .filter(|one| one.passed_at.is_some())
                .count(),
            travel_s: record.travel().map(seconds),
            saved_s: worth.saved_ms.map(|saved| figure(saved, 1000.0)),
            paid_vehicle_s: figure(worth.paid_vehicle_s, 1.0),
            is_cut: worth.is_cut,
            rerouted_s: record.rerouted.iter().map(|at| since(*at)).collect(),
            first_plan: (!record.rerouted.is_empty()).then(|| first_plan(worth)),
            signals: signals(worth),
            abandoned: abandoned(worth),
            track: track.collect(),
            exemptions: exemptions(record, sites),
        }
    }
}

/// The signals of a run in order.
fn signals(worth: &Worth) -> Vec<SignalData> {
    let (record, plan, sites) = (&worth.record, &worth.record.plan, &worth.sites);
    let mut before = (record.departed, Millis::ZERO);
    let since = |at: Mono| seconds(at.since(record.opened));
    let spans = |spans: &[GreenSpan]| {
        let of = |span: &GreenSpan| SpanData {
            from_s: since(span.from),
            to_s: since(span.to),
        };
        spans.iter().map(of).collect::<Vec<_>>()
    };
    let places = plan.crossings.iter().zip(&record.signals).enumerate();
    let made = places.map(|(at, (crossing, signal))| {
        let site = sites.get(crossing.site.index());
        let approach = site.and_then(|site| site.approaches.get(crossing.approach.index()));
        let without = worth.passes_without.get(at);
        let planned = crossing.free_flow.saturating_sub(before.1);
        let drove = signal.passed_at.zip(before.0);
        let drove = drove.map(|(passed, left)| passed.since(left).saturating_sub(signal.stood));
        before = (signal.passed_at, crossing.free_flow);
        SignalData {
            site: site.map(|site| site.id.clone()).unwrap_or_default(),
            name_zh: site.map(|site| site.name_zh.clone()).unwrap_or_default(),
            name_en: site.map(|site| site.name_en.clone()).unwrap_or_default(),
            entry_road: crossing.entry_road.clone(),
            planned_s: seconds(planned),
            drove_s: drove.map(seconds),
            approach: approach.map(|a| a.name.clone()).unwrap_or_default(),
            stop_line_m: metres(crossing.stop_line_at),
            passed_s: signal.passed_at.map(since),
            passed_without_s: without.map(|pass| since(pass.to)),
            arrived_without_s: without.map(|pass| since(pass.from)),
            green_in_time: signal.green_in_time,
            late_by_s: seconds(signal.late_by),
            stood_s: seconds(signal.stood),
            held_s: held_s(&signal.holds),
            queue_max: signal
                .queues
                .iter()
                .map(|one| one.vehicles)
                .max()
                .unwrap_or(0),
            refused_by: signal.refused_by.map(crate::ids::CorridorId::number),
            greens: spans(&signal.greens),
            holds: spans(&signal.holds),
            queues: (signal.queues.iter())
                .map(|one| (since(one.at), one.vehicles))
                .collect(),
        }
    });
    made.collect()
}

fn abandoned(worth: &Worth) -> Vec<AbandonedData> {
    let given_up = worth.record.abandoned.iter();
    let told = given_up.map(|signal| AbandonedData {
        site: worth
            .sites
            .get(signal.site.index())
            .map_or_else(String::new, |site| site.id.clone()),
        held_s: held_s(&signal.holds),
    });
    told.collect()
}

fn held_s(holds: &[GreenSpan]) -> f64 {
    let lasted = |sum: Millis, span: &GreenSpan| sum + span.to.since(span.from);
    seconds(holds.iter().fold(Millis::ZERO, lasted))
}

fn first_plan(worth: &Worth) -> FirstPlan {
    let plan = &worth.record.first;
    let id = |site: Option<&alloc::sync::Arc<crate::plan::CheckedSite>>| {
        site.map(|site| site.id.clone()).unwrap_or_default()
    };
    let crossings = plan.crossings.iter();
    FirstPlan {
        route: route(plan),
        length_m: metres(plan.length),
        free_flow_s: seconds(plan.free_flow),
        signals: crossings
            .map(|crossing| id(worth.sites.get(crossing.site.index())))
            .collect(),
    }
}

/// What runs over the same way have in common.
fn route(plan: &CorridorPlan) -> String {
    let first = plan.crossings.first().map(|one| one.entry_road.as_str());
    let last = plan.crossings.last();
    let last = last.map(|one| one.exit_road.as_deref().unwrap_or(&one.entry_road));
    format!(
        "{} > {}",
        first.unwrap_or_default(),
        last.unwrap_or_default()
    )
}

/// Figures of a run are far below what a float holds exactly.
fn figure(figure: Figure, scale: f64) -> FigureData {
    let part = |value: i64| {
        let value = i32::try_from(value).map_or(f64::NAN, f64::from);
        (value / scale * 10.0).round() / 10.0
    };
    FigureData {
        value: part(figure.value),
        low: part(figure.low),
        high: part(figure.high),
    }
}

pub(super) fn seconds(time: Millis) -> f64 {
    f64::from(time.as_ms()) / 1000.0
}

fn metres(length: Length) -> f64 {
    (f64::from(length.as_mm()) / 100.0).round() / 10.0
}

/// Local date and time so long after `from`, on the next day past midnight.
pub(super) fn local_time(from: CivilTime, later: Millis) -> String {
    let small = |number: u8| i8::try_from(number).unwrap_or_default();
    let year = i16::try_from(from.date.year).unwrap_or_default();
    let midnight = DateTime::new(
        year,
        small(from.date.month),
        small(from.date.day),
        0,
        0,
        0,
        0,
    );
    let since = i64::from(from.second_of_day) + i64::from(later.as_ms() / 1000);
    let at = midnight
        .unwrap_or_default()
        .saturating_add(SignedDuration::from_secs(since));
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Date;

    #[test]
    fn a_mission_across_midnight_goes_on_the_next_day() {
        let date = |year, month, day| Date { year, month, day };
        let opened = |date| CivilTime {
            date,
            second_of_day: 86_390,
        };
        for (from, told) in [
            (date(2026, 11, 23), "2026-11-24 00:00:05"),
            (date(2028, 2, 28), "2028-02-29 00:00:05"),
            (date(2026, 12, 31), "2027-01-01 00:00:05"),
        ] {
            let from = opened(from);
            assert_eq!(local_time(from, Millis::from_secs(15)), told);
            let same = local_time(from, Millis::from_secs(9));
            assert!(same.ends_with("23:59:59"), "{same}");
        }
    }
}
