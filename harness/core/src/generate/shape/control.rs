//! Blocks: with parameters from the stack and results of any types; loops that count down.

use super::super::weights::{between, chance};
use super::builder::{Builder, Kind};
use arbitrary::{Result, Unstructured};
use wasm_encoder::{BlockType, Instruction, ValType};

/// Steps in a block, at most.
const STEPS: u32 = 6;

impl Builder<'_> {
    /// Types of some operands on top, which a block takes as parameters.
    fn params(&self, u: &mut Unstructured<'_>) -> Result<Vec<ValType>> {
        let own = self.body.own();
        let count = between(u, 0, own.len().min(4) as u32)?;
        Ok(own[own.len() - count as usize..].to_vec())
    }

    fn signature(&mut self, u: &mut Unstructured<'_>) -> Result<(Vec<ValType>, Vec<ValType>)> {
        Ok((self.params(u)?, self.environment.value_types(u, 0, 3)?))
    }

    fn type_of(&mut self, params: &[ValType], results: &[ValType]) -> BlockType {
        self.environment.block_type(params, results)
    }

    fn steps(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let steps = between(u, 1, STEPS)?;
        self.sequence(u, steps)
    }

    /// A `block`.
    pub(super) fn block(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let (params, results) = self.signature(u)?;
        let ty = self.type_of(&params, &results);
        self.body.emit(Instruction::Block(ty));
        self.enter(Kind::Block, &params, &results);
        self.steps(u)?;
        self.leave(u)
    }

    /// An `if`, with or without `else`.
    pub(super) fn decide(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let (params, mut results) = self.signature(u)?;
        let alternative = chance(u, 2, 3)?;
        if !alternative {
            results.clone_from(&params);
        }
        let ty = self.type_of(&params, &results);
        self.condition(u)?;
        self.body.op(Instruction::If(ty), 1, &[]);
        self.enter(Kind::If, &params, &results);
        self.steps(u)?;
        if alternative {
            self.settle(u)?;
            if !self.body.dead && chance(u, 1, 8)? {
                // What comes before the `else` is then a place that only a branch leads to.
                self.body.emit(Instruction::Block(BlockType::Empty));
                self.body.emit(Instruction::Br(0));
                self.body.emit(Instruction::End);
            }
            self.alternative();
            self.steps(u)?;
        }
        self.leave(u)
    }

    /// Pushes a condition that holds about as often as not.
    pub(super) fn condition(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.push(u, ValType::I32)?;
        if chance(u, 1, 2)? {
            self.body.mask(1);
        }
        if chance(u, 1, 2)? {
            self.body.op(Instruction::I32Eqz, 1, &[ValType::I32]);
        }
        Ok(())
    }

    /// A `loop` that is repeated a few times.
    pub(super) fn repeat(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let rounds = between(u, 2, 9)?;
        if !self.affords(u64::from(rounds) * 40) {
            return self.block(u);
        }
        let (params, results) = self.signature(u)?;
        let ty = self.type_of(&params, &results);
        let counter = self.body.reserve(ValType::I32);
        self.body.push_i32(rounds as i32);
        self.body.op(Instruction::LocalSet(counter), 1, &[]);
        self.body.emit(Instruction::Loop(ty));
        self.enter(Kind::Loop(counter), &params, &results);
        self.body.times *= u64::from(rounds);
        self.steps(u)?;
        if !self.body.dead {
            self.operands(u, &params)?;
            self.count(counter);
            self.body.op(Instruction::BrIf(0), 1, &[]);
        }
        self.leave(u)
    }

    /// Counts a loop's local down and pushes whether it is still positive.
    pub(super) fn count(&mut self, counter: u32) {
        let i32 = [ValType::I32];
        self.body.op(Instruction::LocalGet(counter), 0, &i32);
        self.body.push_i32(1);
        self.body.op(Instruction::I32Sub, 2, &i32);
        self.body.emit(Instruction::LocalTee(counter));
        self.body.push_i32(0);
        self.body.op(Instruction::I32GtS, 2, &i32);
    }
}
