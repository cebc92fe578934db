//! The stack where a program was interrupted, compared as far as it may be looked at.

use super::comparison::Comparison;
use super::driver::Driver;
use super::following::Following;
use super::frames::{StackDiff, ValueDiff};
use super::interrupts::Interruption;
use super::looks::Look;
use super::places::expected_place;
use super::shapes::{height_of, taken_at};
use super::sight::Sight;
use super::stack_search::Search;
use super::unnamed::Unnamed;
use super::verdict::Flow;
use crate::causes::if_params::{ShownOperand, plainly_shown};
use crate::causes::{Cause, Known};
use crate::divergence::{Moment, count};
use crate::observe::{Observation, Walk};
use crate::rules::RuleId;
use crate::snapshot::Snapshot;
use lockstep_oracles::address::{FuncIndex, ObjectAddr, Pc};
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::value::{Ref, Value};
use std::ops::{Range, RangeInclusive};

/// A function and where it is interrupted, and outside it those into which it may be inlined, at their calls.
pub(super) type CodePath = Vec<(FuncIndex, usize)>;

/// Where a program was interrupted.
struct Interrupted {
    /// Position of the next opcode.
    position: usize,
    /// PCs of the place: between the function's head and its first opcode, or the `loop`.
    pcs: Range<Pc>,
    /// How many operands there are.
    operands: usize,
    /// How many of them the opcode has taken that was interrupted.
    taken: usize,
    /// How many of them are a loop's parameters: their slots are written behind the interruption.
    parameters: usize,
}

impl Interrupted {
    fn of(view: &FrameView<'_>, within: bool) -> Interrupted {
        let pcs = &view.function.pcs;
        let only = |pc: Pc| pc..Pc(pc.0 + 1);
        let pcs = match view.position {
            at if within => only(pcs[at]),
            0 => view.function.start..pcs[0],
            at => only(pcs[at - 1]),
        };
        Interrupted {
            position: view.position,
            pcs,
            operands: view.operands.len(),
            parameters: match view.position {
                at if at > 0 && !within => view.function.instrs[at - 1].a as usize,
                _ => 0,
            },
            taken: match within {
                true => taken_at(view.function, view.position),
                false => 0,
            },
        }
    }

    /// How many operands may be left.
    fn left(&self) -> RangeInclusive<usize> {
        self.operands.saturating_sub(self.taken)..=self.operands
    }

    /// The positions whose stacks hold what is shown: of an opcode that was interrupted itself that behind
    /// it, or the `loop`'s.
    fn shown_behind(&self) -> [usize; 2] {
        match self.taken {
            0 => [self.position.saturating_sub(1); 2],
            _ => [self.position, self.position + 1],
        }
    }

    fn is_at(&self, pc: Pc) -> bool {
        self.pcs.contains(&pc)
    }

    fn describe(&self) -> String {
        let place = match self.pcs.end.0 - self.pcs.start.0 {
            1 => format!("PC {}", self.pcs.start),
            _ => format!("PC {} or later, before {}", self.pcs.start, self.pcs.end),
        };
        format!("{place}, {}", count(self.operands, "operand"))
    }
}

impl Interruption {
    /// The kind of its event.
    fn look(self) -> Look {
        match self {
            Interruption::Overflow => Look::Overflow,
            Interruption::Epoch => Look::EpochYield,
            Interruption::Fuel => Look::OutOfFuel,
            Interruption::Memory => Look::OutOfMemory,
            Interruption::Deadline => Look::Deadline,
            Interruption::Growth => Look::HostError,
        }
    }
}

impl Following {
    /// The array that the next opcode writes into, element by element.
    fn array_at_work(&self) -> Option<ObjectAddr> {
        let view = self.machine.top()?;
        let op = view.op();
        let writes = matches!(
            op,
            Opcode::ArrayFill | Opcode::ArrayCopy | Opcode::ArrayInitData | Opcode::ArrayInitElem
        );
        let index = view.operands.len().checked_sub(op.own_operands())?;
        match view.operands_typed().nth(index).filter(|_| writes)? {
            Value::Ref(Ref::Array(addr), _) => Some(addr),
            _ => None,
        }
    }

    /// Whether a cause predicts that so many operands are shown, an `if`'s parameters that are gone among
    /// them. An opcode that was interrupted itself may have taken its own, or none yet.
    fn predicts_operands(&mut self, expected: &Interrupted, operands: usize) -> bool {
        let position = expected.position;
        let shown = |shown: Vec<ShownOperand>| shown.len();
        let [untaken, taken] = match (expected.taken, position.checked_sub(1)) {
            (0, None) => [None; 2],
            (0, Some(before)) => [self.shown_at(0, before).map(shown), None],
            _ => [
                self.shown_at(0, position).map(shown),
                self.operands_within(position),
            ],
        };
        [untaken, taken].contains(&Some(operands))
    }

    /// Which code is interrupted, and where: each path of calls by which a function may be inlined has a body
    /// of its own, be they tail calls. None where the path is not known.
    fn path(&self, view: &FrameView<'_>, interrupted: usize) -> Option<CodePath> {
        let mut path = vec![(view.function.index, interrupted)];
        if !self.setting.inlined {
            return Some(path);
        }
        let depth = self.machine.depth();
        for (frame, caller) in self.machine.frames().enumerate() {
            if frame > 0 {
                if !caller.waits || !self.program.may_be_inlined_at(&caller) {
                    break;
                }
                path.push((caller.function.index, caller.position));
            }
            let replaced = self.history.replaced(depth - 1 - frame)?;
            path.extend(replaced.iter().map(|call| (call.func, call.position)));
        }
        Some(path)
    }

    /// How many operands are shown while the opcode at `position` runs, if a cause predicts that: those
    /// behind it but for its results. What it takes may have covered an `if`'s parameters.
    fn operands_within(&mut self, position: usize) -> Option<usize> {
        let behind = self.shown_at(0, position + 1)?.len();
        let function = self.machine.top()?.function;
        let op = function.instrs[position].op;
        let [before, after] =
            [position, position + 1].map(|at| height_of(function, function.before[at]));
        let results = (after + op.own_operands()).checked_sub(before)?;
        behind.checked_sub(results)
    }
}

impl Comparison {
    /// Whether a record of the opcode at `shown` has that many operands, and is the one that was found
    /// for the same place before.
    fn is_record(
        &mut self,
        following: &mut Following,
        shown: usize,
        interrupted: usize,
        operands: usize,
    ) -> bool {
        let Some(height) = following.operands_at(Some(shown)) else {
            return false;
        };
        let Some(view) = following.machine.top() else {
            return false;
        };
        // A trap's record lacks what its opcode takes.
        let taken = taken_at(view.function, shown);
        let instance = view.instance;
        let same = match following.path(&view, interrupted) {
            Some(path) => self.precedents.is_same_record(instance, path, shown),
            None => true,
        };
        let within = (height.saturating_sub(taken)..=height).contains(&operands);
        same && (within || following.operands_within(shown) == Some(operands))
    }
}

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
    pub(super) fn compare_interrupted<O: Observation>(
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
