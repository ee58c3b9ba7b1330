//! `greenwave audit`: is the record of who did what still as it was written?

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde_json::json;

use super::Failure;
use super::args::{AuditExport, AuditVerify};
use super::out::{say, warn};
use crate::shell::store::audit::{export as copy, heads_file, records_file, verify_with as judge};
use crate::shell::store::{Records, SignedHead};

/// Copies of heads that are compared: the newest.
const COPIES: u32 = 1024;
/// Longest head that is looked at for its key, bytes.
const LINE_MAX: u64 = 4_096;

pub(super) fn verify(options: &AuditVerify) -> Result<(), Failure> {
    let heads = options.heads.clone();
    let heads = heads.unwrap_or_else(|| heads_file(&options.file));
    let copies = copies(options, &heads)?;
    let found = judge(&options.file, (&heads, &copies), options.key.as_deref());
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
            "copies": found.copies, "signed": found.signed, "key": found.key });
        say(&told.to_string());
        return Ok(());
    }
    say(&format!(
        "{}: {} records, whole and in order; {} heads signed by {}, {} copies of them in the store",
        options.file.display(),
        found.records,
        found.heads,
        found.key,
        found.copies
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

/// The store's copies of heads: what was cut off together with its heads is missed by them. A store
/// that nobody named may be unreadable.
fn copies(options: &AuditVerify, heads: &Path) -> Result<Vec<SignedHead>, Failure> {
    let key = options.key.clone().or_else(|| first_key(heads));
    let read = |store: &Path| Records::heads_in(store, COPIES, key.as_deref());
    if let Some(store) = &options.store {
        return read(store).map_err(|why| Failure::runtime(&why));
    }
    let folder = options.file.parent();
    let data = folder.filter(|folder| folder.ends_with("audit"));
    let store = data.and_then(|folder| Some(folder.parent()?.join("store.sqlite")));
    let Some(store) = store.filter(|store| store.exists()) else {
        return Ok(Vec::new());
    };
    Ok(read(&store).unwrap_or_else(|why| {
        warn(&format!(
            "no copies of heads were compared: {why}; name the store with --store, or judge \
             without it"
        ));
        Vec::new()
    }))
}

/// The key that the first head of a file names.
fn first_key(heads: &Path) -> Option<String> {
    let mut line = String::new();
    let file = BufReader::new(File::open(heads).ok()?);
    file.take(LINE_MAX).read_line(&mut line).ok()?;
    let head: serde_json::Value = serde_json::from_str(&line).ok()?;
    Some(head.get("key")?.as_str()?.to_owned())
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
