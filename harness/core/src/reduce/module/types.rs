//! Fewer, smaller and plainer types.

use super::zero::Zeros;
use super::{Change, Draft, Op, Space, change};
use std::collections::BTreeSet;
use wasmparser::{CompositeInnerType, FieldType, FuncType, Operator, StorageType, ValType};

/// Types up to this number have every pair of them tried as one.
const EVERY_PAIR: usize = 40;

/// Types without subtyping, in groups of their own, as one, with fewer fields; tags without payload.
pub(crate) fn changes(draft: &Draft<'_>) -> Vec<Change> {
    let mut changes = plainer(draft);
    changes.extend(apart(draft));
    changes.extend(tags(draft));
    changes.extend(merged(draft));
    changes.extend(fewer_fields(draft));
    changes
}

/// Types that name no supertype, and of which there can be no subtype.
fn plainer(draft: &Draft<'_>) -> Vec<Change> {
    let is_plain = |index: &usize| {
        let ty = &draft.types[*index];
        ty.is_final && ty.supertype_idxs.is_empty()
    };
    let others: Vec<usize> = (0..draft.types.len()).filter(|i| !is_plain(i)).collect();
    let plain = |indices: Vec<usize>| {
        change(move |draft| {
            for &index in &indices {
                let Some(ty) = draft.types.get_mut(index) else {
                    return false;
                };
                ty.is_final = true;
                ty.supertype_idxs.clear();
            }
            true
        })
    };
    let mut changes = Vec::new();
    if others.len() > 1 {
        changes.push(plain(others.clone()));
    }
    changes.extend(others.into_iter().map(|index| plain(vec![index])));
    changes
}

/// Recursion groups taken apart: all, then each; single types of a group taken away.
fn apart(draft: &Draft<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    let several: Vec<usize> = (0..draft.groups.len())
        .filter(|&group| draft.groups[group] > 1)
        .collect();
    let taken_apart = |groups: BTreeSet<usize>| {
        change(move |draft| {
            let sizes = std::mem::take(&mut draft.groups).into_iter().enumerate();
            draft.groups = sizes
                .flat_map(|(group, size)| match groups.contains(&group) {
                    true => vec![1; size as usize],
                    false => vec![size],
                })
                .collect();
            draft.shake_types();
            true
        })
    };
    if several.len() > 1 {
        changes.push(taken_apart(several.iter().copied().collect()));
    }
    for group in several {
        changes.push(taken_apart(BTreeSet::from([group])));
        let first: u32 = draft.groups[..group].iter().sum();
        for index in first..first + draft.groups[group] {
            changes.push(change(move |draft| draft.gone.insert((Space::Type, index))));
        }
    }
    changes
}

/// Two types as one: equal ones first.
fn merged(draft: &Draft<'_>) -> Vec<Change> {
    let count = draft.types.len();
    let kind = |index: usize| std::mem::discriminant(&draft.types[index].composite_type.inner);
    let mut pairs = Vec::new();
    for later in 0..count {
        for earlier in 0..later {
            let equal = draft.types[earlier] == draft.types[later];
            if equal || count <= EVERY_PAIR && kind(earlier) == kind(later) {
                pairs.push((!equal, earlier as u32, later as u32));
            }
        }
    }
    pairs.sort();
    let merge = |(_, earlier, later)| {
        change(move |draft| {
            draft.merged.insert(later, earlier);
            draft.shake_types();
            true
        })
    };
    pairs.into_iter().map(merge).collect()
}

/// Tags that carry nothing.
fn tags(draft: &Draft<'_>) -> Vec<Change> {
    let imported = draft.num_imported(Space::Tag);
    let tags = (imported..).zip(&draft.tags);
    let payloads = tags.map(|(tag, &ty)| (tag, draft.func_type(ty).map(|ty| ty.params().len())));
    let carrying = payloads.filter_map(|(tag, count)| Some((tag, count.filter(|&n| n > 0)?)));
    let emptied = |(tag, count): (u32, usize)| {
        change(move |draft| {
            let empty = draft.type_index(FuncType::new([], []));
            draft.tags[(tag - imported) as usize] = empty;
            for func in &mut draft.funcs {
                let drops = vec![Op::Plain(Operator::Drop); count];
                func.body = std::mem::take(&mut func.body)
                    .into_iter()
                    .flat_map(|op| match op {
                        Op::Plain(Operator::Throw { tag_index }) if tag_index == tag => {
                            drops.iter().cloned().chain([op]).collect()
                        }
                        _ => vec![op],
                    })
                    .collect();
            }
            draft.shake_types();
            true
        })
    };
    carrying.map(emptied).collect()
}

/// Structures with one field less, last fields first.
fn fewer_fields(draft: &Draft<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (index, ty) in (0..).zip(&draft.types) {
        if let CompositeInnerType::Struct(ty) = &ty.composite_type.inner {
            let fields = (0..ty.fields.len() as u32).rev();
            changes.extend(
                fields.map(|field| change(move |draft| without_field(draft, index, field))),
            );
        }
    }
    changes
}

/// Takes a field away; what is read of it is a zero, what is written is dropped. In the middle of
/// what `struct.new` takes nothing can be dropped.
fn without_field(draft: &mut Draft<'_>, index: u32, field: u32) -> bool {
    let Some(ty) = draft.types.get_mut(index as usize) else {
        return false;
    };
    let CompositeInnerType::Struct(structure) = &mut ty.composite_type.inner else {
        return false;
    };
    let mut fields: Vec<FieldType> = structure.fields.to_vec();
    if field as usize >= fields.len() {
        return false;
    }
    let removed = fields.remove(field as usize);
    let is_last = field as usize == fields.len();
    structure.fields = fields.into();
    let zero = Zeros::of(draft).value(match removed.element_type {
        StorageType::Val(ty) => ty,
        StorageType::I8 | StorageType::I16 => ValType::I32,
    });
    let drop = || Op::Plain(Operator::Drop);
    for func in &mut draft.funcs {
        let mut body = Vec::with_capacity(func.body.len());
        for mut op in std::mem::take(&mut func.body) {
            if let Op::Plain(Operator::StructNew { struct_type_index }) = op
                && struct_type_index == index
            {
                if !is_last {
                    return false;
                }
                body.extend([drop(), op]);
                continue;
            }
            match accessed(&mut op) {
                Some((of, place, writes)) if of == index && *place == field => {
                    body.push(drop());
                    match writes {
                        true => body.push(drop()),
                        false => body.extend(zero.iter().cloned()),
                    }
                    continue;
                }
                Some((of, place, _)) if of == index && *place > field => *place -= 1,
                _ => {}
            }
            body.push(op);
        }
        func.body = body;
    }
    true
}

/// The structure type and the field that an instruction reads or writes, and whether it writes.
fn accessed<'o>(op: &'o mut Op<'_>) -> Option<(u32, &'o mut u32, bool)> {
    use Operator as O;
    let Op::Plain(op) = op else {
        return None;
    };
    let writes = matches!(op, O::StructSet { .. });
    match op {
        O::StructGet {
            struct_type_index,
            field_index,
        }
        | O::StructGetS {
            struct_type_index,
            field_index,
        }
        | O::StructGetU {
            struct_type_index,
            field_index,
        }
        | O::StructSet {
            struct_type_index,
            field_index,
        } => Some((*struct_type_index, field_index, writes)),
        _ => None,
    }
}
