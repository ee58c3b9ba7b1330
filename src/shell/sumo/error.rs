//! Why a file of the simulator cannot be read.

use thiserror::Error;

/// What is wrong with a network or an additional file, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SumoError {
    /// The file is packed.
    #[error("the {file} is packed with gzip: unpack it first, as in `gunzip FILE`")]
    Packed {
        /// Network or additional file.
        file: &'static str,
    },
    /// The file is not text.
    #[error("the {file} is not UTF-8 text (byte {byte}): write it again with SUMO's own tools")]
    NotText {
        /// Network or additional file.
        file: &'static str,
        /// The first byte that is not text.
        byte: usize,
    },
    /// The file is not well-formed XML.
    #[error("{file}, line {line}: {what}: the file is cut off or damaged, write it again")]
    Broken {
        /// Network or additional file.
        file: &'static str,
        /// Line from 1.
        line: usize,
        /// What the XML reader says.
        what: String,
    },
    /// The file is XML, but of another kind.
    #[error("the {file} begins with <{found}>, not with <{wanted}>: {mend}")]
    OtherKind {
        /// Network or additional file.
        file: &'static str,
        /// The root element found.
        found: String,
        /// The root element of this kind of file.
        wanted: &'static str,
        /// What to do.
        mend: &'static str,
    },
    /// An element lacks an attribute.
    #[error("{file}, line {line}: <{element}> has no `{key}`: {mend}")]
    Missing {
        /// Network or additional file.
        file: &'static str,
        /// Line from 1.
        line: usize,
        /// The element.
        element: String,
        /// The attribute.
        key: &'static str,
        /// What to do.
        mend: &'static str,
    },
    /// An attribute cannot be read.
    #[error("{file}, line {line}: `{key}` of <{element}> is \"{value}\": write {wanted}")]
    Value {
        /// Network or additional file.
        file: &'static str,
        /// Line from 1.
        line: usize,
        /// The element.
        element: String,
        /// The attribute.
        key: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        wanted: &'static str,
    },
}
