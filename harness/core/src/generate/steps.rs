//! Draws what is done with a module: calls of its exports, and writes of the host in between.

use super::fuel::FUEL;
use super::weights::{below, between, chance, one_of};
use crate::case::{Step, StepAction};
use crate::check::boundary;
use arbitrary::{Result, Unstructured};
use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::module::{Export, ExternKind, FuncType, Module};
use lockstep_oracles::{MemoryType, RefType, ValType};
use lockstep_spec_tests::script::Arg;

/// Calls of a case at most.
const CALLS: u32 = 48;
/// Opcodes that a case should execute: the smaller its functions, the more calls it has.
const OPCODES: u32 = 600;
/// Bytes that the host writes at once, at most.
const WRITTEN: u32 = 16;
/// Bits of a page's size, where a memory does not say.
const PAGE_BITS: u32 = 16;

/// What can be done with a module from outside.
struct Doors<'m> {
    module: &'m Module,
    calls: Vec<(&'m Export, &'m FuncType)>,
    /// Memories with their size in bytes when they are made.
    memories: Vec<(&'m Export, u64)>,
    globals: Vec<(&'m Export, ValType)>,
    /// What the module's fuel starts with; none if it has none.
    has_fuel: bool,
}

impl<'m> Doors<'m> {
    fn of(module: &'m Module) -> Doors<'m> {
        let mut doors = Doors {
            module,
            calls: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            has_fuel: false,
        };
        for export in module.exports() {
            let index = export.index as usize;
            match export.kind {
                ExternKind::Func => {
                    let ty = module.func_type(FuncIndex(export.index));
                    if ty.params.iter().all(|&ty| can_make(ty)) {
                        doors.calls.push((export, ty));
                    }
                }
                ExternKind::Memory => {
                    let ty = module.memories()[index];
                    // A shared memory belongs to no store.
                    if ty.initial > 0 && !ty.shared {
                        doors.memories.push((export, bytes(ty)));
                    }
                }
                ExternKind::Global if export.name == FUEL => doors.has_fuel = true,
                ExternKind::Global => {
                    let ty = module.globals()[index];
                    if ty.mutable && can_make(ty.content_type) {
                        doors.globals.push((export, ty.content_type));
                    }
                }
                ExternKind::Table | ExternKind::Tag => {}
            }
        }
        doors
    }
}

/// Bytes of a memory when it is made.
fn bytes(ty: MemoryType) -> u64 {
    ty.initial << ty.page_size_log2.unwrap_or(PAGE_BITS)
}

/// Draws the steps of a module, `fuel` being what it gets before each call if it counts any.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn steps(u: &mut Unstructured<'_>, module: &Module, fuel: u32) -> Result<Vec<Step>> {
    let doors = Doors::of(module);
    let mut steps = Vec::new();
    let enough = (OPCODES / opcodes_of_one(module)).min(CALLS);
    let calls = between(u, (enough / 2).max(2), enough.max(8))?;
    // From a random export on, in turn, so that as many as possible are called.
    let first = below(u, doors.calls.len() as u32)?;
    for number in 0..calls {
        if chance(u, 1, 5)? {
            steps.extend(write(u, &doors)?);
        }
        if chance(u, 1, 8)? {
            steps.extend(set(u, &doors)?);
        }
        let again = chance(u, 1, 4)?;
        let number = if again { 0 } else { number };
        if let Some(call) = call(u, &doors, first + number)? {
            if doors.has_fuel {
                steps.push(act(StepAction::Set {
                    global: FUEL.to_owned(),
                    value: Arg::I32(fuel),
                }));
            }
            steps.push(call);
        }
    }
    Ok(steps)
}

/// Opcodes of one function, on average, but at least one.
fn opcodes_of_one(module: &Module) -> u32 {
    let functions = module.functions();
    let all: usize = functions.iter().map(|function| function.pcs.len()).sum();
    (all / functions.len().max(1)).max(1) as u32
}

fn act(action: StepAction) -> Step {
    Step {
        module: None,
        action,
    }
}

fn call(u: &mut Unstructured<'_>, doors: &Doors<'_>, number: u32) -> Result<Option<Step>> {
    let count = doors.calls.len().max(1);
    let Some((export, ty)) = doors.calls.get(number as usize % count) else {
        return Ok(None);
    };
    let args: Result<Vec<Arg>> = ty
        .params
        .iter()
        .map(|&ty| argument(u, doors.module, ty))
        .collect();
    Ok(Some(act(StepAction::Call {
        export: export.name.clone(),
        args: args?,
        expect: None,
    })))
}

fn write(u: &mut Unstructured<'_>, doors: &Doors<'_>) -> Result<Option<Step>> {
    let Some(&(export, size)) = one_of(u, &doors.memories)? else {
        return Ok(None);
    };
    let count = between(u, 1, WRITTEN)?.min(size as u32);
    let bytes: Result<Vec<u8>> = (0..count).map(|_| u.arbitrary()).collect();
    // At the start, where programs keep their data, or at the very end.
    let offset = if chance(u, 1, 4)? {
        size - u64::from(count)
    } else {
        u64::from(below(u, 1024)?).min(size - u64::from(count))
    };
    Ok(Some(act(StepAction::Write {
        memory: export.name.clone(),
        offset,
        bytes: bytes?,
    })))
}

fn set(u: &mut Unstructured<'_>, doors: &Doors<'_>) -> Result<Option<Step>> {
    let Some(&(export, ty)) = one_of(u, &doors.globals)? else {
        return Ok(None);
    };
    Ok(Some(act(StepAction::Set {
        global: export.name.clone(),
        value: argument(u, doors.module, ty)?,
    })))
}

/// Whether an argument of this type can be made: every number, and null.
pub(super) fn can_make(ty: ValType) -> bool {
    match ty {
        ValType::Ref(ty) => ty.is_nullable(),
        _ => true,
    }
}

/// A small number, a boundary value, or any bits; of a reference mostly null.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn argument(u: &mut Unstructured<'_>, module: &Module, ty: ValType) -> Result<Arg> {
    let kind = below(u, 8)?;
    if kind < 3 {
        let small = below(u, 12)?;
        if let Some(arg) = number(ty, small) {
            return Ok(arg);
        }
    }
    if let ValType::Ref(ty) = ty
        && !boundary::can_make(ValType::Ref(ty))
    {
        return Ok(Arg::RefNull(boundary::null_of(module, ty)));
    }
    if kind == 7 {
        return Ok(match ty {
            ValType::I32 => Arg::I32(u.arbitrary()?),
            ValType::I64 => Arg::I64(u.arbitrary()?),
            ValType::F32 => Arg::F32(u.arbitrary()?),
            ValType::F64 => Arg::F64(u.arbitrary()?),
            ValType::V128 => Arg::V128(u.arbitrary()?),
            ValType::Ref(ty) if ty == RefType::EXTERNREF => Arg::RefExtern(u.arbitrary()?),
            ValType::Ref(_) => boundary_value(u, ty)?,
        });
    }
    boundary_value(u, ty)
}

fn number(ty: ValType, small: u32) -> Option<Arg> {
    Some(match ty {
        ValType::I32 => Arg::I32(small),
        ValType::I64 => Arg::I64(small.into()),
        ValType::F32 => Arg::F32((small as f32).to_bits()),
        ValType::F64 => Arg::F64(f64::from(small).to_bits()),
        ValType::V128 | ValType::Ref(_) => return None,
    })
}

fn boundary_value(u: &mut Unstructured<'_>, ty: ValType) -> Result<Arg> {
    let lists = boundary::argument_lists(&[ty]);
    let row = one_of(u, &lists)?.and_then(|list| list.first());
    // A type has at least one boundary value.
    row.copied().ok_or(arbitrary::Error::EmptyChoose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::FEATURES;
    use lockstep_spec_tests::script::NullOf;

    const TEXT: &str = r#"(module
        (memory (export "m") 1)
        (global (export "lockstep fuel") (mut i32) (i32.const 5))
        (global (export "g") (mut f32) (f32.const 5))
        (global (export "constant") f32 (f32.const 5))
        (func (export "f") (param i32 v128 externref funcref))
        (func (export "h")))"#;

    #[test]
    fn a_call_comes_with_fuel_and_writes_fit() {
        let module = Module::new(&wat::parse_str(TEXT).unwrap(), FEATURES).unwrap();
        let mut kinds = [0; 3];
        for seed in 0..100u8 {
            let bytes: Vec<u8> = (0..=255u8)
                .map(|i| i.wrapping_mul(seed).wrapping_add(seed))
                .collect();
            let steps = steps(&mut Unstructured::new(&bytes), &module, 50).unwrap();
            for (index, step) in steps.iter().enumerate() {
                match &step.action {
                    StepAction::Call { .. } => {
                        kinds[0] += 1;
                        let fuel = StepAction::Set {
                            global: FUEL.to_owned(),
                            value: Arg::I32(50),
                        };
                        assert_eq!(steps[index - 1].action, fuel);
                    }
                    StepAction::Write { offset, bytes, .. } => {
                        kinds[1] += 1;
                        assert!(offset + bytes.len() as u64 <= 1 << PAGE_BITS);
                    }
                    StepAction::Set { global, .. } => {
                        assert_ne!(global, "constant");
                        kinds[2] += usize::from(global == "g");
                    }
                    StepAction::Invoke { .. } => panic!("a call of a component"),
                }
            }
        }
        assert!(kinds.iter().all(|count| *count > 10), "{kinds:?}");
    }

    #[test]
    fn a_null_is_of_the_parameter_s_hierarchy() {
        let text = r#"(module (type $s (struct)) (type $f (func))
            (func (export "f") (param (ref null $s) (ref null $f) anyref i31ref exnref)))"#;
        let module = Module::new(&wat::parse_str(text).unwrap(), FEATURES).unwrap();
        let params = &module.func_type(FuncIndex(0)).params;
        let mut u = Unstructured::new(&[]);
        let args = params
            .iter()
            .map(|&ty| argument(&mut u, &module, ty).unwrap());
        let nulls = [
            NullOf::None,
            NullOf::NoFunc,
            NullOf::Any,
            NullOf::None,
            NullOf::Exn,
        ];
        assert_eq!(args.collect::<Vec<_>>(), nulls.map(Arg::RefNull));
    }

    #[test]
    fn a_module_without_exports_has_no_steps() {
        let module = Module::new(&wat::parse_str("(module)").unwrap(), FEATURES).unwrap();
        let steps = steps(&mut Unstructured::new(&[9; 99]), &module, 50).unwrap();
        assert_eq!(steps, []);
    }
}
