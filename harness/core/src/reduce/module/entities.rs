//! Fewer exports, segments and limits.

use super::bodies::halves;
use super::zero::Zeros;
use super::{Change, Draft, Items, Mode, Op, Space, change};
use std::collections::BTreeSet;
use std::ops::Range;
use wasmparser::ValType;

/// Exports that nothing needs: all, halves and so on; then the start function.
pub(crate) fn exports(draft: &Draft<'_>, needed: &BTreeSet<String>) -> Vec<Change> {
    let names = draft.exports.iter().map(|export| export.name.clone());
    let spare: Vec<String> = names.filter(|name| !needed.contains(name)).collect();
    let mut changes: Vec<Change> = halves(spare.len())
        .into_iter()
        .map(|range| {
            let gone: BTreeSet<String> = spare[range].iter().cloned().collect();
            change(move |draft| {
                draft.exports.retain(|export| !gone.contains(&export.name));
                true
            })
        })
        .collect();
    if draft.start.is_some() {
        changes.push(change(|draft| draft.start.take().is_some()));
    }
    changes
}

/// Segments taken away, then shortened.
pub(crate) fn segments(draft: &Draft<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for space in [Space::Elem, Space::Data] {
        for range in halves(draft.count(space) as usize) {
            changes.push(change(move |draft| {
                let gone = range.clone().map(|index| (space, index as u32));
                draft.gone.extend(gone);
                true
            }));
        }
    }
    for (index, data) in draft.datas.iter().enumerate() {
        changes.extend(
            halves(data.bytes.len().min(64))
                .into_iter()
                .map(|range| change(move |draft| shorter_data(draft, index, range.clone()))),
        );
    }
    for (index, elem) in draft.elems.iter().enumerate() {
        let count = match &elem.items {
            Items::Functions(functions) => functions.len(),
            Items::Expressions(_, items) => items.len(),
        };
        changes.extend(
            halves(count)
                .into_iter()
                .map(|range| change(move |draft| shorter_elem(draft, index, range.clone()))),
        );
        if let Items::Expressions(..) = elem.items
            && let Mode::Passive | Mode::Declared = elem.mode
        {
            changes.push(change(move |draft| match draft.elems.get_mut(index) {
                Some(elem) => {
                    elem.items = Items::Functions(Vec::new());
                    true
                }
                None => false,
            }));
        }
    }
    changes
}

/// Takes a part of a data segment away: the same part of it, should it be longer than 64 bytes.
fn shorter_data(draft: &mut Draft<'_>, index: usize, part: Range<usize>) -> bool {
    let Some(data) = draft.datas.get_mut(index) else {
        return false;
    };
    let (len, parts) = (data.bytes.len(), data.bytes.len().min(64));
    if parts == 0 {
        return false;
    }
    let range = part.start * len / parts..part.end * len / parts;
    if range.end > len {
        return false;
    }
    data.bytes.drain(range);
    true
}

fn shorter_elem(draft: &mut Draft<'_>, index: usize, range: Range<usize>) -> bool {
    match draft.elems.get_mut(index).map(|elem| &mut elem.items) {
        Some(Items::Functions(functions)) if range.end <= functions.len() => {
            functions.drain(range);
            true
        }
        Some(Items::Expressions(_, items)) if range.end <= items.len() => {
            items.drain(range);
            true
        }
        _ => false,
    }
}

/// Smaller limits of memories and tables, defined or imported; offsets of segments at zero.
pub(crate) fn limits(draft: &Draft<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for index in 0..draft.memories.len() {
        for initial in [0, 1] {
            changes.push(change(move |draft| match draft.memories.get_mut(index) {
                Some(memory) => lower(&mut memory.initial, initial),
                None => false,
            }));
        }
        changes.push(change(move |draft| {
            let memory = draft.memories.get_mut(index);
            memory.is_some_and(|memory| memory.maximum.take().is_some())
        }));
        changes.push(change(move |draft| {
            let memory = draft.memories.get_mut(index);
            memory.is_some_and(|memory| std::mem::take(&mut memory.shared))
        }));
        changes.push(change(move |draft| {
            let memory = draft.memories.get_mut(index);
            memory.is_some_and(|memory| memory.page_size_log2.take().is_some())
        }));
    }
    for index in 0..draft.tables.len() {
        for share in [0, 1, 2] {
            changes.push(change(move |draft| match draft.tables.get_mut(index) {
                Some(table) => {
                    let initial = [0, 1, table.initial / 2][share];
                    lower(&mut table.initial, initial)
                }
                None => false,
            }));
        }
        changes.push(change(move |draft| {
            let table = draft.tables.get_mut(index);
            table.is_some_and(|table| table.maximum.take().is_some())
        }));
        changes.push(change(move |draft| {
            let init = draft.table_inits.get_mut(index);
            init.is_some_and(|init| init.take().is_some())
        }));
    }
    changes.extend(offsets(draft));
    changes
}

fn lower(value: &mut u64, to: u64) -> bool {
    let lower = to < *value;
    *value = to.min(*value);
    lower
}

/// Offsets at zero. Of the two types only that of the memory's or table's addresses is valid.
fn offsets(draft: &Draft<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for ty in [ValType::I32, ValType::I64] {
        let zero = move || Zeros::default().constant(ty);
        let elems = (0..draft.elems.len()).map(|index| {
            change(move |draft| {
                let elem = draft.elems.get_mut(index);
                elem.is_some_and(|elem| set_offset(&mut elem.mode, zero()))
            })
        });
        changes.extend(elems);
        let datas = (0..draft.datas.len()).map(|index| {
            change(move |draft| {
                let data = draft.datas.get_mut(index);
                data.is_some_and(|data| set_offset(&mut data.mode, zero()))
            })
        });
        changes.extend(datas);
    }
    changes
}

fn set_offset<'a>(mode: &mut Mode<'a>, to: Vec<Op<'a>>) -> bool {
    match mode {
        Mode::Active(_, offset) => {
            *offset = to;
            true
        }
        Mode::Passive | Mode::Declared => false,
    }
}
