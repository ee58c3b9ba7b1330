//! How fast vehicles of a class really drive a road at an hour, learned while they drive.

use serde::{Deserialize, Serialize};

use super::ServiceClass;
use crate::ids::RoadId;

/// Most roads, classes and hours kept; what would be one more is not learned.
const CELLS_MAX: usize = 65_536;
/// The hour that stands for all of them.
const ANY_HOUR: u8 = 24;
/// An hour speaks for itself from so many drives on.
const HOUR_SEEN: u16 = 5;
/// All hours together do so from so many on.
const ANY_SEEN: u16 = 3;
/// A share beyond these says more of the receiver than of the road, per mille.
const SHARES: (u32, u32) = (300, 4_000);

/// Time on a road in shares of its planned free-flow time, per mille: one drive in ten is faster
/// than `early`, one in two than `middle`, nine in ten than `late`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Faster than this is one drive in ten.
    pub early: u16,
    /// Faster than this is one drive in two.
    pub middle: u16,
    /// Slower than this is one drive in ten.
    pub late: u16,
}

impl Pace {
    /// What is believed of a road nobody has driven yet: the plan, and a twelfth to either side.
    pub const PRIOR: Self = Self {
        early: 920,
        middle: 1_000,
        late: 1_080,
    };

    /// The same for a drive that takes `share` per mille of this time.
    pub(super) fn at(self, share: u32) -> Self {
        let of = |value: u16| u16::try_from(u32::from(value) * share / 1000).unwrap_or(u16::MAX);
        Self {
            early: of(self.early),
            middle: of(self.middle),
            late: of(self.late),
        }
    }

    /// Moves each value by its own step towards where its share of the drives is faster.
    fn learn(&mut self, share: u16, step: u16) {
        let towards = |value: u16, tenths: u16| {
            if share < value {
                value.saturating_sub(step * (10 - tenths) / 10)
            } else {
                value.saturating_add(step * tenths / 10)
            }
        };
        self.middle = towards(self.middle, 5);
        self.early = towards(self.early, 1).min(self.middle);
        self.late = towards(self.late, 9).max(self.middle);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Key {
    road: RoadId,
    class: ServiceClass,
    hour: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cell {
    key: Key,
    pace: Pace,
    seen: u16,
}

/// What has been learned of one road, for those who keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnedPace {
    /// The road.
    pub road: RoadId,
    /// Who drives.
    pub class: ServiceClass,
    /// The hour of the day, 0-23; `None` for all hours together.
    pub hour: Option<u8>,
    /// How fast.
    pub pace: Pace,
    /// Drives that it was learned of.
    pub drives: u16,
}

/// The paces learned so far, by road, class and hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paces {
    /// Sorted by key.
    cells: Vec<Cell>,
    hour: u8,
}

impl Paces {
    /// The hour of the day, 0-23, that is learned for and asked about from now on.
    pub const fn set_hour(&mut self, hour: u8) {
        self.hour = hour;
    }

    /// What is believed of `road` at this hour.
    #[must_use]
    pub fn of(&self, road: RoadId, class: ServiceClass) -> Pace {
        self.learned(road, class).unwrap_or(Pace::PRIOR)
    }

    /// What has been learned of `road` at this hour, if enough has.
    #[must_use]
    pub fn learned(&self, road: RoadId, class: ServiceClass) -> Option<Pace> {
        let known = |hour: u8, least: u16| {
            let cell = self.cells.get(self.find(Key { road, class, hour }).ok()?)?;
            (cell.seen >= least).then_some(cell.pace)
        };
        known(self.hour, HOUR_SEEN).or_else(|| known(ANY_HOUR, ANY_SEEN))
    }

    /// A vehicle has driven `road` in this share of the planned free-flow time, per mille.
    pub fn learn(&mut self, road: RoadId, class: ServiceClass, share: u32) {
        let Ok(share) = u16::try_from(share.clamp(SHARES.0, SHARES.1)) else {
            return;
        };
        for hour in [self.hour, ANY_HOUR] {
            let key = Key { road, class, hour };
            let at = match self.find(key) {
                Ok(at) => at,
                Err(at) if self.cells.len() < CELLS_MAX => {
                    let pace = Pace::PRIOR;
                    self.cells.insert(at, Cell { key, pace, seen: 0 });
                    at
                }
                Err(_) => continue,
            };
            if let Some(cell) = self.cells.get_mut(at) {
                cell.seen = cell.seen.saturating_add(1);
                cell.pace.learn(share, (400 / cell.seen).clamp(20, 200));
            }
        }
    }

    /// Roads of which something has been learned.
    #[must_use]
    pub fn roads(&self) -> usize {
        let road = |cell: Option<&Cell>| cell.map(|cell| cell.key.road);
        let pairs = self.cells.windows(2);
        let others = pairs.filter(|two| road(two.first()) != road(two.last()));
        others.count() + usize::from(!self.cells.is_empty())
    }

    /// Everything that has been learned, in the order of the roads.
    pub fn all(&self) -> impl Iterator<Item = LearnedPace> {
        self.cells.iter().map(|cell| LearnedPace {
            road: cell.key.road,
            class: cell.key.class,
            hour: (cell.key.hour < ANY_HOUR).then_some(cell.key.hour),
            pace: cell.pace,
            drives: cell.seen,
        })
    }

    /// What was kept of an earlier run of the program, in any order. `None` if there is more than is
    /// ever learned, something twice, or a value that nothing teaches.
    #[must_use]
    pub fn kept(learned: impl IntoIterator<Item = LearnedPace>) -> Option<Self> {
        let mut cells: Vec<Cell> = Vec::new();
        for one in learned {
            let (pace, hour) = (one.pace, one.hour.unwrap_or(ANY_HOUR));
            let (least, most) = SHARES;
            let rises = pace.early <= pace.middle && pace.middle <= pace.late;
            let can_be = u32::from(pace.early) >= least / 2 && u32::from(pace.late) <= most * 2;
            let is_hour = one.hour.is_none_or(|hour| hour < ANY_HOUR);
            if !(rises && can_be && is_hour) || one.drives == 0 || cells.len() >= CELLS_MAX {
                return None;
            }
            let (road, class) = (one.road, one.class);
            cells.push(Cell {
                key: Key { road, class, hour },
                pace,
                seen: one.drives,
            });
        }
        cells.sort_unstable_by_key(|cell| cell.key);
        let key = |cell: Option<&Cell>| cell.map(|cell| cell.key);
        let twice = (cells.windows(2)).any(|two| key(two.first()) == key(two.last()));
        (!twice).then_some(Self { cells, hour: 0 })
    }

    fn find(&self, key: Key) -> Result<usize, usize> {
        self.cells.binary_search_by_key(&key, |cell| cell.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROAD: RoadId = RoadId::new(7);

    #[test]
    fn a_road_nobody_has_driven_is_believed_as_planned() {
        let paces = Paces::default();
        assert_eq!(paces.of(ROAD, ServiceClass::Fire), Pace::PRIOR);
    }

    #[test]
    fn the_three_values_part_the_drives_as_they_say() {
        let mut paces = Paces::default();
        paces.set_hour(8);
        // Shares of 1200 to 1599, evenly and out of order.
        for drive in 0..2_000_u32 {
            paces.learn(ROAD, ServiceClass::Fire, 1_200 + drive * 37 % 400);
        }
        let Pace {
            early,
            middle,
            late,
        } = paces.of(ROAD, ServiceClass::Fire);
        assert!((1_200..1_290).contains(&early), "{early}");
        assert!((1_340..1_460).contains(&middle), "{middle}");
        assert!((1_510..1_610).contains(&late), "{late}");
        assert_eq!(paces.of(ROAD, ServiceClass::Ambulance), Pace::PRIOR);
    }

    #[test]
    fn an_hour_without_drives_borrows_from_all_hours() {
        let mut paces = Paces::default();
        paces.set_hour(8);
        for _ in 0..50 {
            paces.learn(ROAD, ServiceClass::Fire, 2_000);
        }
        paces.set_hour(3);
        assert!(paces.of(ROAD, ServiceClass::Fire).middle > 1_800);
    }

    #[test]
    fn what_was_kept_is_believed_as_it_was_learned() {
        let mut paces = Paces::default();
        for (hour, share) in [(8, 1_500), (3, 900), (8, 1_300), (23, u32::MAX), (8, 0)] {
            paces.set_hour(hour);
            for class in [ServiceClass::Fire, ServiceClass::Ambulance] {
                paces.learn(ROAD, class, share);
                paces.learn(RoadId::new(2), class, share);
            }
        }
        paces.set_hour(0);
        assert_eq!((Paces::default().roads(), paces.roads()), (0, 2));
        let learned: Vec<LearnedPace> = paces.all().collect();
        assert_eq!(Paces::kept(learned.iter().rev().copied()), Some(paces));
        let one = *learned.first().unwrap();
        let refused = |one: LearnedPace| Paces::kept([one]).is_none();
        assert!(Paces::kept([one, one]).is_none(), "twice");
        let (hour, drives) = (Some(24), 0);
        assert!(refused(LearnedPace { hour, ..one }));
        assert!(refused(LearnedPace { drives, ..one }));
        for (early, middle, late) in [(1000, 900, 1100), (0, 900, 1100), (900, 1000, 60_000)] {
            let pace = Pace {
                early,
                middle,
                late,
            };
            assert!(refused(LearnedPace { pace, ..one }));
        }
    }

    #[test]
    fn what_no_road_can_be_is_cut_off() {
        let mut paces = Paces::default();
        for _ in 0..500 {
            paces.learn(ROAD, ServiceClass::Fire, u32::MAX);
        }
        assert!(paces.of(ROAD, ServiceClass::Fire).late <= 4_200);
    }
}
