//! `INSTANCE-POSITION`: an instance's index counts what stands for the store itself and for the host's own
//! entities, which the list of instances leaves out.

/// Whether the cause explains these indices of the instances of a list: they leave out the first, and grow along the
/// list, by no more than what `others` there are; none, if that is not known.
pub fn explains(indices: &[u32], others: Option<usize>) -> bool {
    let grow = indices.windows(2).all(|pair| pair[0] < pair[1]);
    let (first, last) = (indices.first(), indices.last());
    let most = others.map(|others| indices.len() + others);
    grow && first.is_some_and(|&first| first > 0)
        && last.is_none_or(|&last| most.is_none_or(|most| last as usize <= most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_that_leave_out_the_first_are_explained() {
        assert!(explains(&[1, 2], Some(0)) && explains(&[2], Some(1)));
        assert!(explains(&[1, 3], Some(1)) && explains(&[1, 9], None));
        assert!(!explains(&[0, 2], None) && !explains(&[], None));
    }

    #[test]
    fn indices_beyond_what_there_is_are_not() {
        assert!(!explains(&[1, 3], Some(0)) && !explains(&[2], Some(0)));
        assert!(!explains(&[1, 2, 5], Some(1)));
    }

    #[test]
    fn indices_that_do_not_grow_are_not() {
        assert!(!explains(&[1, 1], None) && !explains(&[2, 1], None));
    }
}
