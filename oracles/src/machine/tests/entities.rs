//! Memories and tables beyond those of Wasm 2.0.

use super::*;
use std::time::Duration;

#[test]
fn an_address_never_wraps() {
    let mut p = program(
        r#"(module (memory i64 1)
            (func (export "f") (result i32) (i32.load offset=0xffff_ffff_ffff_ffff (i64.const 2)))
            (func (export "grow") (result i64) (memory.grow (i64.const -1))))"#,
    );
    assert_eq!(p.call("f", &[]), Stop::Trap(Trap::OutOfBoundsMemoryAccess));
    p.machine.unwind();
    assert_eq!(p.call("grow", &[]), Stop::Return);
    assert_eq!(p.results(), [Value::I64(u64::MAX)]);
}

#[test]
fn each_memory_is_one_of_its_own() {
    let mut p = program(
        r#"(module (memory $a 1) (memory $b 1 (pagesize 1))
            (func (export "f") (result i32 i32 i32)
                (i32.store8 $b (i32.const 0) (i32.const 7))
                (v128.store8_lane $a 1 (i32.const 3) (i8x16.splat (i32.const 9)))
                (memory.copy $a $b (i32.const 4) (i32.const 0) (i32.const 1))
                (i32.load $a (i32.const 1)) (i32.load8_u $a (i32.const 4)) (memory.size $b))
            (func (export "beyond") (drop (i32.load8_u $b (i32.const 1)))))"#,
    );
    assert_eq!(p.call("f", &[]), Stop::Return);
    assert_eq!(p.results(), i32s(&[0x0709_0000, 7, 1]));
    assert_eq!(
        p.call("beyond", &[]),
        Stop::Trap(Trap::OutOfBoundsMemoryAccess)
    );
}

#[test]
fn a_64_bit_table_grows_by_64_bit_numbers() {
    let mut p = program(
        r#"(module (table $t i64 2 externref)
            (func (export "f") (result i64 i64)
                (table.grow $t (ref.null extern) (i64.const 3))
                (table.grow $t (ref.null extern) (i64.const -1)))
            (func (export "get") (drop (table.get $t (i64.const 0x1_0000_0000)))))"#,
    );
    assert_eq!(p.call("f", &[]), Stop::Return);
    assert_eq!(p.results(), [Value::I64(2), Value::I64(u64::MAX)]);
    assert_eq!(p.call("get", &[]), Stop::Trap(Trap::OutOfBoundsTableAccess));
}

#[test]
fn one_thread_waits_alone() {
    let mut p = program(
        r#"(module (memory 1 1 shared) (memory $private 1)
            (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0) (i32.const 5)))
            (func (export "wait") (param i32) (result i32)
                (memory.atomic.wait32 (i32.const 0) (local.get 0) (i64.const 9999999999999)))
            (func (export "ever") (result i32)
                (memory.atomic.wait64 (i32.const 0) (i64.const 0) (i64.const -1)))
            (func (export "private") (result i32)
                (memory.atomic.wait32 $private (i32.const 0) (i32.const 0) (i64.const 0)))
            (func (export "unaligned") (result i32) (i32.atomic.load (i32.const 2))))"#,
    );
    for (name, args, result) in [("notify", &[][..], 0), ("wait", &[1], 1), ("wait", &[0], 2)] {
        assert_eq!(p.call(name, args), Stop::Return);
        assert_eq!(p.results(), i32s(&[result]));
    }
    for (name, stop) in [
        ("ever", Stop::Exhausted(Exhaustion::WaitsForEver)),
        ("private", Stop::Trap(Trap::ExpectedSharedMemory)),
        ("unaligned", Stop::Trap(Trap::UnalignedAtomic)),
    ] {
        assert_eq!(p.call(name, &[]), stop);
        p.machine.unwind();
    }
}

/// Given a wait, its time is told before it is executed; none of one that does not wait.
#[test]
fn how_long_a_wait_lasts_is_told_beforehand() {
    let mut p = program(
        r#"(module (memory 1 1 shared) (memory $private 1)
            (func (export "wait") (param i32 i32 i64) (result i32)
                (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
            (func (export "private") (result i32)
                (memory.atomic.wait32 $private (i32.const 0) (i32.const 0) (i64.const -1))))"#,
    );
    let nanos = |nanos| Some(Duration::from_nanos(nanos));
    for (address, expected, timeout, told) in [
        (0, 0, -1, Some(Duration::MAX)),
        (0, 0, 7, nanos(7)),
        (0, 0, i64::MAX, nanos(i64::MAX as u64)),
        (0, 1, -1, None),
        (2, 0, -1, None),
        (65536, 0, -1, None),
    ] {
        let numbers = [Value::I32(address), Value::I32(expected)];
        let args = [numbers[0], numbers[1], Value::I64(timeout as u64)];
        let wait = p.func("wait");
        p.machine.invoke(wait, &args).unwrap();
        assert_eq!(p.machine.wait(), None);
        p.step_to("memory.atomic.wait32");
        assert_eq!(p.machine.wait(), told, "{address} {expected} {timeout}");
        p.machine.unwind();
    }
    p.invoke("private", &[]);
    p.step_to("memory.atomic.wait32");
    assert_eq!(p.machine.wait(), None);
}

/// Given a narrow read-modify-write, only its bytes change, what was there is zero-extended, and of an
/// expected value only as many bits are compared.
#[test]
fn a_narrow_modification_changes_its_bytes() {
    let mut p = program(
        r#"(module (memory 1)
            (func (export "f") (result i64 i64 i64)
                (i64.store (i32.const 8) (i64.const 0x1122_3344_5566_77ff))
                (i64.atomic.rmw8.add_u (i32.const 8) (i64.const 0x102))
                (i64.atomic.rmw16.cmpxchg_u (i32.const 10) (i64.const 0x7_5566) (i64.const 0xabcd_0000))
                (i64.atomic.load (i32.const 8))))"#,
    );
    assert_eq!(p.call("f", &[]), Stop::Return);
    let wanted = [0xff, 0x5566, 0x1122_3344_0000_7701].map(Value::I64);
    assert_eq!(p.results(), wanted);
}

#[test]
fn wide_arithmetic_puts_the_low_half_first() {
    let mut p = program(
        r#"(module (func (export "f") (result i64 i64 i64 i64)
            (i64.add128 (i64.const -1) (i64.const 5) (i64.const 1) (i64.const 0))
            (i64.mul_wide_s (i64.const -2) (i64.const 3))))"#,
    );
    assert_eq!(p.call("f", &[]), Stop::Return);
    assert_eq!(
        p.results(),
        [0, 6, 6_u64.wrapping_neg(), u64::MAX].map(Value::I64)
    );
}

#[test]
fn a_table_begins_with_its_initial_value() {
    let mut p = program(
        r#"(module (type $t (func (result i32)))
            (func $one (type $t) i32.const 1)
            (table 3 (ref $t) (ref.func $one))
            (func (export "f") (result i32) (call_ref $t (table.get (i32.const 2)))))"#,
    );
    assert_eq!(p.call("f", &[]), Stop::Return);
    assert_eq!(p.results(), i32s(&[1]));
}
