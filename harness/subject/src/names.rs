//! Which of the engine's objects is which of the oracle's.

use super::accessors::Reached;
use super::components::CoreModules;
use super::objects::HeldObjects;
use super::values::outcome_of;
use lockstep_core::outcome::{Outcome, SeenException};
use lockstep_core::seen::{Seen, SeenFunc, SeenRef};
use lockstep_core::subject::twin::twin_name;
use lockstep_oracles::address::{FuncAddr, GlobalAddr, InstanceAddr, MemAddr, TableAddr, TagAddr};
use lockstep_oracles::instance::Instance as OracleInstance;
use lockstep_oracles::module::ExternKind;
use lockstep_oracles::types::{Hierarchy, Types};
use lockstep_oracles::value::{Ref, Value};
use std::collections::HashMap;
use std::sync::Arc;
use wasmtime::{
    self, AnyRef, AsContextMut, ExnRef, ExternRef, Func, Global, I31, Instance, Memory, Module,
    Rooted, SharedMemory, Table, Tag, Val,
};

/// How the entities of an instance are reached.
#[derive(Clone, Debug)]
pub(super) enum Access {
    /// Through the debug API (`guest_debug` on).
    Debug,
    /// Through the twin's reserved exports.
    Twin,
    /// Only what the module exports.
    Exports,
}

/// What is known of one of the oracle's instances.
struct InstanceNames {
    handle: Option<Instance>,
    /// Whether the instantiation has returned. A frame gives the handle before, and of an instance that was
    /// not made, too.
    made: bool,
    /// None of a component's, until a frame shows it.
    module: Option<Module>,
    imported_funcs: u32,
    /// What the subject's PCs are beyond those of the module's binary.
    base: u32,
    funcs: Arc<[FuncAddr]>,
    /// Whether the pointers of its functions are in `Names::pointers`.
    scanned: bool,
}

/// The engine's objects by the oracle's addresses.
pub(super) struct Names {
    access: Access,
    instances: Vec<InstanceNames>,
    /// The instance of the last frame, which is nearly always that of the next.
    last: Option<(Instance, InstanceAddr)>,
    funcs: HashMap<FuncAddr, Func>,
    pub(super) pointers: HashMap<usize, FuncAddr>,
    /// What the accessors returned
    pub(super) reached: Reached,
    memories: HashMap<MemAddr, Memory>,
    shared: HashMap<MemAddr, SharedMemory>,
    globals: HashMap<GlobalAddr, Global>,
    tables: HashMap<TableAddr, Table>,
    pub(super) tags: HashMap<TagAddr, Tag>,
    pub(super) objects: HeldObjects,
    /// The core modules of the case's component, if it has one.
    pub(super) core: CoreModules,
}

impl Names {
    pub(super) fn new(access: Access) -> Names {
        Names {
            access,
            instances: Vec::new(),
            last: None,
            funcs: HashMap::new(),
            pointers: HashMap::new(),
            reached: Reached::default(),
            memories: HashMap::new(),
            shared: HashMap::new(),
            globals: HashMap::new(),
            tables: HashMap::new(),
            tags: HashMap::new(),
            objects: HeldObjects::default(),
            core: CoreModules::default(),
        }
    }

    pub(super) fn add_host_func(&mut self, store: impl AsContextMut, addr: FuncAddr, func: Func) {
        self.pointers.insert(func.to_raw(store) as usize, addr);
        self.funcs.insert(addr, func);
    }

    pub(super) fn add_memory(&mut self, addr: MemAddr, memory: Memory) {
        self.memories.entry(addr).or_insert(memory);
    }

    pub(super) fn add_global(&mut self, addr: GlobalAddr, global: Global) {
        self.globals.entry(addr).or_insert(global);
    }

    pub(super) fn add_table(&mut self, addr: TableAddr, table: Table) {
        self.tables.entry(addr).or_insert(table);
    }

    pub(super) fn add_shared(&mut self, addr: MemAddr, memory: SharedMemory) {
        self.shared.entry(addr).or_insert(memory);
    }

    pub(super) fn add_tag(&mut self, addr: TagAddr, tag: Tag) {
        self.tags.entry(addr).or_insert(tag);
    }

    pub(super) fn shared(&self, addr: MemAddr) -> Option<&SharedMemory> {
        self.shared.get(&addr)
    }

    pub(super) fn tag(&self, addr: TagAddr) -> Option<Tag> {
        self.tags.get(&addr).copied()
    }

    pub(super) fn func(&self, addr: FuncAddr) -> Option<Func> {
        self.funcs.get(&addr).copied()
    }

    pub(super) fn memory(&self, addr: MemAddr) -> Option<Memory> {
        self.memories.get(&addr).copied()
    }

    pub(super) fn global(&self, addr: GlobalAddr) -> Option<Global> {
        self.globals.get(&addr).copied()
    }

    pub(super) fn table(&self, addr: TableAddr) -> Option<Table> {
        self.tables.get(&addr).copied()
    }

    /// The handle of an instance, if it is known.
    pub(super) fn instance_handle(&self, addr: InstanceAddr) -> Option<Instance> {
        self.instances.get(addr.index())?.handle
    }

    /// The instances of which there is a handle.
    pub(super) fn with_handles(&self) -> Vec<InstanceAddr> {
        let all = (0..self.instances.len() as u32).map(InstanceAddr);
        all.filter(|&addr| self.has_instance(addr)).collect()
    }

    /// The instance that a handle denotes, if it is known by it.
    pub(super) fn address(&self, handle: Instance) -> Option<InstanceAddr> {
        let mut instances = self.instances.iter();
        let position = instances.position(|names| names.handle == Some(handle))?;
        Some(InstanceAddr(position as u32))
    }

    pub(super) fn has_instance(&self, addr: InstanceAddr) -> bool {
        self.instance_handle(addr).is_some()
    }

    /// Whether the instance was made, which is the same in every execution: whether there is a handle depends
    /// on what the debugger looked at.
    pub(super) fn is_made(&self, addr: InstanceAddr) -> bool {
        let names = self.instances.get(addr.index());
        names.is_some_and(|names| names.made)
    }

    /// Announces an oracle instance whose handle is not known yet: it is being instantiated.
    pub(super) fn announce(&mut self, oracle: &OracleInstance, module: Module) {
        self.announce_as(oracle, Some(module), 0);
    }

    /// The same of one that the engine makes for a component.
    pub(super) fn announce_in_component(&mut self, oracle: &OracleInstance, base: u32) {
        self.announce_as(oracle, None, base);
    }

    fn announce_as(&mut self, oracle: &OracleInstance, module: Option<Module>, base: u32) {
        self.instances.push(InstanceNames {
            handle: None,
            made: false,
            module,
            imported_funcs: oracle.module.num_imported_funcs(),
            base,
            funcs: oracle.funcs.clone().into(),
            scanned: false,
        });
    }

    /// Makes the handle of an instance known, and its entities with it.
    pub(super) fn bind(
        &mut self,
        mut store: impl AsContextMut,
        addr: InstanceAddr,
        oracle: &OracleInstance,
        handle: Instance,
    ) {
        let names = &mut self.instances[addr.index()];
        names.handle = Some(handle);
        names.made = true;
        self.bind_exports(&mut store, oracle, handle);
        for (index, &memory) in oracle.memories.iter().enumerate() {
            if let Some(handle) = self.reach_memory(&mut store, handle, index as u32) {
                self.add_memory(memory, handle);
            } else if let Some(handle) = self.reach_shared(&mut store, handle, index as u32) {
                self.add_shared(memory, handle);
            }
        }
        for (index, &tag) in oracle.tags.iter().enumerate() {
            if let Some(handle) = self.reach_tag(&mut store, handle, index as u32) {
                self.add_tag(tag, handle);
            }
        }
        for (index, &global) in oracle.globals.iter().enumerate() {
            if let Some(handle) = self.reach_global(&mut store, handle, index as u32) {
                self.add_global(global, handle);
            }
        }
        for (index, &table) in oracle.tables.iter().enumerate() {
            if let Some(handle) = self.reach_table(&mut store, handle, index as u32) {
                self.add_table(table, handle);
            }
        }
    }

    /// Exported entities are the same in every execution.
    fn bind_exports(
        &mut self,
        store: &mut impl AsContextMut,
        oracle: &OracleInstance,
        handle: Instance,
    ) {
        for export in oracle.module.exports() {
            let index = export.index as usize;
            match handle.get_export(&mut *store, &export.name) {
                Some(wasmtime::Extern::Func(func)) => {
                    self.funcs.entry(oracle.funcs[index]).or_insert(func);
                }
                Some(wasmtime::Extern::Memory(memory)) => {
                    self.add_memory(oracle.memories[index], memory);
                }
                Some(wasmtime::Extern::Global(global)) => {
                    self.add_global(oracle.globals[index], global);
                }
                Some(wasmtime::Extern::Table(table)) => self.add_table(oracle.tables[index], table),
                Some(wasmtime::Extern::SharedMemory(memory)) => {
                    self.add_shared(oracle.memories[index], memory);
                }
                Some(wasmtime::Extern::Tag(tag)) => self.add_tag(oracle.tags[index], tag),
                _ => {}
            }
        }
    }

    fn reach_memory(
        &self,
        store: &mut impl AsContextMut,
        handle: Instance,
        index: u32,
    ) -> Option<Memory> {
        match self.access {
            Access::Debug => handle.debug_memory(store, index),
            Access::Twin => handle.get_memory(store, &twin_name(ExternKind::Memory, index)),
            Access::Exports => None,
        }
    }

    fn reach_shared(
        &self,
        store: &mut impl AsContextMut,
        handle: Instance,
        index: u32,
    ) -> Option<SharedMemory> {
        match self.access {
            Access::Debug => handle.debug_shared_memory(store, index),
            Access::Twin => handle.get_shared_memory(store, &twin_name(ExternKind::Memory, index)),
            Access::Exports => None,
        }
    }

    fn reach_tag(
        &self,
        store: &mut impl AsContextMut,
        handle: Instance,
        index: u32,
    ) -> Option<Tag> {
        match self.access {
            Access::Debug => handle.debug_tag(store, index),
            Access::Twin => handle.get_tag(store, &twin_name(ExternKind::Tag, index)),
            Access::Exports => None,
        }
    }

    fn reach_global(
        &self,
        store: &mut impl AsContextMut,
        handle: Instance,
        index: u32,
    ) -> Option<Global> {
        match self.access {
            Access::Debug => handle.debug_global(store, index),
            Access::Twin => handle.get_global(store, &twin_name(ExternKind::Global, index)),
            Access::Exports => None,
        }
    }

    fn reach_table(
        &self,
        store: &mut impl AsContextMut,
        handle: Instance,
        index: u32,
    ) -> Option<Table> {
        match self.access {
            Access::Debug => handle.debug_table(store, index),
            Access::Twin => handle.get_table(store, &twin_name(ExternKind::Table, index)),
            Access::Exports => None,
        }
    }

    /// The oracle's instance of a handle, and whether `module` is its module.
    #[inline]
    pub(super) fn instance(
        &mut self,
        handle: Instance,
        module: Option<&Module>,
    ) -> Option<(InstanceAddr, bool)> {
        let addr = match self.last {
            Some((last, addr)) if last == handle => addr,
            _ => {
                let addr = self.find_instance(handle, module)?;
                self.last = Some((handle, addr));
                addr
            }
        };
        let Some(mine) = &self.instances[addr.index()].module else {
            return Some((addr, self.learns_module(addr, module)));
        };
        Some((
            addr,
            module.is_some_and(|module| Module::same(module, mine)),
        ))
    }

    fn find_instance(&mut self, handle: Instance, module: Option<&Module>) -> Option<InstanceAddr> {
        let found = self
            .instances
            .iter()
            .position(|names| names.handle == Some(handle));
        if self.core.are_there() {
            let found = found.map(|found| InstanceAddr(found as u32));
            return found.or_else(|| self.adopt(handle, module?, None));
        }
        // An instance that runs before its instantiation has returned, or whose instantiation
        // failed, is known by its module.
        let found = found.or_else(|| {
            let module = module?;
            let adopted = self.instances.iter().rposition(|names| {
                let mine = names.module.as_ref();
                names.handle.is_none() && mine.is_some_and(|mine| Module::same(mine, module))
            })?;
            self.instances[adopted].handle = Some(handle);
            Some(adopted)
        })?;
        Some(InstanceAddr(found as u32))
    }

    /// Takes the module that a frame shows for that of a component's instance, if it is; whether it is.
    #[cold]
    fn learns_module(&mut self, addr: InstanceAddr, module: Option<&Module>) -> bool {
        let Some(module) = module.filter(|module| self.is_of_component(addr, module)) else {
            return false;
        };
        self.instances[addr.index()].module = Some(module.clone());
        true
    }

    /// Takes an instance that a frame shows for one of a component's: for the one that is expected, if there is
    /// such, else for the first of its module that has no handle.
    pub(super) fn adopt(
        &mut self,
        handle: Instance,
        module: &Module,
        expected: Option<InstanceAddr>,
    ) -> Option<InstanceAddr> {
        let fits =
            |addr: &InstanceAddr| !self.has_instance(*addr) && self.is_of_component(*addr, module);
        let addr = expected.filter(fits).or_else(|| self.unbound_of(module))?;
        self.instances[addr.index()].handle = Some(handle);
        Some(addr)
    }

    /// What the subject's PCs of an instance are beyond those of its module's binary.
    #[inline]
    pub(super) fn base(&self, addr: InstanceAddr) -> u32 {
        self.instances[addr.index()].base
    }

    /// How many functions an instance's module imports.
    #[inline]
    pub(super) fn imported_funcs(&self, addr: InstanceAddr) -> u32 {
        self.instances[addr.index()].imported_funcs
    }

    /// A value of the engine in neutral terms.
    #[inline(always)]
    pub(super) fn seen(&mut self, store: impl AsContextMut, value: &Val) -> Seen {
        match value {
            Val::I32(v) => Seen::I32(*v as u32),
            Val::I64(v) => Seen::I64(*v as u64),
            Val::F32(v) => Seen::F32(*v),
            Val::F64(v) => Seen::F64(*v),
            Val::V128(v) => Seen::V128(v.as_u128()),
            Val::FuncRef(None) => Seen::Func(SeenFunc::Null),
            Val::ExternRef(None) => Seen::Extern(None),
            Val::AnyRef(None) => Seen::Ref(Hierarchy::Any, SeenRef::Null),
            Val::ExnRef(None) => Seen::Ref(Hierarchy::Exn, SeenRef::Null),
            reference => self.seen_reference(store, reference),
        }
    }

    #[inline(never)]
    fn seen_reference(&mut self, store: impl AsContextMut, value: &Val) -> Seen {
        match value {
            Val::FuncRef(Some(func)) => Seen::Func(self.seen_func(store, *func)),
            // A reference that its own scope no longer roots is no reference of this look.
            Val::ExternRef(Some(external)) => {
                let seen = self.objects.external(store, *external);
                seen.unwrap_or(Seen::Unmodelled)
            }
            Val::AnyRef(Some(any)) => match self.objects.any(store, *any) {
                Ok(seen) => Seen::Ref(Hierarchy::Any, seen),
                Err(_) => Seen::Unmodelled,
            },
            Val::ExnRef(Some(exn)) => match self.objects.exception(store, *exn) {
                Ok(seen) => Seen::Ref(Hierarchy::Exn, seen),
                Err(_) => Seen::Unmodelled,
            },
            _ => Seen::Unmodelled,
        }
    }

    /// How a call or an instantiation ended that failed with an error, or with an exception.
    pub(super) fn outcome_of(
        &mut self,
        store: impl AsContextMut,
        pending: Option<Rooted<ExnRef>>,
        error: &wasmtime::Error,
    ) -> Outcome {
        match pending {
            Some(exn) => Outcome::Thrown(self.seen_exception(store, exn)),
            None => outcome_of(error),
        }
    }

    /// An exception with its tag and payload.
    pub(super) fn seen_exception(
        &mut self,
        mut store: impl AsContextMut,
        exn: Rooted<ExnRef>,
    ) -> SeenException {
        let reference = self.seen(&mut store, &Val::ExnRef(Some(exn)));
        let Some(object) = reference.object() else {
            return SeenException {
                reference,
                tag: None,
                payload: Vec::new(),
            };
        };
        let count = self.object_len(&mut store, object);
        SeenException {
            reference,
            tag: self.object_tag(&mut store, object),
            payload: (0..count)
                .map(|index| self.object_field(&mut store, object, index))
                .collect(),
        }
    }

    fn seen_func(&mut self, mut store: impl AsContextMut, func: Func) -> SeenFunc {
        let raw = func.to_raw(&mut store) as usize;
        if let Some(&addr) = self.pointers.get(&raw) {
            return SeenFunc::Known(addr);
        }
        self.scan(&mut store);
        self.pointers
            .get(&raw)
            .map_or(SeenFunc::Unknown(raw), |&addr| SeenFunc::Known(addr))
    }

    /// Learns the function pointers of instances that were not looked at yet.
    fn scan(&mut self, store: &mut impl AsContextMut) {
        for names in &mut self.instances {
            let (false, Some(handle)) = (names.scanned, names.handle) else {
                continue;
            };
            names.scanned = true;
            for (index, &addr) in names.funcs.iter().enumerate() {
                let index = index as u32;
                let func = match self.access {
                    Access::Debug => handle.debug_function(&mut *store, index),
                    Access::Twin => {
                        handle.get_func(&mut *store, &twin_name(ExternKind::Func, index))
                    }
                    Access::Exports => None,
                };
                if let Some(func) = func {
                    self.pointers
                        .insert(func.to_raw(&mut *store) as usize, addr);
                }
            }
        }
        for (&addr, func) in &self.funcs {
            self.pointers
                .entry(func.to_raw(&mut *store) as usize)
                .or_insert(addr);
        }
    }

    /// A value of the oracle for the engine; `None` if it denotes a function without a handle, or an
    /// object: the host makes none.
    pub(super) fn val(
        &self,
        mut store: impl AsContextMut,
        types: &Types,
        value: Value,
    ) -> Option<wasmtime::Result<Val>> {
        Some(Ok(match value {
            Value::I32(v) => Val::I32(v as i32),
            Value::I64(v) => Val::I64(v as i64),
            Value::F32(v) => Val::F32(v),
            Value::F64(v) => Val::F64(v),
            Value::V128(v) => Val::V128(v.into()),
            Value::Ref(Ref::Null, ty) => match types.hierarchy(ty.heap_type())? {
                Hierarchy::Func => Val::FuncRef(None),
                Hierarchy::Extern => Val::ExternRef(None),
                Hierarchy::Any => Val::AnyRef(None),
                Hierarchy::Exn => Val::ExnRef(None),
            },
            Value::Ref(Ref::Func(addr), _) => Val::FuncRef(Some(self.func(addr)?)),
            Value::Ref(Ref::Extern(number), ty) => {
                let external = match ExternRef::new(&mut store, number) {
                    Ok(external) => external,
                    Err(error) => return Some(Err(error)),
                };
                if types.hierarchy(ty.heap_type())? == Hierarchy::Extern {
                    Val::ExternRef(Some(external))
                } else {
                    let internal = AnyRef::convert_extern(&mut store, external);
                    return Some(internal.map(|any| Val::AnyRef(Some(any))));
                }
            }
            Value::Ref(Ref::I31(n), ty) => {
                let any = AnyRef::from_i31(&mut store, I31::wrapping_u32(n));
                if types.hierarchy(ty.heap_type())? == Hierarchy::Any {
                    Val::AnyRef(Some(any))
                } else {
                    let external = ExternRef::convert_any(&mut store, any);
                    return Some(external.map(|external| Val::ExternRef(Some(external))));
                }
            }
            Value::Ref(Ref::Struct(_) | Ref::Array(_) | Ref::Exn(_), _) => return None,
        }))
    }
}
