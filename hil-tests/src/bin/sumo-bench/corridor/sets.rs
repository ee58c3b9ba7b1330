//! Who drives in a run, and where they meet.

use std::sync::Arc;

use greenwave::corridor::{CorridorPlan, ServiceClass};
use greenwave::shell::planner::Planner;
use greenwave::units::{Length, Mono};
use hil_tests::sumo::SumoError;
use hil_tests::sumo::corridor::trips::Asking;
use hil_tests::sumo::corridor::{Errand, Errands, Fault, Way, plan_for};
use hil_tests::sumo::roads::Roads;

use super::options::Vehicles;

/// Engines of a convoy.
const CONVOY: usize = 3;
/// Seconds from one engine to the next.
const HEADWAY_S: u32 = 2;
/// From the front of the first engine to the back of the last one.
const CONVOY_LENGTH: Length = Length::from_metres(85);
/// Classes of vehicles that meet.
const CLASSES: [ServiceClass; 3] = [
    ServiceClass::Ambulance,
    ServiceClass::Fire,
    ServiceClass::Police,
];

/// One vehicle that is sent.
pub(super) struct Sent {
    pub(super) errand: Errand,
    /// Seconds after the first departure.
    pub(super) after_s: u32,
    pub(super) plan: Arc<CorridorPlan>,
    /// It drives behind another one and asks for nothing.
    pub(super) follows: bool,
}

/// How the vehicles of a pair are chosen.
pub(super) struct Chooser<'a> {
    pub(super) planner: &'a Planner,
    pub(super) roads: &'a Roads,
    pub(super) vehicles: Vehicles,
    pub(super) fault: Fault,
    pub(super) now: Mono,
}

impl Chooser<'_> {
    /// The vehicles of a pair, of which the first does `first`.
    pub(super) fn choose(
        &self,
        first: &Errand,
        errands: &mut Errands<'_>,
        pair: u32,
    ) -> Result<Vec<Sent>, SumoError> {
        let mut sent = match self.vehicles {
            Vehicles::One => vec![self.sent(first.clone(), 0, Asking::default())?],
            Vehicles::Convoy => self.convoy(first)?,
            Vehicles::Two => self.meeting(first, errands, &[pair.is_multiple_of(2)])?,
            Vehicles::Three => self.meeting(first, errands, &[true, false])?,
        };
        for one in &mut sent {
            match self.fault {
                Fault::WrongTurn => {
                    let none =
                        || SumoError::Network("no way to turn off and still come".to_owned());
                    one.errand = errands.with_wrong_turn(&one.errand).ok_or_else(none)?;
                }
                Fault::Parked => {
                    let way = Way::of(self.roads, &one.errand)?;
                    let gate = way.gates.get(way.gates.len() / 2);
                    one.errand.parks_on = gate.map(|gate| gate.edge);
                }
                _ => {}
            }
        }
        Ok(sent)
    }

    fn sent(&self, errand: Errand, after_s: u32, asking: Asking) -> Result<Sent, SumoError> {
        let plan = plan_for(self.planner, &errand.route, self.now, asking);
        Ok(Sent {
            plan: plan.map_err(SumoError::Controller)?,
            errand,
            after_s,
            follows: false,
        })
    }

    fn convoy(&self, first: &Errand) -> Result<Vec<Sent>, SumoError> {
        let mut sent = Vec::new();
        for (number, after_s) in (0..CONVOY).zip((0..).step_by(HEADWAY_S as usize)) {
            let asking = Asking {
                number,
                class: ServiceClass::Fire,
                convoy: CONVOY_LENGTH,
            };
            let mut one = self.sent(first.clone(), after_s, asking)?;
            one.follows = number > 0;
            sent.push(one);
        }
        Ok(sent)
    }

    /// The first vehicle and one for each of `others`, which meets it: crossing if true, against
    /// it if not. They are sent so that both come to where they meet at the same time.
    fn meeting(
        &self,
        first: &Errand,
        errands: &mut Errands<'_>,
        others: &[bool],
    ) -> Result<Vec<Sent>, SumoError> {
        let mut sent = vec![(self.sent(first.clone(), 0, Asking::default())?, 0_i64)];
        for (number, crossing) in (1..).zip(others) {
            let asking = Asking {
                number,
                class: CLASSES.get(number).copied().unwrap_or(ServiceClass::Fire),
                ..Asking::default()
            };
            let own = Arc::clone(&sent[0].0.plan);
            let meets = |errand: &Errand| {
                let plan = plan_for(self.planner, &errand.route, self.now, asking);
                plan.ok().and_then(|plan| meeting(&own, &plan, *crossing))
            };
            let found = errands
                .next_that(&|errand| meets(errand).is_some())
                .or_else(|| {
                    let either = |errand: &Errand| {
                        let plan = plan_for(self.planner, &errand.route, self.now, asking);
                        plan.is_ok_and(|plan| meeting(&own, &plan, true).is_some())
                    };
                    errands.next_that(&either)
                });
            let none = || SumoError::Network("no two ways meet at a signal".to_owned());
            let errand = found.ok_or_else(none)?;
            let one = self.sent(errand, 0, asking)?;
            let meet = meeting(&own, &one.plan, *crossing)
                .or_else(|| meeting(&own, &one.plan, true))
                .unwrap_or((0, 0));
            // Later by this much than the first one, so that both are there together.
            let later_s = meet.0 - meet.1;
            sent.push((one, later_s));
        }
        let earliest = sent.iter().map(|(_, later_s)| *later_s).min().unwrap_or(0);
        let shifted = sent.into_iter().map(|(one, later_s)| Sent {
            after_s: u32::try_from(later_s - earliest).unwrap_or(0),
            ..one
        });
        Ok(shifted.collect())
    }
}

/// Where two plans ask for hostile greens of the same site: when each is there, seconds. `crossing`
/// vehicles have one such site in common at least, those against each other two.
fn meeting(a: &CorridorPlan, b: &CorridorPlan, crossing: bool) -> Option<(i64, i64)> {
    let mut met: Vec<(i64, i64)> = Vec::new();
    for one in a.crossings.iter() {
        for other in b.crossings.iter() {
            let apart = one.site == other.site && one.entry_road != other.entry_road;
            if apart && one.groups.intersection(other.groups).is_empty() {
                let seconds = |time: greenwave::units::Millis| i64::from(time.as_ms() / 1000);
                met.push((seconds(one.free_flow), seconds(other.free_flow)));
            }
        }
    }
    let enough = if crossing { 1 } else { 2 };
    let middle = met.len() / 2;
    (met.len() >= enough).then(|| met.get(middle).copied())?
}
