//! A case of which only the commands before a certain one are executed, so that what they came to is known
//! although the case does not come to its end.

use super::script::Run;
use super::{CaseOptions, Executed, Status};
use crate::divergence::Execution;
use crate::fault::Layer;
use crate::progress::{self, Place};
use crate::subject::adapter::{Adapter, Subject};
use lockstep_spec_tests::script::Script;
use serde::{Deserialize, Serialize};

/// Of each execution of a case the first command that is left out, from 0; none where the execution is whole.
/// What comes behind the last command is left out of an execution that is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cuts {
    /// Of the instrumented execution.
    pub instrumented: Option<usize>,
    /// Of the uninstrumented one.
    pub uninstrumented: Option<usize>,
}

impl Cuts {
    /// Whether every command is executed.
    pub fn is_whole(&self) -> bool {
        *self == Cuts::default()
    }

    /// Where this execution is cut.
    pub fn of(&self, execution: Execution) -> Option<usize> {
        match execution {
            Execution::Instrumented => self.instrumented,
            Execution::Uninstrumented => self.uninstrumented,
        }
    }

    /// The same with less: of a case that did not get beyond this place what can be executed without it. None
    /// where nothing is left to leave out.
    pub fn before(self, place: &Place) -> Option<Cuts> {
        let at = place.command;
        let is_earlier = self.of(place.execution).is_none_or(|cut| at < cut);
        match place.execution {
            Execution::Instrumented if is_earlier => Some(Cuts {
                instrumented: Some(at),
                uninstrumented: Some(self.uninstrumented.map_or(at, |cut| at.min(cut))),
            }),
            Execution::Uninstrumented if is_earlier => Some(Cuts {
                uninstrumented: Some(at),
                ..self
            }),
            // It did not get beyond what comes between two executions.
            _ => (self.uninstrumented != Some(0)).then_some(Cuts {
                uninstrumented: Some(0),
                ..self
            }),
        }
    }
}

/// Why a command is not executed.
pub(crate) const LEFT_OUT: &str = "the case could not go on to it";

/// What the place behind the last command is called.
const END: &str = "the end of the case";
/// What the place is called at which an execution is cut.
const CUT: &str = "what is left out";

/// An execution of which nothing is executed.
pub(super) fn nothing(script: &Script, options: &CaseOptions) -> Executed {
    let left_out = |count| vec![Status::NotRun(LEFT_OUT.to_owned()); count];
    let count = script.commands.len();
    Executed {
        statuses: left_out(count),
        outcomes: vec![None; count],
        checks: left_out(options.checks.len()),
        fuel: vec![None; count],
        cut: Some(0),
        ..Executed::default()
    }
}

impl<A: Adapter, T: Layer> Run<'_, A, T> {
    /// Where this execution is cut.
    pub(super) fn is_cut_at(&mut self) -> Option<usize> {
        let execution = self.subject.driver().execution();
        self.options.cuts.of(execution)
    }

    /// Leaves the next command out.
    pub(super) fn leave_out(&mut self) {
        let index = self.executed.statuses.len();
        self.executed.cut.get_or_insert(index);
        let status = Status::NotRun(LEFT_OUT.to_owned());
        self.executed.statuses.push(status);
        self.executed.fuel.push(None);
        self.executed.outcomes.push(None);
    }

    /// Says that every command was executed, as far as this execution goes.
    pub(super) fn tell_end(&mut self) {
        let cut = self.is_cut_at();
        let execution = self.subject.driver().execution();
        let commands = self.executed.statuses.len();
        progress::at(|| Place {
            execution,
            command: cut.map_or(commands, |cut| cut.min(commands)),
            line: 0,
            text: cut.map_or(END, |_| CUT).to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(execution: Execution, command: usize) -> Place {
        Place {
            execution,
            command,
            line: 0,
            text: String::new(),
        }
    }

    fn cuts(instrumented: Option<usize>, uninstrumented: Option<usize>) -> Cuts {
        Cuts {
            instrumented,
            uninstrumented,
        }
    }

    #[test]
    fn both_executions_stop_where_the_first_did_not_go_on() {
        let before = |cuts: Cuts, execution, command| cuts.before(&place(execution, command));
        let (first, second) = (Execution::Instrumented, Execution::Uninstrumented);
        let whole = Cuts::default();
        assert_eq!(before(whole, first, 3), Some(cuts(Some(3), Some(3))));
        // Then the instrumented execution came to its end.
        assert_eq!(before(whole, second, 0), Some(cuts(None, Some(0))));
    }

    #[test]
    fn a_case_that_does_not_get_there_either_is_cut_earlier() {
        let before = |execution, command| {
            let cuts = cuts(Some(3), Some(3));
            cuts.before(&place(execution, command))
        };
        let (first, second) = (Execution::Instrumented, Execution::Uninstrumented);
        assert_eq!(before(second, 1), Some(cuts(Some(3), Some(1))));
        assert_eq!(before(first, 1), Some(cuts(Some(1), Some(1))));
        // Between the two executions: the second is left out, and then nothing is left to leave out.
        let alone = cuts(Some(3), Some(0));
        assert_eq!(before(first, 3), Some(alone));
        assert_eq!(alone.before(&place(first, 3)), None);
    }
}
