//! The twin: the same module with its private entities exported under reserved names.
//!
//! Without `guest_debug` the engine shows only exports. The twin adds them and changes nothing
//! else: every other section, the code section above all, is copied byte for byte.

use lockstep_oracles::module::{ExternKind, Module};
use std::collections::BTreeSet;
use wasm_encoder::{ExportKind, ExportSection, RawSection};
use wasmparser::{Chunk, ElementItems, Operator, Parser, Payload, TableInit};

/// Prefix of the reserved export names; no toolchain emits it.
pub const RESERVED: &str = "\u{1}lockstep ";

/// Reserved name under which the twin exports an entity.
pub fn twin_name(kind: ExternKind, index: u32) -> String {
    let kind = match kind {
        ExternKind::Func => "func",
        ExternKind::Table => "table",
        ExternKind::Memory => "memory",
        ExternKind::Global => "global",
        ExternKind::Tag => "tag",
    };
    format!("{}{kind} {index}", RESERVED)
}

/// Ids of the sections that come after the export section, in any valid module.
const AFTER_EXPORTS: [u8; 5] = [8, 9, 10, 11, 12];
const EXPORTS: u8 = 7;

/// The module cannot be taken apart; a valid module always can.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the twin of a module: {0}")]
pub struct TwinError(#[from] wasmparser::BinaryReaderError);

/// Makes the twin of a valid module.
///
/// Every memory, table, global and tag is exported, and every function that the module refers to
/// (`ref.func`, an element segment): those have a reference in the original too, so that the twin
/// does not change what the engine compiles.
///
/// # Errors
///
/// When `bytes` is not the binary of a valid module.
pub fn twin(bytes: &[u8], module: &Module) -> Result<Vec<u8>, TwinError> {
    let exports = exports(bytes, module)?;
    let mut out = wasm_encoder::Module::new();
    let mut written = false;
    for (id, range) in sections(bytes)? {
        if id == EXPORTS || (AFTER_EXPORTS.contains(&id) && !written) {
            written = true;
            out.section(&exports);
            if id == EXPORTS {
                continue;
            }
        }
        out.section(&RawSection {
            id,
            data: &bytes[range],
        });
    }
    if !written {
        out.section(&exports);
    }
    Ok(out.finish())
}

/// Every section's id and the range of its content, in file order.
fn sections(bytes: &[u8]) -> Result<Vec<(u8, std::ops::Range<usize>)>, TwinError> {
    let mut sections = Vec::new();
    let mut parser = Parser::new(0);
    let mut offset = 0;
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(&bytes[offset..], true)? else {
            return Ok(sections);
        };
        offset += consumed;
        match payload {
            Payload::End(_) => return Ok(sections),
            Payload::CodeSectionStart {
                unchecked_range: range,
                ..
            } => {
                offset = range.end as usize;
                parser.skip_section();
                sections.push((10, range.start as usize..range.end as usize));
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    sections.push((id, range.start as usize..range.end as usize));
                }
            }
        }
    }
}

fn exports(bytes: &[u8], module: &Module) -> Result<ExportSection, TwinError> {
    let mut section = ExportSection::new();
    for export in module.exports() {
        section.export(&export.name, kind(export.kind), export.index);
    }
    let counts = [
        (ExternKind::Memory, module.memories().len()),
        (ExternKind::Table, module.tables().len()),
        (ExternKind::Global, module.globals().len()),
        (ExternKind::Tag, module.num_tags() as usize),
    ];
    for (which, count) in counts {
        for index in 0..count as u32 {
            section.export(&twin_name(which, index), kind(which), index);
        }
    }
    for index in referenced_functions(bytes)? {
        section.export(&twin_name(ExternKind::Func, index), ExportKind::Func, index);
    }
    Ok(section)
}

fn kind(kind: ExternKind) -> ExportKind {
    match kind {
        ExternKind::Func => ExportKind::Func,
        ExternKind::Table => ExportKind::Table,
        ExternKind::Memory => ExportKind::Memory,
        ExternKind::Global => ExportKind::Global,
        ExternKind::Tag => ExportKind::Tag,
    }
}

/// Functions that code, globals, tables or element segments refer to.
fn referenced_functions(bytes: &[u8]) -> Result<BTreeSet<u32>, TwinError> {
    let mut found = BTreeSet::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::GlobalSection(globals) => {
                for global in globals {
                    refer(global?.init_expr.get_operators_reader(), &mut found)?;
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    if let TableInit::Expr(init) = table?.init {
                        refer(init.get_operators_reader(), &mut found)?;
                    }
                }
            }
            Payload::ElementSection(segments) => {
                for segment in segments {
                    match segment?.items {
                        ElementItems::Functions(functions) => {
                            for function in functions {
                                found.insert(function?);
                            }
                        }
                        ElementItems::Expressions(_, expressions) => {
                            for expression in expressions {
                                refer(expression?.get_operators_reader(), &mut found)?;
                            }
                        }
                    }
                }
            }
            Payload::CodeSectionEntry(body) => refer(body.get_operators_reader()?, &mut found)?,
            _ => {}
        }
    }
    Ok(found)
}

fn refer(
    operators: wasmparser::OperatorsReader<'_>,
    found: &mut BTreeSet<u32>,
) -> Result<(), TwinError> {
    for operator in operators {
        if let Operator::RefFunc { function_index } = operator? {
            found.insert(function_index);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::WasmFeatures;

    fn code_section(bytes: &[u8]) -> Vec<u8> {
        let sections = sections(bytes).unwrap();
        let (_, range) = sections.into_iter().find(|(id, _)| *id == 10).unwrap();
        bytes[range].to_vec()
    }

    fn both(wat: &str) -> (Vec<u8>, Vec<u8>) {
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, WasmFeatures::WASM2).unwrap();
        let twin = twin(&bytes, &module).unwrap();
        wasmparser::Validator::new_with_features(WasmFeatures::WASM2)
            .validate_all(&twin)
            .unwrap();
        (bytes, twin)
    }

    #[test]
    fn the_code_section_is_byte_identical_and_private_entities_are_exported() {
        let (original, twin) = both(
            r#"(module
                (import "m" "g" (global i32))
                (memory 1) (table 2 funcref) (global (mut i32) (i32.const 7))
                (func $f (result i32) i32.const 1) (func (export "go") ref.func $f drop)
                (elem declare func $f) (start 1) (data (i32.const 0) "x"))"#,
        );
        assert_eq!(code_section(&original), code_section(&twin));
        let module = Module::new(&twin, WasmFeatures::WASM2).unwrap();
        let names: Vec<&str> = module.exports().iter().map(|e| e.name.as_str()).collect();
        for (kind, index) in [
            (ExternKind::Memory, 0),
            (ExternKind::Table, 0),
            (ExternKind::Global, 0),
            (ExternKind::Global, 1),
            (ExternKind::Func, 0),
        ] {
            assert!(
                names.contains(&twin_name(kind, index).as_str()),
                "{names:?}"
            );
        }
        assert!(
            !names.contains(&twin_name(ExternKind::Func, 1).as_str()),
            "not referred to"
        );
    }

    #[test]
    fn a_module_without_exports_or_code_has_a_twin() {
        both("(module (memory 1))");
        both("(module)");
        both("(module (func))");
    }
}
