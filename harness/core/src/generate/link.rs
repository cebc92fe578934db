//! Makes a module that provides another's imported functions and tags, so that two modules are
//! linked.

use super::rewrite::{self, CODE, IMPORTS};
use lockstep_oracles::ValType;
use lockstep_oracles::module::{Export, ExternKind, ExternType, FuncType, Module};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, CustomSection, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, HeapType, ImportSection, Instruction,
    Section as _, TagKind, TagSection, TagType, TypeSection,
};
use wasmparser::{Parser, Payload, TypeRef};

/// What the functions of a provider look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// A global of the host's.
    Global,
    /// What a function of the host's or of a third module's returns.
    Function,
}

/// The module that a provider imports from.
pub(super) const SEEN_IN: &str = "host";

/// What it imports.
pub(super) const SEEN: &str = "seen";

/// A module that exports, under the same names, every function and tag that `module` imports from
/// `name`. `None` if there is none, or one name is wanted twice, or a type is the module's own.
///
/// Its functions return their first parameter of each result's type, or a zero; on the way they look at
/// something of the host's or of a third module's, so that there is something to see. By what that is, every
/// second throws: the first tag, or one of its own of a tag's type, which nobody else has: with the index that a tag
/// has in `module`, which defines it, if there is one. Without tags every fourth traps.
pub(super) fn provider(module: &Module, name: &str, sight: Sight) -> Option<Vec<u8>> {
    let own = match sight {
        Sight::Global => 0,
        Sight::Function => 1,
    };
    let mut types = TypeSection::new();
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    let mut tags = TagSection::new();
    let mut names = std::collections::BTreeSet::new();
    let thrown = module.imports().iter().find_map(|import| match &import.ty {
        ExternType::Tag(ty) if import.module == name => Some(ty),
        _ => None,
    });
    let wanted = module.imports().iter();
    let wanted = wanted.filter(|import| import.module == name);
    let exported_tags = wanted.filter(|import| matches!(import.ty, ExternType::Tag(_)));
    let exported_tags = exported_tags.count() as u32;
    let own_tag = namesake(module, exported_tags).or(thrown.map(|ty| (ty, exported_tags)));
    for import in module.imports() {
        let (ExternType::Func(ty) | ExternType::Tag(ty)) = &import.ty else {
            continue;
        };
        if import.module != name {
            continue;
        }
        if !names.insert(&import.name) {
            return None;
        }
        let func_type_idx = types.len();
        types
            .ty()
            .function(encoded(&ty.params)?, encoded(&ty.results)?);
        if let ExternType::Tag(_) = import.ty {
            exports.export(&import.name, ExportKind::Tag, tags.len());
            tags.tag(TagType {
                kind: TagKind::Exception,
                func_type_idx,
            });
            continue;
        }
        exports.export(&import.name, ExportKind::Func, own + functions.len());
        let end = match functions.len() % 4 {
            1 => thrown.map(|ty| (ty, 0)).or(own_tag).map(Early::Throw),
            3 => Some(own_tag.map_or(Early::Trap, Early::Throw)),
            _ => None,
        };
        functions.function(func_type_idx);
        code.function(&body(ty, sight, end));
    }
    if names.is_empty() {
        return None;
    }
    if let Some((ty, index)) = own_tag {
        types.ty().function([], []);
        types.ty().function(encoded(&ty.params)?, []);
        // Those before it carry nothing.
        for number in exported_tags..=index {
            tags.tag(TagType {
                kind: TagKind::Exception,
                func_type_idx: types.len() - if number == index { 1 } else { 2 },
            });
        }
    }
    let mut imports = ImportSection::new();
    let seen = match sight {
        Sight::Global => EntityType::Global(GlobalType {
            val_type: wasm_encoder::ValType::I32,
            mutable: false,
            shared: false,
        }),
        Sight::Function => {
            types.ty().function([], [wasm_encoder::ValType::I32]);
            EntityType::Function(types.len() - 1)
        }
    };
    imports.import(SEEN_IN, SEEN, seen);
    let mut out = wasm_encoder::Module::new();
    out.section(&types).section(&imports).section(&functions);
    if !tags.is_empty() {
        out.section(&tags);
    }
    out.section(&exports).section(&code);
    Some(out.finish())
}

/// The last tag that a module defines with an index among these from this one on, and of a type that another module can
/// have, too.
fn namesake(module: &Module, from: u32) -> Option<(&FuncType, u32)> {
    let imported = module.num_imported_tags();
    let defined = (from..module.num_tags() - imported).rev();
    let mut own = defined.map(|index| (module.tag_type(imported + index), index));
    own.find(|(ty, _)| encoded(&ty.params).is_some())
}

/// A module that exports the function that a provider of [`Sight::Function`] imports: it calls one of its own,
/// which counts in a global.
pub(super) fn innermost() -> Vec<u8> {
    let i32 = wasm_encoder::ValType::I32;
    let mut types = TypeSection::new();
    types.ty().function([], [i32]);
    let mut functions = FunctionSection::new();
    functions.function(0).function(0);
    let globals = counter(0);
    let mut exports = ExportSection::new();
    exports.export(SEEN, ExportKind::Func, 0);
    let mut code = CodeSection::new();
    let mut seen = Function::new([]);
    seen.instructions().call(1).i32_const(1).i32_sub().end();
    let mut count = Function::new([(1, i32)]);
    let mut body = count.instructions();
    body.global_get(0).i32_const(1).i32_add().local_tee(0);
    body.global_set(0).local_get(0).end();
    code.function(&seen).function(&count);
    let mut out = wasm_encoder::Module::new();
    out.section(&types).section(&functions).section(&globals);
    out.section(&exports).section(&code);
    out.finish()
}

/// A global that counts, from this number on.
fn counter(first: i32) -> GlobalSection {
    let mut globals = GlobalSection::new();
    let counts = GlobalType {
        val_type: wasm_encoder::ValType::I32,
        mutable: true,
        shared: false,
    };
    globals.global(counts, &ConstExpr::i32_const(first));
    globals
}

/// The export of a [`bystander`].
pub(super) const GO: &str = "go";

/// A module that imports nothing: its export calls a function of its own, which has as many opcodes more as
/// `number` says, and counts in a global.
pub(super) fn bystander(number: u32) -> Vec<u8> {
    let i32 = wasm_encoder::ValType::I32;
    let mut types = TypeSection::new();
    types.ty().function([i32], [i32]);
    let mut functions = FunctionSection::new();
    functions.function(0).function(0);
    let globals = counter(number as i32);
    let mut exports = ExportSection::new();
    exports.export(GO, ExportKind::Func, 0);
    let mut code = CodeSection::new();
    let mut go = Function::new([]);
    go.instructions()
        .local_get(0)
        .call(1)
        .i32_const(1)
        .i32_add()
        .end();
    let mut count = Function::new([]);
    let mut body = count.instructions();
    for _ in 0..number {
        body.nop();
    }
    body.global_get(0).local_get(0).i32_add().local_tee(0);
    body.global_set(0).local_get(0).end();
    code.function(&go).function(&count);
    let mut out = wasm_encoder::Module::new();
    out.section(&types).section(&functions).section(&globals);
    out.section(&exports).section(&code);
    out.finish()
}

/// The module with its code where the other's begins, or just before: a custom section takes the room.
/// `None` if the other's code begins earlier, or one of them has none.
pub(super) fn move_code(wasm: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let (_, target) = code(other)?;
    move_code_to(wasm, target)
}

/// The module with its code at this offset, or just before. `None` if it begins behind it, or there is none.
pub(super) fn move_code_to(wasm: &[u8], target: usize) -> Option<Vec<u8>> {
    let (section, body) = code(wasm)?;
    let room = target.checked_sub(body)?;
    // Its id, its size and an empty name take a few of the bytes.
    let padded = (0..room).rev().take(8).find_map(|length| {
        let mut padding = Vec::new();
        let data = vec![0; length];
        let custom = CustomSection {
            name: "".into(),
            data: data.into(),
        };
        custom.append_to(&mut padding);
        (padding.len() <= room).then_some(padding)
    })?;
    Some([&wasm[..section], &padded, &wasm[section..]].concat())
}

/// Where the code section begins, with its id and size, and the first function's body in it.
fn code(wasm: &[u8]) -> Option<(usize, usize)> {
    let mut section = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.ok()?;
        if let Payload::CodeSectionEntry(body) = payload {
            return Some((section, body.range().start as usize));
        }
        if let Some((id, range)) = payload.as_section()
            && id != CODE
        {
            section = range.end as usize;
        }
    }
    None
}

/// The types, if none of them is the module's own.
fn encoded(types: &[ValType]) -> Option<Vec<wasm_encoder::ValType>> {
    let encoded = types.iter().map(|&ty| ty.try_into().ok());
    let own = |ty: &wasm_encoder::ValType| match ty {
        wasm_encoder::ValType::Ref(ty) => !matches!(ty.heap_type, HeapType::Abstract { .. }),
        _ => false,
    };
    let encoded: Vec<_> = encoded.collect::<Option<_>>()?;
    (!encoded.iter().any(own)).then_some(encoded)
}

/// How a function may end before it returns.
#[derive(Clone, Copy, Debug)]
enum Early<'a> {
    /// It throws this tag of the provider's, of this type.
    Throw((&'a FuncType, u32)),
    Trap,
}

fn body(ty: &FuncType, sight: Sight, end: Option<Early<'_>>) -> Function {
    let mut function = Function::new([(1, wasm_encoder::ValType::I32)]);
    let own = ty.params.len() as u32;
    function.instruction(&match sight {
        Sight::Global => Instruction::GlobalGet(0),
        Sight::Function => Instruction::Call(0),
    });
    function.instruction(&Instruction::LocalSet(own));
    if let Some(end) = end {
        // Once in eight times, where what is seen is counted.
        let mut code = function.instructions();
        code.local_get(own).i32_const(7).i32_and().i32_const(1);
        code.i32_eq().if_(BlockType::Empty);
        match end {
            Early::Throw((ty_of_tag, tag)) => {
                for &value in &ty_of_tag.params {
                    give(&mut function, &ty.params, own, value);
                }
                function.instruction(&Instruction::Throw(tag));
            }
            Early::Trap => drop(function.instruction(&Instruction::Unreachable)),
        }
        function.instruction(&Instruction::End);
    }
    for &result in &ty.results {
        give(&mut function, &ty.params, own, result);
    }
    function.instruction(&Instruction::End);
    function
}

/// Leaves a value of a type: the first parameter that has it, what was seen, or a zero.
fn give(function: &mut Function, params: &[ValType], own: u32, ty: ValType) {
    let param = params.iter().position(|&param| param == ty);
    function.instruction(&match (param, ty) {
        (Some(index), _) => Instruction::LocalGet(index as u32),
        (None, ValType::I32) => Instruction::LocalGet(own),
        (None, ValType::I64) => Instruction::I64Const(0),
        (None, ValType::F32) => Instruction::F32Const(0.0.into()),
        (None, ValType::F64) => Instruction::F64Const(0.0.into()),
        (None, ValType::V128) => Instruction::V128Const(0),
        (None, ValType::Ref(ty)) => {
            let heap = HeapType::try_from(ty.heap_type());
            Instruction::RefNull(heap.unwrap_or(HeapType::EXTERN))
        }
    });
}

/// The module with one of its imported functions taken from an instance of itself, which is called `from`: the
/// last exported function of its own that is declared with the same type: one with another of the same form would
/// not link. `None` if no two functions are so.
pub(super) fn from_itself(wasm: &[u8], module: &Module, from: &str) -> Option<Vec<u8>> {
    let is_own = |export: &&Export| {
        export.kind == ExternKind::Func && export.index >= module.num_imported_funcs()
    };
    let own: Vec<&Export> = module.exports().iter().rev().filter(is_own).collect();
    let types = declared_types(wasm)?;
    let functions = module.imports().iter().enumerate();
    let functions = functions.filter(|(_, import)| matches!(import.ty, ExternType::Func(_)));
    let found = functions.zip(&types).find_map(|((at, _), ty)| {
        let fits = |export: &&&Export| types.get(export.index as usize) == Some(ty);
        Some((at, &own.iter().find(fits)?.name))
    });
    let (position, name) = found?;
    let mut imports = ImportSection::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::ImportSection(reader) = payload.ok()? else {
            continue;
        };
        for (at, import) in reader.into_imports().enumerate() {
            let import = import.ok()?;
            let ty = EntityType::try_from(import.ty).ok()?;
            match at == position {
                true => imports.import(from, name, ty),
                false => imports.import(import.module, import.name, ty),
            };
        }
    }
    let mut sections = rewrite::sections(wasm).ok()?;
    sections.insert(IMPORTS, rewrite::content(&imports));
    Some(rewrite::assemble(&sections))
}

/// The index of the type that each function is declared with, imports first.
fn declared_types(wasm: &[u8]) -> Option<Vec<u32>> {
    let mut types = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.ok()? {
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    if let TypeRef::Func(ty) = import.ok()?.ty {
                        types.push(ty);
                    }
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    types.push(ty.ok()?);
                }
            }
            _ => {}
        }
    }
    Some(types)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::FEATURES;

    fn module(text: &str) -> std::sync::Arc<Module> {
        Module::new(&wat::parse_str(text).unwrap(), FEATURES).unwrap()
    }

    #[test]
    fn a_provider_exports_what_is_imported() {
        let wants = module(
            r#"(module
                (import "env" "f0" (func (param i64 i32) (result i32 f32 externref)))
                (import "env" "g0" (global i32))
                (import "other" "f1" (func)))"#,
        );
        let bytes = provider(&wants, "env", Sight::Global).unwrap();
        assert!(Module::new(&bytes, FEATURES).is_ok());
        insta::assert_snapshot!(wasmprinter::print_bytes(bytes).unwrap(), @r#"
        (module
          (type (;0;) (func (param i64 i32) (result i32 f32 externref)))
          (import "host" "seen" (global (;0;) i32))
          (export "f0" (func 0))
          (func (;0;) (type 0) (param i64 i32) (result i32 f32 externref)
            (local i32)
            global.get 0
            local.set 2
            local.get 1
            f32.const 0x0p+0 (;=0;)
            ref.null extern
          )
        )
        "#);
    }

    #[test]
    fn the_code_is_moved_to_the_pcs_of_the_other_s() {
        let provider = wat::parse_str(r#"(module (func (export "f") nop nop nop))"#).unwrap();
        for size in [20, 100, 200, 1000] {
            let text = format!(
                r#"(module (global (export "{}") i32 (i32.const 1)) (func nop nop nop))"#,
                "g".repeat(size)
            );
            let other = wat::parse_str(text).unwrap();
            let moved = move_code(&provider, &other).unwrap();
            Module::new(&moved, FEATURES).unwrap();
            let (_, at) = code(&moved).unwrap();
            let (_, target) = code(&other).unwrap();
            assert!((target - 1..=target).contains(&at), "{at} {target}");
        }
        assert_eq!(move_code(&provider, &provider), None);
    }

    #[test]
    fn tags_are_provided_too() {
        let wants = module(
            r#"(module
                (import "env" "x0" (tag (param anyref)))
                (import "env" "f0" (func (result i31ref))))"#,
        );
        let bytes = provider(&wants, "env", Sight::Global).unwrap();
        let provider = Module::new(&bytes, FEATURES).unwrap();
        let exports: Vec<_> = provider.exports().iter().map(|e| e.name.as_str()).collect();
        assert_eq!(exports, ["x0", "f0"]);
    }

    #[test]
    fn some_functions_of_a_provider_throw_or_trap() {
        let wants = module(
            r#"(module
                (import "env" "x0" (tag (param i64 f32)))
                (import "env" "f0" (func))
                (import "env" "f1" (func (param i64) (result i32))))"#,
        );
        let bytes = provider(&wants, "env", Sight::Function).unwrap();
        assert!(Module::new(&bytes, FEATURES).is_ok());
        let text = wasmprinter::print_bytes(bytes).unwrap();
        assert!(
            text.contains("local.get 0\n      f32.const 0x0p+0 (;=0;)\n      throw 0"),
            "{text}"
        );
        let without = module(
            r#"(module (import "env" "f0" (func)) (import "env" "f1" (func))
                (import "env" "f2" (func)) (import "env" "f3" (func)))"#,
        );
        let bytes = provider(&without, "env", Sight::Global).unwrap();
        assert!(Module::new(&bytes, FEATURES).is_ok());
        let text = wasmprinter::print_bytes(bytes).unwrap();
        assert_eq!(text.matches("unreachable").count(), 1, "{text}");
    }

    #[test]
    fn a_provider_throws_what_has_the_index_and_type_of_a_module_s_own_tag() {
        let wants = module(
            r#"(module
                (import "env" "f0" (func)) (import "env" "f1" (func))
                (tag) (tag (param i64)))"#,
        );
        let bytes = provider(&wants, "env", Sight::Global).unwrap();
        let provider = Module::new(&bytes, FEATURES).unwrap();
        assert_eq!((provider.num_tags(), provider.num_imported_tags()), (2, 0));
        assert_eq!(provider.tag_type(1), wants.tag_type(1));
        let text = wasmprinter::print_bytes(bytes).unwrap();
        assert!(
            text.contains("throw 1") && !text.contains("throw 0"),
            "{text}"
        );
    }

    #[test]
    fn a_module_imports_from_itself_where_types_agree() {
        let text = r#"(module
            (import "env" "f0" (func (param f64)))
            (import "env" "f1" (func (param i32) (result i64)))
            (export "f1" (func 1))
            (func (export "f2") (param i32) (result i64) (call 1 (local.get 0))))"#;
        let wasm = wat::parse_str(text).unwrap();
        let made = from_itself(&wasm, &module(text), "first").unwrap();
        let made = Module::new(&made, FEATURES).unwrap();
        let names = made.imports().iter();
        let names: Vec<_> = names.map(|it| (&*it.module, &*it.name)).collect();
        assert_eq!(names, [("env", "f0"), ("first", "f2")]);
        let other = r#"(module (import "env" "f0" (func (param f64))) (func (export "f1")))"#;
        let wasm = wat::parse_str(other).unwrap();
        assert_eq!(from_itself(&wasm, &module(other), "first"), None);
        // Of the same form, and of another type.
        let another = r#"(module
            (type $f (func)) (type $g (sub (func)))
            (import "env" "f0" (func (type $f))) (func (export "f1") (type $g)))"#;
        let wasm = wat::parse_str(another).unwrap();
        assert_eq!(from_itself(&wasm, &module(another), "first"), None);
    }

    #[test]
    fn there_is_none_for_nothing_or_for_a_name_wanted_twice() {
        assert_eq!(provider(&module("(module)"), "env", Sight::Global), None);
        let twice = r#"(module (import "env" "f" (func)) (import "env" "f" (func (param i32))))"#;
        assert_eq!(provider(&module(twice), "env", Sight::Global), None);
    }
}
