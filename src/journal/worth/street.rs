//! A street of queues behind real cabinets' inputs: recorded arrivals in, detectors out.
//!
//! A vehicle drives from the advance loop to the stop line, waits in its lane's queue and leaves at
//! the saturation headway while its lamp is green. It stands in for the street of a journal, where
//! nobody knows more than what detectors counted.

use alloc::collections::VecDeque;

use super::tape::{LaneTape, SiteTape, Tape, Turned};
use crate::controller::City;
use crate::detect::{FieldInputs, MovementReport, SIGHTINGS_MAX, Sighting};
use crate::ids::{ApproachId, SiteId};
use crate::kernel::CabinetState;
use crate::signal::{GroupSet, Indication, Observed};
use crate::units::{Length, Millis, Mono, Speed, TICK};

/// From green to the first vehicle over the stop line.
const START_LOSS: Millis = Millis::from_secs(2);
/// From one vehicle of a queue to the next.
const HEADWAY: Millis = Millis::new(2_100);
/// The same in a lane that yields to a green stream.
const HEADWAY_YIELDING: Millis = Millis::from_secs(5);
/// Who turns before a vehicle that has right of way wants to see it so far off.
const GAP: Millis = Millis::from_secs(4);
/// How long a moving vehicle covers a loop.
const PULSE: Millis = Millis::new(500);
/// From one standing vehicle to the next, millimetres.
pub(super) const JAM_MM: u32 = 7_000;
/// So far an area sensor sees.
const VIEW: Length = Length::from_metres(200);

/// The queues of the recorded sites.
#[derive(Clone, Debug)]
pub(super) struct QueueStreet<'a> {
    sites: Vec<SiteRun<'a>>,
    /// One per site of the city.
    pub(super) fields: Vec<FieldInputs>,
}

#[derive(Clone, Debug)]
struct SiteRun<'a> {
    tape: &'a SiteTape,
    lanes: Vec<LaneRun<'a>>,
    button: usize,
    cabinet: usize,
    /// Groups that show green.
    go: GroupSet,
}

#[derive(Clone, Debug)]
pub(super) struct LaneRun<'a> {
    tape: &'a LaneTape,
    /// When this run's vehicles come.
    arrivals: Vec<Mono>,
    next: usize,
    driving: VecDeque<Mono>,
    queue: u32,
    green_since: Option<Mono>,
    next_leave: Mono,
    last_leave: Option<Mono>,
    last_arrival: Option<Mono>,
    headway: Millis,
    /// Vehicles over the stop line.
    left: u32,
    /// By which of its ways.
    gone: Vec<u16>,
    delay_ms: u64,
}

/// What a run's arrivals differ by: parts of a thousand and milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scatter {
    pub(super) seed: u32,
    pub(super) shift_ms: u32,
    pub(super) lost_per_mille: u32,
    /// From one vehicle of a queue to the next.
    pub(super) headway: Millis,
}

impl<'a> QueueStreet<'a> {
    pub(super) fn new(tape: &'a Tape, sites: usize, scatter: Option<Scatter>) -> Self {
        let mut fields = vec![FieldInputs::default(); sites];
        let runs = tape.sites.iter().map(|site| {
            if let Some(field) = fields.get_mut(site.site.index()) {
                field.clone_from(&site.first);
                if site.told {
                    // Nobody stands inside or behind a junction of this street.
                    for way in &mut field.area.movements {
                        *way = MovementReport {
                            departed: way.departed,
                            ..MovementReport::default()
                        };
                    }
                } else {
                    field.area.age = Millis::MAX;
                }
                field.readback.age = Millis::ZERO;
            }
            let lanes = site.lanes.iter().enumerate();
            SiteRun {
                tape: site,
                lanes: lanes
                    .map(|(at, lane)| LaneRun::new(lane, scatter, (site.site, at)))
                    .collect(),
                button: 0,
                cabinet: 0,
                go: GroupSet::EMPTY,
            }
        });
        let sites = runs.collect();
        Self { sites, fields }
    }

    /// Moves everybody on to `now`, who see what `city` commanded in its last cycle.
    pub(super) fn step(&mut self, now: Mono, city: &City) {
        for run in &mut self.sites {
            let (Some(field), Some(state)) = (
                self.fields.get_mut(run.tape.site.index()),
                city.sites().get(run.tape.site.index()),
            ) else {
                continue;
            };
            let lamps = state.last().map(|cycle| cycle.outputs.all_lamps());
            if let Some(lamps) = lamps {
                for (read, lamp) in field.readback.lamps.iter_mut().zip(lamps) {
                    if *read != Observed::NoSensor {
                        *read = Observed::Lamps(lamp);
                    }
                }
            }
            let green = |group: crate::ids::GroupId| {
                let lamp = lamps.and_then(|lamps| lamps.get(group.index()).copied());
                lamp == Some(Indication::Green)
            };
            let all = run.tape.lanes.iter().fold(GroupSet::EMPTY, |all, lane| {
                all.union(lane.groups).union(lane.yields).union(lane.ways)
            });
            let go: GroupSet = all.iter().filter(|group| green(*group)).collect();
            run.go = go;
            for lane in &mut run.lanes {
                lane.step(now, go);
                lane.sense(now, field);
            }
            run.people(now, field);
            if run.tape.told {
                run.look(now, field);
            }
        }
    }

    /// Delay of everybody so far, milliseconds.
    pub(super) fn delay_ms(&self) -> u64 {
        let lanes = self.sites.iter().flat_map(|site| &site.lanes);
        lanes.map(|lane| lane.delay_ms).sum()
    }

    /// True if one of these groups of a site shows green.
    pub(super) fn is_go(&self, site: SiteId, groups: GroupSet) -> bool {
        let run = self.sites.iter().find(|run| run.tape.site == site);
        run.is_none_or(|run| !run.go.is_disjoint(groups))
    }

    /// True if somebody drives over the stop line now, or is about to, to whom these groups belong
    /// and who shows green: who yields to them waits.
    pub(super) fn is_busy(&self, site: SiteId, groups: GroupSet, now: Mono) -> bool {
        let run = self.sites.iter().find(|run| run.tape.site == site);
        run.is_some_and(|run| {
            let green = groups.intersection(run.go);
            let mut lanes = run.lanes.iter();
            lanes.any(|lane| !lane.tape.groups.is_disjoint(green) && lane.is_coming(now))
        })
    }

    /// A lane by its place on its approach.
    pub(super) fn lane(
        &self,
        site: SiteId,
        approach: ApproachId,
        kerb: usize,
    ) -> Option<&LaneRun<'a>> {
        let run = self.sites.iter().find(|run| run.tape.site == site)?;
        let mut lanes = run
            .lanes
            .iter()
            .filter(|lane| lane.tape.approach == approach);
        lanes.nth(kerb)
    }
}

impl SiteRun<'_> {
    /// What the area sensor tells, once a second: who stands, who drives, who has left.
    fn look(&self, now: Mono, field: &mut FieldInputs) {
        let area = &mut field.area;
        area.age = Millis::new(u32::try_from(now.as_ms() % 1000).unwrap_or_default());
        if area.age >= TICK {
            return;
        }
        area.sightings.clear();
        for (number, lane) in (0_u8..).zip(&self.lanes) {
            let standing = (0..lane.queue).map(|at| (Length::from_mm(at * JAM_MM), Speed::ZERO));
            let driving = lane.driving_in(now);
            for (distance, speed) in standing.chain(driving) {
                if area.sightings.len() < SIGHTINGS_MAX && distance <= VIEW {
                    area.sightings.push(Sighting {
                        lane: number,
                        distance,
                        speed,
                        share: 1000,
                    });
                }
            }
            let before = self.tape.first.area.movements.iter();
            let ways = area.movements.iter_mut().zip(before);
            for ((way, before), gone) in ways.skip(lane.tape.way).zip(&lane.gone) {
                way.departed = before.departed.wrapping_add(*gone);
            }
        }
    }

    /// Buttons and cabinet as they were recorded.
    fn people(&mut self, now: Mono, field: &mut FieldInputs) {
        while let Some((at, held, presses)) = self.tape.buttons.get(self.button)
            && *at <= now
        {
            field.buttons_held = *held;
            field.presses = *presses;
            self.button += 1;
        }
        while let Some((at, cabinet, boots)) = self.tape.cabinets.get(self.cabinet)
            && *at <= now
        {
            field.readback.cabinet = *cabinet;
            field.readback.boot_count = *boots;
            self.cabinet += 1;
        }
        if field.readback.cabinet == CabinetState::Silent {
            field.readback.age = Millis::MAX;
        }
    }
}

impl<'a> LaneRun<'a> {
    fn new(tape: &'a LaneTape, scatter: Option<Scatter>, place: (SiteId, usize)) -> Self {
        let mut arrivals = tape.arrivals.clone();
        let mut waiting = u32::from(tape.waiting);
        if let Some(scatter) = scatter {
            let number = u64::from(scatter.seed) << 32
                | u64::from(place.0.number()) << 8
                | u64::try_from(place.1).unwrap_or_default();
            let mut dice = Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
            arrivals = scatter.over(&arrivals, &mut dice);
            waiting += u32::from(waiting > 1) * dice.below(3);
            waiting -= u32::from(tape.waiting > 1);
        }
        Self {
            tape,
            arrivals,
            next: 0,
            driving: VecDeque::new(),
            queue: waiting,
            green_since: None,
            next_leave: Mono::ZERO,
            last_leave: None,
            last_arrival: None,
            headway: scatter.map_or(HEADWAY, |scatter| scatter.headway),
            left: 0,
            gone: vec![0; tape.turned.len()],
            delay_ms: 0,
        }
    }

    pub(super) const fn queue(&self) -> u32 {
        self.queue
    }

    pub(super) const fn left(&self) -> u32 {
        self.left
    }

    /// Those who will be at the stop line within [`VIEW`]: how far they are and how fast they drive.
    fn driving_in(&self, now: Mono) -> impl Iterator<Item = (Length, Speed)> {
        let next = self.arrivals.get(self.next..).unwrap_or_default();
        let speed = self.tape.speed;
        next.iter()
            .map_while(move |at| at.as_ms().checked_sub(now.as_ms()))
            .map(move |ms| {
                let mm = u64::from(speed.as_mm_per_s()) * ms / 1000;
                (
                    Length::from_mm(u32::try_from(mm).unwrap_or(u32::MAX)),
                    speed,
                )
            })
            .take_while(|(distance, _)| *distance <= VIEW)
    }

    /// Green for so long that a vehicle at the stop line drives.
    pub(super) fn drives(&self, now: Mono) -> bool {
        self.green_since
            .is_some_and(|since| now.since(since) >= START_LOSS)
    }

    /// Somebody is at the stop line, or will be before one could have turned before him.
    fn is_coming(&self, now: Mono) -> bool {
        let next = self.driving.front().or(self.arrivals.get(self.next));
        self.queue > 0 || next.is_some_and(|there| *there <= now + GAP)
    }

    /// Whom it yields to.
    pub(super) const fn yields(&self) -> GroupSet {
        self.tape.yields
    }

    /// The lamp is green.
    pub(super) const fn is_green(&self) -> bool {
        self.green_since.is_some()
    }

    fn step(&mut self, now: Mono, go: GroupSet) {
        while self.arrivals.get(self.next).is_some_and(|at| *at <= now) {
            self.next += 1;
            self.driving.push_back(now + self.tape.travel);
            self.last_arrival = Some(now);
        }
        while self.driving.front().is_some_and(|there| *there <= now) {
            self.driving.pop_front();
            self.queue += 1;
        }
        let green = !self.tape.groups.is_disjoint(go);
        if !green {
            self.green_since = None;
        } else if self.green_since.is_none() {
            self.green_since = Some(now);
            self.next_leave = now
                + if self.queue > 0 {
                    START_LOSS
                } else {
                    Millis::ZERO
                };
        }
        if green && self.queue > 0 && now >= self.next_leave {
            let yields = !self.tape.yields.is_disjoint(go);
            self.queue -= 1;
            self.left += 1;
            self.turn();
            self.last_leave = Some(now);
            self.next_leave = now
                + if yields {
                    HEADWAY_YIELDING
                } else {
                    self.headway
                };
        }
        self.delay_ms += u64::from(self.queue) * u64::from(TICK.as_ms());
    }

    /// The next one takes the way that is most behind its share of those who were counted.
    fn turn(&mut self) {
        let weight = |way: &Turned| u64::from(way.taken) + 1;
        let all: u64 = self.tape.turned.iter().map(weight).sum();
        let left = u64::from(self.left);
        let ways = self.gone.iter_mut().zip(&self.tape.turned);
        let behind = |(gone, way): &(&mut u16, &Turned)| {
            (left * weight(way)).saturating_sub(u64::from(**gone) * all)
        };
        if let Some((gone, _)) = ways.max_by_key(behind) {
            *gone = gone.wrapping_add(1);
        }
    }

    /// What its loops tell.
    fn sense(&self, now: Mono, field: &mut FieldInputs) {
        let young = |at: Option<Mono>| at.is_some_and(|at| now.since(at) < PULSE);
        if let Some(stop) = self.tape.stop {
            let new = self.last_leave == Some(now);
            let on = self.queue > 0 || young(self.last_leave);
            tell(field, stop, on, new);
        }
        if let Some((advance, upstream)) = self.tape.advance {
            let covered =
                self.queue.saturating_mul(JAM_MM) >= upstream.as_mm().saturating_add(JAM_MM);
            let new = self.last_arrival == Some(now);
            tell(field, advance, covered || young(self.last_arrival), new);
        }
    }
}

fn tell(field: &mut FieldInputs, channel: u8, on: bool, new: bool) {
    let bit = 1_u32 << (channel & 31);
    field.occupied = if on {
        field.occupied | bit
    } else {
        field.occupied & !bit
    };
    if let Some(reading) = field.detectors.get_mut(usize::from(channel)) {
        if on {
            reading.occupied_ms = reading.occupied_ms.wrapping_add(100);
        }
        if new {
            reading.count = reading.count.wrapping_add(1);
            reading.last_pulse_ms = 500;
        }
    }
}

impl Scatter {
    /// The same arrivals a little earlier or later, some lost and as many twice.
    fn over(self, arrivals: &[Mono], dice: &mut Dice) -> Vec<Mono> {
        let mut out = Vec::with_capacity(arrivals.len());
        for at in arrivals {
            let chance = dice.below(1000);
            let times = if chance < self.lost_per_mille {
                0
            } else if chance < 2 * self.lost_per_mille {
                2
            } else {
                1
            };
            for _ in 0..times {
                let shift = u64::from(dice.below(2 * self.shift_ms + 1));
                let moved = at.as_ms() + shift;
                out.push(Mono::from_ms(
                    moved.saturating_sub(u64::from(self.shift_ms)),
                ));
            }
        }
        out.sort_unstable();
        out
    }
}

/// A small generator of even numbers: equal seeds, equal runs.
#[derive(Clone, Copy, Debug)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 16) % u64::from(end.max(1))).unwrap_or_default()
    }
}
