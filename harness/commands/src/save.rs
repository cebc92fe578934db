//! `lockstep save`: a generated case as a case file.

use super::conditions::Conditions;
use super::output::Output;
use super::subjects::Subject;
use super::{Format, OwnFault, number};
use anyhow::Context;
use clap::{Args, ValueEnum};
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::campaign::perform::{apply, generated_case};
use lockstep_core::campaign::protocol::Wishes;
use lockstep_core::case::Case;
use lockstep_core::check::load;
use lockstep_core::corpus::{self, CorpusCase, Expectation};
use lockstep_core::reduce::workers::Workers;
use lockstep_core::report::json;
use lockstep_core::report::shown::Shown;
use lockstep_core::{fuzzing, generate};
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Writes a generated case as a case file that can be read, edited and replayed
///
/// Writes NAME.toml and the modules beside it (harness/docs/case-file.md). The case is that of
/// --seed and --case, or the one that the bytes of --input stand for: what libFuzzer calls an
/// artifact.
///
/// It is run once, in a worker, and expects what came of it, so that `replay` says what `run` said. With
/// --expect nothing is run. It is saved under the conditions that are given (--config, --frames,
/// --max-events), as `run` and `replay` would run it under them.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep save --seed 0x1f --case 17 fuzz/regressions --name lost-event
  lockstep save --input fuzz/artifacts/lockstep/crash-0ab1 fuzz/regressions
  lockstep save --input fuzz/artifacts/breakpoints/crash-7c --target breakpoints .
  lockstep save --seed 0x1f --case 17 . --expect TRAP-PC --expect TRAP-STACK")]
pub(super) struct Options {
    /// Where to; it is made if it is not there
    dir: PathBuf,
    /// Seed of the campaign, decimal or after 0x
    #[arg(long, value_name = "S", value_parser = number, requires = "case", required_unless_present = "input")]
    seed: Option<u64>,
    /// Number of the case in the campaign
    #[arg(long, value_name = "N", value_parser = number, requires = "seed")]
    case: Option<u64>,
    /// A file of bytes for a fuzz target
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "case"])]
    input: Option<PathBuf>,
    /// Proposals that the module may use, as for `lockstep run`
    #[arg(long, value_enum, default_value_t)]
    proposals: generate::Proposals,
    /// The fuzz target that the bytes are for
    #[arg(long, value_enum, default_value_t = Target::Lockstep, requires = "input")]
    target: Target,
    /// Name of the files, without extension; otherwise it is made of seed and case, or of the bytes
    #[arg(long)]
    name: Option<String>,
    /// What the case must come to: agreement, causes, or `observed`, which runs it and takes
    /// what comes of it [default: observed]
    #[arg(long, value_name = "agreement|observed|CAUSE")]
    expect: Vec<String>,
    #[command(flatten)]
    conditions: Conditions,
}

/// Fuzz targets that run a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// A generated module under any schedule and configuration
    Lockstep,
    /// A built-in module under any edits
    Breakpoints,
    /// A generated module without a debugger's doing
    Oracle,
}

/// A case file that was written.
#[derive(Serialize)]
struct Saved<'a> {
    schema: &'static str,
    file: Cow<'a, str>,
}

pub(super) fn run(options: &Options, subject: &Subject, format: Format) -> anyhow::Result<u8> {
    let wishes = Wishes {
        proposals: options.proposals,
        ..options.conditions.wishes(subject.version, 0)
    };
    let (case, name) = case(options, &wishes)?;
    let expect = expectation(options, &case, subject, wishes)?;
    let name = options.name.clone().unwrap_or(name);
    let corpus = CorpusCase {
        case,
        expect,
        path: PathBuf::new(),
    };
    let path = corpus::save(&options.dir, &name, &corpus)?;
    tell(&path, format).map_err(OwnFault::from)?;
    Ok(super::OK)
}

/// Says which file was written.
fn tell(path: &Path, format: Format) -> io::Result<()> {
    let mut out = Output::new();
    let file = path.to_string_lossy();
    match format {
        Format::Text => writeln!(out, "{}", Shown(&file))?,
        Format::Json => {
            let schema = "lockstep.saved/1";
            json::line(&mut out, &Saved { schema, file })?;
        }
    }
    out.flush()
}

/// The case as it would be run, and its name if the user gives none.
fn case(options: &Options, wishes: &Wishes) -> anyhow::Result<(Case, String)> {
    if let Some(path) = &options.input {
        let (mut case, name) = input(path, options.target, options.proposals)?;
        apply(wishes, &mut case)?;
        return Ok((case, name));
    }
    // The command line is refused if one of them is missing.
    let (seed, number) = (
        options.seed.unwrap_or_default(),
        options.case.unwrap_or_default(),
    );
    let name = format!("seed-{seed:x}-case-{number}");
    Ok((generated_case(seed, number, wishes)?, name))
}

fn input(
    path: &Path,
    target: Target,
    proposals: generate::Proposals,
) -> anyhow::Result<(Case, String)> {
    let bytes = load::whole(path).with_context(|| format!("cannot read {}", path.display()));
    // The reason belongs to the one sentence.
    let bytes = bytes.map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let case = match target {
        Target::Lockstep => generate::from_bytes(&bytes, proposals),
        Target::Oracle => fuzzing::oracle_case(&bytes),
        Target::Breakpoints => fuzzing::breakpoints_case(&bytes),
    };
    Ok((case, fuzzing::finding_name(&bytes)))
}

/// Takes the entries that match from a run.
const OBSERVED: &str = "observed";

fn expectation(
    options: &Options,
    case: &Case,
    subject: &Subject,
    wishes: Wishes,
) -> anyhow::Result<Expectation> {
    match &options.expect[..] {
        [] => {}
        [only] if only == OBSERVED => {}
        words => return Ok(Expectation::of_causes(words)?),
    }
    let interrupt = Interrupt::install().map_err(OwnFault::Start)?;
    let mut workers = Workers::new(
        subject.launch(),
        wishes,
        options.conditions.limits(),
        NonZeroUsize::MIN,
        &interrupt,
    );
    let report = workers.report(case).map_err(OwnFault::Start)?;
    let report = report.ok_or_else(|| {
        anyhow::anyhow!(
            "what comes of the case is not known, since it could not be run to its end; with `--expect agreement` it is not run"
        )
    })?;
    Ok(Expectation::of_report(&report, subject.version))
}
