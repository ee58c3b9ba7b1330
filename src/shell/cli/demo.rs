use super::Failure;
use super::args::Demo;
pub(super) fn demo(_: &Demo) -> Result<(), Failure> { Ok(()) }
