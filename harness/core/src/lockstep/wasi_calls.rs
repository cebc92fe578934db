//! Host calls that read or write the program's memory: what is read is compared, what is written goes into
//! the oracle's memory too.

use super::driver::Driver;
use super::entities::Entity;
use super::following::Following;
use crate::divergence::Moment;
use crate::hosting::MemoryWrite;
use crate::rules::RuleId;
use crate::wasi::memory::Alter;
use crate::wasi::{Answer, BothMemories, Function, GuestMemory, Host};
use lockstep_oracles::address::MemAddr;
use lockstep_oracles::value::Value;

/// A memory of the program, as the subject has it.
pub struct ProgramMemory<'m> {
    /// Which.
    pub addr: MemAddr,
    /// Its bytes.
    pub bytes: &'m mut [u8],
}

impl Following {
    /// Makes a host function's write; whether it is all inside the memory.
    pub fn write_from_host(
        &mut self,
        write: &MemoryWrite,
        args: &[Value],
        memory: ProgramMemory<'_>,
        alter: Option<Alter<'_, '_>>,
    ) -> bool {
        let Some(at) = write.at.offset(args) else {
            return false;
        };
        let oracle = self.machine.store.memory_mut(memory.addr);
        BothMemories::new(memory.bytes, oracle, alter).write(at, &write.bytes)
    }
}

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
