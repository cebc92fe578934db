//! Growth that may fail: what the machine remembers of it, and that it can be taken back.

use super::*;
use crate::address::{MemAddr, TableAddr};

const GROWS: &str = r#"(module
    (memory 1 3)
    (table i64 1 funcref)
    (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table") (param i32) (result i64)
      (table.grow (ref.null func) (i64.extend_i32_u (local.get 0)))))"#;

fn grown(name: &str, delta: u32) -> (Program, Option<Growth>) {
    let mut p = program(GROWS);
    p.invoke(name, &[delta]);
    p.step_to(&format!("{name}.grow"));
    p.step();
    let growth = p.machine.take_growth();
    (p, growth)
}

#[test]
fn a_growth_is_remembered_with_both_sizes() {
    let (mut p, growth) = grown("memory", 1);
    let entity = Grown::Memory(MemAddr(0));
    let (before, wanted, succeeded) = (0x10000, 0x20000, true);
    assert_eq!(
        growth,
        Some(Growth {
            entity,
            before,
            wanted,
            succeeded
        })
    );
    assert_eq!(p.machine.take_growth(), None);
    // 1,000 elements are the machine's own limit.
    let (_, growth) = grown("table", 1_000);
    let entity = Grown::Table(TableAddr(0));
    let (before, wanted, succeeded) = (1, 1_001, false);
    assert_eq!(
        growth,
        Some(Growth {
            entity,
            before,
            wanted,
            succeeded
        })
    );
    // The type allows 3 pages.
    assert_eq!(grown("memory", 3).1, None);
}

#[test]
fn a_growth_that_is_taken_back_has_not_been() {
    let (mut p, growth) = grown("memory", 2);
    p.machine.fail_growth(growth.expect("it grew"));
    assert_eq!(p.operands(), i32s(&[u32::MAX]));
    assert_eq!(p.machine.store.memory(MemAddr(0)).pages(), 1);
    assert_eq!(p.step_out(), Stop::Return);
    assert_eq!(p.results(), i32s(&[u32::MAX]));
    assert_eq!(p.call("memory", &[1]), Stop::Return);
    assert_eq!(p.results(), i32s(&[1]));

    let (mut p, growth) = grown("table", 5);
    p.machine.fail_growth(growth.expect("it grew"));
    assert_eq!(p.operands(), [Value::I64(u64::MAX)]);
    assert_eq!(p.machine.store.table(TableAddr(0)).elements.len(), 1);
}
