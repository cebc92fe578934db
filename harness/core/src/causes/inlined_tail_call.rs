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
/// what it called was inlined in its place. `comes_to` says whether the first function's code comes to
/// the second by tail calls that may be inlined: the frames on that way may be gone, as they must.
pub fn explains(
    shown: &[AtTailCall],
    inner: Option<FuncIndex>,
    called: Option<FuncIndex>,
    comes_to: impl Fn(FuncIndex, FuncIndex) -> bool,
) -> bool {
    (0..shown.len()).all(|index| {
        let inside = index.checked_sub(1).map_or(inner, |i| Some(shown[i].func));
        let outside = shown.get(index + 1).map_or(called, |outer| outer.callee);
        let frame = shown[index];
        outside.is_some_and(|outside| outside == frame.func || comes_to(outside, frame.func))
            || frame.callee.is_some() && frame.callee == inside
    })
}

/// As [`explains`], where a host function stands between the two frames of the program: `inner` was
/// called by the host, and the frame outside waits for the host. The first of the frames shown may belong
/// to the one, the rest to the other.
pub fn explains_apart(
    shown: &[AtTailCall],
    inner: Option<FuncIndex>,
    called: Option<FuncIndex>,
    comes_to: impl Fn(FuncIndex, FuncIndex) -> bool,
) -> bool {
    (0..=shown.len()).any(|split| {
        let (inside, outside) = shown.split_at(split);
        explains(inside, inner, None, &comes_to) && explains(outside, None, called, &comes_to)
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

    /// Function 7's code comes to function 1 by a tail call.
    fn explained(shown: &[AtTailCall], inner: u32, called: Option<u32>) -> bool {
        let inner = Some(FuncIndex(inner));
        explains(shown, inner, called.map(FuncIndex), |from, to| {
            (from.0, to.0) == (7, 1)
        })
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
        assert!(!explains(&[at(1, None)], None, None, |_, _| true));
    }

    #[test]
    fn the_frames_on_the_way_to_an_inlined_callee_may_be_gone() {
        assert!(explained(&[at(1, None)], 1, Some(7)));
        assert!(!explained(&[at(1, None)], 1, Some(8)));
        assert!(!explained(&[at(2, None)], 1, Some(7)));
    }

    #[test]
    fn a_host_function_may_be_between_two_frames() {
        let apart = |shown: &[AtTailCall], inner: u32, called: Option<u32>| {
            let inner = Some(FuncIndex(inner));
            explains_apart(shown, inner, called.map(FuncIndex), |_, _| false)
        };
        // Function 1 was inlined and left for the host, which called function 5.
        assert!(apart(&[at(1, None)], 5, Some(1)));
        assert!(!apart(&[at(2, None)], 5, Some(1)));
        // The host called function 2, which left for function 5.
        assert!(apart(&[at(2, Some(5)), at(1, None)], 5, Some(1)));
        assert!(!apart(&[at(2, None), at(1, None)], 5, Some(1)));
        // What is outside the host has not been replaced by what the host called.
        assert!(!apart(&[at(1, None), at(2, Some(5))], 5, Some(1)));
    }

    #[test]
    fn each_of_several_needs_a_reason() {
        assert!(explained(&[at(2, None), at(1, Some(2))], 5, Some(1)));
        assert!(!explained(&[at(3, None), at(1, Some(2))], 5, Some(1)));
        assert!(!explained(&[at(1, None), at(1, None)], 5, Some(1)));
    }
}
