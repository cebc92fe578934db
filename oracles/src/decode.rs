//! Decoding and validation in one pass over the binary; it never executes anything.

use crate::address::FuncIndex;
use crate::compile::{compile, memarg};
use crate::constant::{self, ConstExpr};
use crate::module::{
    DataSegment, ElemSegment, Export, ExternKind, ExternType, Import, Module, ModuleError,
    ModuleErrorKind, SegmentMode,
};
use crate::opcode::Opcode;
use crate::scope::TypeScope;
use crate::types::{CompositeType, FuncType, StorageType, SubType};
use std::sync::Arc;
use wasmparser::{
    AbstractHeapType, BinaryReaderError, CompositeInnerType, DataKind, ElementItems, ElementKind,
    ExternalKind, FieldType, FuncValidatorAllocations, FunctionBody, GlobalType, HeapType,
    KnownCustom, Name, Operator, Parser, Payload, TableInit, TableType, TypeRef, ValType,
    ValidPayload, Validator, WasmFeatures,
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
        Ok(mut module) => {
            module.index_exports();
            Ok(module)
        }
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
/// binary format: known section ids, the number of locals, the width of an alignment, the data count
/// that `memory.init` and `data.drop` need, a global's flags, and opcodes in constant expressions.
/// The decoder leaves these to the validator.
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
            Payload::ImportSection(s) => {
                for import in s.into_imports() {
                    if let TypeRef::Global(ty) = import?.ty {
                        walk_global(ty, features)?;
                    }
                }
            }
            Payload::FunctionSection(s) => all(s)?,
            Payload::TableSection(s) => {
                for table in s {
                    if let TableInit::Expr(init) = table?.init {
                        walk_const(&init, features)?;
                    }
                }
            }
            Payload::MemorySection(s) => all(s)?,
            Payload::TagSection(s) => all(s)?,
            Payload::GlobalSection(s) => {
                for global in s {
                    let global = global?;
                    walk_global(global.ty, features)?;
                    walk_const(&global.init_expr, features)?;
                }
            }
            Payload::ExportSection(s) => all(s)?,
            Payload::ElementSection(s) => {
                for elem in s {
                    walk_elem(elem?, features)?;
                }
            }
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

/// A global's type has one flag, for mutability, unless globals can be shared.
fn walk_global(ty: GlobalType, features: WasmFeatures) -> Result<(), Malformed> {
    if ty.shared && !features.contains(WasmFeatures::SHARED_EVERYTHING_THREADS) {
        return Err(Malformed);
    }
    Ok(())
}

fn walk_elem(elem: wasmparser::Element<'_>, features: WasmFeatures) -> Result<(), Malformed> {
    match elem.items {
        ElementItems::Functions(items) => {
            for item in items {
                item?;
            }
        }
        ElementItems::Expressions(_, items) => {
            for item in items {
                walk_const(&item?, features)?;
            }
        }
    }
    Ok(())
}

/// An opcode that the features do not have, and that is constant in no version, is no opcode.
fn walk_const(expr: &wasmparser::ConstExpr<'_>, features: WasmFeatures) -> Result<(), Malformed> {
    let mut operators = expr.get_operators_reader();
    while !operators.eof() {
        let operator = operators.read()?;
        let is_constant = constant::is_constant(&operator);
        if !is_constant && !Opcode::of(&operator).is_enabled(features) {
            return Err(Malformed);
        }
    }
    Ok(())
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
    let mut scope: Option<TypeScope> = None;
    for payload in parser.parse_all(bytes) {
        let payload = payload?;
        match validator.payload(&payload)? {
            ValidPayload::Func(to_validate, body) => {
                let index = FuncIndex(to_validate.index);
                let types = decoder.module.types.len() as u32;
                let scope =
                    scope.get_or_insert_with(|| TypeScope::new(&validator, types, features));
                let mut func = to_validate.into_validator(allocations);
                decoder.function(index, &body, &mut func, scope)?;
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
                    let before = self.module.types.len();
                    for ty in group.into_types() {
                        let ty = sub_type(offset as usize, &ty)?;
                        self.module.types.push(ty);
                    }
                    let size = self.module.types.len() - before;
                    self.module.groups.push(size as u32);
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
                    let init = match &table.init {
                        TableInit::RefNull => None,
                        TableInit::Expr(init) => Some(ConstExpr::decode(init)?),
                    };
                    self.module.table_inits.push(init);
                    self.table(offset as usize, table.ty)?;
                }
            }
            Payload::MemorySection(section) => {
                for ty in section {
                    self.module.memories.push(ty?);
                }
            }
            Payload::GlobalSection(section) => {
                for item in section.into_iter_with_offsets() {
                    let (offset, global) = item?;
                    self.global(offset as usize, global.ty)?;
                    let init = ConstExpr::decode(&global.init_expr)?;
                    self.module.global_inits.push(init);
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    self.module.tags.push(tag?.func_type_idx);
                }
            }
            Payload::ExportSection(section) => {
                for item in section.into_iter_with_offsets() {
                    let (offset, export) = item?;
                    let kind = match export.kind {
                        ExternalKind::Func => ExternKind::Func,
                        ExternalKind::Table => ExternKind::Table,
                        ExternalKind::Memory => ExternKind::Memory,
                        ExternalKind::Global => ExternKind::Global,
                        ExternalKind::Tag => ExternKind::Tag,
                        ExternalKind::FuncExact => {
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

    fn import(&mut self, offset: usize, import: &wasmparser::Import<'_>) -> Result<()> {
        let mut type_index = 0;
        let ty = match import.ty {
            TypeRef::Func(ty) => {
                self.module.funcs.push(ty);
                self.module.num_imported_funcs += 1;
                type_index = ty;
                ExternType::Func(self.module.types[ty as usize].as_func().clone())
            }
            TypeRef::Tag(ty) => {
                self.module.tags.push(ty.func_type_idx);
                self.module.num_imported_tags += 1;
                type_index = ty.func_type_idx;
                ExternType::Tag(self.module.types[type_index as usize].as_func().clone())
            }
            TypeRef::Table(ty) => {
                self.table(offset, ty)?;
                self.module.num_imported_tables += 1;
                ExternType::Table(ty)
            }
            TypeRef::Memory(ty) => {
                self.module.memories.push(ty);
                self.module.num_imported_memories += 1;
                ExternType::Memory(ty)
            }
            TypeRef::Global(ty) => {
                self.global(offset, ty)?;
                self.module.num_imported_globals += 1;
                ExternType::Global(ty)
            }
            TypeRef::FuncExact(_) => {
                return Err(unsupported(offset, "an import of this kind"));
            }
        };
        self.module.imports.push(Import {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            ty,
            type_index,
        });
        Ok(())
    }

    fn table(&mut self, offset: usize, ty: TableType) -> Result<()> {
        if ty.shared {
            return Err(unsupported(offset, "a shared table"));
        }
        supported_type(offset, ValType::Ref(ty.element_type))?;
        self.module.tables.push(ty);
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
                offset: ConstExpr::decode(&offset_expr)?,
            },
        };
        let items = match elem.items {
            ElementItems::Functions(items) => items
                .into_iter()
                .map(|index| Ok(ConstExpr::ref_func(FuncIndex(index?))))
                .collect::<Result<_>>()?,
            ElementItems::Expressions(ty, items) => {
                supported_type(elem.range.start as usize, ValType::Ref(ty))?;
                items
                    .into_iter()
                    .map(|expr| ConstExpr::decode(&expr?))
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
                offset: ConstExpr::decode(&offset_expr)?,
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
        scope: &TypeScope,
    ) -> Result<()> {
        let function = compile(body, validator, index, &self.module, scope)?;
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

/// A type of the type section.
fn sub_type(offset: usize, ty: &wasmparser::SubType) -> Result<SubType> {
    let composite = &ty.composite_type;
    if composite.shared
        || composite
            .descriptor_idx
            .or(composite.describes_idx)
            .is_some()
    {
        return Err(unsupported(
            offset,
            "a shared type, or one with a descriptor,",
        ));
    }
    let field = |field: &FieldType| match field.element_type {
        StorageType::Val(ty) => supported_type(offset, ty).map(|()| *field),
        _ => Ok(*field),
    };
    Ok(SubType {
        is_final: ty.is_final,
        supertype: ty.supertype_idxs.first().map(|index| index.unpack()),
        composite: match &composite.inner {
            CompositeInnerType::Func(ty) => {
                for &ty in ty.params().iter().chain(ty.results()) {
                    supported_type(offset, ty)?;
                }
                CompositeType::Func(FuncType {
                    params: ty.params().into(),
                    results: ty.results().into(),
                })
            }
            CompositeInnerType::Struct(ty) => {
                CompositeType::Struct(ty.fields.iter().map(field).collect::<Result<_>>()?)
            }
            CompositeInnerType::Array(ty) => CompositeType::Array(field(&ty.0)?),
            CompositeInnerType::Cont(_) => return Err(unsupported(offset, "a continuation type")),
        },
    })
}

/// An error unless the oracle implements the type: all of Wasm 3.0.
pub(crate) fn supported_type(offset: usize, ty: ValType) -> Result<()> {
    let ValType::Ref(ty) = ty else {
        return Ok(());
    };
    match ty.heap_type() {
        HeapType::Concrete(_) => Ok(()),
        HeapType::Abstract {
            shared: false,
            ty: abstract_type,
        } if !matches!(
            abstract_type,
            AbstractHeapType::Cont | AbstractHeapType::NoCont
        ) =>
        {
            Ok(())
        }
        _ => Err(unsupported(offset, format_args!("the type {ty}"))),
    }
}
