//! How far a walk over the frames may go: causes forbid to look at some of them.

use super::driver::Driver;
use super::following::Following;
use crate::causes::{Cause, Known};

/// Where a walk over the frames must end, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Horizon {
    /// How many frames, from the innermost, may be looked at.
    pub(super) frames: usize,
    /// The cause that forbids to look at the next.
    pub(super) known: Known,
}

impl Following {
    /// Where a walk must end, if a cause forbids to look at every frame: nowhere else.
    pub(super) fn horizon(&self) -> Option<Horizon> {
        let none = |known| Horizon { frames: 0, known };
        if self.setting.inlined
            && let Some(known) = self.inlined_trap().or_else(|| self.inlined_in_try())
        {
            return Some(none(known));
        }
        let frames = self.machine.depth();
        let startup = self.setting.cause(Cause::StartupFrame);
        let startup = startup.filter(|_| self.instantiation.runs());
        startup.map(|known| Horizon { frames, known })
    }

    /// How many frames may be looked at.
    pub(super) fn visible_frames(&self) -> usize {
        self.horizon().map_or(usize::MAX, |horizon| horizon.frames)
    }

    /// The cause by which the stack shown at a trap may be anything in code that holds that of others.
    fn inlined_trap(&self) -> Option<Known> {
        let known = self.setting.cause(Cause::InlinedTrap);
        known.filter(|_| self.invocation.is_at_inlined_trap() && self.shares_code())
    }
}

impl Driver {
    /// Whether a look at the stack is to the end although a cause forbids it; if not, it is counted by its
    /// cause.
    pub(super) fn dares_horizon(&mut self) -> bool {
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
