//! What frames show while calls are pending.

use super::*;

#[test]
fn a_caller_shows_its_call_with_the_arguments() {
    let mut p = program(
        r#"(module
            (func $g (param i32 i64) (result i32) nop local.get 0)
            (func (export "f") (param i32) (result i32)
                i32.const 9 local.get 0 i64.const 3 call $g i32.add))"#,
    );
    p.invoke("f", &[5]);
    p.step_to("nop");
    let frames: Vec<_> = p.machine.frames().collect();
    assert_eq!(frames.len(), 2);
    let (callee, caller) = (&frames[0], &frames[1]);
    assert_eq!(
        callee.locals_typed().collect::<Vec<_>>(),
        [Value::I32(5), Value::I64(3)]
    );
    assert!(callee.operands.is_empty());
    assert_eq!(caller.op(), Opcode::Call);
    assert_eq!(
        caller.operands_typed().collect::<Vec<_>>(),
        [Value::I32(9), Value::I32(5), Value::I64(3)]
    );
    assert_eq!(caller.locals_typed().collect::<Vec<_>>(), i32s(&[5]));

    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
    assert_eq!(p.results(), i32s(&[14]));
}

#[test]
fn what_the_callee_does_to_its_parameters_is_not_seen_by_the_caller() {
    let mut p = program(
        r#"(module
            (func $g (param i32) (local.set 0 (i32.const 77)) nop)
            (func (export "f") i32.const 5 call $g))"#,
    );
    p.invoke("f", &[]);
    p.step_to("nop");
    let caller = p.machine.frames().last().expect("the caller");
    assert_eq!(caller.operands_typed().collect::<Vec<_>>(), i32s(&[5]));
}

#[test]
fn the_index_of_a_pending_indirect_call_is_gone() {
    let mut p = program(
        r#"(module (import "host" "h" (func $h (param i32)))
            (table funcref (elem $g $h))
            (func $g (param i32) nop)
            (func (export "f") (param i32)
                i64.const 1 i32.const 5 local.get 0 call_indirect (param i32) drop))"#,
    );
    let pending = [Value::I64(1), Value::I32(5)];

    p.invoke("f", &[0]);
    p.step_to("call_indirect");
    assert_eq!(p.operands().len(), 3);
    p.step_to("nop");
    let caller = p.machine.frames().last().expect("the caller");
    assert_eq!(caller.op(), Opcode::CallIndirect);
    assert_eq!(caller.operands_typed().collect::<Vec<_>>(), pending);
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);

    assert_eq!(p.call("f", &[1]), Stop::HostCall(HostFuncId(0)));
    assert_eq!(p.operands(), pending);
    assert_eq!(p.machine.host_args(), i32s(&[5]));
    p.machine.host_return(&[]).expect("no results");
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
}

#[test]
fn a_frame_knows_its_instance() {
    let mut p = program(r#"(module (func (export "f") nop))"#);
    let f = p.func("f");
    let outer = module(r#"(module (import "a" "f" (func $f)) (func (export "g") call $f))"#);
    let second = p
        .machine
        .instantiate(&outer, &[Extern::Func(f)])
        .expect("it links");
    let g = p.machine.store.instance(second).export("g");
    let Some(Extern::Func(g)) = g else {
        panic!("g is {g:?}")
    };
    p.machine.invoke(g, &[]).expect("no arguments");
    p.step_to("nop");
    let instances: Vec<_> = p.machine.frames().map(|f| f.instance).collect();
    assert_eq!(instances, [p.instance, second]);
    let functions: Vec<_> = p.machine.frames().map(|f| f.function.index.0).collect();
    assert_eq!(functions, [0, 1]);
}

#[test]
fn the_first_frame_above_a_direct_host_invocation_is_of_the_inner_activation() {
    let mut p = program(
        r#"(module (import "host" "h" (func $h)) (export "h" (func $h))
            (func (export "f") call $h))"#,
    );
    assert_eq!(p.call("f", &[]), Stop::HostCall(HostFuncId(0)));
    assert_eq!(p.call("h", &[]), Stop::HostCall(HostFuncId(0)));
    assert_eq!(p.call("f", &[]), Stop::HostCall(HostFuncId(0)));
    let activations: Vec<_> = p.machine.frames().map(|f| f.activation).collect();
    assert_eq!(activations, [2, 0]);
}
