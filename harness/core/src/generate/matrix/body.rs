//! Code of a function in the making: opcodes with the operand stack that validation sees.
//!
//! Every method leaves the code valid so far. Nothing here is control; labels are the maker's.

use super::super::weights::{below, between, chance, one_of};
use super::draw;
use super::environment::{ELEMENTS, Environment};
use super::pools::has_zero;
use arbitrary::{Result, Unstructured};
use wasm_encoder::{Function, Instruction, MemArg, RefType, ValType};

/// Where operands come from, and whether they make an opcode trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::generate) enum Manner {
    /// They are pushed for the purpose.
    Fresh,
    /// Those on the stack are taken if they fit.
    Reuse,
    /// They are pushed so that an opcode that can trap does.
    Trap,
}

/// A function's code.
#[derive(Debug, Default)]
pub(in crate::generate) struct Body {
    locals: Vec<ValType>,
    params: usize,
    /// Locals that only their owner writes.
    reserved: Vec<u32>,
    /// Types of the operands, bottom first.
    pub(in crate::generate) stack: Vec<ValType>,
    /// Operands that belong to the blocks around the present one.
    pub(in crate::generate) floor: usize,
    /// Whether the block's control cannot reach the next opcode: below what is on the stack there is
    /// then any operand that is asked for.
    pub(in crate::generate) dead: bool,
    /// How often the next opcode is executed, at most.
    pub(in crate::generate) times: u64,
    /// Opcodes executed, at most.
    pub(in crate::generate) cost: u64,
    /// Whether all locals have values.
    begun: bool,
    /// How deep in the making of an object.
    pub(super) depth: u32,
    code: Vec<Instruction<'static>>,
}

impl Body {
    /// A function without code.
    pub(in crate::generate) fn new(params: &[ValType], locals: &[ValType]) -> Body {
        Body {
            locals: [params, locals].concat(),
            params: params.len(),
            times: 1,
            ..Body::default()
        }
    }

    /// Appends an opcode that leaves the stack as it is.
    pub(in crate::generate) fn emit(&mut self, instruction: Instruction<'static>) {
        self.code.push(instruction);
        self.cost += self.times;
    }

    /// Appends an opcode that pops so many operands and pushes these.
    pub(in crate::generate) fn op(
        &mut self,
        instruction: Instruction<'static>,
        pops: usize,
        pushes: &[ValType],
    ) {
        self.emit(instruction);
        let left = self.stack.len().saturating_sub(pops).max(self.floor);
        self.stack.truncate(left);
        self.stack.extend(pushes);
    }

    /// The function, and how many opcodes it executes at most.
    pub(in crate::generate) fn finish(mut self) -> (Function, u64) {
        self.emit(Instruction::End);
        let declared = self.locals[self.params..].iter().copied();
        let mut function = Function::new_with_locals_types(declared);
        for instruction in &self.code {
            function.instruction(instruction);
        }
        (function, self.cost)
    }

    /// A new local that nothing else writes.
    pub(in crate::generate) fn reserve(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        let local = self.locals.len() as u32 - 1;
        self.reserved.push(local);
        local
    }

    /// A local, written or not, and its type.
    pub(in crate::generate) fn any_local(
        &self,
        u: &mut Unstructured<'_>,
    ) -> Result<Option<(u32, ValType)>> {
        let local = below(u, self.locals.len() as u32)?;
        let ty = self.locals.get(local as usize);
        Ok(ty.map(|&ty| (local, ty)))
    }

    /// A local of this type; one that may be written, if it is to be.
    fn local(&self, u: &mut Unstructured<'_>, ty: ValType, written: bool) -> Result<Option<u32>> {
        let all = self.locals.iter().enumerate();
        let fitting: Vec<u32> = all
            .filter(|(_, other)| **other == ty)
            .map(|(index, _)| index as u32)
            .filter(|index| !written || !self.reserved.contains(index))
            .collect();
        Ok(one_of(u, &fitting)?.copied())
    }

    /// Whether a local has a value: one of the declared without a zero may not have it yet.
    pub(super) fn is_set(&self, local: u32) -> bool {
        let declared = local as usize >= self.params;
        !declared
            || self.begun
            || self
                .locals
                .get(local as usize)
                .is_some_and(|ty| has_zero(*ty))
    }

    /// The operands of the present block, bottom first.
    pub(in crate::generate) fn own(&self) -> &[ValType] {
        self.stack.get(self.floor..).unwrap_or_default()
    }

    /// Gives locals that have no zero a value.
    pub(in crate::generate) fn begin(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
    ) -> Result<()> {
        for local in self.params..self.locals.len() {
            if let ValType::Ref(ty) = self.locals[local]
                && !ty.nullable
            {
                self.push_reference(u, environment, ty)?;
                self.op(Instruction::LocalSet(local as u32), 1, &[]);
            }
        }
        self.begun = true;
        Ok(())
    }

    /// Pushes a constant of this type, which has a zero.
    pub(in crate::generate) fn push_constant(
        &mut self,
        u: &mut Unstructured<'_>,
        ty: ValType,
    ) -> Result<()> {
        let constant = draw::constant(u, ty)?;
        self.op(constant, 0, &[ty]);
        Ok(())
    }

    /// Pushes an `i32`.
    pub(in crate::generate) fn push_i32(&mut self, value: i32) {
        self.op(Instruction::I32Const(value), 0, &[ValType::I32]);
    }

    /// Pushes a value of this type, from anywhere.
    pub(in crate::generate) fn push(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        ty: ValType,
    ) -> Result<()> {
        match between(u, 0, 9)? {
            4..=6 => {
                if let Some(local) = self
                    .local(u, ty, false)?
                    .filter(|local| self.is_set(*local))
                {
                    self.op(Instruction::LocalGet(local), 0, &[ty]);
                    return Ok(());
                }
            }
            7 => {
                if let Some(global) = global(u, environment, ty, false)? {
                    self.op(Instruction::GlobalGet(global), 0, &[ty]);
                    return Ok(());
                }
            }
            8 => return self.push_from_entity(u, environment, ty),
            _ => {}
        }
        match ty {
            ValType::Ref(RefType::EXTERNREF) if self.depth == 0 && chance(u, 1, 2)? => {
                self.push_constant(u, ty)
            }
            ValType::Ref(ty) => self.push_reference(u, environment, ty),
            _ => self.push_constant(u, ty),
        }
    }

    /// Pushes a function that references may denote, or null if there is none.
    pub(in crate::generate) fn push_function(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
    ) -> Result<()> {
        match one_of(u, &environment.referable)? {
            Some(&function) => self.op(Instruction::RefFunc(function), 0, &[ValType::FUNCREF]),
            None => self.push_constant(u, ValType::FUNCREF)?,
        }
        Ok(())
    }

    /// Pushes a value of this type that a memory or table holds.
    fn push_from_entity(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        ty: ValType,
    ) -> Result<()> {
        let load: (fn(MemArg) -> Instruction<'static>, u32) = match ty {
            ValType::I32 | ValType::I64 if chance(u, 1, 6)? => {
                let (index, memory) = environment.memory(u)?;
                if memory.index_type() == ty {
                    self.op(Instruction::MemorySize(index), 0, &[ty]);
                    return Ok(());
                }
                return self.push_constant(u, ty);
            }
            ValType::I32 => (Instruction::I32Load, 4),
            ValType::I64 => (Instruction::I64Load, 8),
            ValType::F32 => (Instruction::F32Load, 4),
            ValType::F64 => (Instruction::F64Load, 8),
            ValType::V128 => (Instruction::V128Load, 16),
            ValType::Ref(reference) => {
                let tables = environment.tables_of(ty);
                let Some(&table) = one_of(u, &tables)? else {
                    return self.push_reference(u, environment, reference);
                };
                self.bounded(u, environment, ELEMENTS)?;
                self.widen(environment.is_table64(table));
                self.op(Instruction::TableGet(table), 1, &[ty]);
                return Ok(());
            }
        };
        let memarg = self.address(u, environment, load.1, Manner::Fresh)?;
        self.op(load.0(memarg), 1, &[ty]);
        Ok(())
    }

    /// Makes the `i32` on top an index of 64 bits, if it is to be one.
    pub(in crate::generate) fn widen(&mut self, is_64: bool) {
        if is_64 {
            self.op(Instruction::I64ExtendI32U, 1, &[ValType::I64]);
        }
    }

    /// Pushes an `i32` below a power of two.
    pub(in crate::generate) fn bounded(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        limit: u32,
    ) -> Result<()> {
        if chance(u, 1, 2)? {
            self.push(u, environment, ValType::I32)?;
            self.mask(limit as i32 - 1);
        } else {
            let value = below(u, limit)?;
            self.push_i32(value as i32);
        }
        Ok(())
    }

    /// Takes bits of the `i32` on top.
    pub(in crate::generate) fn mask(&mut self, bits: i32) {
        self.push_i32(bits);
        self.op(Instruction::I32And, 2, &[ValType::I32]);
    }

    /// Whether the top operands are of these types.
    pub(in crate::generate) fn fits(&self, types: &[ValType]) -> bool {
        self.own().ends_with(types)
    }

    /// Sees to it that operands of these types are on top.
    pub(in crate::generate) fn operands(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        types: &[ValType],
        manner: Manner,
    ) -> Result<()> {
        if manner == Manner::Reuse {
            if self.fits(types) {
                return Ok(());
            }
            if self.dead && self.own().is_empty() && chance(u, 1, 2)? {
                // They are as good as there.
                self.stack.extend(types);
                return Ok(());
            }
        }
        for &ty in types {
            self.push(u, environment, ty)?;
        }
        Ok(())
    }

    /// Takes the top operand of the block away: drops it, or keeps it in a local or a global.
    pub(in crate::generate) fn sink(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
    ) -> Result<()> {
        let Some(&ty) = self.own().last() else {
            return Ok(());
        };
        let kept = match between(u, 0, 3)? {
            1 => self.local(u, ty, true)?.map(Instruction::LocalSet),
            2 => global(u, environment, ty, true)?.map(Instruction::GlobalSet),
            _ => None,
        };
        self.op(kept.unwrap_or(Instruction::Drop), 1, &[]);
        Ok(())
    }

    /// Copies the top operand of the block into a local, if there is one of its type.
    pub(in crate::generate) fn tee(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if let Some(&ty) = self.own().last()
            && let Some(local) = self.local(u, ty, true)?
        {
            self.emit(Instruction::LocalTee(local));
        }
        Ok(())
    }

    /// Writes a local with a value made for it; false if there is none to write.
    pub(in crate::generate) fn write_local(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
    ) -> Result<bool> {
        let Some((_, ty)) = self.any_local(u)? else {
            return Ok(false);
        };
        let Some(local) = self.local(u, ty, true)? else {
            return Ok(false);
        };
        self.push(u, environment, ty)?;
        self.op(Instruction::LocalSet(local), 1, &[]);
        Ok(true)
    }
}

/// A global of this type; one that may be written, if it is to be.
pub(in crate::generate) fn global(
    u: &mut Unstructured<'_>,
    environment: &Environment,
    ty: ValType,
    written: bool,
) -> Result<Option<u32>> {
    let all = environment.globals.iter().enumerate();
    let fitting: Vec<u32> = all
        .filter(|(_, global)| global.ty == ty && (global.mutable || !written))
        .map(|(index, _)| index as u32)
        .collect();
    Ok(one_of(u, &fitting)?.copied())
}
