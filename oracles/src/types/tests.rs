//! When two types are one, and what matches what: each test is a module's type section.

use super::*;
use crate::module::Module;
use wasmparser::{AbstractHeapType, WasmFeatures};

/// Types of a module that has only a type section, numbered in `types`.
fn section(types: &mut Types, wat: &str) -> Vec<TypeId> {
    let bytes = wat::parse_str(format!("(module {wat})")).expect("the text is a module");
    let module = Module::new(&bytes, WasmFeatures::WASM3).expect("the module is valid");
    types.of_module(&module)
}

fn concrete(id: TypeId) -> HeapType {
    HeapType::Concrete(UnpackedIndex::Module(id.0))
}

fn abstract_type(ty: AbstractHeapType) -> HeapType {
    HeapType::Abstract { shared: false, ty }
}

#[test]
fn equal_groups_of_two_modules_are_one() {
    let mut types = Types::default();
    let group = "(rec (type $a (struct (field (ref null $b)))) (type $b (array (ref $a))))";
    let first = section(&mut types, group);
    let second = section(&mut types, &format!("(type (func)) {group}"));
    assert_eq!(first, second[1..]);
    assert_eq!(types.len(), 3);
}

#[test]
fn a_group_is_more_than_its_members() {
    let mut types = Types::default();
    let alone = section(&mut types, "(type (struct))");
    let in_group = section(&mut types, "(rec (type (struct)) (type (func)))");
    let reversed = section(&mut types, "(rec (type (func)) (type (struct)))");
    assert!(!in_group.contains(&alone[0]));
    assert!(!reversed.contains(&in_group[0]));
}

#[test]
fn finality_and_the_supertype_are_part_of_a_type() {
    let mut types = Types::default();
    let ids = section(
        &mut types,
        "(type $a (sub (func))) (type $b (sub $a (func))) (type $c (sub final (func))) (type (func))",
    );
    assert_ne!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    assert_eq!(ids[2], ids[3]);
    let plain = types.as_func(ids[3]).clone();
    assert_eq!(types.func(&plain), ids[3]);
    assert!(types.is_subtype(ids[1], ids[0]) && types.is_subtype(ids[1], ids[1]));
    assert!(!types.is_subtype(ids[0], ids[1]) && !types.is_subtype(ids[2], ids[0]));
}

#[test]
fn a_reference_to_an_equal_type_makes_equal_types() {
    let mut types = Types::default();
    let ids = section(
        &mut types,
        "(type $f (func)) (type $g (func)) (type (struct (field (ref $f)))) (type (struct (field (ref $g))))",
    );
    assert_eq!((ids[0], ids[2]), (ids[1], ids[3]));
}

#[test]
fn concrete_types_are_between_their_kind_and_its_bottom() {
    use AbstractHeapType as T;
    let mut types = Types::default();
    let ids = section(
        &mut types,
        "(type (struct)) (type (array i8)) (type (func))",
    );
    let rows = [
        (ids[0], [T::Struct, T::Eq, T::Any], T::None, T::Array),
        (ids[1], [T::Array, T::Eq, T::Any], T::None, T::I31),
        (ids[2], [T::Func, T::Func, T::Func], T::NoFunc, T::Any),
    ];
    for (id, above, bottom, other) in rows {
        for above in above {
            assert!(types.heap_matches(concrete(id), abstract_type(above)));
            assert!(!types.heap_matches(abstract_type(above), concrete(id)));
        }
        assert!(types.heap_matches(abstract_type(bottom), concrete(id)));
        assert!(!types.heap_matches(concrete(id), abstract_type(bottom)));
        assert!(!types.heap_matches(concrete(id), abstract_type(other)));
    }
}

#[test]
fn abstract_types_match_as_the_specification_orders_them() {
    use AbstractHeapType::*;
    let all = [
        Func, NoFunc, Extern, NoExtern, Exn, NoExn, Any, Eq, I31, Struct, Array, None,
    ];
    // What is above each type, itself excepted.
    let above = |ty| match ty {
        NoFunc => vec![Func],
        NoExtern => vec![Extern],
        NoExn => vec![Exn],
        Eq => vec![Any],
        I31 | Struct | Array => vec![Eq, Any],
        None => vec![I31, Struct, Array, Eq, Any],
        _ => vec![],
    };
    let types = Types::default();
    for a in all {
        for b in all {
            let matches = a == b || above(a).contains(&b);
            let actual = types.heap_matches(abstract_type(a), abstract_type(b));
            assert_eq!(actual, matches, "{a:?} <: {b:?}");
        }
    }
}

#[test]
fn null_is_of_nullable_types_only() {
    let types = Types::default();
    assert!(types.ref_matches(RefType::FUNC, RefType::FUNCREF));
    assert!(!types.ref_matches(RefType::FUNCREF, RefType::FUNC));
    assert!(types.val_matches(ValType::I32, ValType::I32));
    assert!(!types.val_matches(ValType::I32, ValType::FUNCREF));
}
