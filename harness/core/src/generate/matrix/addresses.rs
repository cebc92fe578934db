//! Addresses of memory accesses: in bounds, at the last bytes, beyond; aligned, or not.

use super::super::weights::{below, between, chance};
use super::body::{Body, Manner};
use super::environment::Environment;
use super::stores::Memory;
use arbitrary::{Result, Unstructured};
use wasm_encoder::{Instruction, MemArg, MemArgTarget, ValType};

impl Body {
    /// Sees to it that an address of so many bytes in a memory is on top.
    pub(super) fn address(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        bytes: u32,
        manner: Manner,
    ) -> Result<MemArg> {
        let (index, memory) = environment.memory(u)?;
        let offset = *u.choose(&[0u32, 0, 1, 3, 8, 100, 1000, 0x7f00])?;
        if manner == Manner::Trap {
            return self.address_beyond(u, index, memory, bytes);
        }
        if chance(u, 1, 40)? {
            return self.address_at_the_end(u, index, memory, (bytes, offset));
        }
        if manner == Manner::Reuse && self.fits(&[ValType::I32]) {
            self.mask(0x3fff);
        } else if chance(u, 1, 6)? {
            // The last bytes.
            self.push_i32((memory.bytes() - bytes - offset) as i32);
        } else {
            self.bounded(u, environment, 0x4000)?;
        }
        self.widen(memory.ty.memory64);
        memarg(u, index, bytes, offset.into())
    }

    /// An address that is out of bounds: by its own, by the offset, or by both.
    fn address_beyond(
        &mut self,
        u: &mut Unstructured<'_>,
        index: u32,
        memory: Memory,
        bytes: u32,
    ) -> Result<MemArg> {
        let mut offset = *u.choose(&[0u64, 0, 1, 100, 0x7f00])?;
        if chance(u, 1, 2)? {
            return self.address_at_the_end(u, index, memory, (bytes, offset as u32));
        }
        if memory.ty.memory64 && chance(u, 1, 2)? {
            let address = *u.choose(&[-1, i64::MIN, i64::MAX, 1 << 32])?;
            self.op(Instruction::I64Const(address), 0, &[ValType::I64]);
            if chance(u, 1, 2)? {
                offset = *u.choose(&[1 << 32, u64::MAX, 1 << 63])?;
            }
        } else {
            let address = *u.choose(&[-1, -16, i32::MIN, i32::MAX])?;
            self.push_i32(address);
            self.widen(memory.ty.memory64);
        }
        memarg(u, index, bytes, offset)
    }

    /// An address of the last bytes and of some behind them, as far as the memory has not grown.
    fn address_at_the_end(
        &mut self,
        u: &mut Unstructured<'_>,
        index: u32,
        memory: Memory,
        (bytes, offset): (u32, u32),
    ) -> Result<MemArg> {
        let beyond = between(u, 1, bytes)?;
        self.push_i32((memory.bytes() + beyond - bytes - offset) as i32);
        self.widen(memory.ty.memory64);
        memarg(u, index, bytes, offset.into())
    }

    /// Sees to it that an address for an atomic access of so many bytes is on top: aligned, unless
    /// it is to trap.
    pub(super) fn aligned_address(
        &mut self,
        u: &mut Unstructured<'_>,
        environment: &Environment,
        (index, memory): (u32, Memory),
        bytes: u32,
        manner: Manner,
    ) -> Result<MemArg> {
        let mut memarg = MemArg {
            offset: *u.choose(&[0u64, 0, 8, 64, 1000, 0x7f00])?,
            align: bytes.trailing_zeros(),
            target: MemArgTarget::Memory(index),
            ordering: None,
        };
        if manner == Manner::Trap && (bytes == 1 || chance(u, 1, 3)?) {
            let align = memarg.align;
            memarg = self.address_beyond(u, index, memory, bytes)?;
            memarg.align = align;
            return Ok(memarg);
        }
        self.push(u, environment, ValType::I32)?;
        self.mask(0x3fff & !(bytes as i32 - 1));
        if manner == Manner::Trap {
            self.push_i32(1);
            self.op(Instruction::I32Or, 2, &[ValType::I32]);
        }
        self.widen(memory.ty.memory64);
        Ok(memarg)
    }
}

/// The immediates of an access of so many bytes, with any alignment that it may have.
fn memarg(u: &mut Unstructured<'_>, index: u32, bytes: u32, offset: u64) -> Result<MemArg> {
    Ok(MemArg {
        offset,
        align: between(u, 0, bytes.trailing_zeros())?,
        target: MemArgTarget::Memory(index),
        ordering: None,
    })
}

/// Two places that overlap and how long they are, all below a limit: where something is copied to, and where from.
pub(super) fn overlapping(u: &mut Unstructured<'_>, limit: u32) -> Result<(i32, i32, i32)> {
    let len = between(u, 2, limit / 2)?;
    let apart = between(u, 1, len - 1)?;
    let low = below(u, limit - len - apart + 1)?;
    let (to, from) = match chance(u, 1, 2)? {
        true => (low, low + apart),
        false => (low + apart, low),
    };
    Ok((to as i32, from as i32, len as i32))
}
