//! The command `althing`. See `althing --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    althing_models::cli::main()
}
