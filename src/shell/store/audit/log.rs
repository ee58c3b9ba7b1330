//! The end that is written: appends, waits for the disk, signs heads.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::key::AuditKey;
use super::record::{AuditEntry, GENESIS, Record};
use super::verify::{is_signed_copy, read_records};
use super::{AuditError, BadAudit, COPIES, Verified, heads_file, records_file, verify_with};
use crate::shell::store::{Records, SignedHead};

/// Records that are kept in memory while the disk refuses them.
const WAITING_MAX: usize = 4096;
/// A head is signed at the latest after this many records; the API also signs every few seconds.
const RECORDS_PER_HEAD: u64 = 64;

/// A file that is handed over at once has at most so many bytes.
const COPY_MAX: u64 = 64 * 1024 * 1024;

/// An open audit.
#[derive(Debug)]
pub struct AuditLog {
    inner: Mutex<Inner>,
    path: PathBuf,
}

#[derive(Debug)]
struct Inner {
    records: File,
    /// Length of the records file that is known to be whole; a torn line is cut back to it.
    whole: u64,
    heads: File,
    key: AuditKey,
    copy: Option<Records>,
    seq: u64,
    hash: String,
    signed: u64,
    /// Lines that the disk has not taken.
    waiting: VecDeque<String>,
    lost: u64,
}

impl AuditLog {
    /// Opens the audit in `folder`; what is there is verified first, since nobody may go on from a broken chain.
    ///
    /// # Errors
    /// See [`AuditError`].
    pub fn open(folder: &Path, copy: Option<Records>) -> Result<Self, AuditError> {
        fs::create_dir_all(folder).map_err(AuditError::file(folder))?;
        let key = AuditKey::load_or_make(&folder.join("audit.key"))?;
        let path = records_file(folder);
        let heads_path = heads_file(&path);
        let records = append(&path).map_err(AuditError::file(&path))?;
        let heads = append(&heads_path).map_err(AuditError::file(&heads_path))?;
        cut_torn_line(&path, &records).map_err(AuditError::file(&path))?;
        let copies = whole(copies(copy.as_ref(), &key.public()));
        let found = verify_with(&path, (&heads_path, &copies), Some(&key.public()))?;
        let found = found.map_err(|why| AuditError::Broken {
            path: path.clone(),
            why,
        })?;
        let whole = records.metadata().map_err(AuditError::file(&path))?.len();
        let inner = Inner {
            records,
            whole,
            heads,
            key,
            copy,
            seq: found.records,
            hash: if found.records == 0 {
                GENESIS.to_owned()
            } else {
                found.hash
            },
            signed: found.signed,
            waiting: VecDeque::new(),
            lost: 0,
        };
        Ok(Self {
            inner: Mutex::new(inner),
            path,
        })
    }

    /// Appends a record and waits until the disk has it. False if the disk refuses: the record then waits in
    /// memory and is tried again with the next one.
    pub fn append(&self, entry: AuditEntry) -> bool {
        let mut inner = self.inner();
        let record = Record::new(inner.seq + 1, entry, &inner.hash);
        inner.seq = record.seq;
        inner.hash.clone_from(&record.hash);
        if inner.waiting.len() >= WAITING_MAX {
            inner.waiting.pop_front();
            inner.lost += 1;
        }
        inner.waiting.push_back(record.line());
        let written = inner.write_waiting();
        if written && inner.seq - inner.signed >= RECORDS_PER_HEAD {
            inner.seal();
        }
        written
    }

    /// Signs the last record, if it has not been signed.
    pub fn seal(&self) {
        let mut inner = self.inner();
        if inner.write_waiting() && inner.signed < inner.seq {
            inner.seal();
        }
    }

    /// True while every record is on the disk.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let inner = self.inner();
        inner.waiting.is_empty() && inner.lost == 0
    }

    /// The key that verifiers are told.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.inner().key.public()
    }

    /// Records after number `after`, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn after(&self, after: u64, most: usize) -> Result<Vec<Record>, AuditError> {
        self.select(most, false, |record| record.seq > after)
    }

    /// At most `most` of the wanted records, oldest first: the oldest, or the newest.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn select(
        &self,
        most: usize,
        newest: bool,
        wants: impl Fn(&Record) -> bool,
    ) -> Result<Vec<Record>, AuditError> {
        let records = read_records(&self.path).map_err(AuditError::file(&self.path))?;
        let wanted = records.filter_map(Result::ok).filter(wants);
        if !newest {
            return Ok(wanted.take(most).collect());
        }
        let mut last = VecDeque::new();
        for record in wanted {
            if last.len() >= most {
                last.pop_front();
            }
            last.push_back(record);
        }
        Ok(last.into())
    }

    /// Verifies the records and heads as they stand on the disk.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn check(&self) -> Result<Result<Verified, BadAudit>, AuditError> {
        self.seal();
        let key = self.public_key();
        let copy = self.inner().copy.clone();
        let copies = copies(copy.as_ref(), &key);
        verify_with(&self.path, (&heads_file(&self.path), &copies), Some(&key))
    }

    /// The records file; nothing if it is too large to be handed over at once.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn copy_of_records(&self) -> Result<Option<Vec<u8>>, AuditError> {
        self.seal();
        copy_of(&self.path)
    }

    /// The heads file, likewise.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn copy_of_heads(&self) -> Result<Option<Vec<u8>>, AuditError> {
        copy_of(&heads_file(&self.path))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whatever was appended is signed before the program ends.
impl Drop for AuditLog {
    fn drop(&mut self) {
        self.seal();
    }
}

impl Inner {
    fn write_waiting(&mut self) -> bool {
        if self.waiting.is_empty() {
            return true;
        }
        let lines: String = self.waiting.iter().map(String::as_str).collect();
        let wrote = self
            .records
            .write_all(lines.as_bytes())
            .and_then(|()| self.records.sync_data());
        match wrote {
            Ok(()) => {
                self.whole += u64::try_from(lines.len()).unwrap_or(0);
                self.waiting.clear();
                true
            }
            Err(why) => {
                // Half a line would break the chain when the disk takes lines again.
                let cut = self.records.set_len(self.whole);
                tracing::error!(%why, cut = cut.is_ok(), waiting = self.waiting.len(), "the audit cannot be written");
                false
            }
        }
    }

    fn seal(&mut self) {
        let at_ms = jiff::Timestamp::now().as_millisecond();
        let head = self.key.sign(self.seq, &self.hash, at_ms);
        let line = head.line();
        let wrote = self
            .heads
            .write_all(line.as_bytes())
            .and_then(|()| self.heads.sync_data());
        if let Err(why) = wrote {
            tracing::error!(%why, "a signed audit head cannot be written");
            return;
        }
        self.signed = self.seq;
        if let Some(copy) = &self.copy {
            copy.keep_head(SignedHead {
                seq: head.seq,
                hash: head.hash,
                line: line.trim_end().to_owned(),
            });
        }
    }
}

/// The store's copies of heads of this key. Another key is told: whoever moved the audit away to
/// begin a new one knows why, and nobody else should have.
fn copies(store: Option<&Records>, key: &str) -> Vec<SignedHead> {
    let Some(store) = store else {
        return Vec::new();
    };
    let copies = store.heads(COPIES, Some(key)).unwrap_or_else(|why| {
        tracing::error!(%why, "the copies of the audit's heads cannot be read");
        Vec::new()
    });
    let newest = store.heads(1, None).unwrap_or_default();
    if let Some(newest) = newest.first().filter(|copy| !copy.line.contains(key)) {
        let records = newest.seq;
        tracing::warn!(
            records,
            "the store knows of an audit with another key; was it moved away on purpose?"
        );
    }
    copies
}

/// Signals do not wait for a damaged copy: it is told and passed over. `audit verify` fails on it.
fn whole(mut copies: Vec<SignedHead>) -> Vec<SignedHead> {
    copies.retain(|copy| {
        let is_signed = is_signed_copy(copy);
        if !is_signed {
            let record = copy.seq;
            tracing::warn!(
                record,
                "the store's copy of an audit head is damaged; it is passed over"
            );
        }
        is_signed
    });
    copies
}

fn copy_of(path: &Path) -> Result<Option<Vec<u8>>, AuditError> {
    let length = fs::metadata(path).map_err(AuditError::file(path))?.len();
    if length > COPY_MAX {
        return Ok(None);
    }
    fs::read(path).map(Some).map_err(AuditError::file(path))
}

fn append(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .mode(0o600)
        .open(path)
}

/// A line that a crash cut short was never acknowledged: it goes.
fn cut_torn_line(path: &Path, file: &File) -> io::Result<()> {
    let bytes = fs::read(path)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    if whole < bytes.len() {
        tracing::warn!(path = %path.display(), "the last audit line was cut short by a crash; it goes");
        file.set_len(u64::try_from(whole).unwrap_or(0))?;
        file.sync_data()?;
    }
    Ok(())
}
