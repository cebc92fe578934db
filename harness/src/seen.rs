//! A value as the subject showed it, and whether it is the one the oracle expects.

use lockstep_oracles::ValType;
use lockstep_oracles::address::FuncAddr;
use lockstep_oracles::value::{Cell, Ref, Value};
use lockstep_oracles::{HeapType, RefType};

/// A value that the subject showed, with the type it claims for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
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
    /// A function reference, resolved to the function it denotes
    Func(SeenFunc),
    /// An external reference: null, or the number of a host external
    Extern(Option<SeenExtern>),
    /// A value of a kind that this version of Lockstep does not model
    Unmodelled,
}

/// What a function reference denotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeenFunc {
    /// Null
    Null,
    /// This function of the case
    Known(FuncAddr),
    /// A function of no instance that the case holds; the number tells several apart
    Unknown(usize),
}

/// What an external reference holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeenExtern {
    /// The host external with this number
    Number(u32),
    /// Something the harness never made
    Foreign,
}

impl Seen {
    /// Whether the subject's type is the expected one (references: of the same hierarchy).
    #[inline]
    pub fn has_type(self, ty: ValType) -> bool {
        match (self, ty) {
            (Seen::I32(_), ValType::I32)
            | (Seen::I64(_), ValType::I64)
            | (Seen::F32(_), ValType::F32)
            | (Seen::F64(_), ValType::F64)
            | (Seen::V128(_), ValType::V128) => true,
            (Seen::Func(_), ValType::Ref(ty)) => ty.is_func_ref(),
            (Seen::Extern(_), ValType::Ref(ty)) => ty.is_extern_ref(),
            _ => false,
        }
    }

    /// Whether this is exactly the expected value, bit for bit, of the expected type.
    #[inline(always)]
    pub fn is(self, ty: ValType, cell: Cell) -> bool {
        // By what was seen first: the reader knows which that is, so this folds into it.
        match self {
            Seen::I32(v) => ty == ValType::I32 && v == cell.u32(),
            Seen::I64(v) => ty == ValType::I64 && v == cell.u64(),
            Seen::F32(v) => ty == ValType::F32 && v == cell.u32(),
            Seen::F64(v) => ty == ValType::F64 && v == cell.u64(),
            Seen::V128(v) => ty == ValType::V128 && v == cell.0,
            reference => reference.has_type(ty) && reference.refers_to(Ref::from_cell(cell)),
        }
    }

    /// Whether this reference is `expected`.
    fn refers_to(self, expected: Ref) -> bool {
        match (self, expected) {
            (Seen::Func(SeenFunc::Null), Ref::Null) | (Seen::Extern(None), Ref::Null) => true,
            (Seen::Func(SeenFunc::Known(f)), Ref::Func(e)) => f == e,
            (Seen::Extern(Some(SeenExtern::Number(n))), Ref::Extern(e)) => n == e,
            _ => false,
        }
    }

    /// The value in the oracle's terms, if the oracle could hold it.
    pub fn to_value(self) -> Option<Value> {
        Some(match self {
            Seen::I32(v) => Value::I32(v),
            Seen::I64(v) => Value::I64(v),
            Seen::F32(v) => Value::F32(v),
            Seen::F64(v) => Value::F64(v),
            Seen::V128(v) => Value::V128(v),
            Seen::Func(SeenFunc::Null) => Value::Ref(Ref::Null, RefType::FUNCREF),
            Seen::Func(SeenFunc::Known(f)) => Value::Ref(Ref::Func(f), RefType::FUNCREF),
            Seen::Extern(None) => Value::Ref(Ref::Null, RefType::EXTERNREF),
            Seen::Extern(Some(SeenExtern::Number(n))) => {
                Value::Ref(Ref::Extern(n), RefType::EXTERNREF)
            }
            Seen::Func(SeenFunc::Unknown(_))
            | Seen::Extern(Some(SeenExtern::Foreign))
            | Seen::Unmodelled => return None,
        })
    }
}

impl From<Value> for Seen {
    fn from(value: Value) -> Seen {
        match value {
            Value::I32(v) => Seen::I32(v),
            Value::I64(v) => Seen::I64(v),
            Value::F32(v) => Seen::F32(v),
            Value::F64(v) => Seen::F64(v),
            Value::V128(v) => Seen::V128(v),
            Value::Ref(Ref::Func(f), _) => Seen::Func(SeenFunc::Known(f)),
            Value::Ref(Ref::Extern(n), _) => Seen::Extern(Some(SeenExtern::Number(n))),
            Value::Ref(Ref::Null, ty) if ty.heap_type() == HeapType::EXTERN => Seen::Extern(None),
            Value::Ref(Ref::Null, _) => Seen::Func(SeenFunc::Null),
            // Wasm 2.0 has none of these.
            Value::Ref(Ref::I31(_) | Ref::Struct(_) | Ref::Array(_) | Ref::Exn(_), _) => {
                Seen::Unmodelled
            }
        }
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.to_value() {
            Some(value) => value.fmt(f),
            None => match self {
                Seen::Func(SeenFunc::Unknown(_)) => f.write_str("funcref:unknown"),
                Seen::Extern(_) => f.write_str("externref:foreign"),
                _ => f.write_str("unmodelled"),
            },
        }
    }
}
