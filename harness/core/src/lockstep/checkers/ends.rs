//! How an invocation ends: what the subject says came of it, beside what the oracle has left to do.

use super::comparison::Comparison;
use super::difference::Difference;
use crate::causes::{Cause, pulley_memory_trap};
use crate::lockstep::following::Following;
use crate::lockstep::following::LOOKAHEAD;
use crate::lockstep::verdict::Expected;
use crate::outcome::Outcome;
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::{EverySequencePoint, Stop, StopAt};
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::Value;
use std::cell::Cell;

/// Bytes of a subject's frame beyond what its values need, and bytes one value may need: generous,
/// because they decide only whether a stack overflow that no event located is believable.
const FRAME_BYTES: usize = 256;

const VALUE_BYTES: usize = 32;

/// Sequence points after which the oracle gives up looking for the depth of a stack overflow, and
/// how many of them it passes between two looks.
const OVERFLOW_POINTS: u32 = 1 << 30;

const OVERFLOW_STRIDE: u32 = 1 << 12;

/// Caught exceptions that are passed over to see whether events alone are missing.
const THROWS_AHEAD: u32 = 1000;

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

    /// The invocation trapped as it must, but no event said so.
    pub(crate) fn silent_trap(&self, trap: Trap, op: Option<Opcode>) -> Difference {
        let explains = self.setting.is_on_pulley()
            && op.is_some_and(|op| pulley_memory_trap::explains(op, trap));
        let known = self.setting.cause(Cause::PulleyMemoryTrap);
        let at = op.map_or(String::new(), Opcode::name);
        Difference::new(
            RuleId::TrapEvent,
            format!("a Trap event: {trap}, at {at}"),
            "no such event before the invocation ended",
        )
        .explained(known.filter(|_| explains))
    }

    /// The stack overflowed, and no event said so.
    pub(crate) fn silent_overflow(&self) -> Difference {
        let known = self.setting.cause(Cause::PulleyOverflow);
        Difference::new(
            RuleId::TrapEvent,
            "a Trap event: stack overflow",
            "no such event before the invocation ended",
        )
        .explained(known.filter(|_| self.setting.is_on_pulley()))
    }

    /// The subject ended where the oracle still has something to do: events alone are missing if the oracle ends
    /// the same way when it is not stopped.
    pub(crate) fn ended_early(&mut self, stop: Stop, outcome: &Outcome) -> Difference {
        let expected = match stop {
            Stop::HostCall(id) => format!("a call of host function {}", id.0),
            Stop::Throw { .. } => "an exception to be thrown".to_owned(),
            _ => "an event at the next opcode".to_owned(),
        };
        let mut ahead = self.run_ahead();
        for _ in 0..THROWS_AHEAD {
            if !matches!(ahead, Stop::Throw { caught: true, .. }) {
                break;
            }
            // What is caught is one of the events that are missing.
            ahead = self.run_ahead();
        }
        let rule = match (stop, ahead, outcome) {
            (Stop::HostCall(_), ..) => RuleId::HostCall,
            (_, Stop::Return, Outcome::Returned(_)) => self.breakpoints.lost_rule(),
            (_, Stop::Trap(trap), Outcome::Trapped(seen)) if seen.is(trap) => {
                self.breakpoints.lost_rule()
            }
            (Stop::SequencePoint, Stop::Throw { caught: false, .. }, Outcome::Thrown(_)) => {
                self.breakpoints.lost_rule()
            }
            (Stop::Throw { .. }, ..) => RuleId::ThrowEvent,
            _ => RuleId::Outcome,
        };
        Difference::new(rule, expected, outcome.describe())
    }
}

impl Comparison {
    /// How the results of an invocation are not those that were returned.
    pub(crate) fn other_results(
        &mut self,
        following: &Following,
        expected: &[Value],
        seen: &[Seen],
    ) -> Option<Difference> {
        if self.values_agree(following, expected, seen) {
            return None;
        }
        let known = self.explain_values(following, expected, seen);
        let found = Difference::new(
            RuleId::Values,
            Expected::Returned(expected.to_vec()).describe(),
            Outcome::Returned(seen.to_vec()).describe(),
        );
        Some(found.explained(known))
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
