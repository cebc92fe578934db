//! Differences of whole stacks that a cause explains: activations without a frame, and frames of
//! inlined code.

use super::driver::{Driver, Flow};
use super::frames::expected_place;
use crate::causes::{Cause, Known, host_activation};
use crate::divergence::Moment;
use crate::observe::{Observation, Place, Walk};
use crate::rules::RuleId;
use crate::snapshot::Snapshot;
use lockstep_oracles::code::Function;
use lockstep_oracles::opcode::Opcode;

impl Driver {
    /// Whether the frames shown are the right ones and, for each activation without a frame, once more
    /// those of the activation below it (`HOST-ACTIVATION`).
    pub(super) fn explain_host_activation<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
    ) -> Option<Flow> {
        let known = self.causes.get(Cause::HostActivation)?;
        let activations = self.machine.num_activations();
        let mut by_activation: Vec<Vec<Place>> = vec![Vec::new(); activations];
        for view in self.machine.frames() {
            by_activation[view.activation].push(expected_place(&view, self.conventions));
        }
        if !by_activation.iter().any(Vec::is_empty) {
            return None;
        }
        let seen = Snapshot::places(observed, self.visible_frames());
        let mut expected = host_activation::shown(&by_activation);
        // Where a trap's own frame is shown has rules of its own, already applied.
        if moment == Moment::Trap
            && let Some((innermost, shown)) = expected.first_mut().zip(seen.first())
        {
            *innermost = *shown;
        }
        if seen != expected {
            return None;
        }
        self.count_explained(observed, moment, RuleId::FrameCount, known);
        Some(Flow::Continue)
    }

    /// Whether the frames shown are the right ones and, between them, frames that a tail call in inlined
    /// code replaced (`INLINED-TAIL-CALL`).
    pub(super) fn explain_inlined_tail_call<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
    ) -> Option<Flow> {
        let known = self
            .causes
            .get(Cause::InlinedTailCall)
            .filter(|_| self.inlined)?;
        let mut expected: Vec<Place> = self.expected_places();
        let (mut seen, mut left) = (0, Vec::new());
        let mut walk = observed.walk();
        let in_host = matches!(moment, Moment::HostCall | Moment::HostcallError);
        // Behind a start function there is a frame that cannot be read.
        let visible = self.visible_frames();
        while !walk.done() && left.len() < visible {
            let place = walk.place();
            // The innermost frame is about to execute its opcode, a tail call or not.
            let about_to = seen == 0 && !in_host;
            // A frame may also wait for a call right before a tail call.
            let due = expected.get(left.len()) == Some(&place);
            if about_to || due || !self.is_replaced(place) {
                left.push(place);
            }
            seen += 1;
            walk.parent();
        }
        drop(walk);
        // Where a trap's own frame is shown has rules of its own, already applied.
        if moment == Moment::Trap
            && let Some((innermost, shown)) = expected.first_mut().zip(left.first())
        {
            *innermost = *shown;
        }
        if left.len() == seen || left != expected {
            return None;
        }
        self.count_explained(observed, moment, RuleId::FrameCount, known);
        Some(Flow::Continue)
    }

    /// The cause that forbids to look at frames while one waits at a direct call that a `try_table` of
    /// its function guards: what is inlined there has lost its records (`INLINED-TRY-CALL`).
    pub(super) fn inlined_in_try(&self) -> Option<Known> {
        let known = self
            .causes
            .get(Cause::InlinedTryCall)
            .filter(|_| self.guards_calls)?;
        let mut frames = self.machine.frames();
        let waits = frames.any(|view| {
            view.waits && view.op() == Opcode::Call && view.function.is_guarded(view.position)
        });
        waits.then_some(known)
    }

    /// Whether no event can be told from one that nobody asked for (`INLINED-TRY-BREAK`): then the
    /// execution ends at the first.
    #[inline]
    pub(super) fn ends_unasked(&mut self) -> bool {
        self.inlined
            && self.guards_calls
            && !self.breakpoints.is_everywhere()
            && self.ends_unasked_where_inlined()
    }

    fn ends_unasked_where_inlined(&mut self) -> bool {
        let Some(known) = self.causes.get(Cause::InlinedTryBreak) else {
            return false;
        };
        let expected = "an event where a breakpoint is, or none".to_owned();
        let shown = "an event".to_owned();
        let (rule, moment) = (RuleId::BreakSpurious, Moment::Breakpoint);
        self.report_known(rule, moment, expected, shown, Some(known));
        self.end_if_known(Some(known));
        true
    }

    /// Whether a frame is at a tail call: no frame waits there.
    fn is_replaced(&self, place: Place) -> bool {
        let function = self.function_at(place);
        let at = function.and_then(|f| Some((f, f.position(place.pc)?)));
        at.is_some_and(|(function, at)| function.instrs[at].op.is_tail_call())
    }

    /// The function of a frame.
    fn function_at(&self, place: Place) -> Option<&Function> {
        let module = &self.machine.store.instance(place.instance?).module;
        module.function(place.func?)
    }

    fn count_explained<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        rule: RuleId,
        known: Known,
    ) {
        if self.findings.has_known(known) {
            self.findings.count_known(known);
            return;
        }
        let shown = format!(
            "{} frames",
            Snapshot::places(observed, self.visible_frames()).len()
        );
        let expected = Some(format!("{} frames", self.machine.depth()));
        let mut divergence = self.evidence(observed, moment, rule, Some(0), expected, shown);
        divergence.known = Some(known.cause());
        self.record(divergence);
    }
}

/// Whether a function has a direct call that one of its `try_table`s guards.
pub(super) fn guards_a_call(function: &Function) -> bool {
    let mut instrs = function.instrs.iter().enumerate();
    instrs.any(|(at, instr)| instr.op == Opcode::Call && function.is_guarded(at))
}
