//! The opcode matrix: modules that execute a batch of opcodes, each with operands at boundaries and
//! live values below them. Over many modules every opcode that the oracle implements comes.
//!
//! Nothing here makes programs; that is the shape generator's part, which uses the same tables.

mod addresses;
pub(super) mod body;
pub(super) mod casts;
mod control;
pub(super) mod draw;
pub(super) mod entities;
pub(super) mod environment;
pub(super) mod hazard;
mod initial;
pub(super) mod objects;
pub(super) mod pools;
mod references;
mod rows;
mod sections;
pub(super) mod stores;
pub(super) mod table;
pub(super) mod threads;
pub(super) mod transfers;
pub(super) mod types;

use super::weights::{between, chance, one_of};
use arbitrary::{Result, Unstructured};
use body::{Body, Manner};
use entities::{BULK, SINGLE};
use environment::{Environment, Signature};
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::opcode::Opcode;
use objects::OBJECTS;
use table::{Row, tables};
use threads::THREADS;
use transfers::{TAIL_CALLS, TRANSFERS};
use types::Shape;
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
pub(super) fn module(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Vec<u8>> {
    let mut environment = Environment::draw(u, features)?;
    define_callees(u, &mut environment)?;
    let batch = between(u, BATCH.0, BATCH.1)?;
    let cells = cells(&environment);
    let mut left: Vec<Cell> = (0..batch)
        .map(|_| u.choose(&cells).copied())
        .collect::<Result<_>>()?;
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
    /// On objects.
    Object(Opcode),
    /// Of threads.
    Thread(Opcode),
    /// Control that comes back.
    Control(Opcode),
    /// The same, of the proposals.
    Transfer(Opcode),
    /// Control that does not.
    Last(Opcode),
}

/// Opcodes that are made in one way.
type List = (&'static [Opcode], fn(Opcode) -> Cell);

/// All opcodes that the module may have.
fn cells(environment: &Environment) -> Vec<Cell> {
    let rows = tables(environment.features).into_iter().flatten();
    let mut cells: Vec<Cell> = rows.map(Cell::Row).collect();
    let lists: [List; 8] = [
        (BULK, Cell::Entity),
        (SINGLE, Cell::Entity),
        (OBJECTS, Cell::Object),
        (THREADS, Cell::Thread),
        (control::CONTROL, Cell::Control),
        (TRANSFERS, Cell::Transfer),
        (control::LAST, Cell::Last),
        (TAIL_CALLS, Cell::Last),
    ];
    for (list, cell) in lists {
        cells.extend(environment.opcodes(list).into_iter().map(cell));
    }
    cells
}

impl Cell {
    fn can_trap(self) -> bool {
        match self {
            Cell::Row(row) => row.opcode.can_trap(),
            Cell::Entity(opcode) | Cell::Object(opcode) | Cell::Thread(opcode) => opcode.can_trap(),
            Cell::Transfer(opcode) => matches!(opcode, Opcode::RefAsNonNull | Opcode::CallRef),
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
    let mut callees: Vec<(u32, Signature)> = Vec::new();
    for (params, results) in types {
        let signature = Signature {
            params: params.to_vec(),
            results: results.to_vec(),
        };
        callees.push((environment.type_index(signature.clone()), signature));
    }
    // Function types of the table, a subtype among them.
    for ty in 0..environment.types.rows.len() as u32 {
        if let Some(Shape::Func(..)) = environment.types.shape(ty) {
            callees.push((ty, environment.signature(ty)));
        }
    }
    for (number, (ty, Signature { params, results })) in callees.into_iter().enumerate() {
        let mut body = Body::new(&params, &[]);
        body.operands(u, environment, &results, Manner::Fresh)?;
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
    let mut signature = Signature {
        params: environment.parameters(u, 0, 3)?,
        results: environment.value_types(u, 0, 2)?,
    };
    let tail = |cell: &Cell| matches!(cell, Cell::Last(opcode) if TAIL_CALLS.contains(opcode));
    if cells.iter().any(tail)
        && let Some(family) = one_of(u, &environment.families)?
    {
        // Only a function that returns the same can be called in the end.
        signature.results = environment.signature(family.ty).results;
    }
    // One of each number type, so that there is always a local to write.
    let mut locals = vec![ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    locals.extend(environment.value_types(u, 1, 4)?);
    let mut body = Body::new(&signature.params, &locals);
    body.begin(u, environment)?;
    for &cell in cells {
        // Live values below; they stay until the end.
        for _ in 0..between(u, 1, 3)? {
            let ty = environment.value_type(u)?;
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
        Cell::Object(opcode) => body.object(u, environment, opcode, manner),
        Cell::Thread(opcode) => body.thread(u, environment, opcode, manner),
        Cell::Transfer(opcode) => transfers::transfer(u, environment, body, opcode, manner),
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
