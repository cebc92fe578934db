//! Which subjects a command runs on: what `--subject` names, and the program that holds each.

use crate::programs::{self, Source};
use crate::worker;
use crate::{OwnFault, sentence};
use anyhow::{Context, bail};
use lockstep_core::campaign::process::Launch;
use lockstep_core::campaign::protocol::{self, Wishes};
use lockstep_core::subject::engines;
use lockstep_core::version::{Version, VersionError};
use serde::Serialize;
use std::env;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

/// What `--subject` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subjects(Vec<Source>);

impl Default for Subjects {
    fn default() -> Subjects {
        Subjects(vec![Source::Published(Version::default())])
    }
}

impl FromStr for Subjects {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Subjects, VersionError> {
        if text == "all" {
            let table = Version::TABLE.iter().copied();
            return Ok(Subjects(table.map(Source::Published).collect()));
        }
        let mut named: Vec<Source> = Vec::new();
        for part in text.split(',') {
            let source = part.parse()?;
            if !named.contains(&source) {
                named.push(source);
            }
        }
        Ok(Subjects(named))
    }
}

impl Subjects {
    /// The subjects, in their order, and those that cannot be built; what is not there is built first. One that
    /// cannot be built does not keep the others from it.
    ///
    /// # Errors
    ///
    /// When the machine refuses what building needs.
    pub(crate) fn that_can_be_built(&self) -> anyhow::Result<(Vec<Subject>, Vec<NotBuilt>)> {
        let (mut subjects, mut not_built) = (Vec::new(), Vec::new());
        for source in &self.0 {
            match Subject::found(source) {
                Ok(subject) => subjects.push(subject),
                Err(error) if error.is::<OwnFault>() => return Err(error),
                Err(error) => not_built.push(NotBuilt {
                    subject: source.to_string(),
                    name: source.name(),
                    version: match source {
                        Source::Published(version) => Some(*version),
                        Source::Checkout(_) => None,
                    },
                    reason: sentence(&error),
                }),
            }
        }
        Ok((subjects, not_built))
    }

    /// The only subject.
    ///
    /// # Errors
    ///
    /// When there are several, or it cannot be built.
    pub(crate) fn only(&self) -> anyhow::Result<Subject> {
        match &self.0[..] {
            [source] => Subject::found(source),
            _ => bail!("this command runs on one subject: name it with --subject"),
        }
    }

    /// Every source that was named.
    pub(crate) fn sources(&self) -> &[Source] {
        &self.0
    }
}

/// A subject that is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct NotBuilt {
    /// How the user names it.
    pub(crate) subject: String,
    /// Its name in reports.
    #[serde(skip)]
    pub(crate) name: String,
    /// Its version, if that is known of what is not built.
    #[serde(skip)]
    pub(crate) version: Option<Version>,
    /// One sentence.
    pub(crate) reason: String,
}

/// The same as a line of its own.
#[derive(Serialize)]
pub(crate) struct NotBuiltLine<'a> {
    schema: &'static str,
    #[serde(flatten)]
    not_built: &'a NotBuilt,
}

impl NotBuilt {
    /// It as a line of its own, for programs.
    pub(crate) fn told(&self) -> NotBuiltLine<'_> {
        NotBuiltLine {
            schema: "lockstep.not-built/1",
            not_built: self,
        }
    }
}

impl fmt::Display for NotBuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is left out: {}", self.subject, self.reason)
    }
}

/// A subject and the program that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// Its version.
    pub(crate) version: Version,
    /// How the user names it.
    called: String,
    /// Its subject program; none if it is linked into this one.
    program: Option<PathBuf>,
}

impl Subject {
    /// The subject of a source; its program is built first if it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be built, or speaks another version of the protocol.
    pub(crate) fn found(source: &Source) -> anyhow::Result<Subject> {
        let linked = engines::linked();
        if let Source::Published(version) = source
            && linked.contains(version)
        {
            return Ok(Subject::linked(*version));
        }
        let built = programs::build(source)?;
        speaks_like_us(&built.program)?;
        Ok(Subject {
            version: built.version,
            called: source.to_string(),
            program: Some(built.program),
        })
    }

    /// One that is linked into this program, or taken to be.
    pub(crate) fn linked(version: Version) -> Subject {
        Subject {
            version,
            called: version.id(),
            program: None,
        }
    }

    /// How it is asked for, where it is not the default.
    pub(crate) fn replay(&self) -> String {
        match self.version == Version::default() {
            true => String::new(),
            false => format!(" --subject {}", crate::quoted(&self.called)),
        }
    }

    /// What is asked of it where the user decides nothing in place of a case.
    pub(crate) fn wishes(&self) -> Wishes {
        Wishes {
            subject: self.version,
            ..Wishes::default()
        }
    }

    /// How a worker of it is started.
    pub(crate) fn launch(&self) -> Launch {
        Launch {
            program: self.program.clone().unwrap_or_else(this_program),
            args: vec![worker::COMMAND.to_owned()],
        }
    }
}

/// Whether a subject program speaks this version of the protocol. It was built just now from the source tree that
/// this program was built from: if it does not, the tree has changed since then.
fn speaks_like_us(program: &Path) -> anyhow::Result<()> {
    let asked = Command::new(program).args(worker::SPEAKS).output();
    let asked = asked.with_context(|| format!("cannot start {}", program.display()))?;
    let said = String::from_utf8_lossy(&asked.stdout);
    let spoken = said.trim().parse::<u32>().ok();
    if asked.status.success() && spoken == Some(protocol::VERSION) {
        return Ok(());
    }
    let spoken = spoken.map_or("no version that it names".to_owned(), |spoken| {
        format!("version {spoken}")
    });
    bail!(
        "the subject program {} speaks {spoken} of the protocol, and this program version {}: its source tree has changed since it was built; build this program again (`cargo build --release`)",
        program.display(),
        protocol::VERSION
    )
}

/// This program. On Linux the file that runs now, even if its path holds a newer build by then.
fn this_program() -> PathBuf {
    match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"),
        false => env::current_exe().unwrap_or_else(|_: io::Error| PathBuf::from("lockstep")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_several_or_all() {
        let named = |text: &str| text.parse::<Subjects>();
        assert_eq!(named("42"), Ok(Subjects::default()));
        let all = Version::TABLE.iter().copied().map(Source::Published);
        assert_eq!(named("all"), Ok(Subjects(all.collect())));
        let several = named("48,47.0.4,path:../wasmtime,48.0.8").unwrap();
        let written: Vec<String> = several.sources().iter().map(Source::to_string).collect();
        assert_eq!(written, ["48", "47", "path:../wasmtime"]);
        assert!(several.only().is_err());
        for wrong in ["41", "", "42,", "newest", "path:"] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }
}
