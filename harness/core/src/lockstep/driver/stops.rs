//! Breakpoint events: the oracle runs to its next stop and the stack is compared.

use super::Driver;
use crate::divergence::Moment;
use crate::lockstep::checkers::classify::Suspect;
use crate::lockstep::checkers::frames::{Referents, StackDiff, ValueDiff, compare_values};
use crate::lockstep::checkers::skipping::Skipping;
use crate::lockstep::following::places::expected_place;
use crate::lockstep::recording::families::Family;
use crate::lockstep::recording::looks::Look;
use crate::lockstep::verdict::{Ended, Flow};
use crate::observe::{Observation, Place, Walk};
use crate::progress;
use crate::rules::RuleId;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::opcode::Opcode;
use std::time::Duration;

/// How long a program may wait, as it asks to.
const PATIENCE: Duration = Duration::from_secs(10);

impl Driver {
    /// A `Breakpoint` event: the oracle runs to its next sequence point, and the stacks are compared.
    pub fn breakpoint<O: Observation>(&mut self, observed: &mut O) -> Flow {
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if self.ends_unasked() {
            return Flow::Stop;
        }
        if self.comparison.budget.frames.is_innermost()
            && !self.following.setting.inlined
            && !self.comparison.nans.any
            && !self.following.instantiation.runs()
        {
            return self.breakpoint_innermost(observed);
        }
        if self.samples() {
            return self.breakpoint_sampled(observed);
        }
        self.comparison.budget.disturb();
        match self.advance() {
            Stop::SequencePoint => {}
            stop => return self.spurious(observed, stop),
        }
        if self.comparison.nans.open.is_some() && self.following.visible_frames() > 0 {
            self.comparison.adopt_operand(&mut self.following, observed);
        }
        let depth = self.following.machine.depth();
        let limit = self.comparison.budget.frames.frames(depth);
        let flow = self.compare_frames(observed, Moment::Breakpoint, depth, limit);
        if flow == Flow::Continue
            && let Some(top) = self.following.machine.top()
        {
            self.matched(
                observed,
                top.op(),
                expected_place(&top, self.following.setting.conventions),
            );
            return self.unless_it_waits();
        }
        flow
    }

    /// Stops the guest before it waits for longer than it is waited for: once it waits nothing stops it.
    /// The specification leaves a wait that nothing ends without an end, in the oracle too.
    #[inline(always)]
    pub(crate) fn unless_it_waits(&mut self) -> Flow {
        if !self.following.program.may_wait {
            return Flow::Continue;
        }
        match self.following.machine.wait() {
            Some(time) if time > PATIENCE => {
                self.ended = Some(Ended::Wait(time));
                Flow::Stop
            }
            _ => Flow::Continue,
        }
    }

    /// Counts a matched event and looks at the case's budget.
    #[inline(always)]
    pub(crate) fn matched<O: Observation>(&mut self, observed: &mut O, op: Opcode, place: Place) {
        self.recorder.tally.sequence_points += 1;
        self.recorder.tally.opcodes[op as usize] += 1;
        self.comparison.entity_looks.note(op);
        let family = match self.following.breakpoints.is_single_step() {
            true => Family::Step,
            false => Family::Breakpoint,
        };
        self.recorder.tally.checked.note(family, op);
        self.note_kept();
        self.following.invocation.matched(place);
        if family == Family::Step {
            self.following.history.seen();
        }
        if self.comparison.registers.are_changed() {
            let events = self.recorder.tally.sequence_points;
            self.comparison.note_look(&self.following, events);
        }
        if self.recorder.is_traced() {
            self.trace(observed);
        }
        if self.comparison.budget.is_due(&self.recorder.tally) {
            self.look_at_budget();
            self.dare_slot(observed, Moment::Breakpoint);
        }
    }

    /// Gives a sign of life, and looks at the case's budget.
    #[cold]
    #[inline(never)]
    fn look_at_budget(&mut self) {
        progress::sign();
        let armed = self.comparison.daring.is_armed();
        if let Some(ended) = self.comparison.budget.look(&self.recorder.tally, armed) {
            self.ended = Some(ended);
        }
    }

    /// A `Breakpoint` event of which only the innermost frame is compared, and of which nothing must be
    /// known before the subject is looked at.
    #[inline]
    fn breakpoint_innermost<O: Observation>(&mut self, observed: &mut O) -> Flow {
        let mut diff = None;
        // The walk ends with the block, where it is: it is too large to be moved at every event.
        let (op, place, placed) = {
            // It begins before the oracle runs: neither waits for the other, and a processor that finds
            // both works on both.
            let mut walk = observed.walk();
            let shown = (!walk.done()).then(|| walk.place());
            let stop = self.advance();
            if stop != Stop::SequencePoint {
                drop(walk);
                return self.spurious(observed, stop);
            }
            let Some(view) = self.following.machine.top() else {
                return Flow::Continue;
            };
            let place = expected_place(&view, self.following.setting.conventions);
            let placed = shown == Some(place);
            if placed {
                let layout = self.following.program.layout(&view);
                let mut referents = Referents {
                    machine: &self.following.machine,
                    references: &mut self.comparison.references,
                };
                referents.references.look();
                let tally = &mut self.recorder.tally;
                compare_values(&view, layout, &mut walk, &mut referents, tally, &mut diff);
            }
            (view.op(), place, placed)
        };
        if !placed {
            return self.misplaced(observed, Moment::Breakpoint, StackDiff::Place { frame: 0 });
        }
        self.recorder.tally.frames_skipped += self.following.machine.depth() as u64 - 1;
        if let Some(diff) = diff {
            self.report_values(observed, Moment::Breakpoint, 0, diff);
        }
        self.matched(observed, op, place);
        self.unless_it_waits()
    }

    /// Compares the frames at an event of a rarer kind.
    pub(crate) fn compare_event<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        look: Look,
    ) -> Flow {
        self.following.invocation.comes_to_another();
        self.recorder.tally.looks.event(look);
        let depth = self.following.machine.depth();
        let limit = self.comparison.budget.frames.at_boundary(depth);
        let hidden = self.following.visible_frames() < depth;
        let flow = self.compare_frames(observed, moment, depth, limit);
        self.following.invocation.note_unwinding(true);
        if flow == Flow::Continue {
            self.dare_slot(observed, moment);
        }
        if flow == Flow::Continue && limit == depth && !hidden {
            self.recorder.tally.looks.whole(look);
        }
        flow
    }

    /// Compares up to `limit` frames at any moment, but for those that a cause explains.
    pub(crate) fn compare_frames<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        depth: usize,
        limit: usize,
    ) -> Flow {
        match self.following.replaced_frames(observed, moment) {
            None => self.compare_shown(observed, moment, depth, limit),
            Some((replaced, known)) => {
                self.count_explained(observed, moment, RuleId::FrameCount, known);
                let observed = &mut Skipping::new(observed, &replaced);
                self.compare_shown(observed, moment, depth, limit)
            }
        }
    }

    fn compare_shown<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        depth: usize,
        limit: usize,
    ) -> Flow {
        let visible = self.following.visible_frames();
        if self.dares_horizon() {
            return self.dare_frames(observed, moment);
        }
        if visible == 0 {
            return Flow::Continue;
        }
        let limit = self.limit_to_first_shown(observed, moment, limit);
        let tally = &mut self.recorder.tally;
        self.comparison.references.look();
        let (values, structure) =
            self.comparison
                .compare_frames(&self.following, observed, depth, limit, tally);
        self.report_frames(observed, moment, values, structure)
    }

    /// Reports what of frames differs: values, and the stack's structure.
    pub(crate) fn report_frames<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        values: Vec<(usize, ValueDiff)>,
        structure: Option<StackDiff>,
    ) -> Flow {
        for (frame, diff) in values {
            self.report_values(observed, moment, frame, diff);
        }
        match structure {
            None => Flow::Continue,
            Some(diff) => self.misplaced(observed, moment, diff),
        }
    }

    /// The subject stopped where the oracle does not.
    pub(crate) fn spurious<O: Observation>(&mut self, observed: &mut O, stop: Stop) -> Flow {
        // An event that comes again where the last one was, or after the invocation's end began.
        let shown_place = match self.following.visible_frames() {
            0 => None,
            _ => {
                let mut walk = observed.walk();
                (!walk.done()).then(|| walk.place())
            }
        };
        if shown_place.is_some_and(|place| self.following.is_of_trapping_adapter(place)) {
            self.ended = Some(Ended::AdapterGoesOn);
            return Flow::Stop;
        }
        let repeated = self.following.invocation.previous.is_some()
            && shown_place == self.following.invocation.previous;
        let sparse = !self.following.breakpoints.is_everywhere();
        let unasked = sparse
            && !shown_place.is_some_and(|place| self.following.breakpoints.is_selected(place));
        let spurious = self.following.spurious_rule(shown_place);
        let (rule, expected) = match stop {
            Stop::HostCall(_) | Stop::Trap(_)
                if repeated || unasked || !self.following.invocation.is_running() =>
            {
                (spurious, "no event".to_owned())
            }
            Stop::Exhausted(limit) => {
                self.ended.get_or_insert(Ended::OracleLimit(limit));
                return Flow::Stop;
            }
            Stop::HostCall(id) => (
                RuleId::HostCall,
                format!("a call of host function {}, no event", id.0),
            ),
            Stop::Trap(trap) => (RuleId::Outcome, format!("a trap: {trap}")),
            Stop::Throw { .. } => (RuleId::Outcome, "an exception to be thrown".to_owned()),
            Stop::Return | Stop::SequencePoint => {
                (spurious, "the invocation to return, no event".to_owned())
            }
        };
        let shown = Suspect::of(shown_place);
        self.report_control(observed, Moment::Breakpoint, rule, expected, shown)
    }

    /// An event of a kind that none of the programs that are run can cause.
    pub fn unexpected_event<O: Observation>(&mut self, observed: &mut O, event: &str) -> Flow {
        self.comparison.budget.disturb();
        let expected = "no event of this kind".to_owned();
        let shown = event.to_owned();
        self.report_control(
            observed,
            Moment::Breakpoint,
            RuleId::StepSpurious,
            expected,
            shown,
        )
    }
}
