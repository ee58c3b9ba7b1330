//! A program whose wall clock is an hour ahead: a small library, loaded before the C library, moves
//! what the program reads as the time of day. The program is the one that is shipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// How far ahead; `clock_ahead.c` says the same.
pub(super) const AHEAD_S: i64 = 3_600;
/// The answer's clock may differ by this much, seconds.
const SLACK_S: i64 = 60;

/// Builds the library into `folder` with the C compiler that Rust links with.
pub(super) fn ahead(folder: &Path) -> Result<PathBuf, String> {
    let (source, library) = (folder.join("clock_ahead.c"), folder.join("clock_ahead.so"));
    fs::write(&source, include_str!("clock_ahead.c")).map_err(|why| why.to_string())?;
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .output()
        .map_err(|why| format!("cc: {why}; install a C compiler"))?;
    if built.status.success() {
        return library.canonicalize().map_err(|why| why.to_string());
    }
    Err(format!("cc: {}", String::from_utf8_lossy(&built.stderr)))
}

/// True if the `Date` of an answer is ahead of this machine's clock as it should be.
pub(super) fn is_ahead(date: &str) -> bool {
    let Ok(there) = rfc2822::parse(date) else {
        return false;
    };
    let ahead_s = there.timestamp().as_second() - Timestamp::now().as_second();
    (ahead_s - AHEAD_S).abs() < SLACK_S
}
