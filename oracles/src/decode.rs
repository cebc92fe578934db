//! Decoding and validation in one pass over the binary; it never executes anything.

use crate::address::FuncIndex;
use crate::compile::{compile, memarg};
use crate::module::{
    ConstExpr, DataSegment, ElemSegment, Export, ExternKind, ExternType, FuncType, Import, Module,
    ModuleError, ModuleErrorKind, SegmentMode, in_wasm_2_0,
};
use crate::opcode::Opcode;
use crate::value::{Ref, Value};
use std::sync::Arc;
use wasmparser::{
    BinaryReaderError, CompositeInnerType, DataKind, ElementItems, ElementKind, ExternalKind,
    FuncValidatorAllocations, FunctionBody, GlobalType, KnownCustom, MemoryType, Name, Operator,
    Parser, Payload, RefType, TableInit, TableType, TypeRef, ValType, ValidPayload, Validator,
    WasmFeatures,
};

type Result<T, E = ModuleError> = std::result::Result<T, E>;

impl From<BinaryReaderError> for ModuleError {
    /// The decoder does not say which phase failed; `classified` finds it out.
    fn from(e: BinaryReaderError) -> ModuleError {
        ModuleError {
            offset: e.offset() as usize,
            message: e.message().to_owned(),
            kind: ModuleErrorKind::Invalid,
        }
    }
}

/// An error for something that the oracle does not implement.
pub(crate) fn unsupported(offset: usize, what: impl std::fmt::Display) -> ModuleError {
    ModuleError {
        offset,
        message: format!("{what} is not supported by the oracle"),
        kind: ModuleErrorKind::Unsupported,
    }
}

/// Decodes and validates a module.
pub(crate) fn decode(bytes: &[u8], features: WasmFeatures) -> Result<Module> {
    match decode_valid(bytes, features) {
        Ok(module) => Ok(module),
        // What follows the unsupported part must be valid too before that may be said.
        Err(e) if e.kind == ModuleErrorKind::Unsupported => {
            match Validator::new_with_features(features).validate_all(bytes) {
                Ok(_) => Err(e),
                Err(invalid) => Err(classified(invalid.into(), bytes, features)),
            }
        }
        Err(e) => Err(classified(e, bytes, features)),
    }
}

/// Tells malformed from invalid: only a malformed binary fails to decode without validation.
fn classified(mut e: ModuleError, bytes: &[u8], features: WasmFeatures) -> ModuleError {
    if walk(bytes, features).is_err() {
        e.kind = ModuleErrorKind::Malformed;
    }
    e
}

/// Decodes everything and validates nothing, except what the specification makes part of the
/// binary format: known section ids, the number of locals, the width of an alignment, and the data
/// count that `memory.init` and `data.drop` need. The decoder leaves these to the validator.
fn walk(bytes: &[u8], features: WasmFeatures) -> Result<(), Malformed> {
    fn all<'a, T: wasmparser::FromReader<'a>>(
        section: wasmparser::SectionLimited<'a, T>,
    ) -> Result<(), Malformed> {
        for item in section {
            item?;
        }
        Ok(())
    }
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut has_data_count = false;
    for payload in parser.parse_all(bytes) {
        match payload? {
            Payload::TypeSection(s) => all(s)?,
            Payload::ImportSection(s) => all(s)?,
            Payload::FunctionSection(s) => all(s)?,
            Payload::TableSection(s) => all(s)?,
            Payload::MemorySection(s) => all(s)?,
            Payload::TagSection(s) => all(s)?,
            Payload::GlobalSection(s) => all(s)?,
            Payload::ExportSection(s) => all(s)?,
            Payload::ElementSection(s) => all(s)?,
            Payload::DataSection(s) => all(s)?,
            Payload::DataCountSection { .. } => has_data_count = true,
            Payload::UnknownSection { .. } => return Err(Malformed),
            Payload::CodeSectionEntry(body) => walk_body(&body, has_data_count)?,
            _ => {}
        }
    }
    Ok(())
}

/// A binary that does not decode.
struct Malformed;

impl From<BinaryReaderError> for Malformed {
    fn from(_: BinaryReaderError) -> Malformed {
        Malformed
    }
}

fn walk_body(body: &FunctionBody<'_>, has_data_count: bool) -> Result<(), Malformed> {
    let mut locals = 0;
    for declaration in body.get_locals_reader()? {
        locals += u64::from(declaration?.0);
    }
    if locals > u64::from(u32::MAX) {
        return Err(Malformed);
    }
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let operator = operators.read()?;
        let needs_count = matches!(
            operator,
            Operator::MemoryInit { .. } | Operator::DataDrop { .. }
        );
        if needs_count && !has_data_count || memarg(&operator).is_some_and(|m| m.align >= 32) {
            return Err(Malformed);
        }
    }
    operators.finish()?;
    Ok(())
}

fn decode_valid(bytes: &[u8], features: WasmFeatures) -> Result<Module> {
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut decoder = Decoder::default();
    let mut allocations = FuncValidatorAllocations::default();
    for payload in parser.parse_all(bytes) {
        let payload = payload?;
        match validator.payload(&payload)? {
            ValidPayload::Func(to_validate, body) => {
                let index = FuncIndex(to_validate.index);
                let mut func = to_validate.into_validator(allocations);
                decoder.function(index, &body, &mut func)?;
                allocations = func.into_allocations();
            }
            ValidPayload::Parser(_) => return Err(unsupported(0, "a nested module")),
            ValidPayload::Ok | ValidPayload::End(_) => decoder.section(payload)?,
        }
    }
    Ok(decoder.module)
}

/// The module so far. Sections come validated.
#[derive(Default)]
struct Decoder {
    module: Module,
}

impl Decoder {
    fn section(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::Version { encoding, .. } if encoding != wasmparser::Encoding::Module => {
                return Err(unsupported(0, "a component"));
            }
            Payload::TypeSection(section) => {
                for item in section.into_iter_with_offsets() {
                    let (offset, group) = item?;
                    for ty in group.into_types() {
                        self.func_type(offset as usize, ty)?;
                    }
                }
            }
            Payload::ImportSection(section) => {
                for item in section.into_imports_with_offsets() {
                    let (offset, import) = item?;
                    self.import(offset as usize, &import)?;
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.module.funcs.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for item in section.into_iter_with_offsets() {
                    let (offset, table) = item?;
                    if let TableInit::Expr(_) = table.init {
                        return Err(unsupported(offset as usize, "a table's initial value"));
                    }
                    self.table(offset as usize, table.ty)?;
                }
            }
            Payload::MemorySection(section) => {
                for item in section.into_iter_with_offsets() {
                    let (offset, ty) = item?;
                    self.memory(offset as usize, ty)?;
                }
            }
            Payload::GlobalSection(section) => {
                for item in section.into_iter_with_offsets() {
                    let (offset, global) = item?;
                    self.global(offset as usize, global.ty)?;
                    let init = const_expr(&global.init_expr)?;
                    self.module.global_inits.push(init);
                }
            }
            Payload::TagSection(section) if section.count() > 0 => {
                return Err(unsupported(section.range().start as usize, "a tag"));
            }
            Payload::ExportSection(section) => {
                for item in section.into_iter_with_offsets() {
                    let (offset, export) = item?;
                    let kind = match export.kind {
                        ExternalKind::Func => ExternKind::Func,
                        ExternalKind::Table => ExternKind::Table,
                        ExternalKind::Memory => ExternKind::Memory,
                        ExternalKind::Global => ExternKind::Global,
                        ExternalKind::Tag | ExternalKind::FuncExact => {
                            return Err(unsupported(offset as usize, "an export of this kind"));
                        }
                    };
                    self.module.exports.push(Export {
                        name: export.name.to_owned(),
                        kind,
                        index: export.index,
                    });
                }
            }
            Payload::StartSection { func, .. } => self.module.start = Some(FuncIndex(func)),
            Payload::ElementSection(section) => {
                for item in section {
                    self.elem(item?)?;
                }
            }
            Payload::DataSection(section) => {
                for item in section {
                    self.data(item?)?;
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.names(names);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn func_type(&mut self, offset: usize, ty: wasmparser::SubType) -> Result<()> {
        if !ty.is_final || !ty.supertype_idxs.is_empty() || ty.composite_type.shared {
            return Err(unsupported(offset, "a declared subtype"));
        }
        let CompositeInnerType::Func(ty) = ty.composite_type.inner else {
            return Err(unsupported(offset, "a type that is not a function type"));
        };
        for &ty in ty.params().iter().chain(ty.results()) {
            supported_type(offset, ty)?;
        }
        self.module.types.push(FuncType {
            params: ty.params().into(),
            results: ty.results().into(),
        });
        Ok(())
    }

    fn import(&mut self, offset: usize, import: &wasmparser::Import<'_>) -> Result<()> {
        let ty = match import.ty {
            TypeRef::Func(ty) => {
                self.module.funcs.push(ty);
                self.module.num_imported_funcs += 1;
                ExternType::Func(self.module.types[ty as usize].clone())
            }
            TypeRef::Table(ty) => {
                self.table(offset, ty)?;
                self.module.num_imported_tables += 1;
                ExternType::Table(ty)
            }
            TypeRef::Memory(ty) => {
                self.memory(offset, ty)?;
                self.module.num_imported_memories += 1;
                ExternType::Memory(ty)
            }
            TypeRef::Global(ty) => {
                self.global(offset, ty)?;
                self.module.num_imported_globals += 1;
                ExternType::Global(ty)
            }
            TypeRef::Tag(_) | TypeRef::FuncExact(_) => {
                return Err(unsupported(offset, "an import of this kind"));
            }
        };
        self.module.imports.push(Import {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            ty,
        });
        Ok(())
    }

    fn table(&mut self, offset: usize, ty: TableType) -> Result<()> {
        if ty.table64 || ty.shared {
            return Err(unsupported(offset, "a 64-bit or shared table"));
        }
        supported_type(offset, ValType::Ref(ty.element_type))?;
        self.module.tables.push(ty);
        Ok(())
    }

    fn memory(&mut self, offset: usize, ty: MemoryType) -> Result<()> {
        if ty.memory64 || ty.shared || ty.page_size_log2.is_some() {
            return Err(unsupported(
                offset,
                "a 64-bit or shared memory, or a page size,",
            ));
        }
        if !self.module.memories.is_empty() {
            return Err(unsupported(offset, "more than one memory"));
        }
        self.module.memories.push(ty);
        Ok(())
    }

    fn global(&mut self, offset: usize, ty: GlobalType) -> Result<()> {
        if ty.shared {
            return Err(unsupported(offset, "a shared global"));
        }
        supported_type(offset, ty.content_type)?;
        self.module.globals.push(ty);
        Ok(())
    }

    fn elem(&mut self, elem: wasmparser::Element<'_>) -> Result<()> {
        let mode = match elem.kind {
            ElementKind::Passive => SegmentMode::Passive,
            ElementKind::Declared => SegmentMode::Declarative,
            ElementKind::Active {
                table_index,
                offset_expr,
            } => SegmentMode::Active {
                index: table_index.unwrap_or(0),
                offset: const_expr(&offset_expr)?,
            },
        };
        let items = match elem.items {
            ElementItems::Functions(items) => items
                .into_iter()
                .map(|index| Ok(ConstExpr::RefFunc(FuncIndex(index?))))
                .collect::<Result<_>>()?,
            ElementItems::Expressions(ty, items) => {
                supported_type(elem.range.start as usize, ValType::Ref(ty))?;
                items
                    .into_iter()
                    .map(|expr| const_expr(&expr?))
                    .collect::<Result<_>>()?
            }
        };
        self.module.elems.push(ElemSegment { mode, items });
        Ok(())
    }

    fn data(&mut self, data: wasmparser::Data<'_>) -> Result<()> {
        let mode = match data.kind {
            DataKind::Passive => SegmentMode::Passive,
            DataKind::Active {
                memory_index,
                offset_expr,
            } => SegmentMode::Active {
                index: memory_index,
                offset: const_expr(&offset_expr)?,
            },
        };
        self.module.datas.push(DataSegment {
            mode,
            bytes: Arc::from(data.data),
        });
        Ok(())
    }

    fn function(
        &mut self,
        index: FuncIndex,
        body: &FunctionBody<'_>,
        validator: &mut wasmparser::FuncValidator<wasmparser::ValidatorResources>,
    ) -> Result<()> {
        let ty = self.module.func_type(index);
        let function = compile(body, validator, index, ty, &self.module.types)?;
        self.module.functions.push(function);
        Ok(())
    }

    /// A custom section cannot make a module invalid: names end where they stop to decode.
    fn names(&mut self, names: wasmparser::NameSectionReader<'_>) {
        for name in names {
            let Ok(name) = name else { return };
            let Name::Function(map) = name else { continue };
            for naming in map {
                let Ok(naming) = naming else { return };
                self.module
                    .names
                    .insert(FuncIndex(naming.index), naming.name.to_owned());
            }
        }
    }
}

/// An error unless Wasm 2.0 has the type.
pub(crate) fn supported_type(offset: usize, ty: ValType) -> Result<()> {
    if in_wasm_2_0(ty) {
        Ok(())
    } else {
        Err(unsupported(offset, format_args!("the type {ty}")))
    }
}

fn const_expr(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr> {
    let mut operators = expr.get_operators_reader();
    let (first, offset) = operators.read_with_offset()?;
    let offset = offset as usize;
    let value = match first {
        Operator::I32Const { value } => Value::I32(value as u32),
        Operator::I64Const { value } => Value::I64(value as u64),
        Operator::F32Const { value } => Value::F32(value.bits()),
        Operator::F64Const { value } => Value::F64(value.bits()),
        Operator::V128Const { value } => Value::V128(u128::from_le_bytes(*value.bytes())),
        Operator::RefNull { hty } => {
            let Some(ty) = RefType::new(true, hty) else {
                return Err(unsupported(offset, "this null reference"));
            };
            supported_type(offset, ValType::Ref(ty))?;
            Value::Ref(Ref::Null, ty)
        }
        Operator::RefFunc { function_index } => {
            return single(
                operators,
                offset,
                ConstExpr::RefFunc(FuncIndex(function_index)),
            );
        }
        Operator::GlobalGet { global_index } => {
            return single(operators, offset, ConstExpr::GlobalGet(global_index));
        }
        other => {
            let name = Opcode::of(&other).name();
            return Err(unsupported(
                offset,
                format_args!("{name} in a constant expression"),
            ));
        }
    };
    single(operators, offset, ConstExpr::Value(value))
}

/// `expr`, provided that nothing but the final `end` follows.
fn single(
    mut operators: wasmparser::OperatorsReader<'_>,
    offset: usize,
    expr: ConstExpr,
) -> Result<ConstExpr> {
    match operators.read()? {
        Operator::End => Ok(expr),
        _ => Err(unsupported(offset, "an extended constant expression")),
    }
}
