//! One flipped byte, a missing record and a dropped tail are found, and the first bad record is named.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::shell::store::Records;

fn entry(number: u16) -> AuditEntry {
    AuditEntry {
        at_ms: i64::from(number),
        who: "li".to_owned(),
        agency: "ems".to_owned(),
        roles: "dispatcher".to_owned(),
        act: "POST /api/v1/corridors".to_owned(),
        about: format!("corridor {number}"),
        body: String::new(),
        status: 201,
    }
}

struct Kept {
    folder: tempfile::TempDir,
}

impl Kept {
    fn with(records: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::open(folder.path(), None).unwrap();
        for number in 1..=records {
            assert!(log.append(entry(number)));
        }
        drop(log);
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        records_file(self.folder.path())
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.file()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn write(&self, lines: &[String]) {
        fs::write(self.file(), lines.join("\n") + "\n").unwrap();
    }

    fn judge(&self) -> Result<Verified, BadAudit> {
        verify(&self.file(), &heads_file(&self.file()), None).unwrap()
    }
}

#[test]
fn a_whole_audit_is_verified_and_goes_on_after_a_restart() {
    let kept = Kept::with(100);
    let first = kept.judge().unwrap();
    assert_eq!((first.records, first.signed, first.heads), (100, 100, 2));
    let log = AuditLog::open(kept.folder.path(), None).unwrap();
    assert!(log.append(entry(101)));
    assert_eq!(log.after(99, 10).unwrap().len(), 2);
    drop(log);
    let second = kept.judge().unwrap();
    assert_eq!((second.records, second.signed), (101, 101));
    assert_eq!(second.key, first.key);
}

/// Every single byte of the file, one after the other.
#[test]
fn one_flipped_byte_names_the_first_bad_record() {
    let kept = Kept::with(4);
    let whole = fs::read(kept.file()).unwrap();
    let mut record = 1;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(kept.file(), &bytes).unwrap();
        let bad = kept.judge().expect_err("a flipped byte");
        let named = match bad {
            BadAudit::Changed(at) | BadAudit::Unreadable(at) | BadAudit::Unlinked(at) => at,
            BadAudit::Gap { expected, .. } => expected,
            other => panic!("{other}"),
        };
        assert_eq!(named, record, "byte {at}");
        record += u64::from(whole[at] == b'\n');
    }
}

#[test]
fn a_dropped_tail_a_gap_and_a_swap_are_found() {
    let kept = Kept::with(10);
    let lines = kept.lines();
    kept.write(&lines[..7]);
    assert_eq!(
        kept.judge(),
        Err(BadAudit::Cut {
            first: 8,
            signed: 10
        })
    );
    let without = [&lines[..4], &lines[5..]].concat();
    kept.write(&without);
    assert_eq!(
        kept.judge(),
        Err(BadAudit::Gap {
            expected: 5,
            found: 6
        })
    );
    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    kept.write(&swapped);
    assert_eq!(
        kept.judge(),
        Err(BadAudit::Gap {
            expected: 3,
            found: 4
        })
    );
    fs::write(kept.file(), "").unwrap();
    assert_eq!(
        kept.judge(),
        Err(BadAudit::Cut {
            first: 1,
            signed: 10
        })
    );
}

/// Somebody without the key writes a whole new chain: it fits itself, but not the heads.
#[test]
fn a_chain_made_anew_does_not_fit_the_signed_heads() {
    let kept = Kept::with(3);
    let other = Kept::with(3);
    let mut forged = Vec::new();
    let mut prev = record::GENESIS.to_owned();
    for number in 1..=3_u16 {
        let mut entry = entry(number);
        entry.who = "wang".to_owned();
        let made = Record::new(u64::from(number), entry, &prev);
        prev.clone_from(&made.hash);
        forged.push(made.line().trim_end().to_owned());
    }
    kept.write(&forged);
    assert_eq!(kept.judge(), Err(BadAudit::NotTheSigned(3)));
    // With heads of another key the expected key tells.
    let heads = heads_file(&other.file());
    let key = AuditKey::load_or_make(&kept.folder.path().join("audit.key")).unwrap();
    let judged = verify(&other.file(), &heads, Some(&key.public())).unwrap();
    assert_eq!(judged, Err(BadAudit::OtherKey(1)));
}

#[test]
fn a_broken_audit_is_not_gone_on_with_and_not_exported() {
    let kept = Kept::with(5);
    let lines = kept.lines();
    kept.write(&lines[..3]);
    let opened = AuditLog::open(kept.folder.path(), None);
    assert!(matches!(opened, Err(AuditError::Broken { .. })));
    let out = kept.folder.path().join("copy.jsonl");
    assert!(export(&kept.file(), &out).unwrap().is_err());
    assert!(!out.exists());
    kept.write(&lines);
    let copy = export(&kept.file(), &out).unwrap().unwrap();
    assert_eq!(copy.records, 5);
    let judged = verify(&out, &heads_file(&out), Some(&copy.key)).unwrap();
    assert_eq!(judged.unwrap().records, 5);
}

#[test]
fn a_line_that_a_crash_cut_short_goes() {
    let kept = Kept::with(3);
    let mut bytes = fs::read(kept.file()).unwrap();
    bytes.extend(b"{\"seq\":4,\"entry\":{\"at_");
    fs::write(kept.file(), &bytes).unwrap();
    let log = AuditLog::open(kept.folder.path(), None).unwrap();
    assert!(log.append(entry(4)));
    drop(log);
    assert_eq!(kept.judge().unwrap().records, 4);
}

/// Records and heads are cut to the same length: they fit each other, and only the store knows better.
#[test]
fn a_tail_that_was_cut_together_with_its_heads_is_missed_by_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = Records::open(&folder.path().join("store.sqlite")).unwrap();
    let audit = folder.path().join("audit");
    let log = AuditLog::open(&audit, Some(store.clone())).unwrap();
    for number in 1..=3 {
        log.append(entry(number));
    }
    log.seal();
    let (file, heads) = (records_file(&audit), heads_file(&records_file(&audit)));
    let early = (fs::read(&file).unwrap(), fs::read(&heads).unwrap());
    for number in 4..=6 {
        log.append(entry(number));
    }
    drop(log);
    let whole = AuditLog::open(&audit, Some(store.clone())).unwrap();
    let checked = whole.check().unwrap().unwrap();
    assert_eq!((checked.records, checked.heads, checked.copies), (6, 2, 2));
    fs::write(&file, early.0).unwrap();
    fs::write(&heads, early.1).unwrap();
    assert!(
        verify(&file, &heads, None).unwrap().is_ok(),
        "they fit each other"
    );
    let cut = BadAudit::Cut {
        first: 4,
        signed: 6,
    };
    assert_eq!(whole.check().unwrap(), Err(cut.clone()));
    drop(whole);
    let copies = Records::heads_in(&folder.path().join("store.sqlite"), 10, None).unwrap();
    let judged = verify_with(&file, (&heads, &copies), None).unwrap();
    assert_eq!(judged, Err(cut.clone()));
    // Nothing left at all.
    fs::write(&file, "").unwrap();
    fs::write(&heads, "").unwrap();
    let judged = verify_with(&file, (&heads, &copies), None).unwrap();
    let all = BadAudit::Cut {
        first: 1,
        signed: 6,
    };
    assert_eq!(judged, Err(all));
    let opened = AuditLog::open(&audit, Some(store.clone()));
    assert!(matches!(opened, Err(AuditError::Broken { .. })));
    // A copy that was touched is told; an audit that was moved away says nothing of the new one.
    let mut touched = copies.clone();
    touched[0].line = touched[0].line.replacen("\"seq\":3", "\"seq\":2", 1);
    let judged = verify_with(&file, (&heads, &touched), None).unwrap();
    assert_eq!(judged, Err(BadAudit::BadCopy(3)));
    fs::rename(&audit, folder.path().join("audit.broken")).unwrap();
    assert!(AuditLog::open(&audit, Some(store)).is_ok());
}
