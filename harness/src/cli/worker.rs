//! `lockstep worker`, hidden: the program as a campaign starts it again, to run one case at a time.

use super::{OK, OwnFault, guard};
use lockstep::campaign::perform::perform;
use lockstep::campaign::protocol::Failure;
use lockstep::campaign::worker;
use std::io;
use std::thread;

/// Bytes of stack: parsers and compilers of arbitrary input run on it.
const STACK: usize = 16 << 20;

pub(super) fn run() -> anyhow::Result<u8> {
    worker::end_with_parent();
    let serve = || {
        worker::serve(io::stdin().lock(), io::stdout(), |request, begun| {
            guard::guarded(|| perform(request, begun))
                .unwrap_or_else(|panic| Err(Failure::Internal(panic)))
        })
    };
    let served = thread::Builder::new().stack_size(STACK).spawn(serve);
    let served = served.map_err(OwnFault::Start)?.join();
    served
        .unwrap_or_else(|_| Err(io::Error::other("the worker panicked")))
        .map_err(OwnFault::Write)?;
    Ok(OK)
}
