//! The arrivals of a run as its detectors counted them, to be driven again.

use crate::controller::{Command, SiteState};
use crate::detect::{BUTTONS_MAX, FieldInputs};
use crate::ids::{ApproachId, SiteId};
use crate::kernel::CabinetState;
use crate::plan::{CheckedSite, DetectorUse};
use crate::signal::GroupSet;
use crate::units::{CivilTime, Length, Millis, Mono, Speed};

/// Departures nearer to each other than this belong to one queue.
const TOGETHER: Millis = Millis::new(3_500);
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
    pub(super) lanes: Vec<LaneTape>,
    /// Buttons, whenever they changed.
    pub(super) buttons: Vec<(Mono, u16, [u16; BUTTONS_MAX])>,
    /// The cabinet, whenever it changed.
    pub(super) cabinets: Vec<(Mono, CabinetState, u16)>,
    /// What it told as the recording began.
    pub(super) first: FieldInputs,
}

/// What came into one lane.
#[derive(Clone, Debug)]
pub(super) struct LaneTape {
    pub(super) approach: ApproachId,
    pub(super) groups: GroupSet,
    pub(super) yields: GroupSet,
    pub(super) stop: Option<u8>,
    pub(super) advance: Option<(u8, Length)>,
    /// From the advance loop to the stop line.
    pub(super) travel: Millis,
    /// Vehicles that wait as the recording begins.
    pub(super) waiting: u16,
    /// When vehicles came: over the advance loop, or to the stop line where there is no loop.
    pub(super) arrivals: Vec<Mono>,
    counted: Option<u32>,
    /// Departures of the queue that discharges, where nothing counts upstream.
    platoon: Vec<Mono>,
    was_green: bool,
    discharges: bool,
    green_since: Mono,
    red_since: Mono,
}

impl Tape {
    /// An empty recording of these sites.
    pub(super) fn new(sites: Vec<SiteTape>) -> Self {
        Self {
            cycles: Vec::new(),
            sites,
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
        let mut lanes = Vec::new();
        for (number, approach) in (0_u8..).zip(&site.approaches) {
            let number = ApproachId::new(number);
            for (kerb, info) in (0_u8..).zip(&approach.lanes) {
                let group = info.group();
                let speed = site.groups.get(group.index()).map(|info| info.speed);
                let speed = speed.filter(|speed| *speed > Speed::ZERO).unwrap_or(SPEED);
                let mut lane = LaneTape {
                    approach: number,
                    groups: GroupSet::only(group),
                    yields: site.yields_of(info),
                    stop: None,
                    advance: None,
                    travel: Millis::ZERO,
                    waiting: state.detection().lane(number, kerb).queue,
                    arrivals: Vec::new(),
                    counted: None,
                    platoon: Vec::new(),
                    was_green: false,
                    discharges: false,
                    green_since: now,
                    red_since: now,
                };
                for detector in &site.detectors {
                    if detector.lane != Some((number, kerb)) {
                        continue;
                    }
                    match detector.usage {
                        DetectorUse::Presence => lane.stop = lane.stop.or(Some(detector.channel)),
                        DetectorUse::Advance(upstream) => {
                            lane.advance = Some((detector.channel, upstream));
                            lane.travel = upstream.time_at(speed);
                        }
                        DetectorUse::Button => {}
                    }
                }
                lanes.push(lane);
            }
        }
        Self {
            site: id,
            lanes,
            buttons: Vec::new(),
            cabinets: Vec::new(),
            first: first.clone(),
        }
    }

    /// Takes one recorded cycle.
    pub(super) fn record(&mut self, now: Mono, state: &SiteState, field: &FieldInputs) {
        let go = state.kernel().go_set();
        let departed = state.detection().picture().departed();
        let mut kerb = (ApproachId::new(u8::MAX), 0_u8);
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            kerb = if kerb.0 == lane.approach {
                (kerb.0, kerb.1 + 1)
            } else {
                (lane.approach, 0)
            };
            let seen = state.detection().lane(kerb.0, kerb.1);
            if lane.advance.is_some() {
                lane.count_arrivals(now, seen.arrivals);
            } else {
                let count = departed.get(number).copied().unwrap_or(seen.count);
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
    fn count_arrivals(&mut self, now: Mono, count: u32) {
        let before = self.counted.replace(count).unwrap_or(count);
        for _ in 0..count.wrapping_sub(before).min(10) {
            self.arrivals.push(now);
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
            if self.discharges {
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
