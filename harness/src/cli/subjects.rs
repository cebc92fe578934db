//! Which subjects a command runs on.

use lockstep::version::{Version, VersionError};
use std::str::FromStr;

/// What `--subject` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subjects {
    /// This one
    One(Version),
    /// Every one that is compiled in
    All,
}

impl Default for Subjects {
    fn default() -> Subjects {
        Subjects::One(Version::default())
    }
}

impl FromStr for Subjects {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Subjects, VersionError> {
        match text {
            "all" => Ok(Subjects::All),
            version => Ok(Subjects::One(version.parse()?)),
        }
    }
}

impl Subjects {
    /// The versions, in their order.
    ///
    /// # Errors
    ///
    /// When the one that is named is not compiled in.
    pub(super) fn versions(self) -> Result<Vec<Version>, VersionError> {
        match self {
            Subjects::One(version) => Ok(vec![version.available()?]),
            Subjects::All => Ok(Version::compiled_in().collect()),
        }
    }

    /// The only version.
    ///
    /// # Errors
    ///
    /// When there are several, or it is not compiled in.
    pub(super) fn only(self) -> anyhow::Result<Version> {
        match self.versions()?[..] {
            [version] => Ok(version),
            _ => anyhow::bail!("this command runs on one subject: name it with --subject"),
        }
    }
}

/// How the version is asked for, where it is not the default.
pub(super) fn replay(subject: Version) -> String {
    if subject == Version::default() {
        return String::new();
    }
    format!(" --subject {}", subject.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_all() {
        assert_eq!("all".parse(), Ok(Subjects::All));
        assert_eq!("42".parse(), Ok(Subjects::default()));
        assert!("41".parse::<Subjects>().is_err());
        assert_eq!(Subjects::default().only().unwrap(), Version::Wasmtime42);
        let all = Subjects::All.versions().unwrap();
        assert_eq!(all, Version::compiled_in().collect::<Vec<_>>());
    }

    #[test]
    fn one_that_is_not_compiled_in_is_refused_with_its_feature() {
        let asked = Subjects::One(Version::Wasmtime48).versions();
        match asked {
            Ok(versions) => assert_eq!(versions, [Version::Wasmtime48]),
            Err(error) => assert!(error.to_string().contains("`wasmtime-48`")),
        }
    }
}
