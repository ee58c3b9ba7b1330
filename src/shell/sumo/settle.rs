//! A site file that passes the city's own rules: it is checked as it will be, and where a rule
//! leaves a choice, the next one is tried.

use crate::plan::{Code, Finding, Severity, check_site};

use super::course::{Tenths, secs};
use super::import::{ImportFinding, Notes};
use super::site::{Choice, Site};
use super::site_text::write_site;
use super::timing::GREEN_MIN;

/// Most tries: every approach has fewer choices than stages, every cap fewer steps than this.
const TRIES_MAX: usize = 2000;
/// Greens on demand and long cycles are shortened in steps of this.
const STEP: Tenths = 10;

/// Writes the site so that nothing refuses it, and says what that took.
pub(super) fn settle(site: &mut Site<'_>, notes: &mut Notes) -> Result<String, Vec<ImportFinding>> {
    let path = format!("sites/{}.toml", site.id);
    let shipped = site.splits.clone();
    for _ in 0..TRIES_MAX {
        let text = write_site(site);
        let mut findings = check_site(&path, &text).findings;
        findings.retain(|finding| finding.severity == Severity::Error);
        let Some(first) = findings.first() else {
            tell(site, &shipped, notes);
            return Ok(text);
        };
        if !mend(site, &text, first) {
            return Err(findings.iter().map(|f| refusal(site, f)).collect());
        }
    }
    Err(vec![ImportFinding {
        place: site.tls.clone(),
        what: "no site file was found that passes".to_owned(),
        mend: "leave the signal out of the network's signals".to_owned(),
    }])
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
            let longest = (0..site.course.stages.len()).map(|stage| site.longest(stage));
            let longest = longest.max().unwrap_or_default();
            site.green_cap = longest.saturating_sub(STEP).max(GREEN_MIN);
            true
        }
        _ => false,
    }
}

/// Takes a step from the longest split; false if none can spare it.
fn shorten(site: &mut Site<'_>) -> bool {
    let longest = site.splits.iter_mut().max();
    let Some(split) = longest.filter(|split| **split > 2 * GREEN_MIN) else {
        return false;
    };
    *split -= STEP;
    true
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

fn refusal(site: &Site<'_>, finding: &Finding) -> ImportFinding {
    ImportFinding {
        place: site.tls.clone(),
        what: format!("{} {}", finding.code, finding.message),
        mend: match finding.code {
            Code::S18 => "the programme shows it; end both together in the network, or import for \
                          comparison with --profile field"
                .to_owned(),
            _ => finding.help.clone(),
        },
    }
}
