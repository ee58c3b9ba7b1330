//! What the status page warns of: the journal, lamps that nothing measures, the sites' faults, and
//! policies that lost their turn.

use super::words;
use crate::kernel::{CabinetState, Readback};
use crate::plan::{CheckedCity, CheckedSite};
use crate::shell::dispatch::world::{Alarm, AlarmDesk, Names};
use crate::shell::learned::Lessons;
use crate::shell::runtime::Picture;
use crate::shell::store::JournalHealth;
use crate::signal::Observed;

/// Everything that is wrong now, the program's own troubles first.
pub(super) fn alarms(
    city: &CheckedCity,
    journal: Option<&JournalHealth>,
    picture: &Picture,
) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = journal.and_then(of_journal).into_iter().collect();
    let sites = city.sites.iter().zip(picture.city.sites());
    for ((site, state), field) in sites.zip(&picture.fields) {
        alarms.extend(of_sensors(site, &field.readback));
        let worst = state.kernel().faults().first();
        alarms.extend(worst.map(|fault| Alarm {
            code: "site-fault".to_owned(),
            serious: true,
            text: words::fault(site, fault),
            site: Some(site.id.clone()),
            desk: AlarmDesk::default(),
        }));
        let benched = state.policies().benched(picture.now);
        alarms.extend(benched.map(|kind| Alarm {
            code: "policy-benched".to_owned(),
            serious: false,
            text: words::benched(kind),
            site: Some(site.id.clone()),
            desk: AlarmDesk::default(),
        }));
    }
    alarms
}

/// Groups that are driven while the cabinet says that nothing measures their lamps: there a red
/// that does not light, or a green that should not be there, is seen by nobody.
fn of_sensors(site: &CheckedSite, readback: &Readback) -> Option<Alarm> {
    if readback.cabinet != CabinetState::Following {
        return None;
    }
    let groups = site.groups.iter().zip(&readback.lamps);
    let blind: Vec<&str> = groups
        .filter(|(_, seen)| **seen == Observed::NoSensor)
        .map(|(group, _)| group.name.as_str())
        .collect();
    if blind.is_empty() {
        return None;
    }
    let blind = blind.join(", ");
    Some(Alarm {
        code: "lamps-unmeasured".to_owned(),
        serious: true,
        text: Names::new(
            format!("{blind} 无灯色检测，灯色错误无法发现"),
            format!("no sensor measures the lamps of {blind}: wrong or dark lamps go unseen"),
        ),
        site: Some(site.id.clone()),
        desk: AlarmDesk::default(),
    })
}

/// Vehicles that seem to speak another datum than their feed says: their positions are refused.
pub(super) fn of_datum(vehicles: &[String]) -> Option<Alarm> {
    if vehicles.is_empty() {
        return None;
    }
    let vehicles = vehicles.join(", ");
    Some(Alarm {
        code: "datum-suspected".to_owned(),
        serious: false,
        text: Names::new(
            format!("{vehicles} 的定位疑似坐标系错误，已停用"),
            format!(
                "positions of {vehicles} look like another datum and are refused: correct `datum` in \
                 feeds.toml"
            ),
        ),
        site: None,
        desk: AlarmDesk::default(),
    })
}

/// What runs taught is not on the disk: the next start would not know it.
pub(super) fn of_lessons(lessons: &Lessons) -> Option<Alarm> {
    lessons.is_failing().then(|| Alarm {
        code: "learned-unwritable".to_owned(),
        serious: false,
        text: Names::new(
            "实跑学习结果无法写入磁盘，重启后将丢失",
            "what runs taught cannot be written and would be lost by a restart: make room, or make \
             the data folder writable",
        ),
        site: None,
        desk: AlarmDesk::default(),
    })
}

/// A journal that cannot be written, or one with a hole: that is told until the program ends.
fn of_journal(journal: &JournalHealth) -> Option<Alarm> {
    let lost = journal.lost();
    let (code, text) = if journal.failing() {
        let text = Names::new(
            format!("运行日志无法写入，已丢失 {lost} 条记录，控制继续"),
            format!(
                "the journal cannot be written, {lost} records lost so far; control goes on: \
                 make room, or make its folder writable"
            ),
        );
        ("journal-unwritable", text)
    } else if lost > 0 {
        let text = Names::new(
            format!("运行日志丢失了 {lost} 条记录，现已恢复"),
            format!("the journal lost {lost} records; it is written again"),
        );
        ("journal-gap", text)
    } else {
        return None;
    };
    Some(Alarm {
        code: code.to_owned(),
        serious: false,
        text,
        site: None,
        desk: AlarmDesk::default(),
    })
}

#[cfg(test)]
mod tests;
