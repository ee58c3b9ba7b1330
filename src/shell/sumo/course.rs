//! A signal programme as a ring of stages: what is green together, in which order, for how long.

use std::collections::BTreeSet;

use super::net::{Programme, Step};

/// A time in tenths of a second, the length of a control cycle.
pub(super) type Tenths = u32;

/// A step this short whose greens all go on is a change, not a stage: nobody's green begins or ends
/// in it alone.
const CONTINUING_MAX: Tenths = 100;
/// A stage shown shorter than this only leads from one to the next.
const PASSING_MAX: Tenths = 70;
/// After walkers have ended, the rest of their stage may go on this long and is still that stage.
const WALKERS_LEFT_MAX: Tenths = 100;

/// A programme as stages.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Course {
    /// The distinct stages, in the order of the programme.
    pub(super) stages: Vec<Greens>,
    /// The ring.
    pub(super) turns: Vec<Turn>,
}

/// What is green in a stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Greens {
    /// Places in the state that are green.
    pub(super) green: BTreeSet<usize>,
    /// Those of them that are shown the green that yields.
    pub(super) minor: BTreeSet<usize>,
    /// How long the programme lets it last, if it says so.
    pub(super) longest: Option<Tenths>,
    /// How long it is shown, without the change after it.
    pub(super) shown: Tenths,
}

/// One turn of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Number of the stage.
    pub(super) stage: usize,
    /// Its green and the change after it.
    pub(super) split: Tenths,
}

/// A time in seconds to the nearest tenth; at most an hour.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is clamped before"
)]
pub(super) fn tenths(seconds: f64) -> Tenths {
    (seconds * 10.0).round().clamp(0.0, 36_000.0) as Tenths
}

/// A time as files have it.
pub(super) fn secs(time: Tenths) -> String {
    format!("{}.{}", time / 10, time % 10)
}

/// A step while the ring is made.
struct Cell {
    greens: Greens,
    lasts: Tenths,
    stays: bool,
}

impl Course {
    /// Reads a programme; `places` are those of its links, `walks` those of walkers.
    pub(super) fn of(
        programme: &Programme,
        places: &BTreeSet<usize>,
        walks: &BTreeSet<usize>,
    ) -> Option<Self> {
        let steps = programme.steps.iter();
        let mut cells: Vec<Cell> = steps.map(|step| Cell::of(step, places)).collect();
        promote(&mut cells);
        join(&mut cells);
        demote(&mut cells);
        let first = cells.iter().position(|cell| cell.stays)?;
        cells.rotate_left(first);
        Some(Self::ring(cells, walks))
    }

    fn ring(cells: Vec<Cell>, walks: &BTreeSet<usize>) -> Self {
        let mut course = Self::default();
        let mut shown: Vec<(Greens, Tenths)> = Vec::new();
        for cell in cells {
            match shown.last_mut() {
                Some((greens, split)) if !cell.stays || goes_on(greens, &cell, walks) => {
                    *split = split.saturating_add(cell.lasts);
                    if cell.stays {
                        greens.minor.extend(&cell.greens.minor);
                        greens.longest = sum(greens.longest, cell.greens.longest);
                        greens.shown += cell.greens.shown;
                    }
                }
                _ => shown.push((cell.greens, cell.lasts)),
            }
        }
        // The programme may begin in the middle of a stage.
        if shown.len() > 1
            && shown.first().map(|turn| &turn.0.green) == shown.last().map(|turn| &turn.0.green)
            && let Some((_, split)) = shown.pop()
            && let Some(first) = shown.first_mut()
        {
            first.1 = first.1.saturating_add(split);
        }
        for (greens, split) in shown {
            let stage = course.stage(greens);
            course.turns.push(Turn { stage, split });
        }
        course
    }

    /// The number of a stage; a known one is not made twice.
    fn stage(&mut self, greens: Greens) -> usize {
        let known = self.stages.iter().position(|k| k.green == greens.green);
        if let Some(stage) = known.and_then(|at| self.stages.get_mut(at)) {
            stage.minor.extend(&greens.minor);
            stage.longest = stage.longest.max(greens.longest);
            stage.shown = stage.shown.max(greens.shown);
        }
        known.unwrap_or_else(|| {
            self.stages.push(greens);
            self.stages.len() - 1
        })
    }

    /// Which stages show green at `place`.
    pub(super) fn column(&self, place: usize) -> Vec<bool> {
        let stages = self.stages.iter();
        stages.map(|stage| stage.green.contains(&place)).collect()
    }

    /// The stages of plans on demand: those that only lead from one to the next are left out, as
    /// all their greens are before or after them.
    pub(super) fn on_demand(&self) -> Vec<usize> {
        let count = self.turns.len();
        let around = |turn: usize| {
            let turn = self.turns.get(turn.checked_rem(count)?)?;
            self.stages.get(turn.stage)
        };
        let passes = |at: usize| {
            let (Some(now), Some(before), Some(after)) =
                (around(at), around(at + count - 1), around(at + 1))
            else {
                return false;
            };
            // A left turn that yields before and after has its own green only here.
            let as_good = |other: &Greens, place: &usize| {
                let worse = other.minor.contains(place) && !now.minor.contains(place);
                other.green.contains(place) && !worse
            };
            let sides = |place: &usize| as_good(before, place) || as_good(after, place);
            now.shown < PASSING_MAX && now.green.iter().all(sides)
        };
        let mut kept: Vec<usize> = (0..self.stages.len()).collect();
        for at in 0..count {
            let Some(stage) = self.turns.get(at).map(|turn| turn.stage) else {
                continue;
            };
            let once = self.turns.iter().filter(|turn| turn.stage == stage).count() == 1;
            let others = || kept.iter().filter(|kept| **kept != stage);
            let greens = self.stages.get(stage).map(|stage| &stage.green);
            let covered = greens.is_some_and(|greens| {
                greens.iter().all(|place| {
                    let mut stages = others().filter_map(|kept| self.stages.get(*kept));
                    stages.any(|stage| stage.green.contains(place))
                })
            });
            if once && covered && passes(at) && kept.len() > 2 {
                kept.retain(|kept| *kept != stage);
            }
        }
        kept
    }

    /// The split of each stage: the mean of its turns.
    pub(super) fn splits(&self) -> Vec<Tenths> {
        let mean = |stage: usize| {
            let own = self.turns.iter().filter(|turn| turn.stage == stage);
            let (count, sum) = own.fold((0, 0_u32), |(count, sum), turn| {
                (count + 1, sum.saturating_add(turn.split))
            });
            sum.checked_div(count).unwrap_or_default()
        };
        (0..self.stages.len()).map(mean).collect()
    }
}

impl Cell {
    fn of(step: &Step, places: &BTreeSet<usize>) -> Self {
        let mut greens = Greens {
            longest: step.max_s.map(tenths),
            shown: tenths(step.duration_s),
            ..Greens::default()
        };
        let mut changes = false;
        for (place, letter) in step.state.chars().enumerate() {
            if !places.contains(&place) {
                continue;
            }
            match letter {
                'G' | 'g' => {
                    greens.green.insert(place);
                    if letter == 'g' {
                        greens.minor.insert(place);
                    }
                }
                'y' | 'Y' | 'u' => changes = true,
                _ => {}
            }
        }
        Self {
            stays: !changes && !greens.green.is_empty(),
            greens,
            lasts: tenths(step.duration_s),
        }
    }
}

fn sum(a: Option<Tenths>, b: Option<Tenths>) -> Option<Tenths> {
    Some(a?.saturating_add(b?))
}

/// True if `cell` still belongs to the stage that shows `greens`: the same lamps, or the same less
/// walkers who have left.
fn goes_on(greens: &Greens, cell: &Cell, walks: &BTreeSet<usize>) -> bool {
    let now = &cell.greens.green;
    if *now == greens.green {
        return true;
    }
    let left = |place: &usize| now.contains(place) || walks.contains(place);
    cell.lasts <= WALKERS_LEFT_MAX && now.is_subset(&greens.green) && greens.green.iter().all(left)
}

/// Who is green only while others change would have no stage: the longest such step becomes one.
fn promote(cells: &mut [Cell]) {
    let all: BTreeSet<usize> = cells
        .iter()
        .flat_map(|cell| cell.greens.green.iter().copied())
        .collect();
    for place in all {
        let shows = |cell: &Cell| cell.greens.green.contains(&place);
        if cells.iter().any(|cell| cell.stays && shows(cell)) {
            continue;
        }
        let longest = cells
            .iter_mut()
            .filter(|cell| shows(cell))
            .max_by_key(|cell| cell.lasts);
        if let Some(cell) = longest {
            cell.stays = true;
        }
    }
}

/// Steps that follow each other with the same greens are one.
fn join(cells: &mut Vec<Cell>) {
    cells.dedup_by(|next, cell| {
        let same = cell.stays && next.stays && cell.greens.green == next.greens.green;
        if same {
            cell.lasts = cell.lasts.saturating_add(next.lasts);
            cell.greens.minor.extend(&next.greens.minor);
            cell.greens.longest = sum(cell.greens.longest, next.greens.longest);
            cell.greens.shown += next.greens.shown;
        }
        same
    });
}

/// Short steps whose greens were green before and stay green after are changes.
fn demote(cells: &mut [Cell]) {
    let count = cells.len();
    for at in 0..count {
        let other = |by: usize| {
            let around = (1..count).map(|far| (at + far * by) % count);
            let mut staying = around.filter_map(|at| cells.get(at)).filter(|c| c.stays);
            staying.next()
        };
        let (Some(cell), Some(before), Some(after)) = (cells.get(at), other(count - 1), other(1))
        else {
            continue;
        };
        let (now, before, after) = (
            &cell.greens.green,
            &before.greens.green,
            &after.greens.green,
        );
        let within = |set: &BTreeSet<usize>| now.is_subset(set) && now != set;
        let short = cell.stays && cell.lasts <= CONTINUING_MAX;
        if short
            && within(before)
            && within(after)
            && let Some(cell) = cells.get_mut(at)
        {
            cell.stays = false;
        }
    }
}
