//! The opcodes that only compute, load and store: a table of operands, results and immediates.
//!
//! Control, and what names a local, a global, a function, a table or a segment, is not here.

use lockstep_oracles::WasmFeatures;
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{Instruction, Lane, MemArg, ValType};

/// One opcode.
pub(in crate::generate) struct Row {
    /// Which.
    pub(in crate::generate) opcode: Opcode,
    /// Operands, bottom first.
    pub(in crate::generate) params: &'static [ValType],
    /// Results, bottom first.
    pub(in crate::generate) results: &'static [ValType],
    /// Its immediates.
    pub(in crate::generate) form: Form,
}

/// What immediates an opcode has, and how it is made of them.
#[derive(Clone, Copy)]
pub(in crate::generate) enum Form {
    /// None.
    Plain(fn() -> Instruction<'static>),
    /// A memory access of so many bytes; the address is the first operand.
    Memory(u32, fn(MemArg) -> Instruction<'static>),
    /// An atomic access of so many bytes; the address is the first operand.
    Atomic(u32, fn(MemArg) -> Instruction<'static>),
    /// One of so many lanes.
    Lane(Lane, fn(Lane) -> Instruction<'static>),
    /// A memory access of so many bytes, into or out of one lane.
    MemoryLane(u32, fn(MemArg, Lane) -> Instruction<'static>),
}

impl Form {
    /// Whether the opcode accesses a memory, and so can trap.
    pub(in crate::generate) fn accesses_memory(self) -> bool {
        matches!(
            self,
            Form::Memory(..) | Form::MemoryLane(..) | Form::Atomic(..)
        )
    }
}

/// The tables whose opcodes a module may have, the first two always.
pub(in crate::generate) fn tables(features: WasmFeatures) -> Vec<&'static [Row]> {
    let mut tables = vec![SCALAR, VECTOR];
    for (feature, table) in [
        (WasmFeatures::RELAXED_SIMD, RELAXED),
        (WasmFeatures::WIDE_ARITHMETIC, WIDE),
        (WasmFeatures::THREADS, ATOMIC),
    ] {
        if features.contains(feature) {
            tables.push(table);
        }
    }
    tables
}

macro_rules! form {
    ($op:ident [plain]) => {
        Form::Plain(|| Instruction::$op)
    };
    ($op:ident [memory $bytes:literal]) => {
        Form::Memory($bytes, Instruction::$op)
    };
    ($op:ident [atomic $bytes:literal]) => {
        Form::Atomic($bytes, Instruction::$op)
    };
    ($op:ident [lane $lanes:literal]) => {
        Form::Lane($lanes, Instruction::$op)
    };
    ($op:ident [memory_lane $bytes:literal]) => {
        Form::MemoryLane($bytes, |memarg, lane| Instruction::$op { memarg, lane })
    };
}

macro_rules! types {
    ([$($ty:ident)*]) => {
        &[$(ValType::$ty),*]
    };
}

macro_rules! rows {
    ($(#[$doc:meta])* $name:ident { $($form:tt $params:tt -> $results:tt { $($op:ident)* })* }) => {
        $(#[$doc])*
        pub(in crate::generate) static $name: &[Row] = &[$($(Row {
            opcode: Opcode::$op,
            params: types!($params),
            results: types!($results),
            form: form!($op $form),
        },)*)*];
    };
}

rows! {
    /// Those on numbers.
    SCALAR {
    [memory 4] [I32] -> [I32] { I32Load }
    [memory 8] [I32] -> [I64] { I64Load }
    [memory 4] [I32] -> [F32] { F32Load }
    [memory 8] [I32] -> [F64] { F64Load }
    [memory 1] [I32] -> [I32] { I32Load8S I32Load8U }
    [memory 2] [I32] -> [I32] { I32Load16S I32Load16U }
    [memory 1] [I32] -> [I64] { I64Load8S I64Load8U }
    [memory 2] [I32] -> [I64] { I64Load16S I64Load16U }
    [memory 4] [I32] -> [I64] { I64Load32S I64Load32U }
    [memory 4] [I32 I32] -> [] { I32Store }
    [memory 8] [I32 I64] -> [] { I64Store }
    [memory 4] [I32 F32] -> [] { F32Store }
    [memory 8] [I32 F64] -> [] { F64Store }
    [memory 1] [I32 I32] -> [] { I32Store8 }
    [memory 2] [I32 I32] -> [] { I32Store16 }
    [memory 1] [I32 I64] -> [] { I64Store8 }
    [memory 2] [I32 I64] -> [] { I64Store16 }
    [memory 4] [I32 I64] -> [] { I64Store32 }
    [plain] [I32] -> [I32] { I32Eqz I32Clz I32Ctz I32Popcnt I32Extend8S I32Extend16S }
    [plain] [I32 I32] -> [I32] {
        I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU I32Add I32Sub I32Mul
        I32DivS I32DivU I32RemS I32RemU I32And I32Or I32Xor I32Shl I32ShrS I32ShrU I32Rotl I32Rotr
    }
    [plain] [I64] -> [I32] { I64Eqz I32WrapI64 }
    [plain] [I64 I64] -> [I32] {
        I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
    }
    [plain] [F32 F32] -> [I32] { F32Eq F32Ne F32Lt F32Gt F32Le F32Ge }
    [plain] [F64 F64] -> [I32] { F64Eq F64Ne F64Lt F64Gt F64Le F64Ge }
    [plain] [I64] -> [I64] { I64Clz I64Ctz I64Popcnt I64Extend8S I64Extend16S I64Extend32S }
    [plain] [I64 I64] -> [I64] {
        I64Add I64Sub I64Mul I64DivS I64DivU I64RemS I64RemU I64And I64Or I64Xor I64Shl I64ShrS
        I64ShrU I64Rotl I64Rotr
    }
    [plain] [F32] -> [F32] { F32Abs F32Neg F32Ceil F32Floor F32Trunc F32Nearest F32Sqrt }
    [plain] [F32 F32] -> [F32] { F32Add F32Sub F32Mul F32Div F32Min F32Max F32Copysign }
    [plain] [F64] -> [F64] { F64Abs F64Neg F64Ceil F64Floor F64Trunc F64Nearest F64Sqrt }
    [plain] [F64 F64] -> [F64] { F64Add F64Sub F64Mul F64Div F64Min F64Max F64Copysign }
    [plain] [F32] -> [I32] {
        I32TruncF32S I32TruncF32U I32ReinterpretF32 I32TruncSatF32S I32TruncSatF32U
    }
    [plain] [F64] -> [I32] { I32TruncF64S I32TruncF64U I32TruncSatF64S I32TruncSatF64U }
    [plain] [I32] -> [I64] { I64ExtendI32S I64ExtendI32U }
    [plain] [F32] -> [I64] { I64TruncF32S I64TruncF32U I64TruncSatF32S I64TruncSatF32U }
    [plain] [F64] -> [I64] {
        I64TruncF64S I64TruncF64U I64ReinterpretF64 I64TruncSatF64S I64TruncSatF64U
    }
    [plain] [I32] -> [F32] { F32ConvertI32S F32ConvertI32U F32ReinterpretI32 }
    [plain] [I64] -> [F32] { F32ConvertI64S F32ConvertI64U }
    [plain] [F64] -> [F32] { F32DemoteF64 }
    [plain] [I32] -> [F64] { F64ConvertI32S F64ConvertI32U }
    [plain] [I64] -> [F64] { F64ConvertI64S F64ConvertI64U F64ReinterpretI64 }
    [plain] [F32] -> [F64] { F64PromoteF32 }
}}

rows! {
    /// Those with a vector.
    VECTOR {
    [memory 16] [I32] -> [V128] { V128Load }
    [memory 8] [I32] -> [V128] {
        V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U
        V128Load64Splat V128Load64Zero
    }
    [memory 1] [I32] -> [V128] { V128Load8Splat }
    [memory 2] [I32] -> [V128] { V128Load16Splat }
    [memory 4] [I32] -> [V128] { V128Load32Splat V128Load32Zero }
    [memory 16] [I32 V128] -> [] { V128Store }
    [memory_lane 1] [I32 V128] -> [V128] { V128Load8Lane }
    [memory_lane 2] [I32 V128] -> [V128] { V128Load16Lane }
    [memory_lane 4] [I32 V128] -> [V128] { V128Load32Lane }
    [memory_lane 8] [I32 V128] -> [V128] { V128Load64Lane }
    [memory_lane 1] [I32 V128] -> [] { V128Store8Lane }
    [memory_lane 2] [I32 V128] -> [] { V128Store16Lane }
    [memory_lane 4] [I32 V128] -> [] { V128Store32Lane }
    [memory_lane 8] [I32 V128] -> [] { V128Store64Lane }
    [lane 16] [V128] -> [I32] { I8x16ExtractLaneS I8x16ExtractLaneU }
    [lane 16] [V128 I32] -> [V128] { I8x16ReplaceLane }
    [lane 8] [V128] -> [I32] { I16x8ExtractLaneS I16x8ExtractLaneU }
    [lane 8] [V128 I32] -> [V128] { I16x8ReplaceLane }
    [lane 4] [V128] -> [I32] { I32x4ExtractLane }
    [lane 4] [V128 I32] -> [V128] { I32x4ReplaceLane }
    [lane 2] [V128] -> [I64] { I64x2ExtractLane }
    [lane 2] [V128 I64] -> [V128] { I64x2ReplaceLane }
    [lane 4] [V128] -> [F32] { F32x4ExtractLane }
    [lane 4] [V128 F32] -> [V128] { F32x4ReplaceLane }
    [lane 2] [V128] -> [F64] { F64x2ExtractLane }
    [lane 2] [V128 F64] -> [V128] { F64x2ReplaceLane }
    [plain] [V128 V128] -> [V128] {
        I8x16Swizzle I8x16Eq I8x16Ne I8x16LtS I8x16LtU I8x16GtS I8x16GtU I8x16LeS I8x16LeU I8x16GeS
        I8x16GeU I16x8Eq I16x8Ne I16x8LtS I16x8LtU I16x8GtS I16x8GtU I16x8LeS I16x8LeU I16x8GeS
        I16x8GeU I32x4Eq I32x4Ne I32x4LtS I32x4LtU I32x4GtS I32x4GtU I32x4LeS I32x4LeU I32x4GeS
        I32x4GeU I64x2Eq I64x2Ne I64x2LtS I64x2GtS I64x2LeS I64x2GeS F32x4Eq F32x4Ne F32x4Lt
        F32x4Gt F32x4Le F32x4Ge F64x2Eq F64x2Ne F64x2Lt F64x2Gt F64x2Le F64x2Ge V128And V128AndNot
        V128Or V128Xor I8x16NarrowI16x8S I8x16NarrowI16x8U I8x16Add I8x16AddSatS I8x16AddSatU
        I8x16Sub I8x16SubSatS I8x16SubSatU I8x16MinS I8x16MinU I8x16MaxS I8x16MaxU I8x16AvgrU
        I16x8Q15MulrSatS I16x8NarrowI32x4S I16x8NarrowI32x4U I16x8Add I16x8AddSatS I16x8AddSatU
        I16x8Sub I16x8SubSatS I16x8SubSatU I16x8Mul I16x8MinS I16x8MinU I16x8MaxS I16x8MaxU
        I16x8AvgrU I16x8ExtMulLowI8x16S I16x8ExtMulHighI8x16S I16x8ExtMulLowI8x16U
        I16x8ExtMulHighI8x16U I32x4Add I32x4Sub I32x4Mul I32x4MinS I32x4MinU I32x4MaxS I32x4MaxU
        I32x4DotI16x8S I32x4ExtMulLowI16x8S I32x4ExtMulHighI16x8S I32x4ExtMulLowI16x8U
        I32x4ExtMulHighI16x8U I64x2Add I64x2Sub I64x2Mul I64x2ExtMulLowI32x4S I64x2ExtMulHighI32x4S
        I64x2ExtMulLowI32x4U I64x2ExtMulHighI32x4U F32x4Add F32x4Sub F32x4Mul F32x4Div F32x4Min
        F32x4Max F32x4PMin F32x4PMax F64x2Add F64x2Sub F64x2Mul F64x2Div F64x2Min F64x2Max
        F64x2PMin F64x2PMax
    }
    [plain] [I32] -> [V128] { I8x16Splat I16x8Splat I32x4Splat }
    [plain] [I64] -> [V128] { I64x2Splat }
    [plain] [F32] -> [V128] { F32x4Splat }
    [plain] [F64] -> [V128] { F64x2Splat }
    [plain] [V128] -> [V128] {
        V128Not I8x16Abs I8x16Neg I8x16Popcnt I16x8ExtAddPairwiseI8x16S I16x8ExtAddPairwiseI8x16U
        I16x8Abs I16x8Neg I16x8ExtendLowI8x16S I16x8ExtendHighI8x16S I16x8ExtendLowI8x16U
        I16x8ExtendHighI8x16U I32x4ExtAddPairwiseI16x8S I32x4ExtAddPairwiseI16x8U I32x4Abs I32x4Neg
        I32x4ExtendLowI16x8S I32x4ExtendHighI16x8S I32x4ExtendLowI16x8U I32x4ExtendHighI16x8U
        I64x2Abs I64x2Neg I64x2ExtendLowI32x4S I64x2ExtendHighI32x4S I64x2ExtendLowI32x4U
        I64x2ExtendHighI32x4U F32x4Ceil F32x4Floor F32x4Trunc F32x4Nearest F32x4Abs F32x4Neg
        F32x4Sqrt F64x2Ceil F64x2Floor F64x2Trunc F64x2Nearest F64x2Abs F64x2Neg F64x2Sqrt
        I32x4TruncSatF32x4S I32x4TruncSatF32x4U F32x4ConvertI32x4S F32x4ConvertI32x4U
        I32x4TruncSatF64x2SZero I32x4TruncSatF64x2UZero F64x2ConvertLowI32x4S F64x2ConvertLowI32x4U
        F32x4DemoteF64x2Zero F64x2PromoteLowF32x4
    }
    [plain] [V128 V128 V128] -> [V128] { V128Bitselect }
    [plain] [V128] -> [I32] {
        V128AnyTrue I8x16AllTrue I8x16Bitmask I16x8AllTrue I16x8Bitmask I32x4AllTrue I32x4Bitmask
        I64x2AllTrue I64x2Bitmask
    }
    [plain] [V128 I32] -> [V128] {
        I8x16Shl I8x16ShrS I8x16ShrU I16x8Shl I16x8ShrS I16x8ShrU I32x4Shl I32x4ShrS I32x4ShrU
        I64x2Shl I64x2ShrS I64x2ShrU
    }
}}

rows! {
    /// Those of relaxed SIMD.
    RELAXED {
    [plain] [V128 V128] -> [V128] {
        I8x16RelaxedSwizzle F32x4RelaxedMin F32x4RelaxedMax F64x2RelaxedMin F64x2RelaxedMax
        I16x8RelaxedQ15mulrS I16x8RelaxedDotI8x16I7x16S
    }
    [plain] [V128] -> [V128] {
        I32x4RelaxedTruncF32x4S I32x4RelaxedTruncF32x4U I32x4RelaxedTruncF64x2SZero
        I32x4RelaxedTruncF64x2UZero
    }
    [plain] [V128 V128 V128] -> [V128] {
        F32x4RelaxedMadd F32x4RelaxedNmadd F64x2RelaxedMadd F64x2RelaxedNmadd I8x16RelaxedLaneselect
        I16x8RelaxedLaneselect I32x4RelaxedLaneselect I64x2RelaxedLaneselect
        I32x4RelaxedDotI8x16I7x16AddS
    }
}}

rows! {
    /// Those of wide arithmetic.
    WIDE {
    [plain] [I64 I64 I64 I64] -> [I64 I64] { I64Add128 I64Sub128 }
    [plain] [I64 I64] -> [I64 I64] { I64MulWideS I64MulWideU }
}}

rows! {
    /// Those of threads that access a memory.
    ATOMIC {
    [atomic 4] [I32] -> [I32] { I32AtomicLoad }
    [atomic 8] [I32] -> [I64] { I64AtomicLoad }
    [atomic 1] [I32] -> [I32] { I32AtomicLoad8U }
    [atomic 2] [I32] -> [I32] { I32AtomicLoad16U }
    [atomic 1] [I32] -> [I64] { I64AtomicLoad8U }
    [atomic 2] [I32] -> [I64] { I64AtomicLoad16U }
    [atomic 4] [I32] -> [I64] { I64AtomicLoad32U }
    [atomic 4] [I32 I32] -> [] { I32AtomicStore }
    [atomic 8] [I32 I64] -> [] { I64AtomicStore }
    [atomic 1] [I32 I32] -> [] { I32AtomicStore8 }
    [atomic 2] [I32 I32] -> [] { I32AtomicStore16 }
    [atomic 1] [I32 I64] -> [] { I64AtomicStore8 }
    [atomic 2] [I32 I64] -> [] { I64AtomicStore16 }
    [atomic 4] [I32 I64] -> [] { I64AtomicStore32 }
    [atomic 4] [I32 I32] -> [I32] {
        I32AtomicRmwAdd I32AtomicRmwSub I32AtomicRmwAnd I32AtomicRmwOr I32AtomicRmwXor
        I32AtomicRmwXchg MemoryAtomicNotify
    }
    [atomic 1] [I32 I32] -> [I32] {
        I32AtomicRmw8AddU I32AtomicRmw8SubU I32AtomicRmw8AndU I32AtomicRmw8OrU I32AtomicRmw8XorU
        I32AtomicRmw8XchgU
    }
    [atomic 2] [I32 I32] -> [I32] {
        I32AtomicRmw16AddU I32AtomicRmw16SubU I32AtomicRmw16AndU I32AtomicRmw16OrU
        I32AtomicRmw16XorU I32AtomicRmw16XchgU
    }
    [atomic 8] [I32 I64] -> [I64] {
        I64AtomicRmwAdd I64AtomicRmwSub I64AtomicRmwAnd I64AtomicRmwOr I64AtomicRmwXor
        I64AtomicRmwXchg
    }
    [atomic 1] [I32 I64] -> [I64] {
        I64AtomicRmw8AddU I64AtomicRmw8SubU I64AtomicRmw8AndU I64AtomicRmw8OrU I64AtomicRmw8XorU
        I64AtomicRmw8XchgU
    }
    [atomic 2] [I32 I64] -> [I64] {
        I64AtomicRmw16AddU I64AtomicRmw16SubU I64AtomicRmw16AndU I64AtomicRmw16OrU
        I64AtomicRmw16XorU I64AtomicRmw16XchgU
    }
    [atomic 4] [I32 I64] -> [I64] {
        I64AtomicRmw32AddU I64AtomicRmw32SubU I64AtomicRmw32AndU I64AtomicRmw32OrU
        I64AtomicRmw32XorU I64AtomicRmw32XchgU
    }
    [atomic 4] [I32 I32 I32] -> [I32] { I32AtomicRmwCmpxchg }
    [atomic 1] [I32 I32 I32] -> [I32] { I32AtomicRmw8CmpxchgU }
    [atomic 2] [I32 I32 I32] -> [I32] { I32AtomicRmw16CmpxchgU }
    [atomic 8] [I32 I64 I64] -> [I64] { I64AtomicRmwCmpxchg }
    [atomic 1] [I32 I64 I64] -> [I64] { I64AtomicRmw8CmpxchgU }
    [atomic 2] [I32 I64 I64] -> [I64] { I64AtomicRmw16CmpxchgU }
    [atomic 4] [I32 I64 I64] -> [I64] { I64AtomicRmw32CmpxchgU }
}}
