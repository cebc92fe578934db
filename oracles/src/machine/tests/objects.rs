//! Structures and arrays as the embedder sees them.

use super::*;
use crate::types::CompositeType;
use wasmparser::RefType;

#[test]
fn an_object_keeps_its_identity_and_shows_its_fields() {
    let mut p = program(
        r#"(module
            (type $s (struct (field (mut i8)) (field f64)))
            (global $kept (export "kept") (mut (ref null $s)) (ref.null $s))
            (func (export "make") (result (ref $s))
                (global.set $kept (struct.new $s (i32.const 0x1ff) (f64.const 1)))
                (ref.as_non_null (global.get $kept)))
            (func (export "set") (struct.set $s 0 (global.get $kept) (i32.const 0x180)))
            (func (export "get") (result i32) (struct.get_s $s 0 (global.get $kept))))"#,
    );
    assert_eq!(p.call("make", &[]), Stop::Return);
    let Value::Ref(Ref::Struct(addr), ty) = p.results()[0] else {
        panic!("{:?} is no structure", p.results());
    };
    let kept = p.machine.store.instance(p.instance).globals[0];
    assert_eq!(
        p.machine.store.global(kept).value,
        Ref::Struct(addr).to_cell()
    );
    let object = p.machine.store.heap().object(addr);
    assert_eq!(*object.fields, [Cell(0xff), Cell(1_f64.to_bits().into())]);
    let definition = p.machine.store.types().get(object.ty);
    assert!(matches!(definition.composite, CompositeType::Struct(_)));
    assert!(!ty.is_nullable());

    assert_eq!(p.call("set", &[]), Stop::Return);
    assert_eq!(p.machine.store.heap().object(addr).fields[0], Cell(0x80));
    assert_eq!(p.call("get", &[]), Stop::Return);
    assert_eq!(p.results(), i32s(&[0xffff_ff80]));
}

#[test]
fn an_object_beyond_the_limit_is_not_made() {
    let mut p = program(
        r#"(module (type $a (array i64))
            (func (export "f") (param i32) (drop (array.new_default $a (local.get 0)))))"#,
    );
    assert_eq!(p.call("f", &[900]), Stop::Return);
    for size in [900, u32::MAX] {
        assert_eq!(p.call("f", &[size]), Stop::Exhausted(Exhaustion::Heap));
        assert_eq!(
            (p.op().as_str(), p.operands()),
            ("array.new_default", i32s(&[size]))
        );
        p.machine.unwind();
    }
    assert_eq!(p.machine.store.heap().num_objects(), 1);
}

#[test]
fn objects_are_passed_by_what_they_are() {
    let mut p = program(
        r#"(module
            (type $top (sub (struct))) (type $sub (sub $top (struct (field i32))))
            (type $other (struct (field i64)))
            (func (export "top") (result (ref $top)) (struct.new $top))
            (func (export "sub") (result (ref $top)) (struct.new $sub (i32.const 1)))
            (func (export "other") (result anyref) (struct.new_default $other))
            (func (export "take") (param (ref null $sub)))
            (func (export "any") (param anyref externref i31ref)))"#,
    );
    let mut make = |name| {
        assert_eq!(p.call(name, &[]), Stop::Return);
        p.results()[0]
    };
    let (top, sub, other) = (make("top"), make("sub"), make("other"));
    let null = Value::Ref(Ref::Null, RefType::NULLREF);
    let take = p.func("take");
    for (value, fits) in [(sub, true), (null, true), (top, false), (other, false)] {
        assert_eq!(p.machine.invoke(take, &[value]).is_ok(), fits, "{value}");
    }
    let any = p.func("any");
    let host = Value::Ref(Ref::Extern(3), RefType::ANYREF);
    let i31 = Value::Ref(Ref::I31(1), RefType::I31REF);
    let foreign = Value::Ref(Ref::Null, RefType::NULLFUNCREF);
    assert_eq!(p.machine.invoke(any, &[host, host, i31]), Ok(()));
    assert_eq!(p.machine.invoke(any, &[i31, other, i31]), Ok(()));
    assert!(p.machine.invoke(any, &[foreign, host, i31]).is_err());
    assert!(p.machine.invoke(any, &[host, host, top]).is_err());
}

#[test]
fn a_failed_cast_shows_its_operand() {
    let mut p = program(
        r#"(module (type $s (struct))
            (func (export "f") (result (ref $s)) (ref.cast (ref $s) (ref.i31 (i32.const 5)))))"#,
    );
    assert_eq!(p.call("f", &[]), Stop::Trap(Trap::CastFailure));
    assert_eq!(p.op(), "ref.cast");
    assert_eq!(p.operands()[0].cell(), Ref::I31(5).to_cell());
}

#[test]
fn a_reference_survives_both_conversions() {
    let mut p = program(
        r#"(module (type $s (struct))
            (func (export "f") (param externref) (result i32 externref)
                (local anyref)
                (local.set 1 (struct.new $s))
                (ref.eq (ref.cast eqref (any.convert_extern (extern.convert_any (local.get 1))))
                    (ref.cast eqref (local.get 1)))
                (extern.convert_any (any.convert_extern (local.get 0)))))"#,
    );
    let f = p.func("f");
    let external = Value::Ref(Ref::Extern(9), RefType::EXTERNREF);
    p.machine.invoke(f, &[external]).expect("it fits");
    assert_eq!(p.machine.run(&NoSequencePoint), Stop::Return);
    assert_eq!(p.results(), [Value::I32(1), external]);
}
