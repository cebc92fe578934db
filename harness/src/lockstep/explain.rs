//! Differences that the ledger explains at ordinary events: what it predicts must be what is shown,
//! and everything real in it is still compared.

use super::driver::{Driver, Ended};
use super::frames::{Referents, ValueDiff, difference};
use super::references::Fault;
use super::tally::Tally;
use super::traps::makes_object;
use crate::divergence::{Moment, count};
use crate::layout::{FunctionLayout, hazardous_operands};
use crate::ledger::if_params::{ShownOperand, ShownStacks, shown_stacks};
use crate::ledger::{
    COLLECT_SLOT, CONVERTED, IF_PARAM_ROOT, IF_PARAMS, SEGMENT_OBJECTS, TRY_CALLEE,
};
use crate::observe::{Observation, Walk};
use crate::rules::RuleId;
use lockstep_oracles::ValType;
use lockstep_oracles::address::{FuncIndex, InstanceAddr};
use lockstep_oracles::code::Shape;
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::opcode::Opcode;
use std::collections::HashMap;

/// Where 42 shows operands wrong, by function; filled when a function first needs it.
pub(super) type ShownStacksCache = HashMap<(InstanceAddr, FuncIndex), ShownStacks>;

impl Driver {
    /// The entry that explains an error with which an opcode failed that made an object: the collector
    /// says that it followed what is no reference (`W48-COLLECT-SLOT`).
    pub(super) fn explain_collection(&self, error: &str) -> Option<&'static str> {
        let op = self.machine.current_op();
        // Between breakpoints the oracle lags behind.
        let makes = !self.breakpoints.is_single_step() || op.is_some_and(makes_object);
        let entry = self.entry(COLLECT_SLOT)?;
        (self.references.moving() && makes && error.starts_with("BUG: ")).then_some(entry)
    }

    /// The entry that explains why an operand denotes something else: it may have been on the stack when
    /// an allocation moved its object, and its slot was no root (`W48-COLLECT-SLOT`).
    pub(super) fn explain_stale(&self, frame: usize, index: u32) -> Option<&'static str> {
        let entry = self.entry(COLLECT_SLOT)?;
        let view = self.machine.frames().nth(frame)?;
        let height =
            |shape: Shape| shape.map_or(0, |id| view.function.shapes[id.0 as usize].height);
        let mut ops = view.function.instrs.iter().zip(view.function.before.iter());
        let lives = ops.any(|(instr, shape)| makes_object(instr.op) && height(*shape) > index);
        (self.references.moving() && lives).then_some(entry)
    }

    /// Whether a collection would follow the slot of an `if`'s parameter that is gone
    /// (`W42-IF-PARAM-ROOT`).
    pub(super) fn has_phantom_root(&mut self) -> bool {
        if self.entry(IF_PARAM_ROOT).is_none() {
            return false;
        }
        let frames = self.machine.frames();
        let places: Vec<(usize, usize)> = frames.map(|view| view.position).enumerate().collect();
        places.into_iter().any(|(frame, position)| {
            let shown = self.shown_at(frame, position).unwrap_or_default();
            let gone = shown.iter().filter(|operand| operand.real.is_none());
            gone.into_iter()
                .any(|operand| matches!(operand.ty, ValType::Ref(_)))
        })
    }

    /// What the ledger predicts that is shown in this frame instead of the real operands, and the
    /// entry that says so.
    fn predicted(&mut self, frame: usize) -> Option<(Vec<ShownOperand>, &'static str)> {
        let view = self.machine.frames().nth(frame)?;
        let (position, height) = (view.position, view.operands.len());
        let callee = shows_callee(&view).then(|| with_callee(&view));
        let parameters = self.entry(IF_PARAMS);
        if let Some(entry) = parameters
            && let Some(mut shown) = self.shown_at(frame, position)
        {
            let real = shown.iter().filter(|operand| operand.real.is_some());
            // The prediction is of the stack before the opcode; a call that waits has taken its
            // callee from it, and a guarded one still shows that.
            if real.count() == height + 1
                && let Some(mut top) = shown.pop()
                && callee.is_some()
            {
                top.real = None;
                shown.push(top);
            }
            return Some((shown, entry));
        }
        callee.zip(self.entry(TRY_CALLEE))
    }

    /// The prediction for an opcode of a frame's function.
    pub(super) fn shown_at(&mut self, frame: usize, position: usize) -> Option<Vec<ShownOperand>> {
        let view = self.machine.frames().nth(frame)?;
        let key = (view.instance, view.function.index);
        let facts = &self.modules[view.instance.index()];
        let stacks = self
            .shown_stacks
            .entry(key)
            .or_insert_with(|| shown_stacks(&facts.bytes, facts.features, key.1));
        stacks.get(&position).map(|shown| shown.to_vec())
    }

    /// A frame shows another number of operands: if the ledger predicts exactly that number, the
    /// real ones among them are compared, and what differs of them is the answer.
    pub(super) fn explain_operands<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
    ) -> Option<ValueDiff> {
        let (predicted, entry) = self.predicted(frame)?;
        let view = self.machine.frames().nth(frame)?;
        let mut walk = observed.walk();
        for _ in 0..frame {
            if walk.done() {
                return None;
            }
            walk.parent();
        }
        if walk.done() || walk.num_operands() as usize != predicted.len() {
            return None;
        }
        let mut diff = ValueDiff::default();
        let referents = Referents {
            machine: &self.machine,
            references: &mut self.references,
        };
        compare_real(
            &view,
            Driver::layout(&self.modules, &view),
            &predicted,
            (moment != Moment::Trap, referents),
            &mut walk,
            &mut self.tally,
            &mut diff,
        );
        drop(walk);
        self.count_operands(observed, moment, frame, predicted.len(), entry);
        Some(diff)
    }

    /// Whether a conversion between hierarchies pushed the operand (ledger: `W42-CONVERT-TYPE`).
    pub(super) fn is_converted(&self, frame: usize, index: u32) -> bool {
        if self.entry(CONVERTED).is_none() {
            return false;
        }
        let Some(view) = self.machine.frames().nth(frame) else {
            return false;
        };
        let function = view.function;
        // A branch that is not taken may give the operand a wider type; its place stays.
        let at = |shape: Shape| {
            shape.is_some_and(|id| function.shapes[id.0 as usize].height == index + 1)
        };
        let converts = |op| matches!(op, Opcode::AnyConvertExtern | Opcode::ExternConvertAny);
        let ops = function.instrs.iter().zip(function.before.iter().skip(1));
        let earlier = ops.take(view.position);
        earlier
            .into_iter()
            .any(|(instr, after)| converts(instr.op) && at(*after))
    }

    pub(super) fn count_converted<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        index: u32,
    ) {
        let Some(entry) = self.entry(CONVERTED) else {
            return;
        };
        if self.findings.known.contains_key(entry) {
            return self.findings.count_known(entry);
        }
        let rule = RuleId::OperandType;
        let (expected, shown) = self.value_pair(observed, frame, rule, Some(index));
        let mut divergence =
            self.evidence(observed, moment, rule, Some(frame), Some(expected), shown);
        divergence.known = Some(entry);
        self.record(divergence);
    }

    /// The entry that explains why a reference denotes another object, if one does.
    pub(super) fn explain_identity(&self, fault: Fault) -> Option<&'static str> {
        let identity = matches!(fault, Fault::Identity | Fault::IdentityWithin);
        let entry = self.entry(SEGMENT_OBJECTS).filter(|_| identity)?;
        let mut mistaken = self.references.mistaken_objects();
        let made = mistaken.any(|object| self.segment_objects.contains(&object));
        made.then_some(entry)
    }

    /// A terminal entry ends the execution in which it matches.
    pub(super) fn end_if_known(&mut self, known: Option<&'static str>) {
        if let Some(entry) = known {
            self.ended.get_or_insert(Ended::Known(entry));
        }
    }

    fn count_operands<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        shown: usize,
        entry: &'static str,
    ) {
        if self.findings.known.contains_key(entry) {
            self.findings.count_known(entry);
            return;
        }
        let rule = if frame == 0 {
            RuleId::OperandCount
        } else {
            RuleId::CallerOperands
        };
        let height = self
            .machine
            .frames()
            .nth(frame)
            .map_or(0, |view| view.operands.len());
        let expected = Some(count(height, "operand"));
        let observed_text = count(shown, "operand");
        let mut divergence =
            self.evidence(observed, moment, rule, Some(frame), expected, observed_text);
        divergence.known = Some(entry);
        self.record(divergence);
    }
}

/// Whether the frame waits at a call that takes a callee operand and that a `try_table` guards.
fn shows_callee(view: &FrameView<'_>) -> bool {
    view.waits
        && matches!(view.op(), Opcode::CallIndirect | Opcode::CallRef)
        && view.function.is_guarded(view.position)
}

/// The operands before the call at which the frame waits; the callee operand is no longer there.
fn with_callee(view: &FrameView<'_>) -> Vec<ShownOperand> {
    let top_first = view.function.operand_types(view.position);
    let mut shown: Vec<ShownOperand> = top_first
        .map(|ty| ShownOperand { ty, real: None })
        .collect();
    shown.reverse();
    for (operand, real) in shown.iter_mut().zip(0..view.operands.len() as u32) {
        operand.real = Some(real);
    }
    shown
}

/// Compares the operands that are really there; references only where following one is safe.
fn compare_real<W: Walk>(
    view: &FrameView<'_>,
    layout: &FunctionLayout,
    predicted: &[ShownOperand],
    (references, mut referents): (bool, Referents<'_, '_>),
    walk: &mut W,
    tally: &mut Tally,
    diff: &mut ValueDiff,
) {
    let hazards = hazardous_operands(
        view.module,
        view.function,
        layout,
        predicted.iter().map(|shown| shown.ty),
    );
    // From the top, as operands are noted.
    for (index, (shown, hazard)) in predicted.iter().zip(hazards).enumerate().rev() {
        let Some(real) = shown.real else { continue };
        if hazard {
            tally.v128_slots_avoided += 1;
            continue;
        }
        if !references && matches!(shown.ty, ValType::Ref(_)) {
            tally.trap_slots_avoided += 1;
            continue;
        }
        tally.values += 1;
        let seen = walk.operand(index as u32);
        let expected = (shown.ty, view.operands[real as usize]);
        if !seen.is(expected.0, expected.1)
            && let Some(fault) = difference(walk, &mut referents, view, expected, seen)
        {
            diff.note_operand(index as u32, fault);
        }
    }
}
