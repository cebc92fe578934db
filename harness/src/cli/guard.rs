//! Panics inside the guard are told in one sentence by whoever catches them, never by a backtrace.
//!
//! Lockstep catches the subject's panics itself; the hook only keeps them off standard error.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Installs the hook, once, before anything runs.
pub(super) fn install() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !GUARDED.get() {
            return default(info);
        }
        let place = info
            .location()
            .map_or_else(String::new, |at| format!(" ({at})"));
        let message = info.payload_as_str().unwrap_or("a panic without a message");
        LAST.with_borrow_mut(|last| *last = format!("{message}{place}"));
    }));
}

/// Runs `work`; a panic that reaches this far becomes its message and place.
pub(super) fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    let before = GUARDED.replace(true);
    let ended = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    ended.map_err(|_| LAST.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_and_place() {
        install();
        let message = guarded(|| panic!("cannot happen")).unwrap_err();
        assert!(message.starts_with("cannot happen ("), "{message}");
        assert!(message.contains("guard.rs"), "{message}");
        assert_eq!(guarded(|| 5), Ok(5));
    }
}
