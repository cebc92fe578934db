//! Host calls, re-entry, failure of the host, traps and limits.

use super::*;

const HOST: &str = r#"(module
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (func (export "f") (param i32) (result i32)
        i32.const 100 local.get 0 i32.const 2 call $add i32.add)
    (func (export "g") (result i32) i32.const 1)
    (export "add" (func $add)))"#;

#[test]
fn a_host_call_waits_for_its_answer() {
    let mut p = program(HOST);
    assert_eq!(p.call("f", &[40]), Stop::HostCall(HostFuncId(0)));
    assert_eq!(p.machine.host_args(), i32s(&[40, 2]));
    assert_eq!(p.op(), "call");
    assert_eq!(p.operands(), i32s(&[100, 40, 2]));
    // Asking again changes nothing.
    assert_eq!(p.step(), Stop::HostCall(HostFuncId(0)));

    p.machine.host_return(&i32s(&[42])).expect("results fit");
    assert_eq!(p.step(), Stop::SequencePoint);
    assert_eq!(p.op(), "i32.add");
    assert_eq!(p.operands(), i32s(&[100, 42]));
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
    assert_eq!(p.results(), i32s(&[142]));
}

#[test]
fn a_host_function_may_re_enter() {
    let mut p = program(HOST);
    assert_eq!(p.call("f", &[40]), Stop::HostCall(HostFuncId(0)));
    p.invoke("g", &[]);
    assert_eq!((p.machine.activations(), p.machine.depth()), (2, 2));
    assert_eq!(p.step(), Stop::SequencePoint);
    let seen: Vec<_> = p
        .machine
        .frames()
        .map(|f| (f.activation, f.op().name(), f.operands.len()))
        .collect();
    assert_eq!(
        seen,
        [(1, "i32.const".to_owned(), 0), (0, "call".to_owned(), 3)]
    );
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
    assert_eq!(p.results(), i32s(&[1]));

    assert_eq!(p.machine.activations(), 1);
    assert_eq!(p.machine.host_args(), i32s(&[40, 2]));
    p.machine.host_return(&i32s(&[0])).expect("results fit");
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
    assert_eq!(p.results(), i32s(&[100]));
    assert_eq!(p.machine.activations(), 0);
}

#[test]
fn an_invocation_at_a_sequence_point_leaves_the_interrupted_code_as_it_was() {
    let mut p = program(HOST);
    p.invoke("f", &[40]);
    p.step_to("call");
    assert_eq!(p.call("g", &[]), Stop::Return);
    assert_eq!(p.operands(), i32s(&[100, 40, 2]));
    assert_eq!(p.step(), Stop::HostCall(HostFuncId(0)));
    assert_eq!(p.machine.host_args(), i32s(&[40, 2]));
}

#[test]
fn a_failing_host_function_abandons_its_activation() {
    let mut p = program(HOST);
    assert_eq!(p.call("f", &[1]), Stop::HostCall(HostFuncId(0)));
    assert_eq!(p.call("f", &[2]), Stop::HostCall(HostFuncId(0)));
    p.machine.unwind();
    assert_eq!((p.machine.activations(), p.machine.depth()), (1, 1));
    assert_eq!(p.machine.host_args(), i32s(&[1, 2]));
    p.machine.unwind();
    assert_eq!((p.machine.activations(), p.machine.depth()), (0, 0));
}

#[test]
fn a_host_function_can_be_invoked_itself() {
    let mut p = program(HOST);
    assert_eq!(p.call("add", &[20, 22]), Stop::HostCall(HostFuncId(0)));
    assert_eq!(p.machine.host_args(), i32s(&[20, 22]));
    assert!(p.machine.top().is_none());
    assert_eq!(p.machine.frames().count(), 0);
    p.invoke("g", &[]);
    assert_eq!(p.machine.frames().count(), 1);
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
    p.machine.host_return(&i32s(&[42])).expect("results fit");
    assert_eq!(p.step(), Stop::Return);
    assert_eq!(p.results(), i32s(&[42]));
}

#[test]
fn values_that_do_not_fit_change_nothing() {
    let mut p = program(HOST);
    let f = p.func("f");
    assert_eq!(
        p.machine.invoke(f, &[]),
        Err(InvokeError::Arity {
            expected: 1,
            got: 0
        })
    );
    assert_eq!(
        p.machine.invoke(f, &[Value::I64(0)]),
        Err(InvokeError::Type {
            position: 0,
            expected: ValType::I32,
            got: ValType::I64
        })
    );
    assert_eq!(p.machine.activations(), 0);
    assert_eq!(p.machine.host_return(&[]), Err(InvokeError::NoHostCall));

    assert_eq!(p.call("f", &[1]), Stop::HostCall(HostFuncId(0)));
    assert!(p.machine.host_return(&[Value::F32(0)]).is_err());
    assert_eq!(p.machine.host_args(), i32s(&[1, 2]));
}

#[test]
fn a_reference_has_the_type_of_what_it_refers_to() {
    let mut p = program(r#"(module (func (export "f") (param funcref externref)))"#);
    let f = p.func("f");
    let func = Value::Ref(Ref::Func(f), wasmparser::RefType::FUNCREF);
    let host = Value::Ref(Ref::Extern(3), wasmparser::RefType::EXTERNREF);
    let null = |ty| Value::Ref(Ref::Null, ty);
    let nulls = [
        null(wasmparser::RefType::FUNCREF),
        null(wasmparser::RefType::EXTERNREF),
    ];
    for args in [[func, host], nulls] {
        assert_eq!(p.machine.invoke(f, &args), Ok(()));
        assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
    }
    assert!(p.machine.invoke(f, &[host, func]).is_err());
    assert!(p.machine.invoke(f, &[nulls[1], nulls[0]]).is_err());
}

#[test]
fn a_trap_shows_the_operands_of_its_opcode() {
    let mut p = program(
        r#"(module (memory 1) (table 3 funcref) (type $t (func))
            (func (export "div") (param i32 i32) (result i32)
                i32.const 7 local.get 0 local.get 1 i32.div_s i32.add)
            (func (export "load") (param i32) (result i32)
                i32.const 8 local.get 0 i32.load offset=65532 i32.add)
            (func (export "store") (param i32) local.get 0 i64.const 5 i64.store)
            (func (export "fill") (param i32) local.get 0 i32.const 5 i32.const 1 memory.fill)
            (func (export "indirect") (param i32) local.get 0 call_indirect (type $t)))"#,
    );
    let mut check = |name: &str, args: &[u32], trap: Trap, op: &str, operands: &[Value]| {
        assert_eq!(p.call(name, args), Stop::Trap(trap), "{name}");
        assert_eq!(p.op(), op);
        assert_eq!(p.operands(), operands);
        // A trap that was not unwound is reported again.
        assert_eq!(p.step(), Stop::Trap(trap));
        p.machine.unwind();
        assert_eq!(p.machine.depth(), 0);
    };
    check(
        "div",
        &[1, 0],
        Trap::IntegerDivideByZero,
        "i32.div_s",
        &i32s(&[7, 1, 0]),
    );
    check(
        "div",
        &[1 << 31, u32::MAX],
        Trap::IntegerOverflow,
        "i32.div_s",
        &i32s(&[7, 1 << 31, u32::MAX]),
    );
    check(
        "load",
        &[1],
        Trap::OutOfBoundsMemoryAccess,
        "i32.load",
        &i32s(&[8, 1]),
    );
    check(
        "store",
        &[65529],
        Trap::OutOfBoundsMemoryAccess,
        "i64.store",
        &[Value::I32(65529), Value::I64(5)],
    );
    check(
        "fill",
        &[65536],
        Trap::OutOfBoundsMemoryAccess,
        "memory.fill",
        &i32s(&[65536, 5, 1]),
    );
    check(
        "indirect",
        &[2],
        Trap::UninitializedElement,
        "call_indirect",
        &i32s(&[2]),
    );
    check(
        "indirect",
        &[3],
        Trap::UndefinedElement,
        "call_indirect",
        &i32s(&[3]),
    );
}

#[test]
fn an_indirect_call_of_another_type_traps() {
    let mut p = program(
        r#"(module (table funcref (elem $g)) (func $g (param i64))
            (func (export "f") i32.const 0 call_indirect))"#,
    );
    let trap = Stop::Trap(Trap::IndirectCallTypeMismatch);
    assert_eq!(p.call("f", &[]), trap);
    assert_eq!(p.operands(), i32s(&[0]));
}

#[test]
fn endless_recursion_is_exhaustion_before_the_call() {
    let mut p = program(
        r#"(module (table funcref (elem $g)) (type $t (func (param i32)))
            (func $f (export "direct") (param i32) local.get 0 call $f)
            (func $g (export "indirect") (param i32)
                local.get 0 i32.const 0 call_indirect (type $t)))"#,
    );
    let stop = Stop::Exhausted(Exhaustion::CallDepth);
    assert_eq!(p.call("direct", &[5]), stop);
    assert_eq!(p.machine.depth(), 100);
    assert_eq!(p.machine.max_depth(), 100);
    assert_eq!(p.op(), "call");
    assert_eq!(p.operands(), i32s(&[5]));
    p.machine.unwind();
    p.machine.reset_max_depth();
    assert_eq!(p.machine.max_depth(), 0);

    assert_eq!(p.call("indirect", &[5]), stop);
    assert_eq!(p.op(), "call_indirect");
    assert_eq!(p.operands(), i32s(&[5, 0]));
}

#[test]
fn the_stack_is_limited_too() {
    let locals = "(local i64)".repeat(1_000);
    let mut p = program(&format!(
        "(module (func $f (export \"f\") {locals} call $f))"
    ));
    assert_eq!(p.call("f", &[]), Stop::Exhausted(Exhaustion::StackCells));
    assert_eq!(p.machine.depth(), 10);
}

#[test]
fn an_invocation_beyond_the_limits_is_exhausted_at_once() {
    let mut p = program(r#"(module (import "host" "h" (func $h)) (func (export "f") call $h))"#);
    for _ in 0..100 {
        assert_eq!(p.call("f", &[]), Stop::HostCall(HostFuncId(0)));
    }
    assert_eq!(p.call("f", &[]), Stop::Exhausted(Exhaustion::CallDepth));
    assert!(p.machine.top().is_none());
    p.machine.unwind();
    assert_eq!(p.machine.activations(), 100);
    p.machine
        .host_return(&[])
        .expect("the call is still pending");
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
}

#[test]
fn locals_are_zero_at_every_call() {
    let mut p = program(
        r#"(module
            (func $g (result i64) (local i64 v128 funcref)
                local.get 0 (local.set 0 (i64.const -1)) (local.set 1 (v128.const i64x2 -1 -1))
                (local.set 2 (ref.func $g)))
            (func (export "f") (result i32)
                (i64.eqz (i64.add (call $g) (call $g))))
            (elem declare func $g))"#,
    );
    assert_eq!(p.call("f", &[]), Stop::Return);
    assert_eq!(p.results(), i32s(&[1]));
}

#[test]
fn growth_stops_at_the_limit() {
    let mut p = program(
        r#"(module (memory 1) (table 10 funcref)
            (func (export "memory") (param i32) (result i32) local.get 0 memory.grow)
            (func (export "table") (param i32) (result i32)
                ref.null func local.get 0 table.grow))"#,
    );
    for (name, delta, result) in [
        ("memory", 15, 1),
        ("memory", 1, u32::MAX),
        ("memory", 0, 16),
        ("table", 990, 10),
        ("table", 1, u32::MAX),
        ("table", u32::MAX, u32::MAX),
    ] {
        assert_eq!(p.call(name, &[delta]), Stop::Return);
        assert_eq!(p.results(), i32s(&[result]), "{name}.grow {delta}");
    }
}

#[test]
fn a_store_marks_the_pages_it_touches() {
    let mut p = program(
        r#"(module (memory 1) (data (i32.const 0) "x")
            (func (export "f") (param i32) local.get 0 i64.const 0 i64.store)
            (func (export "copy") (i32.const 8191) (i32.const 0) (i32.const 2) memory.copy))"#,
    );
    let memory = p.machine.store.instance(p.instance).memories[0];
    let dirty =
        |p: &Program| -> Vec<usize> { p.machine.store.memory(memory).dirty_pages().collect() };
    assert_eq!(dirty(&p), [0]);
    p.machine.store.memory_mut(memory).clear_dirty();
    assert_eq!(p.call("f", &[5 * 4096 - 1]), Stop::Return);
    assert_eq!(dirty(&p), [4, 5]);
    assert_eq!(p.call("copy", &[]), Stop::Return);
    assert_eq!(dirty(&p), [1, 2, 4, 5]);
}
