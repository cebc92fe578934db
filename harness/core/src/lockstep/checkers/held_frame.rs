//! The checker of a frame's handle that the debugger keeps: valid until execution is resumed, and no longer.

use super::difference::Difference;
use crate::causes::{Cause, Known};
use crate::lockstep::following::setting::Setting;
use crate::rules::RuleId;

/// What a handle that is kept says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldFrame {
    /// It can be used.
    Valid,
    /// It can be used in a store that it is not of.
    Foreign,
    /// It cannot.
    Stale {
        /// What it answers all the same.
        answers: Vec<&'static str>,
    },
}

/// What has happened since a handle was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// Whether execution was resumed.
    pub resumed: bool,
    /// Whether a host function that Wasm code called has returned.
    pub returned: bool,
}

impl Setting {
    /// The cause that explains why a handle is still valid: no host function has returned.
    fn explain_held_frame(&self, since: Since) -> Option<Known> {
        let known = self.cause(Cause::HandleVersion)?;
        (!since.returned).then_some(known)
    }
}

/// What a handle says of itself that it must not.
pub(crate) fn check(setting: &Setting, held: &HeldFrame, since: Since) -> Option<Difference> {
    let (expected, shown) = match (held, since.resumed) {
        (HeldFrame::Valid, false) => return None,
        (HeldFrame::Valid, true) => ("stale: execution was resumed", "valid"),
        (HeldFrame::Foreign, _) => ("stale in another store", "valid there"),
        (HeldFrame::Stale { .. }, false) => ("valid: execution was not resumed", "stale"),
        (HeldFrame::Stale { answers }, true) => {
            let expected = "a stale handle answers nothing but errors";
            let shown = || format!("it answers {}", answers.join(", "));
            let answers = !answers.is_empty();
            return answers.then(|| Difference::new(RuleId::StaleHandle, expected, shown()));
        }
    };
    let known = match held {
        HeldFrame::Valid => setting.explain_held_frame(since),
        HeldFrame::Foreign | HeldFrame::Stale { .. } => None,
    };
    Some(Difference::new(RuleId::FrameHandle, expected, shown).explained(known))
}
