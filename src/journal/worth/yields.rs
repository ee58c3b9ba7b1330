//! Who had to yield to a corridor: greens that were cut, and who was kept at red.

use super::account::{YieldKind, Yielded};
use crate::ids::SiteId;
use crate::plan::CheckedSite;
use crate::signal::GroupSet;
use crate::units::Mono;

/// Greens of vehicles hostile to the corridor that ended while it decided.
pub(super) fn cut(
    site: &CheckedSite,
    (id, ours): (SiteId, GroupSet),
    (before, go): (GroupSet, GroupSet),
    now: Mono,
    yielded: &mut Vec<Yielded>,
) {
    let ended = before.difference(go);
    let hostile = site.safety.conflicts().hostile_to_any(ours);
    for group in ended.intersection(hostile) {
        yielded.push(Yielded {
            site: id,
            group,
            kind: YieldKind::GreenCut,
            from: now,
            to: now,
        });
    }
}

/// Everybody hostile was kept at red over the hold.
pub(super) fn kept_red(
    site: &CheckedSite,
    (id, ours): (SiteId, GroupSet),
    (from, to): (Mono, Mono),
    yielded: &mut Vec<Yielded>,
) {
    for group in site.safety.conflicts().hostile_to_any(ours) {
        yielded.push(Yielded {
            site: id,
            group,
            kind: YieldKind::KeptRed,
            from,
            to,
        });
    }
}
