//! The reasons that an opcode has to trap: those that apply at its operands, and no other.

use super::*;
use crate::trap::Trap;

/// The trap at which a function without parameters ends, and every other that has a reason there.
fn reasons(wat: &str) -> (Trap, Vec<Trap>) {
    let mut p = program(wat);
    let Stop::Trap(own) = p.call("f", &[]) else {
        panic!("{wat} does not trap");
    };
    let op = p.machine.current_op().expect("an opcode trapped");
    assert!(p.machine.has_reason(own, own), "{own} without a reason");
    let mut all = op.traps().to_vec();
    all.retain(|&trap| trap != own && p.machine.has_reason(own, trap));
    (own, all)
}

fn atomic(memory: &str, access: &str) -> (Trap, Vec<Trap>) {
    reasons(&format!(
        r#"(module (memory {memory}) (func (export "f") (drop {access})))"#
    ))
}

#[test]
fn an_atomic_access_may_be_unaligned_and_outside_and_of_a_memory_that_is_not_shared() {
    use Trap::*;
    let wait =
        |at: u32| format!("(memory.atomic.wait32 (i32.const {at}) (i32.const 0) (i64.const 0))");
    let shared = "1 1 shared";
    assert_eq!(
        atomic(shared, &wait(0x10001)),
        (UnalignedAtomic, vec![OutOfBoundsMemoryAccess])
    );
    assert_eq!(atomic(shared, &wait(1)), (UnalignedAtomic, vec![]));
    assert_eq!(
        atomic(shared, &wait(0x10000)),
        (OutOfBoundsMemoryAccess, vec![])
    );
    assert_eq!(atomic("1", &wait(0)), (ExpectedSharedMemory, vec![]));
    assert_eq!(
        atomic("1", &wait(0x10001)),
        (
            UnalignedAtomic,
            vec![OutOfBoundsMemoryAccess, ExpectedSharedMemory]
        )
    );
    let load = "(i64.atomic.load offset=1 (i32.const 0xfffb))";
    assert_eq!(
        atomic("1", load),
        (UnalignedAtomic, vec![OutOfBoundsMemoryAccess])
    );
    let byte = "(i64.atomic.rmw8.add_u (i32.const 0x10001) (i64.const 0))";
    assert_eq!(atomic("1", byte), (OutOfBoundsMemoryAccess, vec![]));
}

fn copy(target: &str, to: u32, source: &str, from: u32) -> (Trap, Vec<Trap>) {
    let array = |array| match array {
        "null" => "(ref.null $a)",
        _ => "(array.new $a (i32.const 0) (i32.const 4))",
    };
    reasons(&format!(
        r#"(module (type $a (array (mut i8))) (func (export "f")
             (array.copy $a $a {} (i32.const {to}) {} (i32.const {from}) (i32.const 2))))"#,
        array(target),
        array(source),
    ))
}

#[test]
fn of_a_copy_one_array_may_be_null_and_the_other_too_short() {
    use Trap::*;
    let both = (NullArrayReference, vec![OutOfBoundsArrayAccess]);
    assert_eq!(copy("null", 0, "four", 3), both);
    assert_eq!(copy("four", 3, "null", 0), both);
    // Null has no length.
    assert_eq!(copy("null", 9, "four", 2), (NullArrayReference, vec![]));
    assert_eq!(copy("four", 2, "null", 9), (NullArrayReference, vec![]));
    assert_eq!(copy("null", 9, "null", 9), (NullArrayReference, vec![]));
    assert_eq!(copy("four", 0, "four", 3), (OutOfBoundsArrayAccess, vec![]));
}

fn init(array: &str, to: u32, from: u32, count: u32) -> (Trap, Vec<Trap>) {
    reasons(&format!(
        r#"(module (type $a (array (mut i16))) (data $d "1234") (func (export "f")
             (array.init_data $a $d {array} (i32.const {to}) (i32.const {from})
               (i32.const {count}))))"#,
    ))
}

#[test]
fn an_array_and_the_segment_that_fills_it_may_both_be_too_short() {
    use Trap::*;
    let (null, four) = (
        "(ref.null $a)",
        "(array.new $a (i32.const 0) (i32.const 4))",
    );
    assert_eq!(
        init(four, 3, 1, 2),
        (OutOfBoundsArrayAccess, vec![OutOfBoundsMemoryAccess])
    );
    assert_eq!(init(four, 3, 0, 2), (OutOfBoundsArrayAccess, vec![]));
    assert_eq!(init(four, 2, 1, 2), (OutOfBoundsMemoryAccess, vec![]));
    assert_eq!(
        init(null, 0, 1, 2),
        (NullArrayReference, vec![OutOfBoundsMemoryAccess])
    );
    assert_eq!(init(null, 9, 0, 2), (NullArrayReference, vec![]));
    let elements = r#"(module (type $a (array (mut funcref))) (elem $e funcref) (func (export "f")
        (array.init_elem $a $e (array.new $a (ref.null func) (i32.const 1)) (i32.const 1)
          (i32.const 0) (i32.const 1))))"#;
    assert_eq!(
        reasons(elements),
        (OutOfBoundsArrayAccess, vec![OutOfBoundsTableAccess])
    );
}

#[test]
fn reasons_that_exclude_each_other_leave_no_choice() {
    let null = r#"(module (type $t (func)) (table 1 funcref)
        (func (export "f") (call_indirect (type $t) (i32.const 0))))"#;
    assert_eq!(reasons(null), (Trap::UninitializedElement, vec![]));
    let zero = r#"(module (func (export "f")
        (drop (i32.div_s (i32.const 0x80000000) (i32.const 0)))))"#;
    assert_eq!(reasons(zero), (Trap::IntegerDivideByZero, vec![]));
}
