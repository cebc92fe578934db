//! What is to be reported, and the cases that may show it.

use super::{Topic, components};
use crate::programs::Places;
use anyhow::{Context, bail};
use lockstep_core::case::Case;
use lockstep_core::causes::Cause;
use lockstep_core::causes::hazard::Dare;
use lockstep_core::corpus::{self, CorpusCase, Expectation, Verdict};
use lockstep_core::version::Version;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What is to be reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A cause
    Cause(Cause),
    /// A case file
    File(PathBuf),
}

impl FromStr for Target {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Target> {
        if let Ok(cause) = text.parse() {
            return Ok(Target::Cause(cause));
        }
        let path = PathBuf::from(text);
        match path.is_file() {
            true => Ok(Target::File(path)),
            false => {
                bail!("`{text}` is neither a cause, which `lockstep rules` lists, nor a case file")
            }
        }
    }
}

/// Every cause that one of the versions has.
pub(super) fn causes_of(versions: impl Iterator<Item = Version> + Clone) -> Vec<Target> {
    let all = Cause::ALL.iter().copied();
    let had = all.filter(|cause| versions.clone().any(|version| cause.is_of(version)));
    had.map(Target::Cause).collect()
}

/// The corpus that causes are looked for in.
///
/// # Errors
///
/// When it is not there, or a case cannot be read.
pub(super) fn corpus(directory: Option<&Path>) -> anyhow::Result<Vec<CorpusCase>> {
    let directory = match directory {
        Some(directory) => directory.to_owned(),
        None => Places::find()?.tree.join("fuzz/regressions"),
    };
    let files = corpus::discover(&[directory])?;
    let cases = files.iter().map(|file| corpus::load(file));
    Ok(cases.collect::<Result<_, _>>()?)
}

impl Target {
    /// It, with its cases.
    ///
    /// # Errors
    ///
    /// When there is no case, or it cannot be read.
    pub(super) fn topic(&self, corpus: &[CorpusCase]) -> anyhow::Result<Topic> {
        match self {
            Target::Cause(cause) => {
                let cases = candidates(*cause, corpus);
                Ok(Topic {
                    name: cause.id().to_owned(),
                    cause: Some(*cause),
                    cases,
                })
            }
            Target::File(path) => {
                let case = corpus::load(path)?;
                let name = path.file_stem().context("a case file has a name")?;
                Ok(Topic {
                    name: plain(&name.to_string_lossy()),
                    cause: of_case(&case),
                    cases: vec![case],
                })
            }
        }
    }
}

/// A name that is one of a folder everywhere.
fn plain(name: &str) -> String {
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() || "-_.".contains(c) => c,
        _ => '_',
    };
    format!("case-{}", name.chars().map(plain).collect::<String>())
}

/// The only cause that a case is about.
fn of_case(case: &CorpusCase) -> Option<Cause> {
    if let Some(Dare::Cause(cause)) = case.case.schedule.dare {
        return Some(cause);
    }
    match &case.expect.verdict {
        Verdict::Known { causes, .. } if causes.len() == 1 => causes.first().copied(),
        Verdict::Known { .. } | Verdict::Agreement => None,
    }
}

/// Cases that stand for a cause although others are smaller or about nothing else.
const CHOSEN: &[(Cause, &str)] = &[
    // More operands than there ever were; in the others there are fewer.
    (Cause::TrapStack, "dare-trap-slot"),
    (Cause::ImportedType, "imported-type-test"),
];

/// Cases of the corpus that may show a cause: those that dare it, then those that are about nothing else,
/// then the others; of each the smallest first.
fn candidates(cause: Cause, corpus: &[CorpusCase]) -> Vec<CorpusCase> {
    let chosen = |case: &CorpusCase| {
        let mut chosen = CHOSEN.iter();
        let stem = case.path.file_stem();
        chosen.any(|(of, name)| *of == cause && stem.is_some_and(|stem| stem == *name))
    };
    let rank = |case: &CorpusCase| {
        let size: usize = case
            .case
            .modules
            .iter()
            .map(|module| module.wasm.len())
            .sum();
        let about = match &case.expect.verdict {
            _ if chosen(case) => 0,
            _ if case.case.schedule.dare == Some(Dare::Cause(cause)) => 1,
            Verdict::Known { causes, .. } if causes.contains(&cause) => 1 + causes.len(),
            Verdict::Known { .. } | Verdict::Agreement => return None,
        };
        Some((about, size))
    };
    let ranked = corpus.iter().filter_map(|case| Some((rank(case)?, case)));
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    if cause == Cause::CastType || components::text(cause).is_some() {
        // It is about a module or a component that no case can hold; the reproducer has its own.
        return vec![CorpusCase {
            case: Case::of_module(cause.id(), Vec::new()),
            expect: Expectation::default(),
            path: PathBuf::new(),
        }];
    }
    ranked.into_iter().map(|(_, case)| case.clone()).collect()
}

/// A path as it is shown: within the source tree, relative to it.
pub(super) fn shown(path: &Path) -> String {
    let tree = Places::find().ok().map(|places| places.tree);
    let inside = tree.as_ref().and_then(|tree| path.strip_prefix(tree).ok());
    inside.unwrap_or(path).display().to_string()
}
