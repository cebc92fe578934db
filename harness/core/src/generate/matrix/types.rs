//! The types of a generated module: structures, arrays and groups that are there from the start, and
//! function types that code asks for.
//!
//! The former are one table, the same in every module that has them.

use lockstep_oracles::WasmFeatures;
use wasm_encoder::{
    AbstractHeapType, ArrayType, CompositeInnerType, CompositeType, FieldType, FuncType, HeapType,
    RefType, StorageType, StructType, SubType, TypeSection, ValType,
};

/// A function type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::generate) struct Signature {
    pub(in crate::generate) params: Vec<ValType>,
    pub(in crate::generate) results: Vec<ValType>,
}

/// What a type describes.
#[derive(Clone, Copy, Debug)]
pub(in crate::generate) enum Shape {
    /// Fields, one after the other.
    Struct(&'static [FieldType]),
    /// Elements.
    Array(FieldType),
    /// Parameters and results.
    Func(&'static [ValType], &'static [ValType]),
}

/// A type of the table.
#[derive(Clone, Copy, Debug)]
pub(in crate::generate) struct Row {
    /// Whether it can have subtypes.
    open: bool,
    /// Its supertype, a type before it.
    pub(in crate::generate) above: Option<u32>,
    /// What it describes.
    pub(in crate::generate) shape: Shape,
}

const fn row(open: bool, above: Option<u32>, shape: Shape) -> Row {
    Row { open, above, shape }
}

const fn variable(ty: ValType) -> FieldType {
    packed(StorageType::Val(ty))
}

const fn constant(ty: ValType) -> FieldType {
    FieldType {
        element_type: StorageType::Val(ty),
        mutable: false,
    }
}

const fn packed(element_type: StorageType) -> FieldType {
    FieldType {
        element_type,
        mutable: true,
    }
}

/// A reference to an abstract type; null is among its values, or not.
pub(in crate::generate) const fn reference(nullable: bool, heap_type: HeapType) -> ValType {
    ValType::Ref(RefType {
        nullable,
        heap_type,
    })
}

/// An abstract heap type.
pub(in crate::generate) const fn kind(ty: AbstractHeapType) -> HeapType {
    HeapType::Abstract { shared: false, ty }
}

/// A reference to a type of the module, or null.
const fn to(index: u32) -> ValType {
    reference(true, HeapType::Concrete(index))
}

/// An open structure.
pub(in crate::generate) const POINT: u32 = 0;
/// A structure that holds references to its own kind.
pub(in crate::generate) const NODE: u32 = 4;
/// An array of bytes.
pub(in crate::generate) const BYTES: u32 = 7;
/// An array of numbers.
pub(in crate::generate) const WORDS: u32 = 9;
/// An array of references of any kind.
pub(in crate::generate) const ANYS: u32 = 12;
/// A structure of many references.
pub(in crate::generate) const WIDE: u32 = 20;
/// How many.
pub(in crate::generate) const WIDTH: u32 = 24;
/// An array of functions.
pub(in crate::generate) const FUNCS: u32 = 13;

const POINT_FIELDS: &[FieldType] = &[
    variable(ValType::I32),
    variable(ValType::F64),
    constant(ValType::I64),
];
const DEEP_FIELDS: &[FieldType] = &[
    variable(ValType::I32),
    variable(ValType::F64),
    constant(ValType::I64),
    variable(ValType::V128),
    variable(reference(true, HeapType::ANY)),
];
const NODE_FIELDS: &[FieldType] = &[
    variable(to(NODE)),
    variable(to(NODE + 1)),
    variable(reference(true, HeapType::ANY)),
    variable(ValType::F32),
];
const PACKED_FIELDS: &[FieldType] = &[
    packed(StorageType::I8),
    packed(StorageType::I16),
    FieldType {
        element_type: StorageType::I8,
        mutable: false,
    },
    variable(ValType::EXTERNREF),
    variable(ValType::FUNCREF),
];
const FULL_FIELDS: &[FieldType] = &[
    variable(reference(false, HeapType::I31)),
    constant(reference(true, kind(AbstractHeapType::Eq))),
];

/// The last of them lies far into the object, in whichever order an engine lays them out.
const WIDE_FIELDS: &[FieldType] = &[variable(reference(true, HeapType::ANY)); WIDTH as usize];

/// The groups of types. The first is there twice: its types are the same in both places, and not
/// the same as the lone type that looks like the first of them.
const GROUPS: &[&[Row]] = &[
    &[
        row(true, None, Shape::Struct(POINT_FIELDS)),
        row(false, Some(0), Shape::Struct(DEEP_FIELDS)),
    ],
    &[
        row(true, None, Shape::Struct(POINT_FIELDS)),
        row(false, Some(2), Shape::Struct(DEEP_FIELDS)),
    ],
    &[
        row(true, None, Shape::Struct(NODE_FIELDS)),
        row(false, None, Shape::Array(variable(to(NODE)))),
    ],
    &[row(false, None, Shape::Struct(PACKED_FIELDS))],
    &[row(false, None, Shape::Array(packed(StorageType::I8)))],
    &[row(false, None, Shape::Array(packed(StorageType::I16)))],
    &[row(true, None, Shape::Array(variable(ValType::I32)))],
    &[row(false, None, Shape::Array(variable(ValType::I64)))],
    &[row(false, None, Shape::Array(variable(ValType::V128)))],
    &[row(
        false,
        None,
        Shape::Array(variable(reference(true, HeapType::ANY))),
    )],
    &[row(false, None, Shape::Array(variable(ValType::FUNCREF)))],
    &[
        row(
            true,
            None,
            Shape::Func(&[ValType::I32], &[reference(true, HeapType::ANY)]),
        ),
        row(
            false,
            Some(14),
            Shape::Func(&[ValType::I32], &[reference(false, HeapType::I31)]),
        ),
    ],
    &[row(true, None, Shape::Struct(POINT_FIELDS))],
    &[row(true, None, Shape::Struct(&[]))],
    &[row(true, Some(17), Shape::Struct(FULL_FIELDS))],
    &[row(false, None, Shape::Array(constant(ValType::F32)))],
    &[row(false, None, Shape::Struct(WIDE_FIELDS))],
];

/// The types of a module.
#[derive(Debug, Default)]
pub(in crate::generate) struct Types {
    /// Those of [`GROUPS`], if they are there.
    pub(in crate::generate) rows: Vec<Row>,
    /// Function types, after them.
    functions: Vec<Signature>,
}

impl Types {
    /// Those that are there from the start.
    pub(in crate::generate) fn new(features: WasmFeatures) -> Types {
        let rows = match features.contains(WasmFeatures::GC) {
            true => GROUPS.iter().copied().flatten().copied().collect(),
            false => Vec::new(),
        };
        Types {
            rows,
            functions: Vec::new(),
        }
    }

    /// The index of a function type, which is there afterwards.
    pub(in crate::generate) fn index_of(&mut self, signature: Signature) -> u32 {
        let known = self.functions.iter().position(|known| *known == signature);
        let position = known.unwrap_or_else(|| {
            self.functions.push(signature);
            self.functions.len() - 1
        });
        (self.rows.len() + position) as u32
    }

    /// A function type by its index; the empty one if there is none.
    pub(in crate::generate) fn signature(&self, index: u32) -> Signature {
        let index = index as usize;
        match self.rows.get(index).map(|row| row.shape) {
            Some(Shape::Func(params, results)) => Signature {
                params: params.to_vec(),
                results: results.to_vec(),
            },
            _ => {
                let position = index.checked_sub(self.rows.len());
                let known = position.and_then(|position| self.functions.get(position));
                known.cloned().unwrap_or_default()
            }
        }
    }

    /// What a type of the table describes.
    pub(in crate::generate) fn shape(&self, index: u32) -> Option<Shape> {
        self.rows.get(index as usize).map(|row| row.shape)
    }

    /// Indices of the structures whose fields fit.
    pub(in crate::generate) fn structs(&self, fits: fn(&[FieldType]) -> bool) -> Vec<u32> {
        self.such(|shape| matches!(shape, Shape::Struct(fields) if fits(fields)))
    }

    /// Indices of the arrays whose elements fit.
    pub(in crate::generate) fn arrays(&self, fits: fn(FieldType) -> bool) -> Vec<u32> {
        self.such(|shape| matches!(shape, Shape::Array(element) if fits(element)))
    }

    fn such(&self, fits: impl Fn(Shape) -> bool) -> Vec<u32> {
        let rows = self.rows.iter().zip(0..);
        rows.filter(|(row, _)| fits(row.shape))
            .map(|(_, index)| index)
            .collect()
    }

    /// The type section.
    pub(in crate::generate) fn section(&self) -> TypeSection {
        let mut section = TypeSection::new();
        if !self.rows.is_empty() {
            for group in GROUPS {
                match group {
                    [row] => section.ty().subtype(&encoded(row)),
                    rows => section.ty().rec(rows.iter().map(encoded)),
                }
            }
        }
        for signature in &self.functions {
            section.ty().function(
                signature.params.iter().copied(),
                signature.results.iter().copied(),
            );
        }
        section
    }
}

fn encoded(row: &Row) -> SubType {
    let inner = match row.shape {
        Shape::Struct(fields) => CompositeInnerType::Struct(StructType {
            fields: fields.into(),
        }),
        Shape::Array(element) => CompositeInnerType::Array(ArrayType(element)),
        Shape::Func(params, results) => CompositeInnerType::Func(FuncType::new(
            params.iter().copied(),
            results.iter().copied(),
        )),
    };
    SubType {
        is_final: !row.open,
        supertype_idxs: row.above.into_iter().collect(),
        composite_type: CompositeType {
            inner,
            shared: false,
            descriptor: None,
            describes: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::FEATURES;
    use lockstep_oracles::module::Module;

    #[test]
    fn the_table_is_valid_and_its_names_are_right() {
        let types = Types::new(FEATURES);
        let mut module = wasm_encoder::Module::new();
        module.section(&types.section());
        Module::new(&module.finish(), FEATURES).unwrap();
        let is_struct = |index| matches!(types.shape(index), Some(Shape::Struct(_)));
        let element = |index| match types.shape(index) {
            Some(Shape::Array(element)) => element.element_type,
            other => panic!("{other:?}"),
        };
        assert!(is_struct(POINT) && is_struct(NODE) && is_struct(WIDE));
        assert_eq!(element(BYTES), StorageType::I8);
        assert_eq!(element(WORDS), StorageType::Val(ValType::I32));
        assert_eq!(
            element(ANYS),
            StorageType::Val(reference(true, HeapType::ANY))
        );
        assert_eq!(element(FUNCS), StorageType::Val(ValType::FUNCREF));
        assert_eq!(types.signature(15).params, [ValType::I32]);
    }

    #[test]
    fn without_gc_there_are_functions_only() {
        let mut types = Types::new(WasmFeatures::WASM2);
        assert_eq!(types.index_of(Signature::default()), 0);
        assert!(types.structs(|_| true).is_empty());
    }
}
