//! Casts with live operands below: a switch over the types of an object, and branches on one.

use super::super::matrix::body::Manner;
use super::super::matrix::casts::target;
use super::super::matrix::transfers::{TRANSFERS, transfer};
use super::super::matrix::types::reference;
use super::super::weights::{between, one_of};
use super::builder::{Builder, Kind};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{BlockType, HeapType, Instruction, RefType, ValType};

impl Builder<'_> {
    /// Blocks inside each other, one for each of several types, and a branch to the first that an
    /// object is of.
    pub(super) fn type_switch(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if !self.environment.has(Opcode::BrOnCast) || !self.affords(60) {
            return self.block(u);
        }
        let mut types = Vec::new();
        for _ in 0..between(u, 1, 3)? {
            types.push(target(u, self.environment)?);
        }
        for &heap_type in &types {
            let left = reference(false, heap_type);
            self.body.emit(Instruction::Block(BlockType::Result(left)));
            self.enter(Kind::Block, &[], &[left]);
        }
        let held = between(u, 0, 3)?;
        self.hold(u, held)?;
        let any = ValType::Ref(RefType::ANYREF);
        match between(u, 0, 2)? {
            0 => self.push(u, any)?,
            turn => {
                // One that some branch takes.
                let of = types.get(turn as usize - 1).copied();
                let before = self.body.stack.len();
                let of = of.unwrap_or(HeapType::ANY);
                self.body.push_object(u, self.environment, of)?;
                self.body.retype(before, any);
            }
        }
        for (&heap_type, relative_depth) in types.iter().rev().zip(0..) {
            let branch = Instruction::BrOnCast {
                relative_depth,
                from_ref_type: RefType::ANYREF,
                to_ref_type: RefType {
                    nullable: false,
                    heap_type,
                },
            };
            self.body.op(branch, 1, &[any]);
        }
        self.body.op(Instruction::Drop, 1, &[]);
        for _ in &types {
            let steps = between(u, 0, 2)?;
            self.sequence(u, steps)?;
            self.leave(u)?;
        }
        Ok(())
    }

    /// A branch on a reference, or a handler, in the least code.
    pub(super) fn transfer(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let mut opcodes = self.environment.opcodes(TRANSFERS);
        opcodes.retain(|opcode| *opcode != Opcode::CallRef);
        match one_of(u, &opcodes)? {
            Some(&opcode) if self.affords(40) => {
                transfer(u, self.environment, &mut self.body, opcode, Manner::Fresh)
            }
            _ => self.compute(u),
        }
    }
}
