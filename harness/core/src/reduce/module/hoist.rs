//! Taking away an instruction together with one of its operands.

use super::Change;
use super::flow::{Flow, Sequence};
use super::ranges::{Replacement, replacing};
use std::ops::Range;
use wasmparser::ValType;

/// How deep below the top the operand may lie.
const DEPTH: usize = 4;

/// Items before the instruction that are looked at.
const REACH: usize = 60;

/// Pairs of an operand's expression and the instruction that takes it.
pub(crate) fn changes(func: usize, flow: &Flow) -> Vec<Change> {
    let sequences = flow.sequences.iter();
    let pairs = sequences.flat_map(|sequence| of_sequence(flow, sequence));
    pairs.map(|pair| replacing(func, pair)).collect()
}

fn of_sequence(flow: &Flow, sequence: &Sequence) -> Vec<Vec<Replacement>> {
    let mut found = Vec::new();
    for taker in 0..sequence.len() {
        let at = sequence.items[taker]..sequence.items[taker + 1];
        let (Some(before), Some(after)) = (flow.at(at.start), flow.at(at.end)) else {
            continue;
        };
        for below in 1..=DEPTH.min(before.len()) {
            let position = before.len() - below;
            for operand in operands(flow, sequence, taker, position) {
                found.push(pair(flow, before, after, position, operand, at.clone()));
            }
        }
    }
    found
}

/// Where the operand at this position of the stack may be made: the shortest and the longest range.
fn operands(flow: &Flow, sequence: &Sequence, taker: usize, position: usize) -> Vec<Range<usize>> {
    let height = |item: usize| flow.at(sequence.items[item]).map(<[_]>::len);
    let window = taker.saturating_sub(REACH)..taker;
    let mut candidates = window.rev().take_while(|&item| height(item).is_some());
    let Some(start) = candidates.find(|&item| height(item).is_some_and(|h| h <= position)) else {
        return Vec::new();
    };
    if height(start) != Some(position) {
        return Vec::new();
    }
    let mut ends = (start + 1..=taker).filter(|&item| height(item) == Some(position + 1));
    let Some(first) = ends.next() else {
        return Vec::new();
    };
    let last = ends.next_back().unwrap_or(first);
    let range = |end: usize| sequence.items[start]..sequence.items[end];
    let mut found = vec![range(last)];
    if first != last {
        found.push(range(first));
    }
    found
}

fn pair(
    flow: &Flow,
    before: &[ValType],
    after: &[ValType],
    position: usize,
    operand: Range<usize>,
    taker: Range<usize>,
) -> Vec<Replacement> {
    let mut without = before.to_vec();
    without.remove(position);
    vec![
        (operand, Vec::new()),
        (taker, flow.convert(&without, after)),
    ]
}
