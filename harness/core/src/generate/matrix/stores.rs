//! The memories, tables and tags of a generated module: how many, and of which kinds.

use super::super::weights::{between, chance, one_of};
use super::environment::{PAGE, SLOTS};
use super::types::reference;
use arbitrary::{Result, Unstructured};
use lockstep_oracles::WasmFeatures;
use wasm_encoder::{HeapType, Instruction, MemoryType, RefType, TableType, ValType};

/// Elements by which a table can grow.
const MORE: u32 = 12;

/// A memory.
#[derive(Clone, Copy, Debug)]
pub(in crate::generate) struct Memory {
    pub(in crate::generate) ty: MemoryType,
    pub(super) imported: bool,
}

impl Table {
    /// A table that holds nulls at first, for tables whose length is only known later.
    pub(super) fn lengthened(&self, elements: u32) -> TableType {
        let minimum = self.ty.minimum.max(elements.into());
        TableType {
            minimum,
            maximum: Some(minimum + u64::from(MORE)),
            ..self.ty
        }
    }
}

impl Memory {
    /// Type of its addresses.
    pub(in crate::generate) fn index_type(&self) -> ValType {
        match self.ty.memory64 {
            true => ValType::I64,
            false => ValType::I32,
        }
    }

    /// Bytes it has at least: a page of the usual size, or more.
    pub(in crate::generate) fn bytes(&self) -> u32 {
        (self.ty.minimum << self.page_bits()) as u32
    }

    /// Bits of an address within a page.
    pub(super) fn page_bits(&self) -> u32 {
        self.ty.page_size_log2.unwrap_or(PAGE.trailing_zeros())
    }
}

/// A table.
#[derive(Clone, Debug)]
pub(in crate::generate) struct Table {
    pub(in crate::generate) ty: TableType,
    pub(super) imported: bool,
    /// What its elements are at first, if not null.
    pub(super) init: Vec<Instruction<'static>>,
}

/// A tag.
#[derive(Clone, Debug)]
pub(in crate::generate) struct Tag {
    /// Its type.
    pub(in crate::generate) ty: u32,
    /// What is thrown with it.
    pub(in crate::generate) params: Vec<ValType>,
    pub(super) imported: bool,
}

/// Draws the memories: one, or several of different kinds.
pub(super) fn memories(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Vec<Memory>> {
    let mut kinds: Vec<WasmFeatures> = vec![WasmFeatures::empty()];
    for kind in [
        WasmFeatures::MEMORY64,
        WasmFeatures::THREADS,
        WasmFeatures::CUSTOM_PAGE_SIZES,
    ] {
        if features.contains(kind) {
            kinds.push(kind);
        }
    }
    if kinds.len() > 3 {
        kinds.push(WasmFeatures::MEMORY64 | WasmFeatures::THREADS);
    }
    let mut memories = Vec::new();
    if features.contains(WasmFeatures::MULTI_MEMORY) {
        for &kind in &kinds {
            if !chance(u, 1, 8)? {
                memories.push(memory(u, kind)?);
            }
        }
        memories.extend(match memories.is_empty() {
            true => Some(memory(u, WasmFeatures::empty())?),
            false => None,
        });
        // Any kind may be the first.
        let turn = between(u, 0, memories.len() as u32 - 1)?;
        memories.rotate_left(turn as usize);
        memories.sort_by_key(|memory| !memory.imported);
    } else {
        let kind = one_of(u, &kinds)?.copied().unwrap_or_default();
        memories.push(memory(u, kind)?);
    }
    Ok(memories)
}

fn memory(u: &mut Unstructured<'_>, kind: WasmFeatures) -> Result<Memory> {
    let shared = kind.contains(WasmFeatures::THREADS);
    let small = kind.contains(WasmFeatures::CUSTOM_PAGE_SIZES);
    // One that grows without bounds could use up the machine.
    let (minimum, more) = match small {
        true => (PAGE + between(u, 0, 99)?, between(u, 0, 300)?),
        false => (between(u, 1, 2)?, between(u, 0, 4)?),
    };
    Ok(Memory {
        ty: MemoryType {
            minimum: minimum.into(),
            maximum: Some((minimum + more).into()),
            memory64: kind.contains(WasmFeatures::MEMORY64),
            shared,
            page_size_log2: small.then_some(0),
        },
        // A shared memory belongs to no store.
        imported: chance(u, 1, 6)? && !shared,
    })
}

/// Draws the tables: three that are always there, then others. The first is as long as need be.
pub(super) fn tables(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    let functions = [RefType::FUNCREF, RefType::FUNCREF, RefType::EXTERNREF];
    for element_type in functions {
        // Imported tables come first.
        let first = tables.iter().all(|table: &Table| table.imported);
        let odds = if tables.is_empty() { 6 } else { 2 };
        tables.push(Table {
            ty: table(u, features, element_type)?,
            imported: first && chance(u, 1, odds)?,
            init: Vec::new(),
        });
    }
    if features.contains(WasmFeatures::GC) {
        tables.push(Table {
            ty: table(u, features, RefType::ANYREF)?,
            imported: false,
            init: Vec::new(),
        });
        let ValType::Ref(scalar) = reference(false, HeapType::I31) else {
            return Ok(tables);
        };
        let number = between(u, 0, 99)? as i32;
        tables.push(Table {
            ty: table(u, features, scalar)?,
            imported: false,
            init: vec![Instruction::I32Const(number), Instruction::RefI31],
        });
    }
    if features.contains(WasmFeatures::EXCEPTIONS) {
        tables.push(Table {
            ty: table(u, features, RefType::EXNREF)?,
            imported: false,
            init: Vec::new(),
        });
    }
    Ok(tables)
}

fn table(
    u: &mut Unstructured<'_>,
    features: WasmFeatures,
    element_type: RefType,
) -> Result<TableType> {
    Ok(TableType {
        element_type,
        table64: features.contains(WasmFeatures::MEMORY64) && chance(u, 1, 3)?,
        minimum: SLOTS.into(),
        maximum: Some((SLOTS + MORE).into()),
        shared: false,
    })
}
