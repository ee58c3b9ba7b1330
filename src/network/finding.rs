//! What is wrong in a network file, and where.

use core::fmt;

/// The rule that a network file breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetworkCode {
    /// The file is a `GeoJSON` `FeatureCollection`.
    G01,
    /// A feature has the properties of its kind, and no others.
    G02,
    /// An id is used once; a site stands at one node.
    G03,
    /// What a feature names is in the file.
    G04,
    /// A feature has the geometry of its kind.
    G05,
    /// The length of a road is that of its line, within a twentieth and 5 m.
    G06,
    /// A number is finite and in range.
    G07,
    /// A turn joins roads that meet.
    G08,
    /// A place lies on its road.
    G09,
    /// A road begins and ends at its nodes, within 30 m.
    G10,
    /// Everything is within 100 km of the city's origin.
    G11,
}

impl fmt::Display for NetworkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// One thing that is wrong in a network file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFinding {
    /// The rule that is broken.
    pub code: NetworkCode,
    /// Name of the file, as it was given.
    pub file: String,
    /// Line of the feature, from 1, where it could be found.
    pub line: Option<usize>,
    /// What is wrong, with the names and numbers of the file.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for NetworkFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.unwrap_or(1);
        write!(f, "{}:{line}: {}: {}", self.file, self.code, self.message)
    }
}
