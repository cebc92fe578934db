//! The causes that forbid a collection of garbage now.

use crate::causes::slots::is_unset;
use crate::causes::{Cause, Known};
use crate::lockstep::following::Following;
use lockstep_oracles::ValType;
use lockstep_oracles::types::Hierarchy;

impl Following {
    /// The cause that forbids a collection now, if one does.
    pub(crate) fn forbids_collection(&mut self) -> Option<Known> {
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
