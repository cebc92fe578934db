//! The versions of the engine that can be the subject.

/// A version of Wasmtime.
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
    /// 48.0.8
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

    /// Its full name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Version::Wasmtime42 => "wasmtime 42.0.2",
            Version::Wasmtime48 => "wasmtime 48.0.8",
        }
    }

    /// Its number alone.
    pub fn number(self) -> &'static str {
        let name = self.name();
        name.rsplit(' ').next().unwrap_or(name)
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
        let found = all.find(|version| version.id() == text || version.number() == text);
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
            assert_eq!(version.number().parse(), Ok(version));
        }
        let error = "41".parse::<Version>().unwrap_err().to_string();
        assert_eq!(error, "there is no subject `41`; there are 42, 48");
    }

    #[test]
    fn the_default_is_always_there() {
        assert_eq!(Version::compiled_in().next(), Some(Version::default()));
        let error = VersionError::NotCompiledIn(Version::Wasmtime48).to_string();
        assert!(error.ends_with("build with the cargo feature `wasmtime-48`"));
    }
}
