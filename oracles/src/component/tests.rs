//! The Canonical ABI, held against the specification's text.

use super::*;
use crate::memory::Memory;
use crate::value::Value;
use wasmparser::{MemoryType, ValType, WasmFeatures};

fn component(text: &str) -> Result<Component, ComponentError> {
    decode(&wat::parse_str(text).unwrap(), WasmFeatures::WASM3)
}

/// The type of the parameter of a function that is lifted with this type.
fn ty(text: &str) -> Type {
    let text = format!(
        r#"(component
             (core module $m
               (memory (export "memory") 1)
               (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
               (func (export "f") (param i32)))
             (core instance $i (instantiate $m))
             (type $record (record (field "v" {text})))
             (export $t "t" (type $record))
             (func $f (param "x" (list $t))
               (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
             (export "f" (func $f)))"#
    );
    let text = text.replace(r#"(param i32)))"#, r#"(param i32 i32)))"#);
    let component = component(&text).unwrap();
    let Type::List(record) = &component.lifted[0].ty.params[0].1 else {
        panic!("no list")
    };
    record.fields().unwrap()[0].clone()
}

fn memory() -> Memory {
    Memory::new(MemoryType {
        memory64: false,
        shared: false,
        initial: 1,
        maximum: None,
        page_size_log2: None,
    })
}

fn text(text: &str, source: Source) -> Val {
    Val::String(Text {
        text: text.to_owned(),
        source,
    })
}

/// Lowers one value with an allocator that only ever goes up; the calls of `realloc`, and the core values.
fn lower(
    encoding: Encoding,
    value: Val,
    ty: &Type,
    memory: &mut Memory,
) -> (Vec<[u32; 4]>, Vec<Value>) {
    let mut lowering = Lowering::new(
        encoding,
        vec![value],
        &[ty],
        MAX_FLAT_PARAMS,
        Out::Allocated,
    );
    let mut calls = Vec::new();
    let mut next = 64;
    let mut returned = None;
    while let Step::Realloc(args) = lowering.step(Some(memory), returned).unwrap() {
        calls.push(args);
        let [old, size, align, new] = args;
        let at = u32::div_ceil(next, align) * align;
        next = at + new;
        let kept = memory.bytes()[old as usize..(old + size.min(new)) as usize].to_vec();
        memory.write(at.into(), &kept).unwrap();
        returned = Some(at);
    }
    (calls, lowering.values().to_vec())
}

#[test]
fn layouts_are_those_of_the_specification() {
    use ValType::{F32, F64, I32, I64};
    for (written, align, bytes, flat_types) in [
        ("u8", 1, 1, &[I32][..]),
        ("s64", 8, 8, &[I64]),
        ("f32", 4, 4, &[F32]),
        ("f64", 8, 8, &[F64]),
        ("string", 4, 8, &[I32, I32]),
        ("(tuple u8 u32 u8)", 4, 12, &[I32, I32, I32]),
        ("(option u8)", 1, 2, &[I32, I32]),
        ("(option u64)", 8, 16, &[I32, I64]),
        ("(result f32 (error u32))", 4, 8, &[I32, I32]),
        ("(result f32 (error f64))", 8, 16, &[I32, I64]),
        ("(result string)", 4, 12, &[I32, I32, I32]),
    ] {
        let ty = ty(written);
        assert_eq!(
            (alignment(&ty), size(&ty), flat(&ty).as_slice()),
            (align, bytes, flat_types),
            "{written}"
        );
    }
}

#[test]
fn what_is_lowered_is_lifted_again() {
    let ty = ty("(tuple (list (tuple u8 string)) (option f32) (result (error char)) s8)");
    let args = r#"([(1, "one"), (255, "")], some(1.5), err('é'), -128)"#;
    let value = parse_args(args, &[&ty]).unwrap().remove(0);
    let mut memory = memory();
    let (_, core) = lower(Encoding::Utf8, value.clone(), &ty, &mut memory);
    let lifted = lift_flat_values(memory.bytes(), Encoding::Utf8, 16, &core, &[&ty]).unwrap();
    assert_eq!(lifted, std::slice::from_ref(&value));
    assert_eq!(written(&value, &ty), args);
}

#[test]
fn strings_are_allocated_as_the_specification_says() {
    use Encoding::{Latin1OrUtf16, Utf8, Utf16};
    type Row<'a> = (&'a str, Source, Encoding, &'a [[u32; 3]], u32);
    let rows: [Row<'_>; 11] = [
        ("añ", Source::Utf8, Utf8, &[[0, 1, 3]], 3),
        ("añ", Source::Utf8, Utf16, &[[0, 2, 6], [6, 2, 4]], 2),
        ("ab", Source::Utf8, Utf16, &[[0, 2, 4]], 2),
        (
            "añ",
            Source::Utf8,
            Latin1OrUtf16,
            &[[0, 2, 3], [3, 2, 2]],
            2,
        ),
        (
            "aw€",
            Source::Utf8,
            Latin1OrUtf16,
            &[[0, 2, 5], [5, 2, 10], [10, 2, 6]],
            3 | 1 << 31,
        ),
        ("ab", Source::Utf16, Utf8, &[[0, 1, 2]], 2),
        (
            "añ",
            Source::Utf16,
            Utf8,
            &[[0, 1, 2], [2, 1, 6], [6, 1, 3]],
            3,
        ),
        (
            "añ",
            Source::Latin1,
            Utf8,
            &[[0, 1, 2], [2, 1, 4], [4, 1, 3]],
            3,
        ),
        ("añ", Source::Latin1, Utf16, &[[0, 2, 4]], 2),
        ("añ", Source::Latin1, Latin1OrUtf16, &[[0, 2, 2]], 2),
        (
            "ab",
            Source::TaggedUtf16,
            Latin1OrUtf16,
            &[[0, 2, 4], [4, 1, 2]],
            2,
        ),
    ];
    for (own, source, encoding, reallocs, length) in rows {
        let mut memory = memory();
        let (calls, core) = lower(encoding, text(own, source), &Type::String, &mut memory);
        let calls: Vec<[u32; 3]> = calls
            .iter()
            .map(|&[_, old, align, new]| [old, align, new])
            .collect();
        assert_eq!(calls, reallocs, "{own} from {source:?} to {encoding:?}");
        assert_eq!(
            core[1],
            Value::I32(length),
            "{own} from {source:?} to {encoding:?}"
        );
        let lifted = lift_flat_values(memory.bytes(), encoding, 16, &core, &[&Type::String]);
        assert_eq!(lifted, Ok(vec![text(own, source)]));
    }
}

#[test]
fn what_must_trap_traps() {
    let memory = memory();
    let lift = |types: &[&Type], core: &[Value]| {
        lift_flat_values(memory.bytes(), Encoding::Utf16, 16, core, types)
    };
    let [one, end] = [1, 65_534].map(Value::I32);
    assert_eq!(lift(&[&Type::String], &[one, one]), Err(AbiTrap::Unaligned));
    let two = Value::I32(2);
    assert_eq!(
        lift(&[&Type::String], &[end, two]),
        Err(AbiTrap::OutOfBounds)
    );
    let list = Type::List(Arc::new(Type::U32));
    assert_eq!(lift(&[&list], &[two, one]), Err(AbiTrap::Unaligned));
    assert_eq!(
        lift(&[&Type::Char], &[Value::I32(0xd800)]),
        Err(AbiTrap::Char)
    );
    let option = Type::Option(Arc::new(Type::U8));
    assert_eq!(lift(&[&option], &[two, two]), Err(AbiTrap::Case));
}

#[test]
fn integers_are_cut_to_their_width_and_flags_to_their_number() {
    let lift =
        |ty: &Type, bits| lift_flat_values(&[], Encoding::Utf8, 16, &[Value::I32(bits)], &[ty]);
    assert_eq!(lift(&Type::S8, 0x1ff), Ok(vec![Val::Signed(-1)]));
    assert_eq!(lift(&Type::U16, 0x5_0001), Ok(vec![Val::Unsigned(1)]));
    assert_eq!(lift(&Type::Bool, 2), Ok(vec![Val::Bool(true)]));
    let flags = Type::Flags(["a", "b"].map(str::to_owned).into());
    assert_eq!(lift(&flags, 7), Ok(vec![Val::Flags(3)]));
}

#[test]
fn a_component_is_flattened_in_the_order_of_its_instances() {
    let component = component(
        r#"(component
             (component $inner
               (import "log" (func $log (param "x" u32)))
               (core func $log' (canon lower (func $log)))
               (core module $m
                 (import "env" "log" (func $log (param i32)))
                 (func (export "go") (param i32) (call $log (local.get 0))))
               (core instance $i (instantiate $m (with "env" (instance (export "log" (func $log'))))))
               (func (export "go") (param "x" u32) (canon lift (core func $i "go"))))
             (core module $logger (func (export "log") (param i32)))
             (core instance $logger (instantiate $logger))
             (func $log (param "x" u32) (canon lift (core func $logger "log")))
             (instance $one (instantiate $inner (with "log" (func $log))))
             (instance $two (instantiate $inner (with "log" (func $one "go"))))
             (export "two" (instance $two))
             (export "go" (func $one "go")))"#,
    )
    .unwrap();
    let modules: Vec<u32> = component
        .instantiations
        .iter()
        .map(|step| step.module)
        .collect();
    assert_eq!(modules, [0, 1, 1]);
    assert_eq!(component.instantiations[2].imports, [CoreItem::Lowered(1)]);
    let callees: Vec<Callee> = component
        .lowered
        .iter()
        .map(|lowered| lowered.callee)
        .collect();
    assert_eq!(callees, [Callee::Lifted(0), Callee::Lifted(1)]);
    let names: Vec<&str> = component
        .exports
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["two#go", "go"]);
}

#[test]
fn what_is_not_implemented_is_said() {
    for (text, what) in [
        (r#"(component (import "f" (func)))"#, "the import `f`"),
        (
            r#"(component (type $r (resource (rep i32))) (core func (canon resource.new $r)))"#,
            "ResourceNew",
        ),
    ] {
        match component(text) {
            Err(ComponentError::Unsupported(why)) => assert!(why.contains(what), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Characters that are escaped are read as they are written.
#[test]
fn strings_are_read_as_they_are_written() {
    let types = [Type::String, Type::Char];
    for c in [
        '\0',
        '\r',
        '\n',
        '\t',
        '\'',
        '"',
        '\\',
        '\u{7f}',
        '\u{301}',
        'é',
        '\u{10ffff}',
    ] {
        let values = [
            Val::String(Text {
                text: format!("a{c}b"),
                source: Source::Utf8,
            }),
            Val::Char(c),
        ];
        for (value, ty) in values.iter().zip(&types) {
            let text = written(value, ty);
            assert_eq!(
                parse_args(&text, &[ty]).as_deref(),
                Ok(std::slice::from_ref(value)),
                "{text}"
            );
        }
    }
}
