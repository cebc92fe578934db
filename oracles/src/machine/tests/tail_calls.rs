//! A tail call replaces its frame: nothing of it is seen, and its caller goes on after its own call.

use super::*;

#[test]
fn a_million_tail_calls_need_one_frame() {
    let mut p = program(
        r#"(module (func $f (export "f") (param i32 i64) (result i64)
            local.get 0 i32.eqz if local.get 1 return end
            local.get 0 i32.const 1 i32.sub
            local.get 1 i64.const 2 i64.add
            return_call $f))"#,
    );
    let f = p.func("f");
    let args = [Value::I32(1_000_000), Value::I64(0)];
    p.machine.invoke(f, &args).expect("they fit");
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
    assert_eq!(p.results(), [Value::I64(2_000_000)]);
    assert_eq!(p.machine.max_depth(), 1);
}

#[test]
fn the_results_replace_the_arguments_of_the_first_callee() {
    let mut p = program(
        r#"(module
            (type $wide (func (param i32 i32 i32 i32) (result i32)))
            (func $wide (type $wide) (local i64 i64)
                local.get 0 local.get 1 local.get 2 local.get 3 i32.add i32.add i32.add)
            (func $first (param i64) (result i32)
                i32.const 1 i32.const 2 i32.const 3 i32.const 4 ref.func $wide
                return_call_ref $wide)
            (elem declare func $wide)
            (func (export "f") (result i32)
                i32.const 100 i64.const 0 call $first i32.add))"#,
    );
    p.invoke("f", &[]);
    p.step_to("return_call_ref");
    assert_eq!(p.step(), Stop::SequencePoint);
    assert_eq!(p.machine.depth(), 2);
    let frames: Vec<_> = p.machine.frames().collect();
    assert_eq!(frames[0].position, 0);
    let locals: Vec<Value> = frames[0].locals_typed().collect();
    assert_eq!(locals[..4], i32s(&[1, 2, 3, 4]));
    assert_eq!(locals[4..], [Value::I64(0), Value::I64(0)]);
    let pending: Vec<Value> = frames[1].operands_typed().collect();
    assert_eq!(pending, [Value::I32(100), Value::I64(0)]);
    assert_eq!(p.step_out(), Stop::Return);
    assert_eq!(p.results(), i32s(&[110]));
}

#[test]
fn a_host_function_takes_the_place_of_the_frame_that_tail_calls_it() {
    let mut p = program(
        r#"(module (import "host" "h" (func $h (param i32 i32 i32) (result i32)))
            (func $g (export "g") (result i32)
                i32.const 1 i32.const 2 i32.const 3 return_call $h)
            (func (export "f") (result i32) i32.const 50 call $g i32.add))"#,
    );
    assert_eq!(p.call("f", &[]), Stop::HostCall(HostFuncId(0)));
    assert_eq!(p.machine.host_args(), i32s(&[1, 2, 3]));
    assert_eq!((p.op().as_str(), p.machine.depth()), ("call", 1));
    assert_eq!(p.operands(), i32s(&[50]));
    // Re-entry does not touch what waits.
    assert_eq!(p.call("g", &[]), Stop::HostCall(HostFuncId(0)));
    assert!(p.machine.top().is_none() && p.machine.has_entered_code());
    assert_eq!((p.machine.depth(), p.machine.activations()), (1, 2));
    assert_eq!(p.machine.host_return(&i32s(&[5])), Ok(()));
    assert_eq!(p.step(), Stop::Return);
    assert_eq!(p.results(), i32s(&[5]));
    assert_eq!(p.machine.host_args(), i32s(&[1, 2, 3]));
    assert_eq!(p.machine.host_return(&i32s(&[7])), Ok(()));
    assert_eq!(p.step(), Stop::SequencePoint);
    assert_eq!((p.op().as_str(), p.operands()), ("i32.add", i32s(&[50, 7])));
    assert_eq!(p.step_out(), Stop::Return);
    assert_eq!(p.results(), i32s(&[57]));
}

#[test]
fn a_tail_call_that_reaches_a_limit_is_as_before() {
    let locals = "i64 ".repeat(20_000);
    let mut p = program(&format!(
        r#"(module (table funcref (elem $big))
            (func $big (param i32) (local {locals}))
            (func (export "f") (param i32) (local i32)
                i32.const 4 i32.const 0 return_call_indirect (param i32)))"#
    ));
    let stop = p.call("f", &[3]);
    assert_eq!(stop, Stop::Exhausted(Exhaustion::StackCells));
    assert_eq!(
        (p.op().as_str(), p.operands()),
        ("return_call_indirect", i32s(&[4, 0]))
    );
    let locals: Vec<Value> = p.machine.top().expect("a frame").locals_typed().collect();
    assert_eq!(locals, i32s(&[3, 0]));
}

#[test]
fn what_a_tail_called_function_throws_its_replaced_caller_does_not_catch() {
    let mut p = program(
        r#"(module (tag $t) (func $g throw $t)
            (func $f (block (try_table (catch_all 0) (return_call $g))))
            (func (export "f") (result i32)
                (block (try_table (catch_all 0) (call $f)) (return (i32.const 0)))
                (i32.const 1)))"#,
    );
    assert!(matches!(p.call("f", &[]), Stop::Throw { caught: true, .. }));
    assert_eq!(p.step_out(), Stop::Return);
    assert_eq!(p.results(), i32s(&[1]));
}
