//! Typed ids: small integers that the loader hands out, one type per kind of thing.
//!
//! A group, stage, detector or approach id counts within its site; a site, road, junction or
//! place id counts within its city. The name on the drawing stays in the checked plan; the id is
//! what the cycle uses. Nothing but the owner of an array turns an id into an index.

#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]

use core::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub struct $name($int);

        impl $name {
            /// The id with this number.
            #[must_use]
            pub const fn new(number: $int) -> Self {
                Self(number)
            }

            /// The number, for the owner of the array and for the wire.
            #[must_use]
            pub const fn number(self) -> $int {
                self.0
            }

            /// The number as an array index.
            #[must_use]
            pub fn index(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id!(
    /// A signal group of one site, 0-31.
    GroupId(u8)
);
id!(
    /// A stage of one site, 0-31.
    StageId(u8)
);
id!(
    /// A detector or push button of one site, 0-63.
    DetectorId(u8)
);
id!(
    /// A signal plan of one site.
    PlanId(u8)
);
id!(
    /// An approach (road entering the junction) of one site.
    ApproachId(u8)
);
id!(
    /// A controlled site of the city: a signalled junction or a pedestrian-request crossing.
    SiteId(u16)
);
id!(
    /// A directed road of the city's road graph.
    RoadId(u32)
);
id!(
    /// A junction (node) of the road graph, signalled or not.
    JunctionId(u32)
);
id!(
    /// A named place: hospital, fire station, other.
    PlaceId(u16)
);
id!(
    /// A corridor, numbered by this program since its store began.
    CorridorId(u32)
);
