//! Choices by weight: a table of rows, and drawing from it.
//!
//! Every draw of this module gives the same on every machine, and the plain choice (the first row,
//! zero, no) when the data is used up.

use arbitrary::{Result, Unstructured};

/// A row of a table of choices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<T> {
    /// The choice's name.
    pub(super) name: &'static str,
    /// How often it is chosen, beside the other rows' weights.
    pub(super) weight: u32,
    /// The choice.
    pub(super) what: T,
}

impl<T> Row<T> {
    /// A choice of this name and weight.
    pub(super) const fn new(name: &'static str, weight: u32, what: T) -> Row<T> {
        Row { name, weight, what }
    }
}

/// A row of the table, by weight; the first when the data is used up.
///
/// # Errors
///
/// When the table is empty.
pub(super) fn pick<'t, T>(u: &mut Unstructured<'_>, table: &'t [Row<T>]) -> Result<&'t Row<T>> {
    let sum: u32 = table.iter().map(|row| row.weight).sum();
    let mut drawn = fairly(u, sum)?;
    for row in table {
        match drawn.checked_sub(row.weight) {
            None => return Ok(row),
            Some(rest) => drawn = rest,
        }
    }
    Err(arbitrary::Error::EmptyChoose)
}

/// Yes in `times` of `of` cases; no when the data is used up.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn chance(u: &mut Unstructured<'_>, times: u32, of: u32) -> Result<bool> {
    Ok(fairly(u, of)? >= of.saturating_sub(times))
}

/// A number below `end`, each as likely as the others: one byte, which the other draws take, would
/// give some of a hundred half as often again as the rest.
fn fairly(u: &mut Unstructured<'_>, end: u32) -> Result<u32> {
    Ok(u32::from(u.arbitrary::<u16>()?) % end.max(1))
}

/// A number below `end`; zero when the data is used up, or `end` is zero.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn below(u: &mut Unstructured<'_>, end: u32) -> Result<u32> {
    between(u, 0, end.saturating_sub(1))
}

/// A number from `first` to `last`; `first` when the data is used up.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn between(u: &mut Unstructured<'_>, first: u32, last: u32) -> Result<u32> {
    u.int_in_range(first..=last.max(first))
}

/// An item of a list; none of an empty one.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn one_of<'t, T>(u: &mut Unstructured<'_>, items: &'t [T]) -> Result<Option<&'t T>> {
    let index = below(u, items.len() as u32)?;
    Ok(items.get(index as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Row<u8>] = &[
        Row {
            name: "often",
            weight: 3,
            what: 0,
        },
        Row {
            name: "never",
            weight: 0,
            what: 1,
        },
        Row {
            name: "seldom",
            weight: 1,
            what: 2,
        },
    ];

    /// As many draws of each number as of the others.
    fn even() -> Vec<u8> {
        (0..1024u16).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn rows_come_as_often_as_their_weights_say() {
        let bytes = even();
        let mut u = Unstructured::new(&bytes);
        let mut counts = [0; 3];
        for _ in 0..1024 {
            counts[usize::from(pick(&mut u, TABLE).unwrap().what)] += 1;
        }
        assert_eq!(counts, [768, 0, 256]);
    }

    #[test]
    fn used_up_data_gives_the_plain_choice() {
        let mut u = Unstructured::new(&[]);
        assert_eq!(pick(&mut u, TABLE).unwrap().name, "often");
        assert!(!chance(&mut u, 9, 10).unwrap());
        assert_eq!(below(&mut u, 7).unwrap(), 0);
        assert_eq!(between(&mut u, 3, 7).unwrap(), 3);
        assert_eq!(one_of::<u8>(&mut u, &[]).unwrap(), None);
        assert!(pick::<u8>(&mut u, &[]).is_err());
    }

    #[test]
    fn a_chance_is_taken_as_often_as_it_says() {
        let bytes = even();
        let mut u = Unstructured::new(&bytes);
        let taken = (0..1024).filter(|_| chance(&mut u, 1, 4).unwrap()).count();
        assert_eq!(taken, 256);
    }
}
