//! `INLINED-TAIL-CALL`: a frame that a tail call in inlined code should have replaced is still shown.

use lockstep_oracles::address::FuncIndex;

/// A frame at a tail call that was executed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtTailCall {
    /// Its function.
    pub func: FuncIndex,
    /// The function that the tail call names, if that may be inlined.
    pub callee: Option<FuncIndex>,
}

/// Whether frames at tail calls, innermost first, may be shown between one of the program's frames,
/// in the function `inner`, and the one that waits for it, at a call of `called` that may be inlined.
///
/// The code of each must have become a part of another's: it was inlined into the one outside, or
/// what it called was inlined in its place.
pub fn explains(shown: &[AtTailCall], inner: Option<FuncIndex>, called: Option<FuncIndex>) -> bool {
    (0..shown.len()).all(|index| {
        let inside = index.checked_sub(1).map_or(inner, |i| Some(shown[i].func));
        let outside = shown.get(index + 1).map_or(called, |outer| outer.callee);
        let frame = shown[index];
        outside == Some(frame.func) || frame.callee.is_some() && frame.callee == inside
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(func: u32, callee: Option<u32>) -> AtTailCall {
        AtTailCall {
            func: FuncIndex(func),
            callee: match callee {
                Some(callee) => Some(FuncIndex(callee)),
                None => None,
            },
        }
    }

    fn explained(shown: &[AtTailCall], inner: u32, called: Option<u32>) -> bool {
        explains(shown, Some(FuncIndex(inner)), called.map(FuncIndex))
    }

    #[test]
    fn the_frame_of_an_inlined_callee_stays() {
        assert!(explained(&[at(1, None)], 5, Some(1)));
        assert!(!explained(&[at(2, None)], 5, Some(1)));
        assert!(!explained(&[at(1, None)], 5, None));
    }

    #[test]
    fn the_frame_in_whose_place_something_was_inlined_stays() {
        assert!(explained(&[at(1, Some(5))], 5, None));
        assert!(!explained(&[at(1, Some(4))], 5, None));
        assert!(!explains(&[at(1, None)], None, None));
    }

    #[test]
    fn each_of_several_needs_a_reason() {
        assert!(explained(&[at(2, None), at(1, Some(2))], 5, Some(1)));
        assert!(!explained(&[at(3, None), at(1, Some(2))], 5, Some(1)));
        assert!(!explained(&[at(1, None), at(1, None)], 5, Some(1)));
    }
}
