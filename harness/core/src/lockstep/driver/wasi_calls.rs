//! Calls of WASI functions: the host carries them out in both memories.

use super::Driver;
use crate::divergence::Moment;
use crate::lockstep::checkers::entities::Entity;
use crate::lockstep::following::wasi_calls::ProgramMemory;
use crate::rules::RuleId;
use crate::wasi::memory::Alter;
use crate::wasi::{Answer, BothMemories, Function, Host};

impl Driver {
    /// Has the host carry out a call of a function of WASI that the oracle waits for, too.
    pub fn serve(
        &mut self,
        host: &mut Host,
        function: Function,
        args: &[u64],
        memory: Option<ProgramMemory<'_>>,
        alter: Option<Alter<'_, '_>>,
    ) -> Answer {
        let Some(memory) = memory else {
            return host.call(function, args, None);
        };
        let oracle = self.following.machine.store.memory_mut(memory.addr);
        let mut both = BothMemories::new(memory.bytes, oracle, alter);
        let answer = host.call(function, args, Some(&mut both));
        let difference = both.difference();
        if let Some(found) = difference
            && !self.comparison.taint.has(Entity::Memory(memory.addr))
        {
            let show = |byte: u8| {
                let name = function.name();
                format!(
                    "{name} reads 0x{byte:02x} at 0x{:x} of memory {}",
                    found.at, memory.addr
                )
            };
            let (expected, observed) = (show(found.expected), show(found.observed));
            self.report_plain(RuleId::Memory, Moment::HostCall, expected, observed);
        }
        answer
    }
}
