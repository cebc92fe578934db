//! The assertions of a script: both sides must satisfy them.

use super::{
    Performed, Run, Step, Trouble, expect_message, failed, listed, not_met, unmet, written_patterns,
};
use crate::case::Status;
use crate::case::patterns::{seen_matches, value_matches};
use crate::divergence::Moment;
use crate::fault::Layer;
use crate::lockstep::driver::{Expected, Verdict};
use crate::outcome::{Outcome, SeenTrap};
use crate::rules::RuleId;
use crate::subject::adapter::{Adapter, Subject as _};
use crate::subject::answer::{ExpectedInstance, Invoked};
use lockstep_oracles::module::Module;
use lockstep_spec_tests::script::{Action, ModuleSource, Pattern};
use std::fmt::Display;

impl<A: Adapter, T: Layer> Run<'_, A, T> {
    pub(super) fn assert_return(&mut self, action: &Action, patterns: &[Pattern]) -> Step<()> {
        let (values, seen) = match self.perform(action)? {
            Performed::Got(value, seen) => (vec![value], vec![seen]),
            Performed::Invoked(Invoked {
                verdict, outcome, ..
            }) => match (verdict, outcome) {
                (Verdict::Ended(Expected::Returned(values)), Outcome::Returned(seen)) => {
                    (values, seen)
                }
                (verdict, outcome) => {
                    let wanted = written_patterns(patterns);
                    return Err(unmet(&verdict, &outcome, &wanted));
                }
            },
        };
        if let Some(name) = patterns.iter().find_map(Pattern::unknown) {
            let why = format!("no result is held against `{name}` here");
            return Err(Status::Unsupported(why).into());
        }
        let types = self.subject.driver().following.machine.store.types();
        let oracle = values.len() == patterns.len()
            && patterns
                .iter()
                .zip(&values)
                .all(|(pattern, &value)| value_matches(pattern, value, types));
        let subject = seen.len() == patterns.len()
            && patterns
                .iter()
                .zip(&seen)
                .all(|(pattern, &seen)| seen_matches(pattern, seen));
        match (oracle, subject) {
            (true, true) => Ok(()),
            (false, false) => Err(not_met(written_patterns(patterns), listed(&values))),
            (false, true) => Err(failed(format!("the oracle returns {}", listed(&values))).into()),
            (true, false) => Err(failed(format!(
                "the subject {}",
                Outcome::Returned(seen).describe()
            ))
            .into()),
        }
    }

    pub(super) fn assert_exception(&mut self, action: &Action) -> Step<()> {
        let Performed::Invoked(invoked) = self.perform(action)? else {
            return Err(self.mistake("an exception", "a global"));
        };
        match (&invoked.verdict, &invoked.outcome) {
            (Verdict::Ended(Expected::Thrown(_)), Outcome::Thrown(_)) => Ok(()),
            (verdict, outcome) => Err(unmet(verdict, outcome, "an exception")),
        }
    }

    pub(super) fn assert_trap(&mut self, action: &Action, message: &str) -> Step<()> {
        let Performed::Invoked(invoked) = self.perform(action)? else {
            return Err(self.mistake("a trap", "a global"));
        };
        match (&invoked.verdict, &invoked.outcome) {
            (Verdict::Ended(Expected::Trapped(trap)), Outcome::Trapped(seen)) if seen.is(*trap) => {
                expect_message(*trap, message)
            }
            (verdict, outcome) => {
                let wanted = format!("the trap `{message}`");
                Err(unmet(verdict, outcome, &wanted))
            }
        }
    }

    pub(super) fn assert_exhaustion(&mut self, action: &Action) -> Step<()> {
        let Performed::Invoked(invoked) = self.perform(action)? else {
            return Err(self.mistake("an overflow of the stack", "a global"));
        };
        match (&invoked.verdict, &invoked.outcome) {
            (Verdict::Exhausted, Outcome::Trapped(SeenTrap::StackOverflow)) => {
                Err(Status::Exhausted.into())
            }
            (verdict, outcome) => Err(unmet(verdict, outcome, "an overflow of the stack")),
        }
    }

    pub(super) fn assert_uninstantiable(
        &mut self,
        source: &ModuleSource,
        message: &str,
    ) -> Step<()> {
        let definition = self.define(source)?;
        let Some(made) = self.instantiate(&definition)? else {
            return Err(self.mistake("a trap", "an import that nothing provides"));
        };
        match (&made.expected, &made.outcome) {
            (ExpectedInstance::Trapped(trap), Outcome::Trapped(seen)) if seen.is(*trap) => {
                expect_message(*trap, message)
            }
            (expected, outcome) => Err(self.not_as_asserted("a trap", expected, outcome)),
        }
    }

    pub(super) fn assert_unlinkable(&mut self, source: &ModuleSource) -> Step<()> {
        let definition = self.define(source)?;
        match self.instantiate(&definition)? {
            // The name is unknown: there is nothing to hand to either side.
            None => Ok(()),
            Some(made) => match (&made.expected, &made.outcome) {
                (ExpectedInstance::Unlinkable(_), Outcome::Unlinkable(_)) => Ok(()),
                (expected, outcome) => Err(self.not_as_asserted("no link", expected, outcome)),
            },
        }
    }

    pub(super) fn assert_rejected(&mut self, source: &ModuleSource) -> Step<()> {
        let ModuleSource::Binary(bytes) = source else {
            return Ok(());
        };
        if Module::new(bytes, self.script.features).is_ok() {
            return Err(match self.subject.compiles(bytes) {
                Ok(()) => self.mistake("a module that is rejected", "a valid one"),
                Err(_) => failed("the oracle accepts the module").into(),
            });
        }
        match self.subject.compiles(bytes) {
            Err(Outcome::Failed(_)) => Ok(()),
            Err(outcome) => {
                let driver = self.subject.driver();
                driver.report_end(RuleId::Panic, "an error".to_owned(), outcome.describe());
                Err(failed(outcome.describe()).into())
            }
            Ok(()) => {
                let features = self.script.features;
                let driver = self.subject.driver();
                let known = driver.explain_accepted(bytes, features);
                let wanted = "the module is rejected".to_owned();
                driver.report_known(
                    RuleId::Instantiate,
                    Moment::End,
                    wanted,
                    "it compiles".to_owned(),
                    known,
                );
                match known {
                    Some(_) => Ok(()),
                    None => Err(failed("the subject accepts the module").into()),
                }
            }
        }
    }

    /// What a script asks for and does not have. Of a user's that is a mistake, and of the official suite a
    /// failure.
    pub(super) fn mistake(&self, expected: impl Display, given: impl Display) -> Trouble {
        match self.options.script_may_err {
            true => not_met(expected, given),
            false => failed(format!("expected {expected}, given {given}")).into(),
        }
    }

    /// An instantiation that did not go as a script asserts, in which both sides agree, or it was noticed. A
    /// limit of our own says nothing of it, as without the assertion.
    fn not_as_asserted(
        &self,
        wanted: &str,
        expected: &ExpectedInstance,
        outcome: &Outcome,
    ) -> Trouble {
        match expected {
            ExpectedInstance::Limit(message) => Status::Inconclusive(message.clone()).into(),
            ExpectedInstance::Exhausted => Status::Exhausted.into(),
            _ => self.mistake(wanted, outcome.describe()),
        }
    }
}
