//! What a generated module has besides code: types, imports, memory, tables, globals, segments.
//!
//! The indices are the same in every module, so that code can be made before the module is complete.

use super::super::weights::{between, chance};
use super::draw;
use arbitrary::{Result, Unstructured};
use std::borrow::Cow;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements,
    Encode, EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, HeapType, ImportSection, Instruction, MemorySection, MemoryType, Module, RefType,
    StartSection, TableSection, TableType, TypeSection, ValType,
};

/// Bytes of a page.
pub(in crate::generate) const PAGE: u32 = 1 << 16;
/// The table of functions that code does not change; it begins with [`Environment::referable`].
pub(in crate::generate) const STABLE: u32 = 0;
/// A table of functions that code changes, null at first.
pub(in crate::generate) const FUNCS: u32 = 1;
/// A table of host references that code changes, null at first.
pub(in crate::generate) const EXTERNS: u32 = 2;
/// Elements that [`FUNCS`] and [`EXTERNS`] have at least; a power of two.
pub(in crate::generate) const ELEMENTS: u32 = 8;

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

/// A function type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::generate) struct Signature {
    pub(in crate::generate) params: Vec<ValType>,
    pub(in crate::generate) results: Vec<ValType>,
}

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
    imported: bool,
}

/// A function that the module defines.
struct Defined {
    ty: u32,
    body: Function,
    export: Option<String>,
}

/// Everything a module has.
pub(in crate::generate) struct Environment {
    types: Vec<Signature>,
    /// Types of the imported functions.
    imports: Vec<u32>,
    defined: Vec<Defined>,
    /// Globals, imported ones first.
    pub(in crate::generate) globals: Vec<Global>,
    inits: Vec<Instruction<'static>>,
    memory: MemoryType,
    memory_imported: bool,
    table_imported: bool,
    /// Functions that references denote.
    pub(in crate::generate) referable: Vec<u32>,
    /// The same, by type.
    pub(in crate::generate) families: Vec<Family>,
    data: Vec<u8>,
    start: Option<u32>,
}

impl Environment {
    /// Draws everything but the functions that are defined.
    pub(in crate::generate) fn draw(u: &mut Unstructured<'_>) -> Result<Environment> {
        let minimum = between(u, 1, 2)?.into();
        let mut environment = Environment {
            types: Vec::new(),
            imports: Vec::new(),
            defined: Vec::new(),
            globals: Vec::new(),
            inits: Vec::new(),
            memory: MemoryType {
                minimum,
                // Always there: a loop that grows must not use up the machine.
                maximum: Some(minimum + u64::from(between(u, 0, 4)?)),
                memory64: false,
                shared: false,
                page_size_log2: None,
            },
            memory_imported: chance(u, 1, 6)?,
            table_imported: chance(u, 1, 8)?,
            referable: Vec::new(),
            families: Vec::new(),
            data: (0..DATA_BYTES)
                .map(|_| u.arbitrary())
                .collect::<Result<_>>()?,
            start: None,
        };
        for _ in 0..between(u, 0, 4)? {
            let signature = Signature {
                params: draw::value_types(u, 0, 3)?,
                results: draw::value_types(u, 0, 2)?,
            };
            let ty = environment.type_index(signature);
            environment.imports.push(ty);
        }
        environment.draw_globals(u)?;
        Ok(environment)
    }

    fn draw_globals(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        for _ in 0..between(u, 0, 2)? {
            let (ty, mutable) = (draw::value_type(u)?, chance(u, 1, 2)?);
            self.globals.push(Global {
                ty,
                mutable,
                imported: true,
            });
        }
        let every = [
            ValType::I32,
            ValType::I64,
            ValType::F32,
            ValType::F64,
            ValType::V128,
            ValType::FUNCREF,
            ValType::EXTERNREF,
        ];
        for ty in every {
            let global = Global {
                ty,
                mutable: true,
                imported: false,
            };
            self.define_global(u, global)?;
        }
        for _ in 0..between(u, 0, 2)? {
            let (ty, mutable) = (draw::value_type(u)?, chance(u, 1, 2)?);
            let global = Global {
                ty,
                mutable,
                imported: false,
            };
            self.define_global(u, global)?;
        }
        Ok(())
    }

    fn define_global(&mut self, u: &mut Unstructured<'_>, global: Global) -> Result<()> {
        let imported = self.globals.iter().take_while(|global| global.imported);
        let same = imported
            .enumerate()
            .find(|(_, other)| other.ty == global.ty && !other.mutable)
            .map(|(index, _)| index as u32);
        self.inits.push(match same {
            Some(index) if chance(u, 1, 2)? => Instruction::GlobalGet(index),
            _ => draw::constant(u, global.ty)?,
        });
        self.globals.push(global);
        Ok(())
    }

    /// The index of a type, which is there afterwards.
    pub(in crate::generate) fn type_index(&mut self, signature: Signature) -> u32 {
        let known = self.types.iter().position(|known| *known == signature);
        known.unwrap_or_else(|| {
            self.types.push(signature);
            self.types.len() - 1
        }) as u32
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
        self.types.get(ty as usize).cloned().unwrap_or_default()
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

    fn table(&self, table: u32) -> TableType {
        let minimum = u64::from(self.elements(table));
        TableType {
            element_type: match table {
                EXTERNS => RefType::EXTERNREF,
                _ => RefType::FUNCREF,
            },
            table64: false,
            minimum,
            maximum: Some(minimum + 12),
            shared: false,
        }
    }

    /// The module's binary.
    pub(in crate::generate) fn finish(self) -> Vec<u8> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        for signature in &self.types {
            let params = signature.params.iter().copied();
            types
                .ty()
                .function(params, signature.results.iter().copied());
        }
        module.section(&types).section(&self.import_section());
        let mut functions = FunctionSection::new();
        for defined in &self.defined {
            functions.function(defined.ty);
        }
        module.section(&functions);
        let mut tables = TableSection::new();
        for table in [STABLE, FUNCS, EXTERNS] {
            if table != STABLE || !self.table_imported {
                tables.table(self.table(table));
            }
        }
        module.section(&tables);
        if !self.memory_imported {
            let mut memories = MemorySection::new();
            memories.memory(self.memory);
            module.section(&memories);
        }
        module
            .section(&self.global_section())
            .section(&self.export_section());
        if let Some(function_index) = self.start {
            module.section(&StartSection { function_index });
        }
        module
            .section(&self.element_section())
            .section(&DataCountSection { count: 3 });
        let mut code = CodeSection::new();
        for defined in &self.defined {
            code.function(&defined.body);
        }
        module.section(&code).section(&self.data_section());
        module.finish()
    }

    fn import_section(&self) -> ImportSection {
        let mut imports = ImportSection::new();
        for (index, &ty) in self.imports.iter().enumerate() {
            imports.import("env", &format!("f{index}"), EntityType::Function(ty));
        }
        if self.table_imported {
            imports.import("env", "table", self.table(STABLE));
        }
        if self.memory_imported {
            imports.import("env", "memory", self.memory);
        }
        for (index, global) in self.globals.iter().enumerate() {
            if global.imported {
                imports.import("env", &format!("g{index}"), global_type(global));
            }
        }
        imports
    }

    fn global_section(&self) -> GlobalSection {
        let mut globals = GlobalSection::new();
        let defined = self.globals.iter().filter(|global| !global.imported);
        for (global, init) in defined.zip(&self.inits) {
            let mut bytes = Vec::new();
            init.encode(&mut bytes);
            globals.global(global_type(global), &ConstExpr::raw(bytes));
        }
        globals
    }

    fn export_section(&self) -> ExportSection {
        let mut exports = ExportSection::new();
        exports.export("memory", ExportKind::Memory, 0);
        exports.export("table", ExportKind::Table, FUNCS);
        exports.export("stable", ExportKind::Table, STABLE);
        exports.export("externs", ExportKind::Table, EXTERNS);
        for index in 0..self.globals.len() as u32 {
            exports.export(&format!("g{index}"), ExportKind::Global, index);
        }
        for (index, defined) in self.defined.iter().enumerate() {
            if let Some(name) = &defined.export {
                exports.export(name, ExportKind::Func, self.imported() + index as u32);
            }
        }
        exports
    }

    fn element_section(&self) -> ElementSection {
        let functions = || Elements::Functions(Cow::Borrowed(self.referable.as_slice()));
        let mut elements = ElementSection::new();
        elements.active(Some(STABLE), &ConstExpr::i32_const(0), functions());
        let mut mixed: Vec<ConstExpr> = self
            .referable
            .iter()
            .copied()
            .map(ConstExpr::ref_func)
            .collect();
        mixed.resize(ELEMENTS as usize, ConstExpr::ref_null(HeapType::FUNC));
        elements.passive(Elements::Expressions(RefType::FUNCREF, mixed.into()));
        let nulls = vec![ConstExpr::ref_null(HeapType::EXTERN); ELEMENTS as usize];
        elements.passive(Elements::Expressions(RefType::EXTERNREF, nulls.into()));
        elements.passive(functions());
        elements.declared(functions());
        elements
    }

    fn data_section(&self) -> DataSection {
        let mut data = DataSection::new();
        data.passive(self.data.iter().copied());
        data.passive(self.data.iter().rev().copied());
        data.active(0, &ConstExpr::i32_const(16), self.data.iter().copied());
        data
    }
}

fn global_type(global: &Global) -> GlobalType {
    GlobalType {
        val_type: global.ty,
        mutable: global.mutable,
        shared: false,
    }
}
