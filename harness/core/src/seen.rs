//! A value as the subject showed it, and whether it is the one the oracle expects.

use lockstep_oracles::address::FuncAddr;
use lockstep_oracles::types::Hierarchy;
use lockstep_oracles::value::{Cell, Ref, Value};
use lockstep_oracles::{HeapType, RefType, ValType};

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
    /// Any other reference: of the internal or exception hierarchy, or an externalised internal one
    Ref(Hierarchy, SeenRef),
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

/// What a reference of the internal or exception hierarchy denotes, or an externalised one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeenRef {
    /// Null
    Null,
    /// A host external that was internalised
    Extern(SeenExtern),
    /// An unboxed scalar: 31 bits
    I31(u32),
    /// A structure, an array or an exception
    Object(SeenObject),
}

/// An object of the subject's heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeenObject {
    /// What sort of object it is.
    pub kind: ObjectKind,
    /// Its identity: between two collections two references denote one object exactly when their keys
    /// are equal.
    pub key: u64,
    /// The subject's number for its type; 0 for exceptions, which have a tag.
    pub ty: u32,
    /// By which the subject finds it again to show its content, until the look ends.
    pub slot: u32,
}

/// A sort of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A structure
    Struct,
    /// An array
    Array,
    /// An exception
    Exn,
}

impl ObjectKind {
    /// The name of a reference to such an object.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Struct => "structref",
            ObjectKind::Array => "arrayref",
            ObjectKind::Exn => "exnref",
        }
    }
}

/// A type of the subject's, as it describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenType {
    /// Whether it may have no subtypes.
    pub is_final: bool,
    /// The number of its supertype.
    pub supertype: Option<u32>,
    /// What it describes.
    pub composite: SeenComposite,
}

/// What a type of the subject's describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenComposite {
    /// Functions
    Func {
        /// Types of the parameters.
        params: Vec<SeenStorage>,
        /// Types of the results.
        results: Vec<SeenStorage>,
    },
    /// Structures: whether each field is mutable, and its type
    Struct(Vec<(bool, SeenStorage)>),
    /// Arrays: whether the elements are mutable, and their type
    Array(bool, SeenStorage),
}

/// A value or storage type of the subject's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenStorage {
    /// `i8`
    I8,
    /// `i16`
    I16,
    /// A number, a vector, or a reference to an abstract heap type
    Val(ValType),
    /// A reference to a type of this number, null or not
    Concrete {
        /// Whether null is one.
        nullable: bool,
        /// The number.
        ty: u32,
    },
}

impl Seen {
    /// The hierarchy of the type that the subject shows for a reference.
    pub fn hierarchy(self) -> Option<Hierarchy> {
        match self {
            Seen::Func(_) => Some(Hierarchy::Func),
            Seen::Extern(_) => Some(Hierarchy::Extern),
            Seen::Ref(hierarchy, _) => Some(hierarchy),
            _ => None,
        }
    }

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
            (Seen::Ref(hierarchy, _), ValType::Ref(ty)) => {
                abstract_hierarchy(ty) == Some(hierarchy)
            }
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
    pub(crate) fn refers_to(self, expected: Ref) -> bool {
        match (self, expected) {
            (Seen::Func(SeenFunc::Null), Ref::Null) | (Seen::Extern(None), Ref::Null) => true,
            (Seen::Func(SeenFunc::Known(f)), Ref::Func(e)) => f == e,
            (Seen::Extern(Some(SeenExtern::Number(n))), Ref::Extern(e)) => n == e,
            (Seen::Ref(_, SeenRef::Null), Ref::Null) => true,
            (Seen::Ref(_, SeenRef::I31(n)), Ref::I31(e)) => n == e,
            (Seen::Ref(_, SeenRef::Extern(SeenExtern::Number(n))), Ref::Extern(e)) => n == e,
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
            Seen::Ref(hierarchy, reference) => {
                let reference = match reference {
                    SeenRef::Null => Ref::Null,
                    SeenRef::I31(n) => Ref::I31(n),
                    SeenRef::Extern(SeenExtern::Number(n)) => Ref::Extern(n),
                    SeenRef::Extern(SeenExtern::Foreign) | SeenRef::Object(_) => return None,
                };
                Value::Ref(reference, top(hierarchy))
            }
            Seen::Func(SeenFunc::Unknown(_))
            | Seen::Extern(Some(SeenExtern::Foreign))
            | Seen::Unmodelled => return None,
        })
    }

    /// The object that the reference denotes, if it denotes one.
    pub fn object(self) -> Option<SeenObject> {
        match self {
            Seen::Ref(_, SeenRef::Object(object)) => Some(object),
            _ => None,
        }
    }
}

/// The nullable reference type at the top of a hierarchy.
pub fn top(hierarchy: Hierarchy) -> RefType {
    match hierarchy {
        Hierarchy::Func => RefType::FUNCREF,
        Hierarchy::Extern => RefType::EXTERNREF,
        Hierarchy::Any => RefType::ANYREF,
        Hierarchy::Exn => RefType::EXNREF,
    }
}

/// The hierarchy of a reference type that has no type index.
fn abstract_hierarchy(ty: RefType) -> Option<Hierarchy> {
    match ty.heap_type() {
        HeapType::Abstract { ty, .. } => Hierarchy::of(ty),
        HeapType::Concrete(_) | HeapType::Exact(_) => None,
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.to_value() {
            Some(value) => value.fmt(f),
            None => match self {
                Seen::Func(SeenFunc::Unknown(_)) => f.write_str("funcref:unknown"),
                Seen::Extern(_) | Seen::Ref(_, SeenRef::Extern(_)) => {
                    f.write_str("externref:foreign")
                }
                Seen::Ref(_, SeenRef::Object(object)) => write!(f, "{}:?", object.kind.name()),
                _ => f.write_str("unmodelled"),
            },
        }
    }
}
