//! City folders in, journals and records out.

mod journal_file;

pub use journal_file::{Chunk, JournalHealth, JournalSink};
