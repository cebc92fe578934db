//! The oracle's explicit limits. Where the specification says "may fail", these decide.

/// Limits of a [`Machine`](crate::machine::Machine).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Frames of all activations together. Beyond it: [`Exhaustion::CallDepth`](crate::trap::Exhaustion).
    pub call_depth: u32,
    /// Cells (16 bytes each) of locals and operands together. Beyond it: [`Exhaustion::StackCells`](crate::trap::Exhaustion).
    pub stack_cells: u32,
    /// Bytes of one memory; `memory.grow` beyond it answers -1.
    pub memory_bytes: u64,
    /// Elements of one table; `table.grow` beyond it answers -1.
    pub table_elements: u64,
    /// Cells (16 bytes each) of all structures, arrays and exceptions together; none is ever
    /// freed. Beyond it: [`Exhaustion::Heap`](crate::trap::Exhaustion).
    pub heap_cells: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            call_depth: 1 << 20,
            stack_cells: 1 << 26,
            memory_bytes: 1 << 32,
            table_elements: 10_000_000,
            heap_cells: 1 << 26,
        }
    }
}
