use super::Failure;
use super::args::Emulate;
pub(super) fn emulate(_: &Emulate) -> Result<(), Failure> { Ok(()) }
