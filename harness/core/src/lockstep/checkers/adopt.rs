//! What an exhaustion left to the engine is taken over from it, where that can be: what follows is then
//! compared as ever.
//!
//! Only what is shown whole can be taken over: bytes, numbers, and references that are no object's.

use super::entities::{Entities, Entity};
use crate::lockstep::following::Following;
use lockstep_oracles::ValType;
use lockstep_oracles::address::{GlobalAddr, MemAddr, TableAddr};
use lockstep_oracles::value::{Ref, Value};

impl Following {
    /// Takes over what the subject shows of an entity; whether all of it could be.
    pub(crate) fn adopt<E: Entities>(&mut self, subject: &mut E, entity: Entity) -> bool {
        let adopted = match entity {
            Entity::Memory(addr) => self.adopt_memory(subject, addr),
            Entity::Global(addr) => self.adopt_global(subject, addr),
            Entity::Table(addr) => self.adopt_table(subject, addr),
        };
        adopted.is_some()
    }

    fn adopt_memory<E: Entities>(&mut self, subject: &mut E, addr: MemAddr) -> Option<()> {
        let seen = subject.memory(addr)?;
        let memory = self.machine.store.memory_mut(addr);
        let grown = (seen.len() as u64).checked_sub(memory.bytes().len() as u64)?;
        let page = 1_u64 << memory.ty().page_size_log2.unwrap_or(16);
        if grown > 0 {
            memory.grow(grown / page, u64::MAX)?;
        }
        memory.write(0, seen).ok()
    }

    fn adopt_global<E: Entities>(&mut self, subject: &mut E, addr: GlobalAddr) -> Option<()> {
        let seen = subject.global(addr)?;
        let global = self.machine.store.global_mut(addr);
        let ty = global.ty.content_type;
        let value = seen.to_value().filter(|_| seen.has_type(ty))?;
        let null = matches!(value, Value::Ref(Ref::Null, _));
        if null && matches!(ty, ValType::Ref(ty) if !ty.is_nullable()) {
            return None;
        }
        global.value = value.cell();
        Some(())
    }

    fn adopt_table<E: Entities>(&mut self, subject: &mut E, addr: TableAddr) -> Option<()> {
        let size = subject.table_size(addr)?;
        let table = self.machine.store.table_mut(addr);
        let grown = size.checked_sub(table.elements.len() as u64)?;
        if grown > 0 {
            table.grow(grown, Ref::Null, u64::MAX)?;
        }
        let ty = ValType::Ref(table.ty.element_type);
        for index in 0..size {
            let seen = subject.table_element(addr, index);
            let Some(Value::Ref(shown, _)) = seen.to_value().filter(|_| seen.has_type(ty)) else {
                return None;
            };
            table.elements[index as usize] = shown;
        }
        Some(())
    }
}
