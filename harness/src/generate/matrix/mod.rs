//! The opcode matrix: modules that execute a batch of opcodes, each with operands at boundaries and
//! live values below them. Over many modules every opcode of Wasm 2.0 comes.
//!
//! Nothing here makes programs; that is the shape generator's part, which uses the same tables.

pub(super) mod body;
mod control;
pub(super) mod draw;
pub(super) mod entities;
pub(super) mod environment;
pub(super) mod table;

use super::weights::{below, between, chance};
use arbitrary::{Result, Unstructured};
use body::{Body, Hazard, Manner};
use entities::{BULK, SINGLE, TRAPPING};
use environment::{Environment, Signature};
use lockstep_oracles::opcode::Opcode;
use table::{Form, Row, SCALAR, VECTOR};
use wasm_encoder::{Instruction, ValType};

/// Opcodes of one module, at least and at most.
const BATCH: (u32, u32) = (16, 48);
/// Opcodes of one function, at most: a trap takes those after it away.
const OF_ONE_FUNCTION: u32 = 6;

/// A module that executes a batch of opcodes.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn module(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut environment = Environment::draw(u)?;
    define_callees(u, &mut environment)?;
    let batch = between(u, BATCH.0, BATCH.1)?;
    let mut left: Vec<Cell> = (0..batch).map(|_| cell(u)).collect::<Result<_>>()?;
    let mut number = 0;
    while !left.is_empty() {
        let count = between(u, 1, OF_ONE_FUNCTION)?.min(left.len() as u32);
        let mut cells = left.split_off(left.len() - count as usize);
        // Those that do not come back, last.
        cells.sort_by_key(|cell| matches!(cell, Cell::Last(_)));
        define(u, &mut environment, &cells, number)?;
        number += 1;
    }
    Ok(environment.finish())
}

/// An opcode, by how it is made.
#[derive(Clone, Copy)]
enum Cell {
    /// From the table.
    Row(&'static Row),
    /// By what it names.
    Entity(Opcode),
    /// Control that comes back.
    Control(Opcode),
    /// Control that does not.
    Last(Opcode),
}

/// One of all opcodes.
fn cell(u: &mut Unstructured<'_>) -> Result<Cell> {
    let cells = cells();
    let at = below(u, cells.len() as u32)?;
    Ok(cells[at as usize])
}

fn cells() -> Vec<Cell> {
    let rows = SCALAR.iter().chain(VECTOR).map(Cell::Row);
    let entities = BULK.iter().chain(SINGLE).copied().map(Cell::Entity);
    let control = control::CONTROL.iter().copied().map(Cell::Control);
    let last = control::LAST.iter().copied().map(Cell::Last);
    rows.chain(entities).chain(control).chain(last).collect()
}

impl Cell {
    fn can_trap(self) -> bool {
        match self {
            Cell::Row(row) => {
                matches!(row.form, Form::Memory(..) | Form::MemoryLane(..))
                    || Hazard::of(row.opcode).is_some()
            }
            Cell::Entity(opcode) => TRAPPING.contains(&opcode),
            Cell::Control(_) | Cell::Last(_) => false,
        }
    }
}

/// Functions that the others call, directly and through a table.
fn define_callees(u: &mut Unstructured<'_>, environment: &mut Environment) -> Result<()> {
    let types: [(&[ValType], &[ValType]); 4] = [
        (&[], &[]),
        (&[ValType::I32], &[ValType::I32]),
        (
            &[ValType::I64, ValType::F64],
            &[ValType::F64, ValType::V128],
        ),
        (
            &[ValType::FUNCREF, ValType::F32],
            &[ValType::EXTERNREF, ValType::F32],
        ),
    ];
    for (number, (params, results)) in types.into_iter().enumerate() {
        let ty = environment.type_index(Signature {
            params: params.to_vec(),
            results: results.to_vec(),
        });
        let mut body = Body::new(params, &[]);
        body.operands(u, environment, results, Manner::Fresh)?;
        environment.make_referable(ty, &[environment.next_function()]);
        environment.define(ty, body.finish().0, Some(format!("callee{number}")));
    }
    Ok(())
}

/// Defines a function that executes these opcodes, one after the other.
fn define(
    u: &mut Unstructured<'_>,
    environment: &mut Environment,
    cells: &[Cell],
    number: u32,
) -> Result<()> {
    let signature = Signature {
        params: draw::value_types(u, 0, 3)?,
        results: draw::value_types(u, 0, 2)?,
    };
    // One of each number type, so that there is always a local to write.
    let mut locals = vec![ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    locals.extend(draw::value_types(u, 1, 4)?);
    let mut body = Body::new(&signature.params, &locals);
    for &cell in cells {
        // Live values below; they stay until the end.
        for _ in 0..between(u, 1, 3)? {
            let ty = draw::value_type(u)?;
            body.push(u, environment, ty)?;
        }
        for _ in 0..between(u, 1, 2)? {
            append(u, environment, &mut body, cell, &signature.results)?;
            keep(u, environment, &mut body)?;
        }
    }
    if !body.dead {
        while !body.stack.is_empty() && chance(u, 9, 10)? {
            body.sink(u, environment)?;
        }
        body.operands(u, environment, &signature.results, Manner::Fresh)?;
        if body.stack.len() > signature.results.len() {
            // Only a branch may leave operands behind.
            body.emit(Instruction::Return);
        }
    }
    let ty = environment.type_index(signature);
    environment.define(ty, body.finish().0, Some(format!("f{number}")));
    Ok(())
}

/// Appends one opcode with operands of its own.
fn append(
    u: &mut Unstructured<'_>,
    environment: &mut Environment,
    body: &mut Body,
    cell: Cell,
    results: &[ValType],
) -> Result<()> {
    let manner = match cell.can_trap() && chance(u, 1, 40)? {
        true => Manner::Trap,
        false => Manner::Fresh,
    };
    match cell {
        Cell::Row(row) => body.row(u, environment, row, manner),
        Cell::Entity(opcode) => body.entity(u, environment, opcode, manner),
        Cell::Control(opcode) => control::control(u, environment, body, opcode),
        Cell::Last(opcode) => control::last(u, environment, body, opcode, results),
    }
}

/// Keeps the result on top, or takes it away.
fn keep(u: &mut Unstructured<'_>, environment: &Environment, body: &mut Body) -> Result<()> {
    if chance(u, 1, 2)? {
        body.sink(u, environment)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) mod trial;
