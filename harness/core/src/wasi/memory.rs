//! The program's memory as the host uses it: bytes at addresses, and no more.

use lockstep_oracles::memory::Memory;
use wasip1::{ERRNO_FAULT, ERRNO_INVAL, Errno};

/// Bytes that a host function reads and writes.
pub trait GuestMemory {
    /// Bytes at an address; none if they are not all inside.
    fn read(&mut self, at: u64, length: u64) -> Option<&[u8]>;
    /// Writes bytes at an address; whether they are all inside. If not, nothing is written.
    fn write(&mut self, at: u64, bytes: &[u8]) -> bool;
}

/// A byte that subject and oracle have different values of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its address.
    pub at: u64,
    /// The oracle's.
    pub expected: u8,
    /// The subject's.
    pub observed: u8,
}

/// Changes what is written into the subject's memory, for tests.
pub type Alter<'m, 'a> = &'m mut (dyn FnMut(u64, &mut Vec<u8>) + 'a);

/// The memory of the subject and the oracle's: what is read is the subject's, compared with the oracle's;
/// what is written is written into both.
pub struct BothMemories<'m, 'a> {
    subject: &'m mut [u8],
    oracle: &'m mut Memory,
    alter: Option<Alter<'m, 'a>>,
    difference: Option<Difference>,
}

impl<'m, 'a> BothMemories<'m, 'a> {
    /// The memories of one host call.
    pub fn new(
        subject: &'m mut [u8],
        oracle: &'m mut Memory,
        alter: Option<Alter<'m, 'a>>,
    ) -> BothMemories<'m, 'a> {
        BothMemories {
            subject,
            oracle,
            alter,
            difference: None,
        }
    }

    /// The first byte that was read and differs.
    pub fn difference(&self) -> Option<Difference> {
        self.difference
    }

    fn compare(&mut self, at: usize, end: usize) {
        let subject = &self.subject[at..end];
        // Where the oracle's memory ends before, its size differs: it is compared with all others.
        let oracle = self.oracle.bytes().get(at..end).unwrap_or(subject);
        if self.difference.is_none() && subject != oracle {
            let pairs = subject.iter().zip(oracle).zip(at as u64..);
            let mut differ = pairs.filter(|((observed, expected), _)| observed != expected);
            self.difference = differ
                .next()
                .map(|((&observed, &expected), at)| Difference {
                    at,
                    expected,
                    observed,
                });
        }
    }
}

impl GuestMemory for BothMemories<'_, '_> {
    fn read(&mut self, at: u64, length: u64) -> Option<&[u8]> {
        let (at, end) = range(at, length, self.subject.len())?;
        self.compare(at, end);
        Some(&self.subject[at..end])
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> bool {
        let Some((start, end)) = range(at, bytes.len() as u64, self.subject.len()) else {
            return false;
        };
        // Outside the oracle's memory nothing is written: its size differs, and that is reported.
        let _ = self.oracle.write(at, bytes);
        match &mut self.alter {
            None => self.subject[start..end].copy_from_slice(bytes),
            Some(alter) => {
                let mut altered = bytes.to_vec();
                alter(at, &mut altered);
                altered.resize(bytes.len(), 0);
                self.subject[start..end].copy_from_slice(&altered);
            }
        }
        true
    }
}

/// A range of addresses, if it is inside.
fn range(at: u64, length: u64, size: usize) -> Option<(usize, usize)> {
    let end = at.checked_add(length)?;
    (end <= size as u64).then_some((at as usize, end as usize))
}

/// Buffers that one call may name, as POSIX has it of `readv` and `writev`.
const BUFFERS: u32 = 1024;

/// Bytes of an `iovec` and of a `ciovec`.
pub(super) const IOVEC: u32 = 8;

/// A part of the program's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buffer {
    pub(super) at: u32,
    pub(super) length: u32,
}

/// The program's memory in terms of the interface: little-endian numbers, buffers, and [`ERRNO_FAULT`] for
/// what is outside.
pub(super) struct Guest<'m>(pub(super) &'m mut dyn GuestMemory);

impl Guest<'_> {
    pub(super) fn bytes(&mut self, at: u32, length: u32) -> Result<&[u8], Errno> {
        self.0.read(at.into(), length.into()).ok_or(ERRNO_FAULT)
    }

    fn number<const N: usize>(&mut self, at: u32, offset: u32) -> Result<[u8; N], Errno> {
        let at = u64::from(at) + u64::from(offset);
        let bytes = self.0.read(at, N as u64).ok_or(ERRNO_FAULT)?;
        bytes.try_into().map_err(|_| ERRNO_FAULT)
    }

    pub(super) fn u8(&mut self, at: u32, offset: u32) -> Result<u8, Errno> {
        self.number(at, offset).map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self, at: u32, offset: u32) -> Result<u16, Errno> {
        self.number(at, offset).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self, at: u32, offset: u32) -> Result<u32, Errno> {
        self.number(at, offset).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, at: u32, offset: u32) -> Result<u64, Errno> {
        self.number(at, offset).map(u64::from_le_bytes)
    }

    /// A path or another text.
    pub(super) fn text(&mut self, at: u32, length: u32) -> Result<String, Errno> {
        let bytes = self.bytes(at, length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| wasip1::ERRNO_ILSEQ)?;
        match text.contains('\0') {
            true => Err(ERRNO_INVAL),
            false => Ok(text.to_owned()),
        }
    }

    pub(super) fn put(&mut self, at: u32, offset: u32, bytes: &[u8]) -> Result<(), Errno> {
        let at = u64::from(at) + u64::from(offset);
        match self.0.write(at, bytes) {
            true => Ok(()),
            false => Err(ERRNO_FAULT),
        }
    }

    pub(super) fn put_u32(&mut self, at: u32, value: u32) -> Result<(), Errno> {
        self.put(at, 0, &value.to_le_bytes())
    }

    pub(super) fn put_u64(&mut self, at: u32, value: u64) -> Result<(), Errno> {
        self.put(at, 0, &value.to_le_bytes())
    }

    /// Whether a buffer is inside.
    pub(super) fn has(&mut self, buffer: Buffer) -> Result<(), Errno> {
        self.bytes(buffer.at, buffer.length).map(|_| ())
    }

    /// The buffers of an `iovec_array`, all inside. Together they have at most 2^32-1 bytes: what a call
    /// returns cannot say more.
    pub(super) fn buffers(&mut self, at: u32, count: u32) -> Result<Vec<Buffer>, Errno> {
        if count > BUFFERS {
            return Err(ERRNO_INVAL);
        }
        self.bytes(at, count * IOVEC)?;
        let mut total = 0u32;
        let mut buffers = Vec::with_capacity(count as usize);
        for index in 0..count {
            let (at, length) = (
                self.u32(at, index * IOVEC)?,
                self.u32(at, index * IOVEC + 4)?,
            );
            let buffer = Buffer { at, length };
            total = total.checked_add(length).ok_or(ERRNO_INVAL)?;
            self.has(buffer)?;
            buffers.push(buffer);
        }
        Ok(buffers)
    }

    /// What a program writes: the content of its buffers, one after the other.
    pub(super) fn gather(&mut self, at: u32, count: u32) -> Result<Vec<u8>, Errno> {
        let mut gathered = Vec::new();
        for Buffer { at, length } in self.buffers(at, count)? {
            gathered.extend_from_slice(self.bytes(at, length)?);
        }
        Ok(gathered)
    }

    /// Fills buffers with what is read, as far as it goes; how many bytes were read.
    pub(super) fn scatter(&mut self, buffers: &[Buffer], mut from: &[u8]) -> Result<u32, Errno> {
        let mut read = 0;
        for &Buffer { at, length } in buffers {
            let (now, rest) = from.split_at(from.len().min(length as usize));
            self.put(at, 0, now)?;
            read += now.len() as u32;
            from = rest;
        }
        Ok(read)
    }
}
