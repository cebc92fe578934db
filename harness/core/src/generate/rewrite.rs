//! A valid module taken apart into sections and put together again.

use std::collections::BTreeMap;
use wasm_encoder::{ExportKind, ExportSection, ImportSection, RawSection, Section};
use wasmparser::{BinaryReaderError, Parser, Payload, TypeRef};

/// Name of the module that every import of a tidied module is from.
pub(super) const HOST: &str = "env";

pub(super) const IMPORTS: u8 = 2;
pub(super) const GLOBALS: u8 = 6;
pub(super) const EXPORTS: u8 = 7;
pub(super) const CODE: u8 = 10;

/// The content of each section but custom ones, by id.
pub(super) type Sections = BTreeMap<u8, Vec<u8>>;

/// Why a module is not rewritten.
#[derive(Debug, thiserror::Error)]
pub(super) enum RewriteError {
    /// It is not valid.
    #[error(transparent)]
    Read(#[from] BinaryReaderError),
    /// It imports or holds what the encoder does not know.
    #[error("the module uses what cannot be encoded")]
    Feature,
}

/// Takes a module apart. Custom sections are dropped: they speak of offsets that change.
pub(super) fn sections(bytes: &[u8]) -> Result<Sections, RewriteError> {
    let mut sections = Sections::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let Payload::CustomSection(_) = payload {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let content = &bytes[range.start as usize..range.end as usize];
            sections.insert(id, content.to_vec());
        }
    }
    Ok(sections)
}

/// Puts a module together.
pub(super) fn assemble(sections: &Sections) -> Vec<u8> {
    // The order of the binary format: tags come before globals, the count of data segments before
    // the code.
    const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
    let mut module = wasm_encoder::Module::new();
    for id in ORDER {
        if let Some(data) = sections.get(&id) {
            module.section(&RawSection { id, data });
        }
    }
    module.finish()
}

/// The content of a section, without its id and size.
pub(super) fn content(section: &impl Section) -> Vec<u8> {
    let mut encoded = Vec::new();
    section.encode(&mut encoded);
    let size = encoded.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    encoded.split_off(size)
}

/// Entities of each kind, imported and defined.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) functions: u32,
    pub(super) tables: u32,
    pub(super) memories: u32,
    pub(super) globals: u32,
    pub(super) tags: u32,
}

/// Gives imports and exports short names, one a kind and index, and exports everything.
///
/// Random names only make reports hard to read, and two parts of one name ambiguous.
pub(super) fn tidy(bytes: &[u8]) -> Result<Vec<u8>, RewriteError> {
    let mut sections = sections(bytes)?;
    let mut imports = ImportSection::new();
    let mut counts = Counts::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let (name, ty) = imported(import?.ty, &mut counts)?;
                    imports.import(HOST, &name, ty);
                }
            }
            Payload::FunctionSection(reader) => counts.functions += reader.count(),
            Payload::TableSection(reader) => counts.tables += reader.count(),
            Payload::MemorySection(reader) => counts.memories += reader.count(),
            Payload::GlobalSection(reader) => counts.globals += reader.count(),
            Payload::TagSection(reader) => counts.tags += reader.count(),
            _ => {}
        }
    }
    if !imports.is_empty() {
        sections.insert(IMPORTS, content(&imports));
    }
    sections.insert(EXPORTS, content(&everything(counts)));
    Ok(assemble(&sections))
}

fn imported(
    ty: TypeRef,
    counts: &mut Counts,
) -> Result<(String, wasm_encoder::EntityType), RewriteError> {
    let (kind, count) = match ty {
        TypeRef::Func(_) => ("f", &mut counts.functions),
        TypeRef::Table(_) => ("t", &mut counts.tables),
        TypeRef::Memory(_) => ("m", &mut counts.memories),
        TypeRef::Global(_) => ("g", &mut counts.globals),
        TypeRef::Tag(_) => ("x", &mut counts.tags),
        TypeRef::FuncExact(_) => return Err(RewriteError::Feature),
    };
    let name = format!("{kind}{count}");
    *count += 1;
    let ty = ty.try_into().map_err(|_| RewriteError::Feature)?;
    Ok((name, ty))
}

fn everything(counts: Counts) -> ExportSection {
    let mut section = ExportSection::new();
    let kinds = [
        ("f", ExportKind::Func, counts.functions),
        ("t", ExportKind::Table, counts.tables),
        ("m", ExportKind::Memory, counts.memories),
        ("g", ExportKind::Global, counts.globals),
        ("x", ExportKind::Tag, counts.tags),
    ];
    for (name, kind, count) in kinds {
        for index in 0..count {
            section.export(&format!("{name}{index}"), kind, index);
        }
    }
    section
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_put_together_as_it_was() {
        let text = r#"(module
            (import "a" "b" (func (param i32)))
            (memory (export "m") 1)
            (global (mut i32) (i32.const 3))
            (data $d "abc")
            (func (export "f") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3))))"#;
        let bytes = wat::parse_str(text).unwrap();
        let mut parts = sections(&bytes).unwrap();
        assert_eq!(
            assemble(&parts),
            wasm_without_names(&bytes),
            "nothing but names is lost"
        );
        parts.remove(&EXPORTS);
        assert!(assemble(&parts).len() < bytes.len());
    }

    /// `wat` adds a name section, which comes last.
    fn wasm_without_names(bytes: &[u8]) -> Vec<u8> {
        let mut end = bytes.len();
        for payload in Parser::new(0).parse_all(bytes) {
            if let Payload::CustomSection(section) = payload.unwrap() {
                end = end.min(section.range().start as usize - 2);
            }
        }
        bytes[..end].to_vec()
    }

    #[test]
    fn a_tidied_module_exports_everything_under_short_names() {
        let text = r#"(module
            (import "\u{0}\u{7f}" "x.y" (func (param i32)))
            (import "" "" (memory 1))
            (import "" "" (global i64))
            (import "" "" (tag (param i32)))
            (table 3 funcref)
            (tag)
            (func))"#;
        let bytes = tidy(&wat::parse_str(text).unwrap()).unwrap();
        insta::assert_snapshot!(wasmprinter::print_bytes(bytes).unwrap(), @r#"
        (module
          (type (;0;) (func (param i32)))
          (type (;1;) (func))
          (import "env" "f0" (func (;0;) (type 0) (param i32)))
          (import "env" "m0" (memory (;0;) 1))
          (import "env" "g0" (global (;0;) i64))
          (import "env" "x0" (tag (;0;) (type 0) (param i32)))
          (table (;0;) 3 funcref)
          (tag (;1;) (type 1))
          (export "f0" (func 0))
          (export "f1" (func 1))
          (export "t0" (table 0))
          (export "m0" (memory 0))
          (export "g0" (global 0))
          (export "x0" (tag 0))
          (export "x1" (tag 1))
          (func (;1;) (type 1))
        )
        "#);
    }
}
