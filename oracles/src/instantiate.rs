//! Instantiation as section 4.5.4 of the specification orders it, up to the start function, which
//! it never calls.

use crate::address::{FuncAddr, FuncIndex, GlobalAddr, InstanceAddr};
use crate::instance::Instance;
use crate::limits::Limits;
use crate::machine::InstantiateError;
use crate::machine::memory_ops;
use crate::memory::WASM_PAGE;
use crate::module::{ConstExpr, ExternType, Module, SegmentMode};
use crate::store::{Extern, FuncInst, Store};
use crate::trap::Trap;
use crate::value::{Ref, Value};
use std::sync::Arc;

/// Instantiates `module`; what a trapping segment already did stays done.
pub(crate) fn instantiate(
    store: &mut Store,
    limits: &Limits,
    module: &Arc<Module>,
    imports: &[Extern],
) -> Result<InstanceAddr, InstantiateError> {
    check_imports(store, module, imports)?;
    check_limits(limits, module)?;
    let addr = allocate(store, module, imports);
    initialise(store, addr).map_err(InstantiateError::Trap)?;
    Ok(addr)
}

fn check_imports(
    store: &Store,
    module: &Module,
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
        let provided = store.extern_type(provided);
        if !matches(&provided, &import.ty) {
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

/// Import subtyping, section 4.5.1: what is provided may promise more than what is wanted.
fn matches(provided: &ExternType, wanted: &ExternType) -> bool {
    match (provided, wanted) {
        (ExternType::Func(p), ExternType::Func(w)) => p == w,
        (ExternType::Table(p), ExternType::Table(w)) => {
            p.element_type == w.element_type
                && limits_match(p.initial, p.maximum, w.initial, w.maximum)
        }
        (ExternType::Memory(p), ExternType::Memory(w)) => {
            limits_match(p.initial, p.maximum, w.initial, w.maximum)
        }
        (ExternType::Global(p), ExternType::Global(w)) => p == w,
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
        if ty.initial * WASM_PAGE > limits.memory_bytes {
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
fn allocate(store: &mut Store, module: &Arc<Module>, imports: &[Extern]) -> InstanceAddr {
    let addr = InstanceAddr(store.instances.len() as u32);
    let mut instance = Instance {
        module: Arc::clone(module),
        funcs: Vec::with_capacity(module.funcs.len()),
        tables: Vec::with_capacity(module.tables.len()),
        memories: Vec::with_capacity(module.memories.len()),
        globals: Vec::with_capacity(module.globals.len()),
        types: module.types.iter().map(|ty| store.type_id(ty)).collect(),
        elems: Vec::with_capacity(module.elems.len()),
        datas: Vec::with_capacity(module.datas.len()),
    };
    for &import in imports {
        match import {
            Extern::Func(addr) => instance.funcs.push(addr),
            Extern::Table(addr) => instance.tables.push(addr),
            Extern::Memory(addr) => instance.memories.push(addr),
            Extern::Global(addr) => instance.globals.push(addr),
        }
    }
    for function in module.functions() {
        let ty = instance.types[module.funcs[function.index.index()] as usize];
        let func = FuncInst::Wasm {
            instance: addr,
            index: function.index,
        };
        instance.funcs.push(store.alloc_func(func, ty));
    }
    for &ty in &module.tables[module.num_imported_tables as usize..] {
        instance.tables.push(store.alloc_table(ty, Ref::Null));
    }
    for &ty in &module.memories[module.num_imported_memories as usize..] {
        instance.memories.push(store.alloc_memory(ty));
    }
    let defined = &module.globals[module.num_imported_globals as usize..];
    for (&ty, &init) in defined.iter().zip(&module.global_inits) {
        let value = evaluate(store, &instance.funcs, &instance.globals, init);
        instance.globals.push(store.alloc_global(ty, value));
    }
    for segment in &module.elems {
        let elements = segment
            .items
            .iter()
            .map(
                |&item| match evaluate(store, &instance.funcs, &instance.globals, item) {
                    Value::Ref(r, _) => r,
                    other => panic!("crash: element {other} is no reference"),
                },
            )
            .collect();
        instance.elems.push(store.alloc_elem(elements));
    }
    for segment in &module.datas {
        instance
            .datas
            .push(store.alloc_data(Arc::clone(&segment.bytes)));
    }
    store.instances.push(instance);
    addr
}

/// Copies the active segments, elements before data, and drops what is of no further use.
fn initialise(store: &mut Store, addr: InstanceAddr) -> Result<(), Trap> {
    let module = Arc::clone(&store.instance(addr).module);
    for (i, segment) in module.elems.iter().enumerate() {
        let elem = store.instance(addr).elems[i];
        match segment.mode {
            SegmentMode::Passive => continue,
            SegmentMode::Declarative => {}
            SegmentMode::Active { index, offset } => {
                let table = store.instance(addr).tables[index as usize];
                let offset = offset_of(store, addr, offset);
                let count = segment.items.len() as u32;
                memory_ops::table_init(
                    &mut store.tables[table.index()],
                    &store.elems[elem.index()],
                    offset,
                    0,
                    count,
                )?;
            }
        }
        store.elems[elem.index()] = Box::default();
    }
    for (i, segment) in module.datas.iter().enumerate() {
        let SegmentMode::Active { index, offset } = segment.mode else {
            continue;
        };
        let memory = store.instance(addr).memories[index as usize];
        let data = store.instance(addr).datas[i];
        let offset = offset_of(store, addr, offset);
        store
            .memory_mut(memory)
            .write(u64::from(offset), &segment.bytes)
            .map_err(|_| Trap::OutOfBoundsMemoryAccess)?;
        store.datas[data.index()] = Arc::default();
    }
    Ok(())
}

fn offset_of(store: &Store, addr: InstanceAddr, offset: ConstExpr) -> u32 {
    let instance = store.instance(addr);
    match evaluate(store, &instance.funcs, &instance.globals, offset) {
        Value::I32(offset) => offset,
        other => panic!("crash: segment offset {other} is no i32"),
    }
}

fn evaluate(store: &Store, funcs: &[FuncAddr], globals: &[GlobalAddr], expr: ConstExpr) -> Value {
    match expr {
        ConstExpr::Value(value) => value,
        ConstExpr::RefFunc(FuncIndex(index)) => Value::Ref(
            Ref::Func(funcs[index as usize]),
            wasmparser::RefType::FUNCREF,
        ),
        ConstExpr::GlobalGet(index) => store.global(globals[index as usize]).value(),
    }
}
