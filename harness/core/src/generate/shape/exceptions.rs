//! Exceptions: thrown at depth with live operands below, caught some frames out, thrown again, or
//! not caught at all.

use super::super::matrix::body::Manner;
use super::super::matrix::pools::EXNREF;
use super::super::matrix::transfers::clause;
use super::super::weights::{below, between, chance, one_of};
use super::builder::{Builder, Kind, NESTING};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use std::borrow::Cow;
use wasm_encoder::{BlockType, Instruction, ValType};

impl Builder<'_> {
    /// Handlers around code that throws now and then.
    pub(super) fn protect(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.protect_from(u, Builder::call_throwing)
    }

    /// Handlers around what may throw, and what follows it: a block for each, which is left with what was
    /// thrown.
    pub(super) fn protect_from(
        &mut self,
        u: &mut Unstructured<'_>,
        thrower: impl FnOnce(&mut Self, &mut Unstructured<'_>) -> Result<()>,
    ) -> Result<()> {
        let count = between(u, 1, 3)?;
        if self.environment.tags.is_empty()
            || self.labels.len() + count as usize >= NESTING
            || !self.affords(80)
        {
            return self.block(u);
        }
        let mut catches = Vec::new();
        let mut caught = Vec::new();
        for number in 0..count {
            let tag = below(u, self.environment.tags.len() as u32)?;
            let params = self.environment.tags[tag as usize].params.clone();
            let (catch, left) = clause(u, tag, count - 1 - number, &params)?;
            let ty = self.environment.block_type(&[], &left);
            self.body.emit(Instruction::Block(ty));
            self.enter(Kind::Block, &[], &left);
            if chance(u, 1, 3)? {
                self.hold(u, 1)?;
            }
            catches.push(catch);
            caught.push(left);
        }
        let results = self.environment.value_types(u, 0, 2)?;
        let ty = self.environment.block_type(&[], &results);
        self.body
            .emit(Instruction::TryTable(ty, Cow::Owned(catches)));
        self.enter(Kind::Block, &[], &results);
        self.protection += 1;
        let held = between(u, 0, 4)?;
        self.hold(u, held)?;
        thrower(self, u)?;
        let steps = between(u, 1, 5)?;
        self.sequence(u, steps)?;
        self.protection -= 1;
        self.leave(u)?;
        for left in caught.iter().rev() {
            let steps = between(u, 0, 2)?;
            self.sequence(u, steps)?;
            self.leave(u)?;
            if left.last() == Some(&EXNREF) && !self.body.dead {
                self.throw_again(u)?;
            }
        }
        Ok(())
    }

    /// Calls a function that throws at times, if there is one.
    fn call_throwing(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let imported = self.environment.imported();
        if self.traits.hosts && imported > 0 && chance(u, 1, 4)? {
            // Another module's throws what only that one can catch.
            let callee = below(u, imported)?;
            return self.call(u, callee);
        }
        match one_of(u, self.throwing)?.copied() {
            Some(callee) if chance(u, 3, 4)? => self.call(u, callee),
            _ => self.throw(u),
        }
    }

    /// Throws behind a condition, which holds seldom where nothing catches here.
    pub(super) fn throw(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.environment.tags.is_empty() {
            return self.compute(u);
        }
        let rarely = if self.protection > 0 { 1 } else { 0x1f };
        self.condition_of(u, rarely)?;
        self.throw_inside(u)
    }

    /// Throws if the parameter's low bits are so.
    pub(super) fn throw_by_argument(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.body.op(Instruction::LocalGet(0), 0, &[ValType::I32]);
        let turn = between(u, 0, 3)?;
        self.body.push_i32(turn as i32);
        self.body.op(Instruction::I32Add, 2, &[ValType::I32]);
        self.body.mask(3);
        self.body.op(Instruction::I32Eqz, 1, &[ValType::I32]);
        self.throw_inside(u)
    }

    fn throw_inside(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.body.op(Instruction::If(BlockType::Empty), 1, &[]);
        self.enter(Kind::If, &[], &[]);
        let held = between(u, 0, 4)?;
        self.hold(u, held)?;
        self.body.throw_any(u, self.environment)?;
        self.die();
        self.leave(u)
    }

    /// Throws the exception on top again, behind a condition; otherwise it stays.
    fn throw_again(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let local = self.body.reserve(EXNREF);
        self.body.emit(Instruction::LocalTee(local));
        let rarely = if self.protection > 0 { 1 } else { 0x1f };
        self.condition_of(u, rarely)?;
        self.body.op(Instruction::If(BlockType::Empty), 1, &[]);
        self.enter(Kind::If, &[], &[]);
        let held = between(u, 0, 3)?;
        self.hold(u, held)?;
        self.body.op(Instruction::LocalGet(local), 0, &[EXNREF]);
        self.body.op(Instruction::ThrowRef, 1, &[]);
        self.die();
        self.leave(u)
    }

    /// Pushes a condition that holds in about one of so many cases; of a power of two, less one.
    fn condition_of(&mut self, u: &mut Unstructured<'_>, rarely: i32) -> Result<()> {
        self.push(u, ValType::I32)?;
        self.body.mask(rarely);
        let value = below(u, rarely as u32 + 1)?;
        self.body.push_i32(value as i32);
        self.body.op(Instruction::I32Eq, 2, &[ValType::I32]);
        Ok(())
    }

    /// Calls through a reference that was just made.
    pub(super) fn call_ref(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let family = one_of(u, &self.environment.families)?.copied();
        let (Some(family), true) = (family, self.environment.has(Opcode::CallRef)) else {
            return self.compute(u);
        };
        let families = self.environment.families.iter();
        let same = families.filter(|other| other.ty == family.ty);
        let firsts = same.filter_map(|other| self.environment.referable.get(other.first as usize));
        let costs = firsts.filter_map(|&function| self.costs.get(function as usize));
        let most = costs.max().copied().unwrap_or(0);
        if !self.pays(most) {
            return self.compute(u);
        }
        let signature = self.environment.signature(family.ty);
        self.operands(u, &signature.params)?;
        let kind = wasm_encoder::HeapType::Concrete(family.ty);
        self.body.push_object(u, self.environment, kind)?;
        let call = Instruction::CallRef(family.ty);
        self.body
            .op(call, signature.params.len() + 1, &signature.results);
        Ok(())
    }

    /// Calls a function with operands made for it, if the budget allows.
    pub(super) fn call(&mut self, u: &mut Unstructured<'_>, callee: u32) -> Result<()> {
        let cost = self.costs.get(callee as usize).copied().unwrap_or(0);
        if !self.pays(cost) {
            return self.compute(u);
        }
        let ty = self.environment.function_type(callee);
        let signature = self.environment.signature(ty);
        self.body
            .operands(u, self.environment, &signature.params, Manner::Fresh)?;
        let call = Instruction::Call(callee);
        self.body
            .op(call, signature.params.len(), &signature.results);
        Ok(())
    }
}
