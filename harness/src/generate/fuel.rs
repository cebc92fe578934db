//! An end for every program: a global that is counted down at loop heads and in functions that call.
//!
//! The global is exported, so that it can be set anew before each call. Functions that neither loop
//! nor call are left as they are.

use super::rewrite::{self, CODE, EXPORTS, GLOBALS, RewriteError};
use wasm_encoder::{
    CodeSection, ConstExpr, Encode, ExportKind, ExportSection, GlobalSection, GlobalType,
    Instruction, ValType,
};
use wasmparser::{ExternalKind, FunctionBody, Operator, Parser, Payload};

/// Name of the global's export; no toolchain emits it.
pub const FUEL: &str = "lockstep fuel";

/// Makes a valid module end: after `fuel` loop iterations and calls at most it traps. A module that
/// ends anyhow stays as it is.
///
/// # Errors
///
/// When the module is not valid, or uses what Wasm 2.0 does not have.
pub(super) fn limit(bytes: &[u8], fuel: u32) -> Result<Vec<u8>, RewriteError> {
    let mut code = CodeSection::new();
    let mut exports = ExportSection::new();
    let mut globals = GlobalSection::new();
    let mut global = 0;
    let mut checks = 0;
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
                let (body, added) = checked(&body, bytes, global)?;
                code.raw(&body);
                checks += added;
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
        ExternalKind::Tag | ExternalKind::FuncExact => return Err(RewriteError::Feature),
    })
}

/// A function's body with the checks it needs, and how many those are.
fn checked(
    body: &FunctionBody<'_>,
    bytes: &[u8],
    global: u32,
) -> Result<(Vec<u8>, usize), RewriteError> {
    let mut places = Vec::new();
    let mut calls = false;
    let mut operators = body.get_operators_reader()?;
    let start = operators.original_position() as usize;
    while !operators.eof() {
        match operators.read()? {
            Operator::Loop { .. } => places.push(operators.original_position() as usize),
            Operator::Call { .. } | Operator::CallIndirect { .. } => calls = true,
            _ => {}
        }
    }
    if calls {
        places.insert(0, start);
    }
    let range = body.range();
    let mut out = Vec::new();
    let mut copied = range.start as usize;
    for &place in &places {
        out.extend_from_slice(&bytes[copied..place]);
        check(global, &mut out);
        copied = place;
    }
    out.extend_from_slice(&bytes[copied..range.end as usize]);
    Ok((out, places.len()))
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
    use crate::check;
    use lockstep_oracles::module::Module;

    fn limited(text: &str) -> String {
        let bytes = limit(&wat::parse_str(text).unwrap(), 9).unwrap();
        Module::new(&bytes, check::FEATURES).unwrap();
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
        let text = r#"(module (func (export "f") call 0))"#;
        assert!(limited(text).contains(FUEL));
    }
}
