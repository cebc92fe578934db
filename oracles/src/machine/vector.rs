//! Vector opcodes on the operand stack: it moves operands, [`crate::simd`] computes. It never
//! changes an operand before all that can trap has not.

use crate::code::{Function, Instr};
use crate::memory::Memory;
use crate::opcode::Opcode;
use crate::simd::{self, DotSums, Kind};
use crate::trap::Trap;
use crate::value::Cell;

/// The kind of every opcode, by its number.
const KINDS: [Kind; Opcode::ALL.len()] = {
    let mut kinds = [Kind::NotSimd; Opcode::ALL.len()];
    let mut i = 0;
    while i < kinds.len() {
        kinds[i] = simd::kind(Opcode::ALL[i]);
        i += 1;
    }
    kinds
};

/// What relaxed opcodes do otherwise than the deterministic profile says, and how often that made a
/// difference.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Relaxed {
    /// Multiply-adds round once, not twice.
    pub(super) fuses: bool,
    /// Multiply-adds with another result.
    pub(super) fused: u64,
    /// How dot products add.
    pub(super) dots: DotSums,
    /// Dot products with another result.
    pub(super) unsaturated: u64,
}

impl Relaxed {
    /// The result of an opcode whose strict result is this one.
    #[inline]
    fn result(&mut self, op: Opcode, (a, b, c): (u128, u128, u128), strict: u128) -> u128 {
        if self.fuses
            && let Some(fused) = simd::fused(op, a, b, c)
        {
            self.fused += u64::from(fused != strict);
            return fused;
        }
        if let Some(sum) = simd::dot_with(self.dots, op, a, b, c) {
            self.unsaturated += u64::from(sum != strict);
            return sum;
        }
        strict
    }
}

/// Whether the opcode is a vector opcode that [`execute`] knows.
#[inline(always)]
pub(super) fn is_vector(op: Opcode) -> bool {
    KINDS[op as usize] != Kind::NotSimd
}

/// Executes a vector opcode on `cells`, of which `sp` are in use, and answers how many then are.
#[inline]
pub(super) fn execute(
    function: &Function,
    instr: &Instr,
    cells: &mut [Cell],
    sp: usize,
    memory: Option<&mut Memory>,
    relaxed: &mut Relaxed,
) -> Result<usize, Trap> {
    let op = instr.op;
    // The operand `n` below the top, and the address made of it.
    macro_rules! operand {
        ($n:expr) => {
            cells[sp - 1 - $n]
        };
    }
    macro_rules! address {
        ($n:expr) => {
            operand!($n).u64().saturating_add(instr.b)
        };
    }
    let lane = instr.a as u8;
    Ok(match KINDS[op as usize] {
        Kind::Unary => {
            operand!(0) = Cell(simd::unary(op, operand!(0).0));
            sp
        }
        Kind::Binary => {
            let (a, b) = (operand!(1).0, operand!(0).0);
            let mut result = simd::binary(op, a, b);
            if op == Opcode::I16x8RelaxedDotI8x16I7x16S {
                result = relaxed.result(op, (a, b, 0), result);
            }
            operand!(1) = Cell(result);
            sp - 1
        }
        Kind::Ternary => {
            let (a, b, c) = (operand!(2).0, operand!(1).0, operand!(0).0);
            let strict = simd::ternary(op, a, b, c);
            operand!(2) = Cell(relaxed.result(op, (a, b, c), strict));
            sp - 2
        }
        Kind::Bitselect => {
            let mask = operand!(0).0;
            operand!(2) = Cell(simd::bitselect(operand!(2).0, operand!(1).0, mask));
            sp - 2
        }
        Kind::Shift => {
            operand!(1) = Cell(simd::shift(op, operand!(1).0, operand!(0).u32()));
            sp - 1
        }
        Kind::Test => {
            operand!(0) = Cell(u128::from(simd::test(op, operand!(0).0)));
            sp
        }
        Kind::Splat => {
            operand!(0) = Cell(simd::splat(op, operand!(0).u64()));
            sp
        }
        Kind::Extract => {
            operand!(0) = Cell(u128::from(simd::extract(op, lane, operand!(0).0)));
            sp
        }
        Kind::Replace => {
            let scalar = operand!(0).u64();
            operand!(1) = Cell(simd::replace(op, lane, operand!(1).0, scalar));
            sp - 1
        }
        Kind::Shuffle => {
            let mask = function.vectors[instr.b as usize];
            operand!(1) = Cell(simd::shuffle(operand!(1).0, operand!(0).0, mask));
            sp - 1
        }
        Kind::LoadExtend => {
            let bytes = load(memory, address!(0))?;
            operand!(0) = Cell(simd::load_extend(op, u64::from_le_bytes(bytes)));
            sp
        }
        Kind::LoadSplat => {
            operand!(0) = Cell(load_splat(op, memory, address!(0))?);
            sp
        }
        Kind::LoadZero => {
            operand!(0) = Cell(match op {
                Opcode::V128Load32Zero => u32::from_le_bytes(load(memory, address!(0))?).into(),
                _ => u64::from_le_bytes(load(memory, address!(0))?).into(),
            });
            sp
        }
        Kind::LoadLane => {
            let vector = operand!(0).0;
            operand!(1) = Cell(load_lane(op, memory, address!(1), lane, vector)?);
            sp - 1
        }
        Kind::StoreLane => {
            store_lane(op, memory, address!(1), lane, operand!(0).0)?;
            sp - 2
        }
        Kind::NotSimd => panic!("crash: {} in compiled code", op.name()),
    })
}

fn load<const N: usize>(memory: Option<&mut Memory>, address: u64) -> Result<[u8; N], Trap> {
    memory
        .expect("crash: a load without a memory")
        .load(address)
        .ok_or(Trap::OutOfBoundsMemoryAccess)
}

fn load_splat(op: Opcode, memory: Option<&mut Memory>, address: u64) -> Result<u128, Trap> {
    fn splat<const N: usize>(memory: Option<&mut Memory>, address: u64) -> Result<u128, Trap> {
        let bytes = load::<N>(memory, address)?;
        let mut vector = [0; 16];
        for lane in vector.chunks_exact_mut(N) {
            lane.copy_from_slice(&bytes);
        }
        Ok(u128::from_le_bytes(vector))
    }
    match op {
        Opcode::V128Load8Splat => splat::<1>(memory, address),
        Opcode::V128Load16Splat => splat::<2>(memory, address),
        Opcode::V128Load32Splat => splat::<4>(memory, address),
        _ => splat::<8>(memory, address),
    }
}

fn load_lane(
    op: Opcode,
    memory: Option<&mut Memory>,
    address: u64,
    lane: u8,
    vector: u128,
) -> Result<u128, Trap> {
    fn replace<const N: usize>(
        memory: Option<&mut Memory>,
        address: u64,
        lane: u8,
        vector: u128,
    ) -> Result<u128, Trap> {
        let mut bytes = vector.to_le_bytes();
        bytes[usize::from(lane) * N..][..N].copy_from_slice(&load::<N>(memory, address)?);
        Ok(u128::from_le_bytes(bytes))
    }
    match op {
        Opcode::V128Load8Lane => replace::<1>(memory, address, lane, vector),
        Opcode::V128Load16Lane => replace::<2>(memory, address, lane, vector),
        Opcode::V128Load32Lane => replace::<4>(memory, address, lane, vector),
        _ => replace::<8>(memory, address, lane, vector),
    }
}

fn store_lane(
    op: Opcode,
    memory: Option<&mut Memory>,
    address: u64,
    lane: u8,
    vector: u128,
) -> Result<(), Trap> {
    let memory = memory.expect("crash: a store without a memory");
    let lane = u32::from(lane);
    match op {
        Opcode::V128Store8Lane => memory.store(address, [(vector >> (8 * lane)) as u8]),
        Opcode::V128Store16Lane => {
            memory.store(address, ((vector >> (16 * lane)) as u16).to_le_bytes())
        }
        Opcode::V128Store32Lane => {
            memory.store(address, ((vector >> (32 * lane)) as u32).to_le_bytes())
        }
        _ => memory.store(address, ((vector >> (64 * lane)) as u64).to_le_bytes()),
    }
    .ok_or(Trap::OutOfBoundsMemoryAccess)
}
