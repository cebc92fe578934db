//! Whether a host can provide what a module imports: no type of the module's own, and nothing whose
//! only values the module makes.

use lockstep_oracles::ValType;
use wasmparser::{
    CompositeInnerType, HeapType, Parser, Payload, RefType, SubType, TagType, TypeRef,
};

/// Whether every import can be provided from outside; of a binary that does not decode, no.
///
/// A function or tag must be of a type that stands alone and names none of the module's; what a
/// function returns, a global or a table holds must have null among its values. A shared memory
/// belongs to no store.
pub(super) fn can_provide(wasm: &[u8]) -> bool {
    imports(wasm).is_ok_and(|all| all)
}

fn imports(wasm: &[u8]) -> Result<bool, wasmparser::BinaryReaderError> {
    let mut types: Vec<Option<SubType>> = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(reader) => {
                for group in reader {
                    let group = group?;
                    let alone = group.types().len() == 1;
                    types.extend(group.into_types().map(|ty| alone.then_some(ty)));
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    if !provides(&types, import?.ty) {
                        return Ok(false);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(true)
}

fn provides(types: &[Option<SubType>], ty: TypeRef) -> bool {
    match ty {
        TypeRef::Func(index) => is_plain(types, index, can_make),
        TypeRef::Tag(TagType { func_type_idx, .. }) => is_plain(types, func_type_idx, can_make),
        TypeRef::Global(ty) => can_make(ty.content_type),
        TypeRef::Table(ty) => can_make(ValType::Ref(ty.element_type)),
        TypeRef::Memory(ty) => !ty.shared,
        TypeRef::FuncExact(_) => false,
    }
}

fn is_plain(types: &[Option<SubType>], index: u32, result: fn(ValType) -> bool) -> bool {
    let Some(Some(ty)) = types.get(index as usize) else {
        return false;
    };
    let CompositeInnerType::Func(function) = &ty.composite_type.inner else {
        return false;
    };
    ty.is_final
        && ty.supertype_idxs.is_empty()
        && function.params().iter().all(|&ty| is_known(ty))
        && function.results().iter().all(|&ty| result(ty))
}

/// Whether the type means the same in every module.
fn is_known(ty: ValType) -> bool {
    match ty {
        ValType::Ref(ty) => matches!(ty.heap_type(), HeapType::Abstract { shared: false, .. }),
        _ => true,
    }
}

/// Whether a host has a value of the type.
fn can_make(ty: ValType) -> bool {
    is_known(ty) && !matches!(ty, ValType::Ref(ty) if !RefType::is_nullable(&ty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_alone_can_be_provided() {
        for (import, provided) in [
            (
                "(import \"a\" \"b\" (func (param (ref any)) (result (ref null i31) i32)))",
                true,
            ),
            ("(import \"a\" \"b\" (func (result (ref any))))", false),
            ("(import \"a\" \"b\" (func (param (ref $s))))", false),
            ("(import \"a\" \"b\" (func (type $open)))", false),
            ("(import \"a\" \"b\" (func (type $grouped)))", false),
            ("(import \"a\" \"b\" (tag (param exnref i64)))", true),
            ("(import \"a\" \"b\" (tag (param (ref null $s))))", false),
            ("(import \"a\" \"b\" (global (mut structref)))", true),
            ("(import \"a\" \"b\" (global (ref null $s)))", false),
            ("(import \"a\" \"b\" (memory i64 1))", true),
            ("(import \"a\" \"b\" (memory 1 1 shared))", false),
            ("(import \"a\" \"b\" (table 1 (ref null $s)))", false),
            ("(import \"a\" \"b\" (table i64 1 funcref))", true),
        ] {
            let text = format!(
                "(module (type $s (struct)) (type $open (sub (func)))
                   (rec (type $grouped (func)) (type (func)))
                   {import})"
            );
            let wasm = wat::parse_str(&text).unwrap();
            assert_eq!(can_provide(&wasm), provided, "{import}");
        }
    }
}
