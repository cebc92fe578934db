//! The versions of the engine that can be the subject.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A version of Wasmtime, published or of a checkout.
///
/// It is written by its whole number, `48.0.8`, and read by that or by the release alone, `48`, which
/// means the one of [`PUBLISHED`](Version::PUBLISHED).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    release: u32,
    minor: u32,
    patch: u32,
    /// Whether its source is a checkout, and not what was published by that number.
    local: bool,
}

/// Why a text names no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// It is no number of a version
    #[error(
        "`{0}` is no version of Wasmtime: write 48 or 48.0.8, path:DIR for a checkout, several with commas, or `all`"
    )]
    Malformed(String),
    /// The debug API is younger
    #[error("Wasmtime {0} cannot be a subject: 42 is the first with the debug API")]
    TooOld(String),
    /// No patch release of it is known
    #[error(
        "the patch releases of Wasmtime {0} are not known: write the whole number, such as {0}.0.0"
    )]
    Unknown(u32),
}

/// What marks the number of a checkout.
const LOCAL: &str = "+local";

impl Version {
    /// 42.0.2
    pub const V42: Version = Version::published(42, 2);
    /// 48.0.8
    pub const V48: Version = Version::published(48, 8);
    /// 50.0.1
    pub const V50: Version = Version::published(50, 1);

    /// The versions that have expectations, causes, a lock file and corpus cases of their own, the
    /// default first.
    pub const TABLE: &[Version] = &[Version::V42, Version::V48, Version::V50];

    /// The newest known patch release of each release from the first that can be a subject on.
    pub const PUBLISHED: &[Version] = &[
        Version::V42,
        Version::published(43, 2),
        Version::published(44, 3),
        Version::published(45, 3),
        Version::published(46, 3),
        Version::published(47, 4),
        Version::V48,
        Version::published(49, 5),
        Version::V50,
    ];

    const fn published(release: u32, patch: u32) -> Version {
        Version {
            release,
            minor: 0,
            patch,
            local: false,
        }
    }

    /// The version of a crate that is about one: the crate's own.
    ///
    /// # Panics
    ///
    /// If the text is no version's number. It is called when the crate is compiled.
    pub const fn of_crate(number: &str) -> Version {
        let text = number.as_bytes();
        let mut parts = [0u32; 3];
        let (mut part, mut at) = (0, 0);
        while at < text.len() && text[at] != b'+' {
            match text[at] {
                b'.' => part += 1,
                digit @ b'0'..=b'9' => parts[part] = parts[part] * 10 + (digit - b'0') as u32,
                _ => panic!("no number of a version"),
            }
            at += 1;
        }
        Version {
            release: parts[0],
            minor: parts[1],
            patch: parts[2],
            local: at < text.len(),
        }
    }

    /// Whether it has expectations, causes and corpus cases of its own.
    pub fn is_of_table(self) -> bool {
        Version::TABLE.contains(&self)
    }

    /// The version of the table that stands for it: itself, or the nearest later one, or the last. Case files
    /// speak for versions of one release with it. Which causes it has, its own number says.
    pub fn of_table(self) -> Version {
        let mut table = Version::TABLE.iter().copied();
        let last = table.clone().next_back().unwrap_or_default();
        table
            .find(|row| {
                *row >= Version {
                    local: false,
                    ..self
                }
            })
            .unwrap_or(last)
    }

    /// Whether its source is a checkout.
    pub fn is_local(self) -> bool {
        self.local
    }

    /// The same number, as a checkout has it.
    pub fn as_local(self) -> Version {
        Version {
            local: true,
            ..self
        }
    }

    /// Its short name, as `--subject` understands it.
    pub fn id(self) -> String {
        match Version::PUBLISHED.contains(&self) {
            true => self.release.to_string(),
            false => self.to_string(),
        }
    }

    /// The full name in reports.
    pub fn name(self) -> String {
        let local = if self.local { " (local)" } else { "" };
        format!("wasmtime {}{local}", self.number())
    }

    /// Its number, of a checkout as of what was published.
    pub fn number(self) -> String {
        format!("{}.{}.{}", self.release, self.minor, self.patch)
    }

    /// The release: the first part of its number.
    pub const fn release(self) -> u32 {
        self.release
    }
}

impl Default for Version {
    fn default() -> Version {
        Version::V42
    }
}

/// As it is read again: the number, with a mark for a checkout.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = if self.local { LOCAL } else { "" };
        write!(f, "{}{local}", self.number())
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Version, VersionError> {
        let malformed = || VersionError::Malformed(text.to_owned());
        let (number, local) = match text.strip_suffix(LOCAL) {
            Some(number) => (number, true),
            None => (text, false),
        };
        let parts = number.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse::<u32>().ok()).flatten()
        });
        let parts: Option<Vec<u32>> = parts.collect();
        let version = match parts.ok_or_else(malformed)?[..] {
            [release] if release < Version::V42.release => {
                return Err(VersionError::TooOld(text.to_owned()));
            }
            [release] => {
                let mut known = Version::PUBLISHED.iter().copied();
                let known = known.find(|version| version.release == release);
                known.ok_or(VersionError::Unknown(release))?
            }
            [release, minor, patch] => Version {
                release,
                minor,
                patch,
                local: false,
            },
            _ => return Err(malformed()),
        };
        if version.release < Version::V42.release {
            return Err(VersionError::TooOld(text.to_owned()));
        }
        Ok(Version { local, ..version })
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_by_its_release_or_its_number() {
        for &version in Version::PUBLISHED {
            assert_eq!(version.id().parse(), Ok(version));
            assert_eq!(version.number().parse(), Ok(version));
            let local = version.as_local();
            assert_eq!(local.to_string().parse(), Ok(local));
            assert_eq!(local.id().parse(), Ok(local));
            assert_eq!(Version::of_crate(&local.to_string()), local);
            assert_eq!(Version::of_crate(&version.number()), version);
        }
        assert_eq!("50".parse(), Ok(Version::V50));
        assert_eq!("48.0.7".parse::<Version>().unwrap().id(), "48.0.7");
    }

    #[test]
    fn what_is_no_version_is_refused_with_what_to_write() {
        for text in ["", "x", "48.", "48.0", "48.0.8.1", "+48", "48.0.-1", "v48"] {
            let error = text.parse::<Version>();
            assert_eq!(error, Err(VersionError::Malformed(text.to_owned())));
        }
        for text in ["41", "41.0.3"] {
            let error = text.parse::<Version>();
            assert_eq!(error, Err(VersionError::TooOld(text.to_owned())));
        }
        assert_eq!("99".parse::<Version>(), Err(VersionError::Unknown(99)));
        assert!("99.0.0".parse::<Version>().is_ok());
    }

    #[test]
    fn the_table_is_published_and_the_default_is_its_first() {
        assert_eq!(Version::TABLE.first(), Some(&Version::default()));
        for version in Version::TABLE {
            assert!(Version::PUBLISHED.contains(version), "{version}");
        }
        assert!(Version::PUBLISHED.is_sorted());
        let of_table = |text: &str| text.parse::<Version>().map(Version::of_table);
        for (text, expected) in [
            ("43", "48"),
            ("48.0.7", "48"),
            ("49", "50"),
            ("99.0.0", "50"),
        ] {
            assert_eq!(of_table(text), expected.parse());
        }
    }

    #[test]
    fn a_checkout_is_told_from_what_was_published() {
        let local = Version::V48.as_local();
        assert_eq!(local.name(), "wasmtime 48.0.8 (local)");
        assert_eq!(Version::V48.name(), "wasmtime 48.0.8");
        assert_eq!(local.number(), Version::V48.number());
        assert!(!local.is_of_table() && Version::V48.is_of_table());
        assert_eq!(local.of_table(), Version::V48);
    }
}
