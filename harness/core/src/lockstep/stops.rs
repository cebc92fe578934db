//! Breakpoint events and host calls: the oracle runs to its next stop and the stack is compared.

use super::classify::Suspect;
use super::deadlines::Deadline;
use super::driver::{Driver, Ended, Flow};
use super::families::Family;
use super::frames::{
    Referents, StackDiff, ValueDiff, compare_stack, compare_values, expected_place,
};
use super::invocation::Phase;
use super::looks::Look;
use super::skipping::Skipping;
use crate::causes::slots::is_unset;
use crate::causes::{Cause, Known};
use crate::divergence::Moment;
use crate::observe::{Limited, Observation, Place, Walk};
use crate::outcome::{HostFailure, SeenTrap};
use crate::progress;
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::ValType;
use lockstep_oracles::address::HostFuncId;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::types::Hierarchy;
use lockstep_oracles::value::Value;
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
        if self.budget.frames.is_innermost()
            && !self.setting.inlined
            && !self.nans.any
            && !self.instantiation.runs()
        {
            return self.breakpoint_innermost(observed);
        }
        if self.samples() {
            return self.breakpoint_sampled(observed);
        }
        self.disturb();
        match self.advance() {
            Stop::SequencePoint => {}
            stop => return self.spurious(observed, stop),
        }
        if self.nans.open.is_some() && self.visible_frames() > 0 {
            self.adopt_operand(observed);
        }
        let depth = self.machine.depth();
        let limit = self.budget.frames.frames(depth);
        let flow = self.compare_frames(observed, Moment::Breakpoint, depth, limit);
        if flow == Flow::Continue
            && let Some(top) = self.machine.top()
        {
            self.matched(
                observed,
                top.op(),
                expected_place(&top, self.setting.conventions),
            );
            return self.unless_it_waits();
        }
        flow
    }

    /// Stops the guest before it waits for longer than it is waited for: once it waits nothing stops it.
    /// The specification leaves a wait that nothing ends without an end, in the oracle too.
    #[inline(always)]
    pub(super) fn unless_it_waits(&mut self) -> Flow {
        if !self.program.may_wait {
            return Flow::Continue;
        }
        match self.machine.wait() {
            Some(time) if time > PATIENCE => {
                self.ended = Some(Ended::Wait(time));
                Flow::Stop
            }
            _ => Flow::Continue,
        }
    }

    /// Counts a matched event and looks at the case's budget.
    #[inline(always)]
    pub(super) fn matched<O: Observation>(&mut self, observed: &mut O, op: Opcode, place: Place) {
        self.recorder.tally.sequence_points += 1;
        self.recorder.tally.opcodes[op as usize] += 1;
        let family = match self.breakpoints.is_single_step() {
            true => Family::Step,
            false => Family::Breakpoint,
        };
        self.recorder.tally.checked.note(family, op);
        self.note_kept();
        self.invocation.previous = Some(place);
        if family == Family::Step {
            self.history.seen();
        }
        if self.registers.are_changed() {
            self.note_look();
        }
        if self.recorder.is_traced() {
            self.trace(observed);
        }
        if self.budget.is_due(&self.recorder.tally) {
            self.look_at_budget();
            self.dare_slot(observed, Moment::Breakpoint);
        }
    }

    /// Gives a sign of life, and looks at the case's budget.
    #[cold]
    #[inline(never)]
    fn look_at_budget(&mut self) {
        progress::sign();
        let armed = self.is_armed();
        if let Some(ended) = self.budget.look(&self.recorder.tally, armed) {
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
            let Some(view) = self.machine.top() else {
                return Flow::Continue;
            };
            let place = expected_place(&view, self.setting.conventions);
            let placed = shown == Some(place);
            if placed {
                let layout = self.program.layout(&view);
                let mut referents = Referents {
                    machine: &self.machine,
                    references: &mut self.references,
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
        self.recorder.tally.frames_skipped += self.machine.depth() as u64 - 1;
        if let Some(diff) = diff {
            self.report_values(observed, Moment::Breakpoint, 0, diff);
        }
        self.matched(observed, op, place);
        self.unless_it_waits()
    }

    /// Compares the frames at an event of a rarer kind.
    pub(super) fn compare_event<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        look: Look,
    ) -> Flow {
        self.recorder.tally.looks.event(look);
        let depth = self.machine.depth();
        let limit = self.budget.frames.at_boundary(depth);
        let hidden = self.visible_frames() < depth;
        let flow = self.compare_frames(observed, moment, depth, limit);
        if flow == Flow::Continue {
            self.dare_slot(observed, moment);
        }
        if flow == Flow::Continue && limit == depth && !hidden {
            self.recorder.tally.looks.whole(look);
        }
        flow
    }

    /// Compares up to `limit` frames at any moment, but for those that a cause explains.
    pub(super) fn compare_frames<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        depth: usize,
        limit: usize,
    ) -> Flow {
        match self.replaced_frames(observed, moment) {
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
        // Stays empty, and so allocates nothing, while nothing differs.
        let mut values: Vec<(usize, ValueDiff)> = Vec::new();
        let visible = self.visible_frames();
        if self.dares_horizon() {
            return self.dare_frames(observed, moment);
        }
        if visible == 0 {
            return Flow::Continue;
        }
        let mut walk = Limited::new(observed.walk(), visible);
        let program = &self.program;
        let mut referents = Referents {
            machine: &self.machine,
            references: &mut self.references,
        };
        referents.references.look();
        let structure = compare_stack(
            self.machine.frames(),
            depth,
            limit,
            0,
            self.setting.conventions,
            |view| program.layout(view),
            &mut walk,
            &mut referents,
            &mut self.recorder.tally,
            |frame, diff| values.push((frame, diff)),
        );
        drop(walk);
        for (frame, diff) in values {
            self.report_values(observed, moment, frame, diff);
        }
        match structure {
            None => Flow::Continue,
            Some(diff) => self.misplaced(observed, moment, diff),
        }
    }

    /// The subject stopped where the oracle does not.
    pub(super) fn spurious<O: Observation>(&mut self, observed: &mut O, stop: Stop) -> Flow {
        // An event that comes again where the last one was, or after the invocation's end began.
        let shown_place = match self.visible_frames() {
            0 => None,
            _ => {
                let mut walk = observed.walk();
                (!walk.done()).then(|| walk.place())
            }
        };
        let repeated =
            self.invocation.previous.is_some() && shown_place == self.invocation.previous;
        let sparse = !self.breakpoints.is_everywhere();
        let unasked = sparse && !shown_place.is_some_and(|place| self.is_selected(place));
        let spurious = self.spurious_rule(shown_place);
        let (rule, expected) = match stop {
            Stop::HostCall(_) | Stop::Trap(_)
                if repeated || unasked || !self.invocation.is_running() =>
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

    /// Whether a look at the stack is to the end although a cause forbids it; if not, it is counted by its
    /// cause.
    pub(super) fn dares_horizon(&mut self) -> bool {
        let Some(horizon) = self.horizon() else {
            return false;
        };
        if self.dares(horizon.known) {
            return true;
        }
        self.recorder.tally.left_out.count(horizon.known, 1);
        false
    }

    /// Whether no cause forbids a collection now, or it is dared.
    pub fn may_collect(&mut self) -> bool {
        let Some(known) = self.forbids_collection() else {
            return true;
        };
        if self.dares(known) {
            return true;
        }
        self.recorder.tally.left_out.count(known, 1);
        false
    }

    /// The cause that forbids a collection now, if one does.
    fn forbids_collection(&mut self) -> Option<Known> {
        let hidden = self.horizon().map(|horizon| horizon.known);
        // What a start function runs in is no frame that a collection could follow, nor are the slots
        // known that it would follow where records are lost.
        hidden
            .or_else(|| self.unset_root())
            .or_else(|| self.phantom_root())
    }

    /// The cause that forbids a collection while a frame has a local that was never written.
    fn unset_root(&self) -> Option<Known> {
        let known = self.setting.causes.get(Cause::UnsetRoot)?;
        let unset = self.machine.frames().any(|view| {
            let locals = view.locals.iter().zip(&view.function.locals);
            locals.into_iter().any(|(&cell, &ty)| {
                is_unset(ty, cell)
                    && matches!(ty, ValType::Ref(ty)
                        if view.module.hierarchy(ty.heap_type()) != Some(Hierarchy::Func))
            })
        });
        unset.then_some(known)
    }

    /// Garbage was collected at the event that was just matched: every frame still reads as before.
    pub fn collected<O: Observation>(&mut self, observed: &mut O, refused: Option<String>) -> Flow {
        if self.ended.is_some() {
            return Flow::Stop;
        }
        self.note_collection(refused);
        let depth = self.machine.depth();
        match self.compare_frames(observed, Moment::Collection, depth, depth) {
            Flow::Continue => self.end_dare(),
            Flow::Stop => {
                let _ = self.end_dare();
                Flow::Stop
            }
        }
    }

    /// Garbage was collected, if that was not refused.
    pub fn note_collection(&mut self, refused: Option<String>) {
        self.disturb();
        if let Some(error) = refused {
            let expected = "a collection".to_owned();
            self.report_plain(RuleId::Collect, Moment::Collection, expected, error);
        }
        self.recorder.tally.collections += 1;
    }

    /// A host function is called: the oracle must be calling it too, with the same arguments.
    ///
    /// `observed` is the stack, where the execution can show it.
    pub fn host_call<O: Observation>(
        &mut self,
        observed: Option<&mut O>,
        id: HostFuncId,
        args: &[Seen],
    ) -> Flow {
        self.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        let stop = self.advance();
        if stop != Stop::HostCall(id) {
            return self.unexpected_host_call(stop, id);
        }
        self.recorder.tally.host_calls += 1;
        self.history.note_roots(&self.machine);
        // Host code that calls a host function has no opcode.
        if let Some(op) = self.machine.current_op() {
            self.recorder.tally.checked.note(Family::HostCall, op);
        }
        let expected = self.machine.host_args();
        self.look();
        if !self.values_agree(&expected, args)
            && !self.unbound_agree(&expected, args)
            && !self.agree_but_for_registers(&expected, args)
        {
            let show =
                |values: Vec<String>| format!("host function {} ({})", id.0, values.join(", "));
            let known = self.explain_values(&expected, args);
            self.report_known(
                RuleId::HostCall,
                Moment::HostCall,
                show(expected.iter().map(Value::to_string).collect()),
                show(args.iter().map(Seen::to_string).collect()),
                known,
            );
            self.end_if_known(known);
            if self.ended.is_some() {
                return Flow::Stop;
            }
        }
        let Some(observed) = observed else {
            return Flow::Continue;
        };
        let depth = self.machine.depth();
        let limit = self.budget.frames.at_boundary(depth);
        let flow = self.compare_frames(observed, Moment::HostCall, depth, limit);
        if flow == Flow::Continue {
            self.dare_slot(observed, Moment::HostCall);
        }
        flow
    }

    fn unexpected_host_call(&mut self, stop: Stop, id: HostFuncId) -> Flow {
        let expected = match stop {
            Stop::Exhausted(limit) => {
                self.ended.get_or_insert(Ended::OracleLimit(limit));
                return Flow::Stop;
            }
            Stop::HostCall(other) => format!("a call of host function {}", other.0),
            Stop::Trap(trap) => format!("a trap: {trap}"),
            Stop::Throw { .. } => "an exception to be thrown".to_owned(),
            Stop::Return => "the invocation to return".to_owned(),
            Stop::SequencePoint => "an event at the next opcode".to_owned(),
        };
        // In single-step the event before a later call may be what is missing.
        let lost = stop == Stop::SequencePoint && self.run_ahead() == Stop::HostCall(id);
        let rule = if lost {
            self.lost_rule()
        } else {
            RuleId::HostCall
        };
        let observed = format!("a call of host function {}", id.0);
        self.report_plain(rule, Moment::HostCall, expected, observed);
        self.end_control(rule);
        Flow::Stop
    }

    /// Gives the oracle the results that the host function gives the subject.
    pub fn host_return(&mut self, results: &[Value]) {
        self.disturb();
        if self.ended.is_none() && self.machine.host_return(results).is_err() {
            // The harness made the results from the function's own type.
            unreachable!("host results do not fit the function's type");
        }
        self.invocation.go_on();
    }

    /// Whether the host function that the oracle waits for is called by Wasm code.
    fn is_called_by_wasm(&self) -> bool {
        self.machine.has_entered_code() || self.is_start_called_by_wasm()
    }

    /// The host function is about to fail with this error. Only where Wasm code called it an event is
    /// due: host code that called it gets the error itself.
    pub fn host_fail(&mut self, failure: HostFailure) {
        self.disturb();
        self.invocation.phase = if self.is_called_by_wasm() {
            Phase::HostFailing(failure)
        } else {
            Phase::HostFailed(failure)
        };
    }

    /// The host function is about to fail with a trap: its own, or the one that its call ended with.
    pub fn host_trap(&mut self, trap: Trap) {
        self.disturb();
        self.invocation.phase = if self.is_called_by_wasm() {
            Phase::HostTrapping(trap)
        } else {
            Phase::Trapped(trap)
        };
    }

    /// The event of an error that a host function passed on, if that is a trap: no document says
    /// whether it is a `Trap` event, or a `HostcallError` event as of another error.
    pub(super) fn relayed_trap<O: Observation>(
        &mut self,
        observed: &mut O,
        due: Trap,
        seen: SeenTrap,
    ) -> Flow {
        if !seen.is(due) {
            self.report_plain(
                RuleId::HostErrorEvent,
                Moment::HostcallError,
                format!("the trap that was passed on: {due}"),
                seen.to_string(),
            );
        }
        self.invocation.phase = Phase::Trapped(due);
        let depth = self.machine.depth();
        let limit = self.budget.frames.at_boundary(depth);
        self.compare_frames(observed, Moment::HostcallError, depth, limit)
    }

    /// A `HostcallError` event with this error, or with one that the harness did not make.
    pub fn host_error<O: Observation>(
        &mut self,
        observed: &mut O,
        error: Result<HostFailure, String>,
    ) -> Flow {
        self.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if self.invocation.is_running() {
            if let Some(due) = self.invocation.failed_growth {
                return self.growth_failed(observed, due, error);
            }
            if error == Ok(HostFailure::Deadline) {
                return self.deadline_reached(observed, Deadline::Fails);
            }
        }
        let Phase::HostFailing(due) = self.invocation.phase else {
            let shown = match error {
                Ok(failure) => failure.to_string(),
                Err(message) => message,
            };
            let known = self.explain_collection(&shown);
            self.report_known(
                RuleId::HostErrorEvent,
                Moment::HostcallError,
                "no HostcallError event: no host function failed".to_owned(),
                shown,
                known,
            );
            match known {
                Some(_) => self.end_if_known(known),
                None => self.end_control(RuleId::HostErrorEvent),
            }
            return Flow::Stop;
        };
        self.host_failed(due, error);
        self.compare_event(observed, Moment::HostcallError, Look::HostError)
    }

    /// The event of an error of the host's was matched, which must be the one that is due.
    pub(super) fn host_failed(&mut self, due: HostFailure, error: Result<HostFailure, String>) {
        if error != Ok(due) {
            let shown = error.map_or_else(|message| message, |failure| failure.to_string());
            self.report_plain(
                RuleId::HostErrorEvent,
                Moment::HostcallError,
                due.to_string(),
                shown,
            );
        }
        self.invocation.phase = Phase::HostFailed(due);
    }

    /// An event of a kind that none of the programs that are run can cause.
    pub fn unexpected_event<O: Observation>(&mut self, observed: &mut O, event: &str) -> Flow {
        self.disturb();
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
