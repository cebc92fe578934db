//! The clocks: they begin at a fixed time, and go on by a fixed tick whenever one is read.

use wasip1::{
    CLOCKID_MONOTONIC, CLOCKID_PROCESS_CPUTIME_ID, CLOCKID_REALTIME, CLOCKID_THREAD_CPUTIME_ID,
    Clockid, ERRNO_INVAL, Errno,
};

/// Nanoseconds from one reading of a clock to the next, and so the clocks' resolution.
pub(super) const TICK: u64 = 1_000_000;

/// What the clock of the day shows at first: 2020-01-01, 00:00 UTC.
pub(super) const DAY: u64 = 1_577_836_800_000_000_000;

/// What every other clock shows at first: a program may take zero for a clock that was never read.
pub(super) const START: u64 = 1_000_000_000;

/// All clocks of a program.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Nanoseconds since the program began.
    passed: u64,
}

impl Clock {
    /// The time of the day, as files have it.
    pub(super) fn now(&self) -> u64 {
        DAY + self.passed
    }

    /// What a clock shows, if there is one of that number.
    pub(super) fn shows(&self, clock: u32) -> Result<u64, Errno> {
        const OTHERS: [Clockid; 3] = [
            CLOCKID_MONOTONIC,
            CLOCKID_PROCESS_CPUTIME_ID,
            CLOCKID_THREAD_CPUTIME_ID,
        ];
        if clock == CLOCKID_REALTIME.raw() {
            return Ok(self.now());
        }
        let known = OTHERS.iter().any(|other| other.raw() == clock);
        known.then_some(START + self.passed).ok_or(ERRNO_INVAL)
    }

    /// Reads a clock, after which all have gone on by a tick.
    pub(super) fn read(&mut self, clock: u32) -> Result<u64, Errno> {
        let shown = self.shows(clock)?;
        self.wait(TICK);
        Ok(shown)
    }

    pub(super) fn resolution(&self, clock: u32) -> Result<u64, Errno> {
        self.shows(clock).map(|_| TICK)
    }

    /// Lets time pass. It stops short of what a clock cannot show.
    pub(super) fn wait(&mut self, time: u64) {
        let most = u64::MAX - DAY;
        self.passed = self.passed.saturating_add(time).min(most);
    }
}
