//! What can go wrong on a drive.

/// A parked vehicle stands so long, seconds.
pub const PARKED_S: u32 = 120;
/// A cabinet is off line so long, seconds.
pub const OFFLINE_S: u32 = 90;
/// The centre is down so long, seconds.
pub const DOWN_S: u32 = 5;

/// One thing that goes wrong, in the middle of the way where a moment is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Nothing.
    None,
    /// A position only every so many seconds.
    Gps(u32),
    /// Positions come so many seconds late.
    Lag(u32),
    /// Positions are wrong by so many metres.
    Noise(u32),
    /// No positions for so many seconds.
    Loss(u32),
    /// The driver turns off the way and goes on by another one.
    WrongTurn,
    /// The dispatcher ends it.
    Cancel,
    /// The vehicle parks at the side for two minutes.
    Parked,
    /// No position comes any more.
    LostSignOff,
    /// Everything is said twice.
    Duplicate,
    /// Positions of 20 s ago are sent again.
    Replayed,
    /// A cabinet on the way is off line.
    Offline,
    /// The centre is down for some seconds.
    Restart,
}

/// Name, usual number, and the fault with a number.
type Counted = (&'static str, u32, fn(u32) -> Fault);

const PLAIN: [(Fault, &str); 9] = [
    (Fault::None, "none"),
    (Fault::WrongTurn, "wrong-turn"),
    (Fault::Cancel, "cancel"),
    (Fault::Parked, "parked"),
    (Fault::LostSignOff, "lost-signoff"),
    (Fault::Duplicate, "duplicate"),
    (Fault::Replayed, "replayed"),
    (Fault::Offline, "offline"),
    (Fault::Restart, "restart"),
];

impl Fault {
    /// The fault of this name: `gps10`, `lag5`, `noise15` and `loss30` take any number.
    ///
    /// # Errors
    /// There is none, in a sentence.
    pub fn parse(name: &str) -> Result<Self, String> {
        if let Some((found, _)) = PLAIN.iter().find(|(_, known)| *known == name) {
            return Ok(*found);
        }
        let kinds: [Counted; 4] = [
            ("gps", 10, Self::Gps),
            ("lag", 3, Self::Lag),
            ("noise", 15, Self::Noise),
            ("loss", 30, Self::Loss),
        ];
        for (kind, usual, make) in kinds {
            match name.strip_prefix(kind) {
                Some("") => return Ok(make(usual)),
                Some(number) if number.parse::<u32>().is_ok_and(|n| (1..=600).contains(&n)) => {
                    return Ok(make(number.parse().unwrap_or(usual)));
                }
                _ => {}
            }
        }
        let all: Vec<&str> = PLAIN.iter().map(|(_, name)| *name).collect();
        Err(format!(
            "no fault `{name}`: gpsN, lagN, noiseN, lossN, {}",
            all.join(", ")
        ))
    }

    /// Its name.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Gps(n) => format!("gps{n}"),
            Self::Lag(n) => format!("lag{n}"),
            Self::Noise(n) => format!("noise{n}"),
            Self::Loss(n) => format!("loss{n}"),
            other => {
                let known = PLAIN.iter().find(|(fault, _)| *fault == other);
                known.map_or("", |(_, name)| name).to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_name() {
        for name in [
            "none",
            "gps30",
            "lag3",
            "noise15",
            "loss60",
            "wrong-turn",
            "restart",
        ] {
            assert_eq!(Fault::parse(name).unwrap().text(), name);
        }
        assert_eq!(Fault::parse("lag"), Ok(Fault::Lag(3)));
        assert!(Fault::parse("gps0").unwrap_err().contains("lost-signoff"));
    }
}
