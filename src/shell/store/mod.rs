//! City folders in, journals and records out.

mod city_folder;
mod journal_file;
mod journal_writer;

pub use city_folder::{FolderError, demo_city_files, read_city_folder};
pub use journal_file::{Chunk, JournalHealth, JournalSink};
