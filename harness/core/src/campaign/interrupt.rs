//! Ctrl-C, `SIGTERM` and a terminal that goes away: no new case is begun, and those that run get a moment to end.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Time that running cases get after a signal.
const GRACE: Duration = Duration::from_secs(2);

/// The signals that end a campaign, by number and name.
pub const SIGNALS: [(u8, &str); 3] = [
    (SIGHUP as u8, "SIGHUP"),
    (SIGINT as u8, "SIGINT"),
    (SIGTERM as u8, "SIGTERM"),
];

/// Whether the campaign is to stop.
#[derive(Debug, Default)]
pub struct Interrupt {
    /// Number of the signal that came; 0 for none.
    signal: Arc<AtomicUsize>,
    /// When it was first noticed.
    noticed: OnceLock<Instant>,
    /// Whether the campaign itself gave up.
    given_up: AtomicBool,
}

impl Interrupt {
    /// Takes over [`SIGNALS`]; a second one of them ends the process at once. `SIGHUP` is left alone where
    /// it is ignored, as `nohup` has it. A file size limit becomes an error of the write that meets it.
    ///
    /// # Errors
    ///
    /// When the system refuses a handler.
    pub fn install() -> io::Result<Interrupt> {
        let interrupt = Interrupt::default();
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            if signal == SIGHUP && is_ignored(signal) {
                continue;
            }
            // In this order: the first signal finds the flag unset.
            let code = 128 + signal;
            signal_hook::flag::register_conditional_shutdown(signal, code, again.clone())?;
            signal_hook::flag::register(signal, again.clone())?;
            let number = signal as usize;
            signal_hook::flag::register_usize(signal, interrupt.signal.clone(), number)?;
        }
        signal_hook::flag::register(SIGXFSZ, Arc::default())?;
        Ok(interrupt)
    }

    /// The signal that came, by number and name.
    pub fn signal(&self) -> Option<(u8, &'static str)> {
        let came = self.signal.load(Ordering::Relaxed);
        let found = SIGNALS
            .iter()
            .find(|(number, _)| usize::from(*number) == came);
        found.copied()
    }

    /// Ends the campaign without a signal.
    pub fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// Whether no new case may begin.
    pub fn stops(&self) -> bool {
        self.signal().is_some() || self.given_up.load(Ordering::Relaxed)
    }

    /// Whether cases that run are to be abandoned.
    pub fn abandons(&self) -> bool {
        if self.given_up.load(Ordering::Relaxed) {
            return true;
        }
        self.signal().is_some() && self.noticed.get_or_init(Instant::now).elapsed() >= GRACE
    }
}

/// Whether the process ignores a signal; no where the system does not tell.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_in(&status).is_some_and(|ignored| ignored >> (signal - 1) & 1 == 1)
}

/// The set of ignored signals in what Linux says of a process, a bit each.
fn ignored_in(status: &str) -> Option<u64> {
    let mut lines = status.lines();
    let digits = lines.find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(digits.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn giving_up_abandons_at_once_and_a_signal_after_a_while() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.stops() && !interrupt.abandons());
        interrupt.signal.store(SIGTERM as usize, Ordering::Relaxed);
        assert!(interrupt.stops() && !interrupt.abandons());
        assert_eq!(interrupt.signal(), Some((15, "SIGTERM")));
        interrupt.give_up();
        assert!(interrupt.abandons());
    }

    #[test]
    fn what_is_ignored_is_read_of_the_system() {
        let status = "Name:\ta\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored_in(status), Some(0x1001));
        assert_eq!(ignored_in("Name:\ta\n"), None);
    }
}
