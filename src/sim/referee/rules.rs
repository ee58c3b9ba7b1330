//! The referee's own reading of a site file: names, times and pairs, and nothing else.

use alloc::collections::BTreeMap;

use serde::Deserialize;

/// Why a site file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The text is no TOML, or a key the referee needs is missing or of the wrong type.
    #[error("not a site file: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// A pair speaks of a group the file does not declare.
    #[error("unknown group `{0}`")]
    UnknownGroup(String),
    /// More groups than a cabinet has outputs.
    #[error("{0} groups, at most 32")]
    TooManyGroups(usize),
}

/// What one group owes the street; times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GroupRules {
    pub(super) walkers: bool,
    pub(super) flashing_ms: u64,
    pub(super) amber_ms: u64,
    pub(super) green_ms: u64,
    /// Hostile groups, one bit each.
    pub(super) hostile: u32,
}

/// The rules of one site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteRules {
    id: String,
    pub(super) groups: Vec<GroupRules>,
    /// From the last go aspect of the first group to the first go aspect of the second one.
    pub(super) clearance_ms: BTreeMap<(usize, usize), u64>,
    /// All red before a site leaves its start-up or flash.
    pub(super) all_red_ms: u64,
}

#[derive(Deserialize)]
struct File {
    site: Site,
    group: Vec<Group>,
    #[serde(default)]
    intergreen_s: BTreeMap<String, BTreeMap<String, f64>>,
    #[serde(default)]
    safety: Safety,
}

#[derive(Deserialize)]
struct Site {
    id: String,
}

#[derive(Deserialize)]
struct Group {
    id: String,
    kind: String,
    #[serde(default)]
    flashing_green_s: f64,
    #[serde(default)]
    amber_s: f64,
    #[serde(default)]
    min_green_s: f64,
    #[serde(default)]
    walk_s: f64,
    #[serde(default)]
    clear_s: f64,
}

#[derive(Default, Deserialize)]
struct Safety {
    #[serde(default)]
    startup: Vec<Show>,
}

#[derive(Deserialize)]
struct Show {
    show: String,
    for_s: f64,
}

impl SiteRules {
    /// Reads the text of a `sites/ID.toml`.
    ///
    /// # Errors
    /// What kept the referee from understanding the file. It checks nothing else: that is the
    /// work of `greenwave check`.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let file: File = toml::from_str(text)?;
        if file.group.len() > 32 {
            return Err(RulesError::TooManyGroups(file.group.len()));
        }
        let mut groups: Vec<GroupRules> = file.group.iter().map(rules_of).collect();
        let number = |name: &str| {
            let at = file.group.iter().position(|group| group.id == name);
            at.ok_or_else(|| RulesError::UnknownGroup(name.to_owned()))
        };
        let mut clearance_ms = BTreeMap::new();
        for (from, row) in &file.intergreen_s {
            let from = number(from)?;
            for (to, seconds) in row {
                let to = number(to)?;
                clearance_ms.insert((from, to), millis(*seconds));
                groups[from].hostile |= 1 << to;
                groups[to].hostile |= 1 << from;
            }
        }
        let red = file
            .safety
            .startup
            .iter()
            .find(|step| step.show == "all-red");
        Ok(Self {
            id: file.site.id,
            groups,
            clearance_ms,
            all_red_ms: red.map_or(0, |step| millis(step.for_s)),
        })
    }

    /// The site's id on the drawing.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

fn rules_of(group: &Group) -> GroupRules {
    let walkers = group.kind == "pedestrian";
    let of = |walk, others| millis(if walkers { walk } else { others });
    GroupRules {
        walkers,
        flashing_ms: of(group.clear_s, group.flashing_green_s),
        amber_ms: of(0.0, group.amber_s),
        green_ms: of(group.walk_s, group.min_green_s),
        hostile: 0,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a negative or absurd time saturates, and the file checker refuses it"
)]
fn millis(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}
