//! Why a city cannot be written out for SUMO.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a city cannot be written out.
#[derive(Debug, Error)]
pub enum ExportError {
    /// What of the city SUMO cannot be told.
    #[error("this city cannot be written out for SUMO:\n  {}", .0.join("\n  "))]
    City(Vec<String>),
    /// The folder to write holds something already.
    #[error("{path} is not empty; name a folder with --out that does not exist yet or is empty")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder cannot be written.
    #[error("{path} cannot be written")]
    Unwritable {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// A folder or file cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// `netconvert` cannot be started.
    #[error("{program} cannot be started; name SUMO's netconvert with --netconvert")]
    NoNetconvert {
        /// What was to be started.
        program: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// `netconvert` refused the files.
    #[error("netconvert made no network of the files:\n{said}")]
    Refused {
        /// What it said.
        said: String,
    },
    /// The network is not what the city is.
    #[error("the network that netconvert made is not this city:\n  {}", .0.join("\n  "))]
    Network(Vec<String>),
}
