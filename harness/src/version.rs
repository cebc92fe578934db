//! The versions of the engine that can be the subject.

/// A version of Wasmtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// 42.0.2
    #[default]
    Wasmtime42,
}

impl Version {
    /// Every version that an adapter was written for, the default first.
    pub const ALL: &[Version] = &[Version::Wasmtime42];

    /// Its short name, as in `--subject`.
    pub fn id(self) -> &'static str {
        match self {
            Version::Wasmtime42 => "42",
        }
    }

    /// Its full name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Version::Wasmtime42 => "wasmtime 42.0.2",
        }
    }

    /// Its number alone.
    pub fn number(self) -> &'static str {
        let name = self.name();
        name.rsplit(' ').next().unwrap_or(name)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
