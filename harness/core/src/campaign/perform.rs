//! A worker's side of a request: makes the case, runs it, and judges what has an expectation.

use super::faults;
use super::protocol::{Failure, Request, Traits, What, Wishes};
use crate::case::{
    self, Case, CaseOptions, CaseReport, CommandReport, Directive, Judgement, Status,
};
use crate::causes::hazard::Dare;
use crate::configuration::{Nans, SettingError, Target};
use crate::corpus::{self, CorpusCase, CorpusError};
use crate::generate;
use crate::lockstep::policy::FramePolicy;
use crate::samples::SAMPLES;
use crate::schedule::Schedule;
use crate::subject::{Settings, SubjectError};
use crate::version::Version;
use lockstep_spec_tests::Selection;
use std::io;
use std::path::Path;

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

/// Runs a case.
///
/// # Errors
///
/// When the input is bad, or the harness could not finish the case.
pub fn perform(request: &Request, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    let wishes = &request.wishes;
    match &request.what {
        What::Official(name) => official(name, wishes, begun),
        What::Sample(name) => sample(name, wishes, begun),
        What::Probe => {
            begun(&Traits::named(case::probe::LATE_MODULE));
            Ok(case::probe::late_module(wishes.subject)?)
        }
        What::Generated { seed, number } => generated(*seed, *number, wishes, begun),
        What::File(path) => file(path, wishes, begun),
        What::Text(text) => run(&text_case(text)?, wishes, begun),
        What::Ends(what) => ends(what, wishes, begun),
        What::Death(what) => explain_death(what, wishes, begun),
    }
}

/// Events after which it is not known whether a case ends.
const ENDS_EVENTS: u64 = 1 << 24;

/// A case single-stepped on the native target, with nothing else done, so that the reference interpreter
/// is at every event where the subject is: it ends, goes on beyond [`ENDS_EVENTS`], or the two part. A
/// script is single-stepped as it is.
fn ends(what: &What, wishes: &Wishes, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    let mut case = match what {
        What::Generated { seed, number } => generated_case(*seed, *number, wishes)?,
        What::File(path) => file_case(path, wishes)?.case,
        What::Text(text) => text_case(text)?,
        _ => return Ok(CaseReport::default()),
    };
    case.schedule = Schedule::default();
    case.frames = FramePolicy::Innermost;
    case.max_events = ENDS_EVENTS;
    case.configuration.target = Target::Native;
    case.configuration.nans = Nans::Canonical;
    run(&case, wishes, begun)
}

/// A report that counts the cause that explains the death of a worker, if one does, and has
/// a failed command where a corpus case does not expect it.
fn explain_death(what: &What, wishes: &Wishes, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    let mut expected = None;
    let case = match what {
        What::Generated { seed, number } => generated_case(*seed, *number, wishes)?,
        What::File(path) => {
            let loaded = file_case(path, wishes)?;
            let case = loaded.case.clone();
            expected = Some(loaded);
            case
        }
        What::Text(text) => text_case(text)?,
        _ => return Ok(CaseReport::default()),
    };
    begun(&Traits::of(&case));
    let mut options = case.options();
    options.settings.subject = wishes.subject;
    let known = case::explain_death(&case.script(), &options)?;
    let mut report = CaseReport::default();
    report.known.extend(known.map(|known| (known.cause(), 1)));
    if let Some(loaded) = expected {
        judge(&loaded, wishes.subject, &mut report);
    }
    Ok(report)
}

/// The generated case as it is run: with the user's wishes.
///
/// # Errors
///
/// When a wish is no setting.
pub fn generated_case(seed: u64, number: u64, wishes: &Wishes) -> Result<Case, SettingError> {
    let mut case = generate::with_proposals(seed, number, wishes.proposals);
    generate::fit(&mut case, wishes.subject);
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

fn input(error: CorpusError) -> Failure {
    Failure::Input(error.to_string())
}

fn apply(wishes: &Wishes, case: &mut Case) -> Result<(), SettingError> {
    wishes.configure(&mut case.configuration)?;
    case.frames = wishes.frames.unwrap_or(case.frames);
    case.max_events = wishes.max_events.unwrap_or(case.max_events);
    if wishes.dare {
        case.schedule.dare.get_or_insert(Dare::Any);
    }
    Ok(())
}

fn generated(
    seed: u64,
    number: u64,
    wishes: &Wishes,
    begun: Begun<'_>,
) -> Result<CaseReport, Failure> {
    let case = generated_case(seed, number, wishes)?;
    run(&case, wishes, &mut |traits| {
        begun(traits);
        if let Some(fault) = faults::of_case(number) {
            faults::commit(&fault);
        }
    })
}

fn run(case: &Case, wishes: &Wishes, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    begun(&Traits::of(case));
    let mut options = case.options();
    options.settings.subject = wishes.subject;
    options.settings.twin &= !wishes.no_twin;
    Ok(case::run(&case.script(), &options)?)
}

/// A corpus case. What is wished in place of it does not change what it expects.
fn file(path: &Path, wishes: &Wishes, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    let loaded = file_case(path, wishes)?;
    let mut report = run(&loaded.case, wishes, begun)?;
    if report.dared.is_none() {
        judge(&loaded, wishes.subject, &mut report);
    }
    Ok(report)
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
    if report.judgement() == Judgement::Diverged {
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

fn official(name: &str, wishes: &Wishes, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    let script = Selection::All.scripts().find(|file| file.name == name);
    let script = script.ok_or_else(|| unknown(name))?;
    let script = script
        .parse()
        .map_err(|error| Failure::Internal(error.to_string()))?;
    let options = CaseOptions {
        settings: settings(wishes)?,
        ..CaseOptions::default()
    };
    begun(&Traits::named(name));
    Ok(case::run(&script, &options)?)
}

fn sample(name: &str, wishes: &Wishes, begun: Begun<'_>) -> Result<CaseReport, Failure> {
    let sample = SAMPLES.iter().find(|sample| sample.name == name);
    let sample = sample.ok_or_else(|| unknown(name))?;
    let plan = sample
        .plan(settings(wishes)?)
        .map_err(|error| Failure::Internal(error.to_string()))?;
    begun(&Traits::named(name));
    Ok(case::run(&plan.script, &plan.options)?)
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
        let request = Request {
            what,
            wishes: Wishes {
                settings: settings.iter().map(|text| (*text).to_owned()).collect(),
                ..Wishes::default()
            },
        };
        let mut begun = Vec::new();
        let result = perform(&request, &mut |traits| begun.push(traits.clone()));
        (begun, result)
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
