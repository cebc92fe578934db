//! Differences of whole stacks that the ledger explains: a trap in inlined code, and activations
//! without a frame.

use super::classify::Suspect;
use super::driver::{Driver, Flow};
use super::frames::expected_place;
use super::traps::is_tail_call;
use crate::divergence::Moment;
use crate::ledger::{
    HOST_ACTIVATION, INLINED_TAIL_CALL, INLINED_TRY_BREAK, INLINED_TRY_CALL, TRAP_PC,
};
use crate::observe::{Observation, Place, Walk};
use crate::rules::RuleId;
use crate::snapshot::Snapshot;
use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::code::{Function, Instr};
use lockstep_oracles::opcode::Opcode;

impl Driver {
    /// Whether the stack shown at a trap is that of another place of the same compiled function, into
    /// which callees are inlined (`W42-TRAP-PC`): what was shown of them, too, is then that place's.
    pub(super) fn explain_inlined_trap<O: Observation>(&mut self, observed: &mut O) -> bool {
        if !self.inlined || self.entry(TRAP_PC).is_none() {
            return false;
        }
        let expected: Vec<Place> = self.expected_places();
        let seen = Snapshot::places(observed, self.visible_frames());
        let Some((mine, theirs)) = outermost_difference(&expected, &seen) else {
            return false;
        };
        let same = (mine.instance, mine.func) == (theirs.instance, theirs.func);
        if seen == expected || !(same || self.is_replaced_by(theirs, mine)) {
            return false;
        }
        self.count_explained(observed, Moment::Trap, RuleId::TrapPc, TRAP_PC);
        true
    }

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
        // Behind a start function there is a frame that cannot be read.
        let visible = self.visible_frames();
        while !walk.done() && left.len() < visible {
            let place = walk.place();
            // The innermost frame is about to execute its opcode, a tail call or not.
            if seen == 0 || !self.is_replaced(place) {
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

    /// Whether the frames shown are the right ones from one on that waits at a call inside a `try_table`
    /// of its function: what was inlined there is shown as that call (`W42-INLINED-TRY-CALL`), and a trap
    /// there, whose code lies apart, as some place of that function.
    pub(super) fn explain_inlined_try_call<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
    ) -> Option<Flow> {
        let entry = self.entry(INLINED_TRY_CALL).filter(|_| self.inlined)?;
        let seen = Snapshot::places(observed, self.visible_frames());
        let inner = self.machine.depth().checked_sub(seen.len())?;
        let guarded =
            self.machine.frames().nth(inner).is_some_and(|view| {
                inner > 0 && view.waits && view.function.is_guarded(view.position)
            });
        let mut expected = self.expected_places().split_off(inner);
        if moment == Moment::Trap
            && let Some((innermost, shown)) = expected.first_mut().zip(seen.first())
        {
            innermost.pc = shown.pc;
        }
        if !guarded || expected != seen {
            return None;
        }
        self.count_explained(observed, moment, RuleId::FrameCount, entry);
        Some(Flow::Continue)
    }

    /// Whether the event may be one that nobody asked for, of what was inlined into a `try_table`
    /// (`W42-INLINED-TRY-BREAK`): which events are due can then no longer be told, and the execution
    /// ends.
    pub(super) fn explain_unasked<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
    ) -> Option<Flow> {
        if !self.inlined || moment != Moment::Breakpoint || self.breakpoints.is_single_step() {
            return None;
        }
        let entry = self.entry(INLINED_TRY_BREAK)?;
        let seen = Snapshot::places(observed, self.visible_frames());
        let guarded = |function: &Function| {
            let mut instrs = function.instrs.iter().enumerate();
            instrs.any(|(at, instr)| instr.op == Opcode::Call && function.is_guarded(at))
        };
        let mut functions = seen.iter().filter_map(|place| self.function_at(*place));
        if !functions.any(guarded) {
            return None;
        }
        let shown = Suspect::innermost(observed);
        let rule = RuleId::BreakSpurious;
        let expected = Some("no event".to_owned());
        let mut divergence = self.evidence(observed, moment, rule, None, expected, shown);
        divergence.known = Some(entry);
        self.record(divergence);
        self.end_if_known(Some(entry));
        Some(Flow::Stop)
    }

    /// Whether a frame is at a tail call: no frame waits there.
    fn is_replaced(&self, place: Place) -> bool {
        let function = self.function_at(place);
        let at = function.and_then(|f| Some((f, f.position(place.pc)?)));
        at.is_some_and(|(function, at)| is_tail_call(function.instrs[at].op))
    }

    /// Whether the function of the first place has a tail call of the second's.
    fn is_replaced_by(&self, replaced: Place, by: Place) -> bool {
        let calls = |function: &Function| {
            let called = |instr: &Instr| {
                instr.op == Opcode::ReturnCall && Some(FuncIndex(instr.a as u32)) == by.func
            };
            function.instrs.iter().any(called)
        };
        replaced.instance == by.instance && self.function_at(replaced).is_some_and(calls)
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

/// The outermost frames that differ: both stacks end in the same frames behind them. What is inside
/// them is inlined.
fn outermost_difference(expected: &[Place], seen: &[Place]) -> Option<(Place, Place)> {
    let same = expected.iter().rev().zip(seen.iter().rev());
    let common = same.take_while(|(a, b)| a == b).count();
    // Where one stack is the other's end, its innermost frame is the compiled function's.
    let common = common.min(expected.len().min(seen.len()).saturating_sub(1));
    let mine = expected.iter().rev().nth(common)?;
    let theirs = seen.iter().rev().nth(common)?;
    Some((*mine, *theirs))
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

    #[test]
    fn another_place_of_the_same_compiled_function_has_the_same_callers() {
        let caller = place(9, 90);
        // Function 3 inlined into 4; shown in 4 itself.
        let expected = [place(3, 30), place(4, 40), caller];
        let differ = |seen: &[Place]| outermost_difference(&expected, seen);
        let elsewhere = place(4, 44);
        assert_eq!(
            differ(&[elsewhere, caller]),
            Some((place(4, 40), elsewhere))
        );
        // Where one stack is the other's end, its innermost frame is the compiled function's.
        assert_eq!(differ(&[caller]), Some((caller, caller)));
        assert_eq!(differ(&[]), None);
    }
}
