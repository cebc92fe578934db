//! Events of what interrupts a program at a function's entry or at a loop's head: stack overflow, the
//! epoch, fuel.
//!
//! Such an event comes between two opcodes. The oracle is brought to the sequence point right behind
//! it, where every local and every operand is what it was at the interruption, and is compared there;
//! the event of that sequence point is still due. Within an opcode that works in bulk it may come, too:
//! then the oracle is right before that opcode.

use super::breakpoints::Selected;
use super::driver::{Driver, Ended, Flow, POINTS_BETWEEN_EVENTS};
use super::frames::{StackDiff, ValueDiff, expected_place};
use super::growth::run_following;
use super::looks::Look;
use super::trap_frame::{height_of, taken_at};
use super::unnamed::Unnamed;
use crate::causes::if_params::{ShownOperand, plainly_shown};
use crate::causes::{Cause, Known, libcall_frame};
use crate::divergence::{Moment, count};
use crate::observe::{Boundary, Limited, Observation, Place, Walk};
use crate::rules::RuleId;
use crate::snapshot::Snapshot;
use lockstep_oracles::address::{FuncIndex, InstanceAddr, ObjectAddr, Pc};
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::{EverySequencePoint, FrameView, Stop, StopAt};
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::value::{Ref, Value};
use std::ops::{Range, RangeInclusive};

/// What interrupts a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// A function is entered for which the stack has no room
    Overflow,
    /// The epoch is beyond the store's deadline
    Epoch,
    /// Fuel is used up
    Fuel,
    /// The heap cannot hold an object
    Memory,
    /// The epoch ends the program at its deadline
    Deadline,
    /// The store's limiter fails a growth
    Growth,
}

impl Interruption {
    fn moment(self) -> Moment {
        match self {
            Interruption::Epoch => Moment::EpochYield,
            Interruption::Growth => Moment::HostcallError,
            Interruption::Overflow
            | Interruption::Fuel
            | Interruption::Memory
            | Interruption::Deadline => Moment::Trap,
        }
    }

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

/// A function and where it is interrupted, and outside it those into which it may be inlined, at their calls.
pub(super) type CodePath = Vec<(FuncIndex, usize)>;

/// Where a program is interrupted, and what may be looked at of the stack.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// Whether it is within the oracle's next opcode, not before it.
    pub(super) within: bool,
    /// The cause that forbids any look.
    pub(super) hidden: Option<Known>,
    /// The cause that forbids to ask for the innermost frame's instance.
    pub(super) unnamed: Option<Known>,
    /// The cause by which the innermost frame may be shown as one of another function.
    pub(super) foreign: Option<Known>,
    /// The cause by which the frames shown may be those of a body that was inlined and is not executed, which
    /// their functions and PCs tell: then nothing else may be asked of them.
    pub(super) buried: Option<Known>,
}

/// Whether a program may be interrupted before the opcode at this position: the first of a function,
/// or the one behind a `loop`, to which branches go.
pub(super) fn is_interruptible(function: &Function, position: usize) -> bool {
    position == 0 || function.instrs[position - 1].op == Opcode::Loop
}

/// Stops where breakpoints are, and where something else says.
struct Either<'a, 'm, F>(&'a Selected<'m>, F);

impl<F: Fn(InstanceAddr, &Function, usize) -> bool> StopAt for Either<'_, '_, F> {
    fn stops(&self, instance: InstanceAddr, function: &Function, position: usize) -> bool {
        // Both are asked: a breakpoint counts the points that are passed.
        self.0.stops(instance, function, position) | (self.1)(instance, function, position)
    }
}

impl Driver {
    /// Brings the oracle to where the program can be interrupted next, if it is not there yet, and says
    /// what may be looked at. None if it comes to no such place.
    pub fn approach<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
    ) -> Option<Sight> {
        if self.ended.is_some() || !self.invocation.is_running() {
            return None;
        }
        if self.invocation.ahead.is_none()
            && interruption != Interruption::Overflow
            && self.is_within_bulk()
        {
            return Some(self.sight(interruption, true, false));
        }
        let stop = match (self.invocation.ahead, interruption) {
            (Some(stop), _) => stop,
            (None, _) if self.breakpoints.is_everywhere() => self.run_stepped(),
            (None, Interruption::Epoch) => self.run_to_interruptible(),
            (None, Interruption::Overflow) => self.run_to_overflow(observed),
            // How much fuel there is where is not modelled.
            (None, _) => return None,
        };
        self.invocation.ahead = Some(stop);
        let view = self.machine.top().filter(|_| stop == Stop::SequencePoint)?;
        let entered = view.position == 0;
        let fits = match interruption {
            Interruption::Overflow => entered,
            Interruption::Memory | Interruption::Deadline | Interruption::Growth => false,
            Interruption::Epoch | Interruption::Fuel => {
                is_interruptible(view.function, view.position)
            }
        };
        fits.then(|| self.sight(interruption, false, entered))
    }

    /// Whether the oracle was not brought there, for a reason of its own: then the execution has ended.
    pub(super) fn is_cut(&mut self) -> bool {
        if let Some(Stop::Exhausted(limit)) = self.invocation.ahead {
            self.ended.get_or_insert(Ended::OracleLimit(limit));
        }
        self.ended.is_some()
    }

    /// Whether the last event was at an opcode that works in bulk, and can be interrupted itself.
    pub(super) fn is_within_bulk(&self) -> bool {
        self.invocation.previous.is_some() && self.machine.current_op().is_some_and(Opcode::is_bulk)
    }

    /// Whether the oracle was brought to an opcode that works in bulk, before which no other place lies.
    pub(super) fn is_before_bulk(&self) -> bool {
        let view = self
            .machine
            .top()
            .filter(|_| self.invocation.ahead.is_some());
        view.is_some_and(|view| {
            view.op().is_bulk() && !is_interruptible(view.function, view.position)
        })
    }

    /// What may be looked at where the oracle's next opcode failed.
    pub(super) fn sight_within(&self, interruption: Interruption) -> Sight {
        self.sight(interruption, true, false)
    }

    /// What causes forbid to look at.
    fn sight(&self, interruption: Interruption, within: bool, entered: bool) -> Sight {
        let by_call = interruption != Interruption::Overflow;
        let unnamed = match by_call {
            true => Cause::EpochFrame,
            false => Cause::OverflowFrame,
        };
        let foreign = self.setting.causes.get(Cause::LibcallFrame);
        let foreign = foreign.filter(|_| {
            by_call && entered && (interruption != Interruption::Epoch || self.may_trap_first())
        });
        let (inlined, buried) = match by_call {
            true => self.inlined_libcall(foreign.is_some()),
            false => {
                let known = self.setting.causes.get(Cause::InlinedTrap);
                (known.filter(|_| self.setting.inlined), None)
            }
        };
        let inlined = inlined.or_else(|| self.inlined_in_try());
        let unnamed = self.setting.causes.get(unnamed).filter(|_| entered);
        // An engine with debug assertions asks for the instance itself when it is asked for the function.
        let asserted = unnamed.or(foreign).or(buried);
        let asserted = asserted.filter(|_| cfg!(debug_assertions));
        Sight {
            within,
            hidden: inlined
                .or(foreign.filter(|_| self.is_in_first_function()))
                .or(asserted),
            unnamed,
            foreign,
            buried,
        }
    }

    /// What forbids to look at the stack where a library call interrupts code into which callees are
    /// inlined (`INLINED-LIBCALL`): the cause that forbids any look, or else the one that does if the frames
    /// shown turn out to be others. They may be `foreign`: of the function placed before.
    fn inlined_libcall(&self, foreign: bool) -> (Option<Known>, Option<Known>) {
        let known = self.setting.causes.get(Cause::InlinedLibcall);
        let Some(known) = known.filter(|_| self.setting.inlined) else {
            return (None, None);
        };
        let mut frames = self.machine.frames();
        let top = frames.next();
        let known_calls = top.and_then(|top| {
            let calls = self.program.calls(top.instance)?;
            Some((calls, top.function.index))
        });
        let Some((calls, own)) = known_calls else {
            return (Some(known), None);
        };
        let caller = frames.next().filter(|caller| caller.waits);
        let others = calls.inlines_any(own)
            || calls.is_tail_called(own)
            || foreign && calls.is_inlined(own)
            || caller.is_some_and(|caller| self.program.may_be_inlined_at(&caller));
        (None, others.then_some(known))
    }

    /// Whether the frames shown are those of the innermost function where it is, however it was inlined. The
    /// path of calls tells its body from every other; only functions and PCs are asked for.
    fn is_own<O: Observation>(&self, observed: &mut O) -> bool {
        let mut frames = self.machine.frames().peekable();
        let mut walk = observed.walk();
        let mut replaced = false;
        let mut innermost = true;
        while let Some(view) = frames.next() {
            let defined = view.function.index.0 - view.module.num_imported_funcs();
            let place = expected_place(&view, self.setting.conventions);
            let shown = match walk.done() {
                true => None,
                false => walk.code(),
            };
            let is_here = |(function, pc)| function == defined && (innermost || pc == place.pc);
            if !shown.is_some_and(is_here) {
                return false;
            }
            innermost = false;
            let calls = self.program.calls(view.instance);
            replaced |= calls.is_some_and(|calls| calls.is_tail_called(view.function.index));
            let Some(caller) = frames.peek() else {
                return !replaced || walk.parent() == Boundary::Host || walk.done();
            };
            if !caller.waits || caller.activation != view.activation {
                return !replaced || walk.parent() == Boundary::Host;
            }
            if !self.program.may_be_inlined_at(caller) && !replaced {
                return true;
            }
            walk.parent();
        }
        true
    }

    /// Whether the code before which the innermost function is entered may be placed behind the call that
    /// the epoch makes: what always traps is.
    fn may_trap_first(&self) -> bool {
        let top = self.machine.top();
        top.is_none_or(|view| libcall_frame::may_trap_first(view.module, view.function))
    }

    /// Whether the innermost frame is of the first function that its module defines: no record is placed
    /// before its own.
    fn is_in_first_function(&self) -> bool {
        let view = self.machine.top();
        view.is_some_and(|view| view.function.index.0 == view.module.num_imported_funcs())
    }

    /// Runs the oracle to its next sequence point.
    pub(super) fn run_stepped(&mut self) -> Stop {
        self.recorder.tally.executed += 1;
        if self.notes_steps() {
            self.note_next();
        }
        let stop = match self.nans.any {
            true => self.advance_noting_nans(),
            false => self.machine.run(&EverySequencePoint),
        };
        self.follow_growth(stop)
    }

    /// Runs the oracle to the next breakpoint or place at which the program can be interrupted.
    pub(super) fn run_to_interruptible(&mut self) -> Stop {
        self.run_to_breakpoint_or(|_, function, position| {
            is_interruptible(function, position) || function.instrs[position].op.is_bulk()
        })
    }

    /// Runs the oracle to the next breakpoint, or to where `also` says.
    pub(super) fn run_to_breakpoint_or(
        &mut self,
        also: impl Fn(InstanceAddr, &Function, usize) -> bool,
    ) -> Stop {
        let here = |view: &FrameView<'_>| also(view.instance, view.function, view.position);
        if self.nans.any {
            return self.run_noting_nans(here);
        }
        if self.notes_steps()
            && let Some(stop) = self.run_noting_steps(here)
        {
            return stop;
        }
        let selected = Selected::new(&self.breakpoints, POINTS_BETWEEN_EVENTS);
        let either = Either(&selected, also);
        let stop = run_following(&mut self.machine, &self.sizes, &either);
        self.recorder.tally.executed += POINTS_BETWEEN_EVENTS - selected.left();
        self.note_silent();
        stop.unwrap_or_else(|limit| self.cannot_grow(limit))
    }

    /// Runs the oracle to the stack that the subject shows at an overflow: how deep the calls are by then
    /// is the subject's own, but the program must come there.
    fn run_to_overflow<O: Observation>(&mut self, observed: &mut O) -> Stop {
        let callers = callers_of(observed);
        for _ in 0..POINTS_BETWEEN_EVENTS {
            let stop = self.run_stepped();
            if stop != Stop::SequencePoint {
                return stop;
            }
            let entered = self.machine.top().is_some_and(|view| view.position == 0);
            if entered && self.machine.depth() == callers.len() + 1 && self.waits_at(&callers) {
                return stop;
            }
        }
        self.ended
            .get_or_insert(Ended::PointLimit(POINTS_BETWEEN_EVENTS));
        Stop::SequencePoint
    }

    /// Whether the oracle's frames but the innermost are at these places.
    fn waits_at(&self, callers: &[Place]) -> bool {
        let conventions = self.setting.conventions;
        let frames = self.machine.frames().skip(1);
        let places = frames.map(|view| expected_place(&view, conventions));
        places.eq(callers.iter().copied())
    }

    /// The stack at an interruption, for faulty observations: copied as far as it may be looked at.
    pub fn snapshot_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
    ) -> Snapshot {
        let sight = match interruption {
            // Between breakpoints the oracle lags behind.
            Interruption::Memory if !self.breakpoints.is_everywhere() => None,
            Interruption::Memory => Some(self.sight_within(interruption)),
            Interruption::Deadline => self.epoch.last(),
            Interruption::Growth => self.sight_of_failed_growth(),
            _ if self.is_before_start(observed) => None,
            _ => self.approach(observed, interruption),
        };
        let Some(sight) = sight.filter(|sight| sight.hidden.is_none()) else {
            return Snapshot::default();
        };
        if sight.buried.is_some() && !self.is_own(observed) {
            return Snapshot::default();
        }
        match self.stand_in(sight) {
            Some((place, imported)) => {
                let unnamed = &mut Unnamed::new(observed, place, imported);
                self.copy_interrupted(unnamed, sight.within)
            }
            None => self.copy_interrupted(observed, sight.within),
        }
    }

    /// Compares the stack at an interruption that the oracle was brought to.
    pub(super) fn compare_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
        sight: Sight,
    ) -> Flow {
        let array = sight.within.then(|| self.array_at_work()).flatten();
        self.references.leave_open(array);
        let flow = self.compare_interrupted_stack(observed, interruption, sight);
        self.references.leave_open(None);
        flow
    }

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
            && !self.is_own(observed)
        {
            return self.leave_out_frames(observed, interruption, known);
        }
        if let Some(foreign) = sight.foreign
            && self.is_foreign(observed)
        {
            self.recorder.tally.left_out.count(foreign, 1);
            self.explain_foreign(interruption, foreign);
            return self.compare_callers(observed, interruption.moment());
        }
        let flow = match (sight.unnamed, self.stand_in(sight)) {
            (Some(known), Some(_)) if self.dares(known) => {
                let _ = self.compare_interrupted_frames(observed, interruption, sight);
                return self.end_dare();
            }
            (Some(known), Some((place, imported))) => {
                self.recorder.tally.left_out.count(known, 1);
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
        self.recorder.tally.left_out.count(known, 1);
        Flow::Continue
    }

    /// Whether the innermost frame is shown as one of another function. Its instance is not asked for.
    fn is_foreign<O: Observation>(&self, observed: &mut O) -> bool {
        let Some(view) = self.machine.top() else {
            return false;
        };
        let own = view.function.index.0 - view.module.num_imported_funcs();
        let mut walk = observed.walk();
        !walk.done() && walk.code().is_some_and(|(function, _)| function != own)
    }

    fn explain_foreign(&mut self, interruption: Interruption, known: Known) {
        if self.recorder.findings.has_known(known) {
            return self.recorder.findings.count_known(known);
        }
        self.report_known(
            RuleId::FrameFunction,
            interruption.moment(),
            "a frame of the function that is entered".to_owned(),
            "a frame of another function".to_owned(),
            Some(known),
        );
    }

    /// Where the innermost frame is expected, and how many functions its module imports, where its
    /// instance must not be asked for.
    fn stand_in(&self, sight: Sight) -> Option<(Place, u32)> {
        sight.unnamed.or(sight.foreign)?;
        let view = self.machine.top()?;
        let place = expected_place(&view, self.setting.conventions);
        Some((place, view.module.num_imported_funcs()))
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
        let Some(view) = self.machine.top() else {
            return Flow::Continue;
        };
        let expected = Interrupted::of(&view, sight.within);
        let wanted = expected_place(&view, self.setting.conventions);
        if (place.instance, place.func) != (wanted.instance, wanted.func) || !place.module_agrees {
            let diff = StackDiff::Place { frame: 0 };
            return self.misplaced(observed, moment, diff);
        }
        self.compare_innermost_locals(observed, moment);
        self.recorder.tally.noted.note(RuleId::CheckPc);
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
        self.recorder.tally.noted.note(RuleId::CheckStack);
        let known = self.setting.causes.get(Cause::IfParams);
        let known = known.filter(|_| self.predicts_operands(expected, operands));
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
            let stacks = self.stacks_of(0);
            let plain = stacks.map(|stacks| plainly_shown(stacks, expected.shown_behind()));
            written = written.min(plain.unwrap_or(0));
        }
        self.compare_prefix(observed, moment, written, &mut diff);
        if diff != ValueDiff::default() {
            self.report_values(observed, moment, 0, diff);
        }
        let _ = self.end_dare();
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

    /// How many of the operands shown have been written, from the bottom; all, if the others are dared.
    fn written(&mut self, expected: &Interrupted, operands: usize) -> usize {
        let written = operands.min(expected.operands - expected.parameters);
        match self.setting.causes.get(Cause::LibcallSlot) {
            Some(known) if written < operands && self.dares(known) => operands,
            Some(known) => {
                self.recorder
                    .tally
                    .left_out
                    .count(known, (operands - written) as u64);
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
        let position = self.machine.top().and_then(|view| {
            let shown = view.function.position(pc)?;
            view.function.reachable[shown].then_some(shown)
        });
        // The call that grows is made where the opcode is.
        let known = self.setting.causes.get(cause);
        let known = known.filter(|_| interruption != Interruption::Growth);
        let known = known.filter(|_| {
            position.is_some_and(|shown| self.is_record(shown, expected.position, operands))
        });
        let shown = format!("PC {pc}, {}", count(operands, "operand"));
        let wanted = Some(expected.describe());
        self.report_interrupted(observed, moment, RuleId::CheckPc, wanted, shown, known);
        if let (Some(unwritten), Some(shown), true) =
            (self.setting.causes.get(slot), position, known.is_some())
        {
            let mut diff = ValueDiff::default();
            let written = expected.operands - expected.parameters;
            let stacks = (shown, operands, written);
            self.compare_common(observed, moment, unwritten, stacks, &mut diff);
            if diff != ValueDiff::default() {
                self.report_values(observed, moment, 0, diff);
            }
        }
    }

    /// Whether a record of the opcode at `shown` has that many operands, and is the one that was found
    /// for the same place before.
    fn is_record(&mut self, shown: usize, interrupted: usize, operands: usize) -> bool {
        let Some(height) = self.operands_at(Some(shown)) else {
            return false;
        };
        let Some(view) = self.machine.top() else {
            return false;
        };
        // A trap's record lacks what its opcode takes.
        let taken = taken_at(view.function, shown);
        let instance = view.instance;
        let path = self.path(&view, interrupted);
        let same = self.precedents.is_same_record(instance, path, shown);
        let within = (height.saturating_sub(taken)..=height).contains(&operands);
        same && (within || self.operands_within(shown) == Some(operands))
    }

    /// Which code is interrupted, and where: each path of calls by which a function may be inlined has a body
    /// of its own.
    fn path(&self, view: &FrameView<'_>, interrupted: usize) -> CodePath {
        let mut path = vec![(view.function.index, interrupted)];
        if self.setting.inlined {
            let callers = self.machine.frames().skip(1);
            let callers =
                callers.take_while(|caller| caller.waits && self.program.may_be_inlined_at(caller));
            path.extend(callers.map(|caller| (caller.function.index, caller.position)));
        }
        path
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

    fn report_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        rule: RuleId,
        expected: Option<String>,
        shown: String,
        known: Option<Known>,
    ) {
        match known {
            None if !self.recorder.findings.is_news(rule) => return,
            Some(known) if self.recorder.findings.has_known(known) => {
                return self.recorder.findings.count_known(known);
            }
            _ => {}
        }
        let mut divergence = self.evidence(observed, moment, rule, Some(0), expected, shown);
        divergence.known = known.map(Known::cause);
        self.record(divergence);
    }
}

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

/// The places of all frames but the innermost, which is only passed.
fn callers_of<O: Observation>(observed: &mut O) -> Vec<Place> {
    let mut walk = Limited::new(observed.walk(), usize::MAX);
    let mut places = Vec::new();
    if !walk.done() {
        walk.parent();
    }
    while !walk.done() {
        places.push(walk.place());
        walk.parent();
    }
    places
}
