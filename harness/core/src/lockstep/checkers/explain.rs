//! Differences that a cause explains at ordinary events: what it predicts must be what is shown,
//! and everything real in it is still compared.

use super::comparison::Comparison;
use super::daring::at_frame;
use super::fault::Fault;
use super::frames::{Referents, ValueDiff, difference};
use crate::causes::if_params::{ShownOperand, ShownStacks};
use crate::causes::slots::FunctionLayout;
use crate::causes::{
    Cause, Known, cast_type, collect_slot, converted, half_made_array, try_callee,
};
use crate::configuration::Collector;
use crate::divergence::Divergence;
use crate::lockstep::following::Following;
use crate::lockstep::following::setting::Setting;
use crate::lockstep::recording::tally::Tally;
use crate::observe::{Observation, Walk};
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::code::Shape;
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::value::Cell;
use lockstep_oracles::value::Value;
use lockstep_oracles::{ValType, WasmFeatures};

/// Where a frame's operands are shown: alone, or among others as a cause predicts.
pub(crate) struct Shown<'a> {
    layout: &'a FunctionLayout,
    /// What is shown, and the cause that forbids to read each.
    among: Option<(&'a [ShownOperand], Vec<Option<Known>>)>,
}

impl<'a> Shown<'a> {
    /// Of a frame that shows `count` operands; none where neither its own nor those predicted are so many.
    pub(crate) fn of(
        view: &FrameView<'_>,
        layout: &'a FunctionLayout,
        predicted: Option<&'a [ShownOperand]>,
        count: usize,
    ) -> Option<Shown<'a>> {
        let predicted = predicted.filter(|shown| shown.len() == count);
        if predicted.is_none() && count != view.operands.len() {
            return None;
        }
        let among = predicted.map(|shown| {
            let hazards = layout.shown(view.module, view.function, shown);
            (shown, hazards)
        });
        Some(Shown { layout, among })
    }

    /// At which index the operand on top of `shape`, the frame's own with this index, may be read.
    pub(crate) fn at(&self, index: usize, shape: Shape) -> Option<u32> {
        let at = match &self.among {
            Some((shown, hazards)) => {
                let at = shown.iter().position(|o| o.real == Some(index as u32));
                at.filter(|&at| hazards[at].is_none())
            }
            None => self.layout.top_operand(shape).is_none().then_some(index),
        };
        at.map(|at| at as u32)
    }
}

/// What came of a comparison of real operands among others.
pub(crate) struct Among {
    pub(crate) diff: ValueDiff,
    /// What those show that an event may have changed.
    pub(crate) changed: Vec<(usize, Cell)>,
    /// The operands that are shown.
    pub(crate) shown: Vec<ShownOperand>,
    /// The cause that predicts them.
    pub(crate) known: Known,
}

/// The bits of a number; a reference has none.
fn bits(value: Value) -> Option<u128> {
    Some(match value {
        Value::I32(bits) | Value::F32(bits) => bits.into(),
        Value::I64(bits) | Value::F64(bits) => bits.into(),
        Value::V128(bits) => bits,
        Value::Ref(..) => return None,
    })
}

impl Following {
    /// The cause that explains an error with which an opcode failed that collected: the collector says that it
    /// followed what is no reference (`COLLECT-SLOT`, `STARTUP-ROOT`).
    pub(crate) fn explain_collection(&self, error: &str) -> Option<Known> {
        self.wrong_root()
            .filter(|_| collect_slot::is_of_wrong_root(error))
    }

    /// The cause by which a collection may follow what is no reference, where the program collects by itself.
    fn wrong_root(&self) -> Option<Known> {
        if !self.setting.is_instrumented() {
            return None;
        }
        // Between breakpoints the oracle lags behind, and without a handler to the end of the call.
        let lags = !self.breakpoints.is_everywhere() || !self.has_events();
        let top = self.machine.top();
        let waits = top.as_ref().is_some_and(|view| view.waits);
        let collects = top
            .as_ref()
            .is_some_and(|it| self.history.collects(it, &self.machine));
        let makes = top.is_some_and(|view| view.op().makes_object());
        let slots = self.setting.collects_wrong();
        let startup = self.setting.cause(Cause::StartupRoot);
        slots
            .filter(|&(_, collector)| match collector {
                Collector::Copying => lags || waits || collects,
                _ => collects || lags && self.history.may_collect(),
            })
            .map(|(known, _)| known)
            .or(startup.filter(|_| self.instantiation.runs() && (lags || waits || makes)))
    }

    /// The cause that explains why an operand denotes something else: it was on the stack when an opcode of its
    /// frame may have collected, and its slot was no root (`COLLECT-SLOT`).
    pub(crate) fn explain_stale(&self, frame: usize, index: u32) -> Option<Known> {
        let (known, _) = self.setting.collects_wrong()?;
        let outside = self.machine.depth().checked_sub(frame + 1)?;
        collect_slot::is_stale(index, self.history.surviving(outside)).then_some(known)
    }

    /// The cause that explains why an object holds something else, if that is the fault, wherever it is seen: a
    /// collection may have written over it (`COLLECT-SLOT`).
    pub(crate) fn explain_overwritten(&self, fault: Fault) -> Option<Known> {
        let (known, _) = self.setting.collects_wrong()?;
        let overwritten = fault == Fault::Content && self.history.may_overwrite(&self.machine);
        overwritten.then_some(known)
    }

    /// The cause that explains why an object's place holds another, if that is the fault, wherever it is seen: what
    /// lies in an array that was left half made was taken for a reference to it (`HALF-MADE-ARRAY`).
    pub(crate) fn explain_freed_early(&self, fault: Fault) -> Option<Known> {
        let known = self.setting.frees_half_made()?;
        let is_other =
            matches!(fault.rule(), Some(rule) if half_made_array::BREAKS.contains(&rule));
        (is_other && self.history.half_made).then_some(known)
    }

    /// The same of an operand that is a value of the host's, which is told by its value.
    pub(crate) fn explain_stale_host(&self, frame: usize, index: u32) -> Option<Known> {
        let view = self.machine.frames().nth(frame)?;
        let operand = view.operands_typed().nth(index as usize)?;
        matches!(operand, Value::Ref(..))
            .then(|| self.explain_stale(frame, index))
            .flatten()
    }

    /// The cause that explains why an operand is another number: the copying collector took its slot for a root
    /// (`COLLECT-SLOT`).
    pub(crate) fn explain_moved(&self, frame: usize, index: u32, shown: Seen) -> Option<Known> {
        let (_, collector) = self.setting.collects_wrong()?;
        let view = self.machine.frames().nth(frame)?;
        let expected = view.operands_typed().nth(index as usize)?;
        let is_moved = collector == Collector::Copying
            && collect_slot::is_moved(bits(expected)?, bits(shown.to_value()?)?);
        is_moved.then(|| self.explain_stale(frame, index)).flatten()
    }

    /// The cause that explains why the engine panicked: a collection followed what is no reference, or the
    /// object was read that an operand denotes whose slot was no root (`COLLECT-SLOT`, `STARTUP-ROOT`), or an
    /// object that was freed (`TRY-ROOT`), or never whole (`HALF-MADE-ARRAY`).
    pub(crate) fn explain_panic(&self, message: &str) -> Option<Known> {
        let freed = self.explain_freed(RuleId::Panic);
        if freed.is_some() || !collect_slot::is_of_no_object(message) {
            return freed;
        }
        self.follows_no_object()
    }

    /// The cause by which a collection may follow what is no reference, if there is one.
    pub(crate) fn follows_no_object(&self) -> Option<Known> {
        let half_made = self.setting.cause(Cause::HalfMadeArray);
        self.wrong_root()
            .or_else(|| self.stale_operand())
            .or(half_made.filter(|_| self.history.half_made))
    }

    /// Notes that the program was ended where it is, at an opcode that may have made an array by half.
    pub(crate) fn note_half_made(&mut self) {
        let is_followed = self.has_events() && self.breakpoints.is_everywhere();
        let op = self.machine.current_op();
        self.history.half_made |= !is_followed || op.is_some_and(half_made_array::is_left_by);
    }

    /// The cause by which any reference among the operands may be no longer one, if there is one.
    fn stale_operand(&self) -> Option<Known> {
        let mut frames = self.machine.frames().enumerate();
        frames.find_map(|(frame, view)| {
            let types = view.operands_typed().enumerate();
            let mut references = types.filter(|(_, value)| matches!(value, Value::Ref(..)));
            references.find_map(|(index, _)| self.explain_stale(frame, index as u32))
        })
    }

    /// The cause that forbids a collection, if it would follow the slot of an `if`'s parameter that is
    /// gone (`IF-PARAM-ROOT`).
    pub(crate) fn phantom_root(&mut self) -> Option<Known> {
        let known = self.setting.cause(Cause::IfParamRoot)?;
        let frames = self.machine.frames();
        let places: Vec<(usize, usize)> = frames.map(|view| view.position).enumerate().collect();
        let phantom = places.into_iter().any(|(frame, position)| {
            let shown = self.shown_at(frame, position).unwrap_or_default();
            let gone = shown.iter().filter(|operand| operand.real.is_none());
            gone.into_iter()
                .any(|operand| matches!(operand.ty, ValType::Ref(_)))
        });
        phantom.then_some(known)
    }

    /// What a cause predicts that is shown in this frame instead of the real operands.
    pub(crate) fn predicted(&mut self, frame: usize) -> Option<(Vec<ShownOperand>, Known)> {
        let view = self.machine.frames().nth(frame)?;
        let (position, height) = (view.position, view.operands.len());
        let callee = try_callee::shows_callee(&view).then(|| try_callee::shown(&view));
        let parameters = self.setting.cause(Cause::IfParams);
        if let Some(known) = parameters
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
            return Some((shown, known));
        }
        callee.zip(self.setting.cause(Cause::TryCallee))
    }

    /// The prediction for an opcode of a frame's function.
    pub(crate) fn shown_at(&mut self, frame: usize, position: usize) -> Option<Vec<ShownOperand>> {
        let shown = self.stacks_of(frame)?.get(&position)?;
        Some(shown.to_vec())
    }

    /// The predictions for a frame's function.
    pub(crate) fn stacks_of(&mut self, frame: usize) -> Option<&ShownStacks> {
        let view = self.machine.frames().nth(frame)?;
        Some(self.program.stacks(view.instance, view.function.index))
    }

    /// The cause that explains why the operand is shown with another hierarchy's type, if one does.
    pub(crate) fn explain_converted(&self, frame: usize, index: u32) -> Option<Known> {
        let known = self.setting.cause(Cause::ConvertType)?;
        let view = self.machine.frames().nth(frame)?;
        converted::explains(&view, index).then_some(known)
    }

    /// The cause that explains a difference behind a test of an imported function's type (`IMPORTED-TYPE`).
    pub(crate) fn explain_strayed(&self, divergence: &Divergence) -> Option<Known> {
        let known = self.setting.cause(Cause::ImportedType)?;
        let rules = known.cause().row().rules;
        let may = divergence.known.is_none() && rules.contains(&divergence.rule);
        (may && self.history.has_strayed()).then_some(known)
    }

    /// The cause that explains a difference once objects may have been freed that were in use (`TRY-ROOT`), or
    /// moved twice (`HOST-MOVED`).
    pub(crate) fn explain_freed(&self, rule: RuleId) -> Option<Known> {
        self.explain_lost_roots(rule)
            .or_else(|| self.explain_moved_twice(rule))
    }

    fn explain_lost_roots(&self, rule: RuleId) -> Option<Known> {
        let known = self.setting.cause(Cause::TryRoot)?;
        let may = known.cause().row().rules.contains(&rule);
        (may && self.history.has_lost_roots()).then_some(known)
    }
}

impl Comparison {
    /// The cause that explains why a reference denotes another object, or one that holds something else, if one does.
    pub(crate) fn explain_identity(&self, following: &Following, fault: Fault) -> Option<Known> {
        let corrupt = following.explain_overwritten(fault);
        if let Some(known) = corrupt.or_else(|| following.explain_freed_early(fault)) {
            return Some(known);
        }
        let identity = matches!(fault, Fault::Identity | Fault::IdentityWithin);
        let known = following
            .setting
            .cause(Cause::SegmentObjects)
            .filter(|_| identity)?;
        let mut mistaken = self.references.mistaken_objects();
        mistaken
            .any(|object| following.history.is_made_anew(object))
            .then_some(known)
    }

    /// The cause that explains all that differs between the values of a result, of a call of the host or of
    /// an exception, if one does.
    pub(crate) fn explain_values(
        &mut self,
        following: &Following,
        expected: &[Value],
        seen: &[Seen],
    ) -> Option<Known> {
        if expected.len() != seen.len() {
            return None;
        }
        let mut known = None;
        for (&value, &seen) in expected.iter().zip(seen) {
            if let Some(fault) = self.value_fault(following, value, seen) {
                known = Some(self.explain_identity(following, fault)?);
            }
        }
        known
    }

    /// Compares the real operands among those that a cause predicts; none where it predicts another number. At a
    /// trap the frame that trapped lacks what its opcode takes.
    pub(crate) fn among_predicted<O: Observation>(
        &mut self,
        following: &mut Following,
        observed: &mut O,
        frame: usize,
        at_trap: bool,
        tally: &mut Tally,
    ) -> Option<Among> {
        let (mut predicted, known) = following.predicted(frame)?;
        // At other events they were followed before.
        let may_change = at_trap && self.look_for_changed(following, tally.sequence_points);
        let view = following.machine.frames().nth(frame)?;
        let mut walk = observed.walk();
        if !at_frame(&mut walk, frame) {
            return None;
        }
        let shown = walk.num_operands() as usize;
        if at_trap {
            // What the trapping opcode takes is no longer there.
            predicted.truncate(shown);
        }
        if shown != predicted.len() {
            return None;
        }
        let mut diff = ValueDiff::default();
        let mut referents = Referents {
            machine: &following.machine,
            references: &mut self.references,
        };
        let (depth, registers) = (following.machine.depth(), &self.registers);
        let mut changed = Vec::new();
        let follow = |operand: (usize, ValType), seen| {
            let followed = may_change
                .then(|| registers.changed_operand(depth, &view, operand, seen))
                .flatten();
            changed.extend(followed.map(|cell| (operand.0, cell)));
            followed.is_some()
        };
        compare_real(
            &view,
            following.program.layout(&view),
            &predicted,
            &mut referents,
            &mut walk,
            tally,
            &mut diff,
            follow,
        );
        Some(Among {
            diff,
            changed,
            shown: predicted,
            known,
        })
    }
}

impl Setting {
    /// The cause that explains why a module is accepted that must be rejected, if one does.
    pub(crate) fn explain_accepted(&self, module: &[u8], features: WasmFeatures) -> Option<Known> {
        let known = self.cause(Cause::CastType)?;
        cast_type::explains(module, features).then_some(known)
    }
}

/// Compares the operands that are really there, but for those that `follow` takes as they are shown.
#[allow(
    clippy::too_many_arguments,
    reason = "what a comparison needs of a frame, of the driver, and where it puts what it finds"
)]
fn compare_real<W: Walk>(
    view: &FrameView<'_>,
    layout: &FunctionLayout,
    predicted: &[ShownOperand],
    referents: &mut Referents<'_, '_>,
    walk: &mut W,
    tally: &mut Tally,
    diff: &mut ValueDiff,
    mut follow: impl FnMut((usize, ValType), Seen) -> bool,
) {
    let hazards = layout.shown(view.module, view.function, predicted);
    // From the top, as operands are noted.
    for (index, (shown, hazard)) in predicted.iter().zip(hazards).enumerate().rev() {
        let Some(real) = shown.real else { continue };
        if let Some(known) = hazard {
            tally.left_out.count(known, 1);
            continue;
        }
        tally.values += 1;
        let seen = walk.operand(index as u32);
        let expected = (shown.ty, view.operands[real as usize]);
        if !seen.is(expected.0, expected.1)
            && !follow((real as usize, shown.ty), seen)
            && let Some(fault) = difference(walk, referents, view, expected, seen)
        {
            diff.note_operand(real, fault);
        }
    }
}
