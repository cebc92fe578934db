//! `CAST-TYPE`: a cast to a type of a proposal that is not enabled is accepted.

use lockstep_oracles::WasmFeatures;
use wasmparser::{AbstractHeapType, HeapType, Operator, Parser, Payload, Validator};

/// Encoding of the heap type `func`, which needs no proposal that casts do not need.
const FUNC: u8 = 0x70;

/// Whether a module is not valid with these features for nothing else than that a `ref.test` or
/// `ref.cast` names a type that comes with another: with a type that is there it is valid.
pub fn explains(module: &[u8], features: WasmFeatures) -> bool {
    let is_valid = |module: &[u8]| {
        Validator::new_with_features(features)
            .validate_all(module)
            .is_ok()
    };
    let casts = foreign_casts(module, features).unwrap_or_default();
    if casts.is_empty() || is_valid(module) {
        return false;
    }
    let mut replaced = module.to_vec();
    for at in casts {
        replaced[at] = FUNC;
    }
    is_valid(&replaced)
}

/// Where the types stand that casts name and that these features lack, each of one byte.
fn foreign_casts(module: &[u8], features: WasmFeatures) -> wasmparser::Result<Vec<usize>> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CodeSectionEntry(body) = payload? else {
            continue;
        };
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            if names_foreign(&operators.read()?, features) {
                found.push(operators.original_position() as usize - 1);
            }
        }
    }
    Ok(found)
}

fn names_foreign(operator: &Operator<'_>, features: WasmFeatures) -> bool {
    let (Operator::RefTestNonNull { hty }
    | Operator::RefTestNullable { hty }
    | Operator::RefCastNonNull { hty }
    | Operator::RefCastNullable { hty }) = operator
    else {
        return false;
    };
    let HeapType::Abstract { shared: false, ty } = hty else {
        return false;
    };
    match ty {
        AbstractHeapType::Cont | AbstractHeapType::NoCont => !features.stack_switching(),
        AbstractHeapType::Exn | AbstractHeapType::NoExn => !features.exceptions(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(function: &str) -> bool {
        let wat = format!("(module (func {function}))");
        explains(&wat::parse_str(wat).unwrap(), WasmFeatures::WASM3)
    }

    #[test]
    fn only_a_cast_to_what_is_not_enabled_is_known() {
        assert!(explained("unreachable ref.test contref drop"));
        assert!(explained("unreachable ref.cast (ref null nocont) drop"));
        assert!(!explained("unreachable ref.test anyref drop"));
        assert!(!explained("unreachable ref.test exnref drop"));
    }

    #[test]
    fn another_use_of_what_is_not_enabled_is_not() {
        assert!(!explained("(local contref)"));
        assert!(!explained("ref.null cont drop"));
        assert!(!explained("ref.null cont ref.test contref drop"));
    }

    #[test]
    fn a_module_that_is_invalid_anyway_is_not() {
        assert!(!explained("unreachable ref.test contref f32.neg"));
    }
}
