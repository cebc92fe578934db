//! Opcodes at which a stack or a heap may be used up. When it is is the subject's own, but not where.

use super::Following;
use crate::causes::inlined_calls::called;
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::store::FuncInst;

impl Following {
    /// Whether the opcode at which the oracle is makes an object, or calls a host function that may: a call of
    /// a function that a module defines makes nothing before that function's first opcode.
    pub(crate) fn may_make_object(&self) -> bool {
        self.machine.top().is_some_and(|view| {
            let op = view.op();
            op.makes_object() || op.is_call() && self.may_call_host(&view)
        })
    }

    /// Whether the call at which a frame is may be one of the host's.
    fn may_call_host(&self, view: &FrameView<'_>) -> bool {
        let Some(callee) = called(view.function, view.position) else {
            return true;
        };
        let store = &self.machine.store;
        let callee = store.instance(view.instance).funcs.get(callee.0 as usize);
        callee.is_none_or(|&callee| matches!(store.func(callee), FuncInst::Host { .. }))
    }
}
