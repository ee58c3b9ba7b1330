//! The store: who may sign in, who is signed in, which requests were seen, which audit heads were signed.
//!
//! One SQLite file on a thread of its own. Callers hand in short jobs and wait for their answer; the control
//! thread hands in none, so it waits for no disk.

mod heads;
mod ledger;
mod principals;
mod sessions;
#[cfg(test)]
mod tests;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rusqlite::Connection;

pub use heads::SignedHead;
pub use ledger::SeenRequest;
pub use principals::{StoredPrincipal, StoredSecrets};
pub use sessions::StoredSession;
pub use tokens::{StoredToken, TokenUse};

/// Jobs that may wait; a caller that finds the queue full waits with them, since each is short.
const JOBS_MAX: usize = 256;

/// Each step brings an older file one version further; the file's `user_version` counts them. Steps that were
/// ever released are never changed.
const MIGRATIONS: &[&str] = &[include_str!("0001.sql")];

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Why the store did not do a job.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The file cannot be opened or brought up to date.
    #[error(
        "{path}: cannot be used as the store: {why}; make the folder writable, or name another with --data"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        why: rusqlite::Error,
    },
    /// The file was written by a newer program.
    #[error("{path}: has format {found}, this program knows up to {known}; use the newer program")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: usize,
        /// Ours.
        known: usize,
    },
    /// One job failed; the store goes on.
    #[error("the store refused a record: {0}")]
    Job(#[from] rusqlite::Error),
    /// The store's thread has ended.
    #[error("the store has ended")]
    Ended,
}

/// The handle that everybody shares.
#[derive(Clone, Debug)]
pub struct Records {
    jobs: SyncSender<Job>,
}

impl Records {
    /// Opens the file, makes it if it is missing, and brings it up to date.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn open(path: &Path) -> Result<Self, RecordsError> {
        let opened = Connection::open(path).and_then(|connection| {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            Ok(connection)
        });
        let connection = opened.map_err(|why| open_error(path, why))?;
        only_for_its_owner(path);
        Self::over(connection, path)
    }

    /// A store that ends with the program.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn in_memory() -> Result<Self, RecordsError> {
        let path = Path::new(":memory:");
        let connection = Connection::open_in_memory().map_err(|why| open_error(path, why))?;
        Self::over(connection, path)
    }

    fn over(mut connection: Connection, path: &Path) -> Result<Self, RecordsError> {
        migrate(&mut connection, path)?;
        let (jobs, inbox) = sync_channel(JOBS_MAX);
        let thread = thread::Builder::new().name("store".to_owned());
        thread
            .spawn(move || work(connection, &inbox))
            .map_err(|_| RecordsError::Ended)?;
        Ok(Self { jobs })
    }

    /// Does `job` on the store's thread, in one transaction, and waits for its answer.
    ///
    /// # Errors
    /// The job failed (then nothing of it is kept), or the store has ended.
    pub fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, RecordsError> {
        let (answer, answered) = sync_channel(1);
        let job: Job = Box::new(move |connection| {
            let done = in_transaction(connection, job);
            // Whoever asked may have given up.
            let _ = answer.send(done);
        });
        self.jobs.send(job).map_err(|_| RecordsError::Ended)?;
        let done = answered.recv().map_err(|_| RecordsError::Ended)?;
        Ok(done?)
    }

    /// Does `job` some time soon; a full queue drops it, a failure is logged. For what may be lost.
    pub fn tell(&self, job: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static) {
        let job: Job = Box::new(move |connection| {
            if let Err(why) = in_transaction(connection, job) {
                tracing::warn!(%why, "the store refused a record");
            }
        });
        if self.jobs.try_send(job).is_err() {
            tracing::warn!("the store's queue is full: a record that may be lost was lost");
        }
    }
}

fn work(mut connection: Connection, inbox: &Receiver<Job>) {
    while let Ok(job) = inbox.recv() {
        job(&mut connection);
    }
}

fn in_transaction<T>(
    connection: &mut Connection,
    job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction()?;
    let done = job(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), RecordsError> {
    let failed = |why| open_error(path, why);
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    if found > MIGRATIONS.len() {
        return Err(RecordsError::Newer {
            path: path.to_path_buf(),
            found,
            known: MIGRATIONS.len(),
        });
    }
    for (version, step) in (1_i64..).zip(MIGRATIONS).skip(found) {
        in_transaction(connection, |connection| {
            connection.execute_batch(step)?;
            connection.pragma_update(None, "user_version", version)
        })
        .map_err(failed)?;
    }
    Ok(())
}

fn open_error(path: &Path, why: rusqlite::Error) -> RecordsError {
    RecordsError::Open {
        path: path.to_path_buf(),
        why,
    }
}

/// The file holds second-factor secrets: nobody else on the machine may read it.
pub(super) fn only_for_its_owner(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o600);
    if let Err(why) = std::fs::set_permissions(path, mode) {
        tracing::warn!(path = %path.display(), %why, "the file's mode stays as it is");
    }
}
