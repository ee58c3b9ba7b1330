//! The only place that prints: lines to the standard output, which may be closed at any time.

use std::io::Write;

/// Prints one line; a reader that has left is no failure of ours.
pub(super) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _reader_left = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Prints one line to the standard error.
pub(super) fn warn(line: &str) {
    let mut out = std::io::stderr().lock();
    let _reader_left = writeln!(out, "{line}");
}
