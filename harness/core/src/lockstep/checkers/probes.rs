//! Checkers of promises that hardly a case breaks, because nearly every one works around them.

use crate::causes::{Cause, Causes, Known};
use crate::divergence::{Divergence, Execution, Moment};
use crate::rules::RuleId;
use crate::version::Version;
use lockstep_oracles::address::Pc;

/// The events of a module that was instantiated after single-step was turned on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateModule {
    /// The subject.
    pub subject: Version,
    /// Where the oracle says there must be one, in order.
    pub expected: Vec<Pc>,
    /// Where the subject had one, in order.
    pub events: Vec<Pc>,
}

impl LateModule {
    /// The divergence, if there is one. The cause explains that no event comes at all, and nothing else.
    pub fn check(&self) -> Option<Divergence> {
        if self.events == self.expected {
            return None;
        }
        Some(Divergence {
            rule: RuleId::StepInstantiate,
            execution: Execution::Instrumented,
            command: "probe: a module instantiated after single_step(true)".to_owned(),
            moment: Moment::Breakpoint,
            event: self
                .expected
                .iter()
                .zip(&self.events)
                .take_while(|(a, b)| a == b)
                .count() as u64,
            frame: None,
            expected: show(&self.expected),
            observed: show(&self.events),
            site: None,
            state: Vec::new(),
            known: Causes::of(self.subject)
                .get(Cause::LateModule)
                .filter(|_| self.events.is_empty())
                .map(Known::cause),
        })
    }
}

fn show(pcs: &[Pc]) -> String {
    if pcs.is_empty() {
        return "no event".to_owned();
    }
    let pcs: Vec<String> = pcs.iter().map(Pc::to_string).collect();
    format!("events at {}", pcs.join(", "))
}
