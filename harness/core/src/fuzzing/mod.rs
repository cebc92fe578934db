//! What the fuzz targets do: a case made of bytes, run and judged. It knows nothing of libFuzzer.

mod breakpoints;

use crate::case::Judgement;
use crate::case::{Case, CaseReport, run_case_on};
use crate::causes::Cause;
use crate::configuration::Target;
use crate::corpus::{self, CorpusCase, CorpusError, Expectation};
use crate::report::divergence;
use crate::schedule::Schedule;
use crate::subject::engines;
use crate::version::Version;
use crate::{generate, report};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

pub use breakpoints::breakpoints_case;

/// What came of bytes that are no finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// The case was run, or the bytes decoded, and nothing is wrong.
    Fine,
    /// The subject was not run: this known hazard would crash it.
    Rejected(Cause),
}

/// A finding, as a person reads it: the report, the case, and the command that replays it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

/// Events of a generated case, at most: AddressSanitizer makes each of them dear.
const EVENTS: u64 = 10_000;

/// The known hazard that would crash the subject, if the case has one.
///
/// On pulley64 an event changes registers, and so may bring the process down: only cases without an
/// edit are run there, since a fuzz target has no worker to lose.
pub fn rejected(case: &Case) -> Option<Cause> {
    let edits = case.schedule != Schedule::idle();
    let on_pulley = case.configuration.target == Target::Pulley64;
    (on_pulley && edits).then_some(Cause::PulleyRegisters)
}

/// Runs the case that a target's bytes stand for; only an unexplained divergence is a finding, and
/// it is kept as a case file in the directory `keep`.
///
/// # Errors
///
/// The finding.
pub fn lockstep(bytes: &[u8], keep: &Path) -> Result<Judged, Failure> {
    judged(bounded_case(bytes), bytes, keep)
}

/// Runs a built-in module under any sequence of edits.
///
/// # Errors
///
/// The finding, as for [`lockstep()`].
pub fn breakpoints(bytes: &[u8], keep: &Path) -> Result<Judged, Failure> {
    judged(breakpoints_case(bytes), bytes, keep)
}

/// Runs a case without a debugger's doing: what is compared is the oracle with the subject's
/// results, traps, host calls and entities.
///
/// # Errors
///
/// The finding, as for [`lockstep()`].
pub fn oracle(bytes: &[u8], keep: &Path) -> Result<Judged, Failure> {
    judged(oracle_case(bytes), bytes, keep)
}

/// The case of [`oracle`].
pub fn oracle_case(bytes: &[u8]) -> Case {
    let mut case = bounded_case(bytes);
    case.schedule = Schedule::idle();
    case
}

/// The version that the targets run on: the default one if it was linked in, otherwise the first that was.
pub fn subject() -> Version {
    let linked = engines::linked();
    match linked.first() {
        Some(&first) if !linked.contains(&Version::default()) => first,
        _ => Version::default(),
    }
}

/// The generated case of these bytes, of no more events than a fuzzer has patience for.
fn bounded_case(bytes: &[u8]) -> Case {
    let mut case = generate::from_bytes(bytes, proposals());
    generate::fit(&mut case, subject());
    case.max_events = case.max_events.min(EVENTS);
    case
}

/// Decodes bytes as a case and as a case file: neither may panic, and what is written must be read
/// again as the same case.
///
/// # Errors
///
/// What was not read as it was written.
pub fn case_decoder(bytes: &[u8]) -> Result<Judged, Failure> {
    let generated = generate::from_bytes(bytes, proposals());
    round_trip(&generated)?;
    corpus::check(&generated)
        .map_err(|misfit| Failure(format!("a generated case does not fit: {misfit}")))?;
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(read) = corpus::parse(text, any_module)
    {
        round_trip(&read.case)?;
    }
    Ok(Judged::Fine)
}

/// Stands for every file that a case names: the smallest module.
fn any_module(_: &str) -> io::Result<Vec<u8>> {
    Ok(b"\0asm\x01\0\0\0".to_vec())
}

fn round_trip(case: &Case) -> Result<(), Failure> {
    let again = corpus::to_text(case)
        .and_then(|text| corpus::parse(&text, any_module))
        .map_err(|error| Failure(format!("a case is not read again: {error}\n{case:?}")))?;
    if again.case == *case {
        return Ok(());
    }
    let read = again.case;
    Err(Failure(format!(
        "a case is read as another one:\n{case:?}\n{read:?}"
    )))
}

/// Runs a case on [`subject`]; a finding is told with the case, which is kept in the directory, named after the
/// hash of the bytes that it was made from.
///
/// # Errors
///
/// What was found.
pub fn judged(case: Case, bytes: &[u8], keep: &Path) -> Result<Judged, Failure> {
    if let Some(hazard) = rejected(&case) {
        return Ok(Judged::Rejected(hazard));
    }
    match run_case_on(subject(), &case) {
        Ok(report) if matches!(report.judgement(), Judgement::Diverged | Judgement::NotMet) => {
            Err(finding(&case, &report, bytes, keep))
        }
        Ok(_) => Ok(Judged::Fine),
        // The machine refused it memory: nothing is known of the subject.
        Err(error) if error.is_of_machine() => Ok(Judged::Fine),
        Err(error) => {
            let replay = kept(&case, Expectation::default(), bytes, keep);
            Err(Failure(format!(
                "the subject cannot be set up: {error}\n{}",
                described(&case, &replay)
            )))
        }
    }
}

fn finding(case: &Case, report: &CaseReport, bytes: &[u8], keep: &Path) -> Failure {
    let replay = kept(case, Expectation::of_report(report, subject()), bytes, keep);
    let mut text = String::new();
    for found in &report.divergences {
        text.push_str(&divergence::text(&case.name, report, found, &replay));
        text.push('\n');
    }
    let failed = report.commands.iter().filter(|command| {
        report.divergences.is_empty() && matches!(command.status, crate::case::Status::Failed(_))
    });
    for command in failed {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{}: {:?}", command.text, command.status);
    }
    text.push_str(&described(case, &replay));
    let count = report::counted(report.divergences.len() as u64, "unexplained divergence");
    Failure(format!("{count}\n\n{text}"))
}

/// The case's text and the command that runs it again.
fn described(case: &Case, replay: &str) -> String {
    let readable = corpus::to_readable(case).unwrap_or_else(|_| format!("{case:?}"));
    format!("the case:\n\n{readable}\nreplay: {replay}\n")
}

/// Keeps a finding; the command that replays it.
fn kept(case: &Case, expect: Expectation, bytes: &[u8], keep: &Path) -> String {
    match save(case, expect, bytes, keep) {
        Ok(path) => format!("lockstep replay {}", path.display()),
        Err(error) => format!("lockstep save --input ARTIFACT DIR ({error})"),
    }
}

fn save(
    case: &Case,
    expect: Expectation,
    bytes: &[u8],
    keep: &Path,
) -> Result<PathBuf, CorpusError> {
    let corpus = CorpusCase {
        case: case.clone(),
        expect,
        path: PathBuf::new(),
    };
    corpus::save(keep, &finding_name(bytes), &corpus)
}

/// A name that is the same for the same bytes.
pub fn finding_name(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut name = "finding-".to_owned();
    for byte in digest.iter().take(6) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Which proposals the bytes' modules draw from: all, unless the environment asks for none.
fn proposals() -> generate::Proposals {
    static NONE: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
        std::env::var("LOCKSTEP_PROPOSALS").is_ok_and(|wanted| wanted == "none")
    });
    match *NONE {
        true => generate::Proposals::None,
        false => generate::Proposals::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Expect, Step, StepAction};
    use lockstep_spec_tests::script::Pattern;
    use proptest::prelude::*;
    use tempfile::TempDir;

    /// A case whose module returns 1 where the case says 2.
    fn diverging() -> Case {
        let wat = "(module (func (export \"f\") (result i32) (i32.const 1)))";
        let mut case = Case::of_module("wrong", wat::parse_str(wat).unwrap());
        case.steps.push(Step {
            module: None,
            action: StepAction::Call {
                export: "f".to_owned(),
                args: Vec::new(),
                expect: Some(Expect::Returns(vec![Pattern::I32(2)])),
            },
        });
        case
    }

    #[test]
    fn where_a_finding_cannot_be_kept_the_artifact_stands_for_it() {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let Failure(text) = judged(diverging(), b"bytes", &file).unwrap_err();
        assert!(
            text.contains("replay: lockstep save --input ARTIFACT DIR"),
            "{text}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_bytes_are_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            prop_assert_eq!(case_decoder(&bytes), Ok(Judged::Fine));
        }

        #[test]
        fn any_text_is_decoded(text in "\\PC{0,200}") {
            prop_assert_eq!(case_decoder(text.as_bytes()), Ok(Judged::Fine));
        }
    }
}
