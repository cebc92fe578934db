//! Values of arguments, globals and stubs: how far from zero, and what lies nearer.

use super::passes::{Change, change};
use crate::case::{Case, StepAction};
use crate::check::FEATURES;
use crate::check::component::boundary;
use lockstep_oracles::component::{Val, decode, parse_args, written};
use lockstep_spec_tests::script::Arg;

/// How far a value is from zero or null.
pub(super) fn magnitude(value: Arg) -> u64 {
    let bits = |bits: u128| u64::from(128 - bits.leading_zeros());
    match value {
        Arg::I32(v) | Arg::F32(v) | Arg::RefExtern(v) | Arg::RefHost(v) => bits(v.into()),
        Arg::I64(v) | Arg::F64(v) => bits(v.into()),
        Arg::V128(v) => bits(v),
        Arg::RefNull(_) => 0,
    }
}

/// Values of the same type that are nearer to zero, the nearest first.
pub(super) fn nearer(value: Arg) -> Vec<Arg> {
    if magnitude(value) == 0 {
        return Vec::new();
    }
    match value {
        Arg::I32(v) => [0, 1, v / 2].map(Arg::I32).into(),
        Arg::I64(v) => [0, 1, v / 2].map(Arg::I64).into(),
        Arg::F32(_) => vec![Arg::F32(0), Arg::F32(1f32.to_bits())],
        Arg::F64(_) => vec![Arg::F64(0), Arg::F64(1f64.to_bits())],
        Arg::V128(v) => [0, 1, v / 2].map(Arg::V128).into(),
        Arg::RefExtern(_) => vec![Arg::RefExtern(0)],
        Arg::RefHost(_) => vec![Arg::RefHost(0)],
        Arg::RefNull(_) => Vec::new(),
    }
}

/// Zero everywhere, then value after value.
pub(super) fn changes(case: &Case) -> Vec<Change> {
    let mut changes = vec![change(|case| {
        let before = case.steps.clone();
        for arg in case
            .steps
            .iter_mut()
            .flat_map(|step| values(&mut step.action))
        {
            *arg = nearer(*arg).first().copied().unwrap_or(*arg);
        }
        case.steps != before
    })];
    changes.extend(of_components(case));
    for (index, step) in case.steps.iter().enumerate() {
        for (position, value) in values(&mut step.action.clone()).iter().enumerate() {
            for value in nearer(**value) {
                changes.push(change(move |case| {
                    let Some(step) = case.steps.get_mut(index) else {
                        return false;
                    };
                    let mut values = values(&mut step.action);
                    values.get_mut(position).is_some_and(|arg| {
                        **arg = value;
                        true
                    })
                }));
            }
        }
    }
    changes
}

/// Arguments of component functions: all of a call as small as their types have them, then one after the other.
fn of_components(case: &Case) -> Vec<Change> {
    let main = case.modules.len().saturating_sub(1);
    let mut changes = Vec::new();
    for (index, step) in case.steps.iter().enumerate() {
        let StepAction::Invoke { export, args } = &step.action else {
            continue;
        };
        let position = step.module.map_or(main, |module| module as usize);
        let component = case.modules.get(position);
        let component = component.and_then(|own| decode(&own.wasm, FEATURES).ok());
        let Some(function) = component.as_ref().and_then(|own| own.export(export)) else {
            continue;
        };
        let types = function.ty.param_types();
        let Ok(values) = parse_args(args, &types) else {
            continue;
        };
        let least: Vec<Val> = types.iter().map(|ty| boundary(ty, 0)).collect();
        let one = |at: usize| {
            let mut fewer = values.clone();
            fewer[at] = least[at].clone();
            fewer
        };
        let candidates = std::iter::once(least.clone()).chain((0..types.len()).map(one));
        for values in candidates {
            let each = values.iter().zip(&types);
            let each: Vec<String> = each.map(|(value, ty)| written(value, ty)).collect();
            let text = each.join(", ");
            changes.push(change(move |case| match case.steps.get_mut(index) {
                Some(step) => match &mut step.action {
                    StepAction::Invoke { args, .. } if *args != text => {
                        args.clone_from(&text);
                        true
                    }
                    _ => false,
                },
                None => false,
            }));
        }
    }
    changes
}

fn values(action: &mut StepAction) -> Vec<&mut Arg> {
    match action {
        StepAction::Call { args, .. } => args.iter_mut().collect(),
        StepAction::Set { value, .. } => vec![value],
        StepAction::Invoke { .. } | StepAction::Write { .. } => Vec::new(),
    }
}
