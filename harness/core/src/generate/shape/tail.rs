//! Tail calls: functions of different parameters that call each other in the end, in rounds that
//! are counted; and a last call instead of results.

use super::super::matrix::body::Manner;
use super::super::matrix::environment::{STABLE, Signature};
use super::super::weights::{below, between, chance, one_of};
use super::builder::{Builder, Kind};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{BlockType, Instruction, ValType};

/// Bits of the rounds that functions call each other.
pub(super) const ROUNDS: i32 = 15;

/// A function that can be called in the end.
pub(super) struct Target {
    /// Its index; it may not be there yet.
    pub(super) function: u32,
    /// Its position in the table that code does not change.
    pub(super) element: u32,
    /// Its type.
    pub(super) ty: u32,
}

impl Builder<'_> {
    /// Calls another, if the first parameter has rounds left; live operands are gone with the frame.
    pub(super) fn go_round(&mut self, u: &mut Unstructured<'_>, targets: &[Target]) -> Result<()> {
        let Some(target) = one_of(u, targets)? else {
            return Ok(());
        };
        let i32 = [ValType::I32];
        let rounds = self.count_down(0, ROUNDS);
        self.body.emit(Instruction::Block(BlockType::Empty));
        self.enter(Kind::Block, &[], &[]);
        self.body.op(Instruction::LocalGet(rounds), 0, &i32);
        self.body.op(Instruction::I32Eqz, 1, &i32);
        self.body.op(Instruction::BrIf(0), 1, &[]);
        let held = between(u, 0, 5)?;
        self.hold(u, held)?;
        self.body.op(Instruction::LocalGet(rounds), 0, &i32);
        self.body.push_i32(1);
        self.body.op(Instruction::I32Sub, 2, &i32);
        let Signature { params, .. } = self.environment.signature(target.ty);
        let rest = params.get(1..).unwrap_or_default();
        self.body
            .operands(u, self.environment, rest, Manner::Fresh)?;
        match below(u, 3)? {
            1 => {
                self.body.push_i32(target.element as i32);
                self.body.widen(self.environment.is_table64(STABLE));
                self.body.emit(Instruction::ReturnCallIndirect {
                    type_index: target.ty,
                    table_index: STABLE,
                });
            }
            2 if self.environment.has(Opcode::ReturnCallRef) => {
                self.body.emit(Instruction::RefFunc(target.function));
                self.body.emit(Instruction::ReturnCallRef(target.ty));
            }
            _ => self.body.emit(Instruction::ReturnCall(target.function)),
        }
        self.die();
        self.leave(u)
    }

    /// Ends with a call of a function that returns the same, also one of the host; false if there is
    /// none.
    pub(super) fn end_with_call(&mut self, u: &mut Unstructured<'_>) -> Result<bool> {
        let Some(label) = self.labels.first() else {
            return Ok(false);
        };
        if self.body.dead || !self.environment.has(Opcode::ReturnCall) || !chance(u, 1, 3)? {
            return Ok(false);
        }
        let first = match self.traits.hosts {
            true => 0,
            false => self.environment.imported(),
        };
        let results = label.results.clone();
        let returns = |function: &u32| {
            let ty = self.environment.function_type(*function);
            self.environment.signature(ty).results == results
        };
        let such: Vec<u32> = (first..self.costs.len() as u32).filter(returns).collect();
        let Some(&callee) = one_of(u, &such)? else {
            return Ok(false);
        };
        if !self.pays(self.costs[callee as usize]) {
            return Ok(false);
        }
        let ty = self.environment.function_type(callee);
        let Signature { params, .. } = self.environment.signature(ty);
        self.operands(u, &params)?;
        self.body.emit(Instruction::ReturnCall(callee));
        self.die();
        Ok(true)
    }
}
