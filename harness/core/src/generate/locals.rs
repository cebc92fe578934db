//! Locals without null: what such a local holds before it is set is a hazard (`UNSET-ROOT`) that a
//! program's own collections run into, whatever the debugger does. So there are none that a collector
//! follows in a program that may collect; elsewhere some cases keep them.

use super::rewrite::{self, CODE, RewriteError};
use wasm_encoder::{CodeSection, Function, Instruction};
use wasmparser::{
    AbstractHeapType, FunctionBody, HeapType, Operator, Parser, Payload, RefType, TypeRef, ValType,
};

/// What becomes of locals without null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locals {
    /// All are given null.
    WithNull,
    /// Only those that the program's own collections would follow.
    AsTheyAre,
}

/// Gives locals that have no null a type that has, and asserts at each use that it is not null. A
/// module without such locals stays as it is.
///
/// # Errors
///
/// When the module is not valid, or uses what the encoder does not know.
pub(super) fn give_nulls(bytes: Vec<u8>, locals: Locals) -> Result<Vec<u8>, RewriteError> {
    let keep = match locals {
        Locals::WithNull => Keep::None,
        Locals::AsTheyAre if may_collect(&bytes)? => Keep::Functions,
        Locals::AsTheyAre => return Ok(bytes),
    };
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
                            wasmparser::CompositeInnerType::Func(ty) => {
                                Some(ty.params().len() as u32)
                            }
                            _ => None,
                        }));
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    signatures.functions.push(ty?);
                }
            }
            Payload::CodeSectionEntry(body) => {
                changed |= rewritten(&body, &signatures, keep, &bytes, &mut code)?;
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

/// Which locals without null are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    None,
    /// References to functions, which no collector follows.
    Functions,
}

/// Whether an object may be made while a function of the module runs: by its own code, or by the host,
/// of which a function may be called.
fn may_collect(bytes: &[u8]) -> Result<bool, RewriteError> {
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    if matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)) {
                        return Ok(true);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    if makes_object(&operator?) {
                        return Ok(true);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(false)
}

fn makes_object(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::StructNew { .. }
            | Operator::StructNewDefault { .. }
            | Operator::ArrayNew { .. }
            | Operator::ArrayNewDefault { .. }
            | Operator::ArrayNewFixed { .. }
            | Operator::ArrayNewData { .. }
            | Operator::ArrayNewElem { .. }
            | Operator::Throw { .. }
    )
}

/// How many parameters each defined function has.
#[derive(Default)]
struct Signatures {
    /// By type; none where it is not one of functions
    types: Vec<Option<u32>>,
    /// The type of each defined function
    functions: Vec<u32>,
}

impl Signatures {
    fn params(&self, function: u32) -> u32 {
        let ty = self.functions.get(function as usize);
        let params = ty.and_then(|ty| self.types.get(*ty as usize));
        params.copied().flatten().unwrap_or(0)
    }

    fn is_function(&self, ty: HeapType) -> bool {
        match ty {
            HeapType::Abstract { ty, .. } => {
                matches!(ty, AbstractHeapType::Func | AbstractHeapType::NoFunc)
            }
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                let index = index.as_module_index();
                let ty = index.and_then(|index| self.types.get(index as usize));
                ty.is_some_and(Option::is_some)
            }
        }
    }

    /// The type that a local is given.
    fn local(&self, ty: ValType, keep: Keep) -> ValType {
        match ty {
            ValType::Ref(reference) => {
                if keep == Keep::Functions && self.is_function(reference.heap_type()) {
                    return ty;
                }
                RefType::new(true, reference.heap_type()).map_or(ty, ValType::Ref)
            }
            ty => ty,
        }
    }
}

/// Adds a function's code; whether it had locals without null.
fn rewritten(
    body: &FunctionBody<'_>,
    signatures: &Signatures,
    keep: Keep,
    bytes: &[u8],
    code: &mut CodeSection,
) -> Result<bool, RewriteError> {
    let mut locals = Vec::new();
    let mut without_null = Vec::new();
    let mut next = signatures.params(code.len());
    for group in body.get_locals_reader()? {
        let (count, ty) = group?;
        let nullable = signatures.local(ty, keep);
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
        let bytes = give_nulls(wat::parse_str(text).unwrap(), Locals::WithNull).unwrap();
        insta::assert_snapshot!(wasmprinter::print_bytes(&bytes).unwrap());
        assert!(lockstep_oracles::module::Module::new(&bytes, crate::check::FEATURES).is_ok());
    }

    #[test]
    fn a_module_without_such_locals_stays_as_it_is() {
        let bytes = wat::parse_str("(module (func (param i32) (local funcref)))").unwrap();
        for locals in [Locals::WithNull, Locals::AsTheyAre] {
            assert_eq!(give_nulls(bytes.clone(), locals).unwrap(), bytes);
        }
    }

    /// Whether a function of this code keeps its locals: an object and a function.
    fn kept(code: &str) -> bool {
        let text = format!(
            r#"(module (type $s (struct)) (type $f (func)) (tag $t) (elem declare func $own)
              (func $own (type $f))
              (func (param (ref $s)) (local (ref $s)) (local (ref $f))
                (local.set 1 (local.get 0)) (local.set 2 (ref.func $own)) {code}))"#
        );
        let bytes = wat::parse_str(text).unwrap();
        let given = give_nulls(bytes.clone(), Locals::AsTheyAre).unwrap();
        let text = wasmprinter::print_bytes(&given).unwrap();
        assert!(
            text.contains("(ref $f)") || text.contains("(ref 1)"),
            "references to functions stay: {text}"
        );
        given == bytes
    }

    #[test]
    fn a_program_that_makes_no_object_keeps_them_where_that_is_asked_for() {
        assert!(kept(""));
        for code in ["(drop (struct.new $s))", "(throw $t)"] {
            assert!(!kept(code), "{code}");
        }
    }
}
