//! The opcodes of control: for each the least code that executes it, around values that are carried.

use super::super::weights::{below, chance};
use super::body::{Body, Manner};
use super::environment::{Environment, STABLE};
use super::transfers::tail_call;
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{BlockType, Instruction, ValType};

/// The opcodes of control that come back.
pub(super) const CONTROL: &[Opcode] = &[
    Opcode::Block,
    Opcode::Loop,
    Opcode::If,
    Opcode::Else,
    Opcode::End,
    Opcode::Br,
    Opcode::BrIf,
    Opcode::BrTable,
    Opcode::Call,
    Opcode::CallIndirect,
];

/// Those that do not: they are the last of their function.
pub(super) const LAST: &[Opcode] = &[Opcode::Unreachable, Opcode::Return];

/// Appends code that executes the opcode; it leaves what it carries.
pub(super) fn control(
    u: &mut Unstructured<'_>,
    environment: &mut Environment,
    body: &mut Body,
    opcode: Opcode,
) -> Result<()> {
    if matches!(opcode, Opcode::Call | Opcode::CallIndirect) {
        return call(u, environment, body, opcode);
    }
    let carried = environment.value_types(u, 0, 3)?;
    let params = environment.value_types(u, 0, 2)?;
    let ty = environment.block_type(&[], &carried);
    match opcode {
        Opcode::If | Opcode::Else => {
            let ty = environment.block_type(&params, &carried);
            body.operands(u, environment, &params, Manner::Fresh)?;
            body.push(u, environment, ValType::I32)?;
            if opcode == Opcode::Else {
                // The consequent must run, for only it gets to `else`.
                body.op(Instruction::I32Const(1), 0, &[ValType::I32]);
                body.op(Instruction::I32Or, 2, &[ValType::I32]);
            }
            body.op(Instruction::If(ty), 1, &[]);
            arm(u, environment, body, &params, &carried)?;
            body.op(Instruction::Else, carried.len(), &params);
            arm(u, environment, body, &params, &carried)?;
        }
        Opcode::Loop => {
            let ty = environment.block_type(&params, &carried);
            body.operands(u, environment, &params, Manner::Fresh)?;
            body.emit(Instruction::Loop(ty));
            arm(u, environment, body, &params, &carried)?;
        }
        Opcode::Block | Opcode::End => {
            let ty = environment.block_type(&params, &carried);
            body.operands(u, environment, &params, Manner::Fresh)?;
            body.emit(Instruction::Block(ty));
            arm(u, environment, body, &params, &carried)?;
        }
        Opcode::BrTable => return table(u, environment, body, ty, &carried),
        _ => {
            body.emit(Instruction::Block(ty));
            body.push_constant(u, ValType::I64)?;
            body.operands(u, environment, &carried, Manner::Fresh)?;
            if opcode == Opcode::BrIf {
                body.push(u, environment, ValType::I32)?;
                body.op(Instruction::BrIf(0), 1, &[]);
            }
            body.emit(Instruction::Br(0));
            drop_below(body, &carried);
        }
    }
    body.emit(Instruction::End);
    Ok(())
}

/// From the parameters to the results of a block.
fn arm(
    u: &mut Unstructured<'_>,
    environment: &Environment,
    body: &mut Body,
    params: &[ValType],
    results: &[ValType],
) -> Result<()> {
    for _ in params {
        body.op(Instruction::Drop, 1, &[]);
    }
    body.operands(u, environment, results, Manner::Fresh)
}

/// A branch has left; what it carried is all there is, and the constant below is not.
fn drop_below(body: &mut Body, carried: &[ValType]) {
    let below = body.stack.len().saturating_sub(carried.len() + 1);
    body.stack.truncate(below);
    body.stack.extend(carried);
}

/// Three blocks inside each other and a branch to one of them.
fn table(
    u: &mut Unstructured<'_>,
    environment: &Environment,
    body: &mut Body,
    ty: BlockType,
    carried: &[ValType],
) -> Result<()> {
    for _ in 0..3 {
        body.emit(Instruction::Block(ty));
    }
    body.push_constant(u, ValType::I64)?;
    body.operands(u, environment, carried, Manner::Fresh)?;
    body.bounded(u, environment, 4)?;
    let targets: Vec<u32> = (0..3).map(|_| below(u, 3)).collect::<Result<_>>()?;
    body.op(Instruction::BrTable(targets.into(), below(u, 3)?), 1, &[]);
    drop_below(body, carried);
    for _ in 0..3 {
        body.emit(Instruction::End);
    }
    Ok(())
}

fn call(
    u: &mut Unstructured<'_>,
    environment: &Environment,
    body: &mut Body,
    opcode: Opcode,
) -> Result<()> {
    if opcode == Opcode::Call {
        let callee = below(u, environment.callable())?;
        let signature = environment.signature(environment.function_type(callee));
        body.operands(u, environment, &signature.params, Manner::Fresh)?;
        let call = Instruction::Call(callee);
        body.op(call, signature.params.len(), &signature.results);
        return Ok(());
    }
    let at = below(u, environment.families.len() as u32)?;
    let Some(&family) = environment.families.get(at as usize) else {
        return Ok(());
    };
    let signature = environment.signature(family.ty);
    body.operands(u, environment, &signature.params, Manner::Fresh)?;
    body.bounded(u, environment, family.count)?;
    body.push_i32(family.first as i32);
    body.op(Instruction::I32Add, 2, &[ValType::I32]);
    body.widen(environment.is_table64(STABLE));
    let call = Instruction::CallIndirect {
        type_index: family.ty,
        table_index: STABLE,
    };
    body.op(call, signature.params.len() + 1, &signature.results);
    Ok(())
}

/// Appends an opcode after which the function does no more, and code that nothing reaches.
pub(super) fn last(
    u: &mut Unstructured<'_>,
    environment: &Environment,
    body: &mut Body,
    opcode: Opcode,
    results: &[ValType],
) -> Result<()> {
    match opcode {
        Opcode::Return => {
            body.operands(u, environment, results, Manner::Fresh)?;
            body.emit(Instruction::Return);
        }
        Opcode::Unreachable => body.emit(Instruction::Unreachable),
        _ => tail_call(u, environment, body, opcode, results)?,
    }
    body.dead = true;
    body.stack.clear();
    if chance(u, 1, 2)? {
        body.push_constant(u, ValType::I64)?;
        body.op(Instruction::Drop, 1, &[]);
    }
    Ok(())
}
