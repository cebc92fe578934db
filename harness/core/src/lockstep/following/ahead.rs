//! The oracle runs ahead of the subject: to see what comes, or how deep the calls are.

use super::{Following, LOOKAHEAD};
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::{EverySequencePoint, Stop, StopAt};
use lockstep_oracles::opcode::Opcode;
use std::cell::Cell;

/// Bytes of a subject's frame beyond what its values need, and bytes one value may need: generous,
/// because they decide only whether a stack overflow that no event located is believable.
const FRAME_BYTES: usize = 256;
const VALUE_BYTES: usize = 32;

/// Sequence points after which the oracle gives up looking for the depth of a stack overflow, and
/// how many of them it passes between two looks.
const OVERFLOW_POINTS: u32 = 1 << 30;
const OVERFLOW_STRIDE: u32 = 1 << 12;

impl Following {
    /// Runs the oracle on to something other than a sequence point, to see whether events alone are
    /// missing. Only at the end of a case, and not for ever.
    pub(crate) fn run_ahead(&mut self) -> Stop {
        for _ in 0..LOOKAHEAD {
            match self.machine.run(&EverySequencePoint) {
                Stop::SequencePoint => {}
                stop => return stop,
            }
        }
        Stop::SequencePoint
    }

    /// Runs the oracle until the subject's stack may be used up, or the program does something else.
    ///
    /// Where the stack ran out is the subject's own, and the program may go on for ever after it:
    /// the oracle gives up at a sequence point after `OVERFLOW_POINTS`.
    pub(crate) fn run_deep(&mut self) -> Stop {
        for _ in 0..OVERFLOW_POINTS / OVERFLOW_STRIDE {
            let stop = self.machine.run(&Every::new(OVERFLOW_STRIDE));
            if let Stop::Throw { caught: true, .. } = stop {
                continue;
            }
            if stop != Stop::SequencePoint || self.is_deep() {
                return stop;
            }
        }
        Stop::SequencePoint
    }

    /// Whether the invocation's call depth can use up the subject's stack.
    pub(crate) fn is_deep(&self) -> bool {
        // Every local, operand and opcode may have a slot of its own in the subject's frame.
        let frame = FRAME_BYTES + VALUE_BYTES * self.program.largest_function;
        self.setting.exhausts_stack(self.machine.max_depth(), frame)
    }

    /// Whether the oracle's next opcode enters a call, or the invocation's first call is due.
    pub(crate) fn about_to_call(&self) -> bool {
        // An event may have brought the oracle into the function that it calls.
        let entered = || self.machine.top().is_some_and(|view| view.position == 0);
        self.invocation.previous.is_none()
            || self.machine.current_op().is_none_or(Opcode::is_call)
            || self.invocation.ahead.is_some() && entered()
    }
}

/// Stops at every so many sequence points.
struct Every {
    left: Cell<u32>,
}

impl Every {
    fn new(count: u32) -> Every {
        Every {
            left: Cell::new(count),
        }
    }
}

impl StopAt for Every {
    #[inline]
    fn stops(&self, _: InstanceAddr, _: &Function, _: usize) -> bool {
        let left = self.left.get() - 1;
        self.left.set(left);
        left == 0
    }
}
