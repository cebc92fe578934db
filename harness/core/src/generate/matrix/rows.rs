//! The opcodes of the tables in code: each with its operands, such that it traps only if it is to.

use super::super::weights::{below, chance};
use super::body::{Body, Manner};
use super::draw;
use super::environment::Environment;
use super::hazard::Hazard;
use super::table::{Form, Row};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{Instruction, MemArg, ValType};

impl Body {
    /// Appends an opcode of the table, with its operands.
    pub(in crate::generate) fn row(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        row: &Row,
        manner: Manner,
    ) -> Result<()> {
        let instruction = match row.form {
            Form::Plain(make) => {
                self.plain_operands(u, environment, row, manner)?;
                make()
            }
            Form::Lane(lanes, make) => {
                self.operands(u, environment, row.params, manner)?;
                make(below(u, lanes.into())? as u8)
            }
            Form::Atomic(bytes, make) => {
                let memory = environment.memory(u)?;
                let memarg = self.aligned_address(u, environment, memory, bytes, manner)?;
                let rest = row.params.get(1..).unwrap_or_default();
                self.operands(u, environment, rest, Manner::Fresh)?;
                make(memarg)
            }
            Form::Memory(bytes, make) => make(self.access(u, environment, row, bytes, manner)?),
            Form::MemoryLane(bytes, make) => {
                let memarg = self.access(u, environment, row, bytes, manner)?;
                make(memarg, below(u, 16 / bytes)? as u8)
            }
        };
        self.op(instruction, row.params.len(), row.results);
        Ok(())
    }

    fn access(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        row: &Row,
        bytes: u32,
        manner: Manner,
    ) -> Result<MemArg> {
        let rest = row.params.get(1..).unwrap_or_default();
        // Only a load's address is on top; below a value it is pushed.
        let manner = match (manner, rest) {
            (Manner::Reuse, [_, ..]) => Manner::Fresh,
            _ => manner,
        };
        let memarg = self.address(u, environment, bytes, manner)?;
        self.operands(u, environment, rest, Manner::Fresh)?;
        Ok(memarg)
    }

    /// Operands of an opcode that computes; such that it traps only if it is to.
    fn plain_operands(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        row: &Row,
        manner: Manner,
    ) -> Result<()> {
        match (Hazard::of(row.opcode), row.params) {
            (Some(Hazard::Division), &[ty, _]) => match manner {
                Manner::Reuse if self.fits(row.params) => self.tame_divisor(ty),
                Manner::Trap => self.bad_division(u, environment, row, ty)?,
                _ => {
                    self.push(u, environment, ty)?;
                    let divisor = draw::divisor(u, ty)?;
                    self.op(divisor, 0, &[ty]);
                }
            },
            (Some(Hazard::Truncation), &[ty]) => {
                let operand = match manner {
                    Manner::Trap => draw::inconvertible(u, ty)?,
                    _ => draw::convertible(u, ty)?,
                };
                self.op(operand, 0, &[ty]);
            }
            _ => self.operands(u, environment, row.params, manner)?,
        }
        Ok(())
    }

    /// Makes the integer on top neither 0 nor -1.
    fn tame_divisor(&mut self, ty: ValType) {
        let (constants, and, or) = if ty == ValType::I32 {
            let constants = [0x7f, 1].map(Instruction::I32Const);
            (constants, Instruction::I32And, Instruction::I32Or)
        } else {
            let constants = [0x7f, 1].map(Instruction::I64Const);
            (constants, Instruction::I64And, Instruction::I64Or)
        };
        let [mask, one] = constants;
        self.op(mask, 0, &[ty]);
        self.op(and, 2, &[ty]);
        self.op(one, 0, &[ty]);
        self.op(or, 2, &[ty]);
    }

    /// Operands that divide by zero, or overflow where that traps.
    fn bad_division(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        row: &Row,
        ty: ValType,
    ) -> Result<()> {
        let overflows = matches!(row.opcode, Opcode::I32DivS | Opcode::I64DivS);
        let (least, minus_one, zero) = if ty == ValType::I32 {
            let [a, b, c] = [i32::MIN, -1, 0].map(Instruction::I32Const);
            (a, b, c)
        } else {
            let [a, b, c] = [i64::MIN, -1, 0].map(Instruction::I64Const);
            (a, b, c)
        };
        if overflows && chance(u, 1, 3)? {
            self.op(least, 0, &[ty]);
            self.op(minus_one, 0, &[ty]);
        } else {
            self.push(u, environment, ty)?;
            self.op(zero, 0, &[ty]);
        }
        Ok(())
    }
}
