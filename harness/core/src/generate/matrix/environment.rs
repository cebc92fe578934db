//! What a generated module has besides code: types, imports, memories, tables, tags, globals,
//! segments.
//!
//! The indices are the same in every module, or known from the start, so that code can be made before
//! the module is complete.

use super::super::weights::{between, chance, one_of};
use super::pools::{EXNREF, Pools};
use super::stores::{self, Memory, Table, Tag};
pub(in crate::generate) use super::types::Signature;
use super::types::{self, NODE, POINT, Types, reference};
use super::{draw, initial};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{BlockType, Function, HeapType, Instruction, ValType};

/// Bytes of a page.
pub(in crate::generate) const PAGE: u32 = 1 << 16;
/// The table of functions that code does not change; it begins with [`Environment::referable`].
pub(in crate::generate) const STABLE: u32 = 0;
/// A table of functions that code changes, null at first.
pub(in crate::generate) const FUNCS: u32 = 1;
/// A table of host references that code changes, null at first.
pub(in crate::generate) const EXTERNS: u32 = 2;
/// Elements that segments and objects have at least; a power of two.
pub(in crate::generate) const ELEMENTS: u32 = 8;

/// Elements that tables have at least that code changes; a power of two.
pub(in crate::generate) const SLOTS: u32 = 2 * ELEMENTS;

/// A data segment that is never dropped.
pub(in crate::generate) const DATA: u32 = 0;
/// A data segment that may be dropped.
pub(in crate::generate) const DATA_DROPPED: u32 = 1;
/// Bytes of [`DATA`].
pub(in crate::generate) const DATA_BYTES: u32 = 64;
/// A segment of functions that is never dropped, [`ELEMENTS`] long.
pub(in crate::generate) const ELEM_FUNCS: u32 = 1;
/// A segment of null host references that is never dropped, [`ELEMENTS`] long.
pub(in crate::generate) const ELEM_EXTERNS: u32 = 2;
/// A segment of functions that may be dropped.
pub(in crate::generate) const ELEM_DROPPED: u32 = 3;
/// A segment of references of any kind that is never dropped, [`ELEMENTS`] long; there with GC.
pub(in crate::generate) const ELEM_ANYS: u32 = 5;

/// Functions of one type that stand side by side in [`STABLE`].
#[derive(Clone, Copy, Debug)]
pub(in crate::generate) struct Family {
    /// Their type.
    pub(in crate::generate) ty: u32,
    /// The first one's position.
    pub(in crate::generate) first: u32,
    /// How many: a power of two.
    pub(in crate::generate) count: u32,
}

/// A global.
#[derive(Clone, Copy, Debug)]
pub(in crate::generate) struct Global {
    pub(in crate::generate) ty: ValType,
    pub(in crate::generate) mutable: bool,
    pub(super) imported: bool,
}

/// A function that the module defines.
pub(super) struct Defined {
    pub(super) ty: u32,
    pub(super) body: Function,
    pub(super) export: Option<String>,
}

/// Everything a module has.
pub(in crate::generate) struct Environment {
    /// What the module may use.
    pub(in crate::generate) features: WasmFeatures,
    /// Its value types.
    pub(in crate::generate) pools: Pools,
    pub(in crate::generate) types: Types,
    /// Types of the imported functions.
    pub(super) imports: Vec<u32>,
    pub(super) defined: Vec<Defined>,
    /// Memories, imported ones first.
    pub(in crate::generate) memories: Vec<Memory>,
    /// Tables, imported ones first.
    pub(in crate::generate) tables: Vec<Table>,
    /// Tags, imported ones first.
    pub(in crate::generate) tags: Vec<Tag>,
    /// Globals, imported ones first.
    pub(in crate::generate) globals: Vec<Global>,
    pub(super) inits: Vec<Vec<Instruction<'static>>>,
    /// Functions that references denote.
    pub(in crate::generate) referable: Vec<u32>,
    /// The same, by type.
    pub(in crate::generate) families: Vec<Family>,
    pub(super) data: Vec<u8>,
    pub(super) start: Option<u32>,
    /// Whether there is a global behind the others, which only a counter of calls uses.
    pub(super) counts: bool,
}

impl Environment {
    /// Draws everything but the functions that are defined.
    pub(in crate::generate) fn draw(
        u: &mut Unstructured<'_>,
        features: WasmFeatures,
    ) -> Result<Environment> {
        let mut environment = Environment {
            features,
            pools: Pools::new(features),
            types: Types::new(features),
            imports: Vec::new(),
            defined: Vec::new(),
            memories: stores::memories(u, features)?,
            tables: stores::tables(u, features)?,
            tags: Vec::new(),
            globals: Vec::new(),
            inits: Vec::new(),
            referable: Vec::new(),
            families: Vec::new(),
            data: (0..DATA_BYTES)
                .map(|_| u.arbitrary())
                .collect::<Result<_>>()?,
            start: None,
            counts: false,
        };
        for _ in 0..between(u, 0, 4)? {
            let signature = Signature {
                params: draw::some(u, &environment.pools.hosted, 0, 3)?,
                results: draw::some(u, &environment.pools.hosted, 0, 2)?,
            };
            let ty = environment.type_index(signature);
            environment.imports.push(ty);
        }
        environment.draw_tags(u)?;
        environment.draw_globals(u)?;
        Ok(environment)
    }

    fn draw_tags(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if !self.has(Opcode::Throw) {
            return Ok(());
        }
        let imported = match chance(u, 1, 4)? {
            true => between(u, 1, 2)?,
            false => 0,
        };
        for number in 0..imported + between(u, 1, 3)? {
            let imported = number < imported;
            let params = match imported {
                true => draw::some(u, &self.pools.hosted, 0, 3)?,
                // An exception that takes another could not be made without one.
                false if chance(u, 1, 12)? => self.parameters(u, 9, 14)?,
                false => self.parameters(u, 0, 4)?,
            };
            self.push_tag(params, imported);
        }
        Ok(())
    }

    fn draw_globals(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.features.contains(WasmFeatures::GC) && chance(u, 1, 3)? {
            // What is kept there is kept in an entity of the host's.
            self.globals.push(Global {
                ty: reference(true, HeapType::ANY),
                mutable: true,
                imported: true,
            });
        }
        for _ in 0..between(u, 0, 2)? {
            let ty = one_of(u, &self.pools.hosted)?.copied();
            self.globals.push(Global {
                ty: ty.unwrap_or(ValType::I32),
                mutable: chance(u, 1, 2)?,
                imported: true,
            });
        }
        let mut every = vec![
            ValType::I32,
            ValType::I64,
            ValType::F32,
            ValType::F64,
            ValType::V128,
            ValType::FUNCREF,
            ValType::EXTERNREF,
        ];
        if self.features.contains(WasmFeatures::GC) {
            every.extend([
                reference(true, HeapType::ANY),
                reference(true, types::kind(wasm_encoder::AbstractHeapType::Eq)),
                reference(true, HeapType::Concrete(NODE)),
                reference(false, HeapType::Concrete(POINT)),
            ]);
        }
        if self.features.contains(WasmFeatures::EXCEPTIONS) {
            every.push(EXNREF);
        }
        for ty in every {
            self.define_global(u, ty, true)?;
        }
        let more = match chance(u, 1, 48)? {
            // So many that an index takes more than seven bits.
            true => between(u, 120, 140)?,
            false => between(u, 0, 2)?,
        };
        for _ in 0..more {
            let ty = one_of(u, &self.pools.hosted)?.copied();
            let mutable = chance(u, 1, 2)?;
            self.define_global(u, ty.unwrap_or(ValType::I32), mutable)?;
        }
        Ok(())
    }

    fn define_global(
        &mut self,
        u: &mut Unstructured<'_>,
        ty: ValType,
        mutable: bool,
    ) -> Result<()> {
        let imported = self.globals.iter().take_while(|global| global.imported);
        let same = imported
            .enumerate()
            .find(|(_, other)| other.ty == ty && !other.mutable)
            .map(|(index, _)| index as u32);
        self.inits.push(match same {
            Some(index) if chance(u, 1, 2)? => vec![Instruction::GlobalGet(index)],
            _ => initial::value(u, self.features, ty)?,
        });
        self.globals.push(Global {
            ty,
            mutable,
            imported: false,
        });
        Ok(())
    }

    /// Whether the module may have the opcode.
    pub(in crate::generate) fn has(&self, opcode: Opcode) -> bool {
        opcode.is_enabled(self.features)
    }

    /// Those of a list of opcodes that the module may have.
    pub(in crate::generate) fn opcodes(&self, list: &[Opcode]) -> Vec<Opcode> {
        list.iter().copied().filter(|&op| self.has(op)).collect()
    }

    /// A value type that the module has.
    pub(in crate::generate) fn value_type(&self, u: &mut Unstructured<'_>) -> Result<ValType> {
        u.choose(&self.pools.all).copied()
    }

    /// From so many to so many of them.
    pub(in crate::generate) fn value_types(
        &self,
        u: &mut Unstructured<'_>,
        first: u32,
        last: u32,
    ) -> Result<Vec<ValType>> {
        draw::some(u, &self.pools.all, first, last)
    }

    /// The same, of types that have a zero or null: what is called from outside takes them.
    pub(in crate::generate) fn parameters(
        &self,
        u: &mut Unstructured<'_>,
        first: u32,
        last: u32,
    ) -> Result<Vec<ValType>> {
        let mut types = self.value_types(u, first, last)?;
        for ty in &mut types {
            if let ValType::Ref(ty) = ty {
                ty.nullable = true;
            }
        }
        Ok(types)
    }

    /// A memory, by its index; the first more often than another.
    pub(in crate::generate) fn memory(&self, u: &mut Unstructured<'_>) -> Result<(u32, Memory)> {
        let last = self.memories.len().saturating_sub(1) as u32;
        let index = between(u, 0, last)?.min(between(u, 0, last)?);
        Ok((index, self.memories[index as usize]))
    }

    /// The tables whose elements are of the type.
    pub(in crate::generate) fn tables_of(&self, ty: ValType) -> Vec<u32> {
        let tables = self.tables.iter().zip(0..);
        tables
            .filter(|(table, index)| *index != STABLE && ValType::Ref(table.ty.element_type) == ty)
            .map(|(_, index)| index)
            .collect()
    }

    /// Whether a table's indices have 64 bits.
    pub(in crate::generate) fn is_table64(&self, table: u32) -> bool {
        let table = self.tables.get(table as usize);
        table.is_some_and(|table| table.ty.table64)
    }

    /// The index of a type, which is there afterwards.
    pub(in crate::generate) fn type_index(&mut self, signature: Signature) -> u32 {
        self.types.index_of(signature)
    }

    /// The type of a block, which is there afterwards if it needs to be.
    pub(in crate::generate) fn block_type(
        &mut self,
        params: &[ValType],
        results: &[ValType],
    ) -> BlockType {
        match (params, results) {
            ([], []) => BlockType::Empty,
            ([], [ty]) => BlockType::Result(*ty),
            _ => BlockType::FunctionType(self.type_index(Signature {
                params: params.to_vec(),
                results: results.to_vec(),
            })),
        }
    }

    /// A type by its index; the empty one if there is none.
    pub(in crate::generate) fn signature(&self, ty: u32) -> Signature {
        self.types.signature(ty)
    }

    /// How many functions are imported.
    pub(in crate::generate) fn imported(&self) -> u32 {
        self.imports.len() as u32
    }

    /// How many functions are imported or referable; the latter are the first that are defined.
    pub(in crate::generate) fn callable(&self) -> u32 {
        self.imported() + self.referable.len() as u32
    }

    /// The index that the next function gets.
    pub(in crate::generate) fn next_function(&self) -> u32 {
        (self.imports.len() + self.defined.len()) as u32
    }

    /// The type index of a function; 0 if there is none.
    pub(in crate::generate) fn function_type(&self, function: u32) -> u32 {
        let function = function as usize;
        let defined = function.checked_sub(self.imports.len());
        let ty = match defined {
            None => self.imports.get(function).copied(),
            Some(position) => self.defined.get(position).map(|defined| defined.ty),
        };
        ty.unwrap_or(0)
    }

    /// Adds an imported function; before any is defined.
    pub(in crate::generate) fn import(&mut self, signature: Signature) {
        let ty = self.type_index(signature);
        self.imports.push(ty);
    }

    /// Adds a tag that the module defines, behind the others.
    pub(in crate::generate) fn add_tag(&mut self, params: Vec<ValType>) {
        self.push_tag(params, false);
    }

    fn push_tag(&mut self, params: Vec<ValType>, imported: bool) {
        let ty = self.type_index(Signature {
            params: params.clone(),
            results: Vec::new(),
        });
        self.tags.push(Tag {
            ty,
            params,
            imported,
        });
    }

    /// A global that counts calls of the host: it gets its value before each call from outside, and code that
    /// does not count neither reads nor writes it.
    pub(in crate::generate) fn counter(&mut self) -> u32 {
        self.counts = true;
        self.globals.len() as u32
    }

    /// Adds a function.
    pub(in crate::generate) fn define(&mut self, ty: u32, body: Function, export: Option<String>) {
        self.defined.push(Defined { ty, body, export });
    }

    /// Makes functions of one type referable, side by side; their number is a power of two.
    pub(in crate::generate) fn make_referable(&mut self, ty: u32, functions: &[u32]) {
        self.families.push(Family {
            ty,
            first: self.referable.len() as u32,
            count: functions.len() as u32,
        });
        self.referable.extend(functions);
    }

    /// Has a function run at instantiation.
    pub(in crate::generate) fn start_with(&mut self, function: u32) {
        self.start = Some(function);
    }

    /// A position of [`STABLE`] that is null.
    pub(in crate::generate) fn null_element(&self) -> u32 {
        self.referable.len() as u32
    }

    /// Elements that the table has, at least.
    pub(in crate::generate) fn elements(&self, table: u32) -> u32 {
        match table {
            STABLE => ELEMENTS.max(self.referable.len() as u32 + 2),
            _ => ELEMENTS,
        }
    }
}
