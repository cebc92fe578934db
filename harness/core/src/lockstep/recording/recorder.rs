//! What is kept of an execution for its report: what was compared, what was found, and with which evidence.

use super::findings::Findings;
use super::tally::Tally;
use crate::causes::{Cause, Causes, Known};
use crate::divergence::{Divergence, Execution, Moment, Site, StateRow};
use crate::rules::RuleId;
use crate::trace::Tracer;
use lockstep_oracles::machine::Machine;

/// What a report of a lost event shows: the oracle's state at the event that did not come.
#[derive(Debug)]
pub(crate) struct BeforeLookahead {
    pub(crate) site: Option<Site>,
    pub(crate) state: Vec<StateRow>,
}

/// What was compared and found in one execution.
pub struct Recorder {
    /// What was compared.
    pub tally: Tally,
    /// What was found.
    pub findings: Findings,
    /// Stands before the command, where more than one store runs it.
    pub label: &'static str,
    /// Called at every matched event, if a person asked for a trace.
    pub tracer: Option<Box<dyn Tracer>>,
    /// The execution, for reports.
    execution: Execution,
    /// The command being executed, for reports.
    command: String,
    /// The oracle's state before it looked ahead, for the report of what it found there.
    before_lookahead: Option<BeforeLookahead>,
    relaxed: Relaxed,
}

/// Relaxed opcodes with another result than promised that were counted.
#[derive(Debug, Default)]
struct Relaxed {
    /// Multiply-adds that rounded once.
    fused: u64,
    /// Dot products whose sums were not saturated.
    unsaturated: u64,
}

impl Recorder {
    /// Nothing is compared or found yet.
    pub(crate) fn new(execution: Execution) -> Recorder {
        Recorder {
            tally: Tally::default(),
            findings: Findings::default(),
            label: "",
            tracer: None,
            execution,
            command: String::new(),
            before_lookahead: None,
            relaxed: Relaxed::default(),
        }
    }

    /// Has reports name this command, of this line of the script.
    pub fn name_command(&mut self, line: u32, command: &str) {
        self.command = format!("{}line {line}: {command}", self.label);
    }

    /// A divergence at this moment, without evidence.
    pub(crate) fn divergence(
        &self,
        rule: RuleId,
        moment: Moment,
        expected: String,
        observed: String,
    ) -> Divergence {
        let command = self.command.clone();
        Divergence {
            moment,
            event: self.tally.sequence_points,
            ..Divergence::at_end(rule, self.execution, command, expected, observed)
        }
    }

    /// Whether this cause matched before: then the match is counted, and there is nothing more to report.
    #[must_use]
    pub(crate) fn repeats(&mut self, known: Option<Known>) -> bool {
        let known = known.filter(|&known| self.findings.has_known(known));
        if let Some(known) = known {
            self.findings.count_known(known);
        }
        known.is_some()
    }

    /// Whether there is something to report of a difference: the first that breaks the rule, or that the
    /// cause explains. A further match of the cause is counted.
    #[must_use]
    pub(crate) fn is_news(&mut self, rule: RuleId, known: Option<Known>) -> bool {
        match known {
            None => self.findings.is_news(rule),
            Some(_) => !self.repeats(known),
        }
    }

    /// Counts what was not looked at, by the cause that forbids it.
    #[inline]
    pub fn leave_out(&mut self, known: Known, count: u64) {
        self.tally.left_out.count(known, count);
    }

    /// Notes that a rule was exercised.
    #[inline]
    pub(crate) fn note(&mut self, rule: RuleId) {
        self.tally.noted.note(rule);
    }

    /// Whether a person asked for a trace of the event that was matched last.
    #[inline(always)]
    pub(crate) fn is_traced(&self) -> bool {
        let tracer = self.tracer.as_ref();
        tracer.is_some_and(|tracer| tracer.wants(self.tally.sequence_points))
    }

    /// Keeps the states from before the oracle looks ahead, for the report of what it finds there.
    pub(crate) fn keep(&mut self, before: BeforeLookahead) {
        self.before_lookahead = Some(before);
    }

    /// The states that were kept.
    pub(crate) fn take_kept(&mut self) -> Option<BeforeLookahead> {
        self.before_lookahead.take()
    }

    /// Whether the oracle has looked ahead, and what it found is still to be reported.
    pub(crate) fn has_looked_ahead(&self) -> bool {
        self.before_lookahead.is_some()
    }

    /// Counts the relaxed opcodes with another result than promised: multiply-adds that rounded once, and
    /// dot products whose sums were not saturated.
    pub(crate) fn count_relaxed(&mut self, machine: &Machine, causes: Causes) {
        let Relaxed { fused, unsaturated } = &mut self.relaxed;
        let counted = [
            (fused, machine.fused_differences(), Cause::RelaxedMadd),
            (unsaturated, machine.dot_differences(), Cause::RelaxedDot),
        ];
        for (counted, differences, cause) in counted {
            if let Some(known) = causes.get(cause) {
                for _ in *counted..differences {
                    self.findings.count_known(known);
                }
            }
            *counted = differences;
        }
    }
}
