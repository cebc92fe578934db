//! A module instance: a module and the addresses of what its indices mean. It never holds a value;
//! values are in the store.

use crate::address::{DataAddr, ElemAddr, FuncAddr, GlobalAddr, MemAddr, TableAddr, TagAddr};
use crate::module::{ExternKind, ExternType, Module};
use crate::store::Extern;
use crate::types::TypeId;
use std::sync::Arc;

/// A module instance.
#[derive(Debug)]
pub struct Instance {
    /// The module.
    pub module: Arc<Module>,
    /// Its functions, imported ones first.
    pub funcs: Vec<FuncAddr>,
    /// Its tables, imported ones first.
    pub tables: Vec<TableAddr>,
    /// Its memories, imported ones first.
    pub memories: Vec<MemAddr>,
    /// Its globals, imported ones first.
    pub globals: Vec<GlobalAddr>,
    /// Its tags, imported ones first.
    pub tags: Vec<TagAddr>,
    /// Its types, as the store numbers them.
    pub types: Vec<TypeId>,
    /// Its element segments.
    pub(crate) elems: Vec<ElemAddr>,
    /// Its data segments.
    pub(crate) datas: Vec<DataAddr>,
}

impl Instance {
    /// What it exports under `name`.
    pub fn export(&self, name: &str) -> Option<Extern> {
        let export = self.module.export(name)?;
        let index = export.index as usize;
        Some(match export.kind {
            ExternKind::Func => Extern::Func(self.funcs[index]),
            ExternKind::Table => Extern::Table(self.tables[index]),
            ExternKind::Memory => Extern::Memory(self.memories[index]),
            ExternKind::Global => Extern::Global(self.globals[index]),
            ExternKind::Tag => Extern::Tag(self.tags[index]),
        })
    }

    /// What it was given for its imports, in their order.
    pub fn imports(&self) -> Vec<Extern> {
        let mut funcs = self.funcs.iter().map(|&addr| Extern::Func(addr));
        let mut tables = self.tables.iter().map(|&addr| Extern::Table(addr));
        let mut memories = self.memories.iter().map(|&addr| Extern::Memory(addr));
        let mut globals = self.globals.iter().map(|&addr| Extern::Global(addr));
        let mut tags = self.tags.iter().map(|&addr| Extern::Tag(addr));
        let imports = self.module.imports().iter();
        let given = imports.map(|import| match import.ty {
            ExternType::Func(_) => funcs.next(),
            ExternType::Table(_) => tables.next(),
            ExternType::Memory(_) => memories.next(),
            ExternType::Global(_) => globals.next(),
            ExternType::Tag(_) => tags.next(),
        });
        given.flatten().collect()
    }
}
