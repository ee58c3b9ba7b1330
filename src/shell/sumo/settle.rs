//! A site file that passes the city's own rules: it is checked as it will be, and where a rule
//! leaves a choice, the next one is tried.

use crate::plan::{Code, Finding, Severity, check_site};

use super::course::{Tenths, secs};
use super::import::{ImportFinding, Notes};
use super::signal::LeftOut;
use super::site::{Choice, Site};
use super::site_text::write_site;
use super::timing::GREEN_MIN;

/// Most tries: every approach has fewer choices than stages, every cap fewer steps than this.
const TRIES_MAX: usize = 2000;
/// Greens on demand and long cycles are shortened in steps of this.
const STEP: Tenths = 10;

/// Chooses so that nothing refuses the site, and says what that took.
pub(super) fn settle(site: &mut Site<'_>, notes: &mut Notes) -> Result<(), LeftOut> {
    let path = format!("sites/{}.toml", site.id);
    let shipped = site.splits.clone();
    for _ in 0..TRIES_MAX {
        let text = write_site(site);
        let mut findings = check_site(&path, &text).findings;
        findings.retain(|finding| finding.severity == Severity::Error);
        if findings.is_empty() {
            tell(site, &shipped, notes);
            return Ok(());
        }
        if !findings.iter().any(|finding| mend(site, &text, finding)) {
            if let Some(long) = findings.iter().find(|finding| finding.code == Code::P10) {
                let why = format!("even with the shortest greens, {}", long.message);
                return Err(LeftOut::Because(why));
            }
            return Err(LeftOut::Refused(refusals(site, &findings)));
        }
    }
    let why = "no choice of greens passes the rules of a site".to_owned();
    Err(LeftOut::Because(why))
}

/// Tries the next choice for what a finding is about; false if there is none.
fn mend(site: &mut Site<'_>, text: &str, finding: &Finding) -> bool {
    let before = text.get(..finding.span.start).unwrap_or_default();
    let at = |section: &str| before.matches(section).count().checked_sub(1);
    match finding.code {
        Code::E01 | Code::E02 | Code::E03 | Code::E04 => {
            let approach = at("[[approach]]").and_then(|at| site.approaches.get_mut(at));
            let Some(approach) = approach.filter(|a| a.choices.len() > 1) else {
                return false;
            };
            approach.choices.remove(0);
            true
        }
        // The first plan repeats the programme, the others run on demand.
        Code::P10 if at("[[plan]]") == Some(0) => shorten(site),
        Code::P10 if site.green_cap > GREEN_MIN => {
            let on_demand = site.course.on_demand();
            let longest = on_demand.iter().map(|stage| site.longest(*stage)).max();
            let longest = longest.unwrap_or_default();
            site.green_cap = longest.saturating_sub(STEP).max(GREEN_MIN);
            true
        }
        _ => false,
    }
}

/// Takes a step from the longest splits; false if none can spare it.
fn shorten(site: &mut Site<'_>) -> bool {
    let longest = site.splits.iter().copied().max().unwrap_or_default();
    if longest <= 2 * GREEN_MIN {
        return false;
    }
    let near = (longest - longest / 8).max(2 * GREEN_MIN + STEP);
    for split in site.splits.iter_mut().filter(|split| **split >= near) {
        *split -= STEP;
    }
    longest >= near
}

fn tell(site: &Site<'_>, shipped: &[Tenths], notes: &mut Notes) {
    let lost = shipped.iter().sum::<Tenths>() - site.splits.iter().sum::<Tenths>();
    if lost > 0 {
        let what = format!(
            "the programme's longest splits lose {} s, so that nobody waits beyond the bound",
            secs(lost)
        );
        notes.add(&site.tls, what);
    }
    let usual = |stage: &usize| site.longest(*stage) < site.green_cap;
    let capped = (0..site.course.stages.len())
        .filter(|stage| !usual(stage))
        .count();
    if capped > 0 {
        let what = format!(
            "{capped} stages on demand are held to {} s of green, so that nobody waits beyond \
             the bound",
            secs(site.green_cap)
        );
        notes.add(&site.tls, what);
    }
    for approach in &site.approaches {
        if approach.choices.first() == Some(&Choice::Nothing) {
            let what = format!(
                "no emergency green from {} ({}): none moves every lane without a yellow trap",
                approach.name, approach.edge.id
            );
            notes.add(&site.tls, what);
        }
    }
    if !site.deaf().is_empty() {
        let names: Vec<&str> = site.deaf().iter().map(|g| site.heads.name(*g)).collect();
        let what = format!(
            "nothing detects {}; they are served every round",
            names.join(", ")
        );
        notes.add(&site.tls, what);
    }
}

/// What is wrong, once for all plans, with the streets of the groups it is about.
fn refusals(site: &Site<'_>, findings: &[Finding]) -> Vec<ImportFinding> {
    let mut made: Vec<ImportFinding> = Vec::new();
    for finding in findings {
        let about = finding.message.strip_prefix("plan ");
        let about = about.and_then(|text| text.split_once(": "));
        let message = about.map_or(finding.message.as_str(), |(_, rest)| rest);
        let groups = site.heads.groups.iter().enumerate();
        let named = groups.filter(|(_, g)| message.contains(&format!("\"{}\"", g.name)));
        let named: Vec<String> = named.map(|(at, _)| group_words(site, at)).collect();
        let what = format!("{} {message} ({})", finding.code, named.join("; "));
        if made.iter().any(|known| known.what == what) {
            continue;
        }
        made.push(ImportFinding {
            place: site.tls.clone(),
            what,
            mend: match finding.code {
                Code::S18 => "the programme shows it; let both end together there, or import for \
                              comparison only with --profile field"
                    .to_owned(),
                _ => finding.help.clone(),
            },
        });
    }
    made
}

/// A group as the network's own words: its links and the edges they leave.
fn group_words(site: &Site<'_>, group: usize) -> String {
    let links: Vec<String> = site
        .heads
        .links_of(group)
        .map(|h| h.index.to_string())
        .collect();
    let mut edges: Vec<&str> = site
        .heads
        .links_of(group)
        .map(|h| h.link.from.as_str())
        .collect();
    edges.dedup();
    let name = site.heads.name(group);
    format!(
        "{name} is links {} from {}",
        links.join(", "),
        edges.join(", ")
    )
}
