//! An exception that the debugger puts in the place of another.

use super::Following;
use lockstep_oracles::address::TagAddr;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::value::Value;

impl Following {
    /// The debugger put this exception in the place of the one that was thrown.
    pub fn replaced(&mut self, tag: TagAddr, payload: &[Value]) {
        let Ok(exn) = self.machine.alloc_exception(tag, payload) else {
            return;
        };
        let Some(Stop::Throw { caught, .. }) = self.machine.rethrow(exn) else {
            return;
        };
        self.invocation.replace_thrown(exn, caught);
    }
}
