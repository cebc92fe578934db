//! `SEGMENT-OBJECTS`: a segment's expressions are evaluated at each use.

/// How often a segment was used must it be that two objects stand for one of the program's.
const USES: u32 = 2;

/// Whether an object that a segment's expression made may be another one than before, after so many
/// uses of the segment.
pub fn explains(uses: u32) -> bool {
    uses >= USES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_use_makes_one_object() {
        assert_eq!([0, 1, 2, 3].map(explains), [false, false, true, true]);
    }
}
