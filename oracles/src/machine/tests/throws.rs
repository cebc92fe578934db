//! What a throw shows, and where execution goes on.

use super::*;
use crate::address::TagAddr;

/// The exception of a stop, and whether it is caught.
fn thrown(stop: Stop) -> (ExnAddr, bool) {
    match stop {
        Stop::Throw { exn, caught } => (exn, caught),
        other => panic!("a throw expected: {other:?}"),
    }
}

impl Program {
    fn tag(&self, name: &str) -> TagAddr {
        match self.machine.store.instance(self.instance).export(name) {
            Some(Extern::Tag(tag)) => tag,
            other => panic!("{name} is {other:?}"),
        }
    }
}

#[test]
fn a_caught_throw_stops_as_its_opcode_and_resumes_after_the_label() {
    let mut p = program(
        r#"(module (tag $t (export "t") (param i32 i64))
            (func $g (param i32) i64.const 1 local.get 0 i64.const 7 throw $t)
            (func (export "f") (param i32) (result i32)
                f32.const 0
                block $l (result i32 i64)
                    i32.const 40
                    try_table (param i32) (catch $t $l) i32.const 5 call $g drop end
                    unreachable
                end
                drop i32.const 1 i32.add return))"#,
    );
    p.invoke("f", &[3]);
    p.step_to("throw");
    let (exn, caught) = thrown(p.step());
    assert!(caught);
    assert_eq!(p.op(), "throw");
    assert_eq!(p.operands(), [Value::I64(1), Value::I32(5), Value::I64(7)]);
    assert_eq!(p.machine.depth(), 2);
    let (tag, payload) = p.machine.exception(exn);
    assert_eq!(tag, p.tag("t"));
    assert_eq!(payload, [Value::I32(5), Value::I64(7)]);

    assert_eq!(p.step(), Stop::SequencePoint);
    assert_eq!((p.op().as_str(), p.machine.depth()), ("drop", 1));
    assert_eq!(p.operands(), [Value::F32(0), Value::I32(5), Value::I64(7)]);
    let (ops, stop) = p.trace();
    assert_eq!(ops, ["i32.const", "i32.add", "return"]);
    assert_eq!((stop, p.results()), (Stop::Return, &i32s(&[6])[..]));
}

#[test]
fn an_uncaught_exception_stays_until_it_is_unwound() {
    let mut p = program(
        r#"(module (tag $t) (tag $other)
            (func (export "f")
                block try_table (catch $other 0) throw $t end end))"#,
    );
    let stop = p.call("f", &[]);
    assert!(!thrown(stop).1);
    assert_eq!((p.op().as_str(), p.step()), ("throw", stop));
    p.machine.unwind();
    assert_eq!((p.machine.depth(), p.machine.activations()), (0, 0));
}

#[test]
fn the_first_clause_of_the_innermost_handler_catches() {
    let mut p = program(
        r#"(module (tag $a (param i32)) (tag $b (param i32))
            (func (export "f") (param i32) (result i32)
                (block $outer (result i32)
                    (try_table (catch $a $outer)
                        (block $inner (result i32)
                            (try_table (catch $b $inner) (catch $b $outer)
                                (if (local.get 0)
                                    (then (throw $a (i32.const 10)))
                                    (else (throw $b (i32.const 20)))))
                            (unreachable))
                        (i32.add (i32.const 1)) (return))
                    (unreachable))))"#,
    );
    for (arg, result) in [(1, 10), (0, 21)] {
        assert!(thrown(p.call("f", &[arg])).1);
        assert_eq!(p.step_out(), Stop::Return);
        assert_eq!(p.results(), i32s(&[result]));
    }
}

#[test]
fn a_clause_may_return_from_its_function() {
    let mut p = program(
        r#"(module (tag $t (param i32))
            (func $g (param i64) (result i32 exnref)
                (try_table (catch_ref $t 0) (throw $t (i32.const 8)))
                unreachable)
            (func (export "inner") (result i32)
                i32.const 100 i64.const 0 call $g drop i32.add)
            (func (export "outermost") (result i32 exnref) i64.const 0 return_call $g))"#,
    );
    let (exn, caught) = thrown(p.call("inner", &[]));
    assert!(caught);
    assert_eq!(p.step(), Stop::SequencePoint);
    assert_eq!((p.op().as_str(), p.machine.depth()), ("drop", 1));
    let values: Vec<Value> = p.operands();
    assert_eq!(values[..2], i32s(&[100, 8]));
    assert_eq!(values[2].cell(), Ref::Exn(exn).to_cell());
    assert_eq!(p.step_out(), Stop::Return);
    assert_eq!(p.results(), i32s(&[108]));

    thrown(p.call("outermost", &[]));
    assert_eq!(p.step(), Stop::Return);
    assert_eq!(p.results()[0], Value::I32(8));
    assert_eq!(p.machine.activations(), 0);
}

#[test]
fn a_reference_throws_the_same_exception_again() {
    let mut p = program(
        r#"(module (tag $t (param i32))
            (func (export "f") (param i32)
                (block (result exnref)
                    (try_table (result exnref) (catch_all_ref 0) (throw $t (i32.const 1))))
                (if (param exnref) (local.get 0) (then throw_ref) (else drop (ref.null exn) throw_ref))))"#,
    );
    let first = thrown(p.call("f", &[1]));
    let again = thrown(p.step_out());
    assert_eq!(first, (again.0, true));
    assert!(!again.1);
    assert_eq!(p.op(), "throw_ref");
    p.machine.unwind();

    thrown(p.call("f", &[0]));
    assert_eq!(p.step_out(), Stop::Trap(Trap::NullExceptionReference));
}

#[test]
fn a_host_function_throws_at_its_call() {
    let mut p = program(
        r#"(module (import "host" "h" (func $h (param i32) (result i64)))
            (import "host" "t" (tag $t (param i32))) (export "t" (tag $t))
            (table funcref (elem $h))
            (func (export "f") (result i32)
                (block $l (result i32)
                    (try_table (catch $t $l)
                        (drop (call_indirect (param i32) (result i64) (i32.const 6) (i32.const 0))))
                    (i32.const 0))))"#,
    );
    let tag = p.tag("t");
    assert!(p.machine.alloc_exception(tag, &[]).is_err());
    let exn = p
        .machine
        .alloc_exception(tag, &i32s(&[9]))
        .expect("it fits");
    assert_eq!(p.machine.host_throw(exn), Err(InvokeError::NoHostCall));
    assert_eq!(p.call("f", &[]), Stop::HostCall(HostFuncId(0)));
    assert_eq!(p.machine.host_throw(exn), Ok(()));
    assert_eq!(p.step(), Stop::Throw { exn, caught: true });
    assert_eq!(
        (p.op().as_str(), p.operands()),
        ("call_indirect", i32s(&[6]))
    );
    assert_eq!(p.step_out(), Stop::Return);
    assert_eq!(p.results(), i32s(&[9]));
}

#[test]
fn an_exception_crosses_activations_through_the_host() {
    let mut p = program(
        r#"(module (import "host" "h" (func $h)) (tag $t)
            (func (export "inner") throw $t)
            (func (export "outer") (result i32)
                (block (try_table (catch_all 0) (call $h)) (return (i32.const 0)))
                (i32.const 1)))"#,
    );
    assert_eq!(p.call("outer", &[]), Stop::HostCall(HostFuncId(0)));
    let (exn, caught) = thrown(p.call("inner", &[]));
    assert!(!caught);
    p.machine.unwind();
    assert_eq!(p.machine.host_throw(exn), Ok(()));
    assert_eq!(p.step(), Stop::Throw { exn, caught: true });
    assert_eq!(p.step_out(), Stop::Return);
    assert_eq!(p.results(), i32s(&[1]));
}

#[test]
fn a_host_function_that_was_invoked_throws_out_of_its_activation() {
    let mut p = program(
        r#"(module (import "host" "h" (func $h)) (tag (export "t")) (export "h" (func $h)))"#,
    );
    let tag = p.tag("t");
    let exn = p.machine.alloc_exception(tag, &[]).expect("it fits");
    assert_eq!(p.call("h", &[]), Stop::HostCall(HostFuncId(0)));
    assert_eq!(p.machine.host_throw(exn), Ok(()));
    assert_eq!(p.step(), Stop::Throw { exn, caught: false });
    p.machine.unwind();
    assert_eq!(p.machine.activations(), 0);
}

#[test]
fn an_instance_of_a_tag_is_not_another() {
    let wat = r#"(module (tag $t (export "t")) (func (export "f") throw $t))"#;
    let mut p = program(wat);
    let (exn, _) = thrown(p.call("f", &[]));
    p.machine.unwind();
    let second = p
        .machine
        .instantiate(&module(wat), &[])
        .expect("no imports");
    let other = p.machine.store.instance(second).tags[0];
    assert_ne!(p.machine.exception(exn).0, other);
}
