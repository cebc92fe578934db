//! Writes a mutable global through the handle that its accessor returns: none by which a generated program
//! ends, which might then go on for ever.

use super::{Entity, Write, number, of_bits, smaller};
use crate::generate::FUEL;
use lockstep_oracles::ValType;
use lockstep_oracles::address::{GlobalAddr, InstanceAddr};
use lockstep_oracles::store::{Extern, Store};
use lockstep_oracles::value::Value;

/// Writes a global: a number of these bits; null to a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteGlobal {
    /// Which of the instance's mutable globals.
    pub global: Entity,
    /// The bits, as many as the type has; twice for a vector.
    pub bits: u64,
}

/// The write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GlobalWrite {
    /// The instance that is asked for it.
    pub instance: InstanceAddr,
    /// Its index there.
    pub index: u32,
    /// The global.
    pub addr: GlobalAddr,
    /// The value.
    pub value: Value,
}

impl WriteGlobal {
    pub(super) fn text(self) -> String {
        format!("write global {} {:#x}", self.global.text(), self.bits)
    }

    pub(super) fn read(words: &[&str]) -> Option<WriteGlobal> {
        let [global, bits] = words else { return None };
        Some(WriteGlobal {
            global: Entity::read(global)?,
            bits: number(bits)?,
        })
    }

    pub(super) fn reduced(self) -> Vec<WriteGlobal> {
        let globals = self.global.reduced().into_iter();
        let globals = globals.map(|global| WriteGlobal { global, ..self });
        let bits = smaller(self.bits).into_iter();
        globals
            .chain(bits.map(|bits| WriteGlobal { bits, ..self }))
            .collect()
    }

    pub(super) fn write(self, store: &Store) -> Option<Write> {
        let instance = self.global.instance(store)?;
        let globals = &store.instance(instance).globals;
        let fuel = store.instance(instance).export(FUEL);
        let writable = |addr: GlobalAddr| {
            let ty = store.global(addr).ty;
            let ends = fuel == Some(Extern::Global(addr));
            ty.mutable && !ends && self.value(store, ty.content_type).is_some()
        };
        let indices: Vec<u32> = (0..globals.len() as u32)
            .filter(|&index| writable(globals[index as usize]))
            .collect();
        let index = self.global.index(&indices)?;
        let addr = globals[index as usize];
        Some(Write::Global(GlobalWrite {
            instance,
            index,
            addr,
            value: self.value(store, store.global(addr).ty.content_type)?,
        }))
    }

    /// The value of this type; none of a reference that cannot be null.
    fn value(self, store: &Store, ty: ValType) -> Option<Value> {
        let value = of_bits(self.bits, ty);
        store.has_type(value, ty).then_some(value)
    }
}

impl GlobalWrite {
    pub(super) fn apply(self, store: &mut Store) {
        store.global_mut(self.addr).value = self.value.cell();
    }
}
