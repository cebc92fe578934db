//! The checker of a frame's handle that the debugger keeps: valid until execution is resumed, and no longer.

use super::driver::Driver;
use super::setting::Setting;
use crate::causes::{Cause, Known};
use crate::divergence::Moment;
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
    pub(super) fn explain_held_frame(&self, since: Since) -> Option<Known> {
        let known = self.cause(Cause::HandleVersion)?;
        (!since.returned).then_some(known)
    }
}

impl Driver {
    /// Whether a handle to the innermost frame may be made.
    pub fn may_hold_frame(&self) -> bool {
        self.ended.is_none() && self.following.visible_frames() > 0
    }

    /// Checks what a handle says of itself.
    pub fn check_held_frame(&mut self, held: &HeldFrame, since: Since, moment: Moment) {
        self.recorder.note(RuleId::FrameHandle);
        match (held, since.resumed) {
            (HeldFrame::Valid, false) => {}
            (HeldFrame::Valid, true) => {
                let known = self.following.setting.explain_held_frame(since);
                self.report_held(("stale: execution was resumed", "valid"), moment, known);
            }
            (HeldFrame::Foreign, _) => {
                self.report_held(("stale in another store", "valid there"), moment, None);
            }
            (HeldFrame::Stale { .. }, false) => {
                self.report_held(("valid: execution was not resumed", "stale"), moment, None);
            }
            (HeldFrame::Stale { answers }, true) => {
                self.recorder.note(RuleId::StaleHandle);
                if !answers.is_empty() {
                    let expected = "a stale handle answers nothing but errors".to_owned();
                    let shown = format!("it answers {}", answers.join(", "));
                    self.report_plain(RuleId::StaleHandle, moment, expected, shown);
                }
            }
        }
    }

    fn report_held(&mut self, (right, shown): (&str, &str), moment: Moment, known: Option<Known>) {
        if self.recorder.repeats(known) {
            return;
        }
        let (expected, shown) = (right.to_owned(), shown.to_owned());
        self.report_known(RuleId::FrameHandle, moment, expected, shown, known);
    }
}
