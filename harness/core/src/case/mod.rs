//! A case: a script run in both executions, each in lockstep with an oracle, and judged.

mod checks;
mod cuts;
mod directive;
mod executions;
mod fuel;
mod imports;
mod judgement;
mod lower;
mod patterns;
pub mod probe;
mod repeat;
pub(crate) mod script;
pub(crate) mod terminal;
pub mod value;
pub mod visit;
pub(crate) mod written;

pub use checks::{Printed, Stream};
pub use cuts::Cuts;
pub use directive::Directive;
pub use imports::ImportSettings;
pub use judgement::Judgement;
pub use repeat::Repeat;
pub use terminal::explain_death;
pub use value::{
    Case, CaseModule, Check, Content, Expect, Host, HostMemory, HostTable, Step, StepAction, Stub,
    StubCall,
};

use crate::causes::Cause;
use crate::configuration::Nans;
use crate::divergence::{Divergence, Execution};
use crate::fault::{Honest, Layer, Tamper};
use crate::lockstep::daring::Dared;
use crate::lockstep::tally::Tally;
use crate::machine;
use crate::panics::{self, Panic};
use crate::report::trail::TrailEvent;
use crate::rules::RuleId;
use crate::schedule::Schedule;
use crate::subject::adapter::Adapter;
use crate::subject::code_image;
use crate::subject::engines::{self, Linked};
use crate::subject::{Settings, SubjectError};
use crate::trace::Tracer;
use crate::version::Version;
pub(crate) use cuts::LEFT_OUT;
use lockstep_spec_tests::script::Script;
pub(crate) use script::describe;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// How a case is run.
#[derive(Clone, Debug, Default)]
pub struct CaseOptions {
    /// Settings of the executions; `features` are taken from the script.
    pub settings: Settings,
    /// How imports that no registered module provides are satisfied.
    pub imports: ImportSettings,
    /// Whether a plain action may trap (a user's invocation) or must return (a script's action).
    pub actions_may_trap: bool,
    /// Whether what the script expects may be mistaken (a user's), or is the specification's (an official
    /// suite's): where both sides agree on something else, that is the script's fault, or a divergence.
    pub script_may_err: bool,
    /// What the debugger does.
    pub schedule: Schedule,
    /// What must be when every command is done.
    pub checks: Vec<Check>,
    /// Which commands are left out.
    pub cuts: Cuts,
}

/// What came of a command in one execution.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Status {
    /// Oracle and subject satisfy it.
    Passed,
    /// One of them does not; why.
    Failed(String),
    /// A resource was used up; what is not known.
    Exhausted,
    /// Lockstep was cut short; why.
    Inconclusive(String),
    /// Not executed; why.
    NotRun(String),
    /// Nothing to execute: what it is about cannot be made, on which both sides agree; why.
    Void(String),
    /// Lockstep cannot execute it; why.
    Unsupported(String),
}

/// A command's result: both executions', combined.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct CommandReport {
    /// 1-based line in the script; 0 where there is no script.
    pub line: u32,
    /// What kind of command it is.
    pub kind: Directive,
    /// Description for people, for example `assert_return fac(i64:5)`.
    pub text: String,
    /// The combined status: the worse of the two.
    pub status: Status,
    /// How the invocation ended in the instrumented execution, if it is one.
    pub outcome: Option<String>,
}

impl CommandReport {
    /// Why the command leaves the case inconclusive, if it does.
    pub fn undecided(&self) -> Option<&str> {
        match &self.status {
            Status::Inconclusive(why) | Status::NotRun(why) => Some(why),
            // Where a resource is used up is the subject's own: only what is asserted is then open.
            Status::Exhausted
                if self.kind.is_assertion() && self.kind != Directive::AssertExhaustion =>
            {
                Some(EXHAUSTED)
            }
            Status::Exhausted
            | Status::Void(_)
            | Status::Passed
            | Status::Failed(_)
            | Status::Unsupported(_) => None,
        }
    }
}

/// Why a command is exhausted.
pub const EXHAUSTED: &str = "the subject's stack or heap is used up where that may be";

/// Everything that came of a case.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct CaseReport {
    /// The script's name.
    pub name: String,
    /// One entry a command.
    pub commands: Vec<CommandReport>,
    /// What was compared, both executions together.
    pub tally: Tally,
    /// Unexplained divergences: one a rule and execution.
    pub divergences: Vec<Divergence>,
    /// Matches by cause.
    pub known: BTreeMap<Cause, u64>,
    /// The first match of each cause.
    pub known_examples: Vec<Divergence>,
    /// Why the engine refused the configuration, as it must, or the harness refused it under this
    /// schedule; nothing was run then.
    pub refused: Option<Cow<'static, str>>,
    /// Whether the uninstrumented execution is left out: subject and oracle alone were compared.
    pub two_way: bool,
    /// What was dared; the case ends there.
    #[serde(default)]
    pub dared: Option<Dared>,
    /// What a program for WASI printed in the instrumented execution, and how it ended.
    #[serde(default)]
    pub printed: Option<Printed>,
    /// Whether it is of the second run of a case that differed, with everything compared.
    #[serde(default)]
    pub repeat: Repeat,
    /// Configuration and schedule, as a case file has them: the lines of its tables.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub setting: String,
    /// The events before divergences, by their number, where they are wanted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trail: BTreeMap<u64, TrailEvent>,
}

/// Why a case is refused whose subject chooses NaNs where no event shows them.
pub const UNSEEN_NANS: &str = "NaNs of the engine's choice without single-step from start to end";

impl CaseReport {
    /// Whether the engine panicked where nothing of the case was left to go on with: nothing else is in it.
    pub fn is_of_panic(&self) -> bool {
        let of_panic = |found: &Divergence| found.rule == RuleId::Panic;
        let is_whole = |command: &CommandReport| command.kind == Directive::Case;
        self.dared.is_none()
            && self.commands.iter().all(is_whole)
            && !self.divergences.is_empty()
            && self.divergences.iter().all(of_panic)
    }

    /// How many commands have a status that `wanted` accepts.
    pub fn count(&self, wanted: impl Fn(&Status) -> bool) -> u64 {
        self.commands
            .iter()
            .filter(|command| wanted(&command.status))
            .count() as u64
    }
}

/// What one execution of a case left behind.
#[derive(Default)]
pub(crate) struct Executed {
    pub(crate) statuses: Vec<Status>,
    pub(crate) outcomes: Vec<Option<String>>,
    /// What came of the case's checks.
    pub(crate) checks: Vec<Status>,
    /// What a program for WASI printed.
    pub(crate) printed: Option<Printed>,
    /// What was left of the fuel after each command, where it is counted.
    pub(crate) fuel: Vec<Option<u64>>,
    /// First command in which stack, heap or fuel was used up, be it in a call that a host function made.
    pub(crate) exhausted: Option<usize>,
    pub(crate) tally: Tally,
    pub(crate) findings: crate::lockstep::findings::Findings,
    /// First command that the other execution must not run: this one could not finish it.
    pub(crate) cut: Option<usize>,
    /// What it dared.
    pub(crate) dared: Option<Dared>,
}

/// Runs a case; again with everything compared, if it differs where only a part was.
///
/// # Errors
///
/// When the engine refuses its configuration.
pub fn run(script: &Script, options: &CaseOptions) -> Result<CaseReport, SubjectError> {
    let once =
        |options: &CaseOptions| guarded(script, options, |engine| engine.run(script, options));
    let first = once(options)?;
    Ok(repeat::repeated(first, options, once))
}

/// Runs a case that is a value, on the default version.
///
/// # Errors
///
/// When the engine refuses its configuration, and should not.
pub fn run_case(case: &Case) -> Result<CaseReport, SubjectError> {
    run_case_on(Version::default(), case)
}

/// Runs a case that is a value, on a version.
///
/// # Errors
///
/// When the engine refuses its configuration, and should not.
pub fn run_case_on(subject: Version, case: &Case) -> Result<CaseReport, SubjectError> {
    let mut options = case.options();
    options.settings.subject = subject;
    run(&case.script(), &options)
}

/// Runs a case with a fault layer on the instrumented execution, and a trace if one is wanted.
///
/// The instrumented execution comes first: it alone can be stopped, so a program that does not end
/// is cut there and not run uninstrumented.
///
/// # Errors
///
/// When the engine refuses its configuration.
pub fn run_with(
    script: &Script,
    options: &CaseOptions,
    tamper: impl Tamper,
    tracer: Option<Box<dyn Tracer>>,
) -> Result<CaseReport, SubjectError> {
    let tamper = Box::new(tamper);
    guarded(script, options, |engine| {
        engine.run_with(script, options, tamper, tracer)
    })
}

thread_local! {
    /// Which execution of a case runs: what a panic unwinds does not say it.
    static RUNS: Cell<Execution> = const { Cell::new(Execution::Instrumented) };
}

/// Runs a case on its engine. What the machine refuses is no report; a panic of the engine is one.
fn guarded(
    script: &Script,
    options: &CaseOptions,
    run: impl FnOnce(&dyn Linked) -> Result<CaseReport, SubjectError>,
) -> Result<CaseReport, SubjectError> {
    let engine = engines::engine(options.settings.subject)?;
    let _turn = code_image::turn(options.schedule.code_image);
    let ran = panics::guarded(|| run(engine));
    if let Some(what) = machine::take() {
        return Err(SubjectError::of_machine(what));
    }
    match ran {
        Ok(ran) => ran,
        Err(panic) if panic.is_of_engine() => Ok(panicked(script, &panic)),
        Err(panic) => panics::resume(panic),
    }
}

/// A case in which the engine panicked where nothing of the case was left to go on with: one
/// divergence, and nothing known of the rest.
fn panicked(script: &Script, panic: &Panic) -> CaseReport {
    let text = "the whole case".to_owned();
    let mut report = CaseReport {
        name: script.name.clone(),
        ..CaseReport::default()
    };
    report.commands.push(CommandReport {
        line: 0,
        kind: Directive::Case,
        text: text.clone(),
        status: Status::NotRun("the engine panicked".to_owned()),
        outcome: None,
    });
    report.divergences.push(Divergence::at_end(
        RuleId::Panic,
        RUNS.get(),
        text,
        "no panic".to_owned(),
        format!("the engine panicked: {panic}"),
    ));
    report
}

/// The instrumented execution of a case, done.
struct Stepped<A: Adapter> {
    executed: Executed,
    /// Its neighbour's, if it has one.
    neighbour: Option<Executed>,
    /// First command that the other execution must not run.
    cut: Option<usize>,
    /// The engine of the other execution.
    uninstrumented: Arc<A::Factory>,
}

/// Runs the instrumented execution; a report where the case ends with it, or before it.
fn stepped<A: Adapter, T: Layer>(
    script: &Script,
    options: &CaseOptions,
    tamper: T,
    tracer: Option<Box<dyn Tracer>>,
) -> Result<ControlFlow<CaseReport, Stepped<A>>, SubjectError> {
    let settings = Settings {
        features: script.features,
        ..options.settings
    };
    if settings.configuration.nans == Nans::Any && !options.schedule.steps_throughout() {
        return Ok(ControlFlow::Break(CaseReport {
            name: script.name.clone(),
            refused: Some(UNSEEN_NANS.into()),
            ..CaseReport::default()
        }));
    }
    let (instrumented, uninstrumented) = match executions::factories::<A>(&settings) {
        Ok(factories) => factories,
        Err(refused) => return Ok(ControlFlow::Break(refused.report(script))),
    };
    RUNS.set(Execution::Instrumented);
    let (mut executed, mut neighbour) =
        executions::instrumented::<A, T>(script, options, &instrumented, tamper, tracer)?;
    if let Some(dared) = executed.dared {
        // Nobody knows what of the process is left whole.
        return Ok(ControlFlow::Break(CaseReport {
            dared: Some(dared),
            ..combine(script, options, executed, None, neighbour)
        }));
    }
    let mut cut = executed.cut;
    let both = std::iter::once(&mut executed).chain(&mut neighbour);
    let suspected: Vec<&mut Executed> = both.filter(|e| e.findings.suspected.is_some()).collect();
    if !suspected.is_empty() {
        let confirmed = terminal::confirmed::<A>(script, options, &instrumented)?;
        suspected.into_iter().for_each(|e| {
            e.findings
                .decide(confirmed.map(|confirmed| confirmed.known))
        });
        if let Some(confirmed) = confirmed {
            // It goes as far as the native execution did.
            cut = confirmed.cut;
        }
    }
    Ok(ControlFlow::Continue(Stepped {
        executed,
        neighbour,
        cut,
        uninstrumented,
    }))
}

/// A case on an engine that is known by type.
pub(crate) fn run_on<A: Adapter, T: Layer>(
    script: &Script,
    options: &CaseOptions,
    tamper: T,
    tracer: Option<Box<dyn Tracer>>,
) -> Result<CaseReport, SubjectError> {
    let stepped = match stepped::<A, T>(script, options, tamper, tracer)? {
        ControlFlow::Break(report) => return Ok(report),
        ControlFlow::Continue(stepped) => stepped,
    };
    let (executed, neighbour) = (stepped.executed, stepped.neighbour);
    let any_nans = options.settings.configuration.nans == Nans::Any;
    let ends = options.settings.configuration.epochs.ends_programs();
    if any_nans || ends || options.schedule.intervenes() {
        // Its NaNs may be others, and no event shows them; or the deadlines that end it come with events alone; or
        // it is another program, without the actions.
        return Ok(combine(script, options, executed, None, neighbour));
    }
    RUNS.set(Execution::Uninstrumented);
    let twin = match options.cuts.uninstrumented {
        Some(0) => cuts::nothing(script, options),
        _ => executions::idle::<A>(script, options, &stepped.uninstrumented, stepped.cut)?,
    };
    Ok(combine(script, options, executed, Some(twin), neighbour))
}

/// Runs the instrumented execution alone, for traces and benchmarks.
///
/// # Errors
///
/// When the engine refuses its configuration.
pub fn run_instrumented(
    script: &Script,
    options: &CaseOptions,
    tracer: Option<Box<dyn Tracer>>,
) -> Result<CaseReport, SubjectError> {
    guarded(script, options, |engine| {
        engine.run_instrumented(script, options, tracer)
    })
}

/// The instrumented execution on an engine that is known by type.
pub(crate) fn run_instrumented_on<A: Adapter>(
    script: &Script,
    options: &CaseOptions,
    tracer: Option<Box<dyn Tracer>>,
) -> Result<CaseReport, SubjectError> {
    let honest = Box::new(Honest);
    Ok(match stepped::<A, _>(script, options, honest, tracer)? {
        ControlFlow::Break(report) => report,
        ControlFlow::Continue(Stepped {
            executed,
            neighbour,
            ..
        }) => combine(script, options, executed, None, neighbour),
    })
}

fn combine(
    script: &Script,
    options: &CaseOptions,
    mut instrumented: Executed,
    uninstrumented: Option<Executed>,
    neighbour: Option<Executed>,
) -> CaseReport {
    let mut statuses = instrumented.statuses.clone();
    if let Some(uninstrumented) = &uninstrumented {
        for (status, other) in statuses.iter_mut().zip(&uninstrumented.statuses) {
            *status = worse(status, other).clone();
        }
        for (status, other) in instrumented.checks.iter_mut().zip(&uninstrumented.checks) {
            *status = worse(status, other).clone();
        }
    }
    let mut report = CaseReport {
        name: script.name.clone(),
        two_way: uninstrumented.is_none(),
        ..CaseReport::default()
    };
    if uninstrumented.is_some() && instrumented.fuel.iter().any(Option::is_some) {
        instrumented.tally.noted.note(RuleId::Fuel);
    }
    if let Some(other) = &uninstrumented
        && let Some(differs) = fuel::difference(script, &instrumented, other)
    {
        if differs.divergence.known.is_none() {
            statuses[differs.command] = Status::Failed("diverged, see the report".to_owned());
        }
        instrumented.findings.add(differs.divergence);
    }
    report.commands = commands(script, &statuses, &instrumented.outcomes);
    report
        .commands
        .extend(checks::reports(&options.checks, &instrumented.checks));
    report.printed = instrumented.printed.take();
    absorb(&mut report, instrumented);
    for other in [uninstrumented, neighbour].into_iter().flatten() {
        absorb(&mut report, other);
    }
    report
}

fn commands(
    script: &Script,
    statuses: &[Status],
    outcomes: &[Option<String>],
) -> Vec<CommandReport> {
    script
        .commands
        .iter()
        .zip(statuses)
        .zip(outcomes)
        .map(|((command, status), outcome)| CommandReport {
            line: command.line,
            kind: Directive::of(&command.kind),
            text: script::describe(command),
            status: status.clone(),
            outcome: outcome.clone(),
        })
        .collect()
}

fn absorb(report: &mut CaseReport, executed: Executed) {
    report.tally.add(&executed.tally);
    report.divergences.extend(executed.findings.unexplained);
    for (cause, count) in executed.findings.known {
        *report.known.entry(cause).or_insert(0) += count;
    }
    report
        .known_examples
        .extend(executed.findings.known_examples);
}

/// The worse of two.
pub(crate) fn worse<'a>(a: &'a Status, b: &'a Status) -> &'a Status {
    let rank = |status: &Status| match status {
        Status::Failed(_) => 0,
        Status::Unsupported(_) => 1,
        // A command that one execution could not finish is not run in the other: say why, not that.
        Status::Inconclusive(_) => 2,
        Status::NotRun(_) => 3,
        Status::Exhausted => 4,
        Status::Void(_) => 5,
        Status::Passed => 6,
    };
    if rank(b) < rank(a) { b } else { a }
}
