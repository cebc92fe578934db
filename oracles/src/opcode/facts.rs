//! What an opcode does, beside its name: a row a kind of behaviour, and in it every opcode that the
//! oracle implements. What has no row here is not implemented, so that none is without its facts.

use super::Opcode;
use crate::trap::Trap;

/// What is known of an implemented opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Where control goes from it.
    pub control: Control,
    /// How it accesses a memory, if it does.
    pub access: Option<Access>,
    /// Whether it makes an object: a structure, an array or an exception.
    pub makes_object: bool,
    /// Every trap that it can raise (Core 4.6, *Instructions*). Where reasons for several apply at
    /// once, an implementation may choose among them.
    pub traps: &'static [Trap],
}

/// Where control goes from an opcode that neither traps nor throws what it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// To the opcode after it.
    Next,
    /// To the opcode after it or to another of the function.
    Branch,
    /// Out of the function; from the `end` of a block, to the opcode after it.
    Return,
    /// Into a function, and back.
    Call,
    /// Into a function that takes the place of its own.
    TailCall,
    /// To a handler.
    Throw,
    /// Nowhere: it always traps.
    Nowhere,
}

/// How an opcode accesses a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It loads a value.
    Load,
    /// It stores a value.
    Store,
    /// It loads a value and stores another at once.
    Modify,
    /// It compares a value, to wait or not.
    Wait,
    /// It wakes up who waits at an address.
    Notify,
    /// It changes a range.
    Range,
}

const fn control(control: Control, traps: &'static [Trap]) -> Facts {
    Facts {
        control,
        access: None,
        makes_object: false,
        traps,
    }
}

const fn traps(traps: &'static [Trap]) -> Facts {
    control(Control::Next, traps)
}

const fn access(access: Access, traps: &'static [Trap]) -> Facts {
    Facts {
        access: Some(access),
        ..self::traps(traps)
    }
}

const fn makes(traps: &'static [Trap]) -> Facts {
    Facts {
        makes_object: true,
        ..self::traps(traps)
    }
}

/// A call through a table.
const INDIRECT: &[Trap] = &[
    Trap::UndefinedElement,
    Trap::UninitializedElement,
    Trap::IndirectCallTypeMismatch,
];
const BOUNDS: &[Trap] = &[Trap::OutOfBoundsMemoryAccess];
const ATOMIC: &[Trap] = &[Trap::OutOfBoundsMemoryAccess, Trap::UnalignedAtomic];
const DIVISOR: &[Trap] = &[Trap::IntegerDivideByZero];

const PLAIN: Facts = traps(&[]);
const UNREACHABLE: Facts = control(Control::Nowhere, &[Trap::Unreachable]);
const BRANCH: Facts = control(Control::Branch, &[]);
const RETURN: Facts = control(Control::Return, &[]);
const CALL: Facts = control(Control::Call, &[]);
const CALL_INDIRECT: Facts = control(Control::Call, INDIRECT);
const CALL_REF: Facts = control(Control::Call, &[Trap::NullFunctionReference]);
const TAIL_CALL: Facts = control(Control::TailCall, &[]);
const TAIL_CALL_INDIRECT: Facts = control(Control::TailCall, INDIRECT);
const TAIL_CALL_REF: Facts = control(Control::TailCall, &[Trap::NullFunctionReference]);
const THROW: Facts = Facts {
    makes_object: true,
    ..control(Control::Throw, &[])
};
const THROW_REF: Facts = control(Control::Throw, &[Trap::NullExceptionReference]);
const LOAD: Facts = access(Access::Load, BOUNDS);
const STORE: Facts = access(Access::Store, BOUNDS);
const MEMORY_RANGE: Facts = access(Access::Range, BOUNDS);
const ATOMIC_LOAD: Facts = access(Access::Load, ATOMIC);
const ATOMIC_STORE: Facts = access(Access::Store, ATOMIC);
const ATOMIC_MODIFY: Facts = access(Access::Modify, ATOMIC);
const ATOMIC_MODIFY_BYTE: Facts = access(Access::Modify, BOUNDS);
const ATOMIC_NOTIFY: Facts = access(Access::Notify, ATOMIC);
const ATOMIC_WAIT: Facts = access(
    Access::Wait,
    &[
        Trap::OutOfBoundsMemoryAccess,
        Trap::UnalignedAtomic,
        Trap::ExpectedSharedMemory,
    ],
);
const TABLE: Facts = traps(&[Trap::OutOfBoundsTableAccess]);
const DIVIDE: Facts = traps(DIVISOR);
const DIVIDE_SIGNED: Facts = traps(&[Trap::IntegerDivideByZero, Trap::IntegerOverflow]);
const TRUNCATE: Facts = traps(&[Trap::InvalidConversionToInteger, Trap::IntegerOverflow]);
const NON_NULL: Facts = traps(&[Trap::NullReference]);
const CAST: Facts = traps(&[Trap::CastFailure]);
const NEW: Facts = makes(&[]);
const NEW_FROM_DATA: Facts = makes(&[Trap::OutOfBoundsMemoryAccess]);
const NEW_FROM_ELEM: Facts = makes(&[Trap::OutOfBoundsTableAccess]);
const FIELD: Facts = traps(&[Trap::NullStructureReference]);
const LENGTH: Facts = traps(&[Trap::NullArrayReference]);
const ELEMENT: Facts = traps(&[Trap::NullArrayReference, Trap::OutOfBoundsArrayAccess]);
const INIT_FROM_DATA: Facts = traps(&[
    Trap::NullArrayReference,
    Trap::OutOfBoundsArrayAccess,
    Trap::OutOfBoundsMemoryAccess,
]);
const INIT_FROM_ELEM: Facts = traps(&[
    Trap::NullArrayReference,
    Trap::OutOfBoundsArrayAccess,
    Trap::OutOfBoundsTableAccess,
]);
const I31: Facts = traps(&[Trap::NullI31Reference]);

/// One row a kind of behaviour, with its opcodes.
macro_rules! rows {
    ($($facts:ident { $($op:ident)* })*) => {
        const fn row(op: Opcode) -> Option<Facts> {
            match op {
                $($(Opcode::$op)|* => Some($facts),)*
                _ => None,
            }
        }
    };
}

rows! {
    UNREACHABLE { Unreachable }
    BRANCH { If Else Br BrIf BrTable BrOnCast BrOnCastFail BrOnNull BrOnNonNull }
    RETURN { End Return }
    CALL { Call }
    CALL_INDIRECT { CallIndirect }
    CALL_REF { CallRef }
    TAIL_CALL { ReturnCall }
    TAIL_CALL_INDIRECT { ReturnCallIndirect }
    TAIL_CALL_REF { ReturnCallRef }
    THROW { Throw }
    THROW_REF { ThrowRef }
    LOAD {
        // mvp
        I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U I64Load8S
        I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U
        // simd
        V128Load V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S
        V128Load32x2U V128Load8Splat V128Load16Splat V128Load32Splat V128Load64Splat
        V128Load32Zero V128Load64Zero V128Load8Lane V128Load16Lane V128Load32Lane V128Load64Lane
        // threads: a byte is always aligned
        I32AtomicLoad8U I64AtomicLoad8U
    }
    STORE {
        // mvp
        I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32
        // simd
        V128Store V128Store8Lane V128Store16Lane V128Store32Lane V128Store64Lane
        // threads: a byte is always aligned
        I32AtomicStore8 I64AtomicStore8
    }
    MEMORY_RANGE { MemoryInit MemoryCopy MemoryFill }
    ATOMIC_LOAD {
        I32AtomicLoad I64AtomicLoad I32AtomicLoad16U
        I64AtomicLoad16U I64AtomicLoad32U
    }
    ATOMIC_STORE {
        I32AtomicStore I64AtomicStore I32AtomicStore16
        I64AtomicStore16 I64AtomicStore32
    }
    ATOMIC_MODIFY {
        I32AtomicRmwAdd I64AtomicRmwAdd I32AtomicRmw16AddU
        I64AtomicRmw16AddU I64AtomicRmw32AddU I32AtomicRmwSub I64AtomicRmwSub
        I32AtomicRmw16SubU I64AtomicRmw16SubU I64AtomicRmw32SubU
        I32AtomicRmwAnd I64AtomicRmwAnd I32AtomicRmw16AndU
        I64AtomicRmw16AndU I64AtomicRmw32AndU I32AtomicRmwOr I64AtomicRmwOr
        I32AtomicRmw16OrU I64AtomicRmw16OrU I64AtomicRmw32OrU I32AtomicRmwXor
        I64AtomicRmwXor I32AtomicRmw16XorU
        I64AtomicRmw16XorU I64AtomicRmw32XorU I32AtomicRmwXchg I64AtomicRmwXchg
        I32AtomicRmw16XchgU I64AtomicRmw16XchgU
        I64AtomicRmw32XchgU I32AtomicRmwCmpxchg I64AtomicRmwCmpxchg
        I32AtomicRmw16CmpxchgU I64AtomicRmw16CmpxchgU
        I64AtomicRmw32CmpxchgU
    }
    ATOMIC_MODIFY_BYTE {
        I32AtomicRmw8AddU I64AtomicRmw8AddU I32AtomicRmw8SubU I64AtomicRmw8SubU I32AtomicRmw8AndU
        I64AtomicRmw8AndU I32AtomicRmw8OrU I64AtomicRmw8OrU I32AtomicRmw8XorU I64AtomicRmw8XorU
        I32AtomicRmw8XchgU I64AtomicRmw8XchgU I32AtomicRmw8CmpxchgU I64AtomicRmw8CmpxchgU
    }
    ATOMIC_NOTIFY { MemoryAtomicNotify }
    ATOMIC_WAIT { MemoryAtomicWait32 MemoryAtomicWait64 }
    TABLE { TableInit TableCopy TableFill TableGet TableSet }
    DIVIDE { I32DivU I32RemS I32RemU I64DivU I64RemS I64RemU }
    DIVIDE_SIGNED { I32DivS I64DivS }
    TRUNCATE {
        I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U I64TruncF32S I64TruncF32U
        I64TruncF64S I64TruncF64U
    }
    NON_NULL { RefAsNonNull }
    CAST { RefCastNonNull RefCastNullable }
    NEW { StructNew StructNewDefault ArrayNew ArrayNewDefault ArrayNewFixed }
    NEW_FROM_DATA { ArrayNewData }
    NEW_FROM_ELEM { ArrayNewElem }
    FIELD { StructGet StructGetS StructGetU StructSet }
    LENGTH { ArrayLen }
    ELEMENT { ArrayGet ArrayGetS ArrayGetU ArraySet ArrayFill ArrayCopy }
    INIT_FROM_DATA { ArrayInitData }
    INIT_FROM_ELEM { ArrayInitElem }
    I31 { I31GetS I31GetU }
    PLAIN {
        // mvp
        Nop Block Loop Drop Select LocalGet LocalSet LocalTee GlobalGet GlobalSet MemorySize
        MemoryGrow I32Const I64Const F32Const F64Const I32Eqz I32Eq I32Ne I32LtS I32LtU I32GtS
        I32GtU I32LeS I32LeU I32GeS I32GeU I64Eqz I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS
        I64LeU I64GeS I64GeU F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le
        F64Ge I32Clz I32Ctz I32Popcnt I32Add I32Sub I32Mul I32And I32Or I32Xor I32Shl I32ShrS
        I32ShrU I32Rotl I32Rotr I64Clz I64Ctz I64Popcnt I64Add I64Sub I64Mul I64And I64Or I64Xor
        I64Shl I64ShrS I64ShrU I64Rotl I64Rotr F32Abs F32Neg F32Ceil F32Floor F32Trunc
        F32Nearest F32Sqrt F32Add F32Sub F32Mul F32Div F32Min F32Max F32Copysign F64Abs F64Neg
        F64Ceil F64Floor F64Trunc F64Nearest F64Sqrt F64Add F64Sub F64Mul F64Div F64Min F64Max
        F64Copysign I32WrapI64 I64ExtendI32S I64ExtendI32U F32ConvertI32S F32ConvertI32U
        F32ConvertI64S F32ConvertI64U F32DemoteF64 F64ConvertI32S F64ConvertI32U F64ConvertI64S
        F64ConvertI64U F64PromoteF32 I32ReinterpretF32 I64ReinterpretF64 F32ReinterpretI32
        F64ReinterpretI64
        // sign extension
        I32Extend8S I32Extend16S I64Extend8S I64Extend16S I64Extend32S
        // gc
        RefEq RefTestNonNull RefTestNullable AnyConvertExtern ExternConvertAny RefI31
        // saturating float to int
        I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U I64TruncSatF32S
        I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U
        // bulk memory
        DataDrop ElemDrop
        // reference types
        TypedSelect RefNull RefIsNull RefFunc TableGrow TableSize
        // threads
        AtomicFence
        // simd
        V128Const I8x16Shuffle I8x16ExtractLaneS I8x16ExtractLaneU I8x16ReplaceLane
        I16x8ExtractLaneS I16x8ExtractLaneU I16x8ReplaceLane I32x4ExtractLane I32x4ReplaceLane
        I64x2ExtractLane I64x2ReplaceLane F32x4ExtractLane F32x4ReplaceLane F64x2ExtractLane
        F64x2ReplaceLane I8x16Swizzle I8x16Splat I16x8Splat I32x4Splat I64x2Splat F32x4Splat
        F64x2Splat I8x16Eq I8x16Ne I8x16LtS I8x16LtU I8x16GtS I8x16GtU I8x16LeS I8x16LeU
        I8x16GeS I8x16GeU I16x8Eq I16x8Ne I16x8LtS I16x8LtU I16x8GtS I16x8GtU I16x8LeS I16x8LeU
        I16x8GeS I16x8GeU I32x4Eq I32x4Ne I32x4LtS I32x4LtU I32x4GtS I32x4GtU I32x4LeS I32x4LeU
        I32x4GeS I32x4GeU I64x2Eq I64x2Ne I64x2LtS I64x2GtS I64x2LeS I64x2GeS F32x4Eq F32x4Ne
        F32x4Lt F32x4Gt F32x4Le F32x4Ge F64x2Eq F64x2Ne F64x2Lt F64x2Gt F64x2Le F64x2Ge V128Not
        V128And V128AndNot V128Or V128Xor V128Bitselect V128AnyTrue I8x16Abs I8x16Neg
        I8x16Popcnt I8x16AllTrue I8x16Bitmask I8x16NarrowI16x8S I8x16NarrowI16x8U I8x16Shl
        I8x16ShrS I8x16ShrU I8x16Add I8x16AddSatS I8x16AddSatU I8x16Sub I8x16SubSatS
        I8x16SubSatU I8x16MinS I8x16MinU I8x16MaxS I8x16MaxU I8x16AvgrU
        I16x8ExtAddPairwiseI8x16S I16x8ExtAddPairwiseI8x16U I16x8Abs I16x8Neg I16x8Q15MulrSatS
        I16x8AllTrue I16x8Bitmask I16x8NarrowI32x4S I16x8NarrowI32x4U I16x8ExtendLowI8x16S
        I16x8ExtendHighI8x16S I16x8ExtendLowI8x16U I16x8ExtendHighI8x16U I16x8Shl I16x8ShrS
        I16x8ShrU I16x8Add I16x8AddSatS I16x8AddSatU I16x8Sub I16x8SubSatS I16x8SubSatU I16x8Mul
        I16x8MinS I16x8MinU I16x8MaxS I16x8MaxU I16x8AvgrU I16x8ExtMulLowI8x16S
        I16x8ExtMulHighI8x16S I16x8ExtMulLowI8x16U I16x8ExtMulHighI8x16U
        I32x4ExtAddPairwiseI16x8S I32x4ExtAddPairwiseI16x8U I32x4Abs I32x4Neg I32x4AllTrue
        I32x4Bitmask I32x4ExtendLowI16x8S I32x4ExtendHighI16x8S I32x4ExtendLowI16x8U
        I32x4ExtendHighI16x8U I32x4Shl I32x4ShrS I32x4ShrU I32x4Add I32x4Sub I32x4Mul I32x4MinS
        I32x4MinU I32x4MaxS I32x4MaxU I32x4DotI16x8S I32x4ExtMulLowI16x8S I32x4ExtMulHighI16x8S
        I32x4ExtMulLowI16x8U I32x4ExtMulHighI16x8U I64x2Abs I64x2Neg I64x2AllTrue I64x2Bitmask
        I64x2ExtendLowI32x4S I64x2ExtendHighI32x4S I64x2ExtendLowI32x4U I64x2ExtendHighI32x4U
        I64x2Shl I64x2ShrS I64x2ShrU I64x2Add I64x2Sub I64x2Mul I64x2ExtMulLowI32x4S
        I64x2ExtMulHighI32x4S I64x2ExtMulLowI32x4U I64x2ExtMulHighI32x4U F32x4Ceil F32x4Floor
        F32x4Trunc F32x4Nearest F32x4Abs F32x4Neg F32x4Sqrt F32x4Add F32x4Sub F32x4Mul F32x4Div
        F32x4Min F32x4Max F32x4PMin F32x4PMax F64x2Ceil F64x2Floor F64x2Trunc F64x2Nearest
        F64x2Abs F64x2Neg F64x2Sqrt F64x2Add F64x2Sub F64x2Mul F64x2Div F64x2Min F64x2Max
        F64x2PMin F64x2PMax I32x4TruncSatF32x4S I32x4TruncSatF32x4U F32x4ConvertI32x4S
        F32x4ConvertI32x4U I32x4TruncSatF64x2SZero I32x4TruncSatF64x2UZero F64x2ConvertLowI32x4S
        F64x2ConvertLowI32x4U F32x4DemoteF64x2Zero F64x2PromoteLowF32x4
        // relaxed simd
        I8x16RelaxedSwizzle I32x4RelaxedTruncF32x4S I32x4RelaxedTruncF32x4U
        I32x4RelaxedTruncF64x2SZero I32x4RelaxedTruncF64x2UZero F32x4RelaxedMadd
        F32x4RelaxedNmadd F64x2RelaxedMadd F64x2RelaxedNmadd I8x16RelaxedLaneselect
        I16x8RelaxedLaneselect I32x4RelaxedLaneselect I64x2RelaxedLaneselect F32x4RelaxedMin
        F32x4RelaxedMax F64x2RelaxedMin F64x2RelaxedMax I16x8RelaxedQ15mulrS
        I16x8RelaxedDotI8x16I7x16S I32x4RelaxedDotI8x16I7x16AddS
        // exceptions
        TryTable
        // wide arithmetic
        I64Add128 I64Sub128 I64MulWideS I64MulWideU
    }
}

/// The row of every opcode, by its number.
static FACTS: [Option<Facts>; Opcode::ALL.len()] = {
    let mut facts = [None; Opcode::ALL.len()];
    let mut i = 0;
    while i < facts.len() {
        facts[i] = row(Opcode::ALL[i]);
        i += 1;
    }
    facts
};

impl Opcode {
    /// Its facts; none if the oracle does not implement it.
    #[inline]
    pub fn facts(self) -> Option<&'static Facts> {
        FACTS[self as usize].as_ref()
    }

    /// Every trap that it can raise.
    #[inline]
    pub fn traps(self) -> &'static [Trap] {
        self.facts().map_or(&[], |facts| facts.traps)
    }

    /// Whether it can raise a trap.
    #[inline]
    pub fn can_trap(self) -> bool {
        !self.traps().is_empty()
    }

    /// Where control goes from it.
    #[inline]
    pub fn control(self) -> Control {
        self.facts().map_or(Control::Next, |facts| facts.control)
    }

    /// Whether it enters a function.
    #[inline]
    pub fn is_call(self) -> bool {
        matches!(self.control(), Control::Call | Control::TailCall)
    }

    /// Whether it enters a function in place of its own.
    #[inline]
    pub fn is_tail_call(self) -> bool {
        self.control() == Control::TailCall
    }

    /// How it accesses a memory, if it does.
    #[inline]
    pub fn access(self) -> Option<Access> {
        self.facts().and_then(|facts| facts.access)
    }

    /// Whether it makes an object, by itself: a structure, an array or an exception.
    #[inline]
    pub fn makes_object(self) -> bool {
        self.facts().is_some_and(|facts| facts.makes_object)
    }

    /// Whether it pushes a value that a global, a table, a structure or an array holds as it is.
    #[inline]
    pub fn reads_held(self) -> bool {
        matches!(
            self,
            Opcode::GlobalGet | Opcode::TableGet | Opcode::StructGet | Opcode::ArrayGet
        )
    }

    /// Whether it changes a memory, a global or a table.
    #[inline]
    pub fn changes_entity(self) -> bool {
        matches!(
            self,
            Opcode::GlobalSet
                | Opcode::TableSet
                | Opcode::TableGrow
                | Opcode::TableFill
                | Opcode::TableCopy
                | Opcode::TableInit
                | Opcode::MemoryGrow
        ) || matches!(
            self.access(),
            Some(Access::Store | Access::Modify | Access::Range)
        )
    }

    /// Whether what it does is as long as an operand says: it grows, fills, copies or initialises a range
    /// of a memory, a table or an array.
    pub fn is_bulk(self) -> bool {
        matches!(
            self,
            Opcode::MemoryGrow
                | Opcode::MemoryCopy
                | Opcode::MemoryFill
                | Opcode::MemoryInit
                | Opcode::TableGrow
                | Opcode::TableCopy
                | Opcode::TableFill
                | Opcode::TableInit
                | Opcode::ArrayNew
                | Opcode::ArrayNewDefault
                | Opcode::ArrayNewData
                | Opcode::ArrayNewElem
                | Opcode::ArrayCopy
                | Opcode::ArrayFill
                | Opcode::ArrayInitData
                | Opcode::ArrayInitElem
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opcode::Proposal;
    use std::collections::BTreeSet;

    #[test]
    fn opcodes_that_cannot_trap_need_no_trap() {
        let can = |op: &&Opcode| op.in_wasm_2_0() && op.can_trap();
        let trapping: BTreeSet<String> =
            Opcode::ALL.iter().filter(can).map(|op| op.name()).collect();
        for name in [
            "unreachable",
            "call_indirect",
            "i32.div_s",
            "i64.rem_u",
            "i32.trunc_f64_u",
            "f64.load",
            "i64.store32",
            "v128.load8_lane",
            "v128.load32_zero",
            "table.init",
            "memory.fill",
        ] {
            assert!(trapping.contains(name), "{name}");
        }
        for name in [
            "nop",
            "call",
            "i32.trunc_sat_f32_s",
            "f32.div",
            "f64.trunc",
            "memory.grow",
            "table.grow",
            "data.drop",
            "i32x4.trunc_sat_f32x4_s",
        ] {
            assert!(!trapping.contains(name), "{name}");
        }
        // 23 accesses of the first version and 22 vector ones; 8 divisions and 8 truncations;
        // `unreachable`, `call_indirect`, 3 of memories and 5 of tables.
        assert_eq!(trapping.len(), 23 + 22 + 8 + 8 + 2 + 3 + 5, "{trapping:?}");
    }

    #[test]
    fn every_atomic_access_can_leave_its_memory_and_all_but_those_of_bytes_be_unaligned() {
        let atomic = || Opcode::implemented().filter(|op| op.proposal() == Proposal::Threads);
        // 7 loads, 7 stores, 49 of `rmw`; `notify`, two `wait`s and the fence.
        assert_eq!(atomic().count(), 7 + 7 + 49 + 4);
        let raising = |trap| {
            atomic()
                .filter(move |op| op.traps().contains(&trap))
                .count()
        };
        assert_eq!(raising(Trap::OutOfBoundsMemoryAccess), 7 + 7 + 49 + 3);
        assert_eq!(raising(Trap::UnalignedAtomic), 5 + 5 + 35 + 3);
        assert_eq!(raising(Trap::ExpectedSharedMemory), 2);
        assert!(!Opcode::AtomicFence.can_trap());
    }

    #[test]
    fn calls_and_what_makes_objects() {
        let calls = Opcode::implemented().filter(|op| op.is_call());
        assert_eq!(calls.count(), 6);
        let tails = Opcode::implemented().filter(|op| op.is_tail_call());
        assert_eq!(tails.count(), 3);
        // `struct.new` and its default, five of `array.new`, `throw`.
        let makes = Opcode::implemented().filter(|op| op.makes_object());
        assert_eq!(makes.count(), 2 + 5 + 1);
    }
}
