//! Values: typed ones for people and interfaces, untyped cells for the machine's stack.

use crate::address::{ExnAddr, FuncAddr, ObjectAddr};
use wasmparser::{AbstractHeapType, HeapType, RefType, ValType};

/// An untyped 128-bit cell of the machine's stack. Its type is known statically from the PC.
///
/// Integers and floats are zero-extended bits; a vector has lane 0 in the least significant bits.
/// A reference is [`Ref::to_cell`]. All bits above a type's width are zero, so two cells of one
/// type are equal exactly when their values are the same bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Cell(pub u128);

impl Cell {
    /// The low 32 bits: an `i32`, or the bits of an `f32`.
    #[inline(always)]
    pub fn u32(self) -> u32 {
        self.0 as u32
    }

    /// The low 64 bits: an `i64`, or the bits of an `f64`.
    #[inline(always)]
    pub fn u64(self) -> u64 {
        self.0 as u64
    }

    /// The cell as a value of `ty`.
    pub fn typed(self, ty: ValType) -> Value {
        match ty {
            ValType::I32 => Value::I32(self.u32()),
            ValType::I64 => Value::I64(self.u64()),
            ValType::F32 => Value::F32(self.u32()),
            ValType::F64 => Value::F64(self.u64()),
            ValType::V128 => Value::V128(self.0),
            ValType::Ref(ty) => Value::Ref(Ref::from_cell(self), ty),
        }
    }
}

/// A reference.
///
/// `extern.convert_any` and `any.convert_extern` do not change it, so that each undoes the other: a
/// [`Ref::Extern`] whose static type is internal is a host reference that was internalised, and any
/// other reference whose static type is external is one that was externalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ref {
    /// `ref.null`, of any heap type
    Null,
    /// A function instance
    Func(FuncAddr),
    /// A host external, known by its number
    Extern(u32),
    /// An unboxed scalar: 31 bits
    I31(u32),
    /// A structure
    Struct(ObjectAddr),
    /// An array
    Array(ObjectAddr),
    /// An exception
    Exn(ExnAddr),
}

/// Bits of the payload below a cell's kind of reference.
const KIND: u32 = 32;

impl Ref {
    /// The reference as a cell: null is zero, everything else has a kind above 32 bits of payload.
    #[inline]
    pub fn to_cell(self) -> Cell {
        let (kind, payload): (u128, u32) = match self {
            Ref::Null => (0, 0),
            Ref::Func(FuncAddr(n)) => (1, n),
            Ref::Extern(n) => (2, n),
            Ref::I31(n) => (3, n),
            Ref::Struct(ObjectAddr(n)) => (4, n),
            Ref::Array(ObjectAddr(n)) => (5, n),
            Ref::Exn(ExnAddr(n)) => (6, n),
        };
        Cell(kind << KIND | u128::from(payload))
    }

    /// The reference in a cell.
    ///
    /// # Panics
    ///
    /// On bits that [`Ref::to_cell`] never makes; valid code cannot produce them.
    #[inline]
    pub fn from_cell(cell: Cell) -> Ref {
        let payload = cell.u32();
        match cell.0 >> KIND {
            0 => Ref::Null,
            1 => Ref::Func(FuncAddr(payload)),
            2 => Ref::Extern(payload),
            3 => Ref::I31(payload),
            4 => Ref::Struct(ObjectAddr(payload)),
            5 => Ref::Array(ObjectAddr(payload)),
            6 => Ref::Exn(ExnAddr(payload)),
            kind => panic!("crash: reference cell of kind {kind}"),
        }
    }

    /// Whether the reference belongs to an abstract heap type that is in its hierarchy; null
    /// belongs to none.
    ///
    /// An external is of any type at the top: which hierarchy it is in, its static type says.
    pub fn is_abstract(self, ty: AbstractHeapType) -> bool {
        use AbstractHeapType as T;
        match self {
            Ref::Null => false,
            Ref::Func(_) => ty == T::Func,
            Ref::Exn(_) => ty == T::Exn,
            Ref::Extern(_) => matches!(ty, T::Extern | T::Any),
            Ref::I31(_) => matches!(ty, T::I31 | T::Eq | T::Any | T::Extern),
            Ref::Struct(_) => matches!(ty, T::Struct | T::Eq | T::Any | T::Extern),
            Ref::Array(_) => matches!(ty, T::Array | T::Eq | T::Any | T::Extern),
        }
    }
}

/// A typed value. Floats and vectors are bits, so equality is bit equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `i32`
    I32(u32),
    /// `i64`
    I64(u64),
    /// `f32`, bits
    F32(u32),
    /// `f64`, bits
    F64(u64),
    /// `v128`, lane 0 in the least significant bits
    V128(u128),
    /// A reference and its static type. A type index in it is one of the scope that the value came
    /// from: the store (results, arguments, globals) or the frame's module (locals, operands).
    Ref(Ref, RefType),
}

impl Value {
    /// The value's type.
    pub fn ty(self) -> ValType {
        match self {
            Value::I32(_) => ValType::I32,
            Value::I64(_) => ValType::I64,
            Value::F32(_) => ValType::F32,
            Value::F64(_) => ValType::F64,
            Value::V128(_) => ValType::V128,
            Value::Ref(_, ty) => ValType::Ref(ty),
        }
    }

    /// The value without its type.
    #[inline]
    pub fn cell(self) -> Cell {
        match self {
            Value::I32(v) | Value::F32(v) => Cell(u128::from(v)),
            Value::I64(v) | Value::F64(v) => Cell(u128::from(v)),
            Value::V128(v) => Cell(v),
            Value::Ref(r, _) => r.to_cell(),
        }
    }

    /// The default value of a type: zero, or null.
    pub fn zero(ty: ValType) -> Value {
        Cell(0).typed(ty)
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Value::I32(v) => write!(f, "i32:{}", v as i32),
            Value::I64(v) => write!(f, "i64:{}", v as i64),
            Value::F32(bits) => {
                let v = f32::from_bits(bits);
                if v.is_nan() {
                    write!(f, "f32:nan:0x{bits:08x}")
                } else {
                    write!(f, "f32:{v:?}")
                }
            }
            Value::F64(bits) => {
                let v = f64::from_bits(bits);
                if v.is_nan() {
                    write!(f, "f64:nan:0x{bits:016x}")
                } else {
                    write!(f, "f64:{v:?}")
                }
            }
            Value::V128(v) => write!(f, "v128:0x{v:032x}"),
            Value::Ref(Ref::Null, ty) => match ty.heap_type() {
                HeapType::FUNC => write!(f, "funcref:null"),
                HeapType::EXTERN => write!(f, "externref:null"),
                _ => write!(f, "{ty}:null"),
            },
            Value::Ref(Ref::Func(a), _) => write!(f, "funcref:{a}"),
            Value::Ref(Ref::Extern(n), _) => write!(f, "externref:{n}"),
            Value::Ref(Ref::I31(n), _) => write!(f, "i31ref:{n}"),
            Value::Ref(Ref::Struct(a), _) => write!(f, "structref:{a}"),
            Value::Ref(Ref::Array(a), _) => write!(f, "arrayref:{a}"),
            Value::Ref(Ref::Exn(a), _) => write!(f, "exnref:{a}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_survive_the_cell() {
        for r in [
            Ref::Null,
            Ref::Func(FuncAddr(0)),
            Ref::Func(FuncAddr(u32::MAX)),
            Ref::Extern(0),
            Ref::Extern(7),
            Ref::I31(0x7fff_ffff),
            Ref::Struct(ObjectAddr(3)),
            Ref::Array(ObjectAddr(3)),
            Ref::Exn(ExnAddr(0)),
        ] {
            assert_eq!(Ref::from_cell(r.to_cell()), r);
        }
    }

    #[test]
    fn nan_payloads_are_shown() {
        assert_eq!(Value::F32(0x7fc0_0001).to_string(), "f32:nan:0x7fc00001");
        assert_eq!(
            Value::F64(0x7ff8_0000_0000_0000).to_string(),
            "f64:nan:0x7ff8000000000000"
        );
    }
}
