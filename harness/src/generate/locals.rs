//! No local without null: what such a local holds before it is set is a hazard (ledger:
//! `UNSET-ROOT`) that a program's own collections run into, whatever the debugger does.

use super::rewrite::{self, CODE, RewriteError};
use wasm_encoder::{CodeSection, Function, Instruction};
use wasmparser::{FunctionBody, Operator, Parser, Payload, RefType, ValType};

/// Gives every local that has no null a type that has, and asserts at each use that it is not null. A
/// module without such locals stays as it is.
///
/// # Errors
///
/// When the module is not valid, or uses what the encoder does not know.
pub(super) fn give_nulls(bytes: Vec<u8>) -> Result<Vec<u8>, RewriteError> {
    let mut code = CodeSection::new();
    let mut changed = false;
    let mut signatures = Signatures::default();
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload? {
            Payload::TypeSection(reader) => {
                for group in reader {
                    let types = group?.into_types();
                    signatures
                        .types
                        .extend(types.map(|ty| match ty.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(ty) => ty.params().len() as u32,
                            _ => 0,
                        }));
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    signatures.functions.push(ty?);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let params = signatures.params(code.len());
                changed |= rewritten(&body, params, &bytes, &mut code)?;
            }
            _ => {}
        }
    }
    if !changed {
        return Ok(bytes);
    }
    let mut sections = rewrite::sections(&bytes)?;
    sections.insert(CODE, rewrite::content(&code));
    Ok(rewrite::assemble(&sections))
}

/// How many parameters each defined function has.
#[derive(Default)]
struct Signatures {
    /// By type
    types: Vec<u32>,
    /// The type of each defined function
    functions: Vec<u32>,
}

impl Signatures {
    fn params(&self, function: u32) -> u32 {
        let ty = self.functions.get(function as usize);
        let params = ty.and_then(|ty| self.types.get(*ty as usize));
        params.copied().unwrap_or(0)
    }
}

/// Adds a function's code; whether it had locals without null.
fn rewritten(
    body: &FunctionBody<'_>,
    params: u32,
    bytes: &[u8],
    code: &mut CodeSection,
) -> Result<bool, RewriteError> {
    let mut locals = Vec::new();
    let mut without_null = Vec::new();
    let mut next = params;
    for group in body.get_locals_reader()? {
        let (count, ty) = group?;
        let nullable = with_null(ty);
        if nullable != ty {
            without_null.push(next..next + count);
        }
        next += count;
        locals.push((
            count,
            nullable.try_into().map_err(|_| RewriteError::Feature)?,
        ));
    }
    let range = body.range();
    if without_null.is_empty() {
        code.raw(&bytes[range.start as usize..range.end as usize]);
        return Ok(false);
    }
    let mut function = Function::new(locals);
    let mut operators = body.get_operators_reader()?;
    let mut copied = operators.original_position() as usize;
    while !operators.eof() {
        let operator = operators.read()?;
        if let Operator::LocalGet { local_index } | Operator::LocalTee { local_index } = operator
            && without_null
                .iter()
                .any(|range| range.contains(&local_index))
        {
            let after = operators.original_position() as usize;
            function.raw(bytes[copied..after].iter().copied());
            function.instruction(&Instruction::RefAsNonNull);
            copied = after;
        }
    }
    function.raw(bytes[copied..range.end as usize].iter().copied());
    code.function(&function);
    Ok(true)
}

/// The type with null among its values.
fn with_null(ty: ValType) -> ValType {
    match ty {
        ValType::Ref(ty) => {
            RefType::new(true, ty.heap_type()).map_or(ValType::Ref(ty), ValType::Ref)
        }
        ty => ty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locals_without_null_are_given_one() {
        let text = r#"(module
            (type $s (struct))
            (func (param (ref $s)) (result (ref $s))
              (local i32 (ref $s)) (local (ref null $s))
              local.get 0
              local.set 2
              local.get 2
              local.tee 2
              local.set 3
              local.get 2)
            (func (local i64) local.get 0 drop))"#;
        let bytes = give_nulls(wat::parse_str(text).unwrap()).unwrap();
        insta::assert_snapshot!(wasmprinter::print_bytes(&bytes).unwrap());
        assert!(lockstep_oracles::module::Module::new(&bytes, crate::check::FEATURES).is_ok());
    }

    #[test]
    fn a_module_without_such_locals_stays_as_it_is() {
        let bytes = wat::parse_str("(module (func (param i32) (local funcref)))").unwrap();
        assert_eq!(give_nulls(bytes.clone()).unwrap(), bytes);
    }
}
