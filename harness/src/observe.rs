//! What a subject shows at a debug event, as the checkers see it: no engine's types.

use crate::seen::Seen;
use lockstep_oracles::address::{FuncIndex, InstanceAddr, Pc};

/// The stack as the subject shows it at one event. Walking it twice shows the same.
pub trait Observation {
    /// One walk over the frames, innermost first.
    type Walk<'a>: Walk
    where
        Self: 'a;

    /// Starts a walk at the innermost frame.
    fn walk(&mut self) -> Self::Walk<'_>;
}

/// A walk over frames, innermost first.
pub trait Walk {
    /// Whether the walk has passed the outermost frame.
    fn done(&self) -> bool;

    /// Where the current frame is. Not to be called when [`Walk::done`].
    fn place(&mut self) -> Place;

    /// How many locals the subject shows.
    fn num_locals(&mut self) -> u32;

    /// How many operands the subject shows.
    fn num_operands(&mut self) -> u32;

    /// Reads a local, `index < num_locals()`.
    fn local(&mut self, index: u32) -> Seen;

    /// Reads an operand, index 0 at the bottom of the stack, `index < num_operands()`.
    fn operand(&mut self, index: u32) -> Seen;

    /// Moves to the caller; whether host frames were crossed on the way.
    fn parent(&mut self) -> Boundary;
}

/// Where a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The instance, or `None` if the case holds none such.
    pub instance: Option<InstanceAddr>,
    /// Whether the frame's module is the module of that instance.
    pub module_agrees: bool,
    /// The function, or `None` if the subject shows no Wasm function here.
    pub func: Option<FuncIndex>,
    /// The PC; 0 where the subject shows no function.
    pub pc: Pc,
}

/// What lies between a frame and its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// Nothing: same activation.
    Same,
    /// Host frames: a new activation.
    Host,
}
