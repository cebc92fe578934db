//! A component's binary, decoded: its sections as a list of definitions, with their types resolved.

use super::{ComponentError, CoreModule, Encoding, FuncType, Type};
use crate::module::Module;
use std::sync::Arc;
use wasmparser::component_types::{ComponentDefinedType, ComponentFuncTypeId, ComponentValType};
use wasmparser::types::TypesRef;
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, ExternalKind, Instance, Parser, Payload,
    PrimitiveValType, Validator, WasmFeatures,
};

/// What the options of a lift or a lowering name, by core index.
#[derive(Clone, Debug, Default)]
pub(super) struct IndexOptions {
    pub(super) encoding: Encoding,
    pub(super) memory: Option<u32>,
    pub(super) realloc: Option<u32>,
    pub(super) post_return: Option<u32>,
}

/// A definition: it takes the next index of its kind.
#[derive(Clone, Debug)]
pub(super) enum Item {
    CoreModule(CoreModule),
    Component(Arc<Definitions>),
    CoreInstantiate {
        module: u32,
        args: Vec<(String, u32)>,
    },
    CoreExports(Vec<(String, ExternalKind, u32)>),
    Instantiate {
        component: u32,
        args: Vec<(String, ComponentExternalKind, u32)>,
    },
    Exports(Vec<(String, ComponentExternalKind, u32)>),
    AliasExport {
        kind: ComponentExternalKind,
        instance: u32,
        name: String,
    },
    AliasCore {
        kind: ExternalKind,
        instance: u32,
        name: String,
    },
    AliasOuter {
        kind: ComponentOuterAliasKind,
        count: u32,
        index: u32,
    },
    Lift {
        core: u32,
        ty: Arc<FuncType>,
        options: IndexOptions,
    },
    Lower {
        func: u32,
        ty: Arc<FuncType>,
        options: IndexOptions,
    },
    Import {
        name: String,
        kind: ComponentExternalKind,
    },
    Export {
        name: String,
        kind: ComponentExternalKind,
        index: u32,
    },
}

/// What a component defines, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Definitions {
    pub(super) items: Vec<Item>,
}

type Decodes<R> = Result<R, ComponentError>;

fn unsupported<R>(what: impl Into<String>) -> Decodes<R> {
    Err(ComponentError::Unsupported(what.into()))
}

fn invalid(error: impl std::fmt::Display) -> ComponentError {
    ComponentError::Invalid(error.to_string())
}

/// Decodes and validates a component, and flattens it. Its core modules may use `features`.
///
/// # Errors
///
/// When it is not valid, or has what is not implemented.
pub fn decode(bytes: &[u8], features: WasmFeatures) -> Decodes<super::Component> {
    super::flatten(&definitions(bytes, features)?)
}

/// Decodes and validates a component.
pub(super) fn definitions(bytes: &[u8], features: WasmFeatures) -> Decodes<Definitions> {
    let mut validator = Validator::new_with_features(features | WasmFeatures::COMPONENT_MODEL);
    // One for each component that is open; none for a core module.
    let mut open: Vec<Option<Definitions>> = Vec::new();
    let mut is_root = true;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(invalid)?;
        validator.payload(&payload).map_err(invalid)?;
        match &payload {
            Payload::Version { encoding, .. } => {
                let is_component = *encoding == wasmparser::Encoding::Component;
                if std::mem::take(&mut is_root) && !is_component {
                    return Err(invalid("it is a module, no component"));
                }
                open.push(is_component.then(Definitions::default));
                continue;
            }
            Payload::End(_) => {
                let ended = open.pop().flatten();
                match (ended, open.last_mut()) {
                    (Some(ended), Some(Some(outer))) => {
                        outer.items.push(Item::Component(Arc::new(ended)));
                    }
                    (Some(ended), None) => return Ok(ended),
                    // A core module: its binary was taken whole.
                    _ => {}
                }
                continue;
            }
            _ => {}
        }
        let Some(Some(own)) = open.last_mut() else {
            continue;
        };
        section(own, &payload, validator.types(0), bytes, features)?;
    }
    Err(invalid("it ends too early"))
}

fn section(
    own: &mut Definitions,
    payload: &Payload<'_>,
    types: Option<TypesRef<'_>>,
    bytes: &[u8],
    features: WasmFeatures,
) -> Decodes<()> {
    let items = &mut own.items;
    match payload {
        Payload::ModuleSection {
            unchecked_range, ..
        } => {
            let range = unchecked_range.start as usize..unchecked_range.end as usize;
            let bytes: Arc<[u8]> = bytes[range.clone()].into();
            let module = Module::new(&bytes, features)
                .map_err(|error| ComponentError::Unsupported(error.to_string()))?;
            items.push(Item::CoreModule(CoreModule {
                bytes,
                offset: range.start as u32,
                module,
            }));
        }
        Payload::InstanceSection(section) => {
            for instance in section.clone() {
                items.push(core_instance(instance.map_err(invalid)?));
            }
        }
        Payload::ComponentInstanceSection(section) => {
            for instance in section.clone() {
                items.push(component_instance(instance.map_err(invalid)?));
            }
        }
        Payload::ComponentAliasSection(section) => {
            for alias in section.clone() {
                items.push(aliased(alias.map_err(invalid)?));
            }
        }
        Payload::ComponentCanonicalSection(section) => {
            let types = types.ok_or_else(|| invalid("a component without types"))?;
            // The types know the functions of the whole section by now.
            let lifts =
                |function: &CanonicalFunction| matches!(function, CanonicalFunction::Lift { .. });
            let functions: Vec<CanonicalFunction> = section
                .clone()
                .into_iter()
                .collect::<Result<_, _>>()
                .map_err(invalid)?;
            let new = functions.iter().filter(|function| lifts(function)).count() as u32;
            let mut next = types.component_function_count() - new;
            for function in functions {
                let lifted = lifts(&function);
                items.push(canonical(function, next, types)?);
                next += u32::from(lifted);
            }
        }
        Payload::ComponentImportSection(section) => {
            for import in section.clone() {
                let import = import.map_err(invalid)?;
                let kind = kind_of(import.ty);
                items.push(Item::Import {
                    name: import.name.name.to_owned(),
                    kind,
                });
            }
        }
        Payload::ComponentExportSection(section) => {
            for export in section.clone() {
                let export = export.map_err(invalid)?;
                items.push(Item::Export {
                    name: export.name.name.to_owned(),
                    kind: export.kind,
                    index: export.index,
                });
            }
        }
        Payload::ComponentStartSection { .. } => {
            return unsupported("a start function of a component");
        }
        _ => {}
    }
    Ok(())
}

fn kind_of(ty: ComponentTypeRef) -> ComponentExternalKind {
    match ty {
        ComponentTypeRef::Module(_) => ComponentExternalKind::Module,
        ComponentTypeRef::Func(_) => ComponentExternalKind::Func,
        ComponentTypeRef::Value(_) => ComponentExternalKind::Value,
        ComponentTypeRef::Type(_) => ComponentExternalKind::Type,
        ComponentTypeRef::Instance(_) => ComponentExternalKind::Instance,
        ComponentTypeRef::Component(_) => ComponentExternalKind::Component,
    }
}

fn core_instance(instance: Instance<'_>) -> Item {
    match instance {
        Instance::Instantiate { module_index, args } => Item::CoreInstantiate {
            module: module_index,
            args: args
                .iter()
                .map(|arg| (arg.name.to_owned(), arg.index))
                .collect(),
        },
        Instance::FromExports(exports) => Item::CoreExports(
            exports
                .iter()
                .map(|export| (export.name.to_owned(), export.kind, export.index))
                .collect(),
        ),
    }
}

fn component_instance(instance: ComponentInstance<'_>) -> Item {
    match instance {
        ComponentInstance::Instantiate {
            component_index,
            args,
        } => Item::Instantiate {
            component: component_index,
            args: args
                .iter()
                .map(|arg| (arg.name.to_owned(), arg.kind, arg.index))
                .collect(),
        },
        ComponentInstance::FromExports(exports) => Item::Exports(
            exports
                .iter()
                .map(|export| (export.name.name.to_owned(), export.kind, export.index))
                .collect(),
        ),
    }
}

fn aliased(alias: ComponentAlias<'_>) -> Item {
    match alias {
        ComponentAlias::InstanceExport {
            kind,
            instance_index,
            name,
        } => Item::AliasExport {
            kind,
            instance: instance_index,
            name: name.to_owned(),
        },
        ComponentAlias::CoreInstanceExport {
            kind,
            instance_index,
            name,
        } => Item::AliasCore {
            kind,
            instance: instance_index,
            name: name.to_owned(),
        },
        ComponentAlias::Outer { kind, count, index } => Item::AliasOuter { kind, count, index },
    }
}

/// A lift or a lowering; `lifted` is the index of the function that a lift makes.
fn canonical(function: CanonicalFunction, lifted: u32, types: TypesRef<'_>) -> Decodes<Item> {
    match function {
        CanonicalFunction::Lift {
            core_func_index,
            options,
            ..
        } => Ok(Item::Lift {
            core: core_func_index,
            ty: func_type(types.component_function_at(lifted), types)?,
            options: index_options(&options)?,
        }),
        CanonicalFunction::Lower {
            func_index,
            options,
        } => Ok(Item::Lower {
            func: func_index,
            ty: func_type(types.component_function_at(func_index), types)?,
            options: index_options(&options)?,
        }),
        other => {
            let name = format!("{other:?}");
            let end = name.find([' ', '{']).unwrap_or(name.len());
            unsupported(format!("the built-in function {}", &name[..end]))
        }
    }
}

fn index_options(options: &[CanonicalOption]) -> Decodes<IndexOptions> {
    let mut read = IndexOptions::default();
    for option in options {
        match *option {
            CanonicalOption::UTF8 => read.encoding = Encoding::Utf8,
            CanonicalOption::UTF16 => read.encoding = Encoding::Utf16,
            CanonicalOption::CompactUTF16 => read.encoding = Encoding::Latin1OrUtf16,
            CanonicalOption::Memory(index) => read.memory = Some(index),
            CanonicalOption::Realloc(index) => read.realloc = Some(index),
            CanonicalOption::PostReturn(index) => read.post_return = Some(index),
            other => return unsupported(format!("the canonical option {other:?}")),
        }
    }
    Ok(read)
}

fn func_type(id: ComponentFuncTypeId, types: TypesRef<'_>) -> Decodes<Arc<FuncType>> {
    let ty = &types[id];
    if ty.async_ {
        return unsupported("an asynchronous function");
    }
    let params = ty.params.iter();
    let params = params.map(|(name, ty)| Ok((name.to_string(), value_type(*ty, types)?)));
    Ok(Arc::new(FuncType {
        params: params.collect::<Decodes<_>>()?,
        result: ty.result.map(|ty| value_type(ty, types)).transpose()?,
    }))
}

fn value_type(ty: ComponentValType, types: TypesRef<'_>) -> Decodes<Type> {
    let id = match ty {
        ComponentValType::Primitive(primitive) => return primitive_type(primitive),
        ComponentValType::Type(id) => id,
    };
    let maybe = |ty: Option<ComponentValType>| ty.map(|ty| value_type(ty, types)).transpose();
    Ok(match &types[id] {
        ComponentDefinedType::Primitive(primitive) => primitive_type(*primitive)?,
        ComponentDefinedType::List { element, .. } => {
            Type::List(Arc::new(value_type(*element, types)?))
        }
        ComponentDefinedType::Record(record) => {
            let fields = record.fields.iter();
            let fields = fields.map(|(name, ty)| Ok((name.to_string(), value_type(*ty, types)?)));
            Type::Record(fields.collect::<Decodes<_>>()?)
        }
        ComponentDefinedType::Tuple(tuple) => {
            let each = tuple.types.iter().map(|ty| value_type(*ty, types));
            Type::Tuple(each.collect::<Decodes<_>>()?)
        }
        ComponentDefinedType::Variant(variant) => {
            let cases = variant.cases.iter();
            let cases = cases.map(|(name, case)| Ok((name.to_string(), maybe(case.ty)?)));
            Type::Variant(cases.collect::<Decodes<_>>()?)
        }
        ComponentDefinedType::Enum(names) => {
            Type::Enum(names.iter().map(ToString::to_string).collect())
        }
        ComponentDefinedType::Flags(names) => {
            Type::Flags(names.iter().map(ToString::to_string).collect())
        }
        ComponentDefinedType::Option { ty, .. } => Type::Option(Arc::new(value_type(*ty, types)?)),
        ComponentDefinedType::Result { ok, err, .. } => {
            Type::Result(Arc::new((maybe(*ok)?, maybe(*err)?)))
        }
        ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => {
            return unsupported("a handle of a resource");
        }
        _ => return unsupported("a stream, a future, a map or a list of fixed length"),
    })
}

fn primitive_type(ty: PrimitiveValType) -> Decodes<Type> {
    Ok(match ty {
        PrimitiveValType::Bool => Type::Bool,
        PrimitiveValType::S8 => Type::S8,
        PrimitiveValType::U8 => Type::U8,
        PrimitiveValType::S16 => Type::S16,
        PrimitiveValType::U16 => Type::U16,
        PrimitiveValType::S32 => Type::S32,
        PrimitiveValType::U32 => Type::U32,
        PrimitiveValType::S64 => Type::S64,
        PrimitiveValType::U64 => Type::U64,
        PrimitiveValType::F32 => Type::F32,
        PrimitiveValType::F64 => Type::F64,
        PrimitiveValType::Char => Type::Char,
        PrimitiveValType::String => Type::String,
        PrimitiveValType::ErrorContext => return unsupported("an error context"),
    })
}
