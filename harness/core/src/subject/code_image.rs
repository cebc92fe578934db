//! The code of the process as the kernel shows it: compiled images, the executable mappings with all
//! that belongs to them, their bytes and their permissions.
//!
//! Only mappings without a file count, or of one that is gone: compiled code is in no other. On other systems than Linux there is
//! nothing to read, and nothing is checked.

use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Bytes of a page, at least.
const PAGE: u64 = 4096;
/// No compiled image of a case is larger.
const LARGEST_OBJECT: u64 = 1 << 30;

/// Compiled images, recorded before the first edit that changes them.
#[derive(Debug, Default)]
pub struct CodeImage {
    /// Whether the case asks for it.
    pub wanted: bool,
    /// What was there.
    pub recorded: Vec<Mapping>,
}

/// One compiled image, or one executable mapping: its permissions, and a digest of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Its addresses.
    pub range: Range<u64>,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// What may be done with each part of it.
    pub permissions: Vec<Part>,
    /// Where an image has its code, in whole pages: nothing else of it is executed. None of a mapping that is no
    /// image.
    pub code: Option<Range<u64>>,
}

/// A part of a mapping with permissions of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its addresses.
    pub range: Range<u64>,
    /// As the kernel writes them: `r-xp`.
    pub permissions: String,
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
    /// Nothing recorded yet; nothing ever, if it is not wanted.
    pub fn new(wanted: bool) -> CodeImage {
        CodeImage {
            wanted,
            recorded: Vec::new(),
        }
    }

    /// Records the mappings that there are.
    pub fn record(&mut self) {
        if !self.wanted {
            return;
        }
        let all = mappings();
        for range in code(&all) {
            let known = self.recorded.iter().any(|old| old.range == range);
            if !known && let Some(mapping) = Mapping::of(range, &all) {
                self.recorded.push(mapping);
            }
        }
    }
}

/// The mapping as it is now.
pub fn again(old: &Mapping) -> Option<Mapping> {
    Mapping::of(old.range.clone(), &mappings())
}

/// The permissions of each recorded mapping as they are now.
pub fn permissions(recorded: &[Mapping]) -> Vec<Vec<Part>> {
    let all = mappings();
    let now = recorded.iter().map(|old| parts(&old.range, &all));
    now.collect()
}

impl Mapping {
    fn of(range: Range<u64>, all: &[Region]) -> Option<Mapping> {
        let bytes = bytes(&range)?;
        let digest = Sha256::digest(&bytes).into();
        let permissions = parts(&range, all);
        let code = executed(&bytes);
        let code = code.map(|code| range.start + code.start..range.start + code.end);
        Some(Mapping {
            range,
            digest,
            permissions,
            code,
        })
    }
}

/// A line of `/proc/self/maps`.
struct Region {
    range: Range<u64>,
    permissions: String,
    /// Whether a name is behind it, or a file that is still there.
    named: bool,
}

fn mappings() -> Vec<Region> {
    let text = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let parse = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let start = u64::from_str_radix(start, 16).ok()?;
        let end = u64::from_str_radix(end, 16).ok()?;
        let permissions = fields.next()?.to_owned();
        // Offset, device, inode; then the name, if there is one.
        let named = fields.nth(3).is_some() && fields.last() != Some("(deleted)");
        Some(Region {
            range: start..end,
            permissions,
            named,
        })
    };
    text.lines().filter_map(parse).collect()
}

/// The permissions inside a range. The kernel may split a region, or join it with its neighbour: what
/// lies side by side with the same permissions is one part.
fn parts(range: &Range<u64>, all: &[Region]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for region in all {
        let start = region.range.start.max(range.start);
        let end = region.range.end.min(range.end);
        if start >= end {
            continue;
        }
        match parts.last_mut() {
            Some(last) if last.range.end == start && last.permissions == region.permissions => {
                last.range.end = end;
            }
            _ => parts.push(Part {
                range: start..end,
                permissions: region.permissions.clone(),
            }),
        }
    }
    parts
}

/// Compiled images, and executable mappings that belong to none.
fn code(all: &[Region]) -> Vec<Range<u64>> {
    let anonymous = || all.iter().filter(|region| !region.named);
    let readable = anonymous().filter(|region| region.permissions.starts_with("r-"));
    let mut found: Vec<Range<u64>> = readable.flat_map(images).collect();
    for region in anonymous().filter(|region| region.permissions.contains('x')) {
        let inside =
            |image: &Range<u64>| image.start <= region.range.start && region.range.end <= image.end;
        if !found.iter().any(inside) {
            found.push(region.range.clone());
        }
    }
    found
}

/// The images that begin in a region: an engine keeps compiled code as an object file in memory, of
/// which the code is a part. It begins at a page.
fn images(region: &Region) -> Vec<Range<u64>> {
    let Some(bytes) = bytes(&region.range) else {
        return Vec::new();
    };
    let pages = bytes.chunks(PAGE as usize).zip(0u64..);
    let images = pages.filter_map(|(page, number)| {
        let start = region.range.start + number * PAGE;
        Some(start..start + object_size(page)?.next_multiple_of(PAGE))
    });
    images.collect()
}

/// Bytes of the 64-bit little-endian object file that begins so: the table of its sections is its end.
fn object_size(start: &[u8]) -> Option<u64> {
    let header = start.get(..64)?;
    let is_object = header.starts_with(b"\x7fELF\x02\x01");
    let offset = u64::from_le_bytes(header[0x28..0x30].try_into().ok()?);
    let size = offset.checked_add(half(header, 0x3a) * half(header, 0x3c))?;
    (is_object && (1..LARGEST_OBJECT).contains(&size)).then_some(size)
}

/// A number of two bytes in the header of an object file.
fn half(header: &[u8], at: usize) -> u64 {
    u64::from(u16::from_le_bytes([header[at], header[at + 1]]))
}

/// Flag of a section whose bytes are executed (`SHF_EXECINSTR`).
const EXECUTED: u64 = 4;

/// Which pages of an object file hold what is executed, from the first such section to the last.
fn executed(object: &[u8]) -> Option<Range<u64>> {
    object_size(object)?;
    let word = |at: usize| {
        let bytes = object.get(at..at.checked_add(8)?)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    };
    let [table, size, count] = [word(0x28)?, half(object, 0x3a), half(object, 0x3c)];
    let sections = (0..count).filter_map(|number| {
        let at = usize::try_from(table.checked_add(number * size)?).ok()?;
        let [flags, start, length] = [8, 0x18, 0x20].map(|field| word(at + field));
        let (flags, start) = (flags?, start?);
        (flags & EXECUTED != 0).then_some(start..start.checked_add(length?)?)
    });
    let whole = sections.reduce(|all, one| all.start.min(one.start)..all.end.max(one.end))?;
    Some(whole.start / PAGE * PAGE..whole.end.next_multiple_of(PAGE))
}

/// How many mappings are writable and executable.
pub fn writable_code() -> usize {
    let all = mappings().into_iter();
    all.filter(|region| region.permissions.contains('x') && region.permissions.contains('w'))
        .count()
}

fn bytes(range: &Range<u64>) -> Option<Vec<u8>> {
    let memory = File::open("/proc/self/mem").ok()?;
    let mut bytes = vec![0; (range.end - range.start) as usize];
    memory.read_exact_at(&mut bytes, range.start).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_has_mappings_and_none_is_writable_and_executable() {
        let executable = |region: &Region| region.permissions.contains('x');
        assert!(mappings().iter().any(executable));
        assert_eq!(writable_code(), 0);
    }

    fn region(range: Range<u64>, permissions: &str) -> Region {
        Region {
            range,
            permissions: permissions.to_owned(),
            named: false,
        }
    }

    #[test]
    fn permissions_are_those_of_the_range_however_the_kernel_splits_it() {
        let whole = [
            region(0..10, "r--p"),
            region(10..30, "r-xp"),
            region(30..50, "r--p"),
        ];
        let split = [
            region(0..10, "r--p"),
            region(10..20, "r-xp"),
            region(20..30, "r-xp"),
            region(30..35, "r--p"),
            region(35..90, "r--p"),
        ];
        let range = 5..40;
        assert_eq!(parts(&range, &whole), parts(&range, &split));
        assert_eq!(parts(&range, &whole).len(), 3);
        let writable = [region(0..30, "r-xp"), region(30..90, "rw-p")];
        assert_ne!(parts(&range, &whole), parts(&range, &writable));
    }

    #[test]
    fn an_object_ends_with_the_table_of_its_sections() {
        let mut header = [0; 64];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        header[0x28..0x30].copy_from_slice(&5000u64.to_le_bytes());
        header[0x3a] = 64;
        header[0x3c] = 3;
        assert_eq!(object_size(&header), Some(5000 + 3 * 64));
        header[0] = 0;
        assert_eq!(object_size(&header), None);
    }

    #[test]
    fn what_is_executed_is_in_whole_pages() {
        let mut object = vec![0; 64 + 2 * 64];
        object[..6].copy_from_slice(b"\x7fELF\x02\x01");
        object[0x28..0x30].copy_from_slice(&64u64.to_le_bytes());
        object[0x3a] = 64;
        object[0x3c] = 2;
        assert_eq!(executed(&object), None);
        let second = 64 + 64;
        object[second + 8] = 6;
        object[second + 0x18..second + 0x20].copy_from_slice(&5000u64.to_le_bytes());
        object[second + 0x20..second + 0x28].copy_from_slice(&4000u64.to_le_bytes());
        assert_eq!(executed(&object), Some(4096..3 * 4096));
        object[second + 0x18..second + 0x20].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(executed(&object), None);
    }
}
