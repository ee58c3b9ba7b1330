//! Every hold of a corridor, out of the journal of the controller that gave it: the journal is run
//! again and compared cycle by cycle, so what is told here is what was done.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use greenwave::controller::Command;
use greenwave::corridor::{CorridorEvent, LeaseEnd, LeaseStep, What};
use greenwave::ids::{GroupId, SiteId};
use greenwave::journal::{ReplayStep, replay};
use greenwave::signal::GroupSet;
use greenwave::units::{Millis, Mono};

/// A position is up to a second old when it comes, and the next one tells that the line is crossed.
const HEARD_LATE: Millis = Millis::from_secs(3);

/// One hold: from the lock to its end.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) site: String,
    at: SiteId,
    groups: GroupSet,
    pub(super) from: Mono,
    /// All its lamps were read back green.
    pub(super) green: Option<Mono>,
    /// When and why it ended.
    pub(super) ended: Option<(Mono, String)>,
    /// The lease would have ended by itself then.
    pub(super) expires: Mono,
    /// Leases given, one after the other.
    pub(super) leases: u32,
}

/// What a journal tells of corridors.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// When the first corridor was opened.
    pub(super) opened: Option<Mono>,
    /// Corridors that were opened.
    pub(super) corridors: u32,
    /// Positions that reached the city.
    pub(super) positions: u64,
    /// Those that came after a corridor was cancelled.
    pub(super) positions_after: u64,
    pub(super) holds: Vec<Hold>,
    /// When the vehicle was through each signal.
    pub(super) passed: BTreeMap<String, Mono>,
    /// When the emergency green of each signal ahead was read back last.
    greens: BTreeMap<SiteId, Mono>,
    /// The vehicle went through on a green that was read back.
    pub(super) through_green: BTreeSet<String>,
    /// Leases that were in force in the last cycle.
    pub(super) left: usize,
    pub(super) cycles: u64,
}

/// The journal files of a data folder, oldest first.
pub(super) fn journals(data: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = data.join("journal");
    let names = fs::read_dir(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let names = names.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> = names
        .filter(|path| path.extension().is_some_and(|ending| ending == "journal"))
        .collect();
    files.sort();
    Ok(files)
}

/// Runs these files again.
pub(super) fn told(files: &[PathBuf]) -> Result<Told, String> {
    let mut told = Told::default();
    for file in files {
        let bytes = fs::read(file).map_err(|why| format!("{}: {why}", file.display()))?;
        let done = replay(&bytes, |step| told.take(step));
        let done = done.map_err(|why| format!("{}: {why}", file.display()))?;
        told.cycles += done.cycles;
    }
    Ok(told)
}

impl Told {
    fn take(&mut self, step: &ReplayStep<'_>) {
        let commands = step.inputs.commands.iter();
        let fixes = commands.filter(|one| matches!(one, Command::Fix(..)));
        let fixes = u64::try_from(fixes.count()).unwrap_or_default();
        self.positions += fixes;
        self.positions_after += fixes;
        for event in step.city.corridors().events() {
            self.hear(event, step);
        }
        let missions = step.city.corridors().missions();
        for mission in missions.filter(|mission| !mission.state().is_over()) {
            for crossing in mission.plan().crossings.iter() {
                if reads_green(step, crossing.site, crossing.groups) {
                    self.greens.insert(crossing.site, step.inputs.now);
                }
            }
        }
        let corridors = step.city.corridors();
        for hold in self.holds.iter_mut().filter(|hold| hold.ended.is_none()) {
            if let Some(lease) = corridors.lease(hold.at) {
                hold.leases += u32::from(lease.expires != hold.expires);
                hold.expires = lease.expires;
            }
            let is_green = reads_green(step, hold.at, hold.groups);
            if is_green && hold.green.is_none() {
                hold.green = Some(step.inputs.now);
            }
        }
        let sites = 0..u16::try_from(step.city.plans().len()).unwrap_or_default();
        let held = sites.filter(|site| corridors.lease(SiteId::new(*site)).is_some());
        self.left = held.count();
    }

    fn hear(&mut self, event: &CorridorEvent, step: &ReplayStep<'_>) {
        match event.what {
            What::Opened(_) => {
                self.corridors += 1;
                let _first = self.opened.get_or_insert(event.at);
            }
            What::Leased(site, groups, LeaseStep::Lock) => {
                let mut open = self.holds.iter_mut().filter(|hold| hold.ended.is_none());
                match open.find(|hold| hold.at == site) {
                    Some(hold) => hold.groups = groups,
                    None => self.holds.push(Hold {
                        site: name(site, step),
                        at: site,
                        groups,
                        from: event.at,
                        green: None,
                        ended: None,
                        expires: Mono::ZERO,
                        leases: 0,
                    }),
                }
            }
            What::Leased(site, _, LeaseStep::Prepare | LeaseStep::Inhibit) => {
                self.end(site, event.at, "stepped back");
            }
            What::Cancelled(_) => self.positions_after = 0,
            What::LeaseEnded(site, why) => self.end(site, event.at, word(why)),
            What::Passed(site, ..) => {
                let green = self.greens.get(&site);
                let site = name(site, step);
                if green.is_some_and(|at| event.at.since(*at) <= HEARD_LATE) {
                    self.through_green.insert(site.clone());
                }
                self.passed.insert(site, event.at);
            }
            _ => {}
        }
    }

    fn end(&mut self, site: SiteId, at: Mono, why: &str) {
        let mut open = self.holds.iter_mut().filter(|hold| hold.ended.is_none());
        if let Some(hold) = open.find(|hold| hold.at == site) {
            hold.ended = Some((at, why.to_owned()));
        }
    }
}

/// True if the cabinet's lamps of all these groups were read back green in this cycle.
fn reads_green(step: &ReplayStep<'_>, site: SiteId, groups: GroupSet) -> bool {
    let Some(field) = step.inputs.fields.get(site.index()) else {
        return false;
    };
    let lamps = &field.readback.lamps;
    let is_go = |group: GroupId| lamps.get(group.index()).is_some_and(|lamp| lamp.is_go());
    !groups.is_empty() && groups.iter().all(is_go)
}

fn name(site: SiteId, step: &ReplayStep<'_>) -> String {
    let plan = step.city.plans().get(site.index());
    plan.map_or_else(|| site.to_string(), |plan| plan.id.clone())
}

const fn word(why: LeaseEnd) -> &'static str {
    match why {
        LeaseEnd::Passed => "the vehicle is through",
        LeaseEnd::GivenBack => "given back: the vehicle stood",
        LeaseEnd::Capped => "cap of the site",
        LeaseEnd::TakenOut => "taken out",
        LeaseEnd::Unavailable => "the site cannot serve it",
        LeaseEnd::Outranked => "another goes first",
        LeaseEnd::Lost => "the vehicle is lost",
        LeaseEnd::Unreachable => "out of reach",
        LeaseEnd::Over => "the corridor is over",
        LeaseEnd::NotYet => "not yet: the arrival moved",
    }
}
