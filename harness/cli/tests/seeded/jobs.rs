//! Runs jobs on threads and hands their results on in the order of the jobs.
//!
//! It knows nothing of what a job is; a result is kept only until those before it are handed on.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Bytes of a worker's stack: parsers and compilers of arbitrary input run on it.
const STACK: usize = 16 << 20;

/// Runs `work` for each job on up to `threads` threads and hands the results to `deliver`, in order.
///
/// # Errors
///
/// The first error of `deliver`, or that a thread cannot be started; jobs not begun are then left.
///
/// # Panics
///
/// If `work` panics.
pub(super) fn in_order<J: Sync, R: Send>(
    jobs: &[J],
    threads: NonZeroUsize,
    work: impl Fn(&J) -> R + Sync,
    mut deliver: impl FnMut(R) -> io::Result<()>,
) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..threads.get().min(jobs.len()) {
            let (sender, work, next, stopped) = (sender.clone(), &work, &next, &stopped);
            let worker = move || {
                while !stopped.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { return };
                    // The receiver is gone only if a delivery failed.
                    let _ = sender.send((index, work(job)));
                }
            };
            thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, worker)?;
        }
        drop(sender);
        let delivered = in_turn(results, &mut deliver);
        if delivered.is_err() {
            stopped.store(true, Ordering::Relaxed);
        }
        delivered
    })
}

/// Hands on results by index, each as soon as those before it are handed on.
fn in_turn<R>(
    results: mpsc::Receiver<(usize, R)>,
    deliver: &mut impl FnMut(R) -> io::Result<()>,
) -> io::Result<()> {
    let mut early = BTreeMap::new();
    let mut due = 0;
    for (index, result) in results {
        early.insert(index, result);
        while let Some(result) = early.remove(&due) {
            deliver(result)?;
            due += 1;
        }
    }
    Ok(())
}
