//! The calendar, checked against the plans of every site.

use super::checked::{Plan, Schedule};
use super::city::{Calendar, Day};
use super::city_build::SiteFile;
use super::code::Code;
use super::finding::Sheet;
use super::raw::{RawCalendar, RawDay, RawException};
use crate::ids::PlanId;
use crate::units::Date;

/// Most entries of one day plan: what GB/T 20999 stores.
const ENTRIES_MAX: usize = 48;
/// Most day plans and exceptions.
const DAYS_MAX: usize = 250;

pub(super) fn build_calendar(
    sheet: &Sheet<'_>,
    raw: &RawCalendar,
    sites: &[SiteFile<'_>],
    today: Option<Date>,
) -> Calendar {
    super::build::check_unique(sheet, "day", raw.days.iter().map(|day| &day.id));
    if raw.days.len() > DAYS_MAX {
        let message = format!("the calendar has more than {DAYS_MAX} days");
        sheet.note(Code::F10, &raw.head, message, "merge days that are alike");
    }
    for day in &raw.days {
        check_day(sheet, day);
        check_plans(sheet, day, sites);
    }
    let names: Vec<&str> = raw.days.iter().map(|day| day.id.value.as_str()).collect();
    let mut weekdays = [0_u8; 7];
    let letters = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    for ((slot, given), weekday) in weekdays.iter_mut().zip(&raw.weekdays).zip(letters) {
        if let Some(day) = given {
            *slot = resolve_day(sheet, &names, day).unwrap_or(0);
            continue;
        }
        let message = format!("{weekday} has no day plan");
        let help = format!("add `{weekday} = \"...\"` to [calendar]");
        sheet.note(Code::T04, &raw.head, message, &help);
    }
    Calendar {
        days: raw.days.iter().map(checked_day).collect(),
        weekdays,
        exceptions: exceptions(sheet, raw, &names, today),
    }
}

fn resolve_day(sheet: &Sheet<'_>, names: &[&str], day: &super::tree::At<String>) -> Option<u8> {
    let found = names.iter().position(|name| *name == day.value);
    if let Some(at) = found {
        return u8::try_from(at).ok();
    }
    let message = format!("there is no day \"{}\"", day.value);
    let help = format!("known days: {}", names.join(", "));
    sheet.note(Code::T03, &day.span, message, &help);
    None
}

fn checked_day(day: &RawDay) -> Day {
    let entries = day.entries.iter();
    Day {
        id: day.id.value.clone(),
        entries: entries
            .map(|(second, run)| (second.value, run.value.clone()))
            .collect(),
    }
}

fn check_day(sheet: &Sheet<'_>, day: &RawDay) {
    if let Some((first, _)) = day.entries.first().filter(|(first, _)| first.value != 0) {
        let message = format!("day \"{}\" does not begin at 00:00", day.id.value);
        let help = "begin with an entry at \"00:00\"";
        sheet.note(Code::T01, &first.span, message, help);
    }
    if day.entries.is_empty() {
        let message = format!("day \"{}\" has no entry", day.id.value);
        let help = "begin with an entry at \"00:00\"";
        sheet.note(Code::T01, &day.entries_span, message, help);
    }
    if let Some((beyond, _)) = day.entries.get(ENTRIES_MAX) {
        let message = format!("day \"{}\" has {} entries", day.id.value, day.entries.len());
        let help = "a day plan has at most 48 entries";
        sheet.note(Code::T07, &beyond.span, message, help);
    }
    for pair in day.entries.windows(2) {
        let [(before, _), (after, _)] = pair else {
            continue;
        };
        if after.value <= before.value {
            let message = format!(
                "an entry of day \"{}\" is not later than the one before",
                day.id.value
            );
            let help = "sort the entries by time, each time once";
            sheet.note(Code::T02, &after.span, message, help);
        }
    }
}

fn check_plans(sheet: &Sheet<'_>, day: &RawDay, sites: &[SiteFile<'_>]) {
    for (_, run) in &day.entries {
        let lacking: Vec<&str> = sites
            .iter()
            .filter(|file| !file.places.plans.contains(&run.value))
            .filter_map(|file| file.places.id.as_ref().map(|id| id.value.as_str()))
            .collect();
        if lacking.is_empty() {
            continue;
        }
        let some: Vec<&str> = lacking.iter().take(5).copied().collect();
        let more = if lacking.len() > some.len() {
            " and others"
        } else {
            ""
        };
        let message = format!("no plan \"{}\" at {}{more}", run.value, some.join(", "));
        let help = "add the plan to the site files, or run another one";
        sheet.note(Code::T03, &run.span, message, help);
    }
}

fn exceptions(
    sheet: &Sheet<'_>,
    raw: &RawCalendar,
    names: &[&str],
    today: Option<Date>,
) -> Vec<(Date, Date, u8)> {
    let mut kept: Vec<(Date, Date, u8)> = Vec::new();
    for exception in &raw.exceptions {
        let (Some(from), Some(to)) = (&exception.from, &exception.to) else {
            missing_dates(sheet, exception);
            continue;
        };
        let day = exception
            .day
            .as_ref()
            .and_then(|day| resolve_day(sheet, names, day));
        let (first, last) = (from.value, to.value);
        if last < first {
            let message = "the exception ends before it begins".to_owned();
            sheet.note(Code::T05, &to.span, message, "swap `from` and `to`");
        } else if kept.iter().any(|(a, b, _)| first <= *b && *a <= last) {
            let message = "the exception overlaps an earlier one".to_owned();
            let help = "let every date belong to one exception";
            sheet.note(Code::T05, &from.span, message, help);
        }
        if today.is_some_and(|today| last < today) {
            let message = "the exception is over".to_owned();
            sheet.note(
                Code::T06,
                &to.span,
                message,
                "remove it, or set the dates of this year",
            );
        }
        kept.push((first, last, day.unwrap_or(0)));
    }
    kept
}

fn missing_dates(sheet: &Sheet<'_>, exception: &RawException) {
    let message = "the exception has no usable `from` and `to`".to_owned();
    let help = "write dates as `from = 2026-10-01`";
    sheet.note(Code::F07, &exception.head, message, help);
}

/// The calendar with the plans of one site; a plan the site lacks was reported before.
pub(super) fn schedule_of(calendar: &Calendar, plans: &[Plan]) -> Schedule {
    let plan = |name: &str| {
        let at = plans.iter().position(|plan| plan.name == name).unwrap_or(0);
        PlanId::new(u8::try_from(at).unwrap_or(0))
    };
    let day = |day: &Day| {
        let entries = day.entries.iter();
        entries.map(|(second, run)| (*second, plan(run))).collect()
    };
    Schedule {
        days: calendar.days.iter().map(day).collect(),
        weekdays: calendar.weekdays,
        exceptions: calendar.exceptions.clone(),
    }
}
