//! Acts in two steps: the first shows what would happen, the second does it.
//!
//! Step one answers with the consequences and a challenge of 60 s. Step two wants the password
//! (and the code) again; the gravest acts want those of another person. The one-key corridor is
//! none of these: it is bounded, it ends by itself, and it must not wait.

pub(super) mod act;
mod carry_out;
mod guard_duty;
#[cfg(test)]
mod tests;

pub(super) use act::{TwoStep, read};

use alloc::sync::Arc;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::audited::{must_be_whole, with_about};
use super::auth::{Principal, SignInError};
use super::dto::acts::{ProofDto, TwoStepActDto};
use super::dto::{NamesDto, many};
use super::fields::JsonBody;
use super::problem::Problem;
use super::world::Names;
use super::{accounts, bodies};

/// A challenge is worth nothing after this.
const CHALLENGE_LIFE: Duration = Duration::from_mins(1);
/// Challenges that may be open at once.
const CHALLENGES_MAX: usize = 64;
/// And of one person, so that nobody keeps the others from acting.
const CHALLENGES_EACH: usize = 4;

/// An act that waits for its second step.
#[derive(Clone, Debug)]
struct Waiting {
    act: TwoStep,
    by: Principal,
    /// As it was when the act was shown.
    needs_second_person: bool,
    /// What was shown.
    consequences: Vec<Names>,
    until: Instant,
}

/// Acts that wait for their second step.
#[derive(Default)]
pub(super) struct Challenges {
    waiting: Mutex<BTreeMap<String, Waiting>>,
}

/// What an act would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChallengeDto {
    /// Goes into the path of the second step.
    challenge: String,
    /// Seconds it lives.
    seconds: u32,
    /// True if another person must take the second step.
    needs_second_person: bool,
    /// What the act does, sentence by sentence.
    consequences: Vec<NamesDto>,
}

/// An act that waits for another person.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitingActDto {
    /// Goes into the path of the second step.
    challenge: String,
    /// Who began it.
    begun_by: String,
    /// What it is, in a few words.
    about: String,
    /// Seconds that are left.
    seconds: u64,
    consequences: Vec<NamesDto>,
}

/// What an act has given.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct DoneDto {
    /// What was done.
    pub(super) done: String,
    /// A set-up secret or a token: shown once and never again.
    pub(super) secret: Option<String>,
    /// The mission that was opened, if one was.
    pub(super) corridor: Option<u32>,
}

impl Challenges {
    fn open(
        &self,
        act: TwoStep,
        (needs_second_person, consequences): (bool, &[Names]),
        by: &Principal,
    ) -> Result<String, Problem> {
        let id = super::auth::random_id().map_err(|why| accounts::problem_of(&why))?;
        let now = Instant::now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, one| one.until > now);
        let own = waiting.values().filter(|one| one.by.name == by.name);
        if waiting.len() >= CHALLENGES_MAX || own.count() >= CHALLENGES_EACH {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-challenges",
                "too many acts wait for their second step; wait a minute",
            ));
        }
        let one = Waiting {
            act,
            by: by.clone(),
            needs_second_person,
            consequences: consequences.to_vec(),
            until: now + CHALLENGE_LIFE,
        };
        waiting.insert(id.clone(), one);
        Ok(id)
    }

    /// The act of a challenge, if `by` may take its second step.
    fn of(&self, id: &str, by: &Principal) -> Result<Waiting, Problem> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let one = waiting.get(id).filter(|one| one.until > Instant::now());
        let Some(one) = one else {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "no-such-challenge",
                "there is no such act, or its 60 s are over; begin again",
            ));
        };
        one.may_finish(by)?;
        Ok(one.clone())
    }

    /// The acts whose second step `by` may take, and for how long.
    fn for_second(&self, by: &Principal) -> Vec<(String, Waiting, u64)> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let open = waiting.iter().filter(|(_, one)| {
            one.needs_second_person && one.until > now && one.may_finish(by).is_ok()
        });
        open.map(|(id, one)| (id.clone(), one.clone(), (one.until - now).as_secs()))
            .collect()
    }

    /// Takes a challenge away; false if somebody was faster.
    fn take(&self, id: &str) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(id).is_some()
    }
}

impl Waiting {
    fn may_finish(&self, by: &Principal) -> Result<(), Problem> {
        self.act.check_role(by)?;
        if self.act.is_confidential() && self.by.agency != by.agency {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "no-such-challenge",
                "there is no such act, or its 60 s are over; begin again",
            ));
        }
        let same = self.by.name == by.name;
        let (code, detail) = match (self.needs_second_person, same) {
            (true, true) => ("same-person", "another person must take the second step"),
            (false, false) => ("other-person", "whoever began the act must finish it"),
            _ => return Ok(()),
        };
        Err(Problem::new(StatusCode::FORBIDDEN, code, detail))
    }
}

/// Acts of others whose second step the caller may take.
#[utoipa::path(get, path = "/api/v1/acts", tag = "acts",
    responses((status = 200, body = [WaitingActDto]), (status = 401, body = Problem)))]
pub(super) async fn waiting(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
) -> Json<Vec<WaitingActDto>> {
    let open = api.challenges.for_second(&by).into_iter();
    let open = open.map(|(challenge, one, seconds)| WaitingActDto {
        challenge,
        begun_by: one.by.name,
        about: one.act.about(),
        seconds,
        consequences: many(&one.consequences),
    });
    Json(open.collect())
}

/// Step one: what the act would do. Nothing is done.
#[utoipa::path(post, path = "/api/v1/acts", tag = "acts", request_body = TwoStepActDto,
    responses((status = 200, body = ChallengeDto), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem),
        (status = 503, body = Problem)))]
pub(super) async fn begin(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let act = read(&body, &api.world.city())?;
    act.check_role(&by)?;
    must_be_whole(&api)?;
    if let TwoStep::CancelCorridor(id) = &act
        && !api.custody.may_see(*id, &by)
    {
        return Err(super::custody::no_such(id));
    }
    let mut consequences = act.consequences(&api);
    if let TwoStep::GuardDuty(duty) = &act {
        consequences.extend(guard_duty::look(&api, duty, &by).await?);
    }
    let needs_second_person = act.needs_second_person(&api.darkened());
    let about = format!("step 1: {}", act.about());
    let challenge = api
        .challenges
        .open(act, (needs_second_person, &consequences), &by)?;
    let answer = ChallengeDto {
        challenge,
        seconds: 60,
        needs_second_person,
        consequences: consequences.iter().map(NamesDto::from).collect(),
    };
    Ok(with_about(Json(answer), about))
}

/// Step two: proves who it is, and does it.
#[utoipa::path(post, path = "/api/v1/acts/{id}", tag = "acts",
    params(("id" = String, Path, description = "challenge of step one")),
    request_body = ProofDto,
    responses((status = 200, body = DoneDto), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem),
        (status = 503, body = Problem)))]
pub(super) async fn finish(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (password, code) = bodies::proof(&body)?;
    let waiting = api.challenges.of(&id, &by)?;
    must_be_whole(&api)?;
    let (door, name) = (Arc::clone(&api), by.name.clone());
    let prove = move || -> Result<(), SignInError> {
        door.auth.prove(&name, &password, code.as_deref())?;
        Ok(())
    };
    accounts::slowly(&api, prove).await?;
    if !api.challenges.take(&id) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "already-done",
            "the second step was taken a moment ago",
        ));
    }
    let about = format!(
        "step 2, begun by {}: {}",
        waiting.by.name,
        waiting.act.about()
    );
    let done = carry_out::carry_out(&api, waiting.act, (waiting.by, by)).await?;
    Ok(with_about(Json(done), about))
}
