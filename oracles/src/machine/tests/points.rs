//! Sequence points: every opcode that control reaches has one, before it.

use super::*;
use crate::address::Pc;

/// The opcodes seen when `f` with this body is called with `args` (parameters are `i32`).
fn seen(signature: &str, body: &str, args: &[u32]) -> (String, Stop, Vec<Value>) {
    let mut p = program(&format!(
        "(module (func (export \"f\") {signature} {body}))"
    ));
    p.invoke("f", args);
    let (ops, stop) = p.trace();
    (ops.join(" "), stop, p.results().to_vec())
}

#[track_caller]
fn assert_seen(signature: &str, body: &str, args: &[u32], ops: &str, results: &[u32]) {
    let (seen, stop, values) = seen(signature, body, args);
    assert_eq!(seen, ops);
    assert_eq!(stop, Stop::Return);
    assert_eq!(values, i32s(results));
}

#[test]
fn an_empty_function_has_its_end() {
    assert_seen("", "", &[], "end", &[]);
}

#[test]
fn a_block_has_its_opcode_and_its_end() {
    assert_seen("", "block nop end", &[], "block nop end end", &[]);
}

#[test]
fn a_taken_branch_resumes_after_the_end_of_its_block() {
    assert_seen(
        "",
        "block block br 1 end nop end nop",
        &[],
        "block block br nop end",
        &[],
    );
}

#[test]
fn a_branch_to_a_loop_resumes_after_the_loop_opcode() {
    assert_seen(
        "(param i32)",
        "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end",
        &[2],
        "loop local.get i32.const i32.sub local.tee br_if \
         local.get i32.const i32.sub local.tee br_if end end",
        &[],
    );
}

#[test]
fn a_branch_to_the_function_label_returns_without_the_end() {
    assert_seen(
        "(result i32)",
        "i32.const 7 br 0",
        &[],
        "i32.const br",
        &[7],
    );
    assert_seen(
        "(result i32)",
        "block i32.const 7 br 1 end i32.const 8",
        &[],
        "block i32.const br",
        &[7],
    );
}

#[test]
fn a_return_has_no_end() {
    assert_seen(
        "(result i32)",
        "block i32.const 7 return end i32.const 8",
        &[],
        "block i32.const return",
        &[7],
    );
}

#[test]
fn a_true_condition_falls_into_else() {
    assert_seen(
        "(param i32)",
        "local.get 0 if nop else unreachable end nop",
        &[1],
        "local.get if nop else nop end",
        &[],
    );
}

#[test]
fn a_false_condition_goes_to_the_first_opcode_after_else() {
    assert_seen(
        "(param i32)",
        "local.get 0 if unreachable else nop end nop",
        &[0],
        "local.get if nop end nop end",
        &[],
    );
}

#[test]
fn a_false_condition_without_else_goes_after_the_end() {
    let body = "local.get 0 if nop end nop";
    assert_seen("(param i32)", body, &[0], "local.get if nop end", &[]);
    assert_seen(
        "(param i32)",
        body,
        &[1],
        "local.get if nop end nop end",
        &[],
    );
}

#[test]
fn a_branch_out_of_either_arm_skips_else_and_end() {
    let body = "local.get 0 if br 0 else br 0 end";
    assert_seen("(param i32)", body, &[1], "local.get if br end", &[]);
    assert_seen("(param i32)", body, &[0], "local.get if br end", &[]);
}

#[test]
fn a_branch_not_taken_goes_on() {
    assert_seen(
        "(param i32)",
        "block local.get 0 br_if 0 nop end",
        &[0],
        "block local.get br_if nop end end",
        &[],
    );
}

#[test]
fn a_branch_table_carries_values_to_the_label_it_selects() {
    let body = "block (result i32) block (result i32)
                  i32.const 9 i32.const 5 local.get 0 br_table 0 1 2
                end i32.const 1 i32.add end i32.const 2 i32.add";
    let signature = "(param i32) (result i32)";
    let head = "block block i32.const i32.const local.get br_table";
    let inner = format!("{head} i32.const i32.add end i32.const i32.add end");
    assert_seen(signature, body, &[0], &inner, &[8]);
    let outer = format!("{head} i32.const i32.add end");
    assert_seen(signature, body, &[1], &outer, &[7]);
    assert_seen(signature, body, &[2], head, &[5]);
    assert_seen(signature, body, &[u32::MAX], head, &[5]);
}

#[test]
fn blocks_take_and_give_several_values() {
    assert_seen(
        "(result i32 i32)",
        "i32.const 100 i32.const 1 i32.const 2
         block (param i32 i32) (result i32 i32) br 0 end
         i32.add i32.add i32.const 4",
        &[],
        "i32.const i32.const i32.const block br i32.add i32.add i32.const end",
        &[103, 4],
    );
}

#[test]
fn a_loop_label_takes_its_parameters() {
    assert_seen(
        "(param i32) (result i32)",
        "i32.const 50 i32.const 0
         loop (param i32) (result i32)
           local.get 0 i32.add
           local.get 0 i32.const 1 i32.sub local.tee 0
           br_if 0
         end
         i32.add",
        &[2],
        "i32.const i32.const loop local.get i32.add local.get i32.const i32.sub local.tee br_if \
         local.get i32.add local.get i32.const i32.sub local.tee br_if end i32.add end",
        &[53],
    );
}

#[test]
fn a_call_is_one_point_and_the_callee_has_its_own() {
    let mut p = program(
        "(module (func $g (param i32) (result i32) local.get 0)
                 (func (export \"f\") (result i32) i32.const 3 call $g))",
    );
    p.invoke("f", &[]);
    let (ops, stop) = p.trace();
    assert_eq!(ops.join(" "), "i32.const call local.get end end");
    assert_eq!(stop, Stop::Return);
    assert_eq!(p.results(), i32s(&[3]));
}

#[test]
fn nothing_is_executed_before_the_first_point() {
    let mut p = program("(module (func (export \"f\") unreachable))");
    p.invoke("f", &[]);
    assert_eq!(p.step(), Stop::SequencePoint);
    assert_eq!(p.op(), "unreachable");
    assert_eq!(p.step(), Stop::Trap(Trap::Unreachable));
}

#[test]
fn only_selected_points_are_stops() {
    struct At(Pc);
    impl StopAt for At {
        fn stops(&self, _: InstanceAddr, function: &Function, position: usize) -> bool {
            function.pcs[position] == self.0
        }
    }
    let mut p = program(
        "(module (func (export \"f\") (param i32)
           loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end))",
    );
    let pc = {
        let module = &p.machine.store.instance(p.instance).module;
        let function = &module.functions()[0];
        let at = function.instrs.iter().position(|i| i.op == Opcode::BrIf);
        function.pcs[at.expect("there is a br_if")]
    };
    p.invoke("f", &[3]);
    for left in [2, 1, 0] {
        assert_eq!(p.machine.run(&At(pc)), Stop::SequencePoint);
        assert_eq!(p.operands(), i32s(&[left]));
        assert_eq!(p.machine.top().map(|f| f.pc()), Some(pc));
    }
    assert_eq!(p.machine.run(&At(pc)), Stop::Return);
}

#[test]
fn pcs_are_byte_offsets_of_the_opcodes() {
    let bytes = wat::parse_str("(module (func (export \"f\") i32.const 1 drop nop))")
        .expect("the test's text is a module");
    let module = Module::new(&bytes, WasmFeatures::WASM2).expect("valid");
    let opcodes: Vec<u8> = module.functions()[0]
        .pcs
        .iter()
        .map(|pc| bytes[pc.0 as usize])
        .collect();
    assert_eq!(opcodes, [0x41, 0x1a, 0x01, 0x0b]);
}
