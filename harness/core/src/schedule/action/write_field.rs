//! Writes a field of a structure, or an element of an array, through a handle that the debugger keeps to the
//! object: "Returns an error […] when the field is not mutable" (`StructRef::set_field`, `ArrayRef::set`).

use super::{number, of_bits, smaller};
use lockstep_oracles::ValType;
use lockstep_oracles::address::ObjectAddr;
use lockstep_oracles::store::Store;
use lockstep_oracles::types::{CompositeType, FieldType, StorageType};
use lockstep_oracles::value::Value;

/// Writes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteField {
    /// Which of the handles to structures and arrays that have a field, counted round and round.
    pub handle: u64,
    /// Which field or element, counted round and round.
    pub field: u64,
    /// The bits, as many as the type has; twice for a vector. Null to a reference.
    pub bits: u64,
}

/// The write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldWrite {
    /// The number of the handle.
    pub handle: usize,
    /// The object.
    pub addr: ObjectAddr,
    /// Which field or element.
    pub field: u32,
    /// The value; an `i32` for a packed field.
    pub value: Value,
    /// The bits of that which are kept, in a packed field.
    pub kept: Option<u32>,
    /// Whether it can be written: otherwise that is an error, and changes nothing.
    pub mutable: bool,
}

impl WriteField {
    pub(super) fn text(self) -> String {
        format!(
            "write field {} {} {:#x}",
            self.handle, self.field, self.bits
        )
    }

    pub(super) fn read(words: &[&str]) -> Option<WriteField> {
        let [handle, field, bits] = words else {
            return None;
        };
        Some(WriteField {
            handle: number(handle)?,
            field: number(field)?,
            bits: number(bits)?,
        })
    }

    pub(super) fn reduced(self) -> Vec<WriteField> {
        let handles = smaller(self.handle).into_iter();
        let handles = handles.map(|handle| WriteField { handle, ..self });
        let fields = smaller(self.field).into_iter();
        let fields = fields.map(|field| WriteField { field, ..self });
        let bits = smaller(self.bits).into_iter();
        let bits = bits.map(|bits| WriteField { bits, ..self });
        handles.chain(fields).chain(bits).collect()
    }

    /// The write, where these handles are kept; none if there is nothing to write to, or the field has a
    /// reference that cannot be null.
    pub fn write(
        self,
        store: &Store,
        handles: impl Iterator<Item = (usize, ObjectAddr)>,
    ) -> Option<FieldWrite> {
        let handles = handles.filter(|&(_, addr)| !store.heap().object(addr).fields.is_empty());
        let handles: Vec<(usize, ObjectAddr)> = handles.collect();
        let nth = self.handle.checked_rem(handles.len() as u64)?;
        let &(handle, addr) = handles.get(nth as usize)?;
        let object = store.heap().object(addr);
        let field = self.field.checked_rem(object.fields.len() as u64)? as u32;
        let FieldType {
            element_type,
            mutable,
        } = match &store.types().get(object.ty).composite {
            CompositeType::Struct(fields) => *fields.get(field as usize)?,
            CompositeType::Array(element) => *element,
            CompositeType::Func(_) => return None,
        };
        let (ty, kept) = match element_type {
            StorageType::I8 => (ValType::I32, Some(0xff)),
            StorageType::I16 => (ValType::I32, Some(0xffff)),
            StorageType::Val(ty) => (ty, None),
        };
        let value = of_bits(self.bits, ty);
        store.has_type(value, ty).then_some(FieldWrite {
            handle,
            addr,
            field,
            value,
            kept,
            mutable,
        })
    }
}

impl FieldWrite {
    pub(super) fn apply(self, store: &mut Store) {
        if !self.mutable {
            return;
        }
        let value = match (self.value, self.kept) {
            (Value::I32(bits), Some(kept)) => Value::I32(bits & kept),
            (value, _) => value,
        };
        let fields = &mut store.heap_mut().object_mut(self.addr).fields;
        if let Some(written) = fields.get_mut(self.field as usize) {
            *written = value.cell();
        }
    }
}
