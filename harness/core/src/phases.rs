//! What a process spends its CPU time on: code marks what it does, a thread looks every few milliseconds.
//!
//! A mark is one store to a static: cheap enough for the hot path. The time between two looks counts
//! for the phase that the second finds, so the sums are exact and their parts a sample.

use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// What a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Nothing of the below.
    Other,
    /// Inside a call of the engine, or walking its frames: what is read there is compared on the way.
    Subject,
    /// Running the reference interpreter.
    Oracle,
    /// Comparing.
    Comparison,
}

impl Phase {
    /// Every phase, by its number.
    pub const ALL: [Phase; 4] = [
        Phase::Other,
        Phase::Subject,
        Phase::Oracle,
        Phase::Comparison,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Other => "other",
            Phase::Subject => "subject",
            Phase::Oracle => "oracle",
            Phase::Comparison => "comparison",
        }
    }
}

static CURRENT: AtomicU8 = AtomicU8::new(Phase::Other as u8);

/// Ends a phase when it is dropped.
#[must_use]
pub struct Entered {
    before: u8,
}

/// Begins a phase; the one before goes on when the answer is dropped.
#[inline(always)]
pub fn enter(phase: Phase) -> Entered {
    // Two operations instead of a swap: only the thread that runs cases marks phases, and a case's
    // neighbour on a thread of its own does the same things.
    let before = CURRENT.load(Ordering::Relaxed);
    CURRENT.store(phase as u8, Ordering::Relaxed);
    Entered { before }
}

impl Drop for Entered {
    #[inline(always)]
    fn drop(&mut self) {
        CURRENT.store(self.before, Ordering::Relaxed);
    }
}

/// How often the sampler looks: a case has several looks, and a campaign of minutes has thousands.
const INTERVAL: Duration = Duration::from_millis(4);

/// CPU time by phase, in nanoseconds.
pub type Times = [u64; Phase::ALL.len()];

/// Samples the process while it lives.
#[derive(Debug)]
pub struct Sampler {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    times: [AtomicU64; Phase::ALL.len()],
    ended: AtomicBool,
}

impl Sampler {
    /// Starts to sample. Without a thread to do it nothing is known, and all times stay zero.
    pub fn start() -> Sampler {
        let shared = Arc::new(Shared::default());
        let mine = shared.clone();
        let sample = move || {
            let mut last = cpu_ns();
            while !mine.ended.load(Ordering::Relaxed) {
                thread::sleep(INTERVAL);
                let now = cpu_ns();
                let phase = CURRENT.load(Ordering::Relaxed) as usize;
                mine.times[phase].fetch_add(now - last, Ordering::Relaxed);
                last = now;
            }
        };
        // The times are a courtesy; a campaign goes on without them.
        let _ = thread::Builder::new()
            .name("sampler".to_owned())
            .spawn(sample);
        Sampler { shared }
    }

    /// The times so far.
    pub fn times(&self) -> Times {
        self.shared
            .times
            .each_ref()
            .map(|time| time.load(Ordering::Relaxed))
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
    }
}

/// CPU time of this process, in nanoseconds.
pub fn cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_nest() {
        // No other test of this crate's library marks phases and looks at them.
        let outer = enter(Phase::Subject);
        let inner = enter(Phase::Comparison);
        assert_eq!(inner.before, Phase::Subject as u8);
        drop(inner);
        drop(outer);
    }

    #[test]
    fn a_phase_that_works_gets_time() {
        let sampler = Sampler::start();
        let start = cpu_ns();
        let mut sum = 0u64;
        while cpu_ns() - start < 50_000_000 {
            sum = sum.wrapping_add(std::hint::black_box(1));
        }
        assert!(sum > 0 && sampler.times().iter().sum::<u64>() > 0);
    }
}
