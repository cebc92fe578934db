//! An embedder that says what a frame holds instead.

use super::*;

#[test]
fn what_is_replaced_is_what_the_program_goes_on_with() {
    let mut p = program(
        "(module
           (func $g (export \"f\") (param i32) (result i32) local.get 0 call 1 local.get 0 i32.add)
           (func (param i32) (result i32) local.get 0))",
    );
    p.invoke("f", &[1]);
    let machine = &mut p.machine;
    assert!(!machine.executes_next());
    for _ in 0..3 {
        assert_eq!(machine.run(&EverySequencePoint), Stop::SequencePoint);
    }
    // Before the callee's `local.get`.
    assert!(machine.executes_next());
    assert!(machine.replace_local(0, 0, Cell(40)));
    assert!(machine.replace_local(1, 0, Cell(2)));
    assert!(!machine.replace_local(1, 1, Cell(2)) && !machine.replace_local(2, 0, Cell(2)));
    assert!(!machine.replace_operand(0, 0, Cell(0)));
    assert_eq!(machine.run(&NoSequencePoint), Stop::Return);
    assert_eq!(machine.results(), i32s(&[42]));
}

#[test]
fn an_operand_is_replaced() {
    let mut p =
        program("(module (func (export \"f\") (result i32) i32.const 1 i32.const 2 i32.sub))");
    p.invoke("f", &[]);
    for _ in 0..3 {
        assert_eq!(p.machine.run(&EverySequencePoint), Stop::SequencePoint);
    }
    assert!(p.machine.replace_operand(0, 0, Cell(9)));
    assert!(!p.machine.replace_operand(0, 2, Cell(9)));
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
    assert_eq!(p.machine.results(), i32s(&[7]));
}
