//! What the status page warns of: the journal and the sites' faults.

use super::words;
use crate::plan::CheckedCity;
use crate::shell::dispatch::world::{Alarm, Names};
use crate::shell::runtime::Picture;
use crate::shell::store::JournalHealth;

/// Everything that is wrong now, the program's own troubles first.
pub(super) fn alarms(
    city: &CheckedCity,
    journal: Option<&JournalHealth>,
    picture: &Picture,
) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = journal.and_then(of_journal).into_iter().collect();
    for (site, state) in city.sites.iter().zip(picture.city.sites()) {
        let worst = state.kernel().faults().first();
        alarms.extend(worst.map(|fault| Alarm {
            code: "site-fault".to_owned(),
            serious: true,
            text: words::fault(site, fault),
            site: Some(site.id.clone()),
        }));
    }
    alarms
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
    })
}
