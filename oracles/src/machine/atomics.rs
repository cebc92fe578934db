//! Atomic accesses (the threads proposal), as the only thread that there is sees them. Every access
//! is sequentially consistent by itself, and nobody else notifies or waits.

use super::Stop;
use super::outside::Parts;
use crate::code::Instr;
use crate::compile::MEMORY;
use crate::memory::Memory;
use crate::opcode::Opcode;
use crate::trap::{Exhaustion, Trap};
use crate::value::Cell;
use std::time::Duration;

/// What an atomic access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Load,
    Store,
    Add,
    Sub,
    And,
    Or,
    Xor,
    Xchg,
    Cmpxchg,
    Notify,
    Wait,
}

/// One row an opcode: what it does, and with how many bytes.
macro_rules! accesses {
    ($($op:ident => $access:ident $bytes:literal,)*) => {
        const fn access(op: Opcode) -> Option<(Access, u64)> {
            match op {
                $(Opcode::$op => Some((Access::$access, $bytes)),)*
                _ => None,
            }
        }
    };
}

accesses! {
    I32AtomicLoad => Load 4,
    I64AtomicLoad => Load 8,
    I32AtomicLoad8U => Load 1,
    I32AtomicLoad16U => Load 2,
    I64AtomicLoad8U => Load 1,
    I64AtomicLoad16U => Load 2,
    I64AtomicLoad32U => Load 4,
    I32AtomicStore => Store 4,
    I64AtomicStore => Store 8,
    I32AtomicStore8 => Store 1,
    I32AtomicStore16 => Store 2,
    I64AtomicStore8 => Store 1,
    I64AtomicStore16 => Store 2,
    I64AtomicStore32 => Store 4,
    I32AtomicRmwAdd => Add 4,
    I32AtomicRmw8AddU => Add 1,
    I32AtomicRmw16AddU => Add 2,
    I64AtomicRmwAdd => Add 8,
    I64AtomicRmw8AddU => Add 1,
    I64AtomicRmw16AddU => Add 2,
    I64AtomicRmw32AddU => Add 4,
    I32AtomicRmwSub => Sub 4,
    I32AtomicRmw8SubU => Sub 1,
    I32AtomicRmw16SubU => Sub 2,
    I64AtomicRmwSub => Sub 8,
    I64AtomicRmw8SubU => Sub 1,
    I64AtomicRmw16SubU => Sub 2,
    I64AtomicRmw32SubU => Sub 4,
    I32AtomicRmwAnd => And 4,
    I32AtomicRmw8AndU => And 1,
    I32AtomicRmw16AndU => And 2,
    I64AtomicRmwAnd => And 8,
    I64AtomicRmw8AndU => And 1,
    I64AtomicRmw16AndU => And 2,
    I64AtomicRmw32AndU => And 4,
    I32AtomicRmwOr => Or 4,
    I32AtomicRmw8OrU => Or 1,
    I32AtomicRmw16OrU => Or 2,
    I64AtomicRmwOr => Or 8,
    I64AtomicRmw8OrU => Or 1,
    I64AtomicRmw16OrU => Or 2,
    I64AtomicRmw32OrU => Or 4,
    I32AtomicRmwXor => Xor 4,
    I32AtomicRmw8XorU => Xor 1,
    I32AtomicRmw16XorU => Xor 2,
    I64AtomicRmwXor => Xor 8,
    I64AtomicRmw8XorU => Xor 1,
    I64AtomicRmw16XorU => Xor 2,
    I64AtomicRmw32XorU => Xor 4,
    I32AtomicRmwXchg => Xchg 4,
    I32AtomicRmw8XchgU => Xchg 1,
    I32AtomicRmw16XchgU => Xchg 2,
    I64AtomicRmwXchg => Xchg 8,
    I64AtomicRmw8XchgU => Xchg 1,
    I64AtomicRmw16XchgU => Xchg 2,
    I64AtomicRmw32XchgU => Xchg 4,
    I32AtomicRmwCmpxchg => Cmpxchg 4,
    I32AtomicRmw8CmpxchgU => Cmpxchg 1,
    I32AtomicRmw16CmpxchgU => Cmpxchg 2,
    I64AtomicRmwCmpxchg => Cmpxchg 8,
    I64AtomicRmw8CmpxchgU => Cmpxchg 1,
    I64AtomicRmw16CmpxchgU => Cmpxchg 2,
    I64AtomicRmw32CmpxchgU => Cmpxchg 4,
    MemoryAtomicNotify => Notify 4,
    MemoryAtomicWait32 => Wait 4,
    MemoryAtomicWait64 => Wait 8,
}

/// Whether the opcode is one of these.
pub(super) const fn is_atomic(op: Opcode) -> bool {
    access(op).is_some() || matches!(op, Opcode::AtomicFence)
}

/// Executes one of them, and answers how many cells then are in use.
pub(super) fn execute(
    parts: Parts<'_>,
    instr: &Instr,
    cells: &mut [Cell],
    sp: usize,
) -> Result<usize, Stop> {
    let Some((access, bytes)) = access(instr.op) else {
        // A fence orders accesses; those of one thread are ordered.
        return Ok(sp);
    };
    let first = sp - operands(access);
    let memory = &mut parts.memories[parts.instance.memories[self::memory(instr)].index()];
    let address = cells[first].u64().saturating_add(instr.b);
    if is_unaligned(instr, cells[first], bytes) {
        return Err(Trap::UnalignedAtomic.into());
    }
    let old = load(memory, address, bytes)?;
    let operand = |n: usize| cells[first + n].u64();
    let result = match access {
        Access::Load => old,
        Access::Store => {
            store(memory, address, bytes, operand(1));
            return Ok(first);
        }
        Access::Notify => 0,
        Access::Wait => wait(memory, old, operand(1), operand(2))?,
        Access::Cmpxchg => {
            // The expected value is wrapped before it is compared (threads proposal, issue 195).
            if old == operand(1) & (u64::MAX >> (64 - 8 * bytes)) {
                store(memory, address, bytes, operand(2));
            }
            old
        }
        _ => {
            store(memory, address, bytes, modified(access, old, operand(1)));
            old
        }
    };
    cells[first] = Cell(u128::from(result));
    Ok(first + 1)
}

/// The index of the memory that the opcode accesses.
pub(super) fn memory(instr: &Instr) -> usize {
    (instr.a >> MEMORY) as usize
}

/// Of an address beyond 64 bits, too, the low bits say whether it is aligned.
fn is_unaligned(instr: &Instr, address: Cell, bytes: u64) -> bool {
    !address.u64().wrapping_add(instr.b).is_multiple_of(bytes)
}

/// Whether the access has a reason for a trap: none hides another.
pub(super) fn has_reason(instr: &Instr, operands: &[Cell], memory: &Memory, trap: Trap) -> bool {
    let Some((access, bytes)) = access(instr.op) else {
        return false;
    };
    let address = operands[operands.len() - self::operands(access)];
    match trap {
        Trap::UnalignedAtomic => is_unaligned(instr, address, bytes),
        Trap::OutOfBoundsMemoryAccess => {
            let address = address.u64().saturating_add(instr.b);
            memory.range(address, bytes).is_err()
        }
        Trap::ExpectedSharedMemory => access == Access::Wait && !memory.ty().shared,
        _ => false,
    }
}

/// How long a wait will last, [`Duration::MAX`] if nothing ends it; none of any other opcode, and of
/// a wait that traps or whose value is not the expected one.
pub(super) fn timeout<'m>(
    instr: &Instr,
    memory: impl Fn(usize) -> &'m Memory,
    operands: &[Cell],
) -> Option<Duration> {
    let (Access::Wait, bytes) = access(instr.op)? else {
        return None;
    };
    let [.., address, expected, timeout] = operands else {
        return None;
    };
    let memory = memory((instr.a >> MEMORY) as usize);
    let address = address.u64().checked_add(instr.b)?;
    if !address.is_multiple_of(bytes) {
        return None;
    }
    let old = load(memory, address, bytes).ok()?;
    match wait(memory, old, expected.u64(), timeout.u64()) {
        Ok(2) => Some(Duration::from_nanos(timeout.u64())),
        Err(Stop::Exhausted(_)) => Some(Duration::MAX),
        _ => None,
    }
}

/// Operands of an access, its address included.
fn operands(access: Access) -> usize {
    match access {
        Access::Load => 1,
        Access::Cmpxchg | Access::Wait => 3,
        _ => 2,
    }
}

/// What a read-modify-write puts in the place of `old`, of which only the low bytes are stored.
fn modified(access: Access, old: u64, operand: u64) -> u64 {
    match access {
        Access::Add => old.wrapping_add(operand),
        Access::Sub => old.wrapping_sub(operand),
        Access::And => old & operand,
        Access::Or => old | operand,
        Access::Xor => old ^ operand,
        Access::Xchg => operand,
        other => panic!("crash: {other:?} is no modification"),
    }
}

/// `memory.atomic.wait`: 1 if the value is not the expected one; else nobody notifies, so that it
/// times out (2), without really waiting, or, with a negative timeout, never ends.
fn wait(memory: &Memory, old: u64, expected: u64, timeout: u64) -> Result<u64, Stop> {
    if !memory.ty().shared {
        return Err(Trap::ExpectedSharedMemory.into());
    }
    if old != expected {
        return Ok(1);
    }
    if (timeout as i64) < 0 {
        return Err(Exhaustion::WaitsForEver.into());
    }
    Ok(2)
}

/// `bytes` bytes at `address`, zero-extended.
fn load(memory: &Memory, address: u64, bytes: u64) -> Result<u64, Trap> {
    let mut value = [0; 8];
    value[..bytes as usize].copy_from_slice(memory.range(address, bytes)?);
    Ok(u64::from_le_bytes(value))
}

/// Replaces the bytes that [`load`] has read.
fn store(memory: &mut Memory, address: u64, bytes: u64, value: u64) {
    let value = &value.to_le_bytes()[..bytes as usize];
    memory
        .write(address, value)
        .expect("crash: what was read can be written");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opcode::Proposal;

    #[test]
    fn every_opcode_of_the_proposal_has_a_row() {
        for &op in Opcode::ALL {
            assert_eq!(
                is_atomic(op),
                op.proposal() == Proposal::Threads,
                "{}",
                op.name()
            );
        }
    }
}
