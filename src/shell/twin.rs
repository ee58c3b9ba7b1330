//! A city branched from a running one and driven on in virtual time: what would have been.
//!
//! The branch has the running city's whole state, the street as it stood, and ideal cabinets. Two
//! branches that differ in the key alone show what the key saved and what the others paid.

use std::sync::Arc;

use super::runtime::Picture;
use super::virtual_city::VirtualCity;
use crate::controller::{City, Command, CycleInputs};
use crate::corridor::CorridorPlan;
use crate::detect::FieldInputs;
use crate::journal::{MAGIC, RecordKind, Recorder, push_record, push_snapshot};
use crate::sim::{Dispatch, VirtualStreet};
use crate::units::{CivilTime, Millis, Mono, TICK};

/// A city and its street, branched at one moment.
#[derive(Clone, Debug)]
pub struct Twin {
    city: City,
    world: VirtualCity,
    civil: CivilTime,
    from: Mono,
}

/// What a branch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Branch {
    /// Travel time of the vehicle; `None` if it had not arrived at the end.
    pub travel: Option<Millis>,
    /// Delay of all other vehicles over the branch, vehicle-seconds.
    pub others_delay_s: f64,
}

impl Twin {
    /// Branches the city of `picture` with its street as it stands.
    #[must_use]
    pub fn of(picture: &Picture, street: VirtualStreet) -> Self {
        let fields = picture.fields.clone();
        let at = (picture.now, picture.civil);
        Self::branch(picture.city.clone(), fields, street, at)
    }

    /// Branches `city` at a moment: what its cabinets told last, and its street as it stands.
    #[must_use]
    pub fn branch(
        city: City,
        fields: Vec<FieldInputs>,
        street: VirtualStreet,
        (now, civil): (Mono, CivilTime),
    ) -> Self {
        Self {
            city,
            world: VirtualCity::carry_on(street, fields, now),
            civil,
            from: now,
        }
    }

    /// Runs the branch for `time`: the key is pressed at once if there is a plan, and the vehicle
    /// sets off after `departs`.
    #[must_use]
    pub fn run(
        self,
        plan: Option<Arc<CorridorPlan>>,
        drive: (&Dispatch, Millis),
        time: Millis,
    ) -> Branch {
        self.run_on(plan, drive, time, None)
    }

    /// The same, with the branch's journal.
    #[must_use]
    pub fn run_recorded(
        self,
        plan: Option<Arc<CorridorPlan>>,
        drive: (&Dispatch, Millis),
        time: Millis,
    ) -> (Branch, Vec<u8>) {
        let mut journal = MAGIC.to_vec();
        let branch = self.run_on(plan, drive, time, Some(&mut journal));
        (branch, journal)
    }

    fn run_on(
        mut self,
        plan: Option<Arc<CorridorPlan>>,
        (order, departs): (&Dispatch, Millis),
        time: Millis,
        mut journal: Option<&mut Vec<u8>>,
    ) -> Branch {
        let mut recorder = Recorder::new(self.city.sites().len());
        if let Some(journal) = journal.as_deref_mut() {
            let _plain_data_serialises = push_snapshot(journal, &self.city);
        }
        let delay_before = self.world.street.stats().vehicle_delay_s;
        let mut commands: Vec<Command> = plan.into_iter().map(Command::OpenCorridor).collect();
        let mut now = self.from;
        while now < self.from + time {
            now = now + TICK;
            self.world.step(now, &mut commands);
            let elapsed_s = now.since(self.from).as_ms() / 1000;
            let inputs = CycleInputs {
                now,
                civil: CivilTime {
                    second_of_day: (self.civil.second_of_day + elapsed_s) % 86_400,
                    ..self.civil
                },
                fields: self.world.fields(),
                commands: &commands,
            };
            self.city.cycle(&inputs);
            if let Some(journal) = journal.as_deref_mut() {
                let mut payload = Vec::new();
                recorder.push_cycle(&mut payload, &inputs, &self.city);
                push_record(journal, RecordKind::Cycle, &payload);
            }
            commands.clear();
            self.world.show(&self.city);
            if now == self.from + departs {
                // A route that the running street took is one that its copy takes.
                let _taken = self.world.street.dispatch(order);
            }
        }
        let street = &self.world.street;
        let drive = street
            .drives()
            .find(|drive| *drive.vehicle == *order.vehicle);
        Branch {
            travel: drive.and_then(|drive| Some(drive.arrived?.since(drive.departed))),
            others_delay_s: street.stats().vehicle_delay_s - delay_before,
        }
    }
}
