//! The written folder: all of it or nothing, and the network in it if `netconvert` is at hand.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ExportError;
use super::scripts::NETCONVERT;

/// Refuses a folder that holds anything.
///
/// # Errors
/// The folder is not empty, is no folder, or cannot be read.
pub fn refuse_filled(out: &Path) -> Result<(), ExportError> {
    match fs::read_dir(out) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(ExportError::NotEmpty {
                path: out.to_path_buf(),
            }),
        },
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(ExportError::Unreadable {
            path: out.to_path_buf(),
            why,
        }),
    }
}

/// A folder beside the one that is wanted; it takes that one's place once all is in it, and goes
/// away if it never does.
#[derive(Debug)]
pub struct Draft {
    /// Where it is.
    path: PathBuf,
    out: PathBuf,
}

impl Draft {
    /// Makes the folder beside `out`.
    ///
    /// # Errors
    /// `out` holds something already, or nothing can be written beside it.
    pub fn beside(out: &Path) -> Result<Self, ExportError> {
        refuse_filled(out)?;
        let name = out.file_name().map_or_else(
            || "sumo".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        let path = out.with_file_name(format!(".{name}.part-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(unwritable(&path))?;
        Ok(Self {
            path,
            out: out.to_path_buf(),
        })
    }

    /// Where the files are while they are made.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one file; a script may be run.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<(), ExportError> {
        let path = self.path.join(name);
        fs::write(&path, text).map_err(unwritable(&path))?;
        #[cfg(unix)]
        if Path::new(name).extension().is_some_and(|end| end == "sh") {
            use std::os::unix::fs::PermissionsExt as _;
            let may = fs::Permissions::from_mode(0o755);
            fs::set_permissions(&path, may).map_err(unwritable(&path))?;
        }
        Ok(())
    }

    /// Reads one file back.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&self, name: &str) -> Result<String, ExportError> {
        let path = self.path.join(name);
        fs::read_to_string(&path).map_err(|why| ExportError::Unreadable { path, why })
    }

    /// Runs `netconvert` in the folder and tells what it warned of.
    ///
    /// # Errors
    /// It cannot be started, or makes no network.
    pub fn netconvert(&self, program: &Path) -> Result<String, ExportError> {
        // A path is meant from where the person stands, not from inside the draft.
        let full = fs::canonicalize(program).ok();
        let path = full.filter(|_| program.components().count() > 1);
        let run = Command::new(path.as_deref().unwrap_or(program))
            .args(NETCONVERT)
            .current_dir(&self.path)
            .output();
        let done = run.map_err(|why| ExportError::NoNetconvert {
            program: program.to_path_buf(),
            why,
        })?;
        let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        if done.status.success() {
            Ok(said)
        } else {
            Err(ExportError::Refused { said })
        }
    }

    /// Puts the folder where it is wanted.
    ///
    /// # Errors
    /// It cannot be put there.
    pub fn finish(self) -> Result<(), ExportError> {
        fs::rename(&self.path, &self.out).map_err(unwritable(&self.out))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `finish` nothing is there any more; before it, half a folder is worth nothing.
        let _gone = fs::remove_dir_all(&self.path);
    }
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> ExportError {
    let path = path.to_path_buf();
    move |why| ExportError::Unwritable { path, why }
}
