//! What the API may ask: previews and acts.

use std::sync::Arc;
use std::time::Instant;

use super::planning::unprocessable;
use super::snapshot::{Opened, manual_view};
use super::{LiveWorld, account, lock, mono_of};
use crate::controller::Command;
use crate::corridor::{CancelReason, CorridorPlan, Fix, preview};
use crate::ids::{CorridorId, StageId};
use crate::policy::{Manual, ManualAct as PolicyAct};
use crate::shell::dispatch::auth::Principal;
use crate::shell::dispatch::world::{
    Alarm, CityStatic, CityView, CorridorChange, CorridorRequest, CorridorView, Decision,
    DecisionView, ManualAct, ManualView, OpenAnswer, PositionFix, PreviewRequest, PreviewView,
    Refusal, RefusalClass, WaveView, World,
};
use crate::shell::missions::metres;
use crate::shell::report::ReportData;
use crate::shell::runtime::PostError;
use crate::units::{Millis, Speed};

/// An operator's act lasts at most this long before it must be renewed.
const MANUAL_LEASE_MAX: Millis = Millis::from_secs(900);
impl LiveWorld {
    pub(super) fn post(&self, command: Command, arrived: Instant) -> Result<(), Refusal> {
        self.parts
            .mailbox
            .ask(command, arrived)
            .map_err(|why| match why {
                PostError::Full => {
                    Refusal::new(RefusalClass::TooMany, "mailbox-full", why.to_string())
                }
                PostError::Gone => {
                    Refusal::new(RefusalClass::Unavailable, "no-answer", why.to_string())
                }
                PostError::Refused(why) => Refusal::new(RefusalClass::Conflict, "refused", why),
            })
    }
}

impl World for LiveWorld {
    fn city(&self) -> Arc<CityStatic> {
        Arc::clone(&self.city)
    }

    fn epoch(&self) -> u32 {
        self.parts.epoch
    }

    fn bus_alarms(&self, alarms: Vec<Alarm>) {
        *lock(&self.bus) = alarms;
    }

    fn snapshot(&self) -> Arc<CityView> {
        match self.parts.pictures.load_full() {
            Some(picture) => Arc::new(self.view(&picture)),
            None => Arc::new(CityView::default()),
        }
    }

    fn corridors(&self) -> Result<Vec<CorridorView>, Refusal> {
        let picture = self.picture_with_all()?;
        Ok(self.view(&picture).corridors)
    }

    fn decision(&self, site: &str) -> Option<DecisionView> {
        let picture = self.parts.pictures.load_full()?;
        let id = self.parts.planner.city.site_by_id(site)?;
        let site = picture.city.plans().get(id.index())?;
        account(site, picture.city.sites().get(id.index())?, picture.now)
    }

    fn preview(&self, request: &PreviewRequest) -> Result<PreviewView, Refusal> {
        let ask = self.ask_of_preview(request)?;
        let planned = self.plan_all(&ask, CorridorId::default())?;
        self.price_all(&planned)
    }

    fn open(&self, request: &CorridorRequest, _by: &Principal) -> Result<OpenAnswer, Refusal> {
        let arrived = Instant::now();
        let picture = self.picture()?;
        let ask = self.ask_of_request(request, &picture)?;
        let corridor = self.new_corridor();
        let planned = self.plan(&ask, corridor)?;
        let board = picture.city.board(picture.now, &picture.fields);
        let settings = picture.city.corridors().settings();
        let priced = preview(&planned.plan, settings, &board, picture.now);
        let revision = planned.plan.revision;
        self.post(Command::OpenCorridor(Arc::new(planned.plan)), arrived)?;
        lock(&self.opened).insert(
            corridor.number(),
            Opened {
                vehicle: request.vehicle.id.clone(),
                request_id: request.request_id.clone(),
                destination: planned.destination,
                saved: priced.saved,
                route: planned.route,
                class: ask.class,
                size: ask.size,
                convoy: ask.convoy,
                when: Instant::now(),
            },
        );
        Ok(OpenAnswer {
            corridor: corridor.number(),
            decision: Decision::Accepted,
            reason: "ok".to_owned(),
            effective_priority: request.priority,
            valid_until_ms: request.expires_at_ms,
            revision,
        })
    }

    fn corridor(&self, corridor: u32) -> Result<CorridorView, Refusal> {
        self.seen(corridor)
    }

    fn report(&self, corridor: u32) -> Result<Arc<ReportData>, Refusal> {
        self.report_of(corridor)
    }

    fn confirm(&self, corridor: u32, _by: &Principal) -> Result<CorridorView, Refusal> {
        self.seen(corridor)?;
        let why = "this corridor waits for nobody's confirmation";
        Err(Refusal::new(
            RefusalClass::Conflict,
            "nothing-to-confirm",
            why,
        ))
    }

    fn cancel(&self, corridor: u32, _by: &Principal) -> Result<CorridorView, Refusal> {
        let id = CorridorId::new(corridor);
        self.act_on(
            corridor,
            Command::CancelCorridor(id, CancelReason::Operator),
        )
    }

    fn extend(
        &self,
        corridor: u32,
        until_ms: i64,
        _by: &Principal,
    ) -> Result<CorridorView, Refusal> {
        let picture = self.picture_with(corridor)?;
        let mission = picture.city.corridors().mission(CorridorId::new(corridor));
        let Some(mission) = mission else {
            return self.seen(corridor);
        };
        let mut plan = CorridorPlan::clone(mission.plan());
        plan.revision += 1;
        plan.expires = mono_of(&picture, until_ms);
        self.act_on(corridor, Command::ReplaceCorridor(Arc::new(plan)))
    }

    fn change(
        &self,
        corridor: u32,
        change: &CorridorChange,
        _by: &Principal,
    ) -> Result<CorridorView, Refusal> {
        self.change_plan(corridor, change)
    }

    fn take_out(&self, corridor: u32, site: &str, _: &Principal) -> Result<CorridorView, Refusal> {
        let command = Command::TakeOut(CorridorId::new(corridor), self.site_id(site)?);
        self.act_on(corridor, command)
    }

    fn passed(&self, corridor: u32, site: &str, _: &Principal) -> Result<CorridorView, Refusal> {
        let command = Command::Passed(CorridorId::new(corridor), self.site_id(site)?);
        self.act_on(corridor, command)
    }

    fn manual(
        &self,
        site: &str,
        act: &ManualAct,
        lease_ms: u32,
        by: &Principal,
    ) -> Result<ManualView, Refusal> {
        let id = self.site_id(site)?;
        let picture = self.picture()?;
        let lease = Millis::new(lease_ms);
        if lease > MANUAL_LEASE_MAX || lease == Millis::ZERO {
            let allowed = format!("1-{} s", MANUAL_LEASE_MAX.as_ms() / 1000);
            return Err(
                unprocessable("lease", "the act must end by itself, and soon enough")
                    .blaming("lease_s", allowed),
            );
        }
        let plan = self.parts.planner.city.site(id);
        let plan = plan.ok_or_else(|| unprocessable("no-such-site", site))?;
        let act = match act {
            ManualAct::AllRed => PolicyAct::AllRed,
            ManualAct::Flash => PolicyAct::Flash,
            ManualAct::Stage(name) => {
                let mut stages = (0_u8..).zip(&plan.stages);
                let found = stages.find(|(_, stage)| stage.name == *name);
                let (number, _) = found.ok_or_else(|| {
                    let names: Vec<&str> = plan
                        .stages
                        .iter()
                        .map(|stage| stage.name.as_str())
                        .collect();
                    unprocessable("no-such-stage", &format!("{site} has no stage {name}"))
                        .blaming("stage", names.join(", "))
                })?;
                PolicyAct::Stage(StageId::new(number))
            }
        };
        let number = self.account(&by.name);
        let manual = Manual {
            act,
            until: picture.now + lease,
            by: number,
        };
        let view = manual_view(plan, &manual, (picture.now, &by.name));
        self.post(Command::Manual(id, manual), Instant::now())?;
        Ok(view)
    }

    fn release_manual(&self, site: &str, _by: &Principal) -> Result<(), Refusal> {
        let id = self.site_id(site)?;
        self.post(Command::ReleaseManual(id), Instant::now())
    }

    fn waves(&self) -> Result<Vec<WaveView>, Refusal> {
        self.wave_views()
    }

    fn start_wave(&self, id: &str, _by: &Principal) -> Result<(), Refusal> {
        self.begin_wave(id)
    }

    fn end_wave(&self, id: &str, _by: &Principal) -> Result<(), Refusal> {
        self.stop_wave(id)
    }

    fn fix(&self, fix: &PositionFix, _by: &Principal) -> Result<(), Refusal> {
        let _known = self.listed(&fix.vehicle, "vehicle_id")?;
        let picture = self.picture()?;
        let at = self.on_grid(&fix.at);
        let speed = metres(fix.speed_mps).as_mm();
        let taken = Fix {
            at: mono_of(&picture, fix.t_fix_ms),
            x_m: at.x_m,
            y_m: at.y_m,
            speed: Speed::from_mm_per_s(speed),
        };
        self.saw(&fix.vehicle, taken, fix.heading_deg);
        Ok(())
    }
}
