//! All corridors of the city.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::claims::{Claim, Purpose, grant};
use super::event::{CancelReason, CorridorEvent, LeaseEnd, Log, What};
use super::lease::{SiteLease, share};
use super::mission::Mission;
use super::pace::Paces;
use super::passage::Hold;
use super::several::{Desk, Orders};
use super::{
    ActRefusal, CROSSINGS_MAX, CorridorPlan, Fix, FixVerdict, LEASE_TTL, Lease, LeaseStep,
    MISSIONS_MAX, MissionState, OpenRefusal, Settings, SiteBoard,
};
use crate::ids::{CorridorId, SiteId};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// A corridor that is over is kept this long for those who look at it.
const KEEP_OVER: Millis = Millis::from_secs(600);

/// All corridors of the city: positions in, leases out. Plain data; a clone is a twin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Corridors {
    settings: Settings,
    now: Mono,
    missions: Vec<Mission>,
    leases: Vec<SiteLease>,
    paces: Paces,
    /// Events of the last step, after it; of the acts since then, before it.
    events: Vec<CorridorEvent>,
    acts: Vec<CorridorEvent>,
    orders: Orders,
    #[serde(skip)]
    scratch: Scratch,
}

/// Buffers of one step, kept so that a step needs no memory. They hold nothing between steps.
#[derive(Clone, Debug, Default)]
struct Scratch {
    claims: Vec<Claim>,
    leases: Vec<SiteLease>,
    desk: Desk,
}

impl PartialEq for Scratch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Corridors {
    /// No corridor yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// The numbers the engine runs on.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes a corridor. Nothing is held until the vehicle moves, unless the plan says when it
    /// sets off.
    ///
    /// # Errors
    /// [`OpenRefusal`] if the plan cannot be run; nothing has changed then.
    pub fn open(
        &mut self,
        plan: impl Into<Arc<CorridorPlan>>,
        now: Mono,
    ) -> Result<(), OpenRefusal> {
        let plan: Arc<CorridorPlan> = plan.into();
        self.check(&plan, now)?;
        if self.mission(plan.corridor).is_some() {
            return Err(OpenRefusal::AlreadyOpen(plan.corridor));
        }
        let busy = |m: &&Mission| !m.state.is_over() && m.plan.vehicle == plan.vehicle;
        if let Some(other) = self.missions.iter().find(busy) {
            return Err(OpenRefusal::VehicleBusy(other.plan.corridor));
        }
        self.make_room()?;
        self.now = now;
        let mut log = log(&mut self.acts, plan.corridor);
        log.add(now, What::Opened(plan.revision));
        log.add(
            now,
            What::Mission(MissionState::Requested, MissionState::Confirmed),
        );
        let rank = self.settings.rank(plan.class);
        self.missions.push(Mission::new(plan, rank, now));
        Ok(())
    }

    /// Runs a later revision of an open corridor's plan. Holds both plans share go on unbroken.
    ///
    /// # Errors
    /// [`ActRefusal`]; nothing has changed then.
    pub fn replace(
        &mut self,
        plan: impl Into<Arc<CorridorPlan>>,
        now: Mono,
    ) -> Result<(), ActRefusal> {
        let plan: Arc<CorridorPlan> = plan.into();
        self.check(&plan, now).map_err(ActRefusal::Plan)?;
        let corridor = plan.corridor;
        let (mission, mut log) = self.running(corridor)?;
        if plan.vehicle != mission.plan.vehicle || plan.revision <= mission.plan.revision {
            return Err(ActRefusal::NotNewer);
        }
        mission.replace(plan, now, &mut log);
        self.orders.forget(corridor);
        Ok(())
    }

    /// Takes a position of `vehicle`. It is judged against the moment of the last step.
    pub fn fix(&mut self, vehicle: &str, fix: &Fix) -> FixVerdict {
        let now = self.now;
        let of_vehicle = |m: &&mut Mission| !m.state.is_over() && m.plan.vehicle == vehicle;
        let Some(mission) = self.missions.iter_mut().find(of_vehicle) else {
            return FixVerdict::NoMission;
        };
        match mission.track.take(&mission.plan, fix, now) {
            Ok(()) => {
                mission.next_forecast = now;
                mission.learn(&mut self.paces);
                FixVerdict::Accepted
            }
            Err(why) => {
                let corridor = mission.plan.corridor;
                log(&mut self.acts, corridor).add(now, What::FixRefused(why));
                FixVerdict::Refused(why)
            }
        }
    }

    /// Ends a corridor; every lease of it is gone at once.
    ///
    /// # Errors
    /// [`ActRefusal::Unknown`] or [`ActRefusal::Over`].
    pub fn cancel(&mut self, corridor: CorridorId, why: CancelReason) -> Result<(), ActRefusal> {
        let now = self.now;
        let (mission, mut log) = self.running(corridor)?;
        log.add(now, What::Cancelled(why));
        mission.finish(MissionState::Cancelled, now, &mut log);
        self.leases.retain(|held| held.lease.corridor != corridor);
        Ok(())
    }

    /// Takes one signal out of a corridor; its lease is gone at once and the rest goes on.
    ///
    /// # Errors
    /// [`ActRefusal`] if the corridor is not running or the signal is not ahead on it.
    pub fn take_out(&mut self, corridor: CorridorId, site: SiteId) -> Result<(), ActRefusal> {
        let now = self.now;
        let (mission, mut log) = self.running(corridor)?;
        if !mission.take_out(site, now, &mut log) {
            return Err(ActRefusal::NotAhead);
        }
        self.drop_lease(corridor, site);
        Ok(())
    }

    /// The dispatcher says the vehicle is past this signal, and so past all before it.
    ///
    /// # Errors
    /// [`ActRefusal`] if the corridor is not running or the signal is not ahead on it.
    pub fn passed(&mut self, corridor: CorridorId, site: SiteId) -> Result<(), ActRefusal> {
        let now = self.now;
        let (mission, mut log) = self.running(corridor)?;
        if !mission.passed(site, now, &mut log) {
            return Err(ActRefusal::NotAhead);
        }
        self.drop_lease(corridor, site);
        Ok(())
    }

    /// The hour of the day, 0-23: how fast roads are driven is learned by it.
    pub const fn set_hour(&mut self, hour: u8) {
        self.paces.set_hour(hour);
    }

    /// The same, with what an earlier run of the program has learned of the roads.
    #[must_use]
    pub fn with_paces(self, paces: Paces) -> Self {
        Self { paces, ..self }
    }

    /// How fast the roads are driven, as learned so far.
    #[must_use]
    pub const fn paces(&self) -> &Paces {
        &self.paces
    }

    /// One control cycle: where the vehicles are, what is due, who gets which site.
    pub fn step<B: SiteBoard>(&mut self, now: Mono, board: &B) {
        self.now = now;
        self.events.clear();
        self.events.append(&mut self.acts);
        if self.missions.is_empty() {
            self.leases.clear();
            return;
        }
        for mission in &mut self.missions {
            let mut log = log(&mut self.events, mission.plan.corridor);
            mission.advance(now, (&self.settings, &self.paces), board, &mut log);
        }
        self.orders.look(
            (&mut self.missions, now),
            (&self.settings, board),
            &mut self.scratch.desk,
            &mut self.events,
        );
        self.claim(now, board);
        self.apply_claims(now, board);
        self.log_leases(now);
        for mission in &mut self.missions {
            let mut log = log(&mut self.events, mission.plan.corridor);
            mission.settle(now, board, &mut log);
        }
        self.missions
            .retain(|m| !m.state.is_over() || now.since(m.since) < KEEP_OVER);
    }

    /// Collects what every mission wants of every site, best claim first within a site.
    fn claim<B: SiteBoard>(&mut self, now: Mono, board: &B) {
        let claims = &mut self.scratch.claims;
        claims.clear();
        for (at, mission) in self.missions.iter().enumerate() {
            for crossing in 0..mission.passages.len() {
                if let Some((step, place, passage)) =
                    mission.wish(crossing, now, &self.settings, board)
                {
                    claims.push(Claim {
                        site: place.site,
                        committed: mission.is_committed(crossing, now, &self.settings),
                        step,
                        purpose: mission.purpose(crossing),
                        rank: mission.rank,
                        priority: mission.plan.priority,
                        holds: matches!(passage.hold, Hold::Leased { .. }),
                        eta: passage.forecast.eta,
                        corridor: mission.plan.corridor,
                        groups: place.groups,
                        mission: at,
                        crossing,
                        refused_by: None,
                        expects_red: false,
                        expires: (now + LEASE_TTL)
                            .min(mission.cap((place, passage), now))
                            .min(mission.plan.expires),
                        green_by: passage.forecast.green_by,
                        until: passage.through_by(place, step),
                    });
                }
            }
        }
        claims.sort_unstable_by_key(Claim::order);
        grant(claims, &self.orders, board);
    }

    /// Writes the outcome of the claims into missions and leases.
    fn apply_claims<B: SiteBoard>(&mut self, now: Mono, board: &B) {
        self.end_unclaimed(now, board);
        let Scratch { claims, leases, .. } = &mut self.scratch;
        core::mem::swap(leases, &mut self.leases);
        self.leases.clear();
        for claim in claims.iter() {
            let Some(mission) = self.missions.get_mut(claim.mission) else {
                continue;
            };
            let corridor = mission.plan.corridor;
            let Some(passage) = mission.passages.get_mut(claim.crossing) else {
                continue;
            };
            if let Some(winner) = claim.refused_by {
                if matches!(passage.hold, Hold::Leased { .. }) {
                    passage.end(now, Hold::Idle);
                    log(&mut self.events, corridor)
                        .add(now, What::LeaseEnded(claim.site, LeaseEnd::Outranked));
                }
                // A stop line further on of the same controller waits for the one before it.
                let is_told = claim.expects_red
                    && claim.step > LeaseStep::Prepare
                    && claim.purpose == Purpose::Passing;
                passage.refused_by = Some(winner).filter(|w| *w != corridor && is_told);
                continue;
            }
            passage.granted(claim.step, now);
            let place = mission.plan.places().nth(claim.crossing);
            let lease = Lease {
                corridor,
                groups: claim.groups,
                beside: place.map_or(GroupSet::EMPTY, |place| place.beside),
                into_exit: place.map_or(GroupSet::EMPTY, |place| place.into_exit),
                near: GroupSet::EMPTY,
                near_by: claim.green_by,
                expires: claim.expires,
                step: claim.step,
                green_by: claim.green_by,
                until: claim.until,
            };
            match self
                .leases
                .last_mut()
                .filter(|held| held.site == claim.site)
            {
                Some(held) => share(&mut held.lease, &lease),
                None => self.leases.push(SiteLease {
                    site: claim.site,
                    lease,
                }),
            }
        }
    }

    /// Holds that are no longer wanted end; crossings no longer refused may be asked for again.
    fn end_unclaimed<B: SiteBoard>(&mut self, now: Mono, board: &B) {
        for mission in &mut self.missions {
            for at in 0..mission.passages.len() {
                let wished = mission.wish(at, now, &self.settings, board).is_some();
                let site = mission.plan.places().nth(at).map(|crossing| crossing.site);
                let (Some(passage), Some(site), false) =
                    (mission.passages.get_mut(at), site, wished)
                else {
                    continue;
                };
                passage.refused_by = passage.refused_by.filter(|_| passage.wait > Millis::ZERO);
                if matches!(passage.hold, Hold::Leased { .. }) {
                    passage.end(now, Hold::Idle);
                    log(&mut self.events, mission.plan.corridor)
                        .add(now, What::LeaseEnded(site, LeaseEnd::NotYet));
                }
            }
        }
    }

    /// Keeps the end of a lease that still lives long enough, so that it is renewed once a second,
    /// and logs what is new.
    fn log_leases(&mut self, now: Mono) {
        let old = &self.scratch.leases;
        for held in &mut self.leases {
            let before = old
                .binary_search_by_key(&held.site, |old| old.site)
                .ok()
                .and_then(|at| old.get(at));
            match before {
                Some(old) if old.lease.keeps(&held.lease, now) => held.lease = old.lease,
                Some(old) if old.lease.says(&held.lease) => {}
                Some(_) | None => {
                    let what = What::Leased(held.site, held.lease.groups, held.lease.step);
                    log(&mut self.events, held.lease.corridor).add(now, what);
                }
            }
        }
    }

    /// What a site is asked to do, if anything. The receiver checks [`Lease::is_live`].
    #[must_use]
    pub fn lease(&self, site: SiteId) -> Option<&Lease> {
        let at = self.leases.binary_search_by_key(&site, |held| held.site);
        self.leases.get(at.ok()?).map(|held| &held.lease)
    }

    /// Every corridor kept, oldest first, those that are over for a while included.
    pub fn missions(&self) -> impl Iterator<Item = &Mission> {
        self.missions.iter()
    }

    /// One corridor.
    #[must_use]
    pub fn mission(&self, corridor: CorridorId) -> Option<&Mission> {
        self.missions.iter().find(|m| m.plan.corridor == corridor)
    }

    /// What happened in the last step and in the acts before it.
    #[must_use]
    pub fn events(&self) -> &[CorridorEvent] {
        &self.events
    }

    fn drop_lease(&mut self, corridor: CorridorId, site: SiteId) {
        self.leases
            .retain(|held| held.site != site || held.lease.corridor != corridor);
    }

    fn running(&mut self, corridor: CorridorId) -> Result<(&mut Mission, Log<'_>), ActRefusal> {
        let mission = self
            .missions
            .iter_mut()
            .find(|mission| mission.plan.corridor == corridor)
            .ok_or(ActRefusal::Unknown)?;
        if mission.state.is_over() {
            return Err(ActRefusal::Over);
        }
        Ok((mission, log(&mut self.acts, corridor)))
    }

    fn check(&self, plan: &CorridorPlan, now: Mono) -> Result<(), OpenRefusal> {
        if plan.expires <= now {
            return Err(OpenRefusal::AlreadyExpired);
        }
        if now.until(plan.expires) > self.settings.corridor_max {
            return Err(OpenRefusal::TooLong(self.settings.corridor_max));
        }
        match plan.crossings.len() {
            0 => Err(OpenRefusal::NoSignals),
            1..=CROSSINGS_MAX => Ok(()),
            _ => Err(OpenRefusal::TooManySignals),
        }
    }

    /// Forgets the oldest corridor that is over if there are too many.
    fn make_room(&mut self) -> Result<(), OpenRefusal> {
        if self.missions.len() < MISSIONS_MAX {
            return Ok(());
        }
        let over = self.missions.iter().position(|m| m.state.is_over());
        let at = over.ok_or(OpenRefusal::TooManyCorridors)?;
        self.missions.remove(at);
        Ok(())
    }
}

const fn log(events: &mut Vec<CorridorEvent>, corridor: CorridorId) -> Log<'_> {
    Log { corridor, events }
}
