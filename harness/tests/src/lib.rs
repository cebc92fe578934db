//! What is asked of an engine itself, with Lockstep beside it or without.
//!
//! The sources of these tests are written once and compiled by one thin crate a version, as the adapter's are:
//! a crate's manifest names the subject that is meant, by one name, and as a feature how a debugger walks its
//! frames. Here is what the tests of causes, the count of allocations and the benchmark share.

pub mod bare;
pub mod causes;
mod frames;
pub mod interruptions;
pub mod programs;
pub mod reads;
pub mod stepped;
mod unoptimised;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The outcome of a future that nothing else wakes.
pub fn block_on<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
    }
}
