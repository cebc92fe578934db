//! Assertions of the official suites that no consistent set of features satisfies. Never a place
//! for an engine's own failures.

/// An assertion that does not hold, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inconsistent {
    /// Name of the script, as [`crate::Script::name`] has it.
    pub script: &'static str,
    /// 1-based line of the command.
    pub line: u32,
    /// Why it cannot hold.
    pub reason: &'static str,
}

/// All of them, in all suites; those of [`crate::Selection::Wasm2`] have none.
///
/// The test `static_assertions` fails if one of these holds, and if any other does not. "Holds"
/// is what `wasmparser` says under the features of the suite: what is instantiated is valid, what
/// is called malformed or invalid is rejected.
pub const KNOWN_INCONSISTENT: &[Inconsistent] = &[
    Inconsistent {
        script: "custom-descriptors/br_on_cast_desc_eq.wast",
        line: 456,
        reason: DESCRIPTOR_WITHOUT_SUPER,
    },
    Inconsistent {
        script: "custom-descriptors/br_on_cast_desc_eq_fail.wast",
        line: 432,
        reason: DESCRIPTOR_WITHOUT_SUPER,
    },
    Inconsistent {
        script: "custom-descriptors/descriptors.wast",
        line: 255,
        reason: DESCRIPTOR_WITHOUT_SUPER,
    },
    Inconsistent {
        script: "custom-descriptors/descriptors.wast",
        line: 262,
        reason: DESCRIPTOR_WITHOUT_SUPER,
    },
    Inconsistent {
        script: "custom-descriptors/ref_cast_desc_eq.wast",
        line: 168,
        reason: DESCRIPTOR_WITHOUT_SUPER,
    },
    Inconsistent {
        script: "reference-types/unreached-invalid.wast",
        line: 539,
        reason: "calls a `br_table` in unreachable code invalid because its labels differ in \
                 type; WebAssembly 2.0 made it valid (`meet-bottom` in \
                 `wasm-v2/unreached-valid.wast` runs the same function)",
    },
];

const DESCRIPTOR_WITHOUT_SUPER: &str = "the snapshot lets a subtype have a descriptor where its \
    supertype has none; the validator demands one of the supertype";
