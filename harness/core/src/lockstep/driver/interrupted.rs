//! The stack is compared where the program is interrupted between two opcodes.

use super::Driver;
use crate::causes::if_params::plainly_shown;
use crate::causes::{Cause, Known};
use crate::divergence::{Moment, count};
use crate::lockstep::checkers::frames::{StackDiff, ValueDiff};
use crate::lockstep::checkers::interrupted::Interrupted;
use crate::lockstep::checkers::unnamed::Unnamed;
use crate::lockstep::following::interrupts::Interruption;
use crate::lockstep::following::places::expected_place;
use crate::lockstep::following::sight::Sight;
use crate::lockstep::following::stack_search::Search;
use crate::lockstep::verdict::Flow;
use crate::observe::{Observation, Walk};
use crate::rules::RuleId;
use crate::snapshot::Snapshot;
use lockstep_oracles::address::Pc;

impl Driver {
    /// The stack at an interruption, for faulty observations: copied as far as it may be looked at.
    pub fn snapshot_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
    ) -> Snapshot {
        let sight = match interruption {
            Interruption::Memory
                if !self.following.breakpoints.is_everywhere()
                    && self.search_full_heap(observed) != Search::There =>
            {
                None
            }
            Interruption::Memory => Some(self.following.sight_within(interruption)),
            Interruption::Overflow if self.following.hides_callers().is_some() => None,
            Interruption::Deadline => self.following.epoch.last(),
            Interruption::Growth => self.sight_of_failed_growth(),
            _ if self.is_before_start(observed) => None,
            _ => self.approach(observed, interruption),
        };
        let Some(sight) = sight.filter(|sight| sight.hidden.is_none()) else {
            return Snapshot::default();
        };
        if sight.buried.is_some() && !self.following.is_own(observed) {
            return Snapshot::default();
        }
        match self.following.stand_in(sight) {
            Some((place, imported)) => {
                let unnamed = &mut Unnamed::new(observed, place, imported);
                self.following.copy_interrupted(unnamed, sight.within)
            }
            None => self.following.copy_interrupted(observed, sight.within),
        }
    }

    /// Compares the stack at an interruption that the oracle was brought to.
    pub(crate) fn compare_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
        sight: Sight,
    ) -> Flow {
        let array = sight
            .within
            .then(|| self.following.array_at_work())
            .flatten();
        self.comparison.references.leave_open(array);
        let flow = self.compare_interrupted_stack(observed, interruption, sight);
        self.comparison.references.leave_open(None);
        flow
    }

    fn compare_interrupted_stack<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
        sight: Sight,
    ) -> Flow {
        if let Some(known) = sight.hidden {
            return self.leave_out_frames(observed, interruption, known);
        }
        if let Some(known) = sight.buried
            && !self.following.is_own(observed)
        {
            return self.leave_out_frames(observed, interruption, known);
        }
        if let Some(foreign) = sight.foreign
            && self.following.is_foreign(observed)
        {
            self.recorder.leave_out(foreign, 1);
            self.explain_foreign(interruption, foreign);
            return self.compare_callers(observed, interruption.moment());
        }
        let flow = match (sight.unnamed, self.following.stand_in(sight)) {
            (Some(known), Some(_)) if self.dares(known) => {
                let _ = self.compare_interrupted_frames(observed, interruption, sight);
                return self.end_dare();
            }
            (Some(known), Some((place, imported))) => {
                self.recorder.leave_out(known, 1);
                let unnamed = &mut Unnamed::new(observed, place, imported);
                self.compare_interrupted_frames(unnamed, interruption, sight)
            }
            _ => self.compare_interrupted_frames(observed, interruption, sight),
        };
        if flow == Flow::Continue {
            self.recorder.tally.looks.whole(interruption.look());
        }
        flow
    }

    /// Leaves out the whole stack, unless it is dared.
    fn leave_out_frames<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
        known: Known,
    ) -> Flow {
        if self.dares(known) {
            return self.dare_frames(observed, interruption.moment());
        }
        self.recorder.leave_out(known, 1);
        Flow::Continue
    }

    fn explain_foreign(&mut self, interruption: Interruption, known: Known) {
        if self.recorder.repeats(Some(known)) {
            return;
        }
        self.report_known(
            RuleId::FrameFunction,
            interruption.moment(),
            "a frame of the function that is entered".to_owned(),
            "a frame of another function".to_owned(),
            Some(known),
        );
    }

    fn compare_interrupted_frames<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
        sight: Sight,
    ) -> Flow {
        let moment = interruption.moment();
        let mut walk = observed.walk();
        if walk.done() {
            drop(walk);
            let expected = "the interrupted frame".to_owned();
            let shown = "no frame".to_owned();
            return self.report_control(observed, moment, RuleId::FrameCount, expected, shown);
        }
        let (place, operands) = (walk.place(), walk.num_operands() as usize);
        drop(walk);
        let Some(view) = self.following.machine.top() else {
            return Flow::Continue;
        };
        let expected = Interrupted::of(&view, sight.within);
        let wanted = expected_place(&view, self.following.setting.conventions);
        if (place.instance, place.func) != (wanted.instance, wanted.func) || !place.module_agrees {
            let diff = StackDiff::Place { frame: 0 };
            return self.misplaced(observed, moment, diff);
        }
        self.compare_innermost_locals(observed, moment);
        self.recorder.note(RuleId::CheckPc);
        if expected.is_at(place.pc) {
            self.compare_interrupted_operands(observed, moment, &expected, operands);
        } else {
            self.explain_interrupted(observed, interruption, &expected, (place.pc, operands));
        }
        self.recorder.tally.frames += 1;
        self.compare_callers(observed, moment)
    }

    /// The frame is where it must be: so are its operands.
    fn compare_interrupted_operands<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        expected: &Interrupted,
        operands: usize,
    ) {
        self.recorder.note(RuleId::CheckStack);
        let known = self.following.setting.cause(Cause::IfParams);
        let known = known.filter(|_| self.following.predicts_operands(expected, operands));
        if known.is_some() || !expected.left().contains(&operands) {
            let shown = count(operands, "operand");
            let wanted = Some(expected.describe());
            self.report_interrupted(observed, moment, RuleId::CheckStack, wanted, shown, known);
            if known.is_none() {
                return;
            }
        }
        let mut diff = ValueDiff::default();
        let mut written = self.written(expected, operands);
        if known.is_some() {
            let stacks = self.following.stacks_of(0);
            let plain = stacks.map(|stacks| plainly_shown(stacks, expected.shown_behind()));
            written = written.min(plain.unwrap_or(0));
        }
        self.compare_prefix(observed, moment, written, &mut diff);
        if diff != ValueDiff::default() {
            self.report_values(observed, moment, 0, diff);
        }
        let _ = self.end_dare();
    }

    /// How many of the operands shown have been written, from the bottom; all, if the others are dared.
    fn written(&mut self, expected: &Interrupted, operands: usize) -> usize {
        let written = operands.min(expected.operands - expected.parameters);
        match self.following.setting.cause(Cause::LibcallSlot) {
            Some(known) if written < operands && self.dares(known) => operands,
            Some(known) => {
                self.recorder.leave_out(known, (operands - written) as u64);
                written
            }
            None => operands,
        }
    }

    /// The frame is elsewhere: known if its record is another opcode's of the same function, and then
    /// only what the two stacks share is read.
    fn explain_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
        expected: &Interrupted,
        (pc, operands): (Pc, usize),
    ) {
        let (cause, slot) = match interruption {
            Interruption::Overflow => (Cause::TrapPc, Cause::TrapSlot),
            _ => (Cause::LibcallPc, Cause::LibcallSlot),
        };
        let moment = interruption.moment();
        let position = self.following.machine.top().and_then(|view| {
            let shown = view.function.position(pc)?;
            view.function.reachable[shown].then_some(shown)
        });
        // The call that grows is made where the opcode is.
        let known = self.following.setting.cause(cause);
        let known = known.filter(|_| interruption != Interruption::Growth);
        let known = known.filter(|_| {
            position.is_some_and(|shown| {
                self.comparison
                    .is_record(&mut self.following, shown, expected.position, operands)
            })
        });
        let shown = format!("PC {pc}, {}", count(operands, "operand"));
        let wanted = Some(expected.describe());
        self.report_interrupted(observed, moment, RuleId::CheckPc, wanted, shown, known);
        if let (Some(unwritten), Some(shown), true) = (
            self.following.setting.cause(slot),
            position,
            known.is_some(),
        ) {
            let mut diff = ValueDiff::default();
            let written = expected.operands - expected.parameters;
            let stacks = (shown, operands, written);
            self.compare_common(observed, moment, unwritten, stacks, &mut diff);
            if diff != ValueDiff::default() {
                self.report_values(observed, moment, 0, diff);
            }
        }
    }

    fn report_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        rule: RuleId,
        expected: Option<String>,
        shown: String,
        known: Option<Known>,
    ) {
        if !self.recorder.is_news(rule, known) {
            return;
        }
        let mut divergence = self.evidence(observed, moment, rule, Some(0), expected, shown);
        divergence.known = known.map(Known::cause);
        self.record(divergence);
    }
}
