//! Corridors that were opened: what is asked of one, and what is seen of it afterwards.
//!
//! Pictures are up to 200 ms older than what the control thread knows. So nobody is turned away
//! because of a picture: an act goes to the control thread, which knows every corridor it has
//! accepted, and the answer waits for a picture that shows what was done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::snapshot::corridor_view;
use super::{LiveWorld, lock, unix_ms_of};
use crate::controller::Command;
use crate::corridor::ActRefusal;
use crate::ids::CorridorId;
use crate::shell::dispatch::world::{CorridorView, Refusal, RefusalClass};
use crate::shell::runtime::Picture;

/// A picture that shows what was done is waited for at most this long; five come every second.
const SHOWN_WITHIN: Duration = Duration::from_secs(1);
/// How often the newest picture is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl LiveWorld {
    /// The newest picture with this corridor in it. A corridor that was opened a moment ago may be
    /// in none yet; it is waited for. One that nobody opened is refused at once.
    pub(super) fn picture_with(&self, corridor: u32) -> Result<Arc<Picture>, Refusal> {
        let opened = lock(&self.opened).get(&corridor).map(|opened| opened.when);
        let until = opened.map(|when| when + SHOWN_WITHIN);
        let shows = |picture: &Picture| {
            let corridors = picture.city.corridors();
            corridors.mission(CorridorId::new(corridor)).is_some()
        };
        self.picture_when(until, shows)?
            .ok_or_else(|| no_such(corridor))
    }

    /// The newest picture that shows every corridor that was opened a moment ago.
    pub(super) fn picture_with_all(&self) -> Result<Arc<Picture>, Refusal> {
        let mut new: Vec<(u32, Instant)> = Vec::new();
        for (id, opened) in lock(&self.opened).iter() {
            if opened.when.elapsed() < SHOWN_WITHIN {
                new.push((*id, opened.when));
            }
        }
        let until = new.iter().map(|(_, when)| *when + SHOWN_WITHIN).max();
        let shows = |picture: &Picture| {
            let corridors = picture.city.corridors();
            let shown =
                |(id, _): &(u32, Instant)| corridors.mission(CorridorId::new(*id)).is_some();
            new.iter().all(shown)
        };
        match self.picture_when(until, shows)? {
            Some(picture) => Ok(picture),
            None => self.picture(),
        }
    }

    /// What consoles and partners see of this corridor.
    pub(super) fn seen(&self, corridor: u32) -> Result<CorridorView, Refusal> {
        let picture = self.picture_with(corridor)?;
        self.seen_in(&picture, corridor)
            .ok_or_else(|| no_such(corridor))
    }

    /// Carries out `command` on this corridor and shows it as it is afterwards.
    pub(super) fn act_on(&self, corridor: u32, command: Command) -> Result<CorridorView, Refusal> {
        let answer = self.post(command, Instant::now());
        answer.map_err(|refusal| explained(corridor, refusal))?;
        let done = Instant::now();
        let later = |picture: &Picture| picture.taken >= done;
        let picture = match self.picture_when(Some(done + SHOWN_WITHIN), later)? {
            Some(picture) => picture,
            // Pictures have stopped; an old one is better than none.
            None => self.picture()?,
        };
        self.seen_in(&picture, corridor).ok_or_else(|| {
            let what = "it was done, but no picture shows it yet";
            Refusal::new(RefusalClass::Unavailable, "picture-late", what)
        })
    }

    fn seen_in(&self, picture: &Picture, corridor: u32) -> Option<CorridorView> {
        let corridors = picture.city.corridors();
        let mission = corridors.mission(CorridorId::new(corridor))?;
        let opened = lock(&self.opened).get(&corridor).cloned();
        let at = (unix_ms_of(picture), self.parts.epoch);
        let graph = &self.parts.planner.graph;
        Some(corridor_view(picture, graph, mission, opened.as_ref(), at))
    }

    /// The newest picture, as soon as it is a `good` one; `None` if that is not so by `until`.
    /// Without `until` it looks once.
    fn picture_when(
        &self,
        until: Option<Instant>,
        good: impl Fn(&Picture) -> bool,
    ) -> Result<Option<Arc<Picture>>, Refusal> {
        loop {
            let picture = self.picture()?;
            if good(&picture) {
                return Ok(Some(picture));
            }
            if until.is_none_or(|until| Instant::now() >= until) {
                return Ok(None);
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// The control thread's refusal, with the code and the status that callers know.
fn explained(corridor: u32, refusal: Refusal) -> Refusal {
    if refusal.detail == ActRefusal::Unknown.to_string() {
        no_such(corridor)
    } else if refusal.detail == ActRefusal::Over.to_string() {
        Refusal::new(RefusalClass::Conflict, "corridor-over", refusal.detail)
    } else {
        refusal
    }
}

fn no_such(corridor: u32) -> Refusal {
    let what = format!("there is no corridor {corridor}");
    Refusal::new(RefusalClass::NotFound, "no-such-corridor", what)
}
