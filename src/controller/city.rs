//! The city: every site in turn, and the corridors over them.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::board::Board;
use super::clock::CityClock;
use super::command::{Answer, Command, WAVE_MAX, Wave};
use super::outlook::{Feeder, Outlook};
use super::site::{SiteState, SiteTurn};
use crate::corridor::{Corridors, FixVerdict, Lease, Paces, Settings};
use crate::detect::FieldInputs;
use crate::ids::{CorridorId, PlanId, SiteId};
use crate::plan::CheckedSite;
use crate::policy::Manual;
use crate::units::{CivilTime, Millis, Mono};

/// The state of a whole city.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct City {
    #[serde(skip)]
    plans: Arc<[Arc<CheckedSite>]>,
    sites: Vec<SiteState>,
    corridors: Corridors,
    outlook: Outlook,
    clock: CityClock,
    cycle: u64,
    plan_second: Option<u32>,
    /// Waves in force, the oldest first.
    waves: Vec<Arc<Wave>>,
    #[serde(skip)]
    answers: Vec<Answer>,
    /// Sites that are not driven on; empty for all of a running city.
    #[serde(skip)]
    asleep: Vec<bool>,
}

/// Waves in force at once.
const WAVES_MAX: usize = 64;

/// What one cycle of the city is told.
#[derive(Clone, Copy, Debug)]
pub struct CycleInputs<'a> {
    /// The moment of the cycle.
    pub now: Mono,
    /// What the wall clock shows: picks plans, measures nothing.
    pub civil: CivilTime,
    /// One per site, indexed by [`SiteId`].
    pub fields: &'a [FieldInputs],
    /// What people asked since the last cycle, oldest first.
    pub commands: &'a [Command],
}

impl City {
    /// A city whose sites all begin with their start-up sequence.
    #[must_use]
    pub fn new(plans: Arc<[Arc<CheckedSite>]>, settings: Settings, now: Mono) -> Self {
        let sites = plans.iter().map(|site| SiteState::new(site, now)).collect();
        Self {
            plans,
            sites,
            corridors: Corridors::new(settings),
            outlook: Outlook::default(),
            clock: CityClock::default(),
            cycle: 0,
            plan_second: None,
            waves: Vec::new(),
            answers: Vec::new(),
            asleep: Vec::new(),
        }
    }

    /// The same city, of which only these sites are driven on: a twin for a look at a few of them.
    #[must_use]
    pub fn with_only(mut self, sites: &[SiteId]) -> Self {
        self.asleep = vec![true; self.sites.len()];
        for site in sites {
            if let Some(asleep) = self.asleep.get_mut(site.index()) {
                *asleep = false;
            }
        }
        self
    }

    /// The same city, whose sites are told who left a neighbour and drives to them.
    #[must_use]
    pub fn with_neighbours(mut self, feeders: Vec<Feeder>) -> Self {
        self.outlook = Outlook::new(feeders, &self.plans);
        self
    }

    /// The same city, which knows how fast its roads are driven. Part of the state: a journal that
    /// begins with it replays.
    #[must_use]
    pub fn with_paces(mut self, paces: Paces) -> Self {
        self.corridors = self.corridors.with_paces(paces);
        self
    }

    /// Gives a city that was read from a snapshot its plans back; false if they are not the plans
    /// it was taken with (another number of sites).
    pub fn attach(&mut self, plans: Arc<[Arc<CheckedSite>]>) -> bool {
        if plans.len() != self.sites.len() {
            return false;
        }
        for (state, site) in self.sites.iter_mut().zip(plans.iter()) {
            state.attach(site);
        }
        self.plans = plans;
        true
    }

    /// How far the read-back of a site lags behind on its link.
    pub fn set_latency(&mut self, site: SiteId, latency: Millis) {
        if let Some(state) = self.sites.get_mut(site.index()) {
            state.set_latency(latency);
        }
    }

    /// One cycle of every site: read the board of the last cycle, decide, publish.
    pub fn cycle(&mut self, inputs: &CycleInputs<'_>) {
        self.cycle_with(inputs, &[]);
    }

    /// The same with leases that no corridor of ours asks for: a bench compares other triggers by
    /// them, over the same kernels. A site that a corridor holds does not look at them.
    pub fn cycle_with(&mut self, inputs: &CycleInputs<'_>, others: &[(SiteId, Lease)]) {
        self.cycle += 1;
        self.end_waves(inputs.now);
        self.choose_plans(inputs.civil);
        let (clock_ms, _stepped) = self.clock.at(inputs.now, inputs.civil);
        self.answers.clear();
        for command in inputs.commands {
            let answer = self.obey(command, inputs.now);
            self.answers.push(answer);
        }
        let board = Board {
            now: inputs.now,
            plans: &self.plans,
            sites: &self.sites,
            fields: inputs.fields,
        };
        let hour = inputs.civil.second_of_day / 3600;
        self.corridors.set_hour(u8::try_from(hour).unwrap_or(0));
        self.corridors.step(inputs.now, &board);
        self.outlook.look(inputs.now, &self.sites);
        let silent = FieldInputs::default();
        for (number, (state, site)) in (0_u16..).zip(self.sites.iter_mut().zip(self.plans.iter())) {
            let id = SiteId::new(number);
            if self.asleep.get(id.index()).is_some_and(|asleep| *asleep) {
                continue;
            }
            if state.detection().looks_anew(inputs.now) {
                let ahead = (self.outlook).ahead_of(id, state.detection(), inputs.now);
                state.expect(ahead);
            }
            state.cycle(
                site,
                SiteTurn {
                    now: inputs.now,
                    clock_ms,
                    inputs: inputs.fields.get(id.index()).unwrap_or(&silent),
                    lease: self.corridors.lease(id).or_else(|| {
                        let other = others.iter().find(|(site, _)| *site == id);
                        other.map(|(_, lease)| lease)
                    }),
                },
            );
        }
    }

    /// Cycles since the program began.
    #[must_use]
    pub const fn cycle_number(&self) -> u64 {
        self.cycle
    }

    /// The plans, indexed by [`SiteId`].
    #[must_use]
    pub fn plans(&self) -> &Arc<[Arc<CheckedSite>]> {
        &self.plans
    }

    /// The sites, indexed by [`SiteId`].
    #[must_use]
    pub fn sites(&self) -> &[SiteState] {
        &self.sites
    }

    /// The corridors over the sites.
    #[must_use]
    pub const fn corridors(&self) -> &Corridors {
        &self.corridors
    }

    /// What became of the commands of the last cycle, in their order.
    #[must_use]
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// The sites as the corridor engine sees them, for a preview.
    #[must_use]
    pub fn board<'a>(&'a self, now: Mono, fields: &'a [FieldInputs]) -> Board<'a> {
        Board {
            now,
            plans: &self.plans,
            sites: &self.sites,
            fields,
        }
    }

    /// The plan of the day changes at whole minutes; looking once a second is plenty.
    fn choose_plans(&mut self, civil: CivilTime) {
        if self.plan_second == Some(civil.second_of_day) {
            return;
        }
        self.plan_second = Some(civil.second_of_day);
        for (state, site) in self.sites.iter_mut().zip(self.plans.iter()) {
            state.choose_plan(site, civil);
        }
        for wave in &self.waves {
            for (site, plan) in &wave.sites {
                if let Some(state) = self.sites.get_mut(site.index()) {
                    state.run_plan(*plan);
                }
            }
        }
    }

    /// The waves in force, the oldest first; where two have a site in common, the later one runs.
    #[must_use]
    pub fn waves(&self) -> &[Arc<Wave>] {
        &self.waves
    }

    fn end_waves(&mut self, now: Mono) {
        let before = self.waves.len();
        self.waves.retain(|wave| now < wave.until);
        if self.waves.len() != before {
            self.plan_second = None;
        }
    }

    fn start_wave(&mut self, wave: &Arc<Wave>, now: Mono) -> Answer {
        let known = |(site, plan): &(SiteId, PlanId)| {
            let site = self.plans.get(site.index());
            site.is_some_and(|site| plan.index() < site.plans.len())
        };
        if wave.until <= now || now.until(wave.until) > WAVE_MAX {
            return Answer::Refused(format!("a wave ends within {WAVE_MAX}, and not before now"));
        }
        if wave.sites.is_empty() || !wave.sites.iter().all(known) {
            let id = &wave.id;
            return Answer::Refused(format!("wave {id} names no site, or one without its plan"));
        }
        self.waves.retain(|other| other.id != wave.id);
        if self.waves.len() >= WAVES_MAX {
            return Answer::Refused(format!("{WAVES_MAX} waves are in force: end one first"));
        }
        self.waves.push(Arc::clone(wave));
        self.plan_second = None;
        Answer::Done
    }

    fn end_wave(&mut self, id: &str) -> Answer {
        let before = self.waves.len();
        self.waves.retain(|wave| wave.id != id);
        if self.waves.len() == before {
            return Answer::Refused(format!("no wave {id} is in force"));
        }
        self.plan_second = None;
        Answer::Done
    }

    fn obey(&mut self, command: &Command, now: Mono) -> Answer {
        match command {
            Command::OpenCorridor(plan) => answer(self.corridors.open(Arc::clone(plan), now)),
            Command::ReplaceCorridor(plan) => answer(self.corridors.replace(Arc::clone(plan), now)),
            Command::CancelCorridor(id, why) => answer(self.corridors.cancel(*id, *why)),
            Command::TakeOut(id, site) => answer(self.corridors.take_out(*id, *site)),
            Command::Passed(id, site) => answer(self.corridors.passed(*id, *site)),
            Command::Fix(vehicle, fix) => match self.corridors.fix(vehicle, fix) {
                FixVerdict::Accepted | FixVerdict::NoMission => Answer::Done,
                FixVerdict::Refused(why) => {
                    Answer::Refused(format!("the position is not believed: {why:?}"))
                }
            },
            Command::Manual(site, manual) => self.take_in_hand(*site, manual),
            Command::ReleaseManual(site) => self.with_site(*site, |state| state.set_manual(None)),
            Command::Wave(wave) => self.start_wave(wave, now),
            Command::EndWave(id) => self.end_wave(id),
            Command::ResetFaults(site) => self.with_site(*site, SiteState::ask_reset),
        }
    }

    /// A manual act also takes the site out of every corridor: the operator's hand is stronger.
    fn take_in_hand(&mut self, site: SiteId, manual: &Manual) -> Answer {
        let running: Vec<CorridorId> = self
            .corridors
            .missions()
            .map(|m| m.plan().corridor)
            .collect();
        for corridor in running {
            // A corridor that is over, or has this site behind it, has nothing to give up.
            let _nothing_to_give = self.corridors.take_out(corridor, site);
        }
        self.with_site(site, |state| state.set_manual(Some(*manual)))
    }

    fn with_site(&mut self, site: SiteId, act: impl FnOnce(&mut SiteState)) -> Answer {
        match self.sites.get_mut(site.index()) {
            Some(state) => {
                act(state);
                Answer::Done
            }
            None => Answer::Refused(format!("no site number {site}")),
        }
    }
}

fn answer<T, E: core::fmt::Display>(result: Result<T, E>) -> Answer {
    match result {
        Ok(_) => Answer::Done,
        Err(refusal) => Answer::Refused(refusal.to_string()),
    }
}
