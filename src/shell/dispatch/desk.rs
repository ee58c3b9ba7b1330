//! What the desk adds to each picture of the city: whose each corridor is, since when an alarm
//! stands and who has seen it, since when a plan is due.

use alloc::sync::Arc;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::Api;
use super::audited::with_about;
use super::auth::Principal;
use super::custody::Custodies;
use super::dto::acts::AlarmRefDto;
use super::fields::JsonBody;
use super::problem::Problem;
use super::view::{AlarmDesk, SeenBy};
use super::world::{Alarm, CityView, CorridorView, OwnerView};

/// Says that somebody has seen an alarm. The first who says so is kept; the alarm stands until its
/// cause is gone.
#[utoipa::path(post, path = "/api/v1/alarms/acknowledge", tag = "acts",
    request_body = AlarmRefDto,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn acknowledge(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let key = super::bodies::alarm(&body)?;
    api.desk.see(&key, &by.name, api.now_ms())?;
    let about = format!("alarm {} {}", key.0, key.1.unwrap_or_default());
    Ok(with_about(StatusCode::NO_CONTENT, about.trim()))
}

/// Corridors whose beginning is remembered; the oldest is forgotten first.
const OPENED_MAX: usize = 4096;

/// Code and site of an alarm.
type AlarmKey = (String, Option<String>);

#[derive(Default)]
struct Noted {
    alarms: BTreeMap<AlarmKey, AlarmDesk>,
    plans: Vec<(String, i64)>,
    opened: BTreeMap<u32, i64>,
}

/// What the desk has noted.
pub(super) struct Desk {
    custody: Arc<Custodies>,
    noted: Mutex<Noted>,
}

impl Desk {
    pub(super) fn new(custody: Arc<Custodies>) -> Self {
        Self {
            custody,
            noted: Mutex::default(),
        }
    }

    /// The picture with what the desk knows.
    pub(super) fn complete(&self, view: Arc<CityView>) -> Arc<CityView> {
        let mut view = Arc::unwrap_or_clone(view);
        let mut noted = self.noted();
        noted.alarms(&mut view);
        noted.plans(&mut view);
        for corridor in &mut view.corridors {
            corridor.owner = self.owner(corridor.id, &mut noted, view.unix_ms);
        }
        Arc::new(view)
    }

    /// The corridor with what the desk knows.
    pub(super) fn owned(&self, mut corridor: CorridorView, now_ms: i64) -> CorridorView {
        corridor.owner = self.owner(corridor.id, &mut self.noted(), now_ms);
        corridor
    }

    fn owner(&self, corridor: u32, noted: &mut Noted, now_ms: i64) -> OwnerView {
        let custody = self.custody.of(corridor).unwrap_or_default();
        OwnerView {
            agency: custody.agency,
            by: custody.by,
            asked_priority: custody.asked_priority,
            confidential: custody.confidential,
            opened_ms: Some(noted.opened(corridor, now_ms)),
        }
    }

    /// Notes that `by` has seen an alarm that stands.
    pub(super) fn see(&self, key: &AlarmKey, by: &str, at_ms: i64) -> Result<(), Problem> {
        let mut noted = self.noted();
        let Some(alarm) = noted.alarms.get_mut(key) else {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "no-such-alarm",
                "no such alarm stands any more",
            ));
        };
        let by = by.to_owned();
        alarm.seen.get_or_insert(SeenBy { by, at_ms });
        Ok(())
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(alarm: &Alarm) -> AlarmKey {
    (alarm.code.clone(), alarm.site.clone())
}

impl Noted {
    /// An alarm that is gone is forgotten: when it comes back somebody has to see it again.
    fn alarms(&mut self, view: &mut CityView) {
        let standing: Vec<AlarmKey> = view.status.alarms.iter().map(key_of).collect();
        self.alarms.retain(|key, _| standing.contains(key));
        for (alarm, key) in view.status.alarms.iter_mut().zip(standing) {
            let known = self.alarms.entry(key).or_insert_with(|| AlarmDesk {
                since_ms: view.unix_ms,
                seen: None,
            });
            alarm.desk = known.clone();
        }
    }

    fn plans(&mut self, view: &mut CityView) {
        self.plans.resize(view.sites.len(), (String::new(), 0));
        for (site, known) in view.sites.iter_mut().zip(&mut self.plans) {
            if known.0 != site.plan {
                *known = (site.plan.clone(), view.unix_ms);
            }
            site.plan_since_ms = Some(known.1);
        }
    }

    fn opened(&mut self, corridor: u32, now_ms: i64) -> i64 {
        if self.opened.len() >= OPENED_MAX {
            self.opened.pop_first();
        }
        *self.opened.entry(corridor).or_insert(now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::dispatch::world::{SiteView, StatusView};

    fn picture(unix_ms: i64, alarms: &[&str], plan: &str) -> Arc<CityView> {
        let alarm = |code: &&str| Alarm {
            code: (*code).to_owned(),
            ..Alarm::default()
        };
        Arc::new(CityView {
            unix_ms,
            status: StatusView {
                alarms: alarms.iter().map(alarm).collect(),
                ..StatusView::default()
            },
            sites: vec![SiteView {
                plan: plan.to_owned(),
                ..SiteView::default()
            }],
            ..CityView::default()
        })
    }

    #[test]
    fn an_alarm_is_seen_until_it_goes_and_comes_back() {
        let desk = Desk::new(Arc::default());
        let key = ("site-fault".to_owned(), None);
        assert!(desk.see(&key, "zhou", 5).is_err());
        desk.complete(picture(1000, &["site-fault"], "a"));
        assert!(desk.see(&key, "zhou", 1500).is_ok());
        assert!(desk.see(&key, "wang", 1600).is_ok());
        let later = desk.complete(picture(2000, &["site-fault"], "a"));
        let alarm = &later.status.alarms[0].desk;
        assert_eq!(alarm.since_ms, 1000);
        let seen = alarm.seen.clone().unwrap_or_default();
        assert_eq!((seen.by.as_str(), seen.at_ms), ("zhou", 1500));
        desk.complete(picture(3000, &[], "a"));
        let again = desk.complete(picture(4000, &["site-fault"], "a"));
        let alarm = &again.status.alarms[0].desk;
        assert_eq!((alarm.since_ms, alarm.seen.clone()), (4000, None));
    }

    #[test]
    fn a_plan_is_due_since_it_was_first_seen() {
        let desk = Desk::new(Arc::default());
        let since = |at, plan| desk.complete(picture(at, &[], plan)).sites[0].plan_since_ms;
        assert_eq!(since(1000, "day"), Some(1000));
        assert_eq!(since(2000, "day"), Some(1000));
        assert_eq!(since(3000, "night"), Some(3000));
    }
}
