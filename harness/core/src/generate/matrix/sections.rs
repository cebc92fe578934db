//! A module's binary, from everything that it has.

use super::super::fuel::FUEL;
use super::environment::{ELEMENTS, EXTERNS, Environment, FUNCS, Global, STABLE};
use super::initial;
use lockstep_oracles::WasmFeatures;
use std::borrow::Cow;
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements, Encode,
    EntityType, ExportKind, ExportSection, FunctionSection, GlobalSection, GlobalType, HeapType,
    ImportSection, Instruction, MemorySection, Module, RefType, StartSection, TableSection,
    TableType, TagKind, TagSection, TagType, ValType,
};

/// What a counter of calls starts with, before anyone sets it.
const COUNTER: i32 = 64;

impl Environment {
    /// The module's binary.
    pub(in crate::generate) fn finish(self) -> Vec<u8> {
        let mut module = Module::new();
        module
            .section(&self.types.section())
            .section(&self.import_section());
        let mut functions = FunctionSection::new();
        for defined in &self.defined {
            functions.function(defined.ty);
        }
        module.section(&functions).section(&self.table_section());
        let mut memories = MemorySection::new();
        for memory in self.memories.iter().filter(|memory| !memory.imported) {
            memories.memory(memory.ty);
        }
        if !memories.is_empty() {
            module.section(&memories);
        }
        let mut tags = TagSection::new();
        for tag in self.tags.iter().filter(|tag| !tag.imported) {
            tags.tag(tag_type(tag.ty));
        }
        if !tags.is_empty() {
            module.section(&tags);
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
        for (index, table) in (0..).zip(&self.tables) {
            if table.imported {
                imports.import("env", &table_name(index), self.table(index));
            }
        }
        for (index, memory) in (0..).zip(&self.memories) {
            if memory.imported {
                imports.import("env", &memory_name(index), memory.ty);
            }
        }
        for (index, tag) in self.tags.iter().enumerate() {
            if tag.imported {
                imports.import("env", &format!("tag{index}"), tag_type(tag.ty));
            }
        }
        for (index, global) in self.globals.iter().enumerate() {
            if global.imported {
                imports.import("env", &format!("g{index}"), global_type(global));
            }
        }
        imports
    }

    fn table(&self, index: u32) -> TableType {
        let table = &self.tables[index as usize];
        table.lengthened(self.elements(index))
    }

    fn table_section(&self) -> TableSection {
        let mut tables = TableSection::new();
        for (index, table) in (0..).zip(&self.tables) {
            if table.imported {
                continue;
            }
            let ty = self.table(index);
            match table.init.as_slice() {
                [] => tables.table(ty),
                init => tables.table_with_init(ty, &expression(init)),
            };
        }
        tables
    }

    fn global_section(&self) -> GlobalSection {
        let mut globals = GlobalSection::new();
        let defined = self.globals.iter().filter(|global| !global.imported);
        for (global, init) in defined.zip(&self.inits) {
            globals.global(global_type(global), &expression(init));
        }
        if self.counts {
            let counter = Global {
                ty: ValType::I32,
                mutable: true,
                imported: false,
            };
            globals.global(global_type(&counter), &ConstExpr::i32_const(COUNTER));
        }
        globals
    }

    fn export_section(&self) -> ExportSection {
        let mut exports = ExportSection::new();
        for index in 0..self.memories.len() as u32 {
            exports.export(&memory_name(index), ExportKind::Memory, index);
        }
        exports.export("table", ExportKind::Table, FUNCS);
        exports.export("stable", ExportKind::Table, STABLE);
        exports.export("externs", ExportKind::Table, EXTERNS);
        for index in EXTERNS + 1..self.tables.len() as u32 {
            exports.export(&table_name(index), ExportKind::Table, index);
        }
        for index in 0..self.tags.len() as u32 {
            exports.export(&format!("tag{index}"), ExportKind::Tag, index);
        }
        for index in 0..self.globals.len() as u32 {
            exports.export(&format!("g{index}"), ExportKind::Global, index);
        }
        if self.counts {
            exports.export(FUEL, ExportKind::Global, self.globals.len() as u32);
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
        let start = offset(0, self.is_table64(STABLE));
        elements.active(Some(STABLE), &start, functions());
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
        if self.features.contains(WasmFeatures::GC) {
            let anys = initial::ANYS.iter().map(|init| expression(init)).collect();
            elements.passive(Elements::Expressions(RefType::ANYREF, anys));
        }
        elements
    }

    fn data_section(&self) -> DataSection {
        let mut data = DataSection::new();
        data.passive(self.data.iter().copied());
        data.passive(self.data.iter().rev().copied());
        let first = self.memories.first();
        let start = offset(16, first.is_some_and(|memory| memory.ty.memory64));
        data.active(0, &start, self.data.iter().copied());
        data
    }
}

/// A constant expression.
fn expression(instructions: &[Instruction<'static>]) -> ConstExpr {
    let mut bytes = Vec::new();
    instructions.iter().for_each(|each| each.encode(&mut bytes));
    ConstExpr::raw(bytes)
}

fn offset(at: i32, is_64: bool) -> ConstExpr {
    match is_64 {
        true => ConstExpr::i64_const(at.into()),
        false => ConstExpr::i32_const(at),
    }
}

fn memory_name(index: u32) -> String {
    match index {
        0 => "memory".to_owned(),
        _ => format!("memory{index}"),
    }
}

fn table_name(index: u32) -> String {
    match index {
        STABLE => "table".to_owned(),
        _ => format!("table{index}"),
    }
}

fn tag_type(func_type_idx: u32) -> TagType {
    TagType {
        kind: TagKind::Exception,
        func_type_idx,
    }
}

fn global_type(global: &Global) -> GlobalType {
    GlobalType {
        val_type: global.ty,
        mutable: global.mutable,
        shared: false,
    }
}
