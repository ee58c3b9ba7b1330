//! Small networks made for these tests, and what becomes of them.

mod net;

/// A crossroads and a junction of three arms, 150 m apart.
const TWO: &str = include_str!("tests/nets/two.net.xml");
/// The same streets with pavements and pedestrian crossings.
const WALKS: &str = include_str!("tests/nets/walks.net.xml");
