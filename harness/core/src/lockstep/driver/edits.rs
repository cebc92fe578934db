//! What edits keep or lose of events is counted.

use super::Driver;
use crate::causes::{Cause, Known};
use crate::divergence::Moment;
use crate::rules::RuleId;

impl Driver {
    /// Counts an event at a breakpoint that should be gone, if that is what came.
    #[inline]
    pub(crate) fn note_kept(&mut self) {
        if !self.following.breakpoints.keeps_any() {
            return;
        }
        let top = self.following.machine.top();
        let Some((instance, pc)) = top.map(|top| (top.instance, top.pc().0)) else {
            return;
        };
        self.following.breakpoints.note_stop(instance, pc);
        let kept = self.following.breakpoints.kept_by(instance, pc);
        if let Some(known) = kept {
            self.count_kept(known);
        }
    }

    #[cold]
    fn count_kept(&mut self, known: Known) {
        if self.recorder.repeats(Some(known)) {
            return;
        }
        let expected = match known.cause() {
            Cause::ComponentPatches => "no event: the breakpoint is another module's",
            _ => "no event: the breakpoint was removed",
        };
        self.report_lasting(
            RuleId::BreakSpurious,
            expected.to_owned(),
            "an event",
            known,
        );
    }

    /// Counts the events that did not come in late modules on the way to where the oracle is.
    #[inline]
    pub(crate) fn note_silent(&mut self) {
        for (count, known) in self.following.breakpoints.take_silent() {
            self.count_silent(count, known);
        }
    }

    #[cold]
    fn count_silent(&mut self, count: u64, known: Known) {
        let mut count = count;
        if !self.recorder.findings.has_known(known) {
            let (rule, expected) = match known.cause() {
                Cause::ComponentPatches => {
                    (RuleId::BreakLost, "an event at a breakpoint that is set")
                }
                _ => (
                    RuleId::StepInstantiate,
                    "an event before each opcode of a module that was instantiated later",
                ),
            };
            self.report_lasting(rule, expected.to_owned(), "none", known);
            count -= 1;
        }
        (0..count).for_each(|_| self.recorder.findings.count_known(known));
    }

    fn report_lasting(&mut self, rule: RuleId, expected: String, shown: &str, known: Known) {
        let mut divergence =
            self.recorder
                .divergence(rule, Moment::Breakpoint, expected, shown.to_owned());
        divergence.site = self.following.site();
        divergence.known = Some(known.cause());
        self.record(divergence);
    }
}
