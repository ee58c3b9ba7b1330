//! The output stage and its interlock: which change of the lamps is allowed, on the cabinet's own
//! clock and from the cabinet's own copy of the site file.

use super::site::CabinetSite;
use crate::signal::Indication;

/// A time a command is checked for may be this much shorter than the file says: commands come
/// every 100 ms and one may travel longer than the next. Milliseconds.
pub(super) const SLACK_MS: u32 = 100;

/// Reject reasons of the map.
pub(super) mod refuse {
    pub(in super::super) const STALE_EPOCH: u16 = 1;
    pub(in super::super) const OLD_SEQUENCE: u16 = 2;
    pub(in super::super) const GUARD: u16 = 3;
    pub(in super::super) const CONFLICT: u16 = 4;
    pub(in super::super) const MINIMUM: u16 = 5;
    pub(in super::super) const CLEARANCE: u16 = 6;
    pub(in super::super) const MANUAL: u16 = 8;
    pub(in super::super) const LATCHED: u16 = 9;
    pub(in super::super) const MALFORMED: u16 = 10;
}

/// One group as it is lit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lit {
    show: Indication,
    since: u64,
    /// When its last green or flashing green ended.
    go_ended: Option<u64>,
}

/// Everything that is lit.
#[derive(Clone, Debug)]
pub(super) struct Lamps {
    lit: Vec<Lit>,
    /// When the last flash or darkness was left for red.
    flash_left: Option<u64>,
}

/// What a command wants each group to show.
pub(super) type Picture = [Indication; 32];

impl Lamps {
    /// All dark since ever.
    pub(super) fn dark(count: usize) -> Self {
        let lit = Lit {
            show: Indication::Dark,
            since: 0,
            go_ended: None,
        };
        Self {
            lit: vec![lit; count],
            flash_left: None,
        }
    }

    pub(super) fn show(&self, group: usize) -> Indication {
        self.lit.get(group).map_or(Indication::Dark, |lit| lit.show)
    }

    pub(super) fn picture(&self) -> Picture {
        core::array::from_fn(|group| self.show(group))
    }

    pub(super) fn all(&self, show: Indication) -> bool {
        self.lit.iter().all(|lit| lit.show == show)
    }

    pub(super) fn set(&mut self, group: usize, show: Indication, now: u64) {
        let Some(lit) = self.lit.get_mut(group) else {
            return;
        };
        if lit.show == show {
            return;
        }
        if lit.show.is_go() && !show.is_go() {
            lit.go_ended = Some(now);
        }
        if is_flash_or_dark(lit.show) && show == Indication::Red {
            self.flash_left = Some(now);
        }
        lit.show = show;
        lit.since = now;
    }

    /// Lights a whole picture without asking the interlock: for flash and darkness only.
    pub(super) fn force(&mut self, site: &CabinetSite, flash: bool, now: u64) {
        for (group, head) in site.heads.iter().enumerate() {
            let show = if flash && !head.is_walk() {
                Indication::FlashingAmber
            } else {
                Indication::Dark
            };
            self.set(group, show, now);
        }
    }

    /// Whether `wanted` may be lit now, with every time checked less the slack.
    ///
    /// # Errors
    /// The reject reason of the map.
    pub(super) fn check(&self, site: &CabinetSite, wanted: &Picture, now: u64) -> Result<(), u16> {
        let count = site.heads.len();
        let beyond = wanted.iter().skip(count);
        if beyond.into_iter().any(|show| *show != Indication::Dark) {
            return Err(refuse::MALFORMED);
        }
        let wanted = &wanted[..count];
        if wanted.iter().all(|show| is_flash_or_dark(*show)) {
            return Ok(());
        }
        if wanted.iter().any(|show| is_flash_or_dark(*show)) {
            return Err(refuse::MALFORMED);
        }
        for (group, show) in wanted.iter().enumerate() {
            for (other, its) in wanted.iter().enumerate().skip(group + 1) {
                if show.is_go() && its.is_go() && site.hostile(group, other) {
                    return Err(refuse::CONFLICT);
                }
            }
        }
        for (group, show) in wanted.iter().enumerate() {
            self.may_change(site, group, *show, now)?;
            self.may_start(site, wanted, group, (now, SLACK_MS))?;
        }
        Ok(())
    }

    /// Whether one group may go over to `show`, by its own times alone.
    fn may_change(
        &self,
        site: &CabinetSite,
        group: usize,
        show: Indication,
        now: u64,
    ) -> Result<(), u16> {
        use Indication::{
            Amber, Dark, FlashingAmber, FlashingGreen, FlashingRed, Green, Red, RedAmber,
        };
        let (Some(lit), Some(head)) = (self.lit.get(group), site.heads.get(group)) else {
            return Err(refuse::MALFORMED);
        };
        if lit.show == show {
            return Ok(());
        }
        let lasted = |needed: u32, reason: u16| {
            let elapsed = now.saturating_sub(lit.since) + u64::from(SLACK_MS);
            if elapsed >= u64::from(needed) {
                Ok(())
            } else {
                Err(reason)
            }
        };
        match (lit.show, show) {
            (Red, RedAmber) if head.red_amber > 0 => lasted(head.red_min, refuse::MINIMUM),
            (Red, Green) if head.red_amber == 0 => lasted(head.red_min, refuse::MINIMUM),
            (RedAmber, Green) => lasted(head.red_amber, refuse::CLEARANCE),
            (Green, FlashingGreen) if head.flashing > 0 => lasted(head.green_min, refuse::MINIMUM),
            (Green, Amber) if head.flashing == 0 => lasted(head.green_min, refuse::MINIMUM),
            (Green, Red) if head.flashing == 0 && head.amber == 0 => {
                lasted(head.green_min, refuse::MINIMUM)
            }
            (FlashingGreen, Amber) => lasted(head.flashing, refuse::CLEARANCE),
            (FlashingGreen, Red) if head.amber == 0 => lasted(head.flashing, refuse::CLEARANCE),
            (Amber, Red) => lasted(head.amber, refuse::CLEARANCE),
            (RedAmber | Dark | FlashingAmber | FlashingRed, Red) => Ok(()),
            _ => Err(refuse::CLEARANCE),
        }
    }

    /// Whether one group may have green or red-amber, by the others' ends and the last flash;
    /// times may be short by the slack.
    fn may_start(
        &self,
        site: &CabinetSite,
        wanted: &[Indication],
        group: usize,
        (now, slack): (u64, u32),
    ) -> Result<(), u16> {
        let (Some(show), Some(head)) = (wanted.get(group), site.heads.get(group)) else {
            return Ok(());
        };
        let lead = match show {
            Indication::Green => 0,
            Indication::RedAmber => head.red_amber,
            _ => return Ok(()),
        };
        if self.show(group) == *show {
            return Ok(());
        }
        let slack = u64::from(slack) + u64::from(lead);
        if let Some(left) = self.flash_left
            && now + slack < left + u64::from(site.start_red)
        {
            return Err(refuse::CLEARANCE);
        }
        for (other, lit) in self.lit.iter().enumerate() {
            let Some(needed) = site.between(other, group).filter(|_| other != group) else {
                continue;
            };
            if lit.show.is_go() || wanted.get(other).is_some_and(|show| show.is_go()) {
                return Err(refuse::CONFLICT);
            }
            let ended = lit.go_ended.unwrap_or(0);
            let never = lit.go_ended.is_none();
            if !never && now + slack < ended + u64::from(needed) {
                return Err(refuse::CLEARANCE);
            }
        }
        Ok(())
    }

    /// Walks one step towards exactly the groups of `target` being green, by full times.
    pub(super) fn walk(&mut self, site: &CabinetSite, target: u32, now: u64) {
        for group in 0..site.heads.len() {
            let wanted = target & super::site::bit(group) != 0;
            if let Some(next) = self.next_aspect(site, group, wanted, now) {
                self.set(group, next, now);
            }
        }
    }

    fn next_aspect(
        &self,
        site: &CabinetSite,
        group: usize,
        wanted: bool,
        now: u64,
    ) -> Option<Indication> {
        use Indication::{
            Amber, Dark, FlashingAmber, FlashingGreen, FlashingRed, Green, Red, RedAmber,
        };
        let (lit, head) = (self.lit.get(group)?, site.heads.get(group)?);
        let elapsed = now.saturating_sub(lit.since);
        let over = |needed: u32| elapsed >= u64::from(needed);
        let start = |show: Indication| {
            let mut picture = self.picture();
            picture[group] = show;
            let free = self.may_start(site, &picture, group, (now, 0)).is_ok();
            (free && over(head.red_min)).then_some(show)
        };
        match lit.show {
            Dark | FlashingAmber | FlashingRed => Some(Red),
            Red if wanted && head.red_amber > 0 => start(RedAmber),
            Red if wanted => start(Green),
            RedAmber if over(head.red_amber) => Some(Green),
            Green if !wanted && over(head.green_min) => Some(if head.flashing > 0 {
                FlashingGreen
            } else if head.amber > 0 {
                Amber
            } else {
                Red
            }),
            FlashingGreen if over(head.flashing) => Some(if head.amber > 0 { Amber } else { Red }),
            Amber if over(head.amber) => Some(Red),
            Red | RedAmber | Green | FlashingGreen | Amber => None,
        }
    }
}

pub(super) const fn is_flash_or_dark(show: Indication) -> bool {
    matches!(
        show,
        Indication::Dark | Indication::FlashingAmber | Indication::FlashingRed
    )
}
