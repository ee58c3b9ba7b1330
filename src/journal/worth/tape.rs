//! The arrivals of a run as its detectors counted them, to be driven again.

use crate::controller::{Command, SiteState};
use crate::detect::{BUTTONS_MAX, CREEPING, FieldInputs, MovementReport, Picture, PictureSource};
use crate::ids::{ApproachId, SiteId};
use crate::kernel::CabinetState;
use crate::plan::{CheckedSite, DetectorUse, Lane};
use crate::signal::GroupSet;
use crate::units::{CivilTime, Length, Millis, Mono, Speed};

/// Departures nearer to each other than this belong to one queue.
const TOGETHER: Millis = Millis::new(3_500);
/// More departures of one way from one report to the next are a sensor that has begun anew.
const LEFT_MAX: u16 = 20;
/// An arrival so near to where the vehicle itself was is its own, milliseconds.
const OWN_MS: u64 = 12_000;
/// Speed assumed where the site file gives none.
const SPEED: Speed = Speed::from_kmh(40);

/// One recorded cycle: what time it was and what was asked.
#[derive(Clone, Debug)]
pub(super) struct TapeCycle {
    pub(super) now: Mono,
    pub(super) civil: CivilTime,
    pub(super) commands: Vec<Command>,
}

/// A recording from the opening of a corridor on.
#[derive(Clone, Debug, Default)]
pub(super) struct Tape {
    pub(super) cycles: Vec<TapeCycle>,
    pub(super) sites: Vec<SiteTape>,
}

/// What came to one site.
#[derive(Clone, Debug)]
pub(super) struct SiteTape {
    pub(super) site: SiteId,
    /// An area sensor told of it as the recording began.
    pub(super) told: bool,
    pub(super) lanes: Vec<LaneTape>,
    /// Buttons, whenever they changed.
    pub(super) buttons: Vec<(Mono, u16, [u16; BUTTONS_MAX])>,
    /// The cabinet, whenever it changed.
    pub(super) cabinets: Vec<(Mono, CabinetState, u16)>,
    /// What it told as the recording began.
    pub(super) first: FieldInputs,
    /// Whose picture it was last.
    source: PictureSource,
}

/// What came into one lane.
#[derive(Clone, Debug)]
pub(super) struct LaneTape {
    pub(super) approach: ApproachId,
    /// The first of its ways, counted over the site.
    pub(super) way: usize,
    /// How many took each of its ways.
    pub(super) turned: Vec<Turned>,
    /// How fast one drives towards it.
    pub(super) speed: Speed,
    pub(super) groups: GroupSet,
    pub(super) yields: GroupSet,
    /// The groups of all its ways.
    pub(super) ways: GroupSet,
    pub(super) stop: Option<u8>,
    pub(super) advance: Option<(u8, Length)>,
    /// From the advance loop to the stop line.
    pub(super) travel: Millis,
    /// Vehicles that wait as the recording begins.
    pub(super) waiting: u16,
    /// When vehicles came: over the advance loop, or to the stop line where there is no loop.
    pub(super) arrivals: Vec<Mono>,
    counted: Option<u32>,
    /// Where an area sensor sees the lane.
    view: Option<View>,
    /// Vehicles that stood there as the recording began and are not gone yet, where departures are all
    /// that is counted.
    there: u16,
    began: Mono,
    /// Departures of the queue that discharges, where nothing counts upstream.
    platoon: Vec<Mono>,
    was_green: bool,
    discharges: bool,
    green_since: Mono,
    red_since: Mono,
}

/// Vehicles that took one way of a lane, as an area sensor counts them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turned {
    /// Since the recording began.
    pub(super) taken: u32,
    counted: Option<u16>,
}

impl Turned {
    fn count(&mut self, report: MovementReport) {
        let before = self.counted.replace(report.departed);
        let more = before.map_or(0, |before| report.departed.wrapping_sub(before));
        if more <= LEFT_MAX {
            self.taken += u32::from(more);
        }
    }
}

/// What an area sensor sees of a lane at a moment.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Vehicles in view, thousandths.
    in_view: u32,
    /// How far off the last one is.
    farthest: Length,
    /// Vehicles over the stop line; wraps.
    departed: u32,
}

impl Seen {
    /// Nothing while no area sensor tells.
    fn of(picture: &Picture, lane: u8) -> Option<Self> {
        let own = picture.sightings().iter().filter(|one| one.lane == lane);
        let (in_view, farthest) = own.fold((0, Length::ZERO), |(count, far), one| {
            (count + u32::from(one.share), far.max(one.distance))
        });
        let departed = picture.departed().get(usize::from(lane)).copied();
        (picture.source() == PictureSource::Area).then_some(Self {
            in_view,
            farthest,
            departed: departed.unwrap_or_default(),
        })
    }
}

/// What an area sensor has seen of a lane.
#[derive(Clone, Copy, Debug)]
struct View {
    speed: Speed,
    /// From where on vehicles have been seen.
    reach: Length,
    /// Vehicles over the stop line before it looked.
    departed: u32,
    /// Vehicles that have been seen since it looks, those that were there included.
    came: u32,
    /// The sensor tells nothing.
    lost: bool,
}

impl View {
    const fn of(seen: Seen, speed: Speed) -> Self {
        Self {
            speed,
            reach: seen.farthest,
            departed: seen.departed,
            came: (seen.in_view + 300) / 1000,
            lost: false,
        }
    }

    /// Vehicles that have come into view since it looked last. Who is in view and who has left came
    /// once. Nobody knows who came and left during a gap, and departures are counted from another
    /// beginning after it: it looks anew then.
    fn newcomers(&mut self, seen: Option<Seen>) -> u32 {
        let Some(seen) = seen else {
            self.lost = true;
            return 0;
        };
        let reach = self.reach.max(seen.farthest);
        if self.lost {
            *self = Self::of(seen, self.speed);
        }
        self.reach = reach;
        let gone = seen.departed.wrapping_sub(self.departed);
        let came = gone
            .saturating_mul(1000)
            .saturating_add(seen.in_view)
            .saturating_add(300)
            / 1000;
        let new = came.saturating_sub(self.came);
        self.came = self.came.max(came);
        new.min(10)
    }
}

/// When those who drive towards the stop line of a lane will be there.
fn on_their_way(picture: &Picture, lane: u8, now: Mono) -> Vec<Mono> {
    let own = picture.sightings().iter().filter(|one| one.lane == lane);
    let drives = own.filter(|one| one.speed >= CREEPING && one.share >= 500);
    drives
        .map(|one| now + one.distance.time_at(one.speed))
        .collect()
}

fn number_of(lanes: &[LaneTape]) -> u8 {
    u8::try_from(lanes.len()).unwrap_or(u8::MAX)
}

impl Tape {
    /// An empty recording of these sites.
    pub(super) fn new(sites: Vec<SiteTape>) -> Self {
        Self {
            cycles: Vec::new(),
            sites,
        }
    }

    /// Takes the vehicle itself out of those who came: it was over this stop line then, and has stood
    /// before it for so long.
    pub(super) fn forget(
        &mut self,
        (site, approach): (SiteId, ApproachId),
        (at, stood): (Mono, Millis),
    ) {
        let sites = self.sites.iter_mut().filter(|tape| tape.site == site);
        let lanes = sites.flat_map(|tape| &mut tape.lanes);
        let mut best: Option<(u64, &mut LaneTape, usize)> = None;
        for lane in lanes.filter(|lane| lane.approach == approach) {
            let came = at
                .as_ms()
                .saturating_sub(u64::from((stood + lane.travel).as_ms()));
            let off = |arrival: &Mono| arrival.as_ms().abs_diff(came);
            let nearest = lane
                .arrivals
                .iter()
                .enumerate()
                .min_by_key(|(_, at)| off(at));
            let found = nearest.map(|(place, arrival)| (off(arrival), place));
            if let Some((off, place)) = found.filter(|(off, _)| *off <= OWN_MS)
                && best.as_ref().is_none_or(|(least, _, _)| off < *least)
            {
                best = Some((off, lane, place));
            }
        }
        if let Some((_, lane, place)) = best {
            lane.arrivals.remove(place);
        }
    }

    /// The last words of lanes that count at the stop line only.
    pub(super) fn close(&mut self) {
        for lane in self.sites.iter_mut().flat_map(|site| &mut site.lanes) {
            lane.end_platoon();
            lane.arrivals.sort_unstable();
        }
    }
}

impl SiteTape {
    /// A recording of `site` that begins now.
    pub(super) fn new(
        id: SiteId,
        site: &CheckedSite,
        state: &SiteState,
        first: &FieldInputs,
        now: Mono,
    ) -> Self {
        let (mut lanes, mut ways) = (Vec::new(), 0);
        let picture = state.detection().picture();
        let told = picture.source() == PictureSource::Area;
        for (number, approach) in (0_u8..).zip(&site.approaches) {
            let number = ApproachId::new(number);
            for (kerb, info) in (0_u8..).zip(&approach.lanes) {
                let mut lane = LaneTape::new((number, kerb), info, site, now);
                lane.way = ways;
                lane.turned = vec![Turned::default(); info.movements.len()];
                lane.waiting = state.detection().lane(number, kerb).queue;
                if told {
                    lane.look(picture, number_of(&lanes), now);
                } else if lane.advance.is_none() {
                    lane.there = core::mem::take(&mut lane.waiting);
                }
                lanes.push(lane);
                ways += info.movements.len();
            }
        }
        Self {
            site: id,
            told,
            lanes,
            buttons: Vec::new(),
            cabinets: Vec::new(),
            first: first.clone(),
            source: picture.source(),
        }
    }

    /// Takes one recorded cycle.
    pub(super) fn record(&mut self, now: Mono, state: &SiteState, field: &FieldInputs) {
        let go = state.kernel().go_set();
        let picture = state.detection().picture();
        let departed = picture.departed();
        // Whoever tells now counts departures from another beginning.
        let is_new = core::mem::replace(&mut self.source, picture.source()) != picture.source();
        let mut kerb = (ApproachId::new(u8::MAX), 0_u8);
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            kerb = if kerb.0 == lane.approach {
                (kerb.0, kerb.1 + 1)
            } else {
                (lane.approach, 0)
            };
            let seen = state.detection().lane(kerb.0, kerb.1);
            let place = u8::try_from(number).unwrap_or(u8::MAX);
            for (way, report) in
                (lane.turned.iter_mut()).zip(field.area.movements.iter().skip(lane.way))
            {
                way.count(*report);
            }
            if lane.view.is_some() {
                lane.count_seen(now, Seen::of(picture, place));
            } else if lane.advance.is_some() {
                lane.count_arrivals(now, seen.arrivals);
            } else {
                let count = departed.get(number).copied().unwrap_or(seen.count);
                if is_new {
                    lane.counted = None;
                }
                lane.count_departures(now, count, !lane.groups.is_disjoint(go));
            }
        }
        let buttons = (field.buttons_held, field.presses);
        let known = self
            .buttons
            .last()
            .map(|(_, held, presses)| (*held, *presses));
        if known != Some(buttons) {
            self.buttons.push((now, buttons.0, buttons.1));
        }
        let cabinet = (field.readback.cabinet, field.readback.boot_count);
        let known = self
            .cabinets
            .last()
            .map(|(_, state, boots)| (*state, *boots));
        if known != Some(cabinet) {
            self.cabinets.push((now, cabinet.0, cabinet.1));
        }
    }
}

impl LaneTape {
    /// An empty recording of a lane and its loops.
    fn new(place: (ApproachId, u8), info: &Lane, site: &CheckedSite, now: Mono) -> Self {
        let group = info.group();
        let speed = site.groups.get(group.index()).map(|info| info.speed);
        let speed = speed.filter(|speed| *speed > Speed::ZERO).unwrap_or(SPEED);
        let mut lane = Self {
            approach: place.0,
            way: 0,
            turned: Vec::new(),
            speed,
            groups: GroupSet::only(group),
            yields: site.yields_of(info),
            ways: info.groups(),
            stop: None,
            advance: None,
            travel: Millis::ZERO,
            waiting: 0,
            arrivals: Vec::new(),
            counted: None,
            view: None,
            there: 0,
            began: now,
            platoon: Vec::new(),
            was_green: false,
            discharges: false,
            green_since: now,
            red_since: now,
        };
        let own = site.detectors.iter();
        for detector in own.filter(|detector| detector.lane == Some(place)) {
            match detector.usage {
                DetectorUse::Presence => lane.stop = lane.stop.or(Some(detector.channel)),
                DetectorUse::Advance(upstream) => {
                    lane.advance = Some((detector.channel, upstream));
                    lane.travel = upstream.time_at(speed);
                }
                DetectorUse::Button => {}
            }
        }
        lane
    }

    /// What an area sensor sees of it as the recording begins.
    fn look(&mut self, picture: &Picture, number: u8, now: Mono) {
        self.waiting = picture.standing(number);
        self.arrivals = on_their_way(picture, number, now);
        self.view = Seen::of(picture, number).map(|seen| View::of(seen, self.speed));
        // Arrivals are counted at the stop line.
        self.travel = Millis::ZERO;
    }

    fn count_arrivals(&mut self, now: Mono, count: u32) {
        let before = self.counted.replace(count).unwrap_or(count);
        for _ in 0..count.wrapping_sub(before).min(10) {
            self.arrivals.push(now);
        }
    }

    /// Each one more has just come into view, and is at the stop line when the way there is driven.
    fn count_seen(&mut self, now: Mono, seen: Option<Seen>) {
        let Some(view) = &mut self.view else {
            return;
        };
        let new = view.newcomers(seen);
        let drives = view.reach.time_at(view.speed);
        for _ in 0..new {
            self.arrivals.push(now + drives);
        }
    }

    /// Who leaves in one row from the start of green on has come while it was red, at any moment of
    /// it; who leaves later came as he left.
    fn count_departures(&mut self, now: Mono, count: u32, green: bool) {
        let before = self.counted.replace(count).unwrap_or(count);
        let began = *self.platoon.last().unwrap_or(&self.green_since);
        if green && !self.was_green {
            self.green_since = now;
            self.discharges = true;
        } else if self.discharges && (!green || now.since(began) > TOGETHER) {
            self.end_platoon();
            self.discharges = false;
        }
        if !green && self.was_green {
            self.red_since = now;
        }
        self.was_green = green;
        for _ in 0..count.wrapping_sub(before).min(10) {
            if self.there > 0 {
                self.there -= 1;
                self.arrivals.push(self.began);
            } else if self.discharges {
                self.platoon.push(now);
            } else {
                self.arrivals.push(now);
            }
        }
    }

    fn end_platoon(&mut self) {
        let count = u64::try_from(self.platoon.len()).unwrap_or(u64::MAX);
        let Some(last) = self.platoon.last().copied() else {
            return;
        };
        let span = u64::from(last.since(self.red_since).as_ms());
        for (at, left) in (0_u64..).zip(&self.platoon) {
            let share = span * (2 * at + 1) / (2 * count.max(1));
            let came = self.red_since + Millis::new(u32::try_from(share).unwrap_or(u32::MAX));
            self.arrivals.push(came.min(*left));
        }
        self.platoon.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(vehicles: u32, departed: u32) -> Seen {
        Seen {
            in_view: vehicles * 1000,
            farthest: Length::from_metres(150),
            departed,
        }
    }

    #[test]
    fn a_gap_of_the_sensor_brings_no_phantoms_and_stops_no_arrivals() {
        let mut view = View::of(seen(3, 40), SPEED);
        assert_eq!(view.newcomers(Some(seen(4, 41))), 2);
        // Loops tell in between, and have counted from another beginning.
        for _ in 0..5 {
            assert_eq!(view.newcomers(None), 0);
        }
        assert_eq!(view.newcomers(Some(seen(2, 900))), 0);
        assert_eq!(view.newcomers(Some(seen(2, 901))), 1);
        // The same with fewer departures than before.
        assert_eq!(view.newcomers(None), 0);
        assert_eq!(view.newcomers(Some(seen(2, 7))), 0);
        assert_eq!(view.newcomers(Some(seen(3, 8))), 2);
        assert_eq!(view.reach, Length::from_metres(150));
    }

    #[test]
    fn a_sensor_that_begins_anew_has_let_nobody_go_by_that() {
        let mut way = Turned::default();
        for departed in [u16::MAX, 1, 3, 60_000, 60_002] {
            way.count(MovementReport {
                departed,
                ..MovementReport::default()
            });
        }
        assert_eq!(way.taken, 6);
    }
}
