//! `Trap` events: the trapping opcode, and what of its operands is still there.

use super::driver::{Driver, Flow, Phase};
use super::frames::{ValueDiff, compare_locals, compare_stack, expected_place};
use crate::divergence::Moment;
use crate::ledger::{TrapEvidence, explain_trap};
use crate::observe::{Observation, Place, Walk};
use crate::outcome::SeenTrap;
use crate::rules::RuleId;
use lockstep_oracles::ValType;
use lockstep_oracles::code::{Function, Shape};
use lockstep_oracles::machine::{EverySequencePoint, FrameView, Stop};
use lockstep_oracles::opcode::Opcode;

/// Whether the opcode enters a function.
pub(super) fn is_call(op: Opcode) -> bool {
    matches!(op, Opcode::Call | Opcode::CallIndirect)
}

/// Whether a `Trap` event may leave some of the opcode's operands out, and how many it takes at most.
///
/// Only opcodes of Wasm 2.0 that can trap have a row; `call_indirect` takes its table index, its
/// arguments stay.
fn operands_taken(op: Opcode) -> usize {
    let name = op.name();
    match op {
        Opcode::Unreachable => 0,
        Opcode::CallIndirect | Opcode::TableGet => 1,
        Opcode::TableSet => 2,
        Opcode::MemoryFill
        | Opcode::MemoryCopy
        | Opcode::MemoryInit
        | Opcode::TableFill
        | Opcode::TableCopy
        | Opcode::TableInit => 3,
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
    locals: ValueDiff,
    /// First operand (0 at the bottom) whose value is not the one before the opcode.
    wrong_operand: Option<u32>,
}

impl Driver {
    /// A `Trap` event.
    pub fn trap<O: Observation>(&mut self, observed: &mut O, seen: SeenTrap) -> Flow {
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if seen == SeenTrap::StackOverflow {
            return self.overflow(observed);
        }
        match self.machine.run(&EverySequencePoint) {
            Stop::Trap(trap) => {
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
            stop => {
                let expected = match stop {
                    Stop::SequencePoint => "an event at the next opcode",
                    Stop::HostCall(_) => "a host call",
                    Stop::Return => "the invocation to return",
                    Stop::Trap(_) | Stop::Exhausted(_) => "the oracle's own limit",
                };
                let shown = format!("a Trap event: {seen}");
                let expected = expected.to_owned();
                self.report_control(observed, Moment::Trap, RuleId::TrapEvent, expected, shown)
            }
        }
    }

    /// The subject's stack overflowed: believable only where a call is about to be entered.
    fn overflow<O: Observation>(&mut self, observed: &mut O) -> Flow {
        if !self.about_to_call() {
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

    fn compare_trap<O: Observation>(&mut self, observed: &mut O) -> Flow {
        let Some(view) = self.machine.top() else { return Flow::Continue };
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
        let expected = expected_place(&view);
        let position = view.position;
        let height = view.operands.len();
        let below = height.saturating_sub(operands_taken(view.op()));
        let layout = Driver::layout(&self.modules, &view);
        let mut frame = TrapFrame::innermost(&view, &mut walk);
        let same_function =
            frame.place.instance == expected.instance && frame.place.func == expected.func;
        if same_function {
            compare_locals(&view, layout, &mut walk, &mut self.tally, &mut frame.locals);
            let avoided = |shape| layout.top_operand(shape);
            let read = frame.compare_operands(&view, &mut walk, avoided);
            self.tally.values += read.0;
            self.tally.hazards_avoided += read.1;
            self.tally.frames += 1;
        }
        let shown_height = frame.shown.map(|at| height_of(view.function, view.function.before[at]));
        let evidence = TrapEvidence {
            same_function,
            trapping: position,
            shown: frame.shown,
            operands_of_shown: shown_height == Some(frame.operands),
        };
        drop(walk);
        if frame.place != expected {
            self.report_trap(observed, RuleId::TrapPc, evidence, &frame);
        }
        let prefix = (below..=height).contains(&frame.operands) && frame.wrong_operand.is_none();
        if same_function && !prefix {
            self.report_trap(observed, RuleId::TrapStack, evidence, &frame);
        }
        if !frame.locals.is_empty() {
            self.report_values(observed, Moment::Trap, 0, frame.locals);
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
        let known = explain_trap(rule, Moment::Trap, evidence);
        if known.is_none() && !self.findings.is_news(rule) {
            return;
        }
        let shown = format!("PC {}, {} operands", frame.place.pc, frame.operands);
        let make = |driver: &mut Driver, observed: &mut O| {
            driver.evidence(observed, Moment::Trap, rule, Some(0), None, shown)
        };
        match known {
            None => {
                let divergence = make(self, observed);
                self.findings.add(divergence);
            }
            Some(entry) if self.findings.known.contains_key(entry) => {
                self.findings.count_known(entry);
            }
            Some(entry) => {
                let mut divergence = make(self, observed);
                divergence.known = Some(entry);
                self.findings.add(divergence);
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
        let mut first = None;
        let mut walk = observed.walk();
        walk.parent();
        let modules = &self.modules;
        let structure = compare_stack(
            self.machine.frames().skip(1),
            depth - 1,
            limit - 1,
            |view| Driver::layout(modules, view),
            &mut walk,
            &mut self.tally,
            |frame, diff| {
                first.get_or_insert((frame, diff));
            },
        );
        drop(walk);
        if let Some((frame, diff)) = first {
            self.report_values(observed, Moment::Trap, frame + 1, diff);
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
            shown: view.function.position(place.pc),
            operands: walk.num_operands() as usize,
            locals: ValueDiff::default(),
            wrong_operand: None,
        }
    }

    /// Compares the operands that the shown stack provably shares with the stack before the opcode.
    ///
    /// A slot is read only if the shown number of operands is that of the shown PC, so that its
    /// type is known, and only if it is a number: a slot that was never written may hold anything.
    /// Answers how many values were read and how many reads were avoided.
    fn compare_operands<W: Walk>(
        &mut self,
        view: &FrameView<'_>,
        walk: &mut W,
        avoided: impl Fn(Shape) -> bool,
    ) -> (u64, u64) {
        let function = view.function;
        let height = view.operands.len();
        let Some(shown) = self.shown.map(|at| function.before[at]) else {
            return (0, self.operands as u64);
        };
        if height_of(function, shown) != self.operands || !function.reachable[self.shown.unwrap_or(0)] {
            // A prefix of the expected stack is read below; anything else cannot be typed.
            return (0, self.operands as u64);
        }
        let (mut mine, mut theirs) = (view.shape, shown);
        while height_of(function, mine) > height_of(function, theirs) {
            mine = below(function, mine);
        }
        while height_of(function, theirs) > height_of(function, mine) {
            theirs = below(function, theirs);
        }
        let (mut read, mut skipped) = (0, (self.operands - height_of(function, theirs)) as u64);
        while let (Some(a), Some(b)) = (mine, theirs) {
            let node = &function.shapes[a.0 as usize];
            let index = node.height - 1;
            let number = !matches!(node.ty, ValType::Ref(_));
            if a == b && number && !avoided(mine) && (index as usize) < height {
                read += 1;
                if !walk.operand(index).is(node.ty, view.operands[index as usize]) {
                    self.wrong_operand = Some(index);
                }
            } else {
                skipped += 1;
            }
            mine = below(function, mine);
            theirs = below(function, theirs);
        }
        (read, skipped)
    }
}

fn height_of(function: &Function, shape: Shape) -> usize {
    shape.map_or(0, |id| function.shapes[id.0 as usize].height as usize)
}

fn below(function: &Function, shape: Shape) -> Shape {
    shape.and_then(|id| function.shapes[id.0 as usize].below)
}
