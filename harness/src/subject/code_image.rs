//! The code of the process as the kernel shows it: executable mappings and their bytes.
//!
//! Only mappings without a file count: compiled code is in none. On other systems than Linux there is
//! nothing to read, and nothing is checked.

use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Executable mappings, recorded before the first edit that changes them.
#[derive(Debug, Default)]
pub(crate) struct CodeImage {
    /// Whether the case asks for it.
    pub(crate) wanted: bool,
    /// What was there.
    pub(crate) recorded: Vec<Mapping>,
}

/// One mapping and a digest of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Its addresses.
    pub range: Range<u64>,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
}

/// A case that looks at the whole process's code runs alone; all others side by side.
static ALONE: RwLock<()> = RwLock::new(());

/// Held while a case runs.
pub(crate) enum Turn {
    /// With others.
    Shared {
        /// Released when dropped.
        _guard: RwLockReadGuard<'static, ()>,
    },
    /// Alone.
    Alone {
        /// Released when dropped.
        _guard: RwLockWriteGuard<'static, ()>,
    },
}

/// Waits for the case's turn.
pub(crate) fn turn(alone: bool) -> Turn {
    if alone {
        let _guard = ALONE.write().unwrap_or_else(PoisonError::into_inner);
        Turn::Alone { _guard }
    } else {
        let _guard = ALONE.read().unwrap_or_else(PoisonError::into_inner);
        Turn::Shared { _guard }
    }
}

impl CodeImage {
    pub(crate) fn new(wanted: bool) -> CodeImage {
        CodeImage {
            wanted,
            recorded: Vec::new(),
        }
    }

    /// Records the mappings that there are.
    pub(crate) fn record(&mut self) {
        if !self.wanted {
            return;
        }
        for mapping in anonymous_code() {
            let known = self.recorded.iter().any(|old| old.range == mapping);
            if !known && let Some(digest) = digest(&mapping) {
                self.recorded.push(Mapping {
                    range: mapping,
                    digest,
                });
            }
        }
    }
}

/// The mapping as it is now.
pub(crate) fn again(old: &Mapping) -> Option<Mapping> {
    let digest = digest(&old.range)?;
    Some(Mapping {
        range: old.range.clone(),
        digest,
    })
}

/// A line of `/proc/self/maps`: addresses, permissions, and whether a file or a name is behind it.
fn mappings() -> Vec<(Range<u64>, String, bool)> {
    let text = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let parse = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let start = u64::from_str_radix(start, 16).ok()?;
        let end = u64::from_str_radix(end, 16).ok()?;
        let permissions = fields.next()?.to_owned();
        // Offset, device, inode; then the name, if there is one.
        Some((start..end, permissions, fields.nth(3).is_some()))
    };
    text.lines().filter_map(parse).collect()
}

fn anonymous_code() -> Vec<Range<u64>> {
    let all = mappings().into_iter();
    all.filter(|(_, permissions, named)| permissions.contains('x') && !named)
        .map(|(range, ..)| range)
        .collect()
}

/// How many mappings are writable and executable.
pub(crate) fn writable_code() -> usize {
    let all = mappings().into_iter();
    all.filter(|(_, permissions, _)| permissions.contains('x') && permissions.contains('w'))
        .count()
}

fn digest(range: &Range<u64>) -> Option<[u8; 32]> {
    let memory = File::open("/proc/self/mem").ok()?;
    let mut bytes = vec![0; (range.end - range.start) as usize];
    memory.read_exact_at(&mut bytes, range.start).ok()?;
    Some(Sha256::digest(&bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_has_mappings_and_none_is_writable_and_executable() {
        assert!(mappings().iter().any(|(_, p, _)| p.contains('x')));
        assert_eq!(writable_code(), 0);
    }
}
