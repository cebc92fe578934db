//! Looks beyond what may be looked at.

use super::Driver;

impl Driver {
    /// Whether a look at the stack is to the end although a cause forbids it; if not, it is counted by its
    /// cause.
    pub(crate) fn dares_horizon(&mut self) -> bool {
        let Some(horizon) = self.following.horizon() else {
            return false;
        };
        if self.dares(horizon.known) {
            return true;
        }
        self.recorder.leave_out(horizon.known, 1);
        false
    }
}
