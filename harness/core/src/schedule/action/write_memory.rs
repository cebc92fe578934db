//! Writes a byte of a memory that is not shared through the handle that its accessor returns.

use super::{Entity, Write, number, smaller};
use lockstep_oracles::address::{InstanceAddr, MemAddr};
use lockstep_oracles::store::Store;

/// Writes a byte of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteMemory {
    /// Which of the instance's memories that are not shared and not empty.
    pub memory: Entity,
    /// Where, counted round and round.
    pub offset: u64,
    /// The byte.
    pub byte: u8,
}

/// The write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryWrite {
    /// The instance that is asked for it.
    pub instance: InstanceAddr,
    /// Its index there.
    pub index: u32,
    /// The memory.
    pub addr: MemAddr,
    /// Where in the memory.
    pub offset: u64,
    /// The byte.
    pub byte: u8,
}

impl WriteMemory {
    pub(super) fn text(self) -> String {
        let (memory, offset, byte) = (self.memory.text(), self.offset, self.byte);
        format!("write memory {memory} {offset:#x} {byte:#x}")
    }

    pub(super) fn read(words: &[&str]) -> Option<WriteMemory> {
        let [memory, offset, byte] = words else {
            return None;
        };
        Some(WriteMemory {
            memory: Entity::read(memory)?,
            offset: number(offset)?,
            byte: number(byte)?.try_into().ok()?,
        })
    }

    pub(super) fn reduced(self) -> Vec<WriteMemory> {
        let memories = self.memory.reduced().into_iter();
        let memories = memories.map(|memory| WriteMemory { memory, ..self });
        let offsets = smaller(self.offset).into_iter();
        let offsets = offsets.map(|offset| WriteMemory { offset, ..self });
        memories.chain(offsets).collect()
    }

    pub(super) fn write(self, store: &Store) -> Option<Write> {
        let instance = self.memory.instance(store)?;
        let memories = &store.instance(instance).memories;
        let writable = |addr: MemAddr| {
            let memory = store.memory(addr);
            !memory.ty().shared && !memory.bytes().is_empty()
        };
        let indices: Vec<u32> = (0..memories.len() as u32)
            .filter(|&index| writable(memories[index as usize]))
            .collect();
        let index = self.memory.index(&indices)?;
        let addr = memories[index as usize];
        let size = store.memory(addr).bytes().len() as u64;
        Some(Write::Memory(MemoryWrite {
            instance,
            index,
            addr,
            offset: self.offset.checked_rem(size)?,
            byte: self.byte,
        }))
    }
}

impl MemoryWrite {
    pub(super) fn apply(self, store: &mut Store) {
        // The offset was taken from the memory's own size.
        let _ = store.memory_mut(self.addr).write(self.offset, &[self.byte]);
    }
}
