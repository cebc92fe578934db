//! Bulk operations on memories and tables: bounds first, then everything or nothing. They never
//! leave a part of their effect behind a trap.

use crate::memory::{Memory, OutOfBounds};
use crate::store::Table;
use crate::trap::Trap;
use crate::value::Ref;

impl From<OutOfBounds> for Trap {
    fn from(_: OutOfBounds) -> Trap {
        Trap::OutOfBoundsMemoryAccess
    }
}

/// `memory.init`
pub(crate) fn memory_init(
    memory: &mut Memory,
    data: &[u8],
    to: u64,
    from: u64,
    count: u64,
) -> Result<(), Trap> {
    let source = slice(data, from, count).ok_or(Trap::OutOfBoundsMemoryAccess)?;
    memory.write(to, source)?;
    Ok(())
}

/// `memory.copy`, between two memories or within one
pub(crate) fn memory_copy(
    memories: &mut [Memory],
    (to_memory, to): (usize, u64),
    (from_memory, from): (usize, u64),
    count: u64,
) -> Result<(), Trap> {
    match memories.get_disjoint_mut([to_memory, from_memory]) {
        Ok([target, source]) => target.write(to, source.range(from, count)?)?,
        Err(_) => memories[to_memory].copy_within(to, from, count)?,
    }
    Ok(())
}

/// `memory.fill`
pub(crate) fn memory_fill(
    memory: &mut Memory,
    at: u64,
    value: u32,
    count: u64,
) -> Result<(), Trap> {
    memory.range_mut(at, count)?.fill(value as u8);
    Ok(())
}

/// `table.init`
pub(crate) fn table_init(
    table: &mut Table,
    elements: &[Ref],
    to: u64,
    from: u64,
    count: u64,
) -> Result<(), Trap> {
    let source = slice(elements, from, count).ok_or(Trap::OutOfBoundsTableAccess)?;
    slice_mut(&mut table.elements, to, count)?.copy_from_slice(source);
    Ok(())
}

/// `table.copy`, between two tables or within one
pub(crate) fn table_copy(
    tables: &mut [Table],
    (to_table, to): (usize, u64),
    (from_table, from): (usize, u64),
    count: u64,
) -> Result<(), Trap> {
    let trap = Trap::OutOfBoundsTableAccess;
    slice(&tables[from_table].elements, from, count).ok_or(trap)?;
    slice(&tables[to_table].elements, to, count).ok_or(trap)?;
    let (from, to, count) = (from as usize, to as usize, count as usize);
    match tables.get_disjoint_mut([to_table, from_table]) {
        Ok([target, source]) => {
            target.elements[to..to + count].copy_from_slice(&source.elements[from..from + count])
        }
        Err(_) => tables[to_table]
            .elements
            .copy_within(from..from + count, to),
    }
    Ok(())
}

/// `table.fill`
pub(crate) fn table_fill(table: &mut Table, at: u64, value: Ref, count: u64) -> Result<(), Trap> {
    slice_mut(&mut table.elements, at, count)?.fill(value);
    Ok(())
}

/// `count` items from `at`, if there are so many.
pub(crate) fn slice<T>(items: &[T], at: u64, count: u64) -> Option<&[T]> {
    let end = usize::try_from(at.checked_add(count)?).ok()?;
    items.get(at as usize..end)
}

fn slice_mut<T>(items: &mut [T], at: u64, count: u64) -> Result<&mut [T], Trap> {
    let end = at
        .checked_add(count)
        .and_then(|end| usize::try_from(end).ok());
    end.and_then(|end| items.get_mut(at as usize..end))
        .ok_or(Trap::OutOfBoundsTableAccess)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wasmparser::{RefType, TableType};

    fn table(elements: impl Iterator<Item = u32>) -> Table {
        let elements: Vec<Ref> = elements.map(Ref::Extern).collect();
        Table {
            ty: TableType {
                element_type: RefType::EXTERNREF,
                table64: false,
                initial: elements.len() as u64,
                maximum: None,
                shared: false,
            },
            elements,
        }
    }

    #[test]
    fn a_slice_that_overflows_is_none() {
        assert_eq!(slice(&[1, 2], u64::MAX, 2), None);
        assert_eq!(slice(&[1, 2], 2, 0), Some(&[][..]));
    }

    proptest! {
        /// Given a copy, within a table or between two, it is a copy through a buffer, or a trap
        /// that changes nothing.
        #[test]
        fn a_copy_is_a_copy_through_a_buffer(
            to in 0_u64..12,
            from in 0_u64..12,
            count in 0_u64..12,
            to_table in 0_usize..2,
            from_table in 0_usize..2,
        ) {
            let mut tables = [table(0..10), table(100..108)];
            let mut expected: Vec<Vec<Ref>> = tables.iter().map(|t| t.elements.clone()).collect();
            let in_bounds = (from + count) as usize <= expected[from_table].len()
                && (to + count) as usize <= expected[to_table].len();
            if in_bounds {
                let buffer = expected[from_table][from as usize..][..count as usize].to_vec();
                expected[to_table][to as usize..][..count as usize].copy_from_slice(&buffer);
            }
            let result = table_copy(&mut tables, (to_table, to), (from_table, from), count);
            prop_assert_eq!(result.is_ok(), in_bounds);
            for (table, expected) in tables.iter().zip(&expected) {
                prop_assert_eq!(&table.elements, expected);
            }
        }

        /// Given a fill or an initialisation, it writes its range or nothing.
        #[test]
        fn a_range_is_written_wholly_or_not_at_all(
            at in prop_oneof![0_u64..12, Just(u64::from(u32::MAX)), Just(u64::MAX)],
            from in 0_u64..6,
            count in prop_oneof![0_u64..12, Just(u64::from(u32::MAX)), Just(u64::MAX)],
        ) {
            let source: Vec<Ref> = (50..55).map(Ref::Extern).collect();
            let fits = at.saturating_add(count) <= 10;
            let has = from.saturating_add(count) <= 5;

            let mut filled = table(0..10);
            let result = table_fill(&mut filled, at, Ref::Null, count);
            prop_assert_eq!(result.is_ok(), fits);
            let nulls = filled.elements.iter().filter(|&&e| e == Ref::Null).count();
            prop_assert_eq!(nulls, if fits { count as usize } else { 0 });

            let mut initialised = table(0..10);
            let result = table_init(&mut initialised, &source, at, from, count);
            prop_assert_eq!(result.is_ok(), fits && has);
            if result.is_ok() {
                let range = at as usize..(at + count) as usize;
                let wanted = &source[from as usize..(from + count) as usize];
                prop_assert_eq!(&initialised.elements[range], wanted);
            } else {
                prop_assert_eq!(initialised.elements, table(0..10).elements);
            }
        }
    }
}
