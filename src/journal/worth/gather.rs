//! Replays a journal and gathers what one corridor's run needs: the city before it was opened, the
//! arrivals from there on, and what became of it.

use alloc::sync::Arc;

use super::account::WorthError;
use super::departure::Departure;
use super::run::{QueueSample, RunRecord, SignalRun, TrackPoint, extend};
use super::tape::{SiteTape, Tape, TapeCycle};
use super::way::{Joint, is_same_way, joined};
use super::yields::{cut, kept_red};
use crate::controller::{City, Command, CycleInputs};
use crate::corridor::{CorridorPlan, Crossing, MissionState, Preview, SiteBoard, What, preview};
use crate::detect::FieldInputs;
use crate::ids::{CorridorId, SiteId};
use crate::journal::cycle::read_commands;
use crate::journal::frame::{FrameError, RecordKind, Records};
use crate::journal::replay::{ReplayError, Running, commands_of};
use crate::policy::PolicyKind;
use crate::signal::{GroupSet, Indication, Observed};
use crate::units::{CivilTime, Length, Millis, Mono, Speed};

/// After the corridor is over, the others are followed for so long.
pub(super) const SETTLE: Millis = Millis::from_secs(240);
/// The track is kept once a second, queues a little less often.
const TRACK_EVERY: Millis = Millis::from_secs(1);
const QUEUES_EVERY: Millis = Millis::from_secs(3);
/// What a standing vehicle takes up, and how far from the last one a vehicle still stands for the
/// queue's sake.
const JAM: Length = Length::from_metres(7);
const NEAR: Length = Length::from_metres(40);
/// A slower vehicle stands.
pub(super) const STANDS: Speed = Speed::from_mm_per_s(1_500);
/// A reading older than this says nothing about the lamps.
const READ_AGE_MAX: Millis = Millis::new(1_500);

/// Everything that an account of a corridor is made from.
pub(super) struct Gathered {
    /// The city before the cycle that opened the corridor.
    pub(super) city: City,
    pub(super) tape: Tape,
    pub(super) record: RunRecord,
    /// What the preview said at the press, by itself.
    pub(super) said: Preview,
    /// The journal ends before the others are done.
    pub(super) is_cut: bool,
}

/// Replays `files` in their order and gathers the run of `corridor`.
pub(super) fn gather<F: AsRef<[u8]>>(
    files: impl IntoIterator<Item = F> + Clone,
    corridor: CorridorId,
) -> Result<Gathered, WorthError> {
    let mut gathering: Option<Gathering> = None;
    let mut begun = false;
    let ways = sites_of(files.clone(), corridor);
    'all: for bytes in files {
        let mut running: Option<Running> = None;
        for (number, record) in
            (0_u64..).zip(Records::new(bytes.as_ref()).map_err(ReplayError::from)?)
        {
            let (kind, payload) = match record {
                Ok(record) => record,
                // The journal is still being written, or its writer was cut off: it ends here.
                Err(FrameError::CutOff { .. }) if gathering.is_some() => break 'all,
                Err(why) => return Err(ReplayError::from(why).into()),
            };
            if kind == RecordKind::Snapshot {
                running = Some(Running::start(payload)?);
                continue;
            }
            let running = running.as_mut().ok_or(ReplayError::NoSnapshot)?;
            if gathering.is_none() {
                gathering = opening((running, &ways), payload, number, corridor)?;
                begun |= gathering.is_some();
            }
            let mut is_done = false;
            running.cycle(payload, number, |inputs, city| {
                if let Some(gathering) = gathering.as_mut() {
                    is_done = gathering.take(inputs, city);
                }
            })?;
            if is_done {
                break 'all;
            }
        }
    }
    match gathering {
        Some(gathering) => Ok(gathering.finish()),
        None if begun => Err(WorthError::Refused(corridor)),
        None => Err(WorthError::NotThere(corridor)),
    }
}

/// The sites of every plan of the corridor. What is damaged is found when it is run again.
fn sites_of<F: AsRef<[u8]>>(
    files: impl IntoIterator<Item = F>,
    corridor: CorridorId,
) -> Vec<SiteId> {
    let mut sites = Vec::new();
    for bytes in files {
        let _found_later = commands_of(bytes.as_ref(), |command| match command {
            Command::OpenCorridor(plan) | Command::ReplaceCorridor(plan)
                if plan.corridor == corridor =>
            {
                sites.extend(plan.places().map(|crossing| crossing.site));
            }
            _ => {}
        });
    }
    sites.sort_unstable();
    sites.dedup();
    sites
}

/// The plan that this cycle opens, and the city before it.
fn opening(
    (running, sites): (&Running, &[SiteId]),
    payload: &[u8],
    number: u64,
    corridor: CorridorId,
) -> Result<Option<Gathering>, WorthError> {
    let cycle = read_commands(payload).map_err(|_| ReplayError::Malformed(number))?;
    let plan = cycle.commands.iter().find_map(|command| match command {
        Command::OpenCorridor(plan) if plan.corridor == corridor => Some(plan),
        _ => None,
    });
    Ok(plan.map(|plan| Gathering::new((running, sites), plan, (cycle.now, cycle.civil))))
}

struct Gathering {
    city: City,
    tape: Tape,
    record: RunRecord,
    said: Preview,
    /// The plan that runs.
    running: Arc<CorridorPlan>,
    /// Where the running plan begins on the driven way.
    joint: Joint,
    departure: Departure,
    over_at: Option<Mono>,
    next_track: Mono,
    next_queues: Mono,
    was_green: Vec<bool>,
    was_held: Vec<bool>,
    go_before: Vec<GroupSet>,
    is_over: bool,
}

impl Gathering {
    fn new(
        (running, ids): (&Running, &[SiteId]),
        plan: &Arc<CorridorPlan>,
        (now, civil): (Mono, CivilTime),
    ) -> Self {
        let city = running.city();
        let sites = ids.iter().filter_map(|id| {
            let (at, state) = (city.plans().get(id.index())?, city.sites().get(id.index())?);
            let first = running.fields().get(id.index())?;
            Some(SiteTape::new(*id, at, state, first, now))
        });
        let count = plan.crossings.len() + 1;
        Self {
            tape: Tape::new(sites.collect()),
            city: city.clone().with_only(ids),
            record: RunRecord {
                plan: Arc::clone(plan),
                first: Arc::clone(plan),
                rerouted: Vec::new(),
                opened: now,
                opened_civil: civil,
                departed: None,
                ended: now,
                state: MissionState::Requested,
                seen: None,
                track: Vec::new(),
                signals: signals_of(plan),
                beyond: plan.beyond.as_ref().map(signal_of),
                abandoned: Vec::new(),
                yielded: Vec::new(),
            },
            said: said(plan, city, running.fields(), now),
            running: Arc::clone(plan),
            joint: (0, Length::ZERO, Millis::ZERO),
            departure: Departure::default(),
            over_at: None,
            next_track: now,
            next_queues: now,
            was_green: vec![false; count],
            was_held: vec![false; count],
            go_before: vec![GroupSet::EMPTY; count],
            is_over: false,
        }
    }

    /// Takes one cycle that was run again; true if nothing more is needed.
    fn take(&mut self, inputs: &CycleInputs<'_>, city: &City) -> bool {
        let now = inputs.now;
        self.tape.cycles.push(TapeCycle {
            now,
            civil: inputs.civil,
            commands: inputs.commands.to_vec(),
        });
        let is_first = self.tape.cycles.len() == 1;
        for site in &mut self.tape.sites {
            let at = site.site.index();
            if let (Some(state), Some(field)) = (city.sites().get(at), inputs.fields.get(at)) {
                if is_first {
                    // Before the first cycle of a file nobody has told anything.
                    site.first.clone_from(field);
                }
                site.record(now, state, field);
            }
        }
        if is_first {
            // What the dispatcher was shown is at most two cycles older, and as well informed.
            self.said = said(&self.record.first, city, inputs.fields, now);
        }
        self.follow(inputs, city);
        self.over_at.is_some_and(|over| now.since(over) >= SETTLE)
    }

    fn follow(&mut self, inputs: &CycleInputs<'_>, city: &City) {
        let now = inputs.now;
        let corridor = self.record.plan.corridor;
        let Some(mission) = city.corridors().mission(corridor) else {
            self.over_at.get_or_insert(now);
            return;
        };
        if mission.plan().revision != self.running.revision {
            let plan = Arc::clone(mission.plan());
            self.change(plan, now);
        }
        self.events(city);
        self.lamps(inputs, city);
        if self.is_over {
            return;
        }
        self.record.state = mission.state();
        self.record.ended = now;
        if now >= self.next_track {
            self.next_track = now + TRACK_EVERY;
            let view = mission.view(now, city.corridors());
            let (before, begins, _) = self.joint;
            let signals = self.record.signals.iter_mut().skip(before);
            for (signal, seen) in signals.zip(&view.crossings) {
                signal.refused_by = signal.refused_by.or(seen.refused_by);
            }
            if let Some(position) = view.position {
                let seen = position.age.as_ms().into();
                self.record.seen = Some(Mono::from_ms(now.as_ms().saturating_sub(seen)));
                self.track(TrackPoint {
                    at: now,
                    along: begins + position.along,
                    speed: position.speed,
                });
            }
        }
        if now >= self.next_queues {
            self.next_queues = now + QUEUES_EVERY;
            let board = city.board(now, inputs.fields);
            for signal in &mut self.record.signals {
                let queue = board.queue(signal.site, signal.approach);
                signal.queues.push(QueueSample {
                    at: now,
                    vehicles: queue.vehicles_worst_lane,
                });
            }
        }
        if mission.state().is_over() {
            self.is_over = true;
            self.over_at = Some(now);
        }
    }

    /// Another plan runs from now on: what was driven stays, what lies behind it is the new one's.
    fn change(&mut self, plan: Arc<CorridorPlan>, now: Mono) {
        if is_same_way(&self.running, &plan) {
            let whole = joined(&self.record.plan, self.joint, &plan);
            self.record.plan = Arc::new(whole);
            self.running = plan;
            return;
        }
        let record = &self.record;
        let passed = |signal: &SignalRun| signal.passed_at.is_some();
        let kept = record
            .signals
            .iter()
            .rposition(passed)
            .map_or(0, |last| last + 1);
        let at = record
            .track
            .last()
            .map_or(Length::ZERO, |point| point.along);
        let joint = (kept, at, record.plan.clock_at(at));
        self.close_holds(kept);
        let record = &mut self.record;
        record.plan = Arc::new(joined(&record.plan, joint, &plan));
        record.rerouted.push(now);
        let given_up = record.signals.drain(kept..);
        let held = given_up.filter(|signal| !signal.holds.is_empty());
        record.abandoned.extend(held);
        let behind = record.beyond.take();
        let held = behind.filter(|signal| !signal.holds.is_empty());
        record.abandoned.extend(held);
        record.signals.extend(signals_of(&plan));
        record.beyond = plan.beyond.as_ref().map(signal_of);
        let count = record.signals.len() + 1;
        self.was_green.truncate(kept);
        self.was_green.resize(count, false);
        self.was_held.truncate(kept);
        self.was_held.resize(count, false);
        self.go_before.truncate(kept);
        self.go_before.resize(count, GroupSet::EMPTY);
        self.joint = joint;
        self.running = plan;
    }

    /// From this signal on nothing is held any more: who was kept at red until now is told.
    fn close_holds(&mut self, from: usize) {
        let signals = self.record.signals.iter().chain(&self.record.beyond);
        let places = self.record.plan.places().zip(signals);
        let held = places.zip(&mut self.was_held).skip(from);
        for ((crossing, signal), was_held) in held.filter(|(_, was_held)| **was_held) {
            *was_held = false;
            let checked = self.city.plans().get(crossing.site.index());
            if let (Some(checked), Some(span)) = (checked, signal.holds.last()) {
                kept_red(
                    checked,
                    (crossing.site, crossing.groups),
                    (span.from, span.to),
                    &mut self.record.yielded,
                );
            }
        }
    }

    fn track(&mut self, point: TrackPoint) {
        let plan = &self.record.plan;
        let before = self.record.track.last().copied();
        if let Some(before) = before {
            if self.record.departed.is_none() {
                self.record.departed = self.departure.look(before, point);
            }
            let spent = point.at.since(before.at);
            let places = plan.crossings.iter().zip(&mut self.record.signals);
            let mut next = places.filter(|(_, signal)| signal.passed_at.is_none());
            if let Some((crossing, signal)) = next.next() {
                if self.record.departed.is_some() && point.speed < STANDS {
                    signal.stood += spent;
                    let queue = signal.queues.last().map_or(0, |last| last.vehicles);
                    let reach = JAM.as_mm().saturating_mul(u32::from(queue)) + NEAR.as_mm();
                    if (crossing.stop_line_at - point.along).as_mm() > reach {
                        signal.stood_far += spent;
                    }
                }
                if point.along >= crossing.stop_line_at {
                    signal.passed_at = Some(between(before, point, crossing.stop_line_at));
                }
            }
        }
        self.record.track.push(point);
    }

    fn events(&mut self, city: &City) {
        let corridor = self.record.plan.corridor;
        let all = city.corridors().events().iter();
        for event in all.filter(|event| event.corridor == corridor) {
            let of = |site: SiteId, signals: &'_ mut Vec<SignalRun>| {
                signals.iter().position(|signal| signal.site == site)
            };
            match event.what {
                What::Late(site, by) => {
                    if let Some(at) = of(site, &mut self.record.signals)
                        && let Some(signal) = self.record.signals.get_mut(at)
                    {
                        signal.late_by = signal.late_by.max(by);
                    }
                }
                What::Passed(site, in_time, _) => {
                    let mut open = (self.record.signals.iter_mut())
                        .filter(|signal| signal.site == site && signal.green_in_time.is_none());
                    if let Some(signal) = open.next() {
                        signal.green_in_time = Some(in_time);
                        signal.passed_at.get_or_insert(event.at);
                    }
                }
                _ => {}
            }
        }
    }

    /// Greens by read-back, holds, and whose green was cut for them.
    fn lamps(&mut self, inputs: &CycleInputs<'_>, city: &City) {
        let now = inputs.now;
        let corridor = self.record.plan.corridor;
        let plan = Arc::clone(&self.record.plan);
        let signals = self
            .record
            .signals
            .iter_mut()
            .chain(&mut self.record.beyond);
        let places = plan.places().zip(signals);
        for (at, (crossing, signal)) in places.enumerate() {
            let site = crossing.site.index();
            let (Some(field), Some(state), Some(checked)) = (
                inputs.fields.get(site),
                city.sites().get(site),
                city.plans().get(site),
            ) else {
                continue;
            };
            let read = field.readback.age <= READ_AGE_MAX && crossing.can_be_held();
            let green = read
                && crossing.groups.iter().all(|group| {
                    field.readback.lamps.get(group.index())
                        == Some(&Observed::Lamps(Indication::Green))
                });
            let by_us = |source: PolicyKind| {
                matches!(source, PolicyKind::Corridor | PolicyKind::CorridorBound)
            };
            let lease = city.corridors().lease(crossing.site);
            let held = lease.is_some_and(|lease| lease.corridor == corridor)
                && state
                    .last()
                    .is_some_and(|cycle| by_us(cycle.decision.winner.source));
            let go = state.kernel().go_set();
            let flags = (self.was_green.get_mut(at), self.was_held.get_mut(at));
            let (Some(was_green), Some(was_held), Some(before)) =
                (flags.0, flags.1, self.go_before.get_mut(at))
            else {
                continue;
            };
            extend(&mut signal.greens, now, green, *was_green);
            extend(&mut signal.holds, now, held, *was_held);
            if held {
                cut(
                    checked,
                    (crossing.site, crossing.groups),
                    (*before, go),
                    now,
                    &mut self.record.yielded,
                );
            } else if *was_held && let Some(span) = signal.holds.last() {
                kept_red(
                    checked,
                    (crossing.site, crossing.groups),
                    (span.from, span.to),
                    &mut self.record.yielded,
                );
            }
            (*was_green, *was_held, *before) = (green, held, go);
        }
    }

    fn finish(mut self) -> Gathered {
        self.tape.close();
        self.close_holds(0);
        for signal in &self.record.signals {
            if let Some(passed) = signal.passed_at {
                let place = (signal.site, signal.approach);
                self.tape.forget(place, (passed, signal.stood));
            }
        }
        let is_cut = self.over_at.is_none_or(|over| {
            let last = self.tape.cycles.last().map(|cycle| cycle.now);
            last.is_none_or(|last| last.since(over) < SETTLE)
        });
        Gathered {
            city: self.city,
            tape: self.tape,
            record: self.record,
            said: self.said,
            is_cut,
        }
    }
}

/// What the model says of a plan by itself.
fn said(plan: &CorridorPlan, city: &City, fields: &[FieldInputs], now: Mono) -> Preview {
    let board = city.board(now, fields);
    preview(plan, city.corridors().settings(), &board, now)
}

fn signals_of(plan: &CorridorPlan) -> Vec<SignalRun> {
    plan.crossings.iter().map(signal_of).collect()
}

fn signal_of(crossing: &Crossing) -> SignalRun {
    SignalRun {
        site: crossing.site,
        approach: crossing.approach,
        ..SignalRun::default()
    }
}

/// When a place was passed between two points of the track.
fn between(a: TrackPoint, b: TrackPoint, place: Length) -> Mono {
    let way = u64::from((b.along - a.along).as_mm()).max(1);
    let part = u64::from((place - a.along).as_mm()).min(way);
    let time = u64::from(b.at.since(a.at).as_ms()) * part / way;
    a.at + Millis::new(u32::try_from(time).unwrap_or(u32::MAX))
}
