//! One run against its twin without help.

use hil_tests::sumo::corridor::Drive;
use hil_tests::sumo::corridor::drive::AFTER_S;
use serde::{Deserialize, Serialize};

/// The others are back in step when their loss over this long, seconds, ...
const MEAN_S: usize = 120;
/// ... differs from the twin's by no more than this, vehicle-seconds a second ...
const BACK: f64 = 1.0;
/// ... for this long, seconds.
const HELD_S: usize = 120;

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
    /// Share of stop lines that let it go where it would have begun to brake.
    pub(super) green_at_arrival: f64,
    /// Share of stop lines with nobody standing before it there.
    pub(super) queue_gone_at_braking: f64,
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
    /// What the key was said to bring: travel time with it and without, seconds.
    pub(super) stated_time_s: Option<f64>,
    pub(super) stated_time_without_s: Option<f64>,
    /// What it was said to cost, vehicle-seconds.
    pub(super) stated_price_vehs: Option<f64>,
    pub(super) offences: Vec<String>,
}

/// What a run is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct About {
    pub(super) seed: u32,
    pub(super) pair: u32,
    pub(super) copied_at: u32,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) signals: usize,
    pub(super) floor_s: u32,
}

impl Line {
    /// The price of a second saved, vehicle-seconds.
    pub(super) fn paid_vehs(&self) -> f64 {
        self.others_during_vehs + self.others_after_vehs
    }

    /// `place` is network, method, base and rules.
    pub(super) fn of(
        place: [&str; 4],
        demand: f64,
        about: &About,
        (drive, twin): (&Drive, &Drive),
    ) -> Self {
        let [net, method, base, rules] = place.map(str::to_owned);
        let share = |part: usize| {
            let all = u32::try_from(drive.signals.max(1)).unwrap_or(1);
            f64::from(u32::try_from(part).unwrap_or(0)) / f64::from(all)
        };
        let arrival = drive.arrival_s() as usize;
        let after = arrival + AFTER_S as usize;
        let extra = |at: usize| lost(drive, at) - lost(twin, at);
        let until = after.min(twin.lost_s.len()).min(drive.lost_s.len());
        let seconds = |time: greenwave::units::Millis| f64::from(time.as_ms()) / 1000.0;
        let preview = drive.preview.as_ref();
        Self {
            net,
            method,
            base,
            rules,
            demand,
            seed: about.seed,
            pair: about.pair,
            copied_at: about.copied_at,
            from: about.from.clone(),
            to: about.to.clone(),
            signals: about.signals,
            floor_s: about.floor_s,
            time_s: drive.time_s,
            ratio: f64::from(drive.time_s) / f64::from(about.floor_s.max(1)),
            arrived: drive.arrived,
            stops: drive.stops,
            stopped_s: drive.stopped_s,
            longest_stand_s: drive.longest_stand_s,
            green_at_arrival: share(drive.greens),
            queue_gone_at_braking: share(drive.clear),
            others_during_vehs: extra(arrival.min(until)),
            others_after_vehs: extra(until) - extra(arrival.min(until)),
            others_twin_vehs: lost(twin, until),
            saved_s: i64::from(twin.time_s) - i64::from(drive.time_s),
            recovery_s: recovery(drive, twin, arrival),
            worst_red_s: drive.worst_red_s,
            referee: drive.referee,
            late_by_s: drive.late_by_s,
            lock_s_per_signal: drive.lock_s_per_signal,
            stated_time_s: preview.map(|stated| seconds(stated.with_key)),
            stated_time_without_s: preview.map(|stated| seconds(stated.without_key)),
            stated_price_vehs: preview
                .map(|stated| f64::from(u32::try_from(stated.price_vehicle_s).unwrap_or(u32::MAX))),
            offences: drive.offences.clone(),
        }
    }
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
    use super::*;

    fn drive(time_s: u32, lost_s: Vec<f64>) -> Drive {
        Drive {
            time_s,
            arrived: true,
            notice_s: 0,
            lost_s,
            ..Drive::default()
        }
    }

    fn about() -> About {
        About {
            seed: 1,
            pair: 0,
            copied_at: 0,
            from: String::new(),
            to: String::new(),
            signals: 1,
            floor_s: 50,
        }
    }

    #[test]
    fn what_others_pay_is_parted_at_the_arrival() {
        let twin = drive(100, (1..=1200).map(f64::from).collect());
        // Two more every second for 80 s, one more for 40, then as in the twin.
        let more = |at: u32| f64::from(at.min(80) * 2 + at.clamp(80, 120) - 80);
        let helped = drive(80, (1..=1200).map(|at| f64::from(at) + more(at)).collect());
        let line = Line::of(
            ["n", "ours", "fixed", "field"],
            1.0,
            &about(),
            (&helped, &twin),
        );
        assert!((line.others_during_vehs - 160.0).abs() < 1e-9);
        assert!((line.others_after_vehs - 40.0).abs() < 1e-9);
        assert!((line.ratio - 1.6).abs() < 1e-9);
        assert_eq!((line.saved_s, line.recovery_s), (20, Some(0)));
    }

    #[test]
    fn recovery_waits_for_a_lasting_return() {
        let twin = drive(100, vec![0.0; 1200]);
        let lost = (1..=1200).map(|at| f64::from(at.min(300)) * 3.0).collect();
        let line = Line::of(
            ["n", "ours", "fixed", "field"],
            1.0,
            &about(),
            (&drive(100, lost), &twin),
        );
        // From 260 s on the next two minutes hold at most 40 s at 3.
        assert_eq!(line.recovery_s, Some(160));
    }
}
