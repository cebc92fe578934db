//! Instantiation as section 4.5.4 of the specification orders it, up to the start function, which
//! it never calls.

use crate::address::InstanceAddr;
use crate::constant::{ConstExpr, Scope};
use crate::instance::Instance;
use crate::limits::Limits;
use crate::machine::InstantiateError;
use crate::machine::memory_ops;
use crate::memory::page_size;
use crate::module::{ExternType, Import, Module, SegmentMode};
use crate::store::{Extern, FuncInst, Store};
use crate::trap::{Exhaustion, Trap};
use crate::types::{MAX_TYPES, TypeId, ref_in_store, val_in_store};
use crate::value::{Cell, Ref};
use std::sync::Arc;
use wasmparser::{GlobalType, TableType};

/// Instantiates `module`; what a trapping segment already did stays done.
pub(crate) fn instantiate(
    store: &mut Store,
    limits: &Limits,
    module: &Arc<Module>,
    imports: &[Extern],
) -> Result<InstanceAddr, InstantiateError> {
    if store.types.len() + module.types.len() > MAX_TYPES {
        let message = format!("more than {MAX_TYPES} types in the store");
        return Err(InstantiateError::Limit(message));
    }
    let types = store.types.of_module(module);
    check_imports(store, module, &types, imports)?;
    check_limits(limits, module)?;
    let addr = allocate(store, limits, module, types, imports)
        .map_err(|limit| InstantiateError::Limit(format!("the module's objects: {limit:?}")))?;
    initialise(store, limits, addr)?;
    Ok(addr)
}

fn check_imports(
    store: &Store,
    module: &Module,
    types: &[TypeId],
    imports: &[Extern],
) -> Result<(), InstantiateError> {
    let wanted = module.imports();
    if imports.len() != wanted.len() {
        return Err(InstantiateError::Link {
            import: imports.len().min(wanted.len()),
            message: format!(
                "{} imports wanted, {} provided",
                wanted.len(),
                imports.len()
            ),
        });
    }
    for (i, (import, &provided)) in wanted.iter().zip(imports).enumerate() {
        if !matches(store, types, provided, import) {
            return Err(InstantiateError::Link {
                import: i,
                message: format!(
                    "incompatible import type for \"{}\" \"{}\"",
                    import.module, import.name
                ),
            });
        }
    }
    Ok(())
}

/// Import subtyping (section *Matching*, external types): what is provided may promise more than
/// what is wanted.
fn matches(store: &Store, types: &[TypeId], provided: Extern, import: &Import) -> bool {
    let wanted_type = || types[import.type_index as usize];
    match (provided, store.extern_type(provided), &import.ty) {
        (Extern::Func(addr), _, ExternType::Func(_)) => store
            .types
            .is_subtype(store.func_types[addr.index()], wanted_type()),
        (Extern::Tag(addr), _, ExternType::Tag(_)) => store.tag(addr).ty == wanted_type(),
        (_, ExternType::Table(p), ExternType::Table(w)) => {
            p.element_type == ref_in_store(w.element_type, types)
                && p.table64 == w.table64
                && limits_match(p.initial, p.maximum, w.initial, w.maximum)
        }
        (_, ExternType::Memory(p), ExternType::Memory(w)) => {
            p.memory64 == w.memory64
                && p.shared == w.shared
                && page_size(&p) == page_size(w)
                && limits_match(p.initial, p.maximum, w.initial, w.maximum)
        }
        (_, ExternType::Global(p), ExternType::Global(w)) => {
            let wanted = val_in_store(w.content_type, types);
            p.mutable == w.mutable
                && if p.mutable {
                    p.content_type == wanted
                } else {
                    store.types.val_matches(p.content_type, wanted)
                }
        }
        _ => false,
    }
}

fn limits_match(min: u64, max: Option<u64>, wanted_min: u64, wanted_max: Option<u64>) -> bool {
    let max_matches = match (max, wanted_max) {
        (_, None) => true,
        (Some(max), Some(wanted)) => max <= wanted,
        (None, Some(_)) => false,
    };
    min >= wanted_min && max_matches
}

fn check_limits(limits: &Limits, module: &Module) -> Result<(), InstantiateError> {
    for ty in &module.memories[module.num_imported_memories as usize..] {
        if ty.initial.saturating_mul(page_size(ty)) > limits.memory_bytes {
            return Err(InstantiateError::Limit(format!(
                "a memory of {} pages is larger than the limit of {} bytes",
                ty.initial, limits.memory_bytes
            )));
        }
    }
    for ty in &module.tables[module.num_imported_tables as usize..] {
        if ty.initial > limits.table_elements {
            return Err(InstantiateError::Limit(format!(
                "a table of {} elements is larger than the limit of {}",
                ty.initial, limits.table_elements
            )));
        }
    }
    Ok(())
}

/// Allocates everything; no segment is copied yet.
fn allocate(
    store: &mut Store,
    limits: &Limits,
    module: &Arc<Module>,
    types: Vec<TypeId>,
    imports: &[Extern],
) -> Result<InstanceAddr, Exhaustion> {
    let addr = InstanceAddr(store.instances.len() as u32);
    let mut instance = import(module, types, imports);
    for function in module.functions() {
        let ty = instance.types[module.funcs[function.index.index()] as usize];
        let func = FuncInst::Wasm {
            instance: addr,
            index: function.index,
        };
        instance.funcs.push(store.alloc_func(func, ty));
    }
    for &ty in &module.memories[module.num_imported_memories as usize..] {
        instance.memories.push(store.alloc_memory(ty));
    }
    for &ty in &module.tags[module.num_imported_tags as usize..] {
        let ty = instance.types[ty as usize];
        instance.tags.push(store.add_tag(ty));
    }
    let defined = &module.globals[module.num_imported_globals as usize..];
    for (&ty, init) in defined.iter().zip(&module.global_inits) {
        let value = evaluate(store, limits, &instance, init)?;
        let content_type = val_in_store(ty.content_type, &instance.types);
        let ty = GlobalType { content_type, ..ty };
        let global = store.alloc_global(ty, value.typed(content_type));
        instance.globals.push(global);
    }
    let defined = &module.tables[module.num_imported_tables as usize..];
    for (&ty, init) in defined.iter().zip(&module.table_inits) {
        let init = match init {
            Some(init) => Ref::from_cell(evaluate(store, limits, &instance, init)?),
            None => Ref::Null,
        };
        let element_type = ref_in_store(ty.element_type, &instance.types);
        let ty = TableType { element_type, ..ty };
        instance.tables.push(store.alloc_table(ty, init));
    }
    for segment in &module.elems {
        let elements = segment
            .items
            .iter()
            .map(|item| evaluate(store, limits, &instance, item).map(Ref::from_cell))
            .collect::<Result<_, _>>()?;
        instance.elems.push(store.alloc_elem(elements));
    }
    for segment in &module.datas {
        instance
            .datas
            .push(store.alloc_data(Arc::clone(&segment.bytes)));
    }
    store.instances.push(instance);
    Ok(addr)
}

/// An instance that has only its imports.
fn import(module: &Arc<Module>, types: Vec<TypeId>, imports: &[Extern]) -> Instance {
    let mut instance = Instance {
        module: Arc::clone(module),
        funcs: Vec::with_capacity(module.funcs.len()),
        tables: Vec::with_capacity(module.tables.len()),
        memories: Vec::with_capacity(module.memories.len()),
        globals: Vec::with_capacity(module.globals.len()),
        tags: Vec::with_capacity(module.tags.len()),
        types,
        elems: Vec::with_capacity(module.elems.len()),
        datas: Vec::with_capacity(module.datas.len()),
    };
    for &import in imports {
        match import {
            Extern::Func(addr) => instance.funcs.push(addr),
            Extern::Table(addr) => instance.tables.push(addr),
            Extern::Memory(addr) => instance.memories.push(addr),
            Extern::Global(addr) => instance.globals.push(addr),
            Extern::Tag(addr) => instance.tags.push(addr),
        }
    }
    instance
}

/// Copies the active segments, elements before data, and drops what is of no further use.
fn initialise(
    store: &mut Store,
    limits: &Limits,
    addr: InstanceAddr,
) -> Result<(), InstantiateError> {
    let instance = store.instance(addr);
    let (module, globals) = (Arc::clone(&instance.module), instance.globals.clone());
    // A number refers to no function, and to no type either.
    let scope = Scope {
        module: &module,
        types: &[],
        funcs: &[],
        globals: &globals,
        heap_cells: limits.heap_cells,
    };
    for (i, segment) in module.elems.iter().enumerate() {
        let elem = store.instance(addr).elems[i];
        match &segment.mode {
            SegmentMode::Passive => continue,
            SegmentMode::Declarative => {}
            SegmentMode::Active { index, offset } => {
                let table = store.instance(addr).tables[*index as usize];
                let offset = offset_of(store, &scope, offset)?;
                let count = segment.items.len() as u64;
                memory_ops::table_init(
                    &mut store.tables[table.index()],
                    &store.elems[elem.index()],
                    offset,
                    0,
                    count,
                )
                .map_err(InstantiateError::Trap)?;
            }
        }
        store.elems[elem.index()] = Box::default();
    }
    for (i, segment) in module.datas.iter().enumerate() {
        let SegmentMode::Active { index, offset } = &segment.mode else {
            continue;
        };
        let memory = store.instance(addr).memories[*index as usize];
        let data = store.instance(addr).datas[i];
        let offset = offset_of(store, &scope, offset)?;
        store
            .memory_mut(memory)
            .write(offset, &segment.bytes)
            .map_err(|_| InstantiateError::Trap(Trap::OutOfBoundsMemoryAccess))?;
        store.datas[data.index()] = Arc::default();
    }
    Ok(())
}

/// A segment's offset: an `i32` or an `i64`, whose cells are zero-extended.
fn offset_of(
    store: &mut Store,
    scope: &Scope<'_>,
    offset: &ConstExpr,
) -> Result<u64, InstantiateError> {
    let value = offset.evaluate(store, scope);
    value
        .map(Cell::u64)
        .map_err(|limit| InstantiateError::Limit(format!("a segment's offset: {limit:?}")))
}

fn evaluate(
    store: &mut Store,
    limits: &Limits,
    instance: &Instance,
    expr: &ConstExpr,
) -> Result<Cell, Exhaustion> {
    let scope = Scope {
        module: &instance.module,
        types: &instance.types,
        funcs: &instance.funcs,
        globals: &instance.globals,
        heap_cells: limits.heap_cells,
    };
    expr.evaluate(store, &scope)
}
