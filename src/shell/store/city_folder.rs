//! Reads a city folder, from the disk or the demo city inside the program.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use thiserror::Error;

/// The demo city, so that the program runs from anywhere with nothing beside it.
#[derive(RustEmbed)]
#[folder = "signal-plans/ankang-demo/"]
struct DemoCity;

/// Endings of the files a city is made of.
const ENDINGS: [&str; 3] = ["toml", "geojson", "csv"];
/// A city file larger than this is a mistake.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// More files than this are a mistake.
const FILES_MAX: usize = 20_000;

/// A city folder cannot be read.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The folder or a file in it cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// A file is far too large to be what it should be.
    #[error("{path} is larger than {} MiB: is this a city folder?", FILE_BYTES_MAX >> 20)]
    TooLarge {
        /// Which one.
        path: PathBuf,
    },
    /// Far too many files.
    #[error("{path} holds more than {FILES_MAX} files: is this a city folder?")]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
}

/// Every city file below `folder`: path inside the folder with `/`, and its text; sorted by path.
///
/// A byte that is not UTF-8 becomes U+FFFD, which the check of the city refuses where it stands: one
/// file in a wrong encoding does not hide what is wrong with the others.
///
/// # Errors
/// The first file that cannot be opened, or what shows that this is no city folder.
pub fn read_city_folder(folder: &Path) -> Result<Vec<(String, String)>, FolderError> {
    let mut files = Vec::new();
    read_below(folder, folder, &mut files)?;
    files.sort();
    Ok(files)
}

/// The files of the demo city inside the program, sorted by path.
#[must_use]
pub fn demo_city_files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = DemoCity::iter()
        .filter(|name| ENDINGS.iter().any(|ending| name.ends_with(ending)))
        .filter_map(|name| {
            let file = DemoCity::get(&name)?;
            Some((
                name.into_owned(),
                String::from_utf8(file.data.into_owned()).ok()?,
            ))
        })
        .collect();
    files.sort();
    files
}

fn read_below(
    top: &Path,
    folder: &Path,
    files: &mut Vec<(String, String)>,
) -> Result<(), FolderError> {
    let unreadable = |path: &Path| {
        let path = path.to_path_buf();
        move |why| FolderError::Unreadable { path, why }
    };
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let entry = entry.map_err(unreadable(folder))?;
        let path = entry.path();
        let about = fs::metadata(&path).map_err(unreadable(&path))?;
        if about.is_dir() {
            read_below(top, &path, files)?;
        } else if path
            .extension()
            .is_some_and(|e| ENDINGS.iter().any(|ending| e == *ending))
        {
            if about.len() > FILE_BYTES_MAX {
                return Err(FolderError::TooLarge { path });
            }
            if files.len() >= FILES_MAX {
                return Err(FolderError::TooMany {
                    path: top.to_path_buf(),
                });
            }
            let bytes = fs::read(&path).map_err(unreadable(&path))?;
            let inside = path
                .strip_prefix(top)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            files.push((inside.replace('\\', "/"), text));
        }
    }
    Ok(())
}
