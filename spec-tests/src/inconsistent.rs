//! Assertions of the official suites that no consistent set of features satisfies. Never a place
//! for an engine's own failures.

/// An assertion that does not hold, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inconsistent {
    /// Name of the script, as [`crate::Script::name`] has it.
    pub script: &'static str,
    /// 1-based line of the command.
    pub line: u32,
    /// What shows it.
    pub shown_by: ShownBy,
    /// Why it cannot hold.
    pub reason: &'static str,
}

/// What shows that an assertion does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownBy {
    /// Validation alone
    Validation,
    /// Only its execution
    Execution,
}

/// All of them, in all suites; those of [`crate::Selection::Wasm2`] have none.
///
/// The test `static_assertions` fails if one of these that validation shows holds, and if any other
/// does not; `official_suite` of the oracle does the same for execution. "Holds"
/// is, for validation, what `wasmparser` says under the features of the suite: what is instantiated is valid, what
/// is called malformed or invalid is rejected.
pub const KNOWN_INCONSISTENT: &[Inconsistent] = &[
    Inconsistent {
        script: "custom-descriptors/br_on_cast_desc_eq.wast",
        line: 456,
        shown_by: ShownBy::Validation,
        reason: DESCRIPTOR_WITHOUT_SUPER,
    },
    Inconsistent {
        script: "custom-descriptors/br_on_cast_desc_eq_fail.wast",
        line: 432,
        shown_by: ShownBy::Validation,
        reason: DESCRIPTOR_WITHOUT_SUPER,
    },
    Inconsistent {
        script: "custom-descriptors/descriptors.wast",
        line: 255,
        shown_by: ShownBy::Validation,
        reason: DESCRIPTOR_WITHOUT_SUPER,
    },
    Inconsistent {
        script: "custom-descriptors/descriptors.wast",
        line: 262,
        shown_by: ShownBy::Validation,
        reason: DESCRIPTOR_WITHOUT_SUPER,
    },
    Inconsistent {
        script: "custom-descriptors/ref_cast_desc_eq.wast",
        line: 168,
        shown_by: ShownBy::Validation,
        reason: DESCRIPTOR_WITHOUT_SUPER,
    },
    Inconsistent {
        script: "mutable-global/linking.wast",
        line: 206,
        shown_by: ShownBy::Execution,
        reason: SEGMENTS_CHECKED_FIRST,
    },
    Inconsistent {
        script: "mutable-global/linking.wast",
        line: 227,
        shown_by: ShownBy::Execution,
        reason: SEGMENTS_CHECKED_FIRST,
    },
    Inconsistent {
        script: "mutable-global/linking.wast",
        line: 236,
        shown_by: ShownBy::Execution,
        reason: SEGMENTS_CHECKED_FIRST,
    },
    Inconsistent {
        script: "mutable-global/linking.wast",
        line: 238,
        shown_by: ShownBy::Execution,
        reason: SEGMENTS_CHECKED_FIRST,
    },
    Inconsistent {
        script: "mutable-global/linking.wast",
        line: 248,
        shown_by: ShownBy::Execution,
        reason: SEGMENTS_CHECKED_FIRST,
    },
    Inconsistent {
        script: "mutable-global/linking.wast",
        line: 298,
        shown_by: ShownBy::Execution,
        reason: SEGMENTS_CHECKED_FIRST,
    },
    Inconsistent {
        script: "mutable-global/linking.wast",
        line: 334,
        shown_by: ShownBy::Execution,
        reason: SEGMENTS_CHECKED_FIRST,
    },
    Inconsistent {
        script: "mutable-global/linking.wast",
        line: 342,
        shown_by: ShownBy::Execution,
        reason: SEGMENTS_CHECKED_FIRST,
    },
    Inconsistent {
        script: "mutable-global/linking.wast",
        line: 344,
        shown_by: ShownBy::Execution,
        reason: SEGMENTS_CHECKED_FIRST,
    },
    Inconsistent {
        script: "mutable-global/linking.wast",
        line: 354,
        shown_by: ShownBy::Execution,
        reason: SEGMENTS_CHECKED_FIRST,
    },
    Inconsistent {
        script: "reference-types/unreached-invalid.wast",
        line: 539,
        shown_by: ShownBy::Validation,
        reason: "calls a `br_table` in unreachable code invalid because its labels differ in \
                 type; WebAssembly 2.0 made it valid (`meet-bottom` in \
                 `wasm-v2/unreached-valid.wast` runs the same function)",
    },
];

const DESCRIPTOR_WITHOUT_SUPER: &str = "the snapshot lets a subtype have a descriptor where its \
    supertype has none; the validator demands one of the supertype";

const SEGMENTS_CHECKED_FIRST: &str = "the snapshot checks all segments before it copies any, and \
    calls a segment that does not fit a link error; with bulk memory operations, and in every \
    later snapshot (`wasm-v1/linking.wast` has the same modules), it traps and the segments before \
    it stay copied";
