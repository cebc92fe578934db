//! Components: what their binaries say, and the Canonical ABI by which their functions are called.
//!
//! Written from the component model's specification (its binary format, and the Python definitions of its
//! Canonical ABI, whose names are used). A component is *flattened*: what is left is core modules, the order
//! in which they are instantiated with what, and functions that are lifted or lowered. Nothing here runs
//! core code: who lowers a value is asked to call `realloc`.

mod decode;
mod flatten;
mod layout;
mod lift;
mod lower;
mod strings;
mod text;

#[cfg(test)]
mod tests;

pub use decode::decode;
use flatten::flatten;
pub use layout::{
    MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, alignment, discriminant_size, field_offsets, flags_size,
    flat, flat_all, payload_flat, payload_offset, size,
};
pub use lift::{lift_flat_values, lift_unaligned_strings};
pub use lower::{LATIN1_ALIGN, Lowering, Out, Step};
pub use strings::FirstPass;
pub use text::{ArgsError, parse_args, written};

use crate::module::Module;
use std::sync::Arc;

/// A type of component values, without resources and what is asynchronous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`
    Bool,
    /// `s8`
    S8,
    /// `u8`
    U8,
    /// `s16`
    S16,
    /// `u16`
    U16,
    /// `s32`
    S32,
    /// `u32`
    U32,
    /// `s64`
    S64,
    /// `u64`
    U64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `char`
    Char,
    /// `string`
    String,
    /// `list`
    List(Arc<Type>),
    /// `record`: fields by name
    Record(Arc<[(String, Type)]>),
    /// `tuple`
    Tuple(Arc<[Type]>),
    /// `variant`: cases by name
    Variant(Arc<[(String, Option<Type>)]>),
    /// `enum`
    Enum(Arc<[String]>),
    /// `option`
    Option(Arc<Type>),
    /// `result`: of success, and of failure
    Result(Arc<(Option<Type>, Option<Type>)>),
    /// `flags`
    Flags(Arc<[String]>),
}

impl Type {
    /// The payloads of a variant's cases; none if it is no variant, whatever it is written as.
    pub fn cases(&self) -> Option<Vec<Option<&Type>>> {
        match self {
            Type::Variant(cases) => Some(cases.iter().map(|(_, ty)| ty.as_ref()).collect()),
            Type::Enum(names) => Some(vec![None; names.len()]),
            Type::Option(some) => Some(vec![None, Some(&**some)]),
            Type::Result(both) => Some(vec![both.0.as_ref(), both.1.as_ref()]),
            _ => None,
        }
    }

    /// The types of a record's fields; none if it is neither record nor tuple.
    pub fn fields(&self) -> Option<Vec<&Type>> {
        match self {
            Type::Record(fields) => Some(fields.iter().map(|(_, ty)| ty).collect()),
            Type::Tuple(types) => Some(types.iter().collect()),
            _ => None,
        }
    }
}

/// In which encoding the guest had a string that was lifted: which `realloc`s lower it depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// UTF-8, which is the host's, too
    Utf8,
    /// UTF-16
    Utf16,
    /// UTF-16, where `latin1+utf16` has it by its tag
    TaggedUtf16,
    /// Latin-1, where `latin1+utf16` has it
    Latin1,
}

/// A string, and where it comes from.
#[derive(Clone, Debug)]
pub struct Text {
    /// Its characters.
    pub text: String,
    /// The encoding that it was lifted from.
    pub source: Source,
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.text == other.text
    }
}

/// A value of a component function.
#[derive(Clone, Debug)]
pub enum Val {
    /// Of `bool`
    Bool(bool),
    /// Of `s8` to `s64`
    Signed(i64),
    /// Of `u8` to `u64`
    Unsigned(u64),
    /// Of `f32`: its bits
    F32(u32),
    /// Of `f64`: its bits
    F64(u64),
    /// Of `char`
    Char(char),
    /// Of `string`
    String(Text),
    /// Of `list`
    List(Vec<Val>),
    /// Of `record` and `tuple`
    Record(Vec<Val>),
    /// Of `variant`, `enum`, `option`, `result`: the case, and its payload
    Variant(u32, Option<Box<Val>>),
    /// Of `flags`, the first in the lowest bit
    Flags(u32),
}

/// Every NaN is the same value ("f32: … with only one NaN").
impl PartialEq for Val {
    fn eq(&self, other: &Val) -> bool {
        match (self, other) {
            (Val::Bool(a), Val::Bool(b)) => a == b,
            (Val::Signed(a), Val::Signed(b)) => a == b,
            (Val::Unsigned(a), Val::Unsigned(b)) => a == b,
            (Val::F32(a), Val::F32(b)) => {
                a == b || f32::from_bits(*a).is_nan() && f32::from_bits(*b).is_nan()
            }
            (Val::F64(a), Val::F64(b)) => {
                a == b || f64::from_bits(*a).is_nan() && f64::from_bits(*b).is_nan()
            }
            (Val::Char(a), Val::Char(b)) => a == b,
            (Val::String(a), Val::String(b)) => a == b,
            (Val::List(a), Val::List(b)) | (Val::Record(a), Val::Record(b)) => a == b,
            (Val::Variant(a, x), Val::Variant(b, y)) => a == b && x == y,
            (Val::Flags(a), Val::Flags(b)) => a == b,
            _ => false,
        }
    }
}

/// The type of a component function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuncType {
    /// Parameters by name.
    pub params: Vec<(String, Type)>,
    /// Its result, if it has one.
    pub result: Option<Type>,
}

impl FuncType {
    /// The types of the parameters.
    pub fn param_types(&self) -> Vec<&Type> {
        self.params.iter().map(|(_, ty)| ty).collect()
    }

    /// The type of the result, as a list.
    pub fn result_types(&self) -> Vec<&Type> {
        self.result.iter().collect()
    }
}

/// How a core module has its strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8
    #[default]
    Utf8,
    /// UTF-16
    Utf16,
    /// Latin-1, or UTF-16 where a tag says so
    Latin1OrUtf16,
}

/// Why the Canonical ABI traps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AbiTrap {
    /// A pointer is not a multiple of what it points to needs.
    #[error("a pointer is not aligned")]
    Unaligned,
    /// What a pointer points to is not inside the memory.
    #[error("a pointer leads out of the memory")]
    OutOfBounds,
    /// A number is no Unicode scalar value.
    #[error("a number is no character")]
    Char,
    /// A discriminant beyond the cases.
    #[error("a discriminant has no case")]
    Case,
    /// Bytes that are no string of the encoding.
    #[error("bytes are no string of their encoding")]
    Encoding,
    /// More bytes than a string or list may have.
    #[error("a string or list is too long")]
    TooLong,
}

/// A core module of a component.
#[derive(Clone, Debug)]
pub struct CoreModule {
    /// Its binary.
    pub bytes: Arc<[u8]>,
    /// Where that begins in the component's.
    pub offset: u32,
    /// It, decoded.
    pub module: Arc<Module>,
}

/// Something of a core instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CoreItem {
    /// The export of an instance, in the order of the steps.
    Export(u32, String),
    /// A lowered function.
    Lowered(u32),
}

/// What a lift or a lowering says beside the type.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How strings are encoded.
    pub encoding: Encoding,
    /// The memory.
    pub memory: Option<CoreItem>,
    /// What allocates in it.
    pub realloc: Option<CoreItem>,
    /// What is called with the results when they were lifted.
    pub post_return: Option<CoreItem>,
}

/// A function of core code, lifted.
#[derive(Clone, Debug)]
pub struct Lifted {
    /// The core function.
    pub core: CoreItem,
    /// The type that it is lifted to.
    pub ty: Arc<FuncType>,
    /// How.
    pub options: Options,
}

/// What a lowered function calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A lifted function of the component: the call is fused.
    Lifted(u32),
}

/// A component function, lowered for core code.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// What it calls.
    pub callee: Callee,
    /// Its type.
    pub ty: Arc<FuncType>,
    /// How it is lowered.
    pub options: Options,
}

/// A core module is instantiated.
#[derive(Clone, Debug)]
pub struct Instantiation {
    /// Which of the modules.
    pub module: u32,
    /// What for its imports, in their order.
    pub imports: Vec<CoreItem>,
}

/// A component, flattened.
#[derive(Clone, Debug, Default)]
pub struct Component {
    /// Its core modules, those of components in it included.
    pub modules: Vec<CoreModule>,
    /// What is instantiated, in this order.
    pub instantiations: Vec<Instantiation>,
    /// Functions that are lifted.
    pub lifted: Vec<Lifted>,
    /// Functions that are lowered.
    pub lowered: Vec<Lowered>,
    /// Exported functions: by their name, or that of an exported instance, `#` and their name in it.
    pub exports: Vec<(String, u32)>,
}

impl Component {
    /// The exported function of this name.
    pub fn export(&self, name: &str) -> Option<&Lifted> {
        let found = self.exports.iter().find(|(own, _)| own == name);
        found.map(|&(_, index)| &self.lifted[index as usize])
    }
}

/// Why a binary is no component of the oracle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComponentError {
    /// It does not decode or validate.
    #[error("{0}")]
    Invalid(String),
    /// It is valid, but has what is not implemented here.
    #[error("{0}")]
    Unsupported(String),
}
