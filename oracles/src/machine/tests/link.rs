//! Linking and instantiation.

use super::*;
use crate::address::FuncIndex;
use crate::module::ExternType;
use crate::store::FuncInst;
use wasmparser::{GlobalType, MemoryType, RefType, TableType};

fn memory_type(initial: u64, maximum: Option<u64>) -> MemoryType {
    MemoryType {
        memory64: false,
        shared: false,
        initial,
        maximum,
        page_size_log2: None,
    }
}

fn table_type(initial: u64, maximum: Option<u64>) -> TableType {
    TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        initial,
        maximum,
        shared: false,
    }
}

/// Whether a module that imports `wanted` accepts `provided`.
fn links(machine: &mut Machine, wanted: &str, provided: Extern) -> bool {
    let module = module(&format!("(module (import \"m\" \"x\" {wanted}))"));
    match machine.instantiate(&module, &[provided]) {
        Ok(_) => true,
        Err(InstantiateError::Link { import: 0, .. }) => false,
        Err(e) => panic!("{e}"),
    }
}

#[test]
fn limits_are_matched_with_the_current_size() {
    let mut m = Machine::new(limits());
    let memory = m.store.alloc_memory(memory_type(1, Some(4)));
    let provided = Extern::Memory(memory);
    assert!(links(&mut m, "(memory 1)", provided));
    assert!(links(&mut m, "(memory 0 4)", provided));
    assert!(links(&mut m, "(memory 1 5)", provided));
    assert!(!links(&mut m, "(memory 2)", provided));
    assert!(!links(&mut m, "(memory 1 3)", provided));
    assert_eq!(m.store.memory_mut(memory).grow(1, u64::MAX), Some(1));
    assert!(links(&mut m, "(memory 2)", provided));
    assert_eq!(
        m.store.extern_type(provided),
        ExternType::Memory(memory_type(2, Some(4)))
    );

    let unlimited = Extern::Memory(m.store.alloc_memory(memory_type(1, None)));
    assert!(links(&mut m, "(memory 1)", unlimited));
    assert!(!links(&mut m, "(memory 1 65536)", unlimited));

    let table = Extern::Table(m.store.alloc_table(table_type(5, Some(9)), Ref::Null));
    assert!(links(&mut m, "(table 5 9 funcref)", table));
    assert!(!links(&mut m, "(table 6 funcref)", table));
    assert!(!links(&mut m, "(table 5 externref)", table));
}

#[test]
fn globals_and_functions_are_matched_exactly() {
    let mut m = Machine::new(limits());
    let ty = GlobalType {
        content_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    let global = Extern::Global(m.store.alloc_global(ty, Value::I32(1)));
    assert!(links(&mut m, "(global (mut i32))", global));
    assert!(!links(&mut m, "(global i32)", global));
    assert!(!links(&mut m, "(global (mut i64))", global));
    assert!(!links(&mut m, "(memory 0)", global));

    let ty = func_type(&[ValType::I32], &[]);
    let func = Extern::Func(m.store.alloc_host_func(ty, HostFuncId(0)));
    assert!(links(&mut m, "(func (param i32))", func));
    assert!(!links(&mut m, "(func)", func));
    assert!(!links(&mut m, "(func (param i32) (result i32))", func));
}

#[test]
fn the_number_of_imports_is_checked() {
    let module = module(r#"(module (import "m" "f" (func)))"#);
    let error = Machine::new(limits()).instantiate(&module, &[]);
    assert!(matches!(
        error,
        Err(InstantiateError::Link { import: 0, .. })
    ));
}

#[test]
fn what_is_larger_than_the_limits_is_not_allocated() {
    let mut m = Machine::new(limits());
    for wat in ["(module (memory 17))", "(module (table 1001 funcref))"] {
        let result = m.instantiate(&module(wat), &[]);
        assert!(matches!(result, Err(InstantiateError::Limit(_))), "{wat}");
    }
    assert_eq!(m.store.num_instances(), 0);
}

#[test]
fn segments_before_a_trapping_one_stay() {
    let mut m = Machine::new(limits());
    let memory = m.store.alloc_memory(memory_type(1, None));
    let table = m.store.alloc_table(table_type(2, None), Ref::Null);
    let module = module(
        r#"(module (import "m" "m" (memory 1)) (import "m" "t" (table 2 funcref))
            (func $f)
            (elem (i32.const 1) $f)
            (data (i32.const 0) "ab") (data (i32.const 65535) "cd") (data (i32.const 4) "ef"))"#,
    );
    assert_eq!(
        m.instantiate(&module, &[Extern::Memory(memory), Extern::Table(table)]),
        Err(InstantiateError::Trap(Trap::OutOfBoundsMemoryAccess))
    );
    assert_eq!(&m.store.memory(memory).bytes()[..6], b"ab\0\0\0\0");
    assert_eq!(m.store.memory(memory).bytes()[65535], 0);
    assert!(matches!(m.store.table(table).elements[1], Ref::Func(_)));
    assert_eq!(m.store.num_instances(), 1);
}

#[test]
fn a_dropped_segment_is_empty() {
    let mut p = program(
        r#"(module (memory 1) (table 4 funcref) (func $f)
            (elem $active (i32.const 0) $f) (elem $declared declare func $f) (elem $passive func $f)
            (data $d "xyz")
            (func (export "active") (param i32)
                (table.init $active (i32.const 1) (i32.const 0) (local.get 0)))
            (func (export "declared") (param i32)
                (table.init $declared (i32.const 1) (i32.const 0) (local.get 0)))
            (func (export "passive") (param i32)
                (table.init $passive (i32.const 1) (i32.const 0) (local.get 0)))
            (func (export "data") (param i32)
                (memory.init $d (i32.const 1) (i32.const 0) (local.get 0)))
            (func (export "drop") elem.drop $passive data.drop $d))"#,
    );
    let table = Stop::Trap(Trap::OutOfBoundsTableAccess);
    let memory = Stop::Trap(Trap::OutOfBoundsMemoryAccess);
    let mut check = |name: &str, count: u32, expected: Stop| {
        assert_eq!(p.call(name, &[count]), expected, "{name} {count}");
        p.machine.unwind();
    };
    check("active", 0, Stop::Return);
    check("active", 1, table);
    check("declared", 1, table);
    check("passive", 1, Stop::Return);
    check("data", 3, Stop::Return);
    check("data", 4, memory);
    assert_eq!(p.call("drop", &[]), Stop::Return);
    let mut check = |name: &str, count: u32, expected: Stop| {
        assert_eq!(p.call(name, &[count]), expected, "{name} {count}");
        p.machine.unwind();
    };
    check("passive", 0, Stop::Return);
    check("passive", 1, table);
    check("data", 1, memory);
}

#[test]
fn the_start_function_is_left_to_the_caller() {
    let mut p = program(
        r#"(module (global $g (export "g") (mut i32) (i32.const 0))
            (func $start (global.set $g (i32.const 5))) (start $start))"#,
    );
    let instance = p.machine.store.instance(p.instance);
    let Some(Extern::Global(global)) = instance.export("g") else {
        panic!("no global")
    };
    assert_eq!(instance.module.start(), Some(FuncIndex(0)));
    let start = instance.funcs[0];
    assert_eq!(p.machine.store.global(global).value(), Value::I32(0));
    p.machine.invoke(start, &[]).expect("no arguments");
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
    assert_eq!(p.machine.store.global(global).value(), Value::I32(5));
}

#[test]
fn initialisers_see_functions_and_imported_globals() {
    let mut m = Machine::new(limits());
    let ty = GlobalType {
        content_type: ValType::I32,
        mutable: false,
        shared: false,
    };
    let base = m.store.alloc_global(ty, Value::I32(3));
    let module = module(
        r#"(module (import "m" "base" (global $base i32))
            (global $f funcref (ref.func 0)) (global $copy i32 (global.get $base))
            (memory 1) (data (global.get $base) "z") (func))"#,
    );
    let addr = m
        .instantiate(&module, &[Extern::Global(base)])
        .expect("it links");
    let instance = m.store.instance(addr);
    let value = |i: usize| m.store.global(instance.globals[i]).value();
    assert_eq!(
        value(1),
        Value::Ref(Ref::Func(instance.funcs[0]), RefType::FUNCREF)
    );
    assert_eq!(value(2), Value::I32(3));
    assert_eq!(m.store.memory(instance.memories[0]).bytes()[3], b'z');
    assert!(matches!(
        m.store.func(instance.funcs[0]),
        FuncInst::Wasm {
            index: FuncIndex(0),
            ..
        }
    ));
}
