//! Immediates: what the operator says, as the two numbers of an [`Instr`](crate::code::Instr).

use super::memarg::{lane, memarg};
use super::{Compiler, Result};
use crate::decode::{supported_type, unsupported};
use wasmparser::{
    FuncValidator, HeapType, MemArgTarget, Operator, RefType, ValType, ValidatorResources,
};

/// Bits of `Instr::a` below the memory index of a load or store: they hold a lane.
pub(crate) const MEMORY: u32 = 8;

impl Compiler<'_> {
    /// An opcode's immediates, its label resolved or noted for later.
    pub(super) fn immediates(
        &mut self,
        validator: &FuncValidator<ValidatorResources>,
        operator: &Operator<'_>,
        offset: usize,
        position: u32,
    ) -> Result<(u32, u64)> {
        use Operator as O;
        if let Some(memarg) = memarg(operator) {
            let MemArgTarget::Memory(memory) = memarg.target else {
                return Err(unsupported(offset, "an array as a memory"));
            };
            return Ok((lane(operator) | memory << MEMORY, memarg.offset));
        }
        Ok(match operator {
            O::Block { blockty } => self.open(validator, *blockty, offset, position, false)?,
            O::Loop { blockty } => self.open(validator, *blockty, offset, position, true)?,
            O::If { blockty } => {
                let immediates = self.open(validator, *blockty, offset, position, false)?;
                self.innermost().skips.push(position);
                immediates
            }
            O::Else => {
                // A false condition goes to the alternative, not to the `end`.
                let opened = self.innermost().skips.pop();
                if let Some(opened) = opened {
                    self.instrs[opened as usize].a = position + 1;
                }
                self.innermost().skips.push(position);
                (0, 0)
            }
            O::End => self.close(position),
            O::TryTable { try_table } => self.open_try(validator, try_table, offset, position)?,
            O::Throw { tag_index } => (*tag_index, 0),
            O::Br { relative_depth }
            | O::BrIf { relative_depth }
            | O::BrOnNull { relative_depth }
            | O::BrOnNonNull { relative_depth } => (self.branch(*relative_depth), 0),
            O::BrOnCast {
                relative_depth,
                to_ref_type,
                ..
            }
            | O::BrOnCastFail {
                relative_depth,
                to_ref_type,
                ..
            } => (self.branch(*relative_depth), self.cast(*to_ref_type)),
            O::RefTestNonNull { hty } | O::RefCastNonNull { hty } => {
                (0, self.cast_to(false, *hty, offset)?)
            }
            O::RefTestNullable { hty } | O::RefCastNullable { hty } => {
                (0, self.cast_to(true, *hty, offset)?)
            }
            O::BrTable { targets } => {
                let first = self.targets.len() as u32;
                for depth in targets.targets() {
                    self.branch(depth?);
                }
                self.branch(targets.default());
                (first, u64::from(targets.len()))
            }
            O::Call { function_index }
            | O::ReturnCall { function_index }
            | O::RefFunc { function_index } => (*function_index, 0),
            O::CallIndirect {
                type_index,
                table_index,
            }
            | O::ReturnCallIndirect {
                type_index,
                table_index,
            } => (*type_index, u64::from(*table_index)),
            O::TypedSelect { ty } => {
                supported_type(offset, *ty)?;
                (0, 0)
            }
            O::RefNull { hty } => {
                match RefType::new(true, *hty) {
                    Some(ty) => supported_type(offset, ValType::Ref(ty))?,
                    None => return Err(unsupported(offset, "this null reference")),
                }
                (0, 0)
            }
            O::LocalGet { local_index }
            | O::LocalSet { local_index }
            | O::LocalTee { local_index } => (*local_index, 0),
            O::GlobalGet { global_index } | O::GlobalSet { global_index } => (*global_index, 0),
            O::TableGet { table }
            | O::TableSet { table }
            | O::TableGrow { table }
            | O::TableSize { table }
            | O::TableFill { table } => (*table, 0),
            O::TableCopy {
                dst_table,
                src_table,
            } => (*dst_table, u64::from(*src_table)),
            O::TableInit { elem_index, table } => (*elem_index, u64::from(*table)),
            O::ElemDrop { elem_index } => (*elem_index, 0),
            O::MemorySize { mem } | O::MemoryGrow { mem } | O::MemoryFill { mem } => (*mem, 0),
            O::MemoryInit { data_index, mem } => (*data_index, u64::from(*mem)),
            O::MemoryCopy { dst_mem, src_mem } => (*dst_mem, u64::from(*src_mem)),
            O::DataDrop { data_index } => (*data_index, 0),
            O::StructNew { struct_type_index } | O::StructNewDefault { struct_type_index } => {
                (*struct_type_index, 0)
            }
            O::StructGet {
                struct_type_index,
                field_index,
            }
            | O::StructGetS {
                struct_type_index,
                field_index,
            }
            | O::StructGetU {
                struct_type_index,
                field_index,
            }
            | O::StructSet {
                struct_type_index,
                field_index,
            } => (*struct_type_index, u64::from(*field_index)),
            O::ArrayNew { array_type_index }
            | O::ArrayNewDefault { array_type_index }
            | O::ArrayGet { array_type_index }
            | O::ArrayGetS { array_type_index }
            | O::ArrayGetU { array_type_index }
            | O::ArraySet { array_type_index }
            | O::ArrayFill { array_type_index } => (*array_type_index, 0),
            O::ArrayNewFixed {
                array_type_index,
                array_size,
            } => (*array_type_index, u64::from(*array_size)),
            O::ArrayNewData {
                array_type_index,
                array_data_index: segment,
            }
            | O::ArrayNewElem {
                array_type_index,
                array_elem_index: segment,
            }
            | O::ArrayInitData {
                array_type_index,
                array_data_index: segment,
            }
            | O::ArrayInitElem {
                array_type_index,
                array_elem_index: segment,
            } => (*array_type_index, u64::from(*segment)),
            O::I32Const { value } => (0, u64::from(*value as u32)),
            O::I64Const { value } => (0, *value as u64),
            O::F32Const { value } => (0, u64::from(value.bits())),
            O::F64Const { value } => (0, value.bits()),
            O::V128Const { value } => (0, self.vector(*value.bytes())),
            O::I8x16Shuffle { lanes } => (0, self.vector(*lanes)),
            other => (lane(other), 0),
        })
    }

    /// Keeps a constant of 128 bits, and says where.
    fn vector(&mut self, bytes: [u8; 16]) -> u64 {
        self.vectors.push(u128::from_le_bytes(bytes));
        self.vectors.len() as u64 - 1
    }

    /// Keeps the type of a cast, and says where.
    fn cast(&mut self, ty: RefType) -> u64 {
        self.casts.push(ty);
        self.casts.len() as u64 - 1
    }

    fn cast_to(&mut self, nullable: bool, heap_type: HeapType, offset: usize) -> Result<u64> {
        let Some(ty) = RefType::new(nullable, heap_type) else {
            return Err(unsupported(offset, "the type of this cast"));
        };
        supported_type(offset, ValType::Ref(ty))?;
        Ok(self.cast(ty))
    }
}
