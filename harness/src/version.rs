//! The versions of the engine that can be the subject.

/// A version of Wasmtime: the one that expectations and causes were written for.
///
/// In the place of 48.0.8 a build may have a version near it (`Cargo.lock` says which): its
/// [`name`](Version::name) is then its own, and all else is what is expected of 48.0.8.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
pub enum Version {
    /// 42.0.2
    #[default]
    #[serde(rename = "42")]
    Wasmtime42,
    /// 48.0.8, or what a build has in its place
    #[serde(rename = "48")]
    Wasmtime48,
}

/// Why a text names no subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// No adapter was written for it
    #[error("there is no subject `{0}`; there are {known}", known = Version::ids())]
    Unknown(String),
    /// Its adapter is not in this program
    #[error("{0} is not compiled in: build with the cargo feature `{feature}`", feature = .0.feature())]
    NotCompiledIn(Version),
}

impl Version {
    /// Every version that an adapter was written for, the default first.
    pub const ALL: &[Version] = &[Version::Wasmtime42, Version::Wasmtime48];

    /// The versions whose adapter is in this program, the default first.
    pub fn compiled_in() -> impl Iterator<Item = Version> {
        let all = Version::ALL.iter().copied();
        all.filter(|version| version.is_compiled_in())
    }

    /// Whether its adapter is in this program.
    pub fn is_compiled_in(self) -> bool {
        match self {
            Version::Wasmtime42 => true,
            Version::Wasmtime48 => cfg!(feature = "wasmtime-48"),
        }
    }

    /// Itself, if its adapter is in this program.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn available(self) -> Result<Version, VersionError> {
        if self.is_compiled_in() {
            Ok(self)
        } else {
            Err(VersionError::NotCompiledIn(self))
        }
    }

    /// Its short name, as in `--subject`.
    pub fn id(self) -> &'static str {
        match self {
            Version::Wasmtime42 => "42",
            Version::Wasmtime48 => "48",
        }
    }

    /// The full name in reports of what is built, also where that is not 48.0.8.
    pub fn name(self) -> &'static str {
        match self {
            Version::Wasmtime42 => "wasmtime 42.0.2",
            Version::Wasmtime48 => concat!("wasmtime ", env!("LOCKSTEP_WASMTIME_48")),
        }
    }

    /// The number of the version that expectations, ledger and case files are about.
    pub fn number(self) -> &'static str {
        match self {
            Version::Wasmtime42 => "42.0.2",
            Version::Wasmtime48 => "48.0.8",
        }
    }

    /// The release that expectations and causes are about: the first part of its number.
    pub fn release(self) -> u32 {
        match self {
            Version::Wasmtime42 => 42,
            Version::Wasmtime48 => 48,
        }
    }

    /// The number of what is built.
    fn built(self) -> &'static str {
        let name = self.name();
        name.split(' ').nth(1).unwrap_or(name)
    }

    /// The cargo feature that brings its adapter.
    fn feature(self) -> &'static str {
        match self {
            Version::Wasmtime42 => "default",
            Version::Wasmtime48 => "wasmtime-48",
        }
    }

    fn ids() -> String {
        let ids: Vec<&str> = Version::ALL.iter().map(|version| version.id()).collect();
        ids.join(", ")
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Version, VersionError> {
        let mut all = Version::ALL.iter().copied();
        let found = all.find(|version| version.id() == text || version.built() == text);
        found.ok_or_else(|| VersionError::Unknown(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_by_its_name_or_its_number() {
        for &version in Version::ALL {
            assert_eq!(version.id().parse(), Ok(version));
            assert_eq!(version.built().parse(), Ok(version));
        }
        let error = "41".parse::<Version>().unwrap_err().to_string();
        assert_eq!(error, "there is no subject `41`; there are 42, 48");
    }

    #[test]
    fn the_name_has_the_number_of_what_is_built() {
        assert_eq!(Version::Wasmtime42.built(), Version::Wasmtime42.number());
        let built = Version::Wasmtime48.built();
        let mut parts = built.split('.').map(str::parse::<u32>);
        assert!(parts.by_ref().take(3).all(|part| part.is_ok()), "{built}");
        assert!(parts.next().is_none(), "{built}");
    }

    #[test]
    fn the_default_is_always_there() {
        assert_eq!(Version::compiled_in().next(), Some(Version::default()));
        let error = VersionError::NotCompiledIn(Version::Wasmtime48).to_string();
        assert!(error.ends_with("build with the cargo feature `wasmtime-48`"));
    }
}
