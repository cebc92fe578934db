//! Control that the proposals brought: exceptions, branches on references and casts, calls through
//! references, tail calls. For each the least code that executes it, with live values below.

use super::super::weights::{below, between, chance, one_of};
use super::body::{Body, Manner};
use super::casts::target;
use super::environment::{Environment, STABLE, Signature};
use super::pools::EXNREF;
use super::types::reference;
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use std::borrow::Cow;
use wasm_encoder::{BlockType, Catch, HeapType, Instruction, RefType, ValType};

/// Those that come back.
pub(in crate::generate) const TRANSFERS: &[Opcode] = &[
    Opcode::TryTable,
    Opcode::Throw,
    Opcode::ThrowRef,
    Opcode::BrOnNull,
    Opcode::BrOnNonNull,
    Opcode::RefAsNonNull,
    Opcode::CallRef,
    Opcode::BrOnCast,
    Opcode::BrOnCastFail,
];

/// Those that do not: they are the last of their function.
pub(in crate::generate) const TAIL_CALLS: &[Opcode] = &[
    Opcode::ReturnCall,
    Opcode::ReturnCallIndirect,
    Opcode::ReturnCallRef,
];

/// Appends code that executes the opcode; nothing if the module cannot have it.
pub(in crate::generate) fn transfer(
    u: &mut Unstructured<'_>,
    environment: &mut Environment,
    body: &mut Body,
    opcode: Opcode,
    manner: Manner,
) -> Result<()> {
    if !environment.has(opcode) {
        return Ok(());
    }
    match opcode {
        Opcode::TryTable | Opcode::Throw | Opcode::ThrowRef => {
            protected(u, environment, body, opcode)
        }
        Opcode::RefAsNonNull => {
            let ty = some_reference(u, environment)?;
            match manner {
                Manner::Trap => null(body, ty),
                _ => some_object(u, environment, body, ty)?,
            }
            let ty = not_null(ty);
            body.op(Instruction::RefAsNonNull, 1, &[ty]);
            Ok(())
        }
        Opcode::BrOnNull | Opcode::BrOnNonNull => on_null(u, environment, body, opcode),
        Opcode::BrOnCast | Opcode::BrOnCastFail => on_cast(u, environment, body, opcode),
        _ => {
            let Some((ty, signature)) = family(u, environment)? else {
                return Ok(());
            };
            body.operands(u, environment, &signature.params, Manner::Fresh)?;
            match manner {
                Manner::Trap => null(body, to(ty)),
                _ => some_object(u, environment, body, to(ty))?,
            }
            let call = Instruction::CallRef(ty);
            body.op(call, signature.params.len() + 1, &signature.results);
            Ok(())
        }
    }
}

/// A function type that references have, and what it says.
fn family(u: &mut Unstructured<'_>, environment: &Environment) -> Result<Option<(u32, Signature)>> {
    let family = one_of(u, &environment.families)?;
    Ok(family.map(|family| (family.ty, environment.signature(family.ty))))
}

fn to(ty: u32) -> RefType {
    RefType {
        nullable: true,
        heap_type: HeapType::Concrete(ty),
    }
}

fn not_null(ty: RefType) -> ValType {
    reference(false, ty.heap_type)
}

/// A type of references that code can make, or null.
fn some_reference(u: &mut Unstructured<'_>, environment: &Environment) -> Result<RefType> {
    if !environment.types.rows.is_empty() && chance(u, 2, 3)? {
        let target = target(u, environment)?;
        return Ok(RefType {
            nullable: true,
            heap_type: target,
        });
    }
    Ok(match family(u, environment)? {
        Some((ty, _)) if chance(u, 1, 2)? => to(ty),
        _ => RefType::FUNCREF,
    })
}

fn null(body: &mut Body, ty: RefType) {
    body.op(Instruction::RefNull(ty.heap_type), 0, &[ValType::Ref(ty)]);
}

/// Pushes an object as a reference that may be null.
fn some_object(
    u: &mut Unstructured<'_>,
    environment: &Environment,
    body: &mut Body,
    ty: RefType,
) -> Result<()> {
    let before = body.stack.len();
    body.push_object(u, environment, ty.heap_type)?;
    body.retype(before, ValType::Ref(ty));
    Ok(())
}

/// What a branch carries below a reference: live values.
fn carried(u: &mut Unstructured<'_>, environment: &Environment) -> Result<Vec<ValType>> {
    environment.value_types(u, 0, 2)
}

/// A block that is left because a reference is, or is not, null.
fn on_null(
    u: &mut Unstructured<'_>,
    environment: &mut Environment,
    body: &mut Body,
    opcode: Opcode,
) -> Result<()> {
    let start = body.stack.len();
    let mut results = carried(u, environment)?;
    let ty = some_reference(u, environment)?;
    let below = results.clone();
    if opcode == Opcode::BrOnNonNull {
        results.push(not_null(ty));
    }
    let block = environment.block_type(&[], &results);
    body.emit(Instruction::Block(block));
    body.push_constant(u, ValType::I64)?;
    body.operands(u, environment, &below, Manner::Fresh)?;
    match chance(u, 1, 2)? {
        true => null(body, ty),
        false => some_object(u, environment, body, ty)?,
    }
    if opcode == Opcode::BrOnNull {
        body.op(Instruction::BrOnNull(0), 1, &[not_null(ty)]);
        body.op(Instruction::Drop, 1, &[]);
    } else {
        body.op(Instruction::BrOnNonNull(0), 1, &[]);
        some_object(u, environment, body, ty)?;
        body.op(Instruction::RefAsNonNull, 1, &[not_null(ty)]);
    }
    leave(body, start, &results);
    Ok(())
}

/// A block that is left because a cast succeeds, or fails.
fn on_cast(
    u: &mut Unstructured<'_>,
    environment: &mut Environment,
    body: &mut Body,
    opcode: Opcode,
) -> Result<()> {
    let start = body.stack.len();
    let mut results = carried(u, environment)?;
    let below = results.clone();
    let from_ref_type = RefType::ANYREF;
    let to_ref_type = RefType {
        nullable: chance(u, 1, 2)?,
        heap_type: target(u, environment)?,
    };
    // What is left when null has been taken away.
    let rest = RefType {
        nullable: !to_ref_type.nullable,
        ..from_ref_type
    };
    let (branch, there, here) = match opcode {
        Opcode::BrOnCast => {
            let branch = Instruction::BrOnCast {
                relative_depth: 0,
                from_ref_type,
                to_ref_type,
            };
            (branch, to_ref_type, rest)
        }
        _ => {
            let branch = Instruction::BrOnCastFail {
                relative_depth: 0,
                from_ref_type,
                to_ref_type,
            };
            (branch, rest, to_ref_type)
        }
    };
    results.push(ValType::Ref(there));
    let block = environment.block_type(&[], &results);
    body.emit(Instruction::Block(block));
    body.push_constant(u, ValType::I64)?;
    body.operands(u, environment, &below, Manner::Fresh)?;
    let before = body.stack.len();
    match between(u, 0, 3)? {
        0 => body.push_object(u, environment, HeapType::ANY)?,
        1 => null(body, from_ref_type),
        _ => body.push_object(u, environment, to_ref_type.heap_type)?,
    }
    body.retype(before, ValType::Ref(from_ref_type));
    body.op(branch, 1, &[ValType::Ref(here)]);
    body.op(Instruction::Drop, 1, &[]);
    body.push_reference(u, environment, there)?;
    leave(body, start, &results);
    Ok(())
}

/// Goes to a block's end with what is on top, over a live value.
fn leave(body: &mut Body, start: usize, results: &[ValType]) {
    body.emit(Instruction::Br(0));
    body.emit(Instruction::End);
    body.stack.truncate(start);
    body.stack.extend(results);
}

/// A handler around code that throws, or does not; with live values below what is thrown.
fn protected(
    u: &mut Unstructured<'_>,
    environment: &mut Environment,
    body: &mut Body,
    opcode: Opcode,
) -> Result<()> {
    let start = body.stack.len();
    let tag = below(u, environment.tags.len() as u32)?;
    let Some(params) = environment
        .tags
        .get(tag as usize)
        .map(|tag| tag.params.clone())
    else {
        return Ok(());
    };
    let (catch, results) = clause(u, tag, 0, &params)?;
    let block = environment.block_type(&[], &results);
    body.emit(Instruction::Block(block));
    body.push_constant(u, ValType::I64)?;
    body.emit(Instruction::TryTable(
        BlockType::Empty,
        Cow::Owned(vec![catch]),
    ));
    body.push_constant(u, ValType::I32)?;
    if opcode == Opcode::TryTable && chance(u, 1, 2)? {
        body.op(Instruction::Drop, 1, &[]);
    } else {
        body.operands(u, environment, &params, Manner::Fresh)?;
        if opcode == Opcode::ThrowRef {
            rethrow(environment, body, tag, &params);
        } else {
            body.emit(Instruction::Throw(tag));
        }
    }
    body.emit(Instruction::End);
    body.operands(u, environment, &results, Manner::Fresh)?;
    leave(body, start, &results);
    Ok(())
}

/// Throws what is on top, catches it and throws it again.
fn rethrow(environment: &mut Environment, body: &mut Body, tag: u32, params: &[ValType]) {
    let caught = [params, &[EXNREF]].concat();
    let within = environment.block_type(params, &caught);
    body.emit(Instruction::Block(within));
    let inner = environment.block_type(params, &[]);
    let catch = Catch::OneRef { tag, label: 0 };
    body.emit(Instruction::TryTable(inner, Cow::Owned(vec![catch])));
    body.emit(Instruction::Throw(tag));
    body.emit(Instruction::End);
    body.emit(Instruction::Unreachable);
    body.emit(Instruction::End);
    body.emit(Instruction::ThrowRef);
}

/// A clause that catches a tag, and what it leaves at its label.
pub(in crate::generate) fn clause(
    u: &mut Unstructured<'_>,
    tag: u32,
    label: u32,
    params: &[ValType],
) -> Result<(Catch, Vec<ValType>)> {
    Ok(match between(u, 0, 3)? {
        0 => (Catch::One { tag, label }, params.to_vec()),
        1 => (Catch::OneRef { tag, label }, [params, &[EXNREF]].concat()),
        2 => (Catch::AllRef { label }, vec![EXNREF]),
        _ => (Catch::All { label }, Vec::new()),
    })
}

/// What functions that can be called in the end return, and how they are.
pub(super) fn tail_call(
    u: &mut Unstructured<'_>,
    environment: &Environment,
    body: &mut Body,
    opcode: Opcode,
    results: &[ValType],
) -> Result<()> {
    if !environment.has(opcode) {
        body.emit(Instruction::Unreachable);
        return Ok(());
    }
    let families = environment.families.iter();
    let such: Vec<_> = families
        .filter(|family| environment.signature(family.ty).results == results)
        .copied()
        .collect();
    let Some(&family) = one_of(u, &such)? else {
        body.emit(Instruction::Unreachable);
        return Ok(());
    };
    let signature = environment.signature(family.ty);
    // Live values below: they are gone with the frame.
    body.push_constant(u, ValType::I64)?;
    body.operands(u, environment, &signature.params, Manner::Fresh)?;
    match opcode {
        Opcode::ReturnCallIndirect => {
            body.push_i32(family.first as i32);
            body.widen(environment.is_table64(STABLE));
            body.emit(Instruction::ReturnCallIndirect {
                type_index: family.ty,
                table_index: STABLE,
            });
        }
        Opcode::ReturnCallRef => {
            some_object(u, environment, body, to(family.ty))?;
            body.emit(Instruction::ReturnCallRef(family.ty));
        }
        _ => {
            let function = environment.referable.get(family.first as usize);
            body.emit(Instruction::ReturnCall(function.copied().unwrap_or(0)));
        }
    }
    Ok(())
}
