//! A subject program: the command line with one version of the engine, and no other.

use lockstep_subject as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    lockstep_commands::main()
}
