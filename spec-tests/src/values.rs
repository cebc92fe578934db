//! Translates arguments and result patterns. Never rounds: floats and vectors stay bits.

use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64, Index};
use wast::{WastArg, WastRet};

use crate::script::{Arg, FloatPattern, NullOf, Pattern};

/// Translates an argument, or says why there is none like it.
pub(crate) fn arg(arg: &WastArg<'_>) -> Result<Arg, String> {
    let WastArg::Core(arg) = arg else {
        return Err("a component value is passed".to_owned());
    };
    Ok(match arg {
        WastArgCore::I32(v) => Arg::I32(v.cast_unsigned()),
        WastArgCore::I64(v) => Arg::I64(v.cast_unsigned()),
        WastArgCore::F32(v) => Arg::F32(v.bits),
        WastArgCore::F64(v) => Arg::F64(v.bits),
        WastArgCore::V128(v) => Arg::V128(u128::from_le_bytes(v.to_le_bytes())),
        WastArgCore::RefNull(heap) => Arg::RefNull(
            null_of(heap).ok_or_else(|| format!("a null of `{}` is passed", heap_name(heap)))?,
        ),
        WastArgCore::RefExtern(n) => Arg::RefExtern(*n),
        WastArgCore::RefHost(n) => Arg::RefHost(*n),
    })
}

/// Translates an expected result, or says why there is none like it.
pub(crate) fn result(ret: &WastRet<'_>) -> Result<Pattern, String> {
    match ret {
        WastRet::Core(ret) => Ok(pattern(ret)),
        _ => Err("a component value is expected".to_owned()),
    }
}

fn pattern(ret: &WastRetCore<'_>) -> Pattern {
    match ret {
        WastRetCore::I32(v) => Pattern::I32(v.cast_unsigned()),
        WastRetCore::I64(v) => Pattern::I64(v.cast_unsigned()),
        WastRetCore::F32(p) => Pattern::F32(f32_pattern(p)),
        WastRetCore::F64(p) => Pattern::F64(f64_pattern(p)),
        WastRetCore::V128(p) => v128_pattern(p),
        WastRetCore::RefNull(None) => Pattern::RefNull(None),
        WastRetCore::RefNull(Some(heap)) => match null_of(heap) {
            Some(of) => Pattern::RefNull(Some(of)),
            None => Pattern::Other(format!("ref.null {}", heap_name(heap))),
        },
        WastRetCore::RefExtern(n) => Pattern::RefExtern(*n),
        WastRetCore::RefHost(n) => Pattern::RefHost(*n),
        // Wasmtime's own tests write an index, which their runner does not look at either: of which module
        // it would be is nowhere said.
        WastRetCore::RefFunc(_) => Pattern::RefFunc,
        WastRetCore::RefAny => Pattern::RefAny,
        WastRetCore::RefEq => Pattern::RefEq,
        WastRetCore::RefArray => Pattern::RefArray,
        WastRetCore::RefStruct => Pattern::RefStruct,
        WastRetCore::RefI31 => Pattern::RefI31,
        WastRetCore::RefI31Shared => Pattern::Other("ref.i31_shared".to_owned()),
        WastRetCore::Either(cases) => Pattern::Either(cases.iter().map(pattern).collect()),
    }
}

fn f32_pattern(pattern: &NanPattern<F32>) -> FloatPattern<u32> {
    match pattern {
        NanPattern::CanonicalNan => FloatPattern::CanonicalNan,
        NanPattern::ArithmeticNan => FloatPattern::ArithmeticNan,
        NanPattern::Value(v) => FloatPattern::Bits(v.bits),
    }
}

fn f64_pattern(pattern: &NanPattern<F64>) -> FloatPattern<u64> {
    match pattern {
        NanPattern::CanonicalNan => FloatPattern::CanonicalNan,
        NanPattern::ArithmeticNan => FloatPattern::ArithmeticNan,
        NanPattern::Value(v) => FloatPattern::Bits(v.bits),
    }
}

fn v128_pattern(pattern: &V128Pattern) -> Pattern {
    match pattern {
        V128Pattern::I8x16(lanes) => v128(lanes.map(i8::to_le_bytes)),
        V128Pattern::I16x8(lanes) => v128(lanes.map(i16::to_le_bytes)),
        V128Pattern::I32x4(lanes) => v128(lanes.map(i32::to_le_bytes)),
        V128Pattern::I64x2(lanes) => v128(lanes.map(i64::to_le_bytes)),
        V128Pattern::F32x4(lanes) => Pattern::F32x4(lanes.each_ref().map(f32_pattern)),
        V128Pattern::F64x2(lanes) => Pattern::F64x2(lanes.each_ref().map(f64_pattern)),
    }
}

/// A vector from its lanes' little-endian bytes; lane 0 ends up least significant.
fn v128<const SIZE: usize, const LANES: usize>(lanes: [[u8; SIZE]; LANES]) -> Pattern {
    let bits = lanes
        .as_flattened()
        .iter()
        .rev()
        .fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
    Pattern::V128(bits)
}

/// The script's own name for a heap type of which there can be a null.
fn null_of(heap: &HeapType<'_>) -> Option<NullOf> {
    let HeapType::Abstract { shared: false, ty } = heap else {
        return None;
    };
    Some(match ty {
        AbstractHeapType::Func => NullOf::Func,
        AbstractHeapType::Extern => NullOf::Extern,
        AbstractHeapType::Exn => NullOf::Exn,
        AbstractHeapType::Any
        | AbstractHeapType::Eq
        | AbstractHeapType::Struct
        | AbstractHeapType::Array
        | AbstractHeapType::I31 => NullOf::Any,
        AbstractHeapType::NoFunc => NullOf::NoFunc,
        AbstractHeapType::NoExtern => NullOf::NoExtern,
        AbstractHeapType::None => NullOf::None,
        AbstractHeapType::NoExn => NullOf::NoExn,
        AbstractHeapType::Cont | AbstractHeapType::NoCont => return None,
    })
}

fn heap_name(heap: &HeapType<'_>) -> String {
    match heap {
        HeapType::Abstract { shared, ty } => {
            let name = format!("{ty:?}").to_lowercase();
            if *shared {
                format!("(shared {name})")
            } else {
                name
            }
        }
        HeapType::Concrete(index) => index_name(index),
        HeapType::Exact(index) => format!("(exact {})", index_name(index)),
    }
}

fn index_name(index: &Index<'_>) -> String {
    match index {
        Index::Num(n, _) => n.to_string(),
        Index::Id(id) => format!("${}", id.name()),
    }
}

#[cfg(test)]
mod tests;
