//! A copy of a part of the audit for somebody else, with the heads that prove it.

use std::fs;
use std::path::Path;

use super::{AuditError, BadAudit, heads_file, verify};

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Records in the copy.
    pub records: u64,
    /// Key of the heads.
    pub key: String,
}

/// Verifies the audit and copies it whole: a part would prove less than it seems to.
///
/// # Errors
/// A file cannot be used; nothing is written then. A broken audit is not copied.
pub fn export(records: &Path, out: &Path) -> Result<Result<Exported, BadAudit>, AuditError> {
    let heads = heads_file(records);
    let found = match verify(records, &heads, None)? {
        Ok(found) => found,
        Err(bad) => return Ok(Err(bad)),
    };
    let (text, signed) = (
        fs::read(records).map_err(AuditError::file(records))?,
        fs::read(&heads).map_err(AuditError::file(&heads))?,
    );
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).create_new(true);
    for (path, bytes) in [(out.to_path_buf(), text), (heads_file(out), signed)] {
        use std::io::Write as _;
        let written = options.open(&path).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        });
        written.map_err(AuditError::file(&path))?;
    }
    Ok(Ok(Exported {
        records: found.records,
        key: found.key,
    }))
}
