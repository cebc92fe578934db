//! Signals that come while a subject program is built: the build ends, and the program with one sentence.

use crate::{OwnFault, worse};
use lockstep_core::campaign::interrupt::{Interrupt, code_so_far};
use lockstep_core::report::shown::{Shown, say};
use lockstep_core::whole_file::leave;
use std::sync::OnceLock;

/// What hears of signals while something is built. A command that runs cases has one of its own: each hears
/// of every signal.
static INTERRUPT: OnceLock<Interrupt> = OnceLock::new();

/// What hears of signals, from the first call on.
///
/// # Errors
///
/// When the system refuses a handler.
pub(super) fn interrupt() -> anyhow::Result<&'static Interrupt> {
    if let Some(interrupt) = INTERRUPT.get() {
        return Ok(interrupt);
    }
    let installed = Interrupt::install().map_err(OwnFault::Start)?;
    Ok(INTERRUPT.get_or_init(|| installed))
}

/// Does what may take long, and ends the program if a signal came meanwhile: with a sentence that says what
/// was not `done`, and the signal's code unless something was found before.
///
/// # Errors
///
/// Those of `act`, or that the system refuses a handler.
pub(crate) fn interruptible<T>(
    done: &str,
    act: impl FnOnce(&Interrupt) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let interrupt = interrupt()?;
    let came = act(interrupt);
    let Some((signal, name)) = interrupt.signal() else {
        return came;
    };
    say(&format!(
        "lockstep: ended by {name} before {}; the same command goes on from here",
        Shown(done)
    ));
    leave(worse(128 + signal, code_so_far()))
}
