//! The watched folder: which files are whole, and where they go afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::config::Watched;
use super::outbox::make_private;
use super::reading::LONGEST;
use crate::shell::store::write_whole;

/// Files looked at in one go.
const FILES_MAX: usize = 500;
/// A file that is no request after so long is not going to be one, milliseconds.
const PATIENCE_MS: i64 = 10_000;

/// What a file looked like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    bytes: u64,
    changed_ms: i64,
}

/// A file that has not changed for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its name in the folder.
    pub name: String,
    /// Unchanged for so long, milliseconds.
    pub still_ms: i64,
    /// True if it is too large to be a request.
    pub too_large: bool,
}

impl Whole {
    /// True if it has had all the time there is to become a request.
    #[must_use]
    pub const fn had_time(&self) -> bool {
        self.still_ms >= PATIENCE_MS
    }

    /// True for a CSV file.
    #[must_use]
    pub fn is_csv(&self) -> bool {
        self.name.to_lowercase().ends_with(".csv")
    }
}

/// The folder as it was seen last.
#[derive(Debug)]
pub struct Folder {
    drop: PathBuf,
    settle_ms: i64,
    seen: BTreeMap<String, (Look, i64)>,
}

impl Folder {
    /// Opens the folder and makes `done` and `refused` in it.
    ///
    /// # Errors
    /// They cannot be made.
    pub fn open(watched: &Watched) -> io::Result<Self> {
        for inner in ["done", "refused"] {
            make_private(&watched.drop.join(inner))?;
        }
        Ok(Self {
            drop: watched.drop.clone(),
            settle_ms: watched.settle_ms,
            seen: BTreeMap::new(),
        })
    }

    /// Looks at the folder; the files that are whole, by name. Files that are being written are left
    /// alone, and so is everything that does not end in `.json` or `.csv`.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn look(&mut self, now_ms: i64) -> io::Result<Vec<Whole>> {
        let mut now = BTreeMap::new();
        for entry in fs::read_dir(&self.drop)?.take(FILES_MAX) {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // Of a link it is not looked at what it leads to.
            let about = entry.metadata()?;
            if !about.is_file() || !is_request(&name) {
                continue;
            }
            let changed = about.modified()?.duration_since(UNIX_EPOCH);
            let changed = changed.map_or(0, |since| since.as_millis());
            let look = Look {
                bytes: about.len(),
                changed_ms: i64::try_from(changed).unwrap_or(i64::MAX),
            };
            let same = self.seen.get(&name).filter(|(before, _)| *before == look);
            let since = same.map_or(now_ms, |(_, since)| *since);
            now.insert(name, (look, since));
        }
        self.seen = now;
        let still = self.seen.iter().map(|(name, (look, since))| Whole {
            name: name.clone(),
            still_ms: now_ms.saturating_sub(*since),
            too_large: look.bytes > LONGEST,
        });
        Ok(still.filter(|one| one.still_ms >= self.settle_ms).collect())
    }

    /// What a file says.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.drop.join(name))
    }

    /// Moves a file away, with the answer or the reason beside it, which is there first. A file of
    /// that name that is there already stays: `suffix` tells the two apart.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn file_away(
        &mut self,
        name: &str,
        (inner, beside): (&str, &str),
        suffix: &str,
    ) -> io::Result<()> {
        let from = self.drop.join(name);
        if !from.exists() {
            return Ok(());
        }
        let folder = self.drop.join(inner);
        let mut to = folder.join(name);
        if to.exists() {
            let path = Path::new(name);
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let ending = path.extension().unwrap_or_default().to_string_lossy();
            to = folder.join(format!("{stem}-{suffix}.{ending}"));
        }
        let mut reason = to.as_os_str().to_owned();
        reason.push(if inner == "done" {
            ".answer"
        } else {
            ".reason"
        });
        write_whole(Path::new(&reason), format!("{beside}\n").as_bytes())?;
        fs::rename(&from, &to)?;
        self.seen.remove(name);
        Ok(())
    }

    /// Removes what was filed away longer ago than `keep_ms`: old requests hold personal data.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn forget(&self, keep_ms: i64, now_ms: i64) -> io::Result<()> {
        for inner in ["done", "refused"] {
            for entry in fs::read_dir(self.drop.join(inner))? {
                let entry = entry?;
                let changed = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH);
                let changed = changed.map_or(0, |since| since.as_millis());
                let changed = i64::try_from(changed).unwrap_or(i64::MAX);
                if now_ms.saturating_sub(changed) > keep_ms {
                    fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(())
    }
}

fn is_request(name: &str) -> bool {
    let lower = name.to_lowercase();
    let kind = [".json", ".csv"]
        .iter()
        .any(|ending| lower.ends_with(ending));
    kind && !lower.starts_with('.') && !lower.starts_with('~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_once_it_has_not_changed_for_a_while() {
        let place = tempfile::tempdir().unwrap();
        let watched = Watched {
            drop: place.path().to_path_buf(),
            settle_ms: 2_000,
        };
        let mut folder = Folder::open(&watched).unwrap();
        let write = |name: &str, text: &str| fs::write(place.path().join(name), text).unwrap();
        write("a.json", "{");
        write(".b.json", "{}");
        write("c.json.tmp", "{}");
        write("~d.csv", "");
        let names = |folder: &mut Folder, now| -> Vec<String> {
            let whole = folder.look(now).unwrap();
            whole.into_iter().map(|one| one.name).collect()
        };
        assert!(names(&mut folder, 0).is_empty());
        assert!(names(&mut folder, 1_900).is_empty());
        write("a.json", "{}");
        assert!(names(&mut folder, 2_000).is_empty());
        assert!(names(&mut folder, 3_900).is_empty());
        assert_eq!(names(&mut folder, 4_000), ["a.json"]);
        folder.file_away("a.json", ("refused", "why"), "x").unwrap();
        assert!(names(&mut folder, 9_000).is_empty());
        let read = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
        assert_eq!(
            (read("refused/a.json"), read("refused/a.json.reason")),
            ("{}".to_owned(), "why\n".to_owned())
        );
        write("a.json", "{ }");
        folder
            .file_away("a.json", ("refused", "again"), "x")
            .unwrap();
        assert_eq!(read("refused/a-x.json"), "{ }");
        let later = i64::MAX;
        folder.forget(1, later).unwrap();
        assert_eq!(
            fs::read_dir(place.path().join("refused")).unwrap().count(),
            0
        );
    }
}
