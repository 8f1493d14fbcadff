//! Thin: hands the arguments to [`dbbench::cli`] and ends with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // This program is also the process that cleans up after itself.
    if let Some(code) = dbbench::topology::reaper::main_if_asked() {
        return code;
    }
    dbbench::cli::main()
}
