//! Taking away a block around its instructions, or an arm of an `if`.

use super::flow::{Block, Flow, replaced};
use super::ranges::Replacement;
use super::{Change, Op, change};
use std::ops::Range;
use wasmparser::Operator;

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
    for &block in &flow.blocks {
        changes.push(unwrapping(func, block, Kept::First));
        if let Some(otherwise) = block.otherwise {
            changes.push(unwrapping(func, block, Kept::Second));
            changes.push(super::ranges::replacing(
                func,
                vec![(otherwise..block.end, Vec::new())],
            ));
        }
    }
    changes
}

fn unwrapping(func: usize, block: Block, kept: Kept) -> Change {
    change(move |draft| {
        let Some(func) = draft.funcs.get_mut(func) else {
            return false;
        };
        match unwrapped(&func.body, block, kept) {
            Some(body) => {
                func.body = body;
                true
            }
            None => false,
        }
    })
}

fn unwrapped<'a>(body: &[Op<'a>], block: Block, kept: Kept) -> Option<Vec<Op<'a>>> {
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
