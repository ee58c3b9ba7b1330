//! What the kernel says about one step: events for the journal and refusals for whoever asked.

use core::fmt;

use super::{CabinetState, Fault, Interval, Invariant, Mode, Refusal};
use crate::ids::GroupId;
use crate::units::{Millis, Mono};

/// Room for the events of one step: two changes of every group, modes and faults.
const EVENTS_MAX: usize = 80;
/// Room for the refusals of one step: one for every group.
const REFUSALS_MAX: usize = 32;

/// Something that happened in a step and belongs into the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A group entered an interval.
    Interval(GroupId, Interval),
    /// The site changed its mode.
    Mode(Mode),
    /// A fault became active.
    FaultRaised(Fault),
    /// A fault was cleared.
    FaultCleared(Fault),
    /// The cabinet changed its state.
    Cabinet(CabinetState),
    /// Alarm: a demand waited this long, its whole bound; the kernel serves it now (I7).
    WaitForced(GroupId, Millis),
    /// Alarm: the first group was held too long while the second one waited; the kernel changes
    /// over now (I18).
    HoldEnded(GroupId, GroupId),
    /// The site has come up: insert demands for all groups (I11).
    InsertAllDemands,
}

/// A list of fixed room; what does not fit is counted, not stored.
#[derive(Clone)]
pub(super) struct List<T: Copy, const ROOM: usize> {
    items: [T; ROOM],
    count: usize,
    lost: u32,
}

impl<T: Copy, const ROOM: usize> List<T, ROOM> {
    pub(super) const fn new(filler: T) -> Self {
        Self {
            items: [filler; ROOM],
            count: 0,
            lost: 0,
        }
    }

    pub(super) fn push(&mut self, item: T) {
        if let Some(place) = self.items.get_mut(self.count) {
            *place = item;
            self.count = self.count.saturating_add(1);
        } else {
            self.lost = self.lost.saturating_add(1);
        }
    }

    pub(super) const fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) fn as_slice(&self) -> &[T] {
        self.items.get(..self.count).unwrap_or_default()
    }

    pub(super) const fn lost(&self) -> u32 {
        self.lost
    }
}

impl<T: Copy + fmt::Debug, const ROOM: usize> fmt::Debug for List<T, ROOM> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

/// Events and refusals of one step.
#[derive(Clone, Debug)]
pub(super) struct Notes {
    events: List<Event, EVENTS_MAX>,
    refusals: List<Refusal, REFUSALS_MAX>,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            events: List::new(Event::InsertAllDemands),
            refusals: List::new(Refusal {
                invariant: Invariant::I1,
                group: GroupId::new(0),
                because_of: None,
                until: None,
            }),
        }
    }
}

impl Notes {
    pub(super) const fn clear(&mut self) {
        self.events.clear();
        self.refusals.clear();
    }

    pub(super) fn events(&self) -> &[Event] {
        self.events.as_slice()
    }

    pub(super) fn refusals(&self) -> &[Refusal] {
        self.refusals.as_slice()
    }

    pub(super) const fn lost(&self) -> u32 {
        self.events.lost().saturating_add(self.refusals.lost())
    }
}

/// Where the reasoning leaves what it has to say. Looking ahead says nothing.
pub(super) trait Tell {
    fn event(&mut self, event: Event);
    fn refuse(&mut self, refusal: Refusal);
}

impl Tell for Notes {
    fn event(&mut self, event: Event) {
        self.events.push(event);
    }
    fn refuse(&mut self, refusal: Refusal) {
        self.refusals.push(refusal);
    }
}

/// Hears nothing: for looking ahead.
pub(super) struct Silence;

impl Tell for Silence {
    fn event(&mut self, _: Event) {}
    fn refuse(&mut self, _: Refusal) {}
}

impl Refusal {
    /// Of two reasons the one that stands longer; one without an end stands longest.
    pub(super) fn longer(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => {
                let end = |r: Self| r.until.unwrap_or(Mono::from_ms(u64::MAX));
                Some(if end(b) > end(a) { b } else { a })
            }
            (a, b) => a.or(b),
        }
    }
}
