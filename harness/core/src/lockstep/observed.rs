//! What a subject shows of its entities, and of the handles to them.

use crate::observe::Objects;
use crate::seen::Seen;
use lockstep_oracles::address::{GlobalAddr, InstanceAddr, MemAddr, TableAddr};
use lockstep_oracles::store::Extern;
use std::fmt;

/// The subject's entities by the oracle's addresses; `None` where it has no handle for one.
pub trait Entities: Objects {
    /// A memory's bytes.
    fn memory(&mut self, addr: MemAddr) -> Option<&[u8]>;
    /// A memory's size in pages, and bytes of a page.
    fn memory_pages(&mut self, addr: MemAddr) -> Option<(u64, u64)>;
    /// A global's value.
    fn global(&mut self, addr: GlobalAddr) -> Option<Seen>;
    /// A table's size.
    fn table_size(&mut self, addr: TableAddr) -> Option<u64>;
    /// A table's element, `index` below its size.
    fn table_element(&mut self, addr: TableAddr, index: u64) -> Seen;
    /// Whether the subject has a handle for the instance.
    fn has_instance(&self, addr: InstanceAddr) -> bool;
    /// What an accessor of an instance returns for an index. From then on the entity that this has to
    /// be is read through that handle.
    fn access(
        &mut self,
        instance: InstanceAddr,
        accessor: Accessor,
        index: u32,
        entity: Option<Extern>,
    ) -> Accessed;
    /// What the handle says that the host made or has from an export, if there is one.
    fn held(&mut self, entity: Extern) -> Option<Denoted>;
}

/// An accessor of an instance's entities by their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Accessor {
    /// Of functions
    Function,
    /// Of tables
    Table,
    /// Of memories that are not shared
    Memory,
    /// Of shared memories
    SharedMemory,
    /// Of globals
    Global,
    /// Of tags
    Tag,
}

impl Accessor {
    /// Every accessor.
    pub const ALL: [Accessor; 6] = [
        Accessor::Function,
        Accessor::Table,
        Accessor::Memory,
        Accessor::SharedMemory,
        Accessor::Global,
        Accessor::Tag,
    ];
}

impl fmt::Display for Accessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Accessor::Function => "function",
            Accessor::Table => "table",
            Accessor::Memory => "memory",
            Accessor::SharedMemory => "shared memory",
            Accessor::Global => "global",
            Accessor::Tag => "tag",
        })
    }
}

/// Which entity of its kind a handle denotes, in the engine's terms. Two handles of equal identity denote
/// one entity. An entity has one identity, but for functions, which may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(pub u64);

/// What a handle says of the entity that it denotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Denoted {
    /// What tells it from others without the debug API: a comparison of handles, or where it is.
    pub identity: Option<Identity>,
    /// Its stable index in the store, where the version's debug API has one.
    pub index: Option<Identity>,
}

/// What an accessor returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accessed {
    /// `None`.
    Nothing,
    /// A handle.
    Handle(Denoted),
}
