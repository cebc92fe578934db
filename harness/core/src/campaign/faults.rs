//! Faults of a worker, for tests only: what a subject may do that ends its process.
//!
//! The variable [`VARIABLE`] names them, `NUMBER=FAULT` with commas between: the generated case of
//! this number meets this fault where the subject would run. In place of a number stands the text of a
//! command, such as `run()=abort`: any case that is about to execute it; after `uninstrumented ` in that
//! execution, otherwise in the first that comes to it.

use crate::divergence::Execution;
use crate::progress::Place;
use rustix::process::{Signal, getpid, kill_process};
use std::sync::OnceLock;

/// The environment variable.
pub const VARIABLE: &str = "LOCKSTEP_TEST_FAULTS";

/// The fault of a generated case, if the environment names one.
pub fn of_case(number: u64) -> Option<String> {
    find(&std::env::var(VARIABLE).ok()?, number)
}

/// The fault of a command, if the environment names one.
pub(super) fn of_command(place: &Place) -> Option<String> {
    static ROWS: OnceLock<Option<String>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| std::env::var(VARIABLE).ok()).as_ref()?;
    find_command(rows, place)
}

fn find_command(text: &str, place: &Place) -> Option<String> {
    text.split(',').find_map(|row| {
        let (wanted, fault) = row.split_once('=')?;
        let wanted = match wanted.strip_prefix("uninstrumented ") {
            Some(wanted) if place.execution == Execution::Uninstrumented => wanted,
            Some(_) => return None,
            None => wanted,
        };
        (wanted == place.text).then(|| fault.to_owned())
    })
}

fn find(text: &str, number: u64) -> Option<String> {
    text.split(',').find_map(|row| {
        let (wanted, fault) = row.split_once('=')?;
        (wanted.parse() == Ok(number)).then(|| fault.to_owned())
    })
}

/// Does what the fault's name says; a name that is not known does nothing.
pub fn commit(fault: &str) {
    match fault {
        "segfault" => raise(Signal::SEGV),
        // As from outside: nothing that runs in a process raises it.
        "kill" => raise(Signal::KILL),
        "terminate" => raise(Signal::TERM),
        "abort" => std::process::abort(),
        "exit" => std::process::exit(3),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "wait" => loop {
            std::thread::park();
        },
        "swell" => swell(),
        "panic" => panic!("a panic of a test"),
        _ => {
            // The first worker that finds the file removes it, and is killed.
            if let Some(file) = fault.strip_prefix("kill-once:")
                && std::fs::remove_file(file).is_ok()
            {
                raise(Signal::KILL);
            }
        }
    }
}

/// A handler that finds the signal was sent, not caused, gives it back to the system and returns: so
/// it is sent until it ends the process.
fn raise(signal: Signal) {
    while kill_process(getpid(), signal).is_ok() {}
}

/// Takes 10 GiB and writes to every page.
fn swell() {
    let mut kept = Vec::new();
    for _ in 0..10 << 10 {
        kept.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_found_by_its_case() {
        let text = "3=abort,14=spin";
        assert_eq!(find(text, 14).as_deref(), Some("spin"));
        assert_eq!(find(text, 4), None);
        assert_eq!(find("abort", 3), None);
    }

    #[test]
    fn a_fault_is_found_by_its_command() {
        let place = |execution| Place {
            execution,
            command: 1,
            line: 0,
            text: "run()".to_owned(),
        };
        let instrumented = place(Execution::Instrumented);
        let found = |text| find_command(text, &instrumented);
        assert_eq!(found("3=abort,run()=spin").as_deref(), Some("spin"));
        assert_eq!(found("run=spin"), None);
        assert_eq!(found("uninstrumented run()=spin"), None);
        let other = place(Execution::Uninstrumented);
        let found = find_command("uninstrumented run()=spin", &other);
        assert_eq!(found.as_deref(), Some("spin"));
    }
}
