//! Collections of garbage: whether one may be made, and that every frame reads as before behind it.

use super::driver::Driver;
use super::following::Following;
use super::verdict::Flow;
use crate::causes::slots::is_unset;
use crate::causes::{Cause, Known};
use crate::divergence::Moment;
use crate::observe::Observation;
use crate::rules::RuleId;
use lockstep_oracles::ValType;
use lockstep_oracles::types::Hierarchy;

impl Following {
    /// The cause that forbids a collection now, if one does.
    fn forbids_collection(&mut self) -> Option<Known> {
        let hidden = self.horizon().map(|horizon| horizon.known);
        // What a start function runs in is no frame that a collection could follow, nor are the slots
        // known that it would follow where records are lost.
        hidden
            .or_else(|| self.unset_root())
            .or_else(|| self.phantom_root())
            .or_else(|| self.thrown_root())
            .or_else(|| self.host_root())
    }

    /// The cause that forbids a collection while an exception that the host threw is on its way.
    fn thrown_root(&self) -> Option<Known> {
        let known = self.setting.frees_thrown()?;
        // The engine then asserts what holds of no exception that was given to its handler.
        let asserted = cfg!(debug_assertions) && self.invocation.has_thrown();
        (asserted || self.invocation.host_has_thrown()).then_some(known)
    }

    /// The cause that forbids a collection while a frame has a local that was never written.
    fn unset_root(&self) -> Option<Known> {
        let known = self.setting.cause(Cause::UnsetRoot)?;
        let unset = self.machine.frames().any(|view| {
            let locals = view.locals.iter().zip(&view.function.locals);
            locals.into_iter().any(|(&cell, &ty)| {
                is_unset(ty, cell)
                    && matches!(ty, ValType::Ref(ty)
                        if view.module.hierarchy(ty.heap_type()) != Some(Hierarchy::Func))
            })
        });
        unset.then_some(known)
    }
}

impl Driver {
    /// Whether no cause forbids a collection now, or it is dared.
    pub fn may_collect(&mut self) -> bool {
        let Some(known) = self.following.forbids_collection() else {
            return true;
        };
        if self.dares(known) {
            return true;
        }
        self.recorder.leave_out(known, 1);
        false
    }

    /// Garbage was collected at the event that was just matched: every frame still reads as before.
    pub fn collected<O: Observation>(&mut self, observed: &mut O, refused: Option<String>) -> Flow {
        if self.ended.is_some() {
            return Flow::Stop;
        }
        self.note_collection(refused);
        let depth = self.following.machine.depth();
        match self.compare_frames(observed, Moment::Collection, depth, depth) {
            // What is dared with an exception on its way shows only when that is followed.
            Flow::Continue if self.comparison.daring.has_dared(Cause::ThrownRoot) => Flow::Continue,
            Flow::Continue => self.end_dare(),
            Flow::Stop => {
                let _ = self.end_dare();
                Flow::Stop
            }
        }
    }

    /// Garbage was collected, if that was not refused.
    pub fn note_collection(&mut self, refused: Option<String>) {
        self.comparison.budget.disturb();
        if let Some(error) = refused {
            let expected = "a collection".to_owned();
            self.report_plain(RuleId::Collect, Moment::Collection, expected, error);
        }
        self.recorder.tally.collections += 1;
    }
}
