//! Faulty observations, for tests only: a subject that lies, so that a checker can be seen to fire.

use crate::divergence::Moment;
use crate::outcome::Outcome;
use crate::seen::Seen;
use crate::snapshot::Snapshot;

/// How often an event reaches the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As it should
    Once,
    /// It is lost
    Never,
    /// It comes twice
    Twice,
}

/// Changes what the subject shows. [`Honest`], the only one outside tests, costs nothing.
pub trait Tamper: Send + 'static {
    /// Whether this changes anything; if not, the stack is never copied.
    const ACTIVE: bool;

    /// Changes the stack shown at an event, and says how often the event comes.
    fn event(&mut self, _moment: Moment, _stack: &mut Snapshot) -> Delivery {
        Delivery::Once
    }

    /// Changes the arguments that a host function is shown to receive.
    fn host_args(&mut self, _args: &mut Vec<Seen>) {}

    /// Changes how an invocation is shown to end.
    fn outcome(&mut self, _outcome: &mut Outcome) {}

    /// Changes what the store answers about single-step and its number of breakpoints.
    fn edit_state(&mut self, _single_step: &mut bool, _breakpoints: &mut usize) {}

    /// Changes a memory's bytes (a copy), a global's value, a table's element.
    fn memory(&mut self, _bytes: &mut Vec<u8>) {}
}

/// Shows what there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Honest;

impl Tamper for Honest {
    const ACTIVE: bool = false;
}
