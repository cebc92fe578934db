//! Code of a function in the making: opcodes with the operand stack that validation sees.
//!
//! Every method leaves the code valid so far. Nothing here is control; labels are the maker's.

use super::super::weights::{below, between, chance, one_of};
use super::draw;
use super::environment::{ELEMENTS, Environment};
use super::hazard::Hazard;
use super::pools::has_zero;
use super::stores::Memory;
use super::table::{Form, Row};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{Function, Instruction, MemArg, MemArgTarget, RefType, ValType};

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

    /// Sees to it that an address of so many bytes in a memory is on top.
    fn address(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        bytes: u32,
        manner: Manner,
    ) -> Result<MemArg> {
        let (index, memory) = environment.memory(u)?;
        let offset = *u.choose(&[0u32, 0, 1, 3, 8, 100, 1000, 0x7f00])?;
        if manner == Manner::Trap {
            return self.address_beyond(u, index, memory, bytes);
        }
        if manner == Manner::Reuse && self.fits(&[ValType::I32]) {
            self.mask(0x3fff);
        } else if chance(u, 1, 6)? {
            // The last bytes.
            self.push_i32((memory.bytes() - bytes - offset) as i32);
        } else {
            self.bounded(u, environment, 0x4000)?;
        }
        self.widen(memory.ty.memory64);
        Ok(MemArg {
            offset: offset.into(),
            align: between(u, 0, bytes.trailing_zeros())?,
            target: MemArgTarget::Memory(index),
            ordering: None,
        })
    }

    /// An address that is out of bounds: by its own, by the offset, or by both.
    fn address_beyond(
        &mut self,
        u: &mut Unstructured<'_>,
        index: u32,
        memory: Memory,
        bytes: u32,
    ) -> Result<MemArg> {
        let mut offset = *u.choose(&[0u64, 0, 1, 100, 0x7f00])?;
        if memory.ty.memory64 && chance(u, 1, 2)? {
            let address = *u.choose(&[-1, i64::MIN, i64::MAX, 1 << 32])?;
            self.op(Instruction::I64Const(address), 0, &[ValType::I64]);
            if chance(u, 1, 2)? {
                offset = *u.choose(&[1 << 32, u64::MAX, 1 << 63])?;
            }
        } else {
            let address = *u.choose(&[-1, -16, i32::MIN, i32::MAX])?;
            self.push_i32(address);
            self.widen(memory.ty.memory64);
        }
        Ok(MemArg {
            offset,
            align: between(u, 0, bytes.trailing_zeros())?,
            target: MemArgTarget::Memory(index),
            ordering: None,
        })
    }

    /// Sees to it that an address for an atomic access of so many bytes is on top: aligned, unless
    /// it is to trap.
    pub(super) fn aligned_address(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        (index, memory): (u32, Memory),
        bytes: u32,
        manner: Manner,
    ) -> Result<MemArg> {
        let mut memarg = MemArg {
            offset: *u.choose(&[0u64, 0, 8, 64, 1000, 0x7f00])?,
            align: bytes.trailing_zeros(),
            target: MemArgTarget::Memory(index),
            ordering: None,
        };
        if manner == Manner::Trap && (bytes == 1 || chance(u, 1, 3)?) {
            let align = memarg.align;
            memarg = self.address_beyond(u, index, memory, bytes)?;
            memarg.align = align;
            return Ok(memarg);
        }
        self.push(u, environment, ValType::I32)?;
        self.mask(0x3fff & !(bytes as i32 - 1));
        if manner == Manner::Trap {
            self.push_i32(1);
            self.op(Instruction::I32Or, 2, &[ValType::I32]);
        }
        self.widen(memory.ty.memory64);
        Ok(memarg)
    }

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
