//! Takes messages from the bus to the API's routes, and answers back.

use alloc::sync::Arc;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use utoipa::ToSchema;

use super::super::Api;
use super::super::audited;
use super::super::auth::{Principal, Scope};
use super::super::bodies::utc;
use super::super::corridors::agencies;
use super::super::limits::Limits;
use super::super::problem::Problem;
use super::judge::{Act, Judge, Refused, Verdict};
use super::letter::Letter;
use super::topics::{Topics, Verb};
use super::{Counts, Exchange, Incoming, MessageBus, Outgoing, status, trouble};

/// Messages of one agency, of one kind, that wait for the routes.
const LANE_MAX: usize = 64;
/// Longest answer of a route.
const ANSWER_MAX: usize = 512 * 1024;
/// An answer that is older is worth nothing, seconds.
const ANSWER_EXPIRY_S: u32 = 60;

/// A request whose sender has signed it; only the desk can make one.
#[derive(Clone, Debug)]
pub(in crate::shell::dispatch) struct Signed {
    pub(in crate::shell::dispatch) by: Principal,
    pub(in crate::shell::dispatch) scopes: Vec<Scope>,
}

/// The answer to a message.
#[derive(Serialize, ToSchema)]
pub(super) struct AnswerDto {
    /// The message's own.
    nonce: String,
    /// The end of the topic it came on, as `corridor/request`.
    verb: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    t: String,
    /// Epoch of the controller.
    epoch: u32,
    /// What the route would have answered over HTTP.
    status: u16,
    /// The route's answer, or its problem; null if it has none.
    #[schema(value_type = Option<Object>)]
    body: Value,
}

/// What the tasks of the bus share.
pub(super) struct Desk {
    pub(super) api: Arc<Api>,
    pub(super) bus: Arc<dyn MessageBus>,
    pub(super) topics: Topics,
    pub(super) epoch: u32,
    pub(super) counts: Arc<Counts>,
    router: Router,
    judge: Judge,
    /// How often an agency is told of refusals, or again what it was told: replays must not make us
    /// speak.
    told: Limits,
}

/// Serves the bus until it ends. `router` is the API's own.
pub(in crate::shell::dispatch) async fn run(api: Arc<Api>, exchange: Exchange, router: Router) {
    let bus = exchange.bus;
    let city = api.world.city();
    let (topics, epoch) = (Topics::of(&city.id), api.world.epoch());
    let known: BTreeSet<String> = agencies(&city).into_iter().collect();
    let apart: Vec<String> = known.iter().map(|one| topics.filter_of(one)).collect();
    let judge = Judge::new(topics.clone(), known, epoch, Arc::clone(&api.auth));
    let (inboxes, rest) = bus.listen_apart(&topics.filter(), &apart);
    let desk = Arc::new(Desk {
        api,
        bus,
        topics,
        epoch,
        counts: exchange.counts,
        router,
        judge,
        told: Limits::default(),
    });
    // Each inbox on a task of its own: a full one does not keep the others waiting. They end with
    // this one.
    let mut takers = JoinSet::new();
    for inbox in inboxes.into_iter().chain([rest]) {
        takers.spawn(take(Arc::clone(&desk), inbox));
    }
    tokio::join!(status::tell(&desk), trouble::watch(&desk));
}

/// Judges what comes into one inbox and puts it into the lane of its agency. Positions have lanes of
/// their own: a request that is being planned does not keep them waiting.
async fn take(desk: Arc<Desk>, mut inbox: mpsc::Receiver<Incoming>) {
    let mut lanes: BTreeMap<(String, bool), mpsc::Sender<Act>> = BTreeMap::new();
    while let Some(message) = inbox.recv().await {
        match desk.judge.judge(&message, desk.api.now_ms()) {
            Verdict::Act(act) => {
                // Agencies are those of the city, so there are not many lanes.
                let lane = (act.by.agency.clone(), act.verb == Verb::Position);
                let lane = lanes.entry(lane).or_insert_with(|| begin_lane(&desk));
                if let Err(full) = lane.try_send(act) {
                    desk.busy(&full.into_inner());
                }
            }
            Verdict::Again(letter, answer) => {
                desk.counts.add("again");
                // Copies that somebody else makes must not make us speak without end.
                if desk.told.allow(&letter.agency, Instant::now()) {
                    desk.send(&letter, answer);
                }
            }
            Verdict::Refused(refused) => desk.refuse(&message, refused),
        }
    }
}

fn begin_lane(desk: &Arc<Desk>) -> mpsc::Sender<Act> {
    let (lane, mut acts) = mpsc::channel::<Act>(LANE_MAX);
    let desk = Arc::clone(desk);
    tokio::spawn(async move {
        while let Some(act) = acts.recv().await {
            desk.carry_out(act).await;
        }
    });
    lane
}

impl Desk {
    /// The act by its route; its answer is kept, and sent if there is somewhere to.
    async fn carry_out(&self, act: Act) {
        let answer = self.ask(&act).await;
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), ANSWER_MAX).await;
        let body = body.unwrap_or_default();
        self.counts.add(if status.is_success() {
            "done"
        } else {
            "refused-by-route"
        });
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let answer = self.answer(&act.letter, act.verb.tail(), (status, body));
        self.judge.answered(&act.letter, answer.clone());
        self.send(&act.letter, answer);
    }

    async fn ask(&self, act: &Act) -> Response {
        let corridor = act.letter.corridor_id.unwrap_or_default().to_string();
        let path = act.verb.route().replace("{id}", &corridor);
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .extension(Signed {
                by: act.by.clone(),
                scopes: act.scopes.clone(),
            })
            .body(Body::from(act.letter.body.clone()));
        match request {
            Ok(request) => match self.router.clone().oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            },
            Err(why) => {
                tracing::error!(%why, "a message could not be made a request");
                super::super::handlers::broke_off().into_response()
            }
        }
    }

    fn answer(&self, letter: &Letter, verb: &str, (status, body): (StatusCode, Value)) -> Bytes {
        let answer = AnswerDto {
            nonce: letter.nonce.clone(),
            verb: verb.to_owned(),
            t: utc(self.api.now_ms()),
            epoch: self.epoch,
            status: status.as_u16(),
            body,
        };
        serde_json::to_vec(&answer).unwrap_or_default().into()
    }

    fn send(&self, letter: &Letter, payload: Bytes) {
        let Some(topic) = &letter.reply_to else {
            return;
        };
        // What does not go out is counted by the bus; the same message again gets the same answer.
        let _counted = self.bus.publish(Outgoing {
            topic: topic.clone(),
            payload,
            sure: true,
            expiry_s: ANSWER_EXPIRY_S,
        });
    }

    /// The lane is full: nothing was done, and the sender may try again with a new nonce.
    fn busy(&self, act: &Act) {
        self.counts.add("busy");
        let problem = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many messages of this agency wait already; nothing was done",
        );
        self.tell(&act.letter, act.verb.tail(), &problem);
    }

    /// Counts a refusal, notes it in the audit within a rate, and tells the sender if it is known.
    fn refuse(&self, message: &Incoming, refused: Box<Refused>) {
        self.counts.add(refused.reason);
        tracing::debug!(
            topic = message.topic,
            reason = refused.reason,
            "a message was refused"
        );
        if let Some(letter) = &refused.to
            && self.judge.may_answer(letter)
        {
            let verb = self.topics.read(&message.topic);
            let verb = verb.and_then(|(_, verb)| verb).map_or("", Verb::tail);
            self.tell(letter, verb, &refused.problem);
        }
        // Whoever floods us must not fill the disk: a few refusals a minute are noted.
        if self.api.strangers_noted() {
            let (api, act) = (Arc::clone(&self.api), format!("MQTT {}", message.topic));
            let (payload, reason) = (message.payload.clone(), refused.reason);
            let answer = audited::with_about(refused.problem, reason);
            tokio::spawn(async move {
                audited::record_noted(&api, None, act, payload, answer).await;
            });
        }
    }

    fn tell(&self, letter: &Letter, verb: &str, problem: &Problem) {
        if !self.told.allow(&letter.agency, Instant::now()) {
            return;
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::CONFLICT);
        let body = serde_json::to_value(problem).unwrap_or_default();
        self.send(letter, self.answer(letter, verb, (status, body)));
    }
}
