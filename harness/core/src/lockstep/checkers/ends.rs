//! The checker of how an invocation ends: what the subject says came of it, beside what the oracle says.

use super::comparison::Comparison;
use super::difference::Difference;
use crate::causes::{Cause, pulley_memory_trap};
use crate::lockstep::following::Following;
use crate::lockstep::verdict::Expected;
use crate::outcome::Outcome;
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::Value;

/// Caught exceptions that are passed over to see whether events alone are missing.
const THROWS_AHEAD: u32 = 1000;

impl Following {
    /// The invocation trapped as it must, but no event said so.
    pub(crate) fn silent_trap(&self, trap: Trap, op: Option<Opcode>) -> Difference {
        let explains = self.setting.is_on_pulley()
            && op.is_some_and(|op| {
                let never_in_bounds = self.machine.is_never_in_bounds();
                pulley_memory_trap::explains(op, trap, never_in_bounds)
            });
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
