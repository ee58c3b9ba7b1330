//! The exits as programmes: which stage for how long until the plan's clock takes over.

use super::super::context::PolicyContext;
use super::super::programme::Ring;
use super::super::show::change_time;
use super::choice::Exit;
use super::street::{Street, VEHICLE};
use crate::ids::StageId;
use crate::signal::GroupSet;

/// Most stages of one exit.
const ENTRIES_MAX: usize = 24;
/// Most stages of a plan that is got back into.
pub(super) const PLACES_MAX: usize = 12;
/// A queue this long is short enough.
const SHORT: u32 = 3 * VEHICLE;
/// Cycles that shortway takes at most, and by how much it changes them, percent.
const SHORTWAY: (u32, u32) = (2, 25);
const SMOOTH: (u32, u32) = (3, 17);
/// A stage whose rest is shorter than this is not begun, seconds.
const WORTH_S: u32 = 3;

/// One stage of the ring, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) stage: StageId,
    pub(super) groups: GroupSet,
    start_s: u32,
    end_s: u32,
    /// Shortest time from its start to the next one's.
    least_s: u32,
    /// From the end of its vehicles to the next one's start.
    pub(super) change_s: u32,
    /// From now to its start.
    pub(super) enter_s: u32,
}

/// The plan and the moment, laid out once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) places: [Place; PLACES_MAX],
    pub(super) count: usize,
    pub(super) cycle_s: u32,
    /// Where the plan's clock stands.
    pub(super) local_s: u32,
    /// Green now.
    pub(super) go: GroupSet,
    /// The place that follows what is green.
    next: usize,
    /// Somebody has to be served first: this place.
    owed: Option<usize>,
    /// What is not wanted is passed over in favour of the coordinated stage.
    pub(super) by_demand: bool,
}

/// Which places, each for how many seconds; then the plan's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Programme {
    entries: [(u8, u16); ENTRIES_MAX],
    len: usize,
}

impl Programme {
    fn push(&mut self, place: usize, seconds: u32) {
        let entry = (u8::try_from(place), u16::try_from(seconds));
        if let (Some(slot), (Ok(place), Ok(seconds))) = (self.entries.get_mut(self.len), entry)
            && seconds > 0
        {
            *slot = (place, seconds);
            self.len += 1;
        }
    }

    pub(super) fn seconds(&self) -> u32 {
        self.all().map(|(_, seconds)| seconds).sum()
    }

    fn all(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        let used = self.entries.iter().take(self.len);
        used.map(|(place, seconds)| (usize::from(*place), u32::from(*seconds)))
    }

    /// The entry at `at` seconds: its place, when it began and ends, and the place after it.
    pub(super) fn entry(&self, at: u32) -> Option<(usize, u32, u32, Option<usize>)> {
        let mut began = 0;
        let mut all = self.all().peekable();
        while let Some((place, seconds)) = all.next() {
            let ends = began + seconds;
            if at < ends {
                return Some((place, began, ends, all.peek().map(|(next, _)| *next)));
            }
            began = ends;
        }
        None
    }
}

impl Scene {
    /// Lays out the plan; nothing if it has no cycle or too many stages.
    pub(super) fn of(ctx: &PolicyContext<'_>, by_demand: bool) -> Option<Self> {
        let ring = Ring::of(ctx.plan)?;
        if ring.len() > PLACES_MAX {
            return None;
        }
        let all = ctx.site.safety.all_groups();
        let mut places = [Place::default(); PLACES_MAX];
        for (at, place) in places.iter_mut().enumerate().take(ring.len()) {
            let stage = ring.entry(at)?.stage;
            let groups = ctx.groups_of(stage);
            let next = ring.entry((at + 1) % ring.len())?.stage;
            let starters = ctx.groups_of(next).difference(groups);
            let vehicles = groups.iter().filter(|group| ctx.walk(*group).is_none());
            let change = vehicles
                .map(|group| ctx.lead(group, all.difference(groups)))
                .max();
            let called = ctx.demands.walkers;
            let served = groups
                .iter()
                .filter(|g| ctx.walk(*g).is_none() || called.contains(*g));
            let least = served
                .map(|group| ctx.service(group) + ctx.lead(group, starters))
                .max();
            *place = Place {
                stage,
                groups,
                start_s: ring.start(at) / 1000,
                end_s: ring.end(at) / 1000,
                least_s: least.unwrap_or_default().as_ms().div_ceil(1000),
                change_s: change.unwrap_or_default().as_ms().div_ceil(1000),
                enter_s: change_time(ctx, groups.difference(ctx.walks_in(groups)))
                    .as_ms()
                    .div_ceil(1000),
            };
        }
        let nearest = ctx.nearest_stage();
        let runs = (places.iter().take(ring.len())).position(|p| Some(p.stage) == nearest);
        Some(Self {
            places,
            count: ring.len(),
            cycle_s: (ring.cycle() / 1000).max(1),
            local_s: ring.target(ctx.clock_ms) / 1000,
            go: ctx.go,
            next: runs.map_or(0, |at| (at + 1) % ring.len()),
            owed: None,
            by_demand,
        })
    }

    pub(super) fn place(&self, at: usize) -> Place {
        self.places.get(at).copied().unwrap_or_default()
    }

    fn all(&self) -> impl Iterator<Item = (usize, &Place)> {
        self.places.iter().take(self.count).enumerate()
    }

    /// Where the clock stands after `after` seconds: the place of its split and the rest of it.
    pub(super) fn by_clock(&self, after: u32) -> (usize, u32) {
        let local = (self.local_s + after) % self.cycle_s;
        let found = self.all().find(|(_, place)| local < place.end_s);
        found.map_or((0, 1), |(at, place)| (at, place.end_s - local))
    }

    /// The coordinated window: its length, the cycle, and whether it is open then.
    pub(super) fn window(&self, after: u32) -> (u32, u32, bool) {
        let length = self.place(0).end_s;
        let is_open = (self.local_s + after) % self.cycle_s < length;
        (length, self.cycle_s, is_open)
    }

    /// Walkers who have waited two thirds of their bound are served before anybody else.
    pub(super) fn find_owed(&mut self, street: &Street) {
        let due = (street.walks.iter()).filter(|walk| walk.red_s * 3 > walk.bound_s * 2);
        let most = due.max_by_key(|walk| (walk.red_s * 1000) / walk.bound_s.max(1));
        self.owed = most.and_then(|walk| {
            let serves = |(_, place): &(usize, &Place)| place.groups.contains(walk.group);
            self.all().find(serves).map(|(at, _)| at)
        });
    }

    pub(super) const fn owes(&self) -> bool {
        self.owed.is_some()
    }

    /// The programme of `exit`. `street` is driven along where queues decide.
    pub(super) fn programme(&self, exit: Exit, street: &mut Street) -> Programme {
        let mut programme = Programme::default();
        if let Some(owed) = self.owed {
            self.serve(owed, &mut programme, street);
        }
        match exit {
            Exit::Return | Exit::Own => {}
            Exit::Starved => {
                for _ in 0..2 {
                    let key = |place: &Place| {
                        let queue = street.queue(place.groups) / (VEHICLE / 10);
                        street.red_s(place.groups) + queue
                    };
                    let wanted = |place: &Place| street.wants(place.groups);
                    let Some(place) = self.most(&programme, key, wanted) else {
                        break;
                    };
                    self.serve(place, &mut programme, street);
                }
            }
            Exit::Shortway => self.in_turn(&mut programme, SHORTWAY),
            Exit::Smooth => self.in_turn(&mut programme, SMOOTH),
            Exit::Dwell => {
                let (place, rest) = self.by_clock(programme.seconds());
                let next = self.place(0).end_s;
                let local = self.place(place).end_s - rest;
                if place != 0 {
                    programme.push(0, self.cycle_s - local + next);
                }
            }
            Exit::Free => {
                while programme.seconds() < self.cycle_s * 3 / 2 {
                    let key = |place: &Place| street.queue(place.groups);
                    let long = |place: &Place| street.queue(place.groups) >= SHORT;
                    let Some(place) = self.most(&programme, key, long) else {
                        break;
                    };
                    self.serve(place, &mut programme, street);
                }
            }
        }
        self.join(&mut programme);
        programme
    }

    /// The place with the most of something, the first of equals, the last served one apart.
    fn most(
        &self,
        programme: &Programme,
        key: impl Fn(&Place) -> u32,
        wanted: impl Fn(&Place) -> bool,
    ) -> Option<usize> {
        let last = programme.all().last().map(|(place, _)| place);
        let others = self
            .all()
            .filter(|(at, place)| Some(*at) != last && wanted(place));
        let is_new = |place: &Place| programme.len > 0 || !place.groups.is_subset(self.go);
        let others = others.filter(|(_, place)| is_new(place));
        let mut best: Option<(u32, usize)> = None;
        for (at, place) in others {
            let value = key(place);
            if best.is_none_or(|(most, _)| value > most) {
                best = Some((value, at));
            }
        }
        best.map(|(_, at)| at)
    }

    /// Serves a place until its queue is gone, within reason, and drives the street along.
    fn serve(&self, place: usize, programme: &mut Programme, street: &mut Street) {
        let info = self.place(place);
        let from = programme.seconds();
        let enter = self.enter_s(programme, place);
        let queue = street.queue(info.groups) / VEHICLE;
        let split = info.end_s - info.start_s;
        let wanted = (2 + 2 * queue + info.change_s).min(split + split / 2);
        let seconds = enter + wanted.max(info.least_s).max(WORTH_S);
        let before = programme
            .all()
            .last()
            .map_or(self.go, |(at, _)| self.place(at).groups);
        programme.push(place, seconds);
        for at in 0..seconds {
            let green = if at < enter {
                info.groups.intersection(before)
            } else {
                info.groups
            };
            street.second(green, self.window(from + at));
        }
    }

    fn enter_s(&self, programme: &Programme, place: usize) -> u32 {
        match programme.all().last() {
            None => self.place(place).enter_s,
            Some((last, _)) if last == place => 0,
            Some((last, _)) => self.place(last).change_s,
        }
    }

    /// The plan's stages in turn, from the one that follows what is green, each split so much
    /// longer or shorter that the clock is met after a few cycles.
    fn in_turn(&self, programme: &mut Programme, (cycles_max, percent): (u32, u32)) {
        let first = self.next;
        let enter = self.enter_s(programme, first);
        let clock = (self.local_s + programme.seconds() + enter) % self.cycle_s;
        let behind = (clock + self.cycle_s - self.place(first).start_s) % self.cycle_s;
        let faster = behind <= self.cycle_s / 2;
        let apart = if faster {
            behind
        } else {
            self.cycle_s - behind
        };
        if apart == 0 {
            return;
        }
        let a_cycle = (self.cycle_s * percent / 100).max(1);
        let cycles = apart.div_ceil(a_cycle).min(cycles_max);
        let stages = usize::try_from(cycles).unwrap_or(1) * self.count;
        let mut left = apart.min(a_cycle * cycles);
        for step in 0..stages.min(ENTRIES_MAX - 2) {
            let place = (first + step) % self.count;
            let info = self.place(place);
            let split = info.end_s - info.start_s;
            let share = (split * percent / 100).min(left);
            let seconds = if faster {
                (split - share).max(info.least_s.min(split))
            } else {
                split + share
            };
            left = left.saturating_sub(split.abs_diff(seconds));
            programme.push(place, seconds + if step == 0 { enter } else { 0 });
        }
    }

    /// From the last entry to the clock: inside a split that has begun without it the coordinated
    /// stage waits for the next one, as coordinated control does.
    fn join(&self, programme: &mut Programme) {
        let (place, rest) = self.by_clock(programme.seconds());
        let shown = programme.all().last().map(|(at, _)| at);
        let runs = match shown {
            Some(at) => at == place,
            None => self.place(place).groups.is_subset(self.go),
        };
        let split = self.place(place).end_s - self.place(place).start_s;
        let has_begun = rest + 1 < split;
        if self.by_demand && place != 0 && has_begun && !runs {
            programme.push(0, rest);
        }
    }
}
