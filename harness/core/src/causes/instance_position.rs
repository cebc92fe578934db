//! `INSTANCE-POSITION`: an instance's index counts what stands for the store itself and for the host's own
//! entities, which the list of instances leaves out.

/// Whether the cause explains these indices of the instances of a list: they leave out the first, and grow
/// along the list.
pub fn explains(indices: &[u32]) -> bool {
    let grow = indices.windows(2).all(|pair| pair[0] < pair[1]);
    grow && indices.first().is_some_and(|&first| first > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_that_leave_out_the_first_are_explained() {
        assert!(explains(&[1, 2]) && explains(&[2]) && explains(&[1, 3]));
        assert!(!explains(&[0, 2]) && !explains(&[]));
    }

    #[test]
    fn indices_that_do_not_grow_are_not() {
        assert!(!explains(&[1, 1]) && !explains(&[2, 1]));
    }
}
