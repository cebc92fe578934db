//! Host entities: what a case gives its modules to import, and what it writes from outside.

use super::execute::{Subject, failed};
use super::host::{self, HostEntity};
use super::values::{self, func_type, ref_type, val_type};
use lockstep_core::fault::Layer;
use lockstep_core::hosting::HostFunction;
use lockstep_core::subject::SubjectError;
use lockstep_core::subject::adapter::Wanted;
use lockstep_oracles::address::{FuncAddr, GlobalAddr, HostFuncId, MemAddr, TableAddr, TagAddr};
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{GlobalType, MemoryType, TableType};
use wasmtime::{Func, Val};

impl<T: Layer> Subject<T> {
    /// The engine's own type of an import. None if the engine refuses the module, which is reported
    /// when it is to be instantiated.
    fn import_type(&self, wanted: Option<Wanted<'_>>) -> Option<wasmtime::ExternType> {
        let wanted = wanted?;
        let module = self.factory.module(wanted.bytes, wanted.module).ok()?;
        let mut imports = module.imports();
        imports.nth(wanted.import).map(|import| import.ty())
    }

    /// Makes a host function in both: for an import, of its type.
    pub fn add_host_func(
        &mut self,
        function: HostFunction,
        wanted: Option<Wanted<'_>>,
    ) -> FuncAddr {
        let ty = match self.import_type(wanted) {
            Some(wasmtime::ExternType::Func(ty)) => ty,
            _ => func_type(&self.factory.engine, &function.ty),
        };
        let session = self.session();
        let id = HostFuncId(session.host.functions.len() as u32);
        let store = &mut session.driver.following.machine.store;
        let addr = match wanted {
            Some(Wanted { module, import, .. }) => {
                store.alloc_imported_func(module, &module.imports()[import], id)
            }
            None => store.alloc_host_func(function.ty.clone(), id),
        };
        session.host.functions.push(HostEntity {
            function,
            addr,
            calls: 0,
        });
        let func = Func::new_async(&mut self.store, ty, move |caller, params, results| {
            Box::new(host::call(caller, id, params, results))
        });
        let mut lent = self.store.data_mut().lend();
        if let Some(session) = lent.get() {
            session.names.add_host_func(&mut self.store, addr, func);
        }
        self.store.data_mut().give_back(lent);
        addr
    }

    /// Makes a memory of the host's in both.
    ///
    /// # Errors
    ///
    /// When the engine cannot make it.
    pub fn add_memory(&mut self, ty: MemoryType) -> Result<MemAddr, SubjectError> {
        let mut mine = wasmtime::MemoryTypeBuilder::new();
        mine.min(ty.initial)
            .max(ty.maximum)
            .memory64(ty.memory64)
            .shared(ty.shared);
        if let Some(log2) = ty.page_size_log2 {
            mine.page_size_log2(log2 as u8);
        }
        let mine = mine.build().map_err(failed)?;
        let addr = self.driver().following.machine.store.alloc_memory(ty);
        if ty.shared {
            let memory = wasmtime::SharedMemory::new(&self.factory.engine, mine).map_err(failed)?;
            self.session().names.add_shared(addr, memory);
            return Ok(addr);
        }
        self.limit_heap_beside(&ty);
        let memory = wasmtime::Memory::new(&mut self.store, mine).map_err(failed)?;
        self.session().names.add_memory(addr, memory);
        Ok(addr)
    }

    /// Makes a tag of the host's in both.
    ///
    /// # Errors
    ///
    /// When the engine cannot make it.
    pub fn add_tag(&mut self, wanted: Wanted<'_>) -> Result<TagAddr, SubjectError> {
        let Wanted { module, import, .. } = wanted;
        let store = &mut self.driver().following.machine.store;
        let addr = store.alloc_imported_tag(module, &module.imports()[import]);
        if let Some(wasmtime::ExternType::Tag(ty)) = self.import_type(Some(wanted)) {
            let tag = wasmtime::Tag::new(&mut self.store, &ty).map_err(failed)?;
            self.session().names.add_tag(addr, tag);
        }
        Ok(addr)
    }

    /// Makes a table of the host's in both, filled with `fill`: for an import, of its element type.
    ///
    /// # Errors
    ///
    /// When the engine cannot make it.
    pub fn add_table(
        &mut self,
        ty: TableType,
        fill: Ref,
        wanted: Option<Wanted<'_>>,
    ) -> Result<TableAddr, SubjectError> {
        let element = match self.import_type(wanted) {
            Some(wasmtime::ExternType::Table(ty)) => ty.element().clone(),
            _ => ref_type(ty.element_type),
        };
        let addr = self.driver().following.machine.store.alloc_table(ty, fill);
        let mine = if ty.table64 {
            wasmtime::TableType::new64(element, ty.initial, ty.maximum)
        } else {
            let max = ty.maximum.map(|n| n as u32);
            wasmtime::TableType::new(element, ty.initial as u32, max)
        };
        let fill = self.vals(&[Value::Ref(fill, ty.element_type)])?.remove(0);
        let Some(fill) = fill.ref_() else {
            return Err(SubjectError::new("an element is no reference"));
        };
        let table = wasmtime::Table::new(&mut self.store, mine, fill).map_err(failed)?;
        self.session().names.add_table(addr, table);
        Ok(addr)
    }

    /// Makes a global of the host's in both: for an import, of its type.
    ///
    /// # Errors
    ///
    /// When the engine cannot make it.
    pub fn add_global(
        &mut self,
        ty: GlobalType,
        value: Value,
        wanted: Option<Wanted<'_>>,
    ) -> Result<GlobalAddr, SubjectError> {
        let addr = self
            .driver()
            .following
            .machine
            .store
            .alloc_global(ty, value);
        let mutability = if ty.mutable {
            wasmtime::Mutability::Var
        } else {
            wasmtime::Mutability::Const
        };
        let mine = match self.import_type(wanted) {
            Some(wasmtime::ExternType::Global(ty)) => ty,
            _ => wasmtime::GlobalType::new(val_type(ty.content_type), mutability),
        };
        let initial = self.vals(&[value])?.remove(0);
        let global = wasmtime::Global::new(&mut self.store, mine, initial).map_err(failed)?;
        self.session().names.add_global(addr, global);
        Ok(addr)
    }

    /// Writes into a memory of both, from the host.
    ///
    /// # Errors
    ///
    /// When the bytes do not fit; nothing has been written then.
    pub fn write_memory(
        &mut self,
        addr: MemAddr,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), SubjectError> {
        let outside = |_| {
            let size = bytes.len();
            SubjectError::new(format!(
                "{size} bytes at {offset} are not inside the memory"
            ))
        };
        let oracle = self.driver().following.machine.store.memory_mut(addr);
        oracle.write(offset, bytes).map_err(outside)?;
        if let Some(shared) = self.session().names.shared(addr) {
            write_shared(shared, offset as usize, bytes);
            return Ok(());
        }
        let memory = self.session().names.memory(addr);
        let memory =
            memory.ok_or_else(|| SubjectError::new("no handle for a memory".to_owned()))?;
        let written = memory.write(&mut self.store, offset as usize, bytes);
        written.map_err(|error| SubjectError::new(error.to_string()))
    }

    /// A part of a memory, as the subject has it.
    pub fn memory_part(&mut self, addr: MemAddr, offset: u64, length: u64) -> Option<Vec<u8>> {
        let memory = self.session().names.memory(addr)?;
        let end = usize::try_from(offset.checked_add(length)?).ok()?;
        Some(memory.data(&self.store).get(offset as usize..end)?.to_vec())
    }

    /// Sets a global of both, from the host.
    ///
    /// # Errors
    ///
    /// When it is not mutable, or the value of another type.
    pub fn set_global(&mut self, addr: GlobalAddr, value: Value) -> Result<(), SubjectError> {
        let ty = self.driver().following.machine.store.global(addr).ty;
        let fits = self
            .driver()
            .following
            .machine
            .store
            .has_type(value, ty.content_type);
        if !ty.mutable || !fits {
            return Err(SubjectError::new(
                "the global cannot hold the value".to_owned(),
            ));
        }
        let global = self.session().names.global(addr);
        let global =
            global.ok_or_else(|| SubjectError::new("no handle for a global".to_owned()))?;
        let val = self.vals(&[value])?.remove(0);
        global.set(&mut self.store, val).map_err(failed)?;
        self.driver().following.machine.store.global_mut(addr).value = value.cell();
        Ok(())
    }

    pub(super) fn vals(&mut self, values: &[Value]) -> Result<Vec<Val>, SubjectError> {
        let mut lent = self.store.data_mut().lend();
        let vals = lent.get().map_or_else(Vec::new, |session| {
            let types = session.driver.following.machine.store.types();
            values
                .iter()
                .map(|&value| session.names.val(&mut self.store, types, value))
                .collect()
        });
        self.store.data_mut().give_back(lent);
        vals.into_iter()
            .map(|val| match val {
                Some(val) => val.map_err(unheld),
                None => Err(SubjectError::new("no handle for a reference")),
            })
            .collect()
    }
}

/// Writes into a shared memory, within its bounds.
#[allow(unsafe_code)]
fn write_shared(memory: &wasmtime::SharedMemory, offset: usize, bytes: &[u8]) {
    for (cell, &byte) in memory.data()[offset..].iter().zip(bytes) {
        // SAFETY: a case's memories belong to its own store, in which no guest runs now.
        unsafe { *cell.get() = byte };
    }
}

/// Why a value that the case gives the subject could not be made.
fn unheld(error: wasmtime::Error) -> SubjectError {
    match values::is_out_of_memory(&error) {
        true => SubjectError::of_exhaustion(format!("{error:#}")),
        false => failed(error),
    }
}
