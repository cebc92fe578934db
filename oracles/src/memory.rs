//! A linear memory that remembers which pages were written. It never traps by itself: an access
//! out of bounds is an answer, and what that means is the machine's business.

use wasmparser::MemoryType;

/// Bytes of a WebAssembly page, unless the memory's type says otherwise.
pub const WASM_PAGE: u64 = 65_536;

/// Granularity of the written-page record, in bytes.
pub const DIRTY_PAGE: usize = 4096;

/// Bytes of a page of a memory of this type.
pub(crate) fn page_size(ty: &MemoryType) -> u64 {
    ty.page_size_log2.map_or(WASM_PAGE, |log2| 1 << log2)
}

/// The most pages that a memory may have (section *Memory Types*): what its addresses reach, and of
/// single bytes one less, so that the size itself is an address.
fn max_pages(ty: &MemoryType) -> u64 {
    let bits = if ty.memory64 { 64 } else { 32 };
    let log2 = ty.page_size_log2.unwrap_or(WASM_PAGE.trailing_zeros());
    match log2 {
        0 => u64::MAX >> (64 - bits),
        log2 => 1 << (bits - log2),
    }
}

/// Growth, in bytes, from which fresh zeroed pages are cheaper than extending in place.
const LARGE_GROWTH: usize = 1 << 24;

/// A memory instance.
#[derive(Debug)]
pub struct Memory {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ty: MemoryType,
    /// One bit a [`DIRTY_PAGE`], set by every store.
    pub(crate) dirty: Vec<u64>,
}

/// An access beyond the end of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("out of bounds memory access")]
pub struct OutOfBounds;

impl Memory {
    /// A zeroed memory of its type's minimum size.
    pub(crate) fn new(ty: MemoryType) -> Memory {
        let bytes = vec![0; (ty.initial * page_size(&ty)) as usize];
        Memory {
            dirty: vec![0; dirty_words(bytes.len())],
            bytes,
            ty,
        }
    }

    /// The content.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The type it was declared with; [`Memory::pages`] is its current size.
    pub fn ty(&self) -> MemoryType {
        self.ty
    }

    /// Current size in pages of the type's page size, [`WASM_PAGE`] unless it says otherwise.
    #[inline]
    pub fn pages(&self) -> u64 {
        self.bytes.len() as u64 >> self.ty.page_size_log2.unwrap_or(WASM_PAGE.trailing_zeros())
    }

    /// Bytes of a page.
    #[inline]
    pub fn page_size(&self) -> u64 {
        page_size(&self.ty)
    }

    /// Writes `data` at `offset` and marks the pages.
    ///
    /// # Errors
    ///
    /// If it does not fit; then nothing is written.
    pub fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), OutOfBounds> {
        self.range_mut(offset, data.len() as u64)?
            .copy_from_slice(data);
        Ok(())
    }

    /// The bytes that it would have with `delta` pages more, if its type and the reach of its addresses
    /// allow so many.
    pub(crate) fn grown(&self, delta: u64) -> Option<u64> {
        let new = self.pages().checked_add(delta)?;
        let max = max_pages(&self.ty);
        if new > self.ty.maximum.unwrap_or(max).min(max) {
            return None;
        }
        new.checked_mul(page_size(&self.ty))
    }

    /// The bytes that `delta` pages more would make, whatever its type allows.
    pub(crate) fn asked(&self, delta: u64) -> u64 {
        let pages = self.pages().saturating_add(delta);
        pages.saturating_mul(page_size(&self.ty))
    }

    /// Takes back a growth from so many bytes.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        self.bytes.truncate(bytes as usize);
        self.dirty.resize(dirty_words(self.bytes.len()), 0);
    }

    /// Grows by `delta` pages, at most to `limit` bytes, to the type's maximum and to what an
    /// address of the type reaches. Answers the previous size in pages, or `None` if it may not grow so far.
    pub fn grow(&mut self, delta: u64, limit: u64) -> Option<u64> {
        let old = self.pages();
        let new_bytes = self.grown(delta)?;
        if new_bytes > limit {
            return None;
        }
        let new_len = usize::try_from(new_bytes).ok()?;
        if new_len - self.bytes.len() >= LARGE_GROWTH {
            let mut bytes = vec![0; new_len];
            bytes[..self.bytes.len()].copy_from_slice(&self.bytes);
            self.bytes = bytes;
        } else {
            self.bytes
                .try_reserve_exact(new_len - self.bytes.len())
                .ok()?;
            self.bytes.resize(new_len, 0);
        }
        self.dirty.resize(dirty_words(new_len), 0);
        Some(old)
    }

    /// Numbers of the pages ([`DIRTY_PAGE`] bytes each) that were written since
    /// [`Memory::clear_dirty`], in order.
    pub fn dirty_pages(&self) -> impl Iterator<Item = usize> + '_ {
        self.dirty.iter().enumerate().flat_map(|(i, &word)| {
            std::iter::successors(Some(word), |w| Some(w & w.wrapping_sub(1)))
                .take_while(|&w| w != 0)
                .map(move |w| i * 64 + w.trailing_zeros() as usize)
        })
    }

    /// Forgets what was written so far.
    pub fn clear_dirty(&mut self) {
        self.dirty.fill(0);
    }

    /// The `N` bytes at `address`.
    #[inline(always)]
    pub(crate) fn load<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        self.bytes.get(address as usize..)?.first_chunk().copied()
    }

    /// Replaces the `N` bytes at `address` and marks the pages.
    #[inline(always)]
    pub(crate) fn store<const N: usize>(&mut self, address: u64, data: [u8; N]) -> Option<()> {
        let start = address as usize;
        *self.bytes.get_mut(start..)?.first_chunk_mut()? = data;
        let (first, last) = (start / DIRTY_PAGE, (start + N - 1) / DIRTY_PAGE);
        self.dirty[first / 64] |= 1 << (first % 64);
        if last != first {
            self.dirty[last / 64] |= 1 << (last % 64);
        }
        Some(())
    }

    /// `len` bytes at `offset`, to be read.
    pub(crate) fn range(&self, offset: u64, len: u64) -> Result<&[u8], OutOfBounds> {
        let end = offset.checked_add(len).ok_or(OutOfBounds)?;
        if end > self.bytes.len() as u64 {
            return Err(OutOfBounds);
        }
        Ok(&self.bytes[offset as usize..end as usize])
    }

    /// `len` bytes at `offset`, to be written: their pages are marked.
    pub(crate) fn range_mut(&mut self, offset: u64, len: u64) -> Result<&mut [u8], OutOfBounds> {
        self.range(offset, len)?;
        let (start, end) = (offset as usize, (offset + len) as usize);
        self.mark(start, end);
        Ok(&mut self.bytes[start..end])
    }

    /// Copies within the memory as if through a buffer.
    pub(crate) fn copy_within(&mut self, to: u64, from: u64, len: u64) -> Result<(), OutOfBounds> {
        self.range(from, len)?;
        self.range(to, len)?;
        self.bytes
            .copy_within(from as usize..(from + len) as usize, to as usize);
        self.mark(to as usize, (to + len) as usize);
        Ok(())
    }

    fn mark(&mut self, start: usize, end: usize) {
        if start < end {
            for page in start / DIRTY_PAGE..=(end - 1) / DIRTY_PAGE {
                self.dirty[page / 64] |= 1 << (page % 64);
            }
        }
    }
}

fn dirty_words(bytes: usize) -> usize {
    bytes.div_ceil(DIRTY_PAGE).div_ceil(64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn memory(initial: u64, maximum: Option<u64>) -> Memory {
        Memory::new(MemoryType {
            memory64: false,
            shared: false,
            initial,
            maximum,
            page_size_log2: None,
        })
    }

    #[test]
    fn growth_keeps_the_content_and_zeroes_the_rest() {
        for delta in [1, 300] {
            let mut m = memory(1, None);
            m.write(65_535, b"x").expect("in bounds");
            assert_eq!(m.grow(delta, u64::MAX), Some(1));
            assert_eq!(m.pages(), 1 + delta);
            assert_eq!(m.bytes()[65_535], b'x');
            assert!(m.bytes()[65_536..].iter().all(|&b| b == 0));
            m.write(65_536 * (1 + delta) - 1, b"y").expect("in bounds");
        }
    }

    #[test]
    fn growth_beyond_any_limit_changes_nothing() {
        let mut m = memory(1, Some(3));
        assert_eq!(m.grow(3, u64::MAX), None);
        assert_eq!(m.grow(2, 2 * WASM_PAGE), None);
        assert_eq!(m.grow(u64::MAX, u64::MAX), None);
        assert_eq!(m.pages(), 1);
        assert_eq!(m.grow(2, 3 * WASM_PAGE), Some(1));
        assert_eq!(memory(1, None).grow(65_536, u64::MAX), None);
    }

    #[test]
    fn nothing_beyond_the_end_is_written() {
        let mut m = memory(1, None);
        assert_eq!(m.write(65_535, b"ab"), Err(OutOfBounds));
        assert_eq!(m.write(u64::MAX, b"ab"), Err(OutOfBounds));
        assert_eq!(m.write(65_536, b""), Ok(()));
        assert_eq!(m.store(65_533, [1; 4]), None);
        assert_eq!(m.load::<4>(u64::MAX), None);
        assert_eq!(m.dirty_pages().count(), 0);
    }

    #[test]
    fn a_memory_of_single_bytes_grows_by_single_bytes() {
        let mut m = Memory::new(MemoryType {
            page_size_log2: Some(0),
            ..memory(3, None).ty()
        });
        assert_eq!((m.pages(), m.bytes().len()), (3, 3));
        assert_eq!(m.grow(5, u64::MAX), Some(3));
        assert_eq!(m.pages(), 8);
        assert_eq!(m.grow(u64::from(u32::MAX) - 7, u64::MAX), None);
        assert_eq!(m.store(0, [1; 8]), Some(()));
        assert_eq!(m.dirty_pages().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn a_64_bit_memory_is_not_bound_to_32_bits() {
        let wide = MemoryType {
            memory64: true,
            ..memory(0, None).ty()
        };
        assert_eq!(max_pages(&wide), 1 << 48);
        assert_eq!(max_pages(&memory(0, None).ty()), 65_536);
        assert_eq!(Memory::new(wide).grow(1 << 48, u64::MAX), None);
    }

    proptest! {
        /// Given writes of any place and length, the marked pages are those of the written bytes.
        #[test]
        fn marked_pages_are_those_of_the_written_bytes(
            writes in prop::collection::vec((0_u64..4 * WASM_PAGE, 0_usize..9000), 0..8),
        ) {
            let mut m = memory(4, None);
            let mut expected = BTreeSet::new();
            for (offset, len) in writes {
                if m.write(offset, &vec![1; len]).is_ok() {
                    expected.extend((offset as usize..offset as usize + len).map(|b| b / DIRTY_PAGE));
                }
            }
            let marked: Vec<usize> = m.dirty_pages().collect();
            prop_assert_eq!(marked, expected.into_iter().collect::<Vec<_>>());
        }

        /// Given stores, what is loaded is what was stored, and exactly their pages are marked.
        #[test]
        fn a_load_is_what_was_stored(address in 0_u64..WASM_PAGE, value: u64) {
            let mut m = memory(1, None);
            let stored = m.store(address, value.to_le_bytes());
            prop_assert_eq!(stored.is_some(), address + 8 <= WASM_PAGE);
            if stored.is_some() {
                prop_assert_eq!(m.load(address).map(u64::from_le_bytes), Some(value));
                let first = address as usize / DIRTY_PAGE;
                let last = (address as usize + 7) / DIRTY_PAGE;
                let mut pages = vec![first, last];
                pages.dedup();
                prop_assert_eq!(m.dirty_pages().collect::<Vec<_>>(), pages);
            }
        }
    }
}
