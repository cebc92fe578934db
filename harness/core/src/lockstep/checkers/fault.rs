//! How a reference differs, and how far that is looked for.

use crate::rules::RuleId;
use lockstep_oracles::HeapType;
use lockstep_oracles::module::Module;
use lockstep_oracles::types::{Hierarchy, Types};

/// What a reference's static type belongs to: its type indices mean something there only.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// A frame's locals and operands
    Module(&'a Module),
    /// Entities, objects, results and arguments
    Store(&'a Types),
}

impl Scope<'_> {
    /// The hierarchy of a heap type.
    pub fn hierarchy(self, ty: HeapType) -> Option<Hierarchy> {
        match self {
            Scope::Module(module) => module.hierarchy(ty),
            Scope::Store(types) => types.hierarchy(ty),
        }
    }
}

/// How a reference differs from the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is shown with a type of another hierarchy
    StaticType,
    /// It is shown with a type of another hierarchy, and is right but for that
    Converted,
    /// It is another function, host external or unboxed scalar
    Value,
    /// Only one of the two is null
    Null,
    /// It denotes another sort of thing
    Kind,
    /// The object is of another type, the exception of another tag
    Type,
    /// It is another object than before, or one that is shown for another of the oracle's
    Identity,
    /// The object holds something else
    Content,
    /// An object that it refers to is of another type
    TypeWithin,
    /// An object that it refers to is another one
    IdentityWithin,
}

impl Fault {
    /// The rule that names it, where one does whatever shows the reference.
    pub fn rule(self) -> Option<RuleId> {
        Some(match self {
            Fault::StaticType | Fault::Converted | Fault::Value => return None,
            Fault::Null => RuleId::RefNull,
            Fault::Kind => RuleId::RefKind,
            Fault::Type | Fault::TypeWithin => RuleId::RefType,
            Fault::Identity | Fault::IdentityWithin => RuleId::RefIdentity,
            Fault::Content => RuleId::RefContent,
        })
    }

    /// What was expected and what is shown, where the two texts alone may look the same.
    pub fn tell(self, expected: String, shown: String) -> (String, String) {
        match self {
            Fault::Type => (
                format!("{expected}, of the type it was made with"),
                format!("{shown}, of another type"),
            ),
            Fault::Identity => (
                format!("{expected}, the same object wherever it is shown"),
                format!("{shown}, another object"),
            ),
            Fault::TypeWithin => (
                format!("{expected}, referring to objects of the types they were made with"),
                format!("{shown}, referring to one of another type"),
            ),
            Fault::IdentityWithin => (
                format!("{expected}, referring to the objects that the program stored in it"),
                format!("{shown}, referring to another one"),
            ),
            Fault::Content => (
                format!("{expected}, with what the program stored in it"),
                format!("{shown}, holding something else"),
            ),
            Fault::StaticType | Fault::Converted | Fault::Value | Fault::Null | Fault::Kind => {
                (expected, shown)
            }
        }
    }
}

/// How far a comparison follows references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The reference alone; nothing of what it denotes is read
    Reference,
    /// Objects to this many references away
    Content(u32),
}

/// How far references in frames are followed.
pub const IN_FRAMES: Depth = Depth::Content(1);

/// How far references in entities are followed.
pub const IN_ENTITIES: Depth = Depth::Content(8);
