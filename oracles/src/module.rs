//! A module, decoded, validated and compiled: immutable, and shared by all its instances.
//!
//! It never holds state of an instance.

use crate::address::FuncIndex;
use crate::code::Function;
use crate::constant::ConstExpr;
use crate::types::SubType;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasmparser::{GlobalType, MemoryType, TableType, WasmFeatures};

pub use crate::types::FuncType;

/// The type of something that is imported or exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternType {
    /// A function
    Func(FuncType),
    /// A table
    Table(TableType),
    /// A memory
    Memory(MemoryType),
    /// A global
    Global(GlobalType),
    /// A tag, with the types of its payload as parameters
    Tag(FuncType),
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// First part of the name.
    pub module: String,
    /// Second part of the name.
    pub name: String,
    /// What is wanted; its type indices are the module's.
    pub ty: ExternType,
    /// Type index of a function or tag; 0 for others.
    pub(crate) type_index: u32,
}

/// The index space that an export's index belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExternKind {
    /// Functions
    Func,
    /// Tables
    Table,
    /// Memories
    Memory,
    /// Globals
    Global,
    /// Tags
    Tag,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its index space.
    pub kind: ExternKind,
    /// Its index in that space, imports first.
    pub index: u32,
}

/// Why a binary is no module of the oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModuleErrorKind {
    /// It does not decode.
    Malformed,
    /// It decodes, but does not validate.
    Invalid,
    /// It is valid for the given features, but the oracle does not implement all that it uses.
    Unsupported,
}

/// A binary that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at offset 0x{offset:x})")]
pub struct ModuleError {
    /// Byte offset from the start of the binary.
    pub offset: usize,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What sort of error it is.
    pub kind: ModuleErrorKind,
}

/// When a segment is copied into its table or memory.
#[derive(Clone, Debug)]
pub(crate) enum SegmentMode {
    /// By `table.init` or `memory.init`
    Passive,
    /// At instantiation, into this table or memory, at this offset
    Active { index: u32, offset: ConstExpr },
    /// Never: it only declares that functions are referenced
    Declarative,
}

/// An element segment.
#[derive(Clone, Debug)]
pub(crate) struct ElemSegment {
    pub(crate) mode: SegmentMode,
    pub(crate) items: Box<[ConstExpr]>,
}

/// A data segment.
#[derive(Clone, Debug)]
pub(crate) struct DataSegment {
    pub(crate) mode: SegmentMode,
    pub(crate) bytes: Arc<[u8]>,
}

/// A module.
#[derive(Debug, Default)]
pub struct Module {
    pub(crate) types: Vec<SubType>,
    /// Sizes of the recursion groups that `types` consist of.
    pub(crate) groups: Vec<u32>,
    pub(crate) imports: Vec<Import>,
    pub(crate) exports: Vec<Export>,
    /// Positions in `exports`, in the order of names.
    pub(crate) exports_by_name: Vec<u32>,
    /// Type index of each function, imports first.
    pub(crate) funcs: Vec<u32>,
    pub(crate) num_imported_funcs: u32,
    pub(crate) functions: Vec<Function>,
    pub(crate) tables: Vec<TableType>,
    pub(crate) num_imported_tables: u32,
    /// Initialisers of the tables that are not imported; null without one.
    pub(crate) table_inits: Vec<Option<ConstExpr>>,
    pub(crate) memories: Vec<MemoryType>,
    pub(crate) num_imported_memories: u32,
    pub(crate) globals: Vec<GlobalType>,
    pub(crate) num_imported_globals: u32,
    /// Initialisers of the globals that are not imported.
    pub(crate) global_inits: Vec<ConstExpr>,
    /// Type index of each tag, imported ones first.
    pub(crate) tags: Vec<u32>,
    pub(crate) num_imported_tags: u32,
    pub(crate) elems: Vec<ElemSegment>,
    pub(crate) datas: Vec<DataSegment>,
    pub(crate) start: Option<FuncIndex>,
    pub(crate) names: BTreeMap<FuncIndex, String>,
}

impl Module {
    /// Decodes, validates and compiles a binary.
    ///
    /// # Errors
    ///
    /// If the binary is malformed, not valid under `features`, or uses what the oracle does not
    /// implement; [`ModuleError::kind`] says which. An unsupported module is a valid one.
    pub fn new(bytes: &[u8], features: WasmFeatures) -> Result<Arc<Module>, ModuleError> {
        crate::decode::decode(bytes, features).map(Arc::new)
    }

    /// The imports, in order.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// The exports, in order.
    pub fn exports(&self) -> &[Export] {
        &self.exports
    }

    /// The export of this name.
    pub fn export(&self, name: &str) -> Option<&Export> {
        let named = |&at: &u32| self.exports[at as usize].name.as_str().cmp(name);
        let found = self.exports_by_name.binary_search_by(named).ok()?;
        Some(&self.exports[self.exports_by_name[found] as usize])
    }

    /// Makes exports found by their names.
    pub(crate) fn index_exports(&mut self) {
        let mut places: Vec<u32> = (0..self.exports.len() as u32).collect();
        places.sort_unstable_by_key(|&at| self.exports[at as usize].name.as_str());
        self.exports_by_name = places;
    }

    /// Type of a function.
    ///
    /// # Panics
    ///
    /// If the module has no such function.
    pub fn func_type(&self, func: FuncIndex) -> &FuncType {
        self.types[self.funcs[func.index()] as usize].as_func()
    }

    /// The types of the type section, in order.
    pub fn types(&self) -> &[SubType] {
        &self.types
    }

    /// The payload types, as parameters, of a tag; imported ones come first.
    ///
    /// # Panics
    ///
    /// If the module has no such tag.
    pub fn tag_type(&self, tag: u32) -> &FuncType {
        self.types[self.tags[tag as usize] as usize].as_func()
    }

    /// How many tags there are, imported ones included.
    pub fn num_tags(&self) -> u32 {
        self.tags.len() as u32
    }

    /// How many tags are imported.
    pub fn num_imported_tags(&self) -> u32 {
        self.num_imported_tags
    }

    /// How many functions are imported.
    pub fn num_imported_funcs(&self) -> u32 {
        self.num_imported_funcs
    }

    /// How many functions there are, imported ones included.
    pub fn num_funcs(&self) -> u32 {
        self.funcs.len() as u32
    }

    /// A function that the module defines; `None` for imports and out of range.
    pub fn function(&self, func: FuncIndex) -> Option<&Function> {
        let defined = func.0.checked_sub(self.num_imported_funcs)?;
        self.functions.get(defined as usize)
    }

    /// The functions that the module defines, in order.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Types of the memories, imported ones first.
    pub fn memories(&self) -> &[MemoryType] {
        &self.memories
    }

    /// Types of the tables, imported ones first.
    pub fn tables(&self) -> &[TableType] {
        &self.tables
    }

    /// Types of the globals, imported ones first.
    pub fn globals(&self) -> &[GlobalType] {
        &self.globals
    }

    /// How many memories are imported.
    pub fn num_imported_memories(&self) -> u32 {
        self.num_imported_memories
    }

    /// How many tables are imported.
    pub fn num_imported_tables(&self) -> u32 {
        self.num_imported_tables
    }

    /// How many globals are imported.
    pub fn num_imported_globals(&self) -> u32 {
        self.num_imported_globals
    }

    /// The start function.
    pub fn start(&self) -> Option<FuncIndex> {
        self.start
    }

    /// Whether an initialiser or a segment of it makes objects.
    pub fn makes_objects(&self) -> bool {
        let globals = self.global_inits.iter();
        let tables = self.table_inits.iter().flatten();
        let segments = self.elems.iter().flat_map(|segment| &*segment.items);
        let mut all = globals.chain(tables).chain(segments);
        all.any(ConstExpr::makes_objects)
    }

    /// A function's name, if the name section gives one.
    pub fn func_name(&self, func: FuncIndex) -> Option<&str> {
        self.names.get(&func).map(String::as_str)
    }
}

#[cfg(test)]
pub(crate) mod tests;
