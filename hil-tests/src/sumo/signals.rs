//! The change from one stage to another, the same for every rule that is compared.

use super::roads::Signal;

/// What every signal owes the street, seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    /// Shortest green.
    pub min_green_s: u32,
    /// Yellow.
    pub yellow_s: u32,
    /// Red for everybody who changes.
    pub all_red_s: u32,
}

/// The rules a comparison is held by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rules {
    /// RESCO's: no all-red.
    Resco,
    /// The field's: 1 s all-red.
    Field,
}

impl Rules {
    /// The rules of this name.
    ///
    /// # Errors
    /// There are none, in a sentence.
    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "resco" => Ok(Self::Resco),
            "field" => Ok(Self::Field),
            other => Err(format!("no rules `{other}`: resco or field")),
        }
    }

    /// Their name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resco => "resco",
            Self::Field => "field",
        }
    }

    /// The times they ask for.
    #[must_use]
    pub const fn timing(self) -> Timing {
        let all_red_s = match self {
            Self::Resco => 0,
            Self::Field => 1,
        };
        Timing {
            min_green_s: 7,
            yellow_s: 3,
            all_red_s,
        }
    }
}

/// A change on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    to: usize,
    since: u32,
}

/// One signal's lamps.
#[derive(Clone, Debug)]
pub struct Driver {
    stages: Vec<String>,
    timing: Timing,
    current: usize,
    green_since: u32,
    change: Option<Change>,
}

impl Driver {
    /// A signal that shows its first stage from `now` on.
    #[must_use]
    pub fn new(signal: &Signal, timing: Timing, now: u32) -> Self {
        Self {
            stages: signal.stages.clone(),
            timing,
            current: 0,
            green_since: now,
            change: None,
        }
    }

    /// The stage that is green, if none is on its way out.
    #[must_use]
    pub fn green(&self) -> Option<usize> {
        self.change.is_none().then_some(self.current)
    }

    /// How long the stage has been green.
    #[must_use]
    pub const fn green_s(&self, now: u32) -> u32 {
        now.saturating_sub(self.green_since)
    }

    /// True if a rule may choose now.
    #[must_use]
    pub fn may_change(&self, now: u32) -> bool {
        self.change.is_none()
            && self.stages.len() > 1
            && self.green_s(now) >= self.timing.min_green_s
    }

    /// How long a change to `stage` takes.
    #[must_use]
    pub fn change_s(&self, stage: usize) -> u32 {
        let loses = self.pairs(stage).any(|(old, new)| goes(old) && !goes(new));
        if loses {
            self.timing.yellow_s + self.timing.all_red_s
        } else {
            0
        }
    }

    fn pairs(&self, stage: usize) -> impl Iterator<Item = (char, char)> + '_ {
        let of = |at: usize| self.stages.get(at).map_or("", String::as_str).chars();
        of(self.current).zip(of(stage))
    }

    /// Begins the change to `stage`.
    pub fn change_to(&mut self, stage: usize, now: u32) {
        if stage != self.current && stage < self.stages.len() && self.change.is_none() {
            self.change = Some(Change {
                to: stage,
                since: now,
            });
        }
    }

    /// The letters of the second that begins at `now`.
    pub fn show(&mut self, now: u32) -> String {
        let Some(change) = self.change else {
            return self.stages.get(self.current).cloned().unwrap_or_default();
        };
        let gone = now.saturating_sub(change.since);
        if gone >= self.change_s(change.to) {
            self.current = change.to;
            self.green_since = now;
            self.change = None;
            return self.show(now);
        }
        let yellow = gone < self.timing.yellow_s;
        self.pairs(change.to)
            .map(|(old, new)| match (goes(old), goes(new)) {
                (true, true) => old,
                (true, false) if yellow => 'y',
                _ => 'r',
            })
            .collect()
    }
}

const fn goes(letter: char) -> bool {
    matches!(letter, 'G' | 'g')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn driver(stages: &[&str], rules: Rules) -> Driver {
        let signal = Signal {
            id: "x".to_owned(),
            links: Vec::new(),
            lanes: Vec::new(),
            width: 4,
            stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
        };
        Driver::new(&signal, rules.timing(), 100)
    }

    #[test]
    fn who_loses_green_sees_yellow_and_who_keeps_it_sees_nothing() {
        let mut driver = driver(&["GGgr", "GrrG"], Rules::Field);
        assert!(!driver.may_change(106) && driver.may_change(107));
        driver.change_to(1, 107);
        let shown: Vec<String> = (107..112).map(|now| driver.show(now)).collect();
        assert_eq!(shown, ["Gyyr", "Gyyr", "Gyyr", "Grrr", "GrrG"]);
        assert_eq!(driver.green_s(112), 1);
    }

    #[test]
    fn a_change_in_which_nobody_loses_green_takes_no_time() {
        let mut driver = driver(&["Grrr", "GGrr"], Rules::Field);
        driver.change_to(1, 120);
        assert_eq!(driver.show(120), "GGrr");
        assert_eq!(driver.change_s(0), 4);
    }
}
