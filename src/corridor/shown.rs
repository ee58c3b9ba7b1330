//! What a crossing is shown as.

use super::passage::{Hold, Passage, Pause};
use super::{Availability, Crossing, CrossingState, SiteBoard};
use crate::units::{Millis, Mono};

/// A crossing just passed is shown so for this long before it is shown recovering.
pub(super) const SHOW_PASSED: Millis = Millis::from_secs(1);

/// The state of a crossing in the words of consoles and partners.
pub(super) fn shown_state<B: SiteBoard>(
    crossing: &Crossing,
    passage: &Passage,
    now: Mono,
    board: &B,
) -> CrossingState {
    if let Hold::Done { at, in_step, .. } = passage.hold {
        return if in_step || now.since(at) <= SHOW_PASSED {
            CrossingState::Passed
        } else {
            CrossingState::Recovering
        };
    }
    if !crossing.can_be_held() {
        return CrossingState::Unavailable;
    }
    match board.availability(crossing.site) {
        Availability::Unavailable => return CrossingState::Unavailable,
        Availability::LocalControl | Availability::TakenOut => return CrossingState::LocalControl,
        Availability::Ready if passage.taken_out => return CrossingState::LocalControl,
        Availability::Ready => {}
    }
    match passage.hold {
        Hold::Leased {
            locked: Some(_),
            green,
            ..
        } => {
            if green.is_some() {
                CrossingState::GreenHeld
            } else {
                CrossingState::Clearing
            }
        }
        Hold::Leased { locked: None, .. } => CrossingState::Requested,
        Hold::Paused {
            until,
            why: Pause::Capped,
        } if now < until => CrossingState::RefusedByGuard,
        Hold::Paused {
            until,
            why: Pause::GivenBack,
        } if now < until => CrossingState::Released,
        Hold::Idle | Hold::Paused { .. } | Hold::Done { .. } => {
            if passage.refused_by.is_some() {
                CrossingState::RefusedByGuard
            } else {
                CrossingState::Pending
            }
        }
    }
}
