//! What a station keeps on its disk beside the journal: accounts, sessions, seen requests, the audit.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::super::Failure;
use super::super::args::TlsOf;
use super::super::out::warn;
use crate::shell::dispatch::tls::{TlsFiles, generated};
use crate::shell::dispatch::{Auth, last_corridor};
use crate::shell::store::Records;
use crate::shell::store::audit::{AuditError, AuditLog};

/// Copies of heads that are put aside at a time with a broken audit.
const COPIES: u32 = 65_536;

/// What is kept.
pub(super) struct Keep {
    pub(super) records: Records,
    pub(super) audit: Arc<AuditLog>,
    pub(super) auth: Arc<Auth>,
    /// No new corridor may have a number up to this.
    pub(super) last_corridor: u32,
}

impl Keep {
    /// Opens store and audit in the data folder.
    pub(super) fn open(data: &Path) -> Result<Self, Failure> {
        let failed = |why: &dyn std::error::Error| Failure::runtime(why);
        let records = Records::open(&data.join("store.sqlite")).map_err(|why| failed(&why))?;
        let auth = Auth::over(records.clone()).map_err(|why| failed(&why))?;
        for (name, role) in auth.clashing().map_err(|why| failed(&why))? {
            warn(&format!(
                "{name} is admin and {} in one, which new accounts may not be: enter two accounts \
                 and disable this one",
                role.name()
            ));
        }
        let now_ms = Timestamp::now().as_millisecond();
        let last_corridor = last_corridor(&records, now_ms).map_err(|why| failed(&why))?;
        Ok(Self {
            audit: Arc::new(audit(&data.join("audit"), &records)?),
            auth: Arc::new(auth),
            last_corridor,
            records,
        })
    }
}

/// The audit; a broken one is put aside untouched, since signals must not wait for its examination.
fn audit(folder: &Path, records: &Records) -> Result<AuditLog, Failure> {
    let opened = AuditLog::open(folder, Some(records.clone()));
    let opened = match opened {
        Err(AuditError::Broken { why, .. }) => {
            let aside = set_aside(folder, records)?;
            warn(&format!(
                "THE AUDIT IS BROKEN: {why}. It was put aside as {} and a new one is begun; have \
                 it examined",
                aside.display()
            ));
            AuditLog::open(folder, Some(records.clone()))
        }
        other => other,
    };
    opened.map_err(|why| Failure::runtime(&why))
}

/// The store's copies of heads go with the audit they belong to: they would speak against the new one.
fn set_aside(folder: &Path, records: &Records) -> Result<PathBuf, Failure> {
    let aside = folder.with_extension(format!("broken-{}", Timestamp::now().as_second()));
    fs::rename(folder, &aside).map_err(|why| Failure::runtime(&why))?;
    let saved = aside.join("store.heads");
    if let Err(why) = move_copies(&saved, records, COPIES) {
        warn(&format!(
            "not all of the store's copies of audit heads were put aside as {}: {why}; the rest \
             stays in the store",
            saved.display()
        ));
    }
    Ok(aside)
}

/// Moves copies of heads out of the store, the newest first: none is forgotten that is not saved.
fn move_copies(
    to: &Path,
    records: &Records,
    at_a_time: u32,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut file = File::create_new(to)?;
    loop {
        let copies = records.heads(at_a_time, None)?;
        let Some(first) = copies.first() else {
            return Ok(());
        };
        let lines: String = copies.iter().flat_map(|copy| [&*copy.line, "\n"]).collect();
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        if records.forget_heads_from(first.seq)? == 0 {
            return Err("they cannot be taken out".into());
        }
    }
}

/// Without TLS nobody can show a certificate: a wish to look at them is not passed over.
fn without_tls(options: &TlsOf) -> Result<Option<TlsFiles>, Failure> {
    let Some(authorities) = &options.client_ca else {
        return Ok(None);
    };
    Err(Failure::Usage(format!(
        "--client-ca {}: client certificates come with TLS only, and it is off; add --tls (or \
         --tls-cert and --tls-key), or leave --client-ca out",
        authorities.display()
    )))
}

/// The TLS files that the command line asks for; made in the data folder if it names none.
pub(in super::super) fn tls_files(
    options: &TlsOf,
    data: &Path,
    host: &str,
) -> Result<Option<TlsFiles>, Failure> {
    let own = options.tls_cert.clone().zip(options.tls_key.clone());
    let made = match own {
        Some((certificate, key)) => TlsFiles {
            certificate,
            key,
            client_ca: None,
        },
        None if options.tls => {
            let names = ["localhost", "127.0.0.1", host].map(str::to_owned);
            let mut names = names.to_vec();
            names.dedup();
            generated(&data.join("tls"), &names).map_err(|why| Failure::runtime(&why))?
        }
        None => return without_tls(options),
    };
    Ok(Some(TlsFiles {
        client_ca: options.client_ca.clone(),
        ..made
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::store::SignedHead;
    use crate::shell::store::audit::records_file;

    #[test]
    fn neither_a_damaged_copy_nor_a_broken_audit_keeps_the_signals_waiting() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("audit");
        let records = Records::open(&data.path().join("store.sqlite")).unwrap();
        let key = audit(&folder, &records).ok().unwrap().public_key();
        records.keep_head(SignedHead {
            seq: 7,
            hash: String::new(),
            line: format!("{key} and nothing that was signed"),
        });
        let asides = || fs::read_dir(data.path()).unwrap().flatten();
        let aside = || asides().find(|one| one.path().join("store.heads").exists());
        assert_eq!(audit(&folder, &records).ok().unwrap().public_key(), key);
        assert!(aside().is_none(), "the audit itself is whole");
        assert_eq!(records.heads(9, Some(&key)).unwrap().len(), 1);
        fs::write(records_file(&folder), "no record\n").unwrap();
        assert_ne!(audit(&folder, &records).ok().unwrap().public_key(), key);
        assert!(records.heads(9, None).unwrap().is_empty());
        let kept = fs::read_to_string(aside().unwrap().path().join("store.heads")).unwrap();
        assert!(kept.starts_with(&key));
    }

    #[test]
    fn no_copy_of_a_head_is_forgotten_that_is_not_saved() {
        let data = tempfile::tempdir().unwrap();
        let records = Records::open(&data.path().join("store.sqlite")).unwrap();
        for seq in 1..=7 {
            records.keep_head(SignedHead {
                seq,
                hash: String::new(),
                line: format!("head {seq}"),
            });
        }
        let left = || records.heads(99, None).unwrap().len();
        let to = data.path().join("store.heads");
        fs::write(&to, "of an earlier one").unwrap();
        for nowhere in [&to, &data.path().join("missing/store.heads")] {
            assert!(move_copies(nowhere, &records, 3).is_err());
            assert_eq!(left(), 7);
        }
        fs::remove_file(&to).unwrap();
        move_copies(&to, &records, 3).unwrap();
        assert_eq!(left(), 0);
        let saved = fs::read_to_string(&to).unwrap();
        assert_eq!(saved.lines().count(), 7);
        assert!((1..=7).all(|seq| saved.contains(&format!("head {seq}\n"))));
    }
}
