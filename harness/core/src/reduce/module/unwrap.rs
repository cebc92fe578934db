//! Taking away a block around its instructions, an arm of an `if`, what a block takes and leaves, or
//! clauses of a `try_table`.

use super::flow::{Block, Flow, drops, replaced};
use super::ranges::Replacement;
use super::{Change, Draft, Op, change};
use std::ops::Range;
use wasmparser::{BlockType, Operator};

/// Which instructions of a block stay.
#[derive(Clone, Copy, Debug)]
enum Kept {
    /// All, or the first arm of an `if`
    First,
    /// The second arm of an `if`
    Second,
}

/// Every block, in order.
pub(crate) fn changes(func: usize, flow: &Flow) -> Vec<Change> {
    let mut changes = Vec::new();
    for block in &flow.blocks {
        changes.push(unwrapping(func, block.clone(), Kept::First));
        if let Some(otherwise) = block.otherwise {
            changes.push(unwrapping(func, block.clone(), Kept::Second));
            changes.push(super::ranges::replacing(
                func,
                vec![(otherwise..block.end, Vec::new())],
            ));
        }
        changes.extend(untyped(func, flow, block));
        changes.push(clause(func, block.begin, None));
        changes.extend((0..CLAUSES).map(|nth| clause(func, block.begin, Some(nth))));
    }
    changes
}

/// A block that takes and leaves nothing: with what lay on the stack dropped, and zeros in its
/// place; and with nothing in its place, where what follows is dead.
fn untyped(func: usize, flow: &Flow, block: &Block) -> Vec<Change> {
    if block.params.is_empty() && block.results.is_empty() {
        return Vec::new();
    }
    let leave = |end: usize| match flow.at(end) {
        Some(_) => drops(block.results.len()),
        None => Vec::new(),
    };
    let params = flow.values(&block.params);
    let mut replacements: Vec<Replacement> = vec![
        (block.begin..block.begin, drops(block.params.len())),
        (block.begin + 1..block.begin + 1, params.clone()),
    ];
    if let Some(otherwise) = block.otherwise {
        replacements.push((otherwise..otherwise, leave(otherwise)));
        replacements.push((otherwise + 1..otherwise + 1, params));
    }
    replacements.push((block.end..block.end, leave(block.end)));
    let dead = replacements.clone();
    replacements.push((block.end + 1..block.end + 1, flow.values(&block.results)));
    let begin = block.begin;
    let untype = |replacements: Vec<Replacement>| {
        change(move |draft| {
            let Some(func) = draft.funcs.get_mut(func) else {
                return false;
            };
            match func.body.get_mut(begin) {
                Some(Op::Plain(
                    Operator::Block { blockty }
                    | Operator::Loop { blockty }
                    | Operator::If { blockty },
                )) => *blockty = BlockType::Empty,
                Some(Op::Plain(Operator::TryTable { try_table })) => {
                    try_table.ty = BlockType::Empty;
                }
                _ => return false,
            }
            let Some(body) = replaced(&func.body, &replacements) else {
                return false;
            };
            func.body = body;
            draft.shake_types();
            true
        })
    };
    vec![untype(dead), untype(replacements)]
}

/// Clauses of a `try_table` that are tried one by one.
const CLAUSES: usize = 8;

/// A `try_table` without a clause, or without any.
fn clause(func: usize, begin: usize, nth: Option<usize>) -> Change {
    change(move |draft: &mut Draft<'_>| {
        let func = draft.funcs.get_mut(func);
        let Some(Op::Plain(Operator::TryTable { try_table })) =
            func.and_then(|func| func.body.get_mut(begin))
        else {
            return false;
        };
        let catches = &mut try_table.catches;
        match nth {
            Some(nth) if nth < catches.len() => drop(catches.remove(nth)),
            None if !catches.is_empty() => catches.clear(),
            _ => return false,
        }
        true
    })
}

fn unwrapping(func: usize, block: Block, kept: Kept) -> Change {
    change(move |draft| {
        let Some(func) = draft.funcs.get_mut(func) else {
            return false;
        };
        match unwrapped(&func.body, &block, kept) {
            Some(body) => {
                func.body = body;
                true
            }
            None => false,
        }
    })
}

fn unwrapped<'a>(body: &[Op<'a>], block: &Block, kept: Kept) -> Option<Vec<Op<'a>>> {
    let mut body = body.to_vec();
    let first_end = block.otherwise.unwrap_or(block.end);
    let inside = match kept {
        Kept::First => block.begin + 1..first_end,
        Kept::Second => block.otherwise? + 1..block.end,
    };
    shorten(body.get_mut(inside.clone())?)?;
    let opening = match body.get(block.begin)? {
        Op::Plain(Operator::If { .. }) => vec![Op::Plain(Operator::Drop)],
        _ => Vec::new(),
    };
    let before: Replacement = (block.begin..inside.start, opening);
    let after: Range<usize> = inside.end..block.end + 1;
    replaced(&body, &[before, (after, Vec::new())])
}

/// Makes branches out of the block one label shorter; those to the block itself become what falls
/// through or traps.
fn shorten(ops: &mut [Op<'_>]) -> Option<()> {
    let mut depth = 0u32;
    for op in ops {
        match op {
            Op::Plain(Operator::End) => depth = depth.checked_sub(1)?,
            Op::Plain(Operator::Br { relative_depth }) if *relative_depth == depth => {
                *op = Op::Plain(Operator::Unreachable);
            }
            Op::Plain(Operator::BrIf { relative_depth }) if *relative_depth == depth => {
                *op = Op::Plain(Operator::Drop);
            }
            op => {
                for label in op.labels_mut() {
                    *label = shorter(*label, depth)?;
                }
                depth += u32::from(op.opens());
            }
        }
    }
    Some(())
}

fn shorter(label: u32, depth: u32) -> Option<u32> {
    match label.cmp(&depth) {
        std::cmp::Ordering::Less => Some(label),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(label - 1),
    }
}
