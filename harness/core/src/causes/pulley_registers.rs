//! `PULLEY-VECTORS` and `PULLEY-REGISTERS`: an event on pulley64 changes registers of the code that it
//! interrupts. Which values it may change, computed from the cause.
//!
//! The trampoline that an event goes through saves every register and restores it. Two of its places
//! overlap:
//!
//! - It counts 16 bytes for a vector register and puts them 8 bytes apart. So `f31` comes back with the
//!   high half of `v0`, and the low half of each of `v0` to `v30` with the high half of the next one.
//!   All other float registers, all high halves and `v31` are right. Both versions do this.
//! - 42 gives the integer registers that the trampoline itself uses (from `x16` on, saved by the
//!   interpreter) the places of `x0`, `x1` and so on. With the backtracking allocator that is `x21`,
//!   which comes back as `x0`; with the single-pass one `x21` to `x29`, as `x0` to `x8`. 48 keeps both
//!   apart.
//!
//! Which register holds which value is not known, so every float and vector that waits in a register
//! while an event is delivered may come back changed. Slots are written when a value is made, before the
//! event: they are right until the program makes another value of a changed one. That is what this
//! module tells: which slots the opcode that was just executed wrote from a float or a vector. On 42 a
//! function's own code says whether it keeps anything in a changed integer register.
//!
//! Nothing here is an expectation.

use crate::causes::Cause;
use crate::configuration::Regalloc;
use crate::rules::RuleId;
use crate::version::Version;
use lockstep_oracles::ValType;
use lockstep_oracles::address::{FuncIndex, InstanceAddr};
use lockstep_oracles::code::{Function, Shape};
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::opcode::{Control, Opcode};
use lockstep_oracles::trap::Trap;

/// Whether values of this type wait in registers that an event changes.
pub fn is_changed(ty: ValType) -> bool {
    matches!(ty, ValType::F32 | ValType::F64 | ValType::V128)
}

/// Whether the function ever has a local or an operand of such a type.
pub fn has_changed(function: &Function) -> bool {
    let locals = function.locals.iter().copied();
    let operands = function.shapes.iter().map(|node| node.ty);
    locals.chain(operands).any(is_changed)
}

/// The integer registers from `x16` on that an event changes, a bit each.
pub fn changed_integers(subject: Version, regalloc: Regalloc) -> u16 {
    match regalloc {
        _ if !Cause::PulleyIntegers.is_of(subject) => 0,
        Regalloc::Backtracking => 1 << 5,
        Regalloc::SinglePass => 0x3fe0,
    }
}

/// Whether events change integer registers, pointers of the engine's own among them: what comes after
/// that may damage the process.
pub fn damages(subject: Version) -> bool {
    changed_integers(subject, Regalloc::Backtracking) != 0
}

/// Bits of the first immediate of a load or store below the index of its memory.
const MEMORY: u32 = 8;

/// `push_frame_save amt, regs`: the prologue of every function with a frame of its own.
const PUSH_FRAME_SAVE: u8 = 0xaa;

/// Whether a compiled function keeps values in one of these registers: it must save them first, and its
/// prologue says which it saves. Any other prologue is taken to keep some.
pub fn keeps_integers(code: &[u8], registers: u16) -> bool {
    match code {
        &[PUSH_FRAME_SAVE, _, _, low, high, ..] => u16::from_le_bytes([low, high]) & registers != 0,
        _ => registers != 0,
    }
}

/// What was executed last.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The opcode.
    pub op: Opcode,
    /// Its first immediate.
    immediate: u32,
    instance: InstanceAddr,
    function: FuncIndex,
    shape: Shape,
    /// How many frames there were.
    depth: usize,
    /// The three top operands, the top one first; 0 where there are fewer.
    operands: [u64; 3],
    /// Its second immediate: the offset of a load or store.
    offset: u64,
}

/// Bytes of a memory, which the opcode names by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The index.
    pub memory: MemoryIndex,
    /// The first byte.
    pub at: u64,
    /// How many.
    pub len: u64,
}

/// A memory's index in a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryIndex(pub u32);

impl Step {
    /// The opcode that the frame is before.
    pub fn of(view: &FrameView<'_>, depth: usize) -> Step {
        let instr = view.function.instrs[view.position];
        Step {
            op: instr.op,
            immediate: instr.a,
            instance: view.instance,
            function: view.function.index,
            shape: view.shape,
            depth,
            operands: std::array::from_fn(|i| {
                let below = view.operands.len().checked_sub(i + 1);
                below.map_or(0, |at| view.operands[at].u64())
            }),
            offset: instr.b,
        }
    }

    /// The instance whose code it is.
    pub fn instance(&self) -> InstanceAddr {
        self.instance
    }

    /// What it writes of a memory, if that is a float or a vector.
    pub fn stores(&self) -> Option<Access> {
        Some(self.access(1, stored_bytes(self.op)?))
    }

    /// What it writes of a memory, if that is an integer.
    pub fn stores_integer(&self) -> Option<Access> {
        match integer_stored_bytes(self.op) {
            Some(len) => Some(self.access(1, len)),
            None if self.op == Opcode::MemoryFill => {
                let [len, _, at] = self.operands;
                let memory = MemoryIndex(self.immediate);
                Some(Access { memory, at, len })
            }
            None => None,
        }
    }

    /// What it reads of a memory, if it makes an integer of it.
    pub fn loads(&self) -> Option<Access> {
        Some(self.access(0, loaded_bytes(self.op)?))
    }

    fn access(&self, address: usize, len: u64) -> Access {
        Access {
            memory: MemoryIndex(self.immediate >> MEMORY),
            at: self.operands[address].wrapping_add(self.offset),
            len,
        }
    }

    /// What it copies: from where, to where.
    pub fn copies(&self) -> Option<(Access, Access)> {
        if self.op != Opcode::MemoryCopy {
            return None;
        }
        let [len, from, to] = self.operands;
        let part = |memory, at| Access {
            memory: MemoryIndex(memory),
            at,
            len,
        };
        Some((part(self.offset as u32, from), part(self.immediate, to)))
    }

    /// Whether it fills an object or an exception with what may be a float or a vector: a zero of the
    /// compiler's, too, which it may have kept in a register.
    pub fn fills_object(&self) -> bool {
        matches!(
            self.op,
            Opcode::StructNew
                | Opcode::StructNewDefault
                | Opcode::StructSet
                | Opcode::ArrayNew
                | Opcode::ArrayNewDefault
                | Opcode::ArrayNewFixed
                | Opcode::ArraySet
                | Opcode::ArrayFill
                | Opcode::ArrayCopy
                | Opcode::Throw
        )
    }

    /// The global that it sets, by its index.
    pub fn sets_global(&self) -> Option<u32> {
        (self.op == Opcode::GlobalSet).then_some(self.immediate)
    }

    /// Where the program is now, seen from this step.
    fn to(&self, view: &FrameView<'_>, depth: usize) -> Way {
        if depth < self.depth {
            Way::Left
        } else if depth > self.depth || self.op.is_tail_call() {
            Way::Entered
        } else if view.instance != self.instance
            || view.function.index != self.function
            || is_transfer(self.op)
        {
            Way::Jumped
        } else {
            Way::On
        }
    }

    /// Whether it wrote a local of what is now the innermost frame.
    pub fn writes_local(&self, view: &FrameView<'_>, depth: usize, index: usize) -> bool {
        match self.to(view, depth) {
            // Where code is inlined, the zero of a local may be a constant that is there already.
            Way::Entered => true,
            Way::On => {
                matches!(self.op, Opcode::LocalSet | Opcode::LocalTee)
                    && self.immediate as usize == index
            }
            Way::Left | Way::Jumped => false,
        }
    }

    /// Whether it may have written an operand of what is now the innermost frame, 0 at the bottom.
    pub fn writes_operand(&self, view: &FrameView<'_>, depth: usize, index: usize) -> bool {
        match self.to(view, depth) {
            Way::Entered => false,
            Way::Left | Way::Jumped => true,
            Way::On => index + 1 == view.operands.len() && !leaves_nothing(self.op),
        }
    }

    /// Whether it made its result, which is no float or vector, of one.
    pub fn converts(&self, view: &FrameView<'_>, depth: usize) -> bool {
        let Some(top) = view.operands.len().checked_sub(1) else {
            return false;
        };
        let is_on = matches!(self.to(view, depth), Way::On);
        let result = view.function.operands(view.shape).next();
        is_on
            && result.is_some_and(|ty| !is_changed(ty))
            && self.took(view.function, top).is_some_and(is_changed)
    }

    /// The type of the operand that was at `index` before.
    fn took(&self, function: &Function, index: usize) -> Option<ValType> {
        let mut shape = self.shape;
        while let Some(id) = shape {
            let node = &function.shapes[id.0 as usize];
            if node.height as usize == index + 1 {
                return Some(node.ty);
            }
            shape = node.below;
        }
        None
    }
}

/// How control got to where it is.
enum Way {
    /// To the next opcode.
    On,
    /// To a label, or to a handler.
    Jumped,
    /// Into a function.
    Entered,
    /// Out of one.
    Left,
}

/// Bytes that a store of a float or a vector writes.
fn stored_bytes(op: Opcode) -> Option<u64> {
    Some(match op {
        Opcode::V128Store8Lane => 1,
        Opcode::V128Store16Lane => 2,
        Opcode::F32Store | Opcode::V128Store32Lane => 4,
        Opcode::F64Store | Opcode::V128Store64Lane => 8,
        Opcode::V128Store => 16,
        _ => return None,
    })
}

/// Bytes that a store of an integer writes.
fn integer_stored_bytes(op: Opcode) -> Option<u64> {
    Some(match op {
        Opcode::I32Store8 | Opcode::I64Store8 => 1,
        Opcode::I32Store16 | Opcode::I64Store16 => 2,
        Opcode::I32Store | Opcode::I64Store32 => 4,
        Opcode::I64Store => 8,
        _ => return None,
    })
}

/// Bytes that an integer load reads.
fn loaded_bytes(op: Opcode) -> Option<u64> {
    Some(match op {
        Opcode::I32Load8S | Opcode::I32Load8U | Opcode::I64Load8S | Opcode::I64Load8U => 1,
        Opcode::I32Load16S | Opcode::I32Load16U | Opcode::I64Load16S | Opcode::I64Load16U => 2,
        Opcode::I32Load | Opcode::I64Load32S | Opcode::I64Load32U => 4,
        Opcode::I64Load => 8,
        _ => return None,
    })
}

/// Whether the opcode traps for some floats: a changed one may trap, or not.
pub fn traps_by_float(op: Opcode) -> bool {
    op.traps().contains(&Trap::InvalidConversionToInteger)
}

/// Whether the opcode calls the function that it names.
pub fn calls_one(op: Opcode) -> bool {
    matches!(op, Opcode::Call | Opcode::ReturnCall)
}

/// Whether the opcode may call any function.
pub fn calls_any(op: Opcode) -> bool {
    op.is_call() && !calls_one(op)
}

/// Whether control may go on at a label, whose operands are written anew.
fn is_transfer(op: Opcode) -> bool {
    let begins = matches!(op, Opcode::Block | Opcode::Loop | Opcode::TryTable);
    begins || !matches!(op.control(), Control::Next | Control::TailCall)
}

/// Whether where control goes on depends on an operand.
pub fn is_conditional(op: Opcode) -> bool {
    op.control() == Control::Branch && op.own_operands() > 0 || calls_any(op)
}

/// Whether the opcode pushes nothing: what is on top afterwards was there before.
fn leaves_nothing(op: Opcode) -> bool {
    let left = op.operands().map(|operands| operands.left);
    left.is_some_and(|left| left.own == 0 && left.more.is_none())
}

/// Rules that a changed float or vector breaks, wherever it is followed.
pub const CHANGES: &[RuleId] = &[
    RuleId::LocalValue,
    RuleId::OperandValue,
    RuleId::HostCall,
    RuleId::Values,
    RuleId::Memory,
    RuleId::Global,
    RuleId::RefContent,
    RuleId::ThrowEvent,
    RuleId::Fuel,
];

/// Rules that a value changed in a register can break; what the store says of itself does not depend
/// on the guest's registers.
pub const BREAKS: &[RuleId] = &[
    RuleId::LocalValue,
    RuleId::OperandValue,
    RuleId::FramePc,
    RuleId::FrameFunction,
    RuleId::FrameCount,
    RuleId::StepLost,
    RuleId::StepSpurious,
    RuleId::BreakLost,
    RuleId::BreakSpurious,
    RuleId::FrameInstance,
    RuleId::TrapEvent,
    RuleId::TrapPc,
    RuleId::TrapStack,
    RuleId::HostErrorEvent,
    RuleId::HostCall,
    RuleId::Outcome,
    RuleId::Values,
    RuleId::Memory,
    RuleId::Global,
    RuleId::Table,
    RuleId::Panic,
    RuleId::Crash,
    RuleId::Hang,
    RuleId::RefNull,
    RuleId::RefKind,
    RuleId::RefType,
    RuleId::RefIdentity,
    RuleId::RefContent,
    RuleId::Kept,
    RuleId::ThrowEvent,
    RuleId::EpochLost,
    RuleId::EpochEvent,
    RuleId::CheckPc,
    RuleId::CheckStack,
    RuleId::Fuel,
];

/// Whether a value changed in a register can break the rule.
pub fn can_break(rule: RuleId) -> bool {
    BREAKS.contains(&rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `push_frame_save 80, x17, x18, x28`, as it was compiled.
    const PROLOGUE: &[u8] = &[0xaa, 0x50, 0x00, 0x06, 0x10, 0x41];

    #[test]
    fn a_prologue_says_which_registers_a_function_keeps() {
        assert!(!keeps_integers(PROLOGUE, 1 << 5));
        assert!(keeps_integers(PROLOGUE, 1 << 2));
        // Any other may keep some.
        assert!(keeps_integers(&[0x41, 0, 0], 1 << 5));
        assert!(!keeps_integers(&[0x41, 0, 0], 0));
    }

    #[test]
    fn the_versions_of_the_cause_change_integers() {
        let (old, new) = (Version::V42, Version::V48);
        assert_eq!(
            changed_integers(old, Regalloc::Backtracking),
            1 << (21 - 16)
        );
        let all: u16 = (21..=29).map(|register| 1 << (register - 16)).sum();
        assert_eq!(changed_integers(old, Regalloc::SinglePass), all);
        assert!(damages(old) && !damages(new));
        for subject in Version::PUBLISHED {
            assert_eq!(damages(*subject), Cause::PulleyIntegers.is_of(*subject));
        }
    }

    #[test]
    fn what_an_opcode_does_with_the_top_operand() {
        use Opcode as O;
        for op in [
            O::Drop,
            O::LocalSet,
            O::F64Store,
            O::I32Store,
            O::StructSet,
            O::Nop,
        ] {
            assert!(leaves_nothing(op), "{}", op.name());
        }
        for op in [
            O::LocalTee,
            O::F64Add,
            O::I32TruncF32S,
            O::V128AnyTrue,
            O::Select,
        ] {
            assert!(!leaves_nothing(op), "{}", op.name());
        }
        for op in [
            O::If,
            O::Else,
            O::End,
            O::Loop,
            O::Br,
            O::Return,
            O::Call,
            O::Throw,
        ] {
            assert!(is_transfer(op), "{}", op.name());
        }
        assert!(!is_transfer(O::F32Add) && !is_transfer(O::ReturnCall));
        for op in [O::If, O::BrIf, O::BrTable, O::CallIndirect, O::CallRef] {
            assert!(is_conditional(op), "{}", op.name());
        }
        assert!(!is_conditional(O::Br) && !is_conditional(O::Else) && !is_conditional(O::Call));
        assert!(traps_by_float(O::I64TruncF64U) && !traps_by_float(O::I64TruncSatF64U));
    }

    #[test]
    fn what_a_float_takes_part_in() {
        assert!(is_changed(ValType::V128) && is_changed(ValType::F32));
        assert!(!is_changed(ValType::I64) && !is_changed(ValType::EXTERNREF));
    }
}
