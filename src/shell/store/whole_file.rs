//! Files that a break in the middle of writing leaves as they were.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// A file that is there whole or not at all, and that nobody else can read.
///
/// # Errors
/// The disk refuses it.
pub fn write_whole(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}
