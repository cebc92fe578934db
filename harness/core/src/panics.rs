//! Panics by where they began: the engine's are findings, Lockstep's own are its defects.
//!
//! The hook keeps message and place of a guarded panic, for whoever catches it, and keeps a backtrace
//! off standard error.

use crate::report::shown::say;
use crate::subject::is_of_engine;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// A panic that was caught.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Panic {
    /// Its message.
    pub message: String,
    /// The source file and line, where they are known.
    pub place: Option<(String, u32)>,
}

impl Panic {
    /// Whether it began in the engine's code.
    pub fn is_of_engine(&self) -> bool {
        let place = self.place.as_ref().filter(|_| !self.is_own());
        place.is_some_and(|(file, _)| is_of_engine(file))
    }

    /// Whether it began in Lockstep's own code, wherever that lies: a folder above it, or the one of a
    /// subject, may have the engine's name.
    pub fn is_own(&self) -> bool {
        const SOURCES: [&str; 5] = [
            "harness/core/src/",
            "harness/commands/src/",
            "harness/subject/",
            "oracles/src/",
            "spec-tests/src/",
        ];
        self.place.as_ref().is_some_and(|(file, _)| {
            let file = file.replace('\\', "/");
            SOURCES.iter().any(|sources| file.contains(sources))
        })
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.place {
            Some((file, line)) => write!(f, " ({}:{line})", in_crate(file)),
            None => Ok(()),
        }
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Panic> = RefCell::new(Panic::default());
}

/// Installs the hook, once.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                return default(info);
            }
            let message = info.payload_as_str().unwrap_or("a panic without a message");
            let place = info.location().map(|at| (at.file().to_owned(), at.line()));
            let message = message.to_owned();
            LAST.with_borrow_mut(|last| *last = Panic { message, place });
        }));
    });
}

/// Runs `work`; a panic that reaches this far becomes its message and place.
///
/// # Errors
///
/// The panic.
pub fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, Panic> {
    install();
    let before = GUARDED.replace(true);
    let ended = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    ended.map_err(|payload| {
        // Of a panic of another thread, handed on, the hook saw nothing here.
        let mut last = LAST.take();
        if last.message.is_empty() {
            last.message = payload
                .downcast_ref::<String>()
                .map_or("a panic without a message", String::as_str)
                .to_owned();
        }
        last
    })
}

/// Goes on with a panic that was caught: whoever guards this one catches it with its message and place.
pub fn resume(panic: Panic) -> ! {
    if !GUARDED.get() {
        say(&format!("panic: {panic}"));
    }
    let message = panic.to_string();
    LAST.set(panic);
    panic::resume_unwind(Box::new(message))
}

/// A source file from its crate's directory on: where the crates are differs between machines.
pub fn in_crate(file: &str) -> &str {
    let in_registry = file.split_once("/registry/src/");
    in_registry
        .and_then(|(_, rest)| rest.split_once('/'))
        .map_or(file, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_and_place() {
        let panic = guarded(|| panic!("cannot happen")).unwrap_err();
        assert_eq!(panic.message, "cannot happen");
        assert!(panic.to_string().contains("panics.rs:"), "{panic}");
        assert!(panic.is_own() && !panic.is_of_engine());
        assert_eq!(guarded(|| 5), Ok(5));
        let again = guarded(|| resume(panic.clone())).unwrap_err();
        assert_eq!(again, panic);
    }

    #[test]
    fn what_began_elsewhere_is_not_lockstep_s_own() {
        let begun_in = |file: &str| Panic {
            message: String::new(),
            place: Some((file.to_owned(), 1)),
        };
        for file in [
            "oracles/src/machine.rs",
            "harness/subject/wasmtime-42/../src/view.rs",
            "/src/wasmtime/lockstep/harness/core/src/lib.rs",
        ] {
            let panic = begun_in(file);
            assert!(panic.is_own() && !panic.is_of_engine(), "{file}");
        }
        for file in [
            "/c/registry/src/mirror-1f/wasmtime-42.0.2/src/lib.rs",
            "/rustc/5980/library/core/src/slice/index.rs",
            "harness/cli/tests/faults/main.rs",
        ] {
            assert!(!begun_in(file).is_own(), "{file}");
        }
        assert!(!Panic::default().is_own());
    }

    #[test]
    fn places_are_the_same_on_every_machine() {
        let file = "/c/registry/src/mirror-1f/wasmtime-42.0.2/src/lib.rs";
        assert_eq!(in_crate(file), "wasmtime-42.0.2/src/lib.rs");
        assert_eq!(in_crate("src/lib.rs"), "src/lib.rs");
    }
}
