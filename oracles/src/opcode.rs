//! The opcodes, one variant each, from the decoder's own table: every proposal's are there. What an
//! opcode does is said here once, for whoever asks: nobody asks by the text of its name.

mod facts;
mod operands;
mod proposal;

pub use facts::{Access, Control, Facts};
pub use operands::{Count, More, Operands};
pub use proposal::Proposal;

use proposal::named;
use wasmparser::WasmFeatures;

/// The operands that the decoder's table says an opcode has everywhere.
macro_rules! fixed {
    (arity $(memarg)? $taken:literal -> $left:literal) => {
        Some(Operands::fixed($taken, $left))
    };
    (arity custom) => {
        None
    };
}

/// Builds [`Opcode`] from the decoder's operator table, so that none can be forgotten.
macro_rules! opcodes {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        /// An opcode of WebAssembly.
        ///
        /// Variants are named as in `wasmparser::Operator`; [`Opcode::name`] is the text format's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[allow(missing_docs)]
        pub enum Opcode { $($op,)* }

        impl Opcode {
            /// Every opcode, in the decoder's order; `ALL[op as usize] == op`.
            pub const ALL: &[Opcode] = &[$(Opcode::$op,)*];

            const VISIT: &[&str] = &[$(stringify!($visit),)*];
            const PROPOSAL: &[Proposal] = &[$(named::$proposal,)*];
            const FIXED: &[Option<Operands>] = &[$(fixed!($($ann)*),)*];

            /// The opcode of a decoded operator.
            pub fn of(operator: &wasmparser::Operator<'_>) -> Opcode {
                match operator {
                    $(wasmparser::Operator::$op { .. } => Opcode::$op,)*
                    // The decoder's enum is open; its table, from which this match is made, is complete.
                    _ => unreachable!("operator without a row in the decoder's table"),
                }
            }
        }
    };
}

wasmparser::for_each_operator!(opcodes);

/// Groups whose text name has a dot after them: `i32.add`, `local.get`, `ref.null`.
const DOTTED: &[&str] = &[
    "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
    "local", "global", "table", "memory", "data", "elem", "ref", "struct", "array", "any",
    "extern", "i31", "atomic", "cont",
];

impl Opcode {
    /// The name in the text format, for example `i32.add`; a `select` with a type annotation is
    /// `select t`, a `ref.test` or `ref.cast` that takes null too has `null` after it.
    pub fn name(self) -> String {
        let visit = Opcode::VISIT[self as usize];
        let name = visit.strip_prefix("visit_").unwrap_or(visit);
        match self {
            Opcode::TypedSelect => return "select t".to_owned(),
            Opcode::RefTestNonNull => return "ref.test".to_owned(),
            Opcode::RefTestNullable => return "ref.test null".to_owned(),
            Opcode::RefCastNonNull => return "ref.cast".to_owned(),
            Opcode::RefCastNullable => return "ref.cast null".to_owned(),
            _ => {}
        }
        match name.split_once('_') {
            Some((group, rest)) if DOTTED.contains(&group) => match rest.strip_prefix("atomic_") {
                Some(access) => format!("{group}.atomic.{}", dotted_rmw(access)),
                None => format!("{group}.{rest}"),
            },
            _ => name.to_owned(),
        }
    }

    /// Every opcode that the oracle implements.
    pub fn implemented() -> impl Iterator<Item = Opcode> {
        Opcode::ALL.iter().copied().filter(|op| op.is_implemented())
    }

    /// The proposal that brought it.
    pub fn proposal(self) -> Proposal {
        Opcode::PROPOSAL[self as usize]
    }

    /// Whether the oracle implements it: all of Wasm 3.0, wide arithmetic and threads. Its facts say
    /// so.
    #[inline]
    pub fn is_implemented(self) -> bool {
        self.facts().is_some()
    }

    /// Whether a module with these features may have it; of an opcode that the oracle does not
    /// implement, whatever the features, no.
    pub fn is_enabled(self, features: WasmFeatures) -> bool {
        let needs = self.proposal().features();
        self.is_implemented() && needs.is_some_and(|needs| features.contains(needs))
    }

    /// Whether Wasm 2.0 has it.
    pub fn in_wasm_2_0(self) -> bool {
        // The decoder's table puts a `select` of several results beside Wasm 2.0's of one.
        self.is_implemented() && self.proposal().in_wasm_2_0()
    }
}

/// `rmw8.add_u` for `rmw8_add_u`; other accesses as they are.
fn dotted_rmw(access: &str) -> String {
    match access.split_once('_') {
        Some((rmw, operation)) if rmw.starts_with("rmw") => format!("{rmw}.{operation}"),
        _ => access.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_text_format() {
        for (op, name) in [
            (Opcode::I32Add, "i32.add"),
            (Opcode::BrIf, "br_if"),
            (Opcode::CallIndirect, "call_indirect"),
            (Opcode::LocalTee, "local.tee"),
            (Opcode::RefIsNull, "ref.is_null"),
            (Opcode::I32x4ExtractLane, "i32x4.extract_lane"),
            (Opcode::V128Load8x8S, "v128.load8x8_s"),
            (Opcode::MemoryFill, "memory.fill"),
            (Opcode::ElemDrop, "elem.drop"),
            (Opcode::TypedSelect, "select t"),
            (Opcode::RefCastNullable, "ref.cast null"),
            (Opcode::AtomicFence, "atomic.fence"),
            (Opcode::MemoryAtomicWait32, "memory.atomic.wait32"),
            (Opcode::I32AtomicLoad8U, "i32.atomic.load8_u"),
            (Opcode::I64AtomicRmw16CmpxchgU, "i64.atomic.rmw16.cmpxchg_u"),
            (Opcode::I64MulWideS, "i64.mul_wide_s"),
            (Opcode::ArrayNewFixed, "array.new_fixed"),
            (Opcode::BrOnCastFail, "br_on_cast_fail"),
        ] {
            assert_eq!(op.name(), name);
        }
    }

    #[test]
    fn the_table_is_indexed_by_the_opcode() {
        assert!(
            Opcode::ALL
                .iter()
                .enumerate()
                .all(|(i, op)| *op as usize == i)
        );
    }

    /// Wasm 3.0 adds to 2.0: 2 tail calls, 5 on typed function references, 3 on exceptions, 32 on
    /// structures, arrays, `i31` and casts (`ref.eq` among them; counted in the specification's index of instructions,
    /// release 3.0; `ref.test` and `ref.cast` each have two opcodes), 20 of relaxed SIMD. Beside it,
    /// 4 of wide arithmetic and 67 of threads.
    #[test]
    fn what_is_implemented_is_complete() {
        let new = |proposal| {
            let new = Opcode::implemented().filter(|op| op.proposal() == proposal);
            new.count()
        };
        assert_eq!(new(Proposal::TailCall), 2);
        assert_eq!(new(Proposal::FunctionReferences), 5);
        assert_eq!(new(Proposal::Exceptions), 3);
        assert_eq!(new(Proposal::Gc), 32);
        assert_eq!(new(Proposal::RelaxedSimd), 20);
        assert_eq!(new(Proposal::WideArithmetic), 4);
        assert_eq!(new(Proposal::Threads), 67);
        assert!(!Opcode::TypedSelectMulti.is_implemented());
        assert!(!Opcode::Rethrow.is_implemented());
    }

    #[test]
    fn what_is_implemented_is_enabled_by_some_feature() {
        for &op in Opcode::ALL {
            let enabled = op.is_enabled(WasmFeatures::all());
            assert!(enabled || !op.is_implemented(), "{}", op.name());
        }
    }

    /// 172 of the MVP, 5 sign extensions, 8 saturating conversions, 7 + 9 bulk memory and
    /// reference types (with `select t`), 236 of SIMD: counted in the specification's index of
    /// instructions, release 2.0.
    #[test]
    fn wasm_2_0_is_complete() {
        assert_eq!(
            Opcode::ALL.iter().filter(|op| op.in_wasm_2_0()).count(),
            437
        );
    }
}
