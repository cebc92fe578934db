//! Calls with live operands below: direct, of the host, through tables, of oneself.

use super::super::matrix::body::Manner;
use super::super::matrix::environment::{ELEMENTS, FUNCS, STABLE, Signature};
use super::super::weights::{below, chance, one_of};
use super::builder::{Builder, Kind};
use arbitrary::{Result, Unstructured};
use wasm_encoder::{Instruction, ValType};

impl Builder<'_> {
    /// Charges a call of a function, if the budget allows it.
    pub(super) fn pays(&mut self, cost: u64) -> bool {
        let affordable = self.affords(cost + 10);
        if affordable {
            self.body.cost += self.body.times * cost;
        }
        affordable
    }

    /// Calls a function that there is, or one of the host.
    pub(super) fn call_any(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let imported = self.environment.imported();
        let first = if self.traits.hosts { 0 } else { imported };
        let count = self.costs.len() as u32 - first;
        let callee = if first < imported && chance(u, 1, 6)? {
            // The host's come first, and would seldom be drawn.
            below(u, imported)?
        } else {
            // Rather a later one, which calls others in turn.
            first + below(u, count)?.max(below(u, count)?)
        };
        let cost = self.costs.get(callee as usize).copied();
        let Some(cost) = cost else {
            return self.compute(u);
        };
        if !self.pays(cost) {
            return self.compute(u);
        }
        let signature = self
            .environment
            .signature(self.environment.function_type(callee));
        self.operands(u, &signature.params)?;
        self.body.op(
            Instruction::Call(callee),
            signature.params.len(),
            &signature.results,
        );
        Ok(())
    }

    /// Calls one of several functions of a type through the table that code does not change.
    pub(super) fn call_family(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(&family) = one_of(u, &self.environment.families)? else {
            return self.compute(u);
        };
        let first = family.first as usize;
        let members = self.environment.referable.get(first..).unwrap_or_default();
        let members = members.iter().take(family.count as usize);
        let costs = members.filter_map(|&member| self.costs.get(member as usize));
        let most = costs.max().copied().unwrap_or(0);
        if !self.pays(most) {
            return self.compute(u);
        }
        let signature = self.environment.signature(family.ty);
        self.operands(u, &signature.params)?;
        self.body.bounded(u, self.environment, family.count)?;
        if family.first > 0 {
            self.body.push_i32(family.first as i32);
            self.body.op(Instruction::I32Add, 2, &[ValType::I32]);
        }
        self.body.widen(self.environment.is_table64(STABLE));
        self.call_indirect(family.ty, STABLE, &signature);
        Ok(())
    }

    /// Puts a function into a table and calls it there.
    pub(super) fn call_new(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(&callee) = one_of(u, &self.environment.referable)? else {
            return self.compute(u);
        };
        let cost = self.costs.get(callee as usize).copied().unwrap_or(0);
        if !self.pays(cost) {
            return self.compute(u);
        }
        let ty = self.environment.function_type(callee);
        let signature = self.environment.signature(ty);
        self.operands(u, &signature.params)?;
        let place = below(u, ELEMENTS)? as i32;
        let is_64 = self.environment.is_table64(FUNCS);
        self.body.push_i32(place);
        self.body.widen(is_64);
        self.body
            .op(Instruction::RefFunc(callee), 0, &[ValType::FUNCREF]);
        self.body.op(Instruction::TableSet(FUNCS), 2, &[]);
        self.body.push_i32(place);
        self.body.widen(is_64);
        self.call_indirect(ty, FUNCS, &signature);
        Ok(())
    }

    fn call_indirect(&mut self, ty: u32, table: u32, signature: &Signature) {
        let call = Instruction::CallIndirect {
            type_index: ty,
            table_index: table,
        };
        self.body
            .op(call, signature.params.len() + 1, &signature.results);
    }

    /// A new local that holds a parameter's low bits.
    pub(super) fn count_down(&mut self, param: u32, bits: i32) -> u32 {
        let depth = self.body.reserve(ValType::I32);
        self.body
            .op(Instruction::LocalGet(param), 0, &[ValType::I32]);
        self.body.mask(bits);
        self.body.op(Instruction::LocalSet(depth), 1, &[]);
        depth
    }

    /// Calls the function that is being made, one level less deep, if there is one.
    pub(super) fn recur(
        &mut self,
        u: &mut Unstructured<'_>,
        depth: u32,
        signature: &Signature,
    ) -> Result<()> {
        if self.body.dead {
            return Ok(());
        }
        self.descend(u, depth, signature)?;
        self.leave(u)
    }

    /// The same, up to where the `else` of a call that is not made begins.
    pub(super) fn descend(
        &mut self,
        u: &mut Unstructured<'_>,
        depth: u32,
        signature: &Signature,
    ) -> Result<()> {
        let i32 = [ValType::I32];
        let ty = self.environment.block_type(&[], &signature.results);
        self.body.op(Instruction::LocalGet(depth), 0, &i32);
        self.body.op(Instruction::If(ty), 1, &[]);
        self.enter(Kind::If, &[], &signature.results);
        let held = below(u, 4)?;
        self.hold(u, held)?;
        self.body.op(Instruction::LocalGet(depth), 0, &i32);
        self.body.push_i32(1);
        self.body.op(Instruction::I32Sub, 2, &i32);
        let rest = signature.params.get(1..).unwrap_or_default();
        self.body
            .operands(u, self.environment, rest, Manner::Fresh)?;
        let callee = self.environment.next_function();
        self.body.op(
            Instruction::Call(callee),
            signature.params.len(),
            &signature.results,
        );
        self.settle(u)?;
        self.alternative();
        Ok(())
    }
}
