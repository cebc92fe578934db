//! Why an execution ends without results: traps of the specification, and limits of the oracle.

/// A trap that the specification defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trap {
    /// `unreachable`
    Unreachable,
    /// Integer division or remainder by zero
    IntegerDivideByZero,
    /// `INT_MIN / -1`, or a float too large for the integer type
    IntegerOverflow,
    /// A NaN converted to an integer
    InvalidConversionToInteger,
    /// A memory access out of bounds
    OutOfBoundsMemoryAccess,
    /// A table access out of bounds
    OutOfBoundsTableAccess,
    /// `call_indirect` with an index beyond the table
    UndefinedElement,
    /// `call_indirect` of a null entry
    UninitializedElement,
    /// `call_indirect` of a function of another type
    IndirectCallTypeMismatch,
    /// `ref.as_non_null` of null
    NullReference,
    /// `call_ref` of null
    NullFunctionReference,
    /// An access to a field of null
    NullStructureReference,
    /// An access to an element of null
    NullArrayReference,
    /// `i31.get_s` or `i31.get_u` of null
    NullI31Reference,
    /// `throw_ref` of null
    NullExceptionReference,
    /// `ref.cast` of a reference of another type
    CastFailure,
    /// An array access out of bounds
    OutOfBoundsArrayAccess,
    /// An atomic access to an address that is no multiple of its width
    UnalignedAtomic,
    /// `memory.atomic.wait32` or `wait64` on a memory that is not shared
    ExpectedSharedMemory,
}

impl Trap {
    /// Every trap.
    pub const ALL: [Trap; 19] = [
        Trap::Unreachable,
        Trap::IntegerDivideByZero,
        Trap::IntegerOverflow,
        Trap::InvalidConversionToInteger,
        Trap::OutOfBoundsMemoryAccess,
        Trap::OutOfBoundsTableAccess,
        Trap::UndefinedElement,
        Trap::UninitializedElement,
        Trap::IndirectCallTypeMismatch,
        Trap::NullReference,
        Trap::NullFunctionReference,
        Trap::NullStructureReference,
        Trap::NullArrayReference,
        Trap::NullI31Reference,
        Trap::NullExceptionReference,
        Trap::CastFailure,
        Trap::OutOfBoundsArrayAccess,
        Trap::UnalignedAtomic,
        Trap::ExpectedSharedMemory,
    ];

    /// Whether a script's message names this trap. The official suite writes some messages longer than the
    /// specification ("uninitialized element 2"), and some shorter ("undefined"); Wasmtime's own tests write
    /// any part of them.
    pub fn is_named(self, message: &str) -> bool {
        message.starts_with(self.message()) || self.message().contains(message)
    }

    /// The message by which the official test suite knows the trap.
    pub fn message(self) -> &'static str {
        match self {
            Trap::Unreachable => "unreachable",
            Trap::IntegerDivideByZero => "integer divide by zero",
            Trap::IntegerOverflow => "integer overflow",
            Trap::InvalidConversionToInteger => "invalid conversion to integer",
            Trap::OutOfBoundsMemoryAccess => "out of bounds memory access",
            Trap::OutOfBoundsTableAccess => "out of bounds table access",
            Trap::UndefinedElement => "undefined element",
            Trap::UninitializedElement => "uninitialized element",
            Trap::IndirectCallTypeMismatch => "indirect call type mismatch",
            Trap::NullReference => "null reference",
            Trap::NullFunctionReference => "null function reference",
            Trap::NullStructureReference => "null structure reference",
            Trap::NullArrayReference => "null array reference",
            Trap::NullI31Reference => "null i31 reference",
            Trap::NullExceptionReference => "null exception reference",
            Trap::CastFailure => "cast failure",
            Trap::OutOfBoundsArrayAccess => "out of bounds array access",
            Trap::UnalignedAtomic => "unaligned atomic",
            Trap::ExpectedSharedMemory => "expected shared memory",
        }
    }
}

impl std::fmt::Display for Trap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.message())
    }
}

/// A limit of the oracle that an execution reached. Not a trap: the specification leaves limits to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exhaustion {
    /// More frames than [`Limits::call_depth`](crate::limits::Limits::call_depth)
    CallDepth,
    /// More cells on the stack than [`Limits::stack_cells`](crate::limits::Limits::stack_cells)
    StackCells,
    /// More cells of structures, arrays and exceptions than
    /// [`Limits::heap_cells`](crate::limits::Limits::heap_cells)
    Heap,
    /// A memory larger than [`Limits::memory_bytes`](crate::limits::Limits::memory_bytes)
    MemorySize,
    /// A table larger than [`Limits::table_elements`](crate::limits::Limits::table_elements)
    TableSize,
    /// An instance with a memory, table or object beyond one of these
    Instance,
    /// A wait without a timeout, that nothing can end: there is only one thread
    WaitsForEver,
}
