//! From a file as written to a site as the cycle uses it.

mod approaches;
mod change;
mod conflicts;
mod detectors;
mod emergency;
mod groups;
mod plan_checks;
mod plans;
mod rules;
mod stages;
mod waits;

use alloc::collections::BTreeSet;
use alloc::sync::Arc;

use super::checked::{CheckedSite, GroupInfo, Schedule, SiteKind, StageInfo};
use super::city::Bounds;
use super::code::Code;
use super::finding::{Sheet, Span};
use super::names::nearest;
use super::profile::{CN, PROFILES, Profile};
use super::raw::{RawSite, most_of, read_site};
use super::tree::At;
use crate::ids::{GroupId, PlanId, StageId};
use crate::signal::{
    Conflicts, FallbackShow, GroupSet, GroupTiming, SafetyTable, StartUp, TableError,
};
use crate::units::Millis;

pub(super) use waits::{Round, Run};

/// What later steps need of earlier ones. Indexes are the positions in the file.
pub(super) struct Draft<'r> {
    pub(super) sheet: &'r Sheet<'r>,
    pub(super) profile: Profile,
    pub(super) group_names: Vec<&'r str>,
    pub(super) groups: Vec<GroupInfo>,
    pub(super) timings: Vec<GroupTiming>,
    pub(super) longest: Vec<Millis>,
    pub(super) conflicts: Conflicts,
    pub(super) stage_names: Vec<&'r str>,
    pub(super) stages: Vec<StageInfo>,
}

/// A site together with what the city checks need to point at.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) site: Option<CheckedSite>,
    pub(super) places: SitePlaces,
}

/// Where a site file says the things that other files are compared with.
#[derive(Clone, Debug, Default)]
pub(super) struct SitePlaces {
    pub(super) id: Option<At<String>>,
    pub(super) head: Span,
    pub(super) roads: Vec<At<String>>,
    pub(super) plans: Vec<String>,
    pub(super) readback: Option<At<Millis>>,
}

impl SitePlaces {
    fn of(raw: &RawSite) -> Self {
        let approaches = raw.approaches.iter();
        Self {
            id: raw.id.clone(),
            head: raw.head.clone(),
            roads: approaches
                .filter_map(|approach| approach.road.clone())
                .collect(),
            plans: raw.plans.iter().map(|plan| plan.id.value.clone()).collect(),
            readback: raw.safety.readback.clone(),
        }
    }
}

/// Reads and checks one site file.
pub(super) fn build_site(sheet: &Sheet<'_>, bounds: &Bounds) -> Built {
    let raw = read_site(sheet);
    let profile = profile_of(sheet, &raw);
    check_sizes(sheet, &raw);
    let kind = raw.kind.unwrap_or(SiteKind::Junction);
    let or = |own: Option<&At<Millis>>, city: Millis| own.map_or(city, |own| own.value);
    let corridor_wait = or(raw.corridor_wait.as_ref(), bounds.corridor_wait_max);
    let corridor_red = or(raw.corridor_red.as_ref(), bounds.corridor_red_max);
    let corridor_hold = or(raw.corridor_hold.as_ref(), bounds.corridor_hold_max);
    let made = groups::build(sheet, &raw, &profile, kind, corridor_wait);
    let group_names: Vec<&str> = raw.groups.iter().map(|g| g.id.value.as_str()).collect();
    let conflicts = conflicts::build(sheet, &raw, &profile, &made);
    let stage_names = raw.stages.iter().map(|s| s.id.value.as_str()).collect();
    let mut draft = Draft {
        sheet,
        profile,
        group_names,
        groups: made.infos,
        timings: made.timings,
        longest: made.longest,
        conflicts,
        stage_names,
        stages: Vec::new(),
    };
    draft.stages = stages::build(&draft, &raw);
    let approaches = approaches::build(&draft, &raw);
    let detectors = detectors::build(&draft, &raw);
    let demand = detectors::Demand::of(&draft, &approaches, &detectors);
    let plans = plans::build(&draft, &raw, &demand);
    detectors::check_stuck_on(&draft, &raw, &detectors, &plans);
    let places = SitePlaces::of(&raw);
    let yields = conflicts::yields(&raw, &draft.group_names);
    let left_yields = emergency::left_yields_of(&draft.conflicts, &approaches);
    let safety = safety_table(&draft, &raw);
    let site = safety.map(|safety| CheckedSite {
        id: text(raw.id.as_ref()),
        name_zh: text(raw.name_zh.as_ref()),
        name_en: text(raw.name_en.as_ref()),
        kind,
        safety: Arc::new(safety),
        groups: draft.groups,
        stages: draft.stages,
        approaches,
        yields,
        left_yields,
        detectors,
        schedule: Schedule::always(PlanId::new(0)),
        plans,
        tuning: Arc::default(),
        corridor_wait_max: corridor_wait,
        corridor_red_max: corridor_red,
        corridor_hold_max: corridor_hold,
    });
    Built { site, places }
}

/// What the kernel runs on, unless something refuses the file.
fn safety_table(draft: &Draft<'_>, raw: &RawSite) -> Option<SafetyTable> {
    let sheet = draft.sheet;
    let (start_up, readback) = safety_of(sheet, raw, &draft.profile);
    if sheet.errors() > 0 {
        return None;
    }
    let fallback = raw.safety.fallback.unwrap_or(FallbackShow::FlashAmber);
    let conflicts = draft.conflicts.clone();
    let table = SafetyTable::new(&draft.timings, conflicts, start_up, fallback, readback);
    if let Err(error) = &table {
        note_table_error(sheet, raw, *error);
    }
    table.ok()
}

fn text(at: Option<&At<String>>) -> String {
    at.map(|at| at.value.clone()).unwrap_or_default()
}

fn profile_of(sheet: &Sheet<'_>, raw: &RawSite) -> Profile {
    let Some(name) = &raw.profile else {
        return CN;
    };
    if let Some(profile) = PROFILES.iter().find(|profile| profile.name == name.value) {
        if profile.comparison_only {
            let message = format!("profile \"{}\" is for comparison only", name.value);
            let help = "`greenwave run` refuses it; name a profile for streets there";
            sheet.note(Code::F13, &name.span, message, help);
        }
        return *profile;
    }
    let known: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
    let message = format!("there is no profile \"{}\"", name.value);
    let help = format!("known profiles: {}", known.join(", "));
    sheet.note(Code::F08, &name.span, message, &help);
    CN
}

fn check_sizes(sheet: &Sheet<'_>, raw: &RawSite) {
    let groups = raw.groups.iter().map(|group| &group.head);
    note_beyond(sheet, groups, "group");
    let stages = raw.stages.iter().map(|stage| &stage.id.span);
    note_beyond(sheet, stages, "stage");
    let moves = raw.moves.iter().map(|row| &row.head);
    note_beyond(sheet, moves, "move");
    let plans = raw.plans.iter().map(|plan| &plan.head);
    note_beyond(sheet, plans, "plan");
    let approaches = raw.approaches.iter().map(|approach| &approach.head);
    note_beyond(sheet, approaches, "approach");
    let detectors = raw.detectors.iter().map(|detector| &detector.head);
    note_beyond(sheet, detectors, "detector");
    for approach in &raw.approaches {
        let lanes = approach.lanes.iter().map(|lane| &lane.group.span);
        note_beyond(sheet, lanes, "lane");
    }
}

fn note_beyond<'s>(sheet: &Sheet<'_>, mut spans: impl Iterator<Item = &'s Span>, key: &str) {
    let most = most_of(key);
    if let Some(span) = spans.nth(most) {
        let what = match key {
            "approach" => "approaches".to_owned(),
            "lane" => "lanes in one approach".to_owned(),
            _ => format!("{key}s"),
        };
        let message = format!("the site has more than {most} {what}");
        let help = "split the site between two cabinet units";
        sheet.note(Code::F10, span, message, help);
    }
}

fn safety_of(sheet: &Sheet<'_>, raw: &RawSite, profile: &Profile) -> (StartUp, (Millis, Millis)) {
    use super::raw::RawShow::{AllRed, FlashAmber};
    let safety = &raw.safety;
    let shows: Vec<_> = safety.startup.iter().map(|(show, _)| *show).collect();
    let time_of = |at: usize| {
        safety
            .startup
            .get(at)
            .map_or(Millis::ZERO, |(_, time)| time.value)
    };
    let start_up = StartUp {
        flash: time_of(0),
        all_red: time_of(1),
    };
    let fits = shows == [FlashAmber, AllRed]
        && start_up.flash >= profile.start_flash_floor
        && start_up.all_red >= profile.start_red_floor;
    if !fits && !safety.head.is_empty() {
        let message = "the start-up is not flashing amber and then all red, long enough";
        let help = format!(
            "profile {}: startup = [ {{ show = \"flash-amber\", for_s = {} }}, \
             {{ show = \"all-red\", for_s = {} }} ]",
            profile.name,
            secs(profile.start_flash_floor),
            secs(profile.start_red_floor)
        );
        sheet.note(Code::S12, &safety.startup_span, message.to_owned(), &help);
    }
    let green = safety
        .readback
        .as_ref()
        .map_or(profile.readback_green, |time| time.value);
    if let Some(time) = &safety.readback
        && !(Millis::new(200)..=Millis::from_secs(1)).contains(&time.value)
    {
        let message = format!("`readback_ms` is {}", time.value.as_ms());
        let help = "a wrong green is tolerated for 200 to 1000 ms; 300 is usual";
        sheet.note(Code::F08, &time.span, message, help);
    }
    (start_up, (green, profile.readback_other.max(green)))
}

/// The kernel's own gate. The checks before it report the same things with more words, so this
/// speaks only if one of them was too mild.
fn note_table_error(sheet: &Sheet<'_>, raw: &RawSite, error: TableError) {
    let (code, group) = match error {
        TableError::GroupCount(_) | TableError::ConflictCount(_) => (Code::F10, None),
        TableError::NotWholeTicks(group) => (Code::F09, Some(group)),
        TableError::ClearanceTooShort(group, _) => (Code::S05, Some(group)),
        TableError::NoAmber(group) => (Code::S04, Some(group)),
        TableError::BadStep(group, _) => (Code::S16, Some(group)),
    };
    let span = group
        .and_then(|group| raw.groups.get(group.index()))
        .map_or(raw.head.clone(), |group| group.head.clone());
    let help = "the safety kernel refuses this group";
    sheet.note(code, &span, format!("{error:?}"), help);
}

/// A time in seconds as people write it.
pub(super) fn secs(time: Millis) -> String {
    let (whole, rest) = (time.as_ms() / 1000, time.as_ms() % 1000);
    if rest == 0 {
        format!("{whole}")
    } else {
        format!("{whole}.{}", rest / 100)
    }
}

/// The position of `name` among `names`; an unknown name is noted under `code`.
pub(super) fn resolve(
    sheet: &Sheet<'_>,
    code: Code,
    what: &str,
    names: &[&str],
    name: &At<String>,
) -> Option<u8> {
    let at = names.iter().position(|known| *known == name.value);
    if let Some(at) = at.and_then(|at| u8::try_from(at).ok()) {
        return Some(at);
    }
    let message = format!("the site has no {what} \"{}\"", name.value);
    let help = match nearest(&name.value, names.iter().copied()) {
        Some(known) => format!("did you mean \"{known}\"?"),
        None => format!("known: {}", names.join(", ")),
    };
    sheet.note(code, &name.span, message, &help);
    None
}

/// Reports every id that was used before (F04).
pub(super) fn check_unique<'i>(
    sheet: &Sheet<'_>,
    what: &str,
    ids: impl Iterator<Item = &'i At<String>>,
) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for id in ids {
        if !seen.insert(&id.value) && !id.value.is_empty() {
            let message = format!("{what} \"{}\" exists already", id.value);
            sheet.note(Code::F04, &id.span, message, "give it an id of its own");
        }
    }
}

impl Draft<'_> {
    pub(super) fn group(&self, code: Code, name: &At<String>) -> Option<GroupId> {
        resolve(self.sheet, code, "group", &self.group_names, name).map(GroupId::new)
    }

    pub(super) fn group_set(&self, code: Code, names: &[At<String>]) -> GroupSet {
        names
            .iter()
            .filter_map(|name| self.group(code, name))
            .collect()
    }

    pub(super) fn stage(&self, code: Code, name: &At<String>) -> Option<StageId> {
        resolve(self.sheet, code, "stage", &self.stage_names, name).map(StageId::new)
    }

    pub(super) fn group_name(&self, group: GroupId) -> &str {
        self.group_names.get(group.index()).copied().unwrap_or("?")
    }

    pub(super) fn names_of(&self, groups: GroupSet) -> String {
        let names: Vec<&str> = groups.iter().map(|group| self.group_name(group)).collect();
        names.join(", ")
    }

    pub(super) fn stage_name(&self, stage: StageId) -> &str {
        self.stage_names.get(stage.index()).copied().unwrap_or("?")
    }

    pub(super) fn groups_of(&self, stage: StageId) -> GroupSet {
        self.stages
            .get(stage.index())
            .map_or(GroupSet::EMPTY, |info| info.stage.groups)
    }
}
