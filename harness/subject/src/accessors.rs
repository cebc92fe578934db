//! Entities through the accessors of the debug API, by their index.

use super::dialect::{identity_of_global, identity_of_memory, identity_of_table};
use super::names::Names;
use lockstep_core::lockstep::accessors::{Accessed, Accessor, Identity};
use lockstep_oracles::address::{GlobalAddr, InstanceAddr, MemAddr, TableAddr};
use lockstep_oracles::store::Extern;
use std::collections::HashMap;
use wasmtime::{AsContextMut, Global, Instance, Memory, SharedMemory, Table, Tag};

/// The handles that accessors returned, by the entity that each has to be.
#[derive(Default)]
pub(super) struct Reached {
    memories: HashMap<MemAddr, Memory>,
    shared: HashMap<MemAddr, SharedMemory>,
    globals: HashMap<GlobalAddr, Global>,
    tables: HashMap<TableAddr, Table>,
    /// Tags that differ from each other, by their identity.
    tags: Vec<Tag>,
}

impl Names {
    /// What an accessor returns; the handle is kept as that of the entity which it has to be.
    pub(super) fn access(
        &mut self,
        mut store: impl AsContextMut,
        (instance, accessor, index): (InstanceAddr, Accessor, u32),
        entity: Option<Extern>,
    ) -> Accessed {
        let Some(handle) = self.instance_handle(instance) else {
            return Accessed::Nothing;
        };
        let store = &mut store;
        let found = match accessor {
            Accessor::Function => self.access_function(store, (handle, index), entity),
            Accessor::Table => handle.debug_table(store, index).map(|table| {
                if let Some(Extern::Table(addr)) = entity {
                    self.reached.tables.insert(addr, table);
                }
                identity_of_table(&table)
            }),
            Accessor::Memory => handle.debug_memory(store, index).map(|memory| {
                if let Some(Extern::Memory(addr)) = entity {
                    self.reached.memories.insert(addr, memory);
                }
                identity_of_memory(&memory)
            }),
            Accessor::SharedMemory => handle.debug_shared_memory(store, index).map(|memory| {
                let identity = identity_of_shared(&memory);
                if let Some(Extern::Memory(addr)) = entity {
                    self.reached.shared.insert(addr, memory);
                }
                identity
            }),
            Accessor::Global => handle.debug_global(store, index).map(|global| {
                if let Some(Extern::Global(addr)) = entity {
                    self.reached.globals.insert(addr, global);
                }
                identity_of_global(&global)
            }),
            Accessor::Tag => {
                let tag = handle.debug_tag(&mut *store, index);
                tag.map(|tag| Some(self.reached.identity_of_tag(store, tag)))
            }
        };
        found.map_or(Accessed::Nothing, Accessed::Handle)
    }

    /// A function is known by its pointer, of which it has one in each instance.
    fn access_function(
        &mut self,
        store: &mut impl AsContextMut,
        (handle, index): (Instance, u32),
        entity: Option<Extern>,
    ) -> Option<Option<Identity>> {
        let func = handle.debug_function(&mut *store, index)?;
        let pointer = func.to_raw(store) as usize;
        if let Some(Extern::Func(addr)) = entity {
            self.pointers.entry(pointer).or_insert(addr);
        }
        Some(Some(Identity(pointer as u64)))
    }

    /// Identity of what the host's handle denotes, or that of an export.
    pub(super) fn held(
        &mut self,
        mut store: impl AsContextMut,
        entity: Extern,
    ) -> Option<Identity> {
        match entity {
            Extern::Func(addr) => {
                let func = self.func(addr)?;
                Some(Identity(func.to_raw(store) as u64))
            }
            Extern::Table(addr) => identity_of_table(&self.table(addr)?),
            Extern::Memory(addr) => match self.shared(addr) {
                Some(shared) => identity_of_shared(shared),
                None => identity_of_memory(&self.memory(addr)?),
            },
            Extern::Global(addr) => identity_of_global(&self.global(addr)?),
            Extern::Tag(addr) => {
                let tag = self.tag(addr)?;
                Some(self.reached.identity_of_tag(&mut store, tag))
            }
        }
    }

    /// The memory as an accessor returned it, or as the host has it.
    pub(super) fn shown_memory(&self, addr: MemAddr) -> Option<Memory> {
        let reached = self.reached.memories.get(&addr).copied();
        reached.or_else(|| self.memory(addr))
    }

    /// The same for a shared memory.
    pub(super) fn shown_shared(&self, addr: MemAddr) -> Option<&SharedMemory> {
        let reached = self.reached.shared.get(&addr);
        reached.or_else(|| self.shared(addr))
    }

    /// The same for a global.
    pub(super) fn shown_global(&self, addr: GlobalAddr) -> Option<Global> {
        let reached = self.reached.globals.get(&addr).copied();
        reached.or_else(|| self.global(addr))
    }

    /// The same for a table.
    pub(super) fn shown_table(&self, addr: TableAddr) -> Option<Table> {
        let reached = self.reached.tables.get(&addr).copied();
        reached.or_else(|| self.table(addr))
    }
}

impl Reached {
    /// Tags are compared by the engine; the number of the first that is equal is the identity.
    fn identity_of_tag(&mut self, store: &mut impl AsContextMut, tag: Tag) -> Identity {
        let equal = |known: &Tag| Tag::eq(known, &tag, store.as_context_mut());
        let position = self.tags.iter().position(equal);
        let position = position.unwrap_or_else(|| {
            self.tags.push(tag);
            self.tags.len() - 1
        });
        Identity(position as u64)
    }
}

/// A shared memory never moves.
fn identity_of_shared(memory: &SharedMemory) -> Option<Identity> {
    let cells = memory.data();
    (!cells.is_empty()).then(|| Identity(cells.as_ptr().cast::<u8>() as u64))
}
