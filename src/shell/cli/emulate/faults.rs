//! Cabinets that misbehave on order: `--fault ID=KIND[@SECONDS[..SECONDS]]`.

use std::fmt::Write as _;
use std::time::Duration;

use clap::ValueEnum;

use crate::shell::field::emulator::{CabinetHandle, Faults};
use crate::signal::Indication;

/// Later than a link waits for an answer on either wire.
const LATE: Duration = Duration::from_millis(400);

/// What a cabinet or its wire does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::shell::cli) enum Kind {
    /// Nothing is heard and nothing said, as with a cut cable.
    Silent,
    /// Every answer comes 400 ms late.
    Late,
    /// Commands are taken, answers never come.
    Drop,
    /// Every answer comes twice.
    Duplicate,
    /// Every answer is one word short.
    Short,
    /// Noise instead of answers.
    Noise,
    /// Answers in another unit's name.
    WrongUnit,
    /// FC23 is refused as unknown.
    NoFc23,
    /// Power fails for a moment: once, at the beginning.
    Restart,
    /// A person works the panel; commands are refused.
    Panel,
    /// Two hostile groups are lit green.
    Conflict,
    /// The first group shows green, whatever it is told.
    StuckGreen,
    /// The lamps of the first group stay dark, its red too.
    LampsOut,
}

impl Kind {
    fn word(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn spoil_wire(self, faults: &mut Faults) {
        match self {
            Self::Silent => faults.silent = true,
            Self::Late => faults.delay = LATE,
            Self::Drop => faults.drop_next = u32::MAX,
            Self::Duplicate => faults.duplicate_next = u32::MAX,
            Self::Short => faults.short_next = u32::MAX,
            Self::Noise => faults.noise_next = u32::MAX,
            Self::WrongUnit => faults.wrong_unit_next = u32::MAX,
            Self::NoFc23 => faults.no_fc23 = true,
            Self::Restart | Self::Panel | Self::Conflict | Self::StuckGreen | Self::LampsOut => {}
        }
    }

    /// Faults of the cabinet itself. Who mends its lamps also puts its monitor back.
    fn change_cabinet(self, cabinet: &CabinetHandle, on: bool) {
        match self {
            Self::Restart if on => cabinet.restart(),
            Self::Panel => cabinet.work_panel(on),
            Self::Conflict => cabinet.short_circuit(on),
            Self::StuckGreen => cabinet.stick_lamp(on.then_some((0, Indication::Green))),
            Self::LampsOut => cabinet.stick_lamp(on.then_some((0, Indication::Dark))),
            Self::Silent
            | Self::Late
            | Self::Drop
            | Self::Duplicate
            | Self::Short
            | Self::Noise
            | Self::WrongUnit
            | Self::NoFc23
            | Self::Restart => {}
        }
        let lamps = matches!(self, Self::Conflict | Self::StuckGreen | Self::LampsOut);
        if lamps && !on {
            cabinet.reset_monitor();
        }
    }
}

/// One fault of one cabinet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::shell::cli) struct Order {
    pub(super) site: String,
    kind: Kind,
    /// From when on, after the cabinets are ready.
    from: Duration,
    /// Until when; for ever if nothing is said.
    until: Option<Duration>,
}

impl Order {
    /// Reads `ID=KIND[@SECONDS[..SECONDS]]`.
    pub(in crate::shell::cli) fn parse(text: &str) -> Result<Self, String> {
        let (site, rest) = text.split_once('=').ok_or(
            "write ID=KIND, ID=KIND@SECONDS or ID=KIND@SECONDS..SECONDS, as J05=silent@20..40",
        )?;
        let (word, time) = rest.split_once('@').unwrap_or((rest, "0"));
        let kind = Kind::from_str(word, false).map_err(|_unknown| {
            let words: Vec<String> = Kind::value_variants().iter().map(|k| k.word()).collect();
            format!(
                "no kind of fault \"{word}\"; there are {}",
                words.join(", ")
            )
        })?;
        let seconds = |text: &str| match text.parse::<u32>() {
            Ok(s) => Ok(Duration::from_secs(u64::from(s))),
            Err(_) => Err(format!("\"{text}\" is no whole number of seconds")),
        };
        let (from, until) = match time.split_once("..") {
            Some((from, until)) => (seconds(from)?, Some(seconds(until)?)),
            None => (seconds(time)?, None),
        };
        if until.is_some_and(|until| until <= from) {
            return Err(format!("{time} ends before it begins"));
        }
        if kind == Kind::Restart && until.is_some() {
            return Err("a restart happens once: give one moment".to_owned());
        }
        Ok(Self {
            site: site.to_owned(),
            kind,
            from,
            until,
        })
    }

    fn is_on(&self, at: Duration) -> bool {
        at >= self.from && self.until.is_none_or(|until| at < until)
    }
}

/// The text of `--help`, with every kind there is.
pub(in crate::shell::cli) fn help() -> String {
    let mut text =
        "Make a cabinet misbehave from a moment on, or for a time, in seconds after the \
                    cabinets are ready; may be given many times.\n\nKinds:\n"
            .to_owned();
    for value in Kind::value_variants()
        .iter()
        .filter_map(Kind::to_possible_value)
    {
        let what = value
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        // Writing into a string cannot fail.
        let _written = writeln!(text, "  {:<12} {what}", value.get_name());
    }
    text
}

/// A fault that began or ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) site: String,
    pub(super) fault: String,
    pub(super) on: bool,
}

/// All orders and which of them are in force.
pub(super) struct Schedule {
    orders: Vec<(Order, bool)>,
}

impl Schedule {
    pub(super) fn new(orders: &[Order]) -> Self {
        Self {
            orders: orders.iter().map(|order| (order.clone(), false)).collect(),
        }
    }

    /// Puts the cabinets into the state that is due and tells what changed.
    pub(super) fn look(&mut self, cabinets: &[CabinetHandle], at: Duration) -> Vec<Change> {
        let mut changes = Vec::new();
        for number in 0..self.orders.len() {
            let Some((order, was_on)) = self.orders.get_mut(number) else {
                continue;
            };
            let on = order.is_on(at);
            if on == *was_on {
                continue;
            }
            *was_on = on;
            let (site, kind) = (order.site.clone(), order.kind);
            for cabinet in cabinets.iter().filter(|one| one.site() == site) {
                cabinet.set_faults(self.wire_of(&site));
                kind.change_cabinet(cabinet, on);
            }
            changes.push(Change {
                site,
                fault: kind.word(),
                on,
            });
        }
        changes
    }

    fn wire_of(&self, site: &str) -> Faults {
        let mut faults = Faults::default();
        let here = self
            .orders
            .iter()
            .filter(|(order, on)| *on && order.site == site);
        for (order, _) in here {
            order.kind.spoil_wire(&mut faults);
        }
        faults
    }
}

#[cfg(test)]
mod tests;
