//! A sign of life: whether events still come, for whoever watches a case from outside.

use std::sync::atomic::{AtomicU64, Ordering};

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
