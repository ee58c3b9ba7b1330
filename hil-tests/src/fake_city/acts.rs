//! What people do to the made-up town.

use greenwave::corridor::ServiceClass;
use greenwave::shell::dispatch::world::{
    CorridorChange, CorridorRequest, CorridorState, CorridorView, CrossingState, CrossingView,
    LongestWaits, ManualAct, ManualView, OwnerView, Refusal, RefusalClass,
};

use super::drive::{Drive, Run, SPEED_MPS};

impl Drive {
    pub(super) fn corridor(&mut self, id: u32) -> Result<&mut CorridorView, Refusal> {
        self.run(id).map(|run| &mut run.view)
    }

    pub(super) fn run(&mut self, id: u32) -> Result<&mut Run, Refusal> {
        let found = self.runs.iter_mut().find(|run| run.view.id == id);
        found.ok_or_else(|| {
            let detail = format!("there is no corridor {id}");
            Refusal::new(RefusalClass::NotFound, "no-such-corridor", detail)
        })
    }

    pub(super) fn end(&mut self, id: u32, state: CorridorState) -> Result<CorridorView, Refusal> {
        let now = self.now_s();
        let run = self.run(id)?;
        if run.over_s.is_some() {
            let detail = "the corridor is over already";
            return Err(Refusal::new(
                RefusalClass::Conflict,
                "corridor-over",
                detail,
            ));
        }
        run.view.state = state;
        run.over_s = Some(now);
        for crossing in &mut run.view.crossings {
            if crossing.state != CrossingState::Passed {
                crossing.state = CrossingState::Released;
            }
        }
        let (view, stops) = (run.view.clone(), run.stops.clone());
        for (site, _, _) in stops {
            self.let_go(site);
        }
        Ok(view)
    }

    pub(super) fn change(
        &mut self,
        id: u32,
        change: &CorridorChange,
    ) -> Result<CorridorView, Refusal> {
        if self.run(id)?.over_s.is_some() {
            let detail = "the corridor is over already";
            let class = RefusalClass::Conflict;
            return Err(Refusal::new(class, "corridor-over", detail));
        }
        match change {
            CorridorChange::Priority(priority) => self.run(id)?.view.priority = *priority,
            CorridorChange::Way { destination, .. } => {
                let vehicle = self.run(id)?.view.vehicle_id.clone();
                let vehicle = self.vehicle(&vehicle)?;
                let (_, name) = self.way(vehicle, destination)?;
                self.run(id)?.view.destination = name;
            }
        }
        let view = &mut self.run(id)?.view;
        view.revision += 1;
        Ok(view.clone())
    }

    pub(super) fn take_out(&mut self, id: u32, site: &str) -> Result<CorridorView, Refusal> {
        let view = self.mark(id, site, CrossingState::LocalControl)?;
        let at = self.site(site)?;
        self.let_go(at);
        Ok(view)
    }

    pub(super) fn passed(&mut self, id: u32, site: &str) -> Result<CorridorView, Refusal> {
        let view = self.mark(id, site, CrossingState::Passed)?;
        let at = self.site(site)?;
        self.let_go(at);
        Ok(view)
    }

    pub(super) fn mark(
        &mut self,
        id: u32,
        site: &str,
        to: CrossingState,
    ) -> Result<CorridorView, Refusal> {
        let run = self.run(id)?;
        let crossings = &mut run.view.crossings;
        let crossing = crossings.iter_mut().find(|crossing| crossing.site == site);
        let Some(crossing) = crossing else {
            let detail = format!("{site} is not in corridor {id}");
            return Err(
                Refusal::new(RefusalClass::NotFound, "not-in-corridor", detail)
                    .blaming("site", "a signal of the corridor"),
            );
        };
        crossing.state = to;
        crossing.eta_s = None;
        Ok(run.view.clone())
    }

    pub(super) fn site(&self, id: &str) -> Result<usize, Refusal> {
        let at = self.town.city.sites.iter().position(|site| site.id == id);
        at.ok_or_else(|| {
            let detail = format!("there is no site {id}");
            Refusal::new(RefusalClass::NotFound, "no-such-site", detail)
        })
    }

    pub(super) fn manual(
        &mut self,
        site: &str,
        act: &ManualAct,
        lease_ms: u32,
        by: &str,
    ) -> Result<ManualView, Refusal> {
        let at = self.site(site)?;
        let until = self.now_s() + f64::from(lease_ms) / 1000.0;
        if let ManualAct::Stage(name) = act {
            let stages = &self.town.city.sites[at].stages;
            let Some(stage) = stages.iter().position(|stage| stage == name) else {
                let detail = format!("{site} has no stage {name}");
                return Err(
                    Refusal::new(RefusalClass::Unprocessable, "no-such-stage", detail)
                        .blaming("stage", stages.join(", ")),
                );
            };
            self.rounds[at].wanted = Some(stage);
        }
        self.rounds[at].manual = Some((act.clone(), by.to_owned(), until));
        Ok(self.manual_view(at).unwrap_or_default())
    }

    pub(super) fn manual_view(&self, at: usize) -> Option<ManualView> {
        let (act, by, until) = self.rounds[at].manual.as_ref()?;
        let (word, stage) = match act {
            ManualAct::Stage(stage) => ("stage", Some(stage.clone())),
            ManualAct::AllRed => ("all-red", None),
            ManualAct::Flash => ("flash", None),
        };
        Some(ManualView {
            act: word.to_owned(),
            stage,
            by: by.clone(),
            left_s: (until - self.now_s()).max(0.0) as u32,
        })
    }

    pub(super) fn release(&mut self, site: &str) -> Result<(), Refusal> {
        let at = self.site(site)?;
        self.rounds[at].manual = None;
        self.rounds[at].wanted = None;
        Ok(())
    }

    pub(super) fn open(&mut self, request: &CorridorRequest) -> Result<u32, Refusal> {
        let vehicle = self.vehicle(&request.vehicle.id)?;
        let ((line, stops, length_m), destination) = self.way(vehicle, &request.destination)?;
        let busy = |run: &Run| run.over_s.is_none() && run.view.vehicle_id == request.vehicle.id;
        if self.runs.iter().any(busy) {
            let detail = "this vehicle has a corridor already";
            return Err(Refusal::new(RefusalClass::Conflict, "vehicle-busy", detail)
                .blaming("vehicle.id", "a vehicle without a running corridor"));
        }
        let id = self.next_corridor;
        self.next_corridor += 1;
        let crossings = stops
            .iter()
            .map(|(site, approach, along)| CrossingView {
                site: self.town.city.sites[*site].id.clone(),
                approach: self.town.city.sites[*site].approaches[*approach]
                    .name
                    .clone(),
                movement: "through".to_owned(),
                eta_s: Some(along / SPEED_MPS),
                ..CrossingView::default()
            })
            .collect();
        self.runs.push(Run {
            view: CorridorView {
                id,
                request_id: request.request_id.clone(),
                revision: 1,
                state: CorridorState::Staging,
                control_authority: 1,
                class: ServiceClass::Ambulance,
                priority: request.priority,
                vehicle_id: request.vehicle.id.clone(),
                vehicle: None,
                destination,
                line,
                crossings,
                est_saved_s: stops.len() as f64 * 14.5,
                others_wait_s: 0,
                others_bound_s: 120,
                waits: LongestWaits {
                    walkers_bound_s: 120,
                    vehicles_bound_s: 150,
                    ..LongestWaits::default()
                },
                owner: OwnerView::default(),
                expires_ms: request.expires_at_ms,
                warnings: Vec::new(),
            },
            stops,
            travelled_m: 0.0,
            length_m,
            over_s: None,
            started_s: self.now_s(),
        });
        Ok(id)
    }
}
