//! What can go wrong with SUMO, in words a person can act on.

use std::io;
use std::path::PathBuf;

/// Why a run on SUMO came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SumoError {
    /// A file that the run names is not there.
    #[error("{} is not there", .0.display())]
    MissingFile(PathBuf),
    /// A file of the run could not be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// A file that is no XML, or not the one that was expected.
    #[error("{}: {why}", path.display())]
    Xml {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// `setup.sh` has not brought this SUMO in.
    #[error("SUMO {version} is not below {}: run hil-tests/setup.sh{argument}", looked.display())]
    NotInstalled {
        /// The version wanted.
        version: &'static str,
        /// Where it was looked for.
        looked: PathBuf,
        /// What `setup.sh` needs for it.
        argument: &'static str,
    },
    /// The program could not be started.
    #[error("SUMO cannot be started: {0}")]
    Spawn(io::Error),
    /// SUMO ended by itself; what it said of that.
    #[error("SUMO died: {0}")]
    Died(String),
    /// SUMO speaks another TraCI than the wanted version does.
    #[error("wanted SUMO {wanted} with TraCI {expected}, found TraCI {api} ({name})")]
    WrongVersion {
        /// The version wanted.
        wanted: &'static str,
        /// What it speaks.
        expected: &'static str,
        /// What answered.
        api: i32,
        /// Its own name.
        name: String,
    },
    /// The connection broke.
    #[error("the connection to SUMO is lost: {0}")]
    Lost(#[from] io::Error),
    /// A message that ends too early or holds what it must not.
    #[error("SUMO sent what cannot be read: {0}")]
    Garbled(#[from] CodecError),
    /// SUMO answered that it will not.
    #[error("SUMO refuses command {command:#04x}: {why}")]
    Refused {
        /// The command.
        command: u8,
        /// SUMO's reason.
        why: String,
    },
    /// The demand file cannot be counted, or holds nobody.
    #[error("the demand: {0}")]
    Demand(String),
    /// The network cannot be used.
    #[error("the network: {0}")]
    Network(String),
    /// The controller under test could not be set up.
    #[error("the controller: {0}")]
    Controller(String),
}

/// Why a TraCI message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// It ends in the middle of something.
    #[error("it ends within {0}")]
    Truncated(&'static str),
    /// A length that cannot be.
    #[error("a length of {0}")]
    BadLength(i64),
    /// Text that is not UTF-8.
    #[error("text that is not UTF-8")]
    BadText,
    /// A value of a type that TraCI does not have.
    #[error("a value of type {0:#04x}")]
    UnknownType(u8),
    /// An answer to another question.
    #[error("an answer {found:#04x} where {wanted:#04x} was due")]
    OutOfStep {
        /// What was due.
        wanted: u8,
        /// What came.
        found: u8,
    },
    /// A value of another type than the variable has.
    #[error("a variable of an unexpected type")]
    WrongType,
}
