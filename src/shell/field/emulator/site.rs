//! What a cabinet knows of its site: its own reading of the site file, in its own words.
//!
//! The reading shares no code with the plan loader, so that a slip there shows as a difference
//! here. It takes only what lamps, clearances and the local programme need.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Why a site file could not be read by a cabinet.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// No valid TOML, or a key is missing or of the wrong type.
    #[error("site file: {0}")]
    Text(#[from] toml::de::Error),
    /// A name that no group has.
    #[error("site file names the unknown group `{0}`")]
    UnknownGroup(String),
    /// A name that no stage has.
    #[error("site file names the unknown stage `{0}`")]
    UnknownStage(String),
    /// A kind of group the cabinet does not know.
    #[error("group `{0}` is of the unknown kind `{1}`")]
    UnknownKind(String, String),
    /// No group at all, or more than the cabinet has outputs for.
    #[error("{0} groups; a cabinet has outputs for 1 to 32")]
    GroupCount(usize),
}

/// One output: three lamps that belong together. Times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// 1 vehicle, 2 arrow, 3 non-motor, 4 pedestrian, 5 waiting area.
    pub(super) kind: u8,
    pub(super) red_amber: u32,
    pub(super) flashing: u32,
    pub(super) amber: u32,
    pub(super) green_min: u32,
    pub(super) red_min: u32,
}

impl Head {
    pub(super) const fn is_walk(&self) -> bool {
        self.kind == 4
    }
}

/// A stage of the local programme: bits of the groups that are green in it.
#[derive(Clone, Debug, Default)]
pub(super) struct LocalStage {
    pub(super) green: u32,
    /// Groups (bit) that start this many milliseconds late.
    pub(super) late: Vec<(u32, u32)>,
}

/// A local programme: stages with how long each lasts, its change included.
#[derive(Clone, Debug)]
pub(super) struct Programme {
    pub(super) steps: Vec<(usize, u32)>,
    pub(super) fixed: bool,
}

/// A site as its cabinet knows it.
#[derive(Clone, Debug)]
pub struct CabinetSite {
    pub(super) id: String,
    pub(super) heads: Vec<Head>,
    /// Row, column: from the end of the row's green to the start of the column's green; none if
    /// the two are not hostile.
    pub(super) clearance: Vec<Vec<Option<u32>>>,
    pub(super) stages: Vec<LocalStage>,
    pub(super) programmes: Vec<Programme>,
    pub(super) start_flash: u32,
    pub(super) start_red: u32,
    pub(super) red_loss_flashes: bool,
}

impl CabinetSite {
    /// Reads a site file (`docs/operating/city-folder.md`).
    ///
    /// # Errors
    /// When the text does not tell the cabinet what it needs.
    pub fn parse(text: &str) -> Result<Self, SiteError> {
        let raw: RawSite = toml::from_str(text)?;
        let count = raw.group.len();
        if count == 0 || count > 32 {
            return Err(SiteError::GroupCount(count));
        }
        let index = |name: &str| {
            let at = raw.group.iter().position(|group| group.id == name);
            at.ok_or_else(|| SiteError::UnknownGroup(name.to_owned()))
        };
        let mut heads = Vec::with_capacity(count);
        for group in &raw.group {
            heads.push(head(group)?);
        }
        let mut clearance = vec![vec![None; count]; count];
        for (from, row) in &raw.intergreen_s {
            let from = index(from)?;
            for (to, seconds) in row {
                clearance[from][index(to)?] = Some(ms(*seconds));
            }
        }
        let mut stages = Vec::with_capacity(raw.stage.len());
        for stage in &raw.stage {
            let mut made = LocalStage::default();
            for name in &stage.green {
                made.green |= bit(index(name)?);
            }
            for (name, seconds) in &stage.late_start_s {
                made.late.push((bit(index(name)?), ms(*seconds)));
            }
            stages.push(made);
        }
        let mut site = Self {
            id: raw.site.id.clone(),
            heads,
            clearance,
            stages,
            programmes: Vec::new(),
            start_flash: raw.safety.start_up("flash-amber", 10_000),
            start_red: raw.safety.start_up("all-red", 5_000),
            red_loss_flashes: raw.safety.red_lamp_lost != "ignore",
        };
        for plan in &raw.plan {
            site.programmes.push(site.programme(plan, &raw.stage)?);
        }
        Ok(site)
    }

    /// The site's id, as `J07`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Number of groups.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.heads.len()
    }

    /// True if `a` and `b` may never be green together.
    pub(super) fn hostile(&self, a: usize, b: usize) -> bool {
        self.between(a, b).is_some() || self.between(b, a).is_some()
    }

    /// Time from the end of `from`'s green to the start of `to`'s; none if they are not hostile.
    /// A pair given one way only is held both ways, with the time that is there.
    pub(super) fn between(&self, from: usize, to: usize) -> Option<u32> {
        let cell = |a: usize, b: usize| self.clearance.get(a)?.get(b).copied().flatten();
        cell(from, to).or_else(|| cell(to, from))
    }

    /// `CONFIG_HASH`, from this reading of the file.
    #[must_use]
    pub fn config_hash(&self) -> u32 {
        let mut message: Vec<u8> = Vec::new();
        message.push(u8::try_from(self.heads.len()).unwrap_or(0));
        for head in &self.heads {
            message.push(head.kind);
            message.extend_from_slice(&head.red_amber.to_be_bytes());
            message.extend_from_slice(&head.flashing.to_be_bytes());
            message.extend_from_slice(&head.amber.to_be_bytes());
        }
        for from in 0..self.heads.len() {
            for to in 0..self.heads.len() {
                if let Some(time) = self.between(from, to) {
                    message.push(u8::try_from(from).unwrap_or(0));
                    message.push(u8::try_from(to).unwrap_or(0));
                    message.extend_from_slice(&time.to_be_bytes());
                }
            }
        }
        checksum(&message)
    }

    fn programme(&self, plan: &RawPlan, stages: &[RawStage]) -> Result<Programme, SiteError> {
        let mut steps = Vec::with_capacity(plan.sequence.len());
        for name in &plan.sequence {
            let at = stages.iter().position(|stage| &stage.id == name);
            let at = at.ok_or_else(|| SiteError::UnknownStage(name.clone()))?;
            let split = plan.split_s.get(name).map(|seconds| ms(*seconds));
            steps.push((at, split.unwrap_or_else(|| self.shortest(at))));
        }
        Ok(Programme {
            steps,
            fixed: plan.mode != "actuated",
        })
    }

    /// A stage without a split in the file lasts its longest minimum and ten seconds for the change.
    fn shortest(&self, stage: usize) -> u32 {
        let green = self.stages.get(stage).map_or(0, |stage| stage.green);
        let heads = self.heads.iter().enumerate();
        let needs = heads
            .filter(|(at, _)| green & bit(*at) != 0)
            .map(|(_, head)| head.green_min + head.flashing);
        needs.max().unwrap_or(0) + 10_000
    }
}

pub(super) const fn bit(group: usize) -> u32 {
    if group < 32 { 1 << group } else { 0 }
}

/// CRC-32 of Ethernet, byte by byte from a table made on the spot.
fn checksum(message: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|start| {
            let mut value = start;
            for _ in 0..8 {
                let carry = value & 1 == 1;
                value >>= 1;
                if carry {
                    value ^= 0xEDB8_8320;
                }
            }
            value
        })
        .collect();
    let mut crc = 0xFFFF_FFFF_u32;
    for byte in message {
        let at = usize::from(crc.to_le_bytes()[0] ^ byte);
        crc = (crc >> 8) ^ table[at];
    }
    crc ^ 0xFFFF_FFFF
}

fn head(group: &RawGroup) -> Result<Head, SiteError> {
    let kind = match group.kind.as_str() {
        "vehicle" => 1,
        "arrow" => 2,
        "non-motor" => 3,
        "pedestrian" => 4,
        "waiting-area" => 5,
        other => {
            let (id, kind) = (group.id.clone(), other.to_owned());
            return Err(SiteError::UnknownKind(id, kind));
        }
    };
    let walk = kind == 4;
    Ok(Head {
        kind,
        red_amber: ms(group.red_amber_s),
        flashing: ms(if walk {
            group.clear_s
        } else {
            group.flashing_green_s
        }),
        amber: if walk {
            0
        } else {
            ms(group.amber_s.unwrap_or(3.0))
        },
        green_min: ms(group
            .min_green_s
            .unwrap_or(if walk { group.walk_s } else { 5.0 })),
        red_min: ms(group.min_red_s),
    })
}

/// Seconds of the file as milliseconds; nothing negative, nothing above a day.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to 0..86,400,000 first"
)]
fn ms(seconds: f64) -> u32 {
    (seconds * 1000.0).round().clamp(0.0, 86_400_000.0) as u32
}

#[derive(Deserialize)]
struct RawSite {
    site: RawHeader,
    #[serde(default)]
    group: Vec<RawGroup>,
    #[serde(default)]
    intergreen_s: BTreeMap<String, BTreeMap<String, f64>>,
    #[serde(default)]
    stage: Vec<RawStage>,
    #[serde(default)]
    plan: Vec<RawPlan>,
    #[serde(default)]
    safety: RawSafety,
}

#[derive(Deserialize)]
struct RawHeader {
    id: String,
}

#[derive(Deserialize)]
struct RawGroup {
    id: String,
    kind: String,
    #[serde(default)]
    red_amber_s: f64,
    #[serde(default)]
    flashing_green_s: f64,
    amber_s: Option<f64>,
    min_green_s: Option<f64>,
    #[serde(default)]
    min_red_s: f64,
    #[serde(default)]
    walk_s: f64,
    #[serde(default)]
    clear_s: f64,
}

#[derive(Deserialize)]
struct RawStage {
    id: String,
    #[serde(default)]
    green: Vec<String>,
    #[serde(default)]
    late_start_s: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct RawPlan {
    #[serde(default)]
    mode: String,
    #[serde(default)]
    sequence: Vec<String>,
    #[serde(default)]
    split_s: BTreeMap<String, f64>,
}

#[derive(Deserialize, Default)]
struct RawSafety {
    #[serde(default)]
    startup: Vec<RawShow>,
    #[serde(default)]
    red_lamp_lost: String,
}

#[derive(Deserialize)]
struct RawShow {
    show: String,
    for_s: f64,
}

impl RawSafety {
    fn start_up(&self, show: &str, otherwise: u32) -> u32 {
        let entry = self.startup.iter().find(|entry| entry.show == show);
        entry.map_or(otherwise, |entry| ms(entry.for_s))
    }
}
