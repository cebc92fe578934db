//! Takes the pending exception at its event and puts none in its place: "Take the currently pending
//! exception, if any, and return it, removing it from the 'pending exception' slot"
//! (`StoreContextMut::take_pending_exception`). What becomes of the program no document says; versions end
//! the call with the error of a thrown exception, and nothing catches it (pinned).

/// Takes the exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakeException;

impl TakeException {
    pub(super) fn text(self) -> String {
        "take exception".to_owned()
    }
}
