//! Replacing ranges of instructions by the least that keeps the types.

use super::flow::{Flow, Sequence, replaced};
use super::{Change, Op, change};
use std::ops::Range;
use wasmparser::Operator;

/// Sequences up to this length have every range of them tried.
const EVERY_RANGE: usize = 20;

/// What takes the place of a range of a body.
pub(crate) type Replacement = (Range<usize>, Vec<Op<'static>>);

/// Replacements in a defined function, long ranges first.
pub(crate) fn changes(func: usize, flow: &Flow) -> Vec<Change> {
    let sequences = flow.sequences.iter();
    let mut found: Vec<Replacement> = sequences
        .flat_map(|sequence| of_sequence(flow, sequence))
        .collect();
    found.sort_by_key(|(range, _)| (std::cmp::Reverse(range.len()), range.start));
    let replace = |replacement| replacing(func, vec![replacement]);
    found.into_iter().map(replace).collect()
}

/// A change that makes these replacements.
pub(crate) fn replacing(func: usize, replacements: Vec<Replacement>) -> Change {
    change(move |draft| {
        let Some(func) = draft.funcs.get_mut(func) else {
            return false;
        };
        match replaced(&func.body, &replacements) {
            Some(body) => {
                func.body = body;
                true
            }
            None => false,
        }
    })
}

fn of_sequence(flow: &Flow, sequence: &Sequence) -> Vec<Replacement> {
    let mut found = Vec::new();
    for items in spans(flow, sequence) {
        let range = sequence.items[items.start]..sequence.items[items.end];
        found.extend(replacement(flow, sequence, range.clone()));
        // What follows may not need what is pushed here: validation tells.
        found.push((range, Vec::new()));
    }
    for &start in &sequence.items[..sequence.len()] {
        let range = start..sequence.end();
        let trap = Op::Plain(Operator::Unreachable);
        if flow.at(start).is_some() && range.len() > 1 {
            found.push((range, vec![trap]));
        }
    }
    found
}

/// Which items of a sequence are tried together.
fn spans(flow: &Flow, sequence: &Sequence) -> Vec<Range<usize>> {
    let len = sequence.len();
    let mut spans = Vec::new();
    if len <= EVERY_RANGE {
        for start in 0..len {
            spans.extend((start + 1..=len).map(|end| start..end));
        }
        return spans;
    }
    let mut size = len;
    while size > 0 {
        let starts = (0..len).step_by(size);
        spans.extend(starts.map(|start| start..(start + size).min(len)));
        size /= 2;
    }
    spans.extend((1..=len).flat_map(|end| expressions(flow, sequence, end)));
    spans
}

/// The statement and the expression that end with the item before `end`.
fn expressions(flow: &Flow, sequence: &Sequence, end: usize) -> Vec<Range<usize>> {
    let height = |item: usize| flow.at(sequence.items[item]).map(<[_]>::len);
    let Some(after) = height(end) else {
        return Vec::new();
    };
    let begins = |height_before: usize| {
        let earlier = (0..end).rev();
        let mut earlier = earlier.take_while(|&item| height(item).is_some());
        earlier.find(|&item| height(item).is_some_and(|height| height <= height_before))
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    found.extend(begins(after).map(|start| start..end));
    if let Some(below) = after.checked_sub(1) {
        found.extend(begins(below).map(|start| start..end));
    }
    found.dedup();
    found
}

/// What may take the place of a range; none if nothing is known to.
fn replacement(flow: &Flow, sequence: &Sequence, range: Range<usize>) -> Option<Replacement> {
    let Some(from) = flow.at(range.start) else {
        // Dead code needs no types.
        return Some((range, Vec::new()));
    };
    if let Some(to) = flow.at(range.end) {
        let with = flow.convert(from, to);
        return Some((range, with));
    }
    if range.end != sequence.end() {
        return None;
    }
    let mut to = from.get(..sequence.base)?.to_vec();
    to.extend(&sequence.results);
    let with = flow.convert(from, &to);
    Some((range, with))
}
