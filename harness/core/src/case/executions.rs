//! The executions of a case: their engines, and a neighbour beside the instrumented one.

use super::script::Run;
use super::{CaseOptions, CaseReport, Executed};
use crate::divergence::{Divergence, Execution};
use crate::fault::{Honest, Layer};
use crate::machine;
use crate::report::trail;
use crate::rules::RuleId;
use crate::schedule::{Neighbour, Schedule};
use crate::subject::adapter::{Adapter, Subject};
use crate::subject::{Settings, SubjectError};
use crate::trace::Tracer;
use lockstep_spec_tests::script::Script;
use std::sync::Arc;
use std::thread;

/// A configuration of which an engine was not made, or should not have been.
pub(super) struct Refused {
    execution: Execution,
    expected: Option<&'static str>,
    /// The engine's message; none if it accepted the configuration.
    message: Option<String>,
}

/// The engines of both executions: instrumented, and not.
type Factories<A> = (Arc<<A as Adapter>::Factory>, Arc<<A as Adapter>::Factory>);

/// The engines of both executions.
pub(super) fn factories<A: Adapter>(settings: &Settings) -> Result<Factories<A>, Refused> {
    let configuration = &settings.configuration;
    let instrumented = factory::<A>(
        Execution::Instrumented,
        settings,
        configuration.refused_instrumented(settings.subject),
    );
    let uninstrumented = factory::<A>(
        Execution::Uninstrumented,
        settings,
        configuration.refused_uninstrumented(settings.subject),
    );
    // A refusal that must be says nothing as long as the other execution's verdict is not known.
    match (instrumented, uninstrumented) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(a), Err(b)) if a.is_right() => Err(b),
        (Err(a), _) => Err(a),
        (_, Err(b)) => Err(b),
    }
}

fn factory<A: Adapter>(
    execution: Execution,
    settings: &Settings,
    expected: Option<&'static str>,
) -> Result<Arc<A::Factory>, Refused> {
    judged(execution, A::factory(execution, settings), expected)
}

/// What an engine made of a configuration, against what is expected of it.
fn judged<F>(
    execution: Execution,
    made: Result<F, SubjectError>,
    expected: Option<&'static str>,
) -> Result<F, Refused> {
    match (made, expected) {
        (Ok(factory), None) => Ok(factory),
        (made, expected) => Err(Refused {
            execution,
            expected,
            message: made.err().map(|error| error.to_string()),
        }),
    }
}

impl Refused {
    fn is_right(&self) -> bool {
        self.expected.is_some() && self.message.is_some()
    }

    /// A case of which nothing is run: right if the refusal is, a divergence otherwise.
    pub(super) fn report(self, script: &Script) -> CaseReport {
        let mut report = CaseReport {
            name: script.name.clone(),
            ..CaseReport::default()
        };
        if self.is_right() {
            report.refused = self.expected.map(Into::into);
            return report;
        }
        let expected = match self.expected {
            Some(why) => format!("the engine refuses {why}"),
            None => "the engine accepts the configuration".to_owned(),
        };
        let observed = self.message.unwrap_or("it accepts it".to_owned());
        report.divergences.push(Divergence::at_end(
            RuleId::Refusal,
            self.execution,
            String::new(),
            expected,
            observed,
        ));
        report
    }
}

/// The instrumented execution, and its neighbour's if the schedule has one.
pub(super) fn instrumented<A: Adapter, T: Layer>(
    script: &Script,
    options: &CaseOptions,
    factory: &Arc<A::Factory>,
    tamper: T,
    tracer: Option<Box<dyn Tracer>>,
) -> Result<(Executed, Option<Executed>), SubjectError> {
    let schedule = &options.schedule;
    let mut run = Run::<A, T>::new(script, options, schedule, factory, tamper)?;
    run.subject.driver().recorder.tracer = tracer;
    let Some(neighbour) = &schedule.neighbour else {
        return Ok((run.all(None), None));
    };
    run.subject.driver().add_neighbour();
    let (mine, theirs) = if neighbour.thread {
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let run = beside::<A>(script, options, factory, neighbour);
                (run.map(|run| run.all(None)), machine::take())
            });
            let mine = run.all(None);
            let (theirs, refused) = other.join().unwrap_or_else(|panic| {
                // A panic of the harness itself; the thread's is this one's.
                std::panic::resume_unwind(panic)
            });
            refused.into_iter().for_each(machine::refused);
            (mine, theirs)
        })
    } else {
        let mut other = beside::<A>(script, options, factory, neighbour)?;
        for _ in &script.commands {
            run.next(None);
            other.next(None);
        }
        (run.end(), Ok(other.end()))
    };
    Ok((mine, Some(theirs?)))
}

/// An execution of which the debugger sees nothing, as far as `cut`.
pub(super) fn idle<A: Adapter>(
    script: &Script,
    options: &CaseOptions,
    factory: &Arc<A::Factory>,
    cut: Option<usize>,
) -> Result<Executed, SubjectError> {
    let honest = Box::new(Honest);
    Ok(Run::<A, _>::new(script, options, &Schedule::idle(), factory, honest)?.all(cut))
}

fn beside<'a, A: Adapter>(
    script: &'a Script,
    options: &'a CaseOptions,
    factory: &Arc<A::Factory>,
    neighbour: &Neighbour,
) -> Result<Run<'a, A, Box<Honest>>, SubjectError> {
    let schedule = Schedule {
        sessions: neighbour.sessions.clone(),
        cycle: neighbour.cycle.clone(),
        actions: Vec::new(),
        neighbour: None,
        code_image: false,
        collect: 0,
        dare: None,
        late_modules: false,
    };
    let mut run = Run::<A, _>::new(script, options, &schedule, factory, Box::new(Honest))?;
    run.subject.driver().add_neighbour();
    run.subject.driver().recorder.label = trail::NEIGHBOUR;
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::WasmFeatures;

    const SCRIPT: Script = Script {
        name: String::new(),
        features: WasmFeatures::WASM2,
        commands: Vec::new(),
    };

    const ACCEPTED: Result<(), &str> = Ok(());
    const REFUSED: Result<(), &str> = Err("signals-based traps");

    /// The report of what an engine made of a configuration of which a refusal is expected, or none.
    fn report(made: Result<(), &str>, expected: Option<&'static str>) -> Option<CaseReport> {
        let made = made.map_err(|why| SubjectError::new(why.to_owned()));
        let made = judged(Execution::Instrumented, made, expected);
        made.err().map(|refused| refused.report(&SCRIPT))
    }

    #[test]
    fn configuration_accepted() {
        let report = report(ACCEPTED, Some("a lie")).unwrap();
        let [divergence] = &report.divergences[..] else {
            panic!("{report:#?}")
        };
        assert_eq!(divergence.rule, RuleId::Refusal);
        assert_eq!(divergence.expected, "the engine refuses a lie");
        assert_eq!(divergence.observed, "it accepts it");
        assert_eq!(report.refused, None);
    }

    #[test]
    fn configuration_refused_without_a_reason() {
        let report = report(REFUSED, None).unwrap();
        let [divergence] = &report.divergences[..] else {
            panic!("{report:#?}")
        };
        assert_eq!(divergence.rule, RuleId::Refusal);
        assert_eq!(divergence.expected, "the engine accepts the configuration");
        assert!(divergence.observed.contains("signals-based"), "{report:#?}");
    }

    #[test]
    fn a_refusal_that_must_be_is_no_divergence() {
        assert!(report(ACCEPTED, None).is_none());
        let report = report(REFUSED, Some("signals")).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        assert_eq!(report.refused.as_deref(), Some("signals"));
    }
}
