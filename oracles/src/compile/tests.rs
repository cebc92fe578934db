//! Compiled functions, seen through the module that holds them.

use crate::code::Function;
use crate::module::Module;
use crate::opcode::Opcode;
use std::sync::Arc;
use wasmparser::{ValType, WasmFeatures};

fn compiled(wat: &str) -> Arc<Module> {
    let bytes = wat::parse_str(wat).expect("the test's text is a module");
    Module::new(&bytes, WasmFeatures::WASM2).expect("the test's module is valid")
}

/// Operand types before the opcode at `position`, bottom first.
fn types(function: &Function, position: usize) -> Vec<ValType> {
    let mut types: Vec<_> = function.operand_types(position).collect();
    types.reverse();
    types
}

fn position(function: &Function, op: Opcode) -> usize {
    let found = function.instrs.iter().position(|i| i.op == op);
    found.expect("the function has the opcode")
}

#[test]
fn operand_types_are_those_before_the_opcode() {
    use ValType::{F64, I32, I64};
    let module = compiled(
        "(module (func (param f64) i64.const 0 local.get 0 i32.const 1
            block (param f64 i32) (result f64) drop end drop drop))",
    );
    let f = &module.functions()[0];
    let expected: [&[ValType]; 9] = [
        &[],
        &[I64],
        &[I64, F64],
        &[I64, F64, I32],
        &[I64, F64, I32],
        &[I64, F64],
        &[I64, F64],
        &[I64],
        &[],
    ];
    for (position, expected) in expected.into_iter().enumerate() {
        assert_eq!(types(f, position), expected, "at {position}");
        assert!(f.reachable[position]);
    }
    assert_eq!(f.max_operands, 3);
    assert_eq!(f.instrs.len(), 9);
}

#[test]
fn equal_stacks_have_one_shape() {
    let module = compiled(
        "(module (func (param i32)
            local.get 0 if i32.const 1 nop drop else i32.const 2 nop drop end))",
    );
    let f = &module.functions()[0];
    let nops: Vec<_> = (0..f.instrs.len())
        .filter(|&i| f.instrs[i].op == Opcode::Nop)
        .map(|i| f.before[i])
        .collect();
    assert!(nops[0].is_some());
    assert_eq!(nops[0], nops[1]);
    assert_eq!(f.shapes.len(), 1);
}

#[test]
fn code_behind_a_branch_is_unreachable_up_to_the_end() {
    let module = compiled(
        "(module (func
            block i32.const 1 br 0 nop block nop end drop end
            i32.const 2 drop))",
    );
    let f = &module.functions()[0];
    let reachable: Vec<bool> = f.reachable.to_vec();
    // block, i32.const, br; nop, block, nop, end, drop, end; i32.const, drop, end.
    assert_eq!(
        reachable,
        [
            true, true, true, false, false, false, false, false, false, true, true, true
        ]
    );
    assert_eq!(types(f, 9), []);
    assert_eq!(types(f, 10), [ValType::I32]);
}

#[test]
fn an_alternative_is_reachable_though_its_consequent_ends_dead() {
    let module = compiled(
        "(module (func (param i32) (result i32)
            i64.const 0
            local.get 0 if (result i32) unreachable else i32.const 1 end
            return))",
    );
    let f = &module.functions()[0];
    let otherwise = position(f, Opcode::Else);
    assert!(!f.reachable[otherwise]);
    assert!(f.reachable[otherwise + 1]);
    assert_eq!(types(f, otherwise + 1), [ValType::I64]);
    assert_eq!(
        types(f, position(f, Opcode::Return)),
        [ValType::I64, ValType::I32]
    );
}

#[test]
fn a_deep_stack_costs_one_node_a_push() {
    const DEPTH: usize = 40_000;
    let wat = format!(
        "(module (func {} {}))",
        "i32.const 0 ".repeat(DEPTH),
        "drop ".repeat(DEPTH)
    );
    let module = compiled(&wat);
    let f = &module.functions()[0];
    assert_eq!(f.max_operands as usize, DEPTH);
    assert_eq!(f.shapes.len(), DEPTH);
    assert_eq!(f.operand_types(DEPTH).len(), DEPTH);
    assert_eq!(f.operand_types(2 * DEPTH).len(), 0);
}

/// Given a deep stack, what is done at its top costs nothing for what is below: quadratic, this
/// would take minutes.
#[test]
fn opcodes_on_a_deep_stack_cost_what_they_touch() {
    const DEPTH: usize = 20_000;
    let at_the_top = "
        local.get 0 call $f drop
        local.get 0 i32.const 0 call_indirect (param i32) (result i32) drop
        local.get 0 local.tee 0 local.get 0 i32.add local.get 0 i32.const 1 select drop
        local.get 0 block (param i32) (result i32) local.get 0 br_if 0 end drop
        local.get 0 if (result i32) i32.const 1 else i32.const 2 br 0 end drop
        block loop local.get 0 br_table 0 1 end end
        global.get $g global.set $g i32.const 0 i32.load i32.const 1 i32.store8
        i32.const 0 i32.const 0 i32.const 0 memory.fill
        v128.const i64x2 0 0 i32x4.extract_lane 1 drop
        block unreachable end";
    let wat = format!(
        "(module (memory 1) (table 1 funcref) (global $g (mut i32) (i32.const 0))
            (func $f (param i32) (result i32) {} {} {} local.get 0))",
        "i32.const 0 ".repeat(DEPTH),
        at_the_top.repeat(DEPTH / 10),
        "drop ".repeat(DEPTH)
    );
    let module = compiled(&wat);
    let f = &module.functions()[0];
    assert_eq!(f.max_operands as usize, DEPTH + 3);
}

#[test]
fn a_pc_is_found_by_its_position() {
    let module = compiled("(module (func nop block end))");
    let f = &module.functions()[0];
    for (i, &pc) in f.pcs.iter().enumerate() {
        assert_eq!(f.position(pc), Some(i));
    }
    assert_eq!(f.position(crate::address::Pc(0)), None);
}
