//! How groups stand to each other, and the clearances between hostile ones.

use super::super::code::Code;
use super::super::finding::{Sheet, Span};
use super::super::profile::Profile;
use super::super::raw::RawSite;
use super::super::tree::At;
use super::groups::Groups;
use super::{resolve, secs};
use crate::ids::GroupId;
use crate::signal::{Conflicts, GroupKind, GroupSet, GroupTiming, Indication, Relation};
use crate::units::{Length, Millis};

/// What the file says about one ordered pair.
#[derive(Clone, Default)]
struct Cell {
    intergreen: Option<At<Millis>>,
    clearing: Option<At<Length>>,
    permissive: Option<Span>,
    compatible: Option<Span>,
}

struct Matrix<'c> {
    sheet: &'c Sheet<'c>,
    profile: &'c Profile,
    names: Vec<&'c str>,
    groups: &'c Groups,
    cells: Vec<Cell>,
    rest: bool,
    head: Span,
}

/// Fills the conflict table from the file.
pub(super) fn build(
    sheet: &Sheet<'_>,
    raw: &RawSite,
    profile: &Profile,
    groups: &Groups,
) -> Conflicts {
    let names: Vec<&str> = raw.groups.iter().map(|g| g.id.value.as_str()).collect();
    let count = names.len();
    let mut matrix = Matrix {
        sheet,
        profile,
        names,
        groups,
        cells: vec![Cell::default(); count * count],
        rest: raw.matrix.rest,
        head: raw.matrix.head.clone(),
    };
    for (from, to, time) in &raw.matrix.intergreens {
        matrix.set(from, to, |cell| cell.intergreen = Some(time.clone()));
    }
    for (from, to, way) in &raw.matrix.clearing {
        matrix.set(from, to, |cell| cell.clearing = Some(way.clone()));
    }
    for (from, to) in &raw.matrix.permissive {
        matrix.set(from, to, |cell| cell.permissive = Some(to.span.clone()));
    }
    for (from, to) in &raw.matrix.compatible {
        matrix.set(from, to, |cell| cell.compatible = Some(to.span.clone()));
    }
    let mut conflicts = Conflicts::all_compatible(count);
    for b in 1..count {
        for a in 0..b {
            let (Ok(low), Ok(high)) = (u8::try_from(a), u8::try_from(b)) else {
                continue;
            };
            let (low, high) = (GroupId::new(low), GroupId::new(high));
            if let Some(relation) = matrix.relation(low, high) {
                conflicts.declare(low, high, relation);
            }
        }
    }
    conflicts
}

/// Who yields to whom: the row of [permissive] to its columns. One per group.
pub(super) fn yields(raw: &RawSite, names: &[&str]) -> Vec<GroupSet> {
    let find = |name: &str| {
        let at = names.iter().position(|known| *known == name)?;
        u8::try_from(at).ok().map(GroupId::new)
    };
    let mut yields = vec![GroupSet::EMPTY; names.len()];
    for (from, to) in &raw.matrix.permissive {
        let (Some(from), Some(to)) = (find(&from.value), find(&to.value)) else {
            continue;
        };
        if let Some(row) = yields.get_mut(from.index()) {
            *row = row.with(to);
        }
    }
    yields
}

impl Matrix<'_> {
    fn set(&mut self, from: &At<String>, to: &At<String>, change: impl FnOnce(&mut Cell)) {
        let row = resolve(self.sheet, Code::F11, "group", &self.names, from);
        let column = resolve(self.sheet, Code::F11, "group", &self.names, to);
        let (Some(row), Some(column)) = (row, column) else {
            return;
        };
        if row == column {
            let message = format!("\"{}\" stands to itself in no relation", to.value);
            self.sheet.note(Code::S17, &to.span, message, "remove it");
            return;
        }
        let at = usize::from(row) * self.names.len() + usize::from(column);
        if let Some(cell) = self.cells.get_mut(at) {
            change(cell);
        }
    }

    fn cell(&self, from: GroupId, to: GroupId) -> Cell {
        let at = from.index() * self.names.len() + to.index();
        self.cells.get(at).cloned().unwrap_or_default()
    }

    fn name(&self, group: GroupId) -> &str {
        self.names.get(group.index()).copied().unwrap_or("?")
    }

    fn relation(&self, a: GroupId, b: GroupId) -> Option<Relation> {
        let (there, back) = (self.cell(a, b), self.cell(b, a));
        let permissive = there.permissive.as_ref().or(back.permissive.as_ref());
        let compatible = there.compatible.as_ref().or(back.compatible.as_ref());
        let pair = format!("\"{}\" and \"{}\"", self.name(a), self.name(b));
        let hostile = there.intergreen.is_some() || back.intergreen.is_some();
        let peaceful = permissive.or(compatible);
        if let Some(span) = peaceful
            && (hostile || (permissive.is_some() && compatible.is_some()))
        {
            let message = format!("{pair} are declared in two ways");
            let help = "keep one of [intergreen_s], [permissive] and [compatible]";
            self.sheet.note(Code::S17, span, message, help);
        }
        match (there.intergreen.clone(), back.intergreen.clone()) {
            (Some(forward), Some(back)) => Some(Relation::Hostile {
                forward: self.clearance(a, b, &forward),
                back: self.clearance(b, a, &back),
            }),
            (Some(only), None) | (None, Some(only)) => {
                let from = if there.intergreen.is_some() { b } else { a };
                let to = if from == a { b } else { a };
                let message = format!(
                    "the intergreen from \"{}\" to \"{}\" is missing, the other way is given",
                    self.name(from),
                    self.name(to)
                );
                let help = format!(
                    "add `{} = ...` to the row of {}",
                    self.name(to),
                    self.name(from)
                );
                self.sheet.note(Code::S01, &only.span, message, &help);
                None
            }
            (None, None) if permissive.is_some() => {
                if let Some(span) = permissive {
                    self.check_arrow(a, b, span);
                }
                Some(Relation::Permissive)
            }
            (None, None) if compatible.is_some() || self.rest => Some(Relation::Compatible),
            (None, None) => {
                let message = format!("the file does not say how {pair} stand to each other");
                let help =
                    "give both intergreens, or list the pair in [permissive] or [compatible]";
                self.sheet.note(Code::S02, &self.head, message, help);
                None
            }
        }
    }

    fn check_arrow(&self, a: GroupId, b: GroupId, span: &Span) {
        let is_arrow = |group: GroupId| {
            let timing = self.groups.timings.get(group.index());
            timing.is_some_and(|timing| timing.kind == GroupKind::Arrow)
        };
        if let Some(arrow) = [a, b].into_iter().find(|group| is_arrow(*group)) {
            let message = format!(
                "\"{}\" is an arrow, so nobody may cross it",
                self.name(arrow)
            );
            let help = "make the pair hostile, or show the stream a round signal";
            self.sheet.note(Code::S11, span, message, help);
        }
    }

    /// From the end of steady green of `from` to the start of green of `to`, as the kernel counts:
    /// the file counts from the end of the last go aspect, so that part is added once here.
    fn clearance(&self, from: GroupId, to: GroupId, intergreen: &At<Millis>) -> Millis {
        let timings = &self.groups.timings;
        let (Some(loser), Some(gainer)) = (timings.get(from.index()), timings.get(to.index()))
        else {
            return intergreen.value;
        };
        let title = format!(
            "the intergreen from \"{}\" to \"{}\" is {} s",
            self.name(from),
            self.name(to),
            secs(intergreen.value)
        );
        let aspects = amber_of(loser) + gainer.gain.total();
        if intergreen.value < aspects {
            let message = format!("{title}, amber and red-amber take {} s", secs(aspects));
            let help = format!("write at least {}", secs(aspects));
            self.sheet.note(Code::S05, &intergreen.span, message, &help);
        }
        let buffer = self.profile.buffer_floor;
        let walks_off = !loser.kind.shows_amber() && gainer.kind.shows_amber();
        if walks_off && intergreen.value < buffer {
            let message = format!("{title}; walkers get a buffer of {} s", secs(buffer));
            let help = "write at least the buffer; 3 s is usual";
            self.sheet.note(Code::S10, &intergreen.span, message, help);
        }
        self.check_geometry(from, to, intergreen, &title);
        let steps = loser.lose.total() + gainer.gain.total();
        (intergreen.value + loser.lose.go_part()).max(steps)
    }

    /// The last vehicle passes the stop line at the end of amber and drives its own length past
    /// the conflict point.
    fn check_geometry(&self, from: GroupId, to: GroupId, intergreen: &At<Millis>, title: &str) {
        let Some(way) = self.cell(from, to).clearing else {
            return;
        };
        let known = (
            self.groups.timings.get(from.index()),
            self.groups.infos.get(from.index()),
        );
        let (Some(loser), Some(info)) = known else {
            return;
        };
        let (length, speed) = match (loser.kind, info.walk) {
            (_, Some(walk)) => (Length::ZERO, walk.speed),
            (GroupKind::NonMotor, _) => (Length::ZERO, info.speed),
            _ => (self.profile.vehicle_length, info.speed),
        };
        let drives = (way.value + length).time_at(speed).ceil_to_tick();
        let walked = info.walk.map_or(Millis::ZERO, |_| loser.lose.go_part());
        let needed = (amber_of(loser) + drives).saturating_sub(walked);
        if intergreen.value < needed {
            let message = format!(
                "{title}, but clearing {} m takes {} s",
                f64::from(way.value.as_mm()) / 1000.0,
                secs(needed)
            );
            let help = format!("write at least {}", secs(needed));
            self.sheet.note(Code::S06, &intergreen.span, message, &help);
        }
    }
}

fn amber_of(timing: &GroupTiming) -> Millis {
    let amber = timing
        .lose
        .iter()
        .filter(|step| step.show == Indication::Amber);
    amber.fold(Millis::ZERO, |sum, step| sum + step.lasts)
}
