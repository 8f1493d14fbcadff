//! Thin: hands the arguments to [`dbbench::cli`] and ends with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    dbbench::cli::main()
}
