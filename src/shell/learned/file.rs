//! The file: one JSON object for what a station keeps and for what `corridor calibrate` hands over.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Errors, Learned};
use crate::corridor::{Calibration, LearnedPace, Pace, Paces};
use crate::network::RoadGraph;
use crate::shell::missions::class_of;

/// Changes with the form of the file.
const VERSION: u32 = 1;
/// A larger file is something else: the most that is ever learned takes a third of it.
pub const FILE_BYTES_MAX: u64 = 32 << 20;

/// The city that a file is of.
#[derive(Clone, Copy, Debug)]
pub struct Town<'a> {
    /// `id` of `city.toml`.
    pub id: &'a str,
    /// Its roads: speeds are kept by their names.
    pub graph: &'a RoadGraph,
}

/// A file that is there and cannot be used; nothing of it was taken.
#[derive(Debug, Error)]
pub enum LearnedError {
    /// It cannot be read.
    #[error(
        "{path}: {why}; previews begin with what the model is off by elsewhere: make the file readable"
    )]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// It is not what it should be.
    #[error(
        "{path}: {why}; previews begin with what the model is off by elsewhere: delete the file, or put \
         one there that `greenwave corridor calibrate --out` wrote"
    )]
    Damaged {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u32,
    city: String,
    emergency: ErrorsForm,
    other: ErrorsForm,
    #[serde(default)]
    speeds: Vec<SpeedForm>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorsForm {
    runs: u32,
    arrivals_per_mille: Vec<i32>,
    prices_per_mille: Vec<i32>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpeedForm {
    road: String,
    class: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hour: Option<u8>,
    early_per_mille: u16,
    middle_per_mille: u16,
    late_per_mille: u16,
    drives: u16,
}

/// Only this much is read of a file of another version.
#[derive(Debug, Deserialize)]
struct Head {
    version: u32,
}

/// What a file says, all of it or nothing; `None` if there is no such file. A road that the city does
/// not have any more is left out.
///
/// # Errors
/// The file is there and cannot be used; the message says how to mend it.
pub fn read(path: &Path, town: Town<'_>) -> Result<Option<(Learned, Paces)>, LearnedError> {
    let unreadable = |why| LearnedError::Unreadable {
        path: path.to_path_buf(),
        why,
    };
    let damaged = |why| LearnedError::Damaged {
        path: path.to_path_buf(),
        why,
    };
    match fs::metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(unreadable(why)),
        Ok(about) if about.len() > FILE_BYTES_MAX => {
            let why = format!("it is larger than {} MiB", FILE_BYTES_MAX >> 20);
            return Err(damaged(why));
        }
        Ok(about) if !about.is_file() => return Err(damaged("it is no file".to_owned())),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    (file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)).map_err(unreadable)?;
    parse(&bytes, town).map(Some).map_err(damaged)
}

fn parse(bytes: &[u8], town: Town<'_>) -> Result<(Learned, Paces), String> {
    let head: Head = serde_json::from_slice(bytes).map_err(|why| why.to_string())?;
    if head.version != VERSION {
        let version = head.version;
        return Err(format!(
            "version {version}, and this program knows {VERSION}"
        ));
    }
    let form: Form = serde_json::from_slice(bytes).map_err(|why| why.to_string())?;
    if form.city != town.id {
        let (city, ours) = (form.city, town.id);
        return Err(format!("it is of the city {city}, and this one is {ours}"));
    }
    let learned = Learned {
        emergency: errors(form.emergency, "emergency")?,
        other: errors(form.other, "other")?,
    };
    let mut speeds = Vec::with_capacity(form.speeds.len());
    for speed in form.speeds {
        let class = class_of(&speed.class)
            .ok_or_else(|| format!("speeds: no class {} of vehicles", speed.class))?;
        if let Some(road) = town.graph.road_by_name(&speed.road) {
            speeds.push(LearnedPace {
                road,
                class,
                hour: speed.hour,
                pace: Pace {
                    early: speed.early_per_mille,
                    middle: speed.middle_per_mille,
                    late: speed.late_per_mille,
                },
                drives: speed.drives,
            });
        }
    }
    let why = "speeds: more than are ever learned, one twice, or a value that no drive teaches";
    let paces = Paces::kept(speeds).ok_or_else(|| why.to_owned())?;
    Ok((learned, paces))
}

fn errors(form: ErrorsForm, kind: &str) -> Result<Errors, String> {
    let known = Calibration::of(form.arrivals_per_mille, form.prices_per_mille);
    let known = known.ok_or_else(|| {
        format!("{kind}: no errors, more than are ever kept, or an arrival that cannot be")
    })?;
    Ok(Errors {
        known,
        runs: form.runs,
    })
}

/// The file's text.
///
/// # Errors
/// The JSON library refuses it, which a test rules out.
pub fn text(learned: &Learned, paces: &Paces, town: Town<'_>) -> serde_json::Result<String> {
    let form = |errors: &Errors| ErrorsForm {
        runs: errors.runs,
        arrivals_per_mille: errors.known.arrivals().to_vec(),
        prices_per_mille: errors.known.prices().to_vec(),
    };
    let speeds = paces.all().filter_map(|one| {
        Some(SpeedForm {
            road: town.graph.road(one.road)?.id.clone(),
            class: one.class.word().to_owned(),
            hour: one.hour,
            early_per_mille: one.pace.early,
            middle_per_mille: one.pace.middle,
            late_per_mille: one.pace.late,
            drives: one.drives,
        })
    });
    let mut text = serde_json::to_string(&Form {
        version: VERSION,
        city: town.id.to_owned(),
        emergency: form(&learned.emergency),
        other: form(&learned.other),
        speeds: speeds.collect(),
    })?;
    text.push('\n');
    Ok(text)
}
