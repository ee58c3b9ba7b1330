//! Does what was shown.

use alloc::sync::Arc;

use axum::http::StatusCode;

use super::super::Api;
use super::super::accounts::{people_problem, slowly};
use super::super::auth::{Auth, PeopleError, Principal};
use super::super::handlers::act;
use super::super::problem::Problem;
use super::super::world::ManualAct;
use super::{DoneDto, TwoStep, guard_duty};

pub(super) async fn carry_out(
    api: &Arc<Api>,
    wanted: TwoStep,
    (begun_by, by): (Principal, Principal),
) -> Result<DoneDto, Problem> {
    let done = wanted.about();
    let mut corridor = None;
    let secret = match wanted {
        TwoStep::GuardDuty(duty) => {
            corridor = Some(guard_duty::release(api, &duty, (begun_by, by)).await?);
            None
        }
        TwoStep::AddPerson(one) => Some(keys(api, move |auth| auth.enter(one)).await?),
        TwoStep::DisablePerson(name) => {
            let known = keys(api, move |auth| auth.disable(&name)).await?;
            known.then_some(()).ok_or_else(nobody)?;
            None
        }
        TwoStep::MakeToken(one) => Some(keys(api, move |auth| auth.make_token(one)).await?),
        TwoStep::RevokeToken(id) => {
            let known = keys(api, move |auth| auth.revoke_token(&id)).await?;
            known.then_some(()).ok_or_else(nobody)?;
            None
        }
        TwoStep::SetLimit(agency, limit) => {
            keys(api, move |auth| auth.set_limit(&agency, limit)).await?;
            None
        }
        TwoStep::RegisterReply(agency, url) => {
            keys(api, move |auth| auth.register_reply(&agency, &url)).await?;
            None
        }
        TwoStep::CancelCorridor(id) => {
            act(api, move |world| world.cancel(id, &by)).await?;
            None
        }
        TwoStep::ManySignals {
            flash,
            sites,
            lease_s,
        } => {
            let how = if flash {
                ManualAct::Flash
            } else {
                ManualAct::AllRed
            };
            let lease_ms = lease_s.saturating_mul(1000);
            // One that refuses does not keep the others waiting: the first refusal is told at the end.
            act(api, move |world| {
                let acts = sites
                    .iter()
                    .map(|site| world.manual(site, &how, lease_ms, &by));
                let acts: Vec<_> = acts.collect();
                acts.into_iter().try_for_each(|one| one.map(|_| ()))
            })
            .await?;
            None
        }
    };
    Ok(DoneDto {
        done,
        secret,
        corridor,
    })
}

async fn keys<T: Send + 'static>(
    api: &Arc<Api>,
    job: impl FnOnce(&Auth) -> Result<T, PeopleError> + Send + 'static,
) -> Result<T, Problem> {
    let door = Arc::clone(&api.auth);
    let made = slowly(api, move || Ok(job(&door))).await?;
    made.map_err(|why| people_problem(&why))
}

fn nobody() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-name",
        "there is nobody and nothing of that name; nothing was changed",
    )
}
