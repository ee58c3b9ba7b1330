//! The cabinet's own fixed programme: what it runs with nobody at the other end.

use super::site::CabinetSite;

/// A running local programme.
#[derive(Clone, Debug)]
pub(super) struct LocalRun {
    programme: usize,
    step: usize,
    began: u64,
}

impl LocalRun {
    /// Programme `number` (1 is the first plan of the site file, 0 the first fixed one), or the
    /// first that has a sequence; `None` if the site has none.
    pub(super) fn new(site: &CabinetSite, number: u16, now: u64) -> Option<Self> {
        let usable = |at: &usize| {
            let programme = site.programmes.get(*at);
            programme.is_some_and(|programme| !programme.steps.is_empty())
        };
        let asked = usize::from(number).checked_sub(1).filter(usable);
        let all = || (0..site.programmes.len()).filter(usable);
        let fixed = all().find(|at| site.programmes[*at].fixed);
        let programme = asked.or(fixed).or_else(|| all().next())?;
        Some(Self {
            programme,
            step: 0,
            began: now,
        })
    }

    /// The groups that should be green now; moves on to the next stage when this one has lasted.
    pub(super) fn target(&mut self, site: &CabinetSite, now: u64) -> u32 {
        let Some(programme) = site.programmes.get(self.programme) else {
            return 0;
        };
        let Some((_, lasts)) = programme.steps.get(self.step) else {
            return 0;
        };
        if now.saturating_sub(self.began) >= u64::from(*lasts) {
            self.step = (self.step + 1) % programme.steps.len();
            self.began = now;
        }
        let stage = programme.steps.get(self.step);
        let Some(stage) = stage.and_then(|(stage, _)| site.stages.get(*stage)) else {
            return 0;
        };
        let elapsed = now.saturating_sub(self.began);
        let late = stage.late.iter().filter(|(_, by)| elapsed < u64::from(*by));
        late.fold(stage.green, |set, (group, _)| set & !group)
    }
}
