//! Peak-hour waves of a city file.

use super::build::check_unique;
use super::city::PreparedWave;
use super::city_build::named;
use super::code::Code;
use super::finding::Sheet;
use super::raw::RawWave;
use super::tree::At;
use super::{CheckedSite, PlanMode};
use crate::ids::{PlanId, SiteId};
use crate::units::Millis;
use alloc::sync::Arc;

/// No wave lasts longer than this.
const LASTS_MAX: Millis = Millis::from_secs(4 * 3600);

/// The waves whose sites all exist and have the plan; what is wrong with the others is noted.
pub(super) fn build_waves(
    sheet: &Sheet<'_>,
    raw: &[RawWave],
    sites: &[Arc<CheckedSite>],
) -> Vec<PreparedWave> {
    check_unique(sheet, "wave", raw.iter().map(|wave| &wave.id));
    let build = |wave: &RawWave| {
        let (plan, lasts) = (wave.plan.as_ref()?, wave.lasts.as_ref()?);
        if lasts.value > LASTS_MAX {
            let message = format!("wave \"{}\" lasts more than 240 min", wave.id.value);
            sheet.note(
                Code::F08,
                &lasts.span,
                message,
                "write `lasts_min` up to 240",
            );
        }
        let stops = wave
            .sites
            .iter()
            .map(|site| stop(sheet, wave, (site, plan), sites));
        let stops: Option<Vec<_>> = stops.collect();
        Some(PreparedWave {
            id: wave.id.value.clone(),
            name_zh: named(wave.name_zh.as_ref(), &wave.id),
            name_en: named(wave.name_en.as_ref(), &wave.id),
            sites: stops?,
            lasts: lasts.value.min(LASTS_MAX),
        })
    };
    raw.iter().filter_map(build).collect()
}

/// A site of a wave and the plan it runs.
fn stop(
    sheet: &Sheet<'_>,
    wave: &RawWave,
    (site, plan): (&At<String>, &At<String>),
    sites: &[Arc<CheckedSite>],
) -> Option<(SiteId, PlanId)> {
    let at = sites.iter().position(|known| known.id == site.value);
    // A city whose sites are refused has none here: that is told where they are refused.
    if sites.is_empty() {
        return None;
    }
    let Some((at, known)) = at.and_then(|at| Some((at, sites.get(at)?))) else {
        let message = format!(
            "wave \"{}\": no site is called \"{}\"",
            wave.id.value, site.value
        );
        sheet.note(Code::F11, &site.span, message, "name sites of the folder");
        return None;
    };
    let runs = known
        .plans
        .iter()
        .position(|known| known.name == plan.value);
    let follows_clock = |at: usize| {
        let plan = known.plans.get(at);
        plan.is_some_and(|plan| plan.cycle > Millis::ZERO && plan.mode != PlanMode::Actuated)
    };
    let Some(runs) = runs.filter(|at| follows_clock(*at)) else {
        let message = format!(
            "wave \"{}\": site \"{}\" has no coordinated plan \"{}\"",
            wave.id.value, site.value, plan.value
        );
        let help = "name a plan with a cycle that every site of the wave has";
        sheet.note(Code::F11, &plan.span, message, help);
        return None;
    };
    let site = SiteId::new(u16::try_from(at).ok()?);
    Some((site, PlanId::new(u8::try_from(runs).ok()?)))
}
