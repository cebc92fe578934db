//! Looking ahead at a test of a function's type.

use super::Machine;
use crate::address::{FuncAddr, InstanceAddr};
use crate::opcode::Opcode;
use crate::store::Store;
use crate::types::{TypeId, UnpackedIndex};
use crate::value::Ref;
use wasmparser::HeapType;

impl Machine {
    /// The function whose type the opcode at [`Machine::top`] tests, and the type that it is tested for;
    /// none if it tests no function's, or tests for an abstract type.
    pub fn tested_func(&self) -> Option<(FuncAddr, TypeId)> {
        let view = self.top()?;
        let instr = &view.function.instrs[view.position];
        let instance = self.store.instance(view.instance);
        let top = *view.operands.last()?;
        let (reference, wanted) = match instr.op {
            Opcode::CallIndirect | Opcode::ReturnCallIndirect => {
                let table = self.store.table(instance.tables[instr.b as usize]);
                let element = table.elements.get(usize::try_from(top.u64()).ok()?)?;
                (*element, instance.types[instr.a as usize])
            }
            Opcode::RefTestNonNull
            | Opcode::RefTestNullable
            | Opcode::RefCastNonNull
            | Opcode::RefCastNullable
            | Opcode::BrOnCast
            | Opcode::BrOnCastFail => {
                let wanted = view.function.casts[instr.b as usize].heap_type();
                let HeapType::Concrete(UnpackedIndex::Module(index)) = wanted else {
                    return None;
                };
                (Ref::from_cell(top), instance.types[index as usize])
            }
            _ => return None,
        };
        match reference {
            Ref::Func(func) => Some((func, wanted)),
            _ => None,
        }
    }
}

impl Store {
    /// The functions that an instance imports, each with the type that the import names.
    pub fn imported_funcs(
        &self,
        instance: InstanceAddr,
    ) -> impl Iterator<Item = (FuncAddr, TypeId)> {
        let instance = self.instance(instance);
        let count = instance.module.num_imported_funcs() as usize;
        let types = instance.module.funcs[..count].iter();
        let types = types.map(|&index| instance.types[index as usize]);
        instance.funcs.iter().copied().zip(types)
    }

    /// The type that a function was made with.
    pub fn func_type_id(&self, func: FuncAddr) -> TypeId {
        self.func_types[func.index()]
    }
}
