//! The program `lockstep`: the command line, with Wasmtime 42.0.2 embedded.

use lockstep as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    lockstep_commands::main()
}
