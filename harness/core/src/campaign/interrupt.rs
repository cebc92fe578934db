//! Ctrl-C and `SIGTERM`: no new case is begun, and those that run get a moment to end.

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Time that running cases get after a signal.
const GRACE: Duration = Duration::from_secs(2);

/// The signals that end a campaign, by number and name.
pub const SIGNALS: [(u8, &str); 2] = [(SIGINT as u8, "SIGINT"), (SIGTERM as u8, "SIGTERM")];

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
    /// Takes over `SIGINT` and `SIGTERM`; a second one of them ends the process at once. A file size
    /// limit becomes an error of the write that meets it.
    ///
    /// # Errors
    ///
    /// When the system refuses a handler.
    pub fn install() -> io::Result<Interrupt> {
        let interrupt = Interrupt::default();
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
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
}
