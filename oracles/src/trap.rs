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
}

impl Trap {
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
}
