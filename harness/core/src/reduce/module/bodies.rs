//! Whole bodies made minimal, and constants made small.

use super::zero::Zeros;
use super::{Change, Draft, Op, change};
use std::ops::Range;
use wasmparser::{Operator, ValType};

/// Bodies that return zeros or trap at once: all of them, then halves and so on.
pub(crate) fn minimal(draft: &Draft<'_>) -> Vec<Change> {
    let count = draft.funcs.len();
    let mut changes = Vec::new();
    for range in halves(count) {
        let traps = range.clone();
        changes.push(change(move |draft| {
            empty_bodies(draft, range.clone(), false)
        }));
        if traps.len() == 1 {
            changes.push(change(move |draft| {
                empty_bodies(draft, traps.clone(), true)
            }));
        }
    }
    changes
}

/// All of `0..count`, then its halves, and so on down to single positions.
pub(crate) fn halves(count: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut size = count;
    while size > 0 {
        let starts = (0..count).step_by(size);
        ranges.extend(starts.map(|start| start..(start + size).min(count)));
        size /= 2;
    }
    ranges
}

fn empty_bodies(draft: &mut Draft<'_>, range: Range<usize>, trap: bool) -> bool {
    let zeros = Zeros::of(draft);
    for index in range {
        let Some(func) = draft.funcs.get(index) else {
            return false;
        };
        let Some(ty) = draft.func_type(func.ty) else {
            return false;
        };
        let mut body: Vec<Op<'_>> = match trap {
            true => vec![Op::Plain(Operator::Unreachable)],
            false => ty
                .results()
                .iter()
                .flat_map(|&ty| zeros.value(ty))
                .collect(),
        };
        body.push(Op::Plain(Operator::End));
        let func = &mut draft.funcs[index];
        func.locals.clear();
        func.body = body;
    }
    true
}

/// Immediates towards zero, one at a time.
pub(crate) fn immediates(draft: &Draft<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (index, func) in draft.funcs.iter().enumerate() {
        for (position, op) in func.body.iter().enumerate() {
            changes.extend(
                smaller(op).into_iter().map(|ops| {
                    super::ranges::replacing(index, vec![(position..position + 1, ops)])
                }),
            );
            if let Op::Table(targets, _) = op {
                changes.extend(fewer_targets(index, position, targets.len()));
            }
            if let Op::Plain(op) = op
                && offset(&mut op.clone()).is_some_and(|offset| *offset != 0)
            {
                changes.push(change(move |draft| without_offset(draft, index, position)));
            }
        }
    }
    changes
}

/// What a constant may be replaced by.
fn smaller(op: &Op<'_>) -> Vec<Vec<Op<'static>>> {
    let single = |op: Operator<'static>| vec![Op::Plain(op)];
    let zero = |ty: ValType| vec![Zeros::default().value(ty)];
    let Op::Plain(op) = op else {
        return Vec::new();
    };
    match *op {
        Operator::I32Const { value } if value != 0 => [0, 1, value / 2]
            .map(|value| single(Operator::I32Const { value }))
            .into(),
        Operator::I64Const { value } if value != 0 => [0, 1, value / 2]
            .map(|value| single(Operator::I64Const { value }))
            .into(),
        Operator::F32Const { .. } => zero(ValType::F32),
        Operator::F64Const { .. } => zero(ValType::F64),
        Operator::V128Const { .. } => zero(ValType::V128),
        _ => Vec::new(),
    }
}

fn fewer_targets(func: usize, position: usize, count: usize) -> Vec<Change> {
    let without = |range: Range<usize>| {
        change(move |draft| {
            let func = draft.funcs.get_mut(func);
            match func.and_then(|func| func.body.get_mut(position)) {
                Some(Op::Table(targets, _)) if range.end <= targets.len() => {
                    targets.drain(range.clone());
                    true
                }
                _ => false,
            }
        })
    };
    halves(count).into_iter().map(without).collect()
}

fn without_offset(draft: &mut Draft<'_>, func: usize, position: usize) -> bool {
    let func = draft.funcs.get_mut(func);
    let op = func.and_then(|func| func.body.get_mut(position));
    match op {
        Some(Op::Plain(op)) => offset(op).is_some_and(|offset| std::mem::take(offset) != 0),
        _ => false,
    }
}

macro_rules! memory_offset {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// The static offset of an instruction that accesses memory.
        fn offset<'o>(op: &'o mut Operator<'_>) -> Option<&'o mut u64> {
            match op {
                $(
                    #[allow(unused_variables)]
                    Operator::$op $({ $($arg),* })? => memory_offset!(@offset $($($arg)*)?; $($($arg)*)?),
                )*
                #[allow(unreachable_patterns)]
                _ => None,
            }
        }
    };
    (@offset memarg $($rest:ident)*; $memarg:ident $($same:ident)*) => { Some(&mut $memarg.offset) };
    (@offset $($rest:ident)*; $($same:ident)*) => { None };
}

wasmparser::for_each_operator!(memory_offset);

/// Initial values of globals towards zero.
pub(crate) fn initial_values(draft: &Draft<'_>) -> Vec<Change> {
    let zeros = Zeros::of(draft);
    let globals = draft.globals.iter().enumerate();
    let changed = globals.filter(|(_, global)| {
        let zero = zeros.constant(global.ty.content_type);
        format!("{:?}", global.init) != format!("{zero:?}")
    });
    let changes = changed.map(|(index, _)| {
        change(move |draft| {
            let zeros = Zeros::of(draft);
            let Some(global) = draft.globals.get_mut(index) else {
                return false;
            };
            global.init = zeros.constant(global.ty.content_type);
            true
        })
    });
    changes.collect()
}
