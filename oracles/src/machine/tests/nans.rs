//! NaNs of another engine: what is open, and what is taken.

use super::*;

const NAN: u32 = 0x7fc0_0000;
const NEGATIVE_NAN: u32 = 0xffc0_0000;
const PAYLOAD: u32 = 0x7fc0_0001;

fn sum() -> Program {
    let mut p = program(
        r#"(module (func (export "f") (param i32 i32) (result f32)
             local.get 0  f32.reinterpret_i32  local.get 1  f32.reinterpret_i32  f32.add
             f32.neg))"#,
    );
    p.invoke("f", &[0x7f80_0000, 0xff80_0000]);
    p.step_to("f32.add");
    p
}

fn f32_cell(bits: u32) -> Cell {
    Cell(bits.into())
}

#[test]
fn an_adopted_nan_is_the_one_that_is_computed_with() {
    let mut p = sum();
    let (stop, open) = p.machine.step();
    assert_eq!(stop, Stop::SequencePoint);
    assert_eq!(p.operands(), [Value::F32(NAN)]);
    assert!(
        p.machine
            .adopt_operand(open.unwrap(), f32_cell(NEGATIVE_NAN))
    );
    assert_eq!(p.operands(), [Value::F32(NEGATIVE_NAN)]);
    // `f32.neg` leaves nothing open.
    assert_eq!(p.machine.step(), (Stop::SequencePoint, None));
    assert_eq!(p.machine.step(), (Stop::Return, None));
    assert_eq!(p.results(), [Value::F32(NAN)]);
}

#[test]
fn what_is_not_allowed_is_not_taken() {
    let mut p = sum();
    let (_, open) = p.machine.step();
    assert!(!p.machine.adopt_operand(open.unwrap(), f32_cell(PAYLOAD)));
    assert!(!p.machine.adopt_operand(open.unwrap(), f32_cell(0)));
    assert_eq!(p.operands(), [Value::F32(NAN)]);
}

#[test]
fn a_result_can_be_adopted_where_no_operand_is_left() {
    let mut p = program(
        r#"(module (func (export "f") (result i32 f64)
             i32.const 7  f64.const -1  f64.sqrt))"#,
    );
    p.invoke("f", &[]);
    p.step_to("f64.sqrt");
    let (_, open) = p.machine.step();
    let open = open.unwrap();
    assert_eq!(p.machine.step(), (Stop::Return, None));
    let negative = Value::F64(0xfff8_0000_0000_0000);
    assert!(!p.machine.adopt_operand(open, negative.cell()));
    assert!(
        !p.machine
            .adopt_result(open, Value::F64(0x7ff8_0000_0000_0001))
    );
    assert!(!p.machine.adopt_result(open, Value::F32(NEGATIVE_NAN)));
    assert!(p.machine.adopt_result(open, negative));
    assert_eq!(p.results(), [Value::I32(7), negative]);
}

#[test]
fn the_first_step_executes_nothing() {
    let mut p = program(r#"(module (func (export "f") (result f32) f32.const -1 f32.sqrt))"#);
    p.invoke("f", &[]);
    assert_eq!(p.machine.step(), (Stop::SequencePoint, None));
    assert_eq!(p.machine.step(), (Stop::SequencePoint, None));
    let (stop, open) = p.machine.step();
    assert_eq!((stop, p.op()), (Stop::SequencePoint, "end".to_owned()));
    assert!(open.is_some());
}
