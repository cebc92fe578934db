//! Differences of whole stacks that the ledger explains: activations without a frame, and frames of
//! inlined code.

use super::driver::{Driver, Flow};
use super::frames::expected_place;
use crate::divergence::Moment;
use crate::ledger::{HOST_ACTIVATION, INLINED_TAIL_CALL, INLINED_TRY_BREAK, INLINED_TRY_CALL};
use crate::observe::{Observation, Place, Walk};
use crate::rules::RuleId;
use crate::snapshot::Snapshot;
use lockstep_oracles::code::Function;
use lockstep_oracles::opcode::Opcode;

impl Driver {
    /// Whether the frames shown are the right ones and, for each activation without a frame, once more
    /// those of the activation below it (`W42-HOST-ACTIVATION`).
    pub(super) fn explain_host_activation<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
    ) -> Option<Flow> {
        let entry = self.entry(HOST_ACTIVATION)?;
        let activations = self.machine.num_activations();
        let mut by_activation: Vec<Vec<Place>> = vec![Vec::new(); activations];
        for view in self.machine.frames() {
            by_activation[view.activation].push(expected_place(&view, self.conventions));
        }
        if !by_activation.iter().any(Vec::is_empty) {
            return None;
        }
        let seen = Snapshot::places(observed, self.visible_frames());
        let mut expected = with_repetitions(&by_activation);
        // Where a trap's own frame is shown has rules of its own, already applied.
        if moment == Moment::Trap
            && let Some((innermost, shown)) = expected.first_mut().zip(seen.first())
        {
            *innermost = *shown;
        }
        if seen != expected {
            return None;
        }
        self.count_explained(observed, moment, RuleId::FrameCount, entry);
        Some(Flow::Continue)
    }

    /// Whether the frames shown are the right ones and, between them, frames that a tail call in inlined
    /// code replaced (`W42-INLINED-TAIL-CALL`).
    pub(super) fn explain_inlined_tail_call<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
    ) -> Option<Flow> {
        let entry = self.entry(INLINED_TAIL_CALL).filter(|_| self.inlined)?;
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
        self.count_explained(observed, moment, RuleId::FrameCount, entry);
        Some(Flow::Continue)
    }

    /// Whether a frame waits at a direct call that a `try_table` of its function guards. What is
    /// inlined there has lost its records (`W42-INLINED-TRY-CALL`).
    pub(super) fn may_be_inlined_in_try(&self) -> bool {
        self.guards_calls
            && self.entry(INLINED_TRY_CALL).is_some()
            && self.machine.frames().any(|view| {
                view.waits && view.op() == Opcode::Call && view.function.is_guarded(view.position)
            })
    }

    /// Whether no event can be told from one that nobody asked for (`W42-INLINED-TRY-BREAK`): then the
    /// execution ends at the first.
    #[inline]
    pub(super) fn ends_unasked(&mut self) -> bool {
        self.inlined
            && self.guards_calls
            && !self.breakpoints.is_single_step()
            && self.ends_unasked_where_inlined()
    }

    fn ends_unasked_where_inlined(&mut self) -> bool {
        let Some(entry) = self.entry(INLINED_TRY_BREAK) else {
            return false;
        };
        let expected = "an event where a breakpoint is, or none".to_owned();
        let shown = "an event".to_owned();
        let (rule, moment) = (RuleId::BreakSpurious, Moment::Breakpoint);
        self.report_known(rule, moment, expected, shown, Some(entry));
        self.end_if_known(Some(entry));
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
        entry: &'static str,
    ) {
        if self.findings.known.contains_key(entry) {
            self.findings.count_known(entry);
            return;
        }
        let shown = format!(
            "{} frames",
            Snapshot::places(observed, self.visible_frames()).len()
        );
        let expected = Some(format!("{} frames", self.machine.depth()));
        let mut divergence = self.evidence(observed, moment, rule, Some(0), expected, shown);
        divergence.known = Some(entry);
        self.record(divergence);
    }
}

/// The frames as 42 shows them, innermost first; `by_activation` has the outermost activation first.
fn with_repetitions(by_activation: &[Vec<Place>]) -> Vec<Place> {
    let mut shown = Vec::new();
    for (index, frames) in by_activation.iter().enumerate().rev() {
        let below = || by_activation[..index].iter().rev().find(|f| !f.is_empty());
        match (frames.is_empty(), below()) {
            (true, Some(below)) => shown.extend(below),
            _ => shown.extend(frames),
        }
    }
    shown
}

/// Whether a function has a direct call that one of its `try_table`s guards.
pub(super) fn guards_a_call(function: &Function) -> bool {
    let mut instrs = function.instrs.iter().enumerate();
    instrs.any(|(at, instr)| instr.op == Opcode::Call && function.is_guarded(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::address::{FuncIndex, InstanceAddr, Pc};

    fn place(func: u32, pc: u32) -> Place {
        Place {
            instance: Some(InstanceAddr(0)),
            module_agrees: true,
            func: Some(FuncIndex(func)),
            pc: Pc(pc),
        }
    }

    #[test]
    fn an_activation_without_a_frame_shows_the_one_below_again() {
        let (a, b) = (place(1, 10), place(2, 20));
        assert_eq!(with_repetitions(&[vec![a], vec![]]), [a, a]);
        assert_eq!(with_repetitions(&[vec![a], vec![], vec![b]]), [b, a, a]);
        assert_eq!(with_repetitions(&[vec![], vec![a]]), [a]);
        assert_eq!(with_repetitions(&[vec![a], vec![], vec![]]), [a, a, a]);
    }
}
