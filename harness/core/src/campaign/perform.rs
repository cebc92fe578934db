//! A worker's side of a request: makes the case, runs it, and judges what has an expectation.

use super::faults;
use super::protocol::{Calls, Failure, Request, Trace, Traits, What, Wishes};
use super::worker::Shown;
use crate::case::{
    self, Case, CaseOptions, CaseReport, CommandReport, Cuts, Directive, Judgement, Status,
};
use crate::causes::hazard::Dare;
use crate::check::{self, Plan, UserFile};
use crate::configuration::{Nans, SettingError, Target};
use crate::corpus::{self, CorpusCase};
use crate::generate;
use crate::lockstep::policy::FramePolicy;
use crate::report::trace::{TraceFormat, TraceWriter};
use crate::report::trail::{Recorder, TrailEvent, Trails};
use crate::samples::SAMPLES;
use crate::schedule::Schedule;
use crate::subject::{Settings, SubjectError};
use crate::version::Version;
use lockstep_spec_tests::script::Script;
use lockstep_spec_tests::{FeatureSet, Selection, parse_file};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::sync::PoisonError;

/// Receives a case's traits when it is made and about to run.
pub type Begun<'a> = &'a mut dyn FnMut(&Traits);

impl From<SubjectError> for Failure {
    fn from(error: SubjectError) -> Failure {
        match error.is_of_machine() {
            true => Failure::Machine(error.to_string()),
            false => Failure::Internal(error.to_string()),
        }
    }
}

impl From<SettingError> for Failure {
    fn from(error: SettingError) -> Failure {
        Failure::Input(error.to_string())
    }
}

/// A case made ready to run.
struct Made {
    traits: Traits,
    script: Script,
    options: CaseOptions,
    /// The corpus case that it is judged against.
    expected: Option<CorpusCase>,
    /// The fault that a test wants where the subject would run.
    fault: Option<String>,
}

impl Made {
    /// The same without the commands that are left out. What it expects is of the whole.
    fn cut(mut self, cuts: Cuts) -> Made {
        if !cuts.is_whole() {
            self.options.cuts = cuts;
            self.options.schedule.dare = None;
            self.expected = None;
        }
        self
    }
}

/// Runs a case.
///
/// # Errors
///
/// When the input is bad, or the harness could not finish the case.
pub fn perform(request: &Request, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    let wishes = &request.wishes;
    if let Some(shown) = request.trace {
        let made = made(&request.what, wishes)?.cut(request.cuts);
        return trace(made, shown, wishes.frames, begun);
    }
    match &request.what {
        What::Probe => {
            begun(&Traits::named(case::probe::LATE_MODULE));
            Ok(case::probe::late_module(wishes.subject)?)
        }
        What::Ends(what) => match **what {
            What::Probe => Ok(CaseReport::default()),
            _ => ends(made(what, wishes)?, begun),
        },
        What::Death(what) => match **what {
            What::Probe => Ok(CaseReport::default()),
            _ => explain_death(made(what, wishes)?, begun),
        },
        what => run(made(what, wishes)?.cut(request.cuts), wishes.trails, begun),
    }
}

fn made(what: &What, wishes: &Wishes) -> Result<Made, Failure> {
    let mut made = match what {
        What::Official(name) => official(name, wishes)?,
        What::Script { path, name } => {
            let mut made = script(path, name, wishes)?;
            made.options.script_may_err = true;
            made
        }
        What::Calls(calls) => of_plan(&calls.name, part(calls, &user_module(calls)?, wishes)?),
        What::Sample(name) => sample(name, wishes)?,
        What::Generated { seed, number } => Made {
            fault: faults::of_case(*number),
            ..of_case(&generated_case(*seed, *number, wishes)?)
        },
        What::File(path) => {
            let loaded = file_case(path, wishes)?;
            Made {
                expected: Some(loaded.clone()),
                ..of_case(&loaded.case)
            }
        }
        What::Text(text) => of_case(&text_case(text)?),
        What::Probe | What::Ends(_) | What::Death(_) => {
            let why = "this case is made of no script";
            return Err(Failure::Internal(why.to_owned()));
        }
    };
    made.options.settings.subject = wishes.subject;
    made.options.settings.twin &= !wishes.no_twin;
    Ok(made)
}

fn of_case(case: &Case) -> Made {
    Made {
        traits: Traits::of(case),
        script: case.script(),
        options: case.options(),
        expected: None,
        fault: None,
    }
}

fn of_plan(name: &str, plan: Plan) -> Made {
    let Plan {
        script, options, ..
    } = plan;
    of_script(name, script, options)
}

fn of_script(name: &str, script: Script, options: CaseOptions) -> Made {
    let configuration = &options.settings.configuration;
    Made {
        traits: Traits {
            two_way: configuration.nans == Nans::Any,
            on_pulley: configuration.target == Target::Pulley64,
            setting: format!("configuration: {configuration}"),
            ..Traits::named(name)
        },
        script,
        options,
        expected: None,
        fault: None,
    }
}

/// Runs it. What is wished in place of a corpus case does not change what it expects.
fn run(made: Made, trails: Trails, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    begun(&made.traits);
    if let Some(fault) = &made.fault {
        faults::commit(fault);
    }
    let mut report = case::run(&made.script, &made.options)?;
    report.trail = recorded(&made, trails, &report);
    if let Some(loaded) = &made.expected
        && report.dared.is_none()
    {
        judge(loaded, made.options.settings.subject, &mut report);
    }
    Ok(report)
}

/// The events before what was found, as far as they are wanted: of a run of the instrumented execution alone,
/// with everything compared.
fn recorded(made: &Made, trails: Trails, report: &CaseReport) -> BTreeMap<u64, TrailEvent> {
    let events = trails.events(&report.divergences, &report.known_examples);
    // Where something was dared nobody knows what of the process is left whole.
    let Some(last) = events.last().filter(|_| report.dared.is_none()) else {
        return BTreeMap::new();
    };
    let mut options = made.options.clone();
    options.settings.frames = FramePolicy::All;
    options.settings.max_events = last + 1;
    options.schedule.dare = None;
    let (recorder, recorded) = Recorder::new(events);
    // What comes of this run was judged before.
    let _ = case::run_instrumented(&made.script, &options, Some(Box::new(recorder)));
    std::mem::take(&mut *recorded.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Events after which it is not known whether a case ends.
const ENDS_EVENTS: u64 = 1 << 24;

/// A case single-stepped on the native target, with nothing else done, so that the reference interpreter
/// is at every event where the subject is: it ends, goes on beyond [`ENDS_EVENTS`], or the two part. Of a
/// program whose state the debugger changes that says nothing.
fn ends(made: Made, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    if made.options.schedule.intervenes() {
        let why = "the debugger changes what the program does, and nobody knows whether that ends";
        begun(&Traits::named(made.traits.name.clone()));
        let command = CommandReport {
            line: 0,
            kind: Directive::Case,
            text: "the whole case".to_owned(),
            status: Status::Inconclusive(why.to_owned()),
            outcome: None,
        };
        return Ok(CaseReport {
            commands: vec![command],
            ..CaseReport::default()
        });
    }
    let mut options = made.options;
    options.schedule = Schedule::default();
    options.settings.frames = FramePolicy::Innermost;
    options.settings.max_events = ENDS_EVENTS;
    options.settings.configuration.target = Target::Native;
    options.settings.configuration.nans = Nans::Canonical;
    begun(&Traits::named(made.traits.name));
    Ok(case::run(&made.script, &options)?)
}

/// A report that counts the cause that explains the death of a worker, if one does, and has
/// a failed command where a corpus case does not expect it.
fn explain_death(made: Made, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    begun(&made.traits);
    let known = case::explain_death(&made.script, &made.options)?;
    let mut report = CaseReport::default();
    report.known.extend(known.map(|known| (known.cause(), 1)));
    if let Some(loaded) = &made.expected {
        judge(loaded, made.options.settings.subject, &mut report);
    }
    Ok(report)
}

/// The instrumented execution alone, each event shown when it happens. What a corpus case expects is not
/// judged: half of it is of the other execution.
fn trace(
    mut made: Made,
    shown: Trace,
    frames: Option<FramePolicy>,
    begun: Begun<'_>,
) -> Result<CaseReport, Failure> {
    // A trace is run once, and shows the first event that differs.
    made.options.settings.frames = frames.unwrap_or(FramePolicy::All);
    begun(&made.traits);
    let format = match shown.json {
        true => TraceFormat::Json,
        false => TraceFormat::Text,
    };
    let frames = if shown.stack { usize::MAX } else { 1 };
    let tracer = Box::new(TraceWriter::new(Shown::default(), format, frames));
    let report = case::run_instrumented(&made.script, &made.options, Some(tracer))?;
    Ok(report)
}

/// The generated case as it is run: with the user's wishes.
///
/// # Errors
///
/// When a wish is no setting.
pub fn generated_case(seed: u64, number: u64, wishes: &Wishes) -> Result<Case, SettingError> {
    let mut case = wishes.generated(seed, number)?;
    generate::fit(&mut case, wishes.subject);
    if wishes.dare {
        case.schedule.dare.get_or_insert(generate::daring(number));
    }
    apply(wishes, &mut case)?;
    Ok(case)
}

/// A corpus case as it is run: with the user's wishes.
fn file_case(path: &Path, wishes: &Wishes) -> Result<CorpusCase, Failure> {
    let mut loaded = corpus::load(path).map_err(input)?;
    apply(wishes, &mut loaded.case)?;
    Ok(loaded)
}

/// The case in a text that holds its modules.
fn text_case(text: &str) -> Result<Case, Failure> {
    let alone = |_: &str| Err(io::ErrorKind::NotFound.into());
    Ok(corpus::parse(text, alone).map_err(input)?.case)
}

fn input(error: impl Display) -> Failure {
    Failure::Input(error.to_string())
}

/// Puts what the user decides in place of what the case has.
///
/// # Errors
///
/// When a wish is no setting.
pub fn apply(wishes: &Wishes, case: &mut Case) -> Result<(), SettingError> {
    wishes.configure(&mut case.configuration)?;
    case.frames = wishes.frames.unwrap_or(case.frames);
    case.max_events = wishes.max_events.unwrap_or(case.max_events);
    if wishes.dare {
        case.schedule.dare.get_or_insert(Dare::Any);
    }
    Ok(())
}

/// Judges the report of a corpus case that dared something, and of which the worker could not be sure to
/// live.
///
/// # Errors
///
/// When the case cannot be read any more.
pub(super) fn judge_dared(
    path: &Path,
    wishes: &Wishes,
    report: &mut CaseReport,
) -> Result<(), Failure> {
    judge(&file_case(path, wishes)?, wishes.subject, report);
    Ok(())
}

/// Adds a failed command where a case did not come out as it expects and nothing else says so.
fn judge(loaded: &CorpusCase, subject: Version, report: &mut CaseReport) {
    let Err(why) = loaded.judge(report, subject) else {
        return;
    };
    if matches!(report.judgement(), Judgement::Diverged | Judgement::NotMet) {
        return;
    }
    report.commands.push(CommandReport {
        line: 0,
        kind: Directive::Expect,
        text: format!("what {} expects", loaded.path.display()),
        status: Status::Failed(why),
        outcome: None,
    });
}

fn official(name: &str, wishes: &Wishes) -> Result<Made, Failure> {
    let script = Selection::All.scripts().find(|file| file.name == name);
    let script = script.ok_or_else(|| unknown(name))?;
    let script = script
        .parse()
        .map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(of_script(name, script, script_options(wishes)?))
}

fn script(path: &Path, name: &str, wishes: &Wishes) -> Result<Made, Failure> {
    let features = match &wishes.features {
        None => check::FEATURES,
        Some(names) => names.parse::<FeatureSet>().map_err(input)?.features,
    };
    let mut script = parse_file(path, features).map_err(input)?;
    name.clone_into(&mut script.name);
    Ok(of_script(name, script, script_options(wishes)?))
}

fn sample(name: &str, wishes: &Wishes) -> Result<Made, Failure> {
    let sample = SAMPLES.iter().find(|sample| sample.name == name);
    let sample = sample.ok_or_else(|| unknown(name))?;
    let plan = sample
        .plan(settings(wishes)?)
        .map_err(|error| Failure::Internal(error.to_string()))?;
    let mut made = of_plan(name, plan);
    if wishes.dare {
        made.options.schedule.dare = Some(Dare::Any);
    }
    Ok(made)
}

fn user_module(calls: &Calls) -> Result<UserFile, Failure> {
    UserFile::named(calls.name.clone(), &calls.file).map_err(input)
}

/// The plan of a user's module, with this part of its calls.
fn part(calls: &Calls, user: &UserFile, wishes: &Wishes) -> Result<Plan, Failure> {
    let wished = check::Wishes {
        invoke: calls.invoke.clone(),
        imports: calls.imports.clone(),
        program: calls.program.clone(),
        settings: settings(wishes)?,
    };
    let mut plan = check::plan_file(user, &wished).map_err(input)?;
    let (first, end) = calls.part;
    plan.keep(first..end);
    Ok(plan)
}

fn script_options(wishes: &Wishes) -> Result<CaseOptions, Failure> {
    let mut options = CaseOptions {
        settings: settings(wishes)?,
        ..CaseOptions::default()
    };
    if wishes.dare {
        options.schedule.dare = Some(Dare::Any);
    }
    Ok(options)
}

fn unknown(name: &str) -> Failure {
    Failure::Internal(format!("there is no script or sample `{name}`"))
}

/// The settings of a script's executions.
fn settings(wishes: &Wishes) -> Result<Settings, SettingError> {
    let mut settings = Settings {
        subject: wishes.subject,
        seed: wishes.host_seed,
        twin: !wishes.no_twin,
        ..Settings::default()
    };
    settings.frames = wishes.frames.unwrap_or(settings.frames);
    settings.max_events = wishes.max_events.unwrap_or(settings.max_events);
    wishes.configure(&mut settings.configuration)?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Expectation;

    fn performed(what: What, settings: &[&str]) -> (Vec<Traits>, Result<CaseReport, Failure>) {
        let wishes = Wishes {
            settings: settings.iter().map(|text| (*text).to_owned()).collect(),
            ..Wishes::default()
        };
        let request = Request::of(what, wishes);
        let mut begun = Vec::new();
        let result = perform(&request, &mut |traits| begun.push(traits.clone()));
        (begun, result)
    }

    #[test]
    fn nobody_knows_whether_a_program_ends_that_the_debugger_changes() {
        let intervenes = |number| {
            let case = generated_case(1, number, &Wishes::default());
            case.is_ok_and(|case| case.schedule.intervenes())
        };
        let number = (0..2_000).find(|&number| intervenes(number)).unwrap();
        let what = What::Ends(Box::new(What::Generated { seed: 1, number }));
        let (begun, result) = performed(what, &[]);
        let report = result.unwrap();
        assert_eq!(begun.len(), 1);
        assert!(matches!(
            &report.commands[..],
            [CommandReport { status: Status::Inconclusive(why), .. }] if why.starts_with("the debugger changes")
        ));
    }

    /// Given a case that is not executed as a whole, it dares nothing, and what it expects is not judged.
    #[test]
    fn a_part_of_a_case_is_held_against_no_expectation() {
        let directory = tempfile::TempDir::new().unwrap();
        let file = directory.path().join("a.toml");
        let text = "dare = \"V128-SLOT\"\n[[module]]\nwat = '(module)'\n";
        std::fs::write(&file, text).unwrap();
        let whole = || made(&What::File(file.clone()), &Wishes::default()).unwrap();
        let same = whole().cut(Cuts::default());
        assert!(same.expected.is_some() && same.options.schedule.dare.is_some());
        let cuts = Cuts {
            instrumented: Some(1),
            uninstrumented: Some(1),
        };
        let part = whole().cut(cuts);
        assert!(part.expected.is_none() && part.options.schedule.dare.is_none());
        assert_eq!(part.options.cuts, cuts);
    }

    #[test]
    fn wishes_come_before_what_the_case_drew() {
        let wishes = Wishes {
            settings: vec!["target=pulley64".to_owned()],
            max_events: Some(7),
            ..Wishes::default()
        };
        let case = generated_case(1, 2, &wishes).unwrap();
        assert_eq!(
            case.configuration.settings()[0].to_string(),
            "target=pulley64"
        );
        assert_eq!(case.max_events, 7);
        let what = What::Generated { seed: 1, number: 2 };
        let (_, result) = performed(what, &["target=arm"]);
        assert!(matches!(result, Err(Failure::Input(_))));
    }

    #[test]
    fn an_expectation_that_does_not_come_true_is_a_failure() {
        let of = |expect| CorpusCase {
            case: Case::of_module("a", Vec::new()),
            expect,
            path: "a.toml".into(),
        };
        let expected = Expectation::of_causes(&["TRAP-PC".to_owned()]).unwrap();
        let mut report = CaseReport::default();
        judge(&of(expected), Version::default(), &mut report);
        assert!(
            matches!(&report.commands[0].status, Status::Failed(why) if why.contains("TRAP-PC"))
        );
        let mut met = CaseReport::default();
        judge(&of(Expectation::default()), Version::default(), &mut met);
        assert!(met.commands.is_empty());
    }
}
