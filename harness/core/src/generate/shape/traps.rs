//! Traps at every kind of opcode that can, with live operands below; behind conditions, so that
//! most calls return.

use super::super::matrix::body::Manner;
use super::super::matrix::entities::BULK;
use super::super::matrix::environment::{FUNCS, STABLE, Signature};
use super::super::matrix::hazard::Hazard;
use super::super::matrix::objects::OBJECTS;
use super::super::matrix::table::{ATOMIC, Row as Entry, SCALAR, VECTOR};
use super::super::matrix::transfers::transfer;
use super::super::weights::{Row, between, chance, one_of, pick};
use super::builder::{Builder, Kind};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{Instruction, ValType};

#[derive(Clone, Copy)]
enum Trap {
    Unreachable,
    Arithmetic,
    Memory,
    VectorMemory,
    Entity,
    Null,
    Mismatch,
    Undefined,
    Object,
    Thread,
    Atomic,
    NullReference,
    Uncaught,
}

const TRAPS: &[Row<Trap>] = &[
    trap("unreachable", 1, Trap::Unreachable),
    trap("arithmetic", 4, Trap::Arithmetic),
    trap("memory", 3, Trap::Memory),
    trap("vector memory", 2, Trap::VectorMemory),
    trap("bulk and table", 4, Trap::Entity),
    trap("null element", 1, Trap::Null),
    trap("type mismatch", 1, Trap::Mismatch),
    trap("undefined element", 1, Trap::Undefined),
    trap("cast and object", 5, Trap::Object),
    trap("wait", 2, Trap::Thread),
    trap("atomic", 1, Trap::Atomic),
    trap("null reference", 1, Trap::NullReference),
    trap("exception", 1, Trap::Uncaught),
];

const fn trap(name: &'static str, weight: u32, what: Trap) -> Row<Trap> {
    Row { name, weight, what }
}

/// A type that no other function of a module has.
fn unlike_any() -> Signature {
    Signature {
        params: vec![ValType::F64; 5],
        results: vec![ValType::F32; 4],
    }
}

impl Builder<'_> {
    /// Code that traps.
    pub(super) fn trap(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match pick(u, TRAPS)?.what {
            Trap::Object => {
                let opcodes = self.environment.opcodes(&trapping(OBJECTS));
                match one_of(u, &opcodes)? {
                    Some(&opcode) => {
                        let manner = Manner::Trap;
                        self.body.object(u, self.environment, opcode, manner)?;
                    }
                    None => self.body.emit(Instruction::Unreachable),
                }
            }
            Trap::Thread if self.environment.has(Opcode::MemoryAtomicWait32) => {
                let opcode =
                    *u.choose(&[Opcode::MemoryAtomicWait32, Opcode::MemoryAtomicWait64])?;
                let manner = Manner::Trap;
                self.body.thread(u, self.environment, opcode, manner)?;
            }
            Trap::Atomic if self.environment.has(Opcode::AtomicFence) => {
                self.trap_row(u, ATOMIC, accesses_memory)?;
            }
            Trap::NullReference if self.environment.has(Opcode::RefAsNonNull) => {
                let opcode = *u.choose(&[Opcode::RefAsNonNull, Opcode::CallRef])?;
                let manner = Manner::Trap;
                transfer(u, self.environment, &mut self.body, opcode, manner)?;
            }
            Trap::Uncaught if !self.environment.tags.is_empty() => {
                self.body.throw_any(u, self.environment)?;
            }
            Trap::Unreachable
            | Trap::Thread
            | Trap::Atomic
            | Trap::NullReference
            | Trap::Uncaught => self.body.emit(Instruction::Unreachable),
            Trap::Arithmetic => self.trap_row(u, SCALAR, |row| Hazard::of(row.opcode).is_some())?,
            Trap::Memory => self.trap_row(u, SCALAR, accesses_memory)?,
            Trap::VectorMemory => self.trap_row(u, VECTOR, accesses_memory)?,
            Trap::Entity => {
                if let Some(&opcode) = one_of(u, &trapping(BULK))? {
                    self.body
                        .entity(u, self.environment, opcode, Manner::Trap)?;
                }
            }
            Trap::Null => {
                let ty = match one_of(u, &self.environment.families)? {
                    Some(family) => family.ty,
                    None => self.environment.type_index(Signature::default()),
                };
                let null = self.environment.null_element() as i32;
                self.trap_call(u, ty, STABLE, null)?;
            }
            Trap::Mismatch => {
                let ty = self.environment.type_index(unlike_any());
                self.trap_call(u, ty, STABLE, 0)?;
            }
            Trap::Undefined => {
                let ty = self.environment.type_index(Signature::default());
                let table = *u.choose(&[STABLE, FUNCS])?;
                let beyond = *u.choose(&[-1, 1000, i32::MIN])?;
                self.trap_call(u, ty, table, beyond)?;
            }
        }
        Ok(())
    }

    fn trap_row(
        &mut self,
        u: &mut Unstructured<'_>,
        table: &'static [Entry],
        wanted: fn(&Entry) -> bool,
    ) -> Result<()> {
        let rows: Vec<&Entry> = table.iter().filter(|row| wanted(row)).collect();
        match one_of(u, &rows)? {
            Some(row) => self.body.row(u, self.environment, row, Manner::Trap),
            None => Ok(()),
        }
    }

    fn trap_call(
        &mut self,
        u: &mut Unstructured<'_>,
        ty: u32,
        table: u32,
        element: i32,
    ) -> Result<()> {
        let signature = self.environment.signature(ty);
        self.body
            .operands(u, self.environment, &signature.params, Manner::Fresh)?;
        self.body.push_i32(element);
        self.body.widen(self.environment.is_table64(table));
        let call = Instruction::CallIndirect {
            type_index: ty,
            table_index: table,
        };
        let pops = signature.params.len() + 1;
        self.body.op(call, pops, &signature.results);
        Ok(())
    }

    /// A trap behind a condition that seldom holds; with parameters from the stack now and then.
    pub(super) fn trap_seldom(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let own = self.body.own();
        let count = between(u, 0, own.len().min(3) as u32)? as usize;
        let params = own[own.len() - count..].to_vec();
        let ty = self.environment.block_type(&params, &params);
        self.push(u, ValType::I32)?;
        self.body.mask(0x3f);
        let value = between(u, 1, 0x3f)?;
        self.body.push_i32(value as i32);
        self.body.op(Instruction::I32Eq, 2, &[ValType::I32]);
        self.body.op(Instruction::If(ty), 1, &[]);
        self.enter(Kind::If, &params, &params);
        let held = between(u, 0, 4)?;
        self.hold(u, held)?;
        self.trap(u)?;
        self.leave(u)
    }

    /// A trap at the place that the first parameter's low bits say; for some of them none.
    pub(super) fn trap_by_argument(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let places = between(u, 1, 6)?;
        for _ in 0..=places {
            let ty = self.environment.block_type(&[], &[]);
            self.body.emit(Instruction::Block(ty));
            self.enter(Kind::Block, &[], &[]);
        }
        self.body.op(Instruction::LocalGet(0), 0, &[ValType::I32]);
        if chance(u, 2, 3)? {
            // Which place a zero means.
            let turn = between(u, 0, 7)?;
            self.body.push_i32(turn as i32);
            self.body.op(Instruction::I32Add, 2, &[ValType::I32]);
        }
        self.body.mask(7);
        let targets: Vec<u32> = (0..places).collect();
        self.body
            .op(Instruction::BrTable(targets.into(), places), 1, &[]);
        self.body.dead = true;
        self.leave(u)?;
        for _ in 0..places {
            let held = between(u, 0, 6)?;
            self.hold(u, held)?;
            self.trap(u)?;
            self.leave(u)?;
        }
        Ok(())
    }
}

/// Those of the opcodes that can trap.
fn trapping(opcodes: &[Opcode]) -> Vec<Opcode> {
    opcodes.iter().copied().filter(|op| op.can_trap()).collect()
}

fn accesses_memory(row: &Entry) -> bool {
    row.form.accesses_memory()
}
