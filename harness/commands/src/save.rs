//! `lockstep save`: a generated case as a case file.

use super::OwnFault;
use super::output::Output;
use anyhow::Context;
use clap::{Args, ValueEnum};
use lockstep_core::case::{Case, run_case_on};
use lockstep_core::corpus::{self, CorpusCase, Expectation};
use lockstep_core::version::Version;
use lockstep_core::{fuzzing, generate};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes a generated case as a case file that can be read, edited and replayed
///
/// Writes NAME.toml and the modules beside it (harness/docs/case-file.md). The case is that of
/// --seed and --case, or the one that the bytes of --input stand for: what libFuzzer calls an
/// artifact.
///
/// Without --expect nothing is run and the case expects agreement.
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
    /// the causes that match
    #[arg(long, value_name = "agreement|observed|ENTRY")]
    expect: Vec<String>,
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

/// A number, decimal or after `0x`.
pub(super) fn number(text: &str) -> Result<u64, String> {
    let number = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    number.map_err(|_| "write digits, or 0x and hexadecimal digits, for less than 2^64".to_owned())
}

pub(super) fn run(options: &Options, subject: Version) -> anyhow::Result<u8> {
    let (case, name) = case(options)?;
    let expect = expectation(&options.expect, &case, subject)?;
    let name = options.name.clone().unwrap_or(name);
    let corpus = CorpusCase {
        case,
        expect,
        path: PathBuf::new(),
    };
    let path = corpus::save(&options.dir, &name, &corpus)?;
    let mut out = Output::new();
    writeln!(out, "{}", path.display()).map_err(OwnFault::from)?;
    out.flush().map_err(OwnFault::from)?;
    Ok(super::OK)
}

/// The case, and its name if the user gives none.
fn case(options: &Options) -> anyhow::Result<(Case, String)> {
    if let Some(path) = &options.input {
        return input(path, options.target, options.proposals);
    }
    // The command line is refused if one of them is missing.
    let (seed, number) = (
        options.seed.unwrap_or_default(),
        options.case.unwrap_or_default(),
    );
    let name = format!("seed-{seed:x}-case-{number}");
    Ok((
        generate::with_proposals(seed, number, options.proposals),
        name,
    ))
}

fn input(
    path: &Path,
    target: Target,
    proposals: generate::Proposals,
) -> anyhow::Result<(Case, String)> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()));
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

fn expectation(words: &[String], case: &Case, subject: Version) -> anyhow::Result<Expectation> {
    if words.iter().any(|word| word == OBSERVED) {
        let report = run_case_on(subject, case).map_err(OwnFault::from)?;
        return Ok(Expectation::of_report(&report, subject));
    }
    Ok(Expectation::of_causes(words)?)
}
