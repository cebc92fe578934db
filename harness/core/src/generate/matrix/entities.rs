//! The opcodes that name a memory, a table, a segment, a function, a local or a global, and those
//! that work on operands of any type: each with operands made for it.

use super::super::weights::{below, between, chance, one_of};
use super::addresses::overlapping;
use super::body::{Body, Manner, global};
use super::environment::{
    DATA, DATA_BYTES, DATA_DROPPED, ELEM_ANYS, ELEM_DROPPED, ELEM_EXTERNS, ELEM_FUNCS, ELEMENTS,
    Environment, FUNCS, SLOTS, STABLE,
};
use super::stores::Memory;
use super::types::reference;
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{HeapType, Instruction, MemArg, MemArgTarget, ValType};

/// Those of [`Body::entity`] that work on memories, tables and segments.
pub(in crate::generate) const BULK: &[Opcode] = &[
    Opcode::MemorySize,
    Opcode::MemoryGrow,
    Opcode::MemoryFill,
    Opcode::MemoryCopy,
    Opcode::MemoryInit,
    Opcode::TableSize,
    Opcode::TableGet,
    Opcode::TableSet,
    Opcode::TableGrow,
    Opcode::TableFill,
    Opcode::TableCopy,
    Opcode::TableInit,
    Opcode::DataDrop,
    Opcode::ElemDrop,
];

/// Those of [`Body::entity`] that are left.
pub(in crate::generate) const SINGLE: &[Opcode] = &[
    Opcode::Nop,
    Opcode::Drop,
    Opcode::Select,
    Opcode::TypedSelect,
    Opcode::LocalGet,
    Opcode::LocalSet,
    Opcode::LocalTee,
    Opcode::GlobalGet,
    Opcode::GlobalSet,
    Opcode::I32Const,
    Opcode::I64Const,
    Opcode::F32Const,
    Opcode::F64Const,
    Opcode::V128Const,
    Opcode::I8x16Shuffle,
    Opcode::RefNull,
    Opcode::RefIsNull,
    Opcode::RefFunc,
];

/// Types whose values a `select` without a type can choose between.
const NUMBERS: &[ValType] = &[
    ValType::I32,
    ValType::I64,
    ValType::F32,
    ValType::F64,
    ValType::V128,
];

const REFERENCES: &[ValType] = &[ValType::FUNCREF, ValType::EXTERNREF];

const ANYREF: ValType = reference(true, HeapType::ANY);

/// By how much a memory or table grows, or tries to.
const DELTAS: &[i32] = &[0, 1, 1, 2, 2, 3, -1, 0x1_0000];

/// Code for an opcode in one function.
struct Maker<'a, 'b, 'c> {
    u: &'a mut Unstructured<'b>,
    environment: &'c Environment,
    body: &'a mut Body,
    manner: Manner,
}

impl Body {
    /// Appends an opcode of [`BULK`] or [`SINGLE`], with its operands; nothing for another.
    pub(in crate::generate) fn entity(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        opcode: Opcode,
        manner: Manner,
    ) -> Result<()> {
        let mut maker = Maker {
            u,
            environment,
            body: self,
            manner,
        };
        maker.bulk(opcode)
    }
}

impl Maker<'_, '_, '_> {
    fn bulk(&mut self, opcode: Opcode) -> Result<()> {
        let (mem, memory) = self.environment.memory(self.u)?;
        let is_64 = memory.ty.memory64;
        match opcode {
            Opcode::MemorySize => {
                let size = Instruction::MemorySize(mem);
                self.body.op(size, 0, &[memory.index_type()]);
            }
            Opcode::MemoryGrow => {
                self.push_delta(is_64)?;
                let grow = Instruction::MemoryGrow(mem);
                self.body.op(grow, 1, &[memory.index_type()]);
                if chance(self.u, 1, 2)? {
                    self.use_last_byte(mem, memory)?;
                }
            }
            Opcode::MemoryFill => {
                self.place_in(memory)?;
                self.body.push(self.u, self.environment, ValType::I32)?;
                self.bounded(DATA_BYTES, is_64)?;
                self.body.op(Instruction::MemoryFill(mem), 3, &[]);
            }
            Opcode::MemoryCopy if chance(self.u, 1, 3)? && !is_64 => {
                // Within one memory, and the two overlap.
                let (to, from, len) = overlapping(self.u, 3 * DATA_BYTES)?;
                for number in [to, from, len] {
                    self.body.push_i32(number);
                }
                if chance(self.u, 1, 2)? {
                    // Few bytes more or less, which no compiler can know.
                    self.body.push_i32(0);
                    let byte = MemArg {
                        offset: 0,
                        align: 0,
                        target: MemArgTarget::Memory(mem),
                        ordering: None,
                    };
                    let load = Instruction::I32Load8U(byte);
                    self.body.op(load, 1, &[ValType::I32]);
                    self.body.mask(7);
                    self.body.op(Instruction::I32Add, 2, &[ValType::I32]);
                }
                let copy = Instruction::MemoryCopy {
                    src_mem: mem,
                    dst_mem: mem,
                };
                self.body.op(copy, 3, &[]);
            }
            Opcode::MemoryCopy => {
                let (src_mem, source) = self.environment.memory(self.u)?;
                let from_64 = source.ty.memory64;
                self.place_in(memory)?;
                self.bounded(0x8000, from_64)?;
                self.bounded(DATA_BYTES, is_64 && from_64)?;
                let copy = Instruction::MemoryCopy {
                    src_mem,
                    dst_mem: mem,
                };
                self.body.op(copy, 3, &[]);
            }
            Opcode::MemoryInit => {
                self.place_in(memory)?;
                self.bounded(DATA_BYTES / 2, false)?;
                self.bounded(DATA_BYTES / 2, false)?;
                let init = Instruction::MemoryInit {
                    mem,
                    data_index: DATA,
                };
                self.body.op(init, 3, &[]);
            }
            Opcode::DataDrop => self.body.emit(Instruction::DataDrop(DATA_DROPPED)),
            Opcode::ElemDrop => self.body.emit(Instruction::ElemDrop(ELEM_DROPPED)),
            _ => return self.table(opcode),
        }
        Ok(())
    }

    /// Writes and reads the last byte of a memory that may just have grown.
    fn use_last_byte(&mut self, mem: u32, memory: Memory) -> Result<()> {
        let index = memory.index_type();
        let bits = memory.page_bits();
        let last = |body: &mut Body| {
            body.op(Instruction::MemorySize(mem), 0, &[index]);
            let (bits, shift, minus) = match memory.ty.memory64 {
                true => (
                    Instruction::I64Const(bits.into()),
                    Instruction::I64Shl,
                    Instruction::I64Add,
                ),
                false => (
                    Instruction::I32Const(bits as i32),
                    Instruction::I32Shl,
                    Instruction::I32Add,
                ),
            };
            body.op(bits, 0, &[index]);
            body.op(shift, 2, &[index]);
            body.push_i32(-1);
            if memory.ty.memory64 {
                body.op(Instruction::I64ExtendI32S, 1, &[index]);
            }
            body.op(minus, 2, &[index]);
        };
        let byte = MemArg {
            offset: 0,
            align: 0,
            target: MemArgTarget::Memory(mem),
            ordering: None,
        };
        last(self.body);
        let value = between(self.u, 1, 255)?;
        self.body.push_i32(value as i32);
        self.body.op(Instruction::I32Store8(byte), 2, &[]);
        last(self.body);
        self.body
            .op(Instruction::I32Load8U(byte), 1, &[ValType::I32]);
        Ok(())
    }

    fn table(&mut self, opcode: Opcode) -> Result<()> {
        let tables = self.environment.tables.len() as u32;
        let mut table = FUNCS + below(self.u, tables - FUNCS)?;
        let segment = match self.type_of(table) {
            ValType::FUNCREF => Some(ELEM_FUNCS),
            ValType::EXTERNREF => Some(ELEM_EXTERNS),
            ty if ty == ANYREF => Some(ELEM_ANYS),
            _ => None,
        };
        if opcode == Opcode::TableInit && segment.is_none() {
            table = FUNCS;
        }
        let ty = self.type_of(table);
        let is_64 = self.environment.is_table64(table);
        let index = match is_64 {
            true => ValType::I64,
            false => ValType::I32,
        };
        match opcode {
            Opcode::TableSize => self.body.op(Instruction::TableSize(table), 0, &[index]),
            Opcode::TableGet => {
                self.place(SLOTS, is_64)?;
                self.body.op(Instruction::TableGet(table), 1, &[ty]);
            }
            Opcode::TableSet => {
                self.place(SLOTS, is_64)?;
                self.push(ty)?;
                self.body.op(Instruction::TableSet(table), 2, &[]);
            }
            Opcode::TableGrow => {
                self.push(ty)?;
                self.push_delta(is_64)?;
                self.body.op(Instruction::TableGrow(table), 2, &[index]);
            }
            Opcode::TableFill => {
                self.place(ELEMENTS / 2, is_64)?;
                self.push(ty)?;
                self.bounded(ELEMENTS / 2, is_64)?;
                self.body.op(Instruction::TableFill(table), 3, &[]);
            }
            Opcode::TableCopy if chance(self.u, 1, 3)? => {
                // Within one table, and the two overlap.
                let (to, from, len) = overlapping(self.u, ELEMENTS)?;
                for number in [to, from, len] {
                    self.body.push_i32(number);
                    self.body.widen(is_64);
                }
                let copy = Instruction::TableCopy {
                    src_table: table,
                    dst_table: table,
                };
                self.body.op(copy, 3, &[]);
            }
            Opcode::TableCopy => {
                let src_table = match table {
                    FUNCS if chance(self.u, 1, 2)? => STABLE,
                    _ => table,
                };
                let from_64 = self.environment.is_table64(src_table);
                self.place(ELEMENTS / 2, is_64)?;
                self.bounded(ELEMENTS / 2, from_64)?;
                self.bounded(ELEMENTS / 2, is_64 && from_64)?;
                let copy = Instruction::TableCopy {
                    src_table,
                    dst_table: table,
                };
                self.body.op(copy, 3, &[]);
            }
            Opcode::TableInit => {
                let elem_index = segment.unwrap_or(ELEM_FUNCS);
                self.place(ELEMENTS / 2, is_64)?;
                self.bounded(ELEMENTS / 2, false)?;
                self.bounded(ELEMENTS / 2, false)?;
                let init = Instruction::TableInit { elem_index, table };
                self.body.op(init, 3, &[]);
            }
            _ => return self.single(opcode),
        }
        Ok(())
    }

    fn type_of(&self, table: u32) -> ValType {
        let table = self.environment.tables.get(table as usize);
        table.map_or(ValType::FUNCREF, |table| {
            ValType::Ref(table.ty.element_type)
        })
    }

    fn single(&mut self, opcode: Opcode) -> Result<()> {
        match opcode {
            Opcode::Nop => self.body.emit(Instruction::Nop),
            Opcode::Drop => {
                let ty = self.environment.value_type(self.u)?;
                self.push(ty)?;
                self.body.op(Instruction::Drop, 1, &[]);
            }
            Opcode::Select => {
                let ty = *self.u.choose(NUMBERS)?;
                self.select(ty, Instruction::Select)?;
            }
            Opcode::TypedSelect => {
                let ty = self.environment.value_type(self.u)?;
                self.select(ty, Instruction::TypedSelect(ty))?;
            }
            Opcode::I32Const => self.body.push_constant(self.u, ValType::I32)?,
            Opcode::I64Const => self.body.push_constant(self.u, ValType::I64)?,
            Opcode::F32Const => self.body.push_constant(self.u, ValType::F32)?,
            Opcode::F64Const => self.body.push_constant(self.u, ValType::F64)?,
            Opcode::V128Const => self.body.push_constant(self.u, ValType::V128)?,
            Opcode::I8x16Shuffle => self.shuffle()?,
            Opcode::RefNull => {
                let ty = *self.u.choose(REFERENCES)?;
                self.body.push_constant(self.u, ty)?;
            }
            Opcode::RefIsNull => {
                let ty = *self.u.choose(REFERENCES)?;
                self.push(ty)?;
                self.body.op(Instruction::RefIsNull, 1, &[ValType::I32]);
            }
            Opcode::RefFunc => self.body.push_function(self.u, self.environment)?,
            _ => return self.variable(opcode),
        }
        Ok(())
    }

    fn variable(&mut self, opcode: Opcode) -> Result<()> {
        match opcode {
            Opcode::LocalGet => {
                let found = self.body.any_local(self.u)?;
                if let Some((local, ty)) = found.filter(|(local, _)| self.body.is_set(*local)) {
                    self.body.op(Instruction::LocalGet(local), 0, &[ty]);
                }
            }
            Opcode::LocalSet => {
                self.body.write_local(self.u, self.environment)?;
            }
            Opcode::LocalTee => {
                if let Some((_, ty)) = self.body.any_local(self.u)? {
                    self.push(ty)?;
                    self.body.tee(self.u)?;
                }
            }
            Opcode::GlobalGet => {
                let count = self.environment.globals.len() as u32;
                let index = below(self.u, count)?;
                if let Some(global) = self.environment.globals.get(index as usize) {
                    self.body.op(Instruction::GlobalGet(index), 0, &[global.ty]);
                }
            }
            Opcode::GlobalSet => {
                let ty = self.environment.value_type(self.u)?;
                self.push(ty)?;
                if let Some(index) = global(self.u, self.environment, ty, true)? {
                    self.body.op(Instruction::GlobalSet(index), 1, &[]);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, ty: ValType) -> Result<()> {
        self.body
            .operands(self.u, self.environment, &[ty], self.manner)
    }

    /// An index below a power of two.
    fn bounded(&mut self, limit: u32, is_64: bool) -> Result<()> {
        self.body.bounded(self.u, self.environment, limit)?;
        self.body.widen(is_64);
        Ok(())
    }

    /// Where something is written or read: in bounds, unless it is to trap.
    fn place(&mut self, limit: u32, is_64: bool) -> Result<()> {
        if self.manner != Manner::Trap {
            return self.bounded(limit, is_64);
        }
        let place = *self.u.choose(&[-1, i32::MIN, i32::MAX])?;
        match is_64 {
            // In bounds, but for what 32 bits leave out.
            true if chance(self.u, 1, 3)? => {
                let low = below(self.u, limit)?;
                self.push_i64((1 << 32) + i64::from(low));
            }
            true => self.push_i64(place.into()),
            false => self.body.push_i32(place),
        }
        Ok(())
    }

    /// Pushes where in a memory something is written: among its first bytes, or so near its end that most of it fits.
    fn place_in(&mut self, memory: Memory) -> Result<()> {
        if self.manner == Manner::Trap || chance(self.u, 3, 4)? {
            return self.place(0x8000, memory.ty.memory64);
        }
        let place = memory.bytes() - between(self.u, DATA_BYTES / 2, 4 * DATA_BYTES)?;
        self.body.push_i32(place as i32);
        self.body.widen(memory.ty.memory64);
        Ok(())
    }

    fn push_delta(&mut self, is_64: bool) -> Result<()> {
        let delta = one_of(self.u, DELTAS)?.copied().unwrap_or(0);
        match is_64 {
            true => self.push_i64(delta.into()),
            false => self.body.push_i32(delta),
        }
        Ok(())
    }

    fn push_i64(&mut self, value: i64) {
        let push = Instruction::I64Const(value);
        self.body.op(push, 0, &[ValType::I64]);
    }

    fn select(&mut self, ty: ValType, select: Instruction<'static>) -> Result<()> {
        let operands = [ty, ty, ValType::I32];
        self.body
            .operands(self.u, self.environment, &operands, self.manner)?;
        self.body.op(select, 3, &[ty]);
        Ok(())
    }

    fn shuffle(&mut self) -> Result<()> {
        let operands = [ValType::V128; 2];
        self.body
            .operands(self.u, self.environment, &operands, self.manner)?;
        let mut lanes = [0; 16];
        for lane in &mut lanes {
            *lane = below(self.u, 32)? as u8;
        }
        self.body
            .op(Instruction::I8x16Shuffle(lanes), 2, &[ValType::V128]);
        Ok(())
    }
}
