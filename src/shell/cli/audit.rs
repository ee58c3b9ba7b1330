//! `greenwave audit`: is the record of who did what still as it was written?

use std::path::Path;

use serde_json::json;

use super::Failure;
use super::args::{AuditExport, AuditVerify};
use super::out::{say, warn};
use crate::shell::store::audit::{export as copy, heads_file, records_file, verify as judge};

pub(super) fn verify(options: &AuditVerify) -> Result<(), Failure> {
    let heads = options.heads.clone();
    let heads = heads.unwrap_or_else(|| heads_file(&options.file));
    let found = judge(&options.file, &heads, options.key.as_deref());
    let found = found.map_err(|why| Failure::runtime(&why))?;
    let found = match found {
        Ok(found) => found,
        Err(bad) => {
            if options.json {
                say(&json!({ "whole": false, "why": bad.to_string() }).to_string());
            } else {
                say(&format!("{}: {bad}", options.file.display()));
            }
            return Err(Failure::Findings);
        }
    };
    let unsigned = found.records.saturating_sub(found.signed);
    if options.json {
        let told = json!({ "whole": true, "records": found.records, "heads": found.heads,
            "signed": found.signed, "key": found.key });
        say(&told.to_string());
        return Ok(());
    }
    say(&format!(
        "{}: {} records, whole and in order; {} heads signed by {}",
        options.file.display(),
        found.records,
        found.heads,
        found.key
    ));
    if unsigned > 0 {
        warn(&format!(
            "no head speaks for the last {unsigned} records: somebody could cut them off unseen"
        ));
    }
    if options.key.is_none() {
        warn("the key was taken from the heads file itself; name the one you trust with --key");
    }
    Ok(())
}

pub(super) fn export(options: &AuditExport) -> Result<(), Failure> {
    let file = records_file(&options.data.join("audit"));
    match copy(&file, &options.out).map_err(|why| Failure::runtime(&why))? {
        Ok(made) => {
            say(&format!(
                "{} records in {}, heads in {}, key {}",
                made.records,
                options.out.display(),
                heads_of(&options.out),
                made.key
            ));
            Ok(())
        }
        Err(bad) => {
            say(&format!("{}: {bad}; nothing was written", file.display()));
            Err(Failure::Findings)
        }
    }
}

fn heads_of(out: &Path) -> String {
    heads_file(out).display().to_string()
}
