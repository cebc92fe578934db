//! Ctrl-C, `SIGTERM` and a terminal that goes away: no new case is begun, and those that run get a moment to end.

use crate::whole_file::leave;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Time that running cases get after a signal.
const GRACE: Duration = Duration::from_secs(2);

/// Bytes of the stack of the thread that waits for signals.
const STACK: usize = 128 << 10;

/// The signals that end a campaign, by number and name.
pub const SIGNALS: [(u8, &str); 3] = [
    (SIGHUP as u8, "SIGHUP"),
    (SIGINT as u8, "SIGINT"),
    (SIGTERM as u8, "SIGTERM"),
];

/// The exit code that what was found so far calls for, in this process; 0 for nothing.
static SO_FAR: AtomicU8 = AtomicU8::new(0);

/// The exit code that what was found so far calls for: a process that ends early ends with it.
pub fn code_so_far() -> u8 {
    SO_FAR.load(Ordering::Relaxed)
}

/// Notes the exit code that what was found so far calls for.
pub fn note_code(code: u8) {
    SO_FAR.store(code, Ordering::Relaxed);
}

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
    /// Takes over [`SIGNALS`]; a second one of them ends the process at once, with the code of what was found
    /// so far and without a file that is not whole. `SIGHUP` is left alone where it is ignored, as `nohup`
    /// has it. A file size limit becomes an error of the write that meets it.
    ///
    /// # Errors
    ///
    /// When the system refuses a handler or the thread that waits for the second signal.
    pub fn install() -> io::Result<Interrupt> {
        let interrupt = Interrupt::default();
        let (came, handlers) = UnixStream::pair()?;
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            if signal == SIGHUP && is_ignored(signal) {
                continue;
            }
            // In this order: who hears of a signal finds its number.
            let number = signal as usize;
            signal_hook::flag::register_usize(signal, interrupt.signal.clone(), number)?;
            signal_hook::low_level::pipe::register(signal, handlers.try_clone()?)?;
        }
        let number = interrupt.signal.clone();
        // A thread, since a handler may not remove files.
        let waits = thread::Builder::new().name("signals".to_owned());
        waits
            .stack_size(STACK)
            .spawn(move || leave_at_the_second(came, &number))?;
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

/// Waits for two signals, each a byte of `came`, and ends the process.
fn leave_at_the_second(mut came: impl Read, number: &AtomicUsize) {
    if came.read_exact(&mut [0; 2]).is_ok() {
        leave(last_code(code_so_far(), number.load(Ordering::Relaxed)));
    }
}

/// The code of what was found, or that of the signal.
fn last_code(so_far: u8, signal: usize) -> u8 {
    match (so_far, u8::try_from(signal)) {
        (0, Ok(signal)) => 128 + signal,
        _ => so_far,
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
    fn a_second_signal_ends_with_the_code_of_what_was_found() {
        assert_eq!((last_code(0, 2), last_code(0, 15)), (130, 143));
        assert_eq!((last_code(1, 2), last_code(70, 1)), (1, 70));
        // One signal is no second.
        leave_at_the_second(&[0][..], &AtomicUsize::new(2));
    }

    #[test]
    fn what_is_ignored_is_read_of_the_system() {
        let status = "Name:\ta\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored_in(status), Some(0x1001));
        assert_eq!(ignored_in("Name:\ta\n"), None);
    }
}
