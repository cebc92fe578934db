//! The program `lockstep`. It reads its command line and hands over; see [`cli`].

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
