//! Tests and casts of references at run time (section *Runtime Structure*, types of values).

use super::outside::Parts;
use crate::code::Instr;
use crate::heap::Heap;
use crate::instance::Instance;
use crate::opcode::Opcode;
use crate::store::is_concrete;
use crate::trap::Trap;
use crate::types::{TypeId, Types, UnpackedIndex};
use crate::value::{Cell, Ref};
use wasmparser::{HeapType, RefType};

/// Whether the opcode is one of these. Branches on casts are the dispatch loop's.
pub(super) const fn is_cast(op: Opcode) -> bool {
    use Opcode::*;
    matches!(
        op,
        RefTestNonNull | RefTestNullable | RefCastNonNull | RefCastNullable
    )
}

/// Executes one of them: the number of cells in use stays.
pub(super) fn execute(
    parts: &Parts<'_>,
    instr: &Instr,
    cells: &mut [Cell],
    sp: usize,
) -> Result<usize, Trap> {
    let operand = &mut cells[sp - 1];
    let ty = parts.function.casts[instr.b as usize];
    let belongs = belongs(
        parts.types,
        parts.func_types,
        parts.heap,
        parts.instance,
        *operand,
        ty,
    );
    match instr.op {
        Opcode::RefTestNonNull | Opcode::RefTestNullable => {
            *operand = Cell(u128::from(belongs));
            Ok(sp)
        }
        _ if belongs => Ok(sp),
        _ => Err(Trap::CastFailure),
    }
}

/// Whether a reference belongs to a type of the instance's module that is in its hierarchy.
pub(super) fn belongs(
    types: &Types,
    func_types: &[TypeId],
    heap: &Heap,
    instance: &Instance,
    reference: Cell,
    ty: RefType,
) -> bool {
    let reference = Ref::from_cell(reference);
    if reference == Ref::Null {
        return ty.is_nullable();
    }
    match ty.heap_type() {
        HeapType::Abstract { ty, .. } => reference.is_abstract(ty),
        HeapType::Concrete(UnpackedIndex::Module(index)) => {
            let wanted = instance.types[index as usize];
            is_concrete(types, func_types, heap, reference, wanted)
        }
        other => panic!("crash: a cast to {other:?}"),
    }
}
