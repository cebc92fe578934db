//! Values of reference types: null, functions, and objects made on the spot.
//!
//! What is recorded on the stack is the type that was asked for, of which the value's own may be a
//! subtype.

use super::super::weights::{below, between, chance, one_of};
use super::body::{Body, Manner};
use super::environment::{ELEMENTS, Environment};
use super::stores::Tag;
use super::types::Shape;
use arbitrary::{Result, Unstructured};
use std::borrow::Cow;
use wasm_encoder::{
    AbstractHeapType, BlockType, Catch, FieldType, HeapType, Instruction, RefType, ValType,
};

/// Objects that are made to be put into each other, at most.
const DEPTH: u32 = 2;

impl Body {
    /// Pushes a reference of this type, made for the purpose.
    pub(in crate::generate) fn push_reference(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        ty: RefType,
    ) -> Result<()> {
        let before = self.stack.len();
        let deep = self.depth > DEPTH;
        if ty.nullable && (deep || chance(u, 1, 4)? || !self.has_others(environment, ty)) {
            self.op(Instruction::RefNull(ty.heap_type), 0, &[ValType::Ref(ty)]);
        } else {
            self.depth += 1;
            self.push_object(u, environment, ty.heap_type)?;
            self.depth -= 1;
        }
        self.retype(before, ValType::Ref(ty));
        Ok(())
    }

    /// Says that what was pushed since then is one value of this type.
    pub(in crate::generate) fn retype(&mut self, before: usize, ty: ValType) {
        self.stack.truncate(before);
        self.stack.push(ty);
    }

    /// Whether code can make values of the type other than null.
    fn has_others(&self, environment: &Environment, ty: RefType) -> bool {
        use AbstractHeapType as T;
        match ty.heap_type {
            HeapType::Abstract { ty, .. } => match ty {
                T::Func => !environment.referable.is_empty(),
                T::Exn => !environment.tags.is_empty(),
                T::Extern | T::Any | T::Eq | T::I31 | T::Struct | T::Array => {
                    !environment.types.rows.is_empty()
                }
                _ => false,
            },
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                match environment.types.shape(index) {
                    Some(Shape::Struct(_) | Shape::Array(_)) => true,
                    _ => environment.families.iter().any(|family| family.ty == index),
                }
            }
        }
    }

    /// Pushes a reference that is not null.
    pub(in crate::generate) fn push_object(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        ty: HeapType,
    ) -> Result<()> {
        use AbstractHeapType as T;
        let any = |ty| {
            ValType::Ref(RefType {
                nullable: false,
                heap_type: ty,
            })
        };
        match ty {
            HeapType::Abstract { ty: T::Func, .. } => self.push_function(u, environment),
            HeapType::Abstract { ty: T::Extern, .. } => {
                self.push_object(u, environment, HeapType::ANY)?;
                self.op(Instruction::ExternConvertAny, 1, &[any(ty)]);
                Ok(())
            }
            HeapType::Abstract { ty: T::Exn, .. } => self.push_exception(u, environment),
            HeapType::Abstract { ty: T::I31, .. } => {
                self.push(u, environment, ValType::I32)?;
                self.op(Instruction::RefI31, 1, &[any(ty)]);
                Ok(())
            }
            HeapType::Abstract { ty, .. } => {
                let which = match ty {
                    T::Struct => 1,
                    T::Array => 2,
                    _ => between(u, 0, 2)?,
                };
                let types = match which {
                    1 => environment.types.structs(|_| true),
                    2 => environment.types.arrays(|_| true),
                    _ => return self.push_object(u, environment, HeapType::I31),
                };
                match one_of(u, &types)? {
                    Some(&index) => self.push_object(u, environment, HeapType::Concrete(index)),
                    None => Ok(()),
                }
            }
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                match environment.types.shape(index) {
                    Some(Shape::Struct(fields)) => self.new_struct(u, environment, index, fields),
                    Some(Shape::Array(element)) => self.new_array(u, environment, index, element),
                    _ => self.push_function_of(u, environment, index),
                }
            }
        }
    }

    /// Pushes a function of this type, of which there is one.
    fn push_function_of(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        ty: u32,
    ) -> Result<()> {
        let families = environment.families.iter();
        let such: Vec<u32> = families
            .filter(|family| family.ty == ty)
            .map(|family| family.first)
            .collect();
        let first = one_of(u, &such)?.copied().unwrap_or(0) as usize;
        let function = environment.referable.get(first).copied().unwrap_or(0);
        let ty = RefType {
            nullable: false,
            heap_type: HeapType::Concrete(ty),
        };
        self.op(Instruction::RefFunc(function), 0, &[ValType::Ref(ty)]);
        Ok(())
    }

    /// Makes a structure: of given fields, or of zeros.
    fn new_struct(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        index: u32,
        fields: &'static [FieldType],
    ) -> Result<()> {
        let before = self.stack.len();
        let defaults = fields
            .iter()
            .all(|field| field.element_type.is_defaultable());
        if defaults && (self.depth > 1 || chance(u, 1, 3)?) {
            self.emit(Instruction::StructNewDefault(index));
        } else {
            for field in fields {
                self.push(u, environment, field.element_type.unpack())?;
            }
            self.emit(Instruction::StructNew(index));
        }
        self.retype(before, not_null(index));
        Ok(())
    }

    /// Makes an array of at least [`ELEMENTS`].
    fn new_array(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        index: u32,
        element: FieldType,
    ) -> Result<()> {
        let before = self.stack.len();
        let length = ELEMENTS + below(u, 4)?;
        // Mostly zeros: what is made in between costs more than what it is made for.
        match between(u, 0, 5)? {
            1 => {
                self.push(u, environment, element.element_type.unpack())?;
                self.push_i32(length as i32);
                self.emit(Instruction::ArrayNew(index));
            }
            2 if self.depth < 2 => {
                for _ in 0..length {
                    self.push(u, environment, element.element_type.unpack())?;
                }
                self.emit(Instruction::ArrayNewFixed {
                    array_type_index: index,
                    array_size: length,
                });
            }
            _ => {
                self.push_i32(length as i32);
                self.emit(Instruction::ArrayNewDefault(index));
            }
        }
        self.retype(before, not_null(index));
        Ok(())
    }

    /// Throws and catches an exception, and pushes it.
    fn push_exception(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
    ) -> Result<()> {
        let before = self.stack.len();
        let ty = ValType::Ref(RefType::EXNREF);
        self.emit(Instruction::Block(BlockType::Result(ty)));
        let catch = Cow::Borrowed(&[Catch::AllRef { label: 0 }][..]);
        self.emit(Instruction::TryTable(BlockType::Empty, catch));
        self.throw_any(u, environment)?;
        self.emit(Instruction::End);
        self.emit(Instruction::Unreachable);
        self.emit(Instruction::End);
        self.retype(before, ty);
        if environment.has(lockstep_oracles::opcode::Opcode::RefAsNonNull) {
            self.emit(Instruction::RefAsNonNull);
        }
        Ok(())
    }

    /// Throws an exception; the operands that it takes are pushed, and then gone.
    pub(in crate::generate) fn throw_any(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
    ) -> Result<()> {
        let tag = below(u, environment.tags.len() as u32)?;
        let Some(Tag { params, .. }) = environment.tags.get(tag as usize) else {
            self.emit(Instruction::Unreachable);
            return Ok(());
        };
        self.operands(u, environment, params, Manner::Fresh)?;
        self.op(Instruction::Throw(tag), params.len(), &[]);
        Ok(())
    }
}

/// A reference to a type of the module.
pub(in crate::generate) fn not_null(index: u32) -> ValType {
    super::types::reference(false, HeapType::Concrete(index))
}
