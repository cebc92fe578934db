//! The store: every function, table, memory, global, tag, segment and object of all instances.
//! Addresses stay valid for ever; nothing is removed from a store.
//!
//! The type indices in its types are [`TypeId`]s.

use crate::address::{
    DataAddr, ElemAddr, FuncAddr, FuncIndex, GlobalAddr, HostFuncId, InstanceAddr, MemAddr,
    ObjectAddr, TableAddr, TagAddr,
};
use crate::heap::Heap;
use crate::instance::Instance;
use crate::memory::Memory;
use crate::module::{ExternType, FuncType, Import, Module};
use crate::types::{TypeId, Types, ref_in_store, val_in_store};
use crate::value::{Cell, Ref, Value};
use std::sync::Arc;
use wasmparser::{GlobalType, HeapType, MemoryType, TableType, ValType};

/// A function instance.
#[derive(Clone, Debug)]
pub enum FuncInst {
    /// Defined by a module
    Wasm {
        /// The instance it belongs to.
        instance: InstanceAddr,
        /// Its index in that instance's module.
        index: FuncIndex,
    },
    /// Provided by the embedder
    Host {
        /// Its type.
        ty: FuncType,
        /// The embedder's number for it.
        id: HostFuncId,
    },
}

/// The address of something that can be imported or exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extern {
    /// A function
    Func(FuncAddr),
    /// A table
    Table(TableAddr),
    /// A memory
    Memory(MemAddr),
    /// A global
    Global(GlobalAddr),
    /// A tag
    Tag(TagAddr),
}

/// A table instance.
#[derive(Debug)]
pub struct Table {
    /// Its elements.
    pub elements: Vec<Ref>,
    /// The type it was declared with; the length of `elements` is its current size.
    pub ty: TableType,
}

impl Table {
    /// The elements that it would have with `delta` more, if its type and the reach of its indices allow
    /// so many.
    pub(crate) fn grown(&self, delta: u64) -> Option<u64> {
        let new = (self.elements.len() as u64).checked_add(delta)?;
        let addressable = if self.ty.table64 {
            u64::MAX
        } else {
            u64::from(u32::MAX)
        };
        (new <= self.ty.maximum.unwrap_or(addressable)).then_some(new)
    }

    /// Grows by `delta` elements, at most to `limit` and to the type's maximum. Answers the
    /// previous size, or `None` if it may not grow so far.
    pub fn grow(&mut self, delta: u64, init: Ref, limit: u64) -> Option<u64> {
        let old = self.elements.len() as u64;
        let new = self.grown(delta).filter(|&new| new <= limit)?;
        self.elements.try_reserve_exact(delta as usize).ok()?;
        self.elements.resize(new as usize, init);
        Some(old)
    }
}

/// A global instance.
#[derive(Debug)]
pub struct Global {
    /// Its value, of the type's content.
    pub value: Cell,
    /// Its type.
    pub ty: GlobalType,
}

impl Global {
    /// The value with its type.
    pub fn value(&self) -> Value {
        self.value.typed(self.ty.content_type)
    }
}

/// A tag instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its type: a function type without results.
    pub ty: TypeId,
}

/// Everything that instances consist of.
#[derive(Debug, Default)]
pub struct Store {
    pub(crate) instances: Vec<Instance>,
    pub(crate) funcs: Vec<FuncInst>,
    /// Type of each of `funcs`.
    pub(crate) func_types: Vec<TypeId>,
    pub(crate) tables: Vec<Table>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) globals: Vec<Global>,
    /// Element segments; a dropped one is empty.
    pub(crate) elems: Vec<Box<[Ref]>>,
    /// Data segments; a dropped one is empty.
    pub(crate) datas: Vec<Arc<[u8]>>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) heap: Heap,
    pub(crate) types: Types,
}

/// Each accessor panics on an address that is not of this store.
impl Store {
    /// A function instance.
    pub fn func(&self, addr: FuncAddr) -> &FuncInst {
        &self.funcs[addr.index()]
    }

    /// Type of a function instance.
    pub fn func_type(&self, addr: FuncAddr) -> &FuncType {
        self.types.as_func(self.func_types[addr.index()])
    }

    /// A memory.
    pub fn memory(&self, addr: MemAddr) -> &Memory {
        &self.memories[addr.index()]
    }

    /// A memory, to be written.
    pub fn memory_mut(&mut self, addr: MemAddr) -> &mut Memory {
        &mut self.memories[addr.index()]
    }

    /// A table.
    pub fn table(&self, addr: TableAddr) -> &Table {
        &self.tables[addr.index()]
    }

    /// A table, to be written.
    pub fn table_mut(&mut self, addr: TableAddr) -> &mut Table {
        &mut self.tables[addr.index()]
    }

    /// A global.
    pub fn global(&self, addr: GlobalAddr) -> &Global {
        &self.globals[addr.index()]
    }

    /// A global, to be written.
    pub fn global_mut(&mut self, addr: GlobalAddr) -> &mut Global {
        &mut self.globals[addr.index()]
    }

    /// A tag.
    pub fn tag(&self, addr: TagAddr) -> Tag {
        self.tags[addr.index()]
    }

    /// The types of a tag's payload, as parameters.
    pub fn tag_type(&self, addr: TagAddr) -> &FuncType {
        self.types.as_func(self.tag(addr).ty)
    }

    /// The structures, arrays and exceptions.
    pub fn heap(&self) -> &Heap {
        &self.heap
    }

    /// The structures, arrays and exceptions, to be written.
    pub fn heap_mut(&mut self) -> &mut Heap {
        &mut self.heap
    }

    /// The types of all instances.
    pub fn types(&self) -> &Types {
        &self.types
    }

    /// A module instance.
    pub fn instance(&self, addr: InstanceAddr) -> &Instance {
        &self.instances[addr.index()]
    }

    /// The structures and arrays in the element segments of an instance that are not dropped, each with
    /// the index of its segment.
    pub fn segment_objects(
        &self,
        instance: InstanceAddr,
    ) -> impl Iterator<Item = (u32, ObjectAddr)> {
        let segments = (0..).zip(&self.instance(instance).elems);
        let elements = segments.flat_map(|(index, addr)| {
            let elements = self.elems[addr.index()].iter();
            elements.map(move |reference| (index, *reference))
        });
        elements.filter_map(|(index, reference)| match reference {
            Ref::Struct(addr) | Ref::Array(addr) => Some((index, addr)),
            _ => None,
        })
    }

    /// How many module instances there are, those included whose instantiation trapped.
    pub fn num_instances(&self) -> usize {
        self.instances.len()
    }

    /// How many function instances there are.
    pub fn num_funcs(&self) -> usize {
        self.funcs.len()
    }

    /// How many tables there are.
    pub fn num_tables(&self) -> usize {
        self.tables.len()
    }

    /// How many memories there are.
    pub fn num_memories(&self) -> usize {
        self.memories.len()
    }

    /// How many globals there are.
    pub fn num_globals(&self) -> usize {
        self.globals.len()
    }

    /// How many tags there are.
    pub fn num_tags(&self) -> usize {
        self.tags.len()
    }

    /// Adds a tag whose payload is of the parameter types of `ty`.
    pub fn alloc_tag(&mut self, ty: &FuncType) -> TagAddr {
        let ty = self.types.func(ty);
        self.add_tag(ty)
    }

    pub(crate) fn add_tag(&mut self, ty: TypeId) -> TagAddr {
        self.tags.push(Tag { ty });
        TagAddr(self.tags.len() as u32 - 1)
    }

    /// What an import of `module` wants, its type indices being this store's.
    pub fn import_type(&mut self, module: &Module, import: &Import) -> ExternType {
        let ids = self.types.of_module(module);
        let val = |ty| val_in_store(ty, &ids);
        let func = |ty: &FuncType| FuncType {
            params: ty.params.iter().map(|&ty| val(ty)).collect(),
            results: ty.results.iter().map(|&ty| val(ty)).collect(),
        };
        match &import.ty {
            ExternType::Func(ty) => ExternType::Func(func(ty)),
            ExternType::Tag(ty) => ExternType::Tag(func(ty)),
            ExternType::Memory(ty) => ExternType::Memory(*ty),
            ExternType::Table(ty) => ExternType::Table(TableType {
                element_type: ref_in_store(ty.element_type, &ids),
                ..*ty
            }),
            ExternType::Global(ty) => ExternType::Global(GlobalType {
                content_type: val(ty.content_type),
                ..*ty
            }),
        }
    }

    /// Adds a host function of exactly the type that an import of `module` names; the embedder knows
    /// it as `id`.
    pub fn alloc_imported_func(
        &mut self,
        module: &Module,
        import: &Import,
        id: HostFuncId,
    ) -> FuncAddr {
        let type_id = self.types.of_module(module)[import.type_index as usize];
        let ty = self.types.as_func(type_id).clone();
        self.alloc_func(FuncInst::Host { ty, id }, type_id)
    }

    /// Adds a tag of exactly the type that an import of `module` names.
    pub fn alloc_imported_tag(&mut self, module: &Module, import: &Import) -> TagAddr {
        let type_id = self.types.of_module(module)[import.type_index as usize];
        self.add_tag(type_id)
    }

    /// Adds a host function that the embedder knows as `id`.
    pub fn alloc_host_func(&mut self, ty: FuncType, id: HostFuncId) -> FuncAddr {
        let type_id = self.types.func(&ty);
        self.alloc_func(FuncInst::Host { ty, id }, type_id)
    }

    /// Adds a zeroed memory.
    pub fn alloc_memory(&mut self, ty: MemoryType) -> MemAddr {
        self.memories.push(Memory::new(ty));
        MemAddr(self.memories.len() as u32 - 1)
    }

    /// Adds a table whose elements are all `init`.
    pub fn alloc_table(&mut self, ty: TableType, init: Ref) -> TableAddr {
        self.tables.push(Table {
            elements: vec![init; ty.initial as usize],
            ty,
        });
        TableAddr(self.tables.len() as u32 - 1)
    }

    /// Adds a global.
    pub fn alloc_global(&mut self, ty: GlobalType, value: Value) -> GlobalAddr {
        self.globals.push(Global {
            value: value.cell(),
            ty,
        });
        GlobalAddr(self.globals.len() as u32 - 1)
    }

    /// The external type of `e`, with a table's or memory's *current* size as its minimum, as the
    /// specification's external typing has it.
    pub fn extern_type(&self, e: Extern) -> ExternType {
        match e {
            Extern::Func(addr) => ExternType::Func(self.func_type(addr).clone()),
            Extern::Table(addr) => {
                let table = self.table(addr);
                ExternType::Table(TableType {
                    initial: table.elements.len() as u64,
                    ..table.ty
                })
            }
            Extern::Memory(addr) => {
                let memory = self.memory(addr);
                ExternType::Memory(MemoryType {
                    initial: memory.pages(),
                    ..memory.ty
                })
            }
            Extern::Global(addr) => ExternType::Global(self.global(addr).ty),
            Extern::Tag(addr) => ExternType::Tag(self.tag_type(addr).clone()),
        }
    }

    pub(crate) fn alloc_func(&mut self, func: FuncInst, ty: TypeId) -> FuncAddr {
        self.funcs.push(func);
        self.func_types.push(ty);
        FuncAddr(self.funcs.len() as u32 - 1)
    }

    pub(crate) fn alloc_elem(&mut self, elements: Box<[Ref]>) -> ElemAddr {
        self.elems.push(elements);
        ElemAddr(self.elems.len() as u32 - 1)
    }

    pub(crate) fn alloc_data(&mut self, bytes: Arc<[u8]>) -> DataAddr {
        self.datas.push(bytes);
        DataAddr(self.datas.len() as u32 - 1)
    }

    /// Whether a value may stand where `expected` is wanted. The referent decides, not the static
    /// type that came with it.
    pub fn has_type(&self, value: Value, expected: ValType) -> bool {
        let (Value::Ref(r, ty), ValType::Ref(wanted)) = (value, expected) else {
            return value.ty() == expected;
        };
        match r {
            Ref::Null => {
                wanted.is_nullable()
                    && self
                        .types
                        .same_hierarchy(ty.heap_type(), wanted.heap_type())
            }
            r => self.ref_matches(r, wanted.heap_type()),
        }
    }

    /// Whether a reference that is not null belongs to a heap type (the store's scope).
    fn ref_matches(&self, r: Ref, wanted: HeapType) -> bool {
        match wanted {
            HeapType::Concrete(index) => match self.types.at(index) {
                Some((wanted, _)) => {
                    is_concrete(&self.types, &self.func_types, &self.heap, r, wanted)
                }
                None => false,
            },
            HeapType::Abstract { ty, .. } => match r {
                // Only such functions, objects and exceptions as there are.
                Ref::Func(addr) if addr.index() >= self.funcs.len() => false,
                Ref::Struct(addr) | Ref::Array(addr) if addr.index() >= self.heap.num_objects() => {
                    false
                }
                Ref::Exn(addr) if addr.index() >= self.heap.num_exceptions() => false,
                r => r.is_abstract(ty),
            },
            HeapType::Exact(_) => false,
        }
    }
}

/// Whether a reference belongs to a type of the store.
#[inline]
pub(crate) fn is_concrete(
    types: &Types,
    func_types: &[TypeId],
    heap: &Heap,
    r: Ref,
    wanted: TypeId,
) -> bool {
    let actual = match r {
        Ref::Func(addr) => func_types.get(addr.index()).copied(),
        Ref::Struct(addr) | Ref::Array(addr) => heap.get(addr).map(|object| object.ty),
        _ => None,
    };
    actual.is_some_and(|actual| types.is_subtype(actual, wanted))
}
