//! Structures, arrays and exceptions. An object's address is its identity; none is ever freed, so
//! that an address means the same object for as long as the store lives.

use crate::address::{ExnAddr, ObjectAddr, TagAddr};
use crate::trap::Exhaustion;
use crate::types::TypeId;
use crate::value::Cell;

/// A structure or an array (section *Runtime Structure*).
#[derive(Debug)]
pub struct Object {
    /// Its type, as the store numbers it.
    pub ty: TypeId,
    /// Fields or elements; a packed one is zero-extended.
    pub fields: Box<[Cell]>,
}

/// An exception: a tag and the values thrown with it.
#[derive(Debug)]
pub struct Exception {
    /// The tag.
    pub tag: TagAddr,
    /// The payload, of the tag's parameter types.
    pub fields: Box<[Cell]>,
}

/// All objects of a store.
#[derive(Debug, Default)]
pub struct Heap {
    objects: Vec<Object>,
    exceptions: Vec<Exception>,
    /// Cells in use: one an object, and its fields.
    cells: u64,
}

impl Heap {
    /// A structure or array. Panics on an address of another store.
    #[inline]
    pub fn object(&self, addr: ObjectAddr) -> &Object {
        &self.objects[addr.index()]
    }

    /// A structure or array, if there is one at this address.
    #[inline]
    pub fn get(&self, addr: ObjectAddr) -> Option<&Object> {
        self.objects.get(addr.index())
    }

    /// A structure or array, to be written.
    #[inline]
    pub fn object_mut(&mut self, addr: ObjectAddr) -> &mut Object {
        &mut self.objects[addr.index()]
    }

    /// Two objects, to be written; none if they are one.
    pub(crate) fn two_mut(
        &mut self,
        a: ObjectAddr,
        b: ObjectAddr,
    ) -> Option<(&mut Object, &mut Object)> {
        let both = self.objects.get_disjoint_mut([a.index(), b.index()]);
        both.ok().map(|[a, b]| (a, b))
    }

    /// An exception. Panics on an address of another store.
    #[inline]
    pub fn exception(&self, addr: ExnAddr) -> &Exception {
        &self.exceptions[addr.index()]
    }

    /// How many structures and arrays there are.
    pub fn num_objects(&self) -> usize {
        self.objects.len()
    }

    /// Cells of all that was made, ever: one an object, and its fields.
    pub fn num_cells(&self) -> u64 {
        self.cells
    }

    /// How many structures, arrays and exceptions were made, ever.
    #[inline]
    pub fn num_made(&self) -> usize {
        self.objects.len() + self.exceptions.len()
    }

    /// How many exceptions there are.
    pub fn num_exceptions(&self) -> usize {
        self.exceptions.len()
    }

    /// Takes `fields` more cells, one of them for the object itself.
    ///
    /// # Errors
    ///
    /// If that is beyond `limit`; then nothing changes.
    pub(crate) fn reserve(&mut self, fields: u64, limit: u64) -> Result<(), Exhaustion> {
        let cells = self.cells.saturating_add(fields).saturating_add(1);
        if cells > limit || self.objects.len() + self.exceptions.len() >= u32::MAX as usize {
            return Err(Exhaustion::Heap);
        }
        self.cells = cells;
        Ok(())
    }

    /// Adds an object for which cells were reserved.
    pub(crate) fn add(&mut self, ty: TypeId, fields: Box<[Cell]>) -> ObjectAddr {
        self.objects.push(Object { ty, fields });
        ObjectAddr(self.objects.len() as u32 - 1)
    }

    /// Adds an exception for which cells were reserved.
    pub(crate) fn add_exception(&mut self, tag: TagAddr, fields: Box<[Cell]>) -> ExnAddr {
        self.exceptions.push(Exception { tag, fields });
        ExnAddr(self.exceptions.len() as u32 - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_beyond_the_limit_takes_nothing() {
        let mut heap = Heap::default();
        assert_eq!(heap.reserve(8, 10), Ok(()));
        assert_eq!(heap.reserve(1, 10), Err(Exhaustion::Heap));
        assert_eq!(heap.reserve(u64::MAX, 10), Err(Exhaustion::Heap));
        assert_eq!(heap.reserve(0, 10), Ok(()));
    }
}
