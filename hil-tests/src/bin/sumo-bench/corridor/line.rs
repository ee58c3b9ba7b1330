//! One run against its twin without help.

use greenwave::corridor::Preview;
use hil_tests::sumo::corridor::drive::AFTER_S;
use hil_tests::sumo::corridor::proven::Stated;
use hil_tests::sumo::corridor::{Drive, Fault, Leases, Proven, Stand};
use serde::{Deserialize, Serialize};

use super::said::Said;

/// The others are back in step when their loss over this long, seconds, ...
const MEAN_S: usize = 120;
/// ... differs from the twin's by no more than this, vehicle-seconds a second ...
const BACK: f64 = 1.0;
/// ... for this long, seconds.
const HELD_S: usize = 120;

/// A lock ends within this of passing or of the last position, seconds.
const ENDED_S: u32 = 10;
/// A vehicle that turned off has a new plan within this, seconds.
const REPLAN_S: u32 = 3;

/// One run, as its line of JSON tells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(super) net: String,
    pub(super) method: String,
    pub(super) base: String,
    pub(super) rules: String,
    pub(super) demand: f64,
    pub(super) seed: u32,
    pub(super) pair: u32,
    pub(super) vehicles: String,
    pub(super) fault: String,
    /// Which vehicle of the set.
    pub(super) vehicle: usize,
    /// Second of the copy.
    pub(super) copied_at: u32,
    /// First and last edge.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) signals: usize,
    pub(super) floor_s: u32,
    pub(super) time_s: u32,
    /// Time over the time on the empty network with everything green.
    pub(super) ratio: f64,
    pub(super) arrived: bool,
    pub(super) stops: u32,
    pub(super) stopped_s: u32,
    pub(super) longest_stand_s: u32,
    /// Where, how long and before what it stood.
    pub(super) stands: Vec<Stand>,
    /// Share of stop lines that let it go where it would have begun to brake.
    pub(super) green_at_arrival: f64,
    /// Share of stop lines with nobody standing before it there.
    pub(super) queue_gone_at_braking: f64,
    /// Share of stop lines with both.
    pub(super) ready_at_braking: f64,
    /// Vehicle-seconds that the others lost more than in the twin, until the arrival.
    pub(super) others_during_vehs: f64,
    /// The same in the 15 minutes after it.
    pub(super) others_after_vehs: f64,
    /// Vehicle-seconds that the others lost in the twin in all that time.
    pub(super) others_twin_vehs: f64,
    pub(super) saved_s: i64,
    /// From the arrival until the others are in step with the twin; none if they never were.
    pub(super) recovery_s: Option<u32>,
    pub(super) worst_red_s: u32,
    pub(super) referee: u64,
    pub(super) late_by_s: f64,
    pub(super) lock_s_per_signal: f64,
    #[serde(flatten)]
    pub(super) said: Said,
    /// The model's own words, before they are corrected by earlier runs.
    #[serde(skip)]
    pub(super) preview: Option<Preview>,
    #[serde(skip)]
    pub(super) proven: Option<Proven>,
    #[serde(flatten)]
    pub(super) leases: Leases,
    /// Every lease ended as it must.
    pub(super) leases_ok: bool,
    pub(super) offences: Vec<String>,
}

/// One vehicle's way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sortie {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) signals: usize,
    pub(super) floor_s: u32,
}

/// What a run is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct About {
    pub(super) seed: u32,
    pub(super) pair: u32,
    pub(super) copied_at: u32,
    pub(super) sorties: Vec<Sortie>,
}

/// What all runs of a comparison have in common.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(super) net: String,
    pub(super) base: String,
    pub(super) rules: String,
    pub(super) demand: f64,
    pub(super) vehicles: String,
    pub(super) fault: Fault,
    /// Seconds from one position to the next.
    pub(super) gps_period_s: u32,
}

impl Line {
    /// The price of a second saved, vehicle-seconds.
    pub(super) fn paid_vehs(&self) -> f64 {
        self.others_during_vehs + self.others_after_vehs
    }

    /// The lines of a run, one for each vehicle.
    pub(super) fn of(
        common: &Common,
        method: &str,
        about: &About,
        (drive, twin): (&Drive, &Drive),
    ) -> Vec<Self> {
        let arrival = drive.arrival_s() as usize;
        let after = arrival + AFTER_S as usize;
        let extra = |at: usize| lost(drive, at) - lost(twin, at);
        let until = after.min(twin.lost_s.len()).min(drive.lost_s.len());
        let units = about.sorties.iter().zip(&drive.units).zip(&twin.units);
        units
            .enumerate()
            .map(|(vehicle, ((sortie, unit), twin_unit))| {
                let share = |part: usize| {
                    let all = u32::try_from(unit.signals.max(1)).unwrap_or(1);
                    f64::from(u32::try_from(part).unwrap_or(0)) / f64::from(all)
                };
                Self {
                    net: common.net.clone(),
                    method: method.to_owned(),
                    base: common.base.clone(),
                    rules: common.rules.clone(),
                    demand: common.demand,
                    seed: about.seed,
                    pair: about.pair,
                    vehicles: common.vehicles.clone(),
                    fault: common.fault.text(),
                    vehicle,
                    copied_at: about.copied_at,
                    from: sortie.from.clone(),
                    to: sortie.to.clone(),
                    signals: sortie.signals,
                    floor_s: sortie.floor_s,
                    time_s: unit.time_s,
                    ratio: f64::from(unit.time_s) / f64::from(sortie.floor_s.max(1)),
                    arrived: unit.arrived,
                    stops: unit.stops,
                    stopped_s: unit.stopped_s,
                    longest_stand_s: unit.longest_stand_s,
                    stands: unit.stands.clone(),
                    green_at_arrival: share(unit.greens),
                    queue_gone_at_braking: share(unit.clear),
                    ready_at_braking: share(unit.ready),
                    others_during_vehs: extra(arrival.min(until)),
                    others_after_vehs: extra(until) - extra(arrival.min(until)),
                    others_twin_vehs: lost(twin, until),
                    saved_s: i64::from(twin_unit.time_s) - i64::from(unit.time_s),
                    recovery_s: recovery(drive, twin, arrival),
                    worst_red_s: drive.worst_red_s,
                    referee: drive.referee,
                    late_by_s: unit.late_by_s,
                    lock_s_per_signal: drive.lock_s_per_signal,
                    said: Said::of(unit.preview.as_ref().map(Stated::of), unit.proven),
                    preview: unit.preview.clone(),
                    proven: unit.proven,
                    leases_ok: leases_ok(common, &unit.leases),
                    leases: unit.leases.clone(),
                    offences: drive.offences.clone(),
                }
            })
            .collect()
    }
}

/// Locks end within 10 s of passing or of the last position (and the period of positions), at once
/// when the dispatcher ends the corridor, and none is left; nobody is held for an approach that the
/// vehicle does not come by; a wrong turn has its new plan within 3 s.
fn leases_ok(common: &Common, leases: &Leases) -> bool {
    let silence_s = ENDED_S + common.gps_period_s;
    let cancelled_s = if common.fault == Fault::Cancel {
        1
    } else {
        u32::MAX
    };
    leases.after_passing_s <= ENDED_S
        && leases.silent_s <= silence_s
        && leases.after_cancel_s <= cancelled_s
        && leases.left_over == 0
        && leases.wrong_approach == 0
        && leases.replan_s.is_none_or(|replan_s| replan_s <= REPLAN_S)
}

/// What the others had lost after so many seconds.
fn lost(drive: &Drive, at: usize) -> f64 {
    let last = drive.lost_s.len().saturating_sub(1);
    let at = at.saturating_sub(1).min(last);
    drive.lost_s.get(at).copied().unwrap_or(0.0)
}

/// From `arrival` until the mean of the next two minutes is back, and stays so.
fn recovery(drive: &Drive, twin: &Drive, arrival: usize) -> Option<u32> {
    let end = drive.lost_s.len().min(twin.lost_s.len());
    let extra = |at: usize| lost(drive, at) - lost(twin, at);
    let mut since = arrival;
    for at in arrival..end.saturating_sub(MEAN_S) {
        let mean = (extra(at + MEAN_S) - extra(at)) / f64::from(120_u8);
        if mean.abs() > BACK {
            since = at + 1;
        } else if at >= since + HELD_S {
            return u32::try_from(since - arrival).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use hil_tests::sumo::corridor::UnitDrive;

    use super::*;

    fn drive(time_s: u32, lost_s: Vec<f64>) -> Drive {
        let unit = UnitDrive {
            time_s,
            arrived: true,
            ..UnitDrive::default()
        };
        Drive {
            units: vec![unit],
            lost_s,
            ..Drive::default()
        }
    }

    fn line(helped: &Drive, twin: &Drive) -> Line {
        let about = About {
            seed: 1,
            pair: 0,
            copied_at: 0,
            sorties: vec![Sortie {
                floor_s: 50,
                ..Sortie::default()
            }],
        };
        let common = Common {
            net: String::new(),
            base: String::new(),
            rules: String::new(),
            demand: 1.0,
            vehicles: String::new(),
            fault: Fault::None,
            gps_period_s: 1,
        };
        Line::of(&common, "ours", &about, (helped, twin)).remove(0)
    }

    #[test]
    fn what_others_pay_is_parted_at_the_arrival() {
        let twin = drive(100, (1..=1200).map(f64::from).collect());
        // Two more every second for 80 s, one more for 40, then as in the twin.
        let more = |at: u32| f64::from(at.min(80) * 2 + at.clamp(80, 120) - 80);
        let helped = drive(80, (1..=1200).map(|at| f64::from(at) + more(at)).collect());
        let paid = line(&helped, &twin);
        assert!((paid.others_during_vehs - 160.0).abs() < 3.0, "{paid:?}");
        assert!((paid.paid_vehs() - 200.0).abs() < 1e-9, "{paid:?}");
        assert_eq!(paid.recovery_s, Some(0));
        // From 260 s on the next two minutes hold at most 40 s at 3.
        let lost = (1_u32..=1200).map(|at| f64::from(at + 3 * at.min(300)));
        let slow = line(&drive(100, lost.collect()), &twin);
        assert_eq!(slow.recovery_s, Some(160));
    }
}
