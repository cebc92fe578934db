//! Entities through the accessors of the debug API, by their index.

use super::dialect::{
    index_of_global, index_of_memory, index_of_shared, index_of_table, index_of_tag,
};
use super::names::Names;
use lockstep_core::lockstep::accessors::{Accessed, Accessor, Denoted, Identity};
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
                indexed(index_of_table(&table))
            }),
            Accessor::Memory => handle.debug_memory(store, index).map(|memory| {
                if let Some(Extern::Memory(addr)) = entity {
                    self.reached.memories.insert(addr, memory);
                }
                indexed(index_of_memory(&memory))
            }),
            Accessor::SharedMemory => handle.debug_shared_memory(store, index).map(|memory| {
                let denoted = of_shared(&memory);
                if let Some(Extern::Memory(addr)) = entity {
                    self.reached.shared.insert(addr, memory);
                }
                denoted
            }),
            Accessor::Global => handle.debug_global(store, index).map(|global| {
                if let Some(Extern::Global(addr)) = entity {
                    self.reached.globals.insert(addr, global);
                }
                indexed(index_of_global(&global))
            }),
            Accessor::Tag => {
                let tag = handle.debug_tag(&mut *store, index);
                tag.map(|tag| self.reached.of_tag(store, tag))
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
    ) -> Option<Denoted> {
        let func = handle.debug_function(&mut *store, index)?;
        let pointer = func.to_raw(store) as usize;
        if let Some(Extern::Func(addr)) = entity {
            self.pointers.entry(pointer).or_insert(addr);
        }
        Some(known_by(pointer as u64))
    }

    /// What the host's handle says of the entity, or that of an export.
    pub(super) fn held(&mut self, mut store: impl AsContextMut, entity: Extern) -> Option<Denoted> {
        Some(match entity {
            Extern::Func(addr) => known_by(self.func(addr)?.to_raw(store) as u64),
            Extern::Table(addr) => indexed(index_of_table(&self.table(addr)?)),
            Extern::Memory(addr) => match self.shared(addr) {
                Some(shared) => of_shared(shared),
                None => indexed(index_of_memory(&self.memory(addr)?)),
            },
            Extern::Global(addr) => indexed(index_of_global(&self.global(addr)?)),
            Extern::Tag(addr) => {
                let tag = self.tag(addr)?;
                self.reached.of_tag(&mut store, tag)
            }
        })
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
    fn of_tag(&mut self, store: &mut impl AsContextMut, tag: Tag) -> Denoted {
        let equal = |known: &Tag| Tag::eq(known, &tag, store.as_context_mut());
        let position = self.tags.iter().position(equal);
        let position = position.unwrap_or_else(|| {
            self.tags.push(tag);
            self.tags.len() - 1
        });
        Denoted {
            index: index_of_tag(&tag),
            ..known_by(position as u64)
        }
    }
}

/// A shared memory never moves, and is where no other is as long as it has a byte.
fn of_shared(memory: &SharedMemory) -> Denoted {
    let cells = memory.data();
    Denoted {
        identity: (!cells.is_empty()).then(|| Identity(cells.as_ptr().cast::<u8>() as u64)),
        index: index_of_shared(memory),
    }
}

/// What is known by this alone.
fn known_by(identity: u64) -> Denoted {
    Denoted {
        identity: Some(Identity(identity)),
        index: None,
    }
}

/// What is known by its index in the store, if it has one.
fn indexed(index: Option<Identity>) -> Denoted {
    Denoted {
        identity: None,
        index,
    }
}
