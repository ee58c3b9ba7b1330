//! Whether leases end as they must, and whether anybody is held who is in nobody's way.

use greenwave::corridor::{Lease, LeaseStep};
use greenwave::ids::{CorridorId, SiteId};
use greenwave::signal::GroupSet;
use serde::{Deserialize, Serialize};

use super::watch::Watch;
use crate::sumo::lockstep::Lockstep;

/// A turn off the way can be known so long after it, seconds.
const KNOWN_S: u32 = 3;

/// What was seen of the leases of one corridor, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Leases {
    /// The longest lock of one site without a break.
    pub longest_lock_s: u32,
    /// The longest that a site stayed locked after the vehicle had passed it for the last time.
    pub after_passing_s: u32,
    /// The longest that a site was locked without any position for the time before it.
    pub silent_s: u32,
    /// The longest that a site stayed locked after the dispatcher had ended the corridor.
    pub after_cancel_s: u32,
    /// Locks begun for an approach that the vehicle does not come by, once that could be known.
    pub wrong_approach: u32,
    /// From the wrong turn to the new plan; none without either.
    pub replan_s: Option<u32>,
    /// Sites still locked at the end.
    pub left_over: u32,
    /// How the mission ended.
    pub end: String,
    /// Positions that were refused.
    pub refused: u32,
    /// Signals that were told to be served later because another vehicle goes first.
    pub outranked: u32,
    /// Of these, those where the vehicle had to decide before it was told.
    pub unwarned: u32,
    /// Seconds it stood before signals where another vehicle went first.
    pub outranked_stand_s: u32,
}

/// The audit of one corridor.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// What was seen so far.
    pub leases: Leases,
    /// Seconds each site has been locked, without a break.
    locked_s: Vec<u32>,
    /// What was locked at each site in the last second, for whichever vehicle.
    locked: Vec<GroupSet>,
    idle_s: Vec<u32>,
    /// Seconds since the vehicle left the planned way.
    astray_s: u32,
    /// When the corridor was ended by the dispatcher.
    pub cancelled: Option<u32>,
    /// When the last position was handed over.
    pub heard: Option<u32>,
    audited: Vec<bool>,
    told: Vec<bool>,
}

/// So far behind a stop line a vehicle may still be in the junction, metres.
const JUNCTION_M: f64 = 30.0;

/// What the audit needs to know of a corridor in this second.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// The city.
    pub lockstep: &'a Lockstep,
    /// The vehicle.
    pub watch: &'a Watch,
    /// Its corridor.
    pub corridor: CorridorId,
    /// The second.
    pub second: u32,
    /// The vehicle is on a road that the first plan did not name.
    pub astray: bool,
    /// A new plan has been taken.
    pub replanned: bool,
}

/// True if the lock is of the signal behind the destination, which the plan names, and the vehicle
/// is on its way there.
fn behind_destination(site: SiteId, lease: &Lease, now: &Now<'_>) -> bool {
    let mission = now.lockstep.city.corridors().mission(now.corridor);
    let named = mission.and_then(|mission| mission.plan().beyond.as_ref());
    let is_named = named.is_some_and(|one| one.site == site && one.groups.is_subset(lease.groups));
    is_named && now.watch.drives() && (!now.astray || now.replanned)
}

impl Audit {
    /// Looks at one second.
    pub fn look(&mut self, now: &Now<'_>) {
        let sites = now.lockstep.city.sites().len();
        self.locked_s.resize(sites, 0);
        self.locked.resize(sites, GroupSet::EMPTY);
        self.idle_s.resize(sites, 0);
        if now.astray && !now.replanned {
            self.astray_s += 1;
        } else if now.replanned && self.leases.replan_s.is_none() {
            self.leases.replan_s = Some(self.astray_s);
        }
        self.leases.left_over = 0;
        for site in 0..sites {
            self.look_at(site, now);
        }
        self.look_at_others(now);
    }

    fn look_at(&mut self, site: usize, now: &Now<'_>) {
        let id = SiteId::new(u16::try_from(site).unwrap_or(u16::MAX));
        let lease = now.lockstep.city.corridors().lease(id);
        let lock = lease.filter(|lease| lease.step == LeaseStep::Lock);
        let locked = lock.map_or(GroupSet::EMPTY, |lease| lease.groups);
        let before = core::mem::replace(&mut self.locked[site], locked);
        let own = |lease: &&Lease| lease.corridor == now.corridor && lease.step == LeaseStep::Lock;
        let Some(lease) = lease.filter(own) else {
            self.locked_s[site] = 0;
            self.idle_s[site] = 0;
            return;
        };
        self.leases.left_over += 1;
        self.locked_s[site] += 1;
        let longest = &mut self.leases.longest_lock_s;
        *longest = (*longest).max(self.locked_s[site]);
        let signal = now.lockstep.street.signal(site);
        let mut gates = now.watch.way.gates.iter().filter(|gate| {
            gate.signal == signal && (!now.watch.is_past(gate) || now.watch.along_m < gate.stop_m)
        });
        let plans = now.lockstep.city.plans();
        let ahead = gates.next().is_some() || behind_destination(id, lease, now);
        // It comes by an approach, or has come by it and is in the junction still.
        let mut own_gates = now.watch.way.gates.iter().filter(|gate| {
            gate.signal == signal
                && (!now.watch.is_past(gate) || now.watch.along_m < gate.stop_m + JUNCTION_M)
        });
        let fits = own_gates.any(|gate| {
            let plan = plans.get(site);
            let approach = plan.and_then(|plan| {
                let at = plan.approach_of_road(&gate.road)?;
                plan.approaches.get(at.index())
            });
            approach.is_some_and(|approach| match &approach.emergency {
                greenwave::plan::Emergency::Groups(groups) => {
                    !groups.intersection(lease.groups).is_empty()
                }
                greenwave::plan::Emergency::None(_) => false,
            })
        });
        // A lock that two vehicles shared is the second's alone once the first has passed: nothing new.
        let is_new = self.locked_s[site] == 1 && !lease.groups.is_subset(before);
        let fits = fits || behind_destination(id, lease, now);
        if is_new && !fits && (!now.astray || self.astray_s > KNOWN_S) {
            self.leases.wrong_approach += 1;
        }
        self.idle_s[site] = if ahead { 0 } else { self.idle_s[site] + 1 };
        let most = |figure: &mut u32, seconds: u32| *figure = (*figure).max(seconds);
        most(&mut self.leases.after_passing_s, self.idle_s[site]);
        if let Some(heard) = self.heard {
            most(&mut self.leases.silent_s, now.second - heard);
        }
        if let Some(cancelled) = self.cancelled {
            most(&mut self.leases.after_cancel_s, now.second - cancelled);
        }
    }

    /// Where another vehicle goes first: was it said in time?
    fn look_at_others(&mut self, now: &Now<'_>) {
        let gates = &now.watch.way.gates;
        self.audited.resize(gates.len(), false);
        self.told.resize(gates.len(), false);
        let corridors = now.lockstep.city.corridors();
        let Some(mission) = corridors.mission(now.corridor) else {
            return;
        };
        let mut counted = false;
        for (at, gate) in gates.iter().enumerate() {
            let crossings = mission.plan().crossings.iter();
            let place = crossings
                .clone()
                .position(|crossing| crossing.entry_road == gate.road);
            let view = place.and_then(|at| mission.crossing_view(at, now.lockstep.now()));
            let refused = view.is_some_and(|view| view.refused_by.is_some());
            if refused && !self.told[at] {
                self.told[at] = true;
                self.leases.outranked += 1;
            }
            if refused && !counted && !now.watch.is_past(gate) && now.watch.speed_mps < 0.1 {
                counted = true;
                self.leases.outranked_stand_s += u32::from(now.watch.drives());
            }
            if let (Some(met), false) = (now.watch.met[at], self.audited[at]) {
                self.audited[at] = true;
                let other = view.and_then(|view| corridors.lease(view.site));
                let others = other.is_some_and(|lease| {
                    lease.corridor != now.corridor && lease.step == LeaseStep::Lock
                });
                if !met.green && others && !self.told[at] {
                    self.leases.unwarned += 1;
                }
            }
        }
    }
}
