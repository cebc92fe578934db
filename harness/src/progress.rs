//! A sign of life: whether events still come, and whether a case is still being made ready, for whoever
//! watches it from outside.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

/// Events from one sign of life to the next.
pub const EVENTS: u64 = 256;

static SIGNS: AtomicU64 = AtomicU64::new(0);

/// Gives a sign of life.
pub fn sign() {
    SIGNS.fetch_add(1, Ordering::Relaxed);
}

/// Signs of life that this process has given.
pub fn signs() -> u64 {
    SIGNS.load(Ordering::Relaxed)
}

/// What a case does before its first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A module is being decoded or compiled.
    Preparing,
    /// It is ready.
    Prepared,
}

static LISTENER: Mutex<Option<Sender<Stage>>> = Mutex::new(None);
/// Modules that are being made ready now, one inside the other or on two threads.
static PREPARING: AtomicU32 = AtomicU32::new(0);

/// Has the stages of this process's cases sent there, or nowhere.
pub fn listen(listener: Option<Sender<Stage>>) {
    *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = listener;
}

fn tell(stage: Stage) {
    let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(listener) = &*listener {
        // If nobody is there any more, nobody watches.
        let _ = listener.send(stage);
    }
}

/// A module is being made ready until this is dropped.
#[must_use]
#[derive(Debug)]
pub struct Preparing(());

/// Begins to make a module ready: its time and memory are no event of the case.
pub fn preparing() -> Preparing {
    if PREPARING.fetch_add(1, Ordering::Relaxed) == 0 {
        tell(Stage::Preparing);
    }
    Preparing(())
}

impl Drop for Preparing {
    fn drop(&mut self) {
        if PREPARING.fetch_sub(1, Ordering::Relaxed) == 1 {
            tell(Stage::Prepared);
        }
    }
}
