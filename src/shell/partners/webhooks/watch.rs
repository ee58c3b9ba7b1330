//! Compares corridors with what their agencies were told last, and says what they are to be told now.

use std::collections::{BTreeMap, BTreeSet};

use crate::corridor::{CrossingState, MissionState};
use crate::plan::WebhookEvent;
use crate::shell::dispatch::view::{Advice, Confirmed, CorridorView};

/// A running corridor is told of this often without a change, milliseconds.
const TICK_MS: i64 = 1_000;

/// A corridor of this moment, and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'v> {
    /// The corridor.
    pub view: &'v CorridorView,
    /// Its agency.
    pub agency: &'v str,
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct News<'v> {
    /// The corridor.
    pub view: &'v CorridorView,
    /// Whose it is.
    pub agency: &'v str,
    /// What is told.
    pub what: What<'v>,
    /// Counts up with every piece of news of a corridor.
    pub seq: u64,
}

/// What is told.
#[derive(Clone, Debug, PartialEq)]
pub enum What<'v> {
    /// Where it stands.
    Status,
    /// A warning that is new.
    Alarm(&'v Advice),
}

impl What<'_> {
    /// The event that targets subscribe to.
    #[must_use]
    pub const fn event(&self) -> WebhookEvent {
        match self {
            Self::Status => WebhookEvent::Status,
            Self::Alarm(_) => WebhookEvent::Alarm,
        }
    }
}

/// What changes a corridor for its agency, without what moves all the time. Expected times and
/// whether they are late swing with every look; they are told with the next change or second.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outline {
    agency: String,
    revision: u32,
    state: MissionState,
    priority: u8,
    expires_ms: i64,
    on_route: Option<bool>,
    crossings: Vec<(CrossingState, Option<Confirmed>, bool)>,
}

impl Outline {
    fn of(seen: &Seen<'_>) -> Self {
        let view = seen.view;
        let crossings = view.crossings.iter();
        Self {
            agency: seen.agency.to_owned(),
            revision: view.revision,
            state: view.state,
            priority: view.priority,
            expires_ms: view.expires_ms,
            on_route: view.vehicle.as_ref().map(|vehicle| vehicle.on_route),
            crossings: crossings
                .map(|one| (one.state, one.confirmed_by, one.fault.is_some()))
                .collect(),
        }
    }
}

#[derive(Debug)]
struct Told {
    outline: Outline,
    at_ms: i64,
    seq: u64,
    warned: BTreeSet<(String, Option<String>)>,
}

/// What every agency was told last.
#[derive(Debug, Default)]
pub struct Watch {
    told: BTreeMap<u32, Told>,
}

impl Watch {
    /// Looks at the corridors of this moment; `now_ms` is Unix time.
    pub fn look<'v>(&mut self, seen: &[Seen<'v>], now_ms: i64) -> Vec<News<'v>> {
        let mut news = Vec::new();
        for one in seen {
            self.one(one, now_ms, &mut news);
        }
        // Corridors that are out of the picture are over and told.
        self.told
            .retain(|id, _| seen.iter().any(|one| one.view.id == *id));
        news
    }

    fn one<'v>(&mut self, seen: &Seen<'v>, now_ms: i64, news: &mut Vec<News<'v>>) {
        let outline = Outline::of(seen);
        let fresh = !self.told.contains_key(&seen.view.id);
        let told = self.told.entry(seen.view.id).or_insert_with(|| Told {
            outline: outline.clone(),
            at_ms: now_ms,
            seq: 0,
            warned: BTreeSet::new(),
        });
        // In the hands of another agency it is new to that one, warnings included.
        if told.outline.agency != outline.agency {
            told.warned.clear();
        }
        let runs = !seen.view.state.is_over() && seen.view.vehicle.is_some();
        let due = runs && now_ms.saturating_sub(told.at_ms) >= TICK_MS;
        let mut tell = |told: &mut Told, what| {
            told.seq += 1;
            news.push(News {
                view: seen.view,
                agency: seen.agency,
                what,
                seq: told.seq,
            });
        };
        if fresh || due || told.outline != outline {
            (told.outline, told.at_ms) = (outline, now_ms);
            tell(told, What::Status);
        }
        let key = |advice: &Advice| (advice.code.clone(), advice.site.clone());
        for advice in &seen.view.warnings {
            if told.warned.insert(key(advice)) {
                tell(told, What::Alarm(advice));
            }
        }
        // A warning that went away may come again.
        let now: BTreeSet<_> = seen.view.warnings.iter().map(key).collect();
        told.warned.retain(|one| now.contains(one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corridor::ServiceClass;
    use crate::shell::dispatch::view::{
        CorridorVehicle, CrossingView, LongestWaits, Names, OwnerView,
    };

    fn corridor(id: u32) -> CorridorView {
        CorridorView {
            waits: LongestWaits::default(),
            owner: OwnerView::default(),
            id,
            request_id: String::new(),
            revision: 1,
            state: MissionState::Active,
            control_authority: 1,
            class: ServiceClass::Ambulance,
            priority: 1,
            vehicle_id: "A120".to_owned(),
            vehicle: Some(CorridorVehicle::default()),
            destination: Names::default(),
            line: Vec::new(),
            crossings: vec![CrossingView::default()],
            est_saved_s: 0.0,
            others_wait_s: 0,
            others_bound_s: 0,
            expires_ms: 0,
            warnings: Vec::new(),
        }
    }

    fn told(watch: &mut Watch, view: &CorridorView, agency: &str, now_ms: i64) -> Vec<String> {
        let seen = [Seen { view, agency }];
        let news = watch.look(&seen, now_ms);
        news.iter()
            .map(|one| match &one.what {
                What::Status => format!("{} status {}", one.agency, one.seq),
                What::Alarm(advice) => format!("{} {} {}", one.agency, advice.code, one.seq),
            })
            .collect()
    }

    #[test]
    fn changes_are_told_at_once_and_motion_once_a_second() {
        let (mut watch, mut view) = (Watch::default(), corridor(7));
        assert_eq!(told(&mut watch, &view, "ems", 0), ["ems status 1"]);
        if let Some(vehicle) = &mut view.vehicle {
            vehicle.speed_mps = 12.0;
        }
        assert!(told(&mut watch, &view, "ems", 400).is_empty());
        view.crossings[0].confirmed_by = Some(Confirmed::LampReadback);
        assert_eq!(told(&mut watch, &view, "ems", 600), ["ems status 2"]);
        assert!(told(&mut watch, &view, "ems", 1_400).is_empty());
        assert_eq!(told(&mut watch, &view, "ems", 1_600), ["ems status 3"]);
        view.state = MissionState::Completed;
        assert_eq!(told(&mut watch, &view, "ems", 1_700), ["ems status 4"]);
        assert!(told(&mut watch, &view, "ems", 9_000).is_empty());
    }

    #[test]
    fn a_warning_is_told_once_and_again_when_it_comes_back() {
        let (mut watch, mut view) = (Watch::default(), corridor(7));
        let warning = Advice {
            code: "queue-too-long".to_owned(),
            ..Advice::default()
        };
        assert_eq!(told(&mut watch, &view, "ems", 0).len(), 1);
        view.warnings = vec![warning.clone()];
        assert_eq!(told(&mut watch, &view, "ems", 1), ["ems queue-too-long 2"]);
        assert!(told(&mut watch, &view, "ems", 2).is_empty());
        view.warnings.clear();
        assert!(told(&mut watch, &view, "ems", 3).is_empty());
        view.warnings = vec![warning];
        assert_eq!(told(&mut watch, &view, "ems", 4), ["ems queue-too-long 3"]);
        assert_eq!(
            told(&mut watch, &view, "fire", 5),
            ["fire status 4", "fire queue-too-long 5"]
        );
    }
}
