//! `IF-WITHOUT-ELSE`: a conditional without `else` whose parameters are subtypes of its results.

use wasmparser::{BlockType, Operator, Parser, Payload, Validator, WasmFeatures};

/// The compiler's own crate, of which a panic names the file.
const COMPILER: &str = "cranelift-codegen-";

/// Whether the panic is the compiler's, of a module that has such a conditional.
pub fn explains(module: &[u8], panic: &str) -> bool {
    panic.contains(COMPILER) && has_one(module).unwrap_or_default()
}

/// Whether a valid module has a conditional without `else` whose parameters have other types than its results:
/// validation lets what is there without it be a subtype of what is there behind it.
fn has_one(module: &[u8]) -> wasmparser::Result<bool> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut found = false;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let Payload::CodeSectionEntry(body) = &payload else {
            validator.payload(&payload)?;
            continue;
        };
        validator.payload(&payload)?;
        let types = validator.types(0);
        let converts = |ty: &BlockType| match ty {
            BlockType::FuncType(index) => types.is_some_and(|types| {
                let id = types.core_type_at_in_module(*index);
                let ty = types[id].unwrap_func();
                ty.params() != ty.results()
            }),
            BlockType::Empty | BlockType::Type(_) => false,
        };
        // For each open block whether it is a conditional that converts and has had no `else`.
        let mut open = Vec::new();
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::If { blockty } => open.push(converts(&blockty)),
                Operator::Block { .. } | Operator::Loop { .. } | Operator::TryTable { .. } => {
                    open.push(false);
                }
                Operator::Else => open.last_mut().into_iter().for_each(|bare| *bare = false),
                Operator::End => found |= open.pop().unwrap_or_default(),
                _ => {}
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(body: &str) -> bool {
        let text = format!(
            "(module (func (export \"f\") (param (ref null struct)) (result i32) local.get 0 {body} ref.is_null))"
        );
        has_one(&wat::parse_str(text).unwrap()).unwrap()
    }

    #[test]
    fn only_one_that_converts_and_has_no_else_is_known() {
        let converts = "(param (ref null struct)) (result anyref)";
        assert!(has(&format!("i32.const 0 if {converts} end")));
        assert!(has(&format!("i32.const 0 if {converts} block end nop end")));
        assert!(!has(&format!("i32.const 0 if {converts} else end")));
        assert!(!has("i32.const 0 if (param anyref) (result anyref) end"));
        assert!(!has(&format!("block {converts} end")));
        assert!(!has("i32.const 0 if end"));
    }

    #[test]
    fn only_the_compiler_s_panics_are_known() {
        let text = "(module (func (param (ref null struct)) (result anyref)
            local.get 0 i32.const 0 if (param (ref null struct)) (result anyref) end))";
        let module = wat::parse_str(text).unwrap();
        assert!(explains(
            &module,
            "a panic (cranelift-codegen-0.129.2/src/alias_analysis.rs:232)"
        ));
        assert!(!explains(
            &module,
            "a panic (wasmtime-42.0.2/src/runtime/store.rs:1)"
        ));
    }
}
