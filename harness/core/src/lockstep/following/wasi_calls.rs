//! What a host function writes into the program's memory goes into the oracle's, too.

use super::Following;
use crate::hosting::MemoryWrite;
use crate::wasi::memory::Alter;
use crate::wasi::{BothMemories, GuestMemory};
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
