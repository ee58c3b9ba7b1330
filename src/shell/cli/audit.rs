//! `greenwave audit`: is the record of who did what still as it was written?

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde_json::json;

use super::Failure;
use super::args::{AuditExport, AuditVerify};
use super::out::{say, warn};
use crate::shell::store::audit::{
    COPIES, Verified, export as copy, heads_file, records_file, verify_with as judge,
};
use crate::shell::store::{Records, RecordsError, SignedHead};

/// Longest head that is looked at for its key, bytes.
const LINE_MAX: u64 = 4_096;

pub(super) fn verify(options: &AuditVerify) -> Result<(), Failure> {
    let heads = options.heads.clone();
    let heads = heads.unwrap_or_else(|| heads_file(&options.file));
    let copies = copies(options, &heads)?;
    let found = judge(
        &options.file,
        (&heads, &copies.of_key),
        options.key.as_deref(),
    );
    let found = found.map_err(|why| Failure::runtime(&why))?;
    let found = found.map_err(|bad| bad.to_string()).and_then(|found| {
        let Some(other) = &copies.other_key else {
            return Ok(found);
        };
        let why = format!(
            "the newest head that the store knows was signed by another key, {other}: this audit \
             was put in the place of that one"
        );
        // Whoever names the key has judged it; whoever names the store wants to hear it.
        if options.store.is_some() && options.key.is_none() {
            return Err(why);
        }
        warn(&why);
        Ok(found)
    });
    let found = match found {
        Ok(found) => found,
        Err(bad) => {
            if options.json {
                say(&json!({ "whole": false, "why": bad }).to_string());
            } else {
                say(&format!("{}: {bad}", options.file.display()));
            }
            return Err(Failure::Findings);
        }
    };
    tell(options, &found);
    Ok(())
}

/// What a whole audit says of itself.
fn tell(options: &AuditVerify, found: &Verified) {
    if options.json {
        let told = json!({ "whole": true, "records": found.records, "heads": found.heads,
            "copies": found.copies, "signed": found.signed, "key": found.key });
        say(&told.to_string());
        return;
    }
    say(&format!(
        "{}: {} records, whole and in order; {} heads signed by {}, {} copies of them in the store",
        options.file.display(),
        found.records,
        found.heads,
        found.key,
        found.copies
    ));
    let unsigned = found.records.saturating_sub(found.signed);
    if unsigned > 0 {
        warn(&format!(
            "no head speaks for the last {unsigned} records: somebody could cut them off unseen"
        ));
    }
    if options.key.is_none() {
        warn("the key was taken from the heads file itself; name the one you trust with --key");
    }
}

/// What the store knows of heads.
#[derive(Debug, Default)]
struct Copies {
    /// Those that name the audit's key.
    of_key: Vec<SignedHead>,
    /// The key of the newest, if it is another one.
    other_key: Option<String>,
}

/// The store's copies of heads: what was cut off together with its heads is missed by them. A store
/// that nobody named may be unreadable.
fn copies(options: &AuditVerify, heads: &Path) -> Result<Copies, Failure> {
    let key = options.key.clone().or_else(|| first_key(heads));
    let read = |store: &Path| -> Result<Copies, RecordsError> {
        Ok(Copies {
            of_key: Records::heads_in(store, COPIES, key.as_deref())?,
            other_key: other_key(&Records::heads_in(store, 1, None)?, key.as_deref()),
        })
    };
    if let Some(store) = &options.store {
        return read(store).map_err(|why| Failure::runtime(&why));
    }
    let folder = options.file.parent();
    let data = folder.filter(|folder| folder.ends_with("audit"));
    let store = data.and_then(|folder| Some(folder.parent()?.join("store.sqlite")));
    let Some(store) = store.filter(|store| store.exists()) else {
        return Ok(Copies::default());
    };
    Ok(read(&store).unwrap_or_else(|why| {
        warn(&format!(
            "no copies of heads were compared: {why}; name the store with --store, or judge \
             without it"
        ));
        Copies::default()
    }))
}

/// The key of the newest copy, if it is not this one.
fn other_key(newest: &[SignedHead], key: Option<&str>) -> Option<String> {
    let line = &newest.last()?.line;
    let other = key_of(line).unwrap_or_else(|| "which cannot be read".to_owned());
    key.filter(|key| other != *key).map(|_| other)
}

/// The key that the first head of a file names.
fn first_key(heads: &Path) -> Option<String> {
    let mut line = String::new();
    let file = BufReader::new(File::open(heads).ok()?);
    file.take(LINE_MAX).read_line(&mut line).ok()?;
    key_of(&line)
}

fn key_of(line: &str) -> Option<String> {
    let head: serde_json::Value = serde_json::from_str(line).ok()?;
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::shell::store::audit::{AuditEntry, AuditLog};

    /// A data folder with an audit of this many records.
    fn write(data: &Path, records: u16) -> AuditVerify {
        let store = Records::open(&data.join("store.sqlite")).unwrap();
        let log = AuditLog::open(&data.join("audit"), Some(store.clone())).unwrap();
        for number in 0..records {
            assert!(log.append(AuditEntry {
                at_ms: i64::from(number),
                who: "li".to_owned(),
                agency: "ems".to_owned(),
                roles: "dispatcher".to_owned(),
                act: "POST /api/v1/corridors".to_owned(),
                about: String::new(),
                body: String::new(),
                status: 201,
            }));
        }
        let key = log.public_key();
        drop(log);
        assert!(!store.heads(1, Some(&key)).unwrap().is_empty());
        AuditVerify {
            file: records_file(&data.join("audit")),
            heads: None,
            store: None,
            key: None,
            json: false,
        }
    }

    #[test]
    fn an_audit_in_the_place_of_one_that_the_store_knows_is_told() {
        let data = tempfile::tempdir().unwrap();
        let of = |store: &Option<PathBuf>, key: Option<String>| AuditVerify {
            store: store.clone(),
            key,
            ..write(data.path(), 1)
        };
        let store = Some(data.path().join("store.sqlite"));
        write(data.path(), 5);
        assert!(verify(&of(&store, None)).is_ok());
        // Somebody writes it anew under a key of their own; the store stays.
        let (audit, old) = (data.path().join("audit"), data.path().join("old"));
        std::fs::rename(&audit, &old).unwrap();
        let anew = of(&None, None);
        let known = first_key(&heads_file(&records_file(&old))).unwrap();
        let found = copies(&anew, &heads_file(&anew.file)).ok().unwrap();
        assert_eq!(found.other_key, Some(known));
        assert!(verify(&anew).is_ok(), "told, since the store was not named");
        let named = of(&store, None);
        assert!(matches!(verify(&named), Err(Failure::Findings)));
        let key = first_key(&heads_file(&anew.file));
        assert!(
            verify(&of(&store, key)).is_ok(),
            "whoever names the key trusts it"
        );
    }
}
