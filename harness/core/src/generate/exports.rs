//! Entities made private: what a module exports beside its functions is taken back, so that only the
//! debug API shows it.

use super::fuel::FUEL;
use super::rewrite::{self, EXPORTS, RewriteError};
use wasm_encoder::{ExportKind, ExportSection};
use wasmparser::{ExternalKind, Parser, Payload};

/// Takes back the exports of memories, tables, globals and tags. Functions stay, so that there is
/// something to call, and so does the fuel, which is set before each call.
///
/// # Errors
///
/// When the module is not valid.
pub(super) fn hide_entities(bytes: Vec<u8>) -> Result<Vec<u8>, RewriteError> {
    let mut exports = ExportSection::new();
    let mut hidden = false;
    for payload in Parser::new(0).parse_all(&bytes) {
        let Payload::ExportSection(reader) = payload? else {
            continue;
        };
        for export in reader {
            let export = export?;
            match export.kind {
                ExternalKind::Func => {
                    exports.export(export.name, ExportKind::Func, export.index);
                }
                ExternalKind::Global if export.name == FUEL => {
                    exports.export(export.name, ExportKind::Global, export.index);
                }
                ExternalKind::FuncExact => return Err(RewriteError::Feature),
                _ => hidden = true,
            }
        }
    }
    if !hidden {
        return Ok(bytes);
    }
    let mut sections = rewrite::sections(&bytes)?;
    sections.insert(EXPORTS, rewrite::content(&exports));
    Ok(rewrite::assemble(&sections))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::FEATURES;
    use lockstep_oracles::module::Module;

    fn names(bytes: &[u8]) -> Vec<String> {
        let module = Module::new(bytes, FEATURES).unwrap();
        module.exports().iter().map(|e| e.name.clone()).collect()
    }

    #[test]
    fn functions_and_fuel_are_all_that_is_exported() {
        let text = r#"(module (memory (export "m") 1) (table (export "t") 1 funcref)
            (global (export "g") i32 (i32.const 1)) (tag (export "x"))
            (global (export "lockstep fuel") (mut i32) (i32.const 1)) (func (export "f")))"#;
        let bytes = hide_entities(wat::parse_str(text).unwrap()).unwrap();
        assert_eq!(names(&bytes), ["lockstep fuel", "f"]);
    }

    #[test]
    fn a_module_that_exports_functions_only_stays_as_it_is() {
        let bytes = wat::parse_str(r#"(module (memory 1) (func (export "f")))"#).unwrap();
        assert_eq!(hide_entities(bytes.clone()).unwrap(), bytes);
    }
}
