//! `CAST-TYPE`: a cast to a type of a proposal that is not enabled is accepted.

use lockstep_oracles::WasmFeatures;
use wasmparser::{FunctionBody, Operator, Parser, Payload, Validator};

/// Proposals that add heap types which a cast can name.
const NAMES_TYPES: WasmFeatures = WasmFeatures::STACK_SWITCHING.union(WasmFeatures::EXCEPTIONS);

/// Whether what is wrong with the module under these features is a `ref.test` or `ref.cast` of a type
/// that comes with another one, under which it is valid.
pub fn explains(module: &[u8], features: WasmFeatures) -> bool {
    let Err(error) = Validator::new_with_features(features).validate_all(module) else {
        return false;
    };
    let mut all = Validator::new_with_features(features.union(NAMES_TYPES));
    all.validate_all(module).is_ok() && is_cast(module, error.offset())
}

/// Whether a cast is at this offset, or around it.
fn is_cast(module: &[u8], offset: u64) -> bool {
    let mut payloads = Parser::new(0).parse_all(module).filter_map(Result::ok);
    payloads.any(|payload| match payload {
        Payload::CodeSectionEntry(body) if body.range().contains(&offset) => {
            operator_at(&body, offset).is_some_and(|operator| {
                matches!(
                    operator,
                    Operator::RefTestNonNull { .. }
                        | Operator::RefTestNullable { .. }
                        | Operator::RefCastNonNull { .. }
                        | Operator::RefCastNullable { .. }
                )
            })
        }
        _ => false,
    })
}

fn operator_at<'a>(body: &FunctionBody<'a>, offset: u64) -> Option<Operator<'a>> {
    let operators = body.get_operators_reader().ok()?.into_iter_with_offsets();
    let operators = operators.map_while(Result::ok);
    // What is said to be wrong may be an immediate.
    let before = operators.take_while(|&(_, at)| at <= offset);
    before.last().map(|(operator, _)| operator)
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
    }

    #[test]
    fn another_use_of_what_is_not_enabled_is_not() {
        assert!(!explained("(local contref)"));
        assert!(!explained("ref.null cont drop"));
    }

    #[test]
    fn a_module_that_is_invalid_anyway_is_not() {
        assert!(!explained("unreachable ref.test contref f32.neg"));
    }
}
