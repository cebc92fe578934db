//! The opcodes on structures, arrays, scalars and casts: each with operands made for it.

use super::super::weights::{below, chance, one_of};
use super::addresses::overlapping;
use super::body::{Body, Manner};
use super::environment::{DATA, DATA_BYTES, ELEM_ANYS, ELEM_FUNCS, ELEMENTS, Environment};
use super::references::not_null;
use super::types::{ANYS, BYTES, FUNCS, Shape, WORDS, reference};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{FieldType, HeapType, Instruction, RefType, StorageType, ValType};

/// Those of [`Body::object`].
pub(in crate::generate) const OBJECTS: &[Opcode] = &[
    Opcode::StructNew,
    Opcode::StructNewDefault,
    Opcode::StructGet,
    Opcode::StructGetS,
    Opcode::StructGetU,
    Opcode::StructSet,
    Opcode::ArrayNew,
    Opcode::ArrayNewDefault,
    Opcode::ArrayNewFixed,
    Opcode::ArrayNewData,
    Opcode::ArrayNewElem,
    Opcode::ArrayGet,
    Opcode::ArrayGetS,
    Opcode::ArrayGetU,
    Opcode::ArraySet,
    Opcode::ArrayLen,
    Opcode::ArrayFill,
    Opcode::ArrayCopy,
    Opcode::ArrayInitData,
    Opcode::ArrayInitElem,
    Opcode::RefTestNonNull,
    Opcode::RefTestNullable,
    Opcode::RefCastNonNull,
    Opcode::RefCastNullable,
    Opcode::AnyConvertExtern,
    Opcode::ExternConvertAny,
    Opcode::RefI31,
    Opcode::I31GetS,
    Opcode::I31GetU,
    Opcode::RefEq,
];

fn is_packed(field: FieldType) -> bool {
    matches!(field.element_type, StorageType::I8 | StorageType::I16)
}

/// Code for an opcode in one function.
pub(super) struct Maker<'a, 'b, 'c> {
    pub(super) u: &'a mut Unstructured<'b>,
    pub(super) environment: &'c Environment,
    pub(super) body: &'a mut Body,
    pub(super) trap: bool,
}

impl Body {
    /// Appends an opcode of [`OBJECTS`], with its operands; nothing for another, or without GC.
    pub(in crate::generate) fn object(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        opcode: Opcode,
        manner: Manner,
    ) -> Result<()> {
        if !environment.has(opcode) {
            return Ok(());
        }
        let mut maker = Maker {
            u,
            environment,
            body: self,
            trap: manner == Manner::Trap,
        };
        maker.object(opcode)
    }
}

impl Maker<'_, '_, '_> {
    fn object(&mut self, opcode: Opcode) -> Result<()> {
        match opcode {
            Opcode::StructNew | Opcode::StructNewDefault => {
                let defaults = |fields: &[FieldType]| {
                    fields
                        .iter()
                        .all(|field| field.element_type.is_defaultable())
                };
                let types = self.environment.types.structs(match opcode {
                    Opcode::StructNewDefault => defaults,
                    _ => |_| true,
                });
                let index = self.one(&types)?;
                if opcode == Opcode::StructNewDefault {
                    let new = Instruction::StructNewDefault(index);
                    self.body.op(new, 0, &[not_null(index)]);
                    return Ok(());
                }
                let fields: Vec<ValType> = self.fields(index);
                self.push_all(&fields)?;
                self.body.op(
                    Instruction::StructNew(index),
                    fields.len(),
                    &[not_null(index)],
                );
            }
            Opcode::StructGet | Opcode::StructGetS | Opcode::StructGetU | Opcode::StructSet => {
                self.field(opcode)?;
            }
            _ => return self.array(opcode),
        }
        Ok(())
    }

    fn fields(&self, index: u32) -> Vec<ValType> {
        match self.environment.types.shape(index) {
            Some(Shape::Struct(fields)) => fields
                .iter()
                .map(|field| field.element_type.unpack())
                .collect(),
            _ => Vec::new(),
        }
    }

    fn field(&mut self, opcode: Opcode) -> Result<()> {
        let fits = |field: FieldType| match opcode {
            Opcode::StructGet => !is_packed(field),
            Opcode::StructSet => field.mutable,
            _ => is_packed(field),
        };
        let mut fields = Vec::new();
        for index in self.environment.types.structs(|_| true) {
            if let Some(Shape::Struct(all)) = self.environment.types.shape(index) {
                let such = all.iter().zip(0..).filter(|(field, _)| fits(**field));
                fields.extend(such.map(|(field, at)| (index, at, field.element_type.unpack())));
            }
        }
        let Some(&(struct_type_index, field_index, ty)) = one_of(self.u, &fields)? else {
            return Ok(());
        };
        self.push_struct(struct_type_index)?;
        match opcode {
            Opcode::StructSet => {
                self.push(ty)?;
                let set = Instruction::StructSet {
                    struct_type_index,
                    field_index,
                };
                self.body.op(set, 2, &[]);
            }
            _ => {
                let get = match opcode {
                    Opcode::StructGetS => Instruction::StructGetS {
                        struct_type_index,
                        field_index,
                    },
                    Opcode::StructGetU => Instruction::StructGetU {
                        struct_type_index,
                        field_index,
                    },
                    _ => Instruction::StructGet {
                        struct_type_index,
                        field_index,
                    },
                };
                self.body.op(get, 1, &[ty]);
            }
        }
        Ok(())
    }

    fn array(&mut self, opcode: Opcode) -> Result<()> {
        let i32 = [ValType::I32];
        match opcode {
            Opcode::ArrayNew | Opcode::ArrayNewDefault | Opcode::ArrayNewFixed => {
                let (index, ty) = self.some_array(|_| true)?;
                let length = below(self.u, 12)?;
                let (new, pops) = match opcode {
                    Opcode::ArrayNewFixed => {
                        self.push_all(&vec![ty; length as usize])?;
                        let new = Instruction::ArrayNewFixed {
                            array_type_index: index,
                            array_size: length,
                        };
                        (new, length)
                    }
                    Opcode::ArrayNew => {
                        self.push(ty)?;
                        self.body.push_i32(length as i32);
                        (Instruction::ArrayNew(index), 2)
                    }
                    _ => {
                        self.body.push_i32(length as i32);
                        (Instruction::ArrayNewDefault(index), 1)
                    }
                };
                self.body.op(new, pops as usize, &[not_null(index)]);
            }
            Opcode::ArrayNewData | Opcode::ArrayInitData => self.with_data(opcode)?,
            Opcode::ArrayNewElem | Opcode::ArrayInitElem => self.with_elements(opcode)?,
            Opcode::ArrayGet | Opcode::ArrayGetS | Opcode::ArrayGetU => {
                let (index, ty) = match opcode {
                    Opcode::ArrayGet => self.some_array(|element| !is_packed(element))?,
                    _ => self.some_array(is_packed)?,
                };
                self.push_array(index)?;
                self.place(ELEMENTS)?;
                let get = match opcode {
                    Opcode::ArrayGet => Instruction::ArrayGet(index),
                    Opcode::ArrayGetS => Instruction::ArrayGetS(index),
                    _ => Instruction::ArrayGetU(index),
                };
                self.body.op(get, 2, &[ty]);
            }
            Opcode::ArraySet => {
                let (index, ty) = self.some_array(|element| element.mutable)?;
                self.push_array(index)?;
                self.place(ELEMENTS)?;
                self.push(ty)?;
                self.body.op(Instruction::ArraySet(index), 3, &[]);
            }
            Opcode::ArrayLen => {
                let (index, _) = self.some_array(|_| true)?;
                self.push_array(index)?;
                self.body.op(Instruction::ArrayLen, 1, &i32);
            }
            Opcode::ArrayFill => {
                let (index, ty) = self.some_array(|element| element.mutable)?;
                self.push_array(index)?;
                self.place(ELEMENTS / 2)?;
                self.push(ty)?;
                self.bounded(ELEMENTS / 2)?;
                self.body.op(Instruction::ArrayFill(index), 4, &[]);
            }
            Opcode::ArrayCopy if chance(self.u, 1, 3)? => {
                // Within one array, and the two overlap.
                let (index, _) = self.some_array(|element| element.mutable)?;
                let array = reference(true, HeapType::Concrete(index));
                let own = self.body.reserve(array);
                self.push_array(index)?;
                self.body.op(Instruction::LocalSet(own), 1, &[]);
                let (to, from, len) = overlapping(self.u, ELEMENTS)?;
                for number in [to, from] {
                    self.body.op(Instruction::LocalGet(own), 0, &[array]);
                    self.body.push_i32(number);
                }
                self.body.push_i32(len);
                let copy = Instruction::ArrayCopy {
                    array_type_index_dst: index,
                    array_type_index_src: index,
                };
                self.body.op(copy, 5, &[]);
            }
            Opcode::ArrayCopy => {
                let (index, _) = self.some_array(|element| element.mutable)?;
                // Onto itself at times.
                self.push_array(index)?;
                self.place(ELEMENTS / 2)?;
                self.push_array(index)?;
                self.bounded(ELEMENTS / 2)?;
                self.bounded(ELEMENTS / 2)?;
                let copy = Instruction::ArrayCopy {
                    array_type_index_dst: index,
                    array_type_index_src: index,
                };
                self.body.op(copy, 5, &[]);
            }
            _ => return self.cast(opcode),
        }
        Ok(())
    }

    fn with_data(&mut self, opcode: Opcode) -> Result<()> {
        let index = match chance(self.u, 1, 2)? {
            true => BYTES,
            false => WORDS,
        };
        if opcode == Opcode::ArrayNewData {
            self.place(DATA_BYTES / 2)?;
            self.bounded(ELEMENTS)?;
            let new = Instruction::ArrayNewData {
                array_type_index: index,
                array_data_index: DATA,
            };
            self.body.op(new, 2, &[not_null(index)]);
            return Ok(());
        }
        self.push_array(index)?;
        self.place(ELEMENTS / 2)?;
        self.bounded(DATA_BYTES / 2)?;
        self.bounded(ELEMENTS / 2)?;
        let init = Instruction::ArrayInitData {
            array_type_index: index,
            array_data_index: DATA,
        };
        self.body.op(init, 4, &[]);
        Ok(())
    }

    fn with_elements(&mut self, opcode: Opcode) -> Result<()> {
        let (index, array_elem_index) = match chance(self.u, 1, 2)? {
            true => (FUNCS, ELEM_FUNCS),
            false => (ANYS, ELEM_ANYS),
        };
        if opcode == Opcode::ArrayNewElem {
            self.place(ELEMENTS / 2)?;
            self.bounded(ELEMENTS / 2)?;
            let new = Instruction::ArrayNewElem {
                array_type_index: index,
                array_elem_index,
            };
            self.body.op(new, 2, &[not_null(index)]);
            return Ok(());
        }
        self.push_array(index)?;
        self.place(ELEMENTS / 2)?;
        self.bounded(ELEMENTS / 2)?;
        self.bounded(ELEMENTS / 2)?;
        let init = Instruction::ArrayInitElem {
            array_type_index: index,
            array_elem_index,
        };
        self.body.op(init, 4, &[]);
        Ok(())
    }

    fn one(&mut self, types: &[u32]) -> Result<u32> {
        Ok(one_of(self.u, types)?.copied().unwrap_or(0))
    }

    /// An array type and the type of its elements, unpacked.
    fn some_array(&mut self, fits: fn(FieldType) -> bool) -> Result<(u32, ValType)> {
        let types = self.environment.types.arrays(fits);
        let index = self.one(&types)?;
        Ok(match self.environment.types.shape(index) {
            Some(Shape::Array(element)) => (index, element.element_type.unpack()),
            _ => (index, ValType::I32),
        })
    }

    pub(super) fn push(&mut self, ty: ValType) -> Result<()> {
        self.body.push(self.u, self.environment, ty)
    }

    pub(super) fn push_all(&mut self, types: &[ValType]) -> Result<()> {
        self.body
            .operands(self.u, self.environment, types, Manner::Fresh)
    }

    pub(super) fn null(&mut self, heap_type: HeapType) {
        let ty = ValType::Ref(RefType {
            nullable: true,
            heap_type,
        });
        self.body.op(Instruction::RefNull(heap_type), 0, &[ty]);
    }

    /// A structure to read or write; null, if that is to trap.
    fn push_struct(&mut self, index: u32) -> Result<()> {
        if self.trap {
            self.null(HeapType::Concrete(index));
            return Ok(());
        }
        self.push(not_null(index))
    }

    /// An array of at least [`ELEMENTS`]; null at times, if it is to trap.
    fn push_array(&mut self, index: u32) -> Result<()> {
        if self.trap && chance(self.u, 1, 2)? {
            self.null(HeapType::Concrete(index));
            return Ok(());
        }
        let before = self.body.stack.len();
        self.body
            .push_object(self.u, self.environment, HeapType::Concrete(index))?;
        self.body.retype(before, not_null(index));
        Ok(())
    }

    fn bounded(&mut self, limit: u32) -> Result<()> {
        self.body.bounded(self.u, self.environment, limit)
    }

    /// A position: in bounds, unless it is to trap.
    fn place(&mut self, limit: u32) -> Result<()> {
        if !self.trap {
            return self.bounded(limit);
        }
        let place = *self.u.choose(&[-1, i32::MIN, i32::MAX])?;
        self.body.push_i32(place);
        Ok(())
    }
}
