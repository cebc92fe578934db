//! How far a walk over the frames may go: causes forbid to look at some of them.

use super::Following;
use crate::causes::{Cause, Known};

/// Where a walk over the frames must end, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Horizon {
    /// How many frames, from the innermost, may be looked at.
    pub(crate) frames: usize,
    /// The cause that forbids to look at the next.
    pub(crate) known: Known,
}

impl Following {
    /// Where a walk must end, if a cause forbids to look at every frame: nowhere else.
    pub(crate) fn horizon(&self) -> Option<Horizon> {
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
    pub(crate) fn visible_frames(&self) -> usize {
        self.horizon().map_or(usize::MAX, |horizon| horizon.frames)
    }

    /// The cause by which the stack shown at a trap may be anything in code that holds that of others.
    fn inlined_trap(&self) -> Option<Known> {
        let known = self.setting.cause(Cause::InlinedTrap);
        known.filter(|_| self.invocation.is_at_inlined_trap() && self.shares_code())
    }
}
