//! Subject programs: each holds one version of the engine, and is built by cargo when it is asked for.
//!
//! Cargo is the cache: it is asked each time, and knows what has changed of the engine, of Lockstep, of
//! the compiler and of its options, and that a build was interrupted. What it built is kept under the hash
//! of its content, so that a campaign goes on with the program it began with. One process at a time builds
//! and keeps: until it is kept, a program has the name of every other of its release.

mod cargo;
mod lock;
mod manifest;
mod places;
mod signals;
mod toolchain;

pub(crate) use cargo::executable;
pub(crate) use lock::Lock;
pub(crate) use manifest::put_manifest;
pub(crate) use places::Places;
pub(crate) use signals::interruptible;

use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::version::{Version, VersionError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs;
use std::path::{self, PathBuf};
use std::str::FromStr;
use toolchain::ThisMachine;

/// Where the engine's source comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// What was published by this number
    Published(Version),
    /// A checkout of Wasmtime, or of its crate
    Checkout(PathBuf),
}

/// What names a checkout.
const PATH: &str = "path:";

impl FromStr for Source {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Source, VersionError> {
        match text.strip_prefix(PATH) {
            Some("") => Err(VersionError::Malformed(text.to_owned())),
            Some(directory) => Ok(Source::Checkout(PathBuf::from(directory))),
            None => Ok(Source::Published(text.parse()?)),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Published(version) => f.write_str(&version.id()),
            Source::Checkout(directory) => write!(f, "{PATH}{}", directory.display()),
        }
    }
}

impl Source {
    /// Its name in reports, before anything is built.
    pub(crate) fn name(&self) -> String {
        match self {
            Source::Published(version) => version.name(),
            Source::Checkout(_) => self.to_string(),
        }
    }

    /// The same, a checkout by its canonical path.
    fn canonical(&self) -> Source {
        match self {
            Source::Published(version) => Source::Published(*version),
            Source::Checkout(directory) => {
                // One that is not there has no other path.
                let path = fs::canonicalize(directory).or_else(|_| path::absolute(directory));
                Source::Checkout(path.unwrap_or_else(|_| directory.clone()))
            }
        }
    }

    /// A name for files about it, which no other source has: of a checkout the end of its canonical path,
    /// and a hash of all of it.
    pub(crate) fn file_name(&self) -> String {
        match self.canonical() {
            Source::Published(version) => version.id(),
            Source::Checkout(path) => {
                let last = path.file_name().unwrap_or_default().to_string_lossy();
                let plain = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
                let last = last.chars().take(LONGEST);
                let last: String = last.map(|c| if plain(c) { c } else { '_' }).collect();
                format!("path-{last}-{}", short(path.as_os_str().as_encoded_bytes()))
            }
        }
    }
}

/// Characters of a checkout's own name in the names of files about it.
const LONGEST: usize = 40;

/// A subject program that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Built {
    /// The version that it holds.
    pub(crate) version: Version,
    /// The program.
    pub(crate) program: PathBuf,
    /// The compiler that built it, as it calls itself.
    pub(crate) compiler: String,
}

/// A build that made no program.
#[derive(Debug, thiserror::Error)]
#[error("the subject program of {of} was not built{}: {why}", self.with())]
struct NotBuilt {
    /// The engine.
    of: String,
    /// The compilers that were tried, where one was not enough.
    compilers: Vec<String>,
    /// Why the last of them made no program.
    why: String,
    /// Whether somebody ended cargo.
    killed: bool,
}

impl NotBuilt {
    /// The compilers, if there is a choice.
    fn with(&self) -> String {
        match &self.compilers[..] {
            [] | [_] => String::new(),
            [some @ .., last] => format!(" with {} or {last}", some.join(", ")),
        }
    }
}

/// Builds the subject program, or finds that it is up to date. A signal ends the build and the program.
///
/// # Errors
///
/// When there is no such version, the source tree or cargo is not there, or cargo fails: one sentence,
/// after what cargo says itself.
pub(crate) fn build(source: &Source) -> anyhow::Result<Built> {
    let places = Places::find()?;
    let done = format!("the subject program of {source} was built");
    interruptible(&done, |interrupt| build_in(&places, source, interrupt))
}

fn build_in(places: &Places, source: &Source, interrupt: &Interrupt) -> anyhow::Result<Built> {
    // All sources of a release have one executable, so that what cargo made is kept before another is made.
    let _lock = places.lock(interrupt)?;
    let (version, manifest) = places.manifest_of(source)?;
    let machine = ThisMachine {
        places,
        version,
        manifest: &manifest,
        interrupt,
    };
    let (executable, compiler) = toolchain::build(&machine)?;
    let built = Built {
        version,
        program: places.keep(version, &executable)?,
        compiler,
    };
    places.note(source, &built)?;
    Ok(built)
}

/// The beginning of a content's hash.
pub(crate) fn short(content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
