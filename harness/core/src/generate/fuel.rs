//! An end for every program: a global that is counted down at loop heads and in functions that call.
//! No wait for ever, and no array that fills the machine.
//!
//! The global is exported, so that it can be set anew before each call. Functions that neither loop
//! nor call are left as they are. A branch backwards goes to a loop's head, also one of a cast or of
//! an exception that is caught; so nothing else needs to count.

use super::rewrite::{self, CODE, EXPORTS, GLOBALS, RewriteError};
use wasm_encoder::{
    CodeSection, ConstExpr, Encode, ExportKind, ExportSection, GlobalSection, GlobalType,
    Instruction, ValType,
};
use wasmparser::{ExternalKind, FunctionBody, Operator, Parser, Payload};

/// Name of the global's export; no toolchain emits it.
pub const FUEL: &str = "lockstep fuel";

/// Elements of an array that code makes, at most: a power of two, less one.
const LENGTH: i32 = 0xff;

/// Makes a valid module end: after `fuel` loop iterations and calls at most it traps. A module that
/// ends anyhow stays as it is.
///
/// # Errors
///
/// When the module is not valid, or uses what the encoder does not know.
pub(super) fn limit(bytes: &[u8], fuel: u32) -> Result<Vec<u8>, RewriteError> {
    let mut code = CodeSection::new();
    let mut exports = ExportSection::new();
    let mut globals = GlobalSection::new();
    let mut global = 0;
    let mut checks = 0;
    let mut changes = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let is_global = matches!(import?.ty, wasmparser::TypeRef::Global(_));
                    global += u32::from(is_global);
                }
            }
            Payload::GlobalSection(reader) => {
                for defined in reader {
                    copy_global(&mut globals, defined?, bytes)?;
                    global += 1;
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export?;
                    exports.export(export.name, export_kind(export.kind)?, export.index);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let insertions = insertions(&body, global)?;
                checks += insertions.checks;
                changes += insertions.code.len();
                code.raw(&insertions.into(&body, bytes));
            }
            _ => {}
        }
    }
    let mut sections = rewrite::sections(bytes)?;
    if checks > 0 {
        let ty = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(ty, &ConstExpr::i32_const(fuel as i32));
        exports.export(FUEL, ExportKind::Global, global);
        sections.insert(GLOBALS, rewrite::content(&globals));
        sections.insert(EXPORTS, rewrite::content(&exports));
    }
    if changes > 0 {
        sections.insert(CODE, rewrite::content(&code));
    }
    Ok(rewrite::assemble(&sections))
}

fn copy_global(
    globals: &mut GlobalSection,
    defined: wasmparser::Global<'_>,
    bytes: &[u8],
) -> Result<(), RewriteError> {
    let ty = defined.ty.try_into().map_err(|_| RewriteError::Feature)?;
    let reader = defined.init_expr.get_binary_reader();
    let range = reader.range();
    // Without the `end`, which the encoder adds.
    let expr = bytes[range.start as usize..range.end as usize - 1].to_vec();
    globals.global(ty, &ConstExpr::raw(expr));
    Ok(())
}

fn export_kind(kind: ExternalKind) -> Result<ExportKind, RewriteError> {
    Ok(match kind {
        ExternalKind::Func => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
        ExternalKind::FuncExact => return Err(RewriteError::Feature),
    })
}

/// Code that is put into a function's.
#[derive(Default)]
struct Insertions {
    /// By position in the module, in order.
    code: Vec<(usize, Vec<u8>)>,
    /// How many of them use fuel.
    checks: usize,
}

impl Insertions {
    fn check(&mut self, place: usize, global: u32) {
        let mut code = Vec::new();
        check(global, &mut code);
        self.code.push((place, code));
        self.checks += 1;
    }

    fn insert(&mut self, place: usize, instructions: &[Instruction<'_>]) {
        let mut code = Vec::new();
        instructions.iter().for_each(|each| each.encode(&mut code));
        self.code.push((place, code));
    }

    /// The function's body with them in it.
    fn into(mut self, body: &FunctionBody<'_>, bytes: &[u8]) -> Vec<u8> {
        self.code.sort_by_key(|(place, _)| *place);
        let range = body.range();
        let mut out = Vec::new();
        let mut copied = range.start as usize;
        for (place, code) in &self.code {
            out.extend_from_slice(&bytes[copied..*place]);
            out.extend_from_slice(code);
            copied = *place;
        }
        out.extend_from_slice(&bytes[copied..range.end as usize]);
        out
    }
}

/// What a function needs: fuel for loops and calls, waits that return at once, small arrays.
fn insertions(body: &FunctionBody<'_>, global: u32) -> Result<Insertions, RewriteError> {
    let mut insertions = Insertions::default();
    let mut calls = false;
    let mut operators = body.get_operators_reader()?;
    let start = operators.original_position() as usize;
    while !operators.eof() {
        let before = operators.original_position() as usize;
        let operator = operators.read()?;
        let after = operators.original_position() as usize;
        match operator {
            Operator::Loop { .. } => insertions.check(after, global),
            Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => calls = true,
            Operator::ArrayNew { .. } | Operator::ArrayNewDefault { .. } => {
                let mask = [Instruction::I32Const(LENGTH), Instruction::I32And];
                insertions.insert(before, &mask);
            }
            Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. } => {
                let at_once = [Instruction::Drop, Instruction::I64Const(0)];
                insertions.insert(before, &at_once);
            }
            _ => {}
        }
    }
    if calls {
        insertions.check(start, global);
    }
    Ok(insertions)
}

/// Traps if the fuel is used up; otherwise uses one unit.
fn check(global: u32, out: &mut Vec<u8>) {
    let instructions = [
        Instruction::GlobalGet(global),
        Instruction::I32Eqz,
        Instruction::If(wasm_encoder::BlockType::Empty),
        Instruction::Unreachable,
        Instruction::End,
        Instruction::GlobalGet(global),
        Instruction::I32Const(1),
        Instruction::I32Sub,
        Instruction::GlobalSet(global),
    ];
    for instruction in instructions {
        instruction.encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::FEATURES;
    use lockstep_oracles::module::Module;

    fn limited(text: &str) -> String {
        let bytes = limit(&wat::parse_str(text).unwrap(), 9).unwrap();
        Module::new(&bytes, FEATURES).unwrap();
        wasmprinter::print_bytes(bytes).unwrap()
    }

    #[test]
    fn loops_and_functions_that_call_are_checked_and_leaves_are_not() {
        let text = r#"(module
            (import "a" "b" (global i32))
            (global (mut i64) (i64.const 7))
            (func (param i32) (result i32) local.get 0)
            (func (export "f") (local i64)
              i32.const 1
              loop (param i32) br 0 end))"#;
        insta::assert_snapshot!(limited(text), @r#"
        (module
          (type (;0;) (func (param i32) (result i32)))
          (type (;1;) (func))
          (type (;2;) (func (param i32)))
          (import "a" "b" (global (;0;) i32))
          (global (;1;) (mut i64) i64.const 7)
          (global (;2;) (mut i32) i32.const 9)
          (export "f" (func 1))
          (export "lockstep fuel" (global 2))
          (func (;0;) (type 0) (param i32) (result i32)
            local.get 0
          )
          (func (;1;) (type 1)
            (local i64)
            i32.const 1
            loop (type 2) (param i32) ;; label = @1
              global.get 2
              i32.eqz
              if ;; label = @2
                unreachable
              end
              global.get 2
              i32.const 1
              i32.sub
              global.set 2
              br 0 (;@1;)
            end
          )
        )
        "#);
    }

    #[test]
    fn a_module_that_ends_anyhow_has_no_fuel() {
        assert!(!limited(r#"(module (func (export "f") nop))"#).contains(FUEL));
    }

    #[test]
    fn endless_recursion_ends() {
        for text in [
            r#"(module (func (export "f") call 0))"#,
            r#"(module (func (export "f") return_call 0))"#,
            r#"(module (type $f (func)) (elem declare func 0)
                 (func (export "f") (type $f) (return_call_ref $f (ref.func 0))))"#,
        ] {
            assert!(limited(text).contains(FUEL));
        }
    }

    #[test]
    fn arrays_are_small_and_waits_return_at_once() {
        let text = r#"(module (type $a (array i32)) (memory 1 1 shared)
            (func (param i32 i64) (result (ref $a))
              (memory.atomic.wait32 (i32.const 0) (i32.const 0) (local.get 1))
              array.new_default $a))"#;
        insta::assert_snapshot!(limited(text), @r"
        (module
          (type (;0;) (array i32))
          (type (;1;) (func (param i32 i64) (result (ref 0))))
          (memory (;0;) 1 1 shared)
          (func (;0;) (type 1) (param i32 i64) (result (ref 0))
            i32.const 0
            i32.const 0
            local.get 1
            drop
            i64.const 0
            memory.atomic.wait32
            i32.const 255
            i32.and
            array.new_default 0
          )
        )
        ");
    }
}
