//! Events of a stack, a heap or fuel that is used up.

use super::Driver;
use crate::causes::Cause;
use crate::divergence::Moment;
use crate::lockstep::following::interrupts::Interruption;
use crate::lockstep::following::invocation::Phase;
use crate::lockstep::following::stack_search::Search;
use crate::lockstep::recording::looks::Look;
use crate::lockstep::verdict::Flow;
use crate::observe::Observation;
use crate::outcome::SeenTrap;
use crate::rules::RuleId;
use lockstep_oracles::machine::Stop;

impl Driver {
    /// The subject's stack overflowed: believable only where the program comes to a call whose frames are
    /// those shown.
    pub(crate) fn overflow<O: Observation>(&mut self, observed: &mut O) -> Flow {
        self.recorder.tally.looks.event(Look::Overflow);
        if let Some(known) = self.following.hides_callers() {
            self.recorder.leave_out(known, 1);
            self.following.invocation.phase = Phase::Overflowed;
            return Flow::Continue;
        }
        let sight = self.approach(observed, Interruption::Overflow);
        if let Some(Stop::Exhausted(_)) = self.following.invocation.ahead {
            // Neither side can enter the call.
            self.following.invocation.phase = Phase::Overflowed;
            return Flow::Continue;
        }
        if self.ended.is_some() {
            return Flow::Stop;
        }
        let Some(sight) = sight else {
            let expected = "no stack overflow: the program enters no function here";
            let shown = "a Trap event: stack overflow";
            return self.report_misplaced(RuleId::TrapEvent, Moment::Trap, expected, shown);
        };
        self.following.invocation.phase = Phase::Overflowed;
        self.compare_interrupted(observed, Interruption::Overflow, sight)
    }

    /// Fuel is used up: where the program is, or at the next place where it can be interrupted.
    pub fn out_of_fuel<O: Observation>(&mut self, observed: &mut O) -> Flow {
        self.comparison.budget.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if !self.following.setting.consumes_fuel() {
            let expected = "no lack of fuel: none is consumed".to_owned();
            let shown = format!("a Trap event: {}", SeenTrap::OutOfFuel);
            return self.report_control(observed, Moment::Trap, RuleId::TrapEvent, expected, shown);
        }
        self.recorder.tally.looks.event(Look::OutOfFuel);
        // How much fuel there is where is not modelled, and where a function is entered not even the frames
        // may be looked for: between breakpoints the oracle lags behind.
        if !self.following.breakpoints.is_everywhere() {
            if let Some(known) = self.following.setting.cause(Cause::LibcallFrame) {
                self.recorder.leave_out(known, 1);
            }
            self.following.invocation.phase = Phase::OutOfFuel;
            return Flow::Continue;
        }
        if self.is_before_start(observed) {
            self.following.invocation.phase = Phase::OutOfFuel;
            return Flow::Continue;
        }
        let sight = self.approach(observed, Interruption::Fuel);
        if self.is_cut() {
            return Flow::Stop;
        }
        self.following.invocation.phase = Phase::OutOfFuel;
        match sight {
            Some(sight) => self.compare_interrupted(observed, Interruption::Fuel, sight),
            None => {
                let expected = "no use of fuel: no function is entered, and no loop begins";
                let shown = "an event of fuel that is used up";
                self.report_misplaced(RuleId::TrapEvent, Moment::Trap, expected, shown)
            }
        }
    }

    /// Fuel that is used up, told as the error of a host function.
    pub(crate) fn fuel_as_host_error<O: Observation>(&mut self, observed: &mut O) -> Flow {
        self.told_as_host_error(SeenTrap::OutOfFuel);
        self.out_of_fuel(observed)
    }

    /// The subject's heap cannot hold an object: believable only where one is about to be made.
    pub fn out_of_memory<O: Observation>(&mut self, observed: &mut O) -> Flow {
        self.comparison.budget.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        self.recorder.tally.looks.event(Look::OutOfMemory);
        if !self.following.breakpoints.is_everywhere()
            && self.following.machine.num_activations() > 0
        {
            return self.out_of_memory_between_events(observed);
        }
        if self.following.invocation.ahead == Some(Stop::SequencePoint) {
            return self.report_no_exhaustion(observed, "the event of the next opcode is due");
        }
        let within = self.following.machine.current_op().is_some();
        if within && !self.following.may_make_object() {
            return self.report_no_exhaustion(observed, "the next opcode makes no object");
        }
        self.following.invocation.phase = Phase::OutOfMemory;
        match within {
            true => {
                let sight = self.following.sight_within(Interruption::Memory);
                self.compare_interrupted(observed, Interruption::Memory, sight)
            }
            // What the compiler makes for an instantiation has a frame that cannot be read (`STARTUP-FRAME`).
            false => Flow::Continue,
        }
    }

    /// The same where not every opcode has an event: the oracle must come to the places and numbers shown.
    /// The first place that has them need not be the one, in a loop that only makes objects: what the
    /// references denote is not compared, nor are the operands.
    fn out_of_memory_between_events<O: Observation>(&mut self, observed: &mut O) -> Flow {
        match self.search_full_heap(observed) {
            Search::There | Search::Unknown => {
                self.following.invocation.phase = Phase::OutOfMemory;
                Flow::Continue
            }
            Search::Before if self.is_cut() => Flow::Stop,
            Search::Before => self.report_no_exhaustion(
                observed,
                "no opcode before the next event makes an object with this stack",
            ),
        }
    }

    fn report_no_exhaustion<O: Observation>(&mut self, observed: &mut O, why: &str) -> Flow {
        self.report_control(
            observed,
            Moment::Trap,
            RuleId::TrapEvent,
            format!("no exhaustion: {why}"),
            "an event of an exhausted heap".to_owned(),
        )
    }
}
