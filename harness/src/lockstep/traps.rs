//! `Trap` events: the trapping opcode, and what of its operands is still there.

use super::driver::{Driver, Flow, Phase};
use super::families::Family;
use super::frames::{Referents, ValueDiff, compare_locals, compare_stack, expected_place};
use super::tally::Tally;
use crate::conventions::SegmentTraps;
use crate::divergence::{Execution, Moment, count};
use crate::ledger::{INLINED_TRAP, LIBCALL_TRAP, TrapEvidence, explain_trap, traps_as_host_error};
use crate::observe::{Limited, Observation, Place, Walk};
use crate::outcome::SeenTrap;
use crate::rules::RuleId;
use lockstep_oracles::ValType;
use lockstep_oracles::code::{Function, Shape};
use lockstep_oracles::machine::{FrameView, Stop};
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::trap::Trap;

/// Whether the opcode enters a function.
pub(super) fn is_call(op: Opcode) -> bool {
    matches!(op, Opcode::Call | Opcode::CallIndirect | Opcode::CallRef) || is_tail_call(op)
}

/// Whether the opcode enters a function in place of its own.
pub(super) fn is_tail_call(op: Opcode) -> bool {
    matches!(
        op,
        Opcode::ReturnCall | Opcode::ReturnCallIndirect | Opcode::ReturnCallRef
    )
}

/// Whether the opcode makes an object, or calls a host function that may.
pub(super) fn makes_object(op: Opcode) -> bool {
    let name = op.name();
    is_call(op)
        || name.starts_with("struct.new")
        || name.starts_with("array.new")
        || name == "throw"
}

/// How many of the trapping opcode's operands a `Trap` event may leave out: those that it takes.
///
/// Only opcodes that can trap have a row; a call takes its table index or function, its arguments stay.
fn operands_taken(op: Opcode) -> usize {
    let name = op.name();
    match op {
        Opcode::Unreachable => 0,
        Opcode::TableSet | Opcode::StructSet | Opcode::ArrayGet => 2,
        Opcode::ArrayGetS | Opcode::ArrayGetU | Opcode::ArrayNew => 2,
        Opcode::ArrayNewData | Opcode::ArrayNewElem | Opcode::MemoryAtomicNotify => 2,
        Opcode::MemoryFill | Opcode::MemoryCopy | Opcode::MemoryInit => 3,
        Opcode::TableFill | Opcode::TableCopy | Opcode::TableInit | Opcode::ArraySet => 3,
        Opcode::MemoryAtomicWait32 | Opcode::MemoryAtomicWait64 => 3,
        Opcode::ArrayFill | Opcode::ArrayInitData | Opcode::ArrayInitElem => 4,
        Opcode::ArrayCopy => 5,
        _ if name.contains(".cmpxchg") => 3,
        _ if name.contains(".rmw") => 2,
        _ if name.contains(".div") || name.contains(".rem") => 2,
        _ if name.contains(".store") || name.contains("_lane") => 2,
        _ => 1,
    }
}

/// What a `Trap` event shows of the innermost frame, without following a reference.
struct TrapFrame {
    place: Place,
    shown: Option<usize>,
    operands: usize,
    /// What differs of the locals, and of the operands where the ledger predicts them.
    values: Option<ValueDiff>,
    /// First operand (0 at the bottom) whose value is not the one before the opcode.
    wrong_operand: Option<u32>,
}

impl Driver {
    /// A `Trap` event.
    pub fn trap<O: Observation>(&mut self, observed: &mut O, seen: SeenTrap) -> Flow {
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if let Phase::HostTrapping(due) = self.phase {
            return self.relayed_trap(observed, due, seen);
        }
        self.at_inlined_trap = self.inlined && self.entry(INLINED_TRAP).is_some();
        if seen == SeenTrap::StackOverflow {
            return self.overflow(observed);
        }
        if seen == SeenTrap::OutOfMemory {
            return self.out_of_memory(observed);
        }
        if self.phase != Phase::Running {
            let expected = "no further event: the invocation has trapped or failed".to_owned();
            let shown = format!("a Trap event: {seen}");
            return self.report_control(observed, Moment::Trap, RuleId::TrapEvent, expected, shown);
        }
        if self.machine.num_activations() == 0 {
            return self.trap_at_instantiation(observed, seen);
        }
        match self.advance() {
            Stop::Trap(trap) => {
                let trap = self.chosen_trap(trap, seen);
                self.phase = Phase::Trapped(trap);
                if !seen.is(trap) {
                    self.report_plain(
                        RuleId::TrapEvent,
                        Moment::Trap,
                        format!("a Trap event: {trap}"),
                        format!("a Trap event: {seen}"),
                    );
                }
                self.compare_trap(observed)
            }
            _ if self.ended.is_some() => Flow::Stop,
            stop => {
                let expected = match stop {
                    Stop::SequencePoint => "an event at the next opcode",
                    Stop::HostCall(_) => "a host call",
                    Stop::Throw { .. } => "an exception to be thrown",
                    Stop::Return => "the invocation to return",
                    Stop::Trap(_) | Stop::Exhausted(_) => "the oracle's own limit",
                };
                let shown = format!("a Trap event: {seen}");
                let expected = expected.to_owned();
                let lost = stop == Stop::SequencePoint && self.traps_ahead(observed, seen);
                let rule = if lost {
                    self.lost_rule()
                } else {
                    RuleId::TrapEvent
                };
                self.report_control(observed, Moment::Trap, rule, expected, shown)
            }
        }
    }

    /// A `Trap` event before any function runs: that of a segment, where the version tells of those.
    /// There is no frame to compare; which trap it must be is for the instantiation's outcome.
    fn trap_at_instantiation<O: Observation>(&mut self, observed: &mut O, seen: SeenTrap) -> Flow {
        if self.instantiating && self.conventions.segment_traps == SegmentTraps::Events {
            self.segment_trap = Some(seen);
            return Flow::Continue;
        }
        let expected = "no event: no function is running".to_owned();
        let shown = format!("a Trap event: {seen}");
        self.report_control(observed, Moment::Trap, RuleId::TrapEvent, expected, shown)
    }

    /// The event of a segment that traps, where the version tells of it.
    pub fn check_segment_trap(&mut self, trap: Trap) {
        if self.execution != Execution::Instrumented || self.ended.is_some() {
            return;
        }
        let seen = self.segment_trap.take();
        let agrees = match (self.conventions.segment_traps, seen) {
            (SegmentTraps::Events, Some(seen)) => seen.is(trap),
            (SegmentTraps::Events, None) => false,
            // Such an event was reported when it came.
            (SegmentTraps::Silent, _) => true,
        };
        if !agrees {
            let shown = seen.map_or("no event".to_owned(), |seen| {
                format!("a Trap event: {seen}")
            });
            let expected = format!("a Trap event: {trap}");
            self.report_plain(RuleId::TrapEvent, Moment::Trap, expected, shown);
        }
    }

    /// A `HostcallError` event whose error is a trap: known of two opcodes, a divergence elsewhere.
    pub fn trap_as_host_error<O: Observation>(&mut self, observed: &mut O, seen: SeenTrap) -> Flow {
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if let Phase::HostTrapping(due) = self.phase {
            return self.relayed_trap(observed, due, seen);
        }
        let stop = self.advance();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        // The trapping frame is still there.
        let op = self.machine.top().map(|view| view.op());
        let Stop::Trap(trap) = stop else {
            let expected = "no HostcallError event: no host function failed".to_owned();
            let rule = RuleId::HostErrorEvent;
            return self.report_control(observed, Moment::Trap, rule, expected, seen.to_string());
        };
        let trap = self.chosen_trap(trap, seen);
        self.phase = Phase::Trapped(trap);
        let rule = RuleId::TrapEvent;
        let explains = seen.is(trap) && op.is_some_and(traps_as_host_error);
        let known = self.entry(LIBCALL_TRAP).filter(|_| explains);
        if let Some(entry) = known.filter(|entry| self.findings.known.contains_key(entry)) {
            self.findings.count_known(entry);
        } else {
            let expected = Some(format!("a Trap event: {trap}"));
            let shown = format!("a HostcallError event: {seen}");
            let mut divergence = self.evidence(
                observed,
                Moment::HostcallError,
                rule,
                Some(0),
                expected,
                shown,
            );
            divergence.known = known;
            self.record(divergence);
        }
        self.compare_trap(observed)
    }

    /// Whether the oracle comes to this trap when it is not stopped: then events are missing.
    fn traps_ahead<O: Observation>(&mut self, observed: &mut O, seen: SeenTrap) -> bool {
        self.before_lookahead = Some(self.both_states(observed));
        matches!(self.run_ahead(), Stop::Trap(trap) if seen.is(trap))
    }

    /// The subject's stack overflowed: believable only where a call is about to be entered.
    fn overflow<O: Observation>(&mut self, observed: &mut O) -> Flow {
        // Between breakpoints the oracle lags behind; how deep the calls are is not known.
        if self.breakpoints.is_single_step() && !self.about_to_call() {
            return self.report_control(
                observed,
                Moment::Trap,
                RuleId::TrapEvent,
                "no stack overflow: the next opcode enters no function".to_owned(),
                "a Trap event: stack overflow".to_owned(),
            );
        }
        self.phase = Phase::Overflowed;
        Flow::Continue
    }

    /// The subject's heap cannot hold an object: believable only where one is about to be made.
    pub fn out_of_memory<O: Observation>(&mut self, observed: &mut O) -> Flow {
        if self.ended.is_some() {
            return Flow::Stop;
        }
        let makes = self.machine.current_op().is_none_or(makes_object);
        if self.breakpoints.is_single_step() && !makes {
            return self.report_control(
                observed,
                Moment::Trap,
                RuleId::TrapEvent,
                "no exhaustion: the next opcode makes no object".to_owned(),
                "an event of an exhausted heap".to_owned(),
            );
        }
        self.phase = Phase::OutOfMemory;
        Flow::Continue
    }

    fn compare_trap<O: Observation>(&mut self, observed: &mut O) -> Flow {
        if self.visible_frames() == 0 {
            self.count_hidden();
            return Flow::Continue;
        }
        let Some(view) = self.machine.top() else {
            return Flow::Continue;
        };
        let mut walk = observed.walk();
        if walk.done() {
            drop(walk);
            return self.report_control(
                observed,
                Moment::Trap,
                RuleId::FrameCount,
                "the trapping frame".to_owned(),
                "no frame".to_owned(),
            );
        }
        self.tally.checked.note(Family::Trap, view.op());
        let expected = expected_place(&view, self.conventions);
        let position = view.position;
        let function = (view.instance, view.function.index);
        let height = view.operands.len();
        let below = height.saturating_sub(operands_taken(view.op()));
        let layout = Driver::layout(&self.modules, &view);
        let mut frame = TrapFrame::innermost(&view, &mut walk);
        let same_function =
            frame.place.instance == expected.instance && frame.place.func == expected.func;
        if same_function {
            let mut referents = Referents {
                machine: &self.machine,
                references: &mut self.references,
            };
            referents.references.look();
            compare_locals(
                &view,
                layout,
                &mut walk,
                &mut referents,
                &mut self.tally,
                &mut frame.values,
            );
            let avoided = |shape| layout.top_operand(shape);
            frame.compare_operands(&view, &mut walk, avoided, &mut self.tally);
            self.tally.frames += 1;
        }
        let shown_height = frame
            .shown
            .map(|at| height_of(view.function, view.function.before[at]));
        drop(walk);
        let predicted = frame
            .shown
            .and_then(|at| self.shown_at(0, at))
            .map(|shown| shown.len());
        let earlier = self.trap_positions.get(&function).copied();
        if let Some(shown) = frame.shown
            && same_function
            && shown != position
        {
            self.trap_positions.entry(function).or_insert(shown);
        }
        let evidence = TrapEvidence {
            same_function,
            trapping: position,
            shown: frame.shown,
            earlier,
            operands_of_shown: predicted.or(shown_height) == Some(frame.operands),
        };
        if frame.place != expected {
            self.report_trap(observed, RuleId::TrapPc, evidence, &frame);
        }
        let prefix = (below..=height).contains(&frame.operands) && frame.wrong_operand.is_none();
        // At the right opcode the stack may still be one that the ledger predicts there.
        let explained = (frame.place == expected && !prefix)
            .then(|| self.explain_operands(observed, Moment::Trap, 0))
            .flatten();
        if let Some(operands) = explained {
            let values = frame.values.get_or_insert_default();
            values.operand_type = operands.operand_type;
            values.operand_value = operands.operand_value;
        } else if same_function && !prefix {
            self.report_trap(observed, RuleId::TrapStack, evidence, &frame);
        }
        if let Some(values) = frame.values {
            self.report_values(observed, Moment::Trap, 0, values);
        }
        self.compare_callers(observed)
    }

    /// Reports a difference at a trap, or counts it where the ledger explains it.
    fn report_trap<O: Observation>(
        &mut self,
        observed: &mut O,
        rule: RuleId,
        evidence: TrapEvidence,
        frame: &TrapFrame,
    ) {
        let known = explain_trap(rule, Moment::Trap, evidence).and_then(|entry| self.entry(entry));
        if known.is_none() && !self.findings.is_news(rule) {
            return;
        }
        let shown = format!(
            "PC {}, {}",
            frame.place.pc,
            count(frame.operands, "operand")
        );
        let make = |driver: &mut Driver, observed: &mut O| {
            driver.evidence(observed, Moment::Trap, rule, Some(0), None, shown)
        };
        match known {
            None => {
                let divergence = make(self, observed);
                self.record(divergence);
            }
            Some(entry) if self.findings.known.contains_key(entry) => {
                self.findings.count_known(entry);
            }
            Some(entry) => {
                let mut divergence = make(self, observed);
                divergence.known = Some(entry);
                self.record(divergence);
            }
        }
    }

    /// The frames above the trapping one, compared as at any other event.
    fn compare_callers<O: Observation>(&mut self, observed: &mut O) -> Flow {
        let depth = self.machine.depth();
        let limit = self.budget.at_boundary(depth);
        if limit <= 1 {
            return Flow::Continue;
        }
        if let Some(op) = self.machine.current_op() {
            self.tally.checked.note(Family::Callers, op);
        }
        let mut values: Vec<(usize, ValueDiff)> = Vec::new();
        let mut walk = Limited::new(observed.walk(), self.visible_frames());
        walk.parent();
        let modules = &self.modules;
        let mut referents = Referents {
            machine: &self.machine,
            references: &mut self.references,
        };
        let structure = compare_stack(
            self.machine.frames().skip(1),
            depth - 1,
            limit - 1,
            self.conventions,
            |view| Driver::layout(modules, view),
            &mut walk,
            &mut referents,
            &mut self.tally,
            |frame, diff| values.push((frame + 1, diff)),
        );
        drop(walk);
        for (frame, diff) in values {
            self.report_values(observed, Moment::Trap, frame, diff);
        }
        match structure {
            None => Flow::Continue,
            Some(diff) => self.misplaced(observed, Moment::Trap, diff.behind_one_frame()),
        }
    }
}

impl TrapFrame {
    fn innermost<W: Walk>(view: &FrameView<'_>, walk: &mut W) -> TrapFrame {
        let place = walk.place();
        TrapFrame {
            place,
            shown: view
                .function
                .position(place.pc)
                .filter(|&at| view.function.reachable[at]),
            operands: walk.num_operands() as usize,
            values: None,
            wrong_operand: None,
        }
    }

    /// Compares the operands that the shown stack provably shares with the stack before the opcode.
    ///
    /// A slot is read only if the shown number of operands is that of the shown PC, so that its
    /// type is known, and only if it is a number: a slot that was never written may hold anything.
    fn compare_operands<W: Walk>(
        &mut self,
        view: &FrameView<'_>,
        walk: &mut W,
        avoided: impl Fn(Shape) -> bool,
        tally: &mut Tally,
    ) {
        let function = view.function;
        let height = view.operands.len();
        let Some(shown) = self.shown.map(|at| function.before[at]) else {
            tally.trap_slots_avoided += self.operands as u64;
            return;
        };
        if height_of(function, shown) != self.operands {
            // The slots' types are not known.
            tally.trap_slots_avoided += self.operands as u64;
            return;
        }
        let (mut mine, mut theirs) = (view.shape, shown);
        while height_of(function, mine) > height_of(function, theirs) {
            mine = below(function, mine);
        }
        while height_of(function, theirs) > height_of(function, mine) {
            theirs = below(function, theirs);
        }
        tally.trap_slots_avoided += (self.operands - height_of(function, theirs)) as u64;
        while let (Some(a), Some(b)) = (mine, theirs) {
            let node = &function.shapes[a.0 as usize];
            let index = node.height - 1;
            let number = !matches!(node.ty, ValType::Ref(_));
            if a == b && avoided(mine) {
                tally.v128_slots_avoided += 1;
            } else if a == b && number && (index as usize) < height {
                tally.values += 1;
                tally.checked.note(Family::Operands, view.op());
                if !walk
                    .operand(index)
                    .is(node.ty, view.operands[index as usize])
                {
                    self.wrong_operand = Some(index);
                }
            } else {
                tally.trap_slots_avoided += 1;
            }
            mine = below(function, mine);
            theirs = below(function, theirs);
        }
    }
}

fn height_of(function: &Function, shape: Shape) -> usize {
    shape.map_or(0, |id| function.shapes[id.0 as usize].height as usize)
}

fn below(function: &Function, shape: Shape) -> Shape {
    shape.and_then(|id| function.shapes[id.0 as usize].below)
}
