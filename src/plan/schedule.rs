//! Which plan runs at a civil time.

use super::checked::Schedule;
use crate::ids::PlanId;
use crate::units::{CivilTime, Date};

impl Schedule {
    /// One plan, day and night.
    #[must_use]
    pub fn always(plan: PlanId) -> Self {
        Self {
            days: vec![vec![(0, plan)]],
            weekdays: [0; 7],
            exceptions: Vec::new(),
        }
    }

    /// The plan that runs at `time`: the last entry of the day's plan that has begun. The earliest
    /// exception that holds the date decides over the weekday.
    #[must_use]
    pub fn plan_at(&self, time: CivilTime) -> PlanId {
        let exception = self
            .exceptions
            .iter()
            .find(|(from, to, _)| (*from..=*to).contains(&time.date));
        let weekday = self.weekdays.get(weekday(time.date)).copied();
        let day = exception.map(|(_, _, day)| *day).or(weekday).unwrap_or(0);
        let entries = self
            .days
            .get(usize::from(day))
            .map_or(&[][..], Vec::as_slice);
        let begun = entries
            .iter()
            .take_while(|(second, _)| *second <= time.second_of_day);
        begun.last().map_or(PlanId::new(0), |(_, plan)| *plan)
    }
}

/// 0 for Monday to 6 for Sunday, in the Gregorian calendar.
#[must_use]
pub fn weekday(date: Date) -> usize {
    // Sakamoto's congruence: January and February belong to the year before.
    const SHIFT: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let month = usize::from(date.month.clamp(1, 12));
    let year = u32::from(date.year).saturating_sub(u32::from(month < 3));
    let shift = SHIFT.get(month - 1).copied().unwrap_or(0);
    let sunday_first = year + year / 4 - year / 100 + year / 400 + shift + u32::from(date.day);
    usize::try_from((sunday_first + 6) % 7).unwrap_or(0)
}
