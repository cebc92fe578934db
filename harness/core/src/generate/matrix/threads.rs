//! The opcodes of threads that are no plain access: fences, and waits that return at once.

use super::super::weights::{below, chance, one_of};
use super::body::{Body, Manner};
use super::environment::Environment;
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{Instruction, Ordering, ValType};

/// Those of [`Body::thread`].
pub(in crate::generate) const THREADS: &[Opcode] = &[
    Opcode::AtomicFence,
    Opcode::MemoryAtomicWait32,
    Opcode::MemoryAtomicWait64,
];

impl Body {
    /// Appends an opcode of [`THREADS`]; nothing for another, or without threads.
    ///
    /// A wait's time is up at once, or has been; without a shared memory it is a fence instead, for
    /// it would trap.
    pub(in crate::generate) fn thread(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        opcode: Opcode,
        manner: Manner,
    ) -> Result<()> {
        if !environment.has(opcode) {
            return Ok(());
        }
        // On a memory that is not shared it traps, too.
        let wanted = manner != Manner::Trap || chance(u, 1, 3)?;
        let memories = environment.memories.iter().copied().zip(0..);
        let shared: Vec<_> = memories
            .filter(|(memory, _)| memory.ty.shared == wanted)
            .collect();
        let found = one_of(u, &shared)?.copied();
        let (bytes, ty) = match opcode {
            Opcode::MemoryAtomicWait32 => (4, ValType::I32),
            _ => (8, ValType::I64),
        };
        let (Some((memory, index)), true) = (found, opcode != Opcode::AtomicFence) else {
            self.emit(Instruction::AtomicFence(Ordering::SeqCst));
            return Ok(());
        };
        let manner = match memory.ty.shared {
            true => manner,
            false => Manner::Fresh,
        };
        let memarg = self.aligned_address(u, environment, (index, memory), bytes, manner)?;
        self.push(u, environment, ty)?;
        // Nanoseconds.
        let timeout = i64::from(below(u, 3)?);
        self.op(Instruction::I64Const(timeout), 0, &[ValType::I64]);
        let wait = match opcode {
            Opcode::MemoryAtomicWait32 => Instruction::MemoryAtomicWait32(memarg),
            _ => Instruction::MemoryAtomicWait64(memarg),
        };
        self.op(wait, 3, &[ValType::I32]);
        Ok(())
    }
}
