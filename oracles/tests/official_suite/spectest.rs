//! The host module `spectest`. It never does anything: what is printed goes nowhere.

use lockstep_oracles::address::HostFuncId;
use lockstep_oracles::machine::Machine;
use lockstep_oracles::module::FuncType;
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{GlobalType, MemoryType, RefType, TableType, ValType};
use std::collections::HashMap;

/// The host module that the suite's scripts import.
pub(crate) fn spectest(machine: &mut Machine) -> HashMap<&'static str, Extern> {
    let store = &mut machine.store;
    let mut exports = HashMap::new();
    let functions: [(&str, &[ValType]); 7] = [
        ("print", &[]),
        ("print_i32", &[ValType::I32]),
        ("print_i64", &[ValType::I64]),
        ("print_f32", &[ValType::F32]),
        ("print_f64", &[ValType::F64]),
        ("print_i32_f32", &[ValType::I32, ValType::F32]),
        ("print_f64_f64", &[ValType::F64, ValType::F64]),
    ];
    for (id, (name, params)) in functions.into_iter().enumerate() {
        let ty = FuncType {
            params: params.into(),
            results: Box::default(),
        };
        let func = store.alloc_host_func(ty, HostFuncId(id as u32));
        exports.insert(name, Extern::Func(func));
    }
    for (name, value) in [
        ("global_i32", Value::I32(666)),
        ("global_i64", Value::I64(666)),
        ("global_f32", Value::F32(666.6_f32.to_bits())),
        ("global_f64", Value::F64(666.6_f64.to_bits())),
    ] {
        let ty = GlobalType {
            content_type: value.ty(),
            mutable: false,
            shared: false,
        };
        exports.insert(name, Extern::Global(store.alloc_global(ty, value)));
    }
    let table = TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        initial: 10,
        maximum: Some(20),
        shared: false,
    };
    let table64 = TableType {
        table64: true,
        ..table
    };
    for (name, ty) in [("table", table), ("table64", table64)] {
        exports.insert(name, Extern::Table(store.alloc_table(ty, Ref::Null)));
    }
    let memory = MemoryType {
        memory64: false,
        shared: false,
        initial: 1,
        maximum: Some(2),
        page_size_log2: None,
    };
    let shared = MemoryType {
        shared: true,
        ..memory
    };
    for (name, ty) in [("memory", memory), ("shared_memory", shared)] {
        exports.insert(name, Extern::Memory(store.alloc_memory(ty)));
    }
    exports
}
