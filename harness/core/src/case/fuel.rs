//! What is left of the fuel, compared between the two executions of a case.

use super::{Executed, Status};
use crate::case::script::describe;
use crate::causes::Cause;
use crate::divergence::{Divergence, Execution, Moment};
use crate::rules::RuleId;
use lockstep_spec_tests::script::Script;

/// A difference, after the command of this position.
pub(super) struct Difference {
    pub(super) command: usize,
    pub(super) divergence: Divergence,
}

/// The cause that explains a difference: the program went on with other values than without events, and
/// may have gone another way.
fn explain(instrumented: &Executed) -> Option<Cause> {
    let changed = Cause::PulleyVectors;
    let known = &instrumented.findings.known;
    known.contains_key(&changed).then_some(changed)
}

/// The first difference. After an exhaustion there is none, were it in a call that a host function made:
/// where the stack or the heap is used up is each execution's own. Nor is there one where an execution
/// ended early.
pub(super) fn difference(
    script: &Script,
    instrumented: &Executed,
    uninstrumented: &Executed,
) -> Option<Difference> {
    let whole = |executed: &Executed| {
        let ends = [executed.cut, executed.exhausted];
        let end = ends.into_iter().flatten().min().unwrap_or(usize::MAX);
        let statuses = executed.statuses.iter().take(end);
        statuses
            .take_while(|status| matches!(status, Status::Passed | Status::NotRun(_)))
            .count()
    };
    let count = whole(instrumented).min(whole(uninstrumented));
    let pairs = instrumented.fuel.iter().zip(&uninstrumented.fuel);
    let command = pairs.take(count).position(|(own, other)| own != other)?;
    let show = |fuel: Option<u64>| fuel.map_or("none counted".to_owned(), |left| left.to_string());
    let at = &script.commands[command];
    Some(Difference {
        command,
        divergence: Divergence {
            rule: RuleId::Fuel,
            execution: Execution::Instrumented,
            command: format!("line {}: {}", at.line, describe(at)),
            moment: Moment::End,
            event: instrumented.tally.sequence_points,
            frame: None,
            expected: format!(
                "fuel left without guest_debug: {}",
                show(uninstrumented.fuel[command])
            ),
            observed: format!("fuel left: {}", show(instrumented.fuel[command])),
            site: None,
            state: Vec::new(),
            known: explain(instrumented),
        },
    })
}
