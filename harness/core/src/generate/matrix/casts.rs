//! The opcodes that cast, test, convert and compare references: each with operands made for it.

use super::super::weights::{chance, one_of};
use super::environment::Environment;
use super::objects::Maker;
use super::types::{kind, reference};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{AbstractHeapType, HeapType, Instruction, ValType};

/// Abstract types that a reference of any kind may be cast to.
const TARGETS: &[HeapType] = &[
    HeapType::ANY,
    kind(AbstractHeapType::Eq),
    HeapType::I31,
    kind(AbstractHeapType::Struct),
    kind(AbstractHeapType::Array),
];

const ANYREF: ValType = reference(true, HeapType::ANY);

/// A type that a reference of any kind may be cast to.
pub(in crate::generate) fn target(
    u: &mut Unstructured<'_>,
    environment: &Environment,
) -> Result<HeapType> {
    let mut concrete = environment.types.structs(|_| true);
    concrete.extend(environment.types.arrays(|_| true));
    Ok(match chance(u, 2, 3)? {
        true => HeapType::Concrete(one_of(u, &concrete)?.copied().unwrap_or(0)),
        false => *u.choose(TARGETS)?,
    })
}

impl Maker<'_, '_, '_> {
    pub(super) fn cast(&mut self, opcode: Opcode) -> Result<()> {
        let i32 = [ValType::I32];
        match opcode {
            Opcode::RefTestNonNull | Opcode::RefTestNullable => {
                self.push(ANYREF)?;
                let target = target(self.u, self.environment)?;
                let test = match opcode {
                    Opcode::RefTestNonNull => Instruction::RefTestNonNull(target),
                    _ => Instruction::RefTestNullable(target),
                };
                self.body.op(test, 1, &i32);
            }
            Opcode::RefCastNonNull => {
                let target = self.castable(false)?;
                let ty = reference(false, target);
                self.body.op(Instruction::RefCastNonNull(target), 1, &[ty]);
            }
            Opcode::RefCastNullable => {
                let target = self.castable(true)?;
                let ty = reference(true, target);
                self.body.op(Instruction::RefCastNullable(target), 1, &[ty]);
            }
            Opcode::AnyConvertExtern => {
                self.push(ValType::EXTERNREF)?;
                self.body.op(Instruction::AnyConvertExtern, 1, &[ANYREF]);
            }
            Opcode::ExternConvertAny => {
                self.push(ANYREF)?;
                let ty = ValType::EXTERNREF;
                self.body.op(Instruction::ExternConvertAny, 1, &[ty]);
            }
            Opcode::RefI31 => {
                self.push(ValType::I32)?;
                let ty = reference(false, HeapType::I31);
                self.body.op(Instruction::RefI31, 1, &[ty]);
            }
            Opcode::I31GetS | Opcode::I31GetU => {
                match self.trap {
                    true => self.null(HeapType::I31),
                    false => self.push(reference(false, HeapType::I31))?,
                }
                let get = match opcode {
                    Opcode::I31GetS => Instruction::I31GetS,
                    _ => Instruction::I31GetU,
                };
                self.body.op(get, 1, &i32);
            }
            Opcode::RefEq => {
                let ty = reference(true, kind(AbstractHeapType::Eq));
                self.push_all(&[ty, ty])?;
                self.body.op(Instruction::RefEq, 2, &i32);
            }
            _ => {}
        }
        Ok(())
    }

    /// Pushes a reference of any kind, and answers to what it can be cast; cannot, if it is to trap.
    fn castable(&mut self, nullable: bool) -> Result<HeapType> {
        let before = self.body.stack.len();
        let target = target(self.u, self.environment)?;
        if self.trap {
            let wrong = match target {
                HeapType::I31 => kind(AbstractHeapType::Struct),
                HeapType::Concrete(_) => HeapType::I31,
                // Nothing but null is none of these.
                _ if nullable => return self.scalar_cast(),
                _ => {
                    self.null(HeapType::ANY);
                    return Ok(target);
                }
            };
            self.body.push_object(self.u, self.environment, wrong)?;
        } else if nullable && chance(self.u, 1, 4)? {
            self.null(HeapType::ANY);
        } else {
            self.body.push_object(self.u, self.environment, target)?;
        }
        self.body.retype(before, ANYREF);
        Ok(target)
    }

    /// Pushes a scalar as a reference of any kind, to be cast to what it is not.
    fn scalar_cast(&mut self) -> Result<HeapType> {
        let before = self.body.stack.len();
        self.body
            .push_object(self.u, self.environment, HeapType::I31)?;
        self.body.retype(before, ANYREF);
        Ok(kind(AbstractHeapType::Struct))
    }
}
