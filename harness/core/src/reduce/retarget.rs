//! Steps that call a function directly which others called for them.

use super::module::{Draft, Export, Space};
use super::passes::{Change, change, in_module};
use crate::case::{Case, Step, StepAction};
use crate::check::boundary::null_of;
use crate::generate::FEATURES;
use lockstep_oracles::ValType;
use lockstep_oracles::module::Module;
use lockstep_spec_tests::script::{Arg, NullOf};
use wasmparser::ExternalKind;

/// More functions than this are not tried.
const FUNCTIONS: usize = 200;

/// Each function as the only one that is called, then as the one that the last step calls.
pub(super) fn changes(case: &Case) -> Vec<Change> {
    let Some((main, module)) = case.modules.iter().enumerate().next_back() else {
        return Vec::new();
    };
    let (Some(draft), Ok(typed)) = (
        Draft::read(&module.wasm),
        Module::new(&module.wasm, FEATURES),
    ) else {
        return Vec::new();
    };
    let first = draft.num_imported(Space::Func);
    let mut changes = Vec::new();
    for alone in [true, false] {
        for func in (first..draft.count(Space::Func)).take(FUNCTIONS) {
            let types = draft.signature(func).map(|ty| ty.params());
            let Some(args) = types.and_then(|types| zeros(&typed, types)) else {
                continue;
            };
            changes.push(change(move |case| {
                call(case, main, func, args.clone(), alone)
            }));
        }
    }
    changes
}

fn call(case: &mut Case, main: usize, func: u32, args: Vec<Arg>, alone: bool) -> bool {
    if alone {
        case.steps.clear();
    } else {
        case.steps.pop();
    }
    let mut name = None;
    let mut needed = super::names::needed(case, main);
    let changed = in_module(case, main, |draft| {
        let exported = draft.exports.iter();
        let mut exported = exported.filter(|e| e.kind == ExternalKind::Func && e.index == func);
        let known = exported.next().map(|export| export.name.clone());
        let new = known.unwrap_or_else(|| {
            let name = unused(draft);
            draft.exports.push(Export {
                name: name.clone(),
                kind: ExternalKind::Func,
                index: func,
            });
            name
        });
        needed.insert(new.clone());
        name = Some(new);
        draft.exports.retain(|export| needed.contains(&export.name));
        draft.shake();
        true
    });
    let Some(export) = name else {
        return false;
    };
    case.steps.push(Step {
        module: None,
        action: StepAction::Call {
            export,
            args,
            expect: None,
        },
    });
    changed
}

/// A name that no export has.
fn unused(draft: &Draft<'_>) -> String {
    let taken = |name: &String| draft.exports.iter().any(|export| export.name == *name);
    let mut names = (0..).map(|number: u32| format!("f{number}"));
    names.find(|name| !taken(name)).unwrap_or_default()
}

/// Zeros and nulls for a function's parameters; none where one can be neither.
fn zeros(module: &Module, types: &[ValType]) -> Option<Vec<Arg>> {
    let zero = |ty: &ValType| {
        Some(match *ty {
            ValType::I32 => Arg::I32(0),
            ValType::I64 => Arg::I64(0),
            ValType::F32 => Arg::F32(0),
            ValType::F64 => Arg::F64(0),
            ValType::V128 => Arg::V128(0),
            ValType::Ref(ty) if ty.is_nullable() => Arg::RefNull(null_of(module, ty)),
            ValType::Ref(ty) => match null_of(module, ty) {
                NullOf::Extern => Arg::RefExtern(0),
                NullOf::Any => Arg::RefHost(0),
                _ => return None,
            },
        })
    };
    types.iter().map(zero).collect()
}
