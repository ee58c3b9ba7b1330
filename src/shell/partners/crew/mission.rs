//! A mission as its crew sees it: the next signals, and what to expect at each.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Message, Reader, Receipt};
use crate::corridor::{CrossingState, MissionState};
use crate::shell::dispatch::view::{
    CityStatic, CityView, Confirmed, CorridorView, CrossingView, LatLon, Names,
};

/// A lamp that was read longer ago is not believed, milliseconds.
const LAMP_AGE_MAX_MS: u32 = 3_000;
/// Signals that a phone shows.
const SIGNALS_MAX: usize = 8;
/// Metres of a degree of latitude.
const METRES_PER_DEGREE: f64 = 111_195.0;

/// What a crew may know of its mission.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrewMission {
    corridor_id: u32,
    vehicle_id: String,
    destination: BothDto,
    /// False: no green is promised anywhere.
    assured: bool,
    /// The corridor is over.
    over: bool,
    /// Age of this picture, milliseconds.
    age_ms: i64,
    /// Age of the vehicle's position, milliseconds.
    position_age_ms: Option<u32>,
    on_route: Option<bool>,
    /// To the destination, seconds.
    eta_s: Option<f64>,
    /// The next signals, the nearest first.
    signals: Vec<CrewSignal>,
    messages: Vec<CrewLine>,
}

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct BothDto {
    zh: String,
    en: String,
}

impl From<&Names> for BothDto {
    fn from(names: &Names) -> Self {
        Self {
            zh: names.zh.clone(),
            en: names.en.clone(),
        }
    }
}

/// A signal ahead.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrewSignal {
    id: String,
    name: BothDto,
    movement: String,
    sign: CrewSign,
    /// The vehicle is there in so many seconds.
    eta_s: Option<f64>,
    /// Along the way, metres.
    distance_m: Option<f64>,
    /// Green comes so many seconds after the vehicle.
    late_s: Option<u32>,
}

/// What to expect at a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CrewSign {
    /// The lamps were read back green, a moment ago.
    Green,
    /// Not green yet; it is being cleared.
    Clearing,
    /// Not asked for yet: there is time.
    Waiting,
    /// Not green, and nothing says that it will be in time.
    ExpectRed,
}

/// A line that the crew can acknowledge.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrewLine {
    number: u32,
    /// Unix milliseconds.
    at_ms: i64,
    text: BothDto,
    received: bool,
}

impl CrewMission {
    /// The mission of `corridor` at `now_ms`, Unix time.
    #[must_use]
    pub fn of(
        corridor: &CorridorView,
        (city, view): (&CityStatic, &CityView),
        messages: &[Message],
        now_ms: i64,
    ) -> Self {
        let assured = corridor.state != MissionState::Degraded;
        let over = corridor.state.is_over();
        let vehicle = corridor.vehicle.as_ref();
        let at = vehicle.and_then(|vehicle| along(&corridor.line, vehicle.at));
        let ahead = corridor
            .crossings
            .iter()
            .filter(|one| !is_behind(one.state));
        let signals = ahead.take(SIGNALS_MAX).map(|one| {
            let place = city.sites.iter().position(|site| site.id == one.site);
            let site = place.and_then(|place| city.sites.get(place));
            let lamp_age_ms = place.and_then(|place| view.sites.get(place)?.age_ms);
            let stop = site.and_then(|site| along(&corridor.line, site.at));
            CrewSignal {
                id: one.site.clone(),
                name: site.map_or_else(
                    || (&Names::new(&one.site, &one.site)).into(),
                    |site| (&site.names).into(),
                ),
                movement: one.movement.clone(),
                sign: sign(one, assured && !over, lamp_age_ms),
                eta_s: one.eta_s.map(tenth),
                distance_m: at.zip(stop).map(|(at, stop)| (stop - at).max(0.0).round()),
                late_s: one.late.then_some(one.late_by_s),
            }
        });
        let lines = messages.iter().filter(|one| one.reader == Reader::Page);
        Self {
            corridor_id: corridor.id,
            vehicle_id: corridor.vehicle_id.clone(),
            destination: (&corridor.destination).into(),
            assured,
            over,
            age_ms: now_ms.saturating_sub(view.unix_ms).max(0),
            position_age_ms: vehicle.map(|vehicle| vehicle.age_ms),
            on_route: vehicle.map(|vehicle| vehicle.on_route),
            eta_s: vehicle.and_then(|vehicle| vehicle.eta_s).map(tenth),
            signals: if over { Vec::new() } else { signals.collect() },
            messages: lines
                .map(|one| CrewLine {
                    number: one.number,
                    at_ms: one.at_ms,
                    text: (&one.text).into(),
                    received: one.receipt == Receipt::Received,
                })
                .collect(),
        }
    }
}

const fn is_behind(state: CrossingState) -> bool {
    matches!(
        state,
        CrossingState::Passed | CrossingState::Released | CrossingState::Recovering
    )
}

/// Green is what was read back, lately, and nothing else.
fn sign(one: &CrossingView, assured: bool, lamp_age_ms: Option<u32>) -> CrewSign {
    let read = one.confirmed_by == Some(Confirmed::LampReadback)
        && lamp_age_ms.is_some_and(|age| age <= LAMP_AGE_MAX_MS);
    if one.state == CrossingState::GreenHeld && read {
        return CrewSign::Green;
    }
    if !assured || one.late || one.fault.is_some() {
        return CrewSign::ExpectRed;
    }
    match one.state {
        CrossingState::Requested | CrossingState::Clearing | CrossingState::GreenHeld => {
            CrewSign::Clearing
        }
        CrossingState::Pending => CrewSign::Waiting,
        CrossingState::Passed
        | CrossingState::Released
        | CrossingState::Recovering
        | CrossingState::Unavailable
        | CrossingState::LocalControl
        | CrossingState::RefusedByGuard => CrewSign::ExpectRed,
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// How far along a line the point of it nearest to `to` lies, metres.
fn along(line: &[LatLon], to: LatLon) -> Option<f64> {
    let east = METRES_PER_DEGREE * to.lat.to_radians().cos();
    let plane = |at: LatLon| {
        (
            (at.lon - to.lon) * east,
            (at.lat - to.lat) * METRES_PER_DEGREE,
        )
    };
    let (mut walked, mut best) = (0.0, None);
    for (from, next) in line.iter().zip(line.iter().skip(1)) {
        let ((ax, ay), (bx, by)) = (plane(*from), plane(*next));
        let (dx, dy) = (bx - ax, by - ay);
        let length = dx.hypot(dy);
        if length <= 0.0 {
            continue;
        }
        let share = (-(ax * dx + ay * dy) / (length * length)).clamp(0.0, 1.0);
        let away = (ax + share * dx).hypot(ay + share * dy);
        if best.is_none_or(|(least, _)| away < least) {
            best = Some((away, walked + share * length));
        }
        walked += length;
    }
    best.map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn green_is_read_back_lately_or_it_is_not_green() {
        let crossing = |state, confirmed_by, late| CrossingView {
            state,
            confirmed_by,
            late,
            ..CrossingView::default()
        };
        let read = Some(Confirmed::LampReadback);
        let held = |by| crossing(CrossingState::GreenHeld, by, false);
        assert_eq!(sign(&held(read), true, Some(400)), CrewSign::Green);
        assert_eq!(sign(&held(read), true, Some(3_001)), CrewSign::Clearing);
        assert_eq!(sign(&held(read), true, None), CrewSign::Clearing);
        let told = Some(Confirmed::CommandAck);
        assert_eq!(sign(&held(told), true, Some(0)), CrewSign::Clearing);
        let ahead = crossing(CrossingState::Pending, None, false);
        assert_eq!(sign(&ahead, true, Some(0)), CrewSign::Waiting);
        // Lamps that were seen green are green, whatever becomes of the corridor.
        assert_eq!(sign(&held(read), false, Some(0)), CrewSign::Green);
        for (state, late, assured) in [
            (CrossingState::Pending, true, true),
            (CrossingState::Pending, false, false),
            (CrossingState::Clearing, true, true),
            (CrossingState::Clearing, false, false),
            (CrossingState::Unavailable, false, true),
            (CrossingState::RefusedByGuard, false, true),
            (CrossingState::LocalControl, false, true),
        ] {
            let one = crossing(state, None, late);
            assert_eq!(
                sign(&one, assured, Some(0)),
                CrewSign::ExpectRed,
                "{state:?}"
            );
        }
    }

    #[test]
    fn distances_are_measured_along_the_way() {
        let at = |lat, lon| LatLon { lat, lon };
        let line = [at(32.0, 109.0), at(32.01, 109.0), at(32.01, 109.01)];
        let corner = along(&line, at(32.01, 109.0)).unwrap();
        assert!((corner - 1_112.0).abs() < 2.0, "{corner}");
        let end = along(&line, at(32.0101, 109.01)).unwrap();
        assert!((end - corner - 943.0).abs() < 2.0, "{end}");
        assert_eq!(along(&line[..1], at(32.0, 109.0)), None);
    }
}
