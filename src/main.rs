//! The `greenwave` program: parse, run, tell how it ended.

use std::process::ExitCode;

fn main() -> ExitCode {
    greenwave::shell::cli::main()
}
