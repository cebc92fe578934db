//! Where the oracle's frames are, as the subject shows places.

use super::Following;
use crate::conventions::{Conventions, WaitingPc};
use crate::observe::Place;
use lockstep_oracles::address::Pc;
use lockstep_oracles::machine::FrameView;

/// Where the oracle says a frame is, in the subject's conventions.
#[inline]
pub(crate) fn expected_place(view: &FrameView<'_>, conventions: &Conventions) -> Place {
    let pc = match conventions.waiting {
        WaitingPc::Return if view.waits && !view.function.is_guarded(view.position) => {
            return_pc(view)
        }
        _ => view.pc(),
    };
    Place {
        instance: Some(view.instance),
        module_agrees: true,
        func: Some(view.function.index),
        pc,
    }
}

/// The PC of the opcode behind the pending call; a call is never a function's last opcode.
#[inline]
fn return_pc(view: &FrameView<'_>) -> Pc {
    let behind = view.function.pcs.get(view.position + 1);
    behind.copied().unwrap_or(view.pc())
}

impl Following {
    /// Where the oracle says the frames are, innermost first, in the subject's conventions.
    pub(crate) fn expected_places(&self) -> Vec<Place> {
        let frames = self.machine.frames();
        let places = frames.map(|view| expected_place(&view, self.setting.conventions));
        places.collect()
    }
}
