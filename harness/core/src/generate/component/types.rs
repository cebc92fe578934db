//! Types of component values: drawn, and as text. Records, variants, enums and flags have names, as the component
//! model wants it of what is exported.

use crate::generate::weights::{Row, below, between, chance, one_of, pick};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::component::Type;
use std::sync::Arc;

/// How deep types are nested, at most.
const DEPTH: u32 = 3;

/// Named types of a component, at most.
const NAMED: u32 = 4;

/// The named types of a component. Each is made of those before it.
pub(super) struct Types {
    named: Vec<Type>,
}

#[derive(Clone, Copy)]
enum Shape {
    Scalar,
    String,
    List,
    Tuple,
    Option,
    Result,
    Named,
}

/// What a type is; the first where no other can be.
static SHAPES: &[Row<Shape>] = &[
    Row::new("scalar", 12, Shape::Scalar),
    Row::new("string", 6, Shape::String),
    Row::new("list", 5, Shape::List),
    Row::new("tuple", 3, Shape::Tuple),
    Row::new("option", 3, Shape::Option),
    Row::new("result", 3, Shape::Result),
    Row::new("named", 6, Shape::Named),
];

const SCALARS: &[Type] = &[
    Type::U32,
    Type::Bool,
    Type::S8,
    Type::U8,
    Type::S16,
    Type::U16,
    Type::S32,
    Type::S64,
    Type::U64,
    Type::F32,
    Type::F64,
    Type::Char,
];

impl Types {
    /// Draws the named types.
    pub(super) fn draw(u: &mut Unstructured<'_>) -> Result<Types> {
        let mut types = Types { named: Vec::new() };
        for _ in 0..below(u, NAMED + 1)? {
            let made = types.draw_named(u)?;
            if !types.named.contains(&made) {
                types.named.push(made);
            }
        }
        Ok(types)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.named.len()
    }

    fn draw_named(&self, u: &mut Unstructured<'_>) -> Result<Type> {
        let numbered = |letter: char, count: u32| -> Vec<String> {
            (0..count)
                .map(|number| format!("{letter}{number}"))
                .collect()
        };
        Ok(match below(u, 8)? {
            0..=2 => {
                // With 17 and more flat values it is passed in memory.
                let count = if chance(u, 1, 6)? {
                    18
                } else {
                    between(u, 1, 5)?
                };
                let fields = numbered('f', count).into_iter();
                let fields = fields.map(|name| Ok((name, self.draw_nested(u, 1)?)));
                Type::Record(fields.collect::<Result<Vec<_>>>()?.into())
            }
            3..=5 => {
                let count = between(u, 1, 5)?;
                let cases = numbered('c', count).into_iter();
                let cases = cases.map(|name| {
                    let payload = match chance(u, 2, 3)? {
                        true => Some(self.draw_nested(u, 1)?),
                        false => None,
                    };
                    Ok((name, payload))
                });
                Type::Variant(cases.collect::<Result<Vec<_>>>()?.into())
            }
            6 => {
                // A discriminant of one byte or two.
                let count = if chance(u, 1, 12)? {
                    257
                } else {
                    between(u, 1, 6)?
                };
                Type::Enum(numbered('e', count).into())
            }
            _ => Type::Flags(numbered('b', between(u, 1, 32)?).into()),
        })
    }

    /// Draws a type.
    pub(super) fn any(&self, u: &mut Unstructured<'_>) -> Result<Type> {
        self.draw_nested(u, DEPTH)
    }

    fn draw_nested(&self, u: &mut Unstructured<'_>, depth: u32) -> Result<Type> {
        let shape = pick(u, SHAPES)?.what;
        let inner = depth.saturating_sub(1);
        Ok(match shape {
            Shape::String => Type::String,
            Shape::Named if !self.named.is_empty() => {
                one_of(u, &self.named)?.cloned().unwrap_or(Type::U32)
            }
            Shape::List if depth > 0 => Type::List(Arc::new(self.draw_nested(u, inner)?)),
            Shape::Tuple if depth > 0 => {
                let types = (0..between(u, 1, 4)?).map(|_| self.draw_nested(u, inner));
                Type::Tuple(types.collect::<Result<Vec<_>>>()?.into())
            }
            Shape::Option if depth > 0 => Type::Option(Arc::new(self.draw_nested(u, inner)?)),
            Shape::Result if depth > 0 => {
                let mut payload = || match chance(u, 3, 4)? {
                    true => Ok(Some(self.draw_nested(u, inner)?)),
                    false => Ok(None),
                };
                Type::Result(Arc::new((payload()?, payload()?)))
            }
            _ => one_of(u, SCALARS)?.cloned().unwrap_or(Type::U32),
        })
    }

    /// The name of a named type in the text.
    pub(super) fn name(&self, ty: &Type) -> Option<String> {
        let position = self.named.iter().position(|named| named == ty)?;
        Some(format!("$t{position}"))
    }

    /// A type where it is used.
    pub(super) fn text(&self, ty: &Type) -> String {
        self.name(ty).unwrap_or_else(|| self.definition(ty))
    }

    /// The definition of the named type of this number.
    pub(super) fn definition_of(&self, number: usize) -> String {
        self.definition(&self.named[number])
    }

    fn definition(&self, ty: &Type) -> String {
        let quoted = |names: &[String]| -> String {
            names.iter().map(|name| format!(" {name:?}")).collect()
        };
        let payload = |ty: &Option<Type>| ty.as_ref().map(|ty| self.text(ty));
        match ty {
            Type::Bool => "bool".to_owned(),
            Type::S8 => "s8".to_owned(),
            Type::U8 => "u8".to_owned(),
            Type::S16 => "s16".to_owned(),
            Type::U16 => "u16".to_owned(),
            Type::S32 => "s32".to_owned(),
            Type::U32 => "u32".to_owned(),
            Type::S64 => "s64".to_owned(),
            Type::U64 => "u64".to_owned(),
            Type::F32 => "f32".to_owned(),
            Type::F64 => "f64".to_owned(),
            Type::Char => "char".to_owned(),
            Type::String => "string".to_owned(),
            Type::List(element) => format!("(list {})", self.text(element)),
            Type::Tuple(types) => {
                let types: String = types
                    .iter()
                    .map(|ty| format!(" {}", self.text(ty)))
                    .collect();
                format!("(tuple{types})")
            }
            Type::Record(fields) => {
                let fields = fields.iter();
                let fields: String = fields
                    .map(|(name, ty)| format!(" (field {name:?} {})", self.text(ty)))
                    .collect();
                format!("(record{fields})")
            }
            Type::Variant(cases) => {
                let cases = cases.iter();
                let cases: String = cases
                    .map(|(name, ty)| match payload(ty) {
                        Some(ty) => format!(" (case {name:?} {ty})"),
                        None => format!(" (case {name:?})"),
                    })
                    .collect();
                format!("(variant{cases})")
            }
            Type::Enum(names) => format!("(enum{})", quoted(names)),
            Type::Flags(names) => format!("(flags{})", quoted(names)),
            Type::Option(some) => format!("(option {})", self.text(some)),
            Type::Result(both) => {
                let ok = payload(&both.0).map_or(String::new(), |ty| format!(" {ty}"));
                let error = payload(&both.1).map_or(String::new(), |ty| format!(" (error {ty})"));
                format!("(result{ok}{error})")
            }
        }
    }
}
