//! City folders in; journals, records and the audit out.

pub mod audit;
mod budget;
mod city_folder;
mod journal_file;
mod journal_writer;
mod records;
mod whole_file;

pub use budget::Budget;
pub use city_folder::{FolderError, demo_city_files, read_city_folder};
pub use journal_file::{Chunk, JournalHealth, JournalSink};
pub use records::{
    Records, RecordsError, SeenRequest, SignedHead, StoredPrincipal, StoredSecrets, StoredSession,
    StoredToken, TokenUse,
};
pub use whole_file::write_whole;
