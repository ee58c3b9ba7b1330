//! What is wrong in a network file, and where.

use core::fmt;

macro_rules! codes {
    ($($code:ident $rule:literal)*) => {
        /// The rule that a network file breaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum NetworkCode {
            $(#[doc = $rule] $code,)*
        }

        impl NetworkCode {
            /// Every code, in the order of the handbook.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The rule in one sentence.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Self::$code => $rule,)*
                }
            }
        }
    };
}

codes! {
    G01 "The file is a GeoJSON collection of features."
    G02 "A feature has the properties of its kind, and no others."
    G03 "An id is used once; a site stands at one node."
    G04 "What a feature names is in the file."
    G05 "A feature has the geometry of its kind."
    G06 "The length of a road is that of its line, within a twentieth and 5 m."
    G07 "A number is finite and in range."
    G08 "A turn joins roads that meet."
    G09 "A place lies on its road."
    G10 "A road begins and ends at its nodes, within 30 m."
    G11 "Everything is within 100 km of the city's origin."
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

impl NetworkFinding {
    /// The rule in one sentence.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        self.code.rule()
    }
}

impl fmt::Display for NetworkFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.unwrap_or(1);
        write!(f, "{}:{line}: {}: {}", self.file, self.code, self.message)
    }
}
