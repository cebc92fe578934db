//! `lockstep worker`, hidden: the program as a campaign starts it again, to run one case at a time.

use super::{OK, OwnFault};
use clap::Args;
use lockstep_core::campaign::perform::perform;
use lockstep_core::campaign::protocol::{self, Failure};
use lockstep_core::campaign::worker;
use lockstep_core::panics::{self, in_crate};
use lockstep_core::report::shown::say;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::thread;

/// Bytes of stack: parsers and compilers of arbitrary input run on it.
const STACK: usize = 16 << 20;

/// How a program is told to be a worker.
pub(super) const COMMAND: &str = "worker";

/// How a program is asked which version of the protocol it speaks.
pub(super) const SPEAKS: [&str; 2] = [COMMAND, "--speaks"];

/// What a worker is told when it is started.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Say which version of the protocol this program speaks, and end
    #[arg(long)]
    speaks: bool,
}

pub(super) fn run(options: &Options) -> anyhow::Result<u8> {
    if options.speaks {
        println!("{}", protocol::VERSION);
        return Ok(OK);
    }

    worker::end_with_parent();
    worker::tell_places();
    tell_panics();
    let input = io::stdin();
    // Answers go where requests come from.
    let answers = input.as_fd().try_clone_to_owned();
    let answers = File::from(answers.map_err(OwnFault::Start)?);
    let serve = move || {
        worker::serve(input.lock(), io::stdout(), answers, |request, begun| {
            panics::guarded(|| perform(request, begun))
                .unwrap_or_else(|panic| Err(Failure::Internal(panic.to_string())))
        })
    };
    let served = thread::Builder::new().stack_size(STACK).spawn(serve);
    let served = served.map_err(OwnFault::Start)?.join();
    served
        .unwrap_or_else(|_| Err(io::Error::other("the worker panicked")))
        .map_err(OwnFault::Write)?;
    Ok(OK)
}

/// Has every panic told on standard error before it is caught, or before it ends the process: the
/// campaign shows what a worker that died said last.
fn tell_panics() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let message = info.payload_as_str().unwrap_or("a panic without a message");
        let place = info.location().map_or_else(String::new, |at| {
            format!(" ({}:{})", in_crate(at.file()), at.line())
        });
        say(&format!("panic: {message}{place}"));
        hook(info);
    }));
}
