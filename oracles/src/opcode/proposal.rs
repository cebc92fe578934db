//! The proposals that opcodes come from, as the decoder's table names them.

use wasmparser::WasmFeatures;

/// Builds [`Proposal`]: a row has the decoder's name and, where the oracle implements opcodes of it,
/// the feature that a module needs to use them.
macro_rules! proposals {
    ($($(#[$doc:meta])* $proposal:ident $name:ident $(=> $feature:expr)?,)*) => {
        /// Where an opcode comes from: the first version of WebAssembly, or a proposal since.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Proposal { $($(#[$doc])* $proposal,)* }

        /// The proposals by the decoder's names, for the table that is made of the decoder's.
        #[allow(non_upper_case_globals)]
        pub(super) mod named {
            $(pub(in crate::opcode) const $name: super::Proposal = super::Proposal::$proposal;)*
        }

        impl Proposal {
            /// The decoder's name, for example `tail_call`.
            pub fn name(self) -> &'static str {
                match self { $(Proposal::$proposal => stringify!($name),)* }
            }

            /// The features that a module needs to use its opcodes; none if the oracle implements none
            /// of them.
            pub fn features(self) -> Option<WasmFeatures> {
                match self {
                    $($(Proposal::$proposal => Some($feature),)?)*
                    _ => None,
                }
            }
        }
    };
}

proposals! {
    /// The first version
    Mvp mvp => WasmFeatures::empty(),
    /// Sign extension operators
    SignExtension sign_extension => WasmFeatures::SIGN_EXTENSION,
    /// Conversions of floats that do not trap
    SaturatingFloatToInt saturating_float_to_int => WasmFeatures::SATURATING_FLOAT_TO_INT,
    /// Bulk memory
    BulkMemory bulk_memory => WasmFeatures::BULK_MEMORY,
    /// Reference types
    ReferenceTypes reference_types => WasmFeatures::REFERENCE_TYPES,
    /// Vectors
    Simd simd => WasmFeatures::SIMD,
    /// Tail calls
    TailCall tail_call => WasmFeatures::TAIL_CALL,
    /// Typed function references
    FunctionReferences function_references => WasmFeatures::FUNCTION_REFERENCES,
    /// Exceptions
    Exceptions exceptions => WasmFeatures::EXCEPTIONS,
    /// Structures, arrays and casts
    Gc gc => WasmFeatures::GC,
    /// Relaxed vectors
    RelaxedSimd relaxed_simd => WasmFeatures::RELAXED_SIMD,
    /// Wide arithmetic
    WideArithmetic wide_arithmetic => WasmFeatures::WIDE_ARITHMETIC,
    /// Threads
    Threads threads => WasmFeatures::THREADS,
    /// The first draft of exceptions
    LegacyExceptions legacy_exceptions,
    /// Memory control
    MemoryControl memory_control,
    /// Stack switching
    StackSwitching stack_switching,
    /// Threads that share everything
    SharedEverythingThreads shared_everything_threads,
    /// Custom descriptors
    CustomDescriptors custom_descriptors,
    /// Atomics with a weaker order
    AcquireReleaseAtomics acquire_release_atomics,
}

impl Proposal {
    /// Whether Wasm 2.0 contains it.
    pub fn in_wasm_2_0(self) -> bool {
        self.features()
            .is_some_and(|features| WasmFeatures::WASM2.contains(features))
    }
}
