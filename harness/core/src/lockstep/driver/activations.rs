//! What causes explain of whole stacks: it is counted, and events end that cannot be told apart.

use super::Driver;
use crate::causes::{Cause, Known};
use crate::divergence::Moment;
use crate::lockstep::verdict::Flow;
use crate::observe::Observation;
use crate::rules::RuleId;
use crate::snapshot::Snapshot;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::Stop;

impl Driver {
    /// Whether the frames shown are the right ones and, for each activation without a frame, once more
    /// those of the activation below it (`HOST-ACTIVATION`).
    pub(crate) fn explain_host_activation<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
    ) -> Option<Flow> {
        let (replaced, known) = self.following.repeats_activations(observed, moment)?;
        for known in replaced.into_iter().chain([known]) {
            self.count_explained(observed, moment, RuleId::FrameCount, known);
        }
        Some(Flow::Continue)
    }

    /// Of at most `limit` frames those that can be compared where they stand: what is shown again
    /// (`HOST-ACTIVATION`) may stand where other frames of the same places are expected.
    pub(crate) fn limit_to_first_shown<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        limit: usize,
    ) -> usize {
        match self.following.before_repetition() {
            Some(before) if self.explain_host_activation(observed, moment).is_some() => {
                limit.min(before)
            }
            _ => limit,
        }
    }

    /// Whether the event cannot be told from one that nobody asked for (`INLINED-TRY-BREAK`): between
    /// breakpoints, where the program may be inside a guarded call that was inlined. Then the execution
    /// ends.
    #[inline]
    pub(crate) fn ends_unasked(&mut self) -> bool {
        self.following.setting.inlined
            && !self.following.breakpoints.is_everywhere()
            && self.ends_in_guarded_call()
    }

    fn ends_in_guarded_call(&mut self) -> bool {
        let known = self.following.setting.cause(Cause::InlinedTryBreak);
        let Some(known) = known.filter(|_| self.following.program.has_guarded_calls()) else {
            return false;
        };
        if !self.following.is_in_guarded_call() && !self.comes_to_guarded_call() {
            return false;
        }
        let expected = "an event where a breakpoint is, or none".to_owned();
        let shown = "an event".to_owned();
        let (rule, moment) = (RuleId::BreakSpurious, Moment::Breakpoint);
        self.report_known(rule, moment, expected, shown, Some(known));
        self.end_if_known(Some(known));
        true
    }

    /// Whether the program enters a guarded call before its next modelled event: the oracle is brought to
    /// the one or the other.
    fn comes_to_guarded_call(&mut self) -> bool {
        // At its next event already, or due to be interrupted before it.
        if self.following.invocation.ahead.is_some()
            || self.following.epoch.is_due()
            || self.following.machine.num_activations() == 0
        {
            return false;
        }
        let executes = self.following.machine.executes_next();
        if executes && self.following.is_entering_guarded_call() {
            return true;
        }
        let stop = self.run_to_guarded_call();
        self.following.invocation.ahead = Some(stop);
        let selected = self.following.machine.top().is_some_and(|view| {
            self.following
                .breakpoints
                .selects(view.instance, view.function.pcs[view.position].0)
        });
        stop == Stop::SequencePoint && !selected && self.following.is_entering_guarded_call()
    }

    fn run_to_guarded_call(&mut self) -> Stop {
        let calls = self.following.program.inlined_calls.clone();
        let is_guarded = |instance: InstanceAddr, function: &Function, position| {
            calls[instance.index()].is_guarded(function, position)
        };
        self.run_to_breakpoint_or(is_guarded)
    }

    pub(crate) fn count_explained<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        rule: RuleId,
        known: Known,
    ) {
        if self.recorder.repeats(Some(known)) {
            return;
        }
        let shown = format!(
            "{} frames",
            Snapshot::places(observed, self.following.visible_frames()).len()
        );
        let expected = Some(format!("{} frames", self.following.machine.depth()));
        let mut divergence = self.evidence(observed, moment, rule, Some(0), expected, shown);
        divergence.known = Some(known.cause());
        self.record(divergence);
    }
}
