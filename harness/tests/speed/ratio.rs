//! A quotient of two times as a measurement of its own.
//!
//! Two shared cores are noisy: times taken one after the other differ by more than what is to be
//! measured. So both sides of a ratio are run in turn, slice by slice, within each iteration, and
//! criterion gets their quotient as the measured value; its statistics are then of the ratio itself.
//! The times are the thread's own: what it waits for a core is neither side's. What it loses of a core
//! that others share it still counts, so the shortest slice of each side is kept, too: nothing makes a
//! slice shorter than its work, and the quotient of the shortest is nearly the same in every run.

use criterion::Throughput;
use criterion::measurement::{Measurement, ValueFormatter};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Criterion's measurement: a quotient without a unit.
pub(crate) struct Ratio;

impl Measurement for Ratio {
    type Intermediate = ();
    type Value = f64;

    fn start(&self) {}

    fn end(&self, (): ()) -> f64 {
        // Only `iter_custom` is used, which brings its own values.
        0.0
    }

    fn add(&self, a: &f64, b: &f64) -> f64 {
        a + b
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self
    }
}

impl ValueFormatter for Ratio {
    fn scale_values(&self, _typical: f64, _values: &mut [f64]) -> &'static str {
        "×"
    }

    fn scale_throughputs(&self, _: f64, _: &Throughput, _: &mut [f64]) -> &'static str {
        "×"
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "ratio"
    }
}

/// How often the sides alternate in an iteration; each slice runs this part of the whole.
pub(crate) const SLICES: u32 = 10;

/// Times of both sides.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// Of what is judged.
    pub(crate) over: Duration,
    /// Of what it is measured against.
    pub(crate) under: Duration,
}

impl Times {
    /// The quotient.
    pub(crate) fn ratio(self) -> f64 {
        self.over.as_secs_f64() / self.under.as_secs_f64()
    }
}

/// The times of one iteration.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    /// Of all slices.
    pub(crate) sum: Times,
    /// Of each side's shortest slice.
    pub(crate) shortest: Times,
}

impl Sample {
    /// Runs both sides [`SLICES`] times in turn: A B, B A, A B, …
    pub(crate) fn take(over: &mut dyn FnMut(), under: &mut dyn FnMut()) -> Sample {
        let (mut overs, mut unders) = (Vec::new(), Vec::new());
        for slice in 0..SLICES {
            if slice.is_multiple_of(2) {
                overs.push(time(over));
                unders.push(time(under));
            } else {
                unders.push(time(under));
                overs.push(time(over));
            }
        }
        let both = |of: fn(&[Duration]) -> Duration| Times {
            over: of(&overs),
            under: of(&unders),
        };
        Sample {
            sum: both(|times| times.iter().sum()),
            shortest: both(|times| times.iter().min().copied().unwrap_or_default()),
        }
    }
}

fn time(run: &mut dyn FnMut()) -> Duration {
    let start = cpu_time();
    run();
    cpu_time() - start
}

/// CPU time of this thread, which runs the guest, too.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
