//! Taking away locals, used or not.

use super::zero::Zeros;
use super::{Change, Draft, Op, change};
use std::collections::BTreeSet;
use wasmparser::{Operator, ValType};

/// Unused locals of each function, then each local that is used, then locals of one type as one.
pub(crate) fn changes(draft: &Draft<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (index, func) in draft.funcs.iter().enumerate() {
        let Some(params) = draft.func_type(func.ty).map(|ty| ty.params().len()) else {
            continue;
        };
        let used = used(&func.body);
        let all = params as u32..(params + func.locals.len()) as u32;
        let unused: BTreeSet<u32> = all.clone().filter(|local| !used.contains(local)).collect();
        if !unused.is_empty() {
            changes.push(without(index, unused));
        }
        let of_body = all.filter(|local| used.contains(local));
        for local in of_body {
            changes.push(without(index, BTreeSet::from([local])));
            let ty = func.locals[local as usize - params];
            let earlier = (params as u32..local).find(|&earlier| {
                used.contains(&earlier) && func.locals[earlier as usize - params] == ty
            });
            changes.extend(earlier.map(|earlier| merged(index, local, earlier)));
        }
    }
    changes
}

fn used(body: &[Op<'_>]) -> BTreeSet<u32> {
    let locals = body.iter().filter_map(|op| match op {
        Op::Plain(
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index },
        ) => Some(*local_index),
        _ => None,
    });
    locals.collect()
}

fn without(func: usize, gone: BTreeSet<u32>) -> Change {
    change(move |draft| forget(draft, func, &gone))
}

/// Takes declared locals away from a defined function.
pub(super) fn forget(draft: &mut Draft<'_>, func: usize, gone: &BTreeSet<u32>) -> bool {
    let Some(params) = draft.num_params(func) else {
        return false;
    };
    let zeros = Zeros::of(draft);
    let func = &mut draft.funcs[func];
    let types: Vec<(u32, ValType)> = (params..).zip(func.locals.iter().copied()).collect();
    let body = std::mem::take(&mut func.body);
    let body = body.into_iter();
    func.body = body
        .flat_map(|op| forgotten(op, gone, &types, &zeros))
        .collect();
    let kept = types.iter().filter(|(local, _)| !gone.contains(local));
    func.locals = kept.map(|(_, ty)| *ty).collect();
    let below = |local: u32| gone.range(..local).count() as u32;
    renumber(&mut func.body, |local| local - below(local));
    true
}

/// An instruction without what is gone: a zero is read, what is written is dropped.
fn forgotten<'a>(
    op: Op<'a>,
    gone: &BTreeSet<u32>,
    types: &[(u32, ValType)],
    zeros: &Zeros,
) -> Vec<Op<'a>> {
    match op {
        Op::Plain(Operator::LocalGet { local_index }) if gone.contains(&local_index) => {
            let ty = types.iter().find(|(local, _)| *local == local_index);
            ty.map_or_else(Vec::new, |(_, ty)| zeros.value(*ty))
        }
        Op::Plain(Operator::LocalSet { local_index }) if gone.contains(&local_index) => {
            vec![Op::Plain(Operator::Drop)]
        }
        Op::Plain(Operator::LocalTee { local_index }) if gone.contains(&local_index) => Vec::new(),
        other => vec![other],
    }
}

fn merged(func: usize, local: u32, into: u32) -> Change {
    change(move |draft| {
        let Some(params) = draft.num_params(func) else {
            return false;
        };
        let func = &mut draft.funcs[func];
        let Some(position) = local.checked_sub(params).map(|local| local as usize) else {
            return false;
        };
        if position >= func.locals.len() {
            return false;
        }
        func.locals.remove(position);
        renumber(&mut func.body, |index| match index.cmp(&local) {
            std::cmp::Ordering::Less => index,
            std::cmp::Ordering::Equal => into,
            std::cmp::Ordering::Greater => index - 1,
        });
        true
    })
}

/// Gives every local that the body names its new index.
pub(super) fn renumber(body: &mut [Op<'_>], new: impl Fn(u32) -> u32) {
    for op in body {
        if let Op::Plain(
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index },
        ) = op
        {
            *local_index = new(*local_index);
        }
    }
}

impl Draft<'_> {
    /// How many parameters a defined function has.
    pub(super) fn num_params(&self, func: usize) -> Option<u32> {
        let ty = self.funcs.get(func)?.ty;
        Some(self.func_type(ty)?.params().len() as u32)
    }
}
